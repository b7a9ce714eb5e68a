import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Datastore, Edit, Session } from '../../src/datastore/index.js';
import { ConfigError } from '../../src/error.js';
import {
  applyEdits,
  type Content,
  DataTree,
  decodeJson,
  encodeJson,
  type InstanceIdentifier,
  parsePath,
} from '../../src/yang/index.js';
import { type NaiveEdit, NaiveRefusal, naive, toJson } from './edit-model.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

let place: Place;
let store: Datastore;
let session: Session;

before(async () => {
  place = await makePlace();
  store = await open(place);
  session = store.session(admin);
});
after(async () => {
  await store.close();
  await place.remove();
});

const filled = {
  title: 'old',
  word: ['b', 'a'],
  item: [{ name: 'one', value: 1 }],
  step: [
    { n: 3, text: 'three' },
    { n: 1, text: 'one' },
    { n: 2, text: 'two' },
  ],
};

interface Row {
  readonly name: string;
  readonly edits: () => readonly Edit[];
  /** What the box holds then, but for what stays as it was; or the error. */
  readonly gives: object | { readonly tag: string; readonly path?: string; readonly info?: object };
}

const table: readonly Row[] = [
  {
    name: 'merge: what is there and not named stays (RFC 6241 7.2)',
    edits: () => [of('merge', 'box.item[one]', { hint: 'h' })],
    gives: { item: [{ name: 'one', value: 1, hint: 'h' }] },
  },
  {
    name: 'replace: what is there and not named goes (RFC 6241 7.2)',
    edits: () => [of('replace', 'box.item[one]', { hint: 'h' })],
    gives: { item: [{ name: 'one', hint: 'h' }] },
  },
  {
    name: 'replace: makes what is not there (RFC 6241 7.2)',
    edits: () => [of('replace', 'box.size', 3)],
    gives: { size: 3 },
  },
  {
    name: 'create: of what is there is data-exists (RFC 6241 7.2)',
    edits: () => [of('create', 'box.title', 'new')],
    gives: { tag: 'data-exists', path: '/signet-test:box/title' },
  },
  {
    name: 'create: of what only its default stands for is no conflict (RFC 6243 2.3.3)',
    edits: () => [of('create', 'box.size', 7)],
    gives: { size: 7 },
  },
  {
    name: 'delete: of what is not there is data-missing (RFC 6241 7.2)',
    edits: () => [of('delete', 'box.item[two]')],
    gives: { tag: 'data-missing', path: "/signet-test:box/item[name='two']" },
  },
  { name: 'delete: takes it away', edits: () => [of('delete', 'box.title')], gives: { title: undefined } },
  {
    name: 'remove: of what is not there is nothing (RFC 6241 7.2)',
    edits: () => [of('remove', 'box.flag')],
    gives: {},
  },
  {
    name: 'none: of what is there writes nothing (RFC 6241 7.2, default-operation)',
    edits: () => [of('none', 'box.item[one]', { value: 9 })],
    gives: {},
  },
  {
    name: 'none: of what is not there is data-missing, with the innermost that is (RFC 6241 7.2, default-operation)',
    edits: () => [of('none', 'box', { item: [{ name: 'two' }] })],
    gives: { tag: 'data-missing', path: "/signet-test:box/item[name='two']" },
  },
  {
    name: 'a write without a value is missing-element',
    edits: () => [{ operation: 'merge', path: at('box.title') }],
    gives: { tag: 'missing-element', path: '/signet-test:box/title' },
  },
  {
    name: 'a key does not change (RFC 7950 7.8.2)',
    edits: () => [of('merge', 'box.item[one].name', 'other')],
    gives: { tag: 'invalid-value', path: "/signet-test:box/item[name='one']/name" },
  },
  {
    name: 'a key does not go without its entry',
    edits: () => [of('delete', 'box.item[one].name')],
    gives: { tag: 'invalid-value', path: "/signet-test:box/item[name='one']/name" },
  },
  {
    name: 'insert: a new entry goes last without a place (RFC 7950 7.8.6)',
    edits: () => [of('create', 'box.step[4]', { n: 4 })],
    gives: { step: [...filled.step, { n: 4 }] },
  },
  {
    name: 'insert first, before and after (RFC 7950 7.8.6)',
    edits: () => [
      { ...of('create', 'box.step[4]', { n: 4 }), insert: { where: 'first' } },
      { ...of('create', 'box.step[5]', { n: 5 }), insert: { where: 'before', anchor: [1] } },
      { ...of('merge', 'box.step[6]', { n: 6 }), insert: { where: 'after', anchor: [1] } },
    ],
    gives: { step: [{ n: 4 }, filled.step[0], { n: 5 }, filled.step[1], { n: 6 }, filled.step[2]] },
  },
  {
    name: 'insert: a merge moves an entry that is there (RFC 7950 7.8.6)',
    edits: () => [{ ...of('merge', 'box.step[3]', { text: 'x' }), insert: { where: 'last' } }],
    gives: { step: [filled.step[1], filled.step[2], { n: 3, text: 'x' }] },
  },
  {
    name: 'insert: an entry that is there stays in its place without one (RFC 7950 7.8.6)',
    edits: () => [of('replace', 'box.step[3]', { n: 3 })],
    gives: { step: [{ n: 3 }, filled.step[1], filled.step[2]] },
  },
  {
    name: 'insert: beside an entry that is not there is bad-attribute, missing-instance (RFC 7950 15.7)',
    edits: () => [{ ...of('create', 'box.step[4]', { n: 4 }), insert: { where: 'after', anchor: [9] } }],
    gives: { tag: 'bad-attribute', path: "/signet-test:box/step[n='4']", info: { 'bad-attribute': 'key' } },
  },
  {
    name: 'insert: in a list that the system orders is bad-attribute',
    edits: () => [{ ...of('create', 'box.item[two]', { name: 'two' }), insert: { where: 'first' } }],
    gives: { tag: 'bad-attribute', info: { 'bad-attribute': 'insert' } },
  },
  {
    name: 'insert: a value of a leaf-list, before another (RFC 7950 7.7.9)',
    edits: () => [{ ...of('create', 'box.word[c]', 'c'), insert: { where: 'before', anchor: ['a'] } }],
    gives: { word: ['b', 'c', 'a'] },
  },
  {
    name: 'move: an entry gets another place and keeps what it holds (RFC 8072 2.5)',
    edits: () => [{ operation: 'move', path: at('box.step[2]'), insert: { where: 'before', anchor: [3] } }],
    gives: { step: [filled.step[2], filled.step[0], filled.step[1]] },
  },
  {
    name: 'move: a value of a leaf-list',
    edits: () => [{ operation: 'move', path: at('box.word[a]'), insert: { where: 'first' } }],
    gives: { word: ['a', 'b'] },
  },
  {
    name: 'move: of what is not there is data-missing (RFC 8072 2.5)',
    edits: () => [{ operation: 'move', path: at('box.step[9]'), insert: { where: 'first' } }],
    gives: { tag: 'data-missing', path: "/signet-test:box/step[n='9']" },
  },
  {
    name: 'move: needs a place',
    edits: () => [{ operation: 'move', path: at('box.step[2]') }],
    gives: { tag: 'missing-attribute', info: { 'bad-attribute': 'insert' } },
  },
  {
    name: 'an error carries the id of its edit (RFC 8072 2.3)',
    edits: () => [{ ...of('delete', 'box.flag'), id: 'edit-7' }],
    gives: { tag: 'data-missing', info: { 'edit-id': 'edit-7' } },
  },
  {
    name: 'edits are all or none, in their order (RFC 8072 2.2)',
    edits: () => [of('delete', 'box.title'), of('create', 'box.title', 'new'), of('create', 'box.title', 'again')],
    gives: { tag: 'data-exists', path: '/signet-test:box/title' },
  },
  {
    name: 'a node of one case takes those of the others away (RFC 7950 7.9)',
    edits: () => [of('merge', 'box.low-mark', 2), of('merge', 'box.high-mark', 8)],
    gives: { 'high-mark': 8 },
  },
  {
    name: 'one value has nodes of one case (RFC 7950 8.3.1)',
    edits: () => [of('merge', 'box', { 'low-mark': 2, 'high-mark': 8 })],
    gives: { tag: 'bad-element', path: '/signet-test:box', info: { 'bad-element': 'kind' } },
  },
];

