/**
 * A patch: what to set and what to remove to come from one tree to another. It is what the journal records and what a
 * rebase carries over. Where order matters and is not by key, the smallest step that a rebase knows is the whole list; the
 * journal records entries with their places, and of a leaf-list what changed.
 */
import { ConfigError } from '../error.js';
import {
  Branch,
  type CaseSchema,
  type Content,
  choicesAround,
  type DataTree,
  diffTreesInSlices,
  InstanceIdentifier,
  inSlices,
  ListData,
  type ListSchema,
  type Value,
} from '../yang/index.js';
import { around, prefix } from './change.js';
import type { Difference } from './contract.js';

export interface PatchItem {
  readonly path: InstanceIdentifier;
  /** Undefined: what is at `path` goes. */
  readonly content: Content | undefined;
  /** What was there. */
  readonly before: Content | undefined;
  /** Of an entry of a user-ordered list: the keys of the one that it follows, none for the first. */
  readonly place?: readonly Value[];
}

/** What goes comes before what is set; may be gone through more than once. */
export type Patch = Iterable<PatchItem>;

/** The patch of differences that were computed already; each item is made when it is asked for. */
export function patchOf(differences: readonly Difference[], after: DataTree): Patch {
  return { [Symbol.iterator]: () => itemsOf(differences, after, undefined) };
}

/** As {@link patchOf}, with entries of user-ordered lists by their places, each after the one that it follows. */
export function placedPatchOf(differences: readonly Difference[], after: DataTree): Patch {
  return { [Symbol.iterator]: () => itemsOf(differences, after, placedIn(differences)) };
}

/** `placed`: the entries that are to be put in their places, by path; undefined where their lists go whole. */
function* itemsOf(
  differences: readonly Difference[],
  after: DataTree,
  placed: Map<string, Difference> | undefined,
): Generator<PatchItem> {
  const whole = new Set<string>();
  for (const difference of goneFirst(differences)) {
    const { path, kind, before, after: content } = difference;
    const length = wholeStep(path, kind, placed !== undefined);
    if (length === undefined && placed !== undefined && isPlaced(difference)) {
      yield* inPlace(difference, placed, after);
      continue;
    }
    if (length === undefined || (placed !== undefined && isLeafList(difference, length))) {
      yield { path, content, before };
      continue;
    }
    const list = wholeList(path, length);
    const key = list.toString();
    if (whole.has(key)) continue;
    whole.add(key);
    yield { path: list, content: after.get(list), before: undefined };
  }
}

/** A leaf-list of which both versions are known, so that what changed in it can be told. */
function isLeafList({ path, kind }: Difference, length: number): boolean {
  return kind === 'modified' && length === path.steps.length && path.last?.schema.kind === 'leaf-list';
}

/** What is set may lie below a place that was another kind of node's. */
function* goneFirst(differences: readonly Difference[]): Generator<Difference> {
  for (const difference of differences) if (difference.kind === 'deleted') yield difference;
  for (const difference of differences) if (difference.kind !== 'deleted') yield difference;
}

function placedIn(differences: readonly Difference[]): Map<string, Difference> {
  const placed = new Map<string, Difference>();
  for (const difference of differences) if (isPlaced(difference)) placed.set(difference.path.toString(), difference);
  return placed;
}

/** An entry that came to a user-ordered list, or to another place in it. */
function isPlaced({ path, kind }: Difference): boolean {
  const { schema, keys } = path.last ?? {};
  return schema?.kind === 'list' && schema.orderedBy === 'user' && keys !== undefined && kind !== 'deleted';
}

/** An entry, those that it follows and that wait for their places as well first. */
function inPlace(entry: Difference, waiting: Map<string, Difference>, tree: DataTree): readonly PatchItem[] {
  const items: PatchItem[] = [];
  let at: Difference | undefined = entry;
  while (at !== undefined && waiting.delete(at.path.toString())) {
    const follows = predecessor(at.path, tree);
    items.push({ path: at.path, content: at.after, before: undefined, place: follows?.last?.keys ?? [] });
    at = follows === undefined ? undefined : waiting.get(follows.toString());
  }
  return items.reverse();
}

/** The entry before that at `path`; undefined for the first. */
function predecessor(path: InstanceIdentifier, tree: DataTree): InstanceIdentifier | undefined {
  const { schema, keys = [] } = path.last!;
  const parent = path.parent ?? InstanceIdentifier.root;
  const previous = (tree.get(parent.child(schema)) as ListData).previous(keys);
  return previous === undefined ? undefined : parent.child(schema, previous.keys());
}

export function applyPatch(tree: DataTree, patch: Patch): DataTree {
  const editor = tree.edit();
  // Removals first: what is set may lie below a place that was another kind of node's.
  for (const { path, content } of patch) if (content === undefined) editor.remove(path);
  for (const { path, content } of patch) if (content !== undefined) editor.set(path, content);
  return editor.finish();
}

/**
 * What led from `base` to `mine`, carried over to `theirs`. What does not overlap with what led from `base` to `theirs`
 * merges; what overlaps is refused with both paths. Lets others run in between.
 */
export async function rebase(base: DataTree, mine: DataTree, theirs: DataTree): Promise<DataTree> {
  if (base === theirs) return mine;
  const ours = await changesOf(base, mine);
  if (ours.length === 0) return theirs;
  const others = await changesOf(base, theirs);
  await checkOverlap(ours, others);
  // Where nothing overlaps either goes on top of the other: the shorter one does.
  return others.length < ours.length ? applyPatch(mine, others) : applyPatch(theirs, ours);
}

