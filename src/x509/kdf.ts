/**
 * Keys from passwords: PBKDF1 and PBKDF2 (RFC 8018), scrypt (RFC 7914), the derivation of PKCS#12 (RFC 7292 appendix B) and
 * OpenSSL's of old. Each draws on a budget of work, so that no input can buy hours.
 */

import { createHash, hash, pbkdf2, scrypt } from 'node:crypto';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type DerNode, expectTag, joinedOctets, readOid, readSmallInteger, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { hmacOids } from './oids.js';

/** What may still be spent on one input, in microseconds of one processor of today. */
export interface WorkBudget {
  microseconds: number;
  isRaised: boolean;
}

/**
 * A second: enough for what GnuTLS writes with AES, which derives three times with 600 000 iterations (four times where its
 * password is the empty one).
 */
export function workBudget(): WorkBudget {
  return { microseconds: 1_000_000, isRaised: false };
}

/**
 * Four seconds more, once, for an input whose MAC holds under the password: nobody changed it on the way. The old schemes of
 * PKCS#12 take GnuTLS's 600 000 iterations three times for each thing that is encrypted.
 */
export function raiseBudget(budget: WorkBudget): void {
  if (budget.isRaised) return;
  budget.isRaised = true;
  budget.microseconds += 4_000_000;
}

/** Takes work from the budget before it is done; throws `too-big` beyond it. */
export function spend(budget: WorkBudget, microseconds: number): void {
  budget.microseconds -= microseconds;
  if (budget.microseconds < 0) {
    const text = 'it asks for more work than is done for one input; write it anew with fewer iterations, and AES';
    throw new X509Error('too-big', text);
  }
}

/** Key derivation of PBES2 and PBMAC1: PBKDF2 or scrypt. `size` where the input names none. */
export async function deriveKey(
  function_: DerNode,
  password: string,
  size: number | undefined,
  budget: WorkBudget,
): Promise<Buffer> {
  const type = readOid(expectTag(function_, tags.sequence, 'key derivation').children[0], 'key derivation');
  const parameters = expectTag(function_.children[1], tags.sequence, 'key derivation');
  const secret = Buffer.from(password, 'utf8');
  if (type === kdfOids.scrypt) return deriveByScrypt(parameters, secret, size, budget);
  if (type !== kdfOids.pbkdf2) throw new X509Error('unsupported', `key derivation ${type}`);
  const [saltNode, countNode, ...rest] = parameters.children;
  const salt = joinedOctets(expectTag(saltNode, tags.octetString, 'salt'));
  const iterations = iterationCount(countNode);
  const length = rest[0]?.tag === tags.integer ? readSmallInteger(rest.shift(), 'key length') : undefined;
  const prf = rest[0] === undefined ? 'sha1' : hmacOids.get(readOid(rest[0].children[0], 'pseudo-random function'));
  if (prf === undefined) throw new X509Error('unsupported', 'pseudo-random function of the key derivation');
  const wanted = keySize(size, length);
  const blocks = Math.ceil(wanted / digestSizes[prf as DigestName]);
  spend(budget, iterations * blocks * (isLong(prf) ? 0.5 : 0.33));
  return derivePbkdf2(secret, salt, iterations, wanted, prf);
}

/** PBKDF2 (RFC 8018 5.2). */
export const derivePbkdf2 = promisify(pbkdf2);

export interface Pkcs12Derivation {
  readonly hash: string;
  /** 1 key, 2 initialisation vector, 3 MAC key (RFC 7292 B.3). */
  readonly purpose: 1 | 2 | 3;
  readonly password: string | undefined;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly size: number;
}

/** What a derivation takes from the budget, in microseconds. */
export function pkcs12Cost({ hash: name, iterations, size }: Omit<Pkcs12Derivation, 'salt'>): number {
  return iterations * Math.ceil(size / digestSizes[name as DigestName]) * (isLong(name) ? 0.75 : 0.5);
}

/**
 * The key derivation of RFC 7292 B.2; the caller has spent its {@link pkcs12Cost}. The password is taken as UTF-16 with a terminator (B.1); undefined stands for no
 * octets at all, which some writers use for an empty password. Gives the event loop its turn every 2000 iterations.
 */
export async function derivePkcs12(derivation: Pkcs12Derivation): Promise<Buffer> {
  const { hash: name, purpose, password, salt, iterations, size } = derivation;
  const block = isLong(name) ? 128 : 64;
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

/** PBKDF1 (RFC 8018 5.1): at most one digest. */
export async function derivePbkdf1(
  name: 'md5' | 'sha1',
  password: string,
  salt: Buffer,
  iterations: number,
  budget: WorkBudget,
): Promise<Buffer> {
  spend(budget, iterations * 0.5);
  let digest: Buffer = createHash(name).update(password, 'utf8').update(salt).digest();
  for (let round = 1; round < iterations; round++) {
    if (round % 2000 === 0) await yieldToLoop();
    digest = Buffer.from(hash(name, digest, 'binary'), 'binary');
  }
  return digest;
}

/** What OpenSSL's encrypted PEM of old has: MD5 once for each block, the salt the start of the initialisation vector. */
export function deriveTraditional(password: string, salt: Buffer, size: number): Buffer {
  let output = Buffer.alloc(0);
  let digest = Buffer.alloc(0);
  while (output.length < size) {
    digest = createHash('md5').update(digest).update(password, 'utf8').update(salt).digest();
    output = Buffer.concat([output, digest]);
  }
  return output.subarray(0, size);
}

/** Reads an iteration count; 0 is none. */
export function iterationCount(node: DerNode | undefined): number {
  const count = readSmallInteger(node, 'iteration count');
  if (count < 1) throw malformed('an iteration count is zero');
  return count;
}

export const digestSizes = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

type DigestName = keyof typeof digestSizes;

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
  // openssl's own default is a quarter of that.
  if (memory > 64 << 20) throw new X509Error('too-big', 'the scrypt parameters ask for more than 64 MiB');
  spend(budget, cost * blockSize * parallel * 0.38);
  const options = { N: cost, r: blockSize, p: parallel, maxmem: memory + 128 * blockSize * parallel + (1 << 20) };
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

function isLong(name: string): boolean {
  return name === 'sha384' || name === 'sha512';
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

const scryptAsync = promisify(
  (
    password: Buffer,
    salt: Buffer,
    size: number,
    options: { N: number; r: number; p: number; maxmem: number },
    done: (error: Error | null, key: Buffer) => void,
  ) => scrypt(password, salt, size, options, done),
);

export const kdfOids = {
  pbkdf2: '1.2.840.113549.1.5.12',
  scrypt: '1.3.6.1.4.1.11591.4.11',
} as const;
