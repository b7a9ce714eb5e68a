/** The startup datastore (RFC 6241 8.7), where the operator asked for one. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Datastore, DatastoreOptions, Finding, Origin, Session, Trouble } from '../../src/datastore/index.js';
import { backup, rekey, restore } from '../../src/datastore/tools.js';
import { encodeJson, type JsonValue, loadSchema, parsePath } from '../../src/yang/index.js';
import { repositoryRoot } from '../support/places.js';
import { type Guarded, interfaces, openGuarded } from './access-fixture.js';
import { admin, edit, makePlace, open, type Place, plainOwner } from './fixture.js';

const netconf: Origin = { user: 'admin', protocol: 'netconf', address: '127.0.0.1:2' };
let place: Place;
let serial = 0;
let store: Datastore;
let session: Session;
/** What a handler says of every root. */
let findings: readonly Finding[];
let troubles: (readonly [Trouble, boolean])[];

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(async () => {
  serial += 1;
  findings = [];
  troubles = [];
  await begin();
  await session.apply([
    edit(place.schema, 'merge', 'box', { title: 't', size: 1, secret: 'hidden', item: [{ name: 'a', pin: 'AAEC' }] }),
  ]);
  await store.commit({ system: [{ path: path('box.item[a].made'), value: { serial: 9 } }] });
});
afterEach(() => store.close());

async function begin(options: Partial<DatastoreOptions> = {}): Promise<void> {
  const validate = () => findings;
  store = await open(place, {
    stateDirectory: join(place.directory, `state ${String(serial)}`),
    startup: true,
    modules: [{ ...plainOwner, handlers: [{ name: 'box', path: '/signet-test:box', validate }] }],
    trouble: (trouble, isOver) => void troubles.push([trouble, isOver]),
    factory: {
      edits: [{ operation: 'merge', path: path('box'), value: { title: 'new', item: [{ name: 'f' }] } }],
      firstAccess: () => Promise.resolve({ edits: [], withdraw: () => undefined }),
    },
    ...options,
  });
  await store.startUp();
  session = store.session(admin);
}

async function restart(options: Partial<DatastoreOptions> = {}): Promise<void> {
  await store.close();
  await begin(options);
}

