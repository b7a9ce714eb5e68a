/**
 * Reading of DER (X.690) behind fixed bounds of size, depth and count. It keeps the octets of every element, so that
 * what was signed is verified and compared as it came, and needs no library at agent start.
 */

import { malformed, X509Error } from './errors.js';

/** One element: identifier octet parts, the whole octets and the content octets; children of constructed ones. */
export interface DerNode {
  /** 0 universal, 1 application, 2 context, 3 private. */
  readonly tagClass: number;
  readonly tag: number;
  readonly constructed: boolean;
  readonly raw: Buffer;
  readonly content: Buffer;
  readonly children: readonly DerNode[];
}

export interface DerLimits {
  readonly bytes: number;
  readonly depth: number;
  readonly nodes: number;
}

/** Bounds for one certificate, request, key or CRL-free container. */
export const derLimits: DerLimits = { bytes: 1 << 20, depth: 32, nodes: 20_000 };

export const tags = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  null: 5,
  oid: 6,
  enumerated: 10,
  utf8String: 12,
  sequence: 16,
  set: 17,
  numericString: 18,
  printableString: 19,
  t61String: 20,
  ia5String: 22,
  utcTime: 23,
  generalizedTime: 24,
  visibleString: 26,
  universalString: 28,
  bmpString: 30,
} as const;

/**
 * Reads exactly one DER element: definite minimal lengths, nothing after it. With `ber`, indefinite and longer than
 * minimal lengths are taken as well (what some PKCS#7 and PKCS#12 writers emit); `raw` then spans the whole element and
 * `content` leaves the end-of-contents octets out.
 */
export function readDer(octets: Buffer, limits: DerLimits = derLimits, rules: 'der' | 'ber' = 'der'): DerNode {
  if (octets.length > limits.bytes) throw new X509Error('too-big', `more than ${limits.bytes} octets of ASN.1`);
  const reader: Reader = { octets, limits, ber: rules === 'ber', nodes: 0 };
  const node = readNode(reader, 0, octets.length, 0);
  if (node.raw.length !== octets.length) throw malformed('octets after the end of the ASN.1 value');
  return node;
}

/** The child at `index` of a universal SEQUENCE or SET; `what` names it in the error. */
export function child(node: DerNode, index: number, what: string): DerNode {
  const found = node.children[index];
  if (found === undefined) throw malformed(`${what} is missing`);
  return found;
}

/** Asserts a universal tag and gives the node back. */
export function expectTag(node: DerNode | undefined, tag: number, what: string): DerNode {
  if (node === undefined || node.tagClass !== 0 || node.tag !== tag) throw malformed(`${what} has a wrong ASN.1 type`);
  return node;
}

export function isContext(node: DerNode | undefined, tag: number): node is DerNode {
  return node !== undefined && node.tagClass === 2 && node.tag === tag;
}

/** An OBJECT IDENTIFIER in dotted form. */
export function readOid(node: DerNode | undefined, what: string): string {
  return oidText(expectTag(node, tags.oid, what).content, what);
}

/** The content octets of an OBJECT IDENTIFIER (or of an implicitly tagged one) in dotted form. */
export function oidText(content: Buffer, what: string): string {
  if (content.length === 0 || content.length > 128 || (content.at(-1)! & 0x80) !== 0) {
    throw malformed(`${what} is not an object identifier`);
  }
  const arcs: bigint[] = [];
  let value = 0n;
  let first = true;
  for (const octet of content) {
    if (first && octet === 0x80) throw malformed(`${what} is not an object identifier`);
    value = (value << 7n) | BigInt(octet & 0x7f);
    first = (octet & 0x80) === 0;
    if (first) {
      arcs.push(value);
      value = 0n;
    }
  }
  const head = arcs[0]!;
  const top = head < 40n ? 0n : head < 80n ? 1n : 2n;
  return [top, head - top * 40n, ...arcs.slice(1)].join('.');
}

