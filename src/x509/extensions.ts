/** Certificate extensions (RFC 5280 4.2) of what we issue and request. */

import { createHash, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type Asn1,
  boolean,
  context,
  contextPrimitive,
  integer,
  isOid,
  namedBits,
  octetString,
  oid,
  sequence,
  toDer,
} from './asn1.js';
import { readBitOctets, readDer } from './der.js';
import { invalidParameter } from './errors.js';
import { type GeneralName, generalNames, isDnsName } from './general-name.js';
import { subjectPublicKeyInfo } from './key.js';
import type { SubjectFields } from './name.js';
import { extensionOids, purposeOids } from './oids.js';

/** Bits of keyUsage by the names of RFC 5280 4.2.1.3. */
export const keyUsageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
} as const;

export type KeyUsage = keyof typeof keyUsageBits;

export const keyUsages = Object.keys(keyUsageBits) as readonly KeyUsage[];

/** What a certificate of a server is asked for or issued with beyond what every such one needs. */
export interface UsageParameters {
  /** What the key is used for where absent: signatures, and with RSA key encipherment as well. */
  readonly keyUsage?: readonly KeyUsage[];
  /** Names of RFC 5280 4.2.1.12 (`serverAuth`, `clientAuth` ...) or dotted identifiers; serverAuth where absent. */
  readonly extendedKeyUsage?: readonly string[];
}

/** The extensions keyUsage and extKeyUsage; throws `invalid-parameter` for what a TLS server cannot use. */
export function usageExtensions(
  { keyUsage: usages, extendedKeyUsage: purposes }: UsageParameters,
  key: KeyObject,
): Asn1[] {
  return [
    keyUsage(usages === undefined ? serverKeyUsages(key) : checkedUsages(usages, key.asymmetricKeyType ?? '')),
    purposes === undefined ? serverAuthUsage() : extendedKeyUsage(checkedPurposes(purposes)),
  ];
}

/** Throws `invalid-parameter` for usages that a TLS server's key of that type (`rsa`, `ec`, `ed25519`) cannot have. */
export function checkedUsages(usages: readonly KeyUsage[], keyType: string): readonly KeyUsage[] {
  const field = 'key-usage';
  if (!usages.includes('digitalSignature')) {
    throw invalidParameter(field, 'digitalSignature is missing, without which no TLS server can use the key');
  }
  const authority = usages.find((usage) => usage === 'keyCertSign' || usage === 'cRLSign');
  if (authority !== undefined) throw invalidParameter(field, `${authority} is for certification authorities alone`);
  const { unfit, rule } = unfitUsages[keyType] ?? { unfit: [], rule: '' };
  const wrong = usages.find((usage) => unfit.includes(usage));
  if (wrong !== undefined) throw invalidParameter(field, `${wrong} is not for a key of this kind (${rule})`);
  const narrowing = usages.find((usage) => usage === 'encipherOnly' || usage === 'decipherOnly');
  if (narrowing !== undefined && !usages.includes('keyAgreement')) {
    throw invalidParameter(field, `${narrowing} means nothing without keyAgreement (RFC 5280 4.2.1.3)`);
  }
  return usages;
}

const agreement = ['keyAgreement', 'encipherOnly', 'decipherOnly'] as const;
const encipherment = ['keyEncipherment', 'dataEncipherment'] as const;

const unfitUsages: Readonly<Record<string, { readonly unfit: readonly KeyUsage[]; readonly rule: string }>> = {
  rsa: { unfit: agreement, rule: 'RFC 3279 2.3.1' },
  ec: { unfit: encipherment, rule: 'RFC 8813 3' },
  ed25519: { unfit: [...agreement, ...encipherment], rule: 'RFC 9295 3' },
};

/** Throws `invalid-parameter` for what is no purpose, and for a list without serverAuth. */
export function checkedPurposes(purposes: readonly string[]): readonly string[] {
  const field = 'extended-key-usage';
  const named: Readonly<Record<string, string>> = purposeOids;
  const list = purposes.map((purpose) => named[purpose] ?? purpose);
  const wrong = list.find((purpose) => !isOid(purpose));
  if (wrong !== undefined)
    throw invalidParameter(field, `'${wrong.slice(0, 64)}' is neither a purpose nor an object identifier`);
  if (!list.includes(purposeOids.serverAuth)) throw invalidParameter(field, 'serverAuth is missing');
  return [...new Set(list)];
}

export function basicConstraints(ca: boolean, pathLength?: number): Asn1 {
  // cA is DEFAULT FALSE, and DER leaves defaults out.
  const parts = ca ? [boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])] : [];
  return extension(extensionOids.basicConstraints, true, sequence(...parts));
}

/** What a TLS server's key is used for: signatures, and with RSA also the key transport of old cipher suites. */
export function serverKeyUsages(key: KeyObject): readonly KeyUsage[] {
  return key.asymmetricKeyType === 'rsa' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
}

export function keyUsage(usages: readonly KeyUsage[]): Asn1 {
  return extension(extensionOids.keyUsage, true, namedBits(usages.map((usage) => keyUsageBits[usage])));
}

export function extendedKeyUsage(purposes: readonly string[]): Asn1 {
  return extension(extensionOids.extendedKeyUsage, false, sequence(...purposes.map(oid)));
}

export function serverAuthUsage(): Asn1 {
  return extendedKeyUsage([purposeOids.serverAuth]);
}

/** Critical where the subject is empty (RFC 5280 4.2.1.6). */
export function subjectAltName(names: readonly GeneralName[], critical: boolean): Asn1 {
  return extension(extensionOids.subjectAltName, critical, sequence(...generalNames(names)));
}

export function subjectKeyIdentifier(key: KeyObject): Asn1 {
  return extension(extensionOids.subjectKeyIdentifier, false, octetString(keyIdentifier(key)));
}

export function authorityKeyIdentifier(issuer: KeyObject): Asn1 {
  const value = sequence(contextPrimitive(0, keyIdentifier(issuer)));
  return extension(extensionOids.authorityKeyIdentifier, false, value);
}

/** The first 160 bits of the SHA-256 of the subjectPublicKey (RFC 7093 section 2, method 1). */
export function keyIdentifier(key: KeyObject): Buffer {
  const bits = readBitOctets(readDer(subjectPublicKeyInfo(key)).children[1], 'subjectPublicKey');
  return createHash('sha256').update(bits).digest().subarray(0, 20);
}

/** [3] or [0]-wrapped Extensions, whichever the caller's structure has. */
export function extensions(tag: number, list: readonly Asn1[]): Asn1 {
  return context(tag, sequence(...list));
}

export function extension(type: string, critical: boolean, value: Asn1): Asn1 {
  const inner = octetString(toDer(value));
  return critical ? sequence(oid(type), boolean(true), inner) : sequence(oid(type), inner);
}

/**
 * The alternative names of a certificate that must have some: those that are given, else the common name as address or
 * DNS name, where it is one.
 */
export function namesOrCommonName(names: readonly GeneralName[], subject: SubjectFields): readonly GeneralName[] {
  const commonName = subject.commonName ?? '';
  if (names.length > 0 || commonName === '') return names;
  if (isIP(commonName) !== 0 && !commonName.includes('%')) return [{ type: 'ip', value: commonName }];
  return isDnsName(commonName) ? [{ type: 'dns', value: commonName }] : names;
}
