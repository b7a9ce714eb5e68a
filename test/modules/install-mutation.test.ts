/**
 * Damaged files through the action `install`: each is refused with a typed error in under a second of work, and nothing has
 * changed; or it is taken, and then what is presented is the certificate that the authority signed, with its key.
 */
import assert from 'node:assert/strict';
import { type KeyLike, type KeyObject, sign, verify } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import {
  type Certificate,
  certificatePem,
  fingerprint,
  makeRequest,
  toPem,
  writeEncryptedPrivateKey,
  writePkcs7,
  writePkcs12,
} from '../../src/x509/index.js';
import type { JsonObject } from '../../src/yang/index.js';
import { everyMutation, type Mutation, mutate } from '../x509/mutate.js';
import { seededRandom, testKey } from '../x509/support.js';
import { base64, makeAuthority, newKey } from './authority.js';
import { type Device, device, entry, type FakeListener, refusalOf, serverCertificate } from './support.js';

const long = process.env.SIGNET_LONG === '1';
const seed = 20261127;
const password = 'password';

/** By chance, over all samples; the long run adds every mutation of those that take no derivation of keys. */
const rounds = long ? 3000 : 330;

/** Of processor time, on whatever machine. */
const allowed = 1000;

interface Sample {
  readonly name: string;
  readonly octets: Buffer;
  /** The input of `install` with the damaged octets in the place of the sound ones. */
  readonly input: (damaged: Buffer) => JsonObject;
  /** Takes a derivation of keys. */
  readonly slow?: true;
}

interface Bench {
  readonly it: Device;
  readonly listener: FakeListener;
  /** What the authority signed for the keys of the samples. */
  readonly leaves: readonly Certificate[];
  readonly samples: readonly Sample[];
}

const web = entry('web');

/**
 * `web` presents a certificate whose key is at hand. The samples hold another one of the same authority with a key that the device
 * has not got, and requests, keys and lists that do not belong there at all.
 */
async function makeBench(context: TestContext): Promise<Bench> {
  const { it, listener } = await device(context);
  const authority = await makeAuthority();
  const { intermediate, root } = authority;
  await it.apply([
    ['create', web, { name: 'web' }],
    ['create', "/signet-https:https/trust-anchor[name='root']", { name: 'root', certificate: base64(root) }],
    ['merge', serverCertificate, 'web'],
  ]);
  const served = (await newKey('served')).privateKey;
  const install = { data: certificatePem(await authority.issue(served)) + certificatePem(intermediate) };
  await it.invoke(`${web}/install`, { ...install, 'private-key': pkcs8(served), activate: true });

  const { privateKey } = await newKey('brought along');
  const rsa = (await testKey('rsa-2048')).privateKey;
  const [leaf, rsaLeaf] = [await authority.issue(privateKey), await authority.issue(rsa)];
  const chain = [leaf, intermediate, root];
  const upper = certificatePem(intermediate);
  const pair = certificatePem(leaf) + upper;
  const rsaPair = certificatePem(rsaLeaf) + upper;
  const request = await makeRequest({
    privateKey,
    subject: { commonName: 'device.example.net' },
    subjectAltNames: [],
    signatureHash: 'sha256',
  });
  const bag = writePkcs7(chain);
  const box = await writePkcs12({ privateKey, chain, friendlyName: 'x', password });
  const locked = await writeEncryptedPrivateKey(privateKey, password);
  const asText = (octets: Buffer) => ({ data: octets.toString('utf8') });
  const withKey = (octets: Buffer) => ({
    data: octets.toString('base64'),
    'private-key': pkcs8(privateKey),
    chain: upper,
  });
  const asKey = (label: string, data: string) => (octets: Buffer) => ({
    data,
    password,
    'private-key': toPem(label, octets),
  });
  const opened = (octets: Buffer) => ({ data: octets.toString('base64'), password });
  const samples: readonly Sample[] = [
    { name: 'certificate', octets: leaf.der, input: withKey },
    {
      name: 'RSA certificate',
      octets: rsaLeaf.der,
      input: (octets) => ({ ...withKey(octets), 'private-key': pkcs8(rsa) }),
    },
    {
      name: 'issuer',
      octets: intermediate.der,
      input: (octets) => ({ ...withKey(leaf.der), chain: toPem('CERTIFICATE', octets) }),
    },
    { name: 'chain and key in PEM', octets: Buffer.from(pair + pkcs8(privateKey)), input: asText },
    { name: 'request', octets: request.der, input: withKey },
    { name: 'PKCS#7', octets: bag.der, input: withKey },
    {
      name: 'PKCS#7 in PEM',
      octets: Buffer.from(bag.pem),
      input: (octets) => ({ ...withKey(octets), ...asText(octets) }),
    },
    { name: 'PKCS#8 EC', octets: der(privateKey, 'pkcs8'), input: asKey('PRIVATE KEY', pair) },
    { name: 'SEC 1', octets: der(privateKey, 'sec1'), input: asKey('EC PRIVATE KEY', pair) },
    { name: 'PKCS#8 RSA', octets: der(rsa, 'pkcs8'), input: asKey('PRIVATE KEY', rsaPair) },
    { name: 'PKCS#1', octets: der(rsa, 'pkcs1'), input: asKey('RSA PRIVATE KEY', rsaPair) },
    { name: 'encrypted PKCS#8', octets: locked.der, input: asKey('ENCRYPTED PRIVATE KEY', pair), slow: true },
    { name: 'PKCS#12', octets: box, input: opened, slow: true },
    { name: 'PKCS#12 in PEM', octets: Buffer.from(toPem('PKCS12', box)), input: opened, slow: true },
  ];
  // What is not damaged is taken: otherwise refusals would prove nothing.
  const bench = { it, listener, leaves: [leaf, rsaLeaf], samples };
  for (const sample of samples.filter(({ name }) => name !== 'request')) {
    const judge = await Judge.begin(bench);
    await judge.give(sample, { kind: 'not damaged', octets: sample.octets });
    assert.equal(judge.taken, 1, sample.name);
  }
  return bench;
}

