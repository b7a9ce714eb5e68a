/** Private keys as files: PKCS#8 in clear and encrypted (RFC 5958), PKCS#1, SEC 1 and the encrypted PEM of old. */

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { octetString, sequence, toDer } from './asn1.js';
import { child, type DerNode, expectTag, joinedOctets, readDer, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { spend, type WorkBudget, workBudget } from './kdf.js';
import { keyIdOf } from './key.js';
import { decryptTraditional, decryptWithPassword, encryptWithPassword, type Password, wrongPassword } from './pbe.js';
import { type PemBlock, toPem } from './pem.js';
import type { Encoded } from './request.js';

/** Iterations of what we write: some 50 ms of one thread. */
export const writtenIterations = 100_000;

/** True for the labels of PEM blocks that hold a private key. */
export function isPrivateKeyLabel(label: string): boolean {
  return label === 'PRIVATE KEY' || label === 'ENCRYPTED PRIVATE KEY' || pemTypes.has(label);
}

/** Reads the private key of a PEM block. */
export async function readPemPrivateKey(
  block: PemBlock,
  password: Password | undefined,
  budget: WorkBudget,
): Promise<KeyObject> {
  if (!block.encrypted) return readDerPrivateKey(block.der, password, budget);
  if (password === undefined) throw passwordRequired();
  const [, cipher, iv] = /^DEK-Info: *([A-Z0-9-]+),([0-9A-Fa-f]+) *$/m.exec(block.text) ?? [];
  if (cipher === undefined || iv === undefined) throw malformed('encrypted PEM without DEK-Info');
  const plain = decryptTraditional(cipher, Buffer.from(iv, 'hex'), block.der, password.text);
  return readDecrypted(plain, budget);
}

/** Reads a private key in DER, whichever of the forms it has. */
export async function readDerPrivateKey(
  der: Buffer,
  password: Password | undefined,
  budget: WorkBudget,
): Promise<KeyObject> {
  const root = readDer(der, keyLimits, 'ber');
  const kind = privateKeyKind(root);
  if (kind === undefined) throw malformed('not a private key');
  if (kind !== 'encrypted') return parse(der, kind, budget);
  if (password === undefined) throw passwordRequired();
  const encrypted = joinedOctets(expectTag(root.children[1], tags.octetString, 'encrypted private key'));
  return readDecrypted(await decryptWithPassword(child(root, 0, 'encryption'), encrypted, password, budget), budget);
}

/** One wrong password in 256 leaves a padding that looks right, and then nonsense instead of a key. */
function readDecrypted(plain: Buffer, budget: WorkBudget): KeyObject {
  const kind = kindIn(plain);
  if (kind === undefined || kind === 'encrypted') throw wrongPassword();
  return parse(plain, kind, budget);
}

function kindIn(plain: Buffer): PrivateKeyKind | undefined {
  try {
    return privateKeyKind(readDer(plain, keyLimits, 'ber'));
  } catch (thrown) {
    if (thrown instanceof X509Error) return undefined;
    throw thrown;
  }
}

export type PrivateKeyKind = 'pkcs8' | 'pkcs1' | 'sec1' | 'encrypted';

/** The form of a private key, by its first elements; undefined where it is none. */
export function privateKeyKind(root: DerNode): PrivateKeyKind | undefined {
  const [first, second, third] = root.children;
  if (root.tag !== tags.sequence || first?.tagClass !== 0 || second?.tagClass !== 0) return undefined;
  if (first.tag === tags.sequence) {
    const encrypted = root.children.length === 2 && second.tag === tags.octetString;
    return encrypted && first.children[0]?.tag === tags.oid ? 'encrypted' : undefined;
  }
  if (first.tag !== tags.integer) return undefined;
  if (second.tag === tags.octetString) return 'sec1';
  if (second.tag === tags.integer) return root.children.length >= 9 ? 'pkcs1' : undefined;
  return second.tag === tags.sequence && third?.tag === tags.octetString ? 'pkcs8' : undefined;
}

/** A private key as PKCS#8, encrypted by PBES2 with AES-256 (RFC 8018). */
export async function writeEncryptedPrivateKey(key: KeyObject, password: string): Promise<Encoded> {
  const der = toDer(await encryptedPrivateKeyInfo(key, password));
  return { der, pem: toPem('ENCRYPTED PRIVATE KEY', der) };
}

export async function encryptedPrivateKeyInfo(key: KeyObject, password: string): Promise<ReturnType<typeof sequence>> {
  const plain = key.export({ type: 'pkcs8', format: 'der' });
  const { algorithm, encrypted } = await encryptWithPassword(plain, password, writtenIterations);
  return sequence(algorithm, octetString(encrypted));
}

/** Reads a private key from PKCS#8 DER in clear: what the key store holds. */
export function privateKeyFromPkcs8(der: Buffer): KeyObject {
  return parse(der, 'pkcs8', workBudget());
}

/** True where the private key belongs to the certificate with this key-id. */
export function keyMatches(key: KeyObject, certificate: { readonly keyId: string }): boolean {
  return keyIdOf(key) === certificate.keyId;
}

function parse(der: Buffer, type: 'pkcs8' | 'pkcs1' | 'sec1', budget: WorkBudget): KeyObject {
  checkIntegers(readDer(der, keyLimits, 'ber'), type);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: der, format: 'der', type });
  } catch (cause) {
    throw malformed('the private key is damaged or of an unknown kind', cause);
  }
  return checkedKey(key, budget);
}

