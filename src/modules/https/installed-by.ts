/** Which transaction installed what stands in an entry: told by the history, so that nothing has to be written for it. */
import type { KeptRoot, Root } from '../../datastore/index.js';
import type { Branch, DataTree, ListData } from '../../yang/index.js';
import { container, list } from '../read.js';
import { httpsContainer } from './entry.js';

/**
 * Looks through each kept point once, at what differs from the one before it. What the oldest kept point holds already was
 * installed by a transaction that is no longer known, unless it is that of the first start.
 */
export class InstalledBy {
  readonly #kept: () => readonly KeptRoot[];
  readonly #by = new WeakMap<Branch, string>();
  #seen: DataTree | undefined;
  #former: ListData | undefined;
  #transaction: string | undefined;

  constructor(kept: () => readonly KeptRoot[]) {
    this.#kept = kept;
  }

  /** The id of the transaction; undefined where it has left the history. `running` is what is in force. */
  of(installed: Branch, running: Root): string | undefined {
    if (this.#seen !== running.system) this.#look(running.system);
    return this.#by.get(installed);
  }

  #look(running: DataTree): void {
    const kept = this.#kept();
    const after = kept.findIndex(({ transaction }) => transaction === this.#transaction) + 1;
    for (const { system, transaction } of kept.slice(after)) {
      this.#take(list(httpsContainer(system), 'certificate'), transaction);
      this.#transaction = transaction;
    }
    this.#seen = running;
  }

  #take(entries: ListData | undefined, transaction: string): void {
    const former = this.#former;
    if (entries === undefined || entries === former) return;
    if (former !== undefined) for (const { after } of entries.changesSince(former)) this.#mark(after, transaction);
    else if (transaction === '1' || this.#transaction !== undefined) {
      for (const entry of entries) this.#mark(entry, transaction);
    }
    this.#former = entries;
  }

  #mark(entry: Branch | undefined, transaction: string): void {
    const installed = container(entry, 'installed');
    if (installed !== undefined && !this.#by.has(installed)) this.#by.set(installed, transaction);
  }
}
