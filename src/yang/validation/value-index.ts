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

  /** False for leafs below lists without keys, whose places have no names, and for parameters of operations. */
  static suits(leaf: Leaf): boolean {
    const chain = chainTo(leaf);
    const isData = dataParent(chain[0]!)?.kind === 'root';
    return isData && chain.every((node) => node.kind !== 'list' || node.keys.length > 0);
  }

  static build(leaf: Leaf, root: Branch): ValueIndex {
    const chain = chainTo(leaf);
    const keys: IndexKey[] = [];
    eachValue(chain, 0, root, [], (value, place) => keys.push([value, ...place]));
    keys.sort(compareKeys);
    const distinct = keys.filter((key, index) => index === 0 || compareKeys(keys[index - 1]!, key) !== 0);
    const marks = distinct.map((): true => true);
    return new ValueIndex(chain, loadSortedMap(distinct, marks, compareKeys));
  }

  /** The index of `after`, this being that of `before`. */
  derive(before: Branch, after: Branch): ValueIndex {
    const map = this.#map.clone();
    eachChange(this.#chain, 0, before, after, [], {
      lost: (value, place) => void map.delete([value, ...place]),
      found: (value, place) => void map.set([value, ...place], true),
    });
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
    let indexes = this.#byTree.get(tree);
    if (indexes === undefined) {
      indexes = new Map();
      this.#byTree.set(tree, indexes);
    }
    let index = indexes.get(leaf);
    if (index === undefined) {
      const known = base === undefined ? undefined : this.#byTree.get(base)?.get(leaf);
      index = known === undefined ? ValueIndex.build(leaf, tree) : known.derive(base!, tree);
      indexes.set(leaf, index);
    }
    return index;
  }

  /** Makes for `tree` every index that `base` has, so that none has to be built anew later. */
  carry(base: Branch, tree: Branch): void {
    for (const leaf of this.#byTree.get(base)?.keys() ?? []) this.of(leaf, tree, base);
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
    if (branch !== undefined) eachValue(chain, depth, branch, [], (value) => values.push(value));
  }
  return values;
}

type Found = (value: Value, place: readonly Value[]) => void;

function chainTo(leaf: Leaf): readonly DataSchema[] {
  const chain: DataSchema[] = [leaf];
  for (let at = dataParent(leaf); at !== undefined && 'slot' in at; at = dataParent(at)) chain.unshift(at);
  return chain;
}

function eachValue(
  chain: readonly DataSchema[],
  depth: number,
  branch: Branch,
  place: readonly Value[],
  found: Found,
): void {
  const schema = chain[depth]!;
  const content = branch.get(schema);
  if (content !== undefined) eachIn(chain, depth, schema, content, place, found);
}

function eachIn(
  chain: readonly DataSchema[],
  depth: number,
  schema: DataSchema,
  content: Content,
  place: readonly Value[],
  found: Found,
): void {
  switch (schema.kind) {
    case 'leaf':
      found(content as Value, place);
      return;
    case 'leaf-list':
      for (const value of content as readonly Value[]) found(value, place);
      return;
    case 'container':
      eachValue(chain, depth + 1, content as Branch, place, found);
      return;
    case 'list':
      for (const entry of content as ListData) eachValue(chain, depth + 1, entry, [...place, ...entry.keys()], found);
      return;
    default:
  }
}

interface Changes {
  readonly lost: Found;
  readonly found: Found;
}

function eachChange(
  chain: readonly DataSchema[],
  depth: number,
  before: Branch,
  after: Branch,
  place: readonly Value[],
  changes: Changes,
): void {
  if (before === after) return;
  const schema = chain[depth]!;
  const [was, is] = [before.get(schema), after.get(schema)];
  if (was === is) return;
  if (was !== undefined && is !== undefined && schema.kind === 'container') {
    eachChange(chain, depth + 1, was as Branch, is as Branch, place, changes);
  } else if (was !== undefined && is !== undefined && schema.kind === 'list') {
    for (const change of (is as ListData).changesSince(was as ListData)) {
      const at = [...place, ...(change.after ?? change.before)!.keys()];
      if (change.before !== undefined && change.after !== undefined) {
        eachChange(chain, depth + 1, change.before, change.after, at, changes);
      } else if (change.before !== undefined) eachValue(chain, depth + 1, change.before, at, changes.lost);
      else eachValue(chain, depth + 1, change.after!, at, changes.found);
    }
  } else {
    if (was !== undefined) eachIn(chain, depth, schema, was, place, changes.lost);
    if (is !== undefined) eachIn(chain, depth, schema, is, place, changes.found);
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
