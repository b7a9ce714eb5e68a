/** Ranges of numbers that JSON writes as strings (RFC 7951 6.1) as regular expressions, for JSON Schema. */
import type { Bounds } from './ranges.js';

/**
 * An anchored expression for the lexical forms (RFC 7950 9.2.1, 9.3.1) of the numbers within `parts`, which are in units
 * of 10^-`fractionDigits`: a sign, leading zeros, and in a fraction zeros at the end may be written or not.
 */
export function numberPattern(parts: readonly Bounds[], fractionDigits: number): string {
  const forms: string[] = [];
  for (const { min, max } of parts) {
    if (max >= 0n) forms.push(`\\+?${magnitudes(min > 0n ? min : 0n, max, fractionDigits)}`);
    // Zero may have a sign of either kind.
    if (min <= 0n) forms.push(`-${magnitudes(max < 0n ? -max : 0n, -min, fractionDigits)}`);
  }
  return forms.length === 1 ? `^${forms[0]!}$` : `^(?:${forms.join('|')})$`;
}

function magnitudes(low: bigint, high: bigint, fractionDigits: number): string {
  if (fractionDigits === 0) return `0*${wholes(low, high)}`;
  const scale = 10n ** BigInt(fractionDigits);
  const [lowWhole, highWhole] = [low / scale, high / scale];
  const [lowPart, highPart] = [low, high].map((value) => String(value % scale).padStart(fractionDigits, '0'));
  if (lowWhole === highWhole) return `0*${wholes(lowWhole, lowWhole)}${fraction(between(lowPart!, highPart!))}`;
  // The first and the last whole number where not every fraction goes with them, and all others.
  const [isLowFull, isHighFull] = [/^0*$/u.test(lowPart!), /^9*$/u.test(highPart!)];
  const from = isLowFull ? lowWhole : lowWhole + 1n;
  const to = isHighFull ? highWhole : highWhole - 1n;
  const forms: string[] = [];
  if (!isLowFull) forms.push(`${wholes(lowWhole, lowWhole)}${fraction(atLeast(lowPart!))}`);
  if (from <= to) forms.push(`${wholes(from, to)}${fraction(digits(0, fractionDigits))}`);
  if (!isHighFull) forms.push(`${wholes(highWhole, highWhole)}${fraction(atMost(highPart!))}`);
  return `0*${either(forms)}`;
}

/** Digits after the point; the point goes with them, and what may be empty may be missing altogether. */
function fraction(form: Form): string {
  if (form.text === '') return '(?:\\.0+)?';
  const written = `\\.${form.mayBeEmpty ? `(?=[0-9])` : ''}${form.text}0*`;
  return form.mayBeEmpty ? `(?:${written})?` : written;
}

/** Whole numbers without leading zeros; zero has at least one digit. */
function wholes(low: bigint, high: bigint): string {
  if (low === high) return String(low);
  const forms: string[] = [];
  const [shortest, longest] = [String(low).length, String(high).length];
  let full: readonly [from: number, to: number] | undefined;
  for (let length = shortest; length <= longest; length++) {
    const first = length === shortest ? String(low) : `1${'0'.repeat(length - 1)}`;
    const last = length === longest ? String(high) : '9'.repeat(length);
    const isFull = /^(?:10*|0)$/u.test(first) && /^9+$/u.test(last);
    if (isFull) full = [full?.[0] ?? length, length];
    else forms.push(fixed(first, last));
  }
  if (full !== undefined) {
    const [from, to] = full;
    // With leading zeros before it, a number that is shorter is of this form too.
    forms.push(from === 1 && low === 0n ? `[0-9]${repeat(0, to - 1)}` : `[1-9]${repeat(from - 1, to - 1)}`);
  }
  return either(forms);
}

/** Numbers of as many digits as both bounds have. */
function fixed(first: string, last: string): string {
  if (first === '') return '';
  if (first === last) return first;
  const [a, b] = [first[0]!, last[0]!];
  const [low, high] = [first.slice(1), last.slice(1)];
  if (a === b) return `${a}${fixed(low, high)}`;
  const all = repeat(low.length, low.length);
  const [isLowFull, isHighFull] = [/^0*$/u.test(low), /^9*$/u.test(high)];
  const from = Number(a) + (isLowFull ? 0 : 1);
  const to = Number(b) - (isHighFull ? 0 : 1);
  const forms: string[] = [];
  if (!isLowFull) forms.push(`${a}${fixed(low, '9'.repeat(low.length))}`);
  if (from <= to) forms.push(`${digit(from, to)}${all}`);
  if (!isHighFull) forms.push(`${b}${fixed('0'.repeat(high.length), high)}`);
  return either(forms);
}

/** Digits of a fraction, where those left out at the end are zeros. */
interface Form {
  readonly text: string;
  readonly mayBeEmpty: boolean;
}

function between(low: string, high: string): Form {
  if (/^0*$/u.test(low)) return atMost(high);
  const [a, b] = [low[0]!, high[0]!];
  if (a === b) return required(`${a}${part(between(low.slice(1), high.slice(1)))}`);
  const forms = [`${a}${part(atLeast(low.slice(1)))}`];
  if (Number(b) - Number(a) > 1) {
    forms.push(`${digit(Number(a) + 1, Number(b) - 1)}${part(digits(0, low.length - 1))}`);
  }
  forms.push(`${b}${part(atMost(high.slice(1)))}`);
  return required(either(forms));
}

function atLeast(low: string): Form {
  if (/^0*$/u.test(low)) return digits(0, low.length);
  const forms = [`${low[0]!}${part(atLeast(low.slice(1)))}`];
  if (low[0] !== '9') forms.push(`${digit(Number(low[0]) + 1, 9)}${part(digits(0, low.length - 1))}`);
  return required(either(forms));
}

function atMost(high: string): Form {
  if (/^9*$/u.test(high)) return digits(0, high.length);
  const forms = [`${high[0]!}${part(atMost(high.slice(1)))}`];
  if (high[0] !== '0') forms.push(`${digit(0, Number(high[0]) - 1)}${part(digits(0, high.length - 1))}`);
  return { text: either(forms), mayBeEmpty: true };
}

function digits(min: number, max: number): Form {
  return { text: repeat(min, max), mayBeEmpty: min === 0 };
}

function required(text: string): Form {
  return { text, mayBeEmpty: false };
}

function part({ text, mayBeEmpty }: Form): string {
  return mayBeEmpty && text !== '' && !/^\[0-9\]\{0,[0-9]+\}$/u.test(text) ? `(?:${text})?` : text;
}

function repeat(min: number, max: number): string {
  if (max === 0) return '';
  if (min === 1 && max === 1) return '[0-9]';
  return min === max ? `[0-9]{${String(min)}}` : `[0-9]{${String(min)},${String(max)}}`;
}

function digit(from: number, to: number): string {
  return from === to ? String(from) : `[${String(from)}-${String(to)}]`;
}

function either(forms: readonly string[]): string {
  return forms.length === 1 ? forms[0]! : `(?:${forms.join('|')})`;
}
