import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDer } from '../../src/x509/der.js';
import { subjectAltName } from '../../src/x509/extensions.js';
import {
  browserFactsOf,
  browserReasons,
  certificatePem,
  certToNameFacts,
  choosePrivateKey,
  createClientValidator,
  describe,
  isCompleteChain,
  makeRequest,
  orderChain,
  readContent,
  toPem,
  validatePath,
  validateServerChain,
  writeEncryptedPrivateKey,
  writePkcs7,
  writePkcs12,
  X509Error,
} from '../../src/x509/index.js';
import { makeRevocationList } from './lists.js';
import { everyMutation, mutate } from './mutate.js';
import { caExtensions, issue, ordinaryChain, seededRandom, serverExtensions, testKey, tlv } from './support.js';
import { authoritySlots, constraints, dns, richSlots } from './variants.js';

const long = process.env.SIGNET_LONG === '1';
const mutations = long ? 3000 : 300;
const seed = 20261124;

/** The answer is owed within a second; a machine that does other work as well is given more. */
const patience = 5_000;

interface Sample {
  readonly name: string;
  readonly octets: Buffer;
  /** Takes a derivation of keys, and so is mutated by chance only. */
  readonly slow?: true;
}

async function samples(): Promise<readonly Sample[]> {
  const { root, intermediate, leaf, leafKey, intermediateKey, rootKey } = await ordinaryChain();
  const rsa = (await testKey('rsa-2048')).privateKey;
  const big = await issue({ subject: { commonName: 'rsa' }, key: rsa, extensions: serverExtensions(rsa, rsa) });
  const rich = await issue({
    subject: { organization: 'Test', commonName: 'Rich' },
    key: intermediateKey,
    issuer: { subject: { organization: 'Test', commonName: 'Root' }, key: rootKey },
    extensions: Object.values({
      ...authoritySlots({ key: intermediateKey, issuerKey: rootKey, issuer: root }),
      ...richSlots(),
      nc: constraints([dns('example')], [dns('bad.example')]),
    }).flatMap((each) => each ?? []),
  });
  const chain = [leaf, intermediate, root];
  const names = [{ type: 'other-name', value: '1.2.3;UTF8:x' } as const, { type: 'ip', value: '::1' } as const];
  const request = await makeRequest({
    privateKey: leafKey,
    subject: { country: 'DE' },
    subjectAltNames: names,
    signatureHash: 'sha256',
  });
  const pkcs12 = await writePkcs12({ privateKey: leafKey, chain, friendlyName: 'x', password: 'password' });
  const list = { issuer: intermediate, key: intermediateKey, revoked: [leaf, big], reason: 1 };
  return [
    { name: 'certificate', octets: leaf.der },
    { name: 'certificate of every extension', octets: rich.der },
    { name: 'RSA certificate', octets: big.der },
    { name: 'certificates in PEM', octets: Buffer.from(chain.map(certificatePem).join('text\n')) },
    { name: 'request', octets: request.der },
    { name: 'request in PEM', octets: Buffer.from(request.pem) },
    { name: 'PKCS#8 EC', octets: leafKey.export({ type: 'pkcs8', format: 'der' }) },
    { name: 'PKCS#8 RSA', octets: rsa.export({ type: 'pkcs8', format: 'der' }) },
    { name: 'PKCS#1', octets: rsa.export({ type: 'pkcs1', format: 'der' }) },
    { name: 'SEC 1', octets: leafKey.export({ type: 'sec1', format: 'der' }) },
    { name: 'encrypted PKCS#8', octets: (await writeEncryptedPrivateKey(leafKey, 'password')).der, slow: true },
    {
      name: 'old encrypted PEM',
      octets: Buffer.from(
        leafKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'password' }),
      ),
    },
    { name: 'PKCS#7', octets: writePkcs7(chain).der },
    { name: 'PKCS#7 in PEM', octets: Buffer.from(writePkcs7(chain).pem) },
    { name: 'revocation list', octets: (await makeRevocationList(list)).der },
    { name: 'delta list', octets: (await makeRevocationList({ ...list, base: 1, number: 2, scope: 'users' })).der },
    { name: 'PKCS#12', octets: pkcs12, slow: true },
    { name: 'PKCS#12 in PEM', octets: Buffer.from(toPem('PKCS12', pkcs12)), slow: true },
  ];
}

