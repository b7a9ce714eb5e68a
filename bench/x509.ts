/** Certificates: what is made, read and judged of them, beside the generation of keys. */
import { randomBytes, sign } from 'node:crypto';
import {
  type Certificate,
  certificatePem,
  createClientValidator,
  createKeyGenerator,
  makeRequest,
  makeSelfSigned,
  orderChain,
  readCertificate,
  readContent,
  validatePath,
  validateServerChain,
  writeEncryptedPrivateKey,
  writePkcs7,
  writePkcs12,
} from '../src/x509/index.js';
import { makeRevocationList } from '../test/x509/lists.js';
import { caExtensions, issue, ordinaryChain, testKey } from '../test/x509/support.js';
import { line } from './machine.js';

const now = new Date('2027-01-01T00:00:00Z');

export async function run(): Promise<void> {
  await issuing();
  await reading();
  await judging();
  await keys();
}

async function issuing(): Promise<void> {
  for (const algorithm of ['ec-p256', 'ec-p384', 'ec-p521', 'ed25519', 'rsa-2048', 'rsa-4096'] as const) {
    const { privateKey } = await testKey(algorithm);
    const subject = { country: 'DE', organization: 'Example', commonName: 'clock.example' };
    const names = [{ type: 'dns', value: 'clock.example' } as const, { type: 'ip', value: '192.0.2.7' } as const];
    const parameters = { privateKey, subject, subjectAltNames: names, signatureHash: 'sha256' } as const;
    const target = algorithm.startsWith('ec') ? '<= 3' : '-';
    await measure(`PKCS#10, ${algorithm}`, target, () => makeRequest({ ...parameters, challengePassword: 'x' }));
    await measure(`self-signed, ${algorithm}`, target, () => makeSelfSigned({ ...parameters, validityDays: 820, now }));
    await measure(`  of that the signature, ${algorithm}`, '-', () =>
      sign(algorithm === 'ed25519' ? null : 'sha256', Buffer.alloc(600), privateKey),
    );
  }
}

async function reading(): Promise<void> {
  const { root, intermediate, leaf, leafKey } = await ordinaryChain();
  const chain = [leaf, intermediate, root];
  const key = leafKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const password = 'password';
  const inputs: readonly (readonly [string, Buffer | string])[] = [
    ['one certificate, DER', leaf.der],
    ['three certificates and a key, PEM', key + chain.map(certificatePem).join('')],
    ['three certificates, PKCS#7', writePkcs7(chain).der],
    ['an encrypted key, 100 000 iterations', (await writeEncryptedPrivateKey(leafKey, password)).der],
    ['PKCS#12, 3 x 100 000 iterations', await writePkcs12({ privateKey: leafKey, chain, friendlyName: 'x', password })],
  ];
  for (const [name, data] of inputs) {
    await measure(`read ${name}`, '-', async () => {
      await readContent(data, { password });
    });
  }
  await measure('write PKCS#12', '-', async () => {
    await writePkcs12({ privateKey: leafKey, chain, friendlyName: 'x', password });
  });
}

async function judging(): Promise<void> {
  const { root, intermediate, leaf, rootKey, intermediateKey } = await ordinaryChain();
  const check = { now, clockTrusted: true };
  const strangers = Array.from(
    { length: 200 },
    (_, index): Certificate => ({
      ...root,
      comparableSubject: `stranger ${index}`,
      der: randomBytes(600),
    }),
  );
  await measure('read and order three certificates', '-', () => {
    orderChain([root, leaf, intermediate].map(({ der }) => readCertificate(der)));
  });
  await measure('validate a chain of three as a server would send it', '-', () => {
    validateServerChain({ ...check, chain: [leaf, intermediate, root] });
  });
  await measure('validate a path of three to one of 201 anchors', '-', () => {
    validatePath({ ...check, leaf, intermediates: [intermediate], anchors: [...strangers, root] });
  });
  const lists = [
    await makeRevocationList({ issuer: intermediate, key: intermediateKey }),
    await makeRevocationList({ issuer: root, key: rootKey }),
  ];
  const { privateKey } = await testKey('ec-p256', 'other');
  const client = await issue({
    subject: { commonName: 'client' },
    key: privateKey,
    issuer: { subject: { organization: 'Test', commonName: 'Root' }, key: rootKey },
    extensions: caExtensions(privateKey, rootKey).slice(2),
  });
  const judge = createClientValidator({ anchors: [root], revocationLists: lists, revocationRequired: true });
  await measure('judge a client by anchor and list, once it is known', '-', () => {
    judge([client.der], check);
  });
}

async function keys(): Promise<void> {
  const generator = createKeyGenerator();
  for (const [algorithm, rounds] of [
    ['ec-p256', 20],
    ['ec-p521', 20],
    ['ed25519', 20],
    ['rsa-2048', 8],
    ['rsa-4096', 4],
  ] as const) {
    await measure(`generate a key ${algorithm}`, '-', () => generator.generate(algorithm), rounds);
  }
}

async function measure(name: string, target: string, work: () => unknown, rounds = 40): Promise<void> {
  const times: number[] = [];
  await work();
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    await work();
    times.push(performance.now() - begun);
  }
  process.stdout.write(`${line(name, times, 'ms', target)}\n`);
}
