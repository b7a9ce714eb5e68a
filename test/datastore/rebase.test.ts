/** Two who edit the same base: what does not overlap merges, whichever of them changed more; what overlaps is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rebase } from '../../src/datastore/patch.js';
import { ConfigError } from '../../src/error.js';
import {
  type Branch,
  DataTree,
  decodeJson,
  encodeJson,
  InstanceIdentifier,
  type JsonValue,
  loadSchema,
} from '../../src/yang/index.js';

const { schema } = loadSchema({
  files: [
    {
      name: 'two.yang',
      text: `module two { yang-version 1.1; namespace "urn:two"; prefix t;
        container top {
          leaf a { type uint8; } leaf b { type uint8; }
          container there { presence "p"; leaf x { type uint8; } leaf y { type uint8; } }
          container plain { leaf x { type uint8; } leaf y { type uint8; } }
          list item { key k; leaf k { type uint8; } leaf v { type uint8; } leaf w { type uint8; } }
        } }`,
    },
  ],
});

/** Flat: the value of each leaf, by its place. Entries of the list and `there` are there by themselves. */
type State = Readonly<Record<string, number | undefined>>;

const value = fc.option(fc.nat(2), { nil: undefined });
const places = [
  ...['a', 'b', 'plain.x', 'plain.y', 'there', 'there.x', 'there.y'],
  ...[1, 2, 3].flatMap((k) => [`${k}`, `${k}.v`, `${k}.w`]),
];
const states = fc.record(Object.fromEntries(places.map((place) => [place, value])));

/** What one of the two changes: a few places. */
const edits = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...places), value), {
    minLength: 1,
    maxLength: 3,
    selector: ([place]) => place,
  })
  .map((pairs): State => Object.fromEntries(pairs));

describe('a candidate on a running that has moved', () => {
  it('merges or is refused, as the leaves say: nothing of either is lost, and nothing else comes', async () => {
    let [merged, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(states, edits, edits, async (base, my, their) => {
        const [mine, theirs] = [
          { ...base, ...my },
          { ...base, ...their },
        ];
        const trees = [tree(base), tree(mine), tree(theirs)] as const;
        const [b, m, t] = trees.map(leaves);
        const all = new Set([...Object.keys(b!), ...Object.keys(m!), ...Object.keys(t!)]);
        let result: State;
        try {
          result = leaves(await rebase(...trees));
        } catch (error) {
          assert.ok(error instanceof ConfigError && error.appTag === 'overlap');
          refused += 1;
          const changed = (side: State) => [...all].filter((place) => side[place] !== b![place]);
          const isRelated = (one: string, other: string) =>
            one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
          assert.ok(changed(m!).some((one) => changed(t!).some((other) => isRelated(one, other))));
          return;
        }
        merged += 1;
        for (const place of all) {
          const expected = m![place] !== b![place] ? m![place] : t![place];
          assert.equal(result[place], expected, place);
        }
        assert.ok(Object.keys(result).every((place) => all.has(place)));
      }),
      { seed: 77, numRuns: process.env['SIGNET_LONG'] === '1' ? 50_000 : 400 },
    );
    assert.ok(merged > 20 && refused > 20, `${merged} merged, ${refused} refused`);
  });

  it('keeps every entry of a large candidate beside a small change, and of a small candidate beside a large one', async () => {
    const entries = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${from + index}`, 0]));
    const base = tree({ a: 1, 200: 0 });
    const large = tree({ a: 1, 200: 0, ...entries(1, 150) });
    const small = tree({ a: 2, 200: 0, 201: 0 });
    for (const [mine, theirs] of [
      [large, small],
      [small, large],
    ] as const) {
      const result = leaves(await rebase(base, mine, theirs));
      assert.equal(Object.keys(result).length, 1 + 150 + 2);
      assert.equal(result['a'], 2);
    }
    const other = tree({ a: 1, 200: 0, '3': 0, '3.v': 1 });
    await assert.rejects(rebase(base, large, other), {
      appTag: 'overlap',
      path: "/two:top/item[k='3']",
      message: "the running configuration was changed meanwhile at /two:top/item[k='3']",
    });
  });
});

function tree(state: State): DataTree {
  const pick = (...places: string[]) =>
    Object.fromEntries(
      places.flatMap((place) => {
        const found = state[place];
        return found === undefined ? [] : [[place.split('.').at(-1)!, found]];
      }),
    );
  const keys = Object.keys(state).filter((place) => /^\d+$/.test(place) && state[place] !== undefined);
  const item = keys.map((k) => ({ k: Number(k), ...pick(`${k}.v`, `${k}.w`) }));
  const plain = pick('plain.x', 'plain.y');
  const top: JsonValue = {
    ...pick('a', 'b'),
    ...(Object.keys(plain).length === 0 ? {} : { plain }),
    ...(state['there'] === undefined ? {} : { there: pick('there.x', 'there.y') }),
    ...(item.length === 0 ? {} : { item }),
  };
  const content = Object.keys(top).length === 0 ? {} : { 'two:top': top };
  return new DataTree(schema, decodeJson(schema, InstanceIdentifier.root, content) as Branch);
}

function leaves(data: DataTree): State {
  const flat: Record<string, number> = {};
  const { 'two:top': top = {} } = encodeJson(schema, schema.root, data.root) as Record<
    string,
    Record<string, JsonValue>
  >;
  const { there, plain, item, ...own } = top;
  for (const [name, found] of Object.entries(own)) flat[name] = Number(found);
  if (there !== undefined) flat['there'] = 0;
  for (const [name, inner] of [
    ['there', there],
    ['plain', plain],
  ] as const) {
    for (const [leaf, found] of Object.entries((inner ?? {}) as object)) flat[`${name}.${leaf}`] = Number(found);
  }
  for (const { k, ...rest } of (item ?? []) as unknown as Record<string, number>[]) {
    flat[String(k)] = 0;
    for (const [leaf, found] of Object.entries(rest)) flat[`${String(k)}.${leaf}`] = found;
  }
  return flat;
}
