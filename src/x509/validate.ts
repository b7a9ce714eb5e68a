/**
 * Judging a certificate chain as a TLS server's, one finding per fault. What OpenSSL's strict mode refuses for the
 * purpose sslserver is an error here (RFC 5280 sections 4 and 6, RFC 9325 for keys and hashes).
 */

import type { KeyObject } from 'node:crypto';
import { type Certificate, isSelfIssued, isSelfSigned, matchesHost, verifies } from './certificate.js';
import { X509Error } from './errors.js';
import { keyUsageBits } from './extensions.js';
import { keyIdOf } from './key.js';
import { comparableName, nameText } from './name.js';
import { brokenConstraint } from './name-constraints.js';
import { extensionNames, extensionOids, purposeOids } from './oids.js';

export const chainFindingCodes = [
  'empty-chain',
  'key-mismatch',
  'issuer-mismatch',
  'bad-signature',
  'expired',
  'not-yet-valid',
  'clock-untrusted',
  'ca-as-leaf',
  'not-a-ca',
  'basic-constraints',
  'key-usage',
  'extended-key-usage',
  'unknown-critical-extension',
  'name-constraints',
  'malformed-certificate',
  'weak-key',
  'weak-hash',
  'name-mismatch',
  'no-subject-alternative-name',
  'incomplete-chain',
  'browser-unsupported',
] as const;

export type ChainFindingCode = (typeof chainFindingCodes)[number];

export interface ChainFinding {
  /** `error`: the chain must not be brought in; `warning`: some clients refuse it; `info`: worth knowing. */
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: ChainFindingCode;
  readonly text: string;
  /** Position in the chain, 0 the end-entity certificate; undefined where the chain as a whole is meant. */
  readonly position?: number;
}

/** Rules for keys and hashes: high wants RSA of 3072 bits, and SHA-256 or better everywhere. */
export type SecurityLevel = 'standard' | 'high';

export interface ServerChainCheck {
  /** End-entity certificate first, as a server would send it. */
  readonly chain: readonly Certificate[];
  /** The server's private key (or its public half), where the match is to be checked. */
  readonly key?: KeyObject;
  readonly now: Date;
  /** False holds the findings on dates back and says so once. */
  readonly clockTrusted: boolean;
  readonly level?: SecurityLevel;
  /** Host names and addresses that the device is reached by; a certificate that matches none of them is a warning. */
  readonly hosts?: readonly string[];
}

/** All faults of a chain; no error among them means that a TLS server may serve it. */
export function validateServerChain(check: ServerChainCheck): readonly ChainFinding[] {
  const { chain, key, hosts } = check;
  const [leaf] = chain;
  if (leaf === undefined) return [error('empty-chain', 'the chain has no certificate')];
  return [
    ...(key === undefined || keyIdOf(key) === leaf.keyId
      ? []
      : [error('key-mismatch', 'the private key does not belong to the certificate', 0)]),
    ...chain.flatMap((certificate, position) => [
      ...linkFindings(chain, position),
      ...formFindings(certificate, position),
      ...strengthFindings(certificate, position, check.level ?? 'standard'),
    ]),
    ...leafFindings(leaf),
    ...chain.slice(1).flatMap((certificate, index) => issuerFindings(chain, certificate, index + 1)),
    ...constraintFindings(chain),
    ...dateFindings(check),
    ...browserFindings(leaf),
    ...(hosts === undefined ? [] : hostFindings(leaf, hosts)),
  ];
}

