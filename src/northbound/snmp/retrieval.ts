/** GET, GETNEXT and GETBULK (RFC 3416 section 4.2.1 to 4.2.3) over the ordered objects and rows, straight into the answer. */
import type { Session } from '../../datastore/index.js';
import { type BerWriter, decodeOid, maxSubIdentifiers, tag } from './ber.js';
import { arcsKey, hasNumberKeys } from './instance.js';
import { field, type Pdu } from './message.js';
import { isPrefix, type ObjectTable, type Readable } from './objects.js';
import type { Cursor, IndexKey, RowIndex } from './ordered-index.js';
import { Unready } from './sliced.js';
import { maxAbsent, type Row } from './table-rows.js';
import type { View } from './views.js';

/** On whose behalf: what is visible, and by which rules a v1 answer is made. */
export interface Reader {
  readonly session: Session;
  readonly view: View;
  readonly isVersion1: boolean;
}

/** How far an answer went: all of it, not all because the limit came first, or an SNMPv1 noSuchName at a varbind (from 1). */
export type Outcome =
  | { readonly kind: 'complete' }
  | { readonly kind: 'full' }
  | { readonly kind: 'noSuchName'; readonly index: number };

export interface BulkLimits {
  /** Varbinds of one answer at most. */
  readonly varbinds: number;
  /** Milliseconds after which the answer ends where it is. */
  readonly slice: number;
  readonly now: () => number;
}

const complete: Outcome = { kind: 'complete' };
const full: Outcome = { kind: 'full' };
const arcs = new Uint32Array(maxSubIdentifiers);
const scalarKey = 0;
/** Varbinds of a GETBULK between two looks at the clock. */
const betweenLooks = 8;

export class Retrieval {
  readonly #objects: ObjectTable;
  /** The varbind that is being answered, from 1: where an exception of a reader is told. */
  current = 0;

  constructor(objects: ObjectTable) {
    this.#objects = objects;
  }

  get(reader: Reader, pdu: Pdu, writer: BerWriter, limit: number): Outcome {
    for (let index = 0; index < pdu.count; index += 1) {
      this.current = index + 1;
      const count = readName(pdu, index);
      const at = this.#objects.floor(arcs, count);
      const isSeen = at >= 0 && this.#objects.sees(at, reader.view, reader.session);
      const readable = isSeen ? this.#objects.readables[at] : undefined;
      const mark = writer.beginShort();
      writeName(writer, pdu, index);
      const exception = this.#getOne(reader, readable, at, count, writer);
      if (exception !== undefined) {
        if (reader.isVersion1) return { kind: 'noSuchName', index: index + 1 };
        writer.null(exception);
      }
      writer.endShort(mark);
      if (writer.overflow || writer.position > limit) return full;
    }
    return complete;
  }

