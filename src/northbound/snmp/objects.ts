/** What is readable, in OID order, and how: each object with its reader made once. */
import { randomInt } from 'node:crypto';
import type { EntryPath, Session } from '../../datastore/index.js';
import { InstanceIdentifier, type LeafSchema, type Schema, type Value } from '../../yang/index.js';
import { entriesOf } from './entries.js';
import { inetPart } from './inet-address.js';
import { indexKey, indexValues } from './instance.js';
import { type JobRow, JobRows, Jobs, mayUseJob, readJob } from './jobs.js';
import { LongCodec, segmentSize } from './long.js';
import type { Mib, MibObject, MibTable } from './model.js';
import type { IndexKey, OrderedIndex, RowIndex } from './ordered-index.js';
import { entryPath, previousKeys, type Rows, rowPath } from './rows.js';
import { SegmentRows } from './segments.js';
import { nonVolatile, rowStatus } from './syntax.js';
import { mayConstruct, type Row, type RowSource, TableRows } from './table-rows.js';
import { Unfinished } from './unfinished.js';
import { type View, visibility } from './views.js';

/** An object that has instances, with what reading it needs. */
export interface Readable {
  readonly object: MibObject;
  /** Undefined for a scalar. */
  readonly rows: RowSource | undefined;
  /** The value of the scalar, or of a row's column; undefined where there is none. */
  read(session: Session, row: Row | undefined): Value | undefined;
}

export class ObjectTable {
  readonly readables: readonly Readable[];
  readonly #rows: Rows;
  readonly #schema: Schema;
  readonly #session: Session;
  readonly #segments = new Map<MibTable, SegmentRows>();
  readonly #locks = new Map<MibObject, { value: number }>();
  readonly jobs: Jobs;
  readonly commits: Jobs;
  readonly #commitRows = new Map<MibTable, JobRows>();
  readonly #jobRows = new Map<MibTable, JobRows>();

