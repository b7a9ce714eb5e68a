/** Signature algorithms of what we sign: RSA PKCS#1 v1.5, ECDSA, Ed25519 (RFC 4055, 5758, 8410). */

import { type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { type Asn1, bitString, embed, nullValue, oid, sequence, toDer } from './asn1.js';
import { invalidParameter, X509Error } from './errors.js';

export const signatureHashes = ['sha256', 'sha384', 'sha512'] as const;

/** The hash of a signature; a key that brings its own (Ed25519) has no use for it. */
export type SignatureHash = (typeof signatureHashes)[number];

/** Why a signature is not made with this hash; undefined where it is. */
export function signatureHashFault(name: string): string | undefined {
  if ((signatureHashes as readonly string[]).includes(name)) return undefined;
  return `${refusedHashes[name] ?? `${name.slice(0, 32)} is not known`}; use sha256, sha384 or sha512`;
}

/** `SEQUENCE { tbs, signatureAlgorithm, signature }`: the form of certificates, requests and revocation lists. */
export async function signed(
  privateKey: KeyObject,
  hash: SignatureHash,
  makeTbs: (signatureAlgorithm: () => Asn1) => Asn1,
): Promise<Buffer> {
  const fault = signatureHashFault(hash);
  if (fault !== undefined) throw invalidParameter('signature-hash', fault);
  return await signedOctets(privateKey, hash, toDer(makeTbs(signatureAlgorithm(privateKey, hash).algorithm)));
}

/** The same over octets that stay as they are. */
export async function signedOctets(privateKey: KeyObject, hash: SignatureHash, tbs: Buffer): Promise<Buffer> {
  const { algorithm, digest } = signatureAlgorithm(privateKey, hash);
  const signature = await signAsync(digest, tbs, { key: privateKey, dsaEncoding: 'der' });
  return toDer(sequence(embed(tbs), algorithm(), bitString(signature)));
}

function signatureAlgorithm(key: KeyObject, hash: SignatureHash): { algorithm: () => Asn1; digest: string | null } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      // RFC 4055 5: the parameters are NULL and must be there.
      return { algorithm: () => sequence(oid(rsaOids[hash]), nullValue()), digest: hash };
    case 'ec':
      return { algorithm: () => sequence(oid(ecdsaOids[hash])), digest: hash };
    case 'ed25519':
      return { algorithm: () => sequence(oid('1.3.101.112')), digest: null };
    default:
      throw new X509Error('unsupported', `signing with a key of type ${key.asymmetricKeyType ?? key.type}`);
  }
}

const signAsync = promisify(
  (
    digest: string | null,
    data: Buffer,
    key: { key: KeyObject; dsaEncoding: 'der' },
    done: (error: Error | null, signature: Buffer) => void,
  ) => sign(digest, data, key, done),
);

const rsaOids: Readonly<Record<SignatureHash, string>> = {
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};

const ecdsaOids: Readonly<Record<SignatureHash, string>> = {
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};

const refusedHashes: Readonly<Record<string, string>> = {
  md4: 'md4 is refused: collisions are found by hand, so that a signature with it proves nothing',
  md5: 'md5 is refused: colliding certificates have been made with it (RFC 6151), and no client takes it',
  sha1: 'sha1 is refused: collisions have been made (RFC 9155), and no client takes it in a certificate',
};
