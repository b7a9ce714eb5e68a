/** Certificate revocation lists (RFC 5280 section 5): complete, partitioned, indirect and delta lists. */

import { constants, verify } from 'node:crypto';
import { type Certificate, readSignatureAlgorithm, type SignatureDescription } from './certificate.js';
import {
  type AuthorityKeyIdentifier,
  type Extension,
  readAuthorityKeyIdentifier,
  readExtensionList,
} from './certificate-extensions.js';
import { type DerNode, expectTag, isContext, readBitOctets, readDer, readInteger, readTime, tags } from './der.js';
import { directoryNames, type IssuingDistributionPoint, readIssuingDistributionPoint } from './distribution-points.js';
import { malformed } from './errors.js';
import { keyUsageBits } from './extensions.js';
import { comparableName, type RdnSequence, readName } from './name.js';
import { extensionNames, extensionOids } from './oids.js';

/** Immutable; made only by {@link readRevocationList}. */
export interface RevocationList {
  readonly der: Buffer;
  readonly issuer: RdnSequence;
  readonly comparableIssuer: string;
  readonly thisUpdate: Date;
  /** Undefined where the issuer breaks RFC 5280 5.1.2.5. */
  readonly nextUpdate: Date | undefined;
  readonly number: bigint | undefined;
  /** Of a delta list, the number of the complete list that it amends. */
  readonly base: bigint | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  /** What the list covers; undefined: all that its issuer issued. */
  readonly scope: IssuingDistributionPoint | undefined;
  /** By {@link revocationKey}. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** Critical extensions of the list or its entries that are not known: the list must not be used (RFC 5280 5.2). */
  readonly unknownCritical: readonly string[];
  readonly signature: SignatureDescription;
  readonly tbs: Buffer;
  readonly signatureOctets: Buffer;
}

export interface Revocation {
  readonly date: Date;
  readonly reason: string;
}

/** Reads a list in DER; throws X509Error. */
export function readRevocationList(der: Buffer): RevocationList {
  const [tbs, outer, bits] = expectTag(readDer(der, listLimits), tags.sequence, 'revocation list').children;
  const all = expectTag(tbs, tags.sequence, 'revocation list').children;
  const fields = all[0]?.tagClass === 0 && all[0].tag === tags.integer ? all.slice(1) : all;
  const [inner, issuerNode, thisUpdate, ...rest] = fields;
  if (inner === undefined || issuerNode === undefined) throw malformed('not a revocation list');
  if (!expectTag(outer, tags.sequence, 'signatureAlgorithm').raw.equals(inner.raw)) {
    throw malformed('the two signature algorithms of the revocation list differ');
  }
  const nextUpdate = isTime(rest[0]) ? readTime(rest.shift(), 'next-update') : undefined;
  const entries = rest[0]?.tagClass === 0 && rest[0].tag === tags.sequence ? rest.shift()!.children : [];
  const extensions = isContext(rest[0], 0) ? readExtensionList(rest[0].children[0]) : new Map<string, Extension>();
  const unknown = new Set<string>();
  noteUnknown(extensions, listExtensions, unknown);
  const issuer = readName(issuerNode, 'issuer');
  const comparableIssuer = comparableName(issuer);
  return {
    der,
    issuer,
    comparableIssuer,
    thisUpdate: readTime(thisUpdate, 'this-update'),
    nextUpdate,
    ...knownExtensions(extensions),
    revoked: readEntries(entries, comparableIssuer, unknown),
    unknownCritical: [...unknown],
    signature: readSignatureAlgorithm(outer!),
    tbs: tbs!.raw,
    signatureOctets: readBitOctets(bits, 'signature'),
  };
}

/** How a certificate is found in the list: by serial number, and by issuer where the list is another's. */
export function revocationKey(
  { serial, comparableIssuer }: Pick<Certificate, 'serial' | 'comparableIssuer'>,
  list: Pick<RevocationList, 'comparableIssuer'>,
): string {
  return comparableIssuer === list.comparableIssuer ? serial : `${serial} ${comparableIssuer}`;
}

