/** Comparisons (XPath 1.0 section 3.4): of node-sets they ask whether any pair compares as wanted. */
import type { Instance } from '../instance.js';
import type { Value } from '../schema.js';
import type { Binder, Outline, Scope } from './binder.js';
import { type Bound, type Evaluate, memoised, type NodeSet, type Run } from './bound.js';
import { textNumber, valueNumber, valueText } from './conversions.js';
import type { ComparisonOperator, Expression, LocationPath, Register } from './expression.js';
import { sourceOf, withKey } from './keyed.js';
import { kindOf } from './parser.js';
import { booleanOf, exists, literalMatcher, numberOf, stringOf, textOf } from './values.js';

type Comparison = Extract<Expression, { kind: 'comparison' }>;

export function bindComparison({ operator, left, right }: Comparison, scope: Scope, binder: Binder): Evaluate<boolean> {
  if (operator === '=') {
    const keyed = bindEquality(left, right, scope, binder) ?? bindEquality(right, left, scope, binder);
    if (keyed !== undefined) return keyed;
  }
  const a = binder.bind(left, scope);
  const b = binder.bind(right, scope);
  if (a.kind === 'nodes') {
    return b.kind === 'nodes' ? compareSets(operator, a, b, binder) : compareSet(operator, a, b, right, binder);
  }
  return b.kind === 'nodes'
    ? compareSet(mirrored[operator], b, a, left, binder)
    : compareScalars(operator, a, b, binder);
}

/** The nodes of a path whose text is that of the register's value; by key where the path ends in one. */
export function equalNodes(
  path: LocationPath,
  register: Register,
  source: NodeSet | undefined,
  scope: Scope,
  binder: Binder,
): NodeSet {
  const other: Expression = { kind: 'register', register };
  if (source !== undefined) binder.sources.set(register, source);
  const keyed = withKey(path, other, scope, binder);
  if (keyed !== undefined) return binder.path({ ...keyed, steps: [...keyed.steps, path.steps.at(-1)!] }, scope);
  const set = binder.path(path, scope, source && sourceOf(source, binder));
  const { walk } = set;
  const isEqual = (node: Instance): boolean => valueText(node.scalar) === valueText(register.value!);
  return {
    ...set,
    walk: (from, run, sink) => walk(from, run, (node) => isEqual(node) && sink(node)),
    one: undefined,
    value: undefined,
    anchor: undefined,
  };
}

/** `path = other` where the path ends in the key of a list: the entry is looked up. */
function bindEquality(
  side: Expression,
  other: Expression,
  scope: Scope,
  binder: Binder,
): Evaluate<boolean> | undefined {
  if (side.kind !== 'path') return undefined;
  if (other.kind === 'literal' || other.kind === 'number') {
    const keyed = withKey(side, other, scope, binder);
    return keyed === undefined ? undefined : exists(binder.path(keyed, scope));
  }
  const kind = kindOf(other);
  if (kind !== 'string' && !(other.kind === 'path' && isNear(binder.outline(other, scope)))) return undefined;
  const register: Register = { value: undefined };
  const keyed = withKey(side, { kind: 'register', register }, scope, binder);
  if (keyed === undefined) return undefined;
  const bound = binder.bind(other, scope);
  if (bound.kind !== 'nodes') {
    return withRegister(register, stringOf(bound, binder), exists(binder.path(keyed, scope)));
  }
  binder.sources.set(register, bound);
  const found = exists(binder.path(keyed, scope));
  if (bound.value !== undefined) return withRegister(register, bound.value, found);
  const text = textOf(bound, binder);
  const { walk } = bound;
  return (at, run) => {
    const before = register.value;
    const result = walk(at, run, (node) => {
      register.value = node.branch === undefined && node.value !== undefined ? node.scalar : text(node, run);
      return found(at, run);
    });
    register.value = before;
    return result;
  };
}

/** Worth a look-up for each of its nodes. */
function isNear(outline: Outline | undefined): boolean {
  return outline !== undefined && (!outline.isCostly || outline.isPlain);
}

function withRegister(
  register: Register,
  value: Evaluate<Value | undefined>,
  found: Evaluate<boolean>,
): Evaluate<boolean> {
  return (at, run) => {
    const wanted = value(at, run);
    if (wanted === undefined) return false;
    const before = register.value;
    register.value = wanted;
    const result = found(at, run);
    register.value = before;
    return result;
  };
}

