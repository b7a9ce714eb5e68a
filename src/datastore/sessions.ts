/** The sessions that are open: their ids, how many there may be, and who may end them (RFC 6241 7.9). */
import { ConfigError } from '../error.js';
import type { Origin } from './contract.js';

/** A session as others see it. */
export interface SessionInfo {
  readonly id: number;
  readonly origin: Origin;
  /** When it was opened, in milliseconds since the epoch. */
  readonly since: number;
}

export interface SessionLimits {
  /** Of all users together. */
  readonly total: number;
  /** Of one user. */
  readonly perUser: number;
}

export const defaultSessionLimits: SessionLimits = { total: 4096, perUser: 1024 };

interface Member extends SessionInfo {
  kill(): void;
  close(): void;
}

export class SessionRegistry<Open extends Member> {
  readonly #limits: SessionLimits;
  readonly #open = new Map<number, Open>();
  readonly #users = new Map<string, number>();
  #lastId = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** The session that `make` gives for a new id. `resource-denied` where there are too many. */
  open(origin: Origin, make: (id: number) => Open): Open {
    const isCounted = !uncounted.has(origin.protocol);
    const own = this.#users.get(origin.user) ?? 0;
    if (isCounted && (this.#open.size >= this.#limits.total || own >= this.#limits.perUser)) {
      const who = own >= this.#limits.perUser ? `user ${origin.user}` : 'the agent';
      throw new ConfigError({
        type: 'protocol',
        tag: 'resource-denied',
        message: `${who} has too many sessions open; close one`,
      });
    }
    do this.#lastId = (this.#lastId % maxSessionId) + 1;
    while (this.#open.has(this.#lastId));
    const session = make(this.#lastId);
    // SNMP knows no sessions: nobody would close them.
    if (origin.protocol === 'snmp') return session;
    this.#open.set(session.id, session);
    this.#users.set(origin.user, own + 1);
    return session;
  }

  forget({ id, origin }: SessionInfo): void {
    if (!this.#open.delete(id)) return;
    const left = (this.#users.get(origin.user) ?? 1) - 1;
    if (left > 0) this.#users.set(origin.user, left);
    else this.#users.delete(origin.user);
  }

  /** In the order in which they were opened; those of the system itself are not among them. */
  list(): readonly SessionInfo[] {
    return [...this.#open.values()]
      .filter(({ origin }) => origin.protocol !== 'system')
      .map(({ id, origin, since }) => ({ id, origin, since }));
  }

  /** `invalid-value` for the asker's own session and for what is none (RFC 6241 7.9). */
  kill(id: number, asker: number): void {
    const session = this.#open.get(id);
    if (session !== undefined && id !== asker && session.origin.protocol !== 'system') {
      session.kill();
      return;
    }
    const message = id === asker ? 'a session does not kill itself; close it' : `there is no session ${id}`;
    throw new ConfigError({ type: 'protocol', tag: 'invalid-value', message });
  }

  closeAll(): void {
    for (const session of [...this.#open.values()]) session.close();
  }
}

/** The way back in is never full. */
const uncounted: ReadonlySet<string> = new Set(['local', 'system', 'snmp']);
/** RFC 6241's session-id is an unsigned 32-bit number. */
const maxSessionId = 2 ** 32 - 1;
