/** A certificate that was read: node's view of it, and the fields that node does not show, with their octets. */

import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import {
  type Extension,
  type KnownExtensions,
  readExtensionList,
  readKnownExtensions,
} from './certificate-extensions.js';
import {
  type DerNode,
  expectTag,
  isContext,
  readBitOctets,
  readDer,
  readInteger,
  readOid,
  readSmallInteger,
  readTime,
  tags,
} from './der.js';
import { malformed, X509Error } from './errors.js';
import type { GeneralName } from './general-name.js';
import { keyAlgorithmOf, keyIdOf } from './key.js';
import { comparableName, nameText, type RdnSequence, readName } from './name.js';
import { extensionNames, hashOids, keyOids, signatureAlgorithms } from './oids.js';
import { parsePem, toPem } from './pem.js';

/** Immutable; made only by {@link readCertificate}. */
export interface Certificate extends KnownExtensions {
  readonly der: Buffer;
  /** node's view: verify, checkHost, checkPrivateKey. */
  readonly x509: X509Certificate;
  readonly version: 1 | 2 | 3;
  /** Lower-case hex, without the sign octet of a positive number. */
  readonly serialNumber: string;
  /** Content octets of the serial number in lower-case hex: what is compared, as a CA may have used negative numbers. */
  readonly serial: string;
  readonly subject: RdnSequence;
  readonly issuer: RdnSequence;
  /** Subject and issuer as {@link comparableName} has them. */
  readonly comparableSubject: string;
  readonly comparableIssuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly signature: SignatureDescription;
  readonly publicKey: KeyObject;
  readonly keyId: string;
  /** See {@link keyAlgorithmOf}. */
  readonly keyAlgorithm: string;
  /** The curve of an EC key is spelled out by its parameters instead of named (RFC 5480 2.1.1 forbids it). */
  readonly explicitCurve: boolean;
  readonly extensions: ReadonlyMap<string, Extension>;
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
    ...serialFacts(serial),
    ...nameFacts(readName(subject!, 'subject'), readName(issuer!, 'issuer')),
    notBefore: readTime(expectTag(validity, tags.sequence, 'validity').children[0], 'not-before'),
    notAfter: readTime(validity!.children[1], 'not-after'),
    signature: readSignatureAlgorithm(outer),
    ...keyFacts(x509),
    explicitCurve: hasExplicitCurve(key),
    extensions,
    ...readKnownExtensions(extensions, certificateLimits),
  };
}

/** When a certificate is valid, and by what it is known. */
export interface CertificateTerm {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256, lower-case hex, no colons. */
  readonly fingerprint: string;
}

/** Only that, at a tenth of what {@link readCertificate} takes, of one that was read by it before; throws X509Error. */
export function certificateTerm(der: Buffer): CertificateTerm {
  const [tbs] = expectTag(readDer(der, certificateLimits), tags.sequence, 'certificate').children;
  const fields = expectTag(tbs, tags.sequence, 'certificate').children;
  const validity = expectTag(fields[isContext(fields[0], 0) ? 4 : 3], tags.sequence, 'validity');
  return {
    notBefore: readTime(validity.children[0], 'not-before'),
    notAfter: readTime(validity.children[1], 'not-after'),
    fingerprint: createHash('sha256').update(der).digest('hex'),
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
export function isSelfIssued({ comparableSubject, comparableIssuer }: Certificate): boolean {
  return comparableSubject === comparableIssuer;
}

/** True where `issuer`'s key made the signature of `certificate`. */
export function verifies(certificate: Certificate, issuer: Certificate): boolean {
  try {
    return certificate.x509.verify(issuer.publicKey);
  } catch {
    // A key of another type than the signature's is a plain no.
    return false;
  }
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

function readExtensions(rest: readonly DerNode[], version: number): ReadonlyMap<string, Extension> {
  const wrapped = rest.find((node) => isContext(node, 3));
  if (wrapped === undefined) return new Map();
  if (version !== 3) throw malformed(`certificate of version ${version} has extensions`);
  return readExtensionList(wrapped.children[0]);
}

function serialFacts(node: DerNode | undefined): Pick<Certificate, 'serialNumber' | 'serial'> {
  const octets = readInteger(node, 'serial number');
  // RFC 5280 4.1.2.2: users must be prepared for negative and zero serial numbers, and for no more than 20 octets.
  if (octets.length > 21) throw new X509Error('too-big', 'serial number of more than 20 octets');
  const start = octets.length > 1 && octets[0] === 0 ? 1 : 0;
  return { serialNumber: octets.subarray(start).toString('hex'), serial: octets.toString('hex') };
}

function nameFacts(
  subject: RdnSequence,
  issuer: RdnSequence,
): Pick<Certificate, 'subject' | 'issuer' | 'comparableSubject' | 'comparableIssuer'> {
  return {
    subject,
    issuer,
    comparableSubject: comparableName(subject),
    comparableIssuer: comparableName(issuer),
  };
}

function nodeView(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw malformed('not a certificate', cause);
  }
}

function keyFacts(x509: X509Certificate): Pick<Certificate, 'publicKey' | 'keyId' | 'keyAlgorithm'> {
  try {
    const { publicKey } = x509;
    checkWork(publicKey);
    return { publicKey, keyId: keyIdOf(publicKey), keyAlgorithm: keyAlgorithmOf(publicKey) };
  } catch (cause) {
    if (cause instanceof X509Error) throw cause;
    throw new X509Error('unsupported', 'the public key of the certificate is of an unknown kind or damaged', { cause });
  }
}

/** What one signature check costs is bounded: by the largest keys in use, and exponents as OpenSSL takes them. */
function checkWork({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = details ?? {};
  const most = type === 'rsa' || type === 'rsa-pss' ? 8192 : 3072;
  if (modulusLength > most)
    throw new X509Error('too-big', `a public key of ${modulusLength} bits; ${most} are the most`);
  if (publicExponent > 0xffff_ffff_ffff_ffffn) {
    throw new X509Error('unsupported', 'an RSA key with a public exponent of more than 64 bits');
  }
}

function hasExplicitCurve(key: DerNode): boolean {
  const [type, parameters] = key.children[0]?.children ?? [];
  return parameters?.tag === tags.sequence && type?.tag === tags.oid && readOid(type, 'key') === keyOids.ec;
}