/** True where `issuer` may sign lists, has the list's name and its key made the signature. */
export function isListIssuer(issuer: Certificate, list: RevocationList): boolean {
  if (issuer.comparableSubject !== list.comparableIssuer) return false;
  if (issuer.keyUsage?.has(keyUsageBits.cRLSign) === false) return false;
  const { name, hash } = list.signature;
  const pss = name === 'rsassaPss' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
  const digest = name.startsWith('Ed') ? null : hash;
  if (digest === undefined) return false;
  try {
    return verify(digest, list.tbs, { key: issuer.publicKey, ...pss }, list.signatureOctets);
  } catch {
    // A key of another type than the signature's is a plain no.
    return false;
  }
}

function knownExtensions(
  extensions: ReadonlyMap<string, Extension>,
): Pick<RevocationList, 'number' | 'base' | 'authorityKeyIdentifier' | 'scope'> {
  const value = (oid: string): Buffer | undefined => extensions.get(oid)?.value;
  const [number, base, key, scope] = [
    value(extensionOids.crlNumber),
    value(extensionOids.deltaCrlIndicator),
    value(extensionOids.authorityKeyIdentifier),
    value(extensionOids.issuingDistributionPoint),
  ];
  return {
    number: number === undefined ? undefined : readNumber(number),
    base: base === undefined ? undefined : readNumber(base),
    authorityKeyIdentifier: key === undefined ? undefined : readAuthorityKeyIdentifier(readDer(key)),
    scope: scope === undefined ? undefined : readIssuingDistributionPoint(scope),
  };
}

/** RFC 5280 5.2.3: not negative, at most 20 octets. */
function readNumber(value: Buffer): bigint {
  const octets = readInteger(readDer(value), 'number of the revocation list');
  if (octets.length > 21 || octets[0]! >= 0x80) throw malformed('number of the revocation list is out of range');
  return BigInt(`0x${octets.toString('hex')}`);
}

function readEntries(
  entries: readonly DerNode[],
  listIssuer: string,
  unknown: Set<string>,
): ReadonlyMap<string, Revocation> {
  const revoked = new Map<string, Revocation>();
  // RFC 5280 5.3.3: an entry without a certificate issuer has that of the one before it.
  let comparableIssuer = listIssuer;
  for (const entry of entries) {
    const [serial, date, list] = expectTag(entry, tags.sequence, 'revocation').children;
    const extensions = list === undefined ? noExtensions : readExtensionList(list);
    noteUnknown(extensions, entryExtensions, unknown);
    const other = extensions.get(extensionOids.certificateIssuer);
    if (other !== undefined) {
      const [name] = directoryNames(expectTag(readDer(other.value), tags.sequence, 'certificateIssuer'));
      if (name === undefined) throw malformed('certificateIssuer is no directory name');
      comparableIssuer = name;
    }
    const octets = readInteger(serial, 'serial number').toString('hex');
    const reason = extensions.get(extensionOids.reasonCode);
    revoked.set(revocationKey({ serial: octets, comparableIssuer }, { comparableIssuer: listIssuer }), {
      date: readTime(date, 'revocation date'),
      reason: reason === undefined ? 'unspecified' : readReason(readDer(reason.value)),
    });
  }
  return revoked;
}

function readReason({ tag, content }: DerNode): string {
  if (tag !== tags.enumerated || content.length !== 1) throw malformed('reasonCode is not an enumeration');
  return reasonNames[content[0]!] ?? 'unspecified';
}

function noteUnknown(
  extensions: ReadonlyMap<string, Extension>,
  known: ReadonlySet<string>,
  unknown: Set<string>,
): void {
  for (const { oid, critical } of extensions.values()) {
    if (critical && !known.has(oid)) unknown.add(extensionNames.get(oid) ?? oid);
  }
}

function isTime(node: DerNode | undefined): boolean {
  return node?.tagClass === 0 && (node.tag === tags.utcTime || node.tag === tags.generalizedTime);
}

/** A list of 30 000 entries with reasons. */
const listLimits = { bytes: 2 << 20, depth: 16, nodes: 250_000 } as const;

const noExtensions: ReadonlyMap<string, Extension> = new Map();

const listExtensions: ReadonlySet<string> = new Set([
  extensionOids.authorityKeyIdentifier,
  extensionOids.crlNumber,
  extensionOids.deltaCrlIndicator,
  extensionOids.issuingDistributionPoint,
]);

const entryExtensions: ReadonlySet<string> = new Set([extensionOids.reasonCode, extensionOids.certificateIssuer]);

/** CRLReason (RFC 5280 5.3.1); 7 is not used. */
const reasonNames: readonly (string | undefined)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];
