import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  describe,
  matchesHost,
  orderChain,
  readCertificate,
  readContent,
  validatePath,
  X509Error,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { issue, openssl, save, serverExtensions, temporaryDirectory, testKey } from './support.js';

test('reading, describing and validating load no node-forge, which would cost the start of an agent 60 ms', async () => {
  const file = join(dirname(fileURLToPath(import.meta.url)), '../../../test/fixtures/x509/rfc9579-a1.pem');
  const { certificates } = await readContent(readFileSync(file), { password: '1234' });
  describe(certificates[0]!);
  const { chain } = orderChain(certificates);
  validatePath({ leaf: chain[0]!, intermediates: [], anchors: [], now: new Date(), clockTrusted: true });
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  assert.deepEqual(
    loaded.filter((path) => path.includes('node-forge')),
    [],
  );
});

test('host names and addresses are matched against subjectAltName alone (RFC 9525)', async () => {
  const { privateKey } = await testKey('ec-p256');
  const certificate = await issue({
    subject: { commonName: 'common.example' },
    key: privateKey,
    extensions: serverExtensions(privateKey, privateKey, ['digitalSignature'], '*.münchen.example'),
  });
  const cases: readonly [string, boolean][] = [
    ['a.xn--mnchen-3ya.example', true],
    ['a.münchen.example', true],
    ['A.XN--MNCHEN-3YA.EXAMPLE', true],
    ['a.b.xn--mnchen-3ya.example', false],
    ['xn--mnchen-3ya.example', false],
    ['common.example', false],
    ['192.0.2.1', false],
    ['::1', false],
    ['', false],
  ];
  for (const [host, matches] of cases) assert.equal(matchesHost(certificate, host), matches, host);
});

test('openssl and we describe a certificate alike', requireTool('openssl'), async () => {
  const directory = temporaryDirectory();
  const config = [
    '[req]',
    'prompt=no',
    'distinguished_name=dn',
    'x509_extensions=ext',
    'string_mask=default',
    '[dn]',
    'C=DE',
    'O=a+b, "c" <d>;e\\\\f#',
    '0.DC=example',
    'serialNumber=17',
    'CN=\u00e4\u65e5\u672c\u{1F600} x',
    '[ext]',
    'subjectAltName=DNS:a.example,IP:2001:db8:0:0:1:0:0:1,otherName:1.2.3.4;BMP:hi,RID:1.2.3,dirName:dir',
    '[dir]',
    'CN=x',
  ];
  save(directory, 'req.cnf', config.join('\n'));
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'k',
    '-utf8',
    '-config',
    'req.cnf',
    '-days',
    '5',
  ];
  const made = openssl(directory, ...args, '-sigopt', 'rsa_padding_mode:pss', '-sha384', '-out', 'c.pem');
  assert.equal(made.status, 0, made.text);
  const pem = readFileSync(join(directory, 'c.pem'), 'utf8');
  const description = describe((await readContent(pem)).certificates[0]!);
  const shown = (...what: readonly string[]): string =>
    openssl(directory, 'x509', '-in', 'c.pem', '-noout', ...what).stdout.trim();
  assert.equal(`subject=${description.subject}`, shown('-subject', '-nameopt', 'RFC2253,-esc_msb,utf8'));
  assert.equal(`serial=${description.serialNumber.toUpperCase()}`, shown('-serial'));
  const print = shown('-fingerprint', '-sha256').replace(/^.*=/, '').replaceAll(':', '').toLowerCase();
  assert.equal(description.fingerprintSha256, print);
  assert.equal(new Date(shown('-enddate').replace('notAfter=', '')).getTime(), description.notAfter.getTime());
  assert.equal(description.signatureAlgorithm, 'rsassaPss');
  assert.equal(description.selfSigned, true);
  assert.deepEqual(description.subjectAltNames, [
    { type: 'dns', value: 'a.example' },
    { type: 'ip', value: '2001:db8::1:0:0:1' },
    { type: 'other-name', value: '1.2.3.4;DER:1e0400680069' },
    { type: 'registered-id', value: '1.2.3' },
    { type: 'directory-name', value: 'CN=x' },
  ]);
});

test('octets that are no certificate are malformed', () => {
  for (const octets of ['', '3000', '30030201', '3003020100', '300a300030000301003000']) {
    assert.throws(
      () => readCertificate(Buffer.from(octets, 'hex')),
      (error) => error instanceof X509Error && error.code === 'malformed',
    );
  }
});
