/** The rows of one table in SNMP order, and which of them have a value in a column where most have none. */
import type { EntryPath, Session } from '../../datastore/index.js';
import type { Value } from '../../yang/index.js';
import { arcsKey, indexKey, keyArcs, partArcs, type RowKeys } from './instance.js';
import type { MibObject, MibTable } from './model.js';
import { type IndexKey, OrderedIndex, type RowIndex } from './ordered-index.js';
import { Presence } from './presence.js';
import type { RowNumbers } from './row-numbers.js';

export interface Row {
  readonly key: IndexKey;
  /** Empty for a numbered row under construction that has no keys yet. */
  readonly keys: RowKeys;
  /** Set for a row under construction. */
  readonly pending: PendingRow | undefined;
  /** Of a row under construction: that of the entry that it would be, as far as its keys are known. */
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
  /** Who made it. */
  readonly user: string;
  inService: boolean;
}

/** Of the rows of a table; of the rows around those of nested tables, see {@link TableRows.nested}. */
export type Order = 'own' | 'nested';
const orders: readonly Order[] = ['own', 'nested'];

/** Rows without a value that a walk looks at before it asks which have one. */
export const maxAbsent = 32;

type Presences = Readonly<Record<Order, Map<MibObject, Presence<Row>>>>;

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
  readonly #presences: Presences = { own: new Map(), nested: new Map() };
  /** Those whose rows are still being looked at. */
  readonly #growing: Presences = { own: new Map(), nested: new Map() };
  /** When the rows of a list of state are to be read again; and how long they may be shown while they are. */
  due = Number.NEGATIVE_INFINITY;
  usable = Number.NEGATIVE_INFINITY;
  /** Settles when what is being read is here. */
  reading: Promise<void> | undefined;
  /** A commit has come since that was begun. */
  isVoid = false;
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
    this.usable = Number.NEGATIVE_INFINITY;
    this.isVoid = true;
  }

  /** The same table without a row, to be filled and then adopted. */
  empty(): TableRows {
    const empty = new TableRows(this.table, this.parent, this.#numbers);
    if (this.#nested !== undefined) empty.keepNested();
    return empty;
  }

  adopt(rows: TableRows): void {
    this.clear();
    this.index = rows.index;
    this.#nested = rows.#nested;
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
    for (const presence of this.#kept()) presence.drop(key);
  }

  /** To be called where the values of a row are others. */
  renew(key: IndexKey): void {
    const row = this.index.get(key);
    if (row !== undefined) this.#renew(row);
  }

  #renew(row: Row): void {
    for (const presence of this.#kept()) presence.update(row);
  }

  *#kept(): Generator<Presence<Row>> {
    for (const order of orders) {
      yield* this.#presences[order].values();
      yield* this.#growing[order].values();
    }
  }

  touch(keys: RowKeys): void {
    if (orders.every((order) => this.#presences[order].size + this.#growing[order].size === 0)) return;
    const key = this.keyOf(keys);
    if (key !== undefined) this.renew(key);
  }

  presence(object: MibObject, order: Order): Presence<Row> | undefined {
    return this.#presences[order].get(object);
  }

  growing(object: MibObject, order: Order): Presence<Row> | undefined {
    return this.#growing[order].get(object);
  }

  /** One whose rows are to be looked at; it is {@link presence} once it is settled. */
  track(object: MibObject, order: Order, hasValue: (row: Row) => boolean): Presence<Row> {
    const keyOf =
      order === 'nested' && this.#nested !== undefined ? (key: IndexKey) => this.#nestedKey(key) : undefined;
    const presence = new Presence(hasValue, keyOf);
    this.#growing[order].set(object, presence);
    return presence;
  }

  /** Nothing where all rows have been read anew in between. */
  settle(object: MibObject, order: Order, presence: Presence<Row>): void {
    if (this.#growing[order].get(object) !== presence) return;
    this.#growing[order].delete(object);
    this.#presences[order].set(object, presence);
  }

  abandon(object: MibObject, order: Order): void {
    this.#growing[order].delete(object);
  }

  #nestedKey(key: IndexKey): IndexKey {
    const arcs = keyArcs(this.table, key);
    return arcsKey(arcs, 0, arcs.length);
  }

  clear(): void {
    this.index = new OrderedIndex();
    if (this.#nested !== undefined) this.#nested = new OrderedIndex();
    for (const order of orders) {
      this.#presences[order].clear();
      this.#growing[order].clear();
    }
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

  /** What an instance's name says of the keys of an entry, be it there or not: nothing where the number is that of no row. */
  keysOfNames(names: readonly Value[]): RowKeys {
    const key = this.keyOfNames(names);
    const row = key === undefined ? undefined : this.index.get(key);
    if (row !== undefined && row.pending === undefined) return row.keys;
    const { ownParts, numbered } = this.table;
    const outer = this.parent?.keysOfNames(names.slice(0, -ownParts)) ?? [];
    return [...outer, numbered ? [] : names.slice(-ownParts)];
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

/** A row under construction is for who made it, and for those who may create such an entry. */
export function mayConstruct(session: Session, { pending, path }: Row): boolean {
  return pending?.user === session.origin.user || (path !== undefined && session.permits('create', path));
}

/** The keys of a row as one text. */
export function textOf(keys: RowKeys): string {
  return keys.map((own) => own.map((key) => `${typeof key} ${String(key)}`).join('\u0001')).join('\u0002');
}
