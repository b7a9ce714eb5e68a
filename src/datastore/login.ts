/**
 * Checks user names and passwords for every northbound that has them. Guessing is slowed down by delays that grow up to a
 * limit; nobody is ever locked out. What comes from other addresses costs a user nothing, and where he has logged in lately the
 * right password needs no turn, whatever others fail with at the same address.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { addressPrefix, plainAddress } from './address-prefix.js';
import { type LineLimits, LoginLine } from './login-line.js';
import { impossibleHash, type PasswordHash, parseHash, verifyPassword } from './password.js';

export interface LoginAttempt {
  readonly user: string;
  readonly password: string;
  /** The peer's IP address without its port; '' for a peer on this machine that has none. */
  readonly address: string;
}

/**
 * `busy`: too many wait to be checked, and this one made room for another; worth trying again after that many seconds.
 * A `proof` stands for the verified password, for {@link Login.stillHolds}.
 */
export type LoginResult =
  | { readonly kind: 'accepted'; readonly proof: LoginProof }
  | { readonly kind: 'refused' }
  | { readonly kind: 'busy'; readonly retryAfter: number };

/** Opaque, and worthless outside this process. */
export interface LoginProof {
  readonly user: string;
  readonly digest: string;
}

export interface LoginOptions {
  /** Asked at every attempt and every reuse of a proof, so it must be cheap. Undefined: no such user, or no password. */
  readonly lookup: (user: string) => { readonly hash: string } | undefined;
  /** Milliseconds, steadily growing. */
  readonly now?: () => number;
  readonly wait?: (milliseconds: number) => Promise<void>;
  readonly limits?: Partial<LoginLimits>;
}

export interface LoginLimits extends LineLimits {
  /** For how long a password that was verified is taken without being verified again. */
  readonly rememberMs: number;
  /** For how long after its last use the right password needs no turn at its address, and for how many that is kept. */
  readonly atHomeMs: number;
  readonly remembered: number;
  readonly rememberedPerUser: number;
  /**
   * Wrong passwords at a user's address until the right one needs its turn there too; one is forgotten in the time of the longest
   * delay. So no more guesses are let through by that, for long, than by waiting.
   */
  readonly missesWhileRemembered: number;
}

export class Login {
  readonly #lookup: LoginOptions['lookup'];
  readonly #now: () => number;
  readonly #limits: LoginLimits;
  /** Made anew by every process, so that a remembered digest says nothing to anyone else. */
  readonly #key = randomBytes(32);
  readonly #nobody: PasswordHash = impossibleHash();
  /** What was verified at an address, for a user; the one that was used last stands last. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #line: LoginLine;
  /** What waits or is checked, for those who say the same meanwhile. */
  readonly #underWay = new Map<string, Promise<LoginResult>>();

  constructor(options: LoginOptions) {
    this.#lookup = options.lookup;
    this.#now = options.now ?? (() => performance.now());
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#line = new LoginLine(this.#limits, this.#now, options.wait ?? sleep);
  }

  /** Takes the same for users that do not exist. */
  async verify({ user, password, address: from }: LoginAttempt): Promise<LoginResult> {
    if (user.length > maxLength || password.length > maxLength) return { kind: 'refused' };
    const address = plainAddress(from);
    const home = this.#recall(user, address, password);
    if (home !== undefined && home.verifiedUntil > this.#now()) return { kind: 'accepted', proof: home.proof };
    const same = this.#digest(user, address, password);
    const known = this.#underWay.get(same);
    if (known !== undefined) return await known;
    const result =
      home === undefined ? this.#check(user, address, password) : this.#checkAgain(home, address, password);
    this.#underWay.set(same, result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(same);
    }
  }

  /** True as long as the user has the password that the proof is of. For what stays with its connection. */
  stillHolds(proof: LoginProof, attempt: { readonly user: string; readonly password: string }): boolean {
    const hash = this.#lookup(attempt.user)?.hash;
    // Both are keyed digests, so comparing them tells nothing about the password, whatever time it takes.
    return hash !== undefined && proof.digest === this.#digest(attempt.user, hash, attempt.password);
  }

