/** Certificates with every extension and defect that a chain may have, for comparing verdicts. */

import type { KeyObject } from 'node:crypto';
import {
  type Asn1,
  bitString,
  boolean,
  context,
  contextPrimitive,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  sequence,
} from '../../src/x509/asn1.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  extension,
  keyIdentifier,
  keyUsage,
  serverAuthUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/x509/extensions.js';
import { type GeneralName, generalName } from '../../src/x509/general-name.js';
import type { Certificate, ChainFindingCode } from '../../src/x509/index.js';
import type { SubjectFields } from '../../src/x509/name.js';
import type { Issue } from './support.js';

/** The extensions of a certificate by slot, so that a variant can put another in the place of one or take it away. */
export type Slots = Readonly<Record<string, Asn1 | undefined>>;

export interface Making {
  readonly key: KeyObject;
  readonly issuerKey: KeyObject;
  /** Undefined for a root. */
  readonly issuer: Certificate | undefined;
}

export interface Variant {
  readonly name: string;
  readonly slots?: (making: Making) => Slots;
  readonly subject?: SubjectFields;
  readonly dates?: Pick<Issue, 'notBefore' | 'notAfter'>;
  readonly version?: number;
  /** By the name of one of the keys that the test has. */
  readonly key?: string;
  /** Changes what is already signed. */
  readonly tampered?: true;
  /** The name that the certificate gives as its issuer's, where it is written otherwise than the issuer writes it. */
  readonly issuerName?: SubjectFields;
  /** The code by which we refuse what OpenSSL takes, and why. */
  readonly stricter?: { readonly code: ChainFindingCode; readonly why: string };
  /** Why we take what OpenSSL refuses. */
  readonly laxer?: { readonly place: 'any' | 'server'; readonly why: string };
}

export function authoritySlots({ key, issuerKey }: Making): Slots {
  return {
    bc: basicConstraints(true),
    ku: keyUsage(['keyCertSign', 'cRLSign']),
    ski: subjectKeyIdentifier(key),
    aki: authorityKeyIdentifier(issuerKey),
  };
}

export function serverSlots({ key, issuerKey }: Making): Slots {
  return {
    bc: basicConstraints(false),
    ku: keyUsage(['digitalSignature']),
    eku: serverAuthUsage(),
    ski: subjectKeyIdentifier(key),
    aki: authorityKeyIdentifier(issuerKey),
    san: subjectAltName([{ type: 'dns', value: 'server.example' }], false),
  };
}

/** An extension of every kind that is decoded only where it is used. */
export function richSlots(): Slots {
  return {
    cp: policies(['1', '2']),
    pm: mapping('1', '2'),
    pc: policyConstraints(2, 3),
    ia: inhibitAny(4),
    ip: addresses('0a', 8),
    as: systems(sequence(sequence(integer(64_496), integer(64_511)))),
    ns: netscape([5]),
    dp: extension('2.5.29.31', false, sequence(sequence(context(0, context(0, uri('http://a.example/c.crl')))))),
    san: subjectAltName([{ type: 'dns', value: 'rich.example' }], false),
  };
}

export const rootName: SubjectFields = { country: 'DE', organization: 'Tést', commonName: 'Root' };

export const middleName: SubjectFields = { organization: 'Tést', commonName: 'Intermediate' };

const slot = (name: string, value: Asn1 | undefined): Pick<Variant, 'slots'> => ({ slots: () => ({ [name]: value }) });