function compareScalars(
  operator: ComparisonOperator,
  a: Exclude<Bound, NodeSet>,
  b: Exclude<Bound, NodeSet>,
  binder: Binder,
): Evaluate<boolean> {
  if (operator !== '=' && operator !== '!=') {
    return compareWith(numberTests[operator], numberOf(a, binder), numberOf(b, binder));
  }
  const wanted = operator === '=';
  if (a.kind === 'boolean' || b.kind === 'boolean') {
    const [x, y] = [booleanOf(a), booleanOf(b)];
    return (at, run) => (x(at, run) === y(at, run)) === wanted;
  }
  if (a.kind === 'number' || b.kind === 'number') {
    return compareWith(numberTests[operator], numberOf(a, binder), numberOf(b, binder));
  }
  const [x, y] = [a.evaluate, b.evaluate];
  return (at, run) => (x(at, run) === y(at, run)) === wanted;
}

function compareWith<T>(test: (a: T, b: T) => boolean, a: Evaluate<T>, b: Evaluate<T>): Evaluate<boolean> {
  return (at, run) => test(a(at, run), b(at, run));
}

/** A node-set with a number, string or boolean. */
function compareSet(
  operator: ComparisonOperator,
  set: NodeSet,
  other: Exclude<Bound, NodeSet>,
  expression: Expression,
  binder: Binder,
): Evaluate<boolean> {
  if (other.kind === 'boolean') {
    return compareScalars(operator, { kind: 'boolean', evaluate: exists(set) }, other, binder);
  }
  if (other.kind === 'number' || (operator !== '=' && operator !== '!=')) {
    return compareNumbers(operator, set, numberOf(other, binder), binder);
  }
  const wanted = operator === '=';
  const { evaluate } = other;
  const matcher = expression.kind === 'literal' ? literalMatcher(set, expression.value, binder) : undefined;
  if (set.value !== undefined && matcher === undefined) {
    const { value } = set;
    return (at, run) => {
      const leaf = value(at, run);
      return leaf !== undefined && (valueText(leaf) === evaluate(at, run)) === wanted;
    };
  }
  if (matcher !== undefined) {
    const text = textOf(set, binder);
    return anyNode(set, (node, run) => matcher(node, text(node, run)) === wanted);
  }
  const texts = textsOf(set, binder);
  if (texts !== undefined) return (at, run) => holds(texts(at, run), evaluate(at, run), wanted);
  const { walk } = set;
  const text = textOf(set, binder);
  return (at, run) => {
    const literal = evaluate(at, run);
    return walk(at, run, (node) => (text(node, run) === literal) === wanted);
  };
}

function compareNumbers(
  operator: ComparisonOperator,
  set: NodeSet,
  other: Evaluate<number>,
  binder: Binder,
): Evaluate<boolean> {
  const test = numberTests[operator];
  if (set.value !== undefined) {
    const { value } = set;
    return (at, run) => {
      const leaf = value(at, run);
      return leaf !== undefined && test(valueNumber(leaf), other(at, run));
    };
  }
  if (isRemembered(set)) {
    const numbers = memoised(set, numbersOf(set, binder));
    return (at, run) => anyNumber(operator, numbers(at, run), other(at, run));
  }
  const { walk } = set;
  const number = nodeNumber(set, binder);
  return (at, run) => {
    const limit = other(at, run);
    return walk(at, run, (node) => test(number(node, run), limit));
  };
}

function compareSets(operator: ComparisonOperator, a: NodeSet, b: NodeSet, binder: Binder): Evaluate<boolean> {
  if (a.value !== undefined && b.value !== undefined) return compareLeafs(operator, a.value, b.value);
  if (operator === '=' || operator === '!=') {
    // Texts are collected of the set that is remembered, else of the smaller.
    const swap = !isRemembered(b) && (isRemembered(a) || (a.one !== undefined && b.one === undefined));
    return swap ? compareTexts(operator, b, a, binder) : compareTexts(operator, a, b, binder);
  }
  const left = memoised(a, numbersOf(a, binder));
  const right = memoised(b, numbersOf(b, binder));
  return (at, run) => {
    const [x, y] = [left(at, run), right(at, run)];
    const upwards = operator === '<' || operator === '<=';
    // Whether some pair compares so is told by the smallest of one side and the largest of the other.
    return numberTests[operator](upwards ? x.least : x.most, upwards ? y.most : y.least);
  };
}

