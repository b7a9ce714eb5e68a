/** Nodes with a `when`, over SNMP. */
import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { conditionalSchema, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, v3Message, varbind } from './support/raw.js';

const base = '1.3.6.1.4.1.32473.1.97';
const status = { inconsistentValue: 12 };
const [active, notReady] = [int(1), int(3)];
const [createAndGo, createAndWait] = [int(4), int(5)];
const [a, b] = [int(0), int(1)];
const gauge = 0x42;

suite('nodes with a when over SNMP', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  const key = localizeKey('sha256', passPhrase, engineId);
  const ask = (kind: number, varbinds: readonly Buffer[]) => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    return client.request(v3Message(keys, pdu(kind, requestId++, varbinds)), key);
  };
  const set = async (...varbinds: readonly Buffer[]) => {
    const answer = await ask(pduType.set, varbinds);
    return [answer.status, answer.index];
  };
  const read = async (name: string): Promise<string> => {
    const { tag, value } = (await ask(pduType.get, [varbind(name)])).varbinds[0]!;
    return tag >= 0x80 ? 'absent' : value.toString('hex');
  };
  const cell = (column: number, row: number) => `${base}.10.1.${String(column)}.${String(row)}`;
  const rowStatus = (row: number, value: Buffer) => varbind(cell(200, row), value);

  before(async () => {
    lab = await startLab({ schema: conditionalSchema() });
    client = new RawClient(lab.port);
  });
  afterEach(() => lab.remove('/signet-conditional:conditional'));
  after(async () => {
    client.close();
    await lab.close();
  });

  test('a default whose when is false has no instance (RFC 7950 7.21.5)', async () => {
    await lab.write('/signet-conditional:conditional/from', 1);
    assert.deepEqual([await read(`${base}.2.0`), await read(`${base}.3.0`)], ['absent', 'absent']);
    const { varbinds } = await ask(pduType.getNext, [varbind(`${base}.1.0`)]);
    assert.notDeepEqual(varbinds[0]?.name, `${base}.2.0`);
    await lab.write('/signet-conditional:conditional/from', 4);
    assert.deepEqual([await read(`${base}.2.0`), await read(`${base}.3.0`)], ['09', '07']);
  });

  test('nor has it in the rows of a table', async () => {
    await lab.write('/signet-conditional:conditional/row', [
      { id: 1 },
      { id: 2, kind: 'b', 'of-b': 5, more: { 'of-b-too': 6 } },
      { id: 3 },
    ]);
    assert.deepEqual([await read(cell(3, 1)), await read(cell(3, 2))], ['01', 'absent']);
    const { varbinds } = await ask(pduType.getNext, [varbind(cell(3, 1))]);
    assert.equal(varbinds[0]?.name, cell(3, 3));
  });

  test('RFC 7950 7.6.5: a mandatory leaf is asked for only in rows where its when is true', async () => {
    assert.deepEqual(await set(rowStatus(1, createAndGo), varbind(cell(2, 1), a)), [0, 0]);
    assert.deepEqual(lab.read('/signet-conditional:conditional/row[id="1"]/kind'), 'a');
    assert.deepEqual(await set(rowStatus(2, createAndGo), varbind(cell(2, 2), b)), [status.inconsistentValue, 1]);
    const cells = [varbind(cell(4, 2), int(5, gauge)), varbind(cell(5, 2), int(6, gauge))];
    assert.deepEqual(await set(rowStatus(2, createAndGo), varbind(cell(2, 2), b), ...cells), [0, 0]);
  });

  test('a row under construction becomes active without it', async () => {
    assert.deepEqual(await set(rowStatus(1, createAndWait)), [0, 0]);
    assert.notEqual(await read(cell(200, 1)), notReady.subarray(-1).toString('hex'));
    assert.deepEqual(await set(rowStatus(1, active)), [0, 0]);
    assert.deepEqual(await set(rowStatus(2, createAndWait), varbind(cell(2, 2), b)), [0, 0]);
    assert.deepEqual(await set(rowStatus(2, active)), [status.inconsistentValue, 1]);
  });
});
