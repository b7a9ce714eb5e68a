/**
 * Binds an expression to the schema node of its context: names become slots, keys become look-ups, and what the expression
 * reads is noted on the way.
 */
import { ConfigError } from '../../error.js';
import type { AccessibleTree } from '../accessible.js';
import type { Instance, NodeSchema } from '../instance.js';
import type { DataSchema, LeafListSchema, LeafSchema } from '../schema.js';
import { bindArithmetic, bindNegative } from './arithmetic.js';
import {
  type Bound,
  type Evaluate,
  emptySet,
  type Narrowing,
  type NodeSet,
  type Run,
  sortedNodes,
  type Types,
  type Via,
} from './bound.js';
import { type ChildAccess, walkOne } from './children.js';
import { bindComparison } from './comparison.js';
import { bindCall } from './core-functions.js';
import type { Expression, LocationPath, Register, Step, XPathExpression, XPathNames } from './expression.js';
import type { Guards } from './guards.js';
import { isPositional } from './position.js';
import { bindPredicates } from './predicates.js';
import { Reads } from './reads.js';
import { bindAxis, bindHolders, compose, distinct, itself } from './steps.js';
import { booleanOf } from './values.js';

/** An expression that is ready to be evaluated at instances of one schema node, and what it reads. */
export interface BoundExpression<T> {
  readonly evaluate: Evaluate<T>;
  readonly reads: Reads;
}

/** Nodes that a `when` must not see below the node that it is about (RFC 7950 7.21.5). */
export interface MaskedNodes {
  readonly parent: NodeSchema;
  readonly nodes: readonly DataSchema[];
}

/** What the context node and current() can be, inside an expression or one of its predicates. */
export interface Scope {
  readonly types: Types;
  readonly current: Types;
  /** True where the context node is current(). */
  readonly isCurrent: boolean;
}

/** What can be told of a path before it is bound. */
export type Outline = Pick<NodeSet, 'types' | 'isCostly' | 'isPlain'>;

/** A must or when, with its context. One that goes through too much of the schema is refused when it is evaluated. */
export function bindCondition(
  expression: XPathExpression,
  context: NodeSchema,
  guards: Guards,
  masked?: MaskedNodes,
): BoundExpression<boolean> {
  const binder = new Binder(expression.names, guards, masked);
  try {
    const bound = binder.bind(expression.tree, contextScope(context));
    // What is hidden varies with the node that the expression is about, so that nothing can be remembered.
    if (masked !== undefined && !binder.hidesAnything) return bindCondition(expression, context, guards);
    return { evaluate: booleanOf(bound), reads: binder.reads };
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return { evaluate: () => refuse(thrown), reads: new Reads(binder.tree) };
  }
}

export function contextScope(context: NodeSchema): Scope {
  const types: Types = new Map([[context, { pivot: context, narrow: undefined }]]);
  return { types, current: types, isCurrent: true };
}

export class Binder {
  readonly names: XPathNames;
  readonly guards: Guards;
  readonly tree: AccessibleTree;
  readonly masked: MaskedNodes | undefined;
  /** Where the values of registers come from, as far as they are leafs near the context node. */
  readonly sources = new Map<Register, NodeSet>();
  readonly reads: Reads;
  /** True where the expression reaches a node that is hidden from it. */
  hidesAnything = false;
  /** Schema nodes that may still be looked at: one step after the other may look at all of them. */
  #budget = bindingLimit;
  /** Uses of current() away from the context, and of registers, so far: what uses them varies although its anchor does not. */
  #uses = 0;

  constructor(names: XPathNames, guards: Guards, masked?: MaskedNodes) {
    this.names = names;
    this.guards = guards;
    this.tree = guards.tree;
    this.masked = masked;
    this.reads = new Reads(this.tree);
  }

  bind(expression: Expression, scope: Scope): Bound {
    switch (expression.kind) {
      case 'or':
      case 'and': {
        const operands = expression.operands.map((operand) => booleanOf(this.bind(operand, scope)));
        return { kind: 'boolean', evaluate: expression.kind === 'or' ? anyOf(operands) : allOf(operands) };
      }
      case 'comparison':
        return { kind: 'boolean', evaluate: bindComparison(expression, scope, this) };
      case 'arithmetic':
        return bindArithmetic(
          expression.operator,
          this.bind(expression.left, scope),
          this.bind(expression.right, scope),
          this,
        );
      case 'negative':
        return bindNegative(this.bind(expression.operand, scope), this);
      case 'literal': {
        const { value } = expression;
        return { kind: 'string', evaluate: () => value };
      }
      case 'number': {
        const { value } = expression;
        return { kind: 'number', evaluate: () => value };
      }
      case 'register':
        return this.#register(expression.register);
      case 'call':
        return bindCall(expression, scope, this);
      case 'union':
        return this.#union(expression.operands.map((operand) => this.nodes(operand, scope)));
      case 'filter':
        return this.#filter(expression.primary, expression.predicates, scope);
      case 'path':
        return this.path(expression, scope);
    }
  }

