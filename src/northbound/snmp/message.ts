/** SNMP messages as octets: v1 and v2c (RFC 1157, RFC 1901), v3 (RFC 3412 section 6), and the PDUs of RFC 3416 section 3 in them. */
import { type BerReader, type BerWriter, malformed, tag } from './ber.js';
import { type ErrorStatusName, errorStatus } from './errors.js';

export type Version = 'v1' | 'v2c' | 'v3';

/** RFC 3412 section 6.1: versions on the wire. */
export const versionNumber = { v1: 0, v2c: 1, v3: 3 } as const satisfies Record<Version, number>;

/** RFC 3412 section 6: what comes before the security parameters of a v3 message. */
export interface HeaderData {
  readonly msgId: number;
  readonly maxSize: number;
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly reportable: boolean;
  readonly securityModel: number;
}

/** RFC 3412 section 6.4: flags of one octet, sizes as D2 has them. */
export function readHeaderData(reader: BerReader): HeaderData {
  const outer = reader.enter(tag.sequence);
  const msgId = reader.integer();
  const maxSize = reader.integer();
  const flags = reader.octets();
  const securityModel = reader.integer();
  reader.leave(outer);
  if (msgId < 0 || maxSize < 484 || flags.length !== 1 || securityModel < 1) throw malformed;
  const bits = flags[0]!;
  return {
    msgId,
    maxSize,
    authenticated: (bits & 1) !== 0,
    encrypted: (bits & 2) !== 0,
    reportable: (bits & 4) !== 0,
    securityModel,
  };
}

/** A PDU as positions in the datagram it came in; the octets are checked, nothing is converted yet. */
export interface Pdu {
  readonly type: number;
  readonly requestId: number;
  /** error-status; in a GETBULK the non-repeaters. */
  readonly first: number;
  /** error-index; in a GETBULK the max-repetitions. */
  readonly second: number;
  readonly buffer: Buffer;
  readonly count: number;
  /** Five figures for each varbind: see {@link field}. */
  readonly varbinds: readonly number[];
}

/** Offsets within the figures of one varbind: the content octets of its name, its value's tag, the content octets of that. */
export const field = { nameStart: 0, nameEnd: 1, valueTag: 2, valueStart: 3, valueEnd: 4, size: 5 } as const;

/** Reads a PDU of any type; of a v1 trap only the type, for nobody here takes one. */
export function readPdu(reader: BerReader): Pdu {
  const { buffer } = reader;
  const type = reader.peekTag();
  if (type < tag.get || type > tag.report) throw malformed;
  const outer = reader.enter(type);
  if (type === tag.trapV1) {
    reader.position = reader.end;
    reader.leave(outer);
    return { type, requestId: 0, first: 0, second: 0, buffer, count: 0, varbinds: [] };
  }
  const requestId = reader.integer();
  const first = reader.integer();
  const second = reader.integer();
  const varbinds: number[] = [];
  let count = 0;
  const list = reader.enter(tag.sequence);
  while (!reader.atEnd) {
    const varbind = reader.enter(tag.sequence);
    const nameStart = reader.skipOid();
    const nameEnd = reader.position;
    const valueTag = reader.peekTag();
    const valueStart = reader.skipValue();
    varbinds.push(nameStart, nameEnd, valueTag, valueStart, reader.position);
    reader.leave(varbind);
    count += 1;
  }
  reader.leave(list);
  reader.leave(outer);
  return { type, requestId, first, second, buffer, count, varbinds };
}

/** RFC 3412 section 6.8. */
export interface ScopedPdu {
  readonly contextEngineId: Buffer;
  readonly contextName: Buffer;
  readonly pdu: Pdu;
}

/** What was decrypted may have padding behind it. */
export function readScopedPdu(reader: BerReader, isPadded: boolean): ScopedPdu {
  const outer = reader.enter(tag.sequence);
  const contextEngineId = reader.octets();
  const contextName = reader.octets();
  const pdu = readPdu(reader);
  reader.leave(outer);
  if (!isPadded && !reader.atEnd) throw malformed;
  return { contextEngineId, contextName, pdu };
}

/** RFC 3416 section 2.8, the confirmed class: what a Report may answer. */
export function isConfirmed(type: number): boolean {
  return type === tag.get || type === tag.getNext || type === tag.getBulk || type === tag.set || type === tag.inform;
}

/** Begins a PDU; returns the marks that {@link endPdu} closes. */
export function beginPdu(
  writer: BerWriter,
  type: number,
  requestId: number,
  status: ErrorStatusName,
  index: number,
): readonly [number, number] {
  const pdu = writer.begin(type);
  writer.integer(requestId);
  writer.integer(errorStatus[status]);
  writer.integer(index);
  return [pdu, writer.begin(tag.sequence)];
}

export function endPdu(writer: BerWriter, marks: readonly [number, number]): void {
  writer.end(marks[1]);
  writer.end(marks[0]);
}

/** Writes the varbinds of a request as they came (RFC 3416 section 4.2.1: an error response repeats them). */
export function echoVarbinds(writer: BerWriter, pdu: Pdu): void {
  for (let at = 0; at < pdu.varbinds.length; at += field.size) {
    const mark = writer.begin(tag.sequence);
    writer.oid(pdu.buffer.subarray(pdu.varbinds[at + field.nameStart], pdu.varbinds[at + field.nameEnd]));
    const value = pdu.buffer.subarray(pdu.varbinds[at + field.valueStart], pdu.varbinds[at + field.valueEnd]);
    writer.octets(value, pdu.varbinds[at + field.valueTag]!);
    writer.end(mark);
  }
}
