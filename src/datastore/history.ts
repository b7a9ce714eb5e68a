/** The points that running can go back to: each commit with its root, the oldest first, bounded by count and age. */
import { ConfigError } from '../error.js';
import type { Root } from './contract.js';
import type { HistoryEntry } from './session.js';

export interface Point {
  readonly entry: HistoryEntry;
  readonly root: Root;
  /** The offset behind its record in the journal: what came later lies from there on. */
  readonly end: number;
}

export interface Retention {
  /** How many points are kept at most; the running one counts. */
  readonly count: number;
  /** Milliseconds; older points go, but never the last ten: a clock that is wrong must not empty the history. */
  readonly age: number;
}

export const defaultRetention: Retention = { count: 200, age: Number.POSITIVE_INFINITY };

/** What the root that is running from here on says. */
export type RetentionOf = (running: Root) => Retention;

/** Points that no age takes away. */
const ageless = 10;

export class History {
  readonly #retention: RetentionOf;
  readonly #listeners = new Set<() => void>();
  #points: Point[];
  /** That of the startup datastore. */
  #held: Root | undefined;

  constructor(retention: RetentionOf, first: Point) {
    this.#retention = retention;
    this.#points = [first];
  }

  get head(): Point {
    return this.#points.at(-1)!;
  }

  get oldest(): Point {
    return this.#points[0]!;
  }

  get points(): readonly Point[] {
    return this.#points;
  }

  /** The root of the startup datastore, which is kept beside the points. */
  get held(): Root | undefined {
    return this.#held;
  }

  hold(root: Root | undefined): void {
    const former = this.#held;
    this.#held = root;
    if (former !== undefined && former.system !== root?.system) for (const listener of [...this.#listeners]) listener();
  }

  /** Entries for people, the newest first. */
  entries(): readonly HistoryEntry[] {
    return this.#points.map((point) => point.entry).reverse();
  }

  add(point: Point, now: number, keep?: Point): void {
    this.#points.push(point);
    const { count, age } = this.#retention(point.root);
    const isOld = (one: Point) =>
      this.#points.length > count || (this.#points.length > ageless && now - one.entry.time > age);
    const first = this.oldest.root.system;
    while (this.#points.length > 1 && this.#points[0] !== keep && isOld(this.#points[0]!)) this.#points.shift();
    if (this.oldest.root.system !== first) for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back when points have left whose system state is not that of the oldest that stays; gives what ends it. */
  forgotten(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What came before that transaction is forgotten, whatever the retention. */
  forget(transaction: string): void {
    this.#points = this.#points.slice(this.#points.indexOf(this.find(transaction)));
    for (const listener of [...this.#listeners]) listener();
  }

  /** ConfigError `data-missing` where the transaction is not among the kept ones. */
  find(transaction: string): Point {
    const point = this.#points.find((one) => one.entry.transaction === transaction);
    if (point !== undefined) return point;
    const message = `there is no transaction ${transaction} in the history`;
    throw new ConfigError({ tag: 'data-missing', message, info: { transaction } });
  }
}
