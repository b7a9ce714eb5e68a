/** A chain that a certification authority returned: read, put in order, judged as the chain of a TLS server. */
import type { Finding } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { type Certificate, orderChain, readCertificate, validateServerChain, X509Error } from '../../x509/index.js';

export interface ServerChain {
  /** End-entity certificate first, without the root. */
  readonly certificates: readonly Certificate[];
  /** Key identifier of the end-entity certificate. */
  readonly keyId: string;
  /** What is missing or was left out. */
  readonly remarks: readonly string[];
}

/** From base64 DER as the tree holds it. Throws ConfigError at `path` (and its entries). */
export function readServerChain(chain: readonly string[], path: string, keyIds: readonly string[] = []): ServerChain {
  if (chain.length === 0) throw invalid(path, 'the certificate chain is empty');
  const certificates = chain.map((each) => {
    const der = Buffer.from(each, 'base64');
    return at(path, () => readCertificate(der));
  });
  return orderServerChain(certificates, path, keyIds);
}

/**
 * What is to be said of the chain as one that is brought in now. Findings of severity error refuse it.
 */
export function judgeChain(chain: ServerChain, path: string, now: number): readonly Finding[] {
  const found = validateServerChain({ chain: chain.certificates, now: new Date(now), clockTrusted: true });
  return [
    ...found.map(({ severity, text, code }) => ({ severity, text, path, appTag: code })),
    ...chain.remarks.map((text) => ({ severity: 'info' as const, text, path })),
  ];
}

/** The errors among the findings as one refusal; undefined where there is none. */
export function refusalOf(findings: readonly Finding[]): ConfigError | undefined {
  const errors = findings
    .filter(({ severity }) => severity === 'error')
    .map(
      ({ text, path, tag, appTag }) =>
        new ConfigError({
          tag: tag ?? 'invalid-value',
          path,
          message: text,
          ...(appTag === undefined ? {} : { appTag }),
        }),
    );
  return errors.length === 0 ? undefined : ConfigError.join(errors);
}

/** Throws ConfigError at `path` where nothing is left to serve. */
export function orderServerChain(
  certificates: readonly Certificate[],
  path: string,
  keyIds: readonly string[],
): ServerChain {
  const { chain, remarks } = at(path, () => orderChain(certificates, { keyIds }));
  const [leaf] = chain;
  if (leaf === undefined) throw invalid(path, 'the certificate chain is empty');
  return { certificates: chain, keyId: leaf.keyId, remarks };
}

function at<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof X509Error) throw invalid(path, error.message, error);
    throw error;
  }
}

function invalid(path: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError({ tag: 'invalid-value', path, message }, cause === undefined ? undefined : { cause });
}
