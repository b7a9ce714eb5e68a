import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { rebase } from '../../src/datastore/patch.js';
import { ConfigError } from '../../src/error.js';
import { applyEdits, DataTree, encodeJson, parsePath, type TreeEdit } from '../../src/yang/index.js';
import { edit, makePlace, type Place } from './fixture.js';

let place: Place;

before(async () => {
  place = await makePlace();
});
after(() => place.remove());

const leaves = ['box.size', 'box.low-mark', 'box.item[a].value', 'box.item[b].value', 'box.item[c].value'] as const;
const writes = fc.dictionary(fc.constantFrom(...leaves), fc.integer({ min: 1, max: 3 }), { maxKeys: 4 });

describe('a candidate whose base moved', () => {
  it('is refused where a list that the user orders, or its entries, changed in both', async () => {
    const step = [1, 2, 3].map((n) => ({ n, text: 'old' }));
    const base = applyEdits(DataTree.empty(place.schema), [edit(place.schema, 'merge', 'box', { step })]);
    const works: Readonly<Record<string, TreeEdit>> = {
      'changes an entry': edit(place.schema, 'merge', 'box.step[1].text', 'new'),
      'adds one': edit(place.schema, 'merge', 'box.step[9]', { text: 'more' }),
      'deletes one': edit(place.schema, 'delete', 'box.step[1]'),
      'moves one': { operation: 'move', path: parsePath(place.schema, 'box.step[1]'), insert: { where: 'last' } },
      'deletes all': edit(place.schema, 'delete', 'box.step'),
    };
    const none = edit(place.schema, 'merge', 'box.size', 3);
    for (const [mine, own] of Object.entries(works)) {
      for (const [theirs, other] of Object.entries(works)) {
        if (mine === 'changes an entry' && theirs === mine) continue;
        if (mine === theirs && mine !== 'adds one') continue;
        await assert.rejects(
          rebase(base, applyEdits(base, [own]), applyEdits(base, [other])),
          { appTag: 'overlap' },
          `one ${mine}, the other ${theirs}`,
        );
      }
      const both = await rebase(base, applyEdits(base, [own]), applyEdits(base, [none]));
      assert.deepEqual(shown(both), shown(applyEdits(base, [own, none])));
    }
  });

  it('is refused where another case of a choice was made meanwhile', async () => {
    const base = written(DataTree.empty(place.schema), { 'box.size': 1 });
    const [ours, running] = [written(base, { 'box.low-mark': 2 }), written(base, { 'box.high-mark': 3 })];
    const info = { 'other-path': '/signet-test:box/high-mark' };
    await assert.rejects(rebase(base, ours, running), { appTag: 'overlap', path: '/signet-test:box/low-mark', info });
    assert.deepEqual(shown(await rebase(base, ours, written(base, { 'box.size': 2 }))), {
      'signet-test:box': { size: 2, 'low-mark': 2 },
    });
  });

  it('is merged where nothing overlaps, and refused with every pair of paths where something does', async () => {
    await fc.assert(
      fc.asyncProperty(writes, writes, async (mine, theirs) => {
        const base = written(DataTree.empty(place.schema), {
          'box.item[a].hint': 'x',
          'box.item[b].hint': 'x',
          'box.item[c].hint': 'x',
        });
        const [ours, running] = [written(base, mine), written(base, theirs)];
        const overlaps = Object.keys(mine).filter((leaf) => theirs[leaf] !== undefined && theirs[leaf] !== mine[leaf]);
        if (overlaps.length === 0) {
          assert.deepEqual(shown(await rebase(base, ours, running)), shown(written(running, mine)));
          return;
        }
        await assert.rejects(rebase(base, ours, running), (error) => {
          assert.ok(error instanceof ConfigError);
          for (const { tag, appTag, path, info } of error.all()) {
            assert.deepEqual([tag, appTag, info?.['other-path']], ['operation-failed', 'overlap', path]);
          }
          assert.equal(error.all().length, overlaps.length);
          return true;
        });
      }),
      { seed: 8342, numRuns: process.env['SIGNET_LONG'] === '1' ? 10_000 : 300 },
    );
  });
});

function written(tree: DataTree, values: Readonly<Record<string, number | string>>): DataTree {
  return applyEdits(
    tree,
    Object.entries(values).map(([leaf, value]) => edit(place.schema, 'merge', leaf, value)),
  );
}

function shown(tree: DataTree): unknown {
  return encodeJson(place.schema, place.schema.root, tree.root);
}