test(`${mutations} mutated files: a value or a typed error, each in under a second`, async (context) => {
  const random = seededRandom(seed);
  const all = await samples();
  const tally = new Tally();
  for (let round = 0; round < mutations; round++) {
    const { name, octets } = all[round % all.length]!;
    const mutation = mutate(octets, random);
    await tally.answer(`seed ${seed}, round ${round}: ${name}, ${mutation.kind}`, mutation.octets);
  }
  context.diagnostic(tally.summary());
  // A test whose mutations changed nothing would prove nothing.
  assert.ok(tally.errors > mutations / 2, tally.summary());
});

test('every truncation, every flipped bit, and every element nested, doubled, removed, emptied, made huge: a value or a typed error', {
  skip: long ? false : 'in the long run only: npm run test:long',
  timeout: 1_800_000,
}, async (context) => {
  const tally = new Tally();
  for (const { name, octets } of (await samples()).filter(({ slow }) => slow !== true)) {
    for (const mutation of everyMutation(octets)) await tally.answer(`${name}, ${mutation.kind}`, mutation.octets);
  }
  context.diagnostic(tally.summary());
  assert.ok(tally.count > 2000 && tally.errors > tally.count / 2, tally.summary());
});

test('bombs: deep nesting, huge lengths, huge integers, endless indefinite lengths', async () => {
  const { leaf } = await ordinaryChain();
  const nested = (depth: number): Buffer => {
    let value = Buffer.from('0500', 'hex');
    for (let level = 0; level < depth; level++) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(value.length);
      value = Buffer.concat([Buffer.of(0x30, 0x84), length, value]);
    }
    return value;
  };
  const bombs = [
    nested(5000),
    Buffer.concat([Buffer.alloc(200_000, Buffer.from('3080', 'hex'))]),
    Buffer.concat([Buffer.alloc(200_000, Buffer.from('2480', 'hex'))]),
    Buffer.from('3084ffffffff', 'hex'),
    Buffer.from('3088ffffffffffffffff', 'hex'),
    Buffer.concat([Buffer.from('30830f4240', 'hex'), Buffer.alloc(1_000_000, Buffer.from('0500', 'hex'))]),
    leaf.der.subarray(0, 100),
    Buffer.concat([leaf.der, leaf.der]),
    ...(await hugePrimes()),
    Buffer.concat([
      Buffer.from('3083020009028300ffff', 'hex'),
      Buffer.alloc(65_535, 0x7f),
      Buffer.from('3000030100', 'hex'),
    ]),
  ];
  const tally = new Tally();
  for (const [index, bomb] of bombs.entries()) {
    for (const data of [bomb, toPem('CERTIFICATE', bomb), toPem('PKCS7', bomb), toPem('PRIVATE KEY', bomb)]) {
      await tally.answer(`bomb ${index}`, Buffer.from(data));
    }
  }
  assert.equal(tally.errors, tally.count);
});

