/**
 * Checks user names and passwords for every northbound that has them. Guessing is slowed down per user and address prefix,
 * exponentially and up to a limit; nobody is ever locked out, and from another prefix the right password works at once.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { impossibleHash, type PasswordHash, parseHash, verifyPassword } from './password.js';

export interface LoginAttempt {
  readonly user: string;
  readonly password: string;
  /** The peer's IP address without its port; '' for a peer on this machine that has none. */
  readonly address: string;
}

/**
 * `busy`: too many wait to be checked, nothing was checked. A `proof` stands for the verified password, for
 * {@link Login.stillHolds}.
 */
export type LoginResult =
  | { readonly kind: 'accepted'; readonly proof: LoginProof }
  | { readonly kind: 'refused' }
  | { readonly kind: 'busy' };

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

export interface LoginLimits {
  /** Passwords that are checked at the same time: each takes 16 MB and a thread. */
  readonly concurrent: number;
  /** Attempts that wait for a check, in all and from one address prefix. */
  readonly waiting: number;
  readonly waitingPerPrefix: number;
  /** How long a verified password is remembered, and how many are. */
  readonly rememberMs: number;
  readonly remembered: number;
  /** Failures without delay: of a user from a prefix, and of a prefix with all users. */
  readonly freeFailures: number;
  readonly freeFailuresPerPrefix: number;
  /** The first delay; each failure doubles it up to the last, which is shorter for a prefix: others share it. */
  readonly firstDelayMs: number;
  readonly lastDelayMs: number;
  readonly lastDelayPerPrefixMs: number;
  /** Failures are forgotten after this time, and the oldest where there are more than `tracked`. */
  readonly forgetFailuresMs: number;
  readonly tracked: number;
}

export class Login {
  readonly #lookup: LoginOptions['lookup'];
  readonly #now: () => number;
  readonly #wait: (milliseconds: number) => Promise<void>;
  readonly #limits: LoginLimits;
  /** Made anew by every process, so that a remembered digest says nothing to anyone else. */
  readonly #key = randomBytes(32);
  readonly #nobody: PasswordHash = impossibleHash();
  /** Digest of user, hash and password to the time until which it is remembered; the oldest first. */
  readonly #remembered = new Map<string, number>();
  readonly #failures = new Map<string, Failures>();
  readonly #waitingPerPrefix = new Map<string, number>();
  readonly #queue: (() => void)[] = [];
  #waiting = 0;
  #running = 0;

