/** Certification paths to trust anchors (RFC 5280 section 6): found by name and signature, judged by the rules of a purpose. */

import type { Certificate } from './certificate.js';
import { X509Error } from './errors.js';
import { type ChainFinding, error } from './findings.js';
import { IssuerIndex, SignatureChecks } from './issuers.js';
import type { PolicyInputs } from './policies.js';
import type { Purpose } from './purpose.js';
import { checkRevocation, type ListSignatures, type RevocationFinding } from './revocation.js';
import type { RevocationList } from './revocation-list.js';
import { type ChainCircumstances, judgeChain, longestChain } from './validate.js';

export interface PathCheck extends ChainCircumstances {
  /** The certificate to judge. */
  readonly leaf: Certificate;
  /** Certificates that may stand between; their order does not matter. */
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  /** What the path is for; a server's where absent. */
  readonly purpose?: Purpose;
  readonly revocationLists?: readonly RevocationList[];
  /** True where every certificate needs a current revocation list (level high). */
  readonly revocationRequired?: boolean;
  /** What is known of the signatures of the lists from earlier checks. */
  readonly listSignatures?: ListSignatures;
  readonly policies?: PolicyInputs;
}

export interface PathResult {
  /** The certificate first, the trust anchor last; where none is reached, as far as the search came. */
  readonly path: readonly Certificate[];
  readonly anchor: Certificate | undefined;
  /** No error among them: the path is valid. */
  readonly findings: readonly (ChainFinding | RevocationFinding)[];
}

/**
 * Looks for a path to an anchor that has no errors; where there is none, tells the faults of the best one found. The length
 * of a path, the signatures checked and the paths judged are bounded; the number of anchors does not count.
 */
export function validatePath(check: PathCheck): PathResult {
  const search: Search = {
    check,
    anchors: new Set(check.anchors.map(({ der }) => der.toString('latin1'))),
    issuers: new IssuerIndex(uniqueBy([...check.anchors, ...check.intermediates], ({ der }) => der.toString('latin1'))),
    signatures: new SignatureChecks(),
    steps: 0,
    longest: [check.leaf],
  };
  let best: PathResult | undefined;
  let judged = 0;
  try {
    for (const path of pathsFrom(search, [check.leaf])) {
      const result = judge(search, path, true);
      if (errors(result) === 0) return result;
      if (best === undefined || errors(result) < errors(best)) best = result;
      if (++judged === mostPaths) break;
    }
  } catch (thrown) {
    // Beyond the bounds: what was found so far is the answer.
    if (!(thrown instanceof X509Error) || thrown.code !== 'too-big') throw thrown;
  }
  if (best !== undefined) return best;
  const { findings } = judge({ ...search, signatures: new SignatureChecks() }, search.longest, false);
  return {
    path: search.longest,
    anchor: undefined,
    findings: [...findings, error('incomplete-chain', 'the chain does not lead to a configured trust anchor')],
  };
}

interface Search {
  readonly check: PathCheck;
  /** The octets of the anchors. */
  readonly anchors: ReadonlySet<string>;
  readonly issuers: IssuerIndex;
  readonly signatures: SignatureChecks;
  steps: number;
  longest: readonly Certificate[];
}

/** Depth first; yields each path that ends at an anchor. */
function* pathsFrom(search: Search, path: readonly Certificate[]): Generator<readonly Certificate[]> {
  const { anchors, issuers, signatures } = search;
  const last = path.at(-1)!;
  if (path.length > search.longest.length) search.longest = path;
  if (anchors.has(last.der.toString('latin1'))) yield path;
  // One more than there may be, so that it is told that there are too many and not that the anchor is missing.
  if (path.length > longestChain) return;
  for (const issuer of issuers.candidates(last)) {
    if (++search.steps > mostSteps) throw new X509Error('too-big', 'more paths than are looked at for one certificate');
    // A key and name that stand in the path already would lead in a circle (RFC 4158 2.4.2).
    const seen = path.some(
      (each) => each.keyId === issuer.keyId && each.comparableSubject === issuer.comparableSubject,
    );
    if (!seen && signatures.verifies(last, issuer)) yield* pathsFrom(search, [...path, issuer]);
  }
}

function judge({ check, signatures }: Search, path: readonly Certificate[], anchored: boolean): PathResult {
  const { now, clockTrusted, level, purpose = 'server', policies, intermediates, anchors } = check;
  const circumstances = { now, clockTrusted, ...(level === undefined ? {} : { level }) };
  const required = check.revocationRequired ?? false;
  const lists = check.revocationLists ?? [];
  const wanted = anchored && (lists.length > 0 || required);
  return {
    path,
    anchor: path.at(-1),
    findings: [
      ...judgeChain({
        ...circumstances,
        chain: path,
        purpose,
        anchored,
        signatures,
        ...(policies === undefined ? {} : { policies }),
      }),
      ...(wanted
        ? checkRevocation({
            ...circumstances,
            path,
            lists,
            required,
            signatures,
            others: [...intermediates, ...anchors],
            ...(check.listSignatures === undefined ? {} : { listSignatures: check.listSignatures }),
          })
        : []),
    ],
  };
}

function errors({ findings }: PathResult): number {
  return findings.filter(({ severity }) => severity === 'error').length;
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/** Issuers of the right name that are looked at, in a thicket of cross-certificates. */
const mostSteps = 2000;

/** Paths that are judged before the best of them is the answer. */
const mostPaths = 32;
