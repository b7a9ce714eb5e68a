import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { type Asn1, boolean, context, contextPrimitive, nullValue, oid, sequence } from '../../src/x509/asn1.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  extension,
  keyUsage,
  serverAuthUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/x509/extensions.js';
import { generalName } from '../../src/x509/general-name.js';
import { type Certificate, certificatePem, isSelfSigned, type PathCheck, validatePath } from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import {
  caExtensions,
  type Issue,
  issue,
  openssl,
  ordinaryChain,
  save,
  serverExtensions,
  temporaryDirectory,
  testKey,
} from './support.js';

const directory = temporaryDirectory();
const now = new Date('2027-01-01T00:00:00Z');
const critical = (type: string): Asn1 => extension(type, true, nullValue());

function judge(check: Omit<PathCheck, 'now' | 'clockTrusted'>): readonly string[] {
  const { findings } = validatePath({ ...check, now, clockTrusted: true });
  return findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

/** A variant of the authority or of the server certificate; `stricter` where we refuse and openssl does not. */
interface Variant {
  readonly name: string;
  readonly extensions: (key: KeyObject, issuer: KeyObject) => readonly Asn1[];
  readonly dates?: Pick<Issue, 'notBefore' | 'notAfter'>;
  readonly version?: number;
  readonly subject?: Issue['subject'];
  readonly stricter?: true;
}

const ids = (key: KeyObject, issuer: KeyObject): readonly Asn1[] => [
  subjectKeyIdentifier(key),
  authorityKeyIdentifier(issuer),
];
const signs = keyUsage(['keyCertSign', 'cRLSign']);
const host = subjectAltName([{ type: 'dns', value: 'server.example' }], false);

const authorities: readonly Variant[] = [
  { name: 'ordinary', extensions: caExtensions },
  { name: 'path length 0', extensions: (key, issuer) => caExtensions(key, issuer, 0) },
  { name: 'serverAuth', extensions: (...keys) => [...caExtensions(...keys), serverAuthUsage()] },
  { name: 'no basicConstraints', extensions: (...keys) => [signs, ...ids(...keys)] },
  {
    name: 'cA false',
    extensions: (...keys) => [basicConstraints(false), keyUsage(['digitalSignature']), ...ids(...keys)],
  },
  { name: 'cA false with keyCertSign', extensions: (...keys) => [basicConstraints(false), signs, ...ids(...keys)] },
  { name: 'no keyUsage', extensions: (...keys) => [basicConstraints(true), ...ids(...keys)] },
  { name: 'no keyCertSign', extensions: (...keys) => [basicConstraints(true), keyUsage(['cRLSign']), ...ids(...keys)] },
  {
    name: 'path length without keyCertSign',
    extensions: (...keys) => [basicConstraints(true, 3), keyUsage(['cRLSign']), ...ids(...keys)],
  },
  {
    name: 'clientAuth only',
    extensions: (...keys) => [...caExtensions(...keys), extendedKeyUsage(['1.3.6.1.5.5.7.3.2'])],
  },
  {
    name: 'basicConstraints not critical',
    extensions: (...keys) => [extension('2.5.29.19', false, sequence(boolean(true))), signs, ...ids(...keys)],
  },
  {
    name: 'no subjectKeyIdentifier',
    extensions: (key, issuer) => [basicConstraints(true), signs, ids(key, issuer)[1]!],
  },
  {
    name: 'no authorityKeyIdentifier',
    extensions: (key, issuer) => [basicConstraints(true), signs, ids(key, issuer)[0]!],
  },
  { name: 'unknown critical extension', extensions: (...keys) => [...caExtensions(...keys), critical('1.2.3.4')] },
  {
    name: 'unknown extension',
    extensions: (...keys) => [...caExtensions(...keys), extension('1.2.3.4', false, nullValue())],
  },
  { name: 'expired', extensions: caExtensions, dates: { notAfter: new Date('2026-12-31') } },
  { name: 'not yet valid', extensions: caExtensions, dates: { notBefore: new Date('2027-01-02') } },
  { name: 'version 1', extensions: () => [], version: 1 },
  { name: 'permits example', extensions: (...keys) => [...caExtensions(...keys), constraints([dns('example')], [])] },
  { name: 'excludes example', extensions: (...keys) => [...caExtensions(...keys), constraints([], [dns('example')])] },
  {
    name: 'permits elsewhere',
    extensions: (...keys) => [...caExtensions(...keys), constraints([dns('elsewhere')], [])],
  },
  {
    name: 'permits 192.0.2.0/24',
    extensions: (...keys) => [...caExtensions(...keys), constraints([ip('c0000200ffffff00')], [])],
  },
  {
    name: 'critical policies',
    extensions: (...keys) => [
      ...caExtensions(...keys),
      extension('2.5.29.32', true, sequence(sequence(oid('2.5.29.32.0')))),
    ],
  },
  {
    name: 'critical policy constraints',
    extensions: (...keys) => [
      ...caExtensions(...keys),
      extension('2.5.29.36', true, sequence(contextPrimitive(0, Buffer.of(0)))),
    ],
    stricter: true,
  },
];

const servers: readonly Variant[] = [
  { name: 'ordinary', extensions: serverExtensions },
  { name: 'no extKeyUsage', extensions: (...keys) => [keyUsage(['digitalSignature']), host, ...ids(...keys)] },
  {
    name: 'clientAuth only',
    extensions: (...keys) => [
      keyUsage(['digitalSignature']),
      extendedKeyUsage(['1.3.6.1.5.5.7.3.2']),
      host,
      ...ids(...keys),
    ],
  },
  {
    name: 'anyExtendedKeyUsage',
    extensions: (...keys) => [keyUsage(['digitalSignature']), extendedKeyUsage(['2.5.29.37.0']), host, ...ids(...keys)],
  },
  { name: 'keyAgreement only', extensions: (...keys) => serverExtensions(...keys, ['keyAgreement']), stricter: true },
  { name: 'keyCertSign only', extensions: (...keys) => serverExtensions(...keys, ['keyCertSign']) },
  {
    name: 'digitalSignature and keyCertSign',
    extensions: (...keys) => serverExtensions(...keys, ['digitalSignature', 'keyCertSign']),
  },
  { name: 'a certification authority', extensions: (...keys) => [...caExtensions(...keys), host], stricter: true },
  { name: 'unknown critical extension', extensions: (...keys) => [...serverExtensions(...keys), critical('1.2.3.4')] },
  {
    name: 'critical authorityKeyIdentifier',
    extensions: (key) => [
      ...serverExtensions(key, key).slice(0, 4),
      host,
      extension('2.5.29.35', true, sequence(contextPrimitive(0, Buffer.alloc(20)))),
    ],
  },
  { name: 'foreign authorityKeyIdentifier', extensions: (key) => serverExtensions(key, key) },
  {
    name: 'no authorityKeyIdentifier',
    extensions: (...keys) => [keyUsage(['digitalSignature']), serverAuthUsage(), host, ids(...keys)[0]!],
  },
  {
    name: 'empty subjectAltName',
    extensions: (...keys) => [...serverExtensions(...keys).slice(0, 5), extension('2.5.29.17', false, sequence())],
  },
  { name: 'empty subject, SAN not critical', extensions: serverExtensions, subject: {} },
  {
    name: 'empty subject, SAN critical',
    extensions: (...keys) => [
      ...serverExtensions(...keys).slice(0, 5),
      subjectAltName([{ type: 'dns', value: 'server.example' }], true),
    ],
    subject: {},
  },
  { name: 'expired', extensions: serverExtensions, dates: { notAfter: new Date('2026-12-31') } },
  { name: 'not yet valid', extensions: serverExtensions, dates: { notBefore: new Date('2027-01-02') } },
  { name: 'wildcard', extensions: (...keys) => serverExtensions(...keys, ['digitalSignature'], '*.server.example') },
  { name: 'elsewhere', extensions: (...keys) => serverExtensions(...keys, ['digitalSignature'], 'a.elsewhere') },
  {
    name: 'address',
    extensions: (...keys) => [
      ...serverExtensions(...keys).slice(0, 5),
      subjectAltName([{ type: 'ip', value: '192.0.3.1' }], false),
    ],
    subject: { commonName: 'server.example' },
  },
  { name: 'version 1', extensions: () => [], version: 1 },
];

test(
  'openssl in strict mode and we agree on every pair of an authority and a server certificate',
  requireTool('openssl'),
  async () => {
    const [rootPair, middlePair, leafPair] = await Promise.all(
      ['root', 'middle', 'leaf'].map((name) => testKey('ec-p256', name)),
    );
    const [rootKey, middleKey, leafKey] = [rootPair!.privateKey, middlePair!.privateKey, leafPair!.privateKey];
    const { root } = await ordinaryChain();
    save(directory, 'root.pem', certificatePem(root));
    const rootName = { organization: 'Test', commonName: 'Root' };
    const middleName = { organization: 'Test', commonName: 'Intermediate' };
    const make = (variant: Variant, options: Pick<Issue, 'subject' | 'key' | 'issuer'>): Promise<Certificate> =>
      issue({
        ...options,
        subject: variant.subject ?? options.subject,
        extensions: variant.extensions(options.key, options.issuer!.key),
        ...variant.dates,
        ...(variant.version === undefined ? {} : { version: variant.version }),
      });
    const disagreements: string[] = [];
    let compared = 0;
    let valid = 0;
    for (const authority of authorities) {
      const intermediate = await make(authority, {
        subject: middleName,
        key: middleKey,
        issuer: { subject: rootName, key: rootKey },
      });
      save(directory, 'middle.pem', certificatePem(intermediate));
      const files: string[] = [];
      const ours: (readonly string[])[] = [];
      // Every authority meets the ordinary server certificate, and the ordinary and constraining authorities meet all.
      const all = authority.name === 'ordinary' || /permits|excludes/.test(authority.name);
      for (const [index, server] of (all ? servers : servers.slice(0, 1)).entries()) {
        const issuer = { subject: middleName, key: middleKey };
        const leaf = await make(server, { subject: { commonName: 'server.example' }, key: leafKey, issuer });
        files.push(save(directory, `leaf-${index}.pem`, certificatePem(leaf)));
        ours.push(judge({ leaf, intermediates: [intermediate], anchors: [root] }));
      }
      const options = ['-x509_strict', '-purpose', 'sslserver', '-attime', String(now.getTime() / 1000)];
      const judged = openssl(
        directory,
        'verify',
        ...options,
        '-CAfile',
        'root.pem',
        '-untrusted',
        'middle.pem',
        ...files,
      );
      for (const [index, file] of files.entries()) {
        const accepted = judged.text.includes(`${file}: OK`);
        const server = servers[index]!;
        compared++;
        if (accepted) valid++;
        const agree = accepted === (ours[index]!.length === 0);
        const mayDiffer = accepted && (authority.stricter === true || server.stricter === true);
        if (!agree && !mayDiffer) {
          disagreements.push(
            `${authority.name} / ${server.name}: openssl ${accepted ? 'accepts' : 'refuses'}, we: ${ours[index]!.join(', ')}`,
          );
        }
      }
    }
    assert.deepEqual(disagreements, []);
    assert.ok(compared > 100 && valid > 20, `${compared} compared, ${valid} valid`);
  },
);

test('a path is found through unordered intermediates and cross-certificates', async () => {
  const { root, intermediate, leaf, rootKey } = await ordinaryChain();
  const { privateKey: otherKey } = await testKey('ec-p256', 'other');
  const cross = await issue({
    subject: { organization: 'Test', commonName: 'Root' },
    key: rootKey,
    issuer: { subject: { commonName: 'Other root' }, key: otherKey },
    extensions: caExtensions(rootKey, otherKey),
  });
  const other = await issue({
    subject: { commonName: 'Other root' },
    key: otherKey,
    extensions: caExtensions(otherKey, otherKey),
  });
  const intermediates = [other, cross, leaf, intermediate];
  const direct = validatePath({ leaf, intermediates, anchors: [root], now, clockTrusted: true });
  assert.deepEqual(direct.path, [leaf, intermediate, root]);
  const crossed = validatePath({ leaf, intermediates, anchors: [other], now, clockTrusted: true });
  assert.deepEqual(crossed.path, [leaf, intermediate, cross, other]);
  assert.deepEqual(crossed.findings, []);
});

test('no path: the search says how far it came', async () => {
  const { intermediate, leaf, root } = await ordinaryChain();
  const stranger = await issue({
    subject: { commonName: 'Stranger' },
    key: (await testKey('ec-p256', 'other')).privateKey,
  });
  const result = validatePath({ leaf, intermediates: [intermediate], anchors: [stranger], now, clockTrusted: true });
  assert.equal(result.anchor, undefined);
  assert.deepEqual(result.path, [leaf, intermediate]);
  assert.deepEqual(
    result.findings.map(({ code, text }) => [code, text]),
    [['incomplete-chain', 'the chain does not lead to a configured trust anchor']],
  );
  assert.deepEqual(judge({ leaf, intermediates: [], anchors: [root] }), ['incomplete-chain']);
});

test('a self-signed certificate that is itself an anchor', async () => {
  const { privateKey } = await testKey('ec-p256', 'leaf');
  const leaf = await issue({
    subject: { commonName: 'self' },
    key: privateKey,
    extensions: serverExtensions(privateKey, privateKey),
  });
  assert.equal(isSelfSigned(leaf), true);
  assert.deepEqual(judge({ leaf, intermediates: [], anchors: [leaf] }), []);
});

test('a ring of cross-certificates ends', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, (_, index) => testKey('ec-p256', `ring ${index}`)));
  const certificates: Certificate[] = [];
  for (const [from, { privateKey: key }] of keys.entries()) {
    for (const [to, { privateKey: issuerKey }] of keys.entries()) {
      if (from === to) continue;
      const issuer = { subject: { commonName: `CA ${to}` }, key: issuerKey };
      certificates.push(
        await issue({ subject: { commonName: `CA ${from}` }, key, issuer, extensions: caExtensions(key, issuerKey) }),
      );
    }
  }
  const { root, leafKey } = await ordinaryChain();
  const issuer = { subject: { commonName: 'CA 0' }, key: keys[0]!.privateKey };
  const leaf = await issue({
    subject: { commonName: 'x' },
    key: leafKey,
    issuer,
    extensions: serverExtensions(leafKey, issuer.key),
  });
  const started = performance.now();
  assert.ok(judge({ leaf, intermediates: certificates, anchors: [root] }).includes('incomplete-chain'));
  assert.ok(performance.now() - started < 2000);
});

