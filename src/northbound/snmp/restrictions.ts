/** The restrictions of YANG types as values and MIB modules meet them: ranges, lengths, patterns, decimal text. */
import { ConfigError } from '../../error.js';
import { type Module, parseValue, type RangeRestriction, type Type, type Value } from '../../yang/index.js';

/** The value that a text stands for, in canonical form, by the rules that every interface has; undefined where it is none of the type. */
export function valueOfText(type: Type, text: string): Value | undefined {
  try {
    return parseValue(type, text, {
      schema: undefined,
      form: 'json',
      resolvePrefix: (prefix) => moduleOf(type, prefix),
    });
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** The module of that name among those of the identities that the type admits. */
function moduleOf(type: Type, name: string): Module | undefined {
  if (type.base === 'leafref') return moduleOf(type.target.type, name);
  if (type.base === 'union')
    return type.members.map((member) => moduleOf(member, name)).find((each) => each !== undefined);
  if (type.base !== 'identityref') return undefined;
  const derived = type.bases.flatMap((base) => [...base.derived]);
  return derived.find(({ module }) => module.name === name)?.module;
}

export function inRanges(ranges: readonly RangeRestriction[], value: bigint): boolean {
  return ranges.every((range) => range.parts.some((part) => value >= part.min && value <= part.max));
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