describe('edits', () => {
  for (const { name, edits, gives } of table) {
    it(name, () => {
      const tree = boxOf(filled);
      const work = () => applyEdits(tree, edits());
      if ('tag' in gives) assert.throws(work, gives);
      else assert.deepEqual(shown(work()), JSON.parse(JSON.stringify({ ...filled, ...gives })));
    });
  }

  it('do what a naive model does, errors included', () => {
    fc.assert(
      fc.property(fc.array(anyEdit, { maxLength: 12 }), (edits) => {
        let model = naive();
        let tree = DataTree.empty(place.schema);
        for (const each of edits) {
          let refused: string | undefined;
          try {
            model = model.apply(each);
          } catch (error) {
            if (!(error instanceof NaiveRefusal)) throw error;
            refused = error.message;
          }
          try {
            tree = applyEdits(tree, [realEdit(each)]);
            assert.equal(refused, undefined, JSON.stringify(each));
          } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            assert.equal(error.tag, refused, JSON.stringify(each));
          }
        }
        assert.deepEqual(shown(tree), toJson(model));
      }),
      { seed: 6241, numRuns: process.env['SIGNET_LONG'] === '1' ? 20_000 : 500 },
    );
  });
});

describe('what is no configuration', () => {
  const [action, rpc] = ["/signet-test:box/item[name='one']/grow", '/signet-test:shout'];
  for (const operation of ['merge', 'replace', 'create', 'delete', 'remove'] as const) {
    it(`${operation} of it is refused with its path: what operations take, and they themselves (RFC 7950 7.14, 7.15)`, async () => {
      const brings = operation !== 'delete' && operation !== 'remove';
      for (const [path, value] of [
        [`${action}/reason`, 'x'],
        [`${action}/by`, 1],
        [`${rpc}/text`, 'x'],
        ['/signet-test:box/total', 1],
        [action, { reason: 'x' }],
        [rpc, { text: 'x' }],
      ] as const) {
        const refusal = { name: 'ConfigError', tag: 'invalid-value', path };
        const content = brings ? value : undefined;
        await assert.rejects(async () => session.apply([edit(place.schema, operation, path, content)]), refusal);
        // Whoever has the content already.
        const made = { operation, path: parsePath(place.schema, path), ...(brings ? { content: 'x' } : {}) };
        await assert.rejects(session.apply([made]), refusal);
        await assert.rejects(session.editConfig([made], {}), refusal);
      }
    });
  }
});

