/**
 * Judging a certificate chain as that of a TLS server or client, one finding per fault. What OpenSSL's strict mode refuses
 * for the purpose sslserver is an error of a server's chain (RFC 5280 sections 4 and 6, RFC 9325 for keys and hashes).
 */

import type { KeyObject } from 'node:crypto';
import { type BrowserReason, browserFactsOf, browserReasons } from './browsers.js';
import { type Certificate, isSelfIssued } from './certificate.js';
import { type ChainFinding, type ChainFindingCode, error, info, titled, warning } from './findings.js';
import { profileFindings, type SecurityLevel, strengthFindings, substanceFindings } from './form.js';
import { namesIssuer, SignatureChecks } from './issuers.js';
import { keyIdOf } from './key.js';
import { nameText, type RdnSequence } from './name.js';
import { constraintFindings } from './name-constraints.js';
import { type PolicyInputs, policyFindings } from './policies.js';
import { issuerFindings, leafFindings, type Purpose } from './purpose.js';
import { resourceFindings } from './resources.js';

export interface ChainCircumstances {
  readonly now: Date;
  /** False holds the findings on dates back and says so once. */
  readonly clockTrusted: boolean;
  /** `standard` where absent. */
  readonly level?: SecurityLevel;
}

export interface ServerChainCheck extends ChainCircumstances {
  /** End-entity certificate first, as a server would send it. */
  readonly chain: readonly Certificate[];
  /** The server's private key (or its public half), where the match is to be checked. */
  readonly key?: KeyObject;
}

/** All faults of a chain; no error among them means that a TLS server may serve it. */
export function validateServerChain({ key, ...check }: ServerChainCheck): readonly ChainFinding[] {
  const [leaf] = check.chain;
  if (leaf === undefined) return [error('empty-chain', 'the chain has no certificate')];
  return [
    ...(key === undefined || keyIdOf(key) === leaf.keyId
      ? []
      : [error('key-mismatch', 'the private key does not belong to the certificate', 0)]),
    ...judgeChain({
      ...check,
      purpose: 'server',
      // A root that came along is what the chain hangs on, and no part of the path (RFC 5280 6.1).
      anchored: isSelfIssued(check.chain.at(-1)!),
      signatures: new SignatureChecks(),
    }),
    ...browserFindings(leaf),
  ];
}

export interface ChainJudgement extends ChainCircumstances {
  /** Not empty. */
  readonly chain: readonly Certificate[];
  readonly purpose: Purpose;
  /** True where the last certificate is a trust anchor. */
  readonly anchored: boolean;
  readonly policies?: PolicyInputs;
  readonly signatures: SignatureChecks;
}

/** What a peer would say of the chain, the part that concerns browsers left out. */
export function judgeChain(judgement: ChainJudgement): readonly ChainFinding[] {
  const { chain, purpose, anchored, level = 'standard' } = judgement;
  if (chain.length > longestChain) {
    return [error('chain-too-long', `the chain has ${chain.length} certificates; ${longestChain} are the most`)];
  }
  // What a server presents must satisfy the strictest client; of a client's chain, the profile is its issuer's affair.
  const profile = purpose === 'server' ? 'error' : 'warning';
  const trusted = anchored && purpose === 'client' ? chain.length - 1 : chain.length;
  return [
    ...chain.flatMap((certificate, position) => [
      ...linkFindings(judgement, position),
      ...(position < trusted || position === 0
        ? [...substanceFindings(certificate, position), ...profileFindings(certificate, position, profile)]
        : []),
      ...strengthFindings(certificate, position, level),
    ]),
    ...leafFindings(chain[0]!, purpose),
    ...chain.flatMap((certificate, position) =>
      position === 0 || (position >= trusted && certificate.version === 1)
        ? []
        : issuerFindings(chain, position, purpose, profile),
    ),
    ...constraintFindings(chain),
    ...resourceFindings(chain),
    ...policyFindings(chain, anchored, judgement.policies),
    ...dateFindings(judgement),
  ];
}

function linkFindings({ chain, signatures }: ChainJudgement, position: number): ChainFinding[] {
  const certificate = chain[position]!;
  const issuer = chain[position + 1];
  const name = titled(certificate, position);
  if (issuer === undefined) {
    if (!isSelfIssued(certificate)) return [];
    if (!namesIssuer(certificate, certificate)) {
      return [error('issuer-mismatch', `${name} issued itself and names another key or certificate`, position)];
    }
    return signatures.verifies(certificate, certificate)
      ? []
      : [error('bad-signature', `${name} has a signature that its own key did not make`, position)];
  }
  if (certificate.comparableIssuer !== issuer.comparableSubject) {
    const text = `${name} was issued by ${nameText(certificate.issuer)}, not by the next in the chain`;
    return [error('issuer-mismatch', text, position)];
  }
  if (!signatures.verifies(certificate, issuer)) {
    return [error('bad-signature', `${name} has a signature that the next certificate's key did not make`, position)];
  }
  if (!namesIssuer(certificate, issuer)) {
    return [error('issuer-mismatch', `${name} names another key or certificate of its issuer`, position)];
  }
  if (isSameSpelling(certificate.issuer, issuer.subject)) return [];
  // RFC 5280 7.1 does not ask for the same octets; GnuTLS and NSS do.
  const text = `${name} spells the name of its issuer otherwise than its issuer does, which some clients refuse`;
  return [warning('issuer-mismatch', text, position)];
}

function isSameSpelling(one: RdnSequence, other: RdnSequence): boolean {
  const octets = (name: RdnSequence): string =>
    name
      .flat()
      .map(({ der }) => der.toString('latin1'))
      .join();
  return octets(one) === octets(other);
}

/** Browsers are some of a server's clients: what they alone refuse is a warning. */
function browserFindings(leaf: Certificate): ChainFinding[] {
  // A purpose that is written and wrong, and a weak hash, are errors for everybody.
  const told = (reason: BrowserReason): boolean =>
    reason.aspect !== 'signature' && (reason.aspect !== 'purpose' || leaf.extendedKeyUsage === undefined);
  return browserReasons(browserFactsOf(leaf))
    .filter(told)
    .map(({ aspect, text }) => warning(browserCodes[aspect], text, 0));
}

function dateFindings({ chain, now, clockTrusted }: ChainJudgement): ChainFinding[] {
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

const browserCodes: Readonly<Record<BrowserReason['aspect'], ChainFindingCode>> = {
  key: 'browser-unsupported',
  validity: 'browser-unsupported',
  signature: 'browser-unsupported',
  names: 'no-subject-alternative-name',
  purpose: 'extended-key-usage',
};

/** Longer chains do not occur, and GnuTLS takes no more. */
export const longestChain = 16;
