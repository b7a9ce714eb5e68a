import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { ConfigError } from '../../../src/error.js';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { waitFor } from '../../support/wait.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, text, v3Message, varbind } from './support/raw.js';

const resourceUnavailable = 13;
const createAndGo = 4;

suite('a SET whose commit takes longer than a manager waits', () => {
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
    return tag >= 0x80 ? 'absent' : tag === 4 ? value.toString() : value.toString('hex');
  };
  const column = (number: number, id: number) => `${base}.20.1.${String(number)}.${String(id)}`;
  const make = (id: number) => [varbind(column(200, id), int(createAndGo)), varbind(column(2, id), text('new'))];

  before(async () => {
    lab = await startLab();
    client = new RawClient(lab.port);
    await lab.write('/signet-lab:lab/item', [{ id: 1, label: 'one' }]);
  });
  afterEach(() => {
    lab.gate.wait = undefined;
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  /** Commits wait until the answer is called; then they go on, or fail with what it is given. */
  function close(): (error?: ConfigError) => void {
    let settle: (error?: ConfigError) => void = () => undefined;
    const opened = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    lab.gate.wait = () => opened;
    return (error) => {
      lab.gate.wait = undefined;
      settle(error);
    };
  }

  test('D10: is answered; a new row is notReady until it is done, and its state column says so', async () => {
    const open = close();
    assert.deepEqual(await set(...make(5)), [0, 0]);
    assert.equal(lab.read('/signet-lab:lab/item[id="5"]'), undefined);
    assert.deepEqual(
      [await read(column(200, 5)), await read(column(203, 5)), await read(column(2, 5))],
      ['03', '01', 'new'],
    );
    assert.deepEqual(await set(varbind(column(2, 5), text('other'))), [resourceUnavailable, 1]);
    open();
    await waitFor('the commit', async () => (await read(column(203, 5))) !== '01');
    assert.deepEqual(
      [await read(column(200, 5)), await read(column(203, 5)), await read(column(204, 5))],
      ['01', '02', ''],
    );
    assert.equal(lab.read('/signet-lab:lab/item[id="5"]/label'), 'new');
    assert.deepEqual(await set(varbind(column(2, 5), text('other'))), [0, 0]);
    assert.equal(await read(column(203, 5)), 'absent');
  });

  test('tells by error columns why it failed, and the row is not there', async () => {
    const open = close();
    assert.deepEqual(await set(...make(6)), [0, 0]);
    open(new ConfigError({ tag: 'resource-denied', message: 'no more entropy' }));
    await waitFor('the end', async () => (await read(column(203, 6))) !== '01');
    assert.deepEqual([await read(column(200, 6)), await read(column(203, 6))], ['absent', '03']);
    assert.deepEqual([await read(column(204, 6)), await read(column(206, 6))], ['resource-denied', 'no more entropy']);
    assert.equal(lab.read('/signet-lab:lab/item[id="6"]'), undefined);
  });

  test('a row that is there is notReady while a change of it goes on, and others are not', async () => {
    const open = close();
    assert.deepEqual(await set(varbind(column(2, 1), text('changed'))), [0, 0]);
    assert.deepEqual([await read(column(200, 1)), await read(column(200, 5))], ['03', '01']);
    assert.equal(await read(column(2, 1)), 'one');
    open();
    await waitFor('the commit', async () => (await read(column(200, 1))) === '01');
    assert.equal(await read(column(2, 1)), 'changed');
  });
});
