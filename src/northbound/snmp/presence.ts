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
  readonly #hasValue: (row: R) => boolean;
  readonly #keyOf: (key: IndexKey) => IndexKey;

  /** Looks at each row once; `keyOf` gives the key that orders the rows for the key that a row has. */
  constructor(rows: Iterable<R>, hasValue: (row: R) => boolean, keyOf: (key: IndexKey) => IndexKey = same) {
    this.#hasValue = hasValue;
    this.#keyOf = keyOf;
    for (const row of rows) if (hasValue(row)) this.index.set(keyOf(row.key), row);
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
