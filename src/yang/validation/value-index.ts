/**
 * Where a leaf has which value, in a persistent ordered map: the index of a tree is made from that of the tree before it, at
 * a cost that follows the change. Finds who refers to what went, and whether a value is anywhere.
 */
import { dataParent } from '../accessible.js';
import { Instance } from '../instance.js';
import type { DataSchema, LeafListSchema, LeafSchema, Value } from '../schema.js';
import type { Branch, Content } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import { compareScalars, loadSortedMap, type SortedMap } from '../tree-order.js';

type Leaf = LeafSchema | LeafListSchema;
/** The value, then the keys of every list entry on the way, from the root down. */
type IndexKey = readonly Value[];

export class ValueIndex {
  readonly #chain: readonly DataSchema[];
  readonly #map: SortedMap<IndexKey, true>;

  private constructor(chain: readonly DataSchema[], map: SortedMap<IndexKey, true>) {
    this.#chain = chain;
    this.#map = map;
  }

  /**
   * False for leafs below lists without keys, whose places have no names, for leaf-lists of state, which may hold a value
   * twice, and for parameters of operations.
   */
  static suits(leaf: Leaf): boolean {
    if (leaf.kind === 'leaf-list' && !leaf.config) return false;
    const chain = chainTo(leaf);
    const isData = dataParent(chain[0]!)?.kind === 'root';
    return isData && chain.every((node) => node.kind !== 'list' || node.keys.length > 0);
  }

  static build(leaf: Leaf, root: Branch): ValueIndex {
    const chain = chainTo(leaf);
    const keys: IndexKey[] = [];
    for (const { value, place } of eachValue(chain, 0, root, [])) keys.push([value, ...place]);
    keys.sort(compareKeys);
    const distinct = keys.filter((key, index) => index === 0 || compareKeys(keys[index - 1]!, key) !== 0);
    const marks = distinct.map((): true => true);
    return new ValueIndex(chain, loadSortedMap(distinct, marks, compareKeys));
  }

