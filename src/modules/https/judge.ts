/** Everything about the https subtree that can be judged without making anything: the handler's `validate`. */
import { isIP } from 'node:net';
import type { Change, Finding, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { Clock, TlsParameters, UnusedChoices } from '../../southbound/index.js';
import {
  type GeneralName,
  generalNameFault,
  type SecurityLevel,
  signatureHashFault,
  subjectFaults,
  usageFaults,
  validateServerChain,
} from '../../x509/index.js';
import { list, text } from '../read.js';
import { clientAnchorNames, judgeAnchors, judgeRevocationLists, serverAnchors } from './anchors.js';
import { judgeDeclared, judgePresented } from './browser.js';
import { type Circumstances, clockCodes, judgeChain, readServerChain } from './chain.js';
import { judgeRules } from './clients.js';
import {
  asksForAnother,
  type CertificateEntry,
  entryPaths,
  httpsContainer,
  installedChanged,
  readEntry,
  readInstalled,
  touchedEntries,
} from './entry.js';
import { type Reach, reachedBy } from './names.js';
import { judgeReach } from './reach.js';
import { readParameters } from './service.js';
import { storedCertificate } from './stored.js';

export interface JudgeParts extends Reach {
  readonly clock: Clock;
  /** Whether a private key is at hand. */
  readonly hasKey: (keyId: string) => boolean;
  /** What of the choices is not in force; throws ConfigError where nothing is left to negotiate. Pure. */
  readonly checkParameters: (parameters: TlsParameters) => UnusedChoices;
}

export function judgeChange(change: Change, parts: JudgeParts): readonly Finding[] {
  const level = levelOf(change.after);
  const { clock } = parts;
  return [
    ...[...touchedEntries(change)].flatMap((name) => judgeEntry(name, change, parts)),
    ...judgeAnchors(change),
    ...judgeRevocationLists(change, level, { now: clock.now(), trusted: clock.trusted() }),
    ...judgeRules(change),
    ...judgeParameters(change, parts),
    ...judgeHigh(change, level),
    ...judgePresented(change),
    ...judgeReach(change, presentedNames, parts),
  ];
}

/** What a chain that is brought into `root` is judged by. */
export function circumstancesOf(root: Root, parts: Pick<JudgeParts, 'clock'> & Reach): Circumstances {
  return {
    clock: parts.clock,
    level: levelOf(root),
    hosts: reachedBy(root, parts),
    anchors: serverAnchors(root),
  };
}

export function levelOf(root: Root): SecurityLevel {
  const https = httpsContainer(root.config);
  return https !== undefined && text(https, 'security-level') === 'high' ? 'high' : 'standard';
}

/** The names of the entries that the service presents. */
export function presentedNames(root: Root): ReadonlySet<string> {
  const https = httpsContainer(root.config);
  const names = [...(list(https, 'sni') ?? [])].map((entry) => text(entry, 'certificate') ?? '');
  const main = https === undefined ? undefined : text(https, 'server-certificate');
  return new Set(main === undefined ? names : [main, ...names]);
}

function judgeEntry(name: string, change: Change, parts: JudgeParts): readonly Finding[] {
  const entry = readEntry(change.after.config, name);
  if (entry === undefined) return [];
  const { entry: path, chain } = entryPaths(change.instance, name);
  const before = readEntry(change.before.config, name);
  const isAllowed = (given: GeneralName) => change.cause !== 'commit' || !isNewAddress(given, before);
  const findings = [...judgeNames(entry, path.toString(), isAllowed), ...judgeHash(entry, path.toString())];
  if (entry.source === 'self-signed') {
    const text = 'a chain goes with source ca-signed, not with self-signed';
    if (entry.chain.length > 0) findings.push({ severity: 'error', path: chain.toString(), text });
    const isAsked = before === undefined || asksForAnother(before, entry);
    if (isAsked) findings.push(...judgeDeclared(entry, path.toString()));
    const isIssued = isAsked || installedChanged(change.before, change.after, name);
    if (isIssued && change.cause === 'commit' && !parts.clock.trusted()) {
      findings.push({ ...datesInDoubt(entry), path: path.toString() });
    }
  } else if (entry.chain.length > 0 && bringsIn(change, entry)) {
    findings.push(...judgeBroughtIn(entry, chain.toString(), change, parts));
  }
  return findings;
}

/** What is issued now has its dates from a clock that nobody has set yet. */
function datesInDoubt({ autoRenew }: CertificateEntry): Omit<Finding, 'path'> {
  const text = 'the clock is not trusted yet, and the dates of the certificate are taken from it';
  return autoRenew
    ? { severity: 'info', text: `${text}; it is renewed when the clock is right`, appTag: 'clock-untrusted' }
    : { severity: 'warning', text: `${text}; set the clock and make it anew`, appTag: 'clock-untrusted' };
}

/** What neither a certificate nor a request could hold, at the leaf that says it. */
function judgeNames(entry: CertificateEntry, path: string, isAllowed: (name: GeneralName) => boolean): Finding[] {
  const faults = [...subjectFaults(entry.subject), ...usageFaults(entry.usage, entry.keyAlgorithm)];
  const subject = faults.map(({ field, message }) => ({
    severity: 'error' as const,
    path: `${path}/${field.replaceAll('.', '/')}`,
    text: message,
  }));
  const names = entry.subjectAltNames.flatMap((name) => {
    const fault = isAllowed(name) ? generalNameFault(name)?.message : addressAsDns;
    if (fault === undefined) return [];
    const value = name.value.includes("'") ? `"${name.value.replaceAll('"', '""')}"` : `'${name.value}'`;
    const at = `${path}/subject-alternative-name[type='${name.type}'][value=${value}]`;
    return [{ severity: 'error' as const, path: at, text: fault }];
  });
  return [...subject, ...names];
}

/**
 * RFC 5280 4.2.1.6: an address stands in iPAddress, and no client looks for one among DNS names (RFC 9525 6.5). An entry that
 * has such a name from before can be changed, renewed and gone back to.
 */
function isNewAddress({ type, value }: GeneralName, before: CertificateEntry | undefined): boolean {
  if (type !== 'dns' || isIP(value) === 0) return false;
  return before?.subjectAltNames.some((known) => known.type === type && known.value === value) !== true;
}

const addressAsDns = 'an IP address is not a DNS name: give it as type ip';

function judgeHash(entry: CertificateEntry, path: string): Finding[] {
  const reason = signatureHashFault(entry.signatureHash);
  return reason === undefined ? [] : [{ severity: 'error', path: `${path}/signature-hash`, text: reason }];
}

function bringsIn(change: Change, entry: CertificateEntry): boolean {
  const before = readEntry(change.before.config, entry.name);
  return before?.source !== 'ca-signed' || before.chain.join() !== entry.chain.join();
}

/** Going back to a root that was in force is not held up by time having passed. */
function judgeBroughtIn(entry: CertificateEntry, path: string, change: Change, parts: JudgeParts): readonly Finding[] {
  try {
    const circumstances = circumstancesOf(change.after, parts);
    const chain = readServerChain(entry.chain, path, { roots: circumstances.anchors });
    // What the action `install` set with the chain tells of a root that came along and was left out.
    const known = readInstalled(change.after.system, entry.name);
    const isComplete = known?.reachesRoot === true && known.chain.join() === entry.chain.join();
    const findings = judgeChain(isComplete ? { ...chain, remarks: [] } : chain, path, circumstances);
    if (change.cause === 'rollback') return findings.filter(({ appTag }) => !clockCodes.has(appTag ?? ''));
    return parts.hasKey(chain.keyId) ? findings : [{ severity: 'error', path, text: noKey }, ...findings];
  } catch (error) {
    const { message, tag } = ConfigError.from(error);
    return [{ severity: 'error', path, text: message, tag }];
  }
}

function judgeParameters(change: Change, parts: JudgeParts): readonly Finding[] {
  const touched = ['security-level', 'hello-params'].some((name) => change.touches(`/signet-https:https/${name}`));
  if (!touched) return [];
  try {
    const { cipherSuites, groups } = parts.checkParameters(readParameters(httpsContainer(change.after.config)));
    const unused = (path: string, text: string) => ({
      severity: 'warning' as const,
      path: `${helloParams}/${path}`,
      text,
    });
    return [
      ...cipherSuites.map((name) =>
        unused(
          'cipher-suites/cipher-suite',
          `${name} is not offered: the security level or the TLS versions rule it out`,
        ),
      ),
      ...groups.map((name) => unused('groups', `${name} is not offered: the security level rules it out`)),
    ];
  } catch (error) {
    return ConfigError.from(error)
      .all()
      .map(({ message, tag }) => ({ severity: 'error' as const, path: parameterPath(message), text: message, tag }));
  }
}

/** Level high asks for client certificates, and for strong keys and hashes in all that is presented. */
function judgeHigh(change: Change, level: SecurityLevel): readonly Finding[] {
  if (level !== 'high') return [];
  const https = httpsContainer(change.after.config);
  const findings: Finding[] = [];
  if (clientAnchorNames(https).length === 0) {
    const text = 'level high requires client certificates: name a trust anchor in client-authentication/ca-certs first';
    findings.push({ severity: 'error', path: '/signet-https:https/security-level', text });
  }
  for (const name of presentedNames(change.after)) {
    findings.push(...weakFindings(name, change));
  }
  return findings;
}

function weakFindings(name: string, change: Change): readonly Finding[] {
  const entry = readEntry(change.after.config, name);
  if (entry === undefined) return [];
  const path = entryPaths(change.instance, name).entry.toString();
  const before = readEntry(change.before.config, name);
  const isReissued = entry.source === 'self-signed' && (before === undefined || asksForAnother(before, entry));
  if (isReissued) {
    const text = 'an RSA key of 2048 bits is too short: level high needs 3072';
    return entry.keyAlgorithm === 'rsa-2048' ? [{ severity: 'error', path: `${path}/key-algorithm`, text }] : [];
  }
  const installed = readInstalled(change.after.system, name);
  if (installed === undefined) return [];
  const chain = installed.chain.map(storedCertificate);
  return validateServerChain({ chain, now: new Date(0), clockTrusted: false, level: 'high' })
    .filter(({ code }) => code === 'weak-key' || code === 'weak-hash')
    .map(({ text, code }) => ({ severity: 'error' as const, path, text, appTag: code }));
}

/** The node of hello-params that a refusal of the TLS room is about. */
function parameterPath(message: string): string {
  if (message.startsWith('no group ')) return `${helloParams}/groups`;
  if (message.includes('TLS version')) return `${helloParams}/tls-versions`;
  return `${helloParams}/cipher-suites/cipher-suite`;
}

const helloParams = '/signet-https:https/hello-params';

export const noKey =
  'private key does not belong to the certificate: no key of this device matches it; install it together with its key, or have the request of this entry signed';
