/** Certification paths to trust anchors (RFC 5280 section 6): found by signature, judged by the rules of a TLS server chain. */

import { type Certificate, isSelfSigned } from './certificate.js';
import { isIssuer } from './chain.js';
import { checkRevocation, type RevocationFinding, type RevocationList } from './crl.js';
import { type ChainFinding, type ServerChainCheck, validateServerChain } from './validate.js';

export interface PathCheck extends Omit<ServerChainCheck, 'chain'> {
  /** The certificate to judge. */
  readonly leaf: Certificate;
  /** Certificates that may stand between; their order does not matter. */
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly revocationLists?: readonly RevocationList[];
  /** True where every certificate needs a current revocation list (level high). */
  readonly revocationRequired?: boolean;
}

export interface PathResult {
  /** The certificate first, the trust anchor last; where none is reached, as far as the search came. */
  readonly path: readonly Certificate[];
  readonly anchor: Certificate | undefined;
  /** No error among them: the path is valid. */
  readonly findings: readonly (ChainFinding | RevocationFinding)[];
}

/**
 * Looks for a path to an anchor that has no errors; where there is none, tells the faults of the best one found.
 * The number of certificates in a path and of paths tried is bounded.
 */
export function validatePath(check: PathCheck): PathResult {
  const results: PathResult[] = [];
  const search: Search = { check, paths: 0, longest: [check.leaf] };
  for (const path of pathsFrom(search, [check.leaf])) {
    const result = judge(check, path);
    if (!result.findings.some(({ severity }) => severity === 'error')) return result;
    results.push(result);
  }
  const [best] = results.sort((a, b) => errors(a) - errors(b));
  if (best !== undefined) return best;
  const { findings } = judge(check, search.longest);
  const text = 'the chain does not lead to a configured trust anchor';
  return {
    path: search.longest,
    anchor: undefined,
    findings: [...findings, { severity: 'error', code: 'incomplete-chain', text }],
  };
}

interface Search {
  readonly check: PathCheck;
  paths: number;
  longest: readonly Certificate[];
}

/** Depth first; yields each path that ends at an anchor. */
function* pathsFrom(search: Search, path: readonly Certificate[]): Generator<readonly Certificate[]> {
  const { anchors, intermediates } = search.check;
  const last = path.at(-1)!;
  if (path.length > search.longest.length) search.longest = path;
  if (anchors.some(({ der }) => der.equals(last.der))) yield path;
  if (path.length >= longestPath || isSelfSigned(last)) return;
  for (const issuer of [...anchors, ...intermediates]) {
    if (++search.paths > mostSteps) return;
    // A key and name that stand in the path already would lead in a circle (RFC 4158 2.4.2).
    const seen = path.some(({ keyId, der }) => keyId === issuer.keyId || der.equals(issuer.der));
    if (!seen && isIssuer(issuer, last)) yield* pathsFrom(search, [...path, issuer]);
  }
}

function judge(check: PathCheck, path: readonly Certificate[]): PathResult {
  const { leaf, intermediates, anchors, revocationLists, revocationRequired, ...rest } = check;
  const revocation = { lists: revocationLists ?? [], required: revocationRequired ?? false };
  const wanted = revocation.lists.length > 0 || revocation.required;
  return {
    path,
    anchor: path.at(-1),
    findings: [
      ...validateServerChain({ ...rest, chain: path }),
      ...(wanted ? checkRevocation({ ...rest, ...revocation, path }) : []),
    ],
  };
}

function errors({ findings }: PathResult): number {
  return findings.filter(({ severity }) => severity === 'error').length;
}

const longestPath = 10;

/** Issuers tried in all; each costs at most one signature check. */
const mostSteps = 400;