  /** `session` sees everything. */
  constructor(mib: Mib, rows: Rows, session: Session, unfinished = new Unfinished()) {
    this.#rows = rows;
    this.#schema = mib.schema;
    this.#session = session;
    this.jobs = new Jobs(mib.schema, unfinished);
    this.commits = new Jobs(mib.schema, unfinished);
    const accessible = mib.objects.filter((object) => object.access.startsWith('read-'));
    this.readables = accessible.map((object) => this.#readable(object));
    this.#restore(mib, unfinished);
  }

  /** Answers for a request that has waited for what {@link Unready} told it of. */
  afterWaiting<T>(waited: ReadonlySet<object>, answer: () => T): T {
    this.#rows.waited = waited;
    try {
      return answer();
    } finally {
      this.#rows.waited = new Set();
    }
  }

  /** The position of the last object whose OID is not behind `arcs`; -1 where there is none. */
  floor(arcs: ArrayLike<number>, count: number): number {
    let low = 0;
    let high = this.readables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isAtOrBefore(this.readables[middle]!.object.oid, arcs, count)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Whether there is any instance of the object at a position that the reader may see (P5). */
  sees(at: number, view: View, session: Session): boolean {
    if (view.leaves[at] === visibility.hidden) return false;
    const { kind, schema, table } = this.readables[at]!.object;
    // each job is seen by some, and the lock is anybody's
    if (kind === 'testAndIncr' || (table?.operation ?? table?.parent?.operation) !== undefined) return true;
    return session.seesAll(schema) !== false;
  }

  /** The rows that have a value in a column, for a walk that met many without; undefined where they are not known. */
  present(readable: Readable): RowIndex<Row> | undefined {
    const { rows, object } = readable;
    if (!(rows instanceof TableRows) || object.table?.segments !== undefined) return undefined;
    return this.#rows.present(rows, object, (row) => readable.read(this.#session, row) !== undefined, 'own');
  }

  /** The value of a TestAndIncr (RFC 2579), another one at each start. */
  lock(object: MibObject): { value: number } {
    const lock = this.#locks.get(object) ?? { value: randomInt(2 ** 31) };
    this.#locks.set(object, lock);
    return lock;
  }

  /** The scalars with the same OID but for the last sub-identifier. */
  beside(scalar: MibObject): readonly MibObject[] {
    const prefix = scalar.oid.slice(0, -1);
    return this.readables
      .map(({ object }) => object)
      .filter(({ table, oid }) => {
        return table === undefined && oid.length === scalar.oid.length && prefix.every((arc, at) => oid[at] === arc);
      });
  }

  /** The rows of a readable's table, a list of state read again where that is due. */
  rowsOf(readable: Readable): RowSource | undefined {
    const { rows } = readable;
    if (rows === undefined || rows.table.config) return rows;
    const { segments, parent } = rows.table;
    const stored = segments === undefined ? rows.table : parent;
    const renewed = stored === undefined ? undefined : this.#rows.of(stored);
    return segments === undefined ? renewed : rows;
  }

  #readable(object: MibObject): Readable {
    const readable = this.#unguarded(object);
    const { table } = object;
    if (table === undefined) return readable;
    if (readable.rows instanceof JobRows) {
      const { rows, read } = readable;
      const sees = (session: Session, row: JobRow) =>
        table.operation === undefined ? this.#seesOutcome(session, table, row) : mayUseJob(session, row);
      return { object, rows, read: (session, row) => (sees(session, row as JobRow) ? read(session, row) : undefined) };
    }
    if (!(readable.rows instanceof TableRows)) return readable;
    const data = table.augments ?? table;
    return {
      ...readable,
      read: (session, row) => (isHidden(session, data, row!) ? undefined : readable.read(session, row)),
    };
  }

  /** How a commit ended is for who made it, and for those who see the entry. */
  #seesOutcome(session: Session, table: MibTable, { job, key }: JobRow): boolean {
    if (job?.user === session.origin.user || session.seesAll(table.schema) === true) return true;
    const row = this.#rows.store(table).index.get(key);
    return row !== undefined && !isHidden(session, table, row);
  }

