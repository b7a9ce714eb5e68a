/** Instance data to RFC 7951 JSON. */
import { anyToJson } from './any-content.js';
import type { JsonValue } from './json-text.js';
import { setMember } from './json-text.js';
import type { BranchSchema, DataSchema, Module, NotificationSchema, OperationSchema, Schema, Value } from './schema.js';
import { type AnyContent, Branch, type Content, ListData } from './tree.js';
import { valueToJson } from './values.js';

export interface JsonEncodeOptions {
  /** Put the value into an object under its own qualified name, `{ "module:name": ... }`; the root is one already. */
  readonly wrap?: boolean;
}

/** What `decodeJson` reads: `node` is the schema node that `content` belongs to. */
export function encodeJson(
  schema: Schema,
  node: BranchSchema | DataSchema | OperationSchema | NotificationSchema,
  content: Content,
  options: JsonEncodeOptions = {},
): JsonValue {
  const value = contentToJson(schema, node, content);
  if (options.wrap !== true || node.kind === 'root') return value;
  const inArray = node.kind === 'list' && content instanceof Branch;
  const name = node.kind === 'input' || node.kind === 'output' ? node.kind : node.name;
  return { [`${node.module.name}:${name}`]: inArray ? [value] : value };
}

/** The text of {@link encodeJson}, in pieces of some kilobytes, so that a caller can let others run in between. */
export function* jsonTextChunks(
  schema: Schema,
  node: BranchSchema | DataSchema | OperationSchema | NotificationSchema,
  content: Content,
): Generator<string, void, void> {
  const buffer = { text: '' };
  yield* writeContent(schema, node, content, buffer);
  yield buffer.text;
}

type Node = BranchSchema | DataSchema | OperationSchema | NotificationSchema;

function contentToJson(schema: Schema, node: Node, content: Content): JsonValue {
  if (content instanceof Branch) return branchToJson(schema, content);
  if (content instanceof ListData) return [...content].map((entry) => branchToJson(schema, entry));
  return scalarToJson(schema, node, content);
}

function branchToJson(schema: Schema, branch: Branch): JsonValue {
  const object: Record<string, JsonValue> = {};
  const module = moduleOf(branch.schema);
  for (const [child, content] of branch.present()) {
    setMember(object, memberName(child, module), contentToJson(schema, child, content));
  }
  return object;
}

function scalarToJson(schema: Schema, node: Node, content: Value | readonly Value[] | AnyContent): JsonValue {
  if (node.kind === 'leaf-list') {
    const { type } = node;
    return Array.isArray(content)
      ? (content as readonly Value[]).map((each) => valueToJson(type, each))
      : valueToJson(type, content as Value);
  }
  if (node.kind === 'leaf') return valueToJson(node.type, content as Value);
  return anyToJson(schema, content as AnyContent);
}

function* writeContent(
  schema: Schema,
  node: Node,
  content: Content,
  buffer: { text: string },
): Generator<string, void, void> {
  if (content instanceof Branch) yield* writeBranch(schema, content, buffer);
  else if (content instanceof ListData) {
    let separator = '[';
    for (const entry of content) {
      buffer.text += separator;
      separator = ',';
      yield* writeBranch(schema, entry, buffer);
    }
    buffer.text += separator === '[' ? '[]' : ']';
  } else {
    buffer.text += JSON.stringify(scalarToJson(schema, node, content));
    if (buffer.text.length > chunkSize) yield take(buffer);
  }
}

function* writeBranch(schema: Schema, branch: Branch, buffer: { text: string }): Generator<string, void, void> {
  const module = moduleOf(branch.schema);
  let separator = '{';
  for (const [child, content] of branch.present()) {
    buffer.text += `${separator}${JSON.stringify(memberName(child, module))}:`;
    separator = ',';
    if (content instanceof Branch || content instanceof ListData) yield* writeContent(schema, child, content, buffer);
    else buffer.text += JSON.stringify(scalarToJson(schema, child, content));
  }
  buffer.text += separator === '{' ? '{}' : '}';
  if (buffer.text.length > chunkSize) yield take(buffer);
}

function take(buffer: { text: string }): string {
  const { text } = buffer;
  buffer.text = '';
  return text;
}

export function moduleOf(schema: BranchSchema): Module | undefined {
  return schema.kind === 'root' ? undefined : schema.module;
}

/** The member that holds `child` in what is of the module `parent` (RFC 7951 section 4). */
export function memberName(child: DataSchema, parent: Module | undefined): string {
  return child.module === parent ? child.name : `${child.module.name}:${child.name}`;
}

const chunkSize = 16_384;
