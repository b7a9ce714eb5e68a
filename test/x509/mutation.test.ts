import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { context, integer, sequence, time, toDer, unsigned } from '../../src/x509/asn1.js';
import { readDer } from '../../src/x509/der.js';
import { extension } from '../../src/x509/extensions.js';
import { generalName, ipOctets, ipText, readGeneralName } from '../../src/x509/general-name.js';
import {
  type Certificate,
  certificatePem,
  checkRevocation,
  choosePrivateKey,
  describe,
  makeRequest,
  orderChain,
  readContent,
  toPem,
  validateServerChain,
  writeEncryptedPrivateKey,
  writePkcs7,
  writePkcs12,
  X509Error,
} from '../../src/x509/index.js';
import { nameText, parseNameText, readName } from '../../src/x509/name.js';
import { signed } from '../../src/x509/sign.js';
import { issue, ordinaryChain, seededRandom, serverExtensions, testKey, tlv } from './support.js';

const long = process.env.SIGNET_LONG === '1';
const mutations = long ? 3000 : 200;
const seed = 20261124;

interface Sample {
  readonly name: string;
  readonly octets: Buffer;
}

async function samples(): Promise<readonly Sample[]> {
  const { root, intermediate, leaf, leafKey, intermediateKey } = await ordinaryChain();
  const rsa = (await testKey('rsa-2048')).privateKey;
  const big = await issue({ subject: { commonName: 'rsa' }, key: rsa, extensions: serverExtensions(rsa, rsa) });
  const chain = [leaf, intermediate, root];
  const names = [{ type: 'other-name', value: '1.2.3;UTF8:x' } as const, { type: 'ip', value: '::1' } as const];
  const request = await makeRequest({
    privateKey: leafKey,
    subject: { country: 'DE' },
    subjectAltNames: names,
    signatureHash: 'sha256',
  });
  const pkcs12 = await writePkcs12({ privateKey: leafKey, chain, friendlyName: 'x', password: 'password' });
  return [
    { name: 'certificate', octets: leaf.der },
    { name: 'RSA certificate', octets: big.der },
    { name: 'certificates in PEM', octets: Buffer.from(chain.map(certificatePem).join('text\n')) },
    { name: 'request', octets: request.der },
    { name: 'request in PEM', octets: Buffer.from(request.pem) },
    { name: 'PKCS#8 EC', octets: leafKey.export({ type: 'pkcs8', format: 'der' }) },
    { name: 'PKCS#8 RSA', octets: rsa.export({ type: 'pkcs8', format: 'der' }) },
    { name: 'PKCS#1', octets: rsa.export({ type: 'pkcs1', format: 'der' }) },
    { name: 'SEC 1', octets: leafKey.export({ type: 'sec1', format: 'der' }) },
    { name: 'encrypted PKCS#8', octets: (await writeEncryptedPrivateKey(leafKey, 'password')).der },
    { name: 'old encrypted PEM', octets: oldPem(leafKey) },
    { name: 'PKCS#7', octets: writePkcs7(chain).der },
    { name: 'PKCS#7 in PEM', octets: Buffer.from(writePkcs7(chain).pem) },
    { name: 'revocation list', octets: await revocationList(intermediate, intermediateKey, leaf.serialNumber) },
    { name: 'PKCS#12', octets: pkcs12 },
    { name: 'PKCS#12 in PEM', octets: Buffer.from(toPem('PKCS12', pkcs12)) },
  ];
}

test(`${mutations} mutated files: a value or a typed error, each in under a second`, async () => {
  const random = seededRandom(seed);
  const all = await samples();
  let errors = 0;
  for (let round = 0; round < mutations; round++) {
    const sample = all[round % all.length]!;
    const [kind, octets] = mutate(sample.octets, random);
    const started = performance.now();
    const outcome = await handle(octets);
    const took = performance.now() - started;
    const label = `seed ${seed}, round ${round}: ${sample.name}, ${kind}`;
    if (outcome !== undefined && !(outcome instanceof X509Error)) assert.fail(`${label}: ${String(outcome)}`);
    assert.ok(took < 1000, `${label}: took ${Math.round(took)} ms`);
    if (outcome instanceof X509Error) {
      errors++;
      assert.match(outcome.message, /^\S.{3,}/, label);
    }
  }
  // A test whose mutations changed nothing would prove nothing.
  assert.ok(errors > mutations / 2, `${errors} of ${mutations} were refused`);
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
    Buffer.concat([
      Buffer.from('3083020009028300ffff', 'hex'),
      Buffer.alloc(65_535, 0x7f),
      Buffer.from('3000030100', 'hex'),
    ]),
  ];
  for (const [index, bomb] of bombs.entries()) {
    for (const data of [bomb, toPem('CERTIFICATE', bomb), toPem('PKCS7', bomb), toPem('PRIVATE KEY', bomb)]) {
      const started = performance.now();
      const outcome = await handle(Buffer.from(data));
      assert.ok(outcome instanceof X509Error, `bomb ${index}: ${String(outcome)}`);
      assert.ok(performance.now() - started < 1000, `bomb ${index}`);
    }
  }
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

test('the ASN.1 reader takes DER apart without loss', () => {
  const element = fc.letrec<{ node: Buffer }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 300 }).map((content) => tlv(0x04, Buffer.from(content))),
      fc.array(tie('node'), { maxLength: 4 }).map((children) => tlv(0x30, Buffer.concat(children))),
    ),
  })).node;
  fc.assert(
    fc.property(element, (der) => {
      const node = readDer(der);
      assert.deepEqual(node.raw, der);
      if (node.constructed) assert.deepEqual(Buffer.concat(node.children.map(({ raw }) => raw)), node.content);
    }),
    { seed, numRuns: 200 },
  );
});