  getNext(reader: Reader, pdu: Pdu, writer: BerWriter, limit: number): Outcome {
    const walker = new Walker(this.#objects, reader);
    for (let index = 0; index < pdu.count; index += 1) {
      this.current = index + 1;
      walker.seek(readName(pdu, index));
      if (!walker.write(writer)) {
        if (reader.isVersion1) return { kind: 'noSuchName', index: index + 1 };
        writeEnd(writer, pdu, index);
      }
      if (writer.overflow || writer.position > limit) return full;
    }
    return complete;
  }

  /**
   * Non-repeaters once, then the others in rounds, one varbind each. Ends early, with whole varbinds, at the limit of the answer, of
   * varbinds or of time, and after a round in which all have reached the end (D7).
   */
  getBulk(reader: Reader, pdu: Pdu, writer: BerWriter, limit: number, limits: BulkLimits): Outcome {
    const nonRepeaters = Math.min(Math.max(pdu.first, 0), pdu.count);
    const repetitions = Math.max(pdu.second, 0);
    const until = limits.now() + limits.slice;
    let written = 0;
    let timed = betweenLooks;
    const fits = (start: number): boolean => {
      if (!writer.overflow && writer.position <= limit) {
        written += 1;
        return true;
      }
      writer.overflow = false;
      writer.position = start;
      return false;
    };
    for (let index = 0; index < nonRepeaters; index += 1) {
      this.current = index + 1;
      const start = writer.position;
      const walker = new Walker(this.#objects, reader);
      walker.seek(readName(pdu, index));
      if (!walker.write(writer)) writeEnd(writer, pdu, index);
      if (!fits(start)) return written === 0 ? full : complete;
    }
    const walkers: Walker[] = [];
    for (let index = nonRepeaters; index < pdu.count && repetitions > 0; index += 1) {
      const walker = new Walker(this.#objects, reader);
      walker.seek(readName(pdu, index));
      walkers.push(walker);
    }
    for (let round = 0; round < repetitions && walkers.length > 0; round += 1) {
      let alive = false;
      for (const [offset, walker] of walkers.entries()) {
        this.current = nonRepeaters + offset + 1;
        const start = writer.position;
        const isWritten = written === 0 ? walker.write(writer) : writeIfReady(walker, writer);
        if (isWritten === undefined) return complete;
        if (isWritten) alive = true;
        else walker.writeLast(writer, pdu, nonRepeaters + offset);
        if (!fits(start)) return written === 0 ? full : complete;
      }
      if (!alive || written + walkers.length > limits.varbinds) break;
      if (written < timed) continue;
      timed = written + betweenLooks;
      if (limits.now() > until) break;
    }
    return complete;
  }

  /** Writes the value; or the tag of the exception that stands for it. */
  #getOne(
    reader: Reader,
    readable: Readable | undefined,
    at: number,
    count: number,
    writer: BerWriter,
  ): number | undefined {
    if (readable === undefined || !isPrefix(readable.object, arcs, count)) return tag.noSuchObject;
    if (!reader.view.holds(at, arcs, count)) return tag.noSuchInstance;
    const { object } = readable;
    const from = object.oid.length;
    let row: Row | undefined;
    const rows = this.#objects.rowsOf(readable);
    if (rows === undefined) {
      if (count !== from + 1 || arcs[from] !== 0) return tag.noSuchInstance;
    } else {
      const key = hasNumberKeys(rows.table)
        ? count === from + 1
          ? arcs[from]!
          : undefined
        : arcsKey(arcs, from, count);
      row = key === undefined ? undefined : rows.index.get(key);
      if (row === undefined) return tag.noSuchInstance;
    }
    const value = readable.read(reader.session, row);
    if (value === undefined) return tag.noSuchInstance;
    if (reader.isVersion1 && object.syntax.tag === tag.counter64) return tag.noSuchObject;
    object.syntax.write(writer, value);
    return undefined;
  }
}

/** A place among all instances that a reader may see; {@link write} writes the next one and steps on. */
class Walker {
  readonly #objects: ObjectTable;
  readonly #reader: Reader;
  #at = 0;
  /** Within a table: the next row; undefined where the object has not been begun. */
  #cursor: Cursor | undefined;
  /** That of the cursor. */
  #index: RowIndex<Row> | undefined;
  #begun = false;
  #lastObject: Readable | undefined;
  #lastKey: IndexKey = scalarKey;

  constructor(objects: ObjectTable, reader: Reader) {
    this.#objects = objects;
    this.#reader = reader;
  }

  /** Goes behind the name in {@link arcs}. */
  seek(count: number): void {
    const at = this.#objects.floor(arcs, count);
    this.#begun = false;
    this.#cursor = undefined;
    this.#at = at + 1;
    if (at < 0) return;
    const readable = this.#objects.readables[at]!;
    if (!isPrefix(readable.object, arcs, count)) return;
    const from = readable.object.oid.length;
    if (count === from) {
      this.#at = at;
      return;
    }
    const rows = this.#objects.rowsOf(readable);
    if (rows === undefined) return;
    this.#at = at;
    this.#begun = true;
    this.#index = rows.index;
    this.#cursor = rows.index.after(hasNumberKeys(rows.table) ? arcs[from]! : arcsKey(arcs, from, count));
  }

  /** Writes the next instance as a varbind; false at the end of the view. */
  write(writer: BerWriter): boolean {
    const { readables } = this.#objects;
    const { view, session } = this.#reader;
    for (; this.#at < readables.length; this.#at += 1, this.#begun = false) {
      if (!this.#objects.sees(this.#at, view, session)) continue;
      const readable = readables[this.#at]!;
      if (this.#reader.isVersion1 && readable.object.syntax.tag === tag.counter64) continue;
      if (this.#writeFrom(readable, writer)) return true;
    }
    return false;
  }

  /** endOfMibView with the last name of this repeater (P4), or with the requested one. */
  writeLast(writer: BerWriter, pdu: Pdu, index: number): void {
    if (this.#lastObject === undefined) {
      writeEnd(writer, pdu, index);
      return;
    }
    const mark = writer.beginShort();
    writer.instance(this.#lastObject.object.encoded, this.#lastKey);
    writer.null(tag.endOfMibView);
    writer.endShort(mark);
  }

  #writeFrom(readable: Readable, writer: BerWriter): boolean {
    // a snapshot of state is not renewed under a cursor
    const rows = this.#begun ? readable.rows : this.#objects.rowsOf(readable);
    if (rows === undefined) {
      if (this.#begun) return false;
      const value = readable.read(this.#reader.session, undefined);
      if (value === undefined) return false;
      this.#at += 1;
      this.#emit(writer, readable, scalarKey, value);
      return true;
    }
    if (!this.#begun) {
      this.#index = rows.index;
      this.#cursor = rows.index.first();
      this.#begun = true;
    }
    for (let absent = 0; this.#cursor !== undefined; absent += 1) {
      const index = this.#index!;
      const row = index.at(this.#cursor);
      if (!index.advance(this.#cursor)) this.#cursor = undefined;
      const isInView = this.#reader.view.holdsRow(this.#at, readable.object, row.key);
      const value = isInView ? readable.read(this.#reader.session, row) : undefined;
      if (value !== undefined) {
        this.#emit(writer, readable, row.key, value);
        return true;
      }
      if (absent === maxAbsent) this.#skip(readable, row.key);
    }
    return false;
  }

  /** Goes on among the rows that have a value in the column. */
  #skip(readable: Readable, key: IndexKey): void {
    const present = this.#objects.present(readable);
    if (present === undefined) return;
    this.#index = present;
    this.#cursor = present.after(key);
  }

  #emit(
    writer: BerWriter,
    readable: Readable,
    key: IndexKey,
    value: Parameters<Readable['object']['syntax']['write']>[1],
  ): void {
    const mark = writer.beginShort();
    writer.instance(readable.object.encoded, key);
    readable.object.syntax.write(writer, value);
    writer.endShort(mark);
    this.#lastObject = readable;
    this.#lastKey = key;
  }
}

/** Undefined where rows have to be read first: what is written already is an answer (RFC 3416 4.2.3). */
function writeIfReady(walker: Walker, writer: BerWriter): boolean | undefined {
  try {
    return walker.write(writer);
  } catch (error) {
    if (error instanceof Unready) return undefined;
    throw error;
  }
}

/** The name of a varbind into {@link arcs}. */
function readName(pdu: Pdu, index: number): number {
  const at = index * field.size;
  return decodeOid(pdu.buffer, pdu.varbinds[at + field.nameStart]!, pdu.varbinds[at + field.nameEnd]!, arcs);
}

function writeName(writer: BerWriter, pdu: Pdu, index: number): void {
  const at = index * field.size;
  writer.oid(pdu.buffer.subarray(pdu.varbinds[at + field.nameStart], pdu.varbinds[at + field.nameEnd]));
}

function writeEnd(writer: BerWriter, pdu: Pdu, index: number): void {
  const mark = writer.beginShort();
  writeName(writer, pdu, index);
  writer.null(tag.endOfMibView);
  writer.endShort(mark);
}
