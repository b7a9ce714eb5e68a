/** The rows of a segment table: for each row of the table around it, as many as the long value has segments. Nothing is stored. */
import { arcsKey, hasNumberKeys, keyArcs, outerEnd } from './instance.js';
import { segmentSize } from './long.js';
import type { MibTable } from './model.js';
import type { Cursor, IndexKey, OrderedIndex, RowIndex } from './ordered-index.js';
import { maxAbsent, type Row, type RowSource } from './table-rows.js';

/** A place among segments: that of the row around them, in which rows, and how far in it. */
interface SegmentCursor extends Cursor {
  rows: OrderedIndex<Row> | undefined;
  segment: number;
  count: number;
}

/** The rows around segments. */
export interface OuterRows extends RowSource {
  /** In the order of the sub-identifiers before those of a segment. */
  readonly nested: OrderedIndex<Row>;
}

export class SegmentRows implements RowSource, RowIndex<Row> {
  readonly table: MibTable;
  /** Undefined for the segments of a scalar. */
  readonly #outer: OuterRows | undefined;
  readonly #present: () => OrderedIndex<Row> | undefined;
  readonly #content: (row: Row | undefined) => Buffer | undefined;

  /**
   * `content` gives the octets of the value in a row, or of the scalar; undefined where there is none. `present` gives the rows
   * that have some, in the order that nested rows have; undefined where they are not known.
   */
  constructor(
    table: MibTable,
    outer: OuterRows | undefined,
    content: (row: Row | undefined) => Buffer | undefined,
    present: () => OrderedIndex<Row> | undefined,
  ) {
    this.table = table;
    this.#outer = outer;
    this.#content = content;
    this.#present = present;
  }

  get index(): RowIndex<Row> {
    return this;
  }

  get(key: IndexKey): Row | undefined {
    const arcs = arcsOf(key);
    const segment = arcs.pop() ?? 0;
    const outer = this.#outerRow(arcs);
    if (outer === 'none' || segment < 1 || segment > this.#count(outer)) return undefined;
    return rowOf(outer, segment, key);
  }

  first(): Cursor | undefined {
    if (this.#outer === undefined) return this.#within(undefined, { chunk: 0, offset: 0 }, 0);
    const rows = this.#nested;
    return this.#from(rows, rows.first());
  }

  after(key: IndexKey): Cursor | undefined {
    const arcs = arcsOf(key);
    if (this.#outer === undefined) return this.#within(undefined, { chunk: 0, offset: 0 }, arcs[0] ?? 0);
    const { table } = this.#outer;
    const nested = this.#nested;
    const end = outerEnd(table, arcs);
    // cut within the name of the row around: that row is behind it
    if (end === undefined) return this.#from(nested, arcs.length === 0 ? nested.first() : nested.after(key));
    const outerKey = nestedKey(table, arcs, end);
    const place = nested.placeOf(outerKey);
    return (place && this.#within(nested, place, arcs[end] ?? 0)) ?? this.#from(nested, nested.after(outerKey));
  }

  advance(cursor: Cursor): boolean {
    const at = cursor as SegmentCursor;
    if (at.segment < at.count) {
      at.segment += 1;
      return true;
    }
    const { rows } = at;
    if (rows?.advance(at) !== true) return false;
    const next = this.#from(rows, at);
    if (next === undefined) return false;
    Object.assign(at, next);
    return true;
  }

  at(cursor: Cursor): Row {
    const { segment, rows } = cursor as SegmentCursor;
    if (this.#outer === undefined || rows === undefined) return rowOf(undefined, segment, segment);
    const row = rows.at(cursor);
    const outerArcs = keyArcs(this.#outer.table, row.key);
    return rowOf(row, segment, arcsKey([...outerArcs, segment], 0, outerArcs.length + 1));
  }

  get #nested(): OrderedIndex<Row> {
    return this.#outer!.nested;
  }

  /** The first segment in or behind a row that has one. */
  #from(rows: OrderedIndex<Row>, place: Cursor | undefined): SegmentCursor | undefined {
    if (place === undefined) return undefined;
    const at = { ...place };
    for (let absent = 0; ; absent += 1) {
      const found = this.#within(rows, at, 0);
      if (found !== undefined) return found;
      const { key } = rows.at(at);
      if (!rows.advance(at)) return undefined;
      if (absent < maxAbsent) continue;
      const present = this.#present();
      // those are few, or nothing more is known
      if (present === undefined || present === rows) continue;
      const outer = this.#outer === undefined ? [] : keyArcs(this.#outer.table, key);
      return this.#from(present, present.after(arcsKey(outer, 0, outer.length)));
    }
  }

  /** The segment behind one of a row. */
  #within(rows: OrderedIndex<Row> | undefined, place: Cursor, segment: number): SegmentCursor | undefined {
    const count = this.#count(rows?.at(place));
    return segment >= count ? undefined : { ...place, rows, segment: segment + 1, count };
  }

  #outerRow(arcs: readonly number[]): Row | undefined | 'none' {
    if (this.#outer === undefined) return arcs.length === 0 ? undefined : 'none';
    const { table } = this.#outer;
    if (outerEnd(table, arcs) !== arcs.length) return 'none';
    return this.#outer.nested.get(nestedKey(table, arcs, arcs.length)) ?? 'none';
  }

  /** An empty value has one empty segment. */
  #count(row: Row | undefined): number {
    const octets = this.#content(row);
    return octets === undefined ? 0 : Math.max(1, Math.ceil(octets.length / segmentSize));
  }
}

function nestedKey(table: MibTable, arcs: readonly number[], end: number): IndexKey {
  return hasNumberKeys(table) ? arcs[0]! : arcsKey(arcs, 0, end);
}

function rowOf(outer: Row | undefined, segment: number, key: IndexKey): Row {
  return {
    key,
    keys: outer?.keys ?? [],
    pending: outer?.pending,
    path: undefined,
    segment: { number: segment, outer },
  };
}

function arcsOf(key: IndexKey): number[] {
  if (typeof key === 'number') return [key];
  const arcs: number[] = [];
  for (let at = 0; at < key.length; at += 2) arcs.push(key.charCodeAt(at) * 65_536 + key.charCodeAt(at + 1));
  return arcs;
}
