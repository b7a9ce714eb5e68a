import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Session } from '../../../src/datastore/index.js';
import { namedMib } from '../../../src/northbound/snmp/names.js';
import { ObjectTable } from '../../../src/northbound/snmp/objects.js';
import { Rows } from '../../../src/northbound/snmp/rows.js';
import { type Lab, labSchema, startLab } from './support/lab.js';

/** Rows of the large table, and octets that each may add to the tree's own memory: 60 MB for 100 000. */
const many = process.env['SIGNET_LONG'] === '1' ? 100_000 : 10_000;
const octetsOfRow = 600;

suite('what rows cost', () => {
  const labs: Lab[] = [];
  after(async () => {
    for (const lab of labs) await lab.close();
  });

  /** A session that sees `rows` items, and how often a leaf or a subtree was read. */
  async function withRows(rows: number): Promise<{ session: Session; reads: { count: number } }> {
    const lab = await startLab();
    labs.push(lab);
    const items = Array.from({ length: rows }, (_, at) => ({ id: at * 7, label: `item ${String(at)}` }));
    await lab.write('/signet-lab:lab/item', items);
    const own = lab.datastore.session({ user: '', protocol: 'system', address: '' });
    const reads = { count: 0 };
    const session = new Proxy(own, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (name === 'leaf' || name === 'leafOf' || name === 'get') reads.count += 1;
        return member.bind(target) as unknown;
      },
    });
    return { session, reads };
  }

  /** Reads a column of `count` rows from the middle on, as a walk does. */
  function walk(session: Session, objects: ObjectTable, name: string, count: number): number {
    const readable = objects.readables.find(({ object }) => object.name === name)!;
    const { index } = readable.rows!;
    let found = 0;
    for (let key = 3000; found < count; found += 1) {
      const place = index.after(key)!;
      const row = index.at(place);
      assert.equal(typeof readable.read(session, row), 'string');
      key = Number(row.key);
    }
    return found;
  }

  test('A5: a walk reads one leaf for each varbind, in a table of a thousand rows as in a large one', async () => {
    const mib = namedMib(labSchema());
    for (const rows of [1000, many]) {
      const { session, reads } = await withRows(rows);
      const objects = new ObjectTable(
        mib,
        new Rows(
          mib,
          session,
          () => 0,
          undefined,
          () => undefined,
        ),
        session,
      );
      const before = reads.count;
      assert.equal(walk(session, objects, 'signetLabItemLabel', 400), 400);
      assert.equal(reads.count - before, 400);
    }
  });

  test('the start reads no state: what a list of state holds may be dear to compute', async () => {
    const { session, reads } = await withRows(10);
    const mib = namedMib(labSchema());
    assert.ok(mib.tables.some(({ config }) => !config));
    const objects = new ObjectTable(
      mib,
      new Rows(
        mib,
        session,
        () => 0,
        undefined,
        () => undefined,
      ),
      session,
    );
    assert.equal(reads.count, 0);
    const state = objects.readables.filter(({ rows }) => rows !== undefined && !rows.table.config);
    for (const readable of state) objects.rowsOf(readable);
    assert.notEqual(reads.count, 0);
  });

  test(`${String(many)} rows add at most ${String(octetsOfRow)} octets each to the memory of the tree`, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const mib = namedMib(labSchema());
    const { session } = await withRows(many);
    session.tree('running');
    collect();
    const before = process.memoryUsage().heapUsed;
    const rows = new Rows(
      mib,
      session,
      () => 0,
      undefined,
      () => undefined,
    );
    const objects = new ObjectTable(mib, rows, session);
    const label = objects.readables.find(({ object }) => object.name === 'signetLabItemLabel')!;
    const { index } = label.rows!;
    for (let place = index.first(); place !== undefined; ) {
      label.read(session, index.at(place));
      if (!index.advance(place)) place = undefined;
    }
    collect();
    const added = process.memoryUsage().heapUsed - before;
    assert.ok(added < many * octetsOfRow, `${String(Math.round(added / many))} octets a row`);
    assert.ok(index.first() !== undefined);
  });
});