test('names: the text of RFC 4514 comes back as it was', () => {
  const value = fc
    .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
    .filter((text) => [...text].length <= 64 && !/\p{Cc}/u.test(text) && Buffer.from(text).toString() === text);
  fc.assert(
    fc.property(value, value, (organization, commonName) => {
      const escaped = (text: string): string =>
        [...text]
          .map(
            (character) =>
              `\\${[...Buffer.from(character)].map((octet) => octet.toString(16).padStart(2, '0')).join('\\')}`,
          )
          .join('');
      const name = readName(
        readDer(toDer(parseNameText('x', `CN=${escaped(commonName)},O=${escaped(organization)},C=DE`))),
        'x',
      );
      assert.deepEqual(
        name.flat().map(({ text }) => text),
        ['DE', organization, commonName],
      );
      const again = readName(readDer(toDer(parseNameText('x', nameText(name)))), 'x');
      assert.deepEqual(again, name);
    }),
    { seed, numRuns: 300 },
  );
});

test('addresses: text to octets and back', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), (text) => {
      const octets = ipOctets(text)!;
      assert.deepEqual(ipOctets(ipText(octets)), octets);
      const read = readGeneralName(readDer(toDer(generalName({ type: 'ip', value: text }))));
      assert.equal(read?.value, ipText(octets));
      // node's own parser agrees on what the address is.
      if (text.includes(':')) assert.equal(new URL(`http://[${ipText(octets)}]/`).hostname, `[${ipText(octets)}]`);
    }),
    { seed, numRuns: 300 },
  );
});

/** Everything that an install does with input; gives what was thrown. */
async function handle(octets: Buffer): Promise<unknown> {
  try {
    const content = await readContent(octets, { password: 'password' });
    const key = choosePrivateKey(content.privateKeys);
    for (const certificate of content.certificates) describe(certificate);
    const { certificates: path, revocationLists: lists } = content;
    checkRevocation({ path, lists, now: new Date(), clockTrusted: true, required: true });
    const { chain } = orderChain(content.certificates, { keyIds: key === undefined ? [] : [key.keyId] });
    const check = { chain, now: new Date(), clockTrusted: true, hosts: ['a.example', '::1'] };
    validateServerChain(key === undefined ? check : { ...check, key: key.key });
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

type Random = (limit: number) => number;

function mutate(octets: Buffer, random: Random): [string, Buffer] {
  const at = random(octets.length);
  const copy = Buffer.from(octets);
  switch (random(7)) {
    case 0:
      copy[at]! ^= 1 << random(8);
      return [`bit of octet ${at} flipped`, copy];
    case 1:
      return [`cut to ${at} octets`, copy.subarray(0, at)];
    case 2:
      return [`octet ${at} removed`, Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1)])];
    case 3:
      return [
        `octet inserted at ${at}`,
        Buffer.concat([copy.subarray(0, at), Buffer.of(random(256)), copy.subarray(at)]),
      ];
    case 4:
      copy[at] = [0x00, 0x7f, 0x80, 0xff][random(4)]!;
      return [`octet ${at} set to an edge value`, copy];
    case 5: {
      const size = 1 + random(64);
      return [`${size} octets doubled at ${at}`, Buffer.concat([copy.subarray(0, at + size), copy.subarray(at)])];
    }
    default: {
      for (let count = 2 + random(20); count > 0; count--) copy[random(copy.length)] = random(256);
      return ['several octets changed', copy];
    }
  }
}

function revocationList(issuer: Certificate, key: KeyObject, serialNumber: string): Promise<Buffer> {
  return signed(key, 'sha256', (algorithm) =>
    sequence(
      integer(1),
      algorithm(),
      parseNameText('issuer', describe(issuer).subject),
      time(new Date('2026-01-01')),
      time(new Date('2036-01-01')),
      sequence(sequence(unsigned(Buffer.from(serialNumber, 'hex')), time(new Date('2026-06-01')))),
      context(0, sequence(extension('2.5.29.20', false, integer(1)))),
    ),
  );
}

function oldPem(key: KeyObject): Buffer {
  return Buffer.from(key.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'password' }));
}
