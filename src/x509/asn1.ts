/**
 * Writing of DER by node-forge's ASN.1 codec. Its parts are loaded at the first use and not with this module: an agent
 * that only starts on existing state need not pay for them.
 */

import { createRequire } from 'node:module';
import type forge from 'node-forge';
import { tags } from './der.js';

export type Asn1 = forge.asn1.Asn1;

/** The part of node-forge that is used nearly everywhere; the whole of it would take ten times as long to load. */
function codec(): typeof forge.asn1 {
  loaded ??= load('node-forge/lib/asn1.js') as typeof forge.asn1;
  return loaded;
}

let loaded: typeof forge.asn1 | undefined;

/** RC2 of node-forge, with what it needs: every other primitive is node:crypto's. */
export function loadRc2(): Pick<typeof forge, 'rc2' | 'util'> {
  return {
    rc2: load('node-forge/lib/rc2.js') as typeof forge.rc2,
    util: load('node-forge/lib/util.js') as typeof forge.util,
  };
}

const load = createRequire(import.meta.url);

export function toDer(value: Asn1): Buffer {
  return Buffer.from(codec().toDer(value).getBytes(), 'latin1');
}

/** An element that is already encoded in DER; its octets stay as they are. */
export function embed(der: Buffer): Asn1 {
  const first = der[1]!;
  const content = der.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
  // The codec copies the content of what it takes for a primitive type, so the constructed bit goes in as part of the tag.
  return primitive(der[0]! & 0xc0, der[0]! & 0x3f, content);
}

export function sequence(...children: readonly Asn1[]): Asn1 {
  return constructed(0, tags.sequence, children);
}

export function setOf(...children: readonly Asn1[]): Asn1 {
  // DER orders the elements of a SET OF by their encoding (X.690 11.6).
  const ordered = children.map((value) => ({ value, der: toDer(value) })).sort((a, b) => a.der.compare(b.der));
  return constructed(
    0,
    tags.set,
    ordered.map(({ value }) => value),
  );
}

/** [tag] EXPLICIT, or an implicitly tagged constructed type. */
export function context(tag: number, ...children: readonly Asn1[]): Asn1 {
  return constructed(0x80, tag, children);
}

/** [tag] IMPLICIT of a primitive type with these content octets. */
export function contextPrimitive(tag: number, content: Buffer): Asn1 {
  return primitive(0x80, tag, content);
}

export function oid(dotted: string): Asn1 {
  return primitive(0, tags.oid, oidOctets(dotted));
}

/** A non-negative INTEGER of the given big-endian octets. */
export function unsigned(octets: Buffer): Asn1 {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start++;
  const minimal = octets.subarray(start);
  const padded = (minimal[0] ?? 0x80) >= 0x80 ? Buffer.concat([Buffer.of(0), minimal]) : minimal;
  return primitive(0, tags.integer, padded);
}

export function integer(value: number): Asn1 {
  const octets = Buffer.alloc(6);
  octets.writeUIntBE(value, 0, 6);
  return unsigned(octets);
}

export function boolean(value: boolean): Asn1 {
  return primitive(0, tags.boolean, Buffer.of(value ? 0xff : 0));
}

export function nullValue(): Asn1 {
  return primitive(0, tags.null, Buffer.alloc(0));
}

export function octetString(content: Buffer): Asn1 {
  return primitive(0, tags.octetString, content);
}

/** A BIT STRING of whole octets. */
export function bitString(content: Buffer): Asn1 {
  return primitive(0, tags.bitString, Buffer.concat([Buffer.of(0), content]));
}

/** A named bit list with trailing zero bits left out (X.690 11.2.2). */
export function namedBits(bits: readonly number[]): Asn1 {
  const highest = Math.max(...bits);
  const octets = Buffer.alloc((highest >> 3) + 1);
  for (const bit of bits) octets[bit >> 3]! |= 0x80 >> (bit & 7);
  return primitive(0, tags.bitString, Buffer.concat([Buffer.of(7 - (highest & 7)), octets]));
}

export function text(tag: 'utf8String' | 'printableString' | 'ia5String', value: string): Asn1 {
  return primitive(0, tags[tag], Buffer.from(value, 'utf8'));
}

/** BMPString, for PKCS#12 friendly names. */
export function bmpString(value: string): Asn1 {
  // The codec takes the text of a BMPString and not its octets.
  return codec().create(0, tags.bmpString, false, value);
}

/** UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5); whole seconds. */
export function time(date: Date): Asn1 {
  const digits = date.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? primitive(0, tags.utcTime, Buffer.from(`${digits.slice(2)}Z`))
    : primitive(0, tags.generalizedTime, Buffer.from(`${digits}Z`));
}

/** True for a well-formed dotted OBJECT IDENTIFIER of at most 32 arcs. */
export function isOid(dotted: string): boolean {
  if (!/^[0-2](\.(0|[1-9]\d{0,38})){1,31}$/.test(dotted)) return false;
  const [top, second] = dotted.split('.');
  return top === '2' || (second!.length <= 2 && Number(second) < 40);
}

/** The content octets of a dotted OBJECT IDENTIFIER; the caller has checked it by {@link isOid}. */
export function oidOctets(dotted: string): Buffer {
  const [top, second, ...rest] = dotted.split('.').map(BigInt) as [bigint, bigint, ...bigint[]];
  const octets: number[] = [];
  for (const arc of [top * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    octets.push(...groups);
  }
  return Buffer.from(octets);
}

function constructed(tagClass: number, tag: number, children: readonly Asn1[]): Asn1 {
  return codec().create(tagClass, tag, true, [...children]);
}

function primitive(tagClass: number, tag: number, content: Buffer): Asn1 {
  return codec().create(tagClass, tag, false, content.toString('latin1'));
}
