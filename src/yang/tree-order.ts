/** The order of list keys: numbers by value, strings by code point, key by key; and the B+tree that keeps it. */
import { createRequire } from 'node:module';
import type sortedBTree from 'sorted-btree';
import type bulkLoading from 'sorted-btree/extended/bulkLoad.js';
import type differing from 'sorted-btree/extended/diffAgainst.js';
import type { LeafListSchema, LeafSchema, ListSchema, Value } from './schema.js';
import type { Type } from './types.js';

export type Compare<K> = (a: K, b: K) => number;

/** The key of an entry in a list's map: the one key value, or the array of the entry's slots where there are several. */
export type EntryKey = Value | readonly unknown[];

// `import` of a CommonJS package searches its text for exports first: 20 ms of a start.
const load = createRequire(import.meta.url);
const { default: BTree } = load('sorted-btree') as typeof sortedBTree;
const { bulkLoad } = load('sorted-btree/extended/bulkLoad.js') as typeof bulkLoading;
export const { default: diffSortedMaps } = load('sorted-btree/extended/diffAgainst.js') as typeof differing;
export type SortedMap<K, V> = InstanceType<typeof BTree<K, V>>;

export function sortedMap<K, V>(compare: Compare<K>): SortedMap<K, V> {
  return new BTree<K, V>(undefined, compare);
}

/** A map from strictly ascending keys, in linear time. */
export function loadSortedMap<K, V>(keys: K[], values: V[], compare: Compare<K>): SortedMap<K, V> {
  return keys.length === 0 ? sortedMap(compare) : bulkLoad(keys, values, nodeSize, compare);
}

/** Orders two values of one type; values of different kinds (in a union) by kind. */
export function compareScalars(a: Value, b: Value): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : a > b || typeof a === 'bigint' ? 1 : -1;
  if (typeof a === 'boolean' && typeof b === 'boolean') return a ? 1 : -1;
  return kindRank(a) - kindRank(b);
}

/** By code point: UTF-16 order differs from it where surrogates meet U+E000 and above. */
export function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** The comparison that suits a leaf's type: decimal64 values, strings in memory, go by number. */
export function scalarOrder(leaf: LeafSchema | LeafListSchema): Compare<Value> {
  const type = targetType(leaf.type);
  return type.base === 'decimal64' ? compareDecimals : type.base === 'string' ? compareText : compareScalars;
}

/** The order of a list's entries. One function per schema node, since maps are told apart by it when they are compared. */
export function entryOrder(list: ListSchema): Compare<EntryKey> {
  let order = orders.get(list);
  if (order === undefined) {
    order = makeEntryOrder(list);
    orders.set(list, order);
  }
  return order;
}

function makeEntryOrder(list: ListSchema): Compare<EntryKey> {
  const parts = list.keys.map((key) => ({ slot: key.slot, compare: scalarOrder(key) }));
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    const { compare } = only;
    return (a, b) => compare(a as Value, b as Value);
  }
  return (a, b) => {
    for (const { slot, compare } of parts) {
      const x = (a as readonly Value[])[slot];
      const y = (b as readonly Value[])[slot];
      // A probe without its last keys comes before all that have them.
      if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
      const order = compare(x, y);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function targetType(type: Type): Type {
  let current = type;
  while (current.base === 'leafref') current = current.target.type;
  return current;
}

function compareText(a: Value, b: Value): number {
  return a === b ? 0 : compareStrings(a as string, b as string);
}

function compareDecimals(a: Value, b: Value): number {
  if (a === b) return 0;
  const [x, y] = [decimalUnits(a as string), decimalUnits(b as string)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** In units of 10^-18, the finest that decimal64 has. */
function decimalUnits(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(18, '0')}`);
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function kindRank(value: Value): number {
  return value === null ? 0 : typeof value === 'boolean' ? 1 : typeof value === 'string' ? 3 : 2;
}

function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

const nodeSize = 32;
/** A memo of pure functions. */
const orders = new WeakMap<ListSchema, Compare<EntryKey>>();
