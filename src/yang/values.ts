/**
 * Leaf values: lexical form (RFC 7950 section 9), JSON form (RFC 7951 section 6) and the canonical {@link Value} in memory.
 */
import { ConfigError } from '../error.js';
import type { JsonValue } from './json-text.js';
import type { Module, Schema, Value } from './schema.js';
import type { IdentityrefType, StringType, Type, UnionType } from './types.js';
import { readBinary, readBits, readDecimal64, readEnumeration, readInteger, readString } from './values-builtin.js';
import { Fault } from './values-fault.js';
import { readInstance, renderInstance } from './values-instance.js';
import { isXPath, replacePrefixes } from './values-xpath.js';

export { compareScalars as compareValues } from './tree-order.js';

/** What a value's text is read against. */
export interface ValueContext {
  /** Whose data nodes instance-identifiers name; undefined while a schema is being compiled, when none can be read. */
  readonly schema: Pick<Schema, 'root'> | undefined;
  /**
   * `xml`: prefixes are namespace prefixes in scope. `json`: they are module names, and names without one inherit
   * (RFC 7951 6.8, 6.11). `module`: as `xml`, and integers may be hexadecimal or octal (RFC 7950 9.2.1).
   */
  readonly form: 'xml' | 'json' | 'module';
  /** The module that a prefix stands for; '' is a name without one. */
  resolvePrefix(prefix: string): Module | undefined;
  /** JSON only: take a number where RFC 7951 wants a string and a string where it wants a number or a boolean (XML-RPC). */
  readonly relaxed?: boolean;
}

/** Names as RFC 7951 writes them, in a leaf of `module`. */
export function jsonContext(schema: Pick<Schema, 'root' | 'modules'>, module: Module, relaxed = false): ValueContext {
  return {
    schema,
    form: 'json',
    relaxed,
    resolvePrefix: (prefix) => (prefix === '' ? module : schema.modules.get(prefix)),
  };
}

/**
 * Reads a lexical value and makes it canonical. Throws ConfigError `invalid-value` without a path, with the restriction's
 * own error-message and error-app-tag where it has them.
 */
export function parseValue(type: Type, lexical: string, context: ValueContext): Value {
  return orThrow(readLexical(type, lexical, context));
}

/** Reads a value as RFC 7951 section 6 writes it. Throws as {@link parseValue} does. */
export function valueFromJson(type: Type, json: JsonValue, context: ValueContext): Value {
  return orThrow(readJson(type, json, context));
}

/** RFC 7951 section 6. Identities are always qualified. */
export function valueToJson(_type: Type, value: Value): JsonValue {
  if (typeof value === 'bigint') return String(value);
  return value === null ? [null] : value;
}

/** The canonical text (RFC 7950 section 9); of identities and instance-identifiers the RFC 7951 form. */
export function formatValue(_type: Type, value: Value): string {
  return value === null ? '' : String(value);
}

/** What {@link valueToXml} needs. */
export interface XmlNames {
  readonly schema: Pick<Schema, 'root' | 'modules'>;
  /** A prefix that is bound to the module's namespace where the value will stand. */
  prefixFor(module: Module): string;
}

/** The text of an XML element; identities and instance-identifiers with the prefixes that `names` gives. */
export function valueToXml(type: Type, value: Value, names: XmlNames): string {
  const final = finalType(type);
  if (typeof value !== 'string') return formatValue(final, value);
  if (final.base === 'identityref') return identityToXml(value, names);
  if (final.base === 'instance-identifier') return instanceToXml(value, names);
  if (final.base === 'string' && isXPath(final)) return xpathToXml(value, names);
  if (final.base === 'union' && hasNames(final)) {
    const member = memberOf(final, value, names);
    return member === undefined ? value : valueToXml(member, value, names);
  }
  return value;
}

/** The type that decides the values: a leafref's is that of its target. */
export function finalType(type: Type): Exclude<Type, { base: 'leafref' }> {
  let current = type;
  while (current.base === 'leafref') current = current.target.type;
  return current;
}

/** {@link parseValue} without the exception, for callers that try several types. */
export function readLexical(type: Type, lexical: string, context: ValueContext): Value | Fault {
  switch (type.base) {
    case 'string':
      return stringFromText(type, lexical, context);
    case 'boolean':
      return lexical === 'true' ? true : lexical === 'false' ? false : new Fault("expected 'true' or 'false'");
    case 'empty':
      return lexical === '' ? null : new Fault('expected no value');
    case 'enumeration':
      return readEnumeration(type, lexical);
    case 'bits':
      return readBits(type, lexical);
    case 'binary':
      return readBinary(type, lexical);
    case 'decimal64':
      return readDecimal64(type, lexical);
    case 'identityref':
      return readIdentity(type, lexical, context);
    case 'instance-identifier':
      return instanceFromText(lexical, context);
    case 'leafref':
      return readLexical(type.target.type, lexical, context);
    case 'union':
      return readMember(type, (member) => readLexical(member, lexical, context));
    default:
      return readInteger(type, lexical, context.form === 'module');
  }
}

/** {@link valueFromJson} without the exception. */
export function readJson(type: Type, json: JsonValue, context: ValueContext): Value | Fault {
  switch (type.base) {
    case 'leafref':
      return readJson(type.target.type, json, context);
    case 'union':
      return readMember(type, (member) => readJson(member, json, context));
    case 'boolean':
      if (typeof json === 'boolean') return json;
      break;
    case 'empty':
      if (Array.isArray(json) && json.length === 1 && json[0] === null) return null;
      if (context.relaxed === true && (json === true || json === '' || json === null)) return null;
      break;
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      if (typeof json === 'number') return readInteger(type, json, false);
      break;
    case 'int64':
    case 'uint64':
    case 'decimal64':
      if (typeof json === 'string') return readLexical(type, json, context);
      if (context.relaxed === true && typeof json === 'number') return readLexical(type, String(json), context);
      break;
    default:
      if (typeof json === 'string') return readLexical(type, json, context);
  }
  if (context.relaxed === true && typeof json === 'string') return readLexical(type, json, context);
  return new Fault(`expected ${jsonForm(type)}, found ${jsonKind(json)}`);
}

