/** The extensions of a certificate that was read (RFC 5280 4.2), and those whose values every reader wants to know. */

import {
  type DerLimits,
  type DerNode,
  derLimits,
  expectTag,
  isContext,
  readBoolean,
  readDer,
  readNamedBits,
  readOctets,
  readOid,
  readSmallInteger,
  tags,
} from './der.js';
import { malformed } from './errors.js';
import { type GeneralName, readGeneralName } from './general-name.js';
import { comparableName, readName } from './name.js';
import { extensionNames, extensionOids } from './oids.js';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** The octets inside extnValue. */
  readonly value: Buffer;
}

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

/** Which certificate the issuer's is (RFC 5280 4.2.1.1), as far as the extension says. */
export interface AuthorityKeyIdentifier {
  /** Lower-case hex. */
  readonly keyIdentifier: string | undefined;
  /** The issuer of the issuer's certificate, as {@link comparableName} has it. */
  readonly issuer: string | undefined;
  /** Content octets of the issuer's serial number, lower-case hex. */
  readonly serial: string | undefined;
}

export interface KnownExtensions {
  readonly basicConstraints: BasicConstraints | undefined;
  /** Bits of keyUsage; undefined where the extension is absent. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectAltNames: readonly GeneralName[];
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  /** Bits of Netscape's certificate type, which OpenSSL still obeys. */
  readonly netscapeType: ReadonlySet<number> | undefined;
}

/** Reads Extensions (RFC 5280 4.1.2.9); each may stand once. */
export function readExtensionList(node: DerNode | undefined): ReadonlyMap<string, Extension> {
  const list = new Map<string, Extension>();
  for (const entry of expectTag(node, tags.sequence, 'extensions').children) {
    const oid = readOid(expectTag(entry, tags.sequence, 'extension').children[0], 'extension');
    const flagged = entry.children.length === 3;
    const critical = flagged && readBoolean(entry.children[1], 'critical');
    const value = readOctets(entry.children[flagged ? 2 : 1], 'extension');
    if (list.has(oid)) throw malformed(`extension ${extensionNames.get(oid) ?? oid} stands twice`);
    list.set(oid, { oid, critical, value });
  }
  return list;
}

/** Decodes what is known of a list; throws X509Error `malformed`. */
export function readKnownExtensions(
  list: ReadonlyMap<string, Extension>,
  limits: DerLimits = derLimits,
): KnownExtensions {
  const read = <T>(oid: string, decode: (node: DerNode) => T): T | undefined => {
    const found = list.get(oid);
    return found === undefined ? undefined : decode(readDer(found.value, limits));
  };
  return {
    basicConstraints: read(extensionOids.basicConstraints, readBasicConstraints),
    keyUsage: read(extensionOids.keyUsage, (node) => readNamedBits(node, 'keyUsage')),
    extendedKeyUsage: read(extensionOids.extendedKeyUsage, readPurposes),
    subjectAltNames: read(extensionOids.subjectAltName, readAltNames) ?? [],
    subjectKeyIdentifier: read(extensionOids.subjectKeyIdentifier, readKeyIdentifier),
    authorityKeyIdentifier: read(extensionOids.authorityKeyIdentifier, readAuthorityKeyIdentifier),
    netscapeType: read(extensionOids.netscapeCertType, (node) => readNamedBits(node, 'netscapeCertType')),
  };
}

/** Reads AuthorityKeyIdentifier (RFC 5280 4.2.1.1), which certificates and revocation lists have. */
export function readAuthorityKeyIdentifier(node: DerNode): AuthorityKeyIdentifier {
  const parts = expectTag(node, tags.sequence, 'authorityKeyIdentifier').children;
  const directory = parts.find((part) => isContext(part, 1))?.children.find((name) => isContext(name, 4));
  const [name] = directory?.children ?? [];
  return {
    keyIdentifier: parts.find((part) => isContext(part, 0))?.content.toString('hex'),
    issuer: name === undefined ? undefined : comparableName(readName(name, 'authorityKeyIdentifier')),
    serial: parts.find((part) => isContext(part, 2))?.content.toString('hex'),
  };
}

function readBasicConstraints(node: DerNode): BasicConstraints {
  const parts = [...expectTag(node, tags.sequence, 'basicConstraints').children];
  const ca = parts[0]?.tag === tags.boolean ? readBoolean(parts.shift(), 'cA') : false;
  const pathLength = parts[0] === undefined ? undefined : readSmallInteger(parts.shift(), 'pathLenConstraint');
  if (parts.length > 0) throw malformed('basicConstraints has too many fields');
  return { ca, pathLength };
}

function readPurposes(node: DerNode): readonly string[] {
  return expectTag(node, tags.sequence, 'extKeyUsage').children.map((purpose) => readOid(purpose, 'extKeyUsage'));
}

function readAltNames(node: DerNode): readonly GeneralName[] {
  return expectTag(node, tags.sequence, 'subjectAltName').children.flatMap((name) => readGeneralName(name) ?? []);
}

function readKeyIdentifier(node: DerNode): string {
  return readOctets(node, 'subjectKeyIdentifier').toString('hex');
}