function linkFindings(chain: readonly Certificate[], position: number): ChainFinding[] {
  const certificate = chain[position]!;
  const issuer = chain[position + 1];
  if (issuer === undefined) {
    if (!isSelfIssued(certificate)) return [];
    return verifies(certificate, certificate)
      ? []
      : [
          error(
            'bad-signature',
            `${titled(certificate, position)} has a signature that its own key did not make`,
            position,
          ),
        ];
  }
  if (comparableName(certificate.issuer) !== comparableName(issuer.subject)) {
    const text = `${titled(certificate, position)} was issued by ${nameText(certificate.issuer)}, not by the next in the chain`;
    return [error('issuer-mismatch', text, position)];
  }
  if (!verifies(certificate, issuer)) {
    const text = `${titled(certificate, position)} has a signature that the next certificate's key did not make`;
    return [error('bad-signature', text, position)];
  }
  const wanted = certificate.authorityKeyIdentifier;
  return wanted !== undefined && issuer.subjectKeyIdentifier !== undefined && wanted !== issuer.subjectKeyIdentifier
    ? [error('issuer-mismatch', `${titled(certificate, position)} names another key of its issuer`, position)]
    : [];
}

/** RFC 5280 4.1 and 4.2: what every certificate must obey, as far as strict clients look at it. */
function formFindings(certificate: Certificate, position: number): ChainFinding[] {
  const findings: ChainFinding[] = [];
  const add = (code: ChainFindingCode, text: string): void => {
    findings.push(error(code, `${titled(certificate, position)} ${text}`, position));
  };
  if (certificate.version !== 3) {
    const text = `${titled(certificate, position)} is of version ${certificate.version}; browsers want version 3`;
    // An authority without basicConstraints is no authority, which is a finding of its own.
    findings.push(warning('malformed-certificate', text, position));
  }
  if (certificate.issuer.length === 0) add('malformed-certificate', 'has an empty issuer');
  if (certificate.notAfter < certificate.notBefore) add('malformed-certificate', 'ends before it begins');
  for (const { oid, critical } of certificate.extensions.values()) {
    if (critical && !handledExtensions.has(oid)) {
      add(
        'unknown-critical-extension',
        `has the critical extension ${extensionNames.get(oid) ?? oid}, which is not known`,
      );
    }
  }
  const { keyUsage, basicConstraints: constraints } = certificate;
  if (keyUsage?.size === 0) add('key-usage', 'has an empty keyUsage');
  if (keyUsage?.has(keyUsageBits.keyCertSign) === true && constraints?.ca !== true) {
    add('key-usage', 'may sign certificates and is not a certification authority');
  }
  if (constraints?.pathLength !== undefined && (!constraints.ca || keyUsage?.has(keyUsageBits.keyCertSign) === false)) {
    add('basic-constraints', 'limits a path length without being allowed to sign certificates');
  }
  const altName = certificate.extensions.get(extensionOids.subjectAltName);
  if (certificate.subject.length === 0 && altName?.critical !== true) {
    add('malformed-certificate', 'has an empty subject without a critical subjectAltName');
  }
  if (altName?.value.equals(emptySequence) === true) {
    add('malformed-certificate', 'has an empty subjectAltName');
  }
  const nameless = certificate.version === 3 && certificate.authorityKeyIdentifier === undefined;
  if (nameless && !isSelfIssued(certificate)) {
    add('malformed-certificate', 'has no authorityKeyIdentifier');
  }
  if (certificate.extensions.get(extensionOids.authorityKeyIdentifier)?.critical === true) {
    add('malformed-certificate', 'has a critical authorityKeyIdentifier');
  }
  if (certificate.extensions.get(extensionOids.subjectKeyIdentifier)?.critical === true) {
    add('malformed-certificate', 'has a critical subjectKeyIdentifier');
  }
  return findings;
}

