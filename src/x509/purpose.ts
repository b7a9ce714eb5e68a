/** What a certificate may be used for: as that of a TLS server or client, or of an authority above it (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12). */

import { type Certificate, isSelfIssued } from './certificate.js';
import { keyUsageBits } from './extensions.js';
import { type ChainFinding, type ChainFindingCode, error, titled } from './findings.js';
import { extensionOids, purposeOids } from './oids.js';

export type Purpose = 'server' | 'client';

export function leafFindings(leaf: Certificate, purpose: Purpose): ChainFinding[] {
  const findings: ChainFinding[] = [];
  const { who, extended, netscape } = purposes[purpose];
  if (leaf.basicConstraints?.ca === true) {
    findings.push(error('ca-as-leaf', `the certificate is a certification authority and not that of a ${purpose}`, 0));
  }
  if (!allows(leaf, purpose)) {
    findings.push(error('extended-key-usage', `the certificate is not for ${who}: ${extended} is missing`, 0));
  }
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.has(keyUsageBits.digitalSignature)) {
    // TLS 1.3 and ECDHE sign with the key of the certificate (RFC 8446 4.4.2.2).
    findings.push(error('key-usage', `the certificate is not for ${who}: digitalSignature is missing`, 0));
  }
  if (leaf.netscapeType !== undefined && !leaf.netscapeType.has(netscape)) {
    findings.push(error('extended-key-usage', `the certificate is not for ${who}: its netscapeCertType says so`, 0));
  }
  return findings;
}

/**
 * The certificate at `position` as the issuer of the one before it. `profile` is the severity of what only strict
 * clients look at.
 */
export function issuerFindings(
  chain: readonly Certificate[],
  position: number,
  purpose: Purpose,
  profile: 'error' | 'warning',
): ChainFinding[] {
  const findings: ChainFinding[] = [];
  const certificate = chain[position]!;
  const add = (code: ChainFindingCode, text: string, severity: 'error' | 'warning' = 'error'): void => {
    findings.push({ ...error(code, `${titled(certificate, position)} ${text}`, position), severity });
  };
  const { basicConstraints: constraints, keyUsage } = certificate;
  if (constraints?.ca !== true) add('not-a-ca', 'issued another and is not a certification authority');
  else if (certificate.extensions.get(extensionOids.basicConstraints)?.critical !== true) {
    add('basic-constraints', 'has basicConstraints that are not critical', profile);
  }
  // RFC 5280 6.1.4 (l): certificates that issued themselves do not count, and neither does the end-entity certificate.
  const below = chain.slice(1, position).filter((each) => !isSelfIssued(each)).length;
  if (constraints?.pathLength !== undefined && below > constraints.pathLength) {
    const text = `allows ${constraints.pathLength} certification authorities below it, and there are ${below}`;
    add('basic-constraints', text);
  }
  // RFC 5280 4.2.1.3: conforming authorities must include keyUsage.
  if (keyUsage === undefined) add('key-usage', 'is a certification authority without keyUsage', profile);
  else if (!keyUsage.has(keyUsageBits.keyCertSign)) add('key-usage', 'is not allowed to sign certificates');
  if (!allows(certificate, purpose)) {
    add('extended-key-usage', `does not allow certificates of ${purposes[purpose].who} below it`);
  }
  if (certificate.subject.length === 0) add('malformed-certificate', 'is a certification authority without a name');
  if (certificate.version === 3 && certificate.subjectKeyIdentifier === undefined) {
    add('malformed-certificate', 'has no subjectKeyIdentifier', profile);
  }
  return findings;
}

function allows({ extendedKeyUsage: list }: Certificate, purpose: Purpose): boolean {
  return list === undefined || list.includes(purposes[purpose].oid);
}

interface PurposeRules {
  readonly who: string;
  readonly extended: string;
  readonly oid: string;
  /** The bit of Netscape's certificate type. */
  readonly netscape: number;
}

const purposes: Readonly<Record<Purpose, PurposeRules>> = {
  server: { who: 'TLS servers', extended: 'serverAuth', oid: purposeOids.serverAuth, netscape: 1 },
  client: { who: 'TLS clients', extended: 'clientAuth', oid: purposeOids.clientAuth, netscape: 0 },
};
