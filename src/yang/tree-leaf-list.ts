/** Makes a leaf-list of values as they come, in steps of which none takes long. */
import type { LeafListSchema, Value } from './schema.js';
import type { IsDue } from './slices.js';
import { type Compare, scalarOrder } from './tree-order.js';

/**
 * Configuration is a set (RFC 7950 7.7), in order of value unless the user orders it; state keeps what came, duplicates too
 * (7.7.7). Values in order cost nothing but their place; else they are sorted by merging, as `advance` is called.
 */
export class LeafListLoader {
  readonly schema: LeafListSchema;
  readonly #compare: Compare<Value>;
  readonly #duplicate: (value: Value) => void;
  #values: Value[] = [];
  /** Of a list that the user orders: what has come. */
  readonly #seen: Set<Value> | undefined;
  /** False once a value has come that is not above the one before it. */
  #isSorted: boolean;
  #merge: Merge | undefined;

  constructor(schema: LeafListSchema, duplicate: (value: Value) => void) {
    this.schema = schema;
    this.#compare = scalarOrder(schema);
    this.#duplicate = duplicate;
    this.#seen = schema.config && schema.orderedBy === 'user' ? new Set() : undefined;
    this.#isSorted = true;
  }

  add(value: Value): void {
    const values = this.#values;
    if (this.#seen !== undefined) {
      if (this.#seen.has(value)) {
        this.#duplicate(value);
        return;
      }
      this.#seen.add(value);
    } else if (this.schema.config && this.#isSorted && values.length > 0) {
      this.#isSorted = this.#compare(values[values.length - 1]!, value) < 0;
    }
    values.push(value);
  }

  /** Whether it would take long to make ready at once. */
  get isLong(): boolean {
    return !this.#isSorted && this.#values.length > firstWidth;
  }

  /** Sorts on; true when the values may be taken. */
  advance(isDue: IsDue): boolean {
    if (this.#isSorted) return true;
    this.#merge ??= new Merge(this.#values, this.#compare, this.#duplicate);
    if (!this.#merge.advance(isDue)) return false;
    this.#values = this.#merge.values;
    this.#isSorted = true;
    return true;
  }

  /** When `advance` has returned true. */
  get values(): readonly Value[] {
    return this.#values;
  }
}

/** Sorts from the bottom up; each of two equal values is told and left out. */
class Merge {
  /** The result, when `advance` has returned true. */
  values: Value[];
  readonly #compare: Compare<Value>;
  readonly #duplicate: (value: Value) => void;
  /** Length of the runs that are sorted; 0 while the first runs are made. */
  #width = 0;
  #next: Value[] = [];
  /** The start of the run that is being made, and how far its two halves are used up. */
  #start = 0;
  #left = 0;
  #right = 0;

  constructor(values: Value[], compare: Compare<Value>, duplicate: (value: Value) => void) {
    this.values = values;
    this.#compare = compare;
    this.#duplicate = duplicate;
  }

  advance(isDue: IsDue): boolean {
    while (this.#width === 0 || this.#width < this.values.length) {
      if (isDue()) return false;
      if (this.#width === 0) this.#firstRun();
      else this.#mergeSome();
    }
    return this.#dropTwins(isDue);
  }

  #firstRun(): void {
    const end = Math.min(this.#start + firstWidth, this.values.length);
    for (const value of this.values.slice(this.#start, end).sort(this.#compare)) this.#next.push(value);
    this.#start = end;
    if (end === this.values.length) this.#pass(firstWidth);
  }

  /** Some values of the two runs that begin at `#start`. */
  #mergeSome(): void {
    const { values } = this;
    const middle = Math.min(this.#start + this.#width, values.length);
    const end = Math.min(middle + this.#width, values.length);
    for (let count = 0; count < firstWidth; count++) {
      const [left, right] = [this.#start + this.#left, middle + this.#right];
      if (left >= middle && right >= end) {
        this.#start = end;
        this.#left = 0;
        this.#right = 0;
        if (end === values.length) this.#pass(this.#width * 2);
        return;
      }
      const takesLeft = right >= end || (left < middle && this.#compare(values[left]!, values[right]!) <= 0);
      this.#next.push(values[takesLeft ? left : right]!);
      if (takesLeft) this.#left++;
      else this.#right++;
    }
  }

  #pass(width: number): void {
    this.values = this.#next;
    this.#next = [];
    this.#start = 0;
    this.#width = width;
  }

  #dropTwins(isDue: IsDue): boolean {
    const { values } = this;
    while (this.#start < values.length) {
      if (isDue()) return false;
      const end = Math.min(this.#start + firstWidth, values.length);
      for (; this.#start < end; this.#start++) {
        const value = values[this.#start]!;
        const last = this.#next.at(-1);
        if (this.#next.length === 0 || this.#compare(last!, value) !== 0) this.#next.push(value);
        else this.#duplicate(value);
      }
    }
    this.values = this.#next;
    return true;
  }
}

/** Values that are sorted, or merged, at once. */
const firstWidth = 256;
