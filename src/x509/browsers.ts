/** What browsers refuse of a server certificate though the standards allow it. */

import type { Certificate } from './certificate.js';
import { keyOids } from './oids.js';

/** As much as is known of a certificate, be it one that exists or one that is going to be issued. */
export interface BrowserFacts {
  /** As the schema spells it, see keyAlgorithmOf. */
  readonly keyAlgorithm: string;
  /** Between not-before and not-after. */
  readonly validityDays: number;
  /** The hash of the signature where it is known (`sha256`). */
  readonly signatureHash?: string | undefined;
  /** Whether there is a DNS name or an address among its alternative names; undefined where it is not known. */
  readonly named?: boolean | undefined;
  /** Whether its purposes are written and have serverAuth among them; undefined where it is not known. */
  readonly forServers?: boolean | undefined;
}

export interface BrowserReason {
  /** What of the certificate is at fault. */
  readonly aspect: 'key' | 'validity' | 'signature' | 'names' | 'purpose';
  readonly text: string;
}

/** Every reason for which browsers will refuse the certificate; empty where they take it. Pure. */
export function browserReasons(facts: BrowserFacts): readonly BrowserReason[] {
  const { keyAlgorithm, validityDays, signatureHash, named, forServers } = facts;
  const reasons: BrowserReason[] = [];
  const add = (aspect: BrowserReason['aspect'], text: string): void => {
    reasons.push({ aspect, text });
  };
  if (!browserKeys.test(keyAlgorithm)) add('key', `browsers do not offer signatures by a key ${keyAlgorithm}`);
  if (validityDays > browserDays) {
    add(
      'validity',
      `the certificate is valid for ${Math.ceil(validityDays)} days; browsers refuse more than ${browserDays}`,
    );
  }
  if (signatureHash !== undefined && !browserHashes.has(signatureHash)) {
    add('signature', `browsers refuse certificates that are signed with ${signatureHash}`);
  }
  if (named === false) {
    add(
      'names',
      'the certificate has no DNS name or address in its subjectAltName; clients do not look at the common name',
    );
  }
  if (forServers === false)
    add('purpose', 'the certificate has no extKeyUsage with serverAuth, which browsers ask for');
  return reasons;
}

/** The facts of a certificate that was read. */
export function browserFactsOf(certificate: Certificate): BrowserFacts {
  return {
    keyAlgorithm: certificate.explicitCurve ? `ec with explicit parameters (${keyOids.ec})` : certificate.keyAlgorithm,
    validityDays: (certificate.notAfter.getTime() - certificate.notBefore.getTime()) / 86_400_000,
    signatureHash: certificate.signature.hash ?? certificate.signature.name,
    named: isNamed(certificate),
    forServers: certificate.extendedKeyUsage?.includes(serverAuth) ?? false,
  };
}

/** True where a DNS name or an address stands in the subjectAltName, the only names that clients look at (RFC 9525). */
export function isNamed({ subjectAltNames }: Certificate): boolean {
  return subjectAltNames.some(({ type }) => type === 'dns' || type === 'ip');
}

/** What Apple's platforms allow since 2019 from any authority. */
const browserDays = 825;

/** RSA with PKCS#1 keys, and the two curves that every browser has: no P-521, no Edwards curves, no RSASSA-PSS keys. */
const browserKeys = /^(rsa-\d+|ec-p256|ec-p384)$/;

const browserHashes: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

const serverAuth = '1.3.6.1.5.5.7.3.1';
