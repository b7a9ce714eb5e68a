/** Subject alternative names: GeneralName (RFC 5280 4.2.1.6) to and from the text that the schema holds. */

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { type Asn1, context, contextPrimitive, embed, isOid, oid, oidOctets, text, toDer } from './asn1.js';
import { child, type DerNode, isContext, oidText, readDer, readOid, stringText, tags } from './der.js';
import { invalidParameter, malformed } from './errors.js';
import { isIa5, isWellFormed, nameText, parseNameText, readName } from './name.js';

export const generalNameTypes = ['dns', 'ip', 'email', 'uri', 'directory-name', 'registered-id', 'other-name'] as const;

export type GeneralNameType = (typeof generalNameTypes)[number];

/**
 * One alternative name. Values: `dns` host name (a leading `*.` is allowed; Unicode is turned into its ASCII form), `ip`
 * IPv4 or IPv6 address, `email`, `uri` absolute, `directory-name` RFC 4514 text, `registered-id` dotted object
 * identifier, `other-name` `OID;UTF8:text` (or `IA5:text`, or `DER:hex` for a value of any other type).
 */
export interface GeneralName {
  readonly type: GeneralNameType;
  readonly value: string;
}

const field = 'subject-alternative-name';

/** Encodes a GeneralName; throws `invalid-parameter`. */
export function generalName(name: GeneralName): Asn1 {
  return encoders[name.type](name.value);
}

/** Reads a GeneralName; undefined for the kinds that nobody uses with TLS (x400Address, ediPartyName). */
export function readGeneralName(node: DerNode): GeneralName | undefined {
  if (node.tagClass !== 2) throw malformed('a general name has a wrong ASN.1 type');
  const type = typesByTag[node.tag];
  if (type === undefined) {
    if (node.tag === 3 || node.tag === 5) return undefined;
    throw malformed('a general name has a wrong ASN.1 type');
  }
  return { type, value: decoders[type](node) };
}

/** An IP address as network octets, or undefined where the text is none. */
export function ipOctets(value: string): Buffer | undefined {
  const version = isIP(value);
  if (version === 4) return Buffer.from(value.split('.').map(Number));
  if (version !== 6 || value.includes('%')) return undefined;
  const mapped = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(value);
  const [a, b, c, d] = (mapped?.slice(2) ?? []).map(Number);
  const groups =
    mapped === null ? value : `${mapped[1]}${((a! << 8) | b!).toString(16)}:${((c! << 8) | d!).toString(16)}`;
  const [head, tail] = groups.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const missing = 8 - head!.length - (tail?.length ?? 0);
  const all = [...head!, ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...(tail ?? [])];
  const octets = Buffer.alloc(16);
  for (const [index, group] of all.entries()) octets.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return octets;
}

/** Network octets (4 or 16) as text, IPv6 as RFC 5952 has it. */
export function ipText(octets: Buffer): string {
  if (octets.length === 4) return [...octets].join('.');
  if (octets.length !== 16) throw malformed('an IP address has neither 4 nor 16 octets');
  const groups = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(index * 2).toString(16));
  const runs = [...groups.join(':').matchAll(/(?<![^:])0(:0)+(?![^:])/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (longest === undefined) return groups.join(':');
  const whole = groups.join(':');
  const before = whole.slice(0, longest.index).replace(/:$/, '');
  return `${before}::${whole.slice(longest.index + longest[0].length).replace(/^:/, '')}`;
}

/** True for a host name as a certificate may hold it: LDH labels (and underscore), 253 characters in all. */
export function isDnsName(value: string): boolean {
  return value.length <= 253 && dnsPattern.test(value);
}

const dnsPattern =
  /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

function encodeDns(value: string): Asn1 {
  const wildcard = value.startsWith('*.') ? '*.' : '';
  const ascii = isIa5(value) ? value : wildcard + domainToASCII(value.slice(wildcard.length));
  if (!isDnsName(ascii)) throw invalidParameter(field, `'${shown(value)}' is not a DNS name`);
  return ia5(2, ascii);
}

function encodeIp(value: string): Asn1 {
  const octets = ipOctets(value);
  if (octets === undefined) throw invalidParameter(field, `'${shown(value)}' is not an IP address`);
  return contextPrimitive(7, octets);
}

function encodeEmail(value: string): Asn1 {
  if (!/^[\x21-\x7e]+@[\x21-\x7e]+$/.test(value) || value.length > 255) {
    throw invalidParameter(field, `'${shown(value)}' is not an e-mail address NAME@DOMAIN in ASCII`);
  }
  return ia5(1, value);
}

function encodeUri(value: string): Asn1 {
  // RFC 5280 4.2.1.6: absolute, with a scheme and a scheme-specific part.
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(value)) {
    throw invalidParameter(field, `'${shown(value)}' is not an absolute URI in ASCII`);
  }
  return ia5(6, value);
}

