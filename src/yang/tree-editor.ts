/** Batches of edits of a tree: nodes that the editor itself made are changed in place, all others are copied first. */
import type { InstanceIdentifier, PathStep } from './path.js';
import type { ContainerSchema, DataSchema, LeafListSchema, ListSchema, Value } from './schema.js';
import type { DataTree } from './tree.js';
import { Branch, type Content, leafListValues, type Placement, setSlot, withSlots } from './tree-branch.js';
import { childContent, ListData } from './tree-list.js';

type Slots = (Content | undefined)[];

/** Plain tree surgery without RFC 6241 semantics (those are in edit.ts): creates missing parents, checks no constraint. */
export class TreeEditor {
  readonly #finish: (root: Branch) => DataTree;
  #root: Branch;
  /** Branches, lists and leaf-list drafts that nobody else has seen yet. */
  readonly #own = new Set<Branch | ListData>();
  /** Leaf-lists under edit, as sets in their order, by branch and slot; written back when somebody reads. */
  readonly #leafLists = new Map<Branch, Map<LeafListSchema, Set<Value>>>();

  constructor(root: Branch, finish: (root: Branch) => DataTree) {
    this.#root = root;
    this.#finish = finish;
  }

  /** Sets what is at `path` to `content` whole; list keys come from the path. */
  set(path: InstanceIdentifier, content: Content): void {
    this.put(path, content);
  }

  /**
   * As `set`; a list entry or leaf-list value goes to a place in the user's order (without one it stays where it is, or
   * goes last). False, with nothing changed, where the anchor of the placement is not there.
   */
  put(path: InstanceIdentifier, content: Content, placement?: Placement): boolean {
    const step = path.steps.at(-1);
    if (step === undefined) {
      if (!(content instanceof Branch) || content.schema !== this.#root.schema)
        throw new RangeError('the root is a branch');
      this.#leafLists.clear();
      this.#root = content;
      return true;
    }
    if (placement === undefined && this.#holds(path, step, content)) return true;
    const parent = this.#branch(path.steps.slice(0, -1));
    const { schema, keys } = step;
    if (schema.kind === 'list' && keys !== undefined) {
      return this.#list(parent, schema).put(withKeys(content as Branch, schema, keys), placement);
    }
    if (schema.kind === 'leaf-list') {
      if (keys === undefined)
        this.#assign(parent, schema, nonEmpty(leafListValues(schema, content as readonly Value[])));
      else return placeValue(this.#leafList(parent, schema), keys[0]!, placement);
    } else {
      const data = dataSchema(schema);
      this.#assign(parent, data, content instanceof ListData && content.size === 0 ? undefined : content);
    }
    return true;
  }

  /** Adds an entry to a list without keys. */
  append(path: InstanceIdentifier, entry: Branch): void {
    const step = path.steps.at(-1);
    if (step?.schema.kind !== 'list') throw new RangeError(`${path.toString()} is not a list`);
    this.#list(this.#branch(path.steps.slice(0, -1)), step.schema).put(entry);
  }

  /** Removes what is at `path`, if it is there; non-presence containers left empty go as well. True if it was there. */
  remove(path: InstanceIdentifier): boolean {
    if (this.get(path) === undefined) return false;
    const { steps } = path;
    const step = steps.at(-1);
    if (step === undefined) {
      const was = this.#root;
      this.#root = new Branch(was.schema);
      return !was.isEmpty();
    }
    const parent = this.#branch(steps.slice(0, -1));
    const { schema, keys } = step;
    if (schema.kind === 'list' && keys !== undefined) {
      const list = this.#list(parent, schema);
      list.delete(keys);
      if (list.size === 0) this.#assign(parent, schema, undefined);
    } else if (schema.kind === 'leaf-list' && keys !== undefined) {
      const values = this.#leafList(parent, schema);
      values.delete(keys[0]!);
      if (values.size === 0) this.#assign(parent, schema, undefined);
    } else {
      this.#assign(parent, dataSchema(schema), undefined);
    }
    this.#prune(steps.slice(0, -1));
    return true;
  }

  get(path: InstanceIdentifier): Content | undefined {
    let branch: Branch = this.#root;
    const { steps } = path;
    for (const [index, step] of steps.entries()) {
      if (step.schema.kind === 'leaf-list') {
        const draft = this.#leafLists.get(branch)?.get(step.schema);
        if (draft !== undefined && step.keys !== undefined) return draft.has(step.keys[0]!) ? step.keys[0] : undefined;
        this.#settle(branch);
      }
      const content = childContent(branch, step);
      if (index === steps.length - 1) {
        if (content instanceof Branch || content instanceof ListData) this.#settleAll();
        return content;
      }
      if (!(content instanceof Branch)) return undefined;
      branch = content;
    }
    this.#settleAll();
    return branch;
  }

  finish(): DataTree {
    this.#settleAll();
    this.#own.clear();
    return this.#finish(this.#root);
  }

  #holds(path: InstanceIdentifier, step: PathStep, content: Content): boolean {
    const now = this.get(path);
    if (step.schema.kind === 'leaf-list' && step.keys !== undefined) return now !== undefined;
    return (
      now !== undefined &&
      now === content &&
      (step.schema.kind !== 'list' || step.keys === undefined || isKeyed(now, step.keys))
    );
  }

  /** The branch at `steps`, made where it is missing, free to be changed in place. */
  #branch(steps: readonly PathStep[]): Branch {
    let branch = this.#ownRoot();
    for (const step of steps) branch = this.#child(branch, step);
    return branch;
  }

  #ownRoot(): Branch {
    if (!this.#own.has(this.#root)) this.#root = this.#copy(this.#root);
    return this.#root;
  }

  #child(parent: Branch, { schema, keys }: PathStep): Branch {
    if (schema.kind === 'container') return this.#container(parent, schema);
    if (schema.kind !== 'list' || keys === undefined) throw new RangeError(`${schema.path} has no children to edit`);
    const list = this.#list(parent, schema);
    const entry = list.get(keys);
    if (entry !== undefined && this.#own.has(entry)) return entry;
    const mine = this.#copy(entry ?? withKeys(new Branch(schema), schema, keys));
    list.put(mine);
    return mine;
  }

  #container(parent: Branch, schema: ContainerSchema): Branch {
    const now = parent.container(schema);
    if (now !== undefined && this.#own.has(now)) return now;
    const mine = this.#copy(now ?? new Branch(schema));
    setSlot(parent.slots as Slots, schema.slot, mine);
    return mine;
  }

  #list(parent: Branch, schema: ListSchema): ListData {
    const now = parent.list(schema);
    if (now !== undefined && this.#own.has(now)) return now;
    const mine = now?.draft() ?? ListData.empty(schema);
    this.#own.add(mine);
    setSlot(parent.slots as Slots, schema.slot, mine);
    return mine;
  }

  #leafList(parent: Branch, schema: LeafListSchema): Set<Value> {
    const drafts = this.#leafLists.get(parent) ?? new Map<LeafListSchema, Set<Value>>();
    this.#leafLists.set(parent, drafts);
    let draft = drafts.get(schema);
    if (draft === undefined) {
      draft = new Set(parent.leafList(schema));
      drafts.set(schema, draft);
      setSlot(parent.slots as Slots, schema.slot, parent.leafList(schema));
    }
    return draft;
  }

