/** Secrets in the tree: sealed on the way in, absent on every read, opened only for consumers in this process. */
import {
  Branch,
  type Content,
  type DataTree,
  InstanceIdentifier,
  type LeafSchema,
  ListData,
  type Value,
} from '../yang/index.js';
import { below } from './change.js';
import { isSealed, type MasterKey } from './master-key.js';
import { chainOf, isConcealedLeaf, isSealedLeaf, type SchemaIndex } from './schema-index.js';

export class Sealing {
  readonly #index: SchemaIndex;
  readonly #key: MasterKey;
  readonly #sealedLeafs: readonly LeafSchema[];
  readonly #concealedLeafs: readonly LeafSchema[];
  readonly #shown = new WeakMap<Branch, DataTree>();

  constructor(index: SchemaIndex, key: MasterKey) {
    this.#index = index;
    this.#key = key;
    const leafs = [...index.allData()].filter((node) => node.kind === 'leaf');
    this.#sealedLeafs = leafs.filter(isSealedLeaf);
    this.#concealedLeafs = leafs.filter(isConcealedLeaf);
  }

  /** `content`, which belongs at `path`, with every sealed leaf's value encrypted. */
  seal(path: InstanceIdentifier, content: Content): Content {
    const schema = path.last?.schema;
    if (schema !== undefined && !this.#index.holdsSealed(schema)) return content;
    if (schema?.kind === 'leaf') return this.#key.sealText(String(content), path.toString());
    if (content instanceof ListData) return this.#sealList(path, content);
    return content instanceof Branch ? this.#sealBranch(path, content) : content;
  }

  /**
   * After an edit that replaced what is at `path`: what was sealed below it before stays, wherever its parent still is
   * and the edit brought no other value.
   */
  keep(before: DataTree, after: DataTree, path: InstanceIdentifier): DataTree {
    const schema = path.last?.schema;
    if (schema !== undefined && (schema.kind === 'leaf' || !this.#index.holdsSealed(schema))) return after;
    const start = before.get(path);
    if (start === undefined) return after;
    const editor = after.edit();
    for (const leaf of this.#sealedLeafs) {
      for (const [place, value] of below(path, start, chainOf(leaf))) {
        const parent = place.parent ?? InstanceIdentifier.root;
        if (after.get(place) === undefined && exists(after, parent)) editor.set(place, value);
      }
    }
    return editor.finish();
  }

  /** The tree as reads see it: without sealed and hidden leafs. Made once for each version. */
  shown(tree: DataTree): DataTree {
    if (this.#concealedLeafs.length === 0) return tree;
    const known = this.#shown.get(tree.root);
    if (known !== undefined) return known;
    const changes: InstanceIdentifier[] = [];
    for (const leaf of this.#concealedLeafs) {
      for (const [place] of below(InstanceIdentifier.root, tree.root, chainOf(leaf))) changes.push(place);
    }
    const editor = tree.edit();
    for (const place of changes) editor.remove(place);
    const shown = editor.finish();
    this.#shown.set(tree.root, shown);
    return shown;
  }

  /** True for the path of a leaf that no read shows. */
  isConcealedPath(path: InstanceIdentifier): boolean {
    const schema = path.last?.schema;
    return schema?.kind === 'leaf' && isConcealedLeaf(schema);
  }

  /** The plain value of a sealed leaf; undefined where it is not set. ConfigError where the master key does not open it. */
  open(tree: DataTree, path: InstanceIdentifier): string | undefined {
    const value = tree.get(path);
    if (value === undefined) return undefined;
    return isSealed(value) ? this.#key.openText(value, path.toString()) : String(value as Value);
  }

  #sealList(path: InstanceIdentifier, list: ListData): ListData {
    const parent = path.parent ?? InstanceIdentifier.root;
    const entries = Array.from(list, (entry) => this.#sealBranch(parent.child(list.schema, entry.keys()), entry));
    return ListData.of(list.schema, entries);
  }

  #sealBranch(path: InstanceIdentifier, branch: Branch): Branch {
    const slots = branch.slots.slice();
    for (const [child, content] of branch.present()) {
      if (this.#index.holdsSealed(child)) slots[child.slot] = this.seal(path.child(child), content);
    }
    return new Branch(branch.schema, slots);
  }
}

/** A sealed leaf's parent is there: a container without presence as soon as its own parent is. */
function exists(tree: DataTree, path: InstanceIdentifier): boolean {
  const { last } = path;
  if (last === undefined || tree.get(path) !== undefined) return true;
  const { schema } = last;
  if (schema.kind !== 'container' || schema.presence !== undefined) return false;
  return exists(tree, path.parent ?? InstanceIdentifier.root);
}

/** Drops the system state of configuration list entries that are gone. */
export function pruneSystem(system: DataTree, config: DataTree, gone: readonly InstanceIdentifier[]): DataTree {
  if (gone.length === 0) return system;
  const editor = system.edit();
  for (const path of gone) {
    const content = system.get(path);
    if (content === undefined) continue;
    for (const place of entriesIn(path, content)) if (config.get(place) === undefined) editor.remove(place);
  }
  return editor.finish();
}

/** The configuration list entries and presence containers at or below a place, the uppermost ones. */
function* entriesIn(path: InstanceIdentifier, content: Content): Iterable<InstanceIdentifier> {
  const schema = path.last?.schema;
  if (content instanceof ListData) {
    if (!content.schema.config) return;
    const parent = path.parent ?? InstanceIdentifier.root;
    for (const entry of content) yield parent.child(content.schema, entry.keys());
    return;
  }
  if (!(content instanceof Branch)) return;
  if (schema?.kind === 'list' || (schema?.kind === 'container' && schema.presence !== undefined)) {
    yield path;
    return;
  }
  for (const [child, inner] of content.present()) {
    if (child.config && (child.kind === 'container' || child.kind === 'list')) {
      yield* entriesIn(path.child(child), inner);
    }
  }
}
