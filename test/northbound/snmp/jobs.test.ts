import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { waitFor } from '../../support/wait.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, text, v2c, v3Message, varbind } from './support/raw.js';

const status = {
  inconsistentValue: 12,
  wrongValue: 10,
  notWritable: 17,
  inconsistentName: 18,
  resourceUnavailable: 13,
};
const rowStatus = { active: 1, createAndGo: 4, createAndWait: 5, destroy: 6 };
const state = { running: '01', done: '02', failed: '03' };
const sha256 = (octets: string | Buffer) => createHash('sha256').update(octets).digest();

suite('rpcs and actions as tables of jobs', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  let number = 0;
  const key = localizeKey('sha256', passPhrase, engineId);
  const ask = (kind: number, varbinds: readonly Buffer[], first = 0, second = 0) => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    return client.request(v3Message(keys, pdu(kind, requestId++, varbinds, first, second)), key);
  };
  const set = async (...varbinds: readonly Buffer[]) => {
    const answer = await ask(pduType.set, varbinds);
    return [answer.status, answer.index];
  };
  const read = async (name: string): Promise<string> => {
    const { tag, value } = (await ask(pduType.get, [varbind(name)])).varbinds[0]!;
    return tag >= 0x80 ? 'absent' : tag === 4 ? value.toString() : value.toString('hex');
  };
  /** A column of a job of the action on item `id`, by owner `me`. */
  const weigh = (column: number, id = 2, job = number) =>
    `${base}.30.1.${String(column)}.${String(id)}.2.109.101.${String(job)}`;
  const wait = (column: number, job = number) => `${base}.31.1.${String(column)}.2.109.101.${String(job)}`;
  const ended = (name: string) => waitFor('the end of the job', async () => (await read(name)) !== state.running);

  before(async () => {
    lab = await startLab();
    client = new RawClient(lab.port);
  });
  beforeEach(async () => {
    number += 1;
    await lab.write('/signet-lab:lab/item', [
      { id: 2, label: 'two' },
      { id: 101, label: 'heavy' },
    ]);
  });
  afterEach(async () => {
    await lab.remove('/signet-lab:lab');
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  test('createAndGo invokes with the inputs of its PDU; output leafs are columns, the whole is JSON in segments', async () => {
    const go = varbind(weigh(200), int(rowStatus.createAndGo));
    assert.deepEqual(await set(varbind(weigh(1), int(0)), go), [0, 0]);
    await ended(weigh(203));
    assert.equal(await read(weigh(203)), state.done);
    assert.equal(await read(weigh(200)), '01');
    assert.equal(await read(weigh(10)), '07d0');
    assert.equal(await read(weigh(204)), '');
    const segment = (at: number) => `${base}.400.30.207.1.2.2.2.109.101.${String(number)}.${String(at)}`;
    const { varbinds } = await ask(pduType.get, [varbind(segment(1)), varbind(segment(2))]);
    const json = Buffer.concat(varbinds.map(({ value }) => value)).toString();
    const output = JSON.parse(json) as { weight: number; report: string; reading: number[] };
    assert.deepEqual([output.weight, output.reading, output.report.length], [2000, [2000, 2001], 1200]);
    const digest = (await ask(pduType.get, [varbind(weigh(207))])).varbinds[0]?.value;
    assert.deepEqual(digest, sha256(json));
  });

  test('createAndWait takes the inputs one by one, long ones in segments, and never shows them', async () => {
    const remark = 'long '.repeat(100);
    assert.deepEqual(await set(varbind(weigh(200), int(rowStatus.createAndWait))), [0, 0]);
    assert.equal(await read(weigh(200)), '03');
    assert.deepEqual(await set(varbind(weigh(200), int(rowStatus.active))), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(varbind(weigh(1), int(1))), [0, 0]);
    assert.equal(await read(weigh(200)), '02');
    const segment = `${base}.400.30.2.1.2.2.2.109.101.${String(number)}.1`;
    assert.deepEqual(await set(varbind(segment, text(remark))), [0, 0]);
    assert.deepEqual(await set(varbind(weigh(2), text(sha256(remark)))), [0, 0]);
    assert.deepEqual([await read(weigh(1)), await read(weigh(2)), await read(segment)], ['absent', 'absent', 'absent']);
    assert.equal(await read(weigh(203)), 'absent');
    assert.deepEqual(await set(varbind(weigh(200), int(rowStatus.active))), [0, 0]);
    await ended(weigh(203));
    const report = await ask(pduType.get, [varbind(`${base}.400.30.11.1.2.2.2.109.101.${String(number)}.1`)]);
    assert.match(report.varbinds[0]!.value.toString(), /^long long /u);
    assert.deepEqual([await read(weigh(1)), await read(weigh(2))], ['absent', 'absent']);
  });

  test('lists and leaf-lists of the input are written as JSON arrays in segments', async () => {
    const witnesses = JSON.stringify(['Anna', 'Bert']);
    const tares = JSON.stringify([{ name: 'box', weight: 7 }, { name: 'lid' }]);
    assert.deepEqual(await set(varbind(weigh(200), int(rowStatus.createAndWait))), [0, 0]);
    const segment = (column: number) => `${base}.400.30.${String(column)}.1.2.2.2.109.101.${String(number)}.1`;
    const write = (column: number, json: string) =>
      set(varbind(segment(column), text(json)), varbind(weigh(column), text(sha256(json))));
    assert.deepEqual(await write(5, witnesses), [0, 0]);
    assert.deepEqual(await write(4, tares), [0, 0]);
    for (const bad of ['["Anna"', '"Anna"', '[5]', '[""]'])
      assert.deepEqual(await write(5, bad), [status.wrongValue, 2], bad);
    assert.deepEqual(await write(4, '[{"name": "box", "colour": "red"}]'), [status.wrongValue, 2]);
    assert.deepEqual(await set(varbind(weigh(1), int(0)), varbind(weigh(200), int(rowStatus.active))), [0, 0]);
    await ended(weigh(203));
    const report = await ask(pduType.get, [varbind(`${base}.400.30.11.1.2.2.2.109.101.${String(number)}.1`)]);
    const input = JSON.parse(report.varbinds[0]!.value.toString().replace(/\.*$/u, '')) as Record<string, unknown>;
    assert.deepEqual(input['witness'], ['Anna', 'Bert']);
    assert.deepEqual(input['options'], { twice: false, tare: [{ name: 'box', weight: 7 }, { name: 'lid' }] });
    assert.deepEqual([await read(weigh(4)), await read(weigh(5))], ['absent', 'absent']);
  });

  test('what the operation refuses stands in the job: tag, path and text', async () => {
    const go = varbind(weigh(200, 101), int(rowStatus.createAndGo));
    assert.deepEqual(await set(varbind(weigh(1, 101), int(0)), go), [0, 0]);
    await ended(weigh(203, 101));
    assert.equal(await read(weigh(203, 101)), state.failed);
    assert.equal(await read(weigh(204, 101)), 'resource-denied');
    assert.match(await read(weigh(205, 101)), /item\[id='101'\]/u);
    assert.equal(await read(weigh(206, 101)), 'too heavy for the scale');
    assert.equal(await read(weigh(10, 101)), 'absent');
  });

  test('a job is refused before it starts: no such row, no mandatory input, a wrong value, a second of that name', async () => {
    const unit = (id: number) => varbind(weigh(1, id), int(0));
    const go = (id: number) => varbind(weigh(200, id), int(rowStatus.createAndGo));
    assert.deepEqual(await set(unit(77), go(77)), [status.inconsistentName, 2]);
    assert.deepEqual(await set(go(2)), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(go(2), varbind(weigh(1), int(9))), [status.wrongValue, 2]);
    assert.deepEqual(await set(unit(2)), [status.inconsistentName, 1]);
    assert.deepEqual(await set(varbind(weigh(200), int(rowStatus.active))), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(varbind(weigh(10), int(1, 0x42))), [status.notWritable, 1]);
    assert.equal(await read(weigh(200)), 'absent');
    assert.deepEqual(await set(unit(2), go(2)), [0, 0]);
    assert.deepEqual(await set(unit(2), go(2)), [status.inconsistentValue, 2]);
    await ended(weigh(203));
    assert.deepEqual(await set(unit(2)), [status.inconsistentValue, 1]);
  });

  test('a job begins only when the transaction of its PDU is done', async () => {
    const bad = varbind(`${base}.11.0`, int(3));
    const go = varbind(wait(200), int(rowStatus.createAndGo));
    assert.deepEqual(await set(go, bad), [status.inconsistentValue, 2]);
    assert.equal(await read(wait(200)), 'absent');
  });

  test('stations that use different owners do not meet; destroy ends a job that runs', async () => {
    const other = `${base}.31.1.200.3.121.111.117.${String(number)}`;
    assert.deepEqual(await set(varbind(wait(200), int(rowStatus.createAndGo))), [0, 0]);
    assert.deepEqual(await set(varbind(other, int(rowStatus.createAndGo))), [0, 0]);
    assert.equal(await read(wait(203)), state.running);
    assert.deepEqual(await set(varbind(wait(200), int(rowStatus.destroy))), [0, 0]);
    assert.equal(await read(wait(200)), 'absent');
    assert.equal(await read(other), '01');
    assert.deepEqual(await set(varbind(other, int(rowStatus.destroy))), [0, 0]);
  });

  test('jobs are bounded: those that have ended make room, those that run do not', async () => {
    const go = (job: number) => varbind(wait(200, job), int(rowStatus.createAndGo));
    const made: number[] = [];
    let last: number[] = [0, 0];
    for (let job = 1000; last[0] === 0 && job < 1100; job += 1) {
      last = await set(go(job));
      if (last[0] === 0) made.push(job);
    }
    assert.deepEqual(last, [status.resourceUnavailable, 1]);
    assert.equal(made.length, 64);
    for (const job of made) assert.deepEqual(await set(varbind(wait(200, job), int(rowStatus.destroy))), [0, 0]);
    assert.deepEqual(await set(go(1200)), [0, 0]);
    assert.deepEqual(await set(varbind(wait(200, 1200), int(rowStatus.destroy))), [0, 0]);
  });

  test('a community starts nothing', async () => {
    const answer = await client.request(v2c(pdu(pduType.set, 1, [varbind(wait(200), int(rowStatus.createAndGo))])));
    assert.deepEqual([answer.status, answer.index], [6, 1]);
  });
});
