/**
 * The rows of every table, in SNMP order, kept current by commits: what a change costs follows the change. Rows under construction
 * (RowStatus createAndWait) stand here too, outside the datastore.
 */
import { type DatastoreEvent, type Difference, EntryPath, type Log, type Session } from '../../datastore/index.js';
import {
  Branch,
  type Content,
  type DataSchema,
  InstanceIdentifier,
  ListData,
  type PathStep,
  type Value,
} from '../../yang/index.js';
import { arcsKey, indexKey, keyArcs, partArcs, type RowKeys } from './instance.js';
import type { Mib, MibObject, MibTable } from './model.js';
import { type IndexKey, OrderedIndex, type RowIndex } from './ordered-index.js';
import { Presence } from './presence.js';
import { type Memory, RowNumbers } from './row-numbers.js';

export interface Row {
  readonly key: IndexKey;
  /** Empty for a numbered row under construction that has no keys yet. */
  readonly keys: RowKeys;
  /** Set for a row under construction. */
  readonly pending: PendingRow | undefined;
  path: EntryPath | undefined;
  /** Set in a segment table: which one, and of the value in which row (undefined for a scalar). */
  readonly segment?: { readonly number: number; readonly outer: Row | undefined };
}

/** The rows of a table, as reading needs them. */
export interface RowSource {
  readonly table: MibTable;
  readonly index: RowIndex<Row>;
}

export interface PendingRow {
  readonly values: Map<MibObject, Value>;
  /** Seconds on the monotonic clock; then it is forgotten. */
  readonly expires: number;
  /** The values of the index parts that its name gave. */
  readonly index: readonly Value[];
  inService: boolean;
}

/** Of the rows of a table; of the rows around those of nested tables, see {@link TableRows.nested}. */
export type Order = 'own' | 'nested';
const orders: readonly Order[] = ['own', 'nested'];

/**
 * How long a snapshot of a list of state, which no commit tells of, is served: seconds. One that took long to make is served
 * twenty times as long as that, so that a station that polls takes at most a twentieth of the processor for it.
 */
const stateLifetime = { least: 1, most: 60, ofCost: 20 } as const;

export class Rows {
  readonly #session: Session;
  readonly #now: () => number;
  /** That of a table which augments another is the other's. */
  readonly #stores = new Map<MibTable, TableRows>();
  readonly #all: readonly TableRows[];
  /** By the list or leaf-list that a table stands for. */
  readonly #byList = new Map<DataSchema, TableRows>();
  /** Tables at or below a schema node, those around others first. */
  readonly #below = new Map<DataSchema, TableRows[]>();

  /** `session` sees everything; `now` gives monotonic seconds; `memory` keeps row numbers. */
  constructor(mib: Mib, session: Session, now: () => number, memory: Memory | undefined, log: Log) {
    this.#session = session;
    this.#now = now;
    const own = mib.tables.filter(
      (table) => table.augments === undefined && table.segments === undefined && table.operation === undefined,
    );
    const outerFirst = own.toSorted((a, b) => a.steps.length - b.steps.length);
    for (const table of outerFirst) {
      const store = new TableRows(
        table,
        table.parent === undefined ? undefined : this.#stores.get(table.parent),
        // those of state last as long as the process
        new RowNumbers(table.oid.join('.'), table.config && table.numbered ? memory : undefined, log),
      );
      this.#stores.set(table, store);
      this.#byList.set(table.steps.at(-1)!, store);
      for (const step of table.steps) {
        const stores = this.#below.get(step);
        if (stores === undefined) this.#below.set(step, [store]);
        else stores.push(store);
      }
    }
    this.#all = [...this.#stores.values()];
    for (const table of mib.tables)
      if (table.augments !== undefined) this.#stores.set(table, this.#stores.get(table.augments)!);
    for (const table of mib.tables) {
      const outer = table.segments === undefined ? undefined : table.parent;
      if (outer !== undefined) this.#stores.get(outer)?.keepNested();
    }
    this.#load();
  }