  constructor(options: LoginOptions) {
    this.#lookup = options.lookup;
    this.#now = options.now ?? (() => performance.now());
    this.#wait = options.wait ?? sleep;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  /** Takes the same for users that do not exist. */
  async verify(attempt: LoginAttempt): Promise<LoginResult> {
    if (attempt.user.length > maxLength || attempt.password.length > maxLength) return { kind: 'refused' };
    const hash = this.#lookup(attempt.user)?.hash;
    const digest = this.#digest(attempt.user, hash ?? '', attempt.password);
    // A digest names the hash that it was verified against: once the user changes it is never found again.
    if (hash !== undefined && (this.#remembered.get(digest) ?? 0) > this.#now()) return accepted(attempt.user, digest);

    const prefix = addressPrefix(attempt.address);
    const waiting = this.#waitingPerPrefix.get(prefix) ?? 0;
    if (this.#waiting >= this.#limits.waiting || waiting >= this.#limits.waitingPerPrefix) return { kind: 'busy' };
    this.#waiting += 1;
    this.#waitingPerPrefix.set(prefix, waiting + 1);
    try {
      return await this.#check(attempt, prefix, hash, digest);
    } finally {
      this.#waiting -= 1;
      const left = (this.#waitingPerPrefix.get(prefix) ?? 1) - 1;
      if (left > 0) this.#waitingPerPrefix.set(prefix, left);
      else this.#waitingPerPrefix.delete(prefix);
    }
  }

  /** True as long as the user has the password that the proof is of. For what stays with its connection. */
  stillHolds(proof: LoginProof, attempt: { readonly user: string; readonly password: string }): boolean {
    const hash = this.#lookup(attempt.user)?.hash;
    // Both are keyed digests, so comparing them tells nothing about the password, whatever time it takes.
    return hash !== undefined && proof.digest === this.#digest(attempt.user, hash, attempt.password);
  }

  async #check(attempt: LoginAttempt, prefix: string, hash: string | undefined, digest: string): Promise<LoginResult> {
    const own = `${prefix} ${attempt.user}`;
    const reserved = [
      this.#reserve(own, this.#limits.freeFailures, this.#limits.lastDelayMs),
      this.#reserve(prefix, this.#limits.freeFailuresPerPrefix, this.#limits.lastDelayPerPrefixMs),
    ];
    try {
      const delay = Math.max(...reserved.map(({ start }) => start)) - this.#now();
      if (delay > 0) await this.#wait(delay);
      const parsed = hash === undefined ? undefined : parseHash(hash);
      const right = await this.#inTurn(() => verifyPassword(attempt.password, parsed ?? this.#nobody));
      if (!right || parsed === undefined) {
        this.#fail(own);
        this.#fail(prefix);
        return { kind: 'refused' };
      }
    } finally {
      for (const { failures } of reserved) if (failures !== undefined) failures.pending -= 1;
    }
    // Only this user's failures are forgiven: a guesser with an account of his own gains nothing for the others.
    this.#failures.delete(own);
    this.#remember(digest);
    return accepted(attempt.user, digest);
  }

  /** When the attempt may be checked; those that follow come after it, so that trying in parallel gains nothing. */
  #reserve(key: string, free: number, last: number): { readonly start: number; readonly failures?: Failures } {
    const now = this.#now();
    const failures = this.#failures.get(key);
    if (failures === undefined || now - failures.last > this.#limits.forgetFailuresMs) return { start: now };
    const excess = failures.count + failures.pending - free;
    failures.pending += 1;
    if (excess < 0) return { start: now, failures };
    const delay = Math.min(this.#limits.firstDelayMs * 2 ** Math.min(excess, 30), last);
    failures.next = Math.max(now, failures.next) + delay;
    return { start: failures.next, failures };
  }

  #fail(key: string): void {
    const now = this.#now();
    const known = this.#failures.get(key);
    const current = known !== undefined && now - known.last <= this.#limits.forgetFailuresMs ? known : undefined;
    const failures = current ?? { count: 0, pending: 0, next: now, last: now };
    failures.count += 1;
    failures.last = now;
    // Deleted and set again, it stands last: the map is in order of the last failure.
    this.#failures.delete(key);
    this.#failures.set(key, failures);
    dropOldest(this.#failures, this.#limits.tracked);
  }

  #remember(digest: string): void {
    this.#remembered.delete(digest);
    this.#remembered.set(digest, this.#now() + this.#limits.rememberMs);
    dropOldest(this.#remembered, this.#limits.remembered);
  }

  /** Runs at most `concurrent` at a time, in order; a place that becomes free goes to the next. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.concurrent) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #digest(user: string, hash: string, password: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([user, hash, password]))
      .digest('base64');
  }
}

/** The network that an address is counted under: IPv4 /24, IPv6 /56, as one subscriber commonly has. */
export function addressPrefix(address: string): string {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=[0-9.]+$)/i, '');
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(plain)) return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`;
  if (!plain.includes(':')) return 'local';
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16));
  const [a = 0, b = 0, c = 0, d = 0] = network;
  return `${[a, b, c, d & 0xff00].map((group) => group.toString(16)).join(':')}::/56`;
}

interface Failures {
  count: number;
  /** Attempts that were given a start time and are not decided yet. */
  pending: number;
  /** The latest start time that was given. */
  next: number;
  /** When the last one was. */
  last: number;
}

function accepted(user: string, digest: string): LoginResult {
  return { kind: 'accepted', proof: { user, digest } };
}

function dropOldest(map: Map<string, unknown>, size: number): void {
  for (const key of map.keys()) {
    if (map.size <= size) return;
    map.delete(key);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const maxLength = 1024;

const defaultLimits: LoginLimits = {
  concurrent: 2,
  waiting: 64,
  waitingPerPrefix: 16,
  rememberMs: 60_000,
  remembered: 256,
  freeFailures: 3,
  freeFailuresPerPrefix: 20,
  firstDelayMs: 250,
  lastDelayMs: 8_000,
  lastDelayPerPrefixMs: 1_000,
  forgetFailuresMs: 900_000,
  tracked: 4096,
};
