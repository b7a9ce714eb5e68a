/** The rows of a segment table: for each row of the table around it, as many as the long value has segments. Nothing is stored. */
import { arcsKey, hasNumberKeys, keyArcs, outerEnd } from './instance.js';
import { segmentSize } from './long.js';
import type { MibTable } from './model.js';
import type { Cursor, IndexKey, OrderedIndex, RowIndex } from './ordered-index.js';
import type { Row, RowSource } from './table-rows.js';

/** A place among segments: that of the row around them, and how far in it. */
interface SegmentCursor extends Cursor {
  segment: number;
  count: number;
}

export class SegmentRows implements RowSource, RowIndex<Row> {
  readonly table: MibTable;
  /** Undefined for the segments of a scalar. */
  readonly #outer: RowSource | undefined;
  readonly #outerRows: () => OrderedIndex<Row> | undefined;
  readonly #content: (row: Row | undefined) => Buffer | undefined;

  /**
   * `content` gives the octets of the value in a row, or of the scalar; undefined where there is none. `outerRows` gives the rows
   * around segments, at least those that have some, in the order that nested rows have.
   */
  constructor(
    table: MibTable,
    outer: RowSource | undefined,
    content: (row: Row | undefined) => Buffer | undefined,
    outerRows: () => OrderedIndex<Row> | undefined,
  ) {
    this.table = table;
    this.#outer = outer;
    this.#content = content;
    this.#outerRows = outerRows;
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
    return this.#outer === undefined ? this.#within({ chunk: 0, offset: 0 }, 0) : this.#from(this.#nested.first());
  }

  after(key: IndexKey): Cursor | undefined {
    const arcs = arcsOf(key);
    if (this.#outer === undefined) return this.#within({ chunk: 0, offset: 0 }, arcs[0] ?? 0);
    const { table } = this.#outer;
    const nested = this.#nested;
    const end = outerEnd(table, arcs);
    // cut within the name of the row around: that row is behind it
    if (end === undefined) return this.#from(arcs.length === 0 ? nested.first() : nested.after(key));
    const outerKey = nestedKey(table, arcs, end);
    const place = nested.placeOf(outerKey);
    return (place && this.#within(place, arcs[end] ?? 0)) ?? this.#from(nested.after(outerKey));
  }

  advance(cursor: Cursor): boolean {
    const at = cursor as SegmentCursor;
    if (at.segment < at.count) {
      at.segment += 1;
      return true;
    }
    if (this.#outer === undefined || !this.#nested.advance(at)) return false;
    const next = this.#from(at);
    if (next === undefined) return false;
    Object.assign(at, next);
    return true;
  }

  at(cursor: Cursor): Row {
    const { segment } = cursor as SegmentCursor;
    if (this.#outer === undefined) return rowOf(undefined, segment, segment);
    const row = this.#nested.at(cursor);
    const outerArcs = keyArcs(this.#outer.table, row.key);
    return rowOf(row, segment, arcsKey([...outerArcs, segment], 0, outerArcs.length + 1));
  }

  get #nested(): OrderedIndex<Row> {
    return this.#outerRows()!;
  }

  /** The first segment in or behind a row that has one. */
  #from(place: Cursor | undefined): SegmentCursor | undefined {
    const nested = this.#nested;
    const at = place === undefined ? undefined : { ...place };
    while (at !== undefined) {
      const found = this.#within(at, 0);
      if (found !== undefined) return found;
      if (!nested.advance(at)) return undefined;
    }
    return undefined;
  }

  /** The segment behind one of a row. */
  #within(place: Cursor, segment: number): SegmentCursor | undefined {
    const count = this.#count(this.#outer === undefined ? undefined : this.#nested.at(place));
    return segment >= count ? undefined : { ...place, segment: segment + 1, count };
  }

  #outerRow(arcs: readonly number[]): Row | undefined | 'none' {
    if (this.#outer === undefined) return arcs.length === 0 ? undefined : 'none';
    const { table } = this.#outer;
    if (outerEnd(table, arcs) !== arcs.length) return 'none';
    return this.#nested.get(nestedKey(table, arcs, arcs.length)) ?? 'none';
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
