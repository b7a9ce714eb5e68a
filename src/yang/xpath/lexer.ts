/** Tokens of XPath 1.0 (section 3.7), told apart by what stands before and behind them. */
import { type Axis, axes } from './expression.js';

export type Token =
  | { readonly kind: 'symbol'; readonly text: Symbols; readonly at: number }
  | { readonly kind: 'operator'; readonly text: Operator; readonly at: number }
  /** A name test: local is `*` for any name. */
  | { readonly kind: 'name'; readonly prefix: string | undefined; readonly local: string; readonly at: number }
  | { readonly kind: 'function' | 'node-type'; readonly text: string; readonly at: number }
  | { readonly kind: 'axis'; readonly text: Axis; readonly at: number }
  | { readonly kind: 'literal'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'variable'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

export type Symbols = '(' | ')' | '[' | ']' | '.' | '..' | '@' | ',' | '::';
export type Operator =
  | 'and'
  | 'or'
  | 'mod'
  | 'div'
  | '*'
  | '/'
  | '//'
  | '|'
  | '+'
  | '-'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>=';

/** All tokens, the end included. Throws SyntaxError with the character at which something else stands. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const { token, end } = read(text, at, tokens.at(-1));
    tokens.push(token);
    at = skipSpace(text, end);
  }
  tokens.push({ kind: 'end', at: text.length });
  return tokens;
}

/** `expected WHAT at character N, found 'REST'`. */
export function unexpected(text: string, at: number, expected: string): SyntaxError {
  const rest = text.slice(at, at + 24);
  return new SyntaxError(
    `expected ${expected} at character ${String(at + 1)}, found ${rest === '' ? 'the end' : `'${rest}'`}`,
  );
}

interface Reading {
  readonly token: Token;
  readonly end: number;
}

function read(text: string, at: number, before: Token | undefined): Reading {
  const literal = match(/"([^"]*)"|'([^']*)'/uy, text, at);
  if (literal !== undefined) {
    const value = literal[1] ?? literal[2]!;
    return { token: { kind: 'literal', text: value, at }, end: at + literal[0].length };
  }
  const number = match(/[0-9]+(?:\.[0-9]*)?|\.[0-9]+/uy, text, at);
  if (number !== undefined) {
    return { token: { kind: 'number', value: Number(number[0]), at }, end: at + number[0].length };
  }
  const variable = match(variableName, text, at)?.[0];
  if (variable !== undefined) return { token: { kind: 'variable', text: variable, at }, end: at + variable.length };
  const afterOperand = before !== undefined && endsOperand(before);
  const sign = match(/::|\/\/|\.\.|!=|<=|>=|[()[\].@,/|+\-=<>*]/uy, text, at);
  if (sign !== undefined && (sign[0] !== '*' || afterOperand)) {
    const kind = symbols.has(sign[0]) ? 'symbol' : 'operator';
    return { token: { kind, text: sign[0], at } as Token, end: at + sign[0].length };
  }
  return readName(text, at, afterOperand);
}

/** After an operand `*` multiplies and a name is an operator; elsewhere they are names (section 3.7). */
function readName(text: string, at: number, afterOperand: boolean): Reading {
  if (text[at] === '*') return { token: { kind: 'name', prefix: undefined, local: '*', at }, end: at + 1 };
  const first = match(ncName, text, at)?.[0];
  if (first === undefined) throw unexpected(text, at, 'an expression');
  const end = at + first.length;
  if (afterOperand) {
    if (!operatorNames.has(first)) throw unexpected(text, at, 'an operator');
    return { token: { kind: 'operator', text: first, at } as Token, end };
  }
  const next = skipSpace(text, end);
  if (text.startsWith('::', next)) {
    const axis = axes.find((each) => each === first);
    if (axis === undefined) throw unexpected(text, at, 'an axis');
    return { token: { kind: 'axis', text: axis, at }, end };
  }
  if (text[end] === ':') return readQualified(text, at, first);
  if (text[next] !== '(') return { token: { kind: 'name', prefix: undefined, local: first, at }, end };
  return { token: { kind: nodeTypes.has(first) ? 'node-type' : 'function', text: first, at }, end };
}

function readQualified(text: string, at: number, prefix: string): Reading {
  const after = at + prefix.length + 1;
  const local = match(/\*/uy, text, after)?.[0] ?? match(ncName, text, after)?.[0];
  if (local === undefined) throw unexpected(text, after, 'a name');
  const end = after + local.length;
  if (text[skipSpace(text, end)] === '(') {
    return { token: { kind: 'function', text: `${prefix}:${local}`, at }, end };
  }
  return { token: { kind: 'name', prefix, local, at }, end };
}

function endsOperand(token: Token): boolean {
  switch (token.kind) {
    case 'operator':
    case 'axis':
    case 'function':
    case 'node-type':
    case 'end':
      return false;
    case 'symbol':
      return token.text === ')' || token.text === ']' || token.text === '.' || token.text === '..';
    default:
      return true;
  }
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (' \t\r\n'.includes(text[next] ?? '-')) next++;
  return next;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const variableName = /\$[\p{L}_][\p{L}\p{N}\p{M}._·-]*(?::[\p{L}_][\p{L}\p{N}\p{M}._·-]*)?/uy;
const ncName = /[\p{L}_][\p{L}\p{N}\p{M}._·-]*/uy;
const symbols: ReadonlySet<string> = new Set(['(', ')', '[', ']', '.', '..', '@', ',', '::']);
const operatorNames: ReadonlySet<string> = new Set(['and', 'or', 'mod', 'div']);
const nodeTypes: ReadonlySet<string> = new Set(['comment', 'text', 'processing-instruction', 'node']);
