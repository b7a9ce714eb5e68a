/**
 * PKCS#12 (RFC 7292) with a password: certificates and private keys by name. Integrity by the MAC of RFC 7292 or by
 * PBMAC1 (RFC 9579).
 */

import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import {
  child,
  type DerNode,
  derLimits,
  expectTag,
  isContext,
  joinedOctets,
  readDer,
  readOid,
  readSmallInteger,
  stringText,
  tags,
} from './der.js';
import { malformed, X509Error } from './errors.js';
import {
  deriveKey,
  derivePkcs12,
  digestSizes,
  iterationCount,
  pkcs12Cost,
  raiseBudget,
  spend,
  type WorkBudget,
  workBudget,
} from './kdf.js';
import { attributeOids, hashOids, hmacOids } from './oids.js';
import { decryptWithPassword, type Password, wrongPassword } from './pbe.js';
import { containerCertificates, pkcs7Oids } from './pkcs7.js';
import { privateKeyKind, readDerPrivateKey } from './private-key.js';

export interface Pkcs12 {
  readonly certificates: readonly { readonly der: Buffer; readonly name: string | undefined }[];
  readonly privateKeys: readonly { readonly key: KeyObject; readonly name: string | undefined }[];
}

/**
 * Reads a PFX in DER or BER. Rejects with `password-required`, with `wrong-password`, with `damaged` where the password
 * opens the content and the MAC is wrong all the same, or with `malformed`, `too-big`, `unsupported`.
 */
export async function readPkcs12(
  octets: Buffer,
  password: Password | undefined,
  budget: WorkBudget = workBudget(),
): Promise<Pkcs12> {
  const root = expectTag(readDer(octets, derLimits, 'ber'), tags.sequence, 'PKCS#12');
  if (readSmallInteger(root.children[0], 'PKCS#12 version') !== 3) throw malformed('PKCS#12 of a version other than 3');
  const { type, content } = contentInfo(root.children[1]);
  if (type !== pkcs7Oids.data) throw new X509Error('unsupported', 'PKCS#12 that is signed instead of bearing a MAC');
  const authSafe = joinedOctets(expectTag(content, tags.octetString, 'PKCS#12 content'));
  const safes = expectTag(readDer(authSafe, derLimits, 'ber'), tags.sequence, 'PKCS#12 content').children.map(
    contentInfo,
  );
  const macData = root.children[2];
  const secret = await establishPassword({ macData, authSafe, safes, password, budget });
  // Deriving runs on threads: certificates and keys, each under a salt of its own, are opened side by side.
  const opened = await Promise.all(
    safes.map(async (safe) => {
      const bags: Bags = { certificates: [], keys: [] };
      collectBags(await openSafe(safe, secret, budget), bags, 0);
      return { certificates: bags.certificates, privateKeys: await readKeys(bags, secret, budget) };
    }),
  );
  const found = {
    certificates: opened.flatMap(({ certificates }) => certificates),
    privateKeys: opened.flatMap(({ privateKeys }) => privateKeys),
  };
  checkCount(found.certificates.length + found.privateKeys.length);
  return found;
}

interface ContentInfo {
  readonly type: string;
  readonly content: DerNode;
}

interface Integrity {
  readonly macData: DerNode | undefined;
  readonly authSafe: Buffer;
  readonly safes: readonly ContentInfo[];
  readonly password: Password | undefined;
  readonly budget: WorkBudget;
}

function contentInfo(node: DerNode | undefined): ContentInfo {
  const parts = expectTag(node, tags.sequence, 'PKCS#12 content').children;
  const wrapped = parts[1];
  if (!isContext(wrapped, 0)) throw malformed('PKCS#12 content is missing');
  return { type: readOid(parts[0], 'PKCS#12 content'), content: child(wrapped, 0, 'PKCS#12 content') };
}

