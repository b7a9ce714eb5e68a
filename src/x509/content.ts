/**
 * Reading what a certification authority returned, told apart by content: PEM, bare base64, DER, PKCS#7, PKCS#12,
 * private keys in the forms of {@link readPemPrivateKey}.
 */

import type { KeyObject } from 'node:crypto';
import { type Certificate, certificateLabels, readCertificate } from './certificate.js';
import { type DerNode, derLimits, readDer, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { type WorkBudget, workBudget } from './kdf.js';
import { keyIdOf } from './key.js';
import type { Password } from './pbe.js';
import { decodeBase64, type PemBlock, parsePem } from './pem.js';
import { readPkcs7 } from './pkcs7.js';
import { readPkcs12 } from './pkcs12.js';
import { isPrivateKeyLabel, privateKeyKind, readDerPrivateKey, readPemPrivateKey } from './private-key.js';
import { type RevocationList, readRevocationList } from './revocation-list.js';

export const contentFormats = ['pem', 'der', 'pkcs7', 'pkcs12'] as const;

export type ContentFormat = (typeof contentFormats)[number];

export interface PrivateKeyEntry {
  readonly key: KeyObject;
  readonly keyId: string;
  /** The friendly name of PKCS#12. */
  readonly name: string | undefined;
}

/** Everything that was found, in its order; a key that came twice stands once. */
export interface Content {
  readonly format: ContentFormat;
  readonly certificates: readonly Certificate[];
  readonly privateKeys: readonly PrivateKeyEntry[];
  readonly revocationLists: readonly RevocationList[];
  /** What was found and is of no use here, one sentence each. */
  readonly remarks: readonly string[];
}

export interface ReadOptions {
  /** Refuses what is of another format; `auto` where absent. */
  readonly format?: ContentFormat | 'auto';
  readonly password?: string;
}

/** The largest input that is looked at. */
export const contentLimit = 1 << 20;

/**
 * Reads certificates and keys from octets or text. Rejects with X509Error: `no-certificate` where there is neither
 * certificate nor key, `password-required`, `wrong-password`, `damaged`, `malformed`, `too-big`, `unsupported`.
 */
export async function readContent(data: Buffer | string, options: ReadOptions = {}): Promise<Content> {
  if (data.length > 2 * contentLimit) throw new X509Error('too-big', 'more than 2 MB');
  const found = new Collection(options.password);
  const format = await found.addAny(data, 0);
  const wanted = options.format ?? 'auto';
  // PKCS#7 and single objects are often asked for by what they are, whether in PEM or not.
  if (wanted !== 'auto' && wanted !== format && !(wanted === 'pkcs7' && found.hasPkcs7)) {
    throw malformed(`the content is ${formatNames[format]} and not ${formatNames[wanted]}`);
  }
  return found.content(format);
}

/** Which of several private keys is meant. */
export interface KeyChoice {
  /** By friendly name. */
  readonly name?: string;
  /** By certificate: the keys that belong to one of these key-ids. */
  readonly keyIds?: readonly string[];
}

/**
 * The private key that came along, or undefined where none did. Throws `ambiguous-key` where there are several and the
 * choice does not tell which, `no-private-key` where none has the name.
 */
export function choosePrivateKey(
  keys: readonly PrivateKeyEntry[],
  choice: KeyChoice = {},
): PrivateKeyEntry | undefined {
  const names = keys.map(({ name, keyId }) => name ?? `without name (key-id ${keyId.slice(0, 16)}...)`).join(', ');
  const meant = choice.name === undefined ? keys : keys.filter(({ name }) => name === choice.name);
  if (choice.name !== undefined && meant.length === 0) {
    throw new X509Error('no-private-key', `no private key is named ${choice.name}; there are: ${names || 'none'}`);
  }
  const fitting = meant.filter(({ keyId }) => choice.keyIds?.includes(keyId) === true);
  const [chosen, ...others] = fitting.length > 0 ? fitting : meant;
  if (chosen === undefined || others.every(({ keyId }) => keyId === chosen.keyId)) return chosen;
  throw new X509Error('ambiguous-key', `there are several private keys; choose one by name: ${names}`);
}

class Collection {
  readonly #password: Password | undefined;
  readonly #budget: WorkBudget = workBudget();
  readonly #certificates: Certificate[] = [];
  readonly #keys: PrivateKeyEntry[] = [];
  readonly #lists: RevocationList[] = [];
  readonly #remarks: string[] = [];
  #sawRequest = false;
  hasPkcs7 = false;

  constructor(password: string | undefined) {
    this.#password = password === undefined ? undefined : { text: password };
  }

  /** Base64 may wrap DER or the text of a PEM file, once. */
  async addAny(data: Buffer | string, depth: number): Promise<ContentFormat> {
    const text = typeof data === 'string' ? data : asText(data);
    if (text === undefined) return this.#addDer(data as Buffer);
    if (text.includes('-----BEGIN ')) {
      for (const block of parsePem(text)) await this.#addBlock(block);
      return 'pem';
    }
    const octets = decodeBase64(text.replace(/^\uFEFF/, ''));
    if (octets === undefined || depth > 0) {
      throw malformed(text.trim() === '' ? 'there is nothing in it' : 'neither PEM nor base64 nor DER');
    }
    return this.addAny(octets, depth + 1);
  }

  content(format: ContentFormat): Content {
    if (this.#certificates.length === 0 && this.#keys.length === 0) {
      const text = this.#sawRequest
        ? 'this is a certificate request; install what the certification authority returns for it'
        : 'there is neither a certificate nor a private key in it';
      throw new X509Error('no-certificate', text);
    }
    return {
      format,
      certificates: this.#certificates,
      privateKeys: this.#keys,
      revocationLists: this.#lists,
      remarks: this.#remarks,
    };
  }

  async #addBlock(block: PemBlock): Promise<void> {
    const { label, der } = block;
    if (isPrivateKeyLabel(label)) {
      this.#addKey(await readPemPrivateKey(block, this.#password, this.#budget), undefined);
    } else if (certificateLabels.includes(label) || containerLabels.has(label)) {
      await this.#addDer(der, label === 'TRUSTED CERTIFICATE');
    } else if (!silentLabels.has(label)) {
      this.#remarks.push(`a PEM block ${label} was passed over`);
    }
  }

  async #addDer(octets: Buffer, trusted = false): Promise<ContentFormat> {
    if (octets.length > 4 && octets.readUInt32BE(0) === javaKeyStore) {
      throw new X509Error('unsupported', 'a Java key store of the old kind; convert it with keytool to PKCS12');
    }
    // OpenSSL's TRUSTED CERTIFICATE appends its own data to the certificate.
    const der = trusted ? firstElement(octets) : octets;
    const root = readDer(der, derLimits, 'ber');
    switch (kindOf(root)) {
      case 'certificate':
        this.#addCertificates([der]);
        return 'der';
      case 'revocation-list':
        this.#lists.push(readRevocationList(der));
        return 'der';
      case 'request':
        this.#sawRequest = true;
        return 'der';
      case 'private-key':
        this.#addKey(await readDerPrivateKey(der, this.#password, this.#budget), undefined);
        return 'der';
      case 'pkcs7':
        this.#addPkcs7(der);
        return 'pkcs7';
      case 'pkcs12':
        await this.#addPkcs12(der);
        return 'pkcs12';
      case 'unknown':
        throw malformed('neither a certificate, a private key, PKCS#7 nor PKCS#12');
    }
  }

  #addPkcs7(der: Buffer): void {
    this.hasPkcs7 = true;
    const { certificates, revocationLists } = readPkcs7(der);
    this.#addCertificates(certificates);
    this.#lists.push(...revocationLists.map(readRevocationList));
  }

  async #addPkcs12(der: Buffer): Promise<void> {
    const { certificates, privateKeys } = await readPkcs12(der, this.#password, this.#budget);
    this.#addCertificates(certificates.map((entry) => entry.der));
    for (const { key, name } of privateKeys) this.#addKey(key, name);
  }

  #addCertificates(ders: readonly Buffer[]): void {
    if (this.#certificates.length + ders.length > mostCertificates) {
      throw new X509Error('too-big', `more than ${mostCertificates} certificates`);
    }
    this.#certificates.push(...ders.map(readCertificate));
  }

  #addKey(key: KeyObject, name: string | undefined): void {
    const keyId = keyIdOf(key);
    if (!this.#keys.some((entry) => entry.keyId === keyId)) this.#keys.push({ key, keyId, name });
  }
}

