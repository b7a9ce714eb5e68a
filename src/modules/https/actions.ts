/** The actions of https and of its certificates. Each does its slow work first and then asks for one transaction. */
import type {
  ActionContext,
  ActionHandler,
  CommitResult,
  Finding,
  JsonEdit,
  ModuleServices,
} from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { ContentFormat } from '../../x509/index.js';
import type { InstanceIdentifier, JsonObject } from '../../yang/index.js';
import {
  type CertificateEntry,
  type EntryPaths,
  entryPaths,
  httpsPath,
  type Installed,
  installedJson,
  readEntry,
  readInstalled,
  readRequest,
} from './entry.js';
import { certificateFacts, dateAndTime } from './facts.js';
import { type ExportFormat, exportInstalled, readInstall } from './install.js';
import { type IssueParts, issueRequest, issueSelfSigned } from './issue.js';
import { deleteEntry, restoreDefault, serve } from './recovery.js';
import { storedCertificate } from './stored.js';

export interface ActionParts extends IssueParts {
  /** Given by the datastore when it opens. */
  readonly services: () => ModuleServices | undefined;
  /** The self-describing scrypt hash of a pass phrase. */
  readonly hashPassword: (passPhrase: string) => Promise<string>;
  readonly verifyPassword: (hash: string, passPhrase: string) => Promise<boolean>;
}

export function httpsActions(parts: ActionParts): readonly ActionHandler[] {
  const onEntry = (
    name: string,
    invoke: (call: EntryCall, input: JsonObject) => Promise<JsonObject>,
  ): ActionHandler => ({
    path: `/signet-https:https/certificate/${name}`,
    invoke: (context, instance, input) => invoke(entryCall(context, instance), input),
  });
  return [
    onEntry('self-sign', (call, input) => selfSign(call, input, parts)),
    onEntry('generate-request', (call, input) => generateRequest(call, input, parts)),
    onEntry('install', (call, input) => install(call, input, parts)),
    onEntry('activate', (call, input) => activate(call, input)),
    onEntry('abort-request', (call) => abortRequest(call)),
    onEntry('export', (call, input) => exportPair(call, input, parts)),
    onEntry('delete', ({ context, https, entry }, input) =>
      deleteEntry({ context, https, name: entry.name, purge: input['purge'] === true }, parts),
    ),
    {
      path: '/signet-https:https/restore-default',
      invoke: (context, instance) => restoreDefault(context, httpsPath(instance), parts),
    },
  ];
}

/** An action on one entry that exists. */
interface EntryCall {
  readonly context: ActionContext;
  readonly https: InstanceIdentifier;
  readonly entry: CertificateEntry;
  readonly paths: EntryPaths;
}

async function selfSign(
  { context, entry, paths }: EntryCall,
  input: JsonObject,
  parts: ActionParts,
): Promise<JsonObject> {
  const passPhrase = string(input['pass-phrase']);
  // A pass phrase belongs to the key that is made with it, so it asks for a new one.
  const isKept = input['reuse-key'] !== false && passPhrase === undefined;
  const days = input['validity-days'];
  const issued = await issueSelfSigned(entry, context.root, parts, {
    reuse: isKept ? await soundPair(context, entry, parts) : undefined,
    passPhraseHash: await hashed(passPhrase, parts),
    ...(typeof days === 'number' ? { validityDays: days } : {}),
    signal: context.signal,
  });
  const edits: JsonEdit[] =
    entry.source === 'self-signed'
      ? []
      : [
          { operation: 'merge', path: paths.source, value: 'self-signed' },
          { operation: 'remove', path: paths.chain },
        ];
  const result = await context.commit({
    edits,
    system: [{ path: paths.installed, value: installedJson(issued) }],
    confirmTimeout: timeout(input),
    comment: `self-sign ${entry.name}`,
  });
  return { ...certificateFacts(entry.name, issued, parts.clock.now()), ...outcome([], result) };
}

/** A request; an entry that has no certificate yet gets a self-signed one on the same key, to be reached by meanwhile. */
async function generateRequest(
  { context, entry, paths }: EntryCall,
  input: JsonObject,
  parts: ActionParts,
): Promise<JsonObject> {
  const passPhrase = string(input['pass-phrase']);
  const installed = await soundPair(context, entry, parts);
  const fits = installed !== undefined && algorithmOf(installed) === entry.keyAlgorithm;
  // A pass phrase belongs to the key that is made with it, so it asks for a new one.
  const reuse = input['reuse-key'] !== false && passPhrase === undefined && fits ? installed : undefined;
  const made = await issueRequest(entry, context.root, parts, {
    reuse: reuse?.keyId,
    challengePassword: string(input['challenge-password']),
    unstructuredName: string(input['unstructured-name']),
    passPhraseHash: await hashed(passPhrase, parts),
    signal: context.signal,
  });
  const created = dateAndTime(new Date(parts.clock.now()));
  const system = [{ path: paths.request, value: { 'sealed-pem': made.pem, created, 'key-id': made.keyId } }];
  if (readInstalled(context.root.system, entry.name) === undefined) {
    const issued = await issueSelfSigned(entry, context.root, parts, { keyId: made.keyId, signal: context.signal });
    await context.commit({
      system: [...system, { path: paths.installed, value: installedJson(issued) }],
      comment: `generate-request ${entry.name}`,
    });
  } else {
    await context.commit({ system, comment: `generate-request ${entry.name}` });
  }
  return { pem: made.pem };
}

