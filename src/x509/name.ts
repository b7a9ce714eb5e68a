/** Distinguished names: from the fields of the schema, to and from the text of RFC 4514. */

import { type Asn1, embed, isOid, oid, sequence, setOf, text } from './asn1.js';
import { child, type DerNode, expectTag, readDer, readOid, stringText, tags } from './der.js';
import { invalidParameter, malformed } from './errors.js';
import { attributeNames, attributeOids } from './oids.js';

/** The subject of a request or self-signed certificate; empty strings count as absent. */
export interface SubjectFields {
  readonly country?: string;
  readonly state?: string;
  readonly locality?: string;
  readonly organization?: string;
  readonly organizationalUnit?: string;
  readonly commonName?: string;
  readonly email?: string;
}

/** One attribute of a name; `text` is undefined where the value is of no string type (then `der` is all there is). */
export interface NameAttribute {
  readonly oid: string;
  readonly text: string | undefined;
  readonly der: Buffer;
}

/** A name as the encoding has it: relative distinguished names in order, each one or more attributes. */
export type RdnSequence = readonly (readonly NameAttribute[])[];

/** The Name of a subject in the customary order from country to e-mail; throws `invalid-parameter` by field. */
export function subjectName(subject: SubjectFields): Asn1 {
  const rdns = subjectRules.flatMap(({ key, field, oid: type, encode }) => {
    const value = subject[key] ?? '';
    return value === '' ? [] : [setOf(sequence(oid(type), encode(field, value)))];
  });
  return sequence(...rdns);
}

export function isEmptySubject(subject: SubjectFields): boolean {
  return subjectRules.every(({ key }) => (subject[key] ?? '') === '');
}

/** Reads a Name (RFC 5280 4.1.2.4). */
export function readName(node: DerNode, what: string): RdnSequence {
  return expectTag(node, tags.sequence, what).children.map((rdn) =>
    readRdn(expectTag(rdn, tags.set, what).children, what),
  );
}

/** Reads the attributes of one relative distinguished name. */
export function readRdn(pairs: readonly DerNode[], what: string): readonly NameAttribute[] {
  if (pairs.length === 0) throw malformed(`${what} has an empty relative distinguished name`);
  return pairs.map((pair) => {
    expectTag(pair, tags.sequence, what);
    const value = child(pair, 1, what);
    return { oid: readOid(pair.children[0], what), text: stringText(value), der: value.raw };
  });
}

/** The text of RFC 4514: last relative distinguished name first, special characters escaped. */
export function nameText(name: RdnSequence): string {
  return [...name]
    .reverse()
    .map((rdn) => rdn.map(attributeText).join('+'))
    .join(',');
}

/** A Name from the text of RFC 4514; `field` names the parameter in errors. */
export function parseNameText(field: string, value: string): Asn1 {
  const rdns = splitUnescaped(value, ',').map((part) =>
    setOf(...splitUnescaped(part, '+').map((pair) => parseAttribute(field, pair))),
  );
  return sequence(...rdns.reverse());
}

/**
 * The text by which two names are compared: RFC 5280 7.1 as far as OpenSSL goes, whose verdict a server's clients share
 * (string type, case of ASCII and runs of white space do not count).
 */
export function comparableName(name: RdnSequence): string {
  return JSON.stringify(
    name.map((rdn) => rdn.map(({ oid: type, text: value, der }) => [type, fold(value) ?? der.toString('hex')]).sort()),
  );
}

