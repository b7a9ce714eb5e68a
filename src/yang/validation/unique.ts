/** unique (RFC 7950 7.8.3): no two entries that have all of the leafs may have the same values in them. */
import { Instance } from '../instance.js';
import type { DataSchema, ListSchema, Value } from '../schema.js';
import type { Branch } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import { compareScalars, type SortedMap, sortedMap } from '../tree-order.js';
import type { Evaluate, Run } from '../xpath/bound.js';
import type { Guards } from '../xpath/guards.js';
import type { Errors } from './errors.js';

export interface UniquePlan {
  readonly list: ListSchema;
  /** The leafs, each with the containers on the way. */
  readonly paths: readonly (readonly DataSchema[])[];
  readonly values: readonly Evaluate<Value | undefined>[];
  /** True where a `when` decides about a default: what counts may change without the list. Then no index is kept. */
  readonly isGuarded: boolean;
}

type Tuple = readonly Value[];
/** From the values to the keys of the entry that has them. */
type UniqueIndex = SortedMap<Tuple, readonly Value[]>;

export function uniquesOf(list: ListSchema, guards: Guards): readonly UniquePlan[] {
  return list.unique.map((paths) => ({
    list,
    paths,
    values: paths.map((path) => follow(path, guards)),
    isGuarded: paths.some((path) => path.some((node) => guards.has(node))),
  }));
}

/** Indexes of lists, kept for as long as the lists are. */
export class UniqueIndexes {
  readonly #byList = new WeakMap<ListData, Map<UniquePlan, UniqueIndex>>();

  get(list: ListData, unique: UniquePlan): UniqueIndex | undefined {
    return this.#byList.get(list)?.get(unique);
  }

  set(list: ListData, unique: UniquePlan, index: UniqueIndex): void {
    const known = this.#byList.get(list);
    if (known === undefined) this.#byList.set(list, new Map([[unique, index]]));
    else known.set(unique, index);
  }
}

/** Checks one unique statement while the entries of one list pass by. */
export class UniqueCheck {
  readonly #unique: UniquePlan;
  readonly #list: ListData;
  readonly #parent: Instance;
  readonly #indexes: UniqueIndexes;
  readonly #base: ListData | undefined;
  /** Undefined until an entry differs in what counts. */
  #index: UniqueIndex | undefined;
  #building: Iterator<Branch> | undefined;
  #isRefused = false;

  /** `base` is the same list in a tree that is valid, where there is one. */
  constructor(
    unique: UniquePlan,
    list: ListData,
    parent: Instance,
    base: ListData | undefined,
    indexes: UniqueIndexes,
  ) {
    this.#unique = unique;
    this.#list = list;
    this.#parent = parent;
    this.#base = base;
    this.#indexes = indexes;
    if (base === undefined) this.#index = sortedMap(compareTuples);
  }

