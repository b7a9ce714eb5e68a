/** A certificate that was read: node's view of it, and the fields that node does not show, with their octets. */

import { createHash, X509Certificate } from 'node:crypto';
import { domainToASCII } from 'node:url';
import {
  type DerNode,
  expectTag,
  isContext,
  readBitOctets,
  readBoolean,
  readDer,
  readInteger,
  readNamedBits,
  readOctets,
  readOid,
  readSmallInteger,
  readTime,
  tags,
} from './der.js';
import { malformed, X509Error } from './errors.js';
import { type GeneralName, ipOctets, ipText, readGeneralName } from './general-name.js';
import { keyAlgorithmOf, keyIdOf } from './key.js';
import { comparableName, nameText, type RdnSequence, readName } from './name.js';
import { extensionNames, extensionOids, hashOids, signatureAlgorithms } from './oids.js';
import { parsePem, toPem } from './pem.js';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** The octets inside extnValue. */
  readonly value: Buffer;
}

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

/** Immutable; made only by {@link readCertificate}. */
export interface Certificate {
  readonly der: Buffer;
  /** node's view: verify, checkHost, checkPrivateKey, publicKey. */
  readonly x509: X509Certificate;
  readonly version: 1 | 2 | 3;
  /** Lower-case hex of the positive serial number. */
  readonly serialNumber: string;
  readonly subject: RdnSequence;
  readonly issuer: RdnSequence;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly signature: SignatureDescription;
  readonly keyId: string;
  /** See {@link keyAlgorithmOf}. */
  readonly keyAlgorithm: string;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly basicConstraints: BasicConstraints | undefined;
  /** Bits of keyUsage; undefined where the extension is absent. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectAltNames: readonly GeneralName[];
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
}

export interface SignatureDescription {
  readonly oid: string;
  /** `ecdsa-with-SHA256`, or the identifier where it is not known. */
  readonly name: string;
  readonly hash: string | undefined;
}

/** The largest certificate that is looked at. */
export const certificateLimits = { bytes: 65_536, depth: 24, nodes: 8_000 } as const;

/** Reads one DER certificate; throws X509Error. */
export function readCertificate(der: Buffer): Certificate {
  const [tbs, outer, bits] = expectTag(readDer(der, certificateLimits), tags.sequence, 'certificate').children;
  if (tbs === undefined || outer === undefined || bits === undefined) throw malformed('not a certificate');
  const all = expectTag(tbs, tags.sequence, 'certificate').children;
  const version = isContext(all[0], 0) ? readSmallInteger(all[0].children[0], 'version') + 1 : 1;
  if (version !== 1 && version !== 2 && version !== 3) throw malformed(`certificate of version ${version}`);
  const [serial, inner, issuer, validity, subject, key, ...rest] = isContext(all[0], 0) ? all.slice(1) : all;
  if (key === undefined) throw malformed('not a certificate');
  // RFC 5280 4.1.1.2: what is signed must name the algorithm of the signature.
  if (!expectTag(outer, tags.sequence, 'signatureAlgorithm').raw.equals(inner!.raw)) {
    throw malformed('the two signature algorithms of the certificate differ');
  }
  readBitOctets(bits, 'signature');
  const extensions = readExtensions(rest, version);
  const x509 = nodeView(der);
  return {
    der,
    x509,
    version,
    serialNumber: serialText(serial),
    issuer: readName(issuer!, 'issuer'),
    notBefore: readTime(expectTag(validity, tags.sequence, 'validity').children[0], 'not-before'),
    notAfter: readTime(validity!.children[1], 'not-after'),
    subject: readName(subject!, 'subject'),
    signature: readSignatureAlgorithm(outer),
    ...keyFacts(x509),
    extensions,
    ...knownExtensions(extensions),
  };
}

