/** Lists of very different lengths: merging and comparing give what the plain rules give, whichever of them is longer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  applyEdits,
  type Branch,
  DataTree,
  decodeJson,
  diffTrees,
  diffTreesInSlices,
  encodeJson,
  InstanceIdentifier,
  loadSchema,
  parsePath,
} from '../../src/yang/index.js';

const { schema } = loadSchema({
  files: [
    {
      name: 'bulk.yang',
      text: `module bulk { yang-version 1.1; namespace "urn:bulk"; prefix b;
        container top { list item { key k; leaf k { type uint16; } leaf one { type uint8; }
          choice c { leaf left { type uint8; } leaf right { type uint8; } } } } }`,
    },
  ],
});
const top = parsePath(schema, '/bulk:top');

interface Item {
  readonly k: number;
  readonly one?: number;
  readonly left?: number;
  readonly right?: number;
}

const item = fc
  .tuple(fc.nat(40), fc.option(fc.nat(3)), fc.constantFrom('left', 'right', 'none'))
  .map(([k, one, side]): Item => ({ k, ...(one === null ? {} : { one }), ...(side === 'none' ? {} : { [side]: 1 }) }));
const few = fc.uniqueArray(item, { maxLength: 3, selector: ({ k }) => k });
const many = fc.uniqueArray(item, { maxLength: 40, selector: ({ k }) => k });
const runs = process.env['SIGNET_LONG'] === '1' ? 20_000 : 400;

describe('lists of different lengths', () => {
  it('are merged entry by entry and case by case (RFC 6241 7.2, RFC 7950 7.9)', () => {
    fc.assert(
      fc.property(fc.oneof(few, many), fc.oneof(few, many), (there, coming) => {
        const content = decodeJson(schema, top, { item: coming.map((each) => ({ ...each })) });
        const merged = applyEdits(tree(there), [{ operation: 'merge', path: top, content }]);
        const expected = new Map(there.map((each) => [each.k, each]));
        for (const each of coming) {
          const { left, right, ...rest } = expected.get(each.k) ?? { k: each.k };
          const side = each.left ?? each.right;
          const kept = side !== undefined ? {} : { ...(left && { left }), ...(right && { right }) };
          expected.set(each.k, { ...rest, ...kept, ...each });
        }
        assert.deepEqual(items(merged), sorted([...expected.values()]));
        assert.deepEqual(items(tree(coming)), sorted(coming), 'what was merged is untouched');
      }),
      { seed: 7, numRuns: runs },
    );
  });

  it('differ in the entries that came, went or changed, at once and in slices alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(few, many), fc.oneof(few, many), fc.boolean(), async (one, other, isDerived) => {
        const before = tree(one);
        const content = decodeJson(schema, top, { item: other.map((each) => ({ ...each })) });
        const after = isDerived ? applyEdits(before, [{ operation: 'merge', path: top, content }]) : tree(other);
        const differences = diffTrees(before, after);
        const keyOf = (at: InstanceIdentifier) => at.steps[1]?.keys?.[0];
        const changed = new Set(differences.flatMap(({ path }) => keyOf(path) ?? []));
        const [was, is] = [new Map(items(before).map(pair)), new Map(items(after).map(pair))];
        const expected = [...new Set([...was.keys(), ...is.keys()])].filter((k) => was.get(k) !== is.get(k));
        if (was.size > 0 && is.size > 0) assert.deepEqual([...changed].sort(), expected.sort());
        assert.deepEqual(await diffTreesInSlices(before, after), differences);
      }),
      { seed: 8, numRuns: runs },
    );
  });
});

describe('two long lists that share nothing', () => {
  const list = Array.from({ length: 5000 }, (_, k): Item => ({ k, one: k % 4 }));

  it('differ in nothing where every entry holds the same', async () => {
    const [one, other] = [tree(list), tree(list)];
    assert.deepEqual(diffTrees(one, other), []);
    assert.deepEqual(await diffTreesInSlices(one, other), []);
  });

  it('differ in what came, went and changed, beyond what is compared in one step', async () => {
    const before = tree(list.filter(({ k }) => k % 5 !== 1));
    const after = tree(
      list.filter(({ k }) => k % 5 !== 2).map((each) => (each.k % 5 === 3 ? { ...each, one: 9 } : each)),
    );
    const found = new Map<string, number>();
    for (const { kind, path, before: was, after: is } of await diffTreesInSlices(before, after)) {
      const k = Number(path.steps[1]?.keys?.[0]);
      assert.equal(kind, { 1: 'created', 2: 'deleted', 3: 'modified' }[k % 5], `entry ${k}`);
      if (kind === 'modified') assert.deepEqual([was, is], [k % 4, 9]);
      found.set(kind, (found.get(kind) ?? 0) + 1);
    }
    assert.deepEqual([...found].sort(), [
      ['created', 1000],
      ['deleted', 1000],
      ['modified', 1000],
    ]);
  });
});

function tree(list: readonly Item[]): DataTree {
  const content = decodeJson(schema, InstanceIdentifier.root, {
    'bulk:top': { item: list.map((each) => ({ ...each })) },
  });
  return new DataTree(schema, content as Branch);
}

function items(data: DataTree): readonly Item[] {
  const json = encodeJson(schema, schema.root, data.root) as { readonly 'bulk:top'?: { readonly item?: Item[] } };
  return sorted(json['bulk:top']?.item ?? []);
}

function pair({ k, ...rest }: Item): [number, string] {
  return [k, JSON.stringify(Object.entries(rest).sort())];
}

/** With their members in one order. */
function sorted(list: readonly Item[]): readonly Item[] {
  return [...list]
    .sort((a, b) => a.k - b.k)
    .map((each) => Object.fromEntries(Object.entries(each).sort()) as unknown as Item);
}
