/** Whole-datastore locks (RFC 6241 7.5): who holds which, and what the others are told. */
import { ConfigError } from '../error.js';

export type Lockable = 'running' | 'candidate' | 'startup';

export class Locks {
  readonly #holders = new Map<Lockable, number>();

  /** `lock-denied` with the holder's session-id (0 where it is not a session) where another holds it, or where it is held twice. */
  lock(datastore: Lockable, session: number): void {
    const holder = this.#holders.get(datastore);
    if (holder !== undefined) {
      throw lockDenied(`${datastore} is locked by session ${holder}`, holder);
    }
    this.#holders.set(datastore, session);
  }

  /** `operation-failed` where this session does not hold it (RFC 6241 7.6). */
  unlock(datastore: Lockable, session: number): void {
    const holder = this.#holders.get(datastore);
    if (holder === session) {
      this.#holders.delete(datastore);
      return;
    }
    const message = holder === undefined ? `${datastore} is not locked` : `session ${holder} holds the lock`;
    throw new ConfigError({ type: 'protocol', tag: 'operation-failed', message });
  }

  /** Frees what a session that ended held. */
  release(session: number): readonly Lockable[] {
    const freed = [...this.#holders].filter(([, holder]) => holder === session).map(([datastore]) => datastore);
    for (const datastore of freed) this.#holders.delete(datastore);
    return freed;
  }

  holder(datastore: Lockable): number | undefined {
    return this.#holders.get(datastore);
  }

  /** `in-use` where another session holds the lock. */
  check(datastore: Lockable, session: number): void {
    const holder = this.#holders.get(datastore);
    if (holder === undefined || holder === session) return;
    throw new ConfigError({
      type: 'protocol',
      tag: 'in-use',
      message: `${datastore} is locked by session ${holder}`,
      info: { 'session-id': String(holder) },
    });
  }
}

/** `holder`: a session-id, 0 where it is none. */
export function lockDenied(message: string, holder: number): ConfigError {
  return new ConfigError({ type: 'protocol', tag: 'lock-denied', message, info: { 'session-id': String(holder) } });
}