/** What people and the tree want to know of a certificate. Times as RFC 3339, names as RFC 4514 have them. */
export interface CertificateDescription {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Lower-case hex, no colons. */
  readonly fingerprintSha256: string;
  readonly keyAlgorithm: string;
  readonly keyId: string;
  readonly signatureAlgorithm: string;
  readonly selfSigned: boolean;
  readonly certificateAuthority: boolean;
  readonly subjectAltNames: readonly GeneralName[];
  readonly extensions: readonly { readonly oid: string; readonly name: string; readonly critical: boolean }[];
}

export function describe(certificate: Certificate | Buffer): CertificateDescription {
  const read = Buffer.isBuffer(certificate) ? readCertificate(certificate) : certificate;
  return {
    subject: nameText(read.subject),
    issuer: nameText(read.issuer),
    serialNumber: read.serialNumber,
    notBefore: read.notBefore,
    notAfter: read.notAfter,
    fingerprintSha256: fingerprint(read),
    keyAlgorithm: read.keyAlgorithm,
    keyId: read.keyId,
    signatureAlgorithm: read.signature.name,
    selfSigned: isSelfSigned(read),
    certificateAuthority: read.basicConstraints?.ca === true,
    subjectAltNames: read.subjectAltNames,
    extensions: [...read.extensions.values()].map(({ oid, critical }) => ({
      oid,
      name: extensionNames.get(oid) ?? oid,
      critical,
    })),
  };
}

/** SHA-256 of the certificate, lower-case hex. */
export function fingerprint(certificate: Certificate): string {
  return createHash('sha256').update(certificate.der).digest('hex');
}

/** True where issuer and subject are the same name and its own key verifies the signature. */
export function isSelfSigned(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && verifies(certificate, certificate);
}

/** Issuer and subject are the same name (RFC 5280 3.2). */
export function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return comparableName(subject) === comparableName(issuer);
}

/** True where `issuer`'s key made the signature of `certificate`. */
export function verifies(certificate: Certificate, issuer: Certificate): boolean {
  try {
    return certificate.x509.verify(issuer.x509.publicKey);
  } catch {
    // A key of another type than the signature's is a plain no.
    return false;
  }
}

/**
 * True where a TLS client that reaches the server by this host name or address accepts the certificate's names: by
 * subjectAltName only (RFC 9525), `*` as the whole first label.
 */
export function matchesHost(certificate: Certificate, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const octets = ipOctets(bare);
  if (octets !== undefined) {
    const wanted = ipText(octets);
    return certificate.subjectAltNames.some(({ type, value }) => type === 'ip' && value === wanted);
  }
  return (
    certificate.x509.checkHost(domainToASCII(bare) || bare, { subject: 'never', partialWildcards: false }) !== undefined
  );
}

/** The certificates of a text with PEM blocks, in its order; blocks of other kinds are passed over. */
export function certificatesOfPem(text: string): readonly Certificate[] {
  return parsePem(text)
    .filter(({ label }) => certificateLabels.includes(label))
    .map(({ der }) => readCertificate(der));
}

export const certificateLabels: readonly string[] = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];

export function certificatePem(certificate: Certificate): string {
  return toPem('CERTIFICATE', certificate.der);
}

/** Reads AlgorithmIdentifier of a signature; the hash of RSASSA-PSS stands in its parameters (RFC 4055 3.1). */
export function readSignatureAlgorithm(node: DerNode): SignatureDescription {
  const oid = readOid(node.children[0], 'signature algorithm');
  const known = signatureAlgorithms.get(oid);
  if (known?.name !== 'rsassaPss') return { oid, name: known?.name ?? oid, hash: known?.hash };
  const hashField = node.children[1]?.children.find((part) => isContext(part, 0));
  const hashOid = hashField === undefined ? undefined : readOid(hashField.children[0]?.children[0], 'hash algorithm');
  return { oid, name: known.name, hash: hashOid === undefined ? 'sha1' : hashOids.get(hashOid) };
}

