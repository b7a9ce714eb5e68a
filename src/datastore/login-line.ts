/**
 * The line in which passwords wait for their check. It is bounded for a user at an address, an address, a prefix and in all;
 * where it is full the oldest of whoever has most in it goes, and who has fewest in it comes first: a crowd waits behind itself.
 */
import { firstOfMost } from './crowd.js';
import { type Attempt, type DelayLimits, LoginDelays, type Source } from './login-delays.js';

export interface LineLimits extends DelayLimits {
  /** Passwords that are checked at the same time: each takes 16 MB and a thread. */
  readonly concurrent: number;
  /** Attempts that wait for a check: in all, from one address prefix, from one address, and there of one user. */
  readonly waiting: number;
  readonly waitingPerPrefix: number;
  readonly waitingPerAddress: number;
  readonly waitingPerUser: number;
}

/** `busy` where it had to make room for another: with the milliseconds until it might be checked. */
export type Turn =
  | { readonly kind: 'checked'; readonly isRight: boolean }
  | { readonly kind: 'busy'; readonly after: number };

export class LoginLine {
  readonly #limits: LineLimits;
  readonly #now: () => number;
  readonly #wait: (milliseconds: number) => Promise<void>;
  readonly #delays: LoginDelays;
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  /** When the line is looked at again. */
  #due = Number.POSITIVE_INFINITY;

  constructor(limits: LineLimits, now: () => number, wait: (milliseconds: number) => Promise<void>) {
    this.#limits = limits;
    this.#now = now;
    this.#wait = wait;
    this.#delays = new LoginDelays(limits, now);
  }

  /** Calls `check` when it is its turn. */
  async inTurn(source: Source, check: () => Promise<boolean>): Promise<Turn> {
    const attempt = await new Promise<Attempt | undefined>((called) => {
      const waiting = { ...source, called };
      this.#waiting.add(waiting);
      this.#callNext();
      if (this.#waiting.has(waiting)) this.#keepBounds(source);
    });
    if (attempt === undefined) return { kind: 'busy', after: Math.max(0, this.#delays.next(source) - this.#now()) };
    let isRight = false;
    try {
      isRight = await check();
    } finally {
      this.#running -= 1;
      if (isRight) this.#delays.succeeded(attempt);
      else this.#delays.failed(attempt);
      this.#callNext();
    }
    return { kind: 'checked', isRight };
  }

  /** After one has come: where its line is too long now, another goes. */
  #keepBounds(source: Source): void {
    const { waiting, waitingPerPrefix, waitingPerAddress, waitingPerUser } = this.#limits;
    let left: readonly Waiting[] = [...this.#waiting];
    let full = left.length > waiting ? left : undefined;
    for (const [part, limit] of [
      [prefixOf, waitingPerPrefix],
      [addressOf, waitingPerAddress],
      [userOf, waitingPerUser],
    ] as const) {
      left = left.filter((one) => part(one) === part(source));
      if (left.length > limit) full = left;
    }
    if (full === undefined) return;
    const oldest = firstOfMost(full, parts);
    this.#waiting.delete(oldest!);
    oldest!.called(undefined);
  }

  #callNext(): void {
    while (this.#running < this.#limits.concurrent && this.#waiting.size > 0) {
      const starts = new Map([...this.#waiting].map((one) => [one, this.#delays.next(one)]));
      const now = this.#now();
      const ready = [...this.#waiting].filter((one) => starts.get(one)! <= now);
      if (ready.length === 0) {
        this.#callAt(Math.min(...starts.values()));
        return;
      }
      const [next] = parts.reduce((left, part) => this.#fewest(left, part), ready);
      this.#waiting.delete(next!);
      this.#running += 1;
      next!.called(this.#delays.begin(next!));
    }
  }

  #callAt(due: number): void {
    if (due >= this.#due) return;
    this.#due = due;
    void this.#wait(due - this.#now()).then(() => {
      // One that was set for later does no harm: it finds who is ready, or nobody.
      if (this.#due === due) this.#due = Number.POSITIVE_INFINITY;
      this.#callNext();
    });
  }

  #fewest(among: Waiting[], part: Part): Waiting[] {
    const sizes = new Map<string, number>();
    for (const one of this.#waiting) sizes.set(part(one), (sizes.get(part(one)) ?? 0) + 1);
    const sizeOf = (one: Waiting) => sizes.get(part(one))!;
    const least = Math.min(...among.map(sizeOf));
    return among.filter((one) => sizeOf(one) === least);
  }
}

interface Waiting extends Source {
  readonly called: (attempt: Attempt | undefined) => void;
}

type Part = (source: Source) => string;

const prefixOf: Part = ({ prefix }) => prefix;
const addressOf: Part = ({ address }) => address;
const userOf: Part = ({ address, user }) => `${address} ${user}`;
/** From the widest to the narrowest. */
const parts = [prefixOf, addressOf, userOf] as const;
