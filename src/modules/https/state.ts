/** Computed state: facts about the installed certificates, and what the service presents. */
import type { Finding, Root, StateProvider } from '../../datastore/index.js';
import type { Clock } from '../../southbound/index.js';
import type { Branch, InstanceIdentifier, JsonObject, JsonValue } from '../../yang/index.js';
import { below, container } from '../read.js';
import { hostFindings } from './chain.js';
import { entryBranch, readInstalledIn } from './entry.js';
import { validityOf, warnDays } from './expiry.js';
import { dateAndTime, daysRemaining, type Facts, readFacts } from './facts.js';
import { levelOf } from './judge.js';
import { type Reach, reachedBy } from './names.js';
import type { Served } from './service.js';

export interface StateParts extends Reach {
  readonly clock: Clock;
  readonly hasKey: (keyId: string) => boolean;
  /** What is presented now. */
  readonly served: () => Served | undefined;
  /** The transaction that installed what stands in `installed`. */
  readonly installedBy: (installed: Branch, root: Root) => string | undefined;
  /** The plain value of a sealed leaf of `root`. */
  readonly secret: (path: InstanceIdentifier, root: Root) => string | undefined;
}

export function httpsState(parts: StateParts): readonly StateProvider[] {
  const facts = new FactCache();
  return [
    {
      path: '/signet-https:https/certificate/state',
      read: (root, instance) => {
        const name = String(instance.steps[1]?.keys?.[0] ?? '');
        return certificateState(root, facts.of(entryBranch(root.system, name)), parts);
      },
    },
    {
      path: '/signet-https:https/certificate/installed/transaction',
      read: (root, instance) => {
        const branch = container(entryBranch(root.system, String(instance.steps[1]?.keys?.[0] ?? '')), 'installed');
        return branch === undefined ? undefined : parts.installedBy(branch, root);
      },
    },
    {
      path: '/signet-https:https/certificate/request/pem',
      read: (root, instance) => {
        const { parent } = instance;
        const schema = parent?.last?.schema;
        return parent === undefined || schema?.kind !== 'container'
          ? undefined
          : parts.secret(below(parent, schema, 'sealed-pem'), root);
      },
    },
    { path: '/signet-https:https/state', read: () => servedState(parts.served()) },
  ];
}

interface Known {
  readonly keyId: string;
  readonly facts: Facts;
}

function certificateState(root: Root, known: Known | undefined, parts: StateParts): JsonValue {
  if (known === undefined) return { validity: 'absent' };
  const { facts } = known;
  const now = parts.clock.now();
  const misfits = hostFindings(facts.leaf, reachedBy(root, parts));
  const validity = validityOf(facts, warnDays(root), parts.clock);
  const findings = [
    ...(parts.hasKey(known.keyId) ? [] : [lostKey]),
    ...dateFindings(validity, facts),
    ...facts.findings(levelOf(root)),
    ...misfits,
  ];
  return {
    ...facts.fixed,
    'days-remaining': daysRemaining(facts.notAfter, now),
    'matches-host': misfits.length === 0,
    validity,
    finding: findings.map(({ severity, text }) => ({ severity, text })),
  };
}

const lostKey: Omit<Finding, 'path'> = {
  severity: 'error',
  text: 'the private key is lost, so that the certificate cannot be presented; make a new one',
};

function dateFindings(validity: string, { notBefore, notAfter }: Facts): readonly Omit<Finding, 'path'>[] {
  const until = dateAndTime(notAfter);
  const texts: Readonly<Record<string, Omit<Finding, 'path'>>> = {
    expired: { severity: 'error', text: `the certificate expired on ${until}` },
    expiring: { severity: 'warning', text: `the certificate expires on ${until}` },
    'not-yet-valid': { severity: 'error', text: `the certificate is not valid before ${dateAndTime(notBefore)}` },
    'clock-untrusted': { severity: 'info', text: 'the clock is not trusted yet; the dates were not looked at' },
  };
  const found = texts[validity];
  return found === undefined ? [] : [found];
}

function servedState(served: Served | undefined): JsonValue | undefined {
  if (served === undefined) return undefined;
  return {
    certificate: served.certificate,
    'fingerprint-sha256': served.fingerprint,
    'security-level': served.level,
  } satisfies JsonObject;
}

/** Parsed certificates by the node that holds them: it never changes, and goes when no root holds it any more. */
class FactCache {
  readonly #facts = new WeakMap<Branch, Known>();

  of(entry: Branch | undefined): Known | undefined {
    const branch = container(entry, 'installed');
    if (branch === undefined) return undefined;
    const known = this.#facts.get(branch);
    if (known !== undefined) return known;
    const installed = readInstalledIn(branch);
    if (installed === undefined) return undefined;
    const made = { keyId: installed.keyId, facts: readFacts(installed) };
    this.#facts.set(branch, made);
    return made;
  }
}
