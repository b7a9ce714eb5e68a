/** Name constraints (RFC 5280 4.2.1.10 and 6.1.4 (g)): which names the certificates below an authority may hold. */

import type { Certificate } from './certificate.js';
import { type DerNode, expectTag, isContext, readDer, tags } from './der.js';
import { malformed } from './errors.js';
import { ipOctets, isDnsName } from './general-name.js';
import { comparableName, type RdnSequence, readName } from './name.js';
import { attributeOids, extensionOids } from './oids.js';

/** Says in what way the names of `certificate` break the constraints of `authority`; undefined where they keep them. */
export function brokenConstraint(
  authority: Certificate,
  certificate: Certificate,
  isLeaf: boolean,
): string | undefined {
  const extension = authority.extensions.get(extensionOids.nameConstraints);
  if (extension === undefined) return undefined;
  const constraints = readConstraints(extension.value);
  for (const name of namesOf(certificate, isLeaf)) {
    const rules = (list: readonly Subtree[]): readonly Subtree[] => list.filter(({ kind }) => kind === name.kind);
    const excluded = rules(constraints.excluded);
    const permitted = rules(constraints.permitted);
    if (name.kind === 'other') {
      if (excluded.length + permitted.length > 0) return `constrains names of a kind that is not supported`;
      continue;
    }
    if (excluded.some((subtree) => within(name, subtree))) return `excludes the name ${name.shown}`;
    if (permitted.length > 0 && !permitted.some((subtree) => within(name, subtree))) {
      return `does not permit the name ${name.shown}`;
    }
  }
  return undefined;
}

type Kind = 'dns' | 'email' | 'uri' | 'ip' | 'directory-name' | 'other';

interface Subtree {
  readonly kind: Kind;
  readonly text: string;
  readonly octets: Buffer;
  readonly name: RdnSequence;
}

interface ConstrainedName {
  readonly kind: Kind;
  readonly shown: string;
  readonly name?: RdnSequence;
}

function readConstraints(value: Buffer): { permitted: readonly Subtree[]; excluded: readonly Subtree[] } {
  const parts = expectTag(readDer(value), tags.sequence, 'nameConstraints').children;
  const list = (tag: number): readonly Subtree[] =>
    parts.find((part) => isContext(part, tag))?.children.map(readSubtree) ?? [];
  return { permitted: list(0), excluded: list(1) };
}

function readSubtree(node: DerNode): Subtree {
  const parts = expectTag(node, tags.sequence, 'nameConstraints').children;
  // minimum is DEFAULT 0 and maximum absent in this profile.
  if (parts.length !== 1) throw malformed('nameConstraints with a minimum or maximum');
  const base = parts[0]!;
  const kind = base.tagClass === 2 ? (kindsByTag[base.tag] ?? 'other') : 'other';
  return {
    kind,
    text: base.content.toString('latin1'),
    octets: base.content,
    name:
      kind === 'directory-name' && base.children[0] !== undefined ? readName(base.children[0], 'nameConstraints') : [],
  };
}

/** Subject and alternative names; without a DNS name among the latter, the common names that look like one (as clients do). */
function namesOf(certificate: Certificate, isLeaf: boolean): readonly ConstrainedName[] {
  const { subject, subjectAltNames } = certificate;
  const names: ConstrainedName[] = [];
  if (subject.length > 0) names.push({ kind: 'directory-name', shown: 'of its subject', name: subject });
  for (const { oid, text } of subject.flat()) {
    if (text === undefined) continue;
    if (oid === attributeOids.emailAddress) names.push({ kind: 'email', shown: text });
    const noDns = isLeaf && !subjectAltNames.some(({ type }) => type === 'dns');
    if (noDns && oid === attributeOids.commonName && text.includes('.') && isDnsName(text) && !isAddress(text)) {
      names.push({ kind: 'dns', shown: text });
    }
  }
  const raw = altNameNodes(certificate);
  for (const node of raw) {
    const kind = kindsByTag[node.tag] ?? 'other';
    if (kind === 'directory-name') {
      names.push({ kind, shown: 'in its subjectAltName', name: readName(node.children[0]!, 'directory-name') });
    } else if (kind === 'ip') names.push({ kind, shown: node.content.toString('hex') });
    else names.push({ kind, shown: node.content.toString('latin1') });
  }
  return names;
}

function altNameNodes(certificate: Certificate): readonly DerNode[] {
  const extension = certificate.extensions.get(extensionOids.subjectAltName);
  return extension === undefined ? [] : readDer(extension.value).children;
}

function within(name: ConstrainedName, subtree: Subtree): boolean {
  switch (name.kind) {
    case 'dns':
      return dnsWithin(name.shown.replace(/^\*\./, ''), subtree.text);
    case 'email':
      return emailWithin(name.shown, subtree.text);
    case 'uri':
      return uriWithin(name.shown, subtree.text);
    case 'ip':
      return ipWithin(Buffer.from(name.shown, 'hex'), subtree.octets);
    case 'directory-name':
      return nameWithin(name.name ?? [], subtree.name);
    case 'other':
      return true;
  }
}

/** Zero or more labels may be added on the left; a leading dot, outside the standard yet common, asks for one or more. */
function dnsWithin(name: string, base: string): boolean {
  const wanted = base.toLowerCase();
  const given = name.toLowerCase();
  if (wanted === '') return true;
  return wanted.startsWith('.') ? given.endsWith(wanted) : given === wanted || given.endsWith(`.${wanted}`);
}

function emailWithin(name: string, base: string): boolean {
  const [, local, host] = /^(.*)@([^@]*)$/.exec(name) ?? [];
  const [, wantedLocal, wantedHost] = /^(.*)@([^@]*)$/.exec(base) ?? [];
  if (host === undefined) return false;
  // A mailbox: the local part counts as it is written, the host in any case.
  if (wantedHost !== undefined) return local === wantedLocal && host.toLowerCase() === wantedHost.toLowerCase();
  return hostWithin(host, base);
}

function uriWithin(name: string, base: string): boolean {
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(name)?.[1];
  const host = authority?.replace(/^.*@/, '').replace(/:\d*$/, '');
  // RFC 5280 4.2.1.10: a URI without a host name must be rejected where URIs are constrained.
  return host !== undefined && host !== '' && !isAddress(host) && !host.startsWith('[') && hostWithin(host, base);
}

/** For e-mail and URI a host stands for itself only, and a leading dot for all hosts below it. */
function hostWithin(host: string, base: string): boolean {
  const wanted = base.toLowerCase();
  const given = host.toLowerCase();
  return wanted === '' || (wanted.startsWith('.') ? given.endsWith(wanted) : given === wanted);
}

function ipWithin(address: Buffer, range: Buffer): boolean {
  if (range.length !== address.length * 2) return false;
  const mask = range.subarray(address.length);
  return address.every((octet, index) => (octet & mask[index]!) === (range[index]! & mask[index]!));
}

function nameWithin(name: RdnSequence, base: RdnSequence): boolean {
  return comparableName(name.slice(0, base.length)) === comparableName(base);
}

function isAddress(text: string): boolean {
  return ipOctets(text) !== undefined;
}

const kindsByTag: Readonly<Partial<Record<number, Kind>>> = {
  1: 'email',
  2: 'dns',
  4: 'directory-name',
  6: 'uri',
  7: 'ip',
};
