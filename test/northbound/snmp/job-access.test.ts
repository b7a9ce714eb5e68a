import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { parsePath } from '../../../src/yang/index.js';
import { waitFor } from '../../support/wait.js';
import { labOid as base, engineId, type Lab, type Protocols, passPhrase, startLab } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, text, v3Message, varbind } from './support/raw.js';

const noAccess = 6;
const rowStatus = { active: 1, createAndGo: 4, createAndWait: 5, destroy: 6 };
const sha256 = (octets: string) => createHash('sha256').update(octets).digest();
const both: Protocols = { auth: 'sha256', priv: 'aes128' };

suite('access control (RFC 8341) of what stands beside the datastore: jobs and rows under construction', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  const key = localizeKey('sha256', passPhrase, engineId);
  const ask = (user: string, kind: number, varbinds: readonly Buffer[]) => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user };
    return client.request(v3Message(keys, pdu(kind, requestId++, varbinds)), key);
  };
  const set = async (user: string, ...varbinds: readonly Buffer[]) => {
    const { status, index } = await ask(user, pduType.set, varbinds);
    return [status, index];
  };
  const read = async (user: string, name: string): Promise<string> => {
    const { tag, value } = (await ask(user, pduType.get, [varbind(name)])).varbinds[0]!;
    return tag >= 0x80 ? 'absent' : tag === 4 ? value.toString() : value.toString('hex');
  };
  const next = async (user: string, name: string) =>
    (await ask(user, pduType.getNext, [varbind(name)])).varbinds[0]!.name;
  /** A column of job 1 of owner `me` that weighs item `id`, and the first segment of one. */
  const weigh = (column: number, id: number) => `${base}.30.1.${String(column)}.${String(id)}.2.109.101.1`;
  const segment = (column: number, id: number) => `${base}.400.30.${String(column)}.1.2.${String(id)}.2.109.101.1.1`;
  const go = (id: number) => [varbind(weigh(1, id), int(0)), varbind(weigh(200, id), int(rowStatus.createAndGo))];
  const item = (column: number, id = 9) => `${base}.20.1.${String(column)}.${String(id)}`;
  const step = (column: number) => `${base}.23.1.${String(column)}.7`;

  before(async () => {
    lab = await startLab({ users: { ada: both, olga: both, vic: both } });
    client = new RawClient(lab.port);
    await lab.write('/signet-lab:lab/item', [
      { id: 2, label: 'two' },
      { id: 3, label: 'three' },
    ]);
    const rule = (name: string, path: string | undefined, operations: string) => ({
      name,
      ...(path === undefined ? {} : { path }),
      'access-operations': operations,
      action: 'permit',
    });
    await lab.write('/ietf-netconf-acm:nacm', {
      'enable-nacm': true,
      'exec-default': 'deny',
      groups: {
        group: [
          { name: 'admins', 'user-name': ['ada'] },
          { name: 'operators', 'user-name': ['olga'] },
          { name: 'viewers', 'user-name': ['vic'] },
        ],
      },
      'rule-list': [
        { name: 'admins', group: ['admins'], rule: [rule('all', undefined, '*')] },
        {
          name: 'operators',
          group: ['operators'],
          rule: [
            rule('weigh', "/signet-lab:lab/item[id='3']/weigh", 'exec'),
            rule('steps', '/signet-lab:lab/step', 'create update delete'),
          ],
        },
      ],
    });
  });
  afterEach(async () => {
    for (const id of [2, 3]) await set('ada', varbind(weigh(200, id), int(rowStatus.destroy)));
    for (const name of [item(200), step(200)]) await set('ada', varbind(name, int(rowStatus.destroy)));
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  test('a job that another user started is not seen: columns, result and segments', async () => {
    assert.deepEqual(await set('ada', ...go(2)), [0, 0]);
    await waitFor('the job', async () => (await read('ada', weigh(203, 2))) === '02');
    const names = [200, 203, 204, 10, 207].map((column) => weigh(column, 2));
    for (const name of [...names, segment(207, 2), segment(11, 2)]) {
      assert.notEqual(await read('ada', name), 'absent', name);
      for (const user of ['vic', 'olga']) assert.equal(await read(user, name), 'absent', `${user} ${name}`);
    }
    for (const table of [`${base}.30`, `${base}.400.30`]) {
      assert.match(await next('ada', table), new RegExp(`^${table.replaceAll('.', '\\.')}\\.`, 'u'));
      assert.doesNotMatch(await next('vic', table), new RegExp(`^${table.replaceAll('.', '\\.')}\\.`, 'u'));
    }
  });

  test('it is seen and ended by whoever may invoke the same, of that entry', async () => {
    assert.deepEqual(await set('ada', ...go(3)), [0, 0]);
    await waitFor('the job', async () => (await read('ada', weigh(203, 3))) === '02');
    assert.equal(await read('olga', weigh(203, 3)), '02');
    assert.notEqual(await read('olga', segment(11, 3)), 'absent');
    assert.deepEqual(await set('vic', varbind(weigh(200, 3), int(rowStatus.destroy))), [noAccess, 1]);
    assert.equal(await read('ada', weigh(203, 3)), '02');
    assert.deepEqual(await set('olga', varbind(weigh(200, 3), int(rowStatus.destroy))), [0, 0]);
    assert.equal(await read('ada', weigh(203, 3)), 'absent');
  });

  test('RFC 3416 4.2.5: who may not invoke it gets noAccess before anything is made, and the refusal is counted', async () => {
    const counter = '/ietf-netconf-acm:nacm/denied-operations';
    const session = lab.datastore.session({ user: '', protocol: 'local', address: '' });
    const denied = () => Number(session.leaf(parsePath(lab.schema, counter)));
    const before = denied();
    assert.deepEqual(await set('vic', ...go(2)), [noAccess, 2]);
    assert.deepEqual(await set('olga', ...go(2)), [noAccess, 2]);
    assert.deepEqual(await set('olga', varbind(weigh(200, 2), int(rowStatus.createAndWait))), [noAccess, 1]);
    assert.equal(denied(), before + 3);
    session.close();
    // whether the entry or the job is there makes no difference
    assert.deepEqual(await set('vic', varbind(weigh(200, 77), int(rowStatus.createAndWait))), [noAccess, 1]);
    assert.deepEqual(await set('vic', varbind(weigh(200, 2), int(rowStatus.destroy))), [noAccess, 1]);
    assert.equal(await read('ada', weigh(200, 2)), 'absent');
    assert.deepEqual(await set('olga', ...go(3)), [0, 0]);
  });

  test('inputs and segments of a job are set by nobody else', async () => {
    assert.deepEqual(await set('ada', varbind(weigh(200, 2), int(rowStatus.createAndWait))), [0, 0]);
    assert.equal(await read('olga', weigh(200, 2)), 'absent');
    assert.deepEqual(await set('olga', varbind(weigh(1, 2), int(0))), [noAccess, 1]);
    assert.deepEqual(await set('olga', varbind(weigh(200, 2), int(rowStatus.active))), [noAccess, 1]);
    assert.deepEqual(await set('olga', varbind(segment(2, 2), text('remark'))), [noAccess, 1]);
    assert.equal(await read('ada', weigh(200, 2)), '03');
    assert.deepEqual(await set('ada', varbind(segment(2, 2), text('remark'))), [0, 0]);
    assert.deepEqual(
      await set('ada', varbind(weigh(2, 2), text(sha256('remark'))), varbind(weigh(1, 2), int(0))),
      [0, 0],
    );
    assert.equal(await read('ada', weigh(200, 2)), '02');
  });

  test('rows under construction: made, seen, set and given up by who may create such an entry', async () => {
    const wait = int(rowStatus.createAndWait);
    for (const user of ['vic', 'olga']) assert.deepEqual(await set(user, varbind(item(200), wait)), [noAccess, 1]);
    assert.deepEqual(await set('vic', varbind(step(200), wait)), [noAccess, 1]);
    assert.deepEqual(await set('ada', varbind(item(200), wait), varbind(item(2), text('nine'))), [0, 0]);
    for (const column of [2, 200]) {
      assert.notEqual(await read('ada', item(column)), 'absent');
      assert.equal(await read('olga', item(column)), 'absent');
    }
    for (const change of [varbind(item(2), text('other')), varbind(item(200), int(rowStatus.destroy))])
      assert.deepEqual(await set('olga', change), [noAccess, 1]);
    assert.equal(await read('ada', item(2)), 'nine');
    // a row whose keys are not known yet
    assert.deepEqual(await set('olga', varbind(step(200), wait)), [0, 0]);
    assert.equal(await read('vic', step(200)), 'absent');
    assert.equal(await read('ada', step(200)), '03');
    assert.deepEqual(await set('vic', varbind(step(200), int(rowStatus.destroy))), [noAccess, 1]);
    assert.deepEqual(await set('olga', varbind(step(1), text('sweep'))), [0, 0]);
    assert.deepEqual(await set('olga', varbind(step(200), int(rowStatus.active))), [0, 0]);
    assert.equal(await read('vic', step(1)), 'sweep');
  });

  test('how a slow commit ended is not taken away by a SET that is refused', async () => {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    lab.gate.wait = () => opened;
    assert.deepEqual(await set('ada', varbind(item(2, 2), text('slow'))), [0, 0]);
    lab.gate.wait = undefined;
    open();
    await waitFor('the commit', async () => (await read('ada', item(203, 2))) === '02');
    assert.deepEqual(await set('vic', varbind(item(2, 2), text('other'))), [noAccess, 1]);
    assert.equal(await read('ada', item(203, 2)), '02');
    assert.deepEqual(await set('ada', varbind(item(2, 2), text('two'))), [0, 0]);
    assert.equal(await read('ada', item(203, 2)), 'absent');
  });

  test('segments of configuration are kept for who may write the leaf', async () => {
    const essay = `${base}.400.15.1.2.1`;
    assert.deepEqual(await set('vic', varbind(essay, text('words'))), [noAccess, 1]);
    assert.deepEqual(await set('ada', varbind(essay, text('words'))), [0, 0]);
  });
});
