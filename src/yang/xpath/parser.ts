/** The grammar of XPath 1.0 (sections 2 and 3) by recursive descent, within the limits of {@link expressionLimits}. */
import { compilePattern } from '../pattern.js';
import {
  type ArithmeticOperator,
  type Axis,
  type ComparisonOperator,
  type Expression,
  expressionLimits,
  type FunctionCall,
  type LocationPath,
  type NodeTest,
  type Step,
  type ValueKind,
  type XPathExpression,
  type XPathNames,
} from './expression.js';
import { arity, isFunction, signatureOf } from './functions.js';
import { type Operator, type Symbols, type Token, tokenize, unexpected } from './lexer.js';

/**
 * Reads an expression. Throws SyntaxError with the character at which it is wrong and what was expected: also for unknown
 * prefixes and functions, wrong counts of arguments, and for what is no node-set where one is needed.
 */
export function compileXPath(text: string, names: XPathNames): XPathExpression {
  if (text.length > expressionLimits.length) {
    throw new SyntaxError(`expression is longer than ${String(expressionLimits.length)} characters`);
  }
  return { text, names, tree: new Parser(text, names).parse() };
}

/** What an expression gives, which without variables its form alone tells. */
export function kindOf(expression: Expression): ValueKind {
  switch (expression.kind) {
    case 'or':
    case 'and':
    case 'comparison':
      return 'boolean';
    case 'arithmetic':
    case 'negative':
    case 'number':
      return 'number';
    case 'literal':
    case 'register':
      return 'string';
    case 'union':
    case 'filter':
    case 'path':
      return 'nodes';
    case 'call':
      return signatureOf(expression.name).result;
  }
}

class Parser {
  readonly #text: string;
  readonly #names: XPathNames;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #operators = 0;

  constructor(text: string, names: XPathNames) {
    this.#text = text;
    this.#names = names;
    this.#tokens = tokenize(text);
  }

  parse(): Expression {
    const expression = this.#expression();
    if (this.#token.kind !== 'end') throw this.#unexpected('an operator or the end');
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  /** Or, and, comparisons, sums, products: from the loosest binding to the tightest. */
  #expression(level = 0): Expression {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#expression(level + 1);
    const operands = [left];
    for (;;) {
      const operator = this.#operator(operators);
      if (operator === undefined) break;
      if (level > 1 && ++this.#operators > expressionLimits.operators) throw this.#tooMuch();
      const right = this.#expression(level + 1);
      operands.push(right);
      if (level > 1) left = binary(operator, left, right);
    }
    if (level > 1 || operands.length === 1) return left;
    return { kind: level === 0 ? 'or' : 'and', operands };
  }

  #unary(): Expression {
    let signs = 0;
    while (this.#operator(['-']) !== undefined) signs++;
    const operand = this.#union();
    if (signs === 0) return operand;
    // An even number of signs still makes a number of it.
    const negative: Expression = { kind: 'negative', operand };
    return signs % 2 === 1 ? negative : { kind: 'negative', operand: negative };
  }

  #union(): Expression {
    const at = this.#token.at;
    const first = this.#path();
    const operands = [first];
    while (this.#operator(['|']) !== undefined) operands.push(this.#nodeSet(this.#token.at, this.#path()));
    if (operands.length === 1) return first;
    this.#nodeSet(at, first);
    return { kind: 'union', operands };
  }

  /** A location path, or an expression that may be filtered and followed by steps (sections 2 and 3.3). */
  #path(): Expression {
    const depth = this.#depth;
    const path = this.#startsPrimary() ? this.#filtered() : this.#locationPath();
    this.#depth = depth;
    return path;
  }

  #filtered(): Expression {
    const { at } = this.#token;
    const primary = this.#primary();
    const predicates = this.#predicates();
    if (predicates.length > 0) this.#nodeSet(at, primary);
    const filtered: Expression = predicates.length === 0 ? primary : { kind: 'filter', primary, predicates };
    const separator = this.#operator(['/', '//']);
    if (separator === undefined) return filtered;
    this.#nodeSet(at, primary);
    const steps = separator === '//' ? [anywhere] : [];
    return this.#withSteps(filtered, steps);
  }

  #locationPath(): LocationPath {
    const slash = this.#operator(['/', '//']);
    if (slash === '//') return this.#withSteps('root', [anywhere]);
    if (slash === '/' && !this.#startsStep()) return { kind: 'path', start: 'root', steps: [] };
    return this.#withSteps(slash === '/' ? 'root' : 'context', []);
  }

