/** What happens to a candidate before it enters the queue: pruned, compared, validated, amended. */
import { ConfigError } from '../error.js';
import {
  type Content,
  type DataTree,
  decodeJson,
  diffTrees,
  type InstanceIdentifier,
  type Validator,
} from '../yang/index.js';
import { type Task, tasksFor } from './change.js';
import type { AmendContext, Change, Difference, Finding, Origin, Root } from './contract.js';
import type { Point } from './history.js';
import { amendTask, type PhaseServices, validateTasks } from './phases.js';
import type { Registry } from './registry.js';
import { isData } from './schema-index.js';
import { pruneSystem, type Sealing } from './sealing.js';

export interface DraftServices extends PhaseServices {
  readonly registry: Registry;
  readonly validator: Validator;
  readonly sealing: Sealing;
}

export interface DraftRequest {
  readonly origin: Origin;
  readonly cause: Change['cause'];
  /** Set where it is to be a confirmed commit. */
  readonly confirm?: object | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Draft {
  /** What it was made on. */
  readonly head: Point;
  readonly root: Root;
  /** The root before handlers amended it; the same object where none did. */
  readonly proposed: Root;
  readonly differences: readonly Difference[];
  readonly tasks: readonly Task[];
  readonly findings: readonly Finding[];
}

/**
 * A root that follows from `before`: nodes whose `when` has turned false are gone (RFC 7950 8.2), and with list entries that
 * are gone their system state.
 */
export function settle(before: Root, proposed: Root, validator: Validator): Root {
  if (proposed.config === before.config) return proposed;
  const config = validator.settle(proposed.config, before.config);
  const gone = diffTrees(before.config, config).filter((difference) => difference.kind === 'deleted');
  const paths = gone.map((difference) => difference.path);
  const system = pruneSystem(proposed.system, config, paths);
  return system === proposed.system && config === proposed.config ? proposed : { config, system };
}

export function differencesBetween(before: Root, after: Root): readonly Difference[] {
  return [...diffTrees(before.config, after.config), ...diffTrees(before.system, after.system)];
}

/** Validates against the schema, then by the handlers; every error is in the one that is thrown. */
export function validateRoot(
  before: Root,
  root: Root,
  tasks: readonly Task[],
  services: DraftServices,
): readonly Finding[] {
  if (root.config !== before.config) checkTree(services.validator, root.config, before.config);
  return validateTasks(tasks, services);
}

/** The draft of a commit: validated, then amended, then validated again where amend changed something. */
export async function makeDraft(
  head: Point,
  proposed: Root,
  request: DraftRequest,
  services: DraftServices,
): Promise<Draft> {
  const before = head.root;
  const { origin, cause } = request;
  const differences = differencesBetween(before, proposed);
  const confirmed = request.confirm !== undefined;
  const transition = { before, after: proposed, differences, origin, cause, confirmed };
  const tasks = tasksFor(services.registry, transition);
  const findings = validateRoot(before, proposed, tasks, services);
  const root = await amendAll(tasks, proposed, request, services);
  if (root === proposed) return { head, root, proposed, differences, tasks, findings };
  const all = differencesBetween(before, root);
  const after = tasksFor(services.registry, { ...transition, after: root, differences: all });
  return {
    head,
    root,
    proposed,
    differences: all,
    tasks: after,
    findings: validateRoot(before, root, after, services),
  };
}

/** All refusals of the schema (RFC 7950 section 8.3.3), thrown as one. */
export function checkTree(validator: Validator, tree: DataTree, base: DataTree | undefined): void {
  const errors: readonly ConfigError[] = validator.validate(tree, base);
  if (errors.length > 0) throw ConfigError.join(errors);
}

async function amendAll(
  tasks: readonly Task[],
  proposed: Root,
  request: DraftRequest,
  services: DraftServices,
): Promise<Root> {
  let root = proposed;
  for (const { entry, change } of tasks) {
    if (entry.handler.amend === undefined) continue;
    const editor = root.system.edit();
    const current = root;
    const context: AmendContext = {
      signal: request.signal ?? new AbortController().signal,
      get: (path) => editor.get(systemPath(path)),
      set: (path, value) => {
        const schema = systemPath(path).last?.schema;
        if (schema === undefined || !isData(schema)) throw new RangeError(`${path.toString()} holds no state`);
        const content: Content = decodeJson(root.config.schema, path, value);
        editor.set(path, services.sealing.seal(path, content));
      },
      remove: (path) => void editor.remove(systemPath(path)),
    };
    await amendTask({ entry, change: { ...change, after: current } }, context, services);
    const system = editor.finish();
    if (system !== root.system) root = { config: root.config, system };
  }
  return root;
}

function systemPath(path: InstanceIdentifier): InstanceIdentifier {
  const schema = path.last?.schema;
  if (schema === undefined || schema.config) throw new RangeError(`${path.toString()} is configuration`);
  return path;
}
