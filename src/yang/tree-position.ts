/**
 * A persistent sequence: values in a sorted map under integer positions that leave gaps. Where a gap is used up, the
 * positions around it are spread anew (list labelling after Bender and others, 2002): insertion stays O(log n), amortised.
 */
import { type SortedMap, sortedMap } from './tree-order.js';

export class PositionMap<V> {
  /** By position; for comparing versions. */
  readonly map: SortedMap<number, V>;

  constructor(map: SortedMap<number, V> = sortedMap(compareNumbers)) {
    this.map = map;
  }

  clone(): PositionMap<V> {
    return new PositionMap(this.map.clone());
  }

  get(position: number): V | undefined {
    return this.map.get(position);
  }

  values(from?: number): IterableIterator<V> {
    return this.map.values(from);
  }

  before(position: number): V | undefined {
    return this.map.nextLowerPair(position)?.[1];
  }

  replace(position: number, value: V): void {
    this.map.set(position, value);
  }

  delete(position: number): void {
    this.map.delete(position);
  }

  /** Puts `value` at a place and returns its position; `relabelled` is told of values whose position changed. */
  insert(
    value: V,
    where: 'first' | 'last' | 'before' | 'after',
    anchor: number | undefined,
    relabelled: (value: V, position: number) => void,
  ): number {
    let gap = this.#gap(where, anchor);
    if (gap.high - gap.low < 2) {
      const crowded = anchor ?? (where === 'first' ? this.map.minKey()! : this.map.maxKey()!);
      const moved = this.#spread(crowded, relabelled);
      gap = this.#gap(where, anchor === undefined ? undefined : moved);
    }
    const position = choose(gap.low, gap.high, where);
    this.map.set(position, value);
    return position;
  }

  #gap(where: 'first' | 'last' | 'before' | 'after', anchor: number | undefined): { low: number; high: number } {
    if (where === 'first') return { low: 0, high: this.map.minKey() ?? span };
    if (where === 'last') return { low: this.map.maxKey() ?? 0, high: span };
    if (where === 'before') return { low: this.map.nextLowerKey(anchor!) ?? 0, high: anchor! };
    return { low: anchor!, high: this.map.nextHigherKey(anchor!) ?? span };
  }

  /** Spreads the positions of the smallest aligned range around `at` that is not too full; where `at` went. */
  #spread(at: number, relabelled: (value: V, position: number) => void): number {
    let width = 4;
    let capacity = 1;
    let low: number;
    let pairs: [number, V][];
    do {
      width *= 2;
      capacity *= 2 / density;
      low = Math.floor(at / width) * width;
      pairs = this.map.getRange(low, low + width, false);
    } while (pairs.length > capacity && width < span);
    const step = width / (pairs.length + 1);
    for (const [old] of pairs) this.map.delete(old);
    let moved = at;
    for (const [index, [old, value]] of pairs.entries()) {
      const now = low + Math.floor((index + 1) * step);
      this.map.set(now, value);
      if (old === at) moved = now;
      if (now !== old) relabelled(value, now);
    }
    return moved;
  }
}

/** At the ends positions go on in even steps, so that a list that only grows there never needs spreading. */
function choose(low: number, high: number, where: string): number {
  const half = Math.floor((high - low) / 2);
  if (where === 'last') return low === 0 ? span / 2 : low + Math.min(stride, half);
  if (where === 'first') return high === span ? span / 2 : high - Math.min(stride, half);
  return low + half;
}

function compareNumbers(a: number, b: number): number {
  return a - b;
}

/** Positions are integers from 1 to span - 1. */
const span = 2 ** 52;
const stride = 2 ** 24;
/** A range of twice the width may be this much less dense: what makes insertion O(log n), amortised. */
const density = 1.3;
