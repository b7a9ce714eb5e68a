/**
 * Between XML-RPC values and what the datastore holds (CONTRACT.md, XML-RPC). The YANG type decides the XML-RPC type, never
 * the value: int8..int32, uint8 and uint16 are int; boolean is boolean; binary is base64; empty is true; all else, unions
 * and uint32 among it, is a string.
 */
import { ConfigError } from '../../error.js';
import type {
  AnyContent,
  AnySchema,
  Branch,
  BranchSchema,
  Content,
  DataSchema,
  JsonObject,
  JsonValue,
  ListData,
  Module,
  RootSchema,
  Steps,
  Type,
  Value,
} from '../../yang/index.js';
import { atOnce, formatValue } from '../../yang/index.js';
import { isStruct, RpcDateTime, RpcDouble, type RpcStruct, type RpcValue } from './values.js';

/** What a path holds. `schema` is the last step's; a list's content is its entry or the whole list. */
export function contentToRpc(content: Content, schema: DataSchema): RpcValue {
  return atOnce(convertContent(content, schema));
}

/** As {@link contentToRpc}; pauses between the entries of lists. */
export function* convertContent(content: Content, schema: DataSchema): Steps<RpcValue> {
  switch (schema.kind) {
    case 'leaf':
      return valueToRpc(content as Value, schema.type);
    case 'leaf-list':
      return Array.isArray(content)
        ? (content as readonly Value[]).map((value) => valueToRpc(value, schema.type))
        : valueToRpc(content as Value, schema.type);
    case 'container':
      return yield* convertBranch(content as Branch);
    case 'list':
      return isBranch(content) ? yield* convertBranch(content) : yield* convertList(content as ListData);
    case 'anydata':
    case 'anyxml':
      return anyToRpc(content as AnyContent);
  }
}

/** A struct of the children that are present; names are qualified where the module changes. */
export function branchToRpc(branch: Branch): RpcStruct {
  return atOnce(convertBranch(branch));
}

/** As {@link branchToRpc}; pauses between the entries of lists. */
export function* convertBranch(branch: Branch): Steps<RpcStruct> {
  const module = moduleOf(branch.schema);
  const struct = new Map<string, RpcValue>();
  for (const [child, content] of branch.present()) {
    const name = child.module === module ? child.name : `${child.module.name}:${child.name}`;
    struct.set(
      name,
      child.kind === 'leaf' ? valueToRpc(content as Value, child.type) : yield* convertContent(content, child),
    );
  }
  return struct;
}

function* convertList(list: ListData): Steps<RpcValue> {
  const entries: RpcValue[] = [];
  for (const entry of list) {
    entries.push(yield* convertBranch(entry));
    yield;
  }
  return entries;
}

export function valueToRpc(value: Value, type: Type): RpcValue {
  switch (type.base) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
      return Number(value);
    case 'boolean':
      return value === true;
    case 'binary':
      return Buffer.from(String(value), 'base64');
    case 'empty':
      return true;
    case 'leafref':
      return valueToRpc(value, type.target.type);
    default:
      return formatValue(type, value);
  }
}

/** RFC 7951 JSON for the codec, which takes numbers and strings for each other and judges everything else. */
export function contentFromRpc(value: RpcValue, schema: DataSchema | RootSchema): JsonValue {
  switch (schema.kind) {
    case 'leaf':
      return leafFromRpc(value, schema.type);
    case 'leaf-list':
      return Array.isArray(value)
        ? (value as readonly RpcValue[]).map((one) => leafFromRpc(one, schema.type))
        : leafFromRpc(value, schema.type);
    case 'root':
    case 'container':
      return isStruct(value) ? structFromRpc(value, schema) : plainFromRpc(value);
    case 'list':
      if (isStruct(value)) return structFromRpc(value, schema);
      return Array.isArray(value)
        ? (value as readonly RpcValue[]).map((one) => (isStruct(one) ? structFromRpc(one, schema) : plainFromRpc(one)))
        : plainFromRpc(value);
    case 'anydata':
    case 'anyxml':
      return anyFromRpc(value, schema);
  }
}

/** The members of a struct, each by the schema node of its name; unknown names are left to the codec to refuse. */
export function structFromRpc(struct: RpcStruct, schema: BranchSchema): JsonObject {
  const module = moduleOf(schema)?.name;
  const entries: [string, JsonValue][] = [];
  for (const [name, value] of struct) {
    const qualified = name.includes(':') || module === undefined ? name : `${module}:${name}`;
    const child = schema.byQualifiedName.get(qualified);
    entries.push([name, child === undefined ? plainFromRpc(value) : contentFromRpc(value, child)]);
  }
  // Makes own properties, whatever the names are.
  return Object.fromEntries(entries);
}

/** JSON to a value by its own shape, where no YANG type is known: anydata. */
export function jsonToRpc(json: JsonValue): RpcValue {
  if (json === null) return '';
  if (typeof json === 'number') return json === (json | 0) ? json | 0 : new RpcDouble(json);
  if (typeof json !== 'object') return json;
  if (Array.isArray(json)) return (json as readonly JsonValue[]).map(jsonToRpc);
  return new Map(Object.entries(json).map(([name, value]) => [name, jsonToRpc(value)]));
}

function leafFromRpc(value: RpcValue, type: Type): JsonValue {
  if (type.base === 'leafref') return leafFromRpc(value, type.target.type);
  if (type.base === 'empty' && value === true) return [null];
  return plainFromRpc(value);
}

function anyToRpc(content: AnyContent): RpcValue {
  return content.format === 'json' ? jsonToRpc(JSON.parse(content.text) as JsonValue) : content.text;
}

function anyFromRpc(value: RpcValue, schema: AnySchema): JsonValue {
  const json = plainFromRpc(value);
  if (isStruct(value)) return json;
  throw new ConfigError({ tag: 'invalid-value', message: `${schema.kind} ${schema.name} is a struct` });
}

/** Octets become base64 text, whatever leaf they are for: so PEM and DER alike can be given to the action install. */
function plainFromRpc(value: RpcValue): JsonValue {
  if (typeof value === 'object') {
    if (value instanceof RpcDouble) return value.value;
    if (value instanceof RpcDateTime) return value.text;
    if (Buffer.isBuffer(value)) return value.toString('base64');
    if (isStruct(value)) {
      return Object.fromEntries(Array.from(value, ([name, member]) => [name, plainFromRpc(member)]));
    }
    return (value as readonly RpcValue[]).map(plainFromRpc);
  }
  return value;
}

function moduleOf(schema: BranchSchema): Module | undefined {
  return schema.kind === 'root' ? undefined : schema.module;
}

function isBranch(content: Content): content is Branch {
  return typeof content === 'object' && content !== null && 'present' in content;
}
