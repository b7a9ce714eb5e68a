import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Session } from '../../../src/datastore/index.js';
import { BerReader, BerWriter, maxDatagram } from '../../../src/northbound/snmp/ber.js';
import { mapSchema } from '../../../src/northbound/snmp/mapping.js';
import { readPdu } from '../../../src/northbound/snmp/message.js';
import { ObjectTable } from '../../../src/northbound/snmp/objects.js';
import { Retrieval } from '../../../src/northbound/snmp/retrieval.js';
import { Rows } from '../../../src/northbound/snmp/rows.js';
import { Unready } from '../../../src/northbound/snmp/sliced.js';
import { View } from '../../../src/northbound/snmp/views.js';
import { labOid as base, type Lab, labSchema, startLab } from './support/lab.js';
import { parse, pdu, type as pduType, v2c, varbind } from './support/raw.js';

const many = process.env['SIGNET_LONG'] === '1' ? 100_000 : 10_000;
/** Columns of the table of items. */
const years = `${base}.20.1.6`;
const seen = `${base}.20.1.4`;

suite('columns in which most rows have no value', () => {
  const labs: Lab[] = [];
  after(async () => {
    for (const lab of labs) await lab.close();
  });

  interface Counted {
    readonly lab: Lab;
    /** The name of the next instance, and what it cost in reads of a leaf. */
    next(name: string): Promise<{ readonly name: string; readonly reads: number }>;
    bulk(name: string, count: number): Promise<readonly string[]>;
    /** Reads since the last call. */
    reads(): number;
  }

  /** The middle and the last of `rows` items have a warranty. */
  async function counted(rows: number): Promise<Counted> {
    const lab = await startLab();
    labs.push(lab);
    const items = Array.from({ length: rows }, (_, id) => ({ id, label: `item ${String(id)}` }));
    await lab.write('/signet-lab:lab/item', items);
    await lab.write(warranty(rows / 2), { years: 2 });
    await lab.write(warranty(rows - 1), { years: 3 });
    const own = lab.datastore.session({ user: '', protocol: 'system', address: '' });
    let count = 0;
    const session: Session = new Proxy(own, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (name === 'leaf' || name === 'leafOf') count += 1;
        return member.bind(target) as unknown;
      },
    });
    const mib = mapSchema(labSchema());
    const index = new Rows(
      mib,
      session,
      () => 0,
      undefined,
      () => undefined,
    );
    own.subscribe((event) => index.update(event));
    const objects = new ObjectTable(mib, index, session);
    const retrieval = new Retrieval(objects);
    const reader = {
      session,
      view: View.of(
        objects.readables.map(({ object }) => object),
        undefined,
      ),
      isVersion1: false,
    };
    const names = async (name: string, repetitions: number): Promise<readonly string[]> => {
      const writer = new BerWriter();
      const request = readPdu(new BerReader(pdu(pduType.getBulk, 1, [varbind(name)], 0, repetitions)));
      const limits = { varbinds: 1000, slice: 10_000, now: () => 0 };
      try {
        assert.equal(retrieval.getBulk(reader, request, writer, maxDatagram, limits).kind, 'complete');
      } catch (error) {
        if (!(error instanceof Unready)) throw error;
        await error.ready;
        return names(name, repetitions);
      }
      const answer = pdu(pduType.response, 1, [writer.buffer.subarray(0, writer.position)]);
      return parse(v2c(answer)).varbinds.map((each) => each.name);
    };
    const reads = () => {
      const since = count;
      count = 0;
      return since;
    };
    return {
      lab,
      reads,
      bulk: names,
      async next(name) {
        reads();
        const [found] = await names(name, 1);
        return { name: found!, reads: reads() };
      },
    };
  }

  const warranty = (id: number) => `/signet-lab:lab/item[id="${String(id)}"]/warranty`;

  const sizes = [1000, many];
  const tables = new Map<number, Counted>();
  before(async () => {
    for (const size of sizes) tables.set(size, await counted(size));
  });

  test('GETNEXT reads as few leafs in a large table as in a small one', async () => {
    const costs: number[][] = [];
    for (const size of sizes) {
      const { next } = tables.get(size)!;
      assert.equal((await next(years)).name, `${years}.${String(size / 2)}`);
      const again = [await next(years), await next(`${years}.5`), await next(`${years}.${String(size / 2)}`)];
      assert.deepEqual(
        again.map(({ name }) => name),
        [size / 2, size / 2, size - 1].map((id) => `${years}.${String(id)}`),
      );
      costs.push(again.map(({ reads }) => reads));
    }
    assert.deepEqual(costs[0], costs[1]);
    for (const cost of costs[0]!) assert.ok(cost < 40, String(cost));
  });

  test('what a commit changes is found at the cost of that change', async () => {
    for (const size of sizes) {
      const { lab, next, reads } = tables.get(size)!;
      await next(years);
      await lab.write(warranty(100), { years: 9 });
      await lab.write('/signet-lab:lab/number', 1);
      assert.ok(reads() < 40, 'one row is looked at');
      assert.equal((await next(years)).name, `${years}.100`);
      await lab.remove(`${warranty(100)}/years`);
      assert.equal((await next(years)).name, `${years}.${String(size / 2)}`);
      await lab.write('/signet-lab:lab/item[id="200"]', { label: 'other', warranty: { years: 1 } });
      assert.equal((await next(years)).name, `${years}.200`);
      await lab.remove('/signet-lab:lab/item[id="200"]');
      assert.equal((await next(years)).name, `${years}.${String(size / 2)}`);
      await lab.write('/signet-lab:lab/item', [{ id: 200, label: 'again' }]);
      assert.equal((await next(years)).name, `${years}.${String(size / 2)}`);
    }
  });

  test('a round of GETBULK finds each of them, then what comes behind the column', async () => {
    const { bulk } = tables.get(many)!;
    const found: string[] = [];
    // an answer ends before a column whose rows are not known yet
    while (found.length < 3) found.push(...(await bulk(found.at(-1) ?? years, 3 - found.length)));
    assert.deepEqual(
      found.slice(0, 2),
      [many / 2, many - 1].map((id) => `${years}.${String(id)}`),
    );
    assert.doesNotMatch(found[2]!, new RegExp(`^${years.replaceAll('.', '\\.')}\\.`, 'u'));
    assert.equal((await bulk(seen, 2)).length, 2);
  });
});