describe('startup (RFC 6241 8.7)', () => {
  it('is what is running when the operator asks for it first', async () => {
    assert.deepEqual(json('startup'), {});
    await restart({ startup: false });
    assert.throws(() => session.tree('startup'), { tag: 'operation-not-supported' });
    await restart();
    assert.deepEqual(json('startup'), json('running'));
    assert.equal(json('startup')['size'], 1);
  });

  it('is not changed by commits, and what a restart begins with, history and secrets kept', async () => {
    await session.copyConfig('startup', 'running');
    await session.apply([
      edit(place.schema, 'merge', 'box', { size: 2, secret: 'other', item: [{ name: 'b' }] }),
      edit(place.schema, 'remove', 'box.item[a].pin'),
    ]);
    const { length } = store.history();
    assert.equal(json('startup')['size'], 1);
    await restart();
    assert.equal(json('running')['size'], 1);
    assert.deepEqual(json('running')['item'], [{ name: 'a' }]);
    assert.equal(store.secret(path('box.secret')), 'hidden');
    assert.equal(store.secret(path('box.item[a].pin')), 'AAEC');
    const [last] = store.history();
    assert.deepEqual(
      [last?.kind, last?.comment, store.history().length],
      ['startup', 'start from startup', length + 1],
    );
    await session.rollback(String(length - 1));
    assert.equal(json('running')['size'], 2);
  });

  it('that is running already is no transaction', async () => {
    await session.copyConfig('startup', 'running');
    const before = store.transaction();
    await restart();
    assert.equal(store.transaction(), before);
  });

  it('brings system state back with its configuration; beside that it is what it is', async () => {
    await session.apply([edit(place.schema, 'merge', 'box', { item: [{ name: 'b' }, { name: 'c' }] })]);
    await store.commit({ system: [{ path: path('box.item[b].made'), value: { serial: 1 } }] });
    await session.copyConfig('startup', 'running');
    await session.apply([
      edit(place.schema, 'delete', 'box.item[b]'),
      edit(place.schema, 'create', 'box.item[d]', { name: 'd' }),
    ]);
    await store.commit({
      system: [
        { path: path('box.item[a].made'), value: { serial: 10 } },
        { path: path('box.item[d].made'), value: { serial: 4 } },
      ],
    });
    await restart();
    const made = (name: string) => session.leaf(path(`box.item[${name}].made.serial`));
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((name) => Number(made(name) ?? 0)),
      [10, 1, 0, 0],
    );
  });

  it('outlives the history and every compaction', async () => {
    const few = { retention: { count: 2 }, compactAfter: 0 };
    await restart({ ...few, startup: false });
    await restart(few);
    for (let size = 2; size < 40; size += 1) await session.apply([edit(place.schema, 'merge', 'box.size', size)]);
    assert.equal(store.history().length, 2);
    await restart(few);
    assert.equal(json('running')['size'], 1);
    assert.equal(store.secret(path('box.secret')), 'hidden');
    for (let size = 2; size < 40; size += 1) await session.apply([edit(place.schema, 'merge', 'box.size', size)]);
    await session.copyConfig('startup', 'running');
    await session.apply([edit(place.schema, 'merge', 'box.size', 3)]);
    await restart(few);
    assert.equal(json('running')['size'], 39);
  });

  it('takes the candidate where that could be committed', async () => {
    await session.copyConfig('startup', 'running');
    session.edit([edit(place.schema, 'delete', 'box.title'), edit(place.schema, 'merge', 'box.both', 'x')]);
    await assert.rejects(session.copyConfig('startup', 'candidate'), { tag: 'operation-failed' });
    assert.equal(json('startup')['title'], 't');
    session.discard();
    session.edit([edit(place.schema, 'merge', 'box.size', 7)]);
    await session.copyConfig('startup', 'candidate');
    assert.deepEqual([json('running')['size'], json('startup')['size']], [1, 7]);
    await restart();
    assert.equal(json('running')['size'], 7);
    assert.equal(store.secret(path('box.secret')), 'hidden');
  });

  it('can be the source of a copy', async () => {
    await session.copyConfig('startup', 'running');
    await session.apply([edit(place.schema, 'merge', 'box.size', 2)]);
    await session.copyConfig('candidate', 'startup');
    assert.equal(json('candidate')['size'], 1);
    await session.copyConfig('running', 'startup');
    assert.equal(json('running')['size'], 1);
    await session.copyConfig('startup', 'factory-default');
    assert.deepEqual(json('startup'), { title: 'new', item: [{ name: 'f' }] });
  });

  it('that was deleted is empty, and starts begin with the factory default until another is saved (RFC 6241 7.4)', async () => {
    await session.copyConfig('startup', 'running');
    await session.deleteConfig();
    assert.deepEqual(json('startup'), {});
    await restart();
    assert.deepEqual(json('running'), { title: 'new', item: [{ name: 'f' }] });
    assert.equal(store.running().system.get(path('box.item[a].made')), undefined);
    await session.apply([edit(place.schema, 'merge', 'box.size', 2)]);
    await restart();
    assert.deepEqual(json('running'), { title: 'new', item: [{ name: 'f' }] });
    await session.copyConfig('startup', 'running');
    await session.apply([edit(place.schema, 'merge', 'box.title', 'later')]);
    await restart();
    assert.equal(json('running')['title'], 'new');
  });

  it('is locked as the others are (RFC 6241 7.5)', async () => {
    const [one, other] = [store.session(netconf), store.session(netconf)];
    one.lock('startup');
    assert.throws(() => other.lock('startup'), { tag: 'lock-denied' });
    await assert.rejects(other.copyConfig('startup', 'running'), { tag: 'in-use' });
    await assert.rejects(other.deleteConfig(), { tag: 'in-use' });
    await one.copyConfig('startup', 'running');
    one.close();
    await other.copyConfig('startup', 'running');
  });

  it('does not take what nobody has confirmed; a confirmed commit that a stop undoes comes first', async () => {
    await session.copyConfig('startup', 'running');
    const { persistId } = await session.apply([edit(place.schema, 'merge', 'box.size', 2)], { confirmTimeout: 60 });
    await assert.rejects(session.copyConfig('startup', 'running'), { tag: 'in-use' });
    await session.confirm(persistId);
    await session.copyConfig('startup', 'running');
    await session.apply([edit(place.schema, 'merge', 'box.size', 3)], { confirmTimeout: 60 });
    await restart();
    assert.equal(json('running')['size'], 2);
  });

  it('is gone where the operator asks for it no more: running goes on, also when he asks again', async () => {
    await session.copyConfig('startup', 'running');
    await session.apply([edit(place.schema, 'merge', 'box.size', 2)]);
    await restart({ startup: false });
    assert.equal(json('running')['size'], 2);
    await session.apply([edit(place.schema, 'merge', 'box.size', 3)]);
    await restart();
    assert.deepEqual([json('running')['size'], json('startup')['size']], [3, 3]);
  });

  it('is the factory default after a reset (RFC 8808 section 2)', async () => {
    await session.copyConfig('startup', 'running');
    await session.invoke(path('/ietf-factory-default:factory-reset'), undefined);
    assert.deepEqual(json('startup'), { title: 'new', item: [{ name: 'f' }] });
    await store.session(admin).apply([edit(place.schema, 'merge', 'box.size', 5)]);
    await restart();
    assert.deepEqual(json('running'), { title: 'new', item: [{ name: 'f' }] });
  });

  it('goes along with another master key, and into a backup', async () => {
    await session.copyConfig('startup', 'running');
    await session.apply([edit(place.schema, 'merge', 'box.secret', 'other')]);
    const { schema } = place;
    const stateDirectory = join(place.directory, `state ${String(serial)}`);
    await store.close();
    assert.equal((await rekey({ stateDirectory, schema })).result, 'changed');
    await begin();
    assert.equal(store.secret(path('box.secret')), 'hidden');
    await session.apply([edit(place.schema, 'merge', 'box.secret', 'other')]);
    const file = join(place.directory, `backup ${String(serial)}`);
    await backup({ stateDirectory, file, passPhrase: 'a long pass phrase' });
    await store.close();
    serial += 1;
    const other = join(place.directory, `state ${String(serial)}`);
    await restore({ stateDirectory: other, file, passPhrase: 'a long pass phrase' });
    await begin();
    assert.equal(store.secret(path('box.secret')), 'hidden');
  });

  it('that the modules of today do not have leaves running as it is, and says so', async () => {
    session.edit([edit(place.schema, 'merge', 'box.count', '4')]);
    await session.copyConfig('startup', 'candidate');
    await session.apply([edit(place.schema, 'merge', 'box.size', 2)]);
    const text = await readFile(join(place.directory, 'schema', 'signet-test.yang'), 'utf8');
    const { schema } = loadSchema({
      directories: [join(repositoryRoot, 'schema')],
      files: [{ name: 'signet-test.yang', text: text.replace('leaf count ', 'leaf counted ') }],
      implement: [...place.schema.modules.values()].filter((each) => each.implemented).map(({ name }) => name),
    });
    for (const compactAfter of [4_000_000, 0]) {
      await restart({ schema, compactAfter });
      assert.equal(json('running')['size'], 2);
      const [told] = troubles.at(-1) ?? [];
      assert.equal(told?.kind, 'startup-not-loaded');
      assert.match(told?.text ?? '', /could not be loaded: what was saved in the journal does not fit the schema: /u);
    }
    await restart();
    assert.equal(json('running')['count'], '4', 'modules that have it again find it');
  });

  it('that is refused at a start leaves running as it is, and says so until a start can', async () => {
    await session.copyConfig('startup', 'running');
    await session.apply([edit(place.schema, 'merge', 'box.size', 2)]);
    findings = [{ severity: 'error', path: '/signet-test:box', text: 'not today' }];
    await restart();
    assert.equal(json('running')['size'], 2);
    const text = 'running goes on as it was before the start, for startup could not be loaded: not today';
    assert.deepEqual(troubles.at(-1), [{ kind: 'startup-not-loaded', place: '', text }, false]);
    findings = [];
    await restart();
    assert.equal(json('running')['size'], 1);
  });
});

