/** Certification authorities of any behaviour, made in the test. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readDer } from '../../src/x509/der.js';
import { type Certificate, certificatePem, type KeyAlgorithm, parsePem } from '../../src/x509/index.js';
import { caExtensions, issue, serverExtensions, testKey } from '../x509/support.js';
import { day, noon } from './support.js';

export interface TestAuthority {
  readonly root: Certificate;
  readonly intermediate: Certificate;
  /** A server certificate for the public half of a key, of a year from a day ago on unless other days (from noon) are given. */
  issue(key: KeyObject, options?: LeafOptions): Promise<Certificate>;
}

export interface LeafOptions {
  readonly from?: number;
  readonly to?: number;
  readonly name?: string;
  readonly asAuthority?: boolean;
}

export async function makeAuthority(name = 'Test'): Promise<TestAuthority> {
  const rootKey = await testKey('ec-p256', `${name} root`);
  const intermediateKey = await testKey('ec-p256', `${name} intermediate`);
  const rootSubject = { organization: name, commonName: `${name} Root` };
  const intermediateSubject = { organization: name, commonName: `${name} Intermediate` };
  const dates = { notBefore: new Date(noon - 30 * day), notAfter: new Date(noon + 3000 * day) };
  const root = await issue({
    ...dates,
    subject: rootSubject,
    key: rootKey.privateKey,
    extensions: caExtensions(rootKey.privateKey, rootKey.privateKey),
  });
  const intermediate = await issue({
    ...dates,
    subject: intermediateSubject,
    key: intermediateKey.privateKey,
    issuer: { subject: rootSubject, key: rootKey.privateKey },
    extensions: caExtensions(intermediateKey.privateKey, rootKey.privateKey),
  });
  return {
    root,
    intermediate,
    issue(key, options = {}) {
      const host = options.name ?? 'device.example.net';
      return issue({
        subject: { commonName: host },
        key,
        issuer: { subject: intermediateSubject, key: intermediateKey.privateKey },
        notBefore: new Date(noon + (options.from ?? -1) * day),
        notAfter: new Date(noon + (options.to ?? 364) * day),
        extensions:
          options.asAuthority === true
            ? caExtensions(key, intermediateKey.privateKey, 0)
            : serverExtensions(key, intermediateKey.privateKey, ['digitalSignature'], host),
      });
    },
  };
}

export function newKey(name: string, algorithm: KeyAlgorithm = 'ec-p256'): Promise<{ readonly privateKey: KeyObject }> {
  return testKey(algorithm, name);
}

export function base64(...certificates: readonly Certificate[]): readonly string[] {
  return certificates.map(({ der }) => der.toString('base64'));
}

export function pem(...certificates: readonly Certificate[]): string {
  return certificates.map(certificatePem).join('');
}

/** The public key that a PEM request is for. */
export function keyOfRequest(text: string): KeyObject {
  const [block] = parsePem(text);
  if (block === undefined) throw new Error('no PEM block');
  const info = readDer(readDer(block.der).children[0]!.raw);
  return createPublicKey({ key: info.children[2]!.raw, format: 'der', type: 'spki' });
}