  #withSteps(start: LocationPath['start'], steps: Step[]): LocationPath {
    steps.push(this.#step());
    for (;;) {
      const separator = this.#operator(['/', '//']);
      if (separator === undefined) return { kind: 'path', start, steps };
      if (separator === '//') steps.push(anywhere);
      steps.push(this.#step());
    }
  }

  #step(): Step {
    this.#deeper();
    if (this.#symbol('.')) return { axis: 'self', test: anyNode, predicates: [] };
    if (this.#symbol('..')) return { axis: 'parent', test: anyNode, predicates: [] };
    const axis = this.#axis();
    const test = this.#nodeTest();
    return { axis, test, predicates: this.#predicates() };
  }

  #axis(): Axis {
    if (this.#symbol('@')) return 'attribute';
    const token = this.#token;
    if (token.kind !== 'axis') return 'child';
    this.#next++;
    if (!this.#symbol('::')) throw this.#unexpected("'::'");
    return token.text;
  }

  #nodeTest(): NodeTest {
    const token = this.#token;
    if (token.kind === 'name') {
      this.#next++;
      return this.#nameTest(token);
    }
    if (token.kind !== 'node-type') throw this.#unexpected('a step');
    this.#next++;
    this.#require('(');
    if (token.text === 'processing-instruction' && this.#token.kind === 'literal') this.#next++;
    this.#require(')');
    return { kind: token.text as 'node' };
  }

  #nameTest({ prefix, local, at }: Extract<Token, { kind: 'name' }>): NodeTest {
    const name = local === '*' ? undefined : local;
    if (prefix !== undefined) {
      const module = this.#names.prefix(prefix);
      if (module === undefined) throw new SyntaxError(`prefix '${prefix}' is not known (character ${String(at + 1)})`);
      return { kind: 'name', module: module.name, name };
    }
    const { unprefixed } = this.#names;
    if (name === undefined || unprefixed === 'any') return { kind: 'name', module: undefined, name };
    return unprefixed === 'none' ? { kind: 'nothing' } : { kind: 'name', module: unprefixed.name, name };
  }

  #predicates(): Expression[] {
    const predicates: Expression[] = [];
    while (this.#symbol('[')) {
      this.#deeper();
      predicates.push(this.#nested());
      this.#require(']');
    }
    return predicates;
  }

  #primary(): Expression {
    const token = this.#token;
    this.#next++;
    switch (token.kind) {
      case 'literal':
        return { kind: 'literal', value: token.text };
      case 'variable':
        if (this.#names.variables === 'any') return { kind: 'literal', value: '' };
        throw new SyntaxError(`there are no variables (character ${String(token.at + 1)})`);
      case 'number':
        return { kind: 'number', value: token.value };
      case 'function':
        return this.#call(token.text, token.at);
      default: {
        const inner = this.#nested();
        this.#require(')');
        return inner;
      }
    }
  }

  #call(name: string, at: number): FunctionCall {
    if (!isFunction(name)) throw new SyntaxError(`there is no function '${name}' (character ${String(at + 1)})`);
    const signature = signatureOf(name);
    const operands: Expression[] = [];
    this.#require('(');
    if (!this.#symbol(')')) {
      do {
        const start = this.#token.at;
        const operand = this.#nested();
        const parameter = signature.parameters[Math.min(operands.length, signature.parameters.length - 1)];
        operands.push(parameter === 'nodes' ? this.#nodeSet(start, operand) : operand);
      } while (this.#symbol(','));
      if (!this.#symbol(')')) throw this.#unexpected("',' or ')'");
    }
    const most = signature.repeats === true ? Number.POSITIVE_INFINITY : signature.parameters.length;
    if (operands.length < signature.required || operands.length > most) {
      const given = `${String(operands.length)} given`;
      throw new SyntaxError(`'${name}' takes ${arity(signature)}, ${given} (character ${String(at + 1)})`);
    }
    // What it names is refused by its own message.
    if (name === 're-match' && operands[1]?.kind === 'literal') compilePattern(operands[1].value);
    return { kind: 'call', name, operands };
  }

  #nested(): Expression {
    this.#deeper();
    const expression = this.#expression();
    this.#depth--;
    return expression;
  }

  #startsPrimary(): boolean {
    const { kind } = this.#token;
    return ['literal', 'number', 'variable', 'function'].includes(kind) || this.#isSymbol('(');
  }

  #startsStep(): boolean {
    const { kind } = this.#token;
    return (
      kind === 'name' ||
      kind === 'axis' ||
      kind === 'node-type' ||
      this.#isSymbol('.') ||
      this.#isSymbol('..') ||
      this.#isSymbol('@')
    );
  }

  #nodeSet(at: number, expression: Expression): Expression {
    if (kindOf(expression) === 'nodes') return expression;
    throw unexpected(this.#text, at, 'a node-set');
  }

  #operator(wanted: readonly Operator[]): Operator | undefined {
    const token = this.#token;
    if (token.kind !== 'operator' || !wanted.includes(token.text)) return undefined;
    this.#next++;
    return token.text;
  }

  #isSymbol(text: Symbols): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === text;
  }

  #symbol(text: Symbols): boolean {
    if (!this.#isSymbol(text)) return false;
    this.#next++;
    return true;
  }

  #require(text: Symbols): void {
    if (!this.#symbol(text)) throw this.#unexpected(`'${text}'`);
  }

  #unexpected(expected: string): SyntaxError {
    return unexpected(this.#text, this.#token.at, expected);
  }

  #deeper(): void {
    if (++this.#depth > expressionLimits.depth) throw this.#tooMuch();
  }

  #tooMuch(): SyntaxError {
    return new SyntaxError(
      `expression has too many parts inside each other at character ${String(this.#token.at + 1)}`,
    );
  }
}

function binary(operator: Operator, left: Expression, right: Expression): Expression {
  if (levels[2]!.includes(operator) || levels[3]!.includes(operator)) {
    return { kind: 'comparison', operator: operator as ComparisonOperator, left, right };
  }
  return { kind: 'arithmetic', operator: operator as ArithmeticOperator, left, right };
}

/** Section 3.4 and 3.5, loosest first. */
const levels: readonly (readonly Operator[])[] = [
  ['or'],
  ['and'],
  ['=', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', 'div', 'mod'],
];
const anyNode: NodeTest = { kind: 'node' };
const anywhere: Step = { axis: 'descendant-or-self', test: anyNode, predicates: [] };
