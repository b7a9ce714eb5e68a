import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OrderedIndex } from '../../../src/northbound/snmp/ordered-index.js';

test('an ordered index behaves as a sorted map', () => {
  const command = fc.tuple(fc.constantFrom('set', 'delete'), fc.integer({ min: 0, max: 3000 }));
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 1500, maxLength: 3000 }),
      fc.integer({ min: -1, max: 3001 }),
      (commands, from) => {
        const index = new OrderedIndex<number>();
        const model = new Map<number, number>();
        for (const [kind, key] of commands) {
          if (kind === 'set') {
            index.set(key, key * 2);
            model.set(key, key * 2);
          } else {
            assert.equal(index.delete(key), model.delete(key));
          }
        }
        const sorted = [...model.keys()].sort((a, b) => a - b);
        assert.equal(index.size, sorted.length);
        assert.deepEqual(
          [...index],
          sorted.map((key) => key * 2),
        );
        const cursor = index.after(from);
        const next = sorted.find((key) => key > from);
        assert.equal(cursor === undefined ? undefined : index.at(cursor), next === undefined ? undefined : next * 2);
      },
    ),
    { seed: 20261124, numRuns: 30 },
  );
});

test('a cursor visits every entry once, in order, over many chunks', () => {
  const index = new OrderedIndex<number>();
  for (let key = 0; key < 5000; key += 1) index.set((key * 7919) % 5000, 0);
  for (let key = 0; key < 5000; key += 1) index.set(key, key);
  const seen: number[] = [];
  const cursor = index.first();
  assert.ok(cursor);
  do seen.push(index.at(cursor));
  while (index.advance(cursor));
  assert.deepEqual(
    seen,
    Array.from({ length: 5000 }, (_, key) => key),
  );
});
