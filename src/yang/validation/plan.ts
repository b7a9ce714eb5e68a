/**
 * What there is to validate of each schema node, bound once for all validations; and the inverse of what conditions read:
 * which of them the change of a node concerns.
 */
import { AccessibleTree, type Body, choicesAround, dataParent, isImplied, type View } from '../accessible.js';
import type { NodeSchema } from '../instance.js';
import type { BranchSchema, Constraint, DataSchema, LeafListSchema, LeafSchema, Schema } from '../schema.js';
import { bindCondition } from '../xpath/binder.js';
import type { Evaluate, Narrowing } from '../xpath/bound.js';
import { type Guard, Guards } from '../xpath/guards.js';
import type { Read, Reads } from '../xpath/reads.js';
import { bindReference, type Reference } from './reference.js';
import { type Requirement, requirementsOf } from './requirements.js';
import { type UniquePlan, uniquesOf } from './unique.js';
import { ValueIndex } from './value-index.js';

/** One thing to check, at every instance of `context`; of a guard at every parent of what it guards. */
export type Check =
  | {
      readonly kind: 'must';
      readonly context: NodeSchema;
      readonly constraint: Constraint;
      readonly holds: Evaluate<boolean>;
      readonly reads: Reads;
    }
  | {
      readonly kind: 'guard';
      readonly context: NodeSchema;
      readonly node: NodePlan;
      readonly guards: readonly Guard[];
    }
  | { readonly kind: 'reference'; readonly context: LeafSchema | LeafListSchema; readonly reference: Reference };

/** A check that a change of the node that has this reader may concern, and where its context nodes then are. */
export interface Reader {
  readonly check: Check;
  /** They are below the same instance of this node as the change. */
  readonly pivot: NodeSchema;
  readonly narrow: Narrowing | undefined;
  /** True where only what goes away matters. */
  readonly lossOnly: boolean;
}

export interface NodePlan {
  readonly schema: NodeSchema;
  /** By slot; undefined for what this plan leaves out. */
  readonly children: readonly (NodePlan | undefined)[];
  /** Children in or below which anything is checked. */
  readonly checked: readonly NodePlan[];
  readonly musts: readonly Extract<Check, { kind: 'must' }>[];
  readonly guard: Extract<Check, { kind: 'guard' }> | undefined;
  readonly reference: Extract<Check, { kind: 'reference' }> | undefined;
  readonly requirements: readonly Requirement[];
  readonly uniques: readonly UniquePlan[];
  /** Children in choices that may exist without being written. */
  readonly selectable: readonly NodePlan[];
  readonly isChecked: boolean;
  /** Of this node alone. */
  readonly readers: readonly Reader[];
  /** Of this node and all below, as far as their context nodes can be elsewhere. */
  readonly outer: readonly Reader[];
}

type Draft = { -readonly [K in keyof NodePlan]: NodePlan[K] } & { readers: Reader[]; outer: Reader[] };

export class Plan {
  readonly schema: Schema;
  readonly guards: Guards;
  /** The plan of the root, or of the body of an operation or notification. */
  readonly top: NodePlan;
  /** Leafs that hold instance-identifiers which require an instance: any node that goes may concern them. */
  readonly pointers: (LeafSchema | LeafListSchema)[] = [];
  /** Unique statements, by the nodes whose `when` decides what counts in them. */
  readonly guardedUniques = new Map<DataSchema, UniquePlan[]>();
  /** True where conditions on a body look at more than the body. */
  seesTree = false;
  /** True where anything here can turn out not to be allowed by a `when`. */
  hasGuards = false;
  readonly #view: View;
  readonly #nodes = new Map<NodeSchema, Draft>();
  readonly #checks: Check[] = [];
  readonly #configGuards: Guards;

