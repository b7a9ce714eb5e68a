/** Records from one journal file into another, and where each of them lies from then on. */
import type { OpenFile } from './files.js';
import { encodeFrame, encodeRecord, maxFrame } from './frame.js';
import { FrameReader } from './journal-reader.js';

/** One record of a file that is not in use yet; each frame is a batch of its own, since all is synced before it counts. */
export async function writeRecord(file: OpenFile, at: number, lines: Iterable<string>): Promise<number> {
  let position = at;
  for (const frame of encodeRecord(lines, 0)) {
    await file.write(frame, position);
    position += frame.length;
  }
  return position;
}

/** Gives the place behind what was written. */
export async function copyOctets(
  from: OpenFile,
  start: number,
  end: number,
  to: OpenFile,
  at: number,
): Promise<number> {
  let position = at;
  for (let offset = start; offset < end; ) {
    const octets = await from.read(offset, Math.min(copySlice, end - offset));
    if (octets.length === 0) throw shorter();
    await to.write(octets, position);
    offset += octets.length;
    position += octets.length;
  }
  return position;
}

export interface RecordFilter {
  /** Asked with the first octets of each record. */
  isLeftOut(beginning: string): boolean;
  /** Given each record that is left out, in their order. */
  leftOut(lines: readonly string[]): void;
  /** A record that began at one place begins at the other now. */
  began(former: number, present: number): void;
}

/** The records that lie from `start` to `end`, but for those that the filter leaves out; gives the place behind them. */
export async function copyRecords(
  from: OpenFile,
  start: number,
  end: number,
  to: OpenFile,
  at: number,
  filter: RecordFilter,
): Promise<number> {
  const reader = new FrameReader(from, start);
  let position = at;
  let parts: Buffer[] = [];
  let held = 0;
  const write = async () => {
    if (held > 0) await to.write(Buffer.concat(parts, held), position);
    [parts, position, held] = [[], position + held, 0];
  };
  let left: Buffer[] | undefined;
  while (reader.offset < end) {
    const former = reader.offset;
    const frame = await reader.next();
    if (frame === undefined) throw shorter();
    const { payload, first, last } = frame;
    if (first) {
      left = filter.isLeftOut(payload.toString('latin1', 0, beginning)) ? [] : undefined;
      if (left === undefined) filter.began(former, position + held);
    }
    if (left === undefined) {
      const octets = encodeFrame(payload, first, last, 0);
      parts.push(octets);
      held += octets.length;
      if (held >= maxFrame) await write();
    } else {
      left.push(Buffer.from(payload));
      if (last) filter.leftOut(Buffer.concat(left).toString('utf8').split('\n'));
    }
  }
  await write();
  return position;
}

/** What names a place in the journal stays what it is when a compaction moves what lies there. */
export class Offsets {
  /** From each offset on, up to the next, places go on in step; ascending in both. */
  readonly #runs: { readonly offset: number; readonly place: number }[] = [];

  constructor(offset: number, place: number) {
    this.#runs.push({ offset, place });
  }

  /** Later offsets lie from that place on. */
  add(offset: number, place: number): void {
    if (this.placeOf(offset) !== place) this.#runs.push({ offset, place });
  }

  placeOf(offset: number): number {
    const run = this.#runs.findLast((each) => each.offset <= offset) ?? this.#runs[0]!;
    return run.place + (offset - run.offset);
  }

  offsetOf(place: number): number {
    const run = this.#runs.findLast((each) => each.place <= place) ?? this.#runs[0]!;
    return run.offset + (place - run.place);
  }
}

function shorter(): Error {
  return new Error('the journal is shorter than what was written to it');
}

const copySlice = 1024 * 1024;
/** Octets of a record that a filter is asked with. */
const beginning = 64;
