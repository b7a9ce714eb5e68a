/** Ways back: a new factory certificate whatever is served, and deletion, which never leaves the service without one. */
import type { ActionContext, CommitRequest, JsonEdit, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { InstanceIdentifier, JsonObject } from '../../yang/index.js';
import { below } from '../read.js';
import type { ActionParts } from './actions.js';
import { type CertificateEntry, entryPaths, installedJson, keyIdsOf, readEntry, readRequest } from './entry.js';
import { certificateFacts } from './facts.js';
import { issueSelfSigned } from './issue.js';
import { presentedNames } from './judge.js';
import { followsDevice } from './names.js';
import { keysOfRoots } from './sweep.js';

/** The name of the entry that factory certificates stand in. */
export const factoryName = 'default';

/** A new factory certificate in a fresh entry, served at once. */
export async function restoreDefault(
  context: ActionContext,
  https: InstanceIdentifier,
  parts: ActionParts,
): Promise<JsonObject> {
  const { request, facts } = await factoryRequest(context, https, parts);
  try {
    await context.commit({ ...request, comment: 'restore-default', supersedes: true });
  } catch (error) {
    // Settings that no certificate can be presented with (cipher suites for RSA only, say) must not stand in the way.
    if (!(error instanceof ConfigError) || error.tag !== 'invalid-value') throw error;
    const plain = ['hello-params', 'sni', 'security-level'].map((name): JsonEdit => {
      return { operation: 'remove', path: child(https, name) };
    });
    await context.commit({ ...request, edits: [...plain, ...(request.edits ?? [])], comment: 'restore-default' });
  }
  return facts;
}

export interface Deletion {
  readonly context: ActionContext;
  readonly https: InstanceIdentifier;
  readonly name: string;
  readonly purge: boolean;
}

/**
 * One transaction: where the entry is what the service presents, a factory certificate takes its place. With `purge` its
 * keys go as well, of all versions in the history, so that no rollback brings it back.
 */
export async function deleteEntry(deletion: Deletion, parts: ActionParts): Promise<JsonObject> {
  const { context, https, name, purge } = deletion;
  const comment = `delete ${name}`;
  const kept = parts.services()?.kept?.() ?? [context.root];
  const former = new Set([...kept, context.root].flatMap(({ system }) => keyIdsOf(system, name)));
  const isMain = presentedNames(context.root).has(name) && isServerCertificate(context, https, name);
  if (!isMain) {
    await context.commit({ edits: [{ operation: 'delete', path: entryPaths(https, name).entry }], comment });
  } else {
    const { request, facts } = await factoryRequest(context, https, parts);
    const gone: readonly JsonEdit[] =
      name === facts['certificate'] ? [] : [{ operation: 'delete', path: entryPaths(https, name).entry }];
    await context.commit({ ...request, edits: [...(request.edits ?? []), ...gone], comment });
  }
  if (purge) await purgeKeys(former, name, parts);
  return {};
}

/** Keys that entries of other names have or had stay. */
async function purgeKeys(former: ReadonlySet<string>, name: string, parts: ActionParts): Promise<void> {
  const services = parts.services();
  if (services === undefined) return;
  const current = keysOfRoots([services.running()]);
  const others = keysOfRoots(services.kept?.() ?? [], name);
  await parts.keys.remove([...former].filter((keyId) => !current.has(keyId) && !others.has(keyId)));
}

async function factoryRequest(
  context: ActionContext,
  https: InstanceIdentifier,
  parts: ActionParts,
): Promise<{ readonly request: CommitRequest; readonly facts: JsonObject }> {
  const name = freeName(context.root);
  const paths = entryPaths(https, name);
  const issued = await issueSelfSigned({ ...factoryEntry, name }, context.root, parts, { signal: context.signal });
  return {
    request: {
      edits: [
        { operation: 'replace', path: paths.entry, value: { name } },
        serve(https, name),
        { operation: 'merge', path: child(https, 'enabled'), value: true },
      ],
      system: [{ path: paths.installed, value: installedJson(issued) }],
    },
    facts: certificateFacts(name, issued, parts.clock.now()),
  };
}

/** `default`, or a name beside it where an administrator has made that entry his own, or waits for an authority's answer to it. */
function freeName(root: Root): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? factoryName : `${factoryName}-${number}`;
    const entry = readEntry(root.config, name);
    if (entry === undefined) return name;
    const isPending = readRequest(root.system, name) !== undefined;
    if (entry.source === 'self-signed' && followsDevice(entry) && !isPending) return name;
  }
}

export function serve(https: InstanceIdentifier, name: string): JsonEdit {
  return { operation: 'merge', path: child(https, 'server-certificate'), value: name };
}

function isServerCertificate(context: ActionContext, https: InstanceIdentifier, name: string): boolean {
  return context.root.config.get(child(https, 'server-certificate')) === name;
}

function child(https: InstanceIdentifier, name: string): InstanceIdentifier {
  const schema = https.last?.schema;
  if (schema?.kind !== 'container') throw new RangeError('not the path of the https container');
  return below(https, schema, name);
}

const factoryEntry: CertificateEntry = {
  name: factoryName,
  source: 'self-signed',
  keyAlgorithm: 'ec-p256',
  signatureHash: 'sha256',
  subject: {},
  subjectAltNames: [],
  usage: {},
  validityDays: 820,
  autoRenew: true,
  chain: [],
};