describe('the options of edit-config (RFC 6241 7.2)', () => {
  it('test-then-set leaves the candidate alone where what it would be is not valid', async () => {
    const edits = [of('merge', 'box.both', 'x')];
    await assert.rejects(session.editConfig(edits, { testOption: 'test-then-set' }), {
      tag: 'operation-failed',
      path: '/signet-test:box/both',
    });
    assert.equal(session.get(at('box.both'), 'candidate'), undefined);
    await session.editConfig([...edits, of('merge', 'box.title', 't')], { testOption: 'test-then-set' });
    assert.equal(session.get(at('box.both'), 'candidate'), 'x');
    session.discard();
  });

  it('set does not test, and test-only does not set', async () => {
    await session.editConfig([of('merge', 'box.both', 'x')], { testOption: 'set' });
    assert.equal(session.get(at('box.both'), 'candidate'), 'x');
    await session.editConfig([of('merge', 'box.title', 't')], { testOption: 'test-only' });
    assert.equal(session.get(at('box.title'), 'candidate'), undefined);
    session.discard();
  });

  for (const errorOption of ['stop-on-error', 'continue-on-error', 'rollback-on-error'] as const) {
    it(`${errorOption} is taken, and nothing of a refused edit-config is there`, async () => {
      const edits = [
        of('merge', 'box.size', 3),
        of('delete', 'box.flag'),
        of('replace', 'box.title', 't'),
        of('delete', 'box.both'),
      ];
      const told = errorOption === 'continue-on-error' ? 2 : 1;
      const isTold = (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(
          error.all().map(({ tag, path }) => `${tag} ${path}`),
          ['data-missing /signet-test:box/flag', 'data-missing /signet-test:box/both'].slice(0, told),
        );
        return true;
      };
      await assert.rejects(session.editConfig(edits, { errorOption }), isTold);
      assert.equal(session.get(at('box.size'), 'candidate'), undefined);
      await assert.rejects(session.apply(edits, { errorOption }), isTold);
      assert.equal(session.get(at('box.size'), 'running'), undefined);
    });
  }
});

