/**
 * Password-based encryption of PKCS#8 and PKCS#12: PBES2 (RFC 8018) with AES and 3DES, and for reading the older schemes of
 * RFC 8018 appendix A.3 (PBES1) and RFC 7292 appendix C, and the ciphers of encrypted PEM.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Asn1, integer, loadRc2, nullValue, octetString, oid, sequence } from './asn1.js';
import { child, type DerNode, expectTag, joinedOctets, readOid, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import {
  deriveKey,
  derivePbkdf1,
  derivePbkdf2,
  derivePkcs12,
  deriveTraditional,
  iterationCount,
  kdfOids,
  pkcs12Cost,
  spend,
  type WorkBudget,
} from './kdf.js';

/** A password as it was given. */
export interface Password {
  readonly text: string;
  /** The empty password in the form that some writers of PKCS#12 use: no octets at all, not even a terminator. */
  readonly bare?: boolean;
}

/**
 * Decrypts under the scheme of an AlgorithmIdentifier. Rejects with `wrong-password` where the padding does not come out right, which a damaged input may cause as well: who
 * knows better says so.
 */
export async function decryptWithPassword(
  algorithm: DerNode,
  encrypted: Buffer,
  password: Password,
  budget: WorkBudget,
): Promise<Buffer> {
  const type = readOid(expectTag(algorithm, tags.sequence, 'encryption').children[0], 'encryption');
  const parameters = algorithm.children[1];
  if (parameters === undefined) throw malformed('the encryption has no parameters');
  if (type === pbes2Oid) return decryptPbes2(parameters, encrypted, password.text, budget);
  const { salt, iterations } = saltAndCount(parameters);
  const pbes1 = pbes1Schemes.get(type);
  if (pbes1 !== undefined) {
    const derived = await derivePbkdf1(pbes1.hash, password.text, salt, iterations, budget);
    return decryptOld(pbes1.cipher, derived.subarray(0, 8), derived.subarray(8, 16), encrypted);
  }
  const scheme = pkcs12Schemes.get(type);
  if (scheme === undefined) throw new X509Error('unsupported', unsupportedEncryption(type));
  const secret = password.bare === true ? undefined : password.text;
  const common = { hash: 'sha1', password: secret, salt, iterations };
  const [forKey, forIv] = [
    { ...common, purpose: 1, size: scheme.keySize },
    { ...common, purpose: 2, size: 8 },
  ] as const;
  // Both before either is begun: half of the work would be for nothing.
  spend(budget, pkcs12Cost(forKey) + pkcs12Cost(forIv));
  const key = await derivePkcs12(forKey);
  const iv = await derivePkcs12(forIv);
  return decryptOld(scheme.cipher, key, iv, encrypted);
}

/** Decrypts the body of encrypted PEM (RFC 1421): `cipher` and `iv` as DEK-Info has them. */
export function decryptTraditional(cipher: string, iv: Buffer, encrypted: Buffer, password: string): Buffer {
  const found = traditionalCiphers.get(cipher);
  if (found === undefined) throw new X509Error('unsupported', unsupportedEncryption(cipher));
  if (iv.length !== found.ivSize) throw malformed('the initialisation vector has a wrong length');
  const key = deriveTraditional(password, iv.subarray(0, 8), found.keySize);
  return found.name === 'des' ? decryptOld('des', key, iv, encrypted) : decryptBlocks(found.name, key, iv, encrypted);
}

/** What {@link encryptWithPassword} made: the AlgorithmIdentifier and the encrypted octets. */
export interface Encrypted {
  readonly algorithm: Asn1;
  readonly encrypted: Buffer;
}

/** PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC. */
export async function encryptWithPassword(plain: Buffer, password: string, iterations: number): Promise<Encrypted> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = await derivePbkdf2(Buffer.from(password, 'utf8'), salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { algorithm: pbes2Identifier(salt, iterations, iv), encrypted };
}

export function wrongPassword(cause?: unknown): X509Error {
  return new X509Error('wrong-password', 'the password is wrong', { cause });
}

function saltAndCount(parameters: DerNode): { salt: Buffer; iterations: number } {
  const salt = joinedOctets(child(parameters, 0, 'salt'));
  return { salt, iterations: iterationCount(parameters.children[1]) };
}

async function decryptPbes2(
  parameters: DerNode,
  encrypted: Buffer,
  password: string,
  budget: WorkBudget,
): Promise<Buffer> {
  const scheme = expectTag(child(parameters, 1, 'encryption scheme'), tags.sequence, 'encryption scheme');
  const type = readOid(scheme.children[0], 'encryption scheme');
  const cipher = pbes2Ciphers.get(type);
  if (cipher === undefined) throw new X509Error('unsupported', unsupportedEncryption(type));
  const iv = joinedOctets(expectTag(scheme.children[1], tags.octetString, 'initialisation vector'));
  if (iv.length !== cipher.ivSize) throw malformed('the initialisation vector has a wrong length');
  const key = await deriveKey(child(parameters, 0, 'key derivation'), password, cipher.keySize, budget);
  return decryptBlocks(cipher.name, key, iv, encrypted);
}

