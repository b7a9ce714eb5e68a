/** Predicates that name keys of a list: entries are looked up where a scan would do, and the change of one concerns few. */
import { Instance, type NodeSchema } from '../instance.js';
import type { LeafListSchema, LeafSchema, ListSchema, Value } from '../schema.js';
import type { Branch } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import type { Type } from '../types.js';
import { finalType } from '../values.js';
import type { Binder, Scope } from './binder.js';
import type { Bound, Evaluate, Narrowing, NodeSet, Via, Walk } from './bound.js';
import { walkOne } from './children.js';
import { valueText } from './conversions.js';
import type { Expression, FunctionCall, LocationPath, Step } from './expression.js';
import { kindOf } from './parser.js';
import { isPositional } from './position.js';
import { matches } from './steps.js';
import { literalForms } from './values.js';

export interface Keyed {
  readonly set: NodeSet;
  /** The predicates that are left to be checked. */
  readonly others: readonly Expression[];
}

/** Undefined where the step is not to the entries of one list, or no predicate tells its first key. */
export function bindKeys(
  reached: NodeSet,
  predicates: readonly Expression[],
  scope: Scope,
  binder: Binder,
): Keyed | undefined {
  const [type] = reached.types;
  if (type === undefined || reached.types.size !== 1 || reached.one !== undefined) return undefined;
  const [list, via] = type;
  if (list.kind !== 'list' || list.keys.length === 0 || binder.masked?.nodes.includes(list) === true) return undefined;
  const inner: Scope = { types: reached.types, current: scope.current, isCurrent: false };
  const found = findKeys(list, predicates, binder);
  const leading: KeyTest[] = [];
  const used = new Set<Expression>();
  for (const key of list.keys) {
    const equal = found.get(key);
    if (equal === undefined) break;
    leading.push(bindTest(key, equal.other, inner, binder));
    used.add(equal.part);
  }
  if (leading.length === 0) return undefined;
  const whole = leading.length === list.keys.length;
  const lookUp = whole && leading.every(({ isMany }) => !isMany);
  const narrow = leading.find((test) => test.narrow !== undefined)?.narrow;
  const types = new Map([[list, narrow === undefined ? via : { pivot: via.pivot, narrow }]]) as NodeSet['types'];
  // The step may begin at nodes of other kinds as well.
  const parent = binder.tree.parent(list);
  const dataOf = (from: Instance): ListData | undefined =>
    from.schema === parent ? (from.branch?.slots[list.slot] as ListData | undefined) : undefined;
  const one = lookUp ? entryByKeys(list, leading, dataOf) : undefined;
  const walk = one === undefined ? entriesByKeys(list, leading, whole, dataOf) : walkOne(one);
  const set: NodeSet = {
    ...reached,
    types,
    one,
    walk,
    isOrdered: leading.every(({ isMany }) => !isMany),
    isCostly: !lookUp,
    isPlain: false,
  };
  return { set, others: predicates.flatMap((predicate) => withoutParts(predicate, used)) };
}

/**
 * The path with what it is compared with as a predicate on the list whose key it ends in: `server/name = x` becomes
 * `server[name = x]`. Undefined where it does not end in a key.
 */
export function withKey(path: LocationPath, other: Expression, scope: Scope, binder: Binder): LocationPath | undefined {
  const { start, steps } = path;
  const key = steps.at(-1);
  const step = steps.at(-2);
  if (key === undefined || step === undefined || key.axis !== 'child' || key.predicates.length > 0) return undefined;
  if (step.axis !== 'child' || step.predicates.some(isPositional)) return undefined;
  const above = binder.outline(path, scope, steps.length - 2);
  if (above === undefined) return undefined;
  const lists = childrenOf(above.types.keys(), step, binder);
  const [list] = lists;
  const leaf = lists.length === 1 && list?.kind === 'list' ? keyOf(list, key, binder) : undefined;
  if (leaf === undefined || !canLookUp(leaf, other)) return undefined;
  const equal: Expression = {
    kind: 'comparison',
    operator: '=',
    left: { kind: 'path', start: 'context', steps: [key] },
    right: other,
  };
  return {
    kind: 'path',
    start,
    steps: [...steps.slice(0, -2), { ...step, predicates: [...step.predicates, equal] }],
  };
}

