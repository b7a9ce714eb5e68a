/** Private keys: generation off the event loop, and the identifier by which a key pair is known everywhere. */

import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { X509Error } from './errors.js';

/** The key algorithms that can be generated, as the schema names them. */
export const keyAlgorithms = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384', 'ec-p521', 'ed25519'] as const;

export type KeyAlgorithm = (typeof keyAlgorithms)[number];

export interface KeyPair {
  readonly algorithm: KeyAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** See {@link keyIdOf}. */
  readonly keyId: string;
}

export interface KeyGenerator {
  /**
   * Makes a key pair in a worker thread of node. RSA generations of one generator run one at a time, in the order asked
   * for: a wait that is aborted gives its place up, a generation that is aborted rejects at once though the thread
   * still runs to its end, and the next begins only after that. Rejects with X509Error `aborted`.
   */
  generate(algorithm: KeyAlgorithm, signal?: AbortSignal): Promise<KeyPair>;
}

/** A generator with a queue of its own; an agent makes one. */
export function createKeyGenerator(): KeyGenerator {
  let tail: Promise<unknown> = Promise.resolve();
  const generateRsa = (algorithm: KeyAlgorithm, signal: AbortSignal | undefined): Promise<KeyPair> => {
    const made = tail.then(() => {
      if (signal?.aborted === true) throw aborted();
      return generateNow(algorithm);
    });
    tail = made.catch(() => undefined);
    return made;
  };
  return {
    generate(algorithm, signal) {
      if (signal?.aborted === true) return Promise.reject(aborted());
      const made = algorithm.startsWith('rsa-') ? generateRsa(algorithm, signal) : generateNow(algorithm);
      return signal === undefined ? made : untilAborted(made, signal);
    },
  };
}

/** SHA-256 of the DER SubjectPublicKeyInfo in lower-case hex: the name of a key pair in the tree and of its file. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256').update(subjectPublicKeyInfo(key)).digest('hex');
}

/** The DER SubjectPublicKeyInfo of a public key, or of a private key's public half. */
export function subjectPublicKeyInfo(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/**
 * The algorithm and size of any key, as the schema spells those it can generate (`rsa-2048`, `ec-p256`, `ed25519`), and
 * in the same manner for others (`rsa-1024`, `rsa-pss-2048`, `ec-secp256k1`, `dsa-2048`, `ed448`).
 */
export function keyAlgorithmOf(key: KeyObject): string {
  const type = key.asymmetricKeyType ?? 'unknown';
  const details = key.asymmetricKeyDetails ?? {};
  if (type === 'ec') return curveNames.get(details.namedCurve ?? '') ?? `ec-${details.namedCurve ?? 'unknown'}`;
  return details.modulusLength === undefined ? type : `${type}-${details.modulusLength}`;
}

/** True for an algorithm that {@link KeyGenerator.generate} makes. */
export function isKeyAlgorithm(name: string): name is KeyAlgorithm {
  return (keyAlgorithms as readonly string[]).includes(name);
}

async function generateNow(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const { privateKey, publicKey } = await generators[algorithm]();
  return { algorithm, privateKey, publicKey, keyId: keyIdOf(publicKey) };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted());
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function aborted(): X509Error {
  return new X509Error('aborted', 'key generation was aborted');
}

const generate = promisify(generateKeyPair);

const rsa = (modulusLength: number) => () => generate('rsa', { modulusLength, publicExponent: 65537 });
const ec = (namedCurve: string) => () => generate('ec', { namedCurve, paramEncoding: 'named' });

const generators: Readonly<Record<KeyAlgorithm, () => Promise<{ privateKey: KeyObject; publicKey: KeyObject }>>> = {
  'rsa-2048': rsa(2048),
  'rsa-3072': rsa(3072),
  'rsa-4096': rsa(4096),
  'ec-p256': ec('P-256'),
  'ec-p384': ec('P-384'),
  'ec-p521': ec('P-521'),
  ed25519: () => generate('ed25519'),
};

/** node's curve names (OpenSSL's) to the schema's. */
const curveNames: ReadonlyMap<string, KeyAlgorithm> = new Map([
  ['prime256v1', 'ec-p256'],
  ['P-256', 'ec-p256'],
  ['secp384r1', 'ec-p384'],
  ['P-384', 'ec-p384'],
  ['secp521r1', 'ec-p521'],
  ['P-521', 'ec-p521'],
]);
