/** The names and addresses that the device is reached by, and those that a certificate of its own gets. */
import { isIP } from 'node:net';
import type { Root } from '../../datastore/index.js';
import type { Endpoint } from '../../southbound/index.js';
import { type GeneralName, generalNameFault, type SubjectFields, subjectFaults } from '../../x509/index.js';
import { leaf, list, text } from '../read.js';
import { type CertificateEntry, httpsContainer } from './entry.js';

export interface Reach {
  /** The names of the device, and every address of its own that is not of loopback. */
  readonly hosts: () => readonly string[];
  /** Where to listen whatever the tree says; from the command line. */
  readonly listenOverride: readonly Endpoint[] | undefined;
  /** Where to listen if the tree has no entry. */
  readonly listenDefault: readonly Endpoint[];
}

export function listenOf(root: Root, parts: Pick<Reach, 'listenOverride' | 'listenDefault'>): readonly Endpoint[] {
  if (parts.listenOverride !== undefined) return parts.listenOverride;
  const configured = [...(list(httpsContainer(root.config), 'listen') ?? [])].map((entry) => ({
    address: text(entry, 'address') ?? '',
    port: Number(leaf(entry, 'port')),
  }));
  return configured.length > 0 ? configured : parts.listenDefault;
}

/** The names of the device and the addresses that it listens on; all of its own where it listens on any. */
export function reachedBy(root: Root, parts: Reach): readonly string[] {
  const hosts = parts.hosts();
  const addresses = listenOf(root, parts).flatMap(({ address }) => {
    if (address === '0.0.0.0') return hosts.filter((host) => isIP(host) === 4);
    return address === '::' ? hosts.filter((host) => isIP(host) !== 0) : [address];
  });
  return [...new Set([...hosts.filter((host) => isIP(host) === 0), ...addresses])];
}

/** What a certificate of an entry says it stands for. */
export interface Identity {
  readonly subject: SubjectFields;
  readonly subjectAltNames: readonly GeneralName[];
}

/**
 * As configured; an entry without subject and names gets the device's own: its name as common name, and as alternative
 * names all that it is reached by but IPv6 addresses of a wildcard, which come and go (RFC 8981).
 */
export function identityOf(entry: CertificateEntry, root: Root, deviceName: string, parts: Reach): Identity {
  const { subject, subjectAltNames } = entry;
  if (Object.keys(subject).length > 0) return { subject, subjectAltNames };
  const own = deviceSubject(deviceName);
  if (subjectAltNames.length > 0) return { subject: own, subjectAltNames };
  return { subject: own, subjectAltNames: deviceNames(root, deviceName, parts) };
}

/** The name of the device as far as a common name holds it (RFC 5280 A.1, ub-common-name): a certificate can always be made. */
export function deviceSubject(deviceName: string): SubjectFields {
  const commonName = Array.from(deviceName).slice(0, longestCommonName).join('').trim();
  return commonName !== '' && subjectFaults({ commonName }).length === 0 ? { commonName } : { commonName: 'signet' };
}

/** True where the names of the certificate follow those of the device. */
export function followsDevice(entry: CertificateEntry): boolean {
  return Object.keys(entry.subject).length === 0 && entry.subjectAltNames.length === 0;
}

function deviceNames(root: Root, deviceName: string, parts: Reach): readonly GeneralName[] {
  const fixed = new Set(listenOf(root, parts).map(({ address }) => address));
  return [...new Set([deviceName, ...reachedBy(root, parts)])]
    .filter((host) => isIP(host) !== 6 || fixed.has(host))
    .map((value): GeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
    .filter((name) => generalNameFault(name) === undefined);
}

const longestCommonName = 64;
