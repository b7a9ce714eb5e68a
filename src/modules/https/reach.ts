/** Warnings of a commit after which clients may no longer come in: none of them is wrong, each has kept an administrator out. */
import { isIPv4 } from 'node:net';
import type { Change, Finding, Root } from '../../datastore/index.js';
import type { Clock } from '../../southbound/index.js';
import { type Certificate, type GeneralName, namesOrCommonName } from '../../x509/index.js';
import { leaf, text } from '../read.js';
import { hostFindings } from './chain.js';
import { asksForAnother, entryPaths, httpsContainer, installedChanged, readEntry, readInstalled } from './entry.js';
import { dateAndTime } from './facts.js';
import { followsDevice, listenOf, type Reach, reachedBy } from './names.js';
import { readParameters } from './service.js';
import { storedCertificate } from './stored.js';

export interface ReachParts extends Reach {
  readonly clock: Clock;
}

/** `presented`: the names of the entries that a root presents. Pure. */
export function judgeReach(
  change: Change,
  presented: (root: Root) => ReadonlySet<string>,
  parts: ReachParts,
): readonly Finding[] {
  if (change.cause !== 'commit') return [];
  return [
    ...clientFindings(change),
    ...addressFindings(change, parts),
    ...unnamedFindings(change),
    ...presentedFindings(change, presented, parts),
  ];
}

function clientFindings({ before, after, confirmed }: Change): readonly Finding[] {
  const requires = ({ config }: Root) => readParameters(httpsContainer(config)).clientCertificates === 'required';
  if (!requires(after) || requires(before)) return [];
  const text = 'from now on HTTPS is for clients with a certificate of an authority in ca-certs alone';
  return [warning('/signet-https:https/client-authentication', trial(text, confirmed))];
}

function addressFindings({ before, after, confirmed }: Change, parts: ReachParts): readonly Finding[] {
  const isOutside = (root: Root) =>
    isEnabled(root) && listenOf(root, parts).some(({ address }) => !isLoopback(address));
  if (!isOutside(before) || isOutside(after)) return [];
  const text = isEnabled(after)
    ? 'from now on HTTPS is for clients on this device alone'
    : 'from now on there is no HTTPS; the local socket and the other services stay';
  return [warning(`/signet-https:https/${isEnabled(after) ? 'listen' : 'enabled'}`, trial(text, confirmed))];
}

function unnamedFindings({ before, after, confirmed }: Change): readonly Finding[] {
  if (serverCertificate(before) === undefined || serverCertificate(after) !== undefined) return [];
  const text = `no certificate is named any more: ${standIn}`;
  return [warning('/signet-https:https/server-certificate', trial(text, confirmed))];
}

/** What a certificate was judged by when it was installed may have changed until it is presented. */
function presentedFindings(
  change: Change,
  presented: (root: Root) => ReadonlySet<string>,
  parts: ReachParts,
): readonly Finding[] {
  const { before, after, instance } = change;
  const former = presented(before);
  return [...presented(after)].flatMap((name): readonly Finding[] => {
    const path = entryPaths(instance, name).entry.toString();
    if (isEmpty(name, after)) {
      const isNew =
        !former.has(name) || !isEmpty(name, before) || serverCertificate(before) !== serverCertificate(after);
      const instead = name === serverCertificate(after) ? standIn : "the service's own is presented in its place";
      const text = `no certificate is installed for ${name} yet: ${instead}`;
      return isNew ? [warning(path, trial(text, change.confirmed))] : [];
    }
    const isBrought = installedChanged(before, after, name);
    const isOwn = readEntry(after.config, name)?.source === 'self-signed';
    const declared = isBrought ? undefined : declaredNames(name, before, after);
    if (declared !== undefined) {
      return hostFindings(declared, reachedBy(after, parts)).map(({ text }) => warning(path, text));
    }
    const [own] = readInstalled(after.system, name)?.chain ?? [];
    // What an authority returned was judged when it came.
    if (own === undefined || (isBrought ? !isOwn : former.has(name))) return [];
    const certificate = storedCertificate(own);
    const misfits = hostFindings(certificate, reachedBy(after, parts)).map(({ text }) => text);
    return [...dateTexts(certificate, parts.clock), ...misfits].map((text) => warning(path, text));
  });
}

/** True where an authority has yet to return what is to be presented. */
function isEmpty(name: string, root: Root): boolean {
  const entry = readEntry(root.config, name);
  return entry?.source === 'ca-signed' && entry.chain.length === 0 && readInstalled(root.system, name) === undefined;
}

function serverCertificate({ config }: Root): string | undefined {
  const https = httpsContainer(config);
  return https === undefined ? undefined : text(https, 'server-certificate');
}

/** The names of a certificate that the commit is going to issue; undefined where it issues none, or one for the names of the device. */
function declaredNames(name: string, before: Root, after: Root): readonly GeneralName[] | undefined {
  const entry = readEntry(after.config, name);
  if (entry?.source !== 'self-signed' || followsDevice(entry)) return undefined;
  const known = readEntry(before.config, name);
  const isIssued = known === undefined || asksForAnother(known, entry);
  return isIssued ? namesOrCommonName(entry.subjectAltNames, entry.subject) : undefined;
}

function dateTexts({ notBefore, notAfter }: Certificate, clock: Clock): readonly string[] {
  if (!clock.trusted()) return [];
  const now = clock.now();
  if (now > notAfter.getTime()) return [`the certificate expired on ${dateAndTime(notAfter)}`];
  return now < notBefore.getTime() ? [`the certificate is not valid before ${dateAndTime(notBefore)}`] : [];
}

function isEnabled({ config }: Root): boolean {
  const https = httpsContainer(config);
  return https === undefined || leaf(https, 'enabled') !== false;
}

function isLoopback(address: string): boolean {
  return isIPv4(address) ? address.startsWith('127.') : address === '::1';
}

function trial(text: string, confirmed: boolean | undefined): string {
  return confirmed === false ? `${text}; a confirm timeout makes a change go back by itself` : text;
}

function warning(path: string, text: string): Finding {
  return { severity: 'warning', path, text };
}

/** Clients that know the former certificate do not know this one. */
const standIn = 'a factory certificate is presented in its place, whose fingerprint stands in https.state';
