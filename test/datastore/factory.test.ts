/** The factory default and the way back to it (RFC 8808). */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type {
  CommitHandler,
  Datastore,
  DatastoreOptions,
  FactoryDefault,
  JsonEdit,
  Session,
} from '../../src/datastore/index.js';
import { systemClock } from '../../src/datastore/log.js';
import { ConfigError } from '../../src/error.js';
import { encodeJson, parsePath } from '../../src/yang/index.js';
import { faultyFiles, systemError } from './faulty-files.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

let place: Place;
let serial = 0;
let store: Datastore;
let session: Session;
let withdrawn: number;
let refusal: ConfigError | undefined;
let handler: Partial<CommitHandler>;

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(async () => {
  serial += 1;
  withdrawn = 0;
  refusal = undefined;
  handler = {};
  await reopen();
  await session.apply([edit(place.schema, 'merge', 'box', { title: 'mine', secret: 'hidden', item: [{ name: 'a' }] })]);
  await store.commit({ system: [{ path: path('box.item[a].made'), value: { serial: 9 } }] });
});
afterEach(() => store.close());

describe('the datastore factory-default (RFC 8808 section 3)', () => {
  it('is what a new device has, without what a reset gives beside it', () => {
    assert.deepEqual(json(), { 'signet-test:box': { title: 'new', word: ['b', 'a'] } });
    assert.equal(session.get(path('box.title'), 'factory-default'), 'new');
    assert.equal(session.get(path('box.size'), 'factory-default'), undefined);
  });

  it('is empty where the device has none, and then nothing goes back to it', async () => {
    await store.close();
    store = await open(place, { stateDirectory: join(place.directory, `none ${serial}`) });
    session = store.session(admin);
    assert.deepEqual(json(), {});
    await assert.rejects(reset(), { tag: 'operation-not-supported' });
  });
});

