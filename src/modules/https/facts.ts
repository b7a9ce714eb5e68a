/** Facts about an installed certificate: what state, notifications and outputs tell of it. */
import type { Finding } from '../../datastore/index.js';
import {
  type Certificate,
  certificateTerm,
  describe,
  isCompleteChain,
  readCertificate,
  type SecurityLevel,
} from '../../x509/index.js';
import type { JsonObject } from '../../yang/index.js';
import { chainFindings } from './chain.js';
import type { Installed } from './entry.js';

export const day = 86_400_000;

export interface Facts {
  readonly leaf: Certificate;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly fingerprint: string;
  readonly selfSigned: boolean;
  /** What time does not change. */
  readonly fixed: JsonObject;
  /** Faults of the chain that neither clock nor names nor anchors bear on. */
  readonly findings: (level: SecurityLevel) => readonly Omit<Finding, 'path'>[];
}

/** What a notification or an action's output tells of a certificate: the grouping new-certificate. */
export function certificateFacts(name: string, installed: Installed, now: number): JsonObject {
  const { fingerprint, notAfter } = certificateTerm(Buffer.from(installed.chain[0] ?? '', 'base64'));
  return expiryFacts(name, fingerprint, notAfter, now);
}

/** The same from what is known already. */
export function expiryFacts(name: string, fingerprintSha256: string, notAfter: Date, now: number): JsonObject {
  return {
    certificate: name,
    'fingerprint-sha256': fingerprintSha256,
    'not-after': dateAndTime(notAfter),
    'not-after-epoch': epoch(notAfter),
    'days-remaining': daysRemaining(notAfter, now),
  };
}

/** ietf-yang-types date-and-time, in UTC, whole seconds. */
export function dateAndTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Whole days until then; negative once it is over. */
export function daysRemaining(notAfter: Date, now: number): number {
  return Math.floor((notAfter.getTime() - now) / day);
}

export function readFacts(installed: Installed): Facts {
  const certificates = installed.chain.map((each) => readCertificate(Buffer.from(each, 'base64')));
  const [leaf] = certificates;
  if (leaf === undefined) throw new RangeError('an installed chain is empty');
  const described = describe(leaf);
  const byLevel = new Map<SecurityLevel, readonly Omit<Finding, 'path'>[]>();
  return {
    leaf,
    notBefore: described.notBefore,
    notAfter: described.notAfter,
    fingerprint: described.fingerprintSha256,
    selfSigned: described.selfSigned,
    fixed: {
      subject: cut(described.subject),
      issuer: cut(described.issuer),
      'serial-number': evenHex(described.serialNumber),
      'not-before': dateAndTime(described.notBefore),
      'not-after': dateAndTime(described.notAfter),
      'not-after-epoch': epoch(described.notAfter),
      'fingerprint-sha256': described.fingerprintSha256,
      'key-algorithm': described.keyAlgorithm,
      'self-signed': described.selfSigned,
      'chain-complete': installed.reachesRoot || isCompleteChain(certificates, []),
    },
    findings(level) {
      const known = byLevel.get(level);
      if (known !== undefined) return known;
      const clock = { now: () => 0, trusted: () => false };
      const found = chainFindings(certificates, { clock, level, hosts: [], anchors: [] });
      const fixed = found.filter(({ appTag }) => appTag !== 'clock-untrusted');
      byLevel.set(level, fixed);
      return fixed;
    },
  };
}

/** Seconds; a date beyond 2106 does not fit into an Unsigned32 and is told as its largest value. */
function epoch(date: Date): number {
  return Math.min(Math.max(Math.floor(date.getTime() / 1000), 0), 0xffff_ffff);
}

/** Whole octets: an odd number of digits gets a leading zero. */
function evenHex(digits: string): string {
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

function cut(text: string): string {
  return text.length <= 255 ? text : `${text.slice(0, 254)}…`;
}
