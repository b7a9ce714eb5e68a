/**
 * What a TLS service may negotiate: security levels, versions, cipher suites by their IANA names (RFC 9645 takes those)
 * and groups, resolved to the option set of node:tls. Choices narrow what the level allows and never widen it: what is in
 * force is what both name, so that a change of level needs no change of the choices as long as something is left.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { SecureContextOptions, SecureVersion, TlsOptions } from 'node:tls';
import { ConfigError } from '../error.js';

export type SecurityLevel = 'standard' | 'high';
export type TlsVersion = 'tls12' | 'tls13';
export type TlsGroup = 'x25519' | 'secp256r1' | 'secp384r1' | 'secp521r1';

/** A private key with the certificates that are sent with it. */
export interface TlsCredentials {
  readonly key: KeyObject | string;
  /** The end-entity certificate first; each PEM text or DER octets. */
  readonly chain: readonly (string | Uint8Array)[];
}

export interface TlsParameters {
  readonly level: SecurityLevel;
  readonly minVersion?: TlsVersion | undefined;
  readonly maxVersion?: TlsVersion | undefined;
  /** IANA names in order of preference; those of the level where absent or empty. */
  readonly cipherSuites?: readonly string[];
  readonly groups?: readonly TlsGroup[];
  /** Whether the client is asked for a certificate. What `high` asks for is the caller's business. */
  readonly clientCertificates?: 'none' | 'optional' | 'required';
  /** Trust anchors for client certificates; each PEM text or DER octets. */
  readonly clientAnchors?: readonly (string | Uint8Array)[];
}

/** The parameters resolved: what is left of versions, suites and groups once the level and the choices are applied. */
export interface ResolvedParameters {
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** OpenSSL's names in order of preference. */
  readonly ciphers: readonly string[];
  readonly groups: readonly string[];
}

/** What a security level does without of the choices: names as they were given, in their order. */
export interface UnusedChoices {
  readonly cipherSuites: readonly string[];
  readonly groups: readonly string[];
}

/** The suites and groups that are chosen, known, and not in force because the level or the versions rule them out. */
export function unusedChoices(parameters: TlsParameters): UnusedChoices {
  const resolved = resolveParameters(parameters);
  return {
    cipherSuites: (parameters.cipherSuites ?? []).filter((name) => !resolved.ciphers.includes(suiteNames[name] ?? '')),
    groups: (parameters.groups ?? []).filter((name) => !resolved.groups.includes(groupNames[name])),
  };
}

/** Throws ConfigError `invalid-value` (all of them joined) where choices are unknown or leave nothing to negotiate. */
export function resolveParameters(parameters: TlsParameters): ResolvedParameters {
  const level = levels[parameters.level];
  const errors: ConfigError[] = [];
  for (const suite of parameters.cipherSuites ?? []) {
    if (!Object.hasOwn(suiteNames, suite)) errors.push(invalid(`cipher suite ${suite} is not supported`));
  }
  const suites = chosen(parameters.cipherSuites, level.suites, 'cipher suite', parameters.level, errors);
  const groups = chosen(parameters.groups, level.groups, 'group', parameters.level, errors);
  if (errors.length > 0) throw ConfigError.join(errors);

  const versions = level.versions.filter(
    (version) =>
      (parameters.minVersion === undefined || version >= parameters.minVersion) &&
      (parameters.maxVersion === undefined || version <= parameters.maxVersion),
  );
  if (versions.length === 0) {
    throw invalid(`no TLS version is left: level ${parameters.level} allows ${level.versions.join(' and ')}`);
  }
  // A version without a suite of its own would be negotiated and then fail, so it is not offered at all.
  const usable = versions.filter((version) => suites.some((suite) => versionOf(suite) === version));
  const [min] = usable;
  const max = usable.at(-1);
  if (min === undefined || max === undefined) {
    throw invalid(`no cipher suite is left for ${versions.join(' and ')}`);
  }
  const ciphers = suites
    .filter((suite) => usable.includes(versionOf(suite)))
    .map((suite) => suiteNames[suite] ?? suite);
  return {
    minVersion: versionNames[min],
    maxVersion: versionNames[max],
    ciphers,
    groups: groups.map((group) => groupNames[group as TlsGroup]),
  };
}

/**
 * The complete option set of one context. There is no way to build a part of it: what is not repeated would fall back to
 * the defaults of Node.
 */
