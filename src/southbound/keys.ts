/** The key files: private keys sealed by functions that are passed in, one file per key pair, named by its key-id. */

import { access, chmod, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../error.js';

/** Authenticated encryption under the agent's master key; `aad` binds the result to its place. */
export interface Sealing {
  seal(plain: Buffer, aad: string): Buffer;
  /** Throws where the octets were not sealed under this key for this place. */
  open(sealed: Buffer, aad: string): Buffer;
}

export interface KeyStore {
  /** Stores a key (octets of the caller's choice, PKCS#8 as a rule); it is on disk when the promise resolves. */
  put(keyId: string, key: Buffer): Promise<void>;
  /** The key; rejects with data-missing where there is none, operation-failed where the file cannot be opened. */
  get(keyId: string): Promise<Buffer>;
  has(keyId: string): Promise<boolean>;
  /** Removes a key for good; one that is not there is no error. */
  remove(keyId: string): Promise<void>;
  /** The key-ids of all keys, sorted. */
  list(): Promise<readonly string[]>;
}

/**
 * Opens the store in `directory`, which is made with mode 0700 where it is absent; files that a crash left half
 * written are removed. All methods reject with ConfigError.
 */
export async function openKeyStore(directory: string, sealing: Sealing): Promise<KeyStore> {
  await attempt(`the key directory ${directory} cannot be used`, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    for (const name of await readdir(directory)) {
      if (partPattern.test(name)) await unlink(join(directory, name));
    }
  });
  return {
    async put(keyId, key) {
      const path = fileOf(directory, keyId);
      const sealed = sealing.seal(key, aadOf(keyId));
      await attempt('the key file cannot be written', () => writeDurably(directory, path, sealed));
    },
    async get(keyId) {
      const sealed = await readFile(fileOf(directory, keyId)).catch((cause: unknown) => {
        throw isMissing(cause)
          ? new ConfigError({ tag: 'data-missing', message: `there is no private key ${keyId}` })
          : failed('the key file cannot be read', cause);
      });
      try {
        return sealing.open(sealed, aadOf(keyId));
      } catch (cause) {
        throw failed(`the key file ${keyId} is damaged or was sealed under another master key`, cause);
      }
    },
    async has(keyId) {
      return access(fileOf(directory, keyId)).then(
        () => true,
        () => false,
      );
    },
    async remove(keyId) {
      const path = fileOf(directory, keyId);
      await attempt('the key file cannot be removed', async () => {
        await unlink(path).catch((cause: unknown) => {
          if (!isMissing(cause)) throw cause;
        });
        await syncDirectory(directory);
      });
    },
    list: () =>
      attempt('the key directory cannot be read', async () =>
        (await readdir(directory)).filter((name) => keyIdPattern.test(name)).sort(),
      ),
  };
}

/** Beside, fsync, rename, fsync of the directory: a reader sees the whole file or none, a crash loses nothing. */
async function writeDurably(directory: string, path: string, octets: Buffer): Promise<void> {
  const part = `${path}.${process.pid}-${performance.now()}.part`;
  const handle = await open(part, 'wx', 0o600);
  try {
    await handle.writeFile(octets);
    await handle.sync();
    await handle.close();
    await rename(part, path);
  } catch (cause) {
    await handle.close().catch(() => undefined);
    await unlink(part).catch(() => undefined);
    throw cause;
  }
  await syncDirectory(directory);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A key-id is the file's name, so nothing else may get this far (`../x` above all). */
function fileOf(directory: string, keyId: string): string {
  if (!keyIdPattern.test(keyId)) {
    throw new ConfigError({ tag: 'invalid-value', message: 'a key-id is 64 hexadecimal digits' });
  }
  return join(directory, keyId);
}

function aadOf(keyId: string): string {
  return `keys/${keyId}`;
}

async function attempt<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : failed(message, cause);
  }
}

function failed(message: string, cause: unknown): ConfigError {
  const code = errorCode(cause);
  const tag = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EMFILE' ? 'resource-denied' : 'operation-failed';
  return new ConfigError({ tag, message: code === undefined ? message : `${message}: ${code}` }, { cause });
}

function isMissing(cause: unknown): boolean {
  return errorCode(cause) === 'ENOENT';
}

function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && /^E[A-Z]+$/.test(cause.code)
    ? cause.code
    : undefined;
}

const keyIdPattern = /^[0-9a-f]{64}$/;

const partPattern = /^[0-9a-f]{64}\..*\.part$/;