test(`${String(rounds)} damaged files: refused with everything as it was, or what was signed is presented`, {
  timeout: 1_800_000,
}, async (context) => {
  const bench = await makeBench(context);
  const judge = await Judge.begin(bench);
  const random = seededRandom(seed);
  for (let round = 0; round < rounds; round++) {
    const sample = bench.samples[round % bench.samples.length]!;
    await judge.give(sample, mutate(sample.octets, random));
  }
  context.diagnostic(judge.summary());
  assert.ok(judge.refused > rounds / 2, judge.summary());
});

test('every truncation, flipped bit and changed element of what takes no derivation of keys', {
  skip: long ? false : 'in the long run only: npm run test:long',
  timeout: 3_600_000,
}, async (context) => {
  const bench = await makeBench(context);
  const judge = await Judge.begin(bench);
  for (const sample of bench.samples.filter(({ slow }) => slow !== true)) {
    for (const mutation of everyMutation(sample.octets)) await judge.give(sample, mutation);
  }
  context.diagnostic(judge.summary());
  assert.ok(judge.refused > 2000, judge.summary());
});

test('bombs: deep nesting, huge lengths, huge integers, in each input of install', async (context) => {
  const bench = await makeBench(context);
  const judge = await Judge.begin(bench);
  let nested = Buffer.from('0500', 'hex');
  for (let level = 0; level < 5000; level++) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(nested.length);
    nested = Buffer.concat([Buffer.of(0x30, 0x84), length, nested]);
  }
  const bombs = [
    nested,
    Buffer.alloc(400_000, Buffer.from('3080', 'hex')),
    Buffer.from('3088ffffffffffffffff', 'hex'),
    Buffer.concat([Buffer.from('3083080000028307fffb', 'hex'), Buffer.alloc(524_283, 0x7f)]),
    Buffer.concat([Buffer.from('30830f4240', 'hex'), Buffer.alloc(1_000_000, Buffer.from('0500', 'hex'))]),
  ];
  const good = certificatePem(bench.leaves[0]!);
  const inputs: readonly ((octets: Buffer) => JsonObject)[] = [
    (octets) => ({ data: octets.toString('base64') }),
    (octets) => ({ data: toPem('CERTIFICATE', octets) }),
    (octets) => ({ data: octets.toString('base64'), format: 'pkcs12', password }),
    (octets) => ({ data: good, chain: toPem('PKCS7', octets.subarray(0, 700_000)) }),
    (octets) => ({ data: good, 'private-key': toPem('PRIVATE KEY', octets.subarray(0, 45_000)) }),
  ];
  for (const [index, octets] of bombs.entries()) {
    for (const input of inputs)
      await judge.give({ name: `bomb ${String(index)}`, octets, input }, { kind: 'as it is', octets });
  }
  assert.equal(judge.taken, 0, judge.summary());
});