  nodes(expression: Expression, scope: Scope): NodeSet {
    const bound = this.bind(expression, scope);
    if (bound.kind !== 'nodes') throw new RangeError('not a node-set');
    return bound;
  }

  /** `source` says whose values the nodes at the end of the path are compared with, where only equal ones matter. */
  path({ start, steps }: LocationPath, scope: Scope, source?: Narrowing['source']): NodeSet {
    let set = start === 'root' ? this.root() : start === 'context' ? this.context(scope) : this.nodes(start, scope);
    let climbs = start === 'context' && set.one === itself;
    for (let index = 0; index < steps.length; index++) {
      let step = steps[index]!;
      const next = steps[index + 1];
      if (next !== undefined && isAnywhere(step) && next.axis === 'child') {
        climbs = false;
        if (next.predicates.length > 0) {
          set = compose(set, bindHolders(next.test, set.types, this), step.axis, this);
          continue;
        }
        step = { ...next, axis: 'descendant' };
        index++;
      }
      const before = this.#uses;
      set = this.#step(set, step, steps[index + 1], scope, source);
      climbs &&= step.axis === 'parent' && step.test.kind === 'node' && step.predicates.length === 0;
      if (climbs && this.masked === undefined) set = { ...set, anchor: set.one };
      if (this.#uses > before) set = { ...set, anchor: undefined };
    }
    return set;
  }

  /** The node at which the expression is evaluated. */
  context({ types, isCurrent }: Scope): NodeSet {
    const only = types.size === 1 ? [...types.keys()][0]! : undefined;
    const isLeaf = only?.kind === 'leaf' || only?.kind === 'leaf-list' || only?.kind === 'text';
    for (const [schema, via] of types)
      if (schema.kind === 'leaf' || schema.kind === 'leaf-list') this.read(schema, via);
    return {
      ...emptySet,
      types,
      walk: (from, _run, sink) => sink(from),
      one: itself,
      value: isLeaf ? (from) => (from.value === undefined ? '' : from.scalar) : undefined,
      isPlain: isCurrent,
    };
  }

  /** The node of current(). */
  current(scope: Scope): NodeSet {
    if (scope.isCurrent) return this.context(scope);
    this.#uses++;
    const set = this.context({ ...scope, types: scope.current });
    const { value } = set;
    return {
      ...set,
      walk: (_from, run, sink) => sink(run.current),
      one: (_from, run) => run.current,
      value: value && ((_from, run) => value(run.current, run)),
      isPlain: true,
    };
  }

  root(): NodeSet {
    const { root } = this.tree;
    const one = (_from: unknown, run: Run) => run.root;
    return {
      ...emptySet,
      types: new Map([[root, { pivot: root, narrow: undefined }]]),
      walk: (_from, run, sink) => sink(run.root),
      one,
      value: undefined,
      isPlain: true,
      anchor: this.masked === undefined ? one : undefined,
    };
  }

  /** How the instances of a child are reached; those that a `when` must not see are left out. */
  access(parent: NodeSchema, child: NodeSchema): ChildAccess {
    if (--this.#budget < 0) {
      throw new ConfigError({ tag: 'too-big', message: 'the expression goes through too much of the schema' });
    }
    const access = this.guards.access(child);
    if (parent !== this.masked?.parent || !this.masked.nodes.includes(child as DataSchema)) return access;
    this.hidesAnything = true;
    const { walk, one } = access;
    const masked: ChildAccess['walk'] = (from, run, sink) => {
      const { mask } = run;
      if (mask === undefined || !mask.parent.is(from)) return walk(from, run, sink);
      return mask.dummy !== undefined && sink(mask.dummy);
    };
    if (one === undefined) return { walk: masked, one, value: undefined };
    const maskedOne: ChildAccess['one'] = (from, run) =>
      run.mask?.parent.is(from) === true ? run.mask.dummy : one(from, run);
    return { walk: walkOne(maskedOne), one: maskedOne, value: undefined };
  }

  read(schema: NodeSchema, via: Via): void {
    this.reads.add(schema, via);
  }

  /** Notes that the string-values of nodes are read: of a branch all leafs in it. */
  readContent(types: Types): void {
    for (const [schema, via] of types) this.#readBelow(schema, via);
  }

  /** What a path leads to, its predicates left aside: nothing is bound for good and nothing counts as read. */
  outline({ start, steps }: LocationPath, scope: Scope, count = steps.length): Outline | undefined {
    const { root } = this.tree;
    let types: Types;
    let isPlain = start === 'root' || scope.isCurrent;
    if (start === 'root') types = new Map([[root, { pivot: root, narrow: undefined }]]);
    else if (start === 'context') types = scope.types;
    else if (start.kind === 'call' && start.name === 'current') {
      types = scope.current;
      isPlain = true;
    } else return undefined;
    let isCostly = false;
    for (const step of steps.slice(0, count)) {
      const reached = bindAxis(step.axis, step.test, types, this);
      types = reached.types;
      isCostly ||= reached.isCostly;
      isPlain &&= reached.isPlain && step.predicates.length === 0;
    }
    return { types, isCostly, isPlain };
  }

  #readBelow(schema: NodeSchema, via: Via): void {
    this.read(schema, via);
    for (const child of this.tree.children(schema)) this.#readBelow(child, via);
  }

