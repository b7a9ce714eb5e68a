/** Instances of table rows as sub-identifiers (RFC 2578 section 7.7), and those as keys of an ordered index. */
import type { Value } from '../../yang/index.js';
import { maxSubIdentifiers } from './ber.js';
import type { IndexPart, MibTable } from './model.js';
import type { IndexKey } from './ordered-index.js';
import type { Syntax } from './syntax.js';

/** The keys of one row: for each list from the outermost on its keys, for a leaf-list its value. */
export type RowKeys = readonly (readonly Value[])[];

/** True where index keys of a table are plain numbers. */
export function hasNumberKeys(table: MibTable): boolean {
  return table.index.length === 1 && table.index[0]!.object.syntax.index === 'integer';
}

/** The sub-identifiers of one part; a string says its length unless it cannot vary. */
export function partArcs(part: IndexPart, value: Value): readonly number[] {
  const { syntax } = part.object;
  if (syntax.index === 'integer') return [syntax.toArc(value)];
  const text = String(value);
  const arcs =
    syntax.index === 'oid'
      ? text.split('.').map(Number)
      : [...Buffer.from(text, syntax.index === 'octets' ? 'base64' : 'utf8')];
  return isFixed(syntax) ? arcs : [arcs.length, ...arcs];
}

/** The index key of a row's sub-identifiers (as {@link partArcs} has them); undefined where its OIDs would be too long. */
export function indexKey(table: MibTable, arcs: readonly number[]): IndexKey | undefined {
  if (hasNumberKeys(table)) return arcs[0]!;
  const named = table.implied ? arcs.toSpliced(lastPart(table, arcs), 1) : arcs;
  if (table.oid.length + 2 + named.length > maxSubIdentifiers) return undefined;
  return arcsKey(named, 0, named.length);
}

/** The inverse of {@link indexKey}. */
export function keyArcs(table: MibTable, key: IndexKey): number[] {
  if (typeof key === 'number') return [key];
  const arcs: number[] = [];
  for (let at = 0; at < key.length; at += 2) arcs.push(key.charCodeAt(at) * 65_536 + key.charCodeAt(at + 1));
  if (!table.implied) return arcs;
  const at = lastPart(table, arcs);
  return arcs.toSpliced(at, 0, arcs.length - at);
}

/** The key of sub-identifiers as they stand in an OID. */
export function arcsKey(arcs: ArrayLike<number>, from: number, to: number): string {
  let key = '';
  for (let at = from; at < to; at += 1) key += String.fromCharCode(arcs[at]! >>> 16, arcs[at]! & 0xffff);
  return key;
}

/**
 * The values that the sub-identifiers of an instance stand for, one for each index part (a number for a row number); undefined where
 * they are no instance of the table.
 */
export function indexValues(table: MibTable, arcs: ArrayLike<number>, from: number, to: number): Value[] | undefined {
  const values: Value[] = [];
  let at = from;
  for (const part of table.index) {
    const { syntax } = part.object;
    const isImplied = table.implied && part === table.index.at(-1);
    if (at > to || (at === to && !isImplied)) return undefined;
    if (syntax.index === 'integer') {
      const value = syntax.fromArc(arcs[at++]!);
      if (value === undefined || (part.key === undefined && value === 0)) return undefined;
      values.push(value);
      continue;
    }
    const length = isImplied ? to - at : isFixed(syntax) ? syntax.minOctets : arcs[at++]!;
    if (at + length > to) return undefined;
    if (syntax.index === 'oid') {
      values.push(Array.from({ length }, (_, index) => arcs[at + index]!).join('.'));
      at += length;
      continue;
    }
    const octets = Buffer.alloc(length);
    for (let index = 0; index < length; index += 1) {
      if (arcs[at + index]! > 255) return undefined;
      octets[index] = arcs[at + index]!;
    }
    at += length;
    const decoded = syntax.read(octets, 0, length);
    if (!('value' in decoded)) return undefined;
    values.push(decoded.value);
  }
  return at === to ? values : undefined;
}

/** How many sub-identifiers name a row of the table where more follow; undefined where there are fewer. */
export function outerEnd(table: MibTable, arcs: readonly number[]): number | undefined {
  let at = 0;
  for (const part of table.index) {
    if (at >= arcs.length) return undefined;
    at += partLength(part, arcs, at);
  }
  return at > arcs.length ? undefined : at;
}

/** Where the arcs of the last part begin. */
function lastPart(table: MibTable, arcs: readonly number[]): number {
  return table.index.slice(0, -1).reduce((at, part) => at + partLength(part, arcs, at), 0);
}

/** How many arcs a part takes that begins at `at`. */
function partLength({ object: { syntax } }: IndexPart, arcs: readonly number[], at: number): number {
  if (syntax.index === 'integer') return 1;
  return isFixed(syntax) ? syntax.minOctets : 1 + arcs[at]!;
}

function isFixed(syntax: Syntax): boolean {
  return syntax.minOctets === syntax.maxOctets;
}
