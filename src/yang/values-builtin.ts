/**
 * The built-in types that need no context (RFC 7950 9.2 to 9.9): lexical form to canonical value, restrictions checked.
 * Messages never repeat the text of a string or binary: it may be a secret.
 */
import { ConfigError } from '../error.js';
import type { Value } from './schema.js';
import type {
  BinaryType,
  BitsType,
  Decimal64Type,
  EnumerationType,
  IntegerType,
  PatternRestriction,
  RangeRestriction,
  StringType,
} from './types.js';
import { Fault } from './values-fault.js';
import { isXPath } from './values-xpath.js';
import { compileXPath } from './xpath/parser.js';

/** RFC 7950 9.2.1; hexadecimal and octal only in a module's default. Surrounding white space is ignored. */
export function readInteger(type: IntegerType, text: string | number, inModule: boolean): Value | Fault {
  if (type.base === 'int64' || type.base === 'uint64') return readLong(type, String(text), inModule);
  const value = typeof text === 'number' ? text : readNumber(text, inModule);
  if (value === undefined || !Number.isInteger(value)) return new Fault(`expected an integer (${type.base})`);
  const ranges = numericBounds(type);
  if (within(ranges[0]!, value)) return value === 0 ? 0 : value;
  for (let index = ranges.length - 1; index >= 0; index--) {
    if (!within(ranges[index]!, value)) return outOfRange(type.ranges[index]!, String(value), 0);
  }
  return 0;
}

/** RFC 7950 9.3.1, made canonical (9.3.2). Zeros beyond fraction-digits change nothing and are taken. */
export function readDecimal64(type: Decimal64Type, text: string): Value | Fault {
  const match = /^\s*([+-]?)([0-9]{1,64})(?:\.([0-9]{1,64}))?\s*$/u.exec(text);
  if (match === null) return new Fault('expected a decimal number');
  const fraction = (match[3] ?? '').replace(/0+$/u, '');
  if (fraction.length > type.fractionDigits) {
    return new Fault(`expected at most ${String(type.fractionDigits)} digits after the point`);
  }
  const units = BigInt(match[2]! + fraction.padEnd(type.fractionDigits, '0'));
  const value = match[1] === '-' ? -units : units;
  const failed = failedRange(type.ranges, value);
  if (failed !== undefined) return outOfRange(failed, decimalText(value, type.fractionDigits), type.fractionDigits);
  return decimalText(value, type.fractionDigits);
}

/** RFC 7950 9.4: characters that YANG allows, length in code points, every pattern. */
export function readString(type: StringType, text: string): Value | Fault {
  if (forbidden.test(text)) return new Fault('value has a character that YANG does not allow');
  if (type.lengths.length > 0) {
    const failed = failedLength(type.lengths, codePoints(text));
    if (failed !== undefined) return wrongLength(failed, codePoints(text), 'characters');
  }
  for (const pattern of type.patterns) {
    const matched = tryMatch(pattern, text);
    if (matched instanceof Fault) return matched;
    if (matched === pattern.invert) {
      return new Fault(
        `value ${pattern.invert ? 'must not match' : 'does not match'} the pattern '${pattern.text}'`,
        pattern,
      );
    }
  }
  return isXPath(type) ? readXPath(text) : text;
}

/** What the prefixes stand for is for {@link replacePrefixes} to say; which variables there are, for whoever uses the value (RFC 6991). */
function readXPath(text: string): Value | Fault {
  try {
    compileXPath(text, { prefix: (prefix) => ({ name: prefix }), unprefixed: 'any', variables: 'any' });
    return text;
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    return new Fault(`not an expression of XPath 1.0: ${thrown.message}`);
  }
}

/** RFC 7950 9.8: base64 (RFC 4648 section 4) with padding; folds of lines are ignored. */
export function readBinary(type: BinaryType, text: string): Value | Fault {
  // RFC 4648 3.1 has no white space; lines that were folded, and indented, are taken all the same.
  const compact = /[\r\n]/u.test(text) ? text.replace(/[ \t]*[\r\n]+[ \t]*/gu, '') : text;
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/u.test(compact)) return new Fault('expected base64');
  const padding = compact.endsWith('==') ? 2 : compact.endsWith('=') ? 1 : 0;
  const octets = (compact.length / 4) * 3 - padding;
  const failed = failedLength(type.lengths, octets);
  if (failed !== undefined) return wrongLength(failed, octets, 'octets');
  return padding === 0 ? compact : Buffer.from(compact, 'base64').toString('base64');
}

/** RFC 7950 9.6. */
export function readEnumeration(type: EnumerationType, text: string): Value | Fault {
  let names = enumNames.get(type);
  if (names === undefined) {
    names = new Set(type.enums.map((each) => each.name));
    enumNames.set(type, names);
  }
  if (names.has(text)) return text;
  return new Fault(`'${clipped(text)}' is none of ${listed([...names])}`);
}

/** RFC 7950 9.7.1; canonical is position order with one space between. */
export function readBits(type: BitsType, text: string): Value | Fault {
  const wanted = new Set<string>();
  for (const name of text.split(/[ \t\r\n]+/u)) {
    if (name === '') continue;
    if (wanted.has(name)) return new Fault(`bit '${clipped(name)}' is given twice`);
    wanted.add(name);
  }
  const set = type.bits.filter((bit) => wanted.has(bit.name)).map((bit) => bit.name);
  if (set.length === wanted.size) return set.join(' ');
  const unknown = [...wanted].find((name) => !set.includes(name))!;
  return new Fault(`'${clipped(unknown)}' is none of ${listed(type.bits.map((bit) => bit.name))}`);
}

