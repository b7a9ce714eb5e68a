/** What goes to the journal: commits in their order, behind those that happened and that the disk did not take yet. */
import type { Log } from './log.js';
import type { CommitRecord, Store } from './store.js';

export class Recorder {
  readonly #store: Store;
  readonly #log: Log;
  /** Transactions that happened and are not on disk. */
  readonly #owed: CommitRecord[] = [];

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * Writes commits, behind those that are still owed: a journal without them would give another tree. Resolves with the offset
   * behind each of `commits`.
   */
  async write(commits: readonly CommitRecord[]): Promise<readonly number[]> {
    const owed = [...this.#owed];
    const ends = await this.#store.write([...owed, ...commits]);
    this.#owed.splice(0, owed.length);
    return ends.slice(owed.length);
  }

  /**
   * Writes the record of what cannot be refused any more. Where the disk does not take it, it is owed: no commit is
   * acknowledged before it is written. Gives the offset behind it, or `end` where it is owed.
   */
  async writeOrOwe(commit: CommitRecord, end: number): Promise<number> {
    try {
      const [own] = await this.write([commit]);
      return own!;
    } catch (error) {
      this.#owed.push(commit);
      const { transaction, comment } = commit.entry;
      const fields = { transaction, comment, cause: String(error) };
      this.#log('error', 'alarm: a transaction could not be recorded; commits are refused until it is', fields);
      return end;
    }
  }

  /** Writes what is owed. */
  async settle(): Promise<void> {
    if (this.#owed.length > 0) await this.write([]);
  }
}
