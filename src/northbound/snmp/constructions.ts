/** Rows under construction (RowStatus createAndWait): how many there are, and when each is forgotten. */
import type { JobRows } from './jobs.js';
import type { IndexKey } from './ordered-index.js';
import { maxPending } from './set-plan.js';
import type { TableRows } from './table-rows.js';

type AnyRows = TableRows | JobRows;

export class Constructions {
  readonly #now: () => number;
  readonly #rows = new Set<{ readonly rows: AnyRows; readonly key: IndexKey; readonly expires: number }>();

  /** `now` gives monotonic seconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get isFull(): boolean {
    return this.#rows.size >= maxPending;
  }

  add(rows: AnyRows, key: IndexKey, expires: number): void {
    this.#rows.add({ rows, key, expires });
  }

  /** It is no longer under construction. */
  release(rows: AnyRows, key: IndexKey): void {
    for (const entry of this.#rows) if (entry.rows === rows && entry.key === key) this.#rows.delete(entry);
  }

  forget(rows: AnyRows, key: IndexKey): void {
    this.release(rows, key);
    if (rows.index.get(key)?.pending !== undefined) rows.drop(key);
  }

  expire(): void {
    const now = this.#now();
    for (const { rows, key, expires } of this.#rows) if (expires <= now) this.forget(rows, key);
  }
}
