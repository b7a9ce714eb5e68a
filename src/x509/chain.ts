/** Putting the certificates that a certification authority returned in order, end-entity certificate first. */

import { type Certificate, isSelfIssued } from './certificate.js';
import { X509Error } from './errors.js';
import { IssuerIndex, SignatureChecks } from './issuers.js';
import { nameText } from './name.js';

export interface OrderedChain {
  /** End-entity certificate first, each signed by the next; without a self-signed root, unless it is the only one. */
  readonly chain: readonly Certificate[];
  /** The self-signed certificate at the end, where one came along or is known. */
  readonly root: Certificate | undefined;
  /** Self-signed certificates that came along and that the chain can end at: of a root that was renewed on its key, all. */
  readonly ownRoots: readonly Certificate[];
  /**
   * True where nothing is missing: the chain ends below a root that came along or is known, or is one self-signed
   * certificate. Whoever keeps the chain without its root keeps this fact beside it, as it cannot be told again.
   */
  readonly reachesRoot: boolean;
  /** Certificates that belong to no place in the chain. */
  readonly unused: readonly Certificate[];
  /** What is missing or was left out, one sentence each. */
  readonly remarks: readonly string[];
}

export interface OrderOptions {
  /**
   * Key identifiers ({@link Certificate.keyId}) of the private keys that are at hand: the first that a certificate came for
   * tells the end-entity certificate.
   */
  readonly keyIds?: readonly string[];
  /** Roots that are known, so that they need not come along. */
  readonly roots?: readonly Certificate[];
}

/** Orders by signature, not by name alone. Throws X509Error `no-certificate` for an empty list, `too-big`. */
export function orderChain(certificates: readonly Certificate[], options: OrderOptions = {}): OrderedChain {
  const all = withoutDuplicates(certificates);
  const signatures = new SignatureChecks();
  const leaf = findLeaf(all, options.keyIds ?? []);
  const search: Search = { issuers: new IssuerIndex(all), roots: new IssuerIndex(options.roots ?? []), signatures };
  const { chain, root } = climb(leaf, search);
  const used = new Set<Certificate>(root === undefined ? chain : [...chain, root]);
  const unused = all.filter((certificate) => !used.has(certificate));
  const reachesRoot = root !== undefined || isRoot(chain.at(-1)!, signatures);
  const cameAlong = root !== undefined && all.includes(root);
  const isTwin = (each: Certificate): boolean =>
    each.keyId === root?.keyId && each.comparableSubject === root.comparableSubject && isRoot(each, signatures);
  return {
    chain,
    root,
    ownRoots: [...(cameAlong ? [root] : []), ...unused.filter(isTwin)],
    reachesRoot,
    unused,
    remarks: [
      ...duplicateRemarks(certificates.length - all.length),
      ...(cameAlong ? [`the root certificate ${shown(root)} is not sent by a server and was left out`] : []),
      ...(reachesRoot ? [] : [`the certificate of the issuer ${nameText(chain.at(-1)!.issuer)} did not come along`]),
      ...unused.map((each) => `the certificate ${shown(each)} does not belong to the chain and was left out`),
    ],
  };
}

/**
 * True where each certificate was issued by the next, and the last one by itself or by one of `roots`: whether clients that
 * know those roots can follow the chain. Throws X509Error `too-big`.
 */
export function isCompleteChain(chain: readonly Certificate[], roots: readonly Certificate[]): boolean {
  const last = chain.at(-1);
  if (last === undefined) return false;
  const signatures = new SignatureChecks();
  const isLinked = chain.slice(0, -1).every((certificate, index) => {
    const issuer = chain[index + 1]!;
    return certificate.comparableIssuer === issuer.comparableSubject && signatures.verifies(certificate, issuer);
  });
  if (!isLinked) return false;
  const known = new IssuerIndex(roots).candidates(last);
  return isRoot(last, signatures) || known.some((root) => signatures.verifies(last, root));
}

interface Search {
  readonly issuers: IssuerIndex;
  readonly roots: IssuerIndex;
  readonly signatures: SignatureChecks;
}

/** From the end-entity certificate upwards, as far as issuers are found; that it may be too long is for who judges the chain. */
function climb(leaf: Certificate, search: Search): { chain: Certificate[]; root: Certificate | undefined } {
  const { issuers, roots, signatures } = search;
  const chain = [leaf];
  for (let current = leaf; !isRoot(current, signatures); ) {
    const signed = (candidate: Certificate): boolean =>
      !chain.includes(candidate) && signatures.verifies(current, candidate);
    const found = issuers.candidates(current).filter(signed);
    // Where a cross-certificate and the root of the same key both came along, the shorter chain is the better one.
    const root = [...found, ...roots.candidates(current).filter(signed)].find((each) => isRoot(each, signatures));
    if (root !== undefined) return { chain, root };
    const [issuer] = found;
    if (issuer === undefined) break;
    chain.push(issuer);
    current = issuer;
  }
  return { chain, root: undefined };
}

function isRoot(certificate: Certificate, signatures: SignatureChecks): boolean {
  return isSelfIssued(certificate) && signatures.verifies(certificate, certificate);
}

function withoutDuplicates(certificates: readonly Certificate[]): readonly Certificate[] {
  const seen = new Set<string>();
  return certificates.filter(({ der }) => {
    const key = der.toString('latin1');
    return !seen.has(key) && seen.add(key);
  });
}

function findLeaf(all: readonly Certificate[], keyIds: readonly string[]): Certificate {
  const meant = keyIds.find((wanted) => all.some(({ keyId }) => keyId === wanted));
  const byKey = all.filter(({ keyId }) => keyId === meant);
  // Of several certificates for one key, such as a former self-signed one, what a CA signed is meant; then the newest.
  const candidates = byKey.length > 0 ? byKey : endEntities(all);
  const [leaf] = [...candidates].sort(
    (a, b) =>
      Number(a.basicConstraints?.ca === true) - Number(b.basicConstraints?.ca === true) ||
      Number(isSelfIssued(a)) - Number(isSelfIssued(b)) ||
      b.notBefore.getTime() - a.notBefore.getTime(),
  );
  if (leaf === undefined) throw new X509Error('no-certificate', 'there is no certificate in it');
  return leaf;
}

/** Those by whose name none of the others was issued; all where each was (a ring of cross-certificates). */
function endEntities(all: readonly Certificate[]): readonly Certificate[] {
  const found = all.filter(
    (one) => !all.some((other) => other !== one && other.comparableIssuer === one.comparableSubject),
  );
  return found.length > 0 ? found : all;
}

function duplicateRemarks(count: number): readonly string[] {
  return count === 0 ? [] : [`${count} certificate${count === 1 ? '' : 's'} came twice`];
}

function shown({ subject, serialNumber }: Certificate): string {
  const text = nameText(subject);
  return text === '' ? `with serial number ${serialNumber}` : text;
}
