/** Putting the certificates that a certification authority returned in order, end-entity certificate first. */

import { type Certificate, isSelfSigned, verifies } from './certificate.js';
import { X509Error } from './errors.js';
import { comparableName, nameText } from './name.js';

export interface OrderedChain {
  /** End-entity certificate first, each signed by the next; without a self-signed root, unless it is the only one. */
  readonly chain: readonly Certificate[];
  /** The self-signed certificate at the end, where one came along. */
  readonly root: Certificate | undefined;
  /** True where the chain ends at a root that came along, or is a self-signed certificate. */
  readonly reachesRoot: boolean;
  /** Certificates that belong to no place in the chain. */
  readonly unused: readonly Certificate[];
  /** What is missing or was left out, one sentence each. */
  readonly remarks: readonly string[];
}

export interface OrderOptions {
  /** Key identifiers ({@link Certificate.keyId}) of the private keys that are at hand: they tell the end-entity certificate. */
  readonly keyIds?: readonly string[];
}

/** Orders by signature, not by name alone. Throws X509Error `no-certificate` for an empty list. */
export function orderChain(certificates: readonly Certificate[], options: OrderOptions = {}): OrderedChain {
  const all = withoutDuplicates(certificates);
  const leaf = findLeaf(all, options.keyIds ?? []);
  const chain = [leaf];
  let current = leaf;
  let root: Certificate | undefined;
  while (!isSelfSigned(current)) {
    const issuer = all.find((candidate) => !chain.includes(candidate) && isIssuer(candidate, current));
    if (issuer === undefined) break;
    if (isSelfSigned(issuer)) {
      root = issuer;
      break;
    }
    chain.push(issuer);
    current = issuer;
  }
  const used = new Set<Certificate>(root === undefined ? chain : [...chain, root]);
  const unused = all.filter((certificate) => !used.has(certificate));
  const reachesRoot = root !== undefined || isSelfSigned(current);
  return {
    chain,
    root,
    reachesRoot,
    unused,
    remarks: remarksOn(certificates.length - all.length, chain, root, unused),
  };
}

/** True where `issuer` has the name that `certificate` gives as its issuer's, and its key made the signature. */
export function isIssuer(issuer: Certificate, certificate: Certificate): boolean {
  return comparableName(issuer.subject) === comparableName(certificate.issuer) && verifies(certificate, issuer);
}

function withoutDuplicates(certificates: readonly Certificate[]): readonly Certificate[] {
  const seen = new Set<string>();
  return certificates.filter(({ der }) => {
    const key = der.toString('latin1');
    return !seen.has(key) && seen.add(key);
  });
}

function findLeaf(all: readonly Certificate[], keyIds: readonly string[]): Certificate {
  const byKey = all.filter(({ keyId }) => keyIds.includes(keyId));
  // Of several certificates for one key, such as a former self-signed one, what a CA signed is meant; then the newest.
  const candidates = byKey.length > 0 ? byKey : endEntities(all);
  const [leaf] = [...candidates].sort(
    (a, b) =>
      Number(a.basicConstraints?.ca === true) - Number(b.basicConstraints?.ca === true) ||
      Number(isSelfSigned(a)) - Number(isSelfSigned(b)) ||
      b.notBefore.getTime() - a.notBefore.getTime(),
  );
  if (leaf === undefined) throw new X509Error('no-certificate', 'there is no certificate in it');
  return leaf;
}

/** Those that issued none of the others; all where each issued another (a ring of cross-certificates). */
function endEntities(all: readonly Certificate[]): readonly Certificate[] {
  const found = all.filter((one) => !all.some((other) => other !== one && isIssuer(one, other)));
  return found.length > 0 ? found : all;
}

function remarksOn(
  duplicates: number,
  chain: readonly Certificate[],
  root: Certificate | undefined,
  unused: readonly Certificate[],
): readonly string[] {
  const last = chain.at(-1)!;
  const remarks: string[] = [];
  if (duplicates > 0) remarks.push(`${duplicates} certificate${duplicates === 1 ? '' : 's'} came twice`);
  if (root !== undefined) remarks.push(`the root certificate ${shown(root)} is not sent by a server and was left out`);
  if (root === undefined && !isSelfSigned(last)) {
    remarks.push(`the certificate of the issuer ${nameText(last.issuer)} did not come along`);
  }
  for (const certificate of unused) {
    remarks.push(`the certificate ${shown(certificate)} does not belong to the chain and was left out`);
  }
  return remarks;
}

function shown({ subject, serialNumber }: Certificate): string {
  const text = nameText(subject);
  return text === '' ? `with serial number ${serialNumber}` : text;
}
