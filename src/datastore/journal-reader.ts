/** Reading a journal file: its header, its records, and the difference between a torn tail and corruption. */
import { ConfigError } from '../error.js';
import type { OpenFile } from './files.js';
import { decodeFrame, type Frame, findFrame, maxFrame } from './frame.js';

/**
 * The format that this version writes; it reads every older one. 3: leaf-lists by what changed in them. 2: lists in lines of a bounded size, what goes before what
 * is set. 1: one line for each difference.
 */
export const formatVersion = 3;

/** Where the first record of a journal begins. */
export const headerLength = 32;

export interface Damage {
  /** `torn`: the end of a write that never was acknowledged. `corrupt`: sound records of a later write follow. */
  readonly kind: 'torn' | 'corrupt';
  readonly offset: number;
  readonly octets: number;
}

/** A record in the middle of the journal is not what was written: the agent does not start on it. */
export class JournalCorruptError extends ConfigError {
  readonly offset: number;

  constructor(file: string, offset: number, stateDirectory: string) {
    super({
      tag: 'operation-failed',
      message: `${file} is corrupt at offset ${offset}; run: signet repair --state ${stateDirectory}`,
    });
    this.offset = offset;
  }
}

/** The format; 0 for an empty file, or one whose very first write was torn. */
export async function readHeader(file: OpenFile, path: string, stateDirectory: string): Promise<number> {
  const octets = await file.read(0, headerLength);
  const text = octets.toString('latin1');
  if (octets.length < headerLength && headerText(formatVersion).startsWith(text)) return 0;
  const match = /^signet-journal (\d{1,6}) *\n$/.exec(text);
  if (match === null) throw new JournalCorruptError(path, 0, stateDirectory);
  const version = Number(match[1]);
  if (version === 0) throw new JournalCorruptError(path, 0, stateDirectory);
  if (version > formatVersion) {
    throw new ConfigError({
      tag: 'operation-not-supported',
      message: `${path} was written by a newer version (format ${version}, this one reads up to ${formatVersion}); use that version or another state directory`,
    });
  }
  return version;
}

/** Gives the offset of the first record. */
export async function writeHeader(file: OpenFile): Promise<number> {
  await file.write(Buffer.from(headerText(formatVersion), 'latin1'), 0);
  return headerLength;
}

/** Hands each whole record from `start` on to `onRecord`, which may take its time; `end` is behind the last one. */
export async function readRecords(
  file: OpenFile,
  start: number,
  onRecord: (record: { readonly lines: readonly string[]; readonly end: number }) => void | Promise<void>,
): Promise<{ readonly end: number; readonly damage: Damage | undefined }> {
  const reader = new FrameReader(file, start);
  const size = await file.size();
  let parts: Buffer[] = [];
  let recordAt = start;
  for (;;) {
    const offset = reader.offset;
    if (offset >= size && parts.length === 0) return { end: offset, damage: undefined };
    const frame = await reader.next();
    if (frame === undefined || frame.first !== (parts.length === 0)) {
      const kind = (await laterBatch(file, offset, size)) ? 'corrupt' : 'torn';
      const at = kind === 'corrupt' ? offset : recordAt;
      return { end: at, damage: { kind, offset: at, octets: size - at } };
    }
    parts.push(frame.payload);
    if (!frame.last) continue;
    const payload = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    recordAt = reader.offset;
    const taken = onRecord({ lines: payload.toString('utf8').split('\n'), end: recordAt });
    if (taken !== undefined) await taken;
    parts = [];
  }
}

/** True where a sound frame after `offset` belongs to a batch that began after it: what is at `offset` had been synced. */
async function laterBatch(file: OpenFile, offset: number, size: number): Promise<boolean> {
  const slice = 4 * maxFrame;
  for (let at = offset + 1; at < size; at += slice) {
    const buffer = await file.read(at, slice + maxFrame);
    let found = findFrame(buffer, 0);
    while (found >= 0 && found < slice) {
      const frame = decodeFrame(buffer, found);
      if (frame !== undefined && at + found - frame.distance > offset) return true;
      found = findFrame(buffer, found + 1);
    }
  }
  return false;
}

/** Frames one after the other; undefined where there is no whole and sound one. */
export class FrameReader {
  readonly #file: OpenFile;
  #buffer: Buffer = Buffer.alloc(0);
  #base: number;
  #at = 0;

  constructor(file: OpenFile, start: number) {
    this.#file = file;
    this.#base = start;
  }

  get offset(): number {
    return this.#base + this.#at;
  }

  async next(): Promise<Frame | undefined> {
    let frame = decodeFrame(this.#buffer, this.#at);
    if (frame === undefined && this.#buffer.length - this.#at < maxFrame) {
      this.#base += this.#at;
      this.#at = 0;
      this.#buffer = await this.#file.read(this.#base, readSlice);
      frame = decodeFrame(this.#buffer, 0);
    }
    if (frame !== undefined) this.#at += frame.size;
    return frame;
  }
}

function headerText(version: number): string {
  return `${`signet-journal ${version}`.padEnd(headerLength - 1)}\n`;
}

const readSlice = 4 * 1024 * 1024;