/** Gives files to `install` and holds what follows against what must. */
class Judge {
  refused = 0;
  taken = 0;
  readonly #bench: Bench;
  #baseline: string;
  #before: Picture;
  #slowest = { took: 0, label: '' };

  private constructor(bench: Bench, before: Picture) {
    this.#bench = bench;
    this.#before = before;
    this.#baseline = bench.it.datastore.transaction();
  }

  static async begin(bench: Bench): Promise<Judge> {
    return new Judge(bench, await picture(bench));
  }

  async give(sample: Sample, mutation: Mutation): Promise<void> {
    const { it, listener } = this.#bench;
    const label = `seed ${String(seed)}: ${sample.name}, ${mutation.kind}`;
    const work = process.cpuUsage();
    const refused = await this.#install(sample.input(mutation.octets), label);
    const { user, system } = process.cpuUsage(work);
    const took = (user + system) / 1000;
    if (took > this.#slowest.took) this.#slowest = { took, label };
    assert.ok(took < allowed, `${label}: ${String(Math.round(took))} ms of work`);
    if (refused !== undefined) {
      this.refused += 1;
      // The action tells what is wrong with the file, the datastore what no string can hold.
      assert.match(refused, /^[a-z-]+ \/signet-https:https\/certificate\[name='web'\].*: \S.{3,}/, label);
      assert.deepEqual(await picture(this.#bench), this.#before, label);
      return;
    }
    this.taken += 1;
    const presented = this.#bench.leaves.find((leaf) => fingerprint(leaf) === listener.fingerprint());
    if (presented === undefined) assert.fail(`${label}: what is presented was never signed`);
    const { key } = listener.presented!.credentials;
    assert.ok(isPair(key, presented), `${label}: the key does not belong to the certificate`);
    await it.session.rollback(this.#baseline);
    // The history is bounded; this is the same root, later.
    this.#baseline = it.datastore.transaction();
    // The key that came along goes, so that the next file has to bring its own.
    const [own] = keysOf(it);
    await it.keys.remove((await it.keyFiles()).filter((file) => file !== own));
    this.#before = await picture(this.#bench);
  }

  summary(): string {
    const { took, label } = this.#slowest;
    const counts = `${String(this.refused + this.taken)} files, ${String(this.refused)} refused`;
    return `${counts}; the slowest took ${String(Math.round(took))} ms of work (${label})`;
  }

  /** What it is refused with; undefined where it is taken. Anything but a ConfigError fails the test. */
  async #install(input: JsonObject, label: string): Promise<string | undefined> {
    let isTaken = false;
    try {
      return await refusalOf(async () => {
        await this.#bench.it.invoke(`${web}/install`, { ...input, activate: true });
        isTaken = true;
      });
    } catch (error) {
      if (isTaken) return undefined;
      throw new Error(label, { cause: error });
    }
  }
}

type Picture = readonly unknown[];

/** What a refusal must leave as it was; roots are compared by identity. */
async function picture({ it, listener }: Bench): Promise<Picture> {
  const { config, system } = it.datastore.running();
  return [
    it.datastore.transaction(),
    identity(config),
    identity(system),
    listener.fingerprint(),
    await it.keyFiles(),
    it.events.length,
    it.alarms.stands({ resource: '/signet-https:https', type: 'listener-failed' }),
  ];
}

const identities = new WeakMap<object, number>();
let identified = 0;

function identity(value: object): number {
  const known = identities.get(value) ?? ++identified;
  identities.set(value, known);
  return known;
}

function keysOf(it: Device): readonly string[] {
  return [String((it.get(`${web}/installed`) as JsonObject)['key-id'])];
}

function isPair(key: KeyLike, leaf: Certificate): boolean {
  const text = Buffer.from('signed by the key that is presented');
  return verify('sha256', text, leaf.x509.publicKey, sign('sha256', text, key));
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function der(key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): Buffer {
  return key.export({ type: type as 'pkcs8', format: 'der' });
}
