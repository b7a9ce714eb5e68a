import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  certificatePem,
  certificatesOfPem,
  isCompleteChain,
  orderChain,
  parsePem,
  toPem,
  X509Error,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { issue, openssl, ordinaryChain, save, temporaryDirectory, testKey } from './support.js';

test('openssl and certtool verify the chain that the tests build on', requireTool('openssl'), async () => {
  const directory = temporaryDirectory();
  const { root, intermediate, leaf } = await ordinaryChain();
  save(directory, 'root.pem', certificatePem(root));
  save(directory, 'middle.pem', certificatePem(intermediate));
  save(directory, 'leaf.pem', certificatePem(leaf));
  const time = String(Date.UTC(2027, 0) / 1000);
  const options = [
    '-attime',
    time,
    '-x509_strict',
    '-purpose',
    'sslserver',
    '-CAfile',
    'root.pem',
    '-untrusted',
    'middle.pem',
  ];
  const judged = openssl(directory, 'verify', ...options, 'leaf.pem');
  assert.equal(judged.status, 0, judged.text);
});

test('certificates in any order, with text, CRLF and a byte order mark around, come leaf first and without the root', async () => {
  const { root, intermediate, leaf } = await ordinaryChain();
  const text = [root, leaf, intermediate, leaf].map((each) => `subject=/CN=x\n${certificatePem(each)}`).join('\n\n');
  const read = certificatesOfPem(`\uFEFFDear customer,\r\n${text.replaceAll('\n', '\r\n')}\r\nregards`);
  assert.equal(read.length, 4);
  const ordered = orderChain(read);
  assert.deepEqual(
    ordered.chain.map(({ der }) => der),
    [leaf.der, intermediate.der],
  );
  assert.deepEqual(ordered.root?.der, root.der);
  assert.equal(ordered.reachesRoot, true);
  assert.deepEqual(ordered.remarks, [
    '1 certificate came twice',
    'the root certificate CN=Root,O=Test is not sent by a server and was left out',
  ]);
});

test('a missing intermediate and a stranger are said', async () => {
  const { root, leaf, rootKey } = await ordinaryChain();
  const ordered = orderChain([leaf, root]);
  assert.deepEqual(ordered.chain, [leaf]);
  assert.equal(ordered.reachesRoot, false);
  assert.deepEqual(ordered.remarks, [
    'the certificate of the issuer CN=Intermediate,O=Test did not come along',
    'the certificate CN=Root,O=Test does not belong to the chain and was left out',
  ]);
  assert.deepEqual(orderChain([await issue({ subject: { commonName: 'alone' }, key: rootKey })]).reachesRoot, true);
});

test('the certificate whose key is at hand is the end-entity certificate, whatever else came along', async () => {
  const { intermediate, leaf, leafKey, rootKey } = await ordinaryChain();
  const selfSigned = await issue({ subject: { commonName: 'server.example' }, key: leafKey });
  const other = await issue({ subject: { commonName: 'other' }, key: rootKey });
  const ordered = orderChain([other, selfSigned, intermediate, leaf], { keyIds: [leaf.keyId] });
  assert.deepEqual(ordered.chain, [leaf, intermediate]);
  assert.deepEqual(ordered.unused, [other, selfSigned]);
});

test('of several certificates whose keys are at hand that of the first key is meant, though another is newer', async () => {
  const { leaf, rootKey } = await ordinaryChain();
  const notBefore = new Date(leaf.notBefore.getTime() + 3_600_000);
  const newer = await issue({ subject: { commonName: 'server.example' }, key: rootKey, notBefore });
  assert.deepEqual(orderChain([newer, leaf], { keyIds: [leaf.keyId, newer.keyId] }).chain, [leaf]);
  assert.deepEqual(orderChain([leaf, newer], { keyIds: [newer.keyId, leaf.keyId] }).chain, [newer]);
  const stranger = 'ab'.repeat(32);
  assert.deepEqual(orderChain([newer, leaf], { keyIds: [stranger, leaf.keyId, newer.keyId] }).chain, [leaf]);
});

test('an issuer with the right name and a wrong key is no issuer', async () => {
  const { leaf, leafKey, intermediate } = await ordinaryChain();
  const impostor = await issue({ subject: { organization: 'Test', commonName: 'Intermediate' }, key: leafKey });
  assert.deepEqual(orderChain([leaf, impostor]).chain, [leaf]);
  assert.deepEqual(orderChain([leaf, impostor, intermediate]).chain, [leaf, intermediate]);
});

