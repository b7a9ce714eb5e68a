import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type Certificate,
  type Content,
  certificatePem,
  choosePrivateKey,
  type KeyAlgorithm,
  readContent,
  writeEncryptedPrivateKey,
  writePkcs7,
  writePkcs12,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { issue, openssl, ordinaryChain, run, save, serverExtensions, temporaryDirectory, testKey } from './support.js';

const directory = temporaryDirectory();
const now = new Date('2027-01-01T00:00:00Z');
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

test('text that Windows wrote as UTF-16', async () => {
  const { leaf } = await ordinaryChain();
  const utf16 = Buffer.from(`\uFEFF${certificatePem(leaf)}`, 'utf16le');
  assert.deepEqual(ders(await readContent(utf16)), [leaf.der]);
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
  for (const data of [pem, der, der.toString('base64')]) {
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

interface Pkcs12Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly algorithm?: KeyAlgorithm;
}

const pkcs12Cases: readonly Pkcs12Case[] = [
  { name: "of OpenSSL 3's default", args: [] },
  { name: 'with an RSA key', args: [], algorithm: 'rsa-2048' },
  { name: 'with an Ed25519 key', args: [], algorithm: 'ed25519' },
  {
    name: 'with AES-128 and a SHA-512 MAC',
    args: ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha512'],
  },
  { name: 'with 3DES', args: ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'] },
  { name: 'of legacy kind: RC2-40 and 3DES', args: ['-legacy'] },
  { name: 'with RC2-128', args: ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128'] },
  { name: 'with two-key 3DES', args: ['-legacy', '-certpbe', 'PBE-SHA1-2DES', '-keypbe', 'PBE-SHA1-2DES'] },
  { name: 'with 60000 iterations', args: ['-iter', '60000'] },
  { name: 'without a MAC', args: ['-nomac'] },
  { name: 'with certificates in clear', args: ['-certpbe', 'NONE'] },
];

for (const { name, args, algorithm } of pkcs12Cases) {
  test(`PKCS#12 ${name}`, requireTool('openssl'), async () => {
    const { chain, file } = await pkcs12ByOpenssl(algorithm ?? 'ec-p256', args);
    const content = await readContent(file, { password, format: 'pkcs12' });
    assert.deepEqual(sorted(ders(content)), sorted(chain.map(({ der }) => der)));
    assert.deepEqual(
      content.privateKeys.map((entry) => [entry.keyId, entry.name]),
      [[chain[0]!.keyId, 'my server']],
    );
    await assert.rejects(readContent(file, { password: 'wrong' }), {
      code: 'wrong-password',
      message: 'the password is wrong',
    });
    await assert.rejects(readContent(file), { code: 'password-required' });
  });
}

test('PKCS#12 with an empty password opens with it and without any', requireTool('openssl'), async () => {
  const { chain, file } = await pkcs12ByOpenssl('ec-p256', ['-passout', 'pass:']);
  assert.equal((await readContent(file, { password: '' })).certificates.length, chain.length);
  assert.equal((await readContent(file)).certificates.length, chain.length);
});

test('PKCS#12 that was damaged inside is told apart from a wrong password', requireTool('openssl'), async () => {
  const { file } = await pkcs12ByOpenssl('ec-p256', []);
  const damaged = Buffer.from(file);
  // The MAC is the last octet string but one before the salt and the count; its digest is changed.
  const mac = damaged.lastIndexOf(Buffer.from('0420', 'hex')) + 2;
  damaged[mac]! ^= 1;
  await assert.rejects(readContent(damaged, { password }), { code: 'damaged' });
  await assert.rejects(readContent(damaged, { password: 'wrong' }), { code: 'wrong-password' });
  await assert.rejects(readContent(file.subarray(0, -1), { password }), { code: 'malformed' });
});

test('PKCS#12 with PBMAC1 (RFC 9579 appendix A.1)', async () => {
  const text = readFileSync(join(repository(), 'test/fixtures/x509/rfc9579-a1.pem'), 'utf8');
  const content = await readContent(text, { password: '1234' });
  assert.equal(content.certificates[0]!.keyId, content.privateKeys[0]!.keyId);
  await assert.rejects(readContent(text, { password: '12345' }), { code: 'wrong-password' });
});

test('PKCS#12 that GnuTLS wrote', requireTool('certtool'), async () => {
  const { leaf, leafKey } = await ordinaryChain();
  save(directory, 'g.key', leafKey.export({ type: 'pkcs8', format: 'pem' }));
  save(directory, 'g.crt', certificatePem(leaf));
  const args = ['--to-p12', '--load-privkey', 'g.key', '--load-certificate', 'g.crt', '--p12-name', 'gnu'];
  const made = run(directory, 'certtool', [...args, '--password', 'secret', '--outder', '--outfile', 'g.p12']);
  assert.equal(made.status, 0, made.text);
  const content = await readContent(readFileSync(join(directory, 'g.p12')), { password: 'secret' });
  assert.deepEqual(ders(content), [leaf.der]);
  assert.equal(content.privateKeys[0]!.keyId, leaf.keyId);
});

test("Java's PKCS#12 with two keys: one is chosen by name or by certificate", requireTool('keytool'), async () => {
  const store = ['-keystore', 'java.p12', '-storetype', 'PKCS12', '-storepass', 'changeit'];
  for (const alias of ['first', 'second']) {
    const args = ['-genkeypair', '-alias', alias, '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', `CN=${alias}`];
    const made = run(directory, 'keytool', [...args, ...store]);
    assert.equal(made.status, 0, made.text);
  }
  const content = await readContent(readFileSync(join(directory, 'java.p12')), { password: 'changeit' });
  const keys = content.privateKeys;
  assert.deepEqual(keys.map(({ name }) => name).sort(), ['first', 'second']);
  assert.equal(choosePrivateKey(keys, { name: 'second' })?.name, 'second');
  assert.equal(choosePrivateKey(keys, { keyIds: [keys[1]!.keyId] }), keys[1]);
  assert.throws(() => choosePrivateKey(keys), { code: 'ambiguous-key' });
  assert.throws(() => choosePrivateKey(keys, { name: 'third' }), {
    code: 'no-private-key',
    message: `no private key is named third; there are: ${keys.map(({ name }) => name).join(', ')}`,
  });
  assert.equal(choosePrivateKey([]), undefined);
});

const keyCases: readonly [string, readonly string[]][] = [
  ['PKCS#8 with AES-256 and HMAC-SHA-256', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA256']],
  ['PKCS#8 with AES-128 and HMAC-SHA-512', ['pkcs8', '-topk8', '-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512']],
  ['PKCS#8 with 3DES and HMAC-SHA-1', ['pkcs8', '-topk8', '-v2', 'des3', '-v2prf', 'hmacWithSHA1']],
  ['PKCS#8 with scrypt', ['pkcs8', '-topk8', '-scrypt']],
  ['PKCS#8 with the PKCS#12 scheme 3DES', ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES']],
  ['the encrypted PEM of old with AES-256', ['ec', '-aes256']],
  ['the encrypted PEM of old with 3DES', ['ec', '-des3']],
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

for (const algorithm of ['rsa-2048', 'ec-p256', 'ec-p384', 'ed25519'] as const) {
  test(
    `openssl opens the PKCS#12 and the encrypted key that are written for ${algorithm}`,
    requireTool('openssl'),
    async () => {
      const { privateKey, keyId } = await testKey(algorithm);
      const leaf = await issue({
        subject: { commonName: 'w' },
        key: privateKey,
        extensions: serverExtensions(privateKey, privateKey),
      });
      const { intermediate } = await ordinaryChain();
      const parameters = { privateKey, chain: [leaf, intermediate], friendlyName: 'größe', password };
      const pfx = await writePkcs12(parameters);
      save(directory, 'w.p12', pfx);
      const judged = openssl(directory, 'pkcs12', '-in', 'w.p12', '-passin', `pass:${password}`, '-nodes', '-info');
      assert.equal(judged.status, 0, judged.text);
      assert.match(judged.text, /MAC: sha256, Iteration 100000/);
      assert.match(judged.text, /PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/);
      const read = await readContent(judged.stdout);
      assert.deepEqual(ders(read), [leaf.der, intermediate.der]);
      assert.equal(read.privateKeys[0]!.keyId, keyId);
      const own = await readContent(pfx, { password });
      assert.deepEqual(ders(own), [leaf.der, intermediate.der]);
      assert.equal(own.privateKeys[0]!.name, 'größe');

      const { pem, der } = await writeEncryptedPrivateKey(privateKey, password);
      save(directory, 'w.key', pem);
      const opened = openssl(directory, 'pkey', '-in', 'w.key', '-passin', `pass:${password}`);
      assert.equal((await readContent(opened.stdout)).privateKeys[0]!.keyId, keyId);
      assert.equal((await readContent(der, { password })).privateKeys[0]!.keyId, keyId);
    },
  );
}

test('Java lists the PKCS#12 that is written', requireTool('keytool'), async () => {
  const { leaf, intermediate, leafKey } = await ordinaryChain();
  const chain = [leaf, intermediate];
  save(
    directory,
    'j.p12',
    await writePkcs12({ privateKey: leafKey, chain, friendlyName: 'web', password: 'changeit' }),
  );
  const judged = run(directory, 'keytool', ['-list', '-v', '-keystore', 'j.p12', '-storepass', 'changeit']);
  assert.match(judged.text, /Entry type: PrivateKeyEntry\s+Certificate chain length: 2/);
});

test('openssl reads the PKCS#7 that is written', requireTool('openssl'), async () => {
  const { leaf, intermediate } = await ordinaryChain();
  const { pem } = writePkcs7([leaf, intermediate]);
  save(directory, 'w.p7b', pem);
  const judged = openssl(directory, 'pkcs7', '-in', 'w.p7b', '-print_certs');
  assert.deepEqual(ders(await readContent(judged.stdout)), [leaf.der, intermediate.der]);
  assert.deepEqual(ders(await readContent(pem)), [leaf.der, intermediate.der]);
});

async function pkcs12ByOpenssl(
  algorithm: KeyAlgorithm,
  args: readonly string[],
): Promise<{ chain: readonly Certificate[]; file: Buffer }> {
  const { privateKey } = await testKey(algorithm);
  const { intermediate, intermediateKey } = await ordinaryChain();
  const leaf = await issue({
    subject: { commonName: 'p12' },
    key: privateKey,
    issuer: { subject: { organization: 'Test', commonName: 'Intermediate' }, key: intermediateKey },
    notBefore: now,
  });
  save(directory, 'p12.key', privateKey.export({ type: 'pkcs8', format: 'pem' }));
  save(directory, 'p12.crt', certificatePem(leaf));
  save(directory, 'p12.chain', certificatePem(intermediate));
  const names = ['-inkey', 'p12.key', '-in', 'p12.crt', '-certfile', 'p12.chain', '-name', 'my server'];
  const made = openssl(directory, 'pkcs12', '-export', ...names, '-passout', `pass:${password}`, ...args);
  assert.equal(made.status, 0, made.text);
  return { chain: [leaf, intermediate], file: made.octets };
}

function ders(content: Content): readonly Buffer[] {
  return content.certificates.map(({ der }) => der);
}

function sorted(list: readonly Buffer[]): readonly Buffer[] {
  return [...list].sort((a, b) => a.compare(b));
}

function repository(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '../../..');
}
