import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asn1 } from '../../src/x509/asn1.js';
import { nullValue } from '../../src/x509/asn1.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  extension,
  type KeyUsage,
  keyUsage,
  serverAuthUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from '../../src/x509/extensions.js';
import { type Certificate, hostFindings, type ServerChainCheck, validateServerChain } from '../../src/x509/index.js';
import { caExtensions, issue, ordinaryChain, serverExtensions, type TestChain, testKey } from './support.js';

const now = new Date('2027-01-01T00:00:00Z');

function judge(chain: readonly Certificate[], check: Partial<ServerChainCheck> = {}): readonly string[] {
  const findings = validateServerChain({ chain, now, clockTrusted: true, ...check });
  return findings.map(({ severity, code, position }) => `${severity} ${code} ${position ?? ''}`.trim());
}

/** The ordinary chain with another end-entity certificate. */
function leafWith(base: TestChain, extensions: readonly Asn1[], dates: { notAfter?: Date } = {}): Promise<Certificate> {
  const issuer = { subject: { organization: 'Test', commonName: 'Intermediate' }, key: base.intermediateKey };
  return issue({ subject: { commonName: 'server.example' }, key: base.leafKey, issuer, extensions, ...dates });
}

test('an ordinary chain with its key has no finding', async () => {
  const { leaf, intermediate, leafKey } = await ordinaryChain();
  assert.deepEqual(judge([leaf, intermediate], { key: leafKey }), []);
});

test('an empty chain', () => {
  assert.deepEqual(judge([]), ['error empty-chain']);
});

test('a key of another certificate, of the same and of another type', async () => {
  const { leaf, intermediate, rootKey } = await ordinaryChain();
  assert.deepEqual(judge([leaf, intermediate], { key: rootKey }), ['error key-mismatch 0']);
  const { privateKey } = await testKey('ed25519');
  const [finding] = validateServerChain({ chain: [leaf, intermediate], key: privateKey, now, clockTrusted: true });
  assert.equal(finding?.text, 'the private key does not belong to the certificate');
});

test('dates are judged by the given clock, and held back while it is not trusted', async () => {
  const { leaf, intermediate } = await ordinaryChain();
  const chain = [leaf, intermediate];
  assert.deepEqual(judge(chain, { now: new Date('2029-01-01') }), ['error expired 0']);
  assert.deepEqual(judge(chain, { now: new Date('2025-12-31') }), ['error not-yet-valid 0', 'error not-yet-valid 1']);
  assert.deepEqual(judge(chain, { now: new Date(0), clockTrusted: false }), ['info clock-untrusted']);
  // RFC 5280 4.1.2.5: both ends belong to the period.
  assert.deepEqual(judge(chain, { now: leaf.notAfter }), []);
  assert.deepEqual(judge(chain, { now: leaf.notBefore }), []);
});

test('a certification authority as end-entity certificate', async () => {
  const { intermediate } = await ordinaryChain();
  assert.deepEqual(judge([intermediate]), [
    'error ca-as-leaf 0',
    'error key-usage 0',
    'warning browser-unsupported 0',
    'warning no-subject-alternative-name 0',
    'warning extended-key-usage 0',
  ]);
});

test('a chain out of order, and one whose link has a forged name', async () => {
  const base = await ordinaryChain();
  assert.ok(judge([base.intermediate, base.leaf]).includes('error issuer-mismatch 0'));
  const impostor = await issue({
    subject: { organization: 'Test', commonName: 'Intermediate' },
    key: base.leafKey,
    extensions: caExtensions(base.intermediateKey, base.rootKey),
  });
  assert.ok(judge([base.leaf, impostor]).includes('error bad-signature 0'));
});