/** The password by which the file is opened, the MAC having been checked where there is one. */
async function establishPassword(integrity: Integrity): Promise<Password | undefined> {
  const { macData, safes, password, budget } = integrity;
  if (macData === undefined) return password;
  // Files that were written without a password bear the MAC of the empty one, in either of its forms.
  const { text } = password ?? { text: '' };
  const forms: readonly Password[] = text === '' ? [{ text }, { text, bare: true }] : [{ text }];
  for (const form of forms) {
    if (!(await macVerifies(macData, integrity, form))) continue;
    raiseBudget(budget);
    return form;
  }
  if (password === undefined) throw passwordRequired();
  // A wrong password opens no layer; one that does open it leaves only damage as the reason.
  if (await opensALayer(safes, password, budget)) {
    throw new X509Error('damaged', 'the file is damaged: its MAC is wrong');
  }
  throw wrongPassword();
}

async function macVerifies(node: DerNode, { authSafe, budget }: Integrity, password: Password): Promise<boolean> {
  const [digestInfo, saltNode, countNode] = expectTag(node, tags.sequence, 'MAC').children;
  const algorithm = expectTag(expectTag(digestInfo, tags.sequence, 'MAC').children[0], tags.sequence, 'MAC');
  const expected = joinedOctets(expectTag(digestInfo!.children[1], tags.octetString, 'MAC'));
  const type = readOid(algorithm.children[0], 'MAC');
  if (type === pbmac1Oid) {
    const { hash, key } = await pbmac1Key(algorithm.children[1], password.text, budget);
    return equal(createHmac(hash, key).update(authSafe).digest(), expected);
  }
  const hash = hashOids.get(type);
  if (hash === undefined) throw new X509Error('unsupported', `MAC with the hash ${type}`);
  const salt = joinedOctets(expectTag(saltNode, tags.octetString, 'MAC salt'));
  const iterations = countNode === undefined ? 1 : iterationCount(countNode);
  const size = digestSizes[hash as keyof typeof digestSizes];
  const secret = password.bare === true ? undefined : password.text;
  const derivation = { hash, purpose: 3, password: secret, salt, iterations, size } as const;
  spend(budget, pkcs12Cost(derivation));
  const key = await derivePkcs12(derivation);
  return equal(createHmac(hash, key).update(authSafe).digest(), expected);
}

/** RFC 9579 section 4: PBKDF2 whose key length must be given, then HMAC. */
async function pbmac1Key(
  parameters: DerNode | undefined,
  password: string,
  budget: WorkBudget,
): Promise<{ hash: string; key: Buffer }> {
  const [derivation, scheme] = expectTag(parameters, tags.sequence, 'PBMAC1').children;
  const hash = hmacOids.get(readOid(expectTag(scheme, tags.sequence, 'PBMAC1').children[0], 'PBMAC1'));
  if (hash === undefined) throw new X509Error('unsupported', 'PBMAC1 with an unknown hash');
  return { hash, key: await deriveKey(derivation!, password, undefined, budget) };
}

async function opensALayer(safes: readonly ContentInfo[], password: Password, budget: WorkBudget): Promise<boolean> {
  const encrypted = safes.find(({ type }) => type === pkcs7Oids.encryptedData);
  try {
    if (encrypted !== undefined) {
      await openSafe(encrypted, password, budget);
      return true;
    }
    const bags: Bags = { certificates: [], keys: [] };
    for (const safe of safes) collectBags(await openSafe(safe, password, budget), bags, 0);
    const key = bags.keys.find((each) => each.encrypted);
    if (key === undefined) return false;
    await readDerPrivateKey(key.der, password, budget);
    return true;
  } catch (error) {
    // Also where it would be too much work: then nothing can be told but that the MAC does not fit the password.
    if (error instanceof X509Error) return false;
    throw error;
  }
}

