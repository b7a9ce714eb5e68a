import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectAltName } from '../../src/x509/extensions.js';
import {
  browserFactsOf,
  browserReasons,
  certificatePem,
  certToNameFacts,
  hasTlsFingerprint,
  matchesHost,
  namesMatchHost,
  type TlsHash,
  tlsFingerprint,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { issue, openssl, ordinaryChain, save, serverExtensions, temporaryDirectory, testKey } from './support.js';

test(
  'the tls-fingerprint of RFC 7407: the number of the hash, then the hash that openssl tells',
  requireTool('openssl'),
  async () => {
    const directory = temporaryDirectory();
    const { leaf } = await ordinaryChain();
    save(directory, 'leaf.pem', certificatePem(leaf));
    const numbers: Readonly<Record<string, string>> = { sha1: '02', sha256: '04', sha384: '05', sha512: '06' };
    for (const [hash, number] of Object.entries(numbers)) {
      const told = openssl(directory, 'x509', '-in', 'leaf.pem', '-noout', '-fingerprint', `-${hash}`).stdout;
      const expected = `${number}:${told.split('=')[1]!.trim().toLowerCase()}`;
      assert.equal(tlsFingerprint(leaf, hash as TlsHash), expected);
      assert.equal(hasTlsFingerprint(leaf, expected.toUpperCase()), true);
      assert.equal(hasTlsFingerprint(leaf, `${expected.slice(0, -1)}${expected.endsWith('0') ? '1' : '0'}`), false);
    }
    assert.equal(tlsFingerprint(leaf), tlsFingerprint(leaf, 'sha256'));
    assert.equal(hasTlsFingerprint(leaf, 'ff:00'), false);
    assert.equal(hasTlsFingerprint(leaf, ''), false);
  },
);

test('the names of cert-to-name (RFC 7407, ietf-x509-cert-to-name): mail, hosts, addresses in the order of the certificate', async () => {
  const { privateKey: key } = await testKey('ec-p256');
  const names = [
    { type: 'email', value: 'Some.One@EXAMPLE.com' },
    { type: 'uri', value: 'https://a.example/' },
    { type: 'dns', value: 'Host.EXAMPLE' },
    { type: 'ip', value: '192.0.2.7' },
    { type: 'ip', value: '2001:db8::7' },
  ] as const;
  const certificate = await issue({
    subject: { commonName: 'Jürgen', organization: 'x' },
    key,
    extensions: [subjectAltName(names, false)],
  });
  assert.deepEqual(certToNameFacts(certificate), {
    rfc822Names: ['Some.One@example.com'],
    dnsNames: ['host.example'],
    ipAddresses: ['192.0.2.7', '20010db8000000000000000000000007'],
    anyNames: ['Some.One@example.com', 'host.example', '192.0.2.7', '20010db8000000000000000000000007'],
    commonName: 'Jürgen',
  });
  const plain = await issue({ subject: { organization: 'x' }, key });
  assert.equal(certToNameFacts(plain).commonName, undefined);
});

test('RFC 9525 6.3: names that are declared match what OpenSSL matches once they are in a certificate', async () => {
  const { privateKey: key } = await testKey('ec-p256');
  const values = [
    'host.example.net',
    '*.example.net',
    '*.net',
    'HOST.example',
    'bücher.example',
    'example.net',
    'host',
  ];
  const hosts = [
    ...values.filter((value) => !value.startsWith('*')),
    'a.b.example.net',
    'x.example.net',

    'b.net',
  ];
  const addresses = ['192.0.2.7', '2001:db8::7'];
  const reached = [...hosts, ...addresses, '2001:DB8:0::7', '192.0.2.8'];
  let matched = 0;
  for (const name of [
    ...values.map((value) => ({ type: 'dns', value }) as const),
    ...addresses.map((value) => ({ type: 'ip', value }) as const),
    { type: 'uri', value: 'https://host.example.net/' } as const,
    { type: 'email', value: 'a@host.example.net' } as const,
  ]) {
    const certificate = await issue({ subject: { commonName: 'x' }, key, extensions: [subjectAltName([name], false)] });
    for (const host of reached) {
      const verdict = matchesHost(certificate, host);
      matched += Number(verdict);
      assert.equal(namesMatchHost([name], host), verdict, `${name.type} ${name.value} for ${host}`);
    }
  }
  assert.equal(matched, 10);
});

test('what browsers refuse, by what of the certificate is at fault', () => {
  const good = { keyAlgorithm: 'ec-p256', validityDays: 825, signatureHash: 'sha256', named: true, forServers: true };
  const aspects = (facts: Partial<typeof good>): readonly string[] =>
    browserReasons({ ...good, ...facts }).map(({ aspect }) => aspect);
  assert.deepEqual(aspects({}), []);
  assert.deepEqual(browserReasons({ keyAlgorithm: 'rsa-2048', validityDays: 1 }), []);
  for (const keyAlgorithm of ['ec-p521', 'ed25519', 'ed448', 'rsa-pss-2048', 'dsa-2048', 'ec-secp256k1']) {
    assert.deepEqual(aspects({ keyAlgorithm }), ['key'], keyAlgorithm);
  }
  assert.deepEqual(aspects({ validityDays: 825.01 }), ['validity']);
  assert.deepEqual(aspects({ signatureHash: 'sha1' }), ['signature']);
  assert.deepEqual(aspects({ named: false }), ['names']);
  assert.deepEqual(aspects({ forServers: false }), ['purpose']);
  assert.deepEqual(aspects({ keyAlgorithm: 'ec-p521', validityDays: 900, named: false }), ['key', 'validity', 'names']);
  assert.deepEqual(browserReasons({ keyAlgorithm: 'ec-p521', validityDays: 825.01 }), [
    { aspect: 'key', text: 'browsers do not offer signatures by a key ec-p521' },
    { aspect: 'validity', text: 'the certificate is valid for 826 days; browsers refuse more than 825' },
  ]);
});

test('the facts by which browsers judge are those of the certificate', async () => {
  const { privateKey: key } = await testKey('ec-p384');
  const dates = { notBefore: new Date('2026-01-01'), notAfter: new Date('2026-01-11') };
  const named = await issue({
    subject: { commonName: 'x' },
    key,
    ...dates,
    extensions: serverExtensions(key, key),
    hash: 'sha384',
  });
  assert.deepEqual(browserFactsOf(named), {
    keyAlgorithm: 'ec-p384',
    validityDays: 10,
    signatureHash: 'sha384',
    named: true,
    forServers: true,
  });
  const bare = await issue({ subject: { commonName: 'x' }, key, ...dates });
  assert.deepEqual(
    browserReasons(browserFactsOf(bare)).map(({ aspect }) => aspect),
    ['names', 'purpose'],
  );
});

test('host names and addresses match as RFC 9525 6.3 has it', async () => {
  const { privateKey: key } = await testKey('ec-p256');
  const names = [
    { type: 'dns', value: 'host.example' },
    { type: 'dns', value: '*.wild.example' },
    { type: 'dns', value: 'bücher.example' },
    { type: 'ip', value: '192.0.2.7' },
    { type: 'ip', value: '2001:db8::7' },
  ] as const;
  const certificate = await issue({
    subject: { commonName: 'cn.example' },
    key,
    extensions: [subjectAltName(names, false)],
  });
  for (const host of [
    'host.example',
    'HOST.example',
    'a.wild.example',
    'bücher.example',
    '192.0.2.7',
    '2001:DB8:0::7',
    '[2001:db8::7]',
  ]) {
    assert.equal(matchesHost(certificate, host), true, host);
  }
  for (const host of ['cn.example', 'wild.example', 'a.b.wild.example', 'host.example.org', '192.0.2.8', '']) {
    assert.equal(matchesHost(certificate, host), false, host);
  }
});
