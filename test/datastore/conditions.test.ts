/** The schema's conditions in transactions and actions: must, when (RFC 7950 8.2, 8.3), references, input. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Datastore, Session } from '../../src/datastore/index.js';
import {
  type Branch,
  decodeJson,
  encodeJson,
  type ListData,
  loadSchema,
  parsePath,
  type Schema,
} from '../../src/yang/index.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

const module = `
module box {
  yang-version 1.1; namespace "urn:box"; prefix b;
  container box {
    leaf mode { type enumeration { enum plain; enum tuned; } }
    leaf limit { type uint8; default 10; }
    container tuning { when "../mode = 'tuned'"; leaf level { type uint8; must ". <= ../../limit"; } }
    leaf depends { when "../tuning/level"; type string; }
    leaf from { type int8; }
    leaf high { when "../from > 3"; type uint8; default 9; }
    leaf-list many { when "../from > 3"; type uint8; default 1; default 2; }
    container inner { when "../from > 3"; leaf x { type uint8; default 7; } container deep { leaf y { type uint8; default 6; } } }
    choice way {
      default near;
      case near { when "from > 3"; leaf near { type uint8; default 5; } }
    }
    list row {
      key name;
      leaf name { type string; }
      leaf kind { type string; default a; }
      leaf of-a { when "../kind = 'a'"; type uint8; default 1; }
      leaf of-b { when "../kind = 'b'"; type uint8; default 2; }
    }
    list item {
      key name;
      leaf name { type string; }
      leaf twin { type leafref { path "/box/item/name"; } must ". != ../name"; }
      action grow { input { leaf by { type uint8; must ". <= /box/limit"; } leaf like { type leafref { path "/box/item/name"; } } } output { leaf size { type uint8; } } }
    }
  }
}`;

let place: Place;
let schema: Schema;
let datastore: Datastore;
let session: Session;

before(async () => {
  place = await makePlace();
  const loaded = loadSchema({ files: [{ name: 'box.yang', text: module }] });
  assert.deepEqual(loaded.errors, []);
  schema = loaded.schema;
});

after(() => place.remove());

let asked: number;

beforeEach(async () => {
  asked = 0;
  datastore = await open(place, {
    schema,
    modules: [
      {
        name: 'box',
        actions: [
          {
            path: '/box:box/item/grow',
            invoke: () => {
              asked++;
              return Promise.resolve({ size: 1 });
            },
          },
        ],
      },
    ],
  });
  session = datastore.session(admin);
  await session.apply([
    merge('box.mode', 'tuned'),
    merge('box.tuning.level', 5),
    merge('box.depends', 'x'),
    merge('box.item[a]', { name: 'a' }),
    merge('box.item[b]', { name: 'b', twin: 'a' }),
  ]);
});

afterEach(async () => {
  await session.apply([edit(schema, 'remove', 'box')]);
  await datastore.close();
});

function merge(path: string, value: Parameters<typeof edit>[3]): ReturnType<typeof edit> {
  return edit(schema, 'merge', path, value);
}

const at = (path: string): ReturnType<typeof parsePath> => parsePath(schema, path);

describe('the conditions of the schema', () => {
  it('refuse a commit, a validation and a test with the same words', async () => {
    const refusal = {
      tag: 'operation-failed',
      appTag: 'must-violation',
      path: '/box:box/tuning/level',
      message: 'must ". <= ../../limit" does not hold',
    };
    const edits = [merge('box.limit', 4)];
    await assert.rejects(session.apply(edits), refusal);
    await assert.rejects(session.apply(edits, { testOnly: true }), refusal);
    session.edit(edits);
    await assert.rejects(session.validate(), refusal);
    await assert.rejects(session.commit(), refusal);
    session.discard();
  });

  it('remove what a when no longer lets be, and what depends on it (RFC 7950 8.2)', async () => {
    session.edit([merge('box.mode', 'plain')]);
    assert.deepEqual(await session.validate(), []);
    await session.commit({ testOnly: true });
    assert.equal(session.tree('running').get(at('box.depends')), 'x');
    await session.commit();
    const running = session.tree('running');
    assert.deepEqual([running.get(at('box.tuning')), running.get(at('box.depends'))], [undefined, undefined]);
    assert.equal(running.get(at('box.mode')), 'plain');
  });

  it('refuse what is new and not allowed by its when (RFC 7950 8.3.1)', async () => {
    const edits = [merge('box.mode', 'plain'), edit(schema, 'remove', 'box.tuning')];
    await session.apply(edits);
    await assert.rejects(session.apply([merge('box.tuning.level', 1)]), {
      tag: 'unknown-element',
      path: '/box:box/tuning',
    });
  });

  it('keep what is referred to', async () => {
    await assert.rejects(session.apply([edit(schema, 'delete', 'box.item[a]')]), {
      tag: 'data-missing',
      appTag: 'instance-required',
      path: "/box:box/item[name='b']/twin",
    });
    await session.apply([edit(schema, 'delete', 'box.item[a]'), edit(schema, 'delete', 'box.item[b].twin')]);
  });
});

describe('defaults whose when is false', () => {
  const conditional = ['box.high', 'box.inner.x', 'box.inner.deep.y', 'box.near'];
  const values = () => conditional.map((path) => session.leaf(at(path)));
  const whole = (datastore: 'running' | 'operational') => {
    const box = session.read(at('box'), { datastore, withDefaults: 'report-all' })?.content as Branch;
    const { high, many, inner, near } = encodeJson(schema, box.schema, box) as Record<string, unknown>;
    return { high, many, inner, near };
  };
  const none = { high: undefined, many: undefined, inner: undefined, near: undefined };
  const all = { high: 9, many: [1, 2], inner: { x: 7, deep: { y: 6 } }, near: 5 };

  it('are not in use, read one by one or with all around them (RFC 7950 7.21.5)', async () => {
    await session.apply([merge('box.from', 1)]);
    assert.deepEqual(values(), [undefined, undefined, undefined, undefined]);
    assert.deepEqual([session.get(at('box.inner')), session.get(at('box.inner.deep'))], [undefined, undefined]);
    assert.deepEqual([whole('operational'), whole('running')], [none, none]);
    await session.apply([merge('box.from', 4)]);
    assert.deepEqual(values(), [9, 7, 6, 5]);
    assert.deepEqual([whole('operational'), whole('running')], [all, all]);
  });

  it('are judged in each entry, by defaults too', async () => {
    await session.apply([merge('box.row[a]', { name: 'a' }), merge('box.row[b]', { name: 'b', kind: 'b' })]);
    const list = session.get(at('box.row')) as ListData;
    assert.deepEqual(encodeJson(schema, list.schema, list), [
      { name: 'a', kind: 'a', 'of-a': 1 },
      { name: 'b', kind: 'b', 'of-b': 2 },
    ]);
    for (const [path, value] of [
      ['box.row[a].of-a', 1],
      ['box.row[a].of-b', undefined],
      ['box.row[b].of-a', undefined],
      ['box.row[b].of-b', 2],
    ] as const) {
      assert.equal(session.leaf(at(path)), value, path);
    }
  });
});

describe('the input of an action', () => {
  const invoke = async (input: Record<string, string | number>): Promise<unknown> => {
    const path = at('box.item[a].grow');
    return await session.invoke(path, decodeJson(schema, path, input) as Branch);
  };

  it('is judged by the schema, with the tree around it, before the action is called', async () => {
    await assert.rejects(invoke({ by: 11 }), {
      tag: 'operation-failed',
      path: "/box:box/item[name='a']/grow/by",
      message: 'must ". <= /box/limit" does not hold',
    });
    await assert.rejects(invoke({ like: 'z' }), {
      tag: 'data-missing',
      path: "/box:box/item[name='a']/grow/like",
    });
    assert.equal(asked, 0);
    await invoke({ by: 10, like: 'b' });
    assert.equal(asked, 1);
  });
});
