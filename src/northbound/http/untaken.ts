/** How much of what was sent waits in memory for the clients of each user to take it. */
import type { ServerResponse } from 'node:http';

export class Untaken {
  readonly #octets = new Map<string, number>();

  of(user: string): number {
    return this.#octets.get(user) ?? 0;
  }

  /** An answer that is handed over now; it counts until it is taken or its connection is gone. */
  add(user: string, octets: number, outgoing: ServerResponse): void {
    if (octets < worthCounting) return;
    this.#octets.set(user, this.of(user) + octets);
    outgoing.once('close', () => {
      const left = this.of(user) - octets;
      if (left === 0) this.#octets.delete(user);
      else this.#octets.set(user, left);
    });
  }
}

/** Octets. */
const worthCounting = 16_384;