type Kind = 'certificate' | 'revocation-list' | 'request' | 'private-key' | 'pkcs7' | 'pkcs12' | 'unknown';

/** What an ASN.1 value is, by its first elements. */
function kindOf(root: DerNode): Kind {
  const [first, second, third] = root.children;
  if (root.tagClass !== 0 || root.tag !== tags.sequence || first?.tagClass !== 0) return 'unknown';
  if (first.tag === tags.oid) return 'pkcs7';
  if (first.tag === tags.integer && second?.children[0]?.tag === tags.oid && isPfxVersion(first)) return 'pkcs12';
  if (privateKeyKind(root) !== undefined) return 'private-key';
  if (first.tag !== tags.sequence || second?.tag !== tags.sequence || third?.tag !== tags.bitString) return 'unknown';
  const tbs = first.children;
  if (tbs.some(({ tagClass, tag }) => tagClass === 0 && isTime(tag))) return 'revocation-list';
  const isRequest = tbs.length <= 4 && tbs[0]?.tagClass === 0 && tbs[0].tag === tags.integer;
  return isRequest ? 'request' : 'certificate';
}

function isPfxVersion(version: DerNode): boolean {
  return version.content.length === 1 && version.content[0] === 3;
}

function isTime(tag: number): boolean {
  return tag === tags.utcTime || tag === tags.generalizedTime;
}