function encodeDirectoryName(value: string): Asn1 {
  // A CHOICE cannot be tagged implicitly (X.680 31.2.7), so [4] is explicit.
  return context(4, parseNameText(field, value));
}

function encodeRegisteredId(value: string): Asn1 {
  if (!isOid(value)) throw invalidParameter(field, `'${shown(value)}' is not an object identifier`);
  return contextPrimitive(8, oidOctets(value));
}

function encodeOtherName(value: string): Asn1 {
  const match = /^([0-9.]+);(UTF8|UTF8String|IA5|IA5STRING|DER):(.*)$/is.exec(value);
  if (match === null || !isOid(match[1]!)) {
    throw invalidParameter(field, `'${shown(value)}' is not of the form OID;UTF8:TEXT`);
  }
  return context(0, oid(match[1]!), context(0, otherValue(match[2]!.toUpperCase(), match[3]!)));
}

function otherValue(form: string, value: string): Asn1 {
  if (form.startsWith('UTF8')) {
    if (!isWellFormed(value)) throw invalidParameter(field, 'is not well-formed Unicode');
    return text('utf8String', value);
  }
  if (form.startsWith('IA5')) {
    if (!isIa5(value)) throw invalidParameter(field, 'IA5 text has a character beyond ASCII');
    return text('ia5String', value);
  }
  const der = Buffer.from(value, 'hex');
  try {
    if (der.toString('hex') !== value.toLowerCase()) throw malformed('odd digits');
    readDer(der);
  } catch {
    throw invalidParameter(field, 'DER value is not ASN.1 in hexadecimal');
  }
  return embed(der);
}

function ia5(tag: number, value: string): Asn1 {
  return contextPrimitive(tag, Buffer.from(value, 'latin1'));
}

function shown(value: string): string {
  return value.length > 64 ? `${value.slice(0, 64)}...` : value;
}

function decodeIa5(node: DerNode): string {
  if (node.constructed) throw malformed('a general name has a wrong ASN.1 type');
  const value = node.content.toString('latin1');
  if (!isIa5(value) || value.includes('\0')) throw malformed('a general name has a character that is not ASCII text');
  return value;
}

function decodeOtherName(node: DerNode): string {
  const type = readOid(node.children[0], 'type of an other-name');
  const wrapped = node.children[1];
  if (!isContext(wrapped, 0) || wrapped.children.length !== 1) throw malformed('an other-name has no value');
  const value = wrapped.children[0]!;
  const decoded = stringText(value);
  if (value.tag === tags.utf8String && decoded !== undefined) return `${type};UTF8:${decoded}`;
  if (value.tag === tags.ia5String && decoded !== undefined && isIa5(decoded)) return `${type};IA5:${decoded}`;
  return `${type};DER:${value.raw.toString('hex')}`;
}

/** The DER of a sequence of GeneralName for the extension subjectAltName. */
export function generalNames(names: readonly GeneralName[]): readonly Asn1[] {
  const seen = new Set<string>();
  return names.flatMap((name) => {
    const encoded = generalName(name);
    const key = toDer(encoded).toString('latin1');
    if (seen.has(key)) return [];
    seen.add(key);
    return [encoded];
  });
}

const encoders: Readonly<Record<GeneralNameType, (value: string) => Asn1>> = {
  dns: encodeDns,
  ip: encodeIp,
  email: encodeEmail,
  uri: encodeUri,
  'directory-name': encodeDirectoryName,
  'registered-id': encodeRegisteredId,
  'other-name': encodeOtherName,
};

const decoders: Readonly<Record<GeneralNameType, (node: DerNode) => string>> = {
  dns: decodeIa5,
  ip: (node) => ipText(node.content),
  email: decodeIa5,
  uri: decodeIa5,
  'directory-name': (node) => nameText(readName(child(node, 0, 'directory-name'), 'directory-name')),
  'registered-id': (node) => oidText(node.content, 'registered-id'),
  'other-name': decodeOtherName,
};

/** GeneralName's context tags (RFC 5280 4.2.1.6). */
const typesByTag: Readonly<Partial<Record<number, GeneralNameType>>> = {
  0: 'other-name',
  1: 'email',
  2: 'dns',
  4: 'directory-name',
  6: 'uri',
  7: 'ip',
  8: 'registered-id',
};