const nameCases: readonly [string, Asn1, Parameters<typeof generalName>[0][], boolean][] = [
  ['a host below a permitted domain', constraints([dns('example')], []), [{ type: 'dns', value: 'a.b.example' }], true],
  ['a host that only ends alike', constraints([dns('example')], []), [{ type: 'dns', value: 'badexample' }], false],
  ['a leading dot asks for a label', constraints([dns('.example')], []), [{ type: 'dns', value: 'example' }], false],
  ['case does not count', constraints([dns('EXAMPLE')], []), [{ type: 'dns', value: 'a.Example' }], true],
  ['an address inside', constraints([ip('c0000200ffffff00')], []), [{ type: 'ip', value: '192.0.2.77' }], true],
  ['an address outside', constraints([ip('c0000200ffffff00')], []), [{ type: 'ip', value: '192.0.3.77' }], false],
  ['IPv6 against IPv4', constraints([ip('c0000200ffffff00')], []), [{ type: 'ip', value: '2001:db8::1' }], false],
  ['a mailbox', constraints([mail('a@b.example')], []), [{ type: 'email', value: 'a@B.example' }], true],
  ['another mailbox', constraints([mail('a@b.example')], []), [{ type: 'email', value: 'c@b.example' }], false],
  ['mail of a host', constraints([mail('b.example')], []), [{ type: 'email', value: 'a@b.example' }], true],
  ['mail of a host below', constraints([mail('b.example')], []), [{ type: 'email', value: 'a@x.b.example' }], false],
  ['mail below a domain', constraints([mail('.b.example')], []), [{ type: 'email', value: 'a@x.b.example' }], true],
  ['a URI of a host', constraints([uri('b.example')], []), [{ type: 'uri', value: 'https://b.example:8443/x' }], true],
  ['a URI with a user', constraints([uri('b.example')], []), [{ type: 'uri', value: 'https://u@b.example/x' }], false],
  [
    'a URI below a domain',
    constraints([uri('.b.example')], []),
    [{ type: 'uri', value: 'https://x.b.example/' }],
    true,
  ],
  ['a URI without host', constraints([], [uri('.b.example')]), [{ type: 'uri', value: 'urn:x:y' }], false],
  ['an excluded host', constraints([], [dns('bad.example')]), [{ type: 'dns', value: 'x.bad.example' }], false],
  [
    'a directory below',
    constraints([directoryName('O=Test,C=DE')], []),
    [{ type: 'directory-name', value: 'CN=x,O=test,C=DE' }],
    true,
  ],
  [
    'a directory elsewhere',
    constraints([], [directoryName('O=Test,C=DE')]),
    [{ type: 'directory-name', value: 'CN=x,O=Test,C=DE' }],
    false,
  ],
];

