/** The syntax of XSD regular expressions (XML Schema 1.1 part 2, appendix G), read into a small tree. */
import { type CharacterClass, isClassLetter, isPropertyName } from './pattern-characters.js';

export type PatternNode =
  /** One character. */
  | { readonly kind: 'class'; readonly characters: CharacterClass }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly PatternNode[] }
  /** `max` is Infinity where there is none. */
  | { readonly kind: 'repeat'; readonly body: PatternNode; readonly min: number; readonly max: number };

/** Throws SyntaxError, with the position in the pattern. */
export function parsePattern(text: string): PatternNode {
  return new PatternParser(text).parse();
}

class PatternParser {
  readonly #text: string;
  /** Code points, so that a character outside the BMP is one atom. */
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    if (text.length > maxPatternLength) throw new SyntaxError('pattern is too long');
    this.#text = text;
    this.#characters = Array.from(text);
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#characters.length) throw this.#fault(`unexpected '${this.#peek()}'`);
    return node;
  }

  #choice(): PatternNode {
    if (++this.#depth > maxNesting) throw this.#fault('groups nested too deep');
    const branches = [this.#sequence()];
    while (this.#take('|')) branches.push(this.#sequence());
    this.#depth--;
    return branches.length === 1 ? branches[0]! : { kind: 'choice', branches };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#characters.length && this.#peek() !== '|' && this.#peek() !== ')')
      parts.push(this.#piece());
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  #piece(): PatternNode {
    const body = this.#atom();
    const bounds = this.#quantifier();
    if (bounds === undefined) return body;
    if (this.#at < this.#characters.length && '?*+{'.includes(this.#peek())) {
      throw this.#fault('a quantifier may not follow a quantifier');
    }
    return { kind: 'repeat', body, min: bounds[0], max: bounds[1] };
  }

  #quantifier(): readonly [min: number, max: number] | undefined {
    if (this.#take('?')) return [0, 1];
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (!this.#take('{')) return undefined;
    const min = this.#number();
    let max = min;
    if (this.#take(',')) max = this.#peek() === '}' ? Number.POSITIVE_INFINITY : this.#number();
    if (!this.#take('}')) throw this.#fault("expected '}'");
    if (min > max) throw this.#fault('the bounds of a quantifier are in the wrong order');
    return [min, max];
  }

  #number(): number {
    let digits = '';
    while (/^[0-9]$/u.test(this.#peek())) digits += this.#next();
    if (digits === '') throw this.#fault('expected a number');
    return Number(digits);
  }

  #atom(): PatternNode {
    const character = this.#next();
    switch (character) {
      case '(': {
        const node = this.#choice();
        if (!this.#take(')')) throw this.#fault("expected ')'");
        return node;
      }
      case '[':
        return { kind: 'class', characters: this.#classExpression() };
      case '\\':
        return { kind: 'class', characters: this.#escape() };
      case '.':
        return { kind: 'class', characters: { kind: 'letter', letter: '.' } };
      default:
        if ('?*+{}]'.includes(character)) throw this.#fault(`unexpected '${character}'`, 1);
        return { kind: 'class', characters: single(character) };
    }
  }

  /** After the `[`: G.4.1.1, with subtraction. */
  #classExpression(): CharacterClass {
    if (++this.#depth > maxNesting) throw this.#fault('character classes nested too deep');
    const negated = this.#take('^');
    const parts: CharacterClass[] = [];
    let without: CharacterClass | undefined;
    while (!this.#take(']')) {
      if (parts.length > 0 && this.#peek() === '-' && this.#peek(1) === '[') {
        this.#at += 2;
        without = this.#classExpression();
        if (!this.#take(']')) throw this.#fault("expected ']' after a subtraction");
        break;
      }
      parts.push(this.#classPart());
    }
    if (parts.length === 0) throw this.#fault('a character class must not be empty', 1);
    this.#depth--;
    return { kind: 'group', parts, negated, without };
  }

  #classPart(): CharacterClass {
    const first = this.#classCharacter();
    if (first.kind !== 'range') return first;
    const isRange = this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== '[' && this.#peek(1) !== '';
    if (!isRange) return first;
    this.#at++;
    const last = this.#classCharacter();
    if (last.kind !== 'range') throw this.#fault('a class may not end a range');
    if (first.first > last.last) {
      const text = `${String.fromCodePoint(first.first)}-${String.fromCodePoint(last.last)}`;
      throw this.#fault(`the range ${text} is in the wrong order`);
    }
    return { kind: 'range', first: first.first, last: last.last };
  }

  #classCharacter(): CharacterClass {
    const character = this.#next();
    if (character === '\\') return this.#escape();
    if (character === '[') throw this.#fault("'[' must be escaped here", 1);
    return single(character);
  }

  /** After the backslash (G.4.2). */
  #escape(): CharacterClass {
    const letter = this.#next();
    if (letter === 'p' || letter === 'P') return this.#property(letter === 'P');
    if (letter !== '.' && isClassLetter(letter)) return { kind: 'letter', letter };
    const character = escapes[letter] ?? (literalEscapes.includes(letter) ? letter : undefined);
    if (character === undefined) throw this.#fault(`'\\${letter}' is no escape`, 2);
    return single(character);
  }

  #property(negated: boolean): CharacterClass {
    if (!this.#take('{')) throw this.#fault("expected '{'");
    let name = '';
    while (this.#peek() !== '}') name += this.#next();
    this.#at++;
    if (!isPropertyName(name)) throw this.#fault(`'${name}' is no category or block of characters`);
    return { kind: 'property', name, negated };
  }

  #peek(ahead = 0): string {
    return this.#characters[this.#at + ahead] ?? '';
  }

  #next(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw this.#fault('unexpected end');
    this.#at++;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #fault(message: string, back = 0): SyntaxError {
    return new SyntaxError(`${message} at character ${String(this.#at - back + 1)} of '${this.#text}'`);
  }
}

function single(character: string): CharacterClass {
  const code = character.codePointAt(0)!;
  return { kind: 'range', first: code, last: code };
}

const maxNesting = 100;
const maxPatternLength = 65_536;
const escapes: Readonly<Partial<Record<string, string>>> = { n: '\n', r: '\r', t: '\t' };
/** G.4.2.1; `$`, `/`, quotes and the like need none, but modules escape them and the reference implementation takes it. */
const literalEscapes = '\\|.?*+(){}-[]^$/"\'#@%&,:;<=>!~_` ';
