/** The datastores of RFC 8342 as they are read: intended, origins in operational, and how defaults are reported (RFC 6243). */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Datastore, ModuleRegistration, ReadOptions, Session } from '../../src/datastore/index.js';
import {
  type DataSchema,
  encodeJson,
  encodeXml,
  InstanceIdentifier,
  type JsonValue,
  parsePath,
} from '../../src/yang/index.js';
import { repositoryRoot } from '../support/places.js';
import { run } from '../support/run.js';
import { requireTool } from '../support/tools.js';
import { admin, edit, makePlace, open, type Place, plainOwner } from './fixture.js';

let place: Place;
let store: Datastore;
let session: Session;

before(async () => {
  place = await makePlace();
  store = await open(place, { modules: [module] });
  session = store.session(admin);
  const item = [{ name: 'a', value: 1, hint: 'none' }, { name: 'b' }];
  const box = { title: 't', secret: 'hidden', word: ['x', 'y'], there: {}, 'high-mark': 9, item };
  await session.apply([edit(place.schema, 'merge', 'box', box)]);
  await store.commit({ system: [{ path: path('box.item[a].made'), value: { serial: 9 } }] });
});
after(async () => {
  await store.close();
  await place.remove();
});

const set = {
  title: 't',
  word: ['x', 'y'],
  there: {},
  'high-mark': 9,
  item: [{ name: 'a', value: 1, hint: 'none' }, { name: 'b' }],
};

describe('intended (RFC 8342 5.1.4)', () => {
  it('is running, which every commit settles: without secrets, defaults and state', () => {
    assert.deepEqual(read('box', { datastore: 'intended' }), set);
    assert.deepEqual(session.tree('intended'), session.tree('running'));
    assert.equal(session.get(path('box.title'), 'intended'), 't');
  });
});

describe('defaults (RFC 6243 section 3)', () => {
  const all = {
    ...set,
    size: 7,
    there: { on: true },
    item: [
      { name: 'a', value: 1, hint: 'none' },
      { name: 'b', hint: 'none' },
    ],
  };

  it('report-all has what is in use, and nothing of a case that is not chosen', () => {
    assert.deepEqual(read('box', { datastore: 'running', withDefaults: 'report-all' }), all);
    assert.equal(read('box.size', { datastore: 'running', withDefaults: 'report-all' }), 7);
    assert.equal(read('box.low-mark', { datastore: 'running', withDefaults: 'report-all' }), undefined);
    assert.equal(read('box.item[b].hint', { datastore: 'running', withDefaults: 'report-all' }), 'none');
    assert.equal(read('box.item[zz].hint', { datastore: 'running', withDefaults: 'report-all' }), undefined);
    assert.equal(read('box.empty-able', { datastore: 'running', withDefaults: 'report-all' }), undefined);
    assert.deepEqual(read('', { datastore: 'running', withDefaults: 'report-all' }), { 'signet-test:box': all });
  });

  it('trim has no value that is its default, set or not', () => {
    const trimmed = {
      title: 't',
      word: ['x', 'y'],
      there: {},
      item: [{ name: 'a', value: 1 }, { name: 'b' }],
    };
    assert.deepEqual(read('box', { datastore: 'running', withDefaults: 'trim' }), trimmed);
    assert.equal(read('box.high-mark', { datastore: 'running', withDefaults: 'trim' }), undefined);
    assert.deepEqual(read('box', { withDefaults: 'trim' }), {
      ...trimmed,
      total: 2,
      item: [{ name: 'a', value: 1, made: { serial: 9 } }, { name: 'b' }],
    });
  });

  it('explicit has what was set, a default too, and in operational state beside it', () => {
    assert.deepEqual(read('box', { datastore: 'running', withDefaults: 'explicit' }), set);
    assert.deepEqual(read('box', { withDefaults: 'explicit' }), {
      ...set,
      total: 2,
      item: [{ name: 'a', value: 1, hint: 'none', made: { serial: 9 } }, { name: 'b' }],
    });
    assert.equal(read('box.size', { withDefaults: 'explicit' }), undefined);
  });

  it('report-all-tagged marks what nobody set', () => {
    const json = encoded('box', { datastore: 'running', withDefaults: 'report-all-tagged' });
    const marked = { 'ietf-netconf-with-defaults:default': true };
    assert.deepEqual(json, {
      ...all,
      '@size': marked,
      there: { on: true, '@on': marked },
      item: [
        { name: 'a', value: 1, hint: 'none' },
        { name: 'b', hint: 'none', '@hint': marked },
      ],
    });
  });
});

