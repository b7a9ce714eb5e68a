/** An entry of https.certificate as typed values: what is configured, what is installed, what is requested. */
import type { Change, Root } from '../../datastore/index.js';
import type {
  GeneralName,
  KeyAlgorithm,
  KeyUsage,
  SignatureHash,
  SubjectFields,
  UsageParameters,
} from '../../x509/index.js';
import type { Branch, Content, DataTree, InstanceIdentifier, JsonObject } from '../../yang/index.js';
import { below, container, leaf, list, text, texts, top } from '../read.js';

export interface CertificateEntry {
  readonly name: string;
  readonly source: 'self-signed' | 'ca-signed';
  readonly keyAlgorithm: KeyAlgorithm;
  readonly signatureHash: SignatureHash;
  readonly subject: SubjectFields;
  readonly subjectAltNames: readonly GeneralName[];
  /** Empty where what every server needs will do. */
  readonly usage: UsageParameters;
  readonly validityDays: number;
  readonly autoRenew: boolean;
  /** As configured: base64 of DER. */
  readonly chain: readonly string[];
}

/** What `installed` holds. */
export interface Installed {
  readonly keyId: string;
  /** Base64 of DER, the end-entity certificate first. */
  readonly chain: readonly string[];
  /** Whether the key can be exported only with the pass phrase that it was made with. */
  readonly passPhraseSet: boolean;
  /** Whether nothing is missing between the chain and a root, which came along and was left out or is known here. */
  readonly reachesRoot: boolean;
}

/** What `request` tells; the request itself is sealed. */
export interface PendingRequest {
  readonly keyId: string;
}

export function httpsContainer(tree: DataTree): Branch | undefined {
  return top(tree, 'signet-https', 'https');
}

/** The entry of that name in either tree of a root. */
export function entryBranch(tree: DataTree, name: string): Branch | undefined {
  return list(httpsContainer(tree), 'certificate')?.get([name]);
}

export function readEntry(config: DataTree, name: string): CertificateEntry | undefined {
  const branch = entryBranch(config, name);
  if (branch === undefined) return undefined;
  return {
    name,
    source: text(branch, 'source') === 'ca-signed' ? 'ca-signed' : 'self-signed',
    keyAlgorithm: text(branch, 'key-algorithm') as KeyAlgorithm,
    signatureHash: text(branch, 'signature-hash') as SignatureHash,
    subject: readSubject(container(branch, 'subject')),
    subjectAltNames: [...(list(branch, 'subject-alternative-name') ?? [])].map((entry) => ({
      type: text(entry, 'type') as GeneralName['type'],
      value: text(entry, 'value') ?? '',
    })),
    usage: readUsage(branch),
    validityDays: Number(leaf(branch, 'validity-days')),
    autoRenew: leaf(branch, 'auto-renew') === true,
    chain: texts(branch, 'chain'),
  };
}

export function readInstalled(system: DataTree, name: string): Installed | undefined {
  const branch = container(entryBranch(system, name), 'installed');
  return branch === undefined ? undefined : readInstalledIn(branch);
}

/** From the container `installed`. */
export function readInstalledIn(branch: Branch): Installed | undefined {
  const keyId = text(branch, 'key-id');
  const chain = texts(branch, 'chain');
  if (keyId === undefined || chain.length === 0) return undefined;
  const flag = (name: string) => leaf(branch, name) === true;
  return { keyId, chain, passPhraseSet: flag('pass-phrase-set'), reachesRoot: flag('reaches-root') };
}

export function readRequest(system: DataTree, name: string): PendingRequest | undefined {
  const branch = container(entryBranch(system, name), 'request');
  const keyId = branch === undefined ? undefined : text(branch, 'key-id');
  return keyId === undefined ? undefined : { keyId };
}

/** The paths of one entry, built from the schema, so that no name has to be quoted. */
export interface EntryPaths {
  readonly entry: InstanceIdentifier;
  readonly installed: InstanceIdentifier;
  readonly request: InstanceIdentifier;
  readonly chain: InstanceIdentifier;
  readonly source: InstanceIdentifier;
}