  #step(
    set: NodeSet,
    step: Step,
    next: Step | undefined,
    scope: Scope,
    source: Narrowing['source'] | undefined,
  ): NodeSet {
    const reached = bindAxis(step.axis, step.test, set.types, this);
    const filtered = bindPredicates(reached, step, scope, this);
    const counts = step.predicates.some(isPositional);
    if (!climbing.has(step.axis) && (counts || next === undefined || !descending.has(next.axis))) {
      for (const [schema, via] of filtered.types) {
        this.read(schema, next === undefined && !counts ? narrowed(schema, via, source) : via);
      }
    }
    return compose(set, filtered, step.axis, this);
  }

  #register(register: Register): Bound {
    this.#uses++;
    return { kind: 'string', evaluate: () => String(register.value ?? '') };
  }

  #union(sets: readonly NodeSet[]): NodeSet {
    const types = new Map<NodeSchema, Via>();
    for (const set of sets) {
      for (const [schema, via] of set.types) {
        const known = types.get(schema);
        const pivot = known === undefined ? via.pivot : this.tree.upper(known.pivot, via.pivot);
        types.set(schema, { pivot, narrow: undefined });
      }
    }
    const anchors = sets.flatMap(({ anchor }) => (anchor === undefined ? [] : [anchor]));
    return {
      ...emptySet,
      types,
      walk: distinct((from, run, sink) => sets.some((set) => set.walk(from, run, sink))),
      one: undefined,
      value: undefined,
      isOrdered: false,
      isCostly: sets.some((set) => set.isCostly),
      anchor: anchors.length < sets.length ? undefined : (at, run) => lowest(anchors.map((each) => each(at, run))),
    };
  }

  /** Predicates behind parentheses count in document order, whatever the axes are (section 3.3). */
  #filter(primary: Expression, predicates: readonly Expression[], scope: Scope): NodeSet {
    const set = this.nodes(primary, scope);
    const before = this.#uses;
    const sorted = sortedNodes(set);
    const ordered: NodeSet = set.isOrdered
      ? set
      : { ...set, isOrdered: true, walk: (from, run, sink) => sorted(from, run).some(sink) };
    const step: Step = { axis: 'self', test: { kind: 'node' }, predicates };
    const filtered = bindPredicates(ordered, step, scope, this);
    return { ...filtered, isPlain: false, anchor: this.#uses > before ? undefined : set.anchor };
  }
}

/** Of nodes on one line from the root the one that is furthest down. */
function lowest(nodes: readonly (Instance | undefined)[]): Instance | undefined {
  const depth = (node: Instance | undefined): number => (node === undefined ? 0 : 1 + depth(node.parent));
  return nodes.reduce((low, node) => (depth(node) > depth(low) ? node : low));
}

function refuse(error: ConfigError): never {
  throw error;
}

function anyOf(operands: readonly Evaluate<boolean>[]): Evaluate<boolean> {
  const [first, second] = operands;
  if (operands.length === 2) return (at, run) => first!(at, run) || second!(at, run);
  return (at, run) => operands.some((operand) => operand(at, run));
}

function allOf(operands: readonly Evaluate<boolean>[]): Evaluate<boolean> {
  const [first, second] = operands;
  if (operands.length === 2) return (at, run) => first!(at, run) && second!(at, run);
  return (at, run) => operands.every((operand) => operand(at, run));
}

function isAnywhere({ axis, test, predicates }: Step): boolean {
  return axis === 'descendant-or-self' && test.kind === 'node' && predicates.length === 0;
}

function narrowed(schema: NodeSchema, via: Via, source: Narrowing['source'] | undefined): Via {
  const isLeaf = schema.kind === 'leaf' || schema.kind === 'leaf-list';
  return source === undefined || via.narrow !== undefined || !isLeaf
    ? via
    : { ...via, narrow: { leaf: schema as LeafSchema | LeafListSchema, source } };
}

const bindingLimit = 300_000;
/** Where these lead always exists: nothing can be read of it but itself. */
const climbing: ReadonlySet<Step['axis']> = new Set(['parent', 'ancestor', 'ancestor-or-self']);
/** Behind these only what is below counts, so that what is passed need not be noted. */
const descending: ReadonlySet<Step['axis']> = new Set(['child', 'descendant', 'descendant-or-self', 'self']);
