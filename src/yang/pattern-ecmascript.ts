/** YANG patterns (XSD regular expressions) as ECMAScript writes them with the `u` flag: for JSON Schema, never for a check of ours. */
import {
  type CharacterClass,
  type CharacterSet,
  complement,
  multiCharacterClass,
  pairs,
  property,
} from './pattern-characters.js';
import { type PatternNode, parsePattern } from './pattern-parser.js';

/**
 * An anchored expression that matches the same values; undefined where an engine might not take it (repetitions of tens
 * of thousands). Throws SyntaxError for what is no XSD regular expression.
 */
export function ecmaScriptPattern(text: string): string | undefined {
  const node = parsePattern(text);
  return isModest(node) ? `^${node.kind === 'choice' ? `(?:${write(node)})` : write(node)}$` : undefined;
}

function isModest(node: PatternNode): boolean {
  switch (node.kind) {
    case 'class':
      return true;
    case 'repeat':
      return (
        node.min <= maxRepetition && (node.max <= maxRepetition || !Number.isFinite(node.max)) && isModest(node.body)
      );
    default:
      return (node.kind === 'sequence' ? node.parts : node.branches).every(isModest);
  }
}

function write(node: PatternNode): string {
  switch (node.kind) {
    case 'class':
      return writeClass(node.characters);
    case 'sequence':
      return node.parts.map((part) => (part.kind === 'choice' ? group(part) : write(part))).join('');
    case 'choice':
      return node.branches.map(write).join('|');
    case 'repeat':
      return `${node.body.kind === 'class' ? write(node.body) : group(node.body)}${quantifier(node.min, node.max)}`;
  }
}

function group(node: PatternNode): string {
  return `(?:${write(node)})`;
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${String(min)},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${String(min)}}` : `{${String(min)},${String(max)}}`;
}

/** One atom. A subtraction, which the `u` flag does not know, becomes a look ahead. */
function writeClass(one: CharacterClass): string {
  switch (one.kind) {
    case 'range':
      return one.first === one.last ? character(one.first, '^$\\.*+?()[]{}|/') : `[${writeMember(one)}]`;
    case 'letter':
      if (one.letter === '.') return '[^\\n\\r]';
      if (one.letter === one.letter.toLowerCase() || letters[one.letter] !== undefined) return `[${writeMember(one)}]`;
      return `[^${writeMember({ kind: 'letter', letter: one.letter.toLowerCase() })}]`;
    case 'property':
      if (!one.name.startsWith('Is')) return writeMember(one);
      return `[${one.negated ? '^' : ''}${writeMember({ ...one, negated: false })}]`;
    case 'group': {
      const all = `[${one.negated ? '^' : ''}${one.parts.map(writeMember).join('')}]`;
      return one.without === undefined ? all : `(?:(?!${writeClass(one.without)})${all})`;
    }
  }
}

/** What stands between the brackets of a class. */
function writeMember(one: CharacterClass): string {
  switch (one.kind) {
    case 'range':
      return writeRange(one.first, one.last);
    case 'letter':
      return letters[one.letter] ?? writeSet(multiCharacterClass(one.letter));
    case 'property': {
      if (!one.name.startsWith('Is')) return `\\${one.negated ? 'P' : 'p'}{${one.name}}`;
      const block = property(one.name);
      return writeSet(one.negated ? complement(block) : block);
    }
    case 'group':
      throw new SyntaxError('a class stands in a class only as a subtraction');
  }
}

function writeSet(set: CharacterSet): string {
  return pairs(set)
    .map(([first, last]) => writeRange(first, last))
    .join('');
}

function writeRange(first: number, last: number): string {
  const [from, to] = [first, last].map((code) => character(code, '^\\]-['));
  return first === last ? from! : `${from!}-${to!}`;
}

/** A character, readable where it is one that people read. */
function character(code: number, special: string): string {
  const text = String.fromCodePoint(code);
  if (special.includes(text)) return `\\${text}`;
  if (Object.hasOwn(controls, text)) return controls[text]!;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  const isShown = code >= 0x20 && code < 0x7f;
  return isShown || /^[\p{L}\p{N}]$/u.test(text) ? text : `\\u${code.toString(16).padStart(4, '0')}`;
}

const controls: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };
/** Categories where the Unicode version of the reader's engine counts, as XSD has it; the rest is written out. */
const letters: Readonly<Partial<Record<string, string>>> = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '\\p{L}\\p{M}\\p{N}\\p{S}',
  W: '\\p{P}\\p{Z}\\p{C}',
};
const maxRepetition = 10_000;
