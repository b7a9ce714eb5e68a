/** Invoking rpcs and actions (RFC 7950 7.14, 7.15): the instance must exist, input is completed, output becomes a branch. */
import { ConfigError } from '../error.js';
import { Branch, type Content, DataTree, InstanceIdentifier, type ParametersSchema } from '../yang/index.js';
import { branchFromJson, branchToJson } from './content.js';
import type { ActionContext } from './contract.js';
import type { Core } from './datastore.js';
import { isDefaultInUse } from './operational.js';
import type { Session } from './session.js';

export async function invokeAction(
  core: Core,
  session: Session,
  path: InstanceIdentifier,
  input: Branch | undefined,
  signal: AbortSignal | undefined,
): Promise<Branch> {
  const schema = path.last?.schema;
  if (schema?.kind !== 'rpc' && schema?.kind !== 'action') {
    throw new ConfigError({ tag: 'unknown-element', path: path.toString(), message: 'not an rpc or action' });
  }
  const instance = path.parent ?? InstanceIdentifier.root;
  checkInstance(core, instance);
  const handler = core.services.registry.action(schema.path);
  if (handler === undefined) {
    throw new ConfigError({
      type: 'protocol',
      tag: 'operation-not-supported',
      path: path.toString(),
      message: `${schema.name} is not implemented`,
    });
  }
  const given = input ?? new Branch(schema.input);
  checkInput(core, given, path);
  const complete = withDefaults(schema.input, given);
  const { origin, id } = session;
  const own = signal ?? new AbortController().signal;
  const context: ActionContext = {
    origin,
    root: core.running(),
    signal: own,
    commit: (request) => core.commitFor(request, origin, id, own),
    factoryReset: () => core.factoryReset(origin, id, own),
  };
  try {
    const output = await handler.invoke(context, instance, branchToJson(complete, 'rfc7951'));
    return branchFromJson(schema.output, output, 'rfc7951');
  } catch (error) {
    if (error instanceof ConfigError) throw error.path === '' ? error.with({ path: path.toString() }) : error;
    throw error;
  }
}

function checkInstance(core: Core, instance: InstanceIdentifier): void {
  const { config, system } = core.running();
  for (let at: InstanceIdentifier | undefined = instance; at?.last !== undefined; at = at.parent) {
    const { schema } = at.last;
    if (schema.kind !== 'list' && !(schema.kind === 'container' && schema.presence !== undefined)) continue;
    if (config.get(at) !== undefined || system.get(at) !== undefined) continue;
    const { operational } = core;
    const isOperational = !schema.config || operational.isProvided(schema);
    if (isOperational && operational.get(core.running(), at) !== undefined) continue;
    throw new ConfigError({ tag: 'data-missing', path: at.toString(), message: 'there is no such entry' });
  }
}

function withDefaults(schema: ParametersSchema, input: Branch): Branch {
  const fill = (branch: Branch): Branch => {
    const slots: (Content | undefined)[] = branch.schema.dataChildren.map((child) => {
      const content = branch.get(child);
      // null is the value of an empty leaf.
      if (child.kind === 'leaf' && content === undefined) {
        return isDefaultInUse(child, branch, true) ? child.default : undefined;
      }
      if (child.kind !== 'container') return content;
      const inner = (content as Branch | undefined) ?? (child.presence === undefined ? new Branch(child) : undefined);
      const filled = inner === undefined ? undefined : fill(inner);
      return filled?.isEmpty() === true && child.presence === undefined ? undefined : filled;
    });
    return new Branch(branch.schema, slots);
  };
  return input.schema === schema ? fill(input) : input;
}

/** RFC 7950 8.3.1: what the schema asks of the input, all refusals at once. */
function checkInput(core: Core, input: Branch, path: InstanceIdentifier): void {
  const { validator } = core.services;
  const errors = validator.validateBody(input, path, () => {
    const root = core.operational.get(core.running(), InstanceIdentifier.root);
    return new DataTree(core.schema, root as Branch);
  });
  if (errors.length > 0) throw ConfigError.join(errors);
}