/** The SafeContents of one ContentInfo. */
async function openSafe(safe: ContentInfo, password: Password | undefined, budget: WorkBudget): Promise<DerNode> {
  if (safe.type === pkcs7Oids.data) {
    return readDer(joinedOctets(expectTag(safe.content, tags.octetString, 'PKCS#12 bags')), derLimits, 'ber');
  }
  if (safe.type !== pkcs7Oids.encryptedData) {
    throw new X509Error('unsupported', 'PKCS#12 content that is encrypted for a certificate instead of by a password');
  }
  if (password === undefined) throw passwordRequired();
  const info = expectTag(
    expectTag(safe.content, tags.sequence, 'encrypted data').children[1],
    tags.sequence,
    'encrypted data',
  );
  const encrypted = info.children[2];
  if (!isContext(encrypted, 0)) throw malformed('PKCS#12 has no encrypted content');
  const algorithm = child(info, 1, 'encryption');
  const plain = await decryptWithPassword(algorithm, joinedOctets(encrypted), password, budget);
  try {
    return readDer(plain, derLimits, 'ber');
  } catch (cause) {
    throw wrongPassword(cause);
  }
}

interface NamedDer {
  readonly der: Buffer;
  readonly name: string | undefined;
}

interface Bags {
  readonly certificates: NamedDer[];
  readonly keys: (NamedDer & { readonly encrypted: boolean })[];
}

function collectBags(safe: DerNode, into: Bags, depth: number): void {
  if (depth > 4) throw new X509Error('too-big', 'PKCS#12 bags are nested deeper than 4 levels');
  for (const bag of expectTag(safe, tags.sequence, 'PKCS#12 bags').children) {
    const type = readOid(expectTag(bag, tags.sequence, 'PKCS#12 bag').children[0], 'PKCS#12 bag');
    const wrapped = bag.children[1];
    if (!isContext(wrapped, 0)) throw malformed('PKCS#12 bag is empty');
    const value = child(wrapped, 0, 'PKCS#12 bag');
    const name = friendlyName(bag.children[2]);
    if (type === bagOids.key || type === bagOids.shroudedKey) {
      // GnuTLS calls a key shrouded that it did not encrypt.
      into.keys.push({ der: value.raw, name, encrypted: privateKeyKind(value) === 'encrypted' });
    }
    if (type === bagOids.certificate) into.certificates.push(...certificateBag(value, name));
    else if (type === bagOids.nested) collectBags(value, into, depth + 1);
    checkCount(into.keys.length + into.certificates.length);
  }
}

function certificateBag(value: DerNode, name: string | undefined): readonly NamedDer[] {
  const type = readOid(expectTag(value, tags.sequence, 'PKCS#12 certificate').children[0], 'PKCS#12 certificate');
  const wrapped = value.children[1];
  // SDSI certificates (RFC 7292 4.2.3) have died out.
  if (type !== x509CertificateOid) return [];
  if (!isContext(wrapped, 0)) throw malformed('PKCS#12 certificate is missing');
  return [{ der: joinedOctets(expectTag(wrapped.children[0], tags.octetString, 'PKCS#12 certificate')), name }];
}

function friendlyName(attributes: DerNode | undefined): string | undefined {
  for (const attribute of attributes?.children ?? []) {
    const [type, values] = expectTag(attribute, tags.sequence, 'PKCS#12 attribute').children;
    if (readOid(type, 'PKCS#12 attribute') !== attributeOids.friendlyName) continue;
    const value = values?.children[0];
    const text = value === undefined ? undefined : stringText(value);
    if (text !== undefined) return text;
  }
  return undefined;
}

function readKeys(bags: Bags, password: Password | undefined, budget: WorkBudget): Promise<Pkcs12['privateKeys']> {
  return Promise.all(
    bags.keys.map(async ({ der, name }) => ({ key: await readDerPrivateKey(der, password, budget), name })),
  );
}

function checkCount(entries: number): void {
  if (entries > containerCertificates) {
    throw new X509Error('too-big', `more than ${containerCertificates} entries in one container`);
  }
}

function passwordRequired(): X509Error {
  return new X509Error('password-required', 'the file is encrypted; its password is needed');
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

const pbmac1Oid = '1.2.840.113549.1.5.14';

export const x509CertificateOid = '1.2.840.113549.1.9.22.1';

/** Bag types of RFC 7292 appendix D. */
export const bagOids = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  nested: '1.2.840.113549.1.12.10.1.6',
} as const;