  async #check(user: string, address: string, password: string): Promise<LoginResult> {
    let proof: LoginProof | undefined;
    const turn = await this.#line.inTurn({ user, address, prefix: addressPrefix(address) }, async () => {
      // Not before: while it waited the user may have got another password.
      const hash = this.#lookup(user)?.hash;
      const parsed = hash === undefined ? undefined : parseHash(hash);
      const isRight = await verifyPassword(password, parsed ?? this.#nobody);
      if (hash === undefined || parsed === undefined || !isRight) return false;
      proof = { user, digest: this.#digest(user, hash, password) };
      return true;
    });
    if (turn.kind === 'busy') return { kind: 'busy', retryAfter: Math.max(1, Math.ceil(turn.after / 1000)) };
    if (proof === undefined) return { kind: 'refused' };
    this.#remember(proof, address);
    return { kind: 'accepted', proof };
  }

  /** Without a turn: it is the password that was right before, and few guess it where it was. */
  async #checkAgain({ proof }: Remembered, address: string, password: string): Promise<LoginResult> {
    const hash = this.#lookup(proof.user)?.hash;
    const parsed = hash === undefined ? undefined : parseHash(hash);
    if (parsed === undefined || !(await verifyPassword(password, parsed))) return { kind: 'refused' };
    this.#remember(proof, address);
    return { kind: 'accepted', proof };
  }

  /** Where the user was verified with this password at this address lately. */
  #recall(user: string, address: string, password: string): Remembered | undefined {
    const key = `${address} ${user}`;
    const remembered = this.#remembered.get(key);
    const hash = this.#lookup(user)?.hash;
    if (remembered === undefined || hash === undefined) return undefined;
    const now = this.#now();
    if (remembered.until <= now) {
      this.#remembered.delete(key);
      return undefined;
    }
    const forgotten = (now - remembered.missesAt) / this.#limits.lastDelayMs;
    remembered.misses = Math.max(0, remembered.misses - forgotten);
    remembered.missesAt = now;
    // The digest names the hash that it was verified against: once the user changes it is never found again.
    if (remembered.proof.digest !== this.#digest(user, hash, password)) {
      remembered.misses += 1;
      return undefined;
    }
    if (remembered.misses >= this.#limits.missesWhileRemembered) return undefined;
    remembered.until = now + this.#limits.atHomeMs;
    this.#remembered.delete(key);
    this.#remembered.set(key, remembered);
    return remembered;
  }

  #remember(proof: LoginProof, address: string): void {
    const key = `${address} ${proof.user}`;
    const now = this.#now();
    const { misses, missesAt } = this.#remembered.get(key) ?? { misses: 0, missesAt: now };
    const { rememberMs, atHomeMs } = this.#limits;
    this.#remembered.delete(key);
    this.#remembered.set(key, { proof, verifiedUntil: now + rememberMs, until: now + atHomeMs, misses, missesAt });
    // With an account and many addresses one pushes out his own, not those of others.
    const own = [...this.#remembered].filter(([, { proof: other }]) => other.user === proof.user);
    if (own.length > this.#limits.rememberedPerUser) this.#remembered.delete(own[0]![0]);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > this.#limits.remembered) this.#remembered.delete(oldest!);
  }

  #digest(...facts: readonly string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(facts)).digest('base64');
  }
}

interface Remembered {
  readonly proof: LoginProof;
  readonly verifiedUntil: number;
  until: number;
  /** As of that time. */
  misses: number;
  missesAt: number;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const maxLength = 1024;

const defaultLimits: LoginLimits = {
  concurrent: 2,
  waiting: 64,
  waitingPerPrefix: 16,
  waitingPerAddress: 8,
  waitingPerUser: 2,
  rememberMs: 60_000,
  atHomeMs: 900_000,
  remembered: 256,
  rememberedPerUser: 16,
  missesWhileRemembered: 10_000,
  freeFailures: 3,
  freeFailuresPerAddress: 20,
  freeFailuresPerPrefix: 60,
  firstDelayMs: 250,
  lastDelayMs: 8_000,
  lastSharedDelayMs: 1_000,
  forgetFailuresMs: 900_000,
  tracked: 4096,
};
