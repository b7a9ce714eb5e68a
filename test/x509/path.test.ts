import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asn1 } from '../../src/x509/asn1.js';
import { subjectAltName } from '../../src/x509/extensions.js';
import type { GeneralName } from '../../src/x509/general-name.js';
import {
  type Certificate,
  certificatePem,
  isSelfSigned,
  type PathCheck,
  validatePath,
  validateServerChain,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import {
  caExtensions,
  deepChain,
  issue,
  openssl,
  ordinaryChain,
  save,
  serverExtensions,
  temporaryDirectory,
  testKey,
} from './support.js';
import { constraints, directoryName, dns, ip, mail, uri } from './variants.js';

const directory = temporaryDirectory();
const now = new Date('2027-01-01T00:00:00Z');

function judge(check: Omit<PathCheck, 'now' | 'clockTrusted'>): readonly string[] {
  const { findings } = validatePath({ ...check, now, clockTrusted: true });
  return findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

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

const nameCases: readonly [string, Asn1, readonly GeneralName[], boolean][] = [
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

test('an address that is not permitted is told as people write it', async () => {
  const { root, rootKey, intermediateKey, leafKey } = await ordinaryChain();
  const middle = { subject: { organization: 'Test', commonName: 'Intermediate' }, key: intermediateKey };
  const rule = constraints([ip('c0000200ffffff00')], []);
  const intermediate = await issue({
    ...middle,
    issuer: { subject: { organization: 'Test', commonName: 'Root' }, key: rootKey },
    extensions: [...caExtensions(intermediateKey, rootKey), rule],
  });
  for (const value of ['192.0.3.77', '2001:db8::1']) {
    const altNames = subjectAltName([{ type: 'ip', value }], true);
    const extensions = [...serverExtensions(leafKey, intermediateKey).slice(0, 5), altNames];
    const leaf = await issue({ subject: {}, key: leafKey, issuer: middle, extensions });
    const { findings } = validatePath({
      ...{ leaf, intermediates: [intermediate], anchors: [root] },
      ...{ purpose: 'server', now, clockTrusted: true },
    });
    assert.ok(
      findings.some(({ text }) => text.includes(`does not permit the name ${value} in the certificate`)),
      JSON.stringify(findings.map(({ text }) => text)),
    );
  }
});

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

test('the number of anchors does not count: one among a thousand is found as fast as alone', async () => {
  const { leaf, intermediate, root } = await ordinaryChain();
  const strangers: Certificate[] = [];
  const { privateKey } = await testKey('ec-p256', 'other');
  const stranger = await issue({ subject: { commonName: 'Stranger' }, key: privateKey });
  for (let count = 0; count < 1000; count++) {
    strangers.push({ ...stranger, comparableSubject: `stranger ${count}`, der: Buffer.from(`${count}`) });
  }
  const check = { leaf, intermediates: [intermediate], now, clockTrusted: true };
  const { path, findings } = validatePath({ ...check, anchors: [...strangers, root] });
  assert.deepEqual([path, findings], [[leaf, intermediate, root], []]);
});

test('authorities of one name and many keys: the one that the key identifier names is tried first, and none without end', async () => {
  const { leaf, intermediate, root, leafKey, rootKey } = await ordinaryChain();
  const twins: Certificate[] = [];
  for (let count = 0; count < 300; count++) {
    // Signed by a key that is not the root's, so that each would have to be verified.
    twins.push({ ...intermediate, keyId: `twin ${count}`, subjectKeyIdentifier: 'ff', der: Buffer.from(`${count}`) });
  }
  const check = { leaf, anchors: [root], now, clockTrusted: true };
  assert.deepEqual(validatePath({ ...check, intermediates: [...twins, intermediate] }).findings, []);
  const other = await issue({
    subject: { commonName: 'x' },
    key: leafKey,
    issuer: { subject: { organization: 'Test', commonName: 'Intermediate' }, key: rootKey },
    extensions: serverExtensions(leafKey, rootKey),
  });
  const lost = validatePath({ ...check, leaf: other, intermediates: twins });
  assert.deepEqual(
    lost.findings.map(({ code }) => code),
    ['incomplete-chain'],
  );
});

test('a chain longer than anyone sends is refused as such', async () => {
  const { leaf, intermediate } = await ordinaryChain();
  const chain = [leaf, ...Array<Certificate>(16).fill(intermediate)];
  const findings = validateServerChain({ chain, now, clockTrusted: true });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['chain-too-long'],
  );
});

test('a path that is too long by its anchor alone is told as too long, and not as one without an anchor', async () => {
  const certificates = await deepChain(17);
  const [leaf, ...above] = certificates;
  const anchors = [certificates.at(-1)!];
  const path = { leaf: leaf!, intermediates: above.slice(0, -1), anchors, now, clockTrusted: true };
  assert.deepEqual(
    validatePath(path).findings.map(({ text }) => text),
    ['the chain has 17 certificates; 16 are the most'],
  );
});