function decryptOld(cipher: 'des' | '3des' | 'rc2', key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  if (cipher === 'rc2') return decryptRc2(key, iv, encrypted);
  // Two-key 3DES repeats its first key, and DES, which node does not have any more, is 3DES with one key three times.
  const whole = Buffer.concat([key, key, key]).subarray(0, 24);
  return decryptBlocks('des-ede3-cbc', whole, iv, encrypted);
}

/** RC2 is in OpenSSL's legacy provider only, which node does not load: the one cipher that is node-forge's. */
function decryptRc2(key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  const { rc2, util } = loadRc2();
  const cipher = rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  cipher.start(iv.toString('latin1'));
  cipher.update(util.createBuffer(encrypted.toString('latin1')));
  if (encrypted.length === 0 || encrypted.length % 8 !== 0 || !cipher.finish()) throw wrongPassword();
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}

function decryptBlocks(name: string, key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  const decipher = createDecipheriv(name, key, iv);
  try {
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch (cause) {
    throw wrongPassword(cause);
  }
}

function pbes2Identifier(salt: Buffer, iterations: number, iv: Buffer): Asn1 {
  const prf = sequence(oid('1.2.840.113549.2.9'), nullValue());
  const derivation = sequence(oid(kdfOids.pbkdf2), sequence(octetString(salt), integer(iterations), prf));
  const cipher = sequence(oid('2.16.840.1.101.3.4.1.42'), octetString(iv));
  return sequence(oid(pbes2Oid), sequence(derivation, cipher));
}

function unsupportedEncryption(type: string): string {
  return `it is encrypted by a scheme that is not supported (${type}); write it anew with AES`;
}

const pbes2Oid = '1.2.840.113549.1.5.13';

interface BlockCipher {
  readonly name: string;
  readonly keySize: number;
  readonly ivSize: number;
}

const pbes2Ciphers: ReadonlyMap<string, BlockCipher> = new Map([
  ['2.16.840.1.101.3.4.1.2', { name: 'aes-128-cbc', keySize: 16, ivSize: 16 }],
  ['2.16.840.1.101.3.4.1.22', { name: 'aes-192-cbc', keySize: 24, ivSize: 16 }],
  ['2.16.840.1.101.3.4.1.42', { name: 'aes-256-cbc', keySize: 32, ivSize: 16 }],
  ['1.2.840.113549.3.7', { name: 'des-ede3-cbc', keySize: 24, ivSize: 8 }],
]);

/** By the names of DEK-Info. */
const traditionalCiphers: ReadonlyMap<string, BlockCipher> = new Map([
  ['AES-128-CBC', { name: 'aes-128-cbc', keySize: 16, ivSize: 16 }],
  ['AES-192-CBC', { name: 'aes-192-cbc', keySize: 24, ivSize: 16 }],
  ['AES-256-CBC', { name: 'aes-256-cbc', keySize: 32, ivSize: 16 }],
  ['DES-EDE3-CBC', { name: 'des-ede3-cbc', keySize: 24, ivSize: 8 }],
  ['DES-CBC', { name: 'des', keySize: 8, ivSize: 8 }],
]);

/** RFC 8018 A.3, without MD2: a key of eight octets and the initialisation vector from one digest. */
const pbes1Schemes: ReadonlyMap<string, { hash: 'md5' | 'sha1'; cipher: 'des' | 'rc2' }> = new Map([
  ['1.2.840.113549.1.5.3', { hash: 'md5', cipher: 'des' }],
  ['1.2.840.113549.1.5.6', { hash: 'md5', cipher: 'rc2' }],
  ['1.2.840.113549.1.5.10', { hash: 'sha1', cipher: 'des' }],
  ['1.2.840.113549.1.5.11', { hash: 'sha1', cipher: 'rc2' }],
]);

/** RFC 7292 appendix C, without RC4. */
const pkcs12Schemes: ReadonlyMap<string, { cipher: '3des' | 'rc2'; keySize: number }> = new Map([
  ['1.2.840.113549.1.12.1.3', { cipher: '3des', keySize: 24 }],
  ['1.2.840.113549.1.12.1.4', { cipher: '3des', keySize: 16 }],
  ['1.2.840.113549.1.12.1.5', { cipher: 'rc2', keySize: 16 }],
  ['1.2.840.113549.1.12.1.6', { cipher: 'rc2', keySize: 5 }],
]);
