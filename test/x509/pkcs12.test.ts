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
  type Encoded,
  type KeyAlgorithm,
  keyAlgorithms,
  readContent,
  writeEncryptedPrivateKey,
  writePkcs12,
} from '../../src/x509/index.js';
import { raiseBudget, spend, workBudget } from '../../src/x509/kdf.js';
import { requireTool } from '../support/tools.js';
import {
  issue,
  openssl,
  ordinaryChain,
  run,
  save,
  serverExtensions,
  temporaryDirectory,
  testKey,
  toBer,
} from './support.js';

const directory = temporaryDirectory();
const now = new Date('2027-01-01T00:00:00Z');
const password = 'pass wörd';

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

const gnutlsCases: readonly [string, readonly string[], readonly (string | undefined)[]][] = [
  ['with 600 000 iterations, as it does by itself', ['--password', 'secret'], ['secret']],
  ['with AES-256', ['--password', 'secret', '--pkcs-cipher', 'aes-256'], ['secret']],
  ['with PBES2 and 3DES', ['--password', 'secret', '--pkcs-cipher', '3des'], ['secret']],
  ['with the empty password', ['--empty-password'], ['', undefined]],
  ['with the empty password of no octets', ['--null-password'], ['', undefined]],
  ['without encryption', ['--password', ''], ['', undefined]],
];

for (const [name, args, passwords] of gnutlsCases) {
  test(`PKCS#12 that GnuTLS wrote ${name}`, requireTool('certtool'), async () => {
    const { leaf, file } = await pkcs12ByGnutls(args);
    for (const each of passwords) {
      const content = await readContent(file, each === undefined ? {} : { password: each });
      assert.deepEqual(ders(content), [leaf.der]);
      assert.equal(content.privateKeys[0]!.keyId, leaf.keyId);
    }
    if (passwords[0] === '') {
      await assert.rejects(readContent(file, { password: 'wrong' }), { code: 'wrong-password' });
      return;
    }
    await assert.rejects(readContent(file, { password: 'wrong' }), { code: 'wrong-password' });
    await assert.rejects(readContent(file), { code: 'password-required' });
    await assert.rejects(readContent(file.subarray(0, -3), { password: 'secret' }), { code: 'malformed' });
  });
}

for (const cipher of ['3des-pkcs12', 'rc2-40']) {
  test(
    `PKCS#12 of ${cipher} with the 600 000 iterations of GnuTLS is opened, others having their turn`,
    requireTool('certtool'),
    async () => {
      const { leaf, authority, file } = await pkcs12ByGnutls([
        ...['--password', 'secret', '--pkcs-cipher', cipher, '--load-ca-certificate', 'gnutls-ca.pem'],
      ]);
      const turns = countTurns();
      const content = await readContent(file, { password: 'secret' });
      assert.ok(turns.end() > 500, 'the event loop went on');
      assert.deepEqual(sorted(ders(content)), sorted([leaf.der, authority.der]));
      assert.equal(content.privateKeys[0]!.keyId, leaf.keyId);
      // Nothing vouches for it: the work of a second is all that is done.
      for (const [octets, given, codes] of [
        [file, 'wrong', ['wrong-password']],
        [damaged(file), 'secret', ['wrong-password', 'damaged']],
      ] as const) {
        const started = process.cpuUsage();
        await assert.rejects(readContent(octets, { password: given }), ({ code }) => codes.includes(code as never));
        const { user, system } = process.cpuUsage(started);
        assert.ok(user + system < 1_500_000, `${user + system} microseconds`);
      }
    },
  );
}

test('more than five seconds of work is not done under any password, and what to do is said', async () => {
  const budget = workBudget();
  raiseBudget(budget);
  raiseBudget(budget);
  spend(budget, 4_999_999);
  assert.throws(() => spend(budget, 2), {
    code: 'too-big',
    message: 'it asks for more work than is done for one input; write it anew with fewer iterations, and AES',
  });
});

test('PKCS#12 in BER, with indefinite lengths and cut octet strings (RFC 7292 4)', requireTool('openssl'), async () => {
  const { chain, file } = await pkcs12ByOpenssl('ec-p256', []);
  const ber = toBer(file, 3);
  assert.equal(ber[1], 0x80);
  const content = await readContent(ber, { password });
  assert.deepEqual(sorted(ders(content)), sorted(chain.map(({ der }) => der)));
  await assert.rejects(readContent(ber, { password: 'wrong' }), { code: 'wrong-password' });
});

