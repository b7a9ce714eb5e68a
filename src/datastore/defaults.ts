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
} from '../yang/index.js';
import { isDefaultInUse } from './operational.js';

export type WithDefaults = 'report-all' | 'report-all-tagged' | 'trim' | 'explicit';

/** The tree that was set, the place in it, and whether the content is that of operational: with state, and all that is in use. */
export interface Reported {
  readonly set: DataTree;
  readonly path: InstanceIdentifier;
  readonly isOperational: boolean;
  readonly withDefaults: WithDefaults | undefined;
}

/** What is reported of `content`, which is at `path`; undefined where nothing is. Pauses between the entries of lists. */
export function* reporting(content: Content | undefined, reported: Reported): Steps<Content | undefined> {
  const { set, path, isOperational, withDefaults } = reported;
  const schema = (path.last?.schema ?? set.schema.root) as DataSchema | BranchSchema;
  switch (withDefaults) {
    case undefined:
      return content;
    case 'report-all':
    case 'report-all-tagged':
      return isOperational ? content : yield* reportAll(set, path);
    case 'trim':
      return content === undefined ? undefined : yield* trim(schema, content);
    case 'explicit':
      return content === undefined || !isOperational ? content : yield* explicit(schema, content, set.get(path));
  }
}

/** Configuration at `path` with all defaults that are in use (RFC 6243 3.1), also where nothing is set. */
function* reportAll(tree: DataTree, path: InstanceIdentifier): Steps<Content | undefined> {
  const { last } = path;
  if (last === undefined) return yield* filled(tree.root);
  const { schema, keys } = last;
  const content = tree.get(path);
  if (!('slot' in schema)) return content;
  if (content !== undefined) return yield* filledContent(content);
  if (keys !== undefined) return undefined;
  const parent = holderOf(tree, path.parent ?? InstanceIdentifier.root);
  return parent === undefined ? undefined : yield* whatIsInUse(schema, parent);
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

/** The branch at `path`, or an empty one where a container without presence is there without anything in it. */
function holderOf(tree: DataTree, path: InstanceIdentifier): Branch | undefined {
  const branch = tree.branch(path);
  const schema = path.last?.schema;
  if (branch !== undefined || schema?.kind !== 'container' || schema.presence !== undefined) return branch;
  const parent = holderOf(tree, path.parent ?? InstanceIdentifier.root);
  return parent !== undefined && isDefaultInUse(schema, parent) ? new Branch(schema) : undefined;
}

function* whatIsInUse(child: DataSchema, parent: Branch): Steps<Content | undefined> {
  if (!child.config || !isDefaultInUse(child, parent)) return undefined;
  switch (child.kind) {
    case 'leaf':
      return child.default;
    case 'leaf-list':
      return child.defaults.length > 0 ? child.defaults : undefined;
    case 'container': {
      const branch = child.presence === undefined ? yield* filled(new Branch(child)) : undefined;
      return branch?.isEmpty() === false ? branch : undefined;
    }
    default:
      return undefined;
  }
}

function* filledContent(content: Content): Steps<Content> {
  if (content instanceof Branch) return yield* filled(content);
  return content instanceof ListData ? yield* eachEntry(content, filled) : content;
}

function* filled(branch: Branch): Steps<Branch> {
  const slots: (Content | undefined)[] = [];
  for (const child of branch.schema.dataChildren) {
    const content = branch.get(child);
    slots.push(content === undefined ? yield* whatIsInUse(child, branch) : yield* filledContent(content));
  }
  return new Branch(branch.schema, slots);
}

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
