/** The restrictions of YANG types as values and MIB modules meet them: ranges, lengths, patterns, decimal text. */
import type { RangeRestriction, StringType, Type, Value } from '../../yang/index.js';

/** True where a value of this type's canonical form keeps all its restrictions. */
export function fits(type: Type, value: Value): boolean {
  switch (type.base) {
    case 'leafref':
      return fits(type.target.type, value);
    case 'string':
      return (
        typeof value === 'string' && inRanges(type.lengths, BigInt([...value].length)) && matchesPatterns(type, value)
      );
    case 'binary':
      return typeof value === 'string' && inRanges(type.lengths, BigInt(Buffer.from(value, 'base64').length));
    case 'enumeration':
      return type.enums.some((each) => each.name === value);
    case 'identityref':
      return type.bases.some((base) => [...base.derived].some((each) => `${each.module.name}:${each.name}` === value));
    case 'boolean':
      return typeof value === 'boolean';
    case 'empty':
      return value === null;
    case 'union':
      return type.members.some((member) => fits(member, value));
    case 'bits':
    case 'instance-identifier':
      return typeof value === 'string';
    case 'decimal64':
      return typeof value === 'string' && inRanges(type.ranges, scaled(value, type.fractionDigits));
    default:
      return (typeof value === 'number' || typeof value === 'bigint') && inRanges(type.ranges, BigInt(value));
  }
}

export function inRanges(ranges: readonly RangeRestriction[], value: bigint): boolean {
  return ranges.every((range) => range.parts.some((part) => value >= part.min && value <= part.max));
}

function matchesPatterns(type: StringType, value: string): boolean {
  return type.patterns.every((pattern) => pattern.matches(value) !== pattern.invert);
}

/** The outer bounds of the effective restriction. */
export function bounds(ranges: readonly RangeRestriction[]): { readonly min: number; readonly max: number } {
  const parts = ranges[0]?.parts ?? [];
  return { min: Number(parts[0]?.min ?? 0n), max: Number(parts.at(-1)?.max ?? BigInt(Number.MAX_SAFE_INTEGER)) };
}

export function rangeText(ranges: readonly RangeRestriction[]): string {
  const parts = ranges[0]?.parts ?? [];
  return `(${parts.map((part) => (part.min === part.max ? String(part.min) : `${String(part.min)}..${String(part.max)}`)).join(' | ')})`;
}

export function sizeText(min: number, max: number): string {
  return `(SIZE (${min === max ? String(min) : `${String(min)}..${String(max)}`}))`;
}

export function canonicalInteger(text: string): bigint | undefined {
  return /^[+-]?\d{1,20}$/u.test(text) ? BigInt(text.replace('+', '')) : undefined;
}

export function canonicalDecimal(text: string, digits: number): string | undefined {
  const match = /^([+-]?)0*(\d+)(?:\.(\d+))?$/u.exec(text);
  if (match === null) return undefined;
  const fraction = (match[3] ?? '').replace(/0+$/u, '');
  if (fraction.length > digits) return undefined;
  const magnitude = `${match[2]!}.${fraction === '' ? '0' : fraction}`;
  return match[1] === '-' && !/^0\.0$/u.test(magnitude) ? `-${magnitude}` : magnitude;
}

function scaled(value: string, digits: number): bigint {
  const [whole = '0', fraction = ''] = value.split('.');
  return BigInt(`${whole}${fraction.padEnd(digits, '0')}`);
}
