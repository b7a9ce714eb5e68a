/** Issuing and installing: what `amend` makes for a changed entry, and what the actions make on request. */
import type { AmendContext, Change } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { KeyStore } from '../../southbound/index.js';
import { type KeyGenerator, type KeyPair, makeRequest, makeSelfSigned, type SubjectFields } from '../../x509/index.js';
import { readServerChain } from './chain.js';
import {
  type CertificateEntry,
  type EntryPaths,
  entryPaths,
  type Installed,
  installedChanged,
  installedJson,
  readEntry,
  readInstalled,
  readRequest,
  touchedEntries,
} from './entry.js';
import { loadKey, storeKey } from './keys.js';
import { refusal } from './refusal.js';

export interface IssueParts {
  readonly generator: KeyGenerator;
  readonly keys: KeyStore;
  /** The clock, milliseconds since the epoch. */
  readonly now: () => number;
  /** The common name of a certificate whose entry has no subject. */
  readonly deviceName: () => string;
}

/** Makes what the changed entries lack: the key pair, the self-signed certificate, or the record of an installed chain. */
export async function amendEntries(change: Change, context: AmendContext, parts: IssueParts): Promise<void> {
  for (const name of touchedEntries(change)) {
    const entry = readEntry(change.after.config, name);
    if (entry === undefined) continue;
    // An action or a rollback brings the installed pair itself.
    if (installedChanged(change.before, change.after, name)) continue;
    const paths = entryPaths(change.instance, name);
    const installed = readInstalled(change.after.system, name);
    if (entry.source === 'ca-signed') await amendChain(entry, installed, change, context, paths, parts);
    else await amendSelfSigned(entry, installed, change, context, paths, parts);
  }
}

/** A new self-signed certificate for the entry, on `key` or on a new key pair, which is in the key store on return. */
export async function issueSelfSigned(
  entry: CertificateEntry,
  parts: IssueParts,
  options: {
    readonly reuse?: Installed | undefined;
    readonly validityDays?: number;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Installed> {
  return refusal(entry.name, async () => {
    const key = await keyFor(entry, options.reuse?.keyId, parts, options.signal);
    const made = await makeSelfSigned({
      privateKey: key.privateKey,
      subject: effectiveSubject(entry, parts),
      subjectAltNames: entry.subjectAltNames,
      signatureHash: entry.signatureHash,
      validityDays: options.validityDays ?? entry.validityDays,
      now: new Date(parts.now()),
    });
    return {
      keyId: key.keyId,
      chain: [made.der.toString('base64')],
      passPhraseHash: options.reuse?.passPhraseHash,
    };
  });
}

export interface RequestOptions {
  readonly reuse: string | undefined;
  readonly challengePassword: string | undefined;
  readonly unstructuredName: string | undefined;
  readonly signal?: AbortSignal;
}

/** A certificate request for the entry, on an existing key or a new one, which is in the key store on return. */
export async function issueRequest(
  entry: CertificateEntry,
  parts: IssueParts,
  options: RequestOptions,
): Promise<{ readonly keyId: string; readonly pem: string; readonly newKey: boolean }> {
  return refusal(entry.name, async () => {
    const key = await keyFor(entry, options.reuse, parts, options.signal);
    const { pem } = await makeRequest({
      privateKey: key.privateKey,
      subject: effectiveSubject(entry, parts),
      subjectAltNames: entry.subjectAltNames,
      signatureHash: entry.signatureHash,
      ...(options.challengePassword === undefined ? {} : { challengePassword: options.challengePassword }),
      ...(options.unstructuredName === undefined ? {} : { unstructuredName: options.unstructuredName }),
    });
    return { keyId: key.keyId, pem, newKey: key.keyId !== options.reuse };
  });
}

async function amendSelfSigned(
  entry: CertificateEntry,
  installed: Installed | undefined,
  change: Change,
  context: AmendContext,
  paths: EntryPaths,
  parts: IssueParts,
): Promise<void> {
  const before = readEntry(change.before.config, entry.name);
  const usable = installed !== undefined && (await parts.keys.has(installed.keyId));
  if (usable && before !== undefined && !asksForAnother(before, entry)) return;
  if (usable && change.cause === 'rollback') return;
  const sameKey = before === undefined || before.keyAlgorithm === entry.keyAlgorithm;
  const reuse = usable && sameKey ? installed : undefined;
  const issued = await issueSelfSigned(entry, parts, { reuse, signal: context.signal });
  context.set(paths.installed, installedJson(issued));
}

/** Subject, names, hash, validity or source: the same key serves; another key algorithm: a new key (CONTRACT). */
function asksForAnother(before: CertificateEntry, after: CertificateEntry): boolean {
  const asked = (entry: CertificateEntry) =>
    JSON.stringify([
      entry.source,
      entry.keyAlgorithm,
      entry.signatureHash,
      entry.subject,
      entry.subjectAltNames,
      entry.validityDays,
    ]);
  return asked(before) !== asked(after);
}

async function amendChain(
  entry: CertificateEntry,
  installed: Installed | undefined,
  change: Change,
  context: AmendContext,
  paths: EntryPaths,
  parts: IssueParts,
): Promise<void> {
  if (entry.chain.length === 0) return;
  const chain = readServerChain(entry.chain, paths.chain.toString());
  const encoded = chain.certificates.map((certificate) => certificate.der.toString('base64'));
  if (installed !== undefined && encoded.join() === installed.chain.join()) return;
  const { keyId } = chain;
  if (!(await parts.keys.has(keyId))) {
    throw new ConfigError({
      tag: 'invalid-value',
      path: paths.chain.toString(),
      message:
        'private key does not belong to the certificate: no key of this device matches it; install it together with its key, or have the request of this entry signed',
    });
  }
  const request = readRequest(change.after.system, entry.name);
  const origin = [request, installed].find((each) => each?.keyId === keyId);
  context.set(paths.installed, installedJson({ keyId, chain: encoded, passPhraseHash: origin?.passPhraseHash }));
  if (request?.keyId === keyId) context.remove(paths.request);
}

async function keyFor(
  entry: CertificateEntry,
  reuse: string | undefined,
  parts: IssueParts,
  signal: AbortSignal | undefined,
): Promise<Pick<KeyPair, 'privateKey' | 'keyId'>> {
  if (reuse !== undefined) return { privateKey: await loadKey(parts.keys, reuse), keyId: reuse };
  const made = await parts.generator.generate(entry.keyAlgorithm, signal);
  await storeKey(parts.keys, made.privateKey);
  return made;
}

function effectiveSubject(entry: CertificateEntry, parts: IssueParts): SubjectFields {
  return Object.keys(entry.subject).length > 0 ? entry.subject : { commonName: parts.deviceName() };
}