/** The values of a key leaf whose text is the given one, or is that of the given value: one, where the type is no union. */
export function valuesOfText(type: Type, value: Value): readonly Value[] {
  const final = finalType(type);
  const text = valueText(value);
  switch (final.base) {
    case 'union':
      return [...new Set(final.members.flatMap((member) => valuesOfText(member, text)))];
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return String(Number(text)) === text ? [Number(text)] : [];
    case 'int64':
    case 'uint64':
      return /^-?[0-9]{1,20}$/u.test(text) && String(BigInt(text)) === text ? [BigInt(text)] : [];
    case 'boolean':
      return text === 'true' ? [true] : text === 'false' ? [false] : [];
    case 'empty':
      return text === '' ? [null] : [];
    default:
      return [text];
  }
}

interface KeyTest {
  /** The values that the key may have. */
  readonly values: Evaluate<readonly Value[]>;
  /** True where there may be more than one entry. */
  readonly isMany: boolean;
  readonly narrow: Narrowing | undefined;
}

/** `key = other`, somewhere in a predicate. */
interface KeyEquality {
  readonly part: Expression;
  readonly other: Expression;
}

function findKeys(
  list: ListSchema,
  predicates: readonly Expression[],
  binder: Binder,
): ReadonlyMap<LeafSchema, KeyEquality> {
  const found = new Map<LeafSchema, KeyEquality>();
  for (const predicate of predicates) {
    // What stands before a predicate that counts must be done before it.
    if (isPositional(predicate)) break;
    for (const part of predicate.kind === 'and' ? predicate.operands : [predicate]) {
      if (part.kind !== 'comparison' || part.operator !== '=') continue;
      for (const [side, other] of [
        [part.left, part.right],
        [part.right, part.left],
      ] as const) {
        const key = keyOf(list, onlyStep(side), binder);
        if (key !== undefined && !found.has(key) && canLookUp(key, other) && isContextFree(other)) {
          found.set(key, { part, other });
          break;
        }
      }
    }
  }
  return found;
}

/** What is left of a predicate when some of its parts are taken care of. */
function withoutParts(predicate: Expression, used: ReadonlySet<Expression>): readonly Expression[] {
  if (predicate.kind !== 'and') return used.has(predicate) ? [] : [predicate];
  return predicate.operands.filter((part) => !used.has(part));
}

/** Numbers compare as numbers, by which only small integers can be looked up; booleans as whether anything is there. */
function canLookUp(key: LeafSchema, other: Expression): boolean {
  const kind = kindOf(other);
  return kind === 'number' ? isInteger(key.type) : kind !== 'boolean';
}

function bindTest(key: LeafSchema, other: Expression, inner: Scope, binder: Binder): KeyTest {
  const { type } = key;
  if (other.kind === 'literal') {
    const values = literalForms(type, other.value, binder).flatMap((text) => valuesOfText(type, text));
    return { values: () => values, isMany: false, narrow: undefined };
  }
  const bound = binder.bind(other, inner);
  if (other.kind === 'register') {
    const { register } = other;
    const narrow = narrowing(key, binder.sources.get(register), binder);
    return { values: () => asKey(type, register.value), isMany: false, narrow };
  }
  if (bound.kind !== 'nodes') return { values: scalarValues(type, bound), isMany: false, narrow: undefined };
  return {
    values: nodeValues(type, bound),
    isMany: bound.one === undefined,
    narrow: narrowing(key, bound, binder),
  };
}

function scalarValues(type: Type, bound: Exclude<Bound, NodeSet>): Evaluate<readonly Value[]> {
  switch (bound.kind) {
    case 'string': {
      const { evaluate } = bound;
      return (at, run) => valuesOfText(type, evaluate(at, run));
    }
    case 'number': {
      const { evaluate } = bound;
      // Both zeros are one key.
      return (at, run) => [evaluate(at, run) + 0];
    }
    case 'boolean':
      return () => nothing;
  }
}

function nodeValues(type: Type, { value, walk }: NodeSet): Evaluate<readonly Value[]> {
  if (value !== undefined) return (at, run) => asKey(type, value(at, run));
  return (at, run) => {
    const values = new Set<Value>();
    walk(at, run, (node) => {
      if (node.branch === undefined) for (const each of asKey(type, node.scalar)) values.add(each);
      return false;
    });
    return [...values];
  };
}

/** Most comparisons are between leafs of one type. */
function asKey(type: Type, value: Value | undefined): readonly Value[] {
  if (value === undefined) return nothing;
  const { base } = finalType(type);
  if (typeof value === 'string' && base === 'string') return [value];
  if (typeof value === 'number' && isInteger(type)) return [value];
  return valuesOfText(type, value);
}

/** The integers of up to 32 bits: of those with 64 many are one number, as XPath compares them. */
function isInteger(type: Type): boolean {
  return /^u?int(?:8|16|32)$/u.test(finalType(type).base);
}