  #unguarded(object: MibObject): Readable {
    const { table, kind } = object;
    if (kind === 'testAndIncr') return { object, rows: undefined, read: () => this.lock(object).value };
    if (object.text !== undefined) {
      const { rows, read } = this.#unguarded(object.text);
      const part = (text: Value | undefined) => (text === undefined ? undefined : inetPart(kind, String(text)));
      return { object, rows, read: (session, row) => part(read(session, row)) };
    }
    if (table === undefined) return { object, rows: undefined, read: scalarReader(object) };
    if (table.operation !== undefined)
      return { object, rows: this.jobRows(table.augments ?? table), read: (_, row) => readJob(object, row as JobRow) };
    if (kind === 'jobState' || kind === 'errorTag' || kind === 'errorPath' || kind === 'errorText')
      return { object, rows: this.commitRows(table), read: (_, row) => readJob(object, row as JobRow) };
    if (kind === 'storageType') return { object, rows: this.#rows.store(table), read: () => nonVolatile };
    if (kind === 'after') return { object, rows: this.#rows.store(table), read: this.#afterReader(object) };
    if (kind === 'rowStatus') return { object, rows: this.#rows.store(table), read: this.#statusReader(object) };
    if (table.segments === undefined) return { object, rows: this.#rows.store(table), read: columnReader(object) };
    const content = this.#contentReader(table.segments);
    const rows = this.#segmentRows(table, table.segments, content);
    if (kind !== 'segment') return { object, rows, read: (_, row) => row!.segment!.number };
    return {
      object,
      rows,
      read(session, row) {
        const { number, outer } = row!.segment!;
        return content(session, outer)?.toString('base64', (number - 1) * segmentSize, number * segmentSize);
      },
    };
  }

  #afterReader(object: MibObject): Readable['read'] {
    const table = object.table!;
    const rows = this.#rows.store(table);
    return (session, row) => {
      if (row!.pending !== undefined) return row!.pending.values.get(object);
      const before = previousKeys(session, table, row!.keys);
      return before === undefined ? 0 : rows.numberOf([...row!.keys.slice(0, -1), before]);
    };
  }

  /** A row whose commit goes on is notReady. */
  #statusReader(object: MibObject): Readable['read'] {
    const read = columnReader(object);
    return (session, row) => (this.isCommitting(object.table!, row!.key) ? rowStatus.notReady : read(session, row));
  }

  /** What a former run had begun: a commit that is in the history was done. */
  #restore(mib: Mib, unfinished: Unfinished): void {
    const left = unfinished.rows();
    if (left.length === 0) return;
    const comments = new Set(this.#session.history().map(({ comment }) => comment));
    for (const [number, { table: oid, arcs, comment }] of left) {
      const table = mib.tables.find((each) => each.oid.join('.') === oid);
      const key = table === undefined ? undefined : indexKey(table, arcs);
      if (table === undefined || key === undefined) {
        unfinished.end(number);
        continue;
      }
      const [jobs, rows] =
        table.operation === undefined ? [this.commits, this.commitRows(table)] : [this.jobs, this.jobRows(table)];
      const names = indexValues(table, arcs, 0, arcs.length);
      const target = names === undefined ? undefined : this.target(table, names);
      jobs.restore(rows, key, target, { number, isDone: comment !== '' && comments.has(comment) });
    }
  }

  /** What a job of that name invokes, be the entry around it there or not; undefined for a table of data. */
  target({ operation, parent, steps }: MibTable, names: readonly Value[]): InstanceIdentifier | undefined {
    if (operation === undefined) return undefined;
    const keys = parent === undefined ? [] : this.#rows.store(parent).keysOfNames(names.slice(0, parent.index.length));
    return entryPath({ steps }, keys).child(operation);
  }

  /** The path of a row's entry by its name, be it there or not. */
  entry(table: MibTable, names: readonly Value[]): EntryPath {
    return entryPath(table, this.#rows.store(table).keysOfNames(names));
  }

  /** How commits that went on behind their answer ended, by the row of a table of data. */
  commitRows(table: MibTable): JobRows {
    const rows = this.#commitRows.get(table) ?? this.commits.rows(table);
    this.#commitRows.set(table, rows);
    return rows;
  }

  isCommitting(table: MibTable, key: IndexKey): boolean {
    return this.#commitRows.get(table)?.index.get(key)?.job?.state === 'running';
  }

  #segmentRows(table: MibTable, digest: MibObject, content: ContentReader): SegmentRows {
    const known = this.#segments.get(table);
    if (known !== undefined) return known;
    const { parent } = table;
    const stored = parent === undefined || parent.operation !== undefined ? undefined : this.#rows.store(parent);
    const outer = parent?.operation === undefined ? stored : this.jobRows(parent);
    const rows = new SegmentRows(table, outer, (row) => content(this.#session, row), this.#holders(digest, outer));
    this.#segments.set(table, rows);
    return rows;
  }

  /** The rows that have a long value, in the order of nested ones; undefined where they are not known. */
  #holders(digest: MibObject, outer: TableRows | JobRows | undefined): () => OrderedIndex<Row> | undefined {
    if (!(outer instanceof TableRows)) return () => undefined;
    const read = this.#valueReader(digest);
    const hasValue = (row: Row) => read(this.#session, row) !== undefined;
    return () => this.#rows.present(outer, digest, hasValue, 'nested');
  }

  /** That of a digest's value. */
  codec(digest: MibObject): LongCodec {
    return new LongCodec(this.#schema, digest.schema as LeafSchema, entriesOf(digest));
  }

  #valueReader(digest: MibObject): Readable['read'] {
    if (digest.table === undefined) return scalarReader(digest);
    if (digest.table.operation === undefined) {
      const data = digest.table.augments ?? digest.table;
      const read = columnReader(digest);
      return (session, row) => (isHidden(session, data, row!) ? undefined : read(session, row));
    }
    return (session, row) => (mayUseJob(session, row as JobRow) ? readJob(digest, row as JobRow) : undefined);
  }

  /** Those of a table that stands for data. */
  stored(table: MibTable): TableRows {
    return this.#rows.of(table);
  }

  jobRows(table: MibTable): JobRows {
    const rows = this.#jobRows.get(table) ?? this.jobs.rows(table);
    this.#jobRows.set(table, rows);
    return rows;
  }

  /** The octets of a long value; undefined where there is none. */
  #contentReader(digest: MibObject): ContentReader {
    const read = this.#valueReader(digest);
    const codec = this.codec(digest);
    return (session, row) => {
      const value = read(session, row);
      return value === undefined ? undefined : codec.octets(value);
    };
  }
}

/**
 * True where access to an entry depends on its keys and the user has none: then its keys and its status are hidden too. Of one under
 * construction what {@link mayConstruct} says.
 */
function isHidden(session: Session, table: MibTable, row: Row): boolean {
  if (row.pending !== undefined) return !mayConstruct(session, row);
  return session.seesAll(table.schema) === undefined && !session.sees(rowPath(table, row));
}

type ContentReader = (session: Session, row: Row | undefined) => Buffer | undefined;

function scalarReader(object: MibObject): Readable['read'] {
  const path = object.steps.reduce((at, step) => at.child(step), InstanceIdentifier.root);
  if (object.kind === 'unset') return () => 0;
  if (object.kind === 'presence') return (session) => isThere(session, path, object);
  return (session) => session.leaf(path);
}

/** The order of RFC 2578; `arcs` counts to `count` only. */
function isAtOrBefore(oid: readonly number[], arcs: ArrayLike<number>, count: number): boolean {
  const length = Math.min(oid.length, count);
  for (let index = 0; index < length; index += 1) {
    if (oid[index] !== arcs[index]) return oid[index]! < arcs[index]!;
  }
  return oid.length <= count;
}

/** True where `arcs` begins with the OID of the object. */
export function isPrefix(object: MibObject, arcs: ArrayLike<number>, count: number): boolean {
  const { oid } = object;
  if (count < oid.length) return false;
  for (let index = oid.length - 1; index >= 0; index -= 1) if (oid[index] !== arcs[index]) return false;
  return true;
}

function columnReader(object: MibObject): Readable['read'] {
  const { kind, steps, schema } = object;
  const table = object.table!.augments ?? object.table!;
  if (kind === 'unset') return () => 0;
  if (kind === 'rowStatus') {
    return (_, row) => {
      if (row!.pending === undefined) return rowStatus.active;
      return row!.pending.inService ? rowStatus.notInService : rowStatus.notReady;
    };
  }
  const ownKey = table.schema.kind === 'list' ? table.schema.keys.indexOf(schema as LeafSchema) : 0;
  if (kind === 'value' || ownKey >= 0) {
    return (_, row) => row!.pending?.values.get(object) ?? row!.keys.at(-1)?.[ownKey];
  }
  const [only] = steps;
  if (only?.kind === 'leaf') {
    return (session, row) => {
      if (row!.pending !== undefined) return row!.pending.values.get(object);
      return session.leafOf(rowPath(table, row!), only);
    };
  }
  return (session, row) => {
    if (row!.pending !== undefined) return row!.pending.values.get(object);
    const { steps: above } = rowPath(table, row!);
    const path = new InstanceIdentifier([...above, ...steps.map((step) => ({ schema: step, keys: undefined }))]);
    return kind === 'presence' ? isThere(session, path, object) : session.leaf(path);
  };
}

function isThere(session: Session, path: InstanceIdentifier, { schema }: MibObject): boolean {
  return session.get(path, schema.config ? 'running' : 'operational') !== undefined;
}
