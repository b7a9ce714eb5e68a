/** The confirmed commit that is open (RFC 6241 8.4): where it falls back to, who may confirm it, and when it times out. */
import { ConfigError } from '../error.js';
import type { Origin } from './contract.js';
import type { Point } from './history.js';
import type { Clock } from './log.js';
import type { Session } from './session.js';

export interface Asker {
  readonly session: number;
  readonly origin: Origin;
}

export interface OpenCommit {
  readonly fallback: Point;
  /** The transaction that is not confirmed yet. */
  readonly transaction: string;
  readonly persistId: string;
  /** True: it outlives its session, and others may confirm it with the id. */
  readonly persist: boolean;
  readonly owner: Asker;
  readonly deadline: number;
}

export function asker(session: Session): Asker {
  return { session: session.id, origin: session.origin };
}

export function newPersistId(): string {
  return crypto.randomUUID();
}

export class ConfirmedCommit {
  readonly #clock: Clock;
  readonly #expired: () => void;
  #open: OpenCommit | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  get open(): OpenCommit | undefined {
    return this.#open;
  }

  /** Opens, or extends what is open: then the first fallback stays. */
  begin(commit: Omit<OpenCommit, 'deadline'>, seconds: number): void {
    this.#cancelTimer?.();
    const milliseconds = seconds * 1000;
    this.#open = { ...commit, deadline: this.#clock.now() + milliseconds };
    this.#cancelTimer = this.#clock.after(milliseconds, this.#expired, 'background');
  }

  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#open = undefined;
  }

  /** No more time-outs: what is open when the agent stops is undone at the next start. */
  stop(): void {
    this.#cancelTimer?.();
  }

  /** Asks again later, where going back was not possible. */
  retry(milliseconds: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(milliseconds, this.#expired, 'background');
  }

  /** The open commit, for one who may confirm or cancel it; ConfigError for others and where none is open. */
  claim(asker: Asker, persistId: string | undefined, recoverable: boolean): OpenCommit {
    const open = this.#open;
    if (open === undefined) {
      throw new ConfigError({ type: 'protocol', tag: 'operation-failed', message: 'no confirmed commit is open' });
    }
    // An id that is given and wrong means another commit than the one that is open, whoever says it.
    const isRecovery = recoverable && persistId === undefined && asker.origin.protocol === 'local';
    if (!this.owns(open, asker, persistId) && !isRecovery) {
      const message =
        persistId === undefined
          ? 'the confirmed commit was issued by another session; its persist-id is needed'
          : 'the persist-id is not that of the open confirmed commit';
      throw new ConfigError({ type: 'protocol', tag: 'invalid-value', message });
    }
    return open;
  }

  /**
   * `in-use` where a confirmed commit is open and this commit neither confirms nor extends it: with its id, over NETCONF in
   * the session that issued it (RFC 6241 8.4.1), or with a timeout of its own by the user who did. No other commit confirms
   * in passing: that would take away the safeguard, and pass by who guards confirmations.
   */
  check(asker: Asker, commit: { readonly persistId: string | undefined; readonly isConfirmed: boolean }): void {
    const open = this.#open;
    if (open === undefined) return;
    const { persistId, isConfirmed } = commit;
    const isNamed = persistId !== undefined && persistId === open.persistId;
    const isFollowing = asker.origin.protocol === 'netconf' || isConfirmed;
    if (isNamed || (persistId === undefined && isFollowing && this.owns(open, asker, undefined))) return;
    const left = Math.max(0, Math.ceil((open.deadline - this.#clock.now()) / 1000));
    throw new ConfigError({
      type: 'protocol',
      tag: 'in-use',
      message: `a confirmed commit of ${open.owner.origin.user} is open for another ${left} s; confirm or cancel it first`,
    });
  }

  /**
   * With an id, the id decides. Without: over NETCONF the session that issued it, unless it persists; over protocols whose
   * requests are sessions of their own the user who did.
   */
  owns(open: OpenCommit, asker: Asker, persistId: string | undefined): boolean {
    if (persistId !== undefined) return persistId === open.persistId;
    const isNetconf = (origin: Origin): boolean => origin.protocol === 'netconf';
    if (isNetconf(asker.origin) || isNetconf(open.owner.origin)) {
      return !open.persist && asker.session === open.owner.session;
    }
    const { user, protocol } = asker.origin;
    return protocol !== 'system' && user === open.owner.origin.user;
  }
}
