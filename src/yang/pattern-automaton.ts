/**
 * A pattern as a non-deterministic automaton, run as a set of states: time is linear in the value whatever the pattern
 * is. Long counted repetitions of one character class are single states that count; shorter ones are written out.
 */
import { type CharacterClass, type CharacterSet, charactersOf } from './pattern-characters.js';
import type { PatternNode } from './pattern-parser.js';

/** Classes of code points that no set of the pattern tells apart. */
export class Alphabet {
  readonly #starts: readonly number[];
  readonly #ascii: Uint16Array;

  constructor(sets: readonly CharacterSet[]) {
    const starts = new Set([0]);
    for (const set of sets) {
      for (let index = 0; index < set.length; index += 2) starts.add(set[index]!).add(set[index + 1]! + 1);
    }
    this.#starts = [...starts].sort((a, b) => a - b);
    this.#ascii = Uint16Array.from({ length: 128 }, (_, code) => this.#search(code));
  }

  get size(): number {
    return this.#starts.length;
  }

  classOf(code: number): number {
    return code < 128 ? this.#ascii[code]! : this.#search(code);
  }

  /** One flag for each class that `set` holds. */
  members(set: CharacterSet): Uint8Array {
    const flags = new Uint8Array(this.size);
    for (let index = 0; index < set.length; index += 2) {
      for (let at = this.#search(set[index]!); at < this.size && this.#starts[at]! <= set[index + 1]!; at++)
        flags[at] = 1;
    }
    return flags;
  }

  #search(code: number): number {
    const starts = this.#starts;
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= code) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** A state: consumes one character (`take`), or many (`count`), or none. */
export type State =
  | { readonly kind: 'take'; readonly members: Uint8Array; next: number }
  | { readonly kind: 'count'; readonly members: Uint8Array; readonly min: number; readonly max: number; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'accept' };

export interface Automaton {
  readonly alphabet: Alphabet;
  readonly states: readonly State[];
  readonly start: number;
  readonly counts: boolean;
}

/** How many states `node` takes: known before any is made, so that a huge pattern is refused at no cost. */
export function automatonSize(node: PatternNode): number {
  switch (node.kind) {
    case 'class':
      return 1;
    case 'sequence':
      return sum(node.parts);
    case 'choice':
      return sum(node.branches) + node.branches.length - 1;
    case 'repeat': {
      if (isCounted(node)) return 1;
      const body = automatonSize(node.body);
      const endless = node.max === Number.POSITIVE_INFINITY;
      return endless ? (node.min + 1) * body + 1 : node.max * body + (node.max - node.min);
    }
  }
}

export function buildAutomaton(node: PatternNode): Automaton {
  const sets = new Map<CharacterClass, CharacterSet>();
  collectSets(node, sets);
  const alphabet = new Alphabet([...sets.values()]);
  const builder = new Builder(alphabet, sets);
  const accept = builder.add({ kind: 'accept' });
  const start = builder.build(node, accept);
  return { alphabet, states: builder.states, start, counts: builder.states.some((state) => state.kind === 'count') };
}

/** Builds from the end to the start, so that every state knows what follows it. */
class Builder {
  readonly states: State[] = [];
  readonly #alphabet: Alphabet;
  readonly #sets: ReadonlyMap<CharacterClass, CharacterSet>;
  readonly #members = new Map<CharacterClass, Uint8Array>();

  constructor(alphabet: Alphabet, sets: ReadonlyMap<CharacterClass, CharacterSet>) {
    this.#alphabet = alphabet;
    this.#sets = sets;
  }

  add(state: State): number {
    return this.states.push(state) - 1;
  }

  /** The state at which `node` begins, when `next` follows it. */
  build(node: PatternNode, next: number): number {
    switch (node.kind) {
      case 'class':
        return this.add({ kind: 'take', members: this.#flags(node.characters), next });
      case 'sequence':
        return node.parts.reduceRight((following, part) => this.build(part, following), next);
      case 'choice':
        return node.branches
          .map((branch) => this.build(branch, next))
          .reduceRight((other, first) => this.add({ kind: 'split', next: first, other }));
      case 'repeat':
        return this.#repeat(node, next);
    }
  }

  #repeat(node: PatternNode & { kind: 'repeat' }, next: number): number {
    const { body, min, max } = node;
    if (isCounted(node) && body.kind === 'class') {
      return this.add({ kind: 'count', members: this.#flags(body.characters), min, max, next });
    }
    let entry = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop: State = { kind: 'split', next: 0, other: next };
      entry = this.add(loop);
      loop.next = this.build(body, entry);
    } else {
      for (let optional = min; optional < max; optional++) {
        entry = this.add({ kind: 'split', next: this.build(body, entry), other: next });
      }
    }
    for (let required = 0; required < min; required++) entry = this.build(body, entry);
    return entry;
  }

  #flags(one: CharacterClass): Uint8Array {
    let flags = this.#members.get(one);
    if (flags === undefined) {
      flags = this.#alphabet.members(this.#sets.get(one)!);
      this.#members.set(one, flags);
    }
    return flags;
  }
}

function isCounted(node: PatternNode & { kind: 'repeat' }): boolean {
  if (node.body.kind !== 'class') return false;
  return node.max === Number.POSITIVE_INFINITY ? node.min > maxWrittenOut : node.max > maxWrittenOut;
}

function collectSets(node: PatternNode, into: Map<CharacterClass, CharacterSet>): void {
  if (node.kind === 'class') into.set(node.characters, charactersOf(node.characters));
  else if (node.kind === 'repeat') collectSets(node.body, into);
  else for (const part of node.kind === 'sequence' ? node.parts : node.branches) collectSets(part, into);
}

function sum(nodes: readonly PatternNode[]): number {
  return nodes.reduce((total, node) => total + automatonSize(node), 0);
}

/** Repetitions of one class up to here are separate states, which the determinised form runs fastest. */
const maxWrittenOut = 128;
