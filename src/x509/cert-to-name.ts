/** What of a certificate a user can be named by: the facts that the cert-to-name of RFC 7407 (and SNMP's, RFC 6353) maps. */

import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.js';
import { ipOctets } from './general-name.js';
import { attributeOids } from './oids.js';

export interface CertToNameFacts {
  /** san-rfc822-name: the host part in lower case, the local part as it is written. */
  readonly rfc822Names: readonly string[];
  /** san-dns-name: in lower case. */
  readonly dnsNames: readonly string[];
  /** san-ip-address: IPv4 with dots, IPv6 as 32 digits of lower-case hex without colons. */
  readonly ipAddresses: readonly string[];
  /** san-any: all of the above in the order of the certificate. */
  readonly anyNames: readonly string[];
  /** common-name: the first one of the subject. */
  readonly commonName: string | undefined;
}

/** The names of a certificate in the forms of RFC 7407's map types. */
export function certToNameFacts({ subject, subjectAltNames }: Certificate): CertToNameFacts {
  const names = subjectAltNames.flatMap(({ type, value }) => {
    const name = forms[type]?.(value);
    return name === undefined ? [] : [{ type, name }];
  });
  const of = (wanted: string): readonly string[] => names.filter(({ type }) => type === wanted).map(({ name }) => name);
  return {
    rfc822Names: of('email'),
    dnsNames: of('dns'),
    ipAddresses: of('ip'),
    anyNames: names.map(({ name }) => name),
    commonName: subject.flat().find(({ oid }) => oid === attributeOids.commonName)?.text,
  };
}

/** Hash algorithms of a fingerprint by their number (TLS HashAlgorithm, RFC 5246 7.4.1.4.1). */
export const tlsHashes = { md5: 1, sha1: 2, sha224: 3, sha256: 4, sha384: 5, sha512: 6 } as const;

export type TlsHash = keyof typeof tlsHashes;

/** The tls-fingerprint of RFC 7407: the number of the hash, then the hash of the certificate; lower-case hex with colons. */
export function tlsFingerprint(certificate: Pick<Certificate, 'der'>, hash: TlsHash = 'sha256'): string {
  const octets = Buffer.concat([Buffer.of(tlsHashes[hash]), createHash(hash).update(certificate.der).digest()]);
  return octets.toString('hex').replace(/..(?!$)/g, '$&:');
}

/** True where the fingerprint, by whichever hash it names, is that of the certificate; case does not count. */
export function hasTlsFingerprint(certificate: Pick<Certificate, 'der'>, wanted: string): boolean {
  const number = Number.parseInt(wanted.slice(0, 2), 16);
  const hash = (Object.keys(tlsHashes) as TlsHash[]).find((name) => tlsHashes[name] === number);
  return hash !== undefined && tlsFingerprint(certificate, hash) === wanted.toLowerCase();
}

/** Why a tls-fingerprint (hex with colons) is that of no certificate whatever; undefined where it may be that of one. */
export function tlsFingerprintFault(fingerprint: string): string | undefined {
  const octets = fingerprint.split(':').length;
  const number = Number.parseInt(fingerprint.slice(0, 2), 16);
  const named = (Object.keys(tlsHashes) as TlsHash[]).find((name) => tlsHashes[name] === number);
  if (named !== undefined && hashLengths[named] === octets - 1) return undefined;
  // What `openssl x509 -fingerprint` prints, say.
  const bare = (Object.keys(tlsHashes) as TlsHash[]).find((name) => hashLengths[name] === octets);
  if (bare !== undefined) return `lacks the number of its hash: for ${bare} write 0${tlsHashes[bare]}: in front of it`;
  if (named === undefined)
    return `begins with ${fingerprint.slice(0, 2)}, which is the number of no hash; sha256 has 04`;
  return `should have ${hashLengths[named]} octets of ${named} after its number, and has ${octets - 1}`;
}

const hashLengths: Readonly<Record<TlsHash, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

const forms: Readonly<Record<string, (value: string) => string>> = {
  email: (value) => {
    const at = value.lastIndexOf('@') + 1;
    return value.slice(0, at) + value.slice(at).toLowerCase();
  },
  dns: (value) => value.toLowerCase(),
  ip: (value) => {
    const octets = ipOctets(value);
    return octets?.length === 16 ? octets.toString('hex') : value;
  },
};