function fold(value: string | undefined): string | undefined {
  return value
    ?.replace(/[\t-\r ]+/g, ' ')
    .replace(/^ | $/g, '')
    .replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

function attributeText({ oid: type, text: value, der }: NameAttribute): string {
  const name = shortNames.get(type) ?? type;
  // RFC 4514 2.4: a type without a short name, and a value that is no string, take the hexadecimal form.
  if (value === undefined || !shortNames.has(type)) return `${name}=#${der.toString('hex')}`;
  const escaped = value
    .replace(/[\\",+;<>]/g, '\\$&')
    .replace(/\p{Cc}/gu, (control) => [...Buffer.from(control)].map((octet) => `\\${hexOctet(octet)}`).join(''))
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
  return `${name}=${escaped}`;
}

function parseAttribute(field: string, pair: string): Asn1 {
  const at = pair.indexOf('=');
  const name = pair.slice(0, Math.max(at, 0)).trim();
  const type = isOid(name) ? name : namesInLowerCase.get(name.toLowerCase());
  if (at < 1 || type === undefined) {
    throw invalidParameter(field, 'not a distinguished name such as CN=a,O=b (RFC 4514)');
  }
  const written = trimUnescaped(pair.slice(at + 1));
  if (written.startsWith('#')) return sequence(oid(type), parseHexValue(field, written.slice(1)));
  const value = unescapeText(field, written);
  if (value === '') throw invalidParameter(field, `attribute ${name} is empty`);
  const rule = subjectRules.find((candidate) => candidate.oid === type);
  return sequence(oid(type), rule === undefined ? plainText(type, value) : rule.encode(field, value));
}

function plainText(type: string, value: string): Asn1 {
  // domainComponent is an IA5String (RFC 4519 2.4), serialNumber a PrintableString (RFC 5280 appendix A).
  if (type === attributeNames.get('DC') && isIa5(value)) return text('ia5String', value);
  if (type === attributeOids.serialNumber && /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)) {
    return text('printableString', value);
  }
  return text('utf8String', value);
}

function parseHexValue(field: string, hex: string): Asn1 {
  if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw invalidParameter(field, 'hexadecimal value is not whole octets');
  const der = Buffer.from(hex, 'hex');
  try {
    readDer(der);
  } catch {
    throw invalidParameter(field, 'hexadecimal value is not ASN.1');
  }
  return embed(der);
}

function unescapeText(field: string, written: string): string {
  const octets: Buffer[] = [];
  for (let at = 0; at < written.length; ) {
    if (written[at] !== '\\') {
      const point = String.fromCodePoint(written.codePointAt(at)!);
      octets.push(Buffer.from(point));
      at += point.length;
      continue;
    }
    const hex = /^[0-9a-fA-F]{2}/.exec(written.slice(at + 1, at + 3));
    if (hex !== null) {
      octets.push(Buffer.from(hex[0], 'hex'));
      at += 3;
    } else if (/^[ "#+,;<=>\\]/.test(written.slice(at + 1))) {
      octets.push(Buffer.from(written[at + 1]!));
      at += 2;
    } else {
      throw invalidParameter(field, 'a backslash that escapes nothing');
    }
  }
  const value = Buffer.concat(octets);
  const decoded = value.toString('utf8');
  if (!Buffer.from(decoded).equals(value)) throw invalidParameter(field, 'escaped octets are not UTF-8');
  return decoded;
}

function splitUnescaped(value: string, separator: string): string[] {
  const parts = [''];
  for (let at = 0; at < value.length; at++) {
    if (value[at] === separator) parts.push('');
    else if (value[at] === '\\') parts[parts.length - 1] += value.slice(at, ++at + 1);
    else parts[parts.length - 1] += value[at]!;
  }
  return parts;
}

function trimUnescaped(value: string): string {
  const trimmed = value.trim();
  // A trailing blank that is escaped belongs to the value.
  return trimmed.endsWith('\\') && value.trimStart() !== trimmed ? `${trimmed} ` : trimmed;
}

export function isIa5(value: string): boolean {
  // Each character beyond ASCII takes more octets of UTF-8 than it has UTF-16 units.
  return Buffer.byteLength(value) === value.length;
}

/** False where a surrogate stands alone. */
export function isWellFormed(value: string): boolean {
  return Buffer.from(value).toString() === value;
}

function hexOctet(octet: number): string {
  return octet.toString(16).padStart(2, '0');
}

interface SubjectRule {
  readonly key: keyof SubjectFields;
  readonly field: string;
  readonly oid: string;
  readonly encode: (field: string, value: string) => Asn1;
}

/** DirectoryString within an upper bound of RFC 5280 appendix A (after X.520), counted in characters. */
function directoryString(limit: number): SubjectRule['encode'] {
  return (field, value) => {
    if ([...value].length > limit) throw invalidParameter(field, `longer than ${limit} characters`);
    if (/\p{Cc}/u.test(value)) throw invalidParameter(field, 'has a control character');
    if (!isWellFormed(value)) throw invalidParameter(field, 'is not well-formed Unicode');
    return text('utf8String', value);
  };
}

function countryString(field: string, value: string): Asn1 {
  if (!/^[A-Za-z]{2}$/.test(value)) throw invalidParameter(field, 'must be the two letters of ISO 3166-1');
  return text('printableString', value.toUpperCase());
}

function emailString(field: string, value: string): Asn1 {
  if (value.length > 255) throw invalidParameter(field, 'longer than 255 characters');
  if (!/^[\x21-\x7e]+@[\x21-\x7e]+$/.test(value)) {
    throw invalidParameter(field, 'must be an e-mail address NAME@DOMAIN in ASCII');
  }
  return text('ia5String', value);
}

const subjectRules: readonly SubjectRule[] = [
  { key: 'country', field: 'subject.country', oid: attributeOids.country, encode: countryString },
  { key: 'state', field: 'subject.state', oid: attributeOids.state, encode: directoryString(128) },
  { key: 'locality', field: 'subject.locality', oid: attributeOids.locality, encode: directoryString(128) },
  { key: 'organization', field: 'subject.organization', oid: attributeOids.organization, encode: directoryString(64) },
  {
    key: 'organizationalUnit',
    field: 'subject.organizational-unit',
    oid: attributeOids.organizationalUnit,
    encode: directoryString(64),
  },
  { key: 'commonName', field: 'subject.common-name', oid: attributeOids.commonName, encode: directoryString(64) },
  { key: 'email', field: 'subject.email', oid: attributeOids.emailAddress, encode: emailString },
];

const shortNames: ReadonlyMap<string, string> = new Map([...attributeNames].map(([name, type]) => [type, name]));

const namesInLowerCase: ReadonlyMap<string, string> = new Map(
  [...attributeNames, ['e', attributeOids.emailAddress] as const].map(([name, type]) => [name.toLowerCase(), type]),
);
