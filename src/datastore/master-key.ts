/**
 * The master key and what is sealed under it: AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce, the place of the
 * secret as additional data, so that a sealed value moved to another node does not open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../error.js';
import { type FileSystem, readSmallFile, replaceFile } from './files.js';
import { storageError } from './journal.js';

/** What every sealed value begins with; no value of a user may. */
export const sealedPrefix = '$sealed$1$';

export class MasterKey {
  readonly #key: Buffer;

  /** 32 octets. */
  constructor(key: Buffer) {
    if (key.length !== keyLength) throw new RangeError(`a master key has ${keyLength} octets`);
    this.#key = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'signet sealed leaves', keyLength));
  }

  /**
   * Reads the key, or makes one (0600) where there is no file and tells `made` of it. ConfigError where the file is not a key or
   * is open to others.
   */
  static async load(
    files: FileSystem,
    stateDirectory: string,
    path = join(stateDirectory, 'master.key'),
    made: (path: string) => void = () => undefined,
  ): Promise<MasterKey> {
    const found = await readSmallFile(files, path);
    if (found === undefined) {
      const key = randomBytes(keyLength);
      try {
        await replaceFile(files, dirname(path), basename(path), Buffer.from(`${key.toString('hex')}\n`, 'latin1'));
      } catch (error) {
        throw storageError(`cannot make the master key ${path}`, error);
      }
      made(path);
      return new MasterKey(key);
    }
    const text = found.toString('latin1').trim();
    if (!/^[0-9a-f]{64}$/.test(text)) {
      throw new ConfigError({
        tag: 'operation-failed',
        message: `${path} is not a master key (64 hexadecimal digits); put the right file there`,
      });
    }
    const others = (await stat(path)).mode & 0o077;
    if (others !== 0) {
      throw new ConfigError({ tag: 'operation-failed', message: `${path} is open to others; run: chmod 600 ${path}` });
    }
    return new MasterKey(Buffer.from(text, 'hex'));
  }

  /** Nonce, tag and ciphertext; `place` is where it belongs. */
  seal(plain: Buffer, place: string): Buffer {
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(place, 'utf8'));
    const text = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]);
  }

  /** ConfigError `operation-failed` where the octets were sealed under another key, for another place, or are damaged. */
  open(sealed: Buffer, place: string): Buffer {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, nonceLength), {
        authTagLength: tagLength,
      });
      decipher.setAAD(Buffer.from(place, 'utf8'));
      decipher.setAuthTag(sealed.subarray(nonceLength, nonceLength + tagLength));
      return Buffer.concat([decipher.update(sealed.subarray(nonceLength + tagLength)), decipher.final()]);
    } catch (error) {
      const message = 'the secret does not open under this master key';
      throw new ConfigError({ tag: 'operation-failed', message }, { cause: error });
    }
  }

  /** The value of a sealed leaf, as it stands in the tree. */
  sealText(plain: string, place: string): string {
    return sealedPrefix + this.seal(Buffer.from(plain, 'utf8'), place).toString('base64');
  }

  openText(sealed: string, place: string): string {
    const octets = Buffer.from(sealed.startsWith(sealedPrefix) ? sealed.slice(sealedPrefix.length) : '', 'base64');
    try {
      return this.open(octets, place).toString('utf8');
    } catch (error) {
      throw ConfigError.from(error).with({ path: place });
    }
  }
}

/** True for what {@link MasterKey.seal} made. */
export function isSealed(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(sealedPrefix);
}

const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;
