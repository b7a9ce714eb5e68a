/** Which rows have a value in one column: what a walk goes by where most rows have none, so that it does not look at each of them. */
import { type IndexKey, OrderedIndex } from './ordered-index.js';

/** As far as it matters here. */
interface Keyed {
  readonly key: IndexKey;
}

export class Presence<R extends Keyed> {
  readonly index = new OrderedIndex<R>();
  /** Seconds on the monotonic clock; then what is not told of is to be looked at again. */
  due = Number.POSITIVE_INFINITY;
  /** Until then it is gone by while another is made. */
  usable = Number.POSITIVE_INFINITY;
  /** Settles when the rows have been looked at, where that took turns of the event loop. */
  ready: Promise<void> | undefined;
  readonly #hasValue: (row: R) => boolean;
  readonly #keyOf: (key: IndexKey) => IndexKey;

  /** Of no row yet; `keyOf` gives the key that orders the rows for the key that a row has. */
  constructor(hasValue: (row: R) => boolean, keyOf: (key: IndexKey) => IndexKey = same) {
    this.#hasValue = hasValue;
    this.#keyOf = keyOf;
  }

  /** Looks at each row once, one a step; rows may come and go between two steps if `update` and `drop` are called. */
  *fill(rows: () => OrderedIndex<R>): Generator<void> {
    let key: IndexKey | undefined;
    for (;;) {
      const index = rows();
      const cursor = key === undefined ? index.first() : index.after(key);
      if (cursor === undefined) return;
      const row = index.at(cursor);
      ({ key } = row);
      this.update(row);
      yield;
    }
  }

  /** To be called where a row came, or may have another value. */
  update(row: R): void {
    if (this.#hasValue(row)) this.index.set(this.#keyOf(row.key), row);
    else this.drop(row.key);
  }

  drop(key: IndexKey): void {
    this.index.delete(this.#keyOf(key));
  }
}

const same = (key: IndexKey): IndexKey => key;
