/** Certificate revocation lists (RFC 5280 section 5): reading, and checking a chain against them. */

import { constants, verify } from 'node:crypto';
import {
  type Certificate,
  readExtensionList,
  readSignatureAlgorithm,
  type SignatureDescription,
} from './certificate.js';
import { type DerNode, expectTag, isContext, readBitOctets, readDer, readInteger, readTime, tags } from './der.js';
import { malformed } from './errors.js';
import { keyUsageBits } from './extensions.js';
import { comparableName, nameText, type RdnSequence, readName } from './name.js';
import { extensionNames, extensionOids } from './oids.js';

/** Immutable; made only by {@link readRevocationList}. */
export interface RevocationList {
  readonly der: Buffer;
  readonly issuer: RdnSequence;
  readonly thisUpdate: Date;
  /** Undefined where the issuer breaks RFC 5280 5.1.2.5. */
  readonly nextUpdate: Date | undefined;
  /** Serial numbers (lower-case hex) to date and reason. */
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

export interface RevocationFinding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: 'revoked' | 'revocation-unknown' | 'revocation-list-expired' | 'revocation-list-unusable';
  readonly text: string;
  readonly position?: number;
}

export interface RevocationCheck {
  /** End-entity certificate first, each one's issuer the next; the last one's issuer is not looked for. */
  readonly path: readonly Certificate[];
  readonly lists: readonly RevocationList[];
  readonly now: Date;
  readonly clockTrusted: boolean;
  /** True makes an error of a certificate for which there is no current list (level high), else a piece of information. */
  readonly required: boolean;
}

/** Reads a list in DER; throws X509Error. */
export function readRevocationList(der: Buffer): RevocationList {
  const [tbs, outer, bits] = expectTag(readDer(der, listLimits), tags.sequence, 'revocation list').children;
  const all = expectTag(tbs, tags.sequence, 'revocation list').children;
  const fields = all[0]?.tag === tags.integer ? all.slice(1) : all;
  const [inner, issuer, thisUpdate, ...rest] = fields;
  if (inner === undefined || issuer === undefined) throw malformed('not a revocation list');
  if (!expectTag(outer, tags.sequence, 'signatureAlgorithm').raw.equals(inner.raw)) {
    throw malformed('the two signature algorithms of the revocation list differ');
  }
  const nextUpdate = isTime(rest[0]) ? readTime(rest.shift(), 'next-update') : undefined;
  const entries = rest[0]?.tagClass === 0 && rest[0].tag === tags.sequence ? rest.shift()!.children : [];
  const extensions = isContext(rest[0], 0) ? readExtensionList(rest[0].children[0]) : new Map();
  const unknown = new Set<string>();
  noteUnknown(extensions, listExtensions, unknown);
  const revoked = new Map(entries.map((entry) => readEntry(entry, unknown)));
  return {
    der,
    issuer: readName(issuer, 'issuer'),
    thisUpdate: readTime(thisUpdate, 'this-update'),
    nextUpdate,
    revoked,
    unknownCritical: [...unknown],
    signature: readSignatureAlgorithm(outer!),
    tbs: tbs!.raw,
    signatureOctets: readBitOctets(bits, 'signature'),
  };
}

/** True where `issuer` may sign lists, has the list's name and its key made the signature. */
export function isListIssuer(issuer: Certificate, list: RevocationList): boolean {
  if (comparableName(issuer.subject) !== comparableName(list.issuer)) return false;
  if (issuer.keyUsage?.has(keyUsageBits.cRLSign) === false) return false;
  const { name, hash } = list.signature;
  const key = issuer.x509.publicKey;
  const pss = name === 'rsassaPss' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
  const digest = name.startsWith('Ed') ? null : hash;
  if (digest === undefined) return false;
  try {
    return verify(digest, list.tbs, { key, ...pss }, list.signatureOctets);
  } catch {
    // A key of another type than the signature's is a plain no.
    return false;
  }
}

/** Checks every certificate of a path whose issuer is in it, root excluded. */
export function checkRevocation(check: RevocationCheck): readonly RevocationFinding[] {
  return check.path.slice(0, -1).flatMap((certificate, position) => {
    const issuer = check.path[position + 1]!;
    const lists = check.lists.filter((list) => isListIssuer(issuer, list));
    return revocationOf(certificate, position, lists, check);
  });
}

function revocationOf(
  certificate: Certificate,
  position: number,
  lists: readonly RevocationList[],
  { now, clockTrusted, required }: RevocationCheck,
): readonly RevocationFinding[] {
  const title = position === 0 ? 'the certificate' : `the issuer's certificate ${nameText(certificate.subject)}`;
  const gap = required ? 'error' : 'info';
  const usable = lists.filter(({ unknownCritical }) => unknownCritical.length === 0);
  // Whatever the age of the list: what was revoked once stays so (but for holds, which a newer list would lift).
  const newest = [...usable].sort((a, b) => b.thisUpdate.getTime() - a.thisUpdate.getTime())[0];
  const revocation = newest?.revoked.get(certificate.serialNumber);
  if (revocation !== undefined && revocation.reason !== 'removeFromCRL') {
    const text = `${title} was revoked on ${revocation.date.toISOString()} (${revocation.reason})`;
    return [{ severity: 'error', code: 'revoked', text, position }];
  }
  if (newest === undefined) {
    const bad = lists[0];
    if (bad !== undefined) {
      const text = `the revocation list for ${title} has extensions that are not known: ${bad.unknownCritical.join(', ')}`;
      return [{ severity: gap, code: 'revocation-list-unusable', text, position }];
    }
    const text = `there is no revocation list of the issuer of ${title}`;
    return [{ severity: gap, code: 'revocation-unknown', text, position }];
  }
  const outdated = newest.nextUpdate === undefined || now > newest.nextUpdate || now < newest.thisUpdate;
  if (!clockTrusted || !outdated) return [];
  const text = `the revocation list for ${title} is not current`;
  return [{ severity: required ? 'error' : 'warning', code: 'revocation-list-expired', text, position }];
}

function readEntry(node: DerNode, unknown: Set<string>): [string, Revocation] {
  const [serial, date, extensionNode] = expectTag(node, tags.sequence, 'revocation').children;
  const octets = readInteger(serial, 'serial number');
  const start = octets.length > 1 && octets[0] === 0 ? 1 : 0;
  const extensions = extensionNode === undefined ? new Map() : readExtensionList(extensionNode);
  noteUnknown(extensions, entryExtensions, unknown);
  const reason = extensions.get(extensionOids.reasonCode);
  return [
    octets.subarray(start).toString('hex'),
    {
      date: readTime(date, 'revocation date'),
      reason: reason === undefined ? 'unspecified' : readReason(readDer(reason.value)),
    },
  ];
}

function readReason({ tag, content }: DerNode): string {
  if (tag !== tags.enumerated || content.length !== 1) throw malformed('reasonCode is not an enumeration');
  return reasons[content[0]!] ?? 'unspecified';
}

function noteUnknown(
  extensions: ReadonlyMap<string, { readonly oid: string; readonly critical: boolean }>,
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

const listLimits = { bytes: 2 << 20, depth: 16, nodes: 250_000 } as const;

/** Partitioned and delta lists would need their scope obeyed, so issuingDistributionPoint and deltaCRLIndicator are not here. */
const listExtensions: ReadonlySet<string> = new Set([extensionOids.authorityKeyIdentifier, extensionOids.crlNumber]);

const entryExtensions: ReadonlySet<string> = new Set([extensionOids.reasonCode]);

/** CRLReason (RFC 5280 5.3.1); 7 is not used. */
const reasons: readonly (string | undefined)[] = [
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
