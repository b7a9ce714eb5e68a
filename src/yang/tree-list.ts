/**
 * The entries of one list, in persistent ordered maps: a clone is O(1), an edit of it O(log n) and shares all else.
 * Methods marked "drafts only" change the object in place; they are for an editor that made it and still owns it.
 */
import type { PathStep } from './path.js';
import type { ListSchema, Value } from './schema.js';
import type { Branch, Content, Placement } from './tree-branch.js';
import { type EntryChange, withoutSpreading } from './tree-moves.js';
import {
  type Compare,
  diffSortedMaps,
  type EntryKey,
  entryOrder,
  loadSortedMap,
  type SortedMap,
  sortedMap,
} from './tree-order.js';
import { PositionMap } from './tree-position.js';

/**
 * The entries of one list. A system-ordered list is in key order (numbers by value, strings by code point, key by key);
 * a user-ordered list in the user's. Keyless lists are kept in insertion order and have no `get`.
 */
export abstract class ListData implements Iterable<Branch> {
  readonly schema: ListSchema;

  constructor(schema: ListSchema) {
    this.schema = schema;
  }

  static empty(schema: ListSchema): ListData {
    if (schema.keys.length === 0) return new KeylessList(schema, []);
    const order = entryOrder(schema);
    if (schema.orderedBy === 'system') return new SystemList(schema, sortedMap(order));
    return new UserList(schema, sortedMap(order), new PositionMap());
  }

  /** From entries in any order; of entries with the same key the last counts, `duplicate` is told of the others. */
  static of(schema: ListSchema, entries: Iterable<Branch>, duplicate?: (entry: Branch) => void): ListData {
    const loader = new ListLoader(schema, duplicate);
    for (const entry of entries) loader.add(entry);
    return loader.finish();
  }

  abstract get size(): number;
  abstract get(keys: readonly Value[]): Branch | undefined;
  abstract [Symbol.iterator](): Iterator<Branch>;
  /** Entries from the first whose keys are >= `keys` on (system-ordered lists). O(log n) to begin. */
  abstract from(keys: readonly Value[]): Iterable<Branch>;
  /** Entries whose first keys are these, in the order of the list. Cost follows their count. */
  abstract startingWith(keys: readonly Value[]): Iterable<Branch>;
  /** The entry at a place counted from 1; O(place). What names an entry of a keyless list (RFC 7950 9.13). */
  abstract at(place: number): Branch | undefined;
  /** The entry before that of `keys`, undefined for the first; O(log n), or O(n) without keys. */
  abstract previous(keys: readonly Value[]): Branch | undefined;
  /** A copy that may be changed without this one seeing it. */
  abstract draft(): ListData;
  /** Drafts only: adds an entry or puts it in another's place; false where an anchor does not exist. */
  abstract put(entry: Branch, placement?: Placement): boolean;
  /** Drafts only. True if it was there. */
  abstract delete(keys: readonly Value[]): boolean;
  /** What differs from an earlier version; cost follows the change where one was made from the other. */
  abstract changesSince(before: ListData): Iterable<EntryChange>;
}

/** Makes a list of entries as they come, so that no step takes long: in key order they cost nothing but their place. */
export class ListLoader {
  readonly #schema: ListSchema;
  readonly #duplicate: ((entry: Branch) => void) | undefined;
  readonly #order: Compare<EntryKey>;
  /** While the entries come in key order. */
  #keys: EntryKey[] | undefined;
  readonly #entries: Branch[] = [];
  /** From the first on that does not. */
  #system: SystemList | undefined;
  /** Where the order is not that of the keys. */
  readonly #other: ListData | undefined;

  constructor(schema: ListSchema, duplicate?: (entry: Branch) => void) {
    this.#schema = schema;
    this.#duplicate = duplicate;
    this.#order = entryOrder(schema);
    if (schema.keys.length > 0 && schema.orderedBy === 'system') this.#keys = [];
    else this.#other = ListData.empty(schema);
  }

  /** Entries so far. */
  get count(): number {
    return this.#keys?.length ?? (this.#system ?? this.#other)!.size;
  }

