/** CertificationRequestInfo (RFC 2986 4.1), which a client makes and the holder of the key signs. */
import type { KeyObject } from 'node:crypto';
import { child, type DerNode, expectTag, isContext, readDer, readOid, readSmallInteger, tags } from './der.js';
import { invalidParameter, malformed } from './errors.js';
import { subjectPublicKeyInfo } from './key.js';
import { readName } from './name.js';
import { toPem } from './pem.js';
import type { Encoded } from './request.js';
import { type SignatureHash, signedOctets } from './sign.js';

/**
 * Signs a CertificationRequestInfo as it came. What is no such structure, or asks for another key, is refused with X509Error:
 * a holder of a key must not sign octets whose meaning he does not know.
 */
export async function signRequestInfo(privateKey: KeyObject, hash: SignatureHash, info: Buffer): Promise<Encoded> {
  const { publicKey } = readInfo(readDer(info, requestLimits));
  if (!publicKey.equals(subjectPublicKeyInfo(privateKey))) {
    throw invalidParameter('csr-info', 'the public key in it is not that of this key');
  }
  const der = await signedOctets(privateKey, hash, info);
  return { der, pem: toPem('CERTIFICATE REQUEST', der) };
}

/** The SubjectPublicKeyInfo in a PKCS#10 request; throws X509Error. */
export function publicKeyOfRequest(der: Buffer): Buffer {
  const request = expectTag(readDer(der, requestLimits), tags.sequence, 'request');
  return readInfo(child(request, 0, 'request')).publicKey;
}

function readInfo(node: DerNode): { readonly publicKey: Buffer } {
  const [version, subject, key, attributes, ...rest] = expectTag(node, tags.sequence, 'request').children;
  if (subject === undefined || key === undefined || !isContext(attributes, 0) || rest.length > 0) {
    throw malformed('not a CertificationRequestInfo');
  }
  const number = readSmallInteger(version, 'version of the request');
  if (number !== 0) throw malformed(`a request of version ${String(number + 1)}`);
  readName(subject, 'subject');
  for (const attribute of attributes.children) {
    const [type, values] = expectTag(attribute, tags.sequence, 'attribute of the request').children;
    readOid(type, 'attribute of the request');
    expectTag(values, tags.set, 'attribute of the request');
  }
  return { publicKey: expectTag(key, tags.sequence, 'subjectPKInfo').raw };
}

/** What the attributes hold is for the authority to judge; these bounds keep it small. */
const requestLimits = { bytes: 65_536, depth: 24, nodes: 8_000 } as const;