describe('factory-reset (RFC 8808 section 2)', () => {
  it('puts the factory default in the place of configuration and state, in one transaction that begins the history', async () => {
    await reset();
    assert.deepEqual(json('running'), { 'signet-test:box': { title: 'new', word: ['b', 'a'] } });
    assert.equal(store.secret(path('box.secret')), 'first');
    assert.equal(store.running().system.get(path('box.item')), undefined);
    const [{ transaction, kind, origin } = assert.fail(), ...rest] = store.history();
    assert.deepEqual([transaction, kind, origin, rest], ['3', 'factory-reset', admin, []]);
    await assert.rejects(session.rollback('2'), { tag: 'data-missing' });
    await reopen();
    assert.deepEqual(
      store.history().map((each) => each.transaction),
      ['3'],
    );
    assert.equal(store.secret(path('box.secret')), 'first');
  });

  it('discards every candidate', async () => {
    session.edit([edit(place.schema, 'merge', 'box.size', 5)], 'one');
    await reset();
    assert.deepEqual(session.diff(undefined, 'one'), []);
  });

  it('leaves nothing of what was there in the journal', async () => {
    assert.match(await journal(), /mine/);
    await reset();
    await session.apply([edit(place.schema, 'merge', 'box.size', 5)]);
    const text = await journal();
    assert.doesNotMatch(text, /mine/);
    assert.match(text, /new/);
    await reopen();
    assert.equal(session.leaf(path('box.size')), 5);
  });

  it('resets what is the factory default already, for the history and the secrets', async () => {
    await reset();
    await reset();
    assert.equal(store.history().length, 1);
    assert.equal(store.transaction(), '4');
  });

  it('cancels a confirmed commit of the caller', async () => {
    await session.apply([edit(place.schema, 'merge', 'box.title', 'trial')], { confirmTimeout: 60 });
    const other = store.session({ ...admin, user: 'other' });
    await assert.rejects(other.invoke(path('/ietf-factory-default:factory-reset'), undefined), {
      tag: 'invalid-value',
    });
    assert.equal(session.leaf(path('box.title')), 'trial');
    await reset();
    await reopen();
    assert.equal(session.leaf(path('box.title')), 'new');
    assert.equal(store.history().length, 1);
  });

  it('is refused with in-use while another session has locked running', async () => {
    store.session(admin).lock('running');
    await assert.rejects(reset(), { tag: 'in-use' });
    assert.equal(withdrawn, 1);
  });

  for (const phase of ['validate', 'prepare', 'apply'] as const) {
    it(`that a handler refuses in ${phase} leaves everything, the history too, and withdraws the first access`, async () => {
      const fail = () => {
        throw new ConfigError({ tag: 'operation-failed', message: 'no' });
      };
      handler = { [phase]: fail };
      const before = store.running();
      await assert.rejects(reset(), { message: /no/ });
      assert.equal(withdrawn, 1);
      handler = {};
      const check = () => {
        assert.equal(session.leaf(path('box.title')), 'mine');
        assert.equal(store.secret(path('box.secret')), 'hidden');
        assert.ok(store.history().some(({ transaction }) => transaction === '1'));
      };
      assert.equal(store.running().config, before.config);
      check();
      await reopen();
      check();
    });
  }

  it('that the first access refuses does not begin', async () => {
    refusal = new ConfigError({ tag: 'operation-failed', message: 'not from there' });
    await assert.rejects(reset(), { message: 'not from there' });
    assert.equal(store.history().length, 3);
  });

  it('forgets a time that a wrong clock recorded before it', async () => {
    const clock = { ...systemClock, now: () => Date.UTC(2127, 0, 1) };
    await reopen({ clock });
    await session.apply([edit(place.schema, 'merge', 'box.title', 'late')]);
    await reopen();
    assert.equal(store.lastTime(), clock.now());
    await reset();
    assert.ok(store.lastTime() <= Date.now());
    await reopen();
    assert.ok(store.lastTime() <= Date.now());
  });

  it('whose erasure the disk does not take says so, and the next start erases', async () => {
    const files = faultyFiles();
    await reopen({ files });
    files.fault = {
      before: (step, _number, name) => {
        if (step === 'rename' && name.endsWith('journal')) throw systemError('EIO');
      },
    };
    await assert.rejects(reset(), { tag: 'operation-failed', message: /until the next start/ });
    assert.equal(session.leaf(path('box.title')), 'new');
    assert.equal(store.history().length, 1);
    assert.match(await journal(), /mine/);
    files.fault = undefined;
    await reopen();
    assert.equal(store.history().length, 1);
    assert.doesNotMatch(await journal(), /mine/);
  });
});

const factory: FactoryDefault = {
  get edits(): readonly JsonEdit[] {
    return [{ operation: 'merge', path: path('box'), value: { title: 'new', word: ['b', 'a'] } }];
  },
  firstAccess: () => {
    if (refusal !== undefined) return Promise.reject(refusal);
    return Promise.resolve({
      edits: [{ operation: 'merge', path: path('box.secret'), value: 'first' }],
      withdraw: () => {
        withdrawn += 1;
      },
    });
  },
};

async function reopen(options: Partial<DatastoreOptions> = {}): Promise<void> {
  await (store as Datastore | undefined)?.close();
  const owner: CommitHandler = {
    name: 'box',
    path: '/signet-test:box',
    validate: (change) => handler.validate?.(change) ?? [],
    prepare: async (change, context) => await handler.prepare?.(change, context),
    apply: async (change, resource) => await handler.apply?.(change, resource),
  };
  store = await open(place, {
    stateDirectory: join(place.directory, `state ${serial}`),
    modules: [{ name: 'test', handlers: [owner] }],
    factory,
    ...options,
  });
  session = store.session(admin);
}

async function reset(): Promise<void> {
  await session.invoke(path('/ietf-factory-default:factory-reset'), undefined);
}

function json(datastore: 'factory-default' | 'running' = 'factory-default') {
  return encodeJson(place.schema, place.schema.root, session.tree(datastore).root);
}

function journal(): Promise<string> {
  return readFile(join(place.directory, `state ${serial}`, 'journal', 'journal'), 'latin1');
}

function path(text: string) {
  return parsePath(place.schema, text);
}
