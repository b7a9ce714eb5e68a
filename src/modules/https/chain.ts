/** A chain that a certification authority returned: read, put in order, judged as the chain of a TLS server. */
import type { Finding } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { Clock } from '../../southbound/index.js';
import {
  type Certificate,
  hostFindings as judgeHosts,
  orderChain,
  readCertificate,
  type SecurityLevel,
  validatePath,
  validateServerChain,
  X509Error,
} from '../../x509/index.js';

export interface ServerChain {
  /** End-entity certificate first, without the root. */
  readonly certificates: readonly Certificate[];
  /** Key identifier of the end-entity certificate. */
  readonly keyId: string;
  /** Roots that came along and were left out. */
  readonly ownRoots: readonly Certificate[];
  /** Whether nothing is missing up to a root, which came along or is among the trust anchors. */
  readonly reachesRoot: boolean;
  /** What is missing or was left out. */
  readonly remarks: readonly string[];
}

/** From base64 DER as the tree holds it. Throws ConfigError at `path` (and its entries). */
export function readServerChain(
  chain: readonly string[],
  path: string,
  options: Parameters<typeof orderChain>[1] = {},
): ServerChain {
  if (chain.length === 0) throw invalid(path, 'the certificate chain is empty');
  const certificates = chain.map((each) => {
    const der = Buffer.from(each, 'base64');
    return at(path, () => readCertificate(der));
  });
  return orderServerChain(certificates, path, options);
}

/** By what a chain is judged beside its own content. */
export interface Circumstances {
  readonly clock: Clock;
  readonly level: SecurityLevel;
  /** Names and addresses that the device is reached by. */
  readonly hosts: readonly string[];
  /** Where not empty, the chain has to lead to one of them; else to a root that came along, where one did. */
  readonly anchors: readonly Certificate[];
}

/** What is to be said of the chain as one that is brought in now. Findings of severity error refuse it. */
export function judgeChain(chain: ServerChain, path: string, circumstances: Circumstances): readonly Finding[] {
  // Nothing is asked of the issuer's root where it neither came along nor is known: it cannot be seen.
  const anchors = circumstances.anchors.length > 0 ? circumstances.anchors : chain.ownRoots;
  return [
    ...chainFindings(chain.certificates, { ...circumstances, anchors }).map((finding) => ({ ...finding, path })),
    ...chain.remarks.map((text) => ({ severity: 'info' as const, text, path })),
  ];
}

/** One finding per fault, without a path; `appTag` is the code of x509. */
export function chainFindings(
  chain: readonly Certificate[],
  { clock, level, hosts, anchors }: Circumstances,
): readonly Omit<Finding, 'path'>[] {
  const rest = { now: new Date(clock.now()), clockTrusted: clock.trusted(), level };
  const [leaf, ...intermediates] = chain;
  const own = validateServerChain({ ...rest, chain });
  const isJudged = leaf !== undefined && anchors.length > 0 && !own.some(({ code }) => code === 'chain-too-long');
  const path = isJudged ? validatePath({ ...rest, leaf, intermediates, anchors }).findings : [];
  const known = new Set(own.map(({ code, text }) => `${code} ${text}`));
  const found = [...own, ...path.filter(({ code, text }) => !known.has(`${code} ${text}`))];
  return [
    ...found.map(({ severity, text, code }) => ({ severity, text, appTag: code })),
    ...(leaf === undefined ? [] : hostFindings(leaf, hosts)),
  ];
}

/** What is to be said of a certificate, or of the names it will have, that holds for none by which the device is reached. */
export function hostFindings(
  leaf: Parameters<typeof judgeHosts>[0],
  hosts: readonly string[],
): readonly Omit<Finding, 'path'>[] {
  return judgeHosts(leaf, hosts).map(({ severity, text, code }) => ({ severity, text, appTag: code }));
}

/** Codes of findings that depend on the clock. */
export const clockCodes: ReadonlySet<string> = new Set(['expired', 'not-yet-valid', 'revocation-list-expired']);

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
  options: Parameters<typeof orderChain>[1],
): ServerChain {
  const { chain, ownRoots, reachesRoot, remarks } = at(path, () => orderChain(certificates, options));
  const [leaf] = chain;
  if (leaf === undefined) throw invalid(path, 'the certificate chain is empty');
  return { certificates: chain, keyId: leaf.keyId, ownRoots, reachesRoot, remarks };
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
