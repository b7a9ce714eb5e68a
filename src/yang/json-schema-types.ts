/** JSON Schema 2020-12 of leaf values: the JSON type (RFC 7951 section 6), and every restriction that JSON Schema can tell. */
import type { JsonObject } from './json-text.js';
import { numberPattern } from './number-pattern.js';
import { ecmaScriptPattern } from './pattern-ecmascript.js';
import type { Module, Status } from './schema.js';
import type {
  BitsType,
  EnumerationType,
  IdentityrefType,
  PatternRestriction,
  RangeRestriction,
  StringType,
  Type,
} from './types.js';
import { finalType } from './values.js';

type Final = Exclude<Type, { base: 'leafref' | 'union' }>;

/** For values of `type` in a leaf of `module`, whose identities may be written without it. */
export function typeJsonSchema(type: Type, module: Module): JsonObject {
  const final = finalType(type);
  if (final.base === 'union') return { anyOf: final.members.map((member) => typeJsonSchema(member, module)) };
  return { ...jsonType(final), ...restrictions(final, module) };
}

/** Only the JSON type. `relaxed`: numbers, strings and booleans may stand for each other. */
export function typeShape(type: Type, relaxed: boolean): JsonObject {
  const final = finalType(type);
  if (final.base === 'union') return { anyOf: final.members.map((member) => typeShape(member, relaxed)) };
  if (relaxed) return final.base === 'empty' ? {} : { type: ['string', 'number', 'boolean'] };
  return jsonType(final);
}

function jsonType(type: Final): JsonObject {
  switch (type.base) {
    case 'boolean':
      return { type: 'boolean' };
    case 'empty':
      return { type: 'array', prefixItems: [{ type: 'null' }], minItems: 1, maxItems: 1 };
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return { type: 'integer' };
    default:
      return { type: 'string' };
  }
}

function restrictions(type: Final, module: Module): JsonObject {
  switch (type.base) {
    case 'enumeration':
      return enumeration(type);
    case 'identityref':
      return identities(type, module);
    case 'bits':
      return bits(type);
    case 'binary':
      return { contentEncoding: 'base64', pattern: '^[A-Za-z0-9+/]*(?:[ \\t]*[\\r\\n]+[ \\t]*[A-Za-z0-9+/]*)*={0,2}$' };
    case 'int64':
    case 'uint64':
      return { pattern: numberPattern(type.ranges[0]!.parts, 0) };
    case 'decimal64':
      return { pattern: numberPattern(type.ranges[0]!.parts, type.fractionDigits) };
    case 'string':
      return { ...lengths(type.lengths), ...patterns(type) };
    case 'instance-identifier':
      return { pattern: '^/' };
    case 'boolean':
    case 'empty':
      return {};
    default:
      return ranges(type.ranges[0]!);
  }
}

function ranges(range: RangeRestriction): JsonObject {
  return anyPart(range.parts.map((part) => ({ minimum: Number(part.min), maximum: Number(part.max) })));
}

function lengths([effective]: readonly RangeRestriction[]): JsonObject {
  if (effective === undefined) return {};
  return anyPart(
    effective.parts.map((part) => ({
      ...(part.min > 0n ? { minLength: Number(part.min) } : {}),
      ...(part.max < 2n ** 53n ? { maxLength: Number(part.max) } : {}),
    })),
  );
}

function anyPart(parts: readonly JsonObject[]): JsonObject {
  return parts.length === 1 ? parts[0]! : { anyOf: parts };
}

/** A value matches all of them (RFC 7950 9.4.5). What cannot be said in ECMAScript is told in a comment. */
function patterns(type: StringType): JsonObject {
  const untold: string[] = [];
  const told: JsonObject[] = [];
  for (const pattern of type.patterns) {
    const text = ecmaScriptPattern(pattern.text);
    if (text === undefined) untold.push(remark(pattern));
    else told.push(pattern.invert ? { not: { pattern: text } } : { pattern: text });
  }
  const [first, ...rest] = told;
  return {
    ...(untold.length === 0 ? {} : { $comment: untold.join('; ') }),
    ...(rest.length === 0 ? first : { allOf: told }),
  };
}

function remark({ text, invert }: PatternRestriction): string {
  return `${invert ? 'must not match' : 'must match'} the XSD pattern ${text}`;
}

function enumeration(type: EnumerationType): JsonObject {
  return choices(type.enums.map((each) => ({ ...each, values: [each.name] })));
}

/** What is derived from every base (RFC 7950 9.10.2), qualified, and without its module where that is the leaf's (RFC 7951 6.8). */
function identities(type: IdentityrefType, module: Module): JsonObject {
  const [first, ...rest] = type.bases;
  const admitted = [...(first?.derived ?? [])].filter((each) => rest.every((base) => base.derived.has(each)));
  return choices(
    admitted.map((each) => {
      const qualified = `${each.module.name}:${each.name}`;
      return { ...each, values: each.module === module ? [qualified, each.name] : [qualified] };
    }),
  );
}

interface Choice {
  readonly values: readonly string[];
  readonly description: string;
  readonly status: Status;
}

/** Names alone, or each with what the module says of it; of an identity from which none is derived there is no value. */
function choices(all: readonly Choice[]): JsonObject {
  if (all.length === 0) return { not: {} };
  const isPlain = all.every(({ description, status }) => description === '' && status === 'current');
  if (isPlain) return { enum: all.flatMap(({ values }) => values) };
  return {
    anyOf: all.map(({ values, description, status }) => ({
      ...(values.length === 1 ? { const: values[0]! } : { enum: values }),
      ...(description === '' ? {} : { description }),
      ...(status === 'current' ? {} : { deprecated: true }),
    })),
  };
}

/** Any of them in any order (RFC 7950 9.7.2); each alone is offered with its description. */
function bits(type: BitsType): JsonObject {
  const names = type.bits.map((bit) => bit.name.replaceAll('.', '\\.')).join('|');
  const pattern = `^[ \\t\\r\\n]*(?:(?:${names})(?:[ \\t\\r\\n]+|$))*$`;
  if (type.bits.every((bit) => bit.description === '')) return { pattern };
  const single = type.bits.map(({ name, description }) => ({ const: name, description }));
  return { anyOf: [...single, { pattern }] };
}
