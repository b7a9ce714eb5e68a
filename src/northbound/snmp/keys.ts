/**
 * Keys and authentication of USM: key localisation (RFC 3414 A.2), HMAC (RFC 3414 section 6, RFC 7860). What RFC 3414 began with,
 * HMAC-MD5 and DES (section 8), the tree allows only behind a switch.
 *
 * AES with 192 and 256 bits has no RFC. Where the hash is shorter than the key there are two ways to extend it, which differ in what
 * they put on the wire; both are offered under names of their own (see {@link PrivProtocol}).
 */
import { createHash, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { ConfigError, type ConfigErrorFields } from '../../error.js';

export type AuthProtocol = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/**
 * `aes192` and `aes256` extend a short key by the Blumenthal draft (Net-SNMP's AES-192 and AES-256), `aes192c` and `aes256c` by the
 * Reeder draft (Cisco's; Net-SNMP's AES-192-C and AES-256-C). With SHA-256 and longer hashes both are the same.
 */
export type PrivProtocol = 'des' | 'aes128' | 'aes192' | 'aes256' | 'aes192c' | 'aes256c';

interface AuthAlgorithm {
  readonly hash: string;
  /** Octets of the digest in a message. */
  readonly truncated: number;
}
interface PrivAlgorithm {
  readonly cipher: string;
  /** Octets of key; for DES with the eight that make the initialisation vector. */
  readonly keyLength: number;
  readonly extension: 'blumenthal' | 'reeder';
}

/** RFC 3414 section 6.3 and RFC 7860 section 4.2. */
export const authAlgorithms: Readonly<Record<AuthProtocol, AuthAlgorithm>> = {
  md5: { hash: 'md5', truncated: 12 },
  sha1: { hash: 'sha1', truncated: 12 },
  sha224: { hash: 'sha224', truncated: 16 },
  sha256: { hash: 'sha256', truncated: 24 },
  sha384: { hash: 'sha384', truncated: 32 },
  sha512: { hash: 'sha512', truncated: 48 },
};

export const privAlgorithms: Readonly<Record<PrivProtocol, PrivAlgorithm>> = {
  // single DES is not in OpenSSL 3's default provider; three times the same key is the same cipher
  des: { cipher: 'des-ede3-cbc', keyLength: 16, extension: 'blumenthal' },
  aes128: { cipher: 'aes-128-cfb', keyLength: 16, extension: 'blumenthal' },
  aes192: { cipher: 'aes-192-cfb', keyLength: 24, extension: 'blumenthal' },
  aes256: { cipher: 'aes-256-cfb', keyLength: 32, extension: 'blumenthal' },
  aes192c: { cipher: 'aes-192-cfb', keyLength: 24, extension: 'reeder' },
  aes256c: { cipher: 'aes-256-cfb', keyLength: 32, extension: 'reeder' },
};

/**
 * The authentication key that a pass phrase has at one engine (RFC 3414 A.2.2 with the hash of the protocol). It hashes a
 * mebibyte: never on the way of a packet. Throws ConfigError invalid-value for a pass phrase shorter than 8 octets (section 11.2).
 */
export function localizeKey(authProtocol: AuthProtocol, passphrase: string | Buffer, engineId: Buffer): Buffer {
  const phrase = typeof passphrase === 'string' ? Buffer.from(passphrase) : passphrase;
  if (phrase.length < 8) throw new ConfigError(shortPhrase);
  return localize(authAlgorithms[authProtocol].hash, phrase, engineId);
}

/** The localised privacy key: made with the authentication hash from the privacy pass phrase, extended or cut to the cipher's length. */
export function localizePrivacyKey(
  authProtocol: AuthProtocol,
  privProtocol: PrivProtocol,
  passphrase: string | Buffer,
  engineId: Buffer,
): Buffer {
  const { hash } = authAlgorithms[authProtocol];
  const { keyLength, extension } = privAlgorithms[privProtocol];
  let key = localizeKey(authProtocol, passphrase, engineId);
  let last = key;
  while (key.length < keyLength) {
    last = extension === 'reeder' ? localize(hash, last, engineId) : createHash(hash).update(key).digest();
    key = Buffer.concat([key, last]);
  }
  return key.subarray(0, keyLength);
}

/** The digest of a message, of which the digest field must be zero. */
export function messageDigest(protocol: AuthProtocol, key: KeyObject, message: Buffer): Buffer {
  const { hash, truncated } = authAlgorithms[protocol];
  return createHmac(hash, key).update(message).digest().subarray(0, truncated);
}

/**
 * True where `message` carries at `at` the right digest; in constant time. The field is zeroed for the computation and restored.
 */
export function digestMatches(
  protocol: AuthProtocol,
  key: KeyObject,
  message: Buffer,
  at: number,
  length: number,
): boolean {
  if (length !== authAlgorithms[protocol].truncated) return false;
  const given = Buffer.from(message.subarray(at, at + length));
  message.fill(0, at, at + length);
  const computed = messageDigest(protocol, key, message);
  message.set(given, at);
  return timingSafeEqual(given, computed);
}

function localize(hash: string, phrase: Buffer, engineId: Buffer): Buffer {
  const total = 1_048_576;
  // whole repetitions in one piece: hashing by 64 octets as the RFC's sample code does costs ten times as much
  const unit = Buffer.alloc(phrase.length * Math.max(1, Math.floor(65_536 / phrase.length)), phrase);
  const digest = createHash(hash);
  let done = 0;
  for (; done + unit.length <= total; done += unit.length) digest.update(unit);
  digest.update(unit.subarray(0, total - done));
  const key = digest.digest();
  return createHash(hash).update(key).update(engineId).update(key).digest();
}

const shortPhrase: ConfigErrorFields = {
  tag: 'invalid-value',
  message: 'an SNMPv3 pass phrase has at least 8 octets (RFC 3414 section 11.2)',
};
