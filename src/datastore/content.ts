/**
 * Content as JSON and back, for what the datastore itself wrote or a module's own code returned: names are looked up,
 * values are taken as they are. What users send goes through the yang codecs, which check every type.
 */
import { ConfigError } from '../error.js';
import {
  type AnyContent,
  Branch,
  type BranchSchema,
  type Content,
  type DataSchema,
  type JsonObject,
  type JsonValue,
  ListData,
  type Type,
  type Value,
} from '../yang/index.js';

/** `journal` keeps 64-bit integers apart from strings; `rfc7951` is what RFC 7951 section 6 says. */
export type JsonStyle = 'journal' | 'rfc7951';

/** What a node holds, as JSON: an object, an array of entries or values, or a scalar. */
export function contentToJson(schema: DataSchema, content: Content, style: JsonStyle): JsonValue {
  switch (schema.kind) {
    case 'leaf':
      return valueToJson(content as Value, schema.type, style);
    case 'leaf-list':
      return (content as readonly Value[]).map((value) => valueToJson(value, schema.type, style));
    case 'list':
      return content instanceof ListData
        ? Array.from(content, (entry) => branchToJson(entry, style))
        : branchToJson(content as Branch, style);
    case 'container':
      return branchToJson(content as Branch, style);
    case 'anydata':
    case 'anyxml':
      return anyToJson(content as AnyContent, style);
  }
}

export function branchToJson(branch: Branch, style: JsonStyle): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const [child, content] of branch.present()) {
    object[memberName(branch.schema, child)] = contentToJson(child, content, style);
  }
  return object;
}

/** The inverse. For a list an array is the whole list and an object one entry. */
export function contentFromJson(schema: DataSchema, json: JsonValue, style: JsonStyle): Content {
  switch (schema.kind) {
    case 'leaf':
      return valueFromJson(json, schema.type, style);
    case 'leaf-list':
      return asArray(json, schema.path).map((item) => valueFromJson(item, schema.type, style));
    case 'list': {
      if (!Array.isArray(json)) return branchFromJson(schema, asObject(json, schema.path), style);
      const items: readonly JsonValue[] = json;
      return ListData.of(
        schema,
        items.map((item) => branchFromJson(schema, asObject(item, schema.path), style)),
      );
    }
    case 'container':
      return branchFromJson(schema, asObject(json, schema.path), style);
    case 'anydata':
    case 'anyxml':
      return anyFromJson(json, style);
  }
}

export function branchFromJson(schema: BranchSchema, object: JsonObject, style: JsonStyle): Branch {
  const slots: (Content | undefined)[] = new Array<Content | undefined>(schema.dataChildren.length).fill(undefined);
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const child = childByName(schema, name);
    slots[child.slot] = contentFromJson(child, value, style);
  }
  return new Branch(schema, slots);
}

/** The member name of RFC 7951 section 4: qualified where the module changes. */
export function memberName(parent: BranchSchema, child: DataSchema): string {
  return parent.kind !== 'root' && parent.module === child.module ? child.name : `${child.module.name}:${child.name}`;
}

/** A child by its member name; unqualified names are those of the parent's module. */
export function childByName(parent: BranchSchema, name: string): DataSchema {
  const qualified = name.includes(':') || parent.kind === 'root' ? name : `${parent.module.name}:${name}`;
  const child = parent.byQualifiedName.get(qualified);
  if (child !== undefined) return child;
  const path = parent.kind === 'root' ? '/' : parent.path;
  throw new ConfigError({ tag: 'unknown-element', path, message: `no module declares ${name} here` });
}

export function valueFromJson(json: JsonValue | Value, type: Type, style: JsonStyle): Value {
  if (typeof json === 'bigint' || json === null || typeof json === 'boolean') return json;
  if (style === 'journal') return typeof json === 'object' ? BigInt(Object.values(json)[0] as string) : json;
  if (typeof json === 'object') return null; // the [null] of type empty
  switch (type.base) {
    case 'int64':
    case 'uint64':
      return BigInt(json);
    case 'leafref':
      return valueFromJson(json, type.target.type, style);
    default:
      return json;
  }
}

export function valueToJson(value: Value, type: Type, style: JsonStyle): JsonValue {
  if (style === 'journal') return typeof value === 'bigint' ? { n: String(value) } : value;
  if (typeof value === 'bigint') return String(value);
  // A null is only ever the value of type empty, whatever typedef, leafref or union it came through.
  return value === null && type.base !== 'boolean' ? [null] : value;
}

function anyToJson(content: AnyContent, style: JsonStyle): JsonValue {
  if (style === 'rfc7951' && content.format === 'json') return JSON.parse(content.text) as JsonValue;
  return { format: content.format, text: content.text };
}

function anyFromJson(json: JsonValue, style: JsonStyle): AnyContent {
  if (style === 'rfc7951') return { format: 'json', text: JSON.stringify(json) };
  const object = asObject(json, '');
  return { format: object['format'] === 'xml' ? 'xml' : 'json', text: String(object['text']) };
}

function asArray(json: JsonValue, path: string): readonly JsonValue[] {
  if (Array.isArray(json)) return json as readonly JsonValue[];
  throw new ConfigError({ tag: 'invalid-value', path, message: 'not an array' });
}

function asObject(json: JsonValue, path: string): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw new ConfigError({ tag: 'invalid-value', path, message: 'not an object' });
}