test('a certificate whose issuer is the root that came along is complete, and so it is below a known root', async () => {
  const { root, leafKey, rootKey, leaf, intermediate } = await ordinaryChain();
  const direct = await issue({
    subject: { commonName: 'server.example' },
    key: leafKey,
    issuer: { subject: { organization: 'Test', commonName: 'Root' }, key: rootKey },
  });
  const along = orderChain([root, direct]);
  assert.deepEqual([along.chain, along.root, along.reachesRoot], [[direct], root, true]);
  assert.deepEqual(along.remarks, ['the root certificate CN=Root,O=Test is not sent by a server and was left out']);
  const known = orderChain([direct], { roots: [root] });
  assert.deepEqual([known.chain, known.reachesRoot, known.remarks], [[direct], true, []]);
  const unknown = orderChain([direct]);
  assert.deepEqual(
    [unknown.reachesRoot, unknown.remarks],
    [false, ['the certificate of the issuer CN=Root,O=Test did not come along']],
  );
  // An upper authority that is missing is no root.
  assert.equal(orderChain([leaf], { roots: [root] }).reachesRoot, false);
  assert.deepEqual(orderChain([leaf, intermediate], { roots: [root] }).remarks, []);
  assert.equal(isCompleteChain([leaf, intermediate], [root]), true);
  assert.equal(isCompleteChain([direct], [root]), true);
  assert.equal(isCompleteChain([root], []), true);
  assert.equal(isCompleteChain([leaf, intermediate], []), false);
  assert.equal(isCompleteChain([leaf], [root]), false);
  assert.equal(isCompleteChain([leaf, root], [root]), false);
  assert.equal(isCompleteChain([], [root]), false);
});

test('of a cross-certificate and the root of one key the root ends the chain', async () => {
  const { root, rootKey, leaf, intermediate } = await ordinaryChain();
  const { privateKey: otherKey } = await testKey('ec-p256', 'other');
  const cross = await issue({
    subject: { organization: 'Test', commonName: 'Root' },
    key: rootKey,
    issuer: { subject: { commonName: 'Other root' }, key: otherKey },
  });
  const ordered = orderChain([cross, leaf, intermediate, root]);
  assert.deepEqual([ordered.chain, ordered.root, ordered.unused], [[leaf, intermediate], root, [cross]]);
  assert.deepEqual(orderChain([cross, leaf, intermediate]).chain, [leaf, intermediate, cross]);
});

test('many certificates of one name cost no more signatures than are allowed', async () => {
  const { leaf, intermediate } = await ordinaryChain();
  const twins = Array.from({ length: 400 }, (_, index) => ({
    ...intermediate,
    keyId: `twin ${index}`,
    der: Buffer.from(`${index}`),
    publicKey: leaf.publicKey,
  }));
  assert.throws(() => orderChain([leaf, ...twins], { keyIds: [leaf.keyId] }), { name: 'X509Error', code: 'too-big' });
});

test('an empty list has no certificate', () => {
  assert.throws(() => orderChain([]), { code: 'no-certificate', message: 'there is no certificate in it' });
  assert.deepEqual(certificatesOfPem('nothing of the kind'), []);
});

test('PEM that is cut off, has a foreign END line or is no base64 is malformed', async () => {
  const { leaf } = await ordinaryChain();
  const pem = certificatePem(leaf);
  const lines = pem.split('\n');
  const cases: readonly [string, string][] = [
    [lines.slice(0, -3).join('\n'), 'PEM block CERTIFICATE is cut off: its END line is missing'],
    [pem.slice(0, pem.length / 2) + pem, 'PEM block CERTIFICATE is cut off: its END line is missing'],
    [lines.slice(1).join('\n'), 'PEM has an END line without its BEGIN line'],
    [pem.replace(/^M/m, '!'), 'PEM block CERTIFICATE is not base64'],
    [pem.replace('END CERTIFICATE', 'END X'), 'PEM has an END line without its BEGIN line'],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parsePem(text),
      (error) => error instanceof X509Error && error.code === 'malformed' && error.message === message,
    );
  }
  // Cut inside the certificate and closed again: base64, and not a certificate.
  const closed = [...lines.slice(0, 5), lines.at(-2)!, ''].join('\n');
  assert.throws(() => certificatesOfPem(closed), { code: 'malformed' });
});

test("toPem and parsePem are each other's inverse", () => {
  const joined = [Buffer.of(1), Buffer.of(2)].map((der) => toPem('X', der).replaceAll('\n', ' ').trim()).join('');
  assert.deepEqual(
    parsePem(joined).map(({ der }) => [...der]),
    [[1], [2]],
  );
  for (const length of [1, 47, 48, 49, 500]) {
    const der = Buffer.alloc(length, length);
    const [block] = parsePem(toPem('ANY LABEL', der));
    assert.deepEqual([block!.label, block!.der, block!.encrypted], ['ANY LABEL', der, false]);
  }
});

test('more blocks or characters than anyone sends are refused', () => {
  assert.throws(() => parsePem(toPem('A', Buffer.of(1)).repeat(65)), { code: 'too-big' });
  assert.throws(() => parsePem('x'.repeat(3 << 20)), { code: 'too-big' });
});
