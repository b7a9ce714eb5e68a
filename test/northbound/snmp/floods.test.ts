/** What many messages of the same hostile kind cost: counted, not timed. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { after, before, mock, suite, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import { parse, pdu, type as pduType, RawClient, type V3, v2c, v3Message, varbind } from './support/raw.js';

const count = process.env['SIGNET_LONG'] === '1' ? 100_000 : 5000;

suite('floods', () => {
  let lab: Lab;
  let client: RawClient;
  const lines: string[] = [];
  const traps = createSocket('udp4');
  const key = localizeKey('sha256', passPhrase, engineId);
  const full: V3 = { engineId, boots: 7, time: 100, flags: 7, user: 'admin', authKey: key, privKey: key };
  const get = pdu(pduType.get, 5, [varbind(`${base}.13.0`)]);

  before(async () => {
    traps.bind(0, '127.0.0.1');
    await once(traps, 'listening');
    lab = await startLab({ fromTree: true, log: (_, message) => lines.push(message) });
    await lab.write('/ietf-snmp:snmp', {
      engine: { 'enable-authen-traps': true },
      community: [{ index: 'look', 'security-name': 'admin' }],
      'target-params': [{ name: 'p', v2c: { 'security-name': 'admin' } }],
      target: [{ name: 't', udp: { ip: '127.0.0.1', port: traps.address().port }, tag: ['all'], 'target-params': 'p' }],
      notify: [{ name: 'n', tag: 'all' }],
    });
    client = new RawClient(lab.port);
    setFlagsFromString('--expose-gc');
  });
  after(async () => {
    client.close();
    traps.close();
    await lab.close();
  });
  const heap = () => {
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed;
  };
  /** Sends one message after the other, each once the last was dealt with. */
  const flood = async (messages: number, make: (at: number) => Buffer): Promise<void> => {
    for (let at = 0; at < messages; at += 1) {
      if (at % 50 === 49) assert.ok(await client.isSilent(make(at)), 'no answer behind the flood');
      else client.send(make(at));
    }
  };
  /** How often what costs was called while `work` ran. */
  const costly = async (work: () => Promise<void>): Promise<Record<string, number>> => {
    const names = ['createHash', 'createHmac', 'createCipheriv', 'createDecipheriv', 'createSecretKey'] as const;
    const mocks = names.map((name) => mock.method(crypto, name));
    syncBuiltinESMExports();
    try {
      await work();
      return Object.fromEntries(names.map((name, at) => [name, mocks[at]!.mock.callCount()]));
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
  };
  const nothing = { createHash: 0, createHmac: 0, createCipheriv: 0, createDecipheriv: 0, createSecretKey: 0 };

  const hostile: Readonly<Record<string, (at: number) => Buffer>> = {
    'U3: engine IDs that are not ours, with the name of a user': (at) => {
      const foreign = Buffer.from(`80001f8805${at.toString(16).padStart(8, '0')}`, 'hex');
      return v3Message({ ...full, flags: 3, engineId: foreign }, get);
    },
    'U3: names of no user': (at) => v3Message({ ...full, flags: 3, user: `nobody ${String(at)}` }, get),
    'a level that no user has keys for': () => v3Message({ ...full, flags: 3, user: 'none' }, get),
  };
  for (const [name, make] of Object.entries(hostile)) {
    test(`${name}: no hash, no key, no cipher, and nothing stays`, async () => {
      // the messages themselves are made before, for that hashes
      const messages = Array.from({ length: 500 }, (_, at) => make(at));
      await flood(500, (at) => messages[at]!);
      const calls = await costly(() => flood(500, (at) => messages[at]!));
      assert.deepEqual(calls, nothing);
      const begun = heap();
      await flood(count, (at) => make(at + 1000));
      const grown = heap() - begun;
      assert.ok(grown < 2_000_000, `${String(grown)} octets for ${String(count)} messages`);
    });
  }

  test('U8: digests that are wrong cost one HMAC each and no cipher', async () => {
    const messages = Array.from({ length: 200 }, (_, at) =>
      v3Message({ ...full, flags: 3, msgId: at, authKey: Buffer.alloc(32, 1) }, get),
    );
    // the keys of a user are made ready once
    await client.isSilent(messages[0]!);
    const before = lab.snmp.counters.usmStatsWrongDigests;
    const calls = await costly(() => flood(200, (at) => messages[at]!));
    assert.deepEqual(calls, { ...nothing, createHmac: 200 });
    assert.equal(lab.snmp.counters.usmStatsWrongDigests - before, 200);
  });

  test('a message that is replayed is a read again; a SET runs once, however often', async () => {
    const set = v3Message(
      { ...full, time: 101 },
      pdu(pduType.set, 77, [varbind(`${base}.4.0`, Buffer.from('04017a', 'hex'))]),
    );
    const before = lab.datastore.running();
    for (let at = 0; at < 100; at += 1) {
      const answer = await client.request(set, key);
      assert.deepEqual([answer.requestId, answer.status], [77, 0]);
    }
    const between = lab.datastore.history();
    assert.equal(lab.read('/signet-lab:lab/text'), 'z');
    assert.notEqual(lab.datastore.running(), before);
    await lab.write('/signet-lab:lab/text', 'after');
    assert.equal((await client.request(set, key)).status, 0);
    assert.equal(lab.read('/signet-lab:lab/text'), 'after');
    assert.equal(lab.datastore.history().length, between.length + 1);
  });

  test('A3: guessed communities are counted; the log gets no line, and targets one authenticationFailure in a second', async () => {
    const oids: string[] = [];
    traps.on('message', (message: Buffer) => {
      const second = parse(message).varbinds[1];
      oids.push(second?.value.toString('hex') ?? '');
    });
    const begun = heap();
    const logged = lines.length;
    const counted = lab.snmp.counters.snmpInBadCommunityNames;
    const started = performance.now();
    await flood(count, (at) => v2c(get, `guess ${String(at)}`));
    const seconds = (performance.now() - started) / 1000;
    assert.equal(lab.snmp.counters.snmpInBadCommunityNames - counted, count);
    assert.deepEqual(lines.slice(logged), []);
    const failures = oids.filter((oid) => oid === '2b0601060301010505');
    assert.ok(
      failures.length >= 1 && failures.length <= 1 + seconds,
      `${String(failures.length)} in ${String(seconds)} s`,
    );
    assert.ok(heap() - begun < 2_000_000);
  });

  test('octets of no message leave the log alone', async () => {
    const logged = lines.length;
    await flood(2000, (at) => Buffer.from([0x30, 0x82, at >> 8, at & 0xff, 0xff]));
    assert.deepEqual(lines.slice(logged), []);
    assert.equal(lab.snmp.counters.internalErrors, 0);
  });
});