  /** `config` looks at configuration alone; with a body that body alone is looked at, its conditions see everything. */
  constructor(schema: Schema, view: View, body?: Body) {
    this.schema = schema;
    this.#view = view;
    this.#configGuards = new Guards(schema, new AccessibleTree(schema.root, 'config'));
    this.guards =
      view === 'config'
        ? this.#configGuards
        : new Guards(schema, new AccessibleTree(schema.root, 'all', body), this.#configGuards);
    const top = this.#plan(body ?? schema.root);
    if (body === undefined) this.#addReaders(top);
    else this.seesTree = this.pointers.length > 0 || this.#checks.some((check) => this.#readsBeyond(check));
    this.top = top;
  }

  node(schema: NodeSchema): NodePlan | undefined {
    return this.#nodes.get(schema);
  }

  #plan(schema: Exclude<NodeSchema, { kind: 'text' }>): Draft {
    const node: Draft = {
      schema,
      children: [],
      checked: [],
      musts: 'must' in schema ? schema.must.map((constraint) => this.#must(schema, constraint)) : [],
      guard: undefined,
      reference: undefined,
      requirements: [],
      uniques: [],
      selectable: [],
      isChecked: false,
      readers: [],
      outer: [],
    };
    this.#nodes.set(schema, node);
    if ('slot' in schema) this.#planData(node, schema);
    if ('dataChildren' in schema) this.#planBranch(node, schema);
    node.isChecked =
      node.musts.length + node.requirements.length + node.uniques.length + node.checked.length > 0 ||
      node.guard !== undefined ||
      node.reference !== undefined;
    return node;
  }

  #planData(node: Draft, schema: DataSchema): void {
    const guards = this.guards.of(schema);
    if (guards.length > 0) {
      const context = dataParent(schema) ?? this.schema.root;
      node.guard = { kind: 'guard', context, node, guards };
      this.#checks.push(node.guard);
      this.hasGuards = true;
    }
    if (schema.kind === 'leaf' || schema.kind === 'leaf-list') {
      const reference = bindReference(schema, this.#guardsOf(schema));
      if (reference === undefined) return;
      node.reference = { kind: 'reference', context: schema, reference };
      this.#checks.push(node.reference);
      if (reference.isPointer) this.pointers.push(schema);
    } else if (schema.kind === 'list') {
      node.uniques = uniquesOf(schema, this.guards);
      for (const unique of node.uniques) this.#noteGuarded(unique);
    }
  }

  #noteGuarded(unique: UniquePlan): void {
    for (const node of new Set(unique.paths.flat())) {
      if (!this.guards.has(node)) continue;
      const known = this.guardedUniques.get(node);
      if (known === undefined) this.guardedUniques.set(node, [unique]);
      else known.push(unique);
    }
  }

  #planBranch(node: Draft, schema: BranchSchema): void {
    const isOurs = (child: { readonly config: boolean }): boolean => this.#view === 'all' || child.config;
    node.children = schema.dataChildren.map((child) => (isOurs(child) ? this.#plan(child) : undefined));
    const children = node.children.filter((child) => child !== undefined);
    node.checked = children.filter((child) => child.isChecked);
    node.selectable = children.filter(({ schema: child }) => isImplied(child as DataSchema) && isInChoice(child));
    node.requirements = requirementsOf(schema.children.filter(isOurs));
  }

  #must(context: Exclude<NodeSchema, { kind: 'text' }>, constraint: Constraint): Extract<Check, { kind: 'must' }> {
    const { evaluate, reads } = bindCondition(constraint.expression, context, this.#guardsOf(context));
    const check: Check = { kind: 'must', context, constraint, holds: evaluate, reads };
    this.#checks.push(check);
    return check;
  }

  /** Configuration sees configuration only. */
  #guardsOf(schema: Exclude<NodeSchema, { kind: 'text' }>): Guards {
    return schema.config ? this.#configGuards : this.guards;
  }

  #addReaders(top: Draft): void {
    for (const check of this.#checks) {
      for (const read of readsOf(check)) {
        const reader = readerOf(check, read);
        // A check is evaluated anyway where its own node came or changed.
        if (reader.pivot !== read.schema) this.#nodes.get(read.schema)?.readers.push(reader);
      }
    }
    this.#addOuter(top, 0);
  }

  #readsBeyond(check: Check): boolean {
    return [...readsOf(check)].some(({ schema }) => !this.#nodes.has(schema));
  }

  /** The readers at or below a node whose pivot is above it. */
  #addOuter(node: Draft, depth: number): void {
    const { tree } = this.guards;
    const isAbove = ({ pivot }: Reader, limit: number): boolean => tree.depth(pivot) < limit;
    const all = new Set<Reader>(node.readers.filter((reader) => isAbove(reader, depth)));
    for (const child of node.children) {
      if (child === undefined) continue;
      this.#addOuter(child as Draft, depth + 1);
      for (const reader of child.outer) if (isAbove(reader, depth)) all.add(reader);
    }
    node.outer.push(...all);
  }
}

function readerOf(check: Check, { schema, pivot, narrow }: Read): Reader {
  const lossOnly = check.kind === 'reference' && check.reference.targets.includes(schema);
  const usable = narrow !== undefined && ValueIndex.suits(narrow.source.leaf) ? narrow : undefined;
  if (check.kind !== 'guard') return { check, pivot, narrow: usable, lossOnly };
  // The context node of a guard may be what it guards; its instances are looked for by their parents.
  const lift = (node: NodeSchema): NodeSchema => (node === check.node.schema ? check.context : node);
  const source = usable && { leaf: usable.source.leaf, top: lift(usable.source.top) };
  return { check, pivot: lift(pivot), narrow: usable && { leaf: usable.leaf, source: source! }, lossOnly };
}

function readsOf(check: Check): Iterable<Read> {
  switch (check.kind) {
    case 'must':
      return check.reads;
    case 'guard':
      return check.guards.flatMap(({ bound }) => [...bound.reads]);
    case 'reference':
      return check.reference.reads;
  }
}

function isInChoice(schema: NodeSchema): boolean {
  return 'slot' in schema && choicesAround(schema).length > 0;
}
