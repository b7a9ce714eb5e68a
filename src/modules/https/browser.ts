/** What only browsers refuse of a certificate: said wherever one is declared, and held up where one is going to be presented. */
import type { Change, Finding, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { type BrowserReason, browserFactsOf, browserReasons } from '../../x509/index.js';
import { list, text } from '../read.js';
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
import type { Served } from './service.js';
import { storedCertificate } from './stored.js';

/** What browsers will not take of a certificate that the commit is going to issue for `entry`, at the leaf that asks for it. */
export function judgeDeclared(entry: CertificateEntry, path: string): readonly Finding[] {
  return declaredReasons(entry).map(({ aspect, text: reason }) => ({
    severity: 'warning',
    path: `${path}/${aspect === 'key' ? 'key-algorithm' : 'validity-days'}`,
    text: reason,
    appTag: browserUnsupported,
  }));
}

/**
 * A certificate that browsers refuse is presented only for a trial: an error where the commit stays without being confirmed,
 * a warning where it goes back by itself or is only judged. What was presented with the same fault before is not held up,
 * so that a renewal goes through, and neither is going back.
 */
export function judgePresented(change: Change): readonly Finding[] {
  if (change.cause !== 'commit') return [];
  const before = presented(change.before);
  const touched = touchedEntries(change);
  return [...presented(change.after)].flatMap(([place, name]): readonly Finding[] => {
    const entry = readEntry(change.after.config, name);
    if (entry === undefined) return [];
    const former = before.get(place);
    const isSame = former === name && !installedChanged(change.before, change.after, name);
    if (isSame && !touched.has(name)) return [];
    const formerReasons = former === undefined ? [] : reasonsOf(former, change.before, change.before);
    const known = new Set(formerReasons.map(({ aspect }) => aspect));
    const reasons = reasonsOf(name, change.before, change.after).filter(({ aspect }) => !known.has(aspect));
    if (isSame && reasons.length === 0) return [];
    const path = entryPaths(change.instance, name).entry.toString();
    return reasons.map(({ text: reason }) =>
      change.confirmed === false
        ? { severity: 'error', path, text: `${reason}; ${askForTrial}`, appTag: browserUnsupported }
        : { severity: 'warning', path, text: reason, appTag: browserUnsupported },
    );
  });
}

/**
 * The verdict of a trial handshake as browsers make it, which sees what no rule does (groups and suites that are left): a refusal
 * where the change stays without being confirmed. What browsers did not get through to before, when `former` was open to them, is
 * not held up.
 */
export function judgeHandshake(
  change: Change,
  path: string,
  { former, refusal }: { readonly former: Served | undefined; readonly refusal: string | undefined },
): ConfigError | undefined {
  const isHeldUp = change.cause === 'commit' && change.confirmed === false && former?.suitsBrowsers !== false;
  if (refusal === undefined || !isHeldUp) return undefined;
  return new ConfigError({
    tag: 'invalid-value',
    path,
    message: `${refusal}; ${askForTrial}`,
    appTag: browserUnsupported,
  });
}

/** The entries that the service presents, by where: '' for all clients, else by server name. */
function presented(root: Root): ReadonlyMap<string, string> {
  const https = httpsContainer(root.config);
  const found = new Map<string, string>();
  const main = https === undefined ? undefined : text(https, 'server-certificate');
  if (main !== undefined) found.set('', main);
  for (const entry of list(https, 'sni') ?? []) {
    found.set(text(entry, 'server-name') ?? '', text(entry, 'certificate') ?? '');
  }
  return found;
}

/** Of what `after` has or, where it is going to be issued anew, declares. */
function reasonsOf(name: string, before: Root, after: Root): readonly BrowserReason[] {
  const entry = readEntry(after.config, name);
  if (entry === undefined) return [];
  const installed = readInstalled(after.system, name);
  const former = readEntry(before.config, name);
  const isReissued = entry.source === 'self-signed' && former !== undefined && asksForAnother(former, entry);
  if (installed === undefined || (isReissued && !installedChanged(before, after, name))) return declaredReasons(entry);
  const leaf = storedCertificate(installed.chain[0] ?? '');
  return browserReasons(browserFactsOf(leaf)).filter(({ aspect }) => heldUp.has(aspect));
}

function declaredReasons({ keyAlgorithm, validityDays }: CertificateEntry): readonly BrowserReason[] {
  return browserReasons({ keyAlgorithm, validityDays });
}

/** Names and purposes are judged with the chain. */
const heldUp: ReadonlySet<BrowserReason['aspect']> = new Set(['key', 'validity', 'signature']);

const browserUnsupported = 'browser-unsupported';

const askForTrial = 'give a confirm timeout, so that the change goes back by itself where nobody can reach the device';
