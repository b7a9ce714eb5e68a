/**
 * Who may confirm over HTTPS: where the commit that is to be confirmed changed what the listener serves, only a client on a
 * connection made after that change. One made before proves nothing about whether the service can still be reached.
 */
import type { DatastoreEvent, Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { ConnectionInfo } from './request.js';

export interface SwitchGuardOptions {
  /** The listener's: it grows with every switch. */
  readonly epoch: () => number;
  /** Of the datastore: commits are told after they were applied. */
  readonly subscribe: (listener: (event: DatastoreEvent) => void) => () => void;
}

export class SwitchGuard {
  readonly #epoch: () => number;
  readonly #unsubscribe: () => void;
  /** The last commit that switched, and the epoch that began with it. */
  #last: { readonly transaction: string; readonly epoch: number };

  constructor(options: SwitchGuardOptions) {
    this.#epoch = options.epoch;
    this.#last = { transaction: '', epoch: options.epoch() };
    this.#unsubscribe = options.subscribe((event) => {
      const epoch = this.#epoch();
      if (event.kind === 'commit' && epoch !== this.#last.epoch) this.#last = { transaction: event.transaction, epoch };
    });
  }

  /** Throws ConfigError where a confirmation may not come over this connection. */
  check(connection: ConnectionInfo, session: Pick<Session, 'transaction' | 'history'>): void {
    if (connection.epoch >= this.#last.epoch || !this.#isUnconfirmed(session)) return;
    throw new ConfigError({
      type: 'protocol',
      tag: 'operation-failed',
      message:
        'this connection was made before the commit changed the HTTPS service; confirm over a new connection, which shows that the service can be reached',
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  /**
   * True where the switch came with a confirmed commit that is running itself, or that running only extends. An
   * older confirmed commit that was confirmed in the meantime counts as well; then all that is asked for is to reconnect.
   */
  #isUnconfirmed(session: Pick<Session, 'transaction' | 'history'>): boolean {
    const running = session.transaction();
    const history = session.history();
    const at = history.findIndex(({ transaction }) => transaction === this.#last.transaction);
    const head = history.findIndex(({ transaction }) => transaction === running);
    if (at < 0 || head < 0) return false;
    const since = at < head ? history.slice(at, head + 1) : history.slice(head, at + 1);
    return since.every(({ kind }) => kind === 'confirmed-commit');
  }
}
