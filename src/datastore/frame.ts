/**
 * Frames: how records lie in the journal file. A record is UTF-8 text of any length; it is cut into frames of at most
 * 256 kB, each with its own CRC-32, so that a torn or a rotten octet is found and placed.
 *
 * Frame: magic (4), length of the payload and flags (4), distance back to the first frame that was synced together with
 * this one (4), CRC-32 over the twelve octets before and the payload (4), payload.
 */
import { crc32 } from 'node:zlib';

/** Including the header. */
export const maxFrame = 256 * 1024;
export const frameHeader = 16;

export interface Frame {
  readonly first: boolean;
  /** False where the record goes on in the next frame. */
  readonly last: boolean;
  /** Octets back to the start of the batch that was synced as one; 0 for its first frame. */
  readonly distance: number;
  readonly payload: Buffer;
  /** Header and payload. */
  readonly size: number;
}

/**
 * The frames of one record, made as its lines come; `distance` is where the record begins in its batch. Undefined between two
 * of them is a moment at which others may run.
 */
export function* encodeInSteps(lines: Iterable<string>, distance: number): Iterable<Buffer | undefined> {
  let held: Buffer = Buffer.alloc(0);
  let back = distance;
  for (const octets of joinLines(lines)) {
    held = held.length === 0 ? octets : Buffer.concat([held, octets]);
    for (; held.length > room; held = held.subarray(room)) {
      yield encodeFrame(held.subarray(0, room), back === distance, false, back);
      back += maxFrame;
    }
    yield undefined;
  }
  yield encodeFrame(held, back === distance, true, back);
}

/** As `encodeInSteps`, the frames alone. */
export function* encodeRecord(lines: Iterable<string>, distance: number): Iterable<Buffer> {
  for (const frame of encodeInSteps(lines, distance)) if (frame !== undefined) yield frame;
}

/** The frame at `offset` of `buffer`, or undefined where there is no whole and sound one. */
export function decodeFrame(buffer: Buffer, offset: number): Frame | undefined {
  if (buffer.length - offset < frameHeader || buffer.readUInt32BE(offset) !== magic) return undefined;
  const word = buffer.readUInt32BE(offset + 4);
  const length = word & lengthMask;
  const size = length + frameHeader;
  if (size > maxFrame || buffer.length - offset < size) return undefined;
  const payload = buffer.subarray(offset + frameHeader, offset + size);
  const sum = crc32(payload, crc32(buffer.subarray(offset, offset + 12)));
  if (sum !== buffer.readUInt32BE(offset + 12)) return undefined;
  return {
    first: (word & firstFlag) !== 0,
    last: (word & lastFlag) !== 0,
    distance: buffer.readUInt32BE(offset + 8),
    payload,
    size,
  };
}

/** Where the next frame could begin at or after `offset`; -1 where the magic does not come again. */
export function findFrame(buffer: Buffer, offset: number): number {
  return buffer.indexOf(magicOctets, offset);
}

function* joinLines(lines: Iterable<string>): Iterable<Buffer> {
  let text: string | undefined;
  for (const line of lines) {
    text = text === undefined ? line : `${text}\n${line}`;
    if (text.length < textSlice) continue;
    yield Buffer.from(text, 'utf8');
    text = '';
  }
  if (text !== undefined) yield Buffer.from(text, 'utf8');
}

export function encodeFrame(payload: Buffer, first: boolean, last: boolean, distance: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeader + payload.length);
  frame.writeUInt32BE(magic, 0);
  frame.writeUInt32BE((payload.length | (first ? firstFlag : 0) | (last ? lastFlag : 0)) >>> 0, 4);
  // A batch beyond 4 GB is never written; the distance only tells a torn tail from corruption.
  frame.writeUInt32BE(Math.min(distance, 0xffffffff), 8);
  frame.writeUInt32BE(crc32(payload, crc32(frame.subarray(0, 12))), 12);
  payload.copy(frame, frameHeader);
  return frame;
}

const magic = 0xf5_53_47_4a; // 0xf5 never occurs in UTF-8, so no payload can look like a frame
const magicOctets = Buffer.from([0xf5, 0x53, 0x47, 0x4a]);
const lengthMask = 0x00ffffff;
const firstFlag = 0x01000000;
const lastFlag = 0x02000000;
/** Of a payload. */
const room = maxFrame - frameHeader;
/** Characters that are gathered before they are made octets. */
const textSlice = 16 * 1024;