describe('access control of startup (RFC 8341 3.2.6 and 3.2.8)', () => {
  let acme: Guarded;
  before(async () => {
    acme = await openGuarded(interfaces, { startup: true });
  });
  after(() => acme.close());

  it('is that of what would change; delete-config is for recovery alone unless a rule permits it', async () => {
    await acme.rules({});
    const reader = acme.as('ann', 'xmlrpc');
    await assert.rejects(reader.copyConfig('startup', 'factory-default'), { tag: 'access-denied' });
    await assert.rejects(reader.deleteConfig(), { tag: 'access-denied' });
    const recovery = acme.as('ann', 'local');
    await recovery.copyConfig('startup', 'running');
    await recovery.deleteConfig();
  });

  it('asks of who saves running for nothing but to execute copy-config, and saves what he may not see as well', async () => {
    await acme.rules({});
    await acme.as('ann', 'xmlrpc').copyConfig('startup', 'running');
    const recovery = acme.as('root', 'local');
    assert.equal(recovery.tree('startup').root, recovery.tree('running').root);
    assert.notEqual(acme.as('ann', 'xmlrpc').tree('running').root, recovery.tree('running').root);
    const rule = { name: 'no', 'rpc-name': 'copy-config', 'access-operations': 'exec', action: 'deny' };
    const groups = { group: [{ name: 'g', 'user-name': ['ann'] }] };
    await acme.rules({ groups, 'rule-list': [{ name: 'l', group: ['g'], rule: [rule] }] });
    await assert.rejects(acme.as('ann', 'xmlrpc').copyConfig('startup', 'running'), { tag: 'access-denied' });
  });
});

function json(datastore: 'running' | 'candidate' | 'startup'): Readonly<Record<string, JsonValue>> {
  const root = encodeJson(place.schema, place.schema.root, session.tree(datastore).root);
  return (root as Record<string, Record<string, JsonValue>>)['signet-test:box'] ?? {};
}

function path(text: string) {
  return parsePath(place.schema, text);
}