function leafFindings(leaf: Certificate): ChainFinding[] {
  const findings: ChainFinding[] = [];
  if (leaf.basicConstraints?.ca === true) {
    findings.push(error('ca-as-leaf', 'the certificate is a certification authority and not that of a server', 0));
  }
  if (!allowsServerAuth(leaf)) {
    findings.push(error('extended-key-usage', 'the certificate is not for TLS servers: serverAuth is missing', 0));
  } else if (leaf.extendedKeyUsage === undefined) {
    findings.push(warning('extended-key-usage', 'the certificate has no extKeyUsage; some clients want serverAuth', 0));
  }
  const signs = leaf.keyUsage === undefined || leaf.keyUsage.has(keyUsageBits.digitalSignature);
  if (!signs) {
    // TLS 1.3 and ECDHE sign with the server's key (RFC 8446 4.4.2.2).
    findings.push(error('key-usage', 'the certificate is not for TLS servers: digitalSignature is missing', 0));
  }
  if (!leaf.subjectAltNames.some(({ type }) => type === 'dns' || type === 'ip')) {
    const text =
      'the certificate has no DNS name or address in its subjectAltName; clients do not look at the common name';
    findings.push(warning('no-subject-alternative-name', text, 0));
  }
  return findings;
}

function issuerFindings(chain: readonly Certificate[], certificate: Certificate, position: number): ChainFinding[] {
  const findings: ChainFinding[] = [];
  const add = (code: ChainFindingCode, text: string): void => {
    findings.push(error(code, `${titled(certificate, position)} ${text}`, position));
  };
  const { basicConstraints: constraints, keyUsage } = certificate;
  if (constraints?.ca !== true) add('not-a-ca', 'issued another and is not a certification authority');
  else if (certificate.extensions.get(extensionOids.basicConstraints)?.critical !== true) {
    add('basic-constraints', 'has basicConstraints that are not critical');
  }
  // RFC 5280 6.1.4 (l): certificates that issued themselves do not count, and neither does the end-entity certificate.
  const below = chain.slice(1, position).filter((each) => !isSelfIssued(each)).length;
  if (constraints?.pathLength !== undefined && below > constraints.pathLength) {
    add(
      'basic-constraints',
      `allows ${constraints.pathLength} certification authorities below it, and there are ${below}`,
    );
  }
  // RFC 5280 4.2.1.3: conforming authorities must include keyUsage.
  if (keyUsage === undefined) add('key-usage', 'is a certification authority without keyUsage');
  else if (!keyUsage.has(keyUsageBits.keyCertSign)) add('key-usage', 'is not allowed to sign certificates');
  if (!allowsServerAuth(certificate)) add('extended-key-usage', 'does not allow certificates of TLS servers below it');
  if (certificate.subject.length === 0) add('malformed-certificate', 'is a certification authority without a name');
  if (certificate.subjectKeyIdentifier === undefined) add('malformed-certificate', 'has no subjectKeyIdentifier');
  return findings;
}

/** RFC 5280 6.1.4 (g): certificates that issued themselves are exempt, the end-entity certificate never. */
function constraintFindings(chain: readonly Certificate[]): ChainFinding[] {
  return chain.flatMap((authority, above) =>
    chain.slice(0, above).flatMap((certificate, position) => {
      if (position > 0 && isSelfIssued(certificate)) return [];
      const broken = constraintBroken(authority, certificate, position);
      if (broken === undefined) return [];
      return [
        error('name-constraints', `${titled(authority, above)} ${broken} in ${titled(certificate, position)}`, above),
      ];
    }),
  );
}

function constraintBroken(authority: Certificate, certificate: Certificate, position: number): string | undefined {
  try {
    return brokenConstraint(authority, certificate, position === 0);
  } catch (thrown) {
    if (thrown instanceof X509Error) return `has name constraints that are damaged`;
    throw thrown;
  }
}

