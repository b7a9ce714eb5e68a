/** The actions of https and of its certificates. Each does its slow work first and then asks for one transaction. */
import type { ActionContext, ActionHandler, CommitResult, Finding, JsonEdit } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { ContentFormat } from '../../x509/index.js';
import type { InstanceIdentifier, JsonObject } from '../../yang/index.js';
import { below, text } from '../read.js';
import {
  type CertificateEntry,
  type EntryPaths,
  entryPaths,
  httpsContainer,
  installedJson,
  readEntry,
  readInstalled,
  readRequest,
} from './entry.js';
import { type ExportFormat, exportInstalled, readInstall } from './install.js';
import { type IssueParts, issueRequest, issueSelfSigned } from './issue.js';
import { storeKey } from './keys.js';
import { certificateFacts, dateAndTime } from './state.js';

/** The name of the entry that factory certificates stand in. */
export const factoryName = 'default';

export interface ActionParts extends IssueParts {
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
    onEntry('delete', (call, input) => deleteEntry(call, input, parts)),
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
  const installed = readInstalled(context.root.system, entry.name);
  const reuse = input['reuse-key'] === false ? undefined : installed;
  const days = input['validity-days'];
  const issued = await issueSelfSigned(entry, parts, {
    reuse,
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
  await context.commit({
    edits,
    system: [{ path: paths.installed, value: installedJson(issued) }],
    comment: `self-sign ${entry.name}`,
  });
  return certificateFacts(entry.name, issued, parts.now());
}

async function generateRequest(
  { context, entry, paths }: EntryCall,
  input: JsonObject,
  parts: ActionParts,
): Promise<JsonObject> {
  const passPhrase = string(input['pass-phrase']);
  const installed = readInstalled(context.root.system, entry.name);
  const made = await issueRequest(entry, parts, {
    // A pass phrase belongs to the key that is made with it, so it asks for a new one.
    reuse: input['reuse-key'] !== false && passPhrase === undefined ? installed?.keyId : undefined,
    challengePassword: string(input['challenge-password']),
    unstructuredName: string(input['unstructured-name']),
    signal: context.signal,
  });
  const hash = passPhrase === undefined ? undefined : await parts.hashPassword(passPhrase);
  await context.commit({
    system: [
      {
        path: paths.request,
        value: {
          pem: made.pem,
          created: dateAndTime(new Date(parts.now())),
          'key-id': made.keyId,
          ...(hash === undefined ? {} : { 'pass-phrase-hash': hash }),
        },
      },
    ],
    comment: `generate-request ${entry.name}`,
  });
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
    parts,
  );
  const encoded = ready.chain.certificates.map(({ der }) => der.toString('base64'));
  const stored = ready.newKey === undefined ? undefined : await storeKey(parts.keys, ready.newKey);
  try {
    const result = await context.commit({
      edits: [
        { operation: 'merge', path: paths.source, value: 'ca-signed' },
        { operation: 'replace', path: paths.chain, value: encoded },
        ...(input['activate'] === true ? [serve(https, entry.name)] : []),
      ],
      confirmTimeout: timeout(input),
      comment: `install ${entry.name}`,
    });
    return outcome(ready.findings, result);
  } catch (error) {
    // A refused install leaves no file behind.
    if (stored !== undefined) await parts.keys.remove(stored);
    throw error;
  }
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

async function deleteEntry(call: EntryCall, input: JsonObject, parts: ActionParts): Promise<JsonObject> {
  const { context, entry, https, paths } = call;
  if (input['purge'] === true) throw notYet('delete with purge', call);
  const container = httpsContainer(context.root.config);
  const served = container !== undefined && text(container, 'server-certificate') === entry.name;
  if (served) {
    await restoreDefault(context, https, parts);
    if (entry.name === factoryName) return {};
  }
  await context.commit({ edits: [{ operation: 'delete', path: paths.entry }], comment: `delete ${entry.name}` });
  return {};
}

/** A new factory certificate in a fresh entry, served at once. */
async function restoreDefault(
  context: ActionContext,
  https: InstanceIdentifier,
  parts: ActionParts,
): Promise<JsonObject> {
  const paths = entryPaths(https, factoryName);
  const entry: CertificateEntry = {
    name: factoryName,
    source: 'self-signed',
    keyAlgorithm: 'ec-p256',
    signatureHash: 'sha256',
    subject: {},
    subjectAltNames: [],
    validityDays: 820,
    autoRenew: true,
    chain: [],
  };
  const issued = await issueSelfSigned(entry, parts, { signal: context.signal });
  await context.commit({
    edits: [
      { operation: 'replace', path: paths.entry, value: { name: factoryName } },
      serve(https, factoryName),
      { operation: 'merge', path: child(https, 'enabled'), value: true },
    ],
    system: [
      { path: paths.installed, value: installedJson(issued) },
      { path: paths.request, value: undefined },
    ],
    comment: 'restore-default',
  });
  return certificateFacts(factoryName, issued, parts.now());
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

function httpsPath(instance: InstanceIdentifier): InstanceIdentifier {
  let path = instance;
  while (path.steps.length > 1 && path.parent !== undefined) path = path.parent;
  return path;
}

function serve(https: InstanceIdentifier, name: string): JsonEdit {
  return { operation: 'merge', path: child(https, 'server-certificate'), value: name };
}

function child(https: InstanceIdentifier, name: string): InstanceIdentifier {
  const schema = https.last?.schema;
  if (schema?.kind !== 'container') throw new RangeError('not the path of the https container');
  return below(https, schema, name);
}

function outcome(findings: readonly Finding[], result: CommitResult): JsonObject {
  return {
    finding: [...findings, ...result.findings].map(({ severity, text }) => ({ severity, text })),
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

function notYet(what: string, { paths }: EntryCall): ConfigError {
  return new ConfigError({
    tag: 'operation-not-supported',
    path: paths.entry.toString(),
    message: `${what} is not supported yet`,
  });
}