  add(entry: Branch): void {
    const keys = this.#keys;
    if (keys === undefined) {
      this.#put(entry);
      return;
    }
    const key = entryKey(entry);
    const order = keys.length === 0 ? -1 : this.#order(keys[keys.length - 1]!, key);
    if (order < 0 && keys.length < bulkLength) {
      keys.push(key);
      this.#entries.push(entry);
    } else if (order === 0) {
      this.#duplicate?.(entry);
      this.#entries[keys.length - 1] = entry;
    } else {
      this.#system = new SystemList(this.#schema, loadSortedMap(keys, this.#entries, this.#order));
      this.#keys = undefined;
      this.#put(entry);
    }
  }

  finish(): ListData {
    const list = this.#system ?? this.#other;
    return list ?? new SystemList(this.#schema, loadSortedMap(this.#keys!, this.#entries, this.#order));
  }

  #put(entry: Branch): void {
    if (this.#system !== undefined) {
      if (!this.#system.add(entry)) this.#duplicate?.(entry);
      return;
    }
    const list = this.#other!;
    if (this.#duplicate !== undefined && this.#schema.keys.length > 0 && list.get(entry.keys()) !== undefined) {
      this.#duplicate(entry);
    }
    list.put(entry);
  }
}

/** Entries that become a map at once; more are added one by one, so that no step takes long. */
const bulkLength = 65_536;
/** Changes of a list that are found in one step, however short it is. */
const fewChanges = 1000;

/** Lists with keys, in key order. */
class SystemList extends ListData {
  readonly #map: SortedMap<EntryKey, Branch>;

  constructor(schema: ListSchema, map: SortedMap<EntryKey, Branch>) {
    super(schema);
    this.#map = map;
  }

  get size(): number {
    return this.#map.size;
  }

  get(keys: readonly Value[]): Branch | undefined {
    return this.#map.get(probe(this.schema, keys));
  }

  [Symbol.iterator](): Iterator<Branch> {
    return this.#map.values();
  }

  from(keys: readonly Value[]): Iterable<Branch> {
    const map = this.#map;
    const start = probe(this.schema, keys);
    return { [Symbol.iterator]: () => map.values(start) };
  }

  *startingWith(keys: readonly Value[]): Iterable<Branch> {
    const start = partialProbe(this.schema, keys);
    for (const entry of this.#map.values(start)) {
      if (!hasKeys(entry, keys)) return;
      yield entry;
    }
  }

  at(place: number): Branch | undefined {
    return nth(this, place);
  }

  previous(keys: readonly Value[]): Branch | undefined {
    return this.#map.nextLowerPair(probe(this.schema, keys))?.[1];
  }

  draft(): SystemList {
    return new SystemList(this.schema, this.#map.clone());
  }

  put(entry: Branch): boolean {
    this.#map.set(entryKey(entry), entry);
    return true;
  }

  /** Drafts only: as `put`; false where the entry took another's place. */
  add(entry: Branch): boolean {
    return this.#map.set(entryKey(entry), entry);
  }

  delete(keys: readonly Value[]): boolean {
    return this.#map.delete(probe(this.schema, keys));
  }

  changesSince(before: ListData): Iterable<EntryChange> {
    const old = before as SystemList;
    const longer = Math.max(old.size, this.size);
    // Where much is change, a walk through both, which can be interrupted, costs no more than what they do not share.
    if (Math.abs(old.size - this.size) * 2 > longer) return this.#compareAll(old);
    const limit = Math.max(fewChanges, longer / 16);
    const changes: EntryChange[] = [];
    const add = (was: Branch | undefined, is: Branch | undefined): { readonly break: true } | undefined => {
      changes.push(entryChange(was, is));
      return changes.length > limit ? { break: true } : undefined;
    };
    const isMuch = diffSortedMaps(
      old.#map,
      this.#map,
      (_, was) => add(was, undefined),
      (_, is) => add(undefined, is),
      (_, was, is) => add(was, is),
    );
    return isMuch === true ? this.#compareAll(old) : changes;
  }

  *#compareAll(old: SystemList): Iterable<EntryChange> {
    const order = entryOrder(this.schema);
    const [before, after] = [old.#map.values(), this.#map.values()];
    let [was, is] = [before.next(), after.next()];
    while (was.done !== true || is.done !== true) {
      const side = was.done === true ? 1 : is.done === true ? -1 : order(entryKey(was.value), entryKey(is.value));
      const [gone, came] = [side <= 0 ? was.value : undefined, side >= 0 ? is.value : undefined];
      if (gone !== came) yield entryChange(gone, came);
      if (side <= 0) was = before.next();
      if (side >= 0) is = after.next();
    }
  }
}

/** Lists with keys, in the user's order: a map from key to position, and the entries by position. */
class UserList extends ListData {
  readonly #positions: SortedMap<EntryKey, number>;
  readonly #entries: PositionMap<Branch>;

