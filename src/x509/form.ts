/**
 * What each certificate of a chain must obey for itself: its form (RFC 5280 4.1 and 4.2, as far as OpenSSL's strict mode
 * looks), its key and the hash of its signature (RFC 9325 4 and 4.5).
 */

import { type Certificate, isSelfIssued, isSelfSigned } from './certificate.js';
import { readDistributionPoints } from './distribution-points.js';
import { X509Error } from './errors.js';
import { keyUsageBits } from './extensions.js';
import { type ChainFinding, type ChainFindingCode, error, titled, warning } from './findings.js';
import { extensionNames, extensionOids } from './oids.js';

/** Rules for keys and hashes: high wants RSA of 3072 bits, and SHA-256 or better everywhere. */
export type SecurityLevel = 'standard' | 'high';

/** What no validator lets pass (RFC 5280 6.1.4 (o)), and what stands for another use than TLS. */
export function substanceFindings(certificate: Certificate, position: number): ChainFinding[] {
  const { add, findings } = collector(certificate, position, 'error');
  for (const { oid, critical } of certificate.extensions.values()) {
    if (critical && !handledExtensions.has(oid)) {
      const name = extensionNames.get(oid) ?? oid;
      add('unknown-critical-extension', `has the critical extension ${name}, which is not known`);
    }
  }
  if (certificate.extensions.has(extensionOids.proxyCertInfo)) {
    add('malformed-certificate', 'is a proxy certificate (RFC 3820), which TLS peers do not take');
  }
  if (certificate.explicitCurve) {
    add('weak-key', 'has a key whose curve is spelled out instead of named (RFC 5480 2.1.1)');
  }
  if (certificate.notAfter < certificate.notBefore) add('malformed-certificate', 'ends before it begins');
  const points = certificate.extensions.get(extensionOids.crlDistributionPoints);
  if (points !== undefined && distributionFault(points.value)) {
    add('malformed-certificate', 'has damaged crlDistributionPoints');
  }
  return findings;
}

/**
 * The profile of RFC 5280 4 that issuers owe and strict clients check. `severity` is that of its faults: a server must
 * not present what strict clients refuse, while of a client's chain they are only worth a warning.
 */
export function profileFindings(
  certificate: Certificate,
  position: number,
  severity: 'error' | 'warning',
): ChainFinding[] {
  const { add, findings } = collector(certificate, position, severity);
  if (certificate.version !== 3) {
    // An authority without basicConstraints is no authority, which is a finding of its own.
    const text = `${titled(certificate, position)} is of version ${certificate.version}; browsers want version 3`;
    findings.push(warning('malformed-certificate', text, position));
  }
  if (certificate.issuer.length === 0) add('malformed-certificate', 'has an empty issuer');
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
  if (certificate.subject.length === 0 && keyUsage?.has(keyUsageBits.cRLSign) === true) {
    add('malformed-certificate', 'may sign revocation lists and has an empty subject');
  }
  if (altName?.value.equals(emptySequence) === true) add('malformed-certificate', 'has an empty subjectAltName');
  const nameless = certificate.version === 3 && certificate.authorityKeyIdentifier?.keyIdentifier === undefined;
  if (nameless && !isSelfIssued(certificate)) add('malformed-certificate', 'has no authorityKeyIdentifier');
  for (const name of ['authorityKeyIdentifier', 'subjectKeyIdentifier'] as const) {
    if (certificate.extensions.get(extensionOids[name])?.critical === true) {
      add('malformed-certificate', `has a critical ${name}`);
    }
  }
  return findings;
}

/** Keys and hashes by security level. */
export function strengthFindings(certificate: Certificate, position: number, level: SecurityLevel): ChainFinding[] {
  const { add, findings } = collector(certificate, position, 'error');
  const { keyAlgorithm, signature } = certificate;
  const minimum = level === 'high' ? 3072 : 2048;
  const bits = Number(/^rsa(?:-pss)?-(\d+)$/.exec(keyAlgorithm)?.[1] ?? Number.NaN);
  if (bits < minimum) add('weak-key', `has an RSA key of ${bits} bits; level ${level} wants ${minimum}`);
  else if (Number.isNaN(bits) && !strongKeys.has(keyAlgorithm)) {
    add('weak-key', `has a key ${keyAlgorithm}, which is weak or which TLS does not use`);
  }
  // The signature of a root is not relied on: the root is trusted for itself.
  const trusted = position > 0 && isSelfSigned(certificate);
  if (!trusted && !strongHashes.has(signature.hash ?? '')) {
    add('weak-hash', `is signed with ${signature.name}, which is weak or not known`);
  }
  return findings;
}

interface Collector {
  readonly findings: ChainFinding[];
  readonly add: (code: ChainFindingCode, text: string) => void;
}

function collector(certificate: Certificate, position: number, severity: 'error' | 'warning'): Collector {
  const findings: ChainFinding[] = [];
  const make = severity === 'error' ? error : warning;
  return {
    findings,
    add: (code, text) => {
      findings.push(make(code, `${titled(certificate, position)} ${text}`, position));
    },
  };
}

function distributionFault(value: Buffer): boolean {
  try {
    readDistributionPoints(value);
    return false;
  } catch (thrown) {
    if (thrown instanceof X509Error) return true;
    throw thrown;
  }
}

const emptySequence = Buffer.from('3000', 'hex');

const strongKeys: ReadonlySet<string> = new Set(['ec-p256', 'ec-p384', 'ec-p521', 'ed25519', 'ed448']);

const strongHashes: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512', 'shake256']);

/** Critical extensions that are obeyed: here, by the purpose, or by the validation of the path. */
const handledExtensions: ReadonlySet<string> = new Set([
  extensionOids.basicConstraints,
  extensionOids.keyUsage,
  extensionOids.extendedKeyUsage,
  extensionOids.subjectAltName,
  extensionOids.authorityKeyIdentifier,
  extensionOids.subjectKeyIdentifier,
  extensionOids.certificatePolicies,
  extensionOids.policyMappings,
  extensionOids.policyConstraints,
  extensionOids.inhibitAnyPolicy,
  extensionOids.nameConstraints,
  extensionOids.crlDistributionPoints,
  extensionOids.ipAddressBlocks,
  extensionOids.autonomousSystems,
  extensionOids.netscapeCertType,
  extensionOids.ocspNoCheck,
  extensionOids.proxyCertInfo,
]);
