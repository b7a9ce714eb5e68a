/**
 * A patch: what to set and what to remove to come from one tree to another. It is what the journal records and what a
 * rebase carries over. Where order matters and is not by key, the smallest step is the whole list.
 */
import { ConfigError } from '../error.js';
import {
  Branch,
  type Content,
  type DataTree,
  diffTrees,
  InstanceIdentifier,
  ListData,
  type ListSchema,
  type Value,
} from '../yang/index.js';
import { prefix } from './change.js';
import type { Difference } from './contract.js';

export interface PatchItem {
  readonly path: InstanceIdentifier;
  /** Undefined: what is at `path` goes. */
  readonly content: Content | undefined;
  /** What was there. */
  readonly before: Content | undefined;
}

/** May be gone through more than once. */
export type Patch = Iterable<PatchItem>;

export function patchBetween(before: DataTree, after: DataTree): Patch {
  return patchOf(diffTrees(before, after), after);
}

/** The patch of differences that were computed already; each item is made when it is asked for. */
export function patchOf(differences: readonly Difference[], after: DataTree): Patch {
  return { [Symbol.iterator]: () => itemsOf(differences, after) };
}

function* itemsOf(differences: readonly Difference[], after: DataTree): Generator<PatchItem> {
  const whole = new Set<string>();
  for (const { path, kind, before, after: content } of differences) {
    const length = wholeStep(path, kind);
    if (length === undefined) {
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

export function applyPatch(tree: DataTree, patch: Patch): DataTree {
  const editor = tree.edit();
  // Removals first: what is set may lie below a place that was another kind of node's.
  for (const { path, content } of patch) if (content === undefined) editor.remove(path);
  for (const { path, content } of patch) if (content !== undefined) editor.set(path, content);
  return editor.finish();
}

/**
 * What led from `base` to `mine`, carried over to `theirs`. What does not overlap with what led from `base` to `theirs`
 * merges; what overlaps is refused with both paths.
 */
export function rebase(base: DataTree, mine: DataTree, theirs: DataTree): DataTree {
  if (base === theirs) return mine;
  const ours = [...expand(patchBetween(base, mine))];
  if (ours.length === 0) return theirs;
  checkOverlap(ours, [...expand(patchBetween(base, theirs))]);
  return applyPatch(theirs, ours);
}

/** A container without presence or a list with keys is only its contents: two who make it do not overlap. */
function* expand(items: Iterable<PatchItem>): Iterable<PatchItem> {
  for (const item of items) {
    const { path, content, before } = item;
    const held = content ?? before;
    const { schema, keys } = path.last ?? {};
    if (held instanceof Branch && schema?.kind === 'container' && schema.presence === undefined) {
      const inner = Array.from(held.present(), ([child, value]) => part(path.child(child), value, content));
      yield* expand(inner);
    } else if (held instanceof ListData && keys === undefined && isMergeable(held.schema)) {
      const parent = path.parent ?? InstanceIdentifier.root;
      yield* Array.from(held, (entry) => part(parent.child(held.schema, entry.keys()), entry, content));
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

function checkOverlap(mine: Patch, theirs: Patch): void {
  const exact = new Map<string, PatchItem>();
  const above = new Map<string, PatchItem>();
  for (const item of theirs) {
    exact.set(item.path.toString(), item);
    for (let at = item.path.parent; at !== undefined; at = at.parent) {
      const key = at.toString();
      if (above.has(key)) break;
      above.set(key, item);
    }
  }
  const errors: ConfigError[] = [];
  for (const item of mine) {
    const same = exact.get(item.path.toString());
    if (same !== undefined && isSameLeaf(same.content, item.content)) continue;
    const other = same ?? above.get(item.path.toString()) ?? ancestorIn(exact, item.path);
    if (other !== undefined) errors.push(overlapError(item.path, other.path));
  }
  if (errors.length > 0) throw ConfigError.join(errors);
}

function ancestorIn(exact: ReadonlyMap<string, PatchItem>, path: InstanceIdentifier): PatchItem | undefined {
  for (let at = path.parent; at !== undefined; at = at.parent) {
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
function wholeStep(path: InstanceIdentifier, kind: Difference['kind']): number | undefined {
  for (const [index, { schema }] of path.steps.entries()) {
    const isLast = index === path.steps.length - 1;
    if (schema.kind === 'leaf-list') return index + 1;
    if (schema.kind !== 'list') continue;
    if (schema.keys.length === 0) return index + 1;
    if (isLast && schema.orderedBy === 'user' && kind !== 'deleted') return index + 1;
  }
  return undefined;
}

function wholeList(path: InstanceIdentifier, length: number): InstanceIdentifier {
  const at = prefix(path, length);
  const { schema } = at.steps[length - 1]!;
  return prefix(path, length - 1).child(schema);
}
