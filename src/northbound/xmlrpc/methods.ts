/** The methods of the XML-RPC endpoint (CONTRACT.md, XML-RPC), each a thin codec around a verb of the session. */
import type { Difference, HistoryEntry, ReadOptions, Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import {
  type Branch,
  decodeInput,
  type InstanceIdentifier,
  type Module,
  type Steps,
  stepsInSlices,
} from '../../yang/index.js';
import {
  absent,
  type CallContext,
  commitOptions,
  commitResult,
  dataSchema,
  datastoreName,
  defaultsMode,
  editFromRpc,
  makeEdit,
  operationSchema,
} from './context.js';
import { branchToRpc, contentToRpc, convertBranch, convertContent, structFromRpc, valueToRpc } from './convert.js';
import { documentAt } from './document.js';
import { Parameters } from './parameters.js';
import type { RpcStruct, RpcValue } from './values.js';

export interface Method {
  readonly name: string;
  /** Parameter names, optional ones with a `?`. */
  readonly parameters: readonly string[];
  /** XML-RPC types: of the result, then of the parameters; one list for each way to call it. */
  readonly signatures: readonly (readonly string[])[];
  readonly help: string;
  call(context: CallContext, parameters: Parameters): RpcValue | Promise<RpcValue>;
}

/** Runs one method. Throws ConfigError. */
export async function callMethod(
  methods: ReadonlyMap<string, Method>,
  context: CallContext,
  name: string,
  values: readonly RpcValue[],
): Promise<RpcValue> {
  const method = methods.get(name);
  if (method === undefined) {
    throw new ConfigError({ type: 'rpc', tag: 'operation-not-supported', message: `there is no method ${name}` });
  }
  return method.call(context, new Parameters(name, values, method.parameters));
}

/** The methods that read and write the tree; those about methods are in introspection.ts. */
export const configMethods: readonly Method[] = [
  {
    name: 'config.get',
    parameters: ['path', 'datastore?', 'with_defaults?'],
    signatures: [
      ['string', 'string'],
      ['string', 'string', 'string'],
      ['string', 'string', 'string', 'string'],
    ],
    help: 'The value at a path. Without a datastore, or with operational: running with state and defaults. Others are running, candidate, startup, intended and factory-default. Defaults (RFC 6243): report-all, trim or explicit. The YANG type decides the type of the result.',
    call: async (context, parameters) =>
      await getValue(context, parameters.string(0), parameters.optionalString(1), parameters.optionalString(2)),
  },
  {
    name: 'config.getDocument',
    parameters: ['path', 'options?'],
    signatures: [
      ['string', 'string'],
      ['string', 'string', 'struct'],
    ],
    help: 'What is at a path as the text of a document. Options: format json (RFC 7951, the default) or xml; datastore and with_defaults as config.get; with_origin says of each node in operational where it comes from (RFC 8342).',
    call: (context, parameters) => documentAt(context, parameters.string(0), parameters.struct(1)),
  },
  {
    name: 'config.apply',
    parameters: ['edits', 'options?'],
    signatures: [
      ['struct', 'array'],
      ['struct', 'array', 'struct'],
    ],
    help: 'Applies edits {path, operation, value} to running as one transaction. Operations: merge (default), create, replace, delete, remove, move. In a list that the user orders, where is first, last, before or after, the latter two with the path of another entry as point. Options: comment, confirm_timeout, test_only, expect_transaction. Returns {transaction, findings} and persist_id with a confirm_timeout.',
    call: async (context, parameters) => {
      const edits = await stepsInSlices(
        collect(parameters.array(0), (edit, index) => editFromRpc(context, edit, index)),
      );
      const options = commitOptions(parameters.struct(1));
      return commitResult(await context.session.apply(edits, options));
    },
  },
  {
    name: 'config.set',
    parameters: ['path', 'value'],
    signatures: ['string', 'int', 'boolean', 'base64', 'struct', 'array'].map((type) => ['boolean', 'string', type]),
    help: 'Merges a value into the candidate of this user.',
    call: (context, parameters) => {
      context.session.edit([makeEdit(context, parameters.string(0), 'merge', parameters.any(1))], context.candidate);
      return true;
    },
  },
  {
    name: 'config.delete',
    parameters: ['path'],
    signatures: [['boolean', 'string']],
    help: 'Deletes what is at a path from the candidate of this user.',
    call: (context, parameters) => {
      context.session.edit([makeEdit(context, parameters.string(0), 'delete', undefined)], context.candidate);
      return true;
    },
  },
  {
    name: 'config.validate',
    parameters: [],
    signatures: [['boolean']],
    help: 'Validates the candidate of this user; what is wrong is a fault.',
    call: async (context) => {
      await context.session.validate(context.candidate);
      return true;
    },
  },
  {
    name: 'config.diff',
    parameters: ['from?', 'to?'],
    signatures: [['array'], ['array', 'string'], ['array', 'string', 'string']],
    help: 'The differences between running and the candidate of this user, or between two transactions of the history (running where the second is absent), each {path, kind, before, after}.',
    call: ({ session, candidate }, parameters) => {
      const [from, to] = [parameters.optionalString(0), parameters.optionalString(1)];
      const between = from === undefined ? undefined : { from, ...(to === undefined ? {} : { to }) };
      return session.diff(between, candidate).map(differenceToRpc);
    },
  },
  {
    name: 'config.discard',
    parameters: [],
    signatures: [['boolean']],
    help: 'Makes the candidate of this user the same as running.',
    call: ({ session, candidate }) => {
      session.discard(candidate);
      return true;
    },
  },
  {
    name: 'config.commit',
    parameters: ['options?'],
    signatures: [['struct'], ['struct', 'struct']],
    help: 'Commits the candidate of this user. Options and result as config.apply.',
    call: async (context, parameters) => {
      const options = commitOptions(parameters.struct(0));
      return commitResult(await context.session.commit(options, context.candidate));
    },
  },
  {
    name: 'config.copy',
    parameters: ['source', 'target', 'options?'],
    signatures: [
      ['struct', 'string', 'string'],
      ['struct', 'string', 'string', 'struct'],
    ],
    help: 'Puts one datastore whole in the place of another: running, candidate (that of this user), startup where the agent has one, or factory-default, which is only a source. Options are for running as the target; they and the result as config.apply.',
    call: async (context, parameters) => {
      const source = oneOf(copySources, parameters.string(0), 'source of a copy');
      const target = oneOf(copyTargets, parameters.string(1), 'target of a copy');
      const options = commitOptions(parameters.struct(2));
      return commitResult(await context.session.copyConfig(target, source, options, context.candidate));
    },
  },
  {
    name: 'config.deleteConfig',
    parameters: ['target'],
    signatures: [['boolean', 'string']],
    help: 'Deletes startup, where the agent has it: the next start begins with the factory default.',
    call: async (context, parameters) => {
      oneOf(['startup'], parameters.string(0), 'datastore that can be deleted');
      await context.session.deleteConfig();
      return true;
    },
  },
  {
    name: 'config.confirm',
    parameters: ['persist_id?'],
    signatures: [['boolean'], ['boolean', 'string']],
    help: 'Confirms a commit that was made with a confirm_timeout. The user who made it needs no persist_id.',
    call: async (context, parameters) => {
      context.checkConfirm();
      await context.session.confirm(parameters.optionalString(0));
      return true;
    },
  },
  {
    name: 'config.cancel',
    parameters: ['persist_id?'],
    signatures: [['boolean'], ['boolean', 'string']],
    help: 'Takes a commit that was made with a confirm_timeout back at once.',
    call: async ({ session }, parameters) => {
      await session.cancel(parameters.optionalString(0));
      return true;
    },
  },
  {
    name: 'config.history',
    parameters: [],
    signatures: [['array']],
    help: 'The transactions that can be gone back to, each {transaction, time, user, protocol, address, comment, kind}.',
    call: ({ session }) => session.history().map(historyToRpc),
  },
  {
    name: 'config.rollback',
    parameters: ['transaction', 'options?'],
    signatures: [
      ['struct', 'string'],
      ['struct', 'string', 'struct'],
    ],
    help: 'Goes back to the configuration of an earlier transaction. Options (without test_only) and result as config.apply.',
    call: async (context, parameters) => {
      const options = commitOptions(parameters.struct(1), ['comment', 'confirm_timeout', 'expect_transaction']);
      return commitResult(await context.session.rollback(parameters.string(0), options));
    },
  },
  {
    name: 'action.invoke',
    parameters: ['path', 'input?'],
    signatures: [
      ['struct', 'string'],
      ['struct', 'string', 'struct'],
    ],
    help: 'Invokes the action or rpc that the path ends in; returns its output.',
    call: (context, parameters) => invoke(context, parameters.string(0), parameters.struct(1)),
  },
  {
    name: 'schema.list',
    parameters: [],
    signatures: [['array']],
    help: 'The YANG modules, each {name, revision, namespace, implemented, submodules}; submodules are names.',
    call: ({ session }) => [...session.schema.modules.values()].map(moduleToRpc),
  },
  {
    name: 'schema.get',
    parameters: ['module'],
    signatures: [['string', 'string']],
    help: 'The YANG text of a module or submodule.',
    call: ({ session }, parameters) => {
      const name = parameters.string(0);
      const { modules } = session.schema;
      const submodules = [...modules.values()].flatMap((module) => module.submodules);
      const found = modules.get(name) ?? submodules.find((submodule) => submodule.name === name);
      if (found !== undefined) return found.text;
      throw new ConfigError({ tag: 'data-missing', message: `there is no module ${name.slice(0, 64)}` });
    },
  },
];

function oneOf<Name extends string>(names: readonly Name[], text: string, what: string): Name {
  const known = names.find((name) => name === text);
  if (known !== undefined) return known;
  const message = `${text.slice(0, 64)} is no ${what}; there are ${names.join(', ')}`;
  throw new ConfigError({ tag: 'invalid-value', message });
}

const copyTargets = ['running', 'candidate', 'startup'] as const;
const copySources = [...copyTargets, 'factory-default'] as const;

async function getValue(
  context: CallContext,
  text: string,
  datastore: string | undefined,
  withDefaults: string | undefined,
): Promise<RpcValue> {
  const { session } = context;
  const path = context.paths.parse(text);
  const schema = dataSchema(path);
  const name = datastore === undefined ? undefined : datastoreName(datastore);
  if (name === undefined && schema?.kind === 'leaf') {
    const value = session.leaf(path);
    if (value === undefined) throw absent(path.toString());
    return valueToRpc(value, schema.type);
  }
  const options: ReadOptions = {
    datastore: name ?? 'operational',
    candidate: context.candidate,
    ...(withDefaults === undefined ? {} : { withDefaults: defaultsMode(withDefaults) }),
  };
  return await context.make(valueAt(session, path, options));
}

function* valueAt(session: Session, path: InstanceIdentifier, options: ReadOptions): Steps<RpcValue> {
  const reading = yield* session.reading(path, options);
  if (reading === undefined) throw absent(path.toString());
  const { content } = reading;
  const schema = dataSchema(path);
  return yield* schema === undefined ? convertBranch(content as Branch) : convertContent(content, schema);
}

async function invoke(context: CallContext, text: string, input: RpcStruct): Promise<RpcValue> {
  const { session, signal } = context;
  const path = context.paths.parse(text);
  const operation = operationSchema(path);
  const json = structFromRpc(input, operation.input);
  const decoded = decodeInput(session.schema, operation, json, path, { relaxed: true });
  return branchToRpc(await session.invoke(path, decoded, signal));
}

/** Every edit's error, not only the first; pauses between them. */
function* collect<In, Out>(values: readonly In[], read: (value: In, index: number) => Out): Steps<Out[]> {
  const errors: ConfigError[] = [];
  const results: Out[] = [];
  for (const [index, value] of values.entries()) {
    try {
      results.push(read(value, index));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error);
    }
    yield;
  }
  if (errors.length > 0) throw ConfigError.join(errors);
  return results;
}

function differenceToRpc({ path, kind, before, after }: Difference): RpcStruct {
  const schema = dataSchema(path);
  const struct = new Map<string, RpcValue>([
    ['path', path.toString()],
    ['kind', kind],
  ]);
  if (schema === undefined) return struct;
  if (before !== undefined) struct.set('before', contentToRpc(before, schema));
  if (after !== undefined) struct.set('after', contentToRpc(after, schema));
  return struct;
}

function historyToRpc({ transaction, time, origin, comment, kind }: HistoryEntry): RpcStruct {
  return new Map([
    ['transaction', transaction],
    ['time', new Date(time).toISOString()],
    ['user', origin.user],
    ['protocol', origin.protocol],
    ['address', origin.address],
    ['comment', comment],
    ['kind', kind],
  ]);
}

function moduleToRpc({ name, revision, namespace, implemented, submodules }: Module): RpcStruct {
  return new Map<string, RpcValue>([
    ['name', name],
    ['revision', revision],
    ['namespace', namespace],
    ['implemented', implemented],
    ['submodules', submodules.map((submodule) => submodule.name)],
  ]);
}
