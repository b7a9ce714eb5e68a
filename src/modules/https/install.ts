/** Installing what a certification authority returned, and exporting what is installed. */
import type { KeyObject } from 'node:crypto';
import type { Finding, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import {
  type Certificate,
  type Content,
  type ContentFormat,
  certificatePem,
  checkRevocation,
  choosePrivateKey,
  type RevocationList,
  readCertificate,
  readContent,
  writeEncryptedPrivateKey,
  writePkcs7,
  writePkcs12,
  X509Error,
} from '../../x509/index.js';
import { type Circumstances, judgeChain, orderServerChain, refusalOf, type ServerChain } from './chain.js';
import type { Installed } from './entry.js';
import type { IssueParts } from './issue.js';
import { circumstancesOf, noKey } from './judge.js';

export interface InstallRequest {
  /** What came, as text or as base64 of octets. */
  readonly data: string;
  readonly format: ContentFormat | 'auto';
  readonly password: string | undefined;
  /** PEM of the private key, and of further certificates. */
  readonly privateKey: string | undefined;
  readonly chain: string | undefined;
  /** Chooses among several private keys of a container. */
  readonly keyName: string | undefined;
  /** Key-ids of the pending request and of what is installed, in this order: where no key came along they tell the end-entity certificate. */
  readonly knownKeys: readonly string[];
  /** Path of the action's input leaf `data`, and what stands before the names of the others. */
  readonly path: string;
}

export interface ReadyToInstall {
  readonly chain: ServerChain;
  /** The private key that came along and is not in the key store yet. */
  readonly newKey: KeyObject | undefined;
  readonly findings: readonly Finding[];
}

/** Reads and judges; nothing is stored. Throws the findings of severity error as one ConfigError. */
export async function readInstall(request: InstallRequest, root: Root, parts: IssueParts): Promise<ReadyToInstall> {
  const path = `${request.path}/data`;
  const main = await read(request.data, request.format, request.password, path);
  const further = await optional(request.chain, request.password, `${request.path}/chain`);
  const separate = await optional(request.privateKey, request.password, `${request.path}/private-key`);
  const keys = [...main.privateKeys, ...(separate?.privateKeys ?? [])];
  const certificates = [...main.certificates, ...(further?.certificates ?? [])];
  if (certificates.length === 0) throw invalid(path, 'there is no certificate in what is to be installed');
  const chosen = at(path, () =>
    choosePrivateKey(keys, {
      ...(request.keyName === undefined ? {} : { name: request.keyName }),
      keyIds: endEntities(certificates).map(({ keyId }) => keyId),
    }),
  );
  const keyIds = [...(chosen === undefined ? [] : [chosen.keyId]), ...request.knownKeys];
  const circumstances = circumstancesOf(root, parts);
  const chain = orderServerChain(certificates, path, { keyIds, roots: circumstances.anchors });
  const lists = [...main.revocationLists, ...(further?.revocationLists ?? []), ...(separate?.revocationLists ?? [])];
  const findings: Finding[] = [
    ...judgeChain(chain, path, circumstances),
    ...listFindings(lists, chain, path, circumstances),
    ...[...main.remarks, ...(further?.remarks ?? [])].map((text) => ({ severity: 'info' as const, path, text })),
  ];
  const stored = await parts.keys.isSound(chain.keyId);
  const mismatch = chosen !== undefined && chosen.keyId !== chain.keyId;
  if (mismatch || (chosen === undefined && !stored)) {
    findings.unshift({ severity: 'error', path, text: mismatch ? otherPair : noKey });
  }
  const refused = refusalOf(findings);
  if (refused !== undefined) throw refused;
  return { chain, newKey: stored ? undefined : chosen?.key, findings };
}

/** Nobody asks a server for the lists of its own issuers, so they are not kept; that the chain is revoked is not passed over. */
function listFindings(
  lists: readonly RevocationList[],
  { certificates, ownRoots }: ServerChain,
  path: string,
  { clock }: Circumstances,
): readonly Finding[] {
  if (lists.length === 0) return [];
  const revoked = checkRevocation({
    path: [...certificates, ...ownRoots.slice(0, 1)],
    lists: lists.slice(0, mostLists),
    now: new Date(clock.now()),
    clockTrusted: clock.trusted(),
    required: false,
  }).filter(({ code }) => code === 'revoked');
  const were = lists.length === 1 ? 'a revocation list was' : `${lists.length} revocation lists were`;
  const text = `${were} passed over: those for clients stand in client-authentication/crl`;
  return [
    ...revoked.map(({ text: fault, code }) => ({ severity: 'error' as const, path, text: fault, appTag: code })),
    { severity: 'info', path, text },
  ];
}

/** An authority's own key may stand beside; it is not the one that is meant unless there is no other. */
function endEntities(certificates: readonly Certificate[]): readonly Certificate[] {
  const found = certificates.filter(({ basicConstraints }) => basicConstraints?.ca !== true);
  return found.length > 0 ? found : certificates;
}

export type ExportFormat = 'pem' | 'der' | 'pkcs7' | 'pkcs8' | 'pkcs12';

/** The installed pair in a format; base64. A private key leaves only encrypted. */
export async function exportInstalled(
  name: string,
  installed: Installed,
  request: { readonly format: ExportFormat; readonly passPhrase: string | undefined; readonly path: string },
  parts: IssueParts & { readonly verifyPassword: (hash: string, phrase: string) => Promise<boolean> },
): Promise<string> {
  const certificates = installed.chain.map((each) => readCertificate(Buffer.from(each, 'base64')));
  const { format } = request;
  if (format === 'pem') return base64(certificates.map(certificatePem).join(''));
  if (format === 'der') return installed.chain[0] ?? '';
  if (format === 'pkcs7') return writePkcs7(certificates).der.toString('base64');
  const password = await checkedPhrase(installed.keyId, request, parts);
  const privateKey = await parts.keys.load(installed.keyId);
  if (format === 'pkcs8') return base64((await writeEncryptedPrivateKey(privateKey, password)).pem);
  const container = await writePkcs12({ privateKey, chain: certificates, friendlyName: name, password });
  return container.toString('base64');
}

async function checkedPhrase(
  keyId: string,
  { passPhrase, path }: { readonly passPhrase: string | undefined; readonly path: string },
  parts: Pick<IssueParts, 'keys'> & { readonly verifyPassword: (hash: string, phrase: string) => Promise<boolean> },
): Promise<string> {
  const where = `${path}/pass-phrase`;
  if (passPhrase === undefined) {
    throw new ConfigError({
      tag: 'missing-element',
      path: where,
      message: 'a private key is exported only encrypted: give a pass-phrase',
      info: { 'bad-element': 'pass-phrase' },
    });
  }
  const hash = await parts.keys.passPhraseHash(keyId);
  if (hash !== undefined && !(await parts.verifyPassword(hash, passPhrase))) {
    throw invalid(where, 'not the pass phrase that the key was made with');
  }
  return passPhrase;
}

async function read(
  data: string,
  format: ContentFormat | 'auto',
  password: string | undefined,
  path: string,
): Promise<Content> {
  try {
    return await readContent(data, { format, ...(password === undefined ? {} : { password }) });
  } catch (error) {
    throw asInvalid(path, error);
  }
}

function optional(text: string | undefined, password: string | undefined, path: string): Promise<Content | undefined> {
  return text === undefined ? Promise.resolve(undefined) : read(text, 'auto', password, path);
}

function at<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asInvalid(path, error);
  }
}

function asInvalid(path: string, error: unknown): unknown {
  return error instanceof X509Error ? invalid(path, error.message, error) : error;
}

function invalid(path: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError({ tag: 'invalid-value', path, message }, cause === undefined ? undefined : { cause });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

const otherPair = 'private key does not belong to the certificate: the key that came along is of another pair';

/** Some 0.1 s of signatures, whatever came. */
const mostLists = 32;
