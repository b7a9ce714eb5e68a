/**
 * The container of a backup: frames of at most a megabyte under AES-256-GCM, with a key that scrypt (RFC 7914) makes of a pass
 * phrase. Each frame's nonce counts them and marks the last, so that none can be left out, moved or added.
 *
 *     16 octets   `signet-backup` and zeros
 *      4          version (1), log2 of scrypt's N, its r, its p
 *     16          salt
 *      7          beginning of the nonces
 *     frames:     length (4 octets), text and tag; the header is additional data of each
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { ConfigError } from '../error.js';
import type { OpenFile } from './files.js';

export class BackupWriter {
  readonly #file: OpenFile;
  readonly #key: Buffer;
  readonly #header: Buffer;
  #parts: Uint8Array[] = [];
  #held = 0;
  #frames = 0;
  #position: number;

  private constructor(file: OpenFile, key: Buffer, header: Buffer) {
    this.#file = file;
    this.#key = key;
    this.#header = header;
    this.#position = header.length;
  }

  static async create(file: OpenFile, passPhrase: string): Promise<BackupWriter> {
    const header = Buffer.concat([
      magic,
      Buffer.from([formatVersion, cost.logN, cost.r, cost.p]),
      randomBytes(saltLength + prefixLength),
    ]);
    const key = await deriveKey(passPhrase, header);
    await file.write(header, 0);
    return new BackupWriter(file, key, header);
  }

  async write(octets: Uint8Array): Promise<void> {
    for (let from = 0; from < octets.length; ) {
      if (this.#held === frameLength) await this.#flush(false);
      const part = octets.slice(from, from + frameLength - this.#held);
      this.#parts.push(part);
      this.#held += part.length;
      from += part.length;
    }
  }

  /** Everything is on disk when this resolves. */
  async finish(): Promise<void> {
    await this.#flush(true);
    await this.#file.sync();
  }

  async #flush(isLast: boolean): Promise<void> {
    const nonce = nonceOf(this.#header, this.#frames, isLast);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(this.#header);
    const text = Buffer.concat([cipher.update(Buffer.concat(this.#parts)), cipher.final()]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length + tagLength);
    const frame = Buffer.concat([length, text, cipher.getAuthTag()]);
    await this.#file.write(frame, this.#position);
    this.#position += frame.length;
    this.#frames += 1;
    this.#parts = [];
    this.#held = 0;
  }
}

export class BackupReader {
  readonly #file: OpenFile;
  readonly #key: Buffer;
  readonly #header: Buffer;
  readonly #size: number;
  #position: number;
  #frames = 0;
  #held: Buffer = Buffer.alloc(0);
  #isLast = false;

  private constructor(file: OpenFile, size: number, key: Buffer, header: Buffer) {
    this.#file = file;
    this.#size = size;
    this.#key = key;
    this.#header = header;
    this.#position = header.length;
  }

  /** ConfigError for what is no backup, was written by a newer version, or asks for too much work. */
  static async open(file: OpenFile, passPhrase: string): Promise<BackupReader> {
    const header = await file.read(0, headerLength);
    if (header.length < headerLength || !header.subarray(0, magic.length).equals(magic)) {
      throw refusal('the file is no backup of signet');
    }
    const [version = 0, logN = 0, r = 0, p = 0] = header.subarray(magic.length);
    if (version !== formatVersion) throw refusal(`the backup has format ${version}; a newer signet is needed`);
    if (logN < 14 || logN > 18 || r < 1 || r > 8 || p < 1 || p > 4) {
      throw refusal('the backup asks for more work, or less, than a pass phrase should cost');
    }
    return new BackupReader(file, await file.size(), await deriveKey(passPhrase, header), header);
  }

  /** Exactly so many octets, a megabyte at most; undefined at the end. */
  async read(length: number): Promise<Buffer | undefined> {
    while (this.#held.length < length && !this.#isLast) await this.#next();
    if (length > 0 && this.#held.length === 0) return undefined;
    if (this.#held.length < length) throw damaged();
    const octets = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return octets;
  }

  async #next(): Promise<void> {
    const head = await this.#file.read(this.#position, 4);
    const length = head.length === 4 ? head.readUInt32BE() : 0;
    if (length < tagLength || length > frameLength + tagLength) throw damaged();
    const frame = await this.#file.read(this.#position + 4, length);
    this.#position += 4 + length;
    this.#isLast = this.#position >= this.#size;
    try {
      const nonce = nonceOf(this.#header, this.#frames, this.#isLast);
      const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagLength });
      decipher.setAAD(this.#header).setAuthTag(frame.subarray(length - tagLength));
      const text = Buffer.concat([decipher.update(frame.subarray(0, length - tagLength)), decipher.final()]);
      this.#held = Buffer.concat([this.#held, text]);
    } catch (error) {
      throw this.#frames === 0 ? refusal('the pass phrase is wrong, or the backup is damaged', error) : damaged(error);
    }
    this.#frames += 1;
  }
}

function deriveKey(passPhrase: string, header: Buffer): Promise<Buffer> {
  const [, logN = 0, r = 0, p = 0] = header.subarray(magic.length);
  const salt = header.subarray(magic.length + 4, magic.length + 4 + saltLength);
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    scrypt(passPhrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function nonceOf(header: Buffer, frame: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  header.copy(nonce, 0, headerLength - prefixLength);
  nonce.writeUInt32BE(frame, prefixLength);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

function damaged(cause?: unknown): ConfigError {
  return refusal('the backup is damaged', cause);
}

function refusal(message: string, cause?: unknown): ConfigError {
  return new ConfigError({ tag: 'invalid-value', message }, { cause });
}

const magic = Buffer.concat([Buffer.from('signet-backup', 'latin1'), Buffer.alloc(3)]);
const formatVersion = 1;
/** 64 MB, some tenths of a second. */
const cost = { logN: 16, r: 8, p: 1 } as const;
const saltLength = 16;
const prefixLength = 7;
const headerLength = magic.length + 4 + saltLength + prefixLength;
const tagLength = 16;
const frameLength = 1024 * 1024;
