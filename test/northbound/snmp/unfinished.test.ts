import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { namedMib } from '../../../src/northbound/snmp/names.js';
import { ObjectTable } from '../../../src/northbound/snmp/objects.js';
import type { Memory } from '../../../src/northbound/snmp/row-numbers.js';
import { Rows } from '../../../src/northbound/snmp/rows.js';
import { Unfinished } from '../../../src/northbound/snmp/unfinished.js';
import type { JsonObject, JsonValue } from '../../../src/yang/index.js';
import { waitFor } from '../../support/wait.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, text, v3Message, varbind } from './support/raw.js';

suite('work that a SET began is on disk before the answer', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  const key = localizeKey('sha256', passPhrase, engineId);
  const set = async (...varbinds: readonly Buffer[]) => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    const { status, index } = await client.request(v3Message(keys, pdu(pduType.set, requestId++, varbinds)), key);
    return [status, index];
  };
  const fact = () => (lab.datastore.meta('snmp-unfinished').get() ?? []) as readonly JsonObject[];
  /** What the next start of an agent would make of the facts: the state of a row's change or job. */
  const nextStart = (facts: JsonValue, column: string): string | undefined => {
    const stored = { value: facts };
    const memory: Memory = () => ({
      get: () => stored.value,
      set: async (value) => {
        stored.value = value;
      },
    });
    const mib = namedMib(lab.schema);
    const session = lab.datastore.session({ user: '', protocol: 'system', address: '' });
    const rows = new Rows(
      mib,
      session,
      () => 0,
      undefined,
      () => undefined,
    );
    const objects = new ObjectTable(mib, rows, session, new Unfinished(memory));
    const readable = objects.readables.find(({ object }) => object.name === column)!;
    const first = readable.rows!.index.first();
    const value = first === undefined ? undefined : readable.read(session, readable.rows!.index.at(first));
    session.close();
    return value === undefined ? undefined : String(value);
  };

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

  test('a slow commit: interrupted, its row tells so; committed before the stop, it was done', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    lab.gate.wait = () => gate;
    assert.deepEqual(
      await set(varbind(`${base}.20.1.200.5`, int(4)), varbind(`${base}.20.1.2.5`, text('new'))),
      [0, 0],
    );
    const known = fact();
    assert.deepEqual(known, [{ table: `${base}.20`, arcs: [5], comment: known[0]?.['comment'] }]);
    assert.equal(nextStart([...known], 'signetLabItemCommitState'), 'failed');
    assert.equal(nextStart([...known], 'signetLabItemCommitErrorTag'), 'operation-failed');
    assert.match(nextStart([...known], 'signetLabItemCommitErrorText') ?? '', /the agent stopped/u);
    open();
    await waitFor('the end of the commit', () => lab.read('/signet-lab:lab/item[id="5"]') !== undefined);
    assert.equal(nextStart([...known], 'signetLabItemCommitState'), 'done');
    assert.equal(nextStart([...known], 'signetLabItemCommitErrorText'), '');
    await waitFor('nothing unfinished', () => fact().length === 0);
  });

  test('a job: interrupted, it has failed; what it was given is on no disk', async () => {
    const table = namedMib(lab.schema)
      .tables.find(({ name }) => name === 'signetLabWait')!
      .oid.join('.');
    const at = (column: number) => `${table}.1.${String(column)}.1.111.1`;
    assert.deepEqual(await set(varbind(at(200), int(4))), [0, 0]);
    const known = fact();
    assert.deepEqual(known, [{ table, arcs: [1, 111, 1], comment: '' }]);
    assert.equal(nextStart([...known], 'signetLabWaitState'), 'failed');
    assert.equal(nextStart([...known], 'signetLabWaitErrorTag'), 'operation-failed');
    assert.deepEqual(await set(varbind(at(200), int(6))), [0, 0]);
    await waitFor('nothing unfinished', () => fact().length === 0);
  });

  test('facts of a table that is no more, and such as are none, are passed over', () => {
    const facts = [{ table: '1.3.6.1.4.1.1', arcs: [1], comment: '' }, { table: 7 }];
    assert.equal(nextStart(facts, 'signetLabItemCommitState'), undefined);
  });
});
