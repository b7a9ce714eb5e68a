/**
 * Existence of what leafrefs refer to (RFC 7950 9.9). A reference to the only key of a list is one look-up; any other reads the
 * instances of its target. When a value that is referred to goes, the referrers of that schema node are looked through.
 */
import { ConfigError } from '../error.js';
import { InstanceIdentifier } from './path.js';
import type { DataSchema, LeafListSchema, LeafSchema, Schema, SchemaNode, Value } from './schema.js';
import { type Branch, type DataTree, ListData } from './tree.js';
import type { LeafrefType, Type } from './types.js';
import type { Walk } from './validation.js';
import type { BranchAt } from './validation-constraints.js';

type Referrer = LeafSchema | LeafListSchema;

export class Leafrefs {
  /** Leafs that require an instance, by what they refer to. */
  readonly #referrers = new Map<DataSchema, Referrer[]>();
  readonly #required = new Map<Referrer, LeafrefType>();

  constructor(schema: Schema) {
    for (const child of schema.root.dataChildren) this.#collect(child);
  }

  check(tree: DataTree, walk: Walk): readonly ConfigError[] {
    const errors: ConfigError[] = [];
    for (const at of walk.changed) {
      for (const child of at.branch.schema.dataChildren) {
        const type = this.#required.get(child as Referrer);
        if (type !== undefined && walk.touched.has(child)) this.#checkLeaf(tree, at, child as Referrer, type, errors);
      }
    }
    for (const [schema, values] of walk.gone) {
      for (const referrer of this.#referrers.get(schema) ?? []) {
        const type = this.#required.get(referrer);
        if (type === undefined) continue;
        for (const at of instancesOf(tree, referrer)) {
          const left = valuesOf(at.branch, referrer).filter((value) => values.has(value));
          for (const value of left) this.#checkValue(tree, at, referrer, type, value, errors);
        }
      }
    }
    return distinct(errors);
  }

  #checkLeaf(tree: DataTree, at: BranchAt, leaf: Referrer, type: LeafrefType, errors: ConfigError[]): void {
    for (const value of valuesOf(at.branch, leaf)) this.#checkValue(tree, at, leaf, type, value, errors);
  }

  #checkValue(
    tree: DataTree,
    at: BranchAt,
    leaf: Referrer,
    type: LeafrefType,
    value: Value,
    errors: ConfigError[],
  ): void {
    if (exists(tree, type.target, value)) return;
    const path = leaf.kind === 'leaf' ? at.path.child(leaf) : at.path.child(leaf, [value]);
    errors.push(
      new ConfigError({
        tag: 'data-missing',
        appTag: 'instance-required',
        path: path.toString(),
        message: `there is no ${type.target.path} with the value ${String(value)}`,
      }),
    );
  }

  #collect(node: SchemaNode): void {
    if (node.kind === 'leaf' || node.kind === 'leaf-list') {
      const type = requiredLeafref(node.type);
      if (type === undefined || !node.config) return;
      this.#required.set(node, type);
      const known = this.#referrers.get(type.target);
      if (known === undefined) this.#referrers.set(type.target, [node]);
      else known.push(node);
    } else if (node.kind === 'container' || node.kind === 'list') {
      for (const child of node.dataChildren) this.#collect(child);
    }
  }
}

function requiredLeafref(type: Type): LeafrefType | undefined {
  return type.base === 'leafref' && type.requireInstance ? type : undefined;
}

function valuesOf(branch: Branch, leaf: Referrer): readonly Value[] {
  if (leaf.kind === 'leaf-list') return branch.leafList(leaf);
  const value = branch.leaf(leaf);
  return value === undefined ? [] : [value];
}

/** The schema nodes from the root to a node, choice and case left out. */
export function chainOf(node: DataSchema): readonly DataSchema[] {
  const chain: DataSchema[] = [];
  for (let each: SchemaNode | { kind: 'root' } | undefined = node; each !== undefined && each.kind !== 'root'; ) {
    if ('slot' in each) chain.unshift(each);
    each = each.parent;
  }
  return chain;
}

function exists(tree: DataTree, target: Referrer, value: Value): boolean {
  return existsBelow(tree.root, chainOf(target), 0, value);
}

function existsBelow(branch: Branch, chain: readonly DataSchema[], index: number, value: Value): boolean {
  const step = chain[index];
  if (step === undefined) return false;
  if (step.kind === 'leaf') return (branch.leaf(step) ?? step.default) === value;
  if (step.kind === 'leaf-list') return branch.leafList(step).includes(value);
  if (step.kind === 'container') {
    const inner = branch.container(step);
    return inner !== undefined && existsBelow(inner, chain, index + 1, value);
  }
  if (step.kind !== 'list') return false;
  const list = branch.list(step);
  if (list === undefined) return false;
  if (step.keys.length === 1 && chain[index + 1] === step.keys[0]) return list.get([value]) !== undefined;
  for (const entry of list) if (existsBelow(entry, chain, index + 1, value)) return true;
  return false;
}

/** The branches that hold an instance of a leaf. */
function* instancesOf(tree: DataTree, leaf: Referrer): Iterable<BranchAt> {
  const chain = chainOf(leaf).slice(0, -1);
  yield* branchesBelow({ path: InstanceIdentifier.root, branch: tree.root, parent: undefined }, chain, 0);
}

function* branchesBelow(at: BranchAt, chain: readonly DataSchema[], index: number): Iterable<BranchAt> {
  const step = chain[index];
  if (step === undefined) {
    yield at;
    return;
  }
  const content = at.branch.get(step);
  if (content === undefined) return;
  if (content instanceof ListData) {
    for (const entry of content) {
      const path = at.path.child(step, entry.keys());
      yield* branchesBelow({ path, branch: entry, parent: at }, chain, index + 1);
    }
  } else if (step.kind === 'container') {
    yield* branchesBelow({ path: at.path.child(step), branch: content as Branch, parent: at }, chain, index + 1);
  }
}

function distinct(errors: readonly ConfigError[]): readonly ConfigError[] {
  const seen = new Set<string>();
  return errors.filter(({ path }) => !seen.has(path) && seen.add(path));
}