/** The text of octets that are text; undefined for DER and other binary data. */
function asText(octets: Buffer): string | undefined {
  const wide = asUtf16(octets);
  if (wide !== undefined) return wide;
  // DER begins with 0x30 ('0'), which neither base64 of DER nor PEM does; text has no control characters.
  const sample = octets.subarray(0, 4096);
  if (sample.some((octet) => octet < 0x09 || (octet > 0x0d && octet < 0x20))) {
    return octets.includes('-----BEGIN ') && octets[0] !== 0x30 ? octets.toString('utf8') : undefined;
  }
  return octets[0] === 0x30 && !octets.includes('-----BEGIN ') ? undefined : octets.toString('utf8');
}

/** Text in units of two octets, as Windows writes it: by its byte order mark, or by the PEM or base64 that it is. */
function asUtf16(octets: Buffer): string | undefined {
  if (octets.length < 4 || octets.length % 2 !== 0) return undefined;
  const mark = octets.readUInt16BE(0);
  if (mark === 0xfffe) return octets.toString('utf16le');
  if (mark === 0xfeff) return Buffer.from(octets).swap16().toString('utf16le');
  const sample = octets.subarray(0, 64);
  const zeros = (parity: number): boolean => sample.every((octet, index) => (octet === 0) === (index % 2 === parity));
  if (zeros(1)) return octets.toString('utf16le');
  return zeros(0) ? Buffer.from(octets).swap16().toString('utf16le') : undefined;
}

function firstElement(octets: Buffer): Buffer {
  const first = octets[1] ?? 0;
  if (first < 0x80) return octets.subarray(0, 2 + first);
  const count = first & 0x7f;
  if (count === 0 || count > 4 || octets.length < 2 + count) throw malformed('not a certificate');
  return octets.subarray(0, 2 + count + octets.readUIntBE(2, count));
}

const formatNames: Readonly<Record<ContentFormat, string>> = {
  pem: 'PEM',
  der: 'DER',
  pkcs7: 'PKCS#7',
  pkcs12: 'PKCS#12',
};

const containerLabels: ReadonlySet<string> = new Set([
  'PKCS7',
  'CMS',
  'PKCS #7 SIGNED DATA',
  'PKCS12',
  'X509 CRL',
  'CERTIFICATE REQUEST',
  'NEW CERTIFICATE REQUEST',
]);

const silentLabels: ReadonlySet<string> = new Set(['EC PARAMETERS', 'DH PARAMETERS', 'PUBLIC KEY']);

/** Taken from one input; every one of them costs a parse. */
const mostCertificates = 256;

/** The first octets of JKS. */
const javaKeyStore = 0xfeed_feed;
