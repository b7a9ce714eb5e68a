/** range and length arguments (RFC 7950 9.2.4, 9.4.4) as scaled integers, and the subset rule along a typedef chain. */
import { StatementError } from './diagnostics.js';
import type { Statement } from './parser.js';
import type { RangeRestriction } from './types.js';

export interface Bounds {
  readonly min: bigint;
  readonly max: bigint;
}

/**
 * Reads a range or length statement against the one that it narrows. Values are integers in units of
 * 10^-`fractionDigits`. Throws a fault where parts are out of order, overlap or reach outside `within`.
 */
export function readRange(statement: Statement, within: readonly Bounds[], fractionDigits = 0): RangeRestriction {
  const first = within[0]!;
  const last = within.at(-1)!;
  const parts: Bounds[] = [];
  for (const text of statement.name.split('|')) {
    const match = /^\s*([^\s.]+(?:\.[0-9]+)?)\s*(?:\.\.\s*([^\s.]+(?:\.[0-9]+)?)\s*)?$/u.exec(text);
    if (match === null) throw syntaxFault(statement, text);
    const min = boundary(statement, match[1]!, first.min, last.max, fractionDigits);
    const max = match[2] === undefined ? min : boundary(statement, match[2], first.min, last.max, fractionDigits);
    if (min > max)
      throw new StatementError(statement, `${label(statement)}: the bounds of '${text.trim()}' are in the wrong order`);
    const before = parts.at(-1);
    if (before !== undefined && min <= before.max) {
      throw new StatementError(statement, `${label(statement)}: '${text.trim()}' is not above the part before it`);
    }
    parts.push({ min, max });
  }
  for (const part of parts) {
    if (!joined(within).some((outer) => outer.min <= part.min && part.max <= outer.max)) {
      throw new StatementError(statement, `${label(statement)} is not within ${show(within, fractionDigits)}`);
    }
  }
  return {
    parts,
    errorMessage: statement.text('error-message'),
    errorAppTag: statement.text('error-app-tag'),
  };
}

/** Parts that touch count as one: 1..4|5..9 allows 1..9. */
function joined(parts: readonly Bounds[]): Bounds[] {
  const result: Bounds[] = [];
  for (const part of parts) {
    const before = result.at(-1);
    if (before !== undefined && before.max + 1n >= part.min)
      result[result.length - 1] = { min: before.min, max: part.max };
    else result.push(part);
  }
  return result;
}

function boundary(statement: Statement, text: string, min: bigint, max: bigint, fractionDigits: number): bigint {
  if (text === 'min') return min;
  if (text === 'max') return max;
  const value = readDecimal(text, fractionDigits, statement.keyword === 'length');
  if (value === undefined) throw syntaxFault(statement, text);
  return value;
}

/** A decimal number in units of 10^-`fractionDigits`; undefined where it is none or has more digits than that. */
function readDecimal(text: string, fractionDigits: number, unsigned: boolean): bigint | undefined {
  const pattern = unsigned ? /^(?:0|[1-9][0-9]*)$/u : /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/u;
  if (!pattern.test(text)) return undefined;
  const [whole, fraction = ''] = text.split('.');
  if (fraction.length > fractionDigits) return undefined;
  return BigInt(whole! + fraction.padEnd(fractionDigits, '0'));
}

function syntaxFault(statement: Statement, text: string): StatementError {
  return new StatementError(statement, `${label(statement)}: expected a value or MIN..MAX, found '${text.trim()}'`);
}

function label(statement: Statement): string {
  return `'${statement.keyword} ${statement.name}'`;
}

function show(parts: readonly Bounds[], fractionDigits: number): string {
  const texts = parts.map(({ min, max }) =>
    min === max ? decimal(min, fractionDigits) : `${decimal(min, fractionDigits)}..${decimal(max, fractionDigits)}`,
  );
  return `'${texts.join(' | ')}'`;
}

function decimal(value: bigint, fractionDigits: number): string {
  if (fractionDigits === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(fractionDigits + 1, '0');
  const at = digits.length - fractionDigits;
  const fraction = digits.slice(at).replace(/0+$/u, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, at)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The limits of the built-in integer types, of lengths, and of decimal64 before scaling (9.3). */
export const builtInBounds: Readonly<Record<string, Bounds>> = {
  int8: { min: -128n, max: 127n },
  int16: { min: -32768n, max: 32767n },
  int32: { min: -2147483648n, max: 2147483647n },
  int64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint8: { min: 0n, max: 255n },
  uint16: { min: 0n, max: 65535n },
  uint32: { min: 0n, max: 4294967295n },
  uint64: { min: 0n, max: 2n ** 64n - 1n },
  length: { min: 0n, max: 2n ** 64n - 1n },
  decimal64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
};