/** In units of 10^-digits, as RFC 7950 9.3.2 writes it. */
export function decimalText(units: bigint, digits: number): string {
  const text = String(units < 0n ? -units : units).padStart(digits + 1, '0');
  const at = text.length - digits;
  const fraction = text.slice(at).replace(/0+$/u, '');
  return `${units < 0n ? '-' : ''}${text.slice(0, at)}.${fraction === '' ? '0' : fraction}`;
}

/** A match that would cost too much counts as a fault of the value. */
function tryMatch(pattern: PatternRestriction, text: string): boolean | Fault {
  try {
    return pattern.matches(text);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return new Fault(thrown.message);
    throw thrown;
  }
}

function readLong(type: IntegerType, text: string, inModule: boolean): Value | Fault {
  const match = integerForm.exec(text);
  if (match === null) return new Fault(`expected an integer (${type.base})`);
  const magnitude = inModule ? moduleInteger(match[2]!) : decimalOnly(match[2]!);
  if (magnitude === undefined) return new Fault(`expected an integer (${type.base})`);
  const value = match[1] === '-' ? -magnitude : magnitude;
  const failed = failedRange(type.ranges, value);
  return failed === undefined ? value : outOfRange(failed, String(value), 0);
}

/** Undefined where the text is no integer; NaN never. */
function readNumber(text: string, inModule: boolean): number | undefined {
  const match = integerForm.exec(text);
  if (match === null) return undefined;
  const magnitude = inModule ? moduleInteger(match[2]!) : decimalOnly(match[2]!);
  if (magnitude === undefined) return undefined;
  return match[1] === '-' ? -Number(magnitude) : Number(magnitude);
}

function decimalOnly(digits: string): bigint | undefined {
  return /^[0-9]+$/u.test(digits) ? BigInt(digits) : undefined;
}

/** RFC 7950 9.2.1: `0x` is hexadecimal, another leading zero octal. */
function moduleInteger(digits: string): bigint | undefined {
  if (/^0x/u.test(digits)) return digits.length > 2 ? BigInt(digits) : undefined;
  if (!/^0[0-9]/u.test(digits)) return decimalOnly(digits);
  return /^[0-7]+$/u.test(digits) ? BigInt(`0o${digits}`) : undefined;
}

function failedRange(ranges: readonly RangeRestriction[], value: bigint): RangeRestriction | undefined {
  return ranges.findLast((range) => !range.parts.some((part) => part.min <= value && value <= part.max));
}

function failedLength(lengths: readonly RangeRestriction[], length: number): RangeRestriction | undefined {
  return lengths.findLast((restriction) => !within(bounds(restriction), length));
}

function outOfRange(range: RangeRestriction, value: string, digits: number): Fault {
  return new Fault(`${clipped(value)} is not within the range '${rangeText(range, digits)}'`, range);
}

function wrongLength(restriction: RangeRestriction, length: number, unit: string): Fault {
  return new Fault(`length of ${String(length)} ${unit} is not within '${rangeText(restriction, 0)}'`, restriction);
}

function rangeText(range: RangeRestriction, digits: number): string {
  const show = (value: bigint): string => (digits === 0 ? String(value) : decimalText(value, digits));
  return range.parts.map(({ min, max }) => (min === max ? show(min) : `${show(min)}..${show(max)}`)).join(' | ');
}

/** `[min, max, min, max, ...]` */
function within(limits: Float64Array, value: number): boolean {
  for (let index = 0; index < limits.length; index += 2) {
    if (limits[index]! <= value && value <= limits[index + 1]!) return true;
  }
  return false;
}

function numericBounds(type: IntegerType): readonly Float64Array[] {
  let all = integerBounds.get(type);
  if (all === undefined) {
    all = type.ranges.map(bounds);
    integerBounds.set(type, all);
  }
  return all;
}

/** Exact below 2^53, which is more than any length or 32-bit integer. */
function bounds(range: RangeRestriction): Float64Array {
  let limits = numberBounds.get(range);
  if (limits === undefined) {
    limits = Float64Array.from(range.parts.flatMap((part) => [Number(part.min), Number(part.max)]));
    numberBounds.set(range, limits);
  }
  return limits;
}

function codePoints(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800) pairs++;
  }
  return text.length - pairs;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `'${name}'`);
  return names.length > shown.length ? `${shown.join(', ')}, ...` : shown.join(', ');
}

function clipped(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}...` : text;
}

/** At most 64 digits: more are no 64-bit number, and conversion takes quadratic time. */
const integerForm = /^\s*([+-]?)((?:0x)?[0-9a-fA-F]{1,64})\s*$/u;
/** What yang-char leaves out (RFC 7950 section 14): controls, surrogates, noncharacters. */
const forbidden = new RegExp(
  `[\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufdd0-\\ufdef${Array.from({ length: 17 }, (_, plane) => {
    const base = plane * 0x10000;
    return `\\u{${(base + 0xfffe).toString(16)}}\\u{${(base + 0xffff).toString(16)}}`;
  }).join('')}]`,
  'u',
);
/** Memos of pure functions of a type. */
const enumNames = new WeakMap<EnumerationType, ReadonlySet<string>>();
const integerBounds = new WeakMap<IntegerType, readonly Float64Array[]>();
const numberBounds = new WeakMap<RangeRestriction, Float64Array>();
