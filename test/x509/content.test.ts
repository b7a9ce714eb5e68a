import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Content, certificatePem, readContent, toPem, writePkcs7 } from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { issue, openssl, ordinaryChain, save, temporaryDirectory, testKey, toBer } from './support.js';

const directory = temporaryDirectory();
const password = 'pass wörd';

test('PEM with key, chain, EC PARAMETERS, text, CRLF and a byte order mark', requireTool('openssl'), async () => {
  const { leaf, intermediate, leafKey } = await ordinaryChain();
  const sec1 = leafKey.export({ type: 'sec1', format: 'pem' });
  const parameters = openssl(directory, 'ecparam', '-name', 'prime256v1').stdout;
  const text = `\uFEFFBag Attributes\n    friendlyName: x\n${parameters}${sec1}${certificatePem(intermediate)}\nlocalKeyID: 1\n${certificatePem(leaf)}`;
  for (const data of [text, text.replaceAll('\n', '\r\n'), Buffer.from(text), Buffer.from(text).toString('base64')]) {
    const content = await readContent(data);
    assert.equal(content.format, 'pem');
    assert.deepEqual(ders(content), [intermediate.der, leaf.der]);
    assert.deepEqual(
      content.privateKeys.map(({ keyId }) => keyId),
      [leaf.keyId],
    );
    assert.deepEqual(content.remarks, []);
  }
});

test('text that Windows wrote as UTF-16, of either order, with its mark and without', async () => {
  const { leaf } = await ordinaryChain();
  for (const text of [certificatePem(leaf), leaf.der.toString('base64')]) {
    for (const mark of ['\uFEFF', '']) {
      const little = Buffer.from(mark + text, 'utf16le');
      assert.deepEqual(ders(await readContent(little)), [leaf.der]);
      assert.deepEqual(ders(await readContent(Buffer.from(little).swap16())), [leaf.der]);
    }
  }
});

test(
  'one certificate as DER, as base64 of DER on one line or many, and in a TRUSTED CERTIFICATE block',
  requireTool('openssl'),
  async () => {
    const { leaf } = await ordinaryChain();
    const file = save(directory, 'leaf.pem', certificatePem(leaf));
    const trusted = openssl(directory, 'x509', '-in', file, '-trustout', '-addtrust', 'serverAuth').stdout;
    const base64 = leaf.der.toString('base64');
    const cases = [leaf.der, base64, base64.replace(/.{64}/g, '$&\r\n'), Buffer.from(base64), trusted] as const;
    for (const data of cases) assert.deepEqual(ders(await readContent(data)), [leaf.der]);
  },
);

test('PKCS#7 in PEM, DER and BER of indefinite length, whatever its keys', requireTool('openssl'), async () => {
  const { root, intermediate, leaf, leafKey } = await ordinaryChain();
  const { privateKey } = await testKey('ed25519');
  const edwards = await issue({ subject: { commonName: 'ed' }, key: privateKey });
  const all = [leaf, intermediate, root, edwards];
  save(directory, 'all.pem', all.map(certificatePem).join(''));
  const pem = openssl(directory, 'crl2pkcs7', '-nocrl', '-certfile', 'all.pem').stdout;
  const der = openssl(directory, 'crl2pkcs7', '-nocrl', '-certfile', 'all.pem', '-outform', 'DER').octets;
  for (const data of [pem, der, der.toString('base64'), toBer(der, 3), toPem('PKCS7', toBer(der, 3))]) {
    const content = await readContent(data, { format: 'pkcs7' });
    assert.deepEqual(sorted(ders(content)), sorted(all.map((each) => each.der)));
  }
  save(directory, 'leaf.crt', certificatePem(leaf));
  save(directory, 'leaf.key', leafKey.export({ type: 'pkcs8', format: 'pem' }));
  save(directory, 'text', 'hello');
  const cms = ['cms', '-sign', '-in', 'text', '-signer', 'leaf.crt', '-inkey', 'leaf.key', '-certfile', 'others.pem'];
  save(directory, 'others.pem', all.slice(1).map(certificatePem).join(''));
  const made = openssl(directory, ...cms, '-stream', '-nodetach', '-outform', 'DER');
  assert.equal(made.status, 0, made.text);
  const indefinite = made.octets;
  assert.equal(indefinite[1], 0x80);
  const found = ders(await readContent(indefinite));
  for (const each of all) assert.ok(found.some((other) => other.equals(each.der)));
});

/** OpenSSL 3 keeps its old ciphers in a provider of their own. */
const legacy = ['-provider', 'legacy', '-provider', 'default'];

