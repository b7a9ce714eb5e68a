/**
 * How long a password has to wait for its check: after failures of the user from that address, of the address, and of the
 * network around it. Of the network only those count that nothing had delayed, so that one address, however it fails, makes
 * none of its neighbours wait; a guesser that goes through many addresses is slowed down all the same.
 */

export interface DelayLimits {
  /** Failures without delay: of a user from an address, of an address with all users, of a prefix with all addresses. */
  readonly freeFailures: number;
  readonly freeFailuresPerAddress: number;
  readonly freeFailuresPerPrefix: number;
  /** The first delay; each failure doubles it up to the last, which is shorter for an address and a prefix: others share them. */
  readonly firstDelayMs: number;
  readonly lastDelayMs: number;
  readonly lastSharedDelayMs: number;
  /** Failures are forgotten after this time, and the oldest where there are more than `tracked`. */
  readonly forgetFailuresMs: number;
  readonly tracked: number;
}

/** Whose password it is, and where it comes from. */
export interface Source {
  readonly user: string;
  readonly address: string;
  readonly prefix: string;
}

/** An attempt that is under way. */
export interface Attempt {
  readonly scopes: readonly Scope[];
}

export class LoginDelays {
  readonly #limits: DelayLimits;
  readonly #now: () => number;
  /** In the order of their last failure. */
  readonly #failures = new Map<string, Failures>();

  constructor(limits: DelayLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** When the next attempt may be made; 0 where nothing delays it. */
  next(source: Source): number {
    return Math.max(...this.#scopes(source).map((scope) => this.#ready(scope)));
  }

  /** Until it ends it delays like a failure, so that trying in parallel gains nothing. */
  begin(source: Source): Attempt {
    const [own, address, prefix] = this.#scopes(source);
    const isDelayed = this.#ready(own) > 0 || this.#ready(address) > 0;
    const scopes = isDelayed ? [own, address] : [own, address, prefix];
    for (const scope of scopes) {
      const failures = this.#known(scope.key) ?? { count: 0, running: 0, ready: 0, last: this.#now() };
      failures.running += 1;
      this.#delay(scope, failures);
      this.#keep(scope.key, failures);
    }
    return { scopes };
  }

  /** Only the user's own failures are forgiven: a guesser with an account of his own gains nothing for the others. */
  succeeded({ scopes: [own, ...shared] }: Attempt): void {
    if (own !== undefined) this.#failures.delete(own.key);
    for (const { key } of shared) {
      const failures = this.#failures.get(key);
      if (failures === undefined) continue;
      failures.running = Math.max(0, failures.running - 1);
      if (failures.count + failures.running === 0) this.#failures.delete(key);
    }
  }

  failed({ scopes }: Attempt): void {
    for (const scope of scopes) {
      const failures = this.#failures.get(scope.key) ?? { count: 0, running: 1, ready: 0, last: 0 };
      failures.running = Math.max(0, failures.running - 1);
      failures.count += 1;
      failures.last = this.#now();
      this.#delay(scope, failures);
      this.#keep(scope.key, failures);
    }
  }

  #scopes({ user, address, prefix }: Source): readonly [Scope, Scope, Scope] {
    const { freeFailures, freeFailuresPerAddress, freeFailuresPerPrefix, lastDelayMs, lastSharedDelayMs } =
      this.#limits;
    return [
      { key: `user ${address} ${user}`, free: freeFailures, last: lastDelayMs },
      { key: `address ${address}`, free: freeFailuresPerAddress, last: lastSharedDelayMs },
      { key: `prefix ${prefix}`, free: freeFailuresPerPrefix, last: lastSharedDelayMs },
    ];
  }

  /** Counted from now: a line that was long leaves nothing behind for who comes after it. */
  #delay({ free, last }: Scope, failures: Failures): void {
    const excess = failures.count + failures.running - free;
    if (excess < 0) return;
    failures.ready = this.#now() + Math.min(this.#limits.firstDelayMs * 2 ** Math.min(excess, 30), last);
  }

  #ready({ key }: Scope): number {
    return this.#known(key)?.ready ?? 0;
  }

  #known(key: string): Failures | undefined {
    const failures = this.#failures.get(key);
    if (failures === undefined || failures.running > 0) return failures;
    return this.#now() - failures.last > this.#limits.forgetFailuresMs ? undefined : failures;
  }

  #keep(key: string, failures: Failures): void {
    // Deleted and set again, it stands last.
    this.#failures.delete(key);
    this.#failures.set(key, failures);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= this.#limits.tracked) return;
      this.#failures.delete(oldest);
    }
  }
}

interface Scope {
  readonly key: string;
  readonly free: number;
  readonly last: number;
}

interface Failures {
  count: number;
  /** Attempts that were begun and are not decided yet. */
  running: number;
  /** When the next may be made; 0 until something delays it. */
  ready: number;
  /** When the last one was. */
  last: number;
}