const operation = fc.constantFrom<NaiveEdit['operation']>('merge', 'replace', 'create', 'delete', 'remove', 'none');
const number = fc.integer({ min: 1, max: 4 });
const placement = fc.option(
  fc.oneof(
    fc.record({ where: fc.constantFrom('first' as const, 'last' as const) }),
    fc.record({ where: fc.constantFrom('before' as const, 'after' as const), anchor: number }),
  ),
  { nil: undefined },
);
const text = fc.option(fc.constantFrom('x', 'y'), { nil: undefined });
const anyEdit: fc.Arbitrary<NaiveEdit> = fc.oneof(
  fc.record({
    kind: fc.constant('leaf' as const),
    operation,
    name: fc.constantFrom('title', 'low-mark', 'high-mark'),
    value: number,
  }),
  fc.record({ kind: fc.constant('word' as const), operation: moves(), value: number, insert: placement }),
  fc.record({ kind: fc.constant('step' as const), operation: moves(), value: number, text, insert: placement }),
  fc.record({ kind: fc.constant('item' as const), operation, value: number, text }),
  fc.record({ kind: fc.constant('pair' as const), operation, a: text, b: text }),
);

function moves(): fc.Arbitrary<NaiveEdit['operation']> {
  return fc.oneof(operation, fc.constant<NaiveEdit['operation']>('move'));
}

/** What the naive edit says, in the terms of the tree. */
function realEdit(each: NaiveEdit): Edit {
  const path = at(pathOf(each));
  const { operation: verb } = each;
  const isBare = verb === 'delete' || verb === 'remove' || verb === 'move' || verb === 'none';
  const content: { readonly content?: Content } = isBare
    ? {}
    : { content: decodeJson(place.schema, path, jsonOf(each)) };
  const insert = 'insert' in each ? each.insert : undefined;
  if (insert === undefined) return { operation: verb, path, ...content };
  if (!('anchor' in insert)) return { operation: verb, path, ...content, insert };
  const anchor = each.kind === 'word' ? String(insert.anchor) : insert.anchor;
  return { operation: verb, path, ...content, insert: { where: insert.where, anchor: [anchor] } };
}

function pathOf(each: NaiveEdit): string {
  switch (each.kind) {
    case 'leaf':
      return `box.${each.name}`;
    case 'word':
      return `box.word[${each.value}]`;
    case 'pair':
      return 'box.empty-able';
    default:
      return `box.${each.kind}[${each.value}]`;
  }
}

function jsonOf(each: NaiveEdit) {
  switch (each.kind) {
    case 'leaf':
      return each.name === 'title' ? String(each.value) : each.value;
    case 'word':
      return String(each.value);
    case 'step':
      return { n: each.value, ...(each.text === undefined ? {} : { text: each.text }) };
    case 'item':
      return { name: String(each.value), ...(each.text === undefined ? {} : { hint: each.text }) };
    case 'pair':
      return { ...(each.a === undefined ? {} : { a: each.a }), ...(each.b === undefined ? {} : { b: each.b }) };
  }
}

function of(
  verb: 'merge' | 'replace' | 'create' | 'delete' | 'remove' | 'none',
  path: string,
  value?: Parameters<typeof edit>[3],
): Edit {
  if (verb !== 'none') return edit(place.schema, verb, path, value);
  return { ...edit(place.schema, 'merge', path, value), operation: 'none' };
}

function at(path: string): InstanceIdentifier {
  return parsePath(place.schema, path);
}

function boxOf(json: object): DataTree {
  const box = at('box');
  const editor = DataTree.empty(place.schema).edit();
  editor.set(box, decodeJson(place.schema, box, JSON.parse(JSON.stringify(json))));
  return editor.finish();
}

function shown(tree: DataTree): unknown {
  const json = encodeJson(place.schema, place.schema.root, tree.root) as { readonly 'signet-test:box'?: object };
  return json['signet-test:box'] ?? {};
}
