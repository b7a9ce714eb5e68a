/** How defaults are reported (RFC 6243 section 3). What is not set but in use is a default here: the basic mode is `explicit`. */
import {
  Branch,
  type BranchSchema,
  type Content,
  type DataSchema,
  type DataTree,
  InstanceIdentifier,
  ListData,
  type Steps,
  type UnwrittenNodes,
} from '../yang/index.js';
import { isDefaultInUse } from './operational.js';

export type WithDefaults = 'report-all' | 'report-all-tagged' | 'trim' | 'explicit';

/** The tree that was set, the place in it, and whether the content is that of operational: with state, and all that is in use. */
export interface Reported {
  readonly set: DataTree;
  readonly path: InstanceIdentifier;
  readonly isOperational: boolean;
  readonly withDefaults: WithDefaults | undefined;
  readonly unwritten: UnwrittenNodes;
}

/** What is reported of `content`, which is at `path`; undefined where nothing is. Pauses between the entries of lists. */
export function* reporting(content: Content | undefined, reported: Reported): Steps<Content | undefined> {
  const { set, path, isOperational, withDefaults, unwritten } = reported;
  const schema = (path.last?.schema ?? set.schema.root) as DataSchema | BranchSchema;
  switch (withDefaults) {
    case undefined:
      return content;
    case 'report-all':
    case 'report-all-tagged':
      return isOperational ? content : yield* new AllDefaults(set, unwritten).at(path);
    case 'trim':
      return content === undefined ? undefined : yield* trim(schema, content);
    case 'explicit':
      return content === undefined || !isOperational ? content : yield* explicit(schema, content, set.get(path));
  }
}

/** Configuration with all defaults that are in use (RFC 6243 3.1), also where nothing is set. */
class AllDefaults {
  readonly #tree: DataTree;
  readonly #unwritten: UnwrittenNodes;

  constructor(tree: DataTree, unwritten: UnwrittenNodes) {
    this.#tree = tree;
    this.#unwritten = unwritten;
  }

  *at(path: InstanceIdentifier): Steps<Content | undefined> {
    const { last } = path;
    if (last === undefined) return yield* this.#filled(this.#tree.root, path);
    const { schema, keys } = last;
    const content = this.#tree.get(path);
    if (!('slot' in schema)) return content;
    if (content !== undefined) return yield* this.#filledContent(content, path);
    if (keys !== undefined) return undefined;
    const parent = path.parent ?? InstanceIdentifier.root;
    const holder = this.#holderOf(parent);
    return holder === undefined ? undefined : yield* this.#whatIsInUse(schema, holder, parent);
  }

  /** The branch at `path`, or an empty one where a container without presence is there without anything in it. */
  #holderOf(path: InstanceIdentifier): Branch | undefined {
    const branch = this.#tree.branch(path);
    const schema = path.last?.schema;
    if (branch !== undefined || schema?.kind !== 'container' || schema.presence !== undefined) return branch;
    const parent = path.parent ?? InstanceIdentifier.root;
    const holder = this.#holderOf(parent);
    return holder !== undefined && this.#isInUse(schema, holder, parent) ? new Branch(schema) : undefined;
  }

  #isInUse(child: DataSchema, branch: Branch, path: InstanceIdentifier): boolean {
    return isDefaultInUse(child, branch) && this.#unwritten.admits(child, path, this.#tree);
  }

  /** Of a child of the branch at `path`. */
  *#whatIsInUse(child: DataSchema, branch: Branch, path: InstanceIdentifier): Steps<Content | undefined> {
    if (!child.config || !this.#isInUse(child, branch, path)) return undefined;
    switch (child.kind) {
      case 'leaf':
        return child.default;
      case 'leaf-list':
        return child.defaults.length > 0 ? child.defaults : undefined;
      case 'container': {
        if (child.presence !== undefined) return undefined;
        const filled = yield* this.#filled(new Branch(child), path.child(child));
        return filled.isEmpty() ? undefined : filled;
      }
      default:
        return undefined;
    }
  }

  *#filledContent(content: Content, path: InstanceIdentifier): Steps<Content> {
    if (content instanceof Branch) return yield* this.#filled(content, path);
    if (!(content instanceof ListData)) return content;
    const parent = path.parent ?? InstanceIdentifier.root;
    return yield* eachEntry(content, (entry) => this.#filled(entry, parent.child(content.schema, entry.keys())));
  }

  *#filled(branch: Branch, path: InstanceIdentifier): Steps<Branch> {
    const slots: (Content | undefined)[] = [];
    for (const child of branch.schema.dataChildren) {
      const content = branch.get(child);
      if (content === undefined) slots.push(yield* this.#whatIsInUse(child, branch, path));
      else if (!(content instanceof Branch || content instanceof ListData)) slots.push(content);
      else slots.push(yield* this.#filledContent(content, path.child(child)));
    }
    return new Branch(branch.schema, slots);
  }
}

/** Without what has its default as its value (RFC 6243 3.2). */
function trim(schema: DataSchema | BranchSchema, content: Content): Steps<Content | undefined> {
  return without(schema, content, undefined, isDefault);
}

/** Without configuration that is not set in `set`, which is what the tree has at the same place (RFC 6243 3.3). */
function explicit(
  schema: DataSchema | BranchSchema,
  content: Content,
  set: Content | undefined,
): Steps<Content | undefined> {
  return without(schema, content, set, (node, _value, own) => node.config && own === undefined);
}

type Leaf = Extract<DataSchema, { kind: 'leaf' | 'leaf-list' }>;

type Drop = (node: Leaf, value: Content, set: Content | undefined) => boolean;

/** The leafs that are to go are gone, and with them containers without presence that held nothing else. */
function* without(
  schema: DataSchema | BranchSchema,
  content: Content,
  set: Content | undefined,
  drop: Drop,
): Steps<Content | undefined> {
  if (content instanceof ListData) {
    const own = set instanceof ListData && content.schema.keys.length > 0 ? set : undefined;
    return yield* eachEntry(content, (entry) => withoutIn(entry, own?.get(entry.keys()), drop));
  }
  if (content instanceof Branch) {
    const branch = yield* withoutIn(content, set instanceof Branch ? set : undefined, drop);
    const isContents = schema.kind === 'container' && schema.presence === undefined;
    return isContents && branch.isEmpty() && !content.isEmpty() ? undefined : branch;
  }
  return (schema.kind === 'leaf' || schema.kind === 'leaf-list') && drop(schema, content, set) ? undefined : content;
}

function* withoutIn(branch: Branch, set: Branch | undefined, drop: Drop): Steps<Branch> {
  const slots: (Content | undefined)[] = [];
  for (const child of branch.schema.dataChildren) {
    const content = branch.get(child);
    slots.push(content === undefined ? undefined : yield* without(child, content, set?.get(child), drop));
  }
  return new Branch(branch.schema, slots);
}

function* eachEntry(list: ListData, make: (entry: Branch) => Steps<Branch>): Steps<ListData> {
  const entries: Branch[] = [];
  for (const entry of list) {
    entries.push(yield* make(entry));
    yield;
  }
  return ListData.of(list.schema, entries);
}

function isDefault(node: Leaf, value: Content): boolean {
  if (node.kind === 'leaf') return node.default !== undefined && value === node.default;
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length === node.defaults.length &&
    node.defaults.every((each, index) => each === value[index])
  );
}