  #assign(parent: Branch, schema: DataSchema, content: Content | undefined): void {
    if (schema.kind === 'leaf-list') this.#leafLists.get(parent)?.delete(schema);
    setSlot(parent.slots as Slots, schema.slot, content);
  }

  #copy(branch: Branch): Branch {
    const mine = new Branch(branch.schema, branch.slots.slice());
    this.#own.add(mine);
    return mine;
  }

  /** Writes the leaf-lists of one branch back. */
  #settle(branch: Branch): void {
    const drafts = this.#leafLists.get(branch);
    if (drafts === undefined) return;
    for (const [schema, values] of drafts) {
      setSlot(branch.slots as Slots, schema.slot, nonEmpty(leafListValues(schema, values)));
    }
    this.#leafLists.delete(branch);
  }

  /** Writes back the leaf-lists of everything, since a branch is about to be handed out whole. */
  #settleAll(): void {
    for (const branch of this.#leafLists.keys()) this.#settle(branch);
  }

  /** Takes away containers without presence that became empty, from the innermost on. */
  #prune(steps: readonly PathStep[]): void {
    for (let depth = steps.length; depth > 0; depth--) {
      const step = steps[depth - 1]!;
      const { schema } = step;
      if (schema.kind !== 'container' || schema.presence !== undefined) return;
      const parent = this.#branch(steps.slice(0, depth - 1));
      if (!parent.container(schema)!.isEmpty()) return;
      setSlot(parent.slots as Slots, schema.slot, undefined);
    }
  }
}

function dataSchema(schema: PathStep['schema']): DataSchema {
  if ('slot' in schema) return schema;
  throw new RangeError(`${schema.path} is not a data node`);
}

function isKeyed(content: Content, keys: readonly Value[]): boolean {
  return content instanceof Branch && content.keys().every((key, index) => key === keys[index]);
}

/** The entry with the keys that its path names. */
function withKeys(entry: Branch, schema: ListSchema, keys: readonly Value[]): Branch {
  return withSlots(
    entry,
    schema.keys.map((key, index) => [key.slot, keys[index]] as const),
  );
}

function nonEmpty(values: readonly Value[]): readonly Value[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** Puts a value at its place in the user's order; false where the anchor is missing. */
function placeValue(values: Set<Value>, value: Value, placement: Placement | undefined): boolean {
  if (placement === undefined) {
    values.add(value);
    return true;
  }
  const anchor = 'anchor' in placement ? placement.anchor[0] : undefined;
  if ('anchor' in placement && (anchor === undefined || !values.has(anchor))) return false;
  if (anchor === value) return true;
  const others = [...values].filter((other) => other !== value);
  const index = {
    first: 0,
    last: others.length,
    before: others.indexOf(anchor!),
    after: others.indexOf(anchor!) + 1,
  }[placement.where];
  others.splice(index, 0, value);
  values.clear();
  for (const other of others) values.add(other);
  return true;
}