async function install(call: EntryCall, input: JsonObject, parts: ActionParts): Promise<JsonObject> {
  const { context, entry, https, paths } = call;
  const request = readRequest(context.root.system, entry.name);
  const installed = readInstalled(context.root.system, entry.name);
  const ready = await readInstall(
    {
      data: string(input['data']) ?? '',
      format: (string(input['format']) ?? 'auto') as ContentFormat | 'auto',
      password: string(input['password']),
      privateKey: string(input['private-key']),
      chain: string(input['chain']),
      keyName: string(input['key-name']),
      knownKeys: [request?.keyId, installed?.keyId].filter((keyId) => keyId !== undefined),
      path: `${paths.entry.toString()}/install`,
    },
    context.root,
    parts,
  );
  if (ready.newKey !== undefined) parts.keys.stage(ready.newKey);
  const { keyId, reachesRoot } = ready.chain;
  const chain = ready.chain.certificates.map(({ der }) => der.toString('base64'));
  const passPhraseSet = (await parts.keys.passPhraseHash(keyId)) !== undefined;
  const answered = request?.keyId === keyId ? [{ path: paths.request, value: undefined }] : [];
  const result = await context.commit({
    edits: [
      { operation: 'merge', path: paths.source, value: 'ca-signed' },
      { operation: 'replace', path: paths.chain, value: chain },
      ...(input['activate'] === true ? [serve(https, entry.name)] : []),
    ],
    system: [
      { path: paths.installed, value: installedJson({ keyId, chain, passPhraseSet, reachesRoot }) },
      ...answered,
    ],
    confirmTimeout: timeout(input),
    comment: `install ${entry.name}`,
  });
  return outcome(ready.findings, result);
}

async function activate({ context, entry, https, paths }: EntryCall, input: JsonObject): Promise<JsonObject> {
  if (readInstalled(context.root.system, entry.name) === undefined) {
    throw new ConfigError({
      tag: 'data-missing',
      path: paths.installed.toString(),
      message: 'no certificate is installed for this entry, so there is nothing to present',
    });
  }
  const result = await context.commit({
    edits: [serve(https, entry.name)],
    confirmTimeout: timeout(input),
    comment: `activate ${entry.name}`,
  });
  return outcome([], result);
}

async function abortRequest({ context, entry, paths }: EntryCall): Promise<JsonObject> {
  if (readRequest(context.root.system, entry.name) === undefined) {
    throw new ConfigError({
      tag: 'data-missing',
      path: paths.request.toString(),
      message: 'there is no pending request',
    });
  }
  await context.commit({
    system: [{ path: paths.request, value: undefined }],
    comment: `abort-request ${entry.name}`,
  });
  return {};
}

async function exportPair(
  { context, entry, paths }: EntryCall,
  input: JsonObject,
  parts: ActionParts,
): Promise<JsonObject> {
  const installed = readInstalled(context.root.system, entry.name);
  if (installed === undefined) {
    const path = paths.installed.toString();
    throw new ConfigError({ tag: 'data-missing', path, message: 'no certificate is installed for this entry' });
  }
  const request = {
    format: (string(input['format']) ?? 'pem') as ExportFormat,
    passPhrase: string(input['pass-phrase']),
    path: `${paths.entry.toString()}/export`,
  };
  return { data: await exportInstalled(entry.name, installed, request, parts) };
}

/** What is installed, where its key is there to be used again. */
async function soundPair(
  context: ActionContext,
  entry: CertificateEntry,
  parts: ActionParts,
): Promise<Installed | undefined> {
  const installed = readInstalled(context.root.system, entry.name);
  return installed !== undefined && (await parts.keys.isSound(installed.keyId)) ? installed : undefined;
}

async function hashed(passPhrase: string | undefined, parts: ActionParts): Promise<string | undefined> {
  return passPhrase === undefined ? undefined : await parts.hashPassword(passPhrase);
}

function algorithmOf(installed: Installed): string {
  return storedCertificate(installed.chain[0] ?? '').keyAlgorithm;
}

function entryCall(context: ActionContext, instance: InstanceIdentifier): EntryCall {
  const https = httpsPath(instance);
  const name = String(instance.steps[1]?.keys?.[0] ?? '');
  const entry = readEntry(context.root.config, name);
  const paths = entryPaths(https, name);
  if (entry === undefined) {
    const path = paths.entry.toString();
    throw new ConfigError({ tag: 'data-missing', path, message: 'there is no such certificate' });
  }
  return { context, https, entry, paths };
}

/** The findings of the action and of the commit, each text once. */
function outcome(findings: readonly Finding[], result: CommitResult): JsonObject {
  return {
    finding: [...new Map([...findings, ...result.findings].map((each) => [each.text, each])).values()].map(
      ({ severity, text }) => ({ severity, text }),
    ),
    ...(result.persistId === undefined ? {} : { 'persist-id': result.persistId }),
  };
}

function timeout(input: JsonObject): number | undefined {
  const value = input['confirm-timeout'];
  return typeof value === 'number' ? value : undefined;
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
