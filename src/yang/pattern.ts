/** YANG patterns (RFC 7950 9.4.5): XSD regular expressions, matched in time linear in the value. */
import { ConfigError } from '../error.js';
import { type Automaton, automatonSize, buildAutomaton, type State } from './pattern-automaton.js';
import { parsePattern } from './pattern-parser.js';

export interface Pattern {
  /**
   * True where the whole value matches. Throws ConfigError `too-big` where pattern and value together would cost more
   * than {@link maxSteps}.
   */
  matches(value: string): boolean;
}

/** Throws SyntaxError for what is no XSD regular expression, and for one that needs too many states. */
export function compilePattern(text: string): Pattern {
  const node = parsePattern(text);
  if (automatonSize(node) > maxStates) throw new SyntaxError(`pattern is too large: '${text.slice(0, 80)}'`);
  let pattern: Pattern | undefined;
  return {
    matches(value) {
      if (pattern === undefined) {
        const automaton = buildAutomaton(node);
        pattern = automaton.counts ? new CountingMatcher(automaton) : new LazyMatcher(automaton);
      }
      return pattern.matches(value);
    },
  };
}

/** What a value may cost in one match: some tenths of a second. */
export const maxSteps = 20_000_000;

/** A set of states that was met, with the sets that follow it by character class, as far as they were needed. */
interface StateSet {
  readonly states: Int32Array;
  readonly accepting: boolean;
  readonly next: (StateSet | undefined)[];
}

/** Determinises as it goes; what it remembers is bounded. */
class LazyMatcher implements Pattern {
  readonly #automaton: Automaton;
  readonly #closure: Closure;
  readonly #known = new Map<string, StateSet>();
  #remembered = 0;
  #start: StateSet | undefined;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
    this.#closure = new Closure(automaton.states);
  }

  matches(value: string): boolean {
    const { alphabet } = this.#automaton;
    this.#start ??= this.#initial();
    let current = this.#start;
    let steps = 0;
    for (let at = 0; at < value.length; at++) {
      const code = value.codePointAt(at)!;
      if (code > 0xffff) at++;
      const letter = alphabet.classOf(code);
      let next = current.next[letter];
      if (next === undefined) {
        steps += current.states.length + this.#automaton.states.length;
        if (steps > maxSteps) throw tooCostly();
        next = this.#follow(current, letter);
      }
      current = next;
      if (current.states.length === 0) return current.accepting && at === value.length - 1;
    }
    return current.accepting;
  }

  #initial(): StateSet {
    this.#closure.clear();
    this.#closure.add(this.#automaton.start);
    return this.#intern();
  }

  #follow(from: StateSet, letter: number): StateSet {
    this.#closure.clear();
    for (const index of from.states) {
      const state = this.#automaton.states[index]!;
      if (state.kind === 'take' && state.members[letter] === 1) this.#closure.add(state.next);
    }
    const next = this.#intern();
    from.next[letter] = next;
    return next;
  }

  #intern(): StateSet {
    const states = this.#closure.states().sort();
    const accepting = this.#closure.accepting;
    const key = `${accepting ? '!' : ''}${states.join(',')}`;
    let set = this.#known.get(key);
    if (set === undefined) {
      if (this.#remembered > maxRemembered) this.#forget();
      this.#remembered += states.length + this.#automaton.alphabet.size;
      set = { states, accepting, next: new Array<StateSet | undefined>(this.#automaton.alphabet.size).fill(undefined) };
      this.#known.set(key, set);
    }
    return set;
  }

  #forget(): void {
    for (const set of this.#known.values()) set.next.fill(undefined);
    this.#known.clear();
    this.#remembered = 0;
    this.#start = undefined;
  }
}

/**
 * Runs the set of states directly. A counting state holds the positions at which it was entered: its counts are the
 * distances from there, so that one more character raises all of them at once.
 */
class CountingMatcher implements Pattern {
  readonly #automaton: Automaton;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  matches(value: string): boolean {
    const { alphabet, states, start } = this.#automaton;
    const counters = new Map<number, Entries>();
    let position = 0;
    const enter = (index: number): void => {
      let entries = counters.get(index);
      if (entries === undefined) {
        entries = new Entries();
        counters.set(index, entries);
      }
      // Without an upper bound the oldest entry stands for all later ones.
      const { max } = states[index] as CountState;
      if (max !== Number.POSITIVE_INFINITY || entries.isEmpty) entries.push(position);
    };
    let current = new Closure(states, enter);
    let next = new Closure(states, enter);
    current.add(start);
    let steps = 0;
    for (const character of value) {
      position++;
      const letter = alphabet.classOf(character.codePointAt(0)!);
      const active = current.states();
      steps += active.length + counters.size + 1;
      if (steps > maxSteps) throw tooCostly();
      next.clear();
      // All counters are advanced before anything is entered anew at this position.
      for (const index of advance(counters, states, letter, position)) next.add((states[index] as CountState).next);
      for (const index of active) {
        const state = states[index]!;
        if (state.kind === 'take' && state.members[letter] === 1) next.add(state.next);
      }
      [current, next] = [next, current];
    }
    return current.accepting;
  }
}

type CountState = State & { readonly kind: 'count' };

/** Drops what the character ends or takes beyond its maximum; returns the counters that may be left now. */
function advance(counters: Map<number, Entries>, states: readonly State[], letter: number, position: number): number[] {
  const complete: number[] = [];
  for (const [index, entries] of counters) {
    const state = states[index] as CountState;
    if (state.members[letter] === 1) entries.dropBefore(position - state.max);
    else entries.clear();
    if (entries.isEmpty) counters.delete(index);
    else if (position - entries.oldest >= state.min) complete.push(index);
  }
  return complete;
}

/** The states reachable without a character from those added. */
class Closure {
  accepting = false;
  readonly #all: readonly State[];
  readonly #enter: ((index: number) => void) | undefined;
  readonly #mark: Uint32Array;
  readonly #found: Int32Array;
  #count = 0;
  #generation = 1;

  constructor(states: readonly State[], enter?: (index: number) => void) {
    this.#all = states;
    this.#enter = enter;
    this.#mark = new Uint32Array(states.length);
    this.#found = new Int32Array(states.length);
  }

  clear(): void {
    this.accepting = false;
    this.#count = 0;
    this.#generation++;
  }

  add(from: number): void {
    const pending = [from];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (this.#mark[index] === this.#generation) continue;
      this.#mark[index] = this.#generation;
      const state = this.#all[index]!;
      if (state.kind === 'split') pending.push(state.other, state.next);
      else if (state.kind === 'accept') this.accepting = true;
      else if (state.kind === 'count') {
        this.#enter?.(index);
        if (state.min === 0) pending.push(state.next);
      } else this.#found[this.#count++] = index;
    }
  }

  states(): Int32Array {
    return this.#found.slice(0, this.#count);
  }
}

/** A queue of ascending positions. */
class Entries {
  #positions: number[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#positions.length;
  }

  get oldest(): number {
    return this.#positions[this.#head]!;
  }

  push(position: number): void {
    if (this.#positions.at(-1) !== position || this.isEmpty) this.#positions.push(position);
  }

  dropBefore(position: number): void {
    while (!this.isEmpty && this.oldest < position) this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#positions.length) {
      this.#positions = this.#positions.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#positions = [];
    this.#head = 0;
  }
}

function tooCostly(): ConfigError {
  return new ConfigError({ tag: 'too-big', message: 'value is too long for the pattern of its type' });
}

const maxStates = 10_000;
/** State numbers and transitions that one pattern may remember. */
const maxRemembered = 200_000;