test("Java's PKCS#12 with two keys: one is chosen by name or by certificate", requireTool('keytool'), async () => {
  const store = ['-keystore', 'java.p12', '-storetype', 'PKCS12', '-storepass', 'changeit'];
  for (const alias of ['first', 'second']) {
    const key =
      alias === 'first' ? ['-keyalg', 'RSA', '-keysize', '2048'] : ['-keyalg', 'EC', '-groupname', 'secp256r1'];
    const args = ['-genkeypair', '-alias', alias, ...key, '-dname', `CN=${alias}`];
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

for (const algorithm of keyAlgorithms) {
  test(
    `openssl opens the PKCS#12 and the encrypted key that are written for ${algorithm}`,
    requireTool('openssl'),
    async () => {
      const { pfx, key, chain } = await written(algorithm);
      const [leaf, intermediate] = chain as [Certificate, Certificate];
      const { keyId } = leaf;
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

      save(directory, 'w.key', key.pem);
      const opened = openssl(directory, 'pkey', '-in', 'w.key', '-passin', `pass:${password}`);
      assert.equal((await readContent(opened.stdout)).privateKeys[0]!.keyId, keyId);
      assert.equal((await readContent(key.der, { password })).privateKeys[0]!.keyId, keyId);
    },
  );

  test(
    `certtool opens the PKCS#12 and the encrypted key that are written for ${algorithm}`,
    requireTool('certtool'),
    async () => {
      const { pfx, key, chain } = await written(algorithm);
      save(directory, 'c.p12', pfx);
      const options = ['--inder', '--password', password, '--infile', 'c.p12'];
      const judged = run(directory, 'certtool', ['--p12-info', ...options]);
      assert.equal(judged.status, 0, judged.text);
      const read = await readContent(judged.stdout, { password });
      assert.deepEqual(sorted(ders(read)), sorted(chain.map(({ der }) => der)));
      assert.equal(read.privateKeys[0]!.keyId, chain[0]!.keyId);
      save(directory, 'c.key', key.der);
      const opened = run(directory, 'certtool', ['--key-info', '--inder', '--password', password, '--infile', 'c.key']);
      assert.equal(opened.status, 0, opened.text);
    },
  );

  test(`Java opens the PKCS#12 that is written for ${algorithm}`, requireTool('keytool'), async () => {
    // Java takes passwords of ASCII alone.
    const { pfx } = await written(algorithm, 'changeit', 'web');
    save(directory, 'j.p12', pfx);
    const store = ['-keystore', 'j.p12', '-storetype', 'PKCS12', '-storepass', 'changeit'];
    const listed = run(directory, 'keytool', ['-list', '-v', ...store]);
    assert.match(listed.text, /Entry type: PrivateKeyEntry\s+Certificate chain length: 2/);
    // Making a request takes the private key.
    const signed = run(directory, 'keytool', ['-certreq', '-alias', 'web', ...store]);
    assert.match(signed.text, /BEGIN NEW CERTIFICATE REQUEST/);
  });
}

interface Written {
  readonly pfx: Buffer;
  readonly key: Encoded;
  readonly chain: readonly Certificate[];
}

async function written(algorithm: KeyAlgorithm, secret = password, friendlyName = 'größe'): Promise<Written> {
  const { privateKey } = await testKey(algorithm);
  const { intermediate, intermediateKey } = await ordinaryChain();
  const leaf = await issue({
    subject: { commonName: 'w' },
    key: privateKey,
    issuer: { subject: { organization: 'Test', commonName: 'Intermediate' }, key: intermediateKey },
    extensions: serverExtensions(privateKey, intermediateKey),
  });
  const chain = [leaf, intermediate];
  return {
    pfx: await writePkcs12({ privateKey, chain, friendlyName, password: secret }),
    key: await writeEncryptedPrivateKey(privateKey, secret),
    chain,
  };
}

async function pkcs12ByGnutls(
  args: readonly string[],
): Promise<{ leaf: Certificate; authority: Certificate; file: Buffer }> {
  const { leaf, leafKey, intermediate } = await ordinaryChain();
  save(directory, 'gnutls-ca.pem', certificatePem(intermediate));
  save(directory, 'g.key', leafKey.export({ type: 'pkcs8', format: 'pem' }));
  save(directory, 'g.crt', certificatePem(leaf));
  const files = ['--to-p12', '--load-privkey', 'g.key', '--load-certificate', 'g.crt', '--p12-name', 'gnu'];
  const made = run(directory, 'certtool', [...files, ...args, '--outder', '--outfile', 'g.p12']);
  assert.equal(made.status, 0, made.text);
  return { leaf, authority: intermediate, file: readFileSync(join(directory, 'g.p12')) };
}

/** One octet of the content is another. */
function damaged(file: Buffer): Buffer {
  const octets = Buffer.from(file);
  octets[octets.length >> 1]! ^= 1;
  return octets;
}

/** How often the event loop came round. */
function countTurns(): { end(): number } {
  let [turns, next] = [0, setImmediate(turn)];
  function turn(): void {
    turns += 1;
    next = setImmediate(turn);
  }
  return {
    end: () => {
      clearImmediate(next);
      return turns;
    },
  };
}

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