  #load(): void {
    const { root } = this.#session.tree('running');
    for (const store of this.#all) {
      if (store.table.config) visit(root, store.table.steps, 0, [], (keys) => store.add(keys));
    }
  }

  /** Those of a segment table are the rows around it. */
  of(table: MibTable): TableRows {
    const store = this.store(table);
    if (!table.config) this.#refresh(store);
    return store;
  }

  /** The rows that have a value in a column of such a table, in the order of its rows or in that of nested ones. */
  present(store: TableRows, object: MibObject, hasValue: (row: Row) => boolean, order: Order): OrderedIndex<Row> {
    const known = store.presence(object, order);
    const now = this.#now();
    // what is computed, or follows from other leafs, may change without a commit that tells of this row
    if (known !== undefined && (isStored(object) || now < known.due)) return known.index;
    const begun = performance.now();
    const presence = store.track(object, order, hasValue);
    presence.due = now + lifetimeOf(begun);
    return presence.index;
  }

  /** As `of`, but a list of state is not read now. */
  store(table: MibTable): TableRows {
    return this.#stores.get(table)!;
  }

  /** Takes over what a commit changed. */
  update(event: DatastoreEvent): void {
    if (event.kind === 'missed') {
      for (const store of this.#all) store.forget();
      this.#load();
    }
    if (event.kind !== 'commit') return;
    // state may be computed from any configuration
    for (const store of this.#all) if (!store.table.config) store.expire();
    for (const difference of event.differences) this.#apply(difference);
  }

  #apply(difference: Difference): void {
    this.#touch(difference.path);
    const last = difference.path.last?.schema;
    const stores = last === undefined ? this.#all : this.#below.get(last as DataSchema);
    if (stores === undefined || difference.kind === 'moved') return;
    for (const store of stores) {
      if (!store.table.config) continue;
      const before = collect(store.table, difference.path, difference.before);
      const after = collect(store.table, difference.path, difference.after);
      for (const [text, keys] of before) if (!after.has(text)) store.remove(keys);
      for (const [text, keys] of after) {
        if (!before.has(text) || !store.has(keys)) store.add(keys);
        else store.touch(keys);
      }
    }
  }

  /** What changed inside an entry may be a column of its row. */
  #touch(path: InstanceIdentifier): void {
    const keys: (readonly Value[])[] = [];
    let inside: TableRows | undefined;
    for (const step of path.steps.slice(0, -1)) {
      if (step.keys === undefined) continue;
      keys.push(step.keys);
      inside = this.#byList.get(step.schema as DataSchema);
    }
    if (path.last?.keys === undefined) inside?.touch(keys);
  }

  #refresh(store: TableRows): void {
    const now = this.#now();
    if (now < store.due) return;
    const { table, parent } = store;
    const begun = performance.now();
    store.clear();
    if (parent === undefined) this.#readState(store, InstanceIdentifier.root, [], table.steps);
    else {
      const inner = table.steps.slice(parent.table.steps.length);
      for (const row of this.of(parent.table).index) {
        this.#readState(store, rowPath(parent.table, row), row.keys, inner);
      }
    }
    store.due = now + lifetimeOf(begun);
  }

  #readState(store: TableRows, from: InstanceIdentifier, outer: RowKeys, steps: readonly DataSchema[]): void {
    const path = steps.reduce((at, step) => at.child(step), from);
    const content = this.#session.get(path, 'operational');
    if (content !== undefined) visitAt(content, steps, steps.length - 1, outer, (keys) => store.add(keys));
  }
}

/** The rows of one table. */
export class TableRows {
  readonly table: MibTable;
  readonly parent: TableRows | undefined;
  index = new OrderedIndex<Row>();
  /**
   * The same in the order of the sub-identifiers before those of a nested table: an IMPLIED part then says its length. Kept where it differs
   * and is asked for.
   */
  #nested: OrderedIndex<Row> | undefined;
  /** Kept for columns in which a walk met many rows without a value. */
  readonly #presences: Readonly<Record<Order, Map<MibObject, Presence<Row>>>> = { own: new Map(), nested: new Map() };
  /** When the rows of a list of state are to be read again. */
  due = Number.NEGATIVE_INFINITY;
  /** Numbered tables: the row number of each row, by its keys. */
  readonly #numbers: RowNumbers;

  constructor(table: MibTable, parent: TableRows | undefined, numbers: RowNumbers) {
    this.table = table;
    this.parent = parent;
    this.#numbers = numbers;
  }

  /** What was read of a list of state counts no more. */
  expire(): void {
    this.due = Number.NEGATIVE_INFINITY;
  }

  get nested(): OrderedIndex<Row> {
    return this.#nested ?? this.index;
  }

