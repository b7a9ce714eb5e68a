/** Trust anchors and revocation lists as the tree holds them: read, and judged where they are written. */
import type { Change, Finding, Root } from '../../datastore/index.js';
import {
  type Certificate,
  type ListFault,
  listFaults,
  type RevocationList,
  readCertificate,
  readRevocationList,
  X509Error,
} from '../../x509/index.js';
import type { Branch } from '../../yang/index.js';
import { container, list, text, texts } from '../read.js';
import { clockCodes } from './chain.js';
import { httpsContainer } from './entry.js';

/**
 * The authorities that a server chain has to lead to; none where every one of them stands for clients alone
 * (client-authentication/ca-certs): an authority for clients says nothing of who certifies the device.
 */
export function serverAnchors(root: Root): readonly Certificate[] {
  const https = httpsContainer(root.config);
  const anchors = [...(list(https, 'trust-anchor') ?? [])];
  const clients = new Set(clientAnchorNames(https));
  if (anchors.every((anchor) => clients.has(text(anchor, 'name') ?? ''))) return [];
  return anchors.flatMap((anchor) => certificatesOf(anchor));
}

export function clientAnchorNames(https: Branch | undefined): readonly string[] {
  const clients = container(https, 'client-authentication');
  return clients === undefined ? [] : texts(clients, 'ca-certs');
}

/** Octets that are no certificate, or one that is no authority. */
export function judgeAnchors(change: Change): readonly Finding[] {
  if (!change.touches('/signet-https:https/trust-anchor')) return [];
  const before = list(httpsContainer(change.before.config), 'trust-anchor');
  return [...(list(httpsContainer(change.after.config), 'trust-anchor') ?? [])].flatMap((anchor) => {
    const name = text(anchor, 'name') ?? '';
    if (before?.get([name]) === anchor) return [];
    const path = `/signet-https:https/trust-anchor[name='${name}']/certificate`;
    return texts(anchor, 'certificate').flatMap((each, index) => judgeAnchor(each, index, path));
  });
}

/** Lists that cannot be read or revoke nobody; at level high also those that are not current, where the change brings them or the level in. */
export function judgeRevocationLists(
  change: Change,
  level: string,
  clock: { readonly now: number; readonly trusted: boolean },
): readonly Finding[] {
  const touches = (name: string) => change.touches(`/signet-https:https/${name}`);
  const touched = touches('client-authentication') || touches('security-level');
  if (!touched && !touches('trust-anchor')) return [];
  const https = httpsContainer(change.after.config);
  const clients = container(https, 'client-authentication');
  const read = (clients === undefined ? [] : texts(clients, 'crl')).map(readList);
  const lists = read.filter((each) => typeof each !== 'string');
  const authorities = lists.length === 0 ? [] : clientAnchors(https);
  const findings = read.flatMap((each, index): readonly Finding[] => {
    const which = `revocation list ${index + 1}`;
    if (typeof each === 'string') return [{ severity: 'error', path: listPath, text: `${which}: ${each}` }];
    return [
      ...listFaults(each, lists, authorities).map((fault) => unusable(fault, which, level)),
      ...(touched && clock.trusted ? judgeCurrency(each, which, level, clock.now) : []),
    ];
  });
  return change.cause === 'rollback' ? findings.filter(({ appTag }) => !clockCodes.has(appTag ?? '')) : findings;
}

function clientAnchors(https: Branch | undefined): readonly Certificate[] {
  const anchors = list(https, 'trust-anchor');
  return clientAnchorNames(https).flatMap((name) => {
    const anchor = anchors?.get([name]);
    return anchor === undefined ? [] : certificatesOf(anchor);
  });
}

/** Level high refuses what is seen to keep nobody out; that of an authority which only clients send cannot be seen. */
function unusable({ code, text }: ListFault, which: string, level: string): Finding {
  const refused = code === 'forged' || (level === 'high' && code !== 'unknown-issuer');
  return {
    severity: refused ? 'error' : 'warning',
    path: listPath,
    text: `${which} ${text}`,
    appTag: 'revocation-list-unusable',
  };
}

function judgeCurrency(read: RevocationList, which: string, level: string, now: number): readonly Finding[] {
  const { thisUpdate, nextUpdate } = read;
  const isCurrent = thisUpdate.getTime() <= now && nextUpdate !== undefined && nextUpdate.getTime() >= now;
  if (isCurrent) return [];
  const text =
    nextUpdate === undefined
      ? `${which} does not say when the next one comes`
      : `${which} holds from ${thisUpdate.toISOString()} to ${nextUpdate.toISOString()}; level high needs a current one`;
  return [
    { severity: level === 'high' ? 'error' : 'warning', path: listPath, text, appTag: 'revocation-list-expired' },
  ];
}

function judgeAnchor(encoded: string, index: number, path: string): readonly Finding[] {
  try {
    const certificate = readCertificate(Buffer.from(encoded, 'base64'));
    if (certificate.basicConstraints?.ca === true || certificate.version === 1) return [];
    const text = `certificate ${index + 1} is not that of a certification authority`;
    return [{ severity: 'warning', path, text }];
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
    return [{ severity: 'error', path, text: `certificate ${index + 1}: ${error.message}` }];
  }
}

function readList(encoded: string): RevocationList | string {
  try {
    return readRevocationList(Buffer.from(encoded, 'base64'));
  } catch (error) {
    if (error instanceof X509Error) return error.message;
    throw error;
  }
}

/** What cannot be read counts as absent: it was refused when it was written. */
export function certificatesOf(anchor: Branch): readonly Certificate[] {
  return texts(anchor, 'certificate').flatMap((each) => {
    try {
      return [readCertificate(Buffer.from(each, 'base64'))];
    } catch (error) {
      if (error instanceof X509Error) return [];
      throw error;
    }
  });
}

const listPath = '/signet-https:https/client-authentication/crl';
