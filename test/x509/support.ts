/** What the tests of x509 share: foreign judges in a temporary directory, and certificates of any shape. */

import { spawnSync } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Asn1, context, embed, integer, sequence, time, unsigned } from '../../src/x509/asn1.js';
import { type Certificate, readCertificate } from '../../src/x509/certificate.js';
import { type DerNode, readDer } from '../../src/x509/der.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extensions,
  type KeyUsage,
  keyUsage,
  serverAuthUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/x509/extensions.js';
import { createKeyGenerator, type KeyAlgorithm, type KeyPair, subjectPublicKeyInfo } from '../../src/x509/key.js';
import { type SubjectFields, subjectName } from '../../src/x509/name.js';
import { type SignatureHash, signed } from '../../src/x509/sign.js';

/** A directory of its own for the calling test file; it is removed at the end. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'signet-x509-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface Judgement {
  readonly status: number;
  readonly stdout: string;
  /** stdout and stderr together. */
  readonly text: string;
  readonly octets: Buffer;
}

/** Runs a tool to its end in `directory`. */
export function run(directory: string, command: string, args: readonly string[], input?: Buffer | string): Judgement {
  const result = spawnSync(command, args, { cwd: directory, ...(input === undefined ? {} : { input }) });
  if (result.error !== undefined) throw result.error;
  const stdout = result.stdout.toString('utf8');
  return {
    status: result.status ?? -1,
    stdout,
    text: stdout + result.stderr.toString('utf8'),
    octets: result.stdout,
  };
}

export function openssl(directory: string, ...args: readonly string[]): Judgement {
  return run(directory, 'openssl', args);
}