  /** The index of `after`, this being that of `before`; each step takes one change. */
  *derive(before: Branch, after: Branch): Generator<undefined, ValueIndex> {
    const map = this.#map.clone();
    for (const { value, place, isLost } of eachChange(this.#chain, 0, before, after, [])) {
      if (isLost) map.delete([value, ...place]);
      else map.set([value, ...place], true);
      yield undefined;
    }
    return new ValueIndex(this.#chain, map);
  }

  /** Whether the value is anywhere below the entries whose keys are given, from the root down. */
  has(value: Value, place: readonly Value[]): boolean {
    const start = [value, ...place];
    const [key] = firstFrom(this.#map, start);
    return key !== undefined && start.every((part, index) => part === key[index]);
  }

  /** The branches that hold the leaf with the value, as instances below `root`. */
  *holders(value: Value, root: Instance): Iterable<Instance> {
    for (const key of this.#map.keys([value])) {
      if (key[0] !== value) return;
      yield this.#locate(key, root);
    }
  }

  /** As `holders`, of every value that begins with a text. */
  *holdersFrom(text: string, root: Instance): Iterable<{ readonly value: string; readonly holder: Instance }> {
    for (const key of this.#map.keys([text])) {
      const [value] = key;
      if (typeof value !== 'string' || !value.startsWith(text)) return;
      yield { value, holder: this.#locate(key, root) };
    }
  }

  #locate(key: IndexKey, root: Instance): Instance {
    let at = root;
    let next = 1;
    for (const schema of this.#chain.slice(0, -1)) {
      if (schema.kind === 'list') {
        const keys = key.slice(next, next + schema.keys.length);
        next += keys.length;
        at = new Instance(at, schema, at.branch!.list(schema)!.get(keys), undefined, -1);
      } else if (schema.kind === 'container') {
        at = new Instance(at, schema, at.branch!.container(schema), undefined, -1);
      }
    }
    return at;
  }
}

/** The indexes of trees, kept for as long as the trees are. */
export class Indexes {
  readonly #byTree = new WeakMap<Branch, Map<Leaf, ValueIndex>>();

  /** The index of a leaf in a tree, made from that of `base` where it has one. */
  of(leaf: Leaf, tree: Branch, base: Branch | undefined): ValueIndex {
    const index = this.#byTree.get(tree)?.get(leaf);
    if (index !== undefined) return index;
    const known = base === undefined ? undefined : this.#byTree.get(base)?.get(leaf);
    return this.#keep(leaf, tree, known === undefined ? ValueIndex.build(leaf, tree) : last(known.derive(base!, tree)));
  }

  /** Makes for `tree` every index that `base` has, so that none has to be built anew later; step by step. */
  *carry(base: Branch, tree: Branch): Generator<undefined, void> {
    for (const [leaf, index] of this.#byTree.get(base) ?? []) {
      if (this.#byTree.get(tree)?.has(leaf) !== true) this.#keep(leaf, tree, yield* index.derive(base, tree));
    }
  }

  #keep(leaf: Leaf, tree: Branch, index: ValueIndex): ValueIndex {
    const known = this.#byTree.get(tree);
    if (known === undefined) this.#byTree.set(tree, new Map([[leaf, index]]));
    else known.set(leaf, index);
    return index;
  }
}

/** The keys of all list entries at and above a node, from the root down. */
export function placeOf(node: Instance): readonly Value[] {
  const above = node.parent === undefined ? [] : placeOf(node.parent);
  return node.schema.kind === 'list' ? [...above, ...node.branch!.keys()] : above;
}

/** The values of a leaf in branches of one schema node; undefined where it is not below that, or has a default. */
export function valuesBelow(
  schema: DataSchema,
  leaf: Leaf,
  branches: readonly (Branch | undefined)[],
): readonly Value[] | undefined {
  const chain = chainTo(leaf);
  const depth = chain.indexOf(schema) + 1;
  const isPlain = leaf.kind === 'leaf' ? leaf.default === undefined : leaf.defaults.length === 0;
  if (depth === 0 || !isPlain) return undefined;
  const values: Value[] = [];
  for (const branch of branches) {
    if (branch === undefined) continue;
    for (const { value } of eachValue(chain, depth, branch, [])) values.push(value);
  }
  return values;
}

interface Item {
  readonly value: Value;
  /** The keys of the entries on the way, from the root down. */
  readonly place: readonly Value[];
}

function chainTo(leaf: Leaf): readonly DataSchema[] {
  const chain: DataSchema[] = [leaf];
  for (let at = dataParent(leaf); at !== undefined && 'slot' in at; at = dataParent(at)) chain.unshift(at);
  return chain;
}

function* eachValue(
  chain: readonly DataSchema[],
  depth: number,
  branch: Branch,
  place: readonly Value[],
): Iterable<Item> {
  const content = branch.get(chain[depth]!);
  if (content !== undefined) yield* eachIn(chain, depth, content, place);
}

function* eachIn(
  chain: readonly DataSchema[],
  depth: number,
  content: Content,
  place: readonly Value[],
): Iterable<Item> {
  switch (chain[depth]!.kind) {
    case 'leaf':
      yield { value: content as Value, place };
      return;
    case 'leaf-list':
      for (const value of content as readonly Value[]) yield { value, place };
      return;
    case 'container':
      yield* eachValue(chain, depth + 1, content as Branch, place);
      return;
    case 'list':
      for (const entry of content as ListData) yield* eachValue(chain, depth + 1, entry, [...place, ...entry.keys()]);
      return;
    default:
  }
}

/** What is lost is told before what is found in the same place. */
function* eachChange(
  chain: readonly DataSchema[],
  depth: number,
  before: Branch,
  after: Branch,
  place: readonly Value[],
): Iterable<Item & { readonly isLost: boolean }> {
  const schema = chain[depth]!;
  const was = before.get(schema);
  const is = after.get(schema);
  if (was === is) return;
  if (was !== undefined && is !== undefined && schema.kind === 'container') {
    yield* eachChange(chain, depth + 1, was as Branch, is as Branch, place);
  } else if (was !== undefined && is !== undefined && schema.kind === 'list') {
    for (const { before: old, after: now } of (is as ListData).changesSince(was as ListData)) {
      const at = [...place, ...(now ?? old)!.keys()];
      if (old !== undefined && now !== undefined) yield* eachChange(chain, depth + 1, old, now, at);
      else yield* marked(eachValue(chain, depth + 1, (now ?? old)!, at), now === undefined);
    }
  } else {
    if (was !== undefined) yield* marked(eachIn(chain, depth, was, place), true);
    if (is !== undefined) yield* marked(eachIn(chain, depth, is, place), false);
  }
}

function* marked(items: Iterable<Item>, isLost: boolean): Iterable<Item & { readonly isLost: boolean }> {
  for (const { value, place } of items) yield { value, place, isLost };
}

function last<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function firstFrom(map: SortedMap<IndexKey, true>, start: IndexKey): readonly [IndexKey?] {
  for (const key of map.keys(start)) return [key];
  return [];
}

/** A key that another begins with comes before it. */
function compareKeys(a: IndexKey, b: IndexKey): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const order = compareScalars(a[index]!, b[index]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
