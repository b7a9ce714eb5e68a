/** Writing of PKCS#12 (RFC 7292): one private key with its chain under a password. */

import { createHash, createHmac, type KeyObject, randomBytes } from 'node:crypto';
import {
  type Asn1,
  bmpString,
  context,
  contextPrimitive,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
  toDer,
} from './asn1.js';
import type { Certificate } from './certificate.js';
import { derivePkcs12 } from './kdf.js';
import { attributeOids } from './oids.js';
import { encryptWithPassword } from './pbe.js';
import { pkcs7Oids } from './pkcs7.js';
import { bagOids, x509CertificateOid } from './pkcs12.js';
import { encryptedPrivateKeyInfo, writtenIterations } from './private-key.js';

export interface Pkcs12Parameters {
  readonly privateKey: KeyObject;
  /** End-entity certificate first. */
  readonly chain: readonly Certificate[];
  readonly friendlyName: string;
  readonly password: string;
}

/** Writes a PFX: certificates and key under PBES2 with AES-256, MAC with SHA-256 (what OpenSSL 3 and Java 17 write). */
export async function writePkcs12(parameters: Pkcs12Parameters): Promise<Buffer> {
  const { privateKey, chain, friendlyName, password } = parameters;
  const localKeyId = createHash('sha1')
    .update(chain[0]?.der ?? '')
    .digest();
  const ownAttributes = (): Asn1 =>
    setOf(
      sequence(oid(attributeOids.friendlyName), setOf(bmpString(friendlyName))),
      sequence(oid(attributeOids.localKeyId), setOf(octetString(localKeyId))),
    );
  const certificateBags = chain.map(({ der }, index) =>
    sequence(
      oid(bagOids.certificate),
      context(0, sequence(oid(x509CertificateOid), context(0, octetString(der)))),
      ...(index === 0 ? [ownAttributes()] : []),
    ),
  );
  const keyInfo = await encryptedPrivateKeyInfo(privateKey, password);
  const keyBag = sequence(oid(bagOids.shroudedKey), context(0, keyInfo), ownAttributes());
  const certificates = await encryptWithPassword(toDer(sequence(...certificateBags)), password, writtenIterations);
  const authSafe = toDer(sequence(encryptedData(certificates), data(toDer(sequence(keyBag)))));
  return toDer(sequence(integer(3), data(authSafe), await macOf(authSafe, password)));
}

function data(content: Buffer): Asn1 {
  return sequence(oid(pkcs7Oids.data), context(0, octetString(content)));
}

function encryptedData({ algorithm, encrypted }: { algorithm: Asn1; encrypted: Buffer }): Asn1 {
  const info = sequence(oid(pkcs7Oids.data), algorithm, contextPrimitive(0, encrypted));
  return sequence(oid(pkcs7Oids.encryptedData), context(0, sequence(integer(0), info)));
}

async function macOf(authSafe: Buffer, password: string): Promise<Asn1> {
  const salt = randomBytes(16);
  const derivation = { hash: 'sha256', purpose: 3, password, salt, iterations: writtenIterations, size: 32 } as const;
  const mac = createHmac('sha256', await derivePkcs12(derivation))
    .update(authSafe)
    .digest();
  const algorithm = sequence(oid('2.16.840.1.101.3.4.2.1'), nullValue());
  return sequence(sequence(algorithm, octetString(mac)), octetString(salt), integer(writtenIterations));
}