async function changesOf(base: DataTree, tree: DataTree): Promise<readonly PatchItem[]> {
  const items: PatchItem[] = [];
  const differences = await diffTreesInSlices(base, tree);
  await eachInSlices(expand(patchOf(differences, tree)), (item) => void items.push(item));
  return items;
}

/** A container without presence or a list with keys is only its contents: two who make it do not overlap. */
function* expand(items: Iterable<PatchItem>): Iterable<PatchItem> {
  for (const item of items) {
    const { path, content, before } = item;
    const held = content ?? before;
    const { schema, keys } = path.last ?? {};
    if (held instanceof Branch && schema?.kind === 'container' && schema.presence === undefined) {
      for (const [child, value] of held.present()) yield* expand([part(path.child(child), value, content)]);
    } else if (held instanceof ListData && keys === undefined && isMergeable(held.schema)) {
      const parent = path.parent ?? InstanceIdentifier.root;
      for (const entry of held) yield part(parent.child(held.schema, entry.keys()), entry, content);
    } else {
      yield item;
    }
  }
}

function part(path: InstanceIdentifier, value: Content, content: Content | undefined): PatchItem {
  return content === undefined
    ? { path, content: undefined, before: value }
    : { path, content: value, before: undefined };
}

function isMergeable(schema: ListSchema): boolean {
  return schema.keys.length > 0 && schema.orderedBy === 'system';
}

async function checkOverlap(mine: readonly PatchItem[], theirs: readonly PatchItem[]): Promise<void> {
  const exact = new Map<string, PatchItem>();
  const above = new Map<string, PatchItem>();
  const chosen = new Map<string, { readonly choice: CaseSchema; readonly item: PatchItem }>();
  await eachInSlices(theirs, (item) => {
    exact.set(item.path.toString(), item);
    if (item.content !== undefined) for (const [key, choice] of casesOn(item.path)) chosen.set(key, { choice, item });
    for (const at of around(item.path)) {
      const key = at.toString();
      if (above.has(key)) break;
      above.set(key, item);
    }
  });
  const errors: ConfigError[] = [];
  await eachInSlices(mine, ({ path, content }) => {
    const key = path.toString();
    const same = exact.get(key);
    if (same !== undefined && isSameLeaf(same.content, content)) return;
    const inOtherCase = () => {
      for (const [place, choice] of content === undefined ? [] : casesOn(path)) {
        const known = chosen.get(place);
        if (known !== undefined && known.choice !== choice) return known.item;
      }
      return undefined;
    };
    const other = same ?? above.get(key) ?? ancestorIn(exact, path) ?? inOtherCase();
    if (other !== undefined && errors.length < maxErrors) errors.push(overlapError(path, other.path));
  });
  if (errors.length > 0) throw ConfigError.join(errors);
}

/** The cases that a node at the path is in, each with a key for its choice there: who makes another one is in its way. */
function* casesOn(path: InstanceIdentifier): Iterable<readonly [string, CaseSchema]> {
  for (let at: InstanceIdentifier | undefined = path; at !== undefined; at = at.parent) {
    const { schema } = at.last ?? {};
    if (schema === undefined || !('slot' in schema)) continue;
    const place = (at.parent ?? InstanceIdentifier.root).toString();
    for (const [choice, own] of choicesAround(schema)) yield [`${place} ${choice.path}`, own];
  }
}

async function eachInSlices<Item>(items: Iterable<Item>, work: (item: Item) => void): Promise<void> {
  const iterator = items[Symbol.iterator]();
  await inSlices((isDue) => {
    for (let step = iterator.next(); step.done !== true; step = iterator.next()) {
      work(step.value);
      if (isDue()) return false;
    }
    return true;
  });
}

function ancestorIn(exact: ReadonlyMap<string, PatchItem>, path: InstanceIdentifier): PatchItem | undefined {
  for (const at of around(path)) {
    const found = exact.get(at.toString());
    if (found !== undefined) return found;
  }
  return undefined;
}

function overlapError(mine: InstanceIdentifier, theirs: InstanceIdentifier): ConfigError {
  return new ConfigError({
    tag: 'operation-failed',
    appTag: 'overlap',
    path: mine.toString(),
    message: `the running configuration was changed meanwhile at ${theirs.toString()}`,
    info: { 'other-path': theirs.toString() },
  });
}

function isSameLeaf(a: Content | undefined, b: Content | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (isScalar(a) && a === b) || a === b;
}

function isScalar(content: Content): content is Value {
  return typeof content !== 'object' || content === null;
}

/** The number of steps to a leaf-list, a keyless list, or a user-ordered list whose order changed; undefined for none. */
function wholeStep(path: InstanceIdentifier, kind: Difference['kind'], isByPlace: boolean): number | undefined {
  for (const [index, { schema }] of path.steps.entries()) {
    const isLast = index === path.steps.length - 1;
    if (schema.kind === 'leaf-list') return index + 1;
    if (schema.kind !== 'list') continue;
    if (schema.keys.length === 0) return index + 1;
    if (isLast && !isByPlace && schema.orderedBy === 'user' && kind !== 'deleted') return index + 1;
  }
  return undefined;
}

function wholeList(path: InstanceIdentifier, length: number): InstanceIdentifier {
  const at = prefix(path, length);
  const { schema } = at.steps[length - 1]!;
  return prefix(path, length - 1).child(schema);
}

/** Overlaps that are told of at most. */
const maxErrors = 100;