export function save(directory: string, name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** Seeded numbers below a limit (mulberry32): small, and good enough to choose test cases. */
export function seededRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const keys = new Map<string, Promise<KeyPair>>();
const generator = createKeyGenerator();

/** One key per algorithm and name for the whole test file: RSA keys are slow to make. */
export function testKey(algorithm: KeyAlgorithm, name = ''): Promise<KeyPair> {
  const id = `${algorithm} ${name}`;
  const made = keys.get(id) ?? generator.generate(algorithm);
  keys.set(id, made);
  return made;
}

export interface Issue {
  readonly subject: SubjectFields;
  readonly key: KeyObject;
  /** Self-signed where absent. */
  readonly issuer?: { readonly subject: SubjectFields; readonly key: KeyObject };
  readonly extensions?: readonly Asn1[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly hash?: SignatureHash;
  readonly version?: number;
  readonly serial?: Buffer;
}

/** A certificate of any shape, signed all the same. */
export async function issue(options: Issue): Promise<Certificate> {
  const issuer = options.issuer ?? { subject: options.subject, key: options.key };
  const list = options.extensions ?? [];
  const der = await signed(issuer.key, options.hash ?? 'sha256', (algorithm) =>
    sequence(
      ...(options.version === 1 ? [] : [context(0, integer((options.version ?? 3) - 1))]),
      unsigned(options.serial ?? Buffer.concat([Buffer.of(0x40), randomBytes(15)])),
      algorithm(),
      subjectName(issuer.subject),
      sequence(time(options.notBefore ?? new Date('2026-01-01')), time(options.notAfter ?? new Date('2028-01-01'))),
      subjectName(options.subject),
      embed(subjectPublicKeyInfo(options.key)),
      ...(list.length === 0 ? [] : [extensions(3, list)]),
    ),
  );
  return readCertificate(der);
}

/** The same certificate with a signature of the right form that no key made. */
export function readTampered({ der }: Certificate): Certificate {
  const changed = Buffer.from(der);
  changed[changed.length - 1]! ^= 1;
  return readCertificate(changed);
}

/** The extensions of an ordinary certification authority. */
export function caExtensions(key: KeyObject, issuerKey: KeyObject, pathLength?: number): readonly Asn1[] {
  return [
    basicConstraints(true, pathLength),
    keyUsage(['keyCertSign', 'cRLSign']),
    subjectKeyIdentifier(key),
    authorityKeyIdentifier(issuerKey),
  ];
}

/** The extensions of an ordinary TLS server certificate. */
export function serverExtensions(
  key: KeyObject,
  issuerKey: KeyObject,
  usages: readonly KeyUsage[] = ['digitalSignature'],
  host = 'server.example',
): readonly Asn1[] {
  return [
    basicConstraints(false),
    keyUsage(usages),
    serverAuthUsage(),
    subjectKeyIdentifier(key),
    authorityKeyIdentifier(issuerKey),
    subjectAltName([{ type: 'dns', value: host }], false),
  ];
}

export interface TestChain {
  readonly root: Certificate;
  readonly intermediate: Certificate;
  readonly leaf: Certificate;
  readonly leafKey: KeyObject;
  readonly rootKey: KeyObject;
  readonly intermediateKey: KeyObject;
}

/** Root, intermediate and server certificate with P-256 keys, valid in 2026 and long after. */
export async function ordinaryChain(): Promise<TestChain> {
  const [rootPair, middlePair, leafPair] = await Promise.all(
    ['root', 'middle', 'leaf'].map((name) => testKey('ec-p256', name)),
  );
  const [rootKey, intermediateKey, leafKey] = [rootPair!.privateKey, middlePair!.privateKey, leafPair!.privateKey];
  const rootName = { organization: 'Test', commonName: 'Root' };
  const middleName = { organization: 'Test', commonName: 'Intermediate' };
  return {
    root: await issue({
      subject: rootName,
      key: rootKey,
      extensions: caExtensions(rootKey, rootKey),
      notAfter: new Date('2036-01-01'),
    }),
    intermediate: await issue({
      subject: middleName,
      key: intermediateKey,
      issuer: { subject: rootName, key: rootKey },
      extensions: caExtensions(intermediateKey, rootKey, 0),
      notAfter: new Date('2036-01-01'),
    }),
    leaf: await issue({
      subject: { commonName: 'server.example' },
      key: leafKey,
      issuer: { subject: middleName, key: intermediateKey },
      extensions: serverExtensions(leafKey, intermediateKey),
    }),
    leafKey,
    rootKey,
    intermediateKey,
  };
}

/** A server certificate for `device.example.net` and the authorities above it, `length` certificates with their root at the end. */
export async function deepChain(length: number): Promise<readonly Certificate[]> {
  const [authority, leaf] = await Promise.all([testKey('ec-p256', 'deep'), testKey('ec-p256', 'deep leaf')]);
  const key = authority.privateKey;
  const name = (above: number): SubjectFields => ({ commonName: above === 0 ? 'leaf' : `Authority ${above}` });
  return Promise.all(
    Array.from({ length }, (_, above) =>
      issue({
        subject: name(above),
        key: above === 0 ? leaf.privateKey : key,
        issuer: { subject: name(Math.min(above + 1, length - 1)), key },
        extensions:
          above === 0
            ? serverExtensions(leaf.privateKey, key, ['digitalSignature'], 'device.example.net')
            : caExtensions(key, key),
      }),
    ),
  );
}

/** One element of DER with this identifier octet. */
export function tlv(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const octets: number[] = [];
  for (let left = content.length; left > 0; left >>= 8) octets.unshift(left & 0xff);
  return Buffer.concat([Buffer.of(tag, 0x80 | octets.length, ...octets), content]);
}

/**
 * The same value with indefinite lengths, and octet strings cut in two, down to `depth` levels: how Windows and Java
 * write containers.
 */
export function toBer(der: Buffer, depth: number): Buffer {
  return berNode(readDer(der), depth);
}

function berNode(node: DerNode, depth: number): Buffer {
  const identifier = node.raw[0]!;
  const end = Buffer.of(0, 0);
  if (node.constructed && depth >= 0) {
    const children = node.children.map((each) => berNode(each, depth - 1));
    return Buffer.concat([Buffer.of(identifier, 0x80), ...children, end]);
  }
  if (identifier !== 0x04 || depth < 0) return node.raw;
  const half = node.content.length >> 1;
  const pieces = [node.content.subarray(0, half), node.content.subarray(half)].map((piece) => tlv(0x04, piece));
  return Buffer.concat([Buffer.of(0x24, 0x80), ...pieces, end]);
}
