import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import {
  type Answer,
  int,
  pdu,
  type as pduType,
  RawClient,
  seq,
  text,
  type V3,
  v3Message,
  varbind,
} from './support/raw.js';

const usmStats = '1.3.6.1.6.3.15.1.1';

suite('user-based security (RFC 3414 section 3.2)', () => {
  let lab: Lab;
  let client: RawClient;
  const key = localizeKey('sha256', passPhrase, engineId);
  const full: V3 = { engineId, boots: 7, time: 100, flags: 7, user: 'admin', authKey: key, privKey: key };
  const get = pdu(pduType.get, 55, [varbind(`${base}.13.0`)]);
  const send = (options: V3, body = get): Promise<Answer> => client.request(v3Message(options, body), key);
  const isReport = (answer: Answer, name: string, flags: number) => {
    assert.equal(answer.type, pduType.report);
    assert.equal(answer.varbinds[0]?.name, `${name}.0`);
    assert.equal(answer.flags, flags);
    assert.equal(answer.varbinds[0]?.tag, 0x41);
    return Number(answer.varbinds[0].number);
  };

  before(async () => {
    lab = await startLab();
    client = new RawClient(lab.port);
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  for (const [name, kind] of Object.entries({ GET: 0xa0, GETNEXT: 0xa1, SET: 0xa3, GETBULK: 0xa5 })) {
    test(`U1: discovery by ${name} is answered with the engine ID, boots and time`, async () => {
      const answer = await send({}, pdu(kind, 99, []));
      isReport(answer, `${usmStats}.4`, 0);
      assert.deepEqual(answer.engineId, engineId);
      assert.equal(answer.boots, 7);
      assert.ok(answer.time >= 100);
      assert.equal(answer.requestId, 99);
    });
  }

  test('U9: no Report without the reportable flag, and none to what is not confirmed', async () => {
    assert.ok(await client.isSilent(v3Message({ flags: 0 }, get)));
    assert.ok(await client.isSilent(v3Message({ flags: 4 }, pdu(pduType.trap, 1, []))));
    assert.ok(await client.isSilent(v3Message({ flags: 4 }, pdu(pduType.report, 1, []))));
  });

  test('U9: counters count', async () => {
    const one = isReport(await send({}), `${usmStats}.4`, 0);
    const two = isReport(await send({}), `${usmStats}.4`, 0);
    assert.equal(two, one + 1);
  });

  test('U2: another engine ID is refused before anything else', async () => {
    const foreign = Buffer.from('80001f8805aabbccdd', 'hex');
    const foreignKey = localizeKey('sha256', passPhrase, foreign);
    isReport(await send({ ...full, engineId: foreign, authKey: foreignKey, privKey: foreignKey }), `${usmStats}.4`, 0);
  });

  test('unknown users are reported', async () => {
    isReport(await send({ engineId, user: 'nobody', flags: 4 }), `${usmStats}.3`, 0);
    isReport(await send({ ...full, user: 'nobody' }), `${usmStats}.3`, 0);
  });

  test('U7: a level that the keys cannot provide is unsupportedSecLevels', async () => {
    isReport(await send({ ...full, user: 'none' }), `${usmStats}.1`, 0);
    isReport(await send({ ...full, user: 'authonly' }), `${usmStats}.1`, 0);
  });

  test('U6: a wrong digest is reported', async () => {
    isReport(await send({ ...full, authKey: Buffer.alloc(32, 1) }), `${usmStats}.5`, 0);
    const message = v3Message(full, get);
    message[message.length - 1]! ^= 1;
    isReport(await client.request(message), `${usmStats}.5`, 0);
  });

  test('a digest of another length is a wrong one', async () => {
    const parameters = text(seq(text(engineId), int(7), int(100), text('admin'), text(Buffer.alloc(12)), text('')));
    const message = seq(
      int(3),
      seq(int(1), int(65507), text(Buffer.from([5])), int(3)),
      parameters,
      seq(text(engineId), text(''), get),
    );
    isReport(await client.request(message), `${usmStats}.5`, 0);
  });

  test('U4, U9: outside the time window the Report is authenticated', async () => {
    for (const wrong of [
      { boots: 6 },
      { boots: 8 },
      { boots: 0, time: 0 },
      { time: 100 + 200 },
      { time: 0 - 0, boots: 6 },
    ]) {
      const answer = await send({ ...full, ...wrong });
      isReport(answer, `${usmStats}.2`, 1);
      assert.equal(answer.boots, 7);
      assert.deepEqual(answer.digest, digestOf(answer, key));
    }
  });

  test('U4: a captured SET is refused once it is 150 seconds old', async () => {
    const message = v3Message(full, pdu(pduType.set, 1234, [varbind(`${base}.3.0`, int(42))]));
    assert.equal((await client.request(message, key)).status, 0);
    await lab.write('/signet-lab:lab/number', 1);
    lab.clock.ahead += 165;
    isReport(await client.request(message), `${usmStats}.2`, 1);
    assert.equal(lab.read('/signet-lab:lab/number'), 1);
    lab.clock.ahead -= 165;
  });

  test('U8: what is not authentic is not decrypted', async () => {
    const before = lab.snmp.counters.usmStatsDecryptionErrors;
    isReport(await send({ ...full, authKey: Buffer.alloc(32, 1), privKey: Buffer.alloc(16, 1) }), `${usmStats}.5`, 0);
    assert.equal(lab.snmp.counters.usmStatsDecryptionErrors, before);
  });

  test('U10: a wrong privacy key is met with silence, and counted', async () => {
    const before = lab.snmp.counters.usmStatsDecryptionErrors;
    assert.ok(await client.isSilent(v3Message({ ...full, privKey: Buffer.alloc(16, 1) }, get)));
    assert.equal(lab.snmp.counters.usmStatsDecryptionErrors, before + 1);
  });

  test('U7: a level below what the keys provide is authorizationError', async () => {
    const answer = await send({ ...full, flags: 5 });
    assert.deepEqual([answer.type, answer.status, answer.index], [pduType.response, 16, 0]);
    assert.equal((await send({ engineId, user: 'admin', flags: 4 })).status, 16);
    assert.equal((await send({ engineId, user: 'none', flags: 4 })).status, 0);
    assert.equal((await send({ ...full, user: 'authonly', flags: 5 })).status, 0);
  });

  test('A2: an unknown context is reported, a foreign contextEngineID as well', async () => {
    isReport(await send({ ...full, contextName: 'other' }), '1.3.6.1.6.3.12.1.5', 3);
    isReport(await send({ ...full, contextEngineId: Buffer.from('80001f8805aa', 'hex') }), '1.3.6.1.6.3.11.2.1.3', 3);
  });

  test('privacy without authentication, another security model and an unknown version get nothing', async () => {
    assert.ok(await client.isSilent(v3Message({ ...full, flags: 6 }, get)));
    assert.ok(await client.isSilent(v3Message({ ...full, securityModel: 2 }, get)));
    assert.ok(await client.isSilent(seq(int(2), text('look'), get)));
  });

  test('P2: msgMaxSize is honoured: tooBig without varbinds, or a shorter GETBULK', async () => {
    const names = Array.from({ length: 100 }, () => varbind(`${base}.13.0`));
    const answer = await send({ ...full, maxSize: 600 }, pdu(pduType.get, 1, names));
    assert.deepEqual([answer.status, answer.index, answer.varbinds.length], [1, 0, 0]);
    let longest = 0;
    // one that its slice of time has cut, for the machine is busy, tells nothing
    for (let attempt = 0; attempt < 20 && longest <= 5; attempt++) {
      const bulk = await send({ ...full, maxSize: 600 }, pdu(pduType.getBulk, 1, [varbind('1.3.6.1')], 0, 100));
      assert.ok(bulk.octets.length <= 600);
      longest = Math.max(longest, bulk.varbinds.length);
    }
    assert.ok(longest > 5);
    const set = await send(
      { ...full, maxSize: 600 },
      pdu(
        pduType.set,
        1,
        Array.from({ length: 60 }, () => varbind(`${base}.3.0`, int(9))),
      ),
    );
    assert.equal(set.status, 1);
    assert.notEqual(lab.read('/signet-lab:lab/number'), 9);
  });

  test('the salt differs from message to message', async () => {
    const salts = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const { octets } = await send(full);
      salts.add(octets.toString('hex').slice(0, 260));
    }
    assert.equal(salts.size, 20);
  });

  test('boots of 2147483647 block authenticated traffic (RFC 3414 section 2.2)', async () => {
    const stuck = await startLab({ boots: 2_147_483_647 });
    const other = new RawClient(stuck.port);
    try {
      assert.ok(await other.isSilent(v3Message({ ...full, boots: 2_147_483_647 }, get)));
      assert.equal((await other.request(v3Message({ engineId, user: 'none', flags: 4 }, get))).status, 0);
    } finally {
      other.close();
      await stuck.close();
    }
  });
});

/** The digest that an answer should have. */
function digestOf(answer: Answer, key: Buffer): Buffer {
  const zeroed = Buffer.from(answer.octets);
  const at = zeroed.indexOf(answer.digest);
  zeroed.fill(0, at, at + answer.digest.length);
  return createHmac('sha256', key).update(zeroed).digest().subarray(0, 24);
}