function compareLeafs(
  operator: ComparisonOperator,
  a: Evaluate<Value | undefined>,
  b: Evaluate<Value | undefined>,
): Evaluate<boolean> {
  if (operator === '=' || operator === '!=') {
    const wanted = operator === '=';
    return (at, run) => {
      const x = a(at, run);
      if (x === undefined) return false;
      const y = b(at, run);
      return y !== undefined && (x === y || valueText(x) === valueText(y)) === wanted;
    };
  }
  const test = numberTests[operator];
  return (at, run) => {
    const x = a(at, run);
    if (x === undefined) return false;
    const y = b(at, run);
    return y !== undefined && test(valueNumber(x), valueNumber(y));
  };
}

function compareTexts(operator: '=' | '!=', a: NodeSet, b: NodeSet, binder: Binder): Evaluate<boolean> {
  const wanted = operator === '=';
  const text = textOf(a, binder);
  const others = textsOf(b, binder) ?? collectTexts(b, binder);
  const { walk } = a;
  return (at, run) => {
    const set = others(at, run);
    return set.size > 0 && walk(at, run, (node) => holds(set, text(node, run), wanted));
  };
}

/** `=`: some text is that one; `!=`: some is another. */
function holds(texts: ReadonlySet<string>, text: string, wanted: boolean): boolean {
  return wanted ? texts.has(text) : texts.size > 1 || (texts.size === 1 && !texts.has(text));
}

function isRemembered({ anchor, isCostly }: NodeSet): boolean {
  return anchor !== undefined && isCostly;
}

/** The texts of a costly set that need collecting only once for its anchor. */
function textsOf(set: NodeSet, binder: Binder): Evaluate<ReadonlySet<string>> | undefined {
  return !isRemembered(set) ? undefined : memoised(set, collectTexts(set, binder));
}

function collectTexts(set: NodeSet, binder: Binder): Evaluate<ReadonlySet<string>> {
  const text = textOf(set, binder);
  const { walk } = set;
  return (at, run) => {
    const texts = new Set<string>();
    walk(at, run, (node) => {
      texts.add(text(node, run));
      return false;
    });
    return texts;
  };
}

interface Numbers {
  /** NaN where there is no number. */
  readonly least: number;
  readonly most: number;
  readonly all: ReadonlySet<number>;
}

function numbersOf(set: NodeSet, binder: Binder): Evaluate<Numbers> {
  const number = nodeNumber(set, binder);
  const { walk } = set;
  return (at, run) => {
    let least = Number.NaN;
    let most = Number.NaN;
    const all = new Set<number>();
    walk(at, run, (node) => {
      const value = number(node, run);
      all.add(value);
      if (!(value >= least)) least = Number.isNaN(value) ? least : value;
      if (!(value <= most)) most = Number.isNaN(value) ? most : value;
      return false;
    });
    return { least, most, all };
  };
}

function anyNumber(operator: ComparisonOperator, { least, most, all }: Numbers, other: number): boolean {
  switch (operator) {
    case '=':
      return !Number.isNaN(other) && all.has(other);
    case '!=':
      // NaN differs from every number, itself included.
      return Number.isNaN(other) ? all.size > 0 : all.size > 1 || (all.size === 1 && !all.has(other));
    case '<':
    case '<=':
      return numberTests[operator](least, other);
    case '>':
    case '>=':
      return numberTests[operator](most, other);
  }
}

function nodeNumber(set: NodeSet, binder: Binder): (node: Instance, run: Run) => number {
  const text = textOf(set, binder);
  return (node, run) =>
    node.branch === undefined && node.value !== undefined ? valueNumber(node.scalar) : textNumber(text(node, run));
}

function anyNode(set: NodeSet, test: (node: Instance, run: Run) => boolean): Evaluate<boolean> {
  const { one, walk } = set;
  if (one !== undefined) {
    return (at, run) => {
      const node = one(at, run);
      return node !== undefined && test(node, run);
    };
  }
  return memoised(set, (at, run) => walk(at, run, (node) => test(node, run)));
}

const numberTests: Readonly<Record<ComparisonOperator, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** The operator when both sides change places. */
const mirrored: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};
