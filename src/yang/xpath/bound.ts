/**
 * Expressions bound to the schema: closures over instances. What they need while they run is in {@link Run}; what is known of
 * them before is in {@link NodeSet}.
 */
import { ConfigError } from '../../error.js';
import { compareInstances, type Instance, type NodeSchema } from '../instance.js';
import type { LeafListSchema, LeafSchema, Value } from '../schema.js';

export type Evaluate<T> = (at: Instance, run: Run) => T;

/** Is given nodes one after the other; true ends the walk. */
export type Sink = (node: Instance) => boolean;

/** Gives nodes to the sink; true where the sink ended it. */
export type Walk = (from: Instance, run: Run, sink: Sink) => boolean;

export type Bound =
  | { readonly kind: 'boolean'; readonly evaluate: Evaluate<boolean> }
  | { readonly kind: 'number'; readonly evaluate: Evaluate<number> }
  | { readonly kind: 'string'; readonly evaluate: Evaluate<string> }
  | NodeSet;

export interface NodeSet {
  readonly kind: 'nodes';
  /** The schema nodes that its nodes can be of. */
  readonly types: Types;
  /** Every node once. */
  readonly walk: Walk;
  /** Where there is never more than one node. */
  readonly one: Evaluate<Instance | undefined> | undefined;
  /** Where there is never more than one node and that is a leaf: its value, without making the node. */
  readonly value: Evaluate<Value | undefined> | undefined;
  /** True where the walk goes in document order. */
  readonly isOrdered: boolean;
  /** True where a walk may pass many nodes: entries of lists and leaf-lists that no key picks. */
  readonly isCostly: boolean;
  /** True for parents, and containers, leafs and leaf-lists below: what a value can be found by. */
  readonly isPlain: boolean;
  /** The node above on which alone the set depends, where that is not the context node; none above the root. */
  readonly anchor: Evaluate<Instance | undefined> | undefined;
}

/** By schema node how its instances are reached. */
export type Types = ReadonlyMap<NodeSchema, Via>;

export interface Via {
  /** The highest node on the way, of the nodes above the first context node. */
  readonly pivot: NodeSchema;
  /** Which of the instances can be meant at all, where keys tell. */
  readonly narrow: Narrowing | undefined;
}

/** Instances below an entry of a list are only meant where its key has a value that the context node holds. */
export interface Narrowing {
  /** The key leaf, or the leaf that is compared. */
  readonly leaf: LeafSchema | LeafListSchema;
  /** The leaf in whose values the key is looked for; its context nodes are below the nearest instance of `top` above it. */
  readonly source: { readonly leaf: LeafSchema | LeafListSchema; readonly top: NodeSchema };
}

/** One pass over one tree: what stays the same meanwhile is remembered here. */
export class Run {
  readonly root: Instance;
  /** The node of current() (RFC 7950 10.1.1). */
  current: Instance;
  position = 1;
  size = 1;
  /** The operation or notification that is being looked at. */
  readonly body: Instance | undefined;
  /** The `when` expressions that are being evaluated, one for the sake of the other, and below which node each. */
  readonly guarding: { readonly guard: object; readonly parent: Instance }[] = [];
  /** The instances that a `when` must not see, being itself about them (RFC 7950 7.21.5). */
  mask: Mask | undefined;
  #steps: number;
  readonly #memos = new Map<object, Map<Instance | undefined, unknown>>();

  constructor(root: Instance, steps: number, body?: Instance) {
    this.root = root;
    this.current = root;
    this.body = body;
    this.#steps = steps;
  }

  /** Makes ready to evaluate an expression for a context node, whatever became of the one before. */
  begin(context: Instance): void {
    this.current = context;
    this.position = 1;
    this.size = 1;
    this.mask = undefined;
    this.guarding.length = 0;
  }

  /** Counts work. Throws ConfigError `resource-denied` when the budget is used up. */
  charge(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) {
      throw new ConfigError({ tag: 'resource-denied', message: 'the expression takes too many steps on this data' });
    }
  }

  /** A new budget; gives what was left of the old. */
  refill(steps: number): number {
    const left = this.#steps;
    this.#steps = steps;
    return left;
  }

  /**
   * What `evaluate` gave when it was last asked for the same key and anchor in this pass. Not while conditions are evaluated
   * for the sake of others, since what depends on itself counts as false only there.
   */
  remembered<T>(key: object, anchor: Instance | undefined, evaluate: Evaluate<T>, at: Instance): T {
    if (this.guarding.length > 1) return evaluate(at, this);
    let memo = this.#memos.get(key);
    if (memo === undefined) {
      memo = new Map();
      this.#memos.set(key, memo);
    }
    if (memo.has(anchor)) return memo.get(anchor) as T;
    const value = evaluate(at, this);
    memo.set(anchor, value);
    return value;
  }
}

export interface Mask {
  readonly parent: Instance;
  /** What stands in place of the instances: the dummy node, or nothing. */
  readonly dummy: Instance | undefined;
}

export function logical(evaluate: Evaluate<boolean>): Bound {
  return { kind: 'boolean', evaluate };
}

export function numeric(evaluate: Evaluate<number>): Bound {
  return { kind: 'number', evaluate };
}

/** Evaluated once for each anchor and pass, where the set is costly and its anchor is known. */
export function memoised<T>(set: NodeSet, evaluate: Evaluate<T>): Evaluate<T> {
  const { anchor } = set;
  if (anchor === undefined || !set.isCostly) return evaluate;
  return (at, run) => run.remembered(evaluate, anchor(at, run), evaluate, at);
}

/** The first node in document order. */
export function firstNode(set: NodeSet): Evaluate<Instance | undefined> {
  if (set.one !== undefined) return set.one;
  const { walk, isOrdered } = set;
  return memoised(set, (at, run) => {
    let first: Instance | undefined;
    walk(at, run, (node) => {
      if (first === undefined || compareInstances(node, first) < 0) first = node;
      return isOrdered;
    });
    return first;
  });
}

/** All nodes, in document order. */
export function sortedNodes(set: NodeSet): Evaluate<Instance[]> {
  const { walk, isOrdered } = set;
  return (at, run) => {
    const nodes: Instance[] = [];
    walk(at, run, (node) => {
      nodes.push(node);
      return false;
    });
    return isOrdered ? nodes : nodes.sort(compareInstances);
  };
}

/** What a set of nothing is. */
export const emptySet: NodeSet = {
  kind: 'nodes',
  types: new Map(),
  walk: () => false,
  one: () => undefined,
  value: () => undefined,
  isOrdered: true,
  isCostly: false,
  isPlain: false,
  anchor: undefined,
};