test('names and constraints that multiply are bounded (RFC 5280 4.2.1.10)', async () => {
  const { rootKey, intermediateKey, leafKey, root } = await ordinaryChain();
  const many = (count: number, of: (index: number) => string) => Array.from({ length: count }, (_, index) => of(index));
  const names = many(1500, (index) => `h${index}.example`).map((value) => ({ type: 'dns', value }) as const);
  const middle = { subject: { organization: 'Test', commonName: 'Intermediate' }, key: intermediateKey };
  const intermediate = await issue({
    ...middle,
    issuer: { subject: { organization: 'Test', commonName: 'Root' }, key: rootKey },
    extensions: [
      ...caExtensions(intermediateKey, rootKey),
      constraints([], many(1500, (index) => `x${index}.elsewhere`).map(dns)),
    ],
  });
  const leaf = await issue({
    subject: { commonName: 'x' },
    key: leafKey,
    issuer: middle,
    extensions: [...serverExtensions(leafKey, intermediateKey).slice(0, 5), subjectAltName(names, false)],
  });
  const check = {
    leaf,
    intermediates: [intermediate],
    anchors: [root],
    now: new Date('2027-01-01'),
    clockTrusted: true,
  };
  const errors = validatePath(check).findings.filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ code, text }) => [code, text]),
    [
      [
        'name-constraints',
        "the issuer's certificate CN=Intermediate,O=Test has more name constraints than are looked at for the names in the certificate",
      ],
    ],
  );
});

test('any octets at all are a value or a typed error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (octets) => {
      const outcome = await handle(Buffer.from(octets));
      assert.ok(outcome === undefined || outcome instanceof X509Error, String(outcome));
    }),
    { seed, numRuns: long ? 2000 : 200 },
  );
});

/** An RSA key whose first prime has 32 000 bits, in both of its forms: a signature with it would take long. */
async function hugePrimes(): Promise<readonly Buffer[]> {
  const { privateKey } = await testKey('rsa-2048');
  const [pkcs1, pkcs8] = (['pkcs1', 'pkcs8'] as const).map((type) => privateKey.export({ type, format: 'der' }));
  const prime = tlv(0x02, Buffer.concat([Buffer.of(0x7f), Buffer.alloc(3999, 0xff)]));
  const root = readDer(pkcs1!);
  const swollen = tlv(0x30, Buffer.concat(root.children.map(({ raw }, index) => (index === 4 ? prime : raw))));
  const [version, algorithm] = readDer(pkcs8!).children;
  return [swollen, tlv(0x30, Buffer.concat([version!.raw, algorithm!.raw, tlv(0x04, swollen)]))];
}

/** What came of the inputs so far. */
class Tally {
  count = 0;
  errors = 0;
  #slowest = 0;
  #slowestLabel = '';

  /** Fails where the answer is neither a value nor a typed error, or takes long. */
  async answer(label: string, octets: Buffer): Promise<void> {
    const started = performance.now();
    const outcome = await handle(octets);
    const took = performance.now() - started;
    this.count++;
    if (took > this.#slowest) [this.#slowest, this.#slowestLabel] = [took, label];
    assert.ok(took < patience, `${label}: took ${Math.round(took)} ms`);
    if (outcome === undefined) return;
    if (!(outcome instanceof X509Error)) assert.fail(`${label}: ${String(outcome)}`);
    assert.match(outcome.message, /^\S.{3,}/, label);
    this.errors++;
  }

  summary(): string {
    const slowest = `the slowest took ${Math.round(this.#slowest)} ms (${this.#slowestLabel})`;
    return `${this.count} inputs, ${this.errors} refused; ${slowest}`;
  }
}

/** Everything that is done with input; gives what was thrown. */
async function handle(octets: Buffer): Promise<unknown> {
  try {
    const content = await readContent(octets, { password: 'password' });
    const key = choosePrivateKey(content.privateKeys);
    const { certificates, revocationLists } = content;
    for (const certificate of certificates) {
      describe(certificate);
      certToNameFacts(certificate);
      browserReasons(browserFactsOf(certificate));
    }
    const { chain } = orderChain(certificates, { keyIds: key === undefined ? [] : [key.keyId] });
    const now = new Date('2027-01-01');
    const check = { now, clockTrusted: true };
    isCompleteChain(chain, certificates);
    validateServerChain(key === undefined ? { ...check, chain } : { ...check, chain, key: key.key });
    const anchors = certificates.slice(-1);
    const trust = { anchors, revocationLists, revocationRequired: true };
    validatePath({ ...check, ...trust, leaf: chain[0]!, intermediates: certificates });
    createClientValidator(trust)(
      certificates.map(({ der }) => der),
      check,
    );
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}
