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

/** The fact, sealed under its own name, by which a start tells the key that it has from the one that secrets need. */
export const masterKeyFact = 'master-key';

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
    const found = await readMasterKey(files, path);
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
    return new MasterKey(found);
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

/** The 32 octets in a file; undefined where there is none. ConfigError where it is not a key or is open to others. */
export async function readMasterKey(files: FileSystem, path: string): Promise<Buffer | undefined> {
  const found = await readSmallFile(files, path);
  if (found === undefined) return undefined;
  const text = found.toString('latin1').trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    const message = `${path} is not a master key (64 hexadecimal digits); put the right file there`;
    throw new ConfigError({ tag: 'operation-failed', message });
  }
  const others = (await stat(path)).mode & 0o077;
  if (others !== 0) {
    throw new ConfigError({ tag: 'operation-failed', message: `${path} is open to others; run: chmod 600 ${path}` });
  }
  return Buffer.from(text, 'hex');
}

/** True for what {@link MasterKey.seal} made. */
export function isSealed(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(sealedPrefix);
}

const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;
