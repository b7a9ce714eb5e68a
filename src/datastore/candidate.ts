/** Candidates (RFC 6241 8.3): private ones of a session, the shared one of NETCONF, others by name. */
import type { DataTree } from '../yang/index.js';

export interface Candidate {
  /** Running as it was when the candidate was first edited. */
  readonly base: DataTree;
  readonly tree: DataTree;
}

export class Candidates {
  readonly #named = new Map<string, Candidate>();
  readonly #running: () => DataTree;

  constructor(running: () => DataTree) {
    this.#running = running;
  }

  /** A candidate nobody edited is running. */
  get(name: string): Candidate {
    const running = this.#running();
    return this.#named.get(name) ?? { base: running, tree: running };
  }

  isEdited(name: string): boolean {
    return this.#named.has(name);
  }

  set(name: string, candidate: Candidate): void {
    this.#named.delete(name);
    if (candidate.tree !== candidate.base) this.#named.set(name, candidate);
    if (this.#named.size <= maxCandidates) return;
    const oldest = [...this.#named.keys()].find((key) => key !== sharedCandidate);
    if (oldest !== undefined) this.#named.delete(oldest);
  }

  discard(name: string): void {
    this.#named.delete(name);
  }
}

/** NETCONF's. */
export const sharedCandidate = 'shared';
/** Named candidates live on when their session ends, so their number is bounded: the one edited longest ago goes. */
const maxCandidates = 256;