test(
  'name constraints (RFC 5280 4.2.1.10): openssl and we agree on every kind of name',
  requireTool('openssl'),
  async () => {
    const { root, rootKey, intermediateKey, leafKey } = await ordinaryChain();
    save(directory, 'root.pem', certificatePem(root));
    const rootName = { organization: 'Test', commonName: 'Root' };
    const middle = { subject: { organization: 'Test', commonName: 'Intermediate' }, key: intermediateKey };
    const findings: unknown[] = [];
    const expected: unknown[] = [];
    for (const [name, rule, names, permitted] of nameCases) {
      const intermediate = await issue({
        ...middle,
        issuer: { subject: rootName, key: rootKey },
        extensions: [...caExtensions(intermediateKey, rootKey), rule],
      });
      const altNames = subjectAltName(names, true);
      const extensions = [...serverExtensions(leafKey, intermediateKey).slice(0, 5), altNames];
      const leaf = await issue({ subject: {}, key: leafKey, issuer: middle, extensions });
      save(directory, 'nc-middle.pem', certificatePem(intermediate));
      save(directory, 'nc-leaf.pem', certificatePem(leaf));
      const options = ['-x509_strict', '-purpose', 'sslserver', '-attime', String(now.getTime() / 1000)];
      const judged = openssl(
        directory,
        'verify',
        ...options,
        '-CAfile',
        'root.pem',
        '-untrusted',
        'nc-middle.pem',
        'nc-leaf.pem',
      );
      const ours = judge({ leaf, intermediates: [intermediate], anchors: [root] });
      findings.push([name, judged.status === 0, ours]);
      expected.push([name, permitted, permitted ? [] : ['name-constraints']]);
    }
    assert.deepEqual(findings, expected);
  },
);

function constraints(permitted: readonly Asn1[], excluded: readonly Asn1[]): Asn1 {
  const subtrees = (tag: number, list: readonly Asn1[]): Asn1[] =>
    list.length === 0 ? [] : [context(tag, ...list.map((base) => sequence(base)))];
  return extension('2.5.29.30', true, sequence(...subtrees(0, permitted), ...subtrees(1, excluded)));
}

function dns(value: string): Asn1 {
  return contextPrimitive(2, Buffer.from(value));
}

function mail(value: string): Asn1 {
  return contextPrimitive(1, Buffer.from(value));
}

function uri(value: string): Asn1 {
  return contextPrimitive(6, Buffer.from(value));
}

function ip(hex: string): Asn1 {
  return contextPrimitive(7, Buffer.from(hex, 'hex'));
}

function directoryName(value: string): Asn1 {
  return generalName({ type: 'directory-name', value });
}