  /** Before there are rows. */
  keepNested(): void {
    if (this.table.implied) this.#nested = new OrderedIndex();
  }

  put(row: Row): void {
    this.index.set(row.key, row);
    this.#nested?.set(this.#nestedKey(row.key), row);
    this.#renew(row);
  }

  drop(key: IndexKey): void {
    this.index.delete(key);
    this.#nested?.delete(this.#nestedKey(key));
    for (const order of orders) for (const presence of this.#presences[order].values()) presence.drop(key);
  }

  /** To be called where the values of a row are others. */
  renew(key: IndexKey): void {
    const row = this.index.get(key);
    if (row !== undefined) this.#renew(row);
  }

  #renew(row: Row): void {
    for (const order of orders) for (const presence of this.#presences[order].values()) presence.update(row);
  }

  touch(keys: RowKeys): void {
    if (orders.every((order) => this.#presences[order].size === 0)) return;
    const key = this.keyOf(keys);
    if (key !== undefined) this.renew(key);
  }

  presence(object: MibObject, order: Order): Presence<Row> | undefined {
    return this.#presences[order].get(object);
  }

  track(object: MibObject, order: Order, hasValue: (row: Row) => boolean): Presence<Row> {
    const keyOf =
      order === 'nested' && this.#nested !== undefined ? (key: IndexKey) => this.#nestedKey(key) : undefined;
    const presence = new Presence(this.index, hasValue, keyOf);
    this.#presences[order].set(object, presence);
    return presence;
  }

  #nestedKey(key: IndexKey): IndexKey {
    const arcs = keyArcs(this.table, key);
    return arcsKey(arcs, 0, arcs.length);
  }

  clear(): void {
    this.index = new OrderedIndex();
    if (this.#nested !== undefined) this.#nested = new OrderedIndex();
    for (const order of orders) this.#presences[order].clear();
  }

  /** All but the rows under construction. */
  forget(): void {
    const kept = [...this.index].filter((row) => row.pending !== undefined);
    this.clear();
    for (const row of kept) this.put(row);
  }

  has(keys: RowKeys): boolean {
    const key = this.keyOf(keys);
    return key !== undefined && this.index.get(key)?.pending === undefined && this.index.get(key) !== undefined;
  }

  /** A row of the datastore, in the place of one under construction where there is one. */
  add(keys: RowKeys): void {
    if (this.table.numbered) this.#numbers.number(textOf(keys.slice(0, -1)), textOf(keys));
    const key = this.keyOf(keys);
    if (key !== undefined) this.put({ key, keys, pending: undefined, path: undefined });
  }

  remove(keys: RowKeys): void {
    const key = this.keyOf(keys);
    if (key !== undefined) this.drop(key);
  }

  /** Gives a row that is about to be made the number that a manager chose. */
  assign(keys: RowKeys, number: number): void {
    this.#numbers.assign(textOf(keys.slice(0, -1)), textOf(keys), number);
  }

  unassign(keys: RowKeys): void {
    this.#numbers.forget(textOf(keys));
  }

  /** Undefined for a row that has none yet. */
  numberOf(keys: RowKeys): number | undefined {
    return this.#numbers.get(textOf(keys));
  }

  /** True where the datastore holds a row with these keys. */
  isNumbered(keys: RowKeys): boolean {
    return this.#numbers.get(textOf(keys)) !== undefined && this.has(keys);
  }

  /** Undefined where the row has no place: its OIDs would be too long, or the row around it has none. */
  keyOf(keys: RowKeys): IndexKey | undefined {
    const arcs = this.#arcsOf(keys);
    return arcs === undefined ? undefined : indexKey(this.table, arcs);
  }

  /** The index key for one value to each index part, as an instance's name gives them. */
  keyOfNames(names: readonly Value[]): IndexKey | undefined {
    return indexKey(
      this.table,
      this.table.index.flatMap((part, index) => partArcs(part, names[index]!)),
    );
  }

  #arcsOf(keys: RowKeys): readonly number[] | undefined {
    const { table, parent } = this;
    let outer: readonly number[] = [];
    if (parent !== undefined) {
      const key = parent.keyOf(keys.slice(0, -1));
      if (key === undefined) return undefined;
      outer = keyArcs(parent.table, key);
    }
    if (table.numbered) {
      const number = this.#numbers.get(textOf(keys));
      return number === undefined ? undefined : [...outer, number];
    }
    const own = keys.at(-1)!;
    const parts = table.index.slice(-table.ownParts);
    return [...outer, ...parts.flatMap((part, index) => partArcs(part, own[index]!))];
  }
}

/** True where only a commit that tells of its row changes whether a column has a value. */
export function isStored({ schema }: MibObject): boolean {
  return schema.config && !(schema.kind === 'leaf' && schema.default !== undefined);
}

/** Seconds, for a snapshot that was begun at that moment of the clock and is made now. */
function lifetimeOf(begun: number): number {
  const { least, most, ofCost } = stateLifetime;
  return Math.min(most, Math.max(least, ((performance.now() - begun) / 1000) * ofCost));
}

/** The path of a row's entry; remembered, for a walk asks once for each column. */
export function rowPath(table: MibTable, row: Row): EntryPath {
  row.path ??= entryPath(table, row.keys);
  return row.path;
}

export function entryPath(table: MibTable, keys: RowKeys): EntryPath {
  let list = 0;
  const steps: PathStep[] = table.steps.map((schema) => {
    if (schema.kind === 'container') return { schema, keys: undefined };
    const own = keys[list++]!;
    const isKeyless = schema.kind === 'list' && schema.keys.length === 0;
    return isKeyless ? { schema, keys: undefined, position: Number(own[0]) } : { schema, keys: own };
  });
  return new EntryPath(steps);
}

/** The rows of a table in the content at a path, by the text of their keys. */
function collect(table: MibTable, path: InstanceIdentifier, content: Content | undefined): Map<string, RowKeys> {
  const found = new Map<string, RowKeys>();
  if (content === undefined) return found;
  const outer: (readonly Value[])[] = [];
  for (const step of path.steps) {
    if (step.schema.kind !== 'container' && step.keys !== undefined) outer.push(step.keys);
  }
  const last = path.last;
  const note = (keys: RowKeys) => found.set(textOf(keys), keys);
  if (last !== undefined && last.keys !== undefined && path.steps.length === table.steps.length) note(outer);
  else if (last?.keys !== undefined) visit(content as Branch, table.steps, path.steps.length, outer, note);
  else if (last === undefined) visit(content as Branch, table.steps, 0, outer, note);
  else visitAt(content, table.steps, path.steps.length - 1, outer, note);
  return found;
}

/** Calls back with the keys of each row under a branch; `steps[depth]` is a child of it. */
function visit(
  branch: Branch,
  steps: readonly DataSchema[],
  depth: number,
  outer: RowKeys,
  emit: (keys: RowKeys) => void,
): void {
  const content = branch.get(steps[depth]!);
  if (content !== undefined) visitAt(content, steps, depth, outer, emit);
}

/** The same for the content of `steps[depth]` itself. */
function visitAt(
  content: Content,
  steps: readonly DataSchema[],
  depth: number,
  outer: RowKeys,
  emit: (keys: RowKeys) => void,
): void {
  const isLast = depth === steps.length - 1;
  if (content instanceof ListData) {
    let position = 0;
    for (const entry of content) {
      position += 1;
      const own = entry.keys();
      const keys = [...outer, own.length === 0 ? [position] : own];
      if (isLast) emit(keys);
      else visit(entry, steps, depth + 1, keys, emit);
    }
  } else if (content instanceof Branch) {
    visit(content, steps, depth + 1, outer, emit);
  } else if (Array.isArray(content)) {
    for (const value of content as readonly Value[]) emit([...outer, [value]]);
  }
}

function textOf(keys: RowKeys): string {
  return keys.map((own) => own.map((key) => `${typeof key} ${String(key)}`).join('\u0001')).join('\u0002');
}

/** The own keys of the entry before one in the user's order; undefined for the first. */
export function previousKeys(session: Session, table: MibTable, keys: RowKeys): readonly Value[] | undefined {
  const { steps } = entryPath(table, keys);
  const list = new InstanceIdentifier([...steps.slice(0, -1), { schema: steps.at(-1)!.schema, keys: undefined }]);
  const content = session.tree('running').get(list);
  const own = keys.at(-1)!;
  if (content instanceof ListData) return content.previous(own)?.keys();
  const values = Array.isArray(content) ? (content as readonly Value[]) : [];
  const at = values.indexOf(own[0]!);
  return at > 0 ? [values[at - 1]!] : undefined;
}
