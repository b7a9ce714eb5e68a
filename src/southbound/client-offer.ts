/** What the clients of trial handshakes offer (RFC 8446 4.2.3 signature algorithms, 4.2.7 groups, B.4 suites). */
import type { ConnectionOptions, SecureVersion } from 'node:tls';

export interface ClientOffer {
  /** For refusals. */
  readonly name: string;
  readonly options: Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ecdhCurve' | 'sigalgs'>;
}

/** Everything that OpenSSL knows, by one version of TLS. */
export function anythingBy(version: SecureVersion): ClientOffer {
  return { name: version, options: { minVersion: version, maxVersion: version, ecdhCurve: 'auto' } };
}

/**
 * What every browser offers: Chromium's lists, which Firefox's contain (it has P-521 besides). What no level of ours allows is left
 * out: CBC suites, and hybrid groups, which are offered beside the others.
 */
export const browserOffer: ClientOffer = {
  name: 'what browsers offer',
  options: {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: [
      'TLS_AES_128_GCM_SHA256',
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-RSA-CHACHA20-POLY1305',
    ].join(':'),
    ecdhCurve: 'X25519:P-256:P-384',
    sigalgs: [
      'ecdsa_secp256r1_sha256',
      'rsa_pss_rsae_sha256',
      'rsa_pkcs1_sha256',
      'ecdsa_secp384r1_sha384',
      'rsa_pss_rsae_sha384',
      'rsa_pkcs1_sha384',
      'rsa_pss_rsae_sha512',
      'rsa_pkcs1_sha512',
    ].join(':'),
  },
};