  constructor(schema: ListSchema, positions: SortedMap<EntryKey, number>, entries: PositionMap<Branch>) {
    super(schema);
    this.#positions = positions;
    this.#entries = entries;
  }

  get size(): number {
    return this.#positions.size;
  }

  get(keys: readonly Value[]): Branch | undefined {
    const position = this.#positions.get(probe(this.schema, keys));
    return position === undefined ? undefined : this.#entries.get(position);
  }

  [Symbol.iterator](): Iterator<Branch> {
    return this.#entries.values();
  }

  from(keys: readonly Value[]): Iterable<Branch> {
    const position = this.#positions.get(probe(this.schema, keys));
    const entries = this.#entries;
    return position === undefined ? [] : { [Symbol.iterator]: () => entries.values(position) };
  }

  *startingWith(keys: readonly Value[]): Iterable<Branch> {
    const positions: number[] = [];
    for (const position of this.#positions.values(partialProbe(this.schema, keys))) {
      if (!hasKeys(this.#entries.get(position)!, keys)) break;
      positions.push(position);
    }
    for (const position of positions.sort((a, b) => a - b)) yield this.#entries.get(position)!;
  }

  at(place: number): Branch | undefined {
    return nth(this, place);
  }

  previous(keys: readonly Value[]): Branch | undefined {
    const position = this.#positions.get(probe(this.schema, keys));
    return position === undefined ? undefined : this.#entries.before(position);
  }

  draft(): UserList {
    return new UserList(this.schema, this.#positions.clone(), this.#entries.clone());
  }

  put(entry: Branch, placement?: Placement): boolean {
    const key = entryKey(entry);
    const old = this.#positions.get(key);
    if (placement === undefined && old !== undefined) {
      this.#positions.set(key, old);
      this.#entries.replace(old, entry);
      return true;
    }
    const anchor = placement !== undefined && 'anchor' in placement ? probe(this.schema, placement.anchor) : undefined;
    if (anchor !== undefined && !this.#positions.has(anchor)) return false;
    if (anchor !== undefined && this.#positions.get(anchor) === old) {
      this.#positions.set(key, old!);
      this.#entries.replace(old!, entry);
      return true;
    }
    if (old !== undefined) this.#entries.delete(old);
    const relabel = (moved: Branch, position: number): void => {
      this.#positions.set(entryKey(moved), position);
    };
    const where = placement?.where ?? 'last';
    const anchorPosition = anchor === undefined ? undefined : this.#positions.get(anchor);
    this.#positions.set(key, this.#entries.insert(entry, where, anchorPosition, relabel));
    return true;
  }

  delete(keys: readonly Value[]): boolean {
    const key = probe(this.schema, keys);
    const position = this.#positions.get(key);
    if (position === undefined) return false;
    this.#positions.delete(key);
    this.#entries.delete(position);
    return true;
  }

  changesSince(before: ListData): Iterable<EntryChange> {
    const old = before as UserList;
    const longer = Math.max(old.size, this.size);
    if (Math.abs(old.size - this.size) * 2 > longer) return this.#compareAll(old);
    const limit = Math.max(fewChanges, longer / 16);
    const keys = sortedMap<EntryKey, true>(entryOrder(this.schema));
    const note = (...entries: readonly Branch[]): { readonly break: true } | undefined => {
      for (const entry of entries) keys.set(entryKey(entry), true);
      return keys.size > limit ? { break: true } : undefined;
    };
    const isMuch = diffSortedMaps(
      old.#entries.map,
      this.#entries.map,
      (_, was) => note(was),
      (_, is) => note(is),
      (_, was, is) => note(was, is),
    );
    if (isMuch === true) return this.#compareAll(old);
    const changes = keys.keysArray().map((key) => this.#changeAt(key, old));
    return withoutSpreading(changes, (position) => this.#entries.map.nextHigherKey(position));
  }

  #changeAt(key: EntryKey, old: UserList): EntryChange {
    const positionBefore = old.#positions.get(key);
    const positionAfter = this.#positions.get(key);
    return {
      before: positionBefore === undefined ? undefined : old.#entries.get(positionBefore),
      after: positionAfter === undefined ? undefined : this.#entries.get(positionAfter),
      positionBefore,
      positionAfter,
    };
  }

  /** A walk through both in key order, which can be interrupted. */
  *#compareAll(old: UserList): Iterable<EntryChange> {
    const order = entryOrder(this.schema);
    const [before, after] = [old.#positions.keys(), this.#positions.keys()];
    let [was, is] = [before.next(), after.next()];
    while (was.done !== true || is.done !== true) {
      const side = was.done === true ? 1 : is.done === true ? -1 : order(was.value, is.value);
      const change = this.#changeAt(side <= 0 ? was.value! : is.value!, old);
      if (change.before !== change.after || change.positionBefore !== change.positionAfter) yield change;
      if (side <= 0) was = before.next();
      if (side >= 0) is = after.next();
    }
  }
}

/** Lists without keys (state only), in the order in which entries came. */
class KeylessList extends ListData {
  readonly #entries: Branch[];

  constructor(schema: ListSchema, entries: Branch[]) {
    super(schema);
    this.#entries = entries;
  }

  get size(): number {
    return this.#entries.length;
  }

  get(): undefined {
    return undefined;
  }

  [Symbol.iterator](): Iterator<Branch> {
    return this.#entries.values();
  }

  from(): Iterable<Branch> {
    return this;
  }

  startingWith(): Iterable<Branch> {
    return [];
  }

  at(place: number): Branch | undefined {
    return this.#entries[place - 1];
  }

  previous(): undefined {
    return undefined;
  }

  draft(): KeylessList {
    return new KeylessList(this.schema, [...this.#entries]);
  }

  put(entry: Branch): boolean {
    this.#entries.push(entry);
    return true;
  }

  delete(): boolean {
    return false;
  }

  /** Entries cannot be told apart: nothing, or everything. */
  changesSince(before: ListData): EntryChange[] {
    const old = (before as KeylessList).#entries;
    if (old.length === this.#entries.length && old.every((entry, index) => entry === this.#entries[index])) return [];
    const change = { positionBefore: undefined, positionAfter: undefined };
    return [
      ...old.map((entry) => ({ ...change, before: entry, after: undefined })),
      ...this.#entries.map((entry) => ({ ...change, before: undefined, after: entry })),
    ];
  }
}

function entryChange(before: Branch | undefined, after: Branch | undefined): EntryChange {
  return { before, after, positionBefore: undefined, positionAfter: undefined };
}

/** What a step of a path leads to from a branch; undefined where there is nothing. */
export function childContent(branch: Branch, { schema, keys, position }: PathStep): Content | undefined {
  if (!('slot' in schema)) return undefined;
  const content = branch.get(schema);
  if (schema.kind === 'list') {
    const list = content as ListData | undefined;
    if (position !== undefined) return list?.at(position);
    return keys === undefined ? list : list?.get(keys);
  }
  if (schema.kind !== 'leaf-list' || keys === undefined || content === undefined) return content;
  return (content as readonly Value[]).includes(keys[0]!) ? keys[0] : undefined;
}

/** What the maps hold as the key of an entry. */
export function entryKey(entry: Branch): EntryKey {
  const { keys } = entry.schema as ListSchema;
  return keys.length === 1 ? (entry.slots[keys[0]!.slot] as Value) : entry.slots;
}

function probe(schema: ListSchema, keys: readonly Value[]): EntryKey {
  if (keys.length !== schema.keys.length) throw new RangeError(`list ${schema.path} has ${schema.keys.length} keys`);
  if (keys.length === 1) return keys[0]!;
  const slots: unknown[] = [];
  for (const [index, key] of schema.keys.entries()) slots[key.slot] = keys[index];
  return slots;
}

/** Stands before every entry whose first keys are these: what a key is compared with is undefined from there on. */
function partialProbe(schema: ListSchema, keys: readonly Value[]): EntryKey {
  if (keys.length === schema.keys.length) return probe(schema, keys);
  const slots: unknown[] = [];
  for (const [index, value] of keys.entries()) slots[schema.keys[index]!.slot] = value;
  return slots;
}

function hasKeys(entry: Branch, keys: readonly Value[]): boolean {
  const { keys: leafs } = entry.schema as ListSchema;
  return keys.every((value, index) => entry.slots[leafs[index]!.slot] === value);
}

function nth(entries: Iterable<Branch>, place: number): Branch | undefined {
  let left = place;
  for (const entry of entries) {
    left -= 1;
    if (left === 0) return entry;
  }
  return undefined;
}
