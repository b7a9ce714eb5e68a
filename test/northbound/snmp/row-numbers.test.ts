import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Memory, RowNumbers } from '../../../src/northbound/snmp/row-numbers.js';
import type { JsonValue } from '../../../src/yang/index.js';
import { startLab } from './support/lab.js';

/** A memory in memory that counts what is written to it. */
function remember() {
  const facts = new Map<string, string>();
  const counts = { octets: 0 };
  const memory: Memory = (name) => ({
    get: () => {
      const text = facts.get(name);
      return text === undefined ? undefined : (JSON.parse(text) as JsonValue);
    },
    set: (value) => {
      const text = JSON.stringify(value);
      counts.octets += text.length;
      facts.set(name, text);
      return Promise.resolve();
    },
  });
  return { memory, counts, facts };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const silent = () => undefined;

suite('row numbers', () => {
  test('count from 1 in each row around, and a row that comes back has its number again', () => {
    const numbers = new RowNumbers('1.3', undefined, silent);
    assert.deepEqual(
      ['a', 'b', 'a'].map((key) => numbers.number('outer', key)),
      [1, 2, 1],
    );
    assert.equal(numbers.number('other', 'c'), 1);
  });

  test('outlive the process: pages, chosen numbers, forgotten ones, long keys', async () => {
    const { memory } = remember();
    const before = new RowNumbers('1.3', memory, silent);
    const keys = Array.from({ length: 300 }, (_, at) => `${'k'.repeat(at)} ${String(at)}`);
    const given = keys.map((key) => before.number('', key));
    before.assign('', 'chosen', 7000);
    before.forget(keys[5]!);
    await settled();
    const again = new RowNumbers('1.3', memory, silent);
    assert.equal(again.get(keys[5]!), undefined);
    for (const [at, key] of keys.entries()) if (at !== 5) assert.equal(again.get(key), given[at]);
    assert.equal(again.get('chosen'), 7000);
    assert.equal(again.number('', 'next'), 7001);
    assert.equal(new RowNumbers('1.4', memory, silent).get('chosen'), undefined);
  });

  test('what a new one costs on disk does not grow with the table', async () => {
    const cost = async (rows: number) => {
      const { memory, counts } = remember();
      const numbers = new RowNumbers('1.3', memory, silent);
      for (let row = 0; row < rows; row += 1) numbers.number('', `row ${String(row)}`);
      await settled();
      await settled();
      const { octets } = counts;
      numbers.number('', 'one more');
      await settled();
      return counts.octets - octets;
    };
    assert.ok((await cost(20_000)) < 2 * (await cost(120)));
  });

  test('a memory that fails is told and does not stand in the way', async () => {
    const told: string[] = [];
    const memory: Memory = () => ({ get: () => undefined, set: () => Promise.reject(new Error('disk full')) });
    const numbers = new RowNumbers('1.3', memory, (level, message) => told.push(`${level} ${message}`));
    assert.equal(numbers.number('', 'a'), 1);
    await settled();
    assert.deepEqual(told, ['warning row numbers of SNMP were not remembered']);
    assert.equal(numbers.number('', 'b'), 2);
  });

  test('the agent remembers them as facts beside the tree', async () => {
    const lab = await startLab();
    try {
      await lab.write('/signet-lab:lab/step', [{ name: 'z' }, { name: 'a' }]);
      await settled();
      const page = () => lab.datastore.meta('snmp-rows 1.3.6.1.4.1.32473.1.99.23 0').get();
      while (page() === undefined) await settled();
      assert.deepEqual(
        (page() as [string, string, number][]).map(([, , number]) => number),
        [1, 2],
      );
    } finally {
      await lab.close();
    }
  });
});