/** What JSON must have for a type, for messages. */
export function jsonForm(type: Type): string {
  switch (finalType(type).base) {
    case 'boolean':
      return 'true or false';
    case 'empty':
      return '[null]';
    case 'int64':
    case 'uint64':
    case 'decimal64':
      return 'a number written as a string';
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return 'a number';
    default:
      return 'a string';
  }
}

export function jsonKind(json: JsonValue): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'an array';
  return typeof json === 'object' ? 'an object' : `a ${typeof json}`;
}

/** The member of a union that a canonical value belongs to: the first that reads it as itself. */
export function memberOf(type: UnionType, value: Value, names: Pick<XmlNames, 'schema'>): Type | undefined {
  const context: ValueContext = {
    schema: names.schema,
    form: 'json',
    resolvePrefix: (prefix) => names.schema.modules.get(prefix),
  };
  const json = valueToJson(type, value);
  for (const member of type.members) {
    const read = readJson(member, json, context);
    if (read === value) return member.base === 'union' ? memberOf(member, value, names) : member;
  }
  return undefined;
}

function readMember(type: UnionType, read: (member: Type) => Value | Fault): Value | Fault {
  let only: Fault | undefined;
  for (const member of type.members) {
    const result = read(member);
    if (!(result instanceof Fault)) return result;
    // A custom message of a member is the best that can be said (RFC 7950 9.4.5 error-message).
    if (only === undefined || (result.custom && !only.custom)) only = result;
  }
  return only?.custom === true || type.members.length === 1 ? only! : new Fault('value fits none of the member types');
}

function readIdentity(type: IdentityrefType, lexical: string, context: ValueContext): Value | Fault {
  const colon = lexical.indexOf(':');
  const prefix = colon < 0 ? '' : lexical.slice(0, colon);
  const module = context.resolvePrefix(prefix);
  if (module === undefined) {
    return new Fault(prefix === '' ? 'identity needs a prefix here' : `'${shown(prefix)}' is no known prefix`);
  }
  const name = `${module.name}:${lexical.slice(colon + 1)}`;
  if (identitiesOf(type).has(name)) return name;
  return new Fault(
    `'${shown(name)}' is no identity derived from ${type.bases.map((base) => `'${base.name}'`).join(' and ')}`,
  );
}

/** What a type admits: derived from every base (RFC 7950 9.10.2). */
function identitiesOf(type: IdentityrefType): ReadonlySet<string> {
  let names = identitySets.get(type);
  if (names === undefined) {
    const [first, ...rest] = type.bases;
    const admitted = [...(first?.derived ?? [])].filter((identity) => rest.every((base) => base.derived.has(identity)));
    names = new Set(admitted.map((identity) => `${identity.module.name}:${identity.name}`));
    identitySets.set(type, names);
  }
  return names;
}

function identityToXml(value: string, names: XmlNames): string {
  const colon = value.indexOf(':');
  const module = names.schema.modules.get(value.slice(0, colon));
  if (module === undefined) return value;
  return `${names.prefixFor(module)}:${value.slice(colon + 1)}`;
}

function instanceFromText(lexical: string, context: ValueContext): Value | Fault {
  const steps = readInstance(lexical, context, (type, text) => readLexical(type, text, context));
  if (steps instanceof Fault) return steps;
  return renderInstance(steps, (module, parent) => (module === parent ? '' : `${module.name}:`), formatValue);
}

function instanceToXml(value: string, names: XmlNames): string {
  const context: ValueContext = {
    schema: names.schema,
    form: 'json',
    resolvePrefix: (prefix) => names.schema.modules.get(prefix),
  };
  const steps = readInstance(value, context, (type, text) => readLexical(type, text, context));
  if (steps instanceof Fault) return value;
  return renderInstance(
    steps,
    (module) => `${names.prefixFor(module)}:`,
    (type, key) => valueToXml(type, key, names),
  );
}

function stringFromText(type: StringType, lexical: string, context: ValueContext): Value | Fault {
  const value = readString(type, lexical);
  if (typeof value !== 'string' || context.form === 'json' || !isXPath(type)) return value;
  return replacePrefixes(value, (prefix) => context.resolvePrefix(prefix)?.name);
}

function xpathToXml(value: string, names: XmlNames): string {
  const replaced = replacePrefixes(value, (prefix) => {
    const module = names.schema.modules.get(prefix);
    return module === undefined ? prefix : names.prefixFor(module);
  });
  return replaced instanceof Fault ? value : replaced;
}

/** Whether values of the type may hold names with prefixes, so that their text in XML differs from that in JSON. */
export function hasNames(type: Type): boolean {
  const final = finalType(type);
  switch (final.base) {
    case 'union':
      return final.members.some(hasNames);
    case 'string':
      return isXPath(final);
    default:
      return final.base === 'identityref' || final.base === 'instance-identifier';
  }
}

function shown(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}...` : text;
}

function orThrow(value: Value | Fault): Value {
  if (!(value instanceof Fault)) return value;
  const { message, appTag } = value;
  throw new ConfigError({ tag: 'invalid-value', message, ...(appTag === undefined ? {} : { appTag }) });
}

/** A memo of pure functions of a type. */
const identitySets = new WeakMap<IdentityrefType, ReadonlySet<string>>();