export function contextOptions(credentials: TlsCredentials, parameters: TlsParameters): SecureContextOptions {
  const resolved = resolveParameters(parameters);
  const { key, chain } = checkCredentials(credentials, parameters.level);
  return {
    key: key.export({ format: 'pem', type: 'pkcs8' }),
    cert: chain.map((certificate) => certificate.toString()).join(''),
    minVersion: resolved.minVersion,
    maxVersion: resolved.maxVersion,
    ciphers: resolved.ciphers.join(':'),
    ecdhCurve: resolved.groups.join(':'),
    sigalgs: signatureAlgorithms,
    honorCipherOrder: true,
    // An empty list would mean Mozilla's roots: then any certificate of the web would pass as a client's.
    ca: (parameters.clientAnchors ?? []).map(certificatePem),
    // An authority need not be a root to be trusted (RFC 5280 6.1.1 (d)).
    allowPartialTrustChain: true,
    sessionIdContext: 'signet',
  };
}

/** What concerns the server rather than a context. */
export function serverOptions(parameters: TlsParameters): TlsOptions {
  const mode = parameters.clientCertificates ?? 'none';
  return {
    requestCert: mode !== 'none',
    rejectUnauthorized: mode === 'required',
    ALPNProtocols: ['http/1.1'],
  };
}

/** Key and chain as objects. Throws ConfigError where one is missing, unreadable or the key is not the certificate's. */
export function checkCredentials(
  credentials: TlsCredentials,
  level: SecurityLevel,
): { readonly key: KeyObject; readonly chain: readonly X509Certificate[] } {
  const key = readKey(credentials.key);
  const chain = credentials.chain.map(readCertificate);
  const [leaf] = chain;
  if (leaf === undefined) throw invalid('the certificate chain is empty');
  // OpenSSL takes an RSA key beside an EC certificate in silence, and then every handshake fails.
  if (!leaf.checkPrivateKey(key)) throw invalid('private key does not belong to the certificate');
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < levels[level].minRsaBits) {
    throw invalid(`an RSA key of ${bits} bits is too short: level ${level} needs ${levels[level].minRsaBits}`);
  }
  return { key, chain };
}

function chosen(
  wanted: readonly string[] | undefined,
  allowed: { readonly default: readonly string[]; readonly all: readonly string[] },
  what: string,
  level: SecurityLevel,
  errors: ConfigError[],
): readonly string[] {
  if (wanted === undefined || wanted.length === 0) return allowed.default;
  const left = wanted.filter((name) => allowed.all.includes(name));
  if (left.length === 0 && errors.length === 0) {
    errors.push(invalid(`no ${what} is left: security level ${level} allows ${allowed.all.join(', ')}`));
  }
  return left;
}

function versionOf(suite: string): TlsVersion {
  return suite.includes('_WITH_') ? 'tls12' : 'tls13';
}

function readKey(key: KeyObject | string): KeyObject {
  if (typeof key !== 'string') return key;
  try {
    return createPrivateKey(key);
  } catch (cause) {
    throw new ConfigError({ tag: 'invalid-value', message: 'the private key cannot be read' }, { cause });
  }
}

function readCertificate(certificate: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    throw new ConfigError({ tag: 'invalid-value', message: 'a certificate of the chain cannot be read' }, { cause });
  }
}

function certificatePem(certificate: string | Uint8Array): string {
  return typeof certificate === 'string' ? certificate : readCertificate(certificate).toString();
}

function invalid(message: string): ConfigError {
  return new ConfigError({ tag: 'invalid-value', message });
}

/** IANA's TLS Cipher Suites registry to OpenSSL's names (ciphers(1)): AEAD with ephemeral elliptic curves only. */
const suiteNames: Readonly<Record<string, string>> = {
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
};

const groupNames: Readonly<Record<TlsGroup, string>> = {
  x25519: 'X25519',
  secp256r1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

const versionNames: Readonly<Record<TlsVersion, SecureVersion>> = { tls12: 'TLSv1.2', tls13: 'TLSv1.3' };

/** No SHA-1: it would only serve TLS 1.2 clients that have nothing better. */
const signatureAlgorithms = [
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'ed25519',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
].join(':');

const strongSuites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

interface Level {
  readonly versions: readonly TlsVersion[];
  readonly suites: { readonly default: readonly string[]; readonly all: readonly string[] };
  readonly groups: { readonly default: readonly TlsGroup[]; readonly all: readonly TlsGroup[] };
  readonly minRsaBits: number;
}

const levels: Readonly<Record<SecurityLevel, Level>> = {
  standard: {
    versions: ['tls12', 'tls13'],
    suites: { default: Object.keys(suiteNames), all: Object.keys(suiteNames) },
    groups: { default: ['x25519', 'secp256r1', 'secp384r1'], all: ['x25519', 'secp256r1', 'secp384r1', 'secp521r1'] },
    minRsaBits: 2048,
  },
  high: {
    versions: ['tls13'],
    suites: { default: strongSuites, all: strongSuites },
    groups: { default: ['x25519', 'secp384r1', 'secp521r1'], all: ['x25519', 'secp384r1', 'secp521r1'] },
    minRsaBits: 3072,
  },
};
