/** Conversions between the kinds of XPath 1.0 (section 4), and what the text says of numbers and strings. */
import type { Value } from '../schema.js';

/** Section 4.4, number(): anything but an optional sign and decimal digits with white space around is NaN. */
export function textNumber(text: string): number {
  return numberForm.test(text) ? Number(text) : Number.NaN;
}

/** Section 4.2, string(): decimal, never with an exponent; both zeros are `0`. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) {
    return Math.abs(value) < 1e21 ? String(value === 0 ? 0 : value) : BigInt(value).toString();
  }
  const text = String(value);
  const exponent = text.indexOf('e-');
  if (exponent < 0) return text;
  const sign = value < 0 ? '-' : '';
  const digits = text.slice(sign.length, exponent).replace('.', '');
  return `${sign}0.${'0'.repeat(Number(text.slice(exponent + 2)) - 1)}${digits}`;
}

/** The string-value of a leaf: its canonical text. */
export function valueText(value: Value): string {
  return typeof value === 'string' ? value : value === null ? '' : String(value);
}

/** The number that a leaf's string-value stands for. */
export function valueNumber(value: Value): number {
  switch (typeof value) {
    case 'number':
      return value;
    case 'bigint':
      return Number(value);
    case 'string':
      return textNumber(value);
    default:
      return Number.NaN;
  }
}

/** Section 4.2: characters from the position `start` on, counted from 1, both numbers rounded. */
export function substring(text: string, start: number, length: number | undefined): string {
  const from = Math.round(start);
  const end = length === undefined ? Number.POSITIVE_INFINITY : from + Math.round(length);
  let result = '';
  let position = 0;
  for (const character of text) {
    position++;
    if (position >= end) break;
    if (position >= from) result += character;
  }
  // NaN compares false both ways: nothing is at or beyond it.
  return Number.isNaN(from) || Number.isNaN(end) ? '' : result;
}

/** In characters, not UTF-16 units. */
export function stringLength(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) pairs++;
  return text.length - pairs;
}

export function normalizeSpace(text: string): string {
  return text.replace(/[ \t\r\n]+/gu, ' ').replace(/^ | $/gu, '');
}

/** Section 4.2: of characters that `from` has twice the first counts; what has no counterpart in `to` goes. */
export function translate(text: string, from: string, to: string): string {
  const targets = [...to];
  const table = new Map<string, string>();
  for (const [index, character] of [...from].entries()) {
    if (!table.has(character)) table.set(character, targets[index] ?? '');
  }
  let result = '';
  for (const character of text) result += table.get(character) ?? character;
  return result;
}

const numberForm = /^[ \t\r\n]*-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[ \t\r\n]*$/u;
