/**
 * An ordered map in chunks: the rows of one table in SNMP order. Keys are numbers where the index is one integer, else strings of two
 * UTF-16 units for each sub-identifier, which JavaScript compares in the order of RFC 2578.
 */

export type IndexKey = number | string;

interface Chunk<V> {
  readonly keys: IndexKey[];
  readonly values: V[];
}

const chunkSize = 512;

/** A place in an index; valid only until the index changes, hence only within one synchronous run. */
export interface Cursor {
  chunk: number;
  offset: number;
}

/** What a walk needs of an index, stored or computed. */
export interface RowIndex<V> {
  get(key: IndexKey): V | undefined;
  first(): Cursor | undefined;
  /** The place of the first entry behind `key`. */
  after(key: IndexKey): Cursor | undefined;
  /** Moves a cursor on; false at the end. */
  advance(cursor: Cursor): boolean;
  at(cursor: Cursor): V;
}

export class OrderedIndex<V> implements RowIndex<V> {
  #chunks: Chunk<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: IndexKey): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const offset = lowerBound(chunk.keys, key);
    return chunk.keys[offset] === key ? chunk.values[offset] : undefined;
  }

  set(key: IndexKey, value: V): void {
    let at = this.#chunkOf(key);
    let chunk = this.#chunks[at];
    if (chunk === undefined) {
      // behind all others: in order of arrival the chunks stay full
      at = this.#chunks.length - 1;
      chunk = this.#chunks[at];
      if (chunk === undefined || chunk.keys.length >= chunkSize) {
        this.#chunks.push({ keys: [key], values: [value] });
        this.#size += 1;
        return;
      }
    }
    const offset = lowerBound(chunk.keys, key);
    if (chunk.keys[offset] === key) {
      chunk.values[offset] = value;
      return;
    }
    chunk.keys.splice(offset, 0, key);
    chunk.values.splice(offset, 0, value);
    this.#size += 1;
    if (chunk.keys.length <= chunkSize) return;
    const half = chunkSize / 2;
    this.#chunks.splice(at + 1, 0, { keys: chunk.keys.splice(half), values: chunk.values.splice(half) });
  }

  /** True if it was there. */
  delete(key: IndexKey): boolean {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const offset = lowerBound(chunk.keys, key);
    if (chunk.keys[offset] !== key) return false;
    chunk.keys.splice(offset, 1);
    chunk.values.splice(offset, 1);
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1);
    this.#size -= 1;
    return true;
  }

  /** The place of the first entry; undefined where there is none. */
  first(): Cursor | undefined {
    return this.#size === 0 ? undefined : { chunk: 0, offset: 0 };
  }

  /** The place of an entry; undefined where there is none. */
  placeOf(key: IndexKey): Cursor | undefined {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return undefined;
    const offset = lowerBound(chunk.keys, key);
    return chunk.keys[offset] === key ? { chunk: at, offset } : undefined;
  }

  after(key: IndexKey): Cursor | undefined {
    let at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return undefined;
    let offset = lowerBound(chunk.keys, key);
    if (chunk.keys[offset] === key) offset += 1;
    if (offset >= chunk.keys.length) {
      at += 1;
      offset = 0;
    }
    return at < this.#chunks.length ? { chunk: at, offset } : undefined;
  }

  advance(cursor: Cursor): boolean {
    cursor.offset += 1;
    if (cursor.offset < this.#chunks[cursor.chunk]!.keys.length) return true;
    cursor.chunk += 1;
    cursor.offset = 0;
    return cursor.chunk < this.#chunks.length;
  }

  at(cursor: Cursor): V {
    return this.#chunks[cursor.chunk]!.values[cursor.offset]!;
  }

  *[Symbol.iterator](): Iterator<V> {
    for (const chunk of this.#chunks) yield* chunk.values;
  }

  /** The first chunk whose last key is not before `key`. */
  #chunkOf(key: IndexKey): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { keys } = chunks[middle]!;
      if (keys[keys.length - 1]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lowerBound(keys: readonly IndexKey[], key: IndexKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
