/**
 * schema/ietf-keystore.yang (RFC 9642) as a view: the keys of the certificate list, and of requests that are pending. They are
 * configuration that the system provides, so they stand in operational and nothing can be written there.
 */
import type { KeyObject } from 'node:crypto';
import type { ActionHandler, CommitHandler, ModuleServices, Root, StateProvider } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import {
  parsePem,
  publicKeyOfRequest,
  readCertificate,
  signRequestInfo,
  subjectPublicKeyInfo,
  writePkcs7,
  X509Error,
} from '../../x509/index.js';
import { type Branch, type InstanceIdentifier, type JsonObject, parsePath } from '../../yang/index.js';
import { below, container, list, text } from '../read.js';
import { entryBranch, entryPaths, httpsContainer, readEntry, readInstalledIn } from './entry.js';

export interface KeystoreParts {
  readonly hasKey: (keyId: string) => boolean;
  readonly loadKey: (keyId: string) => Promise<KeyObject>;
  /** The plain value of a sealed leaf of `root`. */
  readonly secret: (path: InstanceIdentifier, root: Root) => string | undefined;
}

export const keystorePath = '/ietf-keystore:keystore';
const keyList = `${keystorePath}/asymmetric-keys/asymmetric-key`;

export function keystoreState(parts: KeystoreParts): StateProvider {
  const view = new KeystoreView(parts);
  return {
    path: keyList,
    origin: 'system',
    read: (root) => {
      const entries = list(httpsContainer(root.system), 'certificate') ?? [];
      const names = Array.from(entries, (entry) => String(entry.keys()[0]));
      const found = names.flatMap((name) => [name, `${name}${requestSuffix}`].map((each) => view.key(root, each)));
      const keys = found.filter((each) => each !== undefined);
      return keys.length === 0 ? undefined : keys;
    },
    readEntry: (root, instance) => view.key(root, String(instance.last?.keys?.[0] ?? '')),
  };
}

/** Refuses what is written to a container of which the system provides all there is. */
export function readOnly(path: string, instead: string): CommitHandler {
  return {
    name: path.slice(path.indexOf(':') + 1),
    path,
    validate: ({ after, instance }) => {
      if (after.config.get(instance) === undefined) return [];
      return [
        { severity: 'error', path, tag: 'operation-not-supported', text: `nothing is kept here; use ${instead}` },
      ];
    },
  };
}

/** RFC 9640 2.1.4.10: the client's CertificationRequestInfo, signed. What the authority returns fits `install` of the entry. */
export function generateCsr(parts: Pick<KeystoreParts, 'loadKey'>): ActionHandler {
  return {
    path: `${keyList}/generate-csr`,
    async invoke({ root }, instance, input) {
      const named = parseName(String(instance.last?.keys?.[0] ?? ''));
      const keyId = keyIdOf(root, named);
      const entry = readEntry(root.config, named.entry);
      if (keyId === undefined || entry === undefined) {
        throw new ConfigError({ tag: 'data-missing', path: instance.toString(), message: 'there is no such key' });
      }
      const info = Buffer.from(String(input['csr-info']), 'base64');
      try {
        const { der } = await signRequestInfo(await parts.loadKey(keyId), entry.signatureHash, info);
        return { 'p10-csr': der.toString('base64') };
      } catch (error) {
        if (!(error instanceof X509Error)) throw error;
        const message = `csr-info: ${error.message}`;
        throw new ConfigError({ tag: 'invalid-value', path: '', message }, { cause: error });
      }
    },
  };
}

/** RFC 9640 2.1.4.6: the same as certificate-expiring and certificate-expired tell, where a standard client listens for it. */
export function tellKeystore(
  { schema, notify, running }: Pick<ModuleServices, 'schema' | 'notify' | 'running'>,
  facts: JsonObject,
  hasKey: KeystoreParts['hasKey'],
): void {
  const name = String(facts['certificate']);
  const keyId = keyIdOf(running(), parseName(name));
  // RFC 7950 7.16: it is about an instance, which has to be there.
  if (keyId === undefined || !hasKey(keyId)) return;
  const certificate = `${keyList}[name='${name}']/certificates/certificate[name='${name}']`;
  notify(parsePath(schema, `${certificate}/certificate-expiration`), { 'expiration-date': facts['not-after'] ?? '' });
}

/** Behind the name of an entry: the key of its pending request. No name of an entry has a colon. */
const requestSuffix = ':request';

interface KeyName {
  readonly entry: string;
  readonly part: 'installed' | 'request';
}

function parseName(name: string): KeyName {
  return name.endsWith(requestSuffix)
    ? { entry: name.slice(0, -requestSuffix.length), part: 'request' }
    : { entry: name, part: 'installed' };
}

function keyIdOf(root: Root, { entry, part }: KeyName): string | undefined {
  const branch = container(entryBranch(root.system, entry), part);
  return branch === undefined ? undefined : text(branch, 'key-id');
}

class KeystoreView {
  readonly #parts: KeystoreParts;
  /** By the node that holds it: it never changes, and goes when no root holds it any more. */
  readonly #made = new WeakMap<Branch, JsonObject>();

  constructor(parts: KeystoreParts) {
    this.#parts = parts;
  }

  /** One key; undefined where there is none of that name, or the private key is lost. */
  key(root: Root, name: string): JsonObject | undefined {
    const { entry, part } = parseName(name);
    const branch = container(entryBranch(root.system, entry), part);
    const keyId = keyIdOf(root, { entry, part });
    if (branch === undefined || keyId === undefined || !this.#parts.hasKey(keyId)) return undefined;
    // A request on the key that is installed shows no key of its own.
    if (part === 'request' && keyId === keyIdOf(root, { entry, part: 'installed' })) return undefined;
    const known = this.#made.get(branch);
    if (known !== undefined) return known;
    const made = part === 'installed' ? installedKey(name, branch) : this.#requestedKey(name, branch, entry, root);
    if (made !== undefined) this.#made.set(branch, made);
    return made;
  }

  #requestedKey(name: string, branch: Branch, entry: string, root: Root): JsonObject | undefined {
    const { request } = entryPaths(parsePath(root.system.schema, '/signet-https:https'), entry);
    const pem = this.#parts.secret(below(request, branch.schema, 'sealed-pem'), root);
    const [block] = pem === undefined ? [] : parsePem(pem);
    return block === undefined ? undefined : keyJson(name, publicKeyOfRequest(block.der));
  }
}

function installedKey(name: string, branch: Branch): JsonObject | undefined {
  const chain = (readInstalledIn(branch)?.chain ?? []).map((each) => readCertificate(Buffer.from(each, 'base64')));
  const [leaf] = chain;
  if (leaf === undefined) return undefined;
  const data = writePkcs7(chain).der.toString('base64');
  return {
    ...keyJson(name, subjectPublicKeyInfo(leaf.x509.publicKey)),
    certificates: { certificate: [{ name, 'cert-data': data }] },
  };
}

function keyJson(name: string, publicKey: Buffer): JsonObject {
  return {
    name,
    'public-key-format': 'ietf-crypto-types:subject-public-key-info-format',
    'public-key': publicKey.toString('base64'),
    'hidden-private-key': [null],
  };
}
