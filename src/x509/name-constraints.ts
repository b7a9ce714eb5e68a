/**
 * Name constraints (RFC 5280 4.2.1.10 and 6.1.4 (g)): which names the certificates below an authority may hold. Where the
 * standard leaves room the reading is OpenSSL's.
 */

import { type Certificate, isSelfIssued } from './certificate.js';
import { type DerNode, expectTag, isContext, readDer, readOid, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { type ChainFinding, error, titled } from './findings.js';
import { ipOctets, ipText } from './general-name.js';
import { comparableName, type RdnSequence, readName } from './name.js';
import { attributeOids, extensionOids } from './oids.js';

/**
 * Every authority of the chain against every certificate below it. Certificates that issued themselves are exempt, the
 * end-entity certificate never.
 */
export function constraintFindings(chain: readonly Certificate[]): ChainFinding[] {
  const work: Work = { comparisons: 0 };
  return chain.flatMap((authority, above) => {
    if (above === 0 || !authority.extensions.has(extensionOids.nameConstraints)) return [];
    return chain.slice(0, above).flatMap((certificate, position) => {
      if (position > 0 && isSelfIssued(certificate)) return [];
      const broken = brokenConstraint(authority, certificate, position === 0, work);
      if (broken === undefined) return [];
      const text = `${titled(authority, above)} ${broken} in ${titled(certificate, position)}`;
      return [error('name-constraints', text, above)];
    });
  });
}

/** Names and constraints can multiply; the whole of one chain is bounded. */
interface Work {
  comparisons: number;
}

/** Says in what way the names of `certificate` break the constraints of `authority`; undefined where they keep them. */
function brokenConstraint(
  authority: Certificate,
  certificate: Certificate,
  isLeaf: boolean,
  work: Work,
): string | undefined {
  try {
    const { permitted, excluded } = readConstraints(authority.extensions.get(extensionOids.nameConstraints)!.value);
    for (const name of namesOf(certificate, isLeaf)) {
      work.comparisons += 1 + permitted.length + excluded.length;
      if (work.comparisons > mostComparisons) return 'has more name constraints than are looked at for the names';
      const broken = brokenBy(name, permitted, excluded);
      if (broken !== undefined) return broken;
    }
    return undefined;
  } catch (thrown) {
    if (thrown instanceof X509Error) return 'has name constraints that are damaged, or are no match for a damaged name';
    throw thrown;
  }
}

function brokenBy(
  name: ConstrainedName,
  permitted: readonly Subtree[],
  excluded: readonly Subtree[],
): string | undefined {
  const [allowed, forbidden] = [ofKind(permitted, name.kind), ofKind(excluded, name.kind)];
  if (allowed.length + forbidden.length === 0) return undefined;
  // RFC 5280 4.2.1.10: minimum 0 and no maximum, in this profile.
  if ([...allowed, ...forbidden].some(({ bounded }) => bounded))
    return 'bounds a name constraint, which is not supported';
  // Also where a name is only excluded: what cannot be compared might be the excluded one.
  const compare = comparisons[name.kind];
  if (compare === undefined) return 'constrains names of a kind that is not supported';
  if (!isComparable(name)) return `constrains names, and cannot judge ${name.shown}`;
  if (allowed.length > 0 && !allowed.some((subtree) => compare(name, subtree, false))) {
    return `does not permit the name ${name.shown}`;
  }
  return forbidden.some((subtree) => compare(name, subtree, true)) ? `excludes the name ${name.shown}` : undefined;
}

function ofKind(list: readonly Subtree[], wanted: Kind): readonly Subtree[] {
  return list.filter(({ kind }) => kind === wanted);
}

/** The kind of a general name; an other-name with its type, as those of other types do not count. */
type Kind = string;

interface Subtree {
  readonly kind: Kind;
  readonly bounded: boolean;
  readonly text: string;
  readonly octets: Buffer;
  readonly name: RdnSequence;
}

interface ConstrainedName {
  readonly kind: Kind;
  readonly shown: string;
  readonly text: string;
  readonly octets: Buffer;
  readonly name: RdnSequence;
}

function readConstraints(value: Buffer): { permitted: readonly Subtree[]; excluded: readonly Subtree[] } {
  const parts = expectTag(readDer(value), tags.sequence, 'nameConstraints').children;
  const list = (tag: number): readonly Subtree[] =>
    parts.find((part) => isContext(part, tag))?.children.map(readSubtree) ?? [];
  return { permitted: list(0), excluded: list(1) };
}

function readSubtree(node: DerNode): Subtree {
  const [base, ...bounds] = expectTag(node, tags.sequence, 'nameConstraints').children;
  if (base === undefined) throw malformed('nameConstraints without a name');
  // minimum is DEFAULT 0: some write it all the same.
  const bounded = bounds.some((bound) => !isContext(bound, 0) || bound.content.some((octet) => octet !== 0));
  return { ...readBase(base), bounded };
}

function readBase(node: DerNode): Omit<Subtree, 'bounded'> {
  const kind = kindOf(node);
  const [directory] = node.children;
  return {
    kind,
    text: node.content.toString('latin1'),
    octets: node.content,
    name: kind === 'directory-name' && directory !== undefined ? readName(directory, 'directory-name') : [],
  };
}

function kindOf(node: DerNode): Kind {
  if (node.tagClass !== 2) throw malformed('a general name has a wrong ASN.1 type');
  if (node.tag === 0) {
    const type = readOid(node.children[0], 'type of an other-name');
    // RFC 9598: the mailbox beyond ASCII is constrained as e-mail.
    return type === smtpUtf8Mailbox ? 'email' : `other-name ${type}`;
  }
  return kindsByTag[node.tag] ?? `tag-${node.tag}`;
}

/** Subject and alternative names; without a DNS name among the latter, the common names that look like one (as clients do). */
function namesOf(certificate: Certificate, isLeaf: boolean): readonly ConstrainedName[] {
  const { subject, subjectAltNames } = certificate;
  const names: ConstrainedName[] = [];
  const plain = (kind: Kind, text: string): ConstrainedName => ({
    kind,
    text,
    shown: text,
    octets: Buffer.alloc(0),
    name: [],
  });
  if (subject.length > 0) names.push({ ...plain('directory-name', ''), shown: 'of its subject', name: subject });
  const noDns = isLeaf && !subjectAltNames.some(({ type }) => type === 'dns');
  for (const { oid, text, der } of subject.flat()) {
    if (oid === attributeOids.emailAddress) names.push(plain('email', der[0] === tags.ia5String ? (text ?? '') : ''));
    if (noDns && oid === attributeOids.commonName && looksLikeHost(text ?? '')) names.push(plain('dns', text ?? ''));
  }
  const altNames = certificate.extensions.get(extensionOids.subjectAltName);
  const nodes = altNames === undefined ? [] : readDer(altNames.value).children;
  return [
    ...names,
    ...nodes.map((node) => {
      const read = readBase(node);
      const mailbox = read.kind === 'email' && node.tag === 0 ? node.children[1]?.children[0] : undefined;
      const text = mailbox?.tag === tags.utf8String ? mailbox.content.toString('utf8') : read.text;
      return { ...read, text, shown: shownName(read) };
    }),
  ];
}

/**
 * Two labels or more of letters, digits, underscore, and inner hyphens (RFC 6125 appendix B.2): a common name that
 * clients may take for the name of a host.
 */
function looksLikeHost(text: string): boolean {
  return text.length <= 255 && hostPattern.test(text.replace(/\0+$/, ''));
}

function shownName({ kind, octets, text }: Omit<Subtree, 'bounded'>): string {
  if (kind === 'directory-name') return 'in its subjectAltName';
  if (kind !== 'ip') return text;
  return octets.length === 4 || octets.length === 16 ? ipText(octets) : octets.toString('hex');
}

function isComparable({ kind, text, octets }: ConstrainedName): boolean {
  switch (kind) {
    case 'email':
      return text.includes('@');
    case 'uri':
      return hostOfUri(text) !== undefined;
    case 'ip':
      return octets.length === 4 || octets.length === 16;
    default:
      return true;
  }
}

type Compare = (name: ConstrainedName, subtree: Subtree, excluded: boolean) => boolean;

/** Zero or more labels may be added on the left; a leading dot, outside the standard yet common, asks for one or more. */
function dnsWithin({ text }: ConstrainedName, subtree: Subtree): boolean {
  const [given, wanted] = [text.toLowerCase(), subtree.text.toLowerCase()];
  if (wanted === '' || given === wanted) return true;
  return given.endsWith(wanted.startsWith('.') ? wanted : `.${wanted}`);
}

function emailWithin({ text }: ConstrainedName, subtree: Subtree, excluded: boolean): boolean {
  const at = text.lastIndexOf('@');
  const [local, host] = [text.slice(0, at), text.slice(at + 1).toLowerCase()];
  const baseAt = subtree.text.lastIndexOf('@');
  const wanted = subtree.text.slice(baseAt + 1).toLowerCase();
  // The standard gives an empty constraint no meaning: it permits nothing and excludes everything.
  if (wanted === '') return excluded;
  if (baseAt < 0 && wanted.startsWith('.')) return host.endsWith(wanted);
  // A mailbox: the local part counts as it is written, the host in any case.
  return host === wanted && (baseAt <= 0 || local === subtree.text.slice(0, baseAt));
}

/** A host stands for itself only, and a leading dot for all hosts below it. */
function uriWithin({ text }: ConstrainedName, subtree: Subtree, excluded: boolean): boolean {
  const [host, wanted] = [hostOfUri(text) ?? '', subtree.text.toLowerCase()];
  if (wanted === '') return excluded;
  return wanted.startsWith('.') ? host.endsWith(wanted) && host.length > wanted.length : host === wanted;
}

/**
 * RFC 5280 4.2.1.10: a URI without a host name, and one with an address, must be rejected where URIs are constrained. One
 * with a user before the host is rejected as well: OpenSSL takes the user for a part of the host.
 */
function hostOfUri(text: string): string | undefined {
  const host = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(text)?.[1]?.replace(/:\d*$/, '');
  if (host === undefined || host === '' || /[@[]/.test(host) || ipOctets(host) !== undefined) return undefined;
  return host.toLowerCase();
}

function ipWithin({ octets }: ConstrainedName, { octets: range }: Subtree): boolean {
  if (range.length !== 8 && range.length !== 32) throw malformed('a range of addresses has a wrong length');
  if (range.length !== octets.length * 2) return false;
  const mask = range.subarray(octets.length);
  return octets.every((octet, index) => (octet & mask[index]!) === (range[index]! & mask[index]!));
}

function directoryWithin({ name }: ConstrainedName, { name: base }: Subtree): boolean {
  return comparableName(name.slice(0, base.length)) === comparableName(base);
}

const comparisons: Readonly<Partial<Record<Kind, Compare>>> = {
  dns: dnsWithin,
  email: emailWithin,
  uri: uriWithin,
  ip: ipWithin,
  'directory-name': directoryWithin,
};

const kindsByTag: Readonly<Partial<Record<number, Kind>>> = {
  1: 'email',
  2: 'dns',
  4: 'directory-name',
  6: 'uri',
  7: 'ip',
};

const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9';

const hostPattern = /^[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*(?:\.[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*)+$/;

/** Some 20 ms of comparisons. */
const mostComparisons = 100_000;