const keyCases: readonly [string, readonly string[]][] = [
  ['PKCS#8 with AES-256 and HMAC-SHA-256', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA256']],
  ['PKCS#8 with AES-128 and HMAC-SHA-512', ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512']],
  ['PKCS#8 with 3DES and HMAC-SHA-1', ['pkcs8', '-topk8', '-v2', 'des3', '-v2prf', 'hmacWithSHA1']],
  ['PKCS#8 with scrypt', ['pkcs8', '-topk8', '-scrypt']],
  ['PKCS#8 with the PKCS#12 scheme 3DES', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES']],
  ['PBES1 with MD5 and DES', ['pkcs8', '-topk8', '-v1', 'PBE-MD5-DES', ...legacy]],
  ['PBES1 with SHA-1 and DES', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-DES', ...legacy]],
  ['PBES1 with MD5 and RC2', ['pkcs8', '-topk8', '-v1', 'PBE-MD5-RC2-64', ...legacy]],
  ['PBES1 with SHA-1 and RC2', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-RC2-64', ...legacy]],
  ['the encrypted PEM of old with AES-256', ['ec', '-aes256']],
  ['the encrypted PEM of old with AES-128', ['ec', '-aes128']],
  ['the encrypted PEM of old with 3DES', ['ec', '-des3']],
  ['the encrypted PEM of old with DES', ['ec', '-des', ...legacy]],
];

for (const [name, args] of keyCases) {
  test(`an encrypted private key: ${name}`, requireTool('openssl'), async () => {
    const { privateKey, keyId } = await testKey('ec-p384');
    save(directory, 'plain.key', privateKey.export({ type: 'sec1', format: 'pem' }));
    const made = openssl(directory, ...args, '-in', 'plain.key', '-passout', `pass:${password}`);
    assert.equal(made.status, 0, made.text);
    assert.equal((await readContent(made.stdout, { password })).privateKeys[0]!.keyId, keyId);
    await assert.rejects(readContent(made.stdout, { password: 'wrong' }), { code: 'wrong-password' });
    await assert.rejects(readContent(made.stdout), {
      code: 'password-required',
      message: 'the private key is encrypted; its password is needed',
    });
  });
}

test('private keys in DER: PKCS#8, PKCS#1, SEC 1', async () => {
  const rsa = await testKey('rsa-2048');
  const ec = await testKey('ec-p521');
  const ed = await testKey('ed25519');
  const cases = [
    [rsa.privateKey.export({ type: 'pkcs1', format: 'der' }), rsa.keyId],
    [rsa.privateKey.export({ type: 'pkcs8', format: 'der' }), rsa.keyId],
    [ec.privateKey.export({ type: 'sec1', format: 'der' }), ec.keyId],
    [ec.privateKey.export({ type: 'pkcs8', format: 'der' }), ec.keyId],
    [ed.privateKey.export({ type: 'pkcs8', format: 'der' }), ed.keyId],
  ] as const;
  for (const [der, keyId] of cases) assert.equal((await readContent(der)).privateKeys[0]!.keyId, keyId);
});

test('iteration counts that would take minutes are refused at once', requireTool('openssl'), async () => {
  const { privateKey } = await testKey('ec-p256');
  save(directory, 'p.key', privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const args = ['pkcs8', '-topk8', '-in', 'p.key', '-outform', 'DER', '-passout', 'pass:x', '-iter', '70000'];
  const der = openssl(directory, ...args).octets;
  // 70000 is 0x011170, three octets: the largest that fits is more than eight million.
  const at = der.indexOf(Buffer.from('0203011170', 'hex'));
  assert.ok(at > 0);
  const greedy = Buffer.from(der);
  greedy.writeUIntBE(0x7fffff, at + 2, 3);
  const started = performance.now();
  await assert.rejects(readContent(greedy, { password: 'x' }), { code: 'too-big' });
  assert.ok(performance.now() - started < 500);
});

test('what is neither certificate nor key, and an explicit format that does not fit', async () => {
  const { leaf, leafKey } = await ordinaryChain();
  const pem = certificatePem(leaf);
  const cases: readonly [Buffer | string, object, string, string][] = [
    ['', {}, 'malformed', 'there is nothing in it'],
    ['  \r\n', {}, 'malformed', 'there is nothing in it'],
    ['hello, world!', {}, 'malformed', 'neither PEM nor base64 nor DER'],
    [Buffer.from('300706032a0304a000', 'hex'), {}, 'unsupported', 'PKCS#7 content 1.2.3.4 is not signed data'],
    [
      Buffer.from('feedfeed00000002', 'hex'),
      {},
      'unsupported',
      'a Java key store of the old kind; convert it with keytool to PKCS12',
    ],
    [Buffer.from('0403010203', 'hex'), {}, 'malformed', 'neither a certificate, a private key, PKCS#7 nor PKCS#12'],
    [pem, { format: 'der' }, 'malformed', 'the content is PEM and not DER'],
    [leaf.der, { format: 'pkcs12' }, 'malformed', 'the content is DER and not PKCS#12'],
    ['x'.repeat(3 << 20), {}, 'too-big', 'more than 2 MB'],
    [
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      {},
      'no-certificate',
      'there is neither a certificate nor a private key in it',
    ],
  ];
  for (const [data, options, code, message] of cases) {
    await assert.rejects(readContent(data, options), { name: 'X509Error', code, message });
  }
  const sec1 = leafKey.export({ type: 'sec1', format: 'pem' });
  assert.equal((await readContent(sec1 as string)).certificates.length, 0);
});

test('a certificate request is told apart from its answer', requireTool('openssl'), async () => {
  const { leafKey } = await ordinaryChain();
  save(directory, 'r.key', leafKey.export({ type: 'pkcs8', format: 'pem' }));
  const request = openssl(directory, 'req', '-new', '-key', 'r.key', '-subj', '/CN=x').stdout;
  await assert.rejects(readContent(request), {
    code: 'no-certificate',
    message: 'this is a certificate request; install what the certification authority returns for it',
  });
});

test('openssl reads the PKCS#7 that is written', requireTool('openssl'), async () => {
  const { leaf, intermediate } = await ordinaryChain();
  const { pem } = writePkcs7([leaf, intermediate]);
  save(directory, 'w.p7b', pem);
  const judged = openssl(directory, 'pkcs7', '-in', 'w.p7b', '-print_certs');
  assert.deepEqual(ders(await readContent(judged.stdout)), [leaf.der, intermediate.der]);
  assert.deepEqual(ders(await readContent(pem)), [leaf.der, intermediate.der]);
});

function ders(content: Content): readonly Buffer[] {
  return content.certificates.map(({ der }) => der);
}

function sorted(list: readonly Buffer[]): readonly Buffer[] {
  return [...list].sort((a, b) => a.compare(b));
}