/** Reads Extensions (RFC 5280 4.1.2.9); each may stand once. */
export function readExtensionList(node: DerNode | undefined): ReadonlyMap<string, Extension> {
  const list = new Map<string, Extension>();
  for (const entry of expectTag(node, tags.sequence, 'extensions').children) {
    const oid = readOid(expectTag(entry, tags.sequence, 'extension').children[0], 'extension');
    const flagged = entry.children.length === 3;
    const critical = flagged && readBoolean(entry.children[1], 'critical');
    const value = readOctets(entry.children[flagged ? 2 : 1], 'extension');
    if (list.has(oid)) throw malformed(`extension ${extensionNames.get(oid) ?? oid} stands twice`);
    list.set(oid, { oid, critical, value });
  }
  return list;
}

function readExtensions(rest: readonly DerNode[], version: number): ReadonlyMap<string, Extension> {
  const wrapped = rest.find((node) => isContext(node, 3));
  if (wrapped === undefined) return new Map();
  if (version !== 3) throw malformed(`certificate of version ${version} has extensions`);
  return readExtensionList(wrapped.children[0]);
}

function knownExtensions(
  list: ReadonlyMap<string, Extension>,
): Pick<
  Certificate,
  | 'basicConstraints'
  | 'keyUsage'
  | 'extendedKeyUsage'
  | 'subjectAltNames'
  | 'subjectKeyIdentifier'
  | 'authorityKeyIdentifier'
> {
  const read = <T>(oid: string, decode: (node: DerNode) => T): T | undefined => {
    const found = list.get(oid);
    return found === undefined ? undefined : decode(readDer(found.value, certificateLimits));
  };
  return {
    basicConstraints: read(extensionOids.basicConstraints, readBasicConstraints),
    keyUsage: read(extensionOids.keyUsage, (node) => readNamedBits(node, 'keyUsage')),
    extendedKeyUsage: read(extensionOids.extendedKeyUsage, (node) =>
      expectTag(node, tags.sequence, 'extKeyUsage').children.map((purpose) => readOid(purpose, 'extKeyUsage')),
    ),
    subjectAltNames: read(extensionOids.subjectAltName, readAltNames) ?? [],
    subjectKeyIdentifier: read(extensionOids.subjectKeyIdentifier, (node) =>
      readOctets(node, 'subjectKeyIdentifier').toString('hex'),
    ),
    authorityKeyIdentifier: read(extensionOids.authorityKeyIdentifier, (node) =>
      expectTag(node, tags.sequence, 'authorityKeyIdentifier')
        .children.find((part) => isContext(part, 0))
        ?.content.toString('hex'),
    ),
  };
}

function readBasicConstraints(node: DerNode): BasicConstraints {
  const parts = [...expectTag(node, tags.sequence, 'basicConstraints').children];
  const ca = parts[0]?.tag === tags.boolean ? readBoolean(parts.shift(), 'cA') : false;
  const pathLength = parts[0] === undefined ? undefined : readSmallInteger(parts.shift(), 'pathLenConstraint');
  if (parts.length > 0) throw malformed('basicConstraints has too many fields');
  return { ca, pathLength };
}

function readAltNames(node: DerNode): readonly GeneralName[] {
  return expectTag(node, tags.sequence, 'subjectAltName').children.flatMap((name) => readGeneralName(name) ?? []);
}

function serialText(node: DerNode | undefined): string {
  const octets = readInteger(node, 'serial number');
  // RFC 5280 4.1.2.2: users must be prepared for negative and zero serial numbers, and for no more than 20 octets.
  if (octets.length > 21) throw new X509Error('too-big', 'serial number of more than 20 octets');
  const start = octets.length > 1 && octets[0] === 0 ? 1 : 0;
  return octets.subarray(start).toString('hex');
}

function nodeView(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw malformed('not a certificate', cause);
  }
}

function keyFacts(x509: X509Certificate): { keyId: string; keyAlgorithm: string } {
  try {
    const { publicKey } = x509;
    return { keyId: keyIdOf(publicKey), keyAlgorithm: keyAlgorithmOf(publicKey) };
  } catch (cause) {
    throw new X509Error('unsupported', 'the public key of the certificate is of an unknown kind or damaged', { cause });
  }
}
