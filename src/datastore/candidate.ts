/** Candidates (RFC 6241 8.3): private ones of a session, the shared one of NETCONF, others by name. */
import { ConfigError } from '../error.js';
import type { DataTree } from '../yang/index.js';

export interface Candidate {
  /** Running as it was when the candidate was first edited. */
  readonly base: DataTree;
  readonly tree: DataTree;
}

export class Candidates {
  readonly #named = new Map<string, Candidate & { readonly owner: string }>();
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

  /** ConfigError `resource-denied` where the owner, or all together, have too many that are edited. */
  set(name: string, candidate: Candidate, owner: string): void {
    if (candidate.tree === candidate.base) {
      this.#named.delete(name);
      return;
    }
    if (!this.#named.has(name) && name !== sharedCandidate) this.#checkRoom(owner);
    this.#named.set(name, { ...candidate, owner });
  }

  discard(name: string): void {
    this.#named.delete(name);
  }

  clear(): void {
    this.#named.clear();
  }

  #checkRoom(owner: string): void {
    const own = [...this.#named.values()].filter((each) => each.owner === owner).length;
    if (own < candidatesOfOne && this.#named.size < maxCandidates) return;
    const message = `${own < candidatesOfOne ? 'there are' : `${owner} has`} too many candidates; commit or discard one`;
    throw new ConfigError({ tag: 'resource-denied', message });
  }
}

/** NETCONF's. */
export const sharedCandidate = 'shared';
/** Named candidates live on when their session ends, so their number is bounded: of one user, and of all. */
const candidatesOfOne = 64;
const maxCandidates = 1024;

export function candidateChanged(): ConfigError {
  const message = 'the candidate was edited while the edits were tested; nothing was set';
  return new ConfigError({ type: 'protocol', tag: 'in-use', message });
}