/** Defects and oddities that any certificate may have. */
const common: readonly Variant[] = [
  { name: 'ordinary' },
  { name: 'no subjectKeyIdentifier', ...slot('ski', undefined) },
  { name: 'no authorityKeyIdentifier', ...slot('aki', undefined) },
  {
    name: 'subjectKeyIdentifier of another key',
    ...slot('ski', extension('2.5.29.14', false, octetString(Buffer.alloc(20)))),
  },
  {
    name: 'critical subjectKeyIdentifier',
    slots: ({ key }) => ({ ski: extension('2.5.29.14', true, octetString(keyIdentifier(key))) }),
  },
  { name: 'authorityKeyIdentifier of another key', ...slot('aki', aki(contextPrimitive(0, Buffer.alloc(20, 7)))) },
  {
    name: 'authorityKeyIdentifier without key',
    slots: ({ issuer }) => ({ aki: akiByName(issuer, undefined, issuer?.serial) }),
  },
  {
    name: 'authorityKeyIdentifier with issuer and serial',
    slots: ({ issuer, issuerKey }) => ({ aki: akiByName(issuer, issuerKey, issuer?.serial) }),
  },
  {
    name: 'authorityKeyIdentifier with a wrong serial',
    slots: ({ issuer, issuerKey }) => ({ aki: akiByName(issuer, issuerKey, '0badcafe') }),
  },
  {
    name: 'critical authorityKeyIdentifier',
    slots: ({ issuerKey }) => ({ aki: aki(contextPrimitive(0, keyIdentifier(issuerKey)), true) }),
  },
  { name: 'empty keyUsage', ...slot('ku', extension('2.5.29.15', true, bits('00'))) },
  { name: 'no keyUsage', ...slot('ku', undefined) },
  {
    name: 'keyUsage of everything',
    ...slot('ku', keyUsage(['digitalSignature', 'keyEncipherment', 'keyCertSign', 'cRLSign'])),
  },
  { name: 'clientAuth only', ...slot('eku', extendedKeyUsage(['1.3.6.1.5.5.7.3.2'])) },
  { name: 'serverAuth and clientAuth', ...slot('eku', extendedKeyUsage(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'])) },
  { name: 'anyExtendedKeyUsage only', ...slot('eku', extendedKeyUsage(['2.5.29.37.0'])) },
  { name: 'empty extKeyUsage', ...slot('eku', extendedKeyUsage([])) },
  { name: 'no extKeyUsage', ...slot('eku', undefined) },
  {
    name: 'Server Gated Crypto only',
    ...slot('eku', extendedKeyUsage(['1.3.6.1.4.1.311.10.3.3'])),
    stricter: { code: 'extended-key-usage', why: 'no client of today takes Server Gated Crypto for serverAuth' },
  },
  { name: 'unknown critical extension', ...slot('x', extension('1.2.3.4', true, nullValue())) },
  { name: 'unknown extension', ...slot('x', extension('1.2.3.4', false, nullValue())) },
  { name: 'critical issuerAltName', ...slot('x', extension('2.5.29.18', true, sequence(dns('a.example')))) },
  { name: 'critical OCSP no-check', ...slot('x', extension('1.3.6.1.5.5.7.48.1.5', true, nullValue())) },
  {
    name: 'proxyCertInfo',
    ...slot('x', extension('1.3.6.1.5.5.7.1.14', true, sequence(sequence(oid('1.3.6.1.5.5.7.21.1'))))),
  },
  {
    name: 'proxyCertInfo not critical',
    ...slot('x', extension('1.3.6.1.5.5.7.1.14', false, sequence(sequence(oid('1.3.6.1.5.5.7.21.1'))))),
  },
  { name: 'netscapeCertType server', ...slot('ns', netscape([1])) },
  { name: 'netscapeCertType client', ...slot('ns', netscape([0])) },
  { name: 'netscapeCertType SSL and S/MIME authority', ...slot('ns', netscape([5, 6])) },
  { name: 'critical netscapeCertType server', ...slot('ns', netscape([1], true)) },
  {
    name: 'distribution point',
    ...slot(
      'dp',
      extension('2.5.29.31', false, sequence(sequence(context(0, context(0, uri('http://a.example/c.crl')))))),
    ),
  },
  { name: 'damaged distribution points', ...slot('dp', extension('2.5.29.31', false, sequence(integer(5)))) },
  { name: 'damaged subjectAltName', ...slot('dp', extension('2.5.29.18', false, sequence())) },
  { name: 'expired', dates: { notAfter: new Date('2026-12-31') } },
  { name: 'not yet valid', dates: { notBefore: new Date('2027-01-02') } },
  {
    name: 'ends at this second',
    dates: { notAfter: new Date('2027-01-01') },
    laxer: { place: 'any', why: 'both ends belong to the period (RFC 5280 4.1.2.5); OpenSSL ends it a second early' },
  },
  { name: 'begins at this second', dates: { notBefore: new Date('2027-01-01') } },
  { name: 'ends before it begins', dates: { notBefore: new Date('2027-06-01'), notAfter: new Date('2026-06-01') } },
  {
    name: 'no extension at all',
    slots: () => ({ bc: undefined, ku: undefined, eku: undefined, ski: undefined, aki: undefined, san: undefined }),
  },
  { name: 'version 1', version: 1 },
  { name: 'a forged signature', tampered: true },
  { name: 'key RSA 2048', key: 'rsa-2048' },
  { name: 'key RSA 1024', key: 'rsa-1024' },
  { name: 'key P-384', key: 'ec-p384' },
  { name: 'key P-521', key: 'ec-p521' },
  { name: 'key Ed25519', key: 'ed25519' },
  { name: 'key P-256 with explicit parameters', key: 'explicit' },
  {
    name: 'key secp256k1',
    key: 'secp256k1',
    stricter: { code: 'weak-key', why: 'TLS has no signature scheme for this curve (RFC 8446 4.2.3)' },
  },
  { name: 'policy 1', ...slot('cp', policies(['1'])) },
  { name: 'policy 2', ...slot('cp', policies(['2'])) },
  { name: 'policies 1 and 2, critical', ...slot('cp', policies(['1', '2'], true)) },
  { name: 'anyPolicy', ...slot('cp', policies([anyPolicy()])) },
  { name: 'a policy twice', ...slot('cp', policies(['1', '1'])) },
  { name: 'explicit policy at once', ...slot('pc', policyConstraints(0, undefined)) },
  {
    name: 'explicit policy at once, with policy 1',
    slots: () => ({ pc: policyConstraints(0, undefined), cp: policies(['1']) }),
  },
  {
    name: 'explicit policy after one, with anyPolicy',
    slots: () => ({ pc: policyConstraints(1, undefined), cp: policies([anyPolicy()]) }),
  },
  { name: 'mapping inhibited', slots: () => ({ pc: policyConstraints(0, 0), cp: policies([anyPolicy()]) }) },
  { name: 'empty policyConstraints', ...slot('pc', extension('2.5.29.36', true, sequence())) },
  {
    name: 'anyPolicy inhibited',
    slots: () => ({ ia: inhibitAny(0), cp: policies(['1']), pc: policyConstraints(0, undefined) }),
  },
  {
    name: 'anyPolicy inhibited after one',
    slots: () => ({ ia: inhibitAny(1), cp: policies([anyPolicy()]), pc: policyConstraints(0, undefined) }),
  },
  {
    name: 'policy 1 mapped to 2',
    laxer: { place: 'server', why: "mappings count in authorities alone (RFC 5280 6.1.4); OpenSSL obeys a server's" },
    slots: () => ({ pm: mapping('1', '2'), cp: policies(['1']), pc: policyConstraints(0, undefined) }),
  },
  {
    name: 'policy 2 mapped to 1 under anyPolicy',
    slots: () => ({ pm: mapping('2', '1'), cp: policies([anyPolicy()]), pc: policyConstraints(0, undefined) }),
  },
  { name: 'anyPolicy mapped', slots: () => ({ pm: mapping(anyPolicy(), '1'), cp: policies(['1']) }) },
  { name: 'addresses 10/8', ...slot('ip', addresses('0a', 8)) },
  { name: 'addresses 10.1/16', ...slot('ip', addresses('0a01', 16)) },
  { name: 'addresses inherited', ...slot('ip', addresses(undefined, 0)) },
  { name: 'critical addresses 192.0.2/24', ...slot('ip', addresses('c00002', 24, true)) },
  {
    name: 'addresses out of order',
    ...slot('ip', extension(ipBlocks(), true, sequence(family(sequence(prefix('0b', 8), prefix('0a', 8)))))),
  },
  { name: 'systems 64496', ...slot('as', systems(sequence(integer(64_496)))) },
  { name: 'systems 64496 to 64511', ...slot('as', systems(sequence(sequence(integer(64_496), integer(64_511))))) },
  { name: 'systems inherited', ...slot('as', systems(nullValue())) },
];

export const authorityVariants: readonly Variant[] = [
  ...common,
  { name: 'path length 0', ...slot('bc', basicConstraints(true, 0)) },
  { name: 'path length 1', ...slot('bc', basicConstraints(true, 1)) },
  { name: 'no basicConstraints', ...slot('bc', undefined) },
  { name: 'basicConstraints not critical', ...slot('bc', extension('2.5.29.19', false, sequence(boolean(true)))) },
  { name: 'cA false', ...slot('bc', basicConstraints(false)) },
  {
    name: 'cA false without keyCertSign',
    slots: () => ({ bc: basicConstraints(false), ku: keyUsage(['digitalSignature']) }),
  },
  { name: 'cA false with a path length', ...slot('bc', extension('2.5.29.19', true, sequence(integer(3)))) },
  { name: 'no keyCertSign', ...slot('ku', keyUsage(['cRLSign'])) },
  {
    name: 'path length without keyCertSign',
    slots: () => ({ bc: basicConstraints(true, 3), ku: keyUsage(['cRLSign']) }),
  },
  { name: 'serverAuth', ...slot('eku', serverAuthUsage()) },
  { name: 'empty subject', subject: {} },
  { name: 'name of the root', subject: rootName },
  { name: 'issuer in capitals', issuerName: { country: 'DE', organization: 'Tést', commonName: 'ROOT' } },
  { name: 'issuer with blanks', issuerName: { country: 'DE', organization: ' Tést  ', commonName: 'Root' } },
  { name: 'issuer with another accent case', issuerName: { country: 'DE', organization: 'TÉst', commonName: 'Root' } },
  { name: 'permits example', ...slot('nc', constraints([dns('example')], [])) },
  { name: 'permits .example and x', ...slot('nc', constraints([dns('.example'), dns('x')], [])) },
  { name: 'permits elsewhere', ...slot('nc', constraints([dns('elsewhere')], [])) },
  { name: 'permits every host', ...slot('nc', constraints([dns('')], [])) },
  { name: 'excludes SERVER.example', ...slot('nc', constraints([], [dns('SERVER.example')])) },
  { name: 'excludes a.server.example', ...slot('nc', constraints([], [dns('a.server.example')])) },
  { name: 'permits 192.0.2/24', ...slot('nc', constraints([ip('c0000200ffffff00')], [])) },
  { name: 'excludes every address', ...slot('nc', constraints([], [ip('0000000000000000'), ip('00'.repeat(32))])) },
  { name: 'permits an address of a wrong length', ...slot('nc', constraints([ip('c0000200')], [])) },
  { name: 'permits mail of example', ...slot('nc', constraints([mail('example')], [])) },
  { name: 'permits mail of .example', ...slot('nc', constraints([mail('.example')], [])) },
  { name: 'excludes the mail a@example', ...slot('nc', constraints([], [mail('a@example')])) },
  { name: 'permits URIs of server.example', ...slot('nc', constraints([uri('server.example')], [])) },
  { name: 'excludes URIs of .example', ...slot('nc', constraints([], [uri('.example')])) },
  { name: 'permits the directory O=Test', ...slot('nc', constraints([directoryName('O=tést')], [])) },
  { name: 'excludes the directory O=Test', ...slot('nc', constraints([], [directoryName('O=Tést')])) },
  { name: 'permits a registered id', ...slot('nc', constraints([contextPrimitive(8, Buffer.of(42, 3))], [])) },
  {
    name: 'excludes another-name 1.2.3',
    ...slot('nc', constraints([], [generalName({ type: 'other-name', value: '1.2.3;UTF8:x' })])),
  },
  {
    name: 'excludes another-name 1.2.4',
    ...slot('nc', constraints([], [generalName({ type: 'other-name', value: '1.2.4;UTF8:x' })])),
  },
  {
    name: 'permits example with a minimum',
    ...slot(
      'nc',
      extension('2.5.29.30', true, sequence(context(0, sequence(dns('example'), contextPrimitive(0, Buffer.of(1)))))),
    ),
  },
  {
    name: 'permits mail with a maximum',
    ...slot(
      'nc',
      extension('2.5.29.30', true, sequence(context(0, sequence(mail('x'), contextPrimitive(1, Buffer.of(1)))))),
    ),
  },
  {
    name: 'name constraints not critical',
    ...slot('nc', extension('2.5.29.30', false, sequence(context(0, sequence(dns('elsewhere')))))),
  },
];

const rsaOnly = 'TLS 1.3 and ECDHE sign with the key (RFC 8446 4.4.2.2)';

export const serverVariants: readonly Variant[] = [
  ...common,
  {
    name: 'keyAgreement only',
    ...slot('ku', keyUsage(['keyAgreement'])),
    stricter: { code: 'key-usage', why: rsaOnly },
  },
  {
    name: 'keyEncipherment only',
    ...slot('ku', keyUsage(['keyEncipherment'])),
    stricter: { code: 'key-usage', why: rsaOnly },
  },
  { name: 'keyCertSign only', ...slot('ku', keyUsage(['keyCertSign'])) },
  {
    name: 'a certification authority',
    slots: () => ({ bc: basicConstraints(true), ku: keyUsage(['digitalSignature', 'keyCertSign']) }),
    stricter: { code: 'ca-as-leaf', why: 'an authority is no server: browsers and GnuTLS refuse it' },
  },
  { name: 'path length without cA', ...slot('bc', extension('2.5.29.19', true, sequence(integer(0)))) },
  { name: 'no basicConstraints', ...slot('bc', undefined) },
  ...names('a wildcard', [{ type: 'dns', value: '*.example' }]),
  ...names('a wildcard below', [{ type: 'dns', value: '*.server.example' }]),
  ...names('an address', [{ type: 'ip', value: '192.0.2.9' }]),
  ...names('another address', [{ type: 'ip', value: '2001:db8::9' }]),
  ...names('a mailbox', [{ type: 'email', value: 'a@EXAMPLE' }]),
  ...names('a mailbox below', [{ type: 'email', value: 'a@b.example' }]),
  ...names('a mailbox elsewhere', [{ type: 'email', value: 'A@elsewhere' }]),
  ...names('a URI', [{ type: 'uri', value: 'https://server.example:8443/' }]),
  ...names('a URI without path', [{ type: 'uri', value: 'https://server.example' }]),
  ...names('a URI without host', [{ type: 'uri', value: 'urn:a:b' }]),
  ...names('a directory name', [{ type: 'directory-name', value: 'CN=x,O=Tést' }]),
  ...names('a registered id', [{ type: 'registered-id', value: '1.2.3.4' }]),
  ...names('another-name', [{ type: 'other-name', value: '1.2.3;UTF8:x' }]),
  { name: 'empty subjectAltName', ...slot('san', extension('2.5.29.17', false, sequence())) },
  { name: 'no subjectAltName', ...slot('san', undefined) },
  { name: 'empty subject', subject: {} },
  {
    name: 'empty subject, critical names',
    subject: {},
    ...slot('san', subjectAltName([{ type: 'dns', value: 'server.example' }], true)),
  },
  { name: 'common name of a host, no names', subject: { commonName: 'server.example' }, ...slot('san', undefined) },
  { name: 'common name of one label, no names', subject: { commonName: 'server' }, ...slot('san', undefined) },
  { name: 'subject with mail', subject: { organization: 'Tést', commonName: 'x', email: 'a@example' } },
  { name: 'subject elsewhere with mail', subject: { organization: 'Other', commonName: 'x', email: 'b@b.example' } },
];

function names(name: string, list: readonly GeneralName[]): readonly Variant[] {
  const only = slot('san', subjectAltName(list, false));
  const beside = slot('san', subjectAltName([{ type: 'dns', value: 'server.example' }, ...list], false));
  return [
    { name, subject: { organization: 'Tést', commonName: 'server.example' }, ...only },
    { name: `${name} beside a host`, ...beside },
  ];
}

function aki(value: Asn1, critical = false): Asn1 {
  return extension('2.5.29.35', critical, sequence(value));
}

function akiByName(
  issuer: Certificate | undefined,
  key: KeyObject | undefined,
  serial: string | undefined,
): Asn1 | undefined {
  if (issuer === undefined || serial === undefined) return undefined;
  const name = generalName({ type: 'directory-name', value: 'CN=Root,O=Tést,C=DE' });
  return extension(
    '2.5.29.35',
    false,
    sequence(
      ...(key === undefined ? [] : [contextPrimitive(0, keyIdentifier(key))]),
      context(1, name),
      contextPrimitive(2, Buffer.from(serial, 'hex')),
    ),
  );
}

function bits(hex: string): Asn1 {
  return contextFree(3, Buffer.from(hex, 'hex'));
}

/** A universal primitive of any tag. */
function contextFree(tag: number, content: Buffer): Asn1 {
  const made = octetString(content);
  return { ...made, type: tag } as Asn1;
}

function netscape(list: readonly number[], critical = false): Asn1 {
  return extension('2.16.840.1.113730.1.1', critical, namedBits(list));
}

function anyPolicy(): string {
  return '2.5.29.32.0';
}

function policyOid(name: string): string {
  return name.includes('.') ? name : `1.3.6.1.4.1.32473.1.${name}`;
}

function policies(list: readonly string[], critical = false): Asn1 {
  return extension('2.5.29.32', critical, sequence(...list.map((name) => sequence(oid(policyOid(name))))));
}

function policyConstraints(explicit: number | undefined, inhibit: number | undefined): Asn1 {
  const parts = [explicit, inhibit].flatMap((value, tag) =>
    value === undefined ? [] : [contextPrimitive(tag, Buffer.of(value))],
  );
  return extension('2.5.29.36', true, sequence(...parts));
}

function inhibitAny(skip: number): Asn1 {
  return extension('2.5.29.54', true, integer(skip));
}

function mapping(from: string, to: string): Asn1 {
  return extension('2.5.29.33', true, sequence(sequence(oid(policyOid(from)), oid(policyOid(to)))));
}

function ipBlocks(): string {
  return '1.3.6.1.5.5.7.1.7';
}

function family(choice: Asn1): Asn1 {
  return sequence(octetString(Buffer.of(0, 1)), choice);
}

function prefix(hex: string, length: number): Asn1 {
  return length % 8 === 0 ? bitString(Buffer.from(hex, 'hex')) : nullValue();
}

function addresses(hex: string | undefined, length: number, critical = false): Asn1 {
  const choice = hex === undefined ? nullValue() : sequence(prefix(hex, length));
  return extension(ipBlocks(), critical, sequence(family(choice)));
}

function systems(choice: Asn1): Asn1 {
  return extension('1.3.6.1.5.5.7.1.8', false, sequence(context(0, choice)));
}

export function constraints(permitted: readonly Asn1[], excluded: readonly Asn1[]): Asn1 {
  const subtrees = (tag: number, list: readonly Asn1[]): Asn1[] =>
    list.length === 0 ? [] : [context(tag, ...list.map((base) => sequence(base)))];
  return extension('2.5.29.30', true, sequence(...subtrees(0, permitted), ...subtrees(1, excluded)));
}

export function dns(value: string): Asn1 {
  return contextPrimitive(2, Buffer.from(value));
}

export function mail(value: string): Asn1 {
  return contextPrimitive(1, Buffer.from(value));
}

export function uri(value: string): Asn1 {
  return contextPrimitive(6, Buffer.from(value));
}

export function ip(hex: string): Asn1 {
  return contextPrimitive(7, Buffer.from(hex, 'hex'));
}

export function directoryName(value: string): Asn1 {
  return generalName({ type: 'directory-name', value });
}
