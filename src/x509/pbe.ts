/**
 * Password-based encryption of PKCS#8 and PKCS#12: PBES2 (RFC 8018) with AES and 3DES, and the older schemes of RFC
 * 7292 appendix C. Every derivation draws on a budget of iterations, so that no input can buy hours of work.
 */

import { createCipheriv, createDecipheriv, hash, pbkdf2, randomBytes, scrypt } from 'node:crypto';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Asn1, integer, loadForge, nullValue, octetString, oid, sequence } from './asn1.js';
import { child, type DerNode, expectTag, joinedOctets, readOid, readSmallInteger, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { hmacOids } from './oids.js';

/** What may still be spent on one input. */
export interface WorkBudget {
  iterations: number;
}

/** Enough for GnuTLS, which derives three times with 600 000 iterations of two blocks; some two seconds of one thread. */
export function workBudget(): WorkBudget {
  return { iterations: 5_000_000 };
}

/** Takes iterations from the budget; throws `too-big` beyond it. */
export function spend(budget: WorkBudget, iterations: number): void {
  if (iterations < 1) throw malformed('an iteration count is zero');
  budget.iterations -= iterations;
  if (budget.iterations < 0 || iterations > mostAtOnce) {
    throw new X509Error('too-big', 'the iteration counts ask for more work than is done for one input');
  }
}

/**
 * Decrypts under the scheme of an AlgorithmIdentifier. Rejects with `wrong-password` where the padding does not come
 * out right, which a damaged input may cause as well: who knows better says so.
 */
export async function decryptWithPassword(
  algorithm: DerNode,
  encrypted: Buffer,
  password: string,
  budget: WorkBudget,
): Promise<Buffer> {
  const type = readOid(expectTag(algorithm, tags.sequence, 'encryption').children[0], 'encryption');
  const parameters = algorithm.children[1];
  if (parameters === undefined) throw malformed('the encryption has no parameters');
  if (type === oids.pbes2) return decryptPbes2(parameters, encrypted, password, budget);
  const scheme = pkcs12Schemes.get(type);
  if (scheme === undefined) throw new X509Error('unsupported', unsupportedEncryption(type));
  const salt = joinedOctets(child(parameters, 0, 'salt'));
  const iterations = readSmallInteger(parameters.children[1], 'iteration count');
  const derive = async (purpose: 1 | 2, size: number): Promise<Buffer> => {
    spend(budget, iterations);
    return pkcs12Derive({ hash: 'sha1', purpose, password, salt, iterations, size });
  };
  const key = await derive(1, scheme.keySize);
  const iv = await derive(2, 8);
  return scheme.cipher === 'rc2' ? decryptRc2(key, iv, encrypted) : decryptTripleDes(key, iv, encrypted);
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
  const key = await pbkdf2Async(Buffer.from(password, 'utf8'), salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { algorithm: pbes2Identifier(salt, iterations, iv), encrypted };
}

/** Key derivation of PBES2 and PBMAC1: PBKDF2 or scrypt (RFC 7914 section 7). `size` where the input names none. */
export async function deriveKey(
  function_: DerNode,
  password: string,
  size: number | undefined,
  budget: WorkBudget,
): Promise<Buffer> {
  const type = readOid(expectTag(function_, tags.sequence, 'key derivation').children[0], 'key derivation');
  const parameters = expectTag(function_.children[1], tags.sequence, 'key derivation');
  const secret = Buffer.from(password, 'utf8');
  if (type === oids.scrypt) return deriveByScrypt(parameters, secret, size, budget);
  if (type !== oids.pbkdf2) throw new X509Error('unsupported', `key derivation ${type}`);
  const [saltNode, countNode, ...rest] = parameters.children;
  const salt = joinedOctets(expectTag(saltNode, tags.octetString, 'salt'));
  const iterations = readSmallInteger(countNode, 'iteration count');
  const length = rest[0]?.tag === tags.integer ? readSmallInteger(rest.shift(), 'key length') : undefined;
  const prf = rest[0] === undefined ? 'sha1' : hmacOids.get(readOid(rest[0].children[0], 'pseudo-random function'));
  if (prf === undefined) throw new X509Error('unsupported', 'pseudo-random function of the key derivation');
  const wanted = keySize(size, length);
  spend(budget, iterations * Math.ceil(wanted / digestSizes[prf as keyof typeof digestSizes]));
  return pbkdf2Async(secret, salt, iterations, wanted, prf);
}

export interface Pkcs12Derivation {
  readonly hash: string;
  /** 1 key, 2 initialisation vector, 3 MAC key (RFC 7292 B.3). */
  readonly purpose: 1 | 2 | 3;
  readonly password: string | undefined;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly size: number;
}

/**
 * The key derivation of RFC 7292 B.2. The password is taken as UTF-16 with a terminator (B.1); undefined stands for no
 * octets at all, which some writers use for an empty password. Gives the event loop its turn every 2000 iterations.
 */
export async function pkcs12Derive(derivation: Pkcs12Derivation): Promise<Buffer> {
  const { hash: name, purpose, password, salt, iterations, size } = derivation;
  const block = name === 'sha384' || name === 'sha512' ? 128 : 64;
  const secret = password === undefined ? Buffer.alloc(0) : Buffer.from(`${password}\0`, 'utf16le').swap16();
  const input = Buffer.concat([filled(salt, block), filled(secret, block)]);
  const diversifier = Buffer.alloc(block, purpose);
  const output: Buffer[] = [];
  for (let have = 0; have < size; ) {
    let digest: Buffer = hash(name, Buffer.concat([diversifier, input]), 'buffer');
    for (let round = 1; round < iterations; round++) {
      if (round % 2000 === 0) await yieldToLoop();
      // Through a string this takes half the time of asking for a buffer.
      digest = Buffer.from(hash(name, digest, 'binary'), 'binary');
    }
    output.push(digest);
    have += digest.length;
    addToBlocks(input, filled(digest, block).subarray(0, block));
  }
  return Buffer.concat(output).subarray(0, size);
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

async function deriveByScrypt(
  parameters: DerNode,
  password: Buffer,
  size: number | undefined,
  budget: WorkBudget,
): Promise<Buffer> {
  const salt = joinedOctets(expectTag(parameters.children[0], tags.octetString, 'salt'));
  const [cost, blockSize, parallel, length] = parameters.children
    .slice(1)
    .map((node) => readSmallInteger(node, 'scrypt parameter'));
  if (cost === undefined || blockSize === undefined || parallel === undefined) throw malformed('scrypt parameters');
  const memory = 128 * cost * blockSize;
  // 64 MiB take some 0.2 s; openssl's own default is a quarter of that.
  if (memory * parallel > 64 << 20) throw new X509Error('too-big', 'the scrypt parameters ask for more than 64 MiB');
  spend(budget, Math.max(1, cost));
  const options = { N: cost, r: blockSize, p: parallel, maxmem: memory + (1 << 20) };
  try {
    return await scryptAsync(password, salt, keySize(size, length), options);
  } catch (cause) {
    throw malformed('scrypt parameters are impossible', cause);
  }
}

function keySize(wanted: number | undefined, given: number | undefined): number {
  const size = wanted ?? given;
  if (size === undefined) throw malformed('the key derivation names no key length');
  if (size < 1 || size > 512 || (given !== undefined && given !== size)) {
    throw malformed('the key length of the key derivation does not fit the cipher');
  }
  return size;
}

function decryptTripleDes(key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  // Two-key 3DES repeats its first key.
  const whole = key.length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key;
  return decryptBlocks('des-ede3-cbc', whole, iv, encrypted);
}

/** RC2 is in OpenSSL's legacy provider only, which node does not load: the one cipher that is node-forge's. */
function decryptRc2(key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  const forge = loadForge();
  const cipher = forge.rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  cipher.start(iv.toString('latin1'));
  cipher.update(forge.util.createBuffer(encrypted.toString('latin1')));
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

export function wrongPassword(cause?: unknown): X509Error {
  return new X509Error('wrong-password', 'the password is wrong', { cause });
}

function pbes2Identifier(salt: Buffer, iterations: number, iv: Buffer): Asn1 {
  const prf = sequence(oid('1.2.840.113549.2.9'), nullValue());
  const derivation = sequence(oid(oids.pbkdf2), sequence(octetString(salt), integer(iterations), prf));
  const cipher = sequence(oid('2.16.840.1.101.3.4.1.42'), octetString(iv));
  return sequence(oid(oids.pbes2), sequence(derivation, cipher));
}

function filled(octets: Buffer, block: number): Buffer {
  const size = Math.ceil(octets.length / block) * block;
  return size === 0 ? Buffer.alloc(0) : Buffer.alloc(size, octets);
}

/** I_j := (I_j + B + 1) mod 2^v for every block of the input (RFC 7292 B.2 step 6 C), in place. */
function addToBlocks(input: Buffer, addend: Buffer): void {
  for (let start = 0; start < input.length; start += addend.length) {
    let carry = 1;
    for (let at = addend.length - 1; at >= 0; at--) {
      const sum = input[start + at]! + addend[at]! + carry;
      input[start + at] = sum & 0xff;
      carry = sum >> 8;
    }
  }
}

function unsupportedEncryption(type: string): string {
  return `it is encrypted by a scheme that is not supported (${type}); write it anew with AES`;
}

const mostAtOnce = 2_000_000;

const pbkdf2Async = promisify(pbkdf2);

const scryptAsync = promisify(
  (
    password: Buffer,
    salt: Buffer,
    size: number,
    options: { N: number; r: number; p: number; maxmem: number },
    done: (error: Error | null, key: Buffer) => void,
  ) => scrypt(password, salt, size, options, done),
);

const oids = {
  pbkdf2: '1.2.840.113549.1.5.12',
  pbes2: '1.2.840.113549.1.5.13',
  scrypt: '1.3.6.1.4.1.11591.4.11',
} as const;

export const digestSizes = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

const pbes2Ciphers: ReadonlyMap<string, { name: string; keySize: number; ivSize: number }> = new Map([
  ['2.16.840.1.101.3.4.1.2', { name: 'aes-128-cbc', keySize: 16, ivSize: 16 }],
  ['2.16.840.1.101.3.4.1.22', { name: 'aes-192-cbc', keySize: 24, ivSize: 16 }],
  ['2.16.840.1.101.3.4.1.42', { name: 'aes-256-cbc', keySize: 32, ivSize: 16 }],
  ['1.2.840.113549.3.7', { name: 'des-ede3-cbc', keySize: 24, ivSize: 8 }],
]);

/** RFC 7292 appendix C, without RC4. */
const pkcs12Schemes: ReadonlyMap<string, { cipher: '3des' | 'rc2'; keySize: number }> = new Map([
  ['1.2.840.113549.1.12.1.3', { cipher: '3des', keySize: 24 }],
  ['1.2.840.113549.1.12.1.4', { cipher: '3des', keySize: 16 }],
  ['1.2.840.113549.1.12.1.5', { cipher: 'rc2', keySize: 16 }],
  ['1.2.840.113549.1.12.1.6', { cipher: 'rc2', keySize: 5 }],
]);
