/** Issuing and installing: what `amend` makes for a changed entry, and what the actions make on request. */
import type { AmendContext, Change, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { Clock } from '../../southbound/index.js';
import { type KeyGenerator, type KeyPair, makeRequest, makeSelfSigned } from '../../x509/index.js';
import { serverAnchors } from './anchors.js';
import { readServerChain } from './chain.js';
import {
  asksForAnother,
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
import { noKey } from './judge.js';
import type { KeyRing } from './keys.js';
import { identityOf, type Reach } from './names.js';
import { refusal } from './refusal.js';

export interface IssueParts extends Reach {
  readonly generator: KeyGenerator;
  readonly keys: KeyRing;
  readonly clock: Clock;
  /** The common name of a certificate whose entry has no subject. */
  readonly deviceName: () => string;
}

/** Makes what the changed entries lack: the key pair, the self-signed certificate, or the record of an installed chain. */
export async function amendEntries(change: Change, context: AmendContext, parts: IssueParts): Promise<void> {
  for (const name of touchedEntries(change)) {
    const entry = readEntry(change.after.config, name);
    if (entry === undefined) continue;
    const paths = entryPaths(change.instance, name);
    const installed = readInstalled(change.after.system, name);
    // An action or a rollback brings the installed pair itself; a factory reset takes it away for another.
    const isBrought = installed !== undefined || change.cause === 'rollback';
    if (isBrought && installedChanged(change.before, change.after, name)) continue;
    if (entry.source === 'ca-signed') await amendChain(entry, installed, change, context, paths, parts);
    else await amendSelfSigned(entry, installed, change, context, paths, parts);
  }
}

/** A new self-signed certificate for the entry of `root`, on the key of `reuse` or on a new one, which is staged then. */
export async function issueSelfSigned(
  entry: CertificateEntry,
  root: Root,
  parts: IssueParts,
  options: {
    readonly keyId?: string;
    readonly reuse?: Installed | undefined;
    readonly validityDays?: number;
    readonly passPhraseHash?: string | undefined;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Installed> {
  return refusal(entry.name, async () => {
    const key = await keyFor(entry, { ...options, reuse: options.keyId ?? options.reuse?.keyId }, parts);
    const made = await makeSelfSigned({
      privateKey: key.privateKey,
      ...identityOf(entry, root, parts.deviceName(), parts),
      ...entry.usage,
      signatureHash: entry.signatureHash,
      validityDays: options.validityDays ?? entry.validityDays,
      now: new Date(parts.clock.now()),
    });
    return {
      keyId: key.keyId,
      chain: [made.der.toString('base64')],
      passPhraseSet: (await parts.keys.passPhraseHash(key.keyId)) !== undefined,
      reachesRoot: true,
    };
  });
}

export interface RequestOptions {
  readonly reuse: string | undefined;
  readonly challengePassword: string | undefined;
  readonly unstructuredName: string | undefined;
  /** Of the pass phrase that a new key is made with. */
  readonly passPhraseHash: string | undefined;
  readonly signal?: AbortSignal;
}

/** A certificate request for the entry of `root`, on an existing key or a new one, which is staged then. */
export async function issueRequest(
  entry: CertificateEntry,
  root: Root,
  parts: IssueParts,
  options: RequestOptions,
): Promise<{ readonly keyId: string; readonly pem: string; readonly newKey: boolean }> {
  return refusal(entry.name, async () => {
    const key = await keyFor(entry, options, parts);
    const { pem } = await makeRequest({
      privateKey: key.privateKey,
      ...identityOf(entry, root, parts.deviceName(), parts),
      ...entry.usage,
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
  const usable = installed !== undefined && (await parts.keys.isSound(installed.keyId));
  if (usable && before !== undefined && !asksForAnother(before, entry)) return;
  if (usable && change.cause === 'rollback') return;
  const sameKey = before === undefined || before.keyAlgorithm === entry.keyAlgorithm;
  const reuse = usable && sameKey ? installed : undefined;
  const issued = await issueSelfSigned(entry, change.after, parts, { reuse, signal: context.signal });
  context.set(paths.installed, installedJson(issued));
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
  const chain = readServerChain(entry.chain, paths.chain.toString(), { roots: serverAnchors(change.after) });
  const encoded = chain.certificates.map((certificate) => certificate.der.toString('base64'));
  if (installed !== undefined && encoded.join() === installed.chain.join()) return;
  const { keyId } = chain;
  if (!(await parts.keys.isSound(keyId))) {
    // A rollback to a chain whose key was purged brings the entry back as far as it can; its state says what is missing.
    if (change.cause === 'rollback') return;
    throw new ConfigError({ tag: 'invalid-value', path: paths.chain.toString(), message: noKey });
  }
  const request = readRequest(change.after.system, entry.name);
  const passPhraseSet = (await parts.keys.passPhraseHash(keyId)) !== undefined;
  const { reachesRoot } = chain;
  context.set(paths.installed, installedJson({ keyId, chain: encoded, passPhraseSet, reachesRoot }));
  if (request?.keyId === keyId) context.remove(paths.request);
}

interface KeyOptions {
  /** Key-id of the key to use; a new one is made without it. */
  readonly reuse?: string | undefined;
  readonly passPhraseHash?: string | undefined;
  readonly signal?: AbortSignal;
}

async function keyFor(
  entry: CertificateEntry,
  { reuse, passPhraseHash, signal }: KeyOptions,
  parts: IssueParts,
): Promise<Pick<KeyPair, 'privateKey' | 'keyId'>> {
  if (reuse !== undefined) return { privateKey: await parts.keys.load(reuse), keyId: reuse };
  const made = await parts.generator.generate(entry.keyAlgorithm, signal);
  parts.keys.stage(made.privateKey, passPhraseHash);
  return made;
}