  /**
   * Takes an entry that came, went or changed. False where the index of the base has to be built first: call again then,
   * each call does a part of it.
   */
  take(before: Branch | undefined, after: Branch | undefined, run: Run, errors: Errors): boolean {
    const was = before === undefined ? undefined : this.#tuple(before, run);
    const is = after === undefined ? undefined : this.#tuple(after, run);
    if (sameTuples(was, is)) return true;
    if (!this.#ready(run)) return false;
    const index = this.#index!;
    if (is !== undefined) this.#add(index, is, after!, run, errors);
    const holder = was === undefined ? undefined : index.get(was);
    if (holder !== undefined && sameTuples(holder, before!.keys())) index.delete(was!);
    return true;
  }

  /** Keeps the index for the next time, unless an entry was refused; to be called when every entry was taken. */
  keep(): void {
    if (this.#isRefused) return;
    const index = this.#index ?? (this.#base && this.#indexes.get(this.#base, this.#unique));
    if (index !== undefined) this.#indexes.set(this.#list, this.#unique, index);
  }

  #add(index: UniqueIndex, tuple: Tuple, entry: Branch, run: Run, errors: Errors): void {
    const keys = entry.keys();
    const holder = index.get(tuple);
    if (holder !== undefined && !sameTuples(holder, keys)) {
      // The holder may have been changed or removed by what has not passed by yet.
      const other = this.#list.get(holder);
      if (other !== undefined && sameTuples(this.#tuple(other, run), tuple)) {
        this.#isRefused = true;
        report(this.#unique, new Instance(this.#parent, this.#list.schema, entry, undefined, -1), holder, errors);
        return;
      }
    }
    index.set(tuple, keys);
  }

  #tuple(entry: Branch, run: Run): Tuple | undefined {
    return tupleOf(this.#unique, new Instance(this.#parent, this.#list.schema, entry, undefined, -1), run);
  }

  #ready(run: Run): boolean {
    if (this.#index !== undefined && this.#building === undefined) return true;
    const list = this.#base!;
    if (this.#index === undefined) {
      this.#index = this.#indexes.get(list, this.#unique)?.clone();
      if (this.#index !== undefined) return true;
      this.#index = sortedMap(compareTuples);
      this.#building = list[Symbol.iterator]();
    }
    const { value: entry, done } = this.#building!.next();
    if (done === true) {
      this.#building = undefined;
      return true;
    }
    const tuple = this.#tuple(entry as Branch, run);
    if (tuple !== undefined) this.#index.set(tuple, (entry as Branch).keys());
    return false;
  }
}

/** Reads the whole list: for lists without keys, and where a `when` decides what counts. */
export function checkWhole(unique: UniquePlan, list: ListData, parent: Instance, run: Run, errors: Errors): void {
  const seen = sortedMap<Tuple, readonly Value[]>(compareTuples);
  let place = 0;
  for (const entry of list) {
    const node = new Instance(parent, list.schema, entry, undefined, place);
    const tuple = tupleOf(unique, node, run);
    place++;
    if (tuple === undefined) continue;
    const holder = seen.get(tuple);
    if (holder === undefined) seen.set(tuple, list.schema.keys.length === 0 ? [place] : entry.keys());
    else report(unique, node, holder, errors);
  }
}

/** Undefined where the entry lacks any of the leafs, defaults counting as there. */
function tupleOf({ values }: UniquePlan, entry: Instance, run: Run): Tuple | undefined {
  const tuple: Value[] = [];
  for (const value of values) {
    const each = value(entry, run);
    if (each === undefined) return undefined;
    tuple.push(each);
  }
  return tuple;
}

function report(unique: UniquePlan, entry: Instance, holder: readonly Value[], errors: Errors): void {
  const { paths } = unique;
  const names = paths.map((path) => path.map(({ name }) => name).join('/')).join(' ');
  const leafs = paths.map((path) => path.reduce((at, node) => at.child(node), entry.path).toString());
  errors.add({
    tag: 'operation-failed',
    appTag: 'data-not-unique',
    path: entry.path.toString(),
    message: `the same ${names} as entry ${holder.map(String).join(' ')}`,
    info: { 'non-unique': leafs.join(' ') },
  });
}

function follow(path: readonly DataSchema[], guards: Guards): Evaluate<Value | undefined> {
  const above = path.slice(0, -1).map((node) => guards.access(node).one!);
  const value = guards.access(path.at(-1)!).value!;
  return (entry, run) => {
    let at: Instance | undefined = entry;
    for (const step of above) {
      at = step(at, run);
      if (at === undefined) return undefined;
    }
    return value(at, run);
  };
}

function sameTuples(a: Tuple | undefined, b: Tuple | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.every((value, index) => value === b[index]));
}

function compareTuples(a: Tuple, b: Tuple): number {
  for (let index = 0; index < a.length; index++) {
    const order = compareScalars(a[index]!, b[index]!);
    if (order !== 0) return order;
  }
  return 0;
}
