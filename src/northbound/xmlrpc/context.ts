/** What a method is called with, and the conversions of paths, edits and options that the methods share. */
import type {
  CommitOptions,
  CommitResult,
  DatastoreName,
  Edit,
  Finding,
  Session,
  WithDefaults,
} from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import {
  type DataSchema,
  decodeContent,
  type InstanceIdentifier,
  type OperationSchema,
  type PathStep,
  parsePath,
  type Schema,
  type Steps,
} from '../../yang/index.js';
import { contentFromRpc } from './convert.js';
import { rpcLimits } from './limits.js';
import { Members } from './parameters.js';
import { isStruct, type RpcStruct, type RpcValue } from './values.js';

export interface CallContext {
  readonly session: Session;
  /** Names the candidate that belongs to the user, and to the session that he named. */
  readonly candidate: string;
  readonly paths: PathCache;
  /** Throws where a confirmation may not come over this connection. */
  checkConfirm(): void;
  readonly signal: AbortSignal;
  /** Makes what may be large, letting others run in between. */
  make<Result>(steps: Steps<Result>): Promise<Result>;
}

/** Parsed paths, by their text: the same few are asked for again and again. */
export class PathCache {
  readonly #schema: Schema;
  readonly #paths = new Map<string, InstanceIdentifier>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Throws ConfigError as parsePath does. */
  parse(text: string): InstanceIdentifier {
    const known = this.#paths.get(text);
    if (known !== undefined) return known;
    const path = parsePath(this.#schema, text);
    if (text.length > 512) return path;
    for (const oldest of this.#paths.keys()) {
      if (this.#paths.size < rpcLimits.paths) break;
      this.#paths.delete(oldest);
    }
    this.#paths.set(text, path);
    return path;
  }
}

/** The schema node of a path to data; undefined for the root. Throws ConfigError for an operation or notification. */
export function dataSchema(path: InstanceIdentifier): DataSchema | undefined {
  const { last } = path;
  if (last === undefined) return undefined;
  const { schema } = last;
  if (isData(schema)) return schema;
  throw new ConfigError({
    tag: 'invalid-value',
    path: path.toString(),
    message: `${schema.kind} ${schema.name} is no data`,
  });
}

export function operationSchema(path: InstanceIdentifier): OperationSchema {
  const schema = path.last?.schema;
  if (schema?.kind === 'rpc' || schema?.kind === 'action') return schema;
  throw new ConfigError({
    tag: 'operation-not-supported',
    path: path.toString(),
    message: 'the path does not end in an action',
  });
}

export function datastoreName(text: string): DatastoreName {
  const known = datastores.find((name) => name === text);
  if (known !== undefined) return known;
  throw new ConfigError({
    tag: 'invalid-value',
    message: `${text.slice(0, 64)} is no datastore; there are ${datastores.join(', ')}`,
  });
}

/** Of RFC 6243, but for the one that marks defaults: ietf-netconf-with-defaults, whose mark it is, is not served yet. */
export function defaultsMode(text: string): WithDefaults {
  const known = defaultsModes.find((mode) => mode === text);
  if (known !== undefined) return known;
  const message = `${text.slice(0, 64)} is no way to report defaults; there are ${defaultsModes.join(', ')}`;
  throw new ConfigError({ tag: 'invalid-value', message });
}

/** `{path, operation, value, where, point}`; operation `merge` where absent. */
export function editFromRpc(context: CallContext, value: RpcValue, index: number): Edit {
  const what = `edit ${index + 1}`;
  if (!isStruct(value)) throw new ConfigError({ tag: 'invalid-value', message: `${what} is a struct` });
  const members = new Members(value, what);
  const path = members.string('path');
  const operation = members.string('operation') ?? 'merge';
  const content = members.value('value');
  const where = members.string('where');
  const point = members.string('point');
  members.finish();
  if (path === undefined) throw new ConfigError({ tag: 'missing-element', message: `${what} has no path` });
  const edit = makeEdit(context, path, operation, content);
  const insert = placement(context, edit.path, where, point);
  return insert === undefined ? edit : { ...edit, insert };
}

/** The place of an entry in a list that the user orders (RFC 8072 2.5): `point` is the path of the entry beside it. */
function placement(
  context: CallContext,
  path: InstanceIdentifier,
  where: string | undefined,
  point: string | undefined,
): Edit['insert'] {
  const refusal = (message: string) => new ConfigError({ tag: 'invalid-value', path: path.toString(), message });
  const isBeside = where === 'before' || where === 'after';
  if (point !== undefined && !isBeside) throw refusal('a point goes with where before or after');
  if (where === undefined) return undefined;
  if (where === 'first' || where === 'last') return { where };
  if (!isBeside) throw refusal('where is first, last, before or after');
  if (point === undefined) {
    throw new ConfigError({ tag: 'missing-element', path: path.toString(), message: `${where} needs a point` });
  }
  const beside = context.paths.parse(point);
  const { last } = beside;
  if (last?.keys === undefined || last.schema !== path.last?.schema || !isSibling(beside, path)) {
    throw refusal('the point is the path of another entry of the same list');
  }
  return { where, anchor: last.keys };
}

function isSibling(one: InstanceIdentifier, other: InstanceIdentifier): boolean {
  const [a, b] = [one.parent, other.parent];
  return a !== undefined && b !== undefined && a.equals(b);
}

export function makeEdit(context: CallContext, text: string, name: string, value: RpcValue | undefined): Edit {
  const path = context.paths.parse(text);
  const operation = operations.find((known) => known === name);
  const at = path.toString();
  if (operation === undefined) {
    const message = `${name.slice(0, 64)} is no operation; there are ${operations.join(', ')}`;
    throw new ConfigError({ tag: 'invalid-value', path: at, message });
  }
  if (operation === 'delete' || operation === 'remove' || operation === 'move') {
    if (value === undefined) return { operation, path };
    throw new ConfigError({ tag: 'invalid-value', path: at, message: `${operation} takes no value` });
  }
  if (value === undefined) throw new ConfigError({ tag: 'missing-element', path: at, message: 'a value is needed' });
  const json = contentFromRpc(value, dataSchema(path) ?? context.session.schema.root);
  return { operation, path, content: decodeContent(context.session.schema, path, json, decoding) };
}

/** Reads the options of apply, commit and rollback. */
export function commitOptions(struct: RpcStruct, allowed: readonly string[] = optionNames): CommitOptions {
  const members = new Members(struct, 'options');
  const comment = allowed.includes('comment') ? members.string('comment') : undefined;
  const timeout = allowed.includes('confirm_timeout') ? members.int('confirm_timeout') : undefined;
  const testOnly = allowed.includes('test_only') ? members.boolean('test_only') : undefined;
  const expected = allowed.includes('expect_transaction') ? members.string('expect_transaction') : undefined;
  members.finish();
  if (timeout !== undefined && (timeout < 1 || timeout > 86_400)) {
    throw new ConfigError({ tag: 'invalid-value', message: 'confirm_timeout is 1 to 86400 seconds' });
  }
  return {
    ...(comment === undefined ? {} : { comment }),
    ...(timeout === undefined ? {} : { confirmTimeout: timeout }),
    ...(testOnly === undefined ? {} : { testOnly }),
    ...(expected === undefined ? {} : { expectTransaction: expected }),
  };
}

export function commitResult(result: CommitResult): RpcStruct {
  const struct = new Map<string, RpcValue>([
    ['transaction', result.transaction],
    ['findings', result.findings.map(findingToRpc)],
  ]);
  if (result.persistId !== undefined) struct.set('persist_id', result.persistId);
  return struct;
}

function findingToRpc({ severity, path, text }: Finding): RpcStruct {
  return new Map([
    ['severity', severity],
    ['path', path],
    ['text', text],
  ]);
}

/** What a read of nothing is answered with. */
export function absent(path: string): ConfigError {
  return new ConfigError({ tag: 'data-missing', path, message: 'there is no such data' });
}

function isData(schema: PathStep['schema']): schema is DataSchema {
  return dataKinds.has(schema.kind);
}

const decoding = { relaxed: true } as const;
const dataKinds: ReadonlySet<string> = new Set(['container', 'list', 'leaf', 'leaf-list', 'anydata', 'anyxml']);
const datastores = ['running', 'candidate', 'startup', 'operational', 'factory-default', 'intended'] as const;
const defaultsModes = ['report-all', 'trim', 'explicit'] as const;
const operations = ['merge', 'replace', 'create', 'delete', 'remove', 'move'] as const;
const optionNames: readonly string[] = ['comment', 'confirm_timeout', 'test_only', 'expect_transaction'];