/** An INTEGER that must be small and not negative (versions, path lengths, iteration counts). */
export function readSmallInteger(node: DerNode | undefined, what: string): number {
  const { content } = expectTag(node, tags.integer, what);
  checkInteger(content, what);
  if ((content[0]! & 0x80) !== 0) throw malformed(`${what} is negative`);
  if (content.length > 5) throw new X509Error('too-big', `${what} is too large`);
  return content.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** The octets of an INTEGER of any size, minimal two's complement (X.690 8.3.2). */
export function readInteger(node: DerNode | undefined, what: string): Buffer {
  const { content } = expectTag(node, tags.integer, what);
  checkInteger(content, what);
  return content;
}

export function readBoolean(node: DerNode | undefined, what: string): boolean {
  const { content } = expectTag(node, tags.boolean, what);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw malformed(`${what} is not a boolean`);
  return content[0] === 0xff;
}

/** The octets of a BIT STRING whose length is a whole number of octets. */
export function readBitOctets(node: DerNode | undefined, what: string): Buffer {
  const { content, constructed } = expectTag(node, tags.bitString, what);
  if (constructed || content.length === 0 || content[0] !== 0) throw malformed(`${what} is not a whole bit string`);
  return content.subarray(1);
}

/** The named bits that are set, by number (X.680 22.2). */
export function readNamedBits(node: DerNode | undefined, what: string): ReadonlySet<number> {
  const { content, constructed } = expectTag(node, tags.bitString, what);
  if (constructed || content.length === 0 || content[0]! > 7 || content.length > 9) {
    throw malformed(`${what} is not a named bit list`);
  }
  const set = new Set<number>();
  for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
    if ((content[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0) set.add(bit);
  }
  return set;
}

export function readOctets(node: DerNode | undefined, what: string): Buffer {
  const found = expectTag(node, tags.octetString, what);
  if (found.constructed) throw malformed(`${what} is not a primitive octet string`);
  return found.content;
}

/** The octets of an OCTET STRING (or of an implicitly tagged one) that BER may have cut in pieces. */
export function joinedOctets(node: DerNode): Buffer {
  return node.constructed ? Buffer.concat(node.children.map(joinedOctets)) : node.content;
}

/** UTCTime or GeneralizedTime in the only forms that RFC 5280 4.1.2.5 allows. */
export function readTime(node: DerNode | undefined, what: string): Date {
  const text = node?.content.toString('latin1') ?? '';
  const utc = node?.tag === tags.utcTime && node.tagClass === 0 ? /^(\d\d)(\d{10})Z$/.exec(text) : null;
  const general = node?.tag === tags.generalizedTime && node.tagClass === 0 ? /^(\d{4})(\d{10})Z$/.exec(text) : null;
  const match = utc ?? general;
  if (match === null) throw malformed(`${what} is not a time as RFC 5280 4.1.2.5 has it`);
  const year = utc === null ? Number(match[1]) : Number(match[1]) + (Number(match[1]) < 50 ? 2000 : 1900);
  const [month, day, hour, minute, second] = match[2]!.match(/../g)!.map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const same = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!same || date.getUTCMinutes() !== minute || date.getUTCSeconds() !== second) {
    throw malformed(`${what} is not a date`);
  }
  return date;
}

/** The text of any of the string types of a directory name; undefined where the type is not one of them. */
export function stringText(node: DerNode): string | undefined {
  if (node.tagClass !== 0 || node.constructed) return undefined;
  switch (node.tag) {
    case tags.utf8String: {
      const text = node.content.toString('utf8');
      if (!Buffer.from(text, 'utf8').equals(node.content)) throw malformed('text is not UTF-8');
      return text;
    }
    case tags.printableString:
    case tags.numericString:
    case tags.ia5String:
    case tags.visibleString:
    case tags.t61String:
      return node.content.toString('latin1');
    case tags.bmpString:
      if (node.content.length % 2 !== 0) throw malformed('BMPString has an odd length');
      return Buffer.from(node.content).swap16().toString('utf16le');
    case tags.universalString: {
      if (node.content.length % 4 !== 0) throw malformed('UniversalString has a length that is no multiple of four');
      let text = '';
      for (let at = 0; at < node.content.length; at += 4) {
        const point = node.content.readUInt32BE(at);
        if (point > 0x10ffff) throw malformed('UniversalString has no such character');
        text += String.fromCodePoint(point);
      }
      return text;
    }
    default:
      return undefined;
  }
}

interface Reader {
  readonly octets: Buffer;
  readonly limits: DerLimits;
  readonly ber: boolean;
  nodes: number;
}

function readNode(reader: Reader, start: number, end: number, depth: number): DerNode {
  const { octets, limits } = reader;
  if (depth > limits.depth) throw new X509Error('too-big', `ASN.1 is nested deeper than ${limits.depth} levels`);
  if (++reader.nodes > limits.nodes) throw new X509Error('too-big', `more than ${limits.nodes} ASN.1 elements`);
  if (end - start < 2) throw malformed('ASN.1 ends early');
  const identifier = octets[start]!;
  const tag = identifier & 0x1f;
  // Nothing in X.509 and PKCS uses tags of more than one octet.
  if (tag === 0x1f) throw malformed('ASN.1 tag of more than one octet');
  const constructed = (identifier & 0x20) !== 0;
  const { length, at } = readLength(reader, start + 1, end);
  if (length === undefined && !constructed) throw malformed('indefinite length of a primitive ASN.1 value');
  if (length !== undefined && length > end - at) throw malformed('ASN.1 ends early');
  const { children, stop, next } = constructed
    ? readChildren(reader, at, length === undefined ? undefined : at + length, end, depth)
    : { children: [], stop: at + length!, next: at + length! };
  return {
    tagClass: identifier >> 6,
    tag,
    constructed,
    raw: octets.subarray(start, next),
    content: octets.subarray(at, stop),
    children,
  };
}

/** Elements up to `stop`, or where that is undefined up to the end-of-contents octets (X.690 8.1.5). */
function readChildren(
  reader: Reader,
  at: number,
  stop: number | undefined,
  end: number,
  depth: number,
): { children: DerNode[]; stop: number; next: number } {
  const children: DerNode[] = [];
  let next = at;
  while (stop === undefined ? true : next < stop) {
    if (stop === undefined) {
      if (next + 2 > end) throw malformed('ASN.1 ends early');
      if (reader.octets.readUInt16BE(next) === 0) return { children, stop: next, next: next + 2 };
    }
    const node = readNode(reader, next, stop ?? end, depth + 1);
    children.push(node);
    next += node.raw.length;
  }
  return { children, stop: next, next };
}

/** A length of undefined is the indefinite form. */
function readLength(reader: Reader, start: number, end: number): { length: number | undefined; at: number } {
  const { octets, ber } = reader;
  const first = octets[start]!;
  if (first < 0x80) return { length: first, at: start + 1 };
  const count = first & 0x7f;
  if (count === 0) {
    if (!ber) throw malformed('indefinite length in DER');
    return { length: undefined, at: start + 1 };
  }
  if (count > 4) throw new X509Error('too-big', 'ASN.1 length of more than four octets');
  if (start + 1 + count > end) throw malformed('ASN.1 ends early');
  const length = octets.readUIntBE(start + 1, count);
  const minimal = length >= 0x80 && (count === 1 || octets[start + 1] !== 0);
  if (!minimal && !ber) throw malformed('ASN.1 length is not minimal');
  return { length, at: start + 1 + count };
}

function checkInteger(content: Buffer, what: string): void {
  const [first, second] = content;
  if (first === undefined) throw malformed(`${what} is an empty integer`);
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw malformed(`${what} is not a minimal integer`);
  }
}