/** Microseconds of a signature and its verification. */
function trialCost({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): number {
  // By RSA it costs the cube of the key's length.
  if (details?.modulusLength !== undefined) return 1000 * (details.modulusLength / 2048) ** 3;
  return type === 'ec' ? (curveCosts[details?.namedCurve ?? ''] ?? 8000) : 1000;
}

/** Primes and exponents beyond those of the largest key would cost hours at the first signature. */
function checkIntegers(root: DerNode, type: 'pkcs8' | 'pkcs1' | 'sec1'): void {
  if (root.tag === tags.integer && root.tagClass === 0 && root.content.length > 1025) {
    throw new X509Error('too-big', 'a private key with a number of more than 8192 bits');
  }
  for (const child of root.children) checkIntegers(child, type);
  const inner = type === 'pkcs8' ? root.children[2] : undefined;
  if (inner?.tag !== tags.octetString || inner.content[0] !== 0x30) return;
  checkIntegers(readDer(joinedOctets(inner), keyLimits, 'ber'), 'pkcs1');
}

/** A key of a kind that TLS servers use, and whose two halves belong together. */
function checkedKey(key: KeyObject, budget: WorkBudget): KeyObject {
  const type = key.asymmetricKeyType ?? '';
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (!serverKeyTypes.has(type)) throw new X509Error('unsupported', `a private key of type ${type}`);
  if (bits > 8192) throw new X509Error('too-big', `an RSA key of ${bits} bits; 8192 are the most`);
  if (bits > 0 && bits < 512) throw new X509Error('unsupported', `an RSA key of ${bits} bits`);
  spend(budget, trialCost(key));
  const sample = randomBytes(32);
  const hash = type.startsWith('ed') ? null : 'sha256';
  try {
    if (verify(hash, sample, createPublicKey(key), sign(hash, sample, key))) return key;
  } catch (cause) {
    throw malformed('the private key is damaged', cause);
  }
  throw malformed('the private key is damaged: what it signs does not verify');
}

function passwordRequired(): X509Error {
  return new X509Error('password-required', 'the private key is encrypted; its password is needed');
}

const keyLimits = { bytes: 65_536, depth: 12, nodes: 500 } as const;

const serverKeyTypes: ReadonlySet<string> = new Set(['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448']);

const pemTypes: ReadonlySet<string> = new Set(['RSA PRIVATE KEY', 'EC PRIVATE KEY']);

const curveCosts: Readonly<Record<string, number>> = { prime256v1: 500, secp384r1: 3000 };
