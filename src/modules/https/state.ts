/** Computed state: facts about the installed certificates, and what the service presents. */
import type { StateProvider } from '../../datastore/index.js';
import { type Certificate, describe, isIssuer, isSelfSigned, matchesHost, readCertificate } from '../../x509/index.js';
import type { JsonObject, JsonValue } from '../../yang/index.js';
import { type Installed, readInstalled } from './entry.js';

export interface StateParts {
  readonly now: () => number;
  /** Names and addresses that the device is reached by. */
  readonly hosts: () => readonly string[];
  /** What is presented now. */
  readonly served: () => Served | undefined;
}

export interface Served {
  /** '' where the factory certificate stands in for the tree's. */
  readonly certificate: string;
  readonly fingerprint: string;
  readonly level: string;
}

const day = 86_400_000;

export function httpsState(parts: StateParts): readonly StateProvider[] {
  const facts = new FactCache();
  return [
    {
      path: '/signet-https:https/certificate/state',
      read: (root, instance) => {
        const name = String(instance.steps[1]?.keys?.[0] ?? '');
        return certificateState(readInstalled(root.system, name), facts, parts);
      },
    },
    { path: '/signet-https:https/state', read: () => servedState(parts.served()) },
  ];
}

/** What a notification or an action's output tells of a certificate: the grouping new-certificate. */
export function certificateFacts(name: string, installed: Installed, now: number): JsonObject {
  const described = describe(readCertificate(Buffer.from(installed.chain[0] ?? '', 'base64')));
  return {
    certificate: name,
    'fingerprint-sha256': described.fingerprintSha256,
    'not-after': dateAndTime(described.notAfter),
    'not-after-epoch': epoch(described.notAfter),
    'days-remaining': daysRemaining(described.notAfter, now),
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

function certificateState(installed: Installed | undefined, cache: FactCache, parts: StateParts): JsonValue {
  if (installed === undefined) return { validity: 'absent' };
  const facts = cache.of(installed);
  const now = parts.now();
  const hosts = parts.hosts();
  const matches = hosts.some((host) => matchesHost(facts.leaf, host));
  const remaining = daysRemaining(facts.notAfter, now);
  return {
    ...facts.fixed,
    'days-remaining': remaining,
    'matches-host': matches,
    validity: validity(facts, now),
    finding: matches
      ? []
      : [
          {
            severity: 'warning',
            text: `the certificate does not hold for ${hosts.join(' or ')}, by which the device is reached`,
          },
        ],
  };
}

/** Expiring from the smaller of 90 days and a third of the lifetime before the end on. */
function validity(facts: Facts, now: number): string {
  if (now < facts.notBefore.getTime()) return 'not-yet-valid';
  const left = facts.notAfter.getTime() - now;
  if (left < 0) return 'expired';
  const lifetime = facts.notAfter.getTime() - facts.notBefore.getTime();
  return left <= Math.min(90 * day, lifetime / 3) ? 'expiring' : 'valid';
}

function servedState(served: Served | undefined): JsonValue | undefined {
  if (served === undefined) return undefined;
  return {
    certificate: served.certificate,
    'fingerprint-sha256': served.fingerprint,
    'security-level': served.level,
  };
}

interface Facts {
  readonly leaf: Certificate;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** What time does not change. */
  readonly fixed: JsonObject;
}

/** Parsed certificates by their octets, the latest 256: a walk over the table reads each certificate once, not once a column. */
class FactCache {
  readonly #facts = new Map<string, Facts>();

  of(installed: Installed): Facts {
    const key = installed.chain.join();
    const known = this.#facts.get(key);
    if (known !== undefined) return known;
    const made = readFacts(installed);
    if (this.#facts.size >= 256) {
      const [oldest] = this.#facts.keys();
      if (oldest !== undefined) this.#facts.delete(oldest);
    }
    this.#facts.set(key, made);
    return made;
  }
}

function readFacts(installed: Installed): Facts {
  const certificates = installed.chain.map((each) => readCertificate(Buffer.from(each, 'base64')));
  const [leaf] = certificates;
  if (leaf === undefined) throw new RangeError('an installed chain is empty');
  const described = describe(leaf);
  return {
    leaf,
    notBefore: described.notBefore,
    notAfter: described.notAfter,
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
      'chain-complete': isComplete(certificates),
    },
  };
}

/** Each issued by the next; a leaf alone is complete only if it is self-signed, since its issuer cannot be told from here. */
function isComplete(chain: readonly Certificate[]): boolean {
  const linked = chain.every((certificate, index) => {
    const issuer = chain[index + 1];
    return issuer === undefined || isIssuer(issuer, certificate);
  });
  const [leaf] = chain;
  return linked && (chain.length > 1 || (leaf !== undefined && isSelfSigned(leaf)));
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
