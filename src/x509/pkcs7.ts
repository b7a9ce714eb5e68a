/** PKCS#7 / CMS SignedData as a bag of certificates and revocation lists (RFC 5652 section 5, certs-only). */

import { context, embed, integer, oid, sequence, setOf, toDer } from './asn1.js';
import type { Certificate } from './certificate.js';
import { type DerNode, derLimits, expectTag, isContext, readDer, readOid, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { toPem } from './pem.js';
import type { Encoded } from './request.js';

export const pkcs7Oids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  encryptedData: '1.2.840.113549.1.7.6',
} as const;

export interface Pkcs7 {
  /** Certificates and revocation lists in DER, in the order of the container. */
  readonly certificates: readonly Buffer[];
  readonly revocationLists: readonly Buffer[];
}

/** The most certificates that are taken from one container. */
export const containerCertificates = 64;

/** Reads SignedData in DER or BER; signatures over content are of no interest here. */
export function readPkcs7(octets: Buffer): Pkcs7 {
  const root = expectTag(readDer(octets, derLimits, 'ber'), tags.sequence, 'PKCS#7');
  const type = readOid(root.children[0], 'PKCS#7 content type');
  if (type !== pkcs7Oids.signedData) throw new X509Error('unsupported', `PKCS#7 content ${type} is not signed data`);
  const wrapped = root.children[1];
  if (!isContext(wrapped, 0)) throw malformed('PKCS#7 without content');
  const parts = expectTag(wrapped.children[0], tags.sequence, 'PKCS#7 signed data').children;
  // version, digestAlgorithms and encapContentInfo come first; context 0 and 1 after them.
  const certificates = parts.slice(3).find((node) => isContext(node, 0));
  const lists = parts.slice(3).find((node) => isContext(node, 1));
  if ((certificates?.children.length ?? 0) > containerCertificates) {
    throw new X509Error('too-big', `more than ${containerCertificates} certificates in one container`);
  }
  return { certificates: sequences(certificates), revocationLists: sequences(lists) };
}

/** A certs-only SignedData with these certificates, end-entity certificate first as far as the SET order lets it. */
export function writePkcs7(certificates: readonly Certificate[]): Encoded {
  const der = toDer(
    sequence(
      oid(pkcs7Oids.signedData),
      context(
        0,
        sequence(
          integer(1),
          setOf(),
          sequence(oid(pkcs7Oids.data)),
          context(0, ...certificates.map((certificate) => embed(certificate.der))),
          setOf(),
        ),
      ),
    ),
  );
  return { der, pem: toPem('PKCS7', der) };
}

/** Certificates proper: CertificateChoices has obsolete context-tagged kinds, which are passed over. */
function sequences(node: DerNode | undefined): readonly Buffer[] {
  return (node?.children ?? [])
    .filter(({ tagClass, tag }) => tagClass === 0 && tag === tags.sequence)
    .map(({ raw }) => raw);
}