/** What browsers refuse though the standards allow it. */
function browserFindings(leaf: Certificate): ChainFinding[] {
  const findings: ChainFinding[] = [];
  const { keyAlgorithm } = leaf;
  if (keyAlgorithm === 'ec-p521' || keyAlgorithm.startsWith('ed')) {
    findings.push(warning('browser-unsupported', `browsers do not offer signatures by a key ${keyAlgorithm}`, 0));
  }
  const days = (leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 86_400_000;
  if (days > browserDays) {
    const text = `the certificate is valid for ${Math.ceil(days)} days; browsers refuse more than ${browserDays}`;
    findings.push(warning('browser-unsupported', text, 0));
  }
  return findings;
}

function allowsServerAuth({ extendedKeyUsage: purposes }: Certificate): boolean {
  return purposes === undefined || purposes.includes(purposeOids.serverAuth);
}

function dateFindings({ chain, now, clockTrusted }: ServerChainCheck): ChainFinding[] {
  if (!clockTrusted) {
    return [info('clock-untrusted', 'the clock is not trusted yet; the dates of the certificates were not looked at')];
  }
  return chain.flatMap((certificate, position) => {
    const name = titled(certificate, position);
    if (now > certificate.notAfter) {
      return [error('expired', `${name} expired on ${certificate.notAfter.toISOString()}`, position)];
    }
    return now < certificate.notBefore
      ? [error('not-yet-valid', `${name} is not valid before ${certificate.notBefore.toISOString()}`, position)]
      : [];
  });
}

function strengthFindings(certificate: Certificate, position: number, level: SecurityLevel): ChainFinding[] {
  const findings: ChainFinding[] = [];
  const name = titled(certificate, position);
  const { keyAlgorithm, signature } = certificate;
  const minimum = level === 'high' ? 3072 : 2048;
  const bits = Number(/^rsa(?:-pss)?-(\d+)$/.exec(keyAlgorithm)?.[1] ?? Number.NaN);
  if (bits < minimum) {
    findings.push(
      error('weak-key', `${name} has an RSA key of ${bits} bits; level ${level} wants ${minimum}`, position),
    );
  } else if (Number.isNaN(bits) && !strongKeys.has(keyAlgorithm)) {
    findings.push(
      error('weak-key', `${name} has a key ${keyAlgorithm}, which is weak or which TLS does not use`, position),
    );
  }
  // The signature of a root is not relied on: the root is trusted for itself.
  const trusted = position > 0 && isSelfSigned(certificate);
  if (!trusted && !strongHashes.has(signature.hash ?? '')) {
    findings.push(error('weak-hash', `${name} is signed with ${signature.name}, which is weak or not known`, position));
  }
  return findings;
}

function hostFindings(leaf: Certificate, hosts: readonly string[]): ChainFinding[] {
  const missing = hosts.filter((host) => !matchesHost(leaf, host));
  if (missing.length === 0) return [];
  return [warning('name-mismatch', `the certificate does not name ${missing.join(', ')}`, 0)];
}

function titled(certificate: Certificate, position: number): string {
  return position === 0 ? 'the certificate' : `the issuer's certificate ${nameText(certificate.subject)}`;
}

function error(code: ChainFindingCode, text: string, position?: number): ChainFinding {
  return { severity: 'error', code, text, ...(position === undefined ? {} : { position }) };
}

function warning(code: ChainFindingCode, text: string, position: number): ChainFinding {
  return { severity: 'warning', code, text, position };
}

function info(code: ChainFindingCode, text: string): ChainFinding {
  return { severity: 'info', code, text };
}

/** What Apple's platforms allow since 2019 from any authority. */
const browserDays = 825;

const emptySequence = Buffer.from('3000', 'hex');

const strongKeys: ReadonlySet<string> = new Set(['ec-p256', 'ec-p384', 'ec-p521', 'ed25519', 'ed448']);

const strongHashes: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512', 'shake256']);

/** Critical extensions that this module, or the path validation, obeys. */
const handledExtensions: ReadonlySet<string> = new Set([
  extensionOids.basicConstraints,
  extensionOids.keyUsage,
  extensionOids.extendedKeyUsage,
  extensionOids.subjectAltName,
  extensionOids.authorityKeyIdentifier,
  extensionOids.subjectKeyIdentifier,
  extensionOids.certificatePolicies,
  extensionOids.nameConstraints,
  extensionOids.crlDistributionPoints,
]);