describe('origins (RFC 8342 5.3.4)', () => {
  const of = (origin: string) => ({ 'ietf-origin:origin': `ietf-origin:${origin}` });

  it('stand at the top and where they differ from the node above; state has none', () => {
    assert.deepEqual(encoded('', { withOrigin: true }), {
      'signet-test:box': {
        '@': of('intended'),
        ...set,
        size: 7,
        '@size': of('default'),
        there: { on: true, '@on': of('default') },
        total: 2,
        item: [
          { name: 'a', value: 1, hint: 'none', made: { serial: 9 } },
          { name: 'b', hint: 'none', '@hint': of('default') },
        ],
      },
    });
  });

  it('stand on whatever is read by itself', () => {
    assert.deepEqual(encoded('box.item', { withOrigin: true }), [
      { '@': of('intended'), name: 'a', value: 1, hint: 'none', made: { serial: 9 } },
      { '@': of('intended'), name: 'b', hint: 'none', '@hint': of('default') },
    ]);
    const at = path('box.size');
    const reading = session.read(at, { withOrigin: true });
    assert.ok(reading?.annotations !== undefined);
    const options = { annotations: reading.annotations, at };
    const node = at.last?.schema as DataSchema;
    assert.deepEqual(encodeJson(place.schema, node, reading.content, { ...options, wrap: true }), {
      'signet-test:size': 7,
      '@signet-test:size': of('default'),
    });
    assert.equal(
      encodeXml(place.schema, node, reading.content, options),
      '<size xmlns="urn:signet:yang:signet-test" xmlns:or="urn:ietf:params:xml:ns:yang:ietf-origin" or:origin="or:default">7</size>',
    );
  });

  it('are those of operational alone', () => {
    assert.throws(() => session.read(path('box'), { datastore: 'running', withOrigin: true }), {
      tag: 'invalid-value',
    });
  });

  const yanglint = requireTool('yanglint');
  it('mean the same to yanglint, which turns our XML into JSON', { skip: yanglint.skip }, async () => {
    const reading = session.read(InstanceIdentifier.root, { withOrigin: true });
    assert.ok(reading?.annotations !== undefined);
    const { annotations, content } = reading;
    const document = join(place.directory, 'operational.xml');
    await writeFile(document, encodeXml(place.schema, place.schema.root, content, { annotations }));
    const folders = [join(place.directory, 'schema'), join(repositoryRoot, 'schema')];
    const [own, ours] = folders as [string, string];
    const modules = [join(ours, 'ietf-origin.yang'), join(own, 'signet-test.yang')];
    const judged = await run('yanglint', ['-t', 'get', '-f', 'json', '-p', own, '-p', ours, ...modules, document]);
    assert.deepEqual([judged.status, judged.stderr], [0, '']);
    assert.deepEqual(JSON.parse(judged.stdout), encodeJson(place.schema, place.schema.root, content, { annotations }));
  });
});

function read(text: string, options: ReadOptions): JsonValue | undefined {
  return written(text, { ...session.read(path(text), options), annotations: undefined });
}

function encoded(text: string, options: ReadOptions): JsonValue | undefined {
  return written(text, session.read(path(text), options));
}

function written(text: string, reading: Partial<ReturnType<Session['read']>> | undefined): JsonValue | undefined {
  if (reading?.content === undefined) return undefined;
  const at = path(text);
  const node = (at.last?.schema ?? place.schema.root) as DataSchema;
  const { annotations } = reading;
  return encodeJson(place.schema, node, reading.content, { at, ...(annotations === undefined ? {} : { annotations }) });
}

function path(text: string): InstanceIdentifier {
  return parsePath(place.schema, text);
}

const module: ModuleRegistration = {
  ...plainOwner,
  state: [
    {
      path: '/signet-test:box/total',
      read: ({ config }) => {
        const items = config.get(path('box.item'));
        return items === undefined ? 0 : [...(items as Iterable<unknown>)].length;
      },
    },
  ],
};
