/** Encryption of scoped PDUs with one user's key: AES in CFB mode (RFC 3826), and DES (RFC 3414 section 8). */
import { type Cipher, createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';
import { type PrivProtocol, privAlgorithms } from './keys.js';

export interface Privacy {
  /** The octets for the wire; DES pads them to whole blocks. */
  encrypt(boots: number, time: number, salt: Uint8Array, plain: Buffer): Buffer;
  /** Undefined where the octets cannot come from the cipher; padding is still behind the rest. */
  decrypt(boots: number, time: number, salt: Uint8Array, secret: Buffer): Buffer | undefined;
}

/** `key` is the localised one; a longer one is cut (the localised authentication key serves for AES-128). */
export function privacyOf(protocol: PrivProtocol, key: Buffer): Privacy {
  const { keyLength } = privAlgorithms[protocol];
  const own = Buffer.from(key.subarray(0, keyLength));
  return protocol === 'des' ? new DesCbc(own) : new AesCfb(own);
}

const block = 16;

/**
 * Contexts live as long as the key, for making one costs more than a message does. CFB encrypts the last block of ciphertext for the next
 * block of key stream, so an initialisation vector becomes effective by being the last block of ciphertext: in decryption it is fed as
 * such, in encryption what encrypts to it. Only whole blocks are fed, the rest of the last one is cut off.
 */
class AesCfb implements Privacy {
  readonly #encryption: Cipher;
  readonly #decryption: Decipher;
  readonly #blocks: Cipher;
  readonly #last = Buffer.alloc(block);

  constructor(key: Buffer) {
    const bits = String(key.length * 8);
    this.#encryption = createCipheriv(`aes-${bits}-cfb`, key, this.#last);
    this.#decryption = createDecipheriv(`aes-${bits}-cfb`, key, this.#last);
    this.#blocks = createCipheriv(`aes-${bits}-ecb`, key, null).setAutoPadding(false);
  }

  encrypt(boots: number, time: number, salt: Uint8Array, plain: Buffer): Buffer {
    const fed = framed(boots, time, salt, plain);
    const stream = this.#blocks.update(this.#last);
    for (let at = 0; at < block; at += 1) fed[at]! ^= stream[at]!;
    const secret = this.#encryption.update(fed);
    secret.copy(this.#last, 0, secret.length - block);
    return secret.subarray(block, block + plain.length);
  }

  decrypt(boots: number, time: number, salt: Uint8Array, secret: Buffer): Buffer {
    return this.#decryption.update(framed(boots, time, salt, secret)).subarray(block, block + secret.length);
  }
}

/** The initialisation vector (RFC 3826 3.1.2.1: boots, time and the salt of the message), then the octets in whole blocks. */
function framed(boots: number, time: number, salt: Uint8Array, octets: Buffer): Buffer {
  const end = block + octets.length;
  const fed = Buffer.allocUnsafe(Math.ceil(end / block) * block);
  fed.writeUInt32BE(boots, 0);
  fed.writeUInt32BE(time, 4);
  fed.set(salt, 8);
  fed.set(octets, block);
  return fed.fill(0, end);
}

const desBlock = 8;

/** RFC 3414 8.1.1.1: eight octets are the key, the other eight, exclusive-or the salt, the initialisation vector. */
class DesCbc implements Privacy {
  readonly #key: Buffer;
  readonly #mask: Buffer;

  constructor(key: Buffer) {
    const single = key.subarray(0, desBlock);
    this.#key = Buffer.concat([single, single, single]);
    this.#mask = key.subarray(desBlock, 2 * desBlock);
  }

  encrypt(_boots: number, _time: number, salt: Uint8Array, plain: Buffer): Buffer {
    const padded = Buffer.alloc(Math.ceil(plain.length / desBlock) * desBlock);
    padded.set(plain);
    return createCipheriv(privAlgorithms.des.cipher, this.#key, this.#vector(salt))
      .setAutoPadding(false)
      .update(padded);
  }

  decrypt(_boots: number, _time: number, salt: Uint8Array, secret: Buffer): Buffer | undefined {
    if (secret.length % desBlock !== 0) return undefined;
    const cipher = createDecipheriv(privAlgorithms.des.cipher, this.#key, this.#vector(salt));
    return cipher.setAutoPadding(false).update(secret);
  }

  #vector(salt: Uint8Array): Buffer {
    return Buffer.from(this.#mask.map((octet, index) => octet ^ salt[index]!));
  }
}