test('an issuer that is no authority, or may not sign, or is limited to other purposes', async () => {
  const base = await ordinaryChain();
  const { intermediateKey, rootKey, leaf } = base;
  const ids = [subjectKeyIdentifier(intermediateKey), authorityKeyIdentifier(rootKey)];
  const issuer = { subject: { organization: 'Test', commonName: 'Root' }, key: rootKey };
  const withExtensions = (extensions: readonly Asn1[]): Promise<Certificate> =>
    issue({ subject: { organization: 'Test', commonName: 'Intermediate' }, key: intermediateKey, issuer, extensions });
  const signs: readonly KeyUsage[] = ['keyCertSign', 'cRLSign'];
  const cases: readonly [readonly Asn1[], readonly string[]][] = [
    [
      [basicConstraints(false), keyUsage(['digitalSignature']), ...ids],
      ['error not-a-ca 1', 'error key-usage 1'],
    ],
    [
      [keyUsage(['digitalSignature']), ...ids],
      ['error not-a-ca 1', 'error key-usage 1'],
    ],
    [[basicConstraints(true), keyUsage(['digitalSignature']), ...ids], ['error key-usage 1']],
    [[basicConstraints(true), ...ids], ['error key-usage 1']],
    [
      [basicConstraints(true), keyUsage(signs), extendedKeyUsage(['1.3.6.1.5.5.7.3.4']), ...ids],
      ['error extended-key-usage 1'],
    ],
    [[basicConstraints(true), keyUsage(signs), serverAuthUsage(), ...ids], []],
  ];
  for (const [extensions, expected] of cases) {
    assert.deepEqual(judge([leaf, await withExtensions(extensions)]), expected);
  }
});

test('a path longer than an authority allows (RFC 5280 4.2.1.9)', async () => {
  const { leaf, intermediate, root, rootKey } = await ordinaryChain();
  const { privateKey: topKey } = await testKey('ec-p256', 'top');
  const short = await issue({
    subject: { organization: 'Test', commonName: 'Root' },
    key: rootKey,
    issuer: { subject: { commonName: 'Top' }, key: topKey },
    extensions: caExtensions(rootKey, topKey, 0),
  });
  assert.deepEqual(judge([leaf, intermediate, short]), ['error basic-constraints 2']);
  assert.deepEqual(judge([leaf, intermediate, root]), []);
});

test('purposes and usages of the end-entity certificate', async () => {
  const base = await ordinaryChain();
  const { leafKey, intermediateKey, intermediate } = base;
  const names = subjectAltName([{ type: 'dns', value: 'server.example' }], false);
  const ids = [subjectKeyIdentifier(leafKey), authorityKeyIdentifier(intermediateKey), names];
  const signs = keyUsage(['digitalSignature']);
  const cases: readonly [readonly Asn1[], readonly string[]][] = [
    [[signs, extendedKeyUsage(['1.3.6.1.5.5.7.3.2']), ...ids], ['error extended-key-usage 0']],
    [[signs, ...ids], ['warning extended-key-usage 0']],
    [[keyUsage(['keyEncipherment']), serverAuthUsage(), ...ids], ['error key-usage 0']],
    [
      [basicConstraints(false), keyUsage(['digitalSignature', 'keyCertSign']), serverAuthUsage(), ...ids],
      ['error key-usage 0'],
    ],
    [[serverAuthUsage(), ...ids], []],
    [
      [signs, serverAuthUsage(), ...ids, extension('1.2.3.4', true, nullValue())],
      ['error unknown-critical-extension 0'],
    ],
    [[signs, serverAuthUsage(), ...ids, extension('1.2.3.4', false, nullValue())], []],
    [[signs, serverAuthUsage(), ...ids.slice(0, 2)], ['warning no-subject-alternative-name 0']],
    [[signs, serverAuthUsage(), ids[0]!, names], ['error malformed-certificate 0']],
  ];
  for (const [extensions, expected] of cases) {
    assert.deepEqual(judge([await leafWith(base, extensions), intermediate]), expected);
  }
});

test('keys and hashes are judged by the security level', async () => {
  const { privateKey } = await testKey('rsa-2048');
  const certificate = await issue({
    subject: { commonName: 'server.example' },
    key: privateKey,
    extensions: serverExtensions(privateKey, privateKey),
  });
  assert.deepEqual(judge([certificate]), []);
  const [finding] = validateServerChain({ chain: [certificate], now, clockTrusted: true, level: 'high' });
  assert.equal(finding?.text, 'the certificate has an RSA key of 2048 bits; level high wants 3072');
  assert.equal(finding?.code, 'weak-key');
});

test('names that the device is reached by: one that holds is enough (RFC 9525)', async () => {
  const { leaf } = await ordinaryChain();
  assert.deepEqual(hostFindings(leaf, ['192.0.2.1', 'SERVER.example']), []);
  assert.deepEqual(hostFindings(leaf, []), []);
  assert.deepEqual(hostFindings(leaf, ['192.0.2.1', 'other.example']), [
    {
      severity: 'warning',
      code: 'name-mismatch',
      text: 'the certificate does not hold for 192.0.2.1 or other.example, by which the device is reached',
      position: 0,
    },
  ]);
});