function narrowing(key: LeafSchema, set: NodeSet | undefined, binder: Binder): Narrowing | undefined {
  const source = set === undefined ? undefined : sourceOf(set, binder);
  return source === undefined ? undefined : { leaf: key, source };
}

/** The leaf whose values a set gives; undefined where its default would have to be thought of. */
export function sourceOf({ types }: NodeSet, binder: Binder): Narrowing['source'] | undefined {
  const [type] = types;
  if (types.size !== 1 || type === undefined) return undefined;
  const [leaf, via] = type as [LeafSchema | LeafListSchema, Via];
  const isLeaf = leaf.kind === 'leaf' ? leaf.default === undefined : leaf.kind === 'leaf-list' && !leaf.defaults.length;
  if (!isLeaf) return undefined;
  // The leaf itself may be the context: then the nodes are below its parent.
  const top = via.pivot === leaf ? binder.tree.parent(leaf)! : via.pivot;
  return { leaf, top };
}

type DataOf = (from: Instance) => ListData | undefined;

function entryByKeys(list: ListSchema, tests: readonly KeyTest[], dataOf: DataOf): Evaluate<Instance | undefined> {
  const [only] = tests;
  if (tests.length === 1) {
    const { values } = only!;
    return (from, run) => {
      const data = dataOf(from);
      if (data === undefined) return undefined;
      for (const value of values(from, run)) {
        const entry = data.get([value]);
        if (entry !== undefined) return new Instance(from, list, entry, undefined, -1);
      }
      return undefined;
    };
  }
  return (from, run) => {
    const data = dataOf(from);
    if (data === undefined) return undefined;
    for (const keys of combinations(tests.map(({ values }) => values(from, run)))) {
      const entry = data.get(keys);
      if (entry !== undefined) return new Instance(from, list, entry, undefined, -1);
    }
    return undefined;
  };
}

function entriesByKeys(list: ListSchema, tests: readonly KeyTest[], whole: boolean, dataOf: DataOf): Walk {
  return (from, run, sink) => {
    const data = dataOf(from);
    if (data === undefined) return false;
    for (const keys of combinations(tests.map(({ values }) => values(from, run)))) {
      run.charge(1);
      const entries: Iterable<Branch> = whole ? asArray(data.get(keys)) : data.startingWith(keys);
      for (const entry of entries) {
        run.charge(1);
        if (sink(new Instance(from, list, entry, undefined, -1))) return true;
      }
    }
    return false;
  };
}

function* combinations(values: readonly (readonly Value[])[]): Iterable<readonly Value[]> {
  const [first, ...rest] = values;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const value of first) for (const tail of combinations(rest)) yield [value, ...tail];
}

function asArray(entry: Branch | undefined): readonly Branch[] {
  return entry === undefined ? [] : [entry];
}

/** The step of a path that is one step to a child. */
function onlyStep(expression: Expression): Step | undefined {
  if (expression.kind !== 'path' || expression.start !== 'context' || expression.steps.length !== 1) return undefined;
  const [step] = expression.steps;
  return step!.axis === 'child' && step!.predicates.length === 0 ? step : undefined;
}

function keyOf(list: ListSchema, step: Step | undefined, binder: Binder): LeafSchema | undefined {
  if (step === undefined || step.test.kind !== 'name') return undefined;
  const children = childrenOf([list], step, binder);
  return children.length === 1 ? list.keys.find((key) => key === children[0]) : undefined;
}

function childrenOf(schemas: Iterable<NodeSchema>, step: Step, binder: Binder): readonly NodeSchema[] {
  return [...schemas].flatMap((schema) => binder.tree.children(schema).filter((child) => matches(child, step.test)));
}

/** True where the value is the same for every node that the predicate is asked about. */
function isContextFree(expression: Expression): boolean {
  switch (expression.kind) {
    case 'literal':
    case 'number':
    case 'register':
      return true;
    case 'or':
    case 'and':
    case 'union':
      return expression.operands.every(isContextFree);
    case 'comparison':
    case 'arithmetic':
      return isContextFree(expression.left) && isContextFree(expression.right);
    case 'negative':
      return isContextFree(expression.operand);
    case 'filter':
      return isContextFree(expression.primary);
    case 'path':
      return expression.start === 'root' || (expression.start !== 'context' && isContextFree(expression.start));
    case 'call':
      return isFreeCall(expression) && expression.operands.every(isContextFree);
  }
}

function isFreeCall({ name, operands }: FunctionCall): boolean {
  return operands.length > 0 ? name !== 'lang' && name !== 'id' : contextFreeCalls.has(name);
}

const contextFreeCalls: ReadonlySet<string> = new Set(['current', 'true', 'false']);
const nothing: readonly Value[] = [];