/** `https` is the path of the https container, as a change or an action has it. */
export function entryPaths(https: InstanceIdentifier, name: string): EntryPaths {
  const container = https.last?.schema;
  if (container?.kind !== 'container') throw new RangeError('not the path of the https container');
  const entry = below(https, container, 'certificate', [name]);
  const schema = entry.last?.schema;
  if (schema?.kind !== 'list') throw new RangeError('certificate is not a list');
  return {
    entry,
    installed: below(entry, schema, 'installed'),
    request: below(entry, schema, 'request'),
    chain: below(entry, schema, 'chain'),
    source: below(entry, schema, 'source'),
  };
}

/** The path of the https container above any path in it. */
export function httpsPath(instance: InstanceIdentifier): InstanceIdentifier {
  let path = instance;
  while (path.steps.length > 1 && path.parent !== undefined) path = path.parent;
  return path;
}

/** `installed` as RFC 7951 JSON. */
export function installedJson(value: Installed): JsonObject {
  return {
    'key-id': value.keyId,
    'pass-phrase-set': value.passPhraseSet,
    'reaches-root': value.reachesRoot,
    chain: value.chain,
  };
}

/** The names of the entries that a change touches, in either root: cost follows the change, not the list. */
export function touchedEntries(change: Change): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { path, before, after } of change.differences) {
    const step = path.steps[1];
    if (step === undefined) {
      for (const https of [before, after]) addAll(names, list(https as Branch | undefined, 'certificate'));
    } else if (step.schema.name === 'certificate') {
      if (step.keys === undefined) for (const entries of [before, after]) addAll(names, entries);
      else names.add(String(step.keys[0]));
    }
  }
  return names;
}

/** Subject, names, usages, hash, validity or source: the same key serves; another key algorithm: a new key (CONTRACT). */
export function asksForAnother(before: CertificateEntry, after: CertificateEntry): boolean {
  const asked = (entry: CertificateEntry) => {
    const { source, keyAlgorithm, signatureHash, subject, subjectAltNames, usage, validityDays } = entry;
    return JSON.stringify([source, keyAlgorithm, signatureHash, subject, subjectAltNames, usage, validityDays]);
  };
  return asked(before) !== asked(after);
}

/** Whether what is installed for an entry differs between the two roots of a change. */
export function installedChanged(before: Root, after: Root, name: string): boolean {
  return fingerprint(readInstalled(before.system, name)) !== fingerprint(readInstalled(after.system, name));
}

function fingerprint(installed: Installed | undefined): string {
  return installed === undefined ? '' : [installed.keyId, ...installed.chain].join('\n');
}

/** The keys that an entry names in a root: of what is installed and of the pending request. */
export function keyIdsOf(system: DataTree, name: string): readonly string[] {
  const branch = entryBranch(system, name);
  return branch === undefined ? [] : keyIdsIn(branch);
}

export function keyIdsIn(entry: Branch): readonly string[] {
  return ['installed', 'request'].flatMap((part) => {
    const branch = container(entry, part);
    const keyId = branch === undefined ? undefined : text(branch, 'key-id');
    return keyId === undefined ? [] : [keyId];
  });
}

function addAll(names: Set<string>, entries: Content | undefined): void {
  if (entries === undefined || entries === null || typeof entries !== 'object') return;
  for (const entry of entries as Iterable<Branch>) names.add(String(entry.keys()[0]));
}

function readSubject(branch: Branch | undefined): SubjectFields {
  if (branch === undefined) return {};
  const fields: Record<string, string> = {};
  for (const [key, name] of subjectLeafs) {
    const value = text(branch, name);
    if (value !== undefined) fields[key] = value;
  }
  return fields;
}

function readUsage(branch: Branch): UsageParameters {
  const keyUsage = texts(branch, 'key-usage') as readonly KeyUsage[];
  const extendedKeyUsage = texts(branch, 'extended-key-usage');
  return {
    ...(keyUsage.length === 0 ? {} : { keyUsage }),
    ...(extendedKeyUsage.length === 0 ? {} : { extendedKeyUsage }),
  };
}

const subjectLeafs = [
  ['country', 'country'],
  ['state', 'state'],
  ['locality', 'locality'],
  ['organization', 'organization'],
  ['organizationalUnit', 'organizational-unit'],
  ['commonName', 'common-name'],
  ['email', 'email'],
] as const satisfies readonly (readonly [keyof SubjectFields, string])[];
