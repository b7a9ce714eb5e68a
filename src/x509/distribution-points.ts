/** Where and for what revocation lists are published: crlDistributionPoints and issuingDistributionPoint (RFC 5280 4.2.1.13, 5.2.5). */

import { type DerNode, expectTag, isContext, readBoolean, readDer, readNamedBits, tags } from './der.js';
import { malformed } from './errors.js';
import { comparableName, type NameAttribute, type RdnSequence, readName, readRdn } from './name.js';

/** The names of a point, comparable; undefined where it has none. */
export type PointNames = readonly string[] | { readonly relative: readonly NameAttribute[] } | undefined;

export interface DistributionPoint {
  readonly names: PointNames;
  /** The reasons that the point's lists cover; undefined: all. */
  readonly reasons: ReadonlySet<number> | undefined;
  /** Who issues the lists where it is not the certificate's issuer; comparable directory names. */
  readonly issuers: readonly string[] | undefined;
}

export interface IssuingDistributionPoint {
  readonly names: PointNames;
  readonly onlyUsers: boolean;
  readonly onlyAuthorities: boolean;
  readonly reasons: ReadonlySet<number> | undefined;
  readonly indirect: boolean;
  readonly onlyAttributes: boolean;
}

/** Reads the value of crlDistributionPoints; throws X509Error. */
export function readDistributionPoints(value: Buffer): readonly DistributionPoint[] {
  return expectTag(readDer(value), tags.sequence, 'crlDistributionPoints').children.map((node) => {
    const parts = expectTag(node, tags.sequence, 'crlDistributionPoints').children;
    const issuers = parts.find((part) => isContext(part, 2));
    const reasons = parts.find((part) => isContext(part, 1));
    return {
      names: readNames(parts.find((part) => isContext(part, 0))),
      reasons: reasons === undefined ? undefined : readReasons(reasons),
      issuers: issuers === undefined ? undefined : directoryNames(issuers),
    };
  });
}

/** Reads the value of issuingDistributionPoint; throws X509Error. */
export function readIssuingDistributionPoint(value: Buffer): IssuingDistributionPoint {
  const parts = expectTag(readDer(value), tags.sequence, 'issuingDistributionPoint').children;
  const flag = (tag: number): boolean => {
    const found = parts.find((part) => isContext(part, tag));
    return found !== undefined && readBoolean({ ...found, tagClass: 0, tag: tags.boolean }, 'issuingDistributionPoint');
  };
  const reasons = parts.find((part) => isContext(part, 3));
  return {
    names: readNames(parts.find((part) => isContext(part, 0))),
    onlyUsers: flag(1),
    onlyAuthorities: flag(2),
    reasons: reasons === undefined ? undefined : readReasons(reasons),
    indirect: flag(4),
    onlyAttributes: flag(5),
  };
}

/** The full names of a point; one relative to an issuer is completed by each name in `issuers`. */
export function fullNames(names: PointNames, issuers: readonly RdnSequence[]): readonly string[] | undefined {
  if (names === undefined || !('relative' in names)) return names;
  return issuers.map((issuer) => directoryKey(comparableName([...issuer, names.relative])));
}

/** Comparable directory names of GeneralNames; names of other kinds are passed over. */
export function directoryNames(node: DerNode): readonly string[] {
  return node.children
    .filter((name) => isContext(name, 4))
    .map((name) =>
      comparableName(readName(expectTag(name.children[0], tags.sequence, 'general name'), 'general name')),
    );
}

/** DistributionPointName ::= CHOICE, tagged explicitly. */
function readNames(wrapped: DerNode | undefined): PointNames {
  if (wrapped === undefined) return undefined;
  const [choice] = wrapped.children;
  if (choice?.tagClass !== 2 || choice.tag > 1) throw malformed('a distribution point without a name');
  if (choice.tag === 1) return { relative: readRdn(choice.children, 'distribution point') };
  return choice.children.map((name) => {
    if (name.tagClass !== 2) throw malformed('a general name has a wrong ASN.1 type');
    const [directory] = name.children;
    return isContext(name, 4) && directory !== undefined
      ? directoryKey(comparableName(readName(directory, 'general name')))
      : `${name.tag}:${name.content.toString('latin1')}`;
  });
}

function directoryKey(name: string): string {
  return `4:${name}`;
}

function readReasons(node: DerNode): ReadonlySet<number> {
  return readNamedBits({ ...node, tagClass: 0, tag: tags.bitString }, 'reasons');
}
