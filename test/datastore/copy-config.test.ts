/** copy-config between the datastores (RFC 6241 7.3), and what access control makes of it (RFC 8341 3.2.6). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Datastore, Origin, Session } from '../../src/datastore/index.js';
import { encodeJson, type JsonValue, parsePath } from '../../src/yang/index.js';
import { type Guarded, interfaces, openGuarded } from './access-fixture.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

const netconf: Origin = { user: 'admin', protocol: 'netconf', address: '127.0.0.1:2' };
let place: Place;
let serial = 0;
let store: Datastore;
let session: Session;

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(async () => {
  serial += 1;
  store = await open(place, {
    stateDirectory: join(place.directory, `state ${serial}`),
    factory: {
      edits: [{ operation: 'merge', path: path('box'), value: { title: 'new', item: [{ name: 'a' }] } }],
      firstAccess: () => Promise.resolve({ edits: [], withdraw: () => undefined }),
    },
  });
  session = store.session(admin);
  await session.apply([
    edit(place.schema, 'merge', 'box', { title: 't', size: 1, secret: 'hidden', item: [{ name: 'a', pin: 'AAEC' }] }),
  ]);
  await store.commit({ system: [{ path: path('box.item[a].made'), value: { serial: 9 } }] });
});
afterEach(() => store.close());

describe('copy-config (RFC 6241 7.3)', () => {
  it('from running makes the candidate what running is', async () => {
    session.edit([edit(place.schema, 'merge', 'box.size', 2)]);
    const { transaction } = await session.copyConfig('candidate', 'running');
    assert.equal(transaction, store.transaction());
    assert.deepEqual(session.diff(), []);
  });

  it('from the candidate to running commits it whole, whatever running has become', async () => {
    session.edit([edit(place.schema, 'merge', 'box.size', 2), edit(place.schema, 'delete', 'box.secret')]);
    await store.session(admin).apply([edit(place.schema, 'merge', 'box', { size: 3, count: '4' })]);
    await session.copyConfig('running', 'candidate', { comment: 'over' });
    assert.deepEqual(json('running'), { title: 't', size: 2, item: [{ name: 'a' }] });
    assert.equal(store.secret(path('box.secret')), undefined);
    assert.equal(store.secret(path('box.item[a].pin')), 'AAEC');
    assert.notEqual(store.running().system.get(path('box.item[a].made')), undefined);
    assert.equal(store.history()[0]?.comment, 'over');
    assert.deepEqual(session.diff(), []);
  });

  it('from factory-default keeps secrets where their parents stay, for it has none', async () => {
    await session.copyConfig('candidate', 'factory-default');
    assert.deepEqual(json('candidate'), { title: 'new', item: [{ name: 'a' }] });
    assert.deepEqual(json('running')?.['size'], 1);
    await session.commit();
    assert.deepEqual(json('running'), { title: 'new', item: [{ name: 'a' }] });
    assert.equal(store.secret(path('box.item[a].pin')), 'AAEC');
    await session.rollback('2');
    await session.copyConfig('running', 'factory-default');
    assert.deepEqual(json('running'), { title: 'new', item: [{ name: 'a' }] });
    assert.equal(store.secret(path('box.secret')), 'hidden');
    assert.equal(store.history()[0]?.comment, 'copy-config from factory-default');
  });

  it('is validated, tried and confirmed as any commit', async () => {
    session.edit([edit(place.schema, 'delete', 'box.title'), edit(place.schema, 'merge', 'box.both', 'x')]);
    await assert.rejects(session.copyConfig('running', 'candidate'), { tag: 'operation-failed' });
    assert.equal(session.leaf(path('box.title')), 't');
    assert.notDeepEqual(session.diff(), []);
    session.discard();
    session.edit([edit(place.schema, 'merge', 'box.size', 2)]);
    await session.copyConfig('running', 'candidate', { testOnly: true });
    assert.equal(session.leaf(path('box.size')), 1);
    const { persistId } = await session.copyConfig('running', 'candidate', { confirmTimeout: 60 });
    assert.equal(session.leaf(path('box.size')), 2);
    await session.cancel(persistId);
    assert.equal(session.leaf(path('box.size')), 1);
  });

  it('to itself is invalid-value; startup is not supported where running is durable', async () => {
    await assert.rejects(session.copyConfig('running', 'running'), { tag: 'invalid-value' });
    for (const work of [
      () => session.copyConfig('startup', 'running'),
      () => session.copyConfig('running', 'startup'),
      () => Promise.resolve().then(() => session.tree('startup')),
      () => Promise.resolve().then(() => session.lock('startup')),
    ]) {
      await assert.rejects(work(), {
        tag: 'operation-not-supported',
        message: 'running is durable here: there is no startup datastore beside it',
      });
    }
  });

  it('is refused with in-use where another session has locked the target', async () => {
    const [one, other] = [store.session(netconf), store.session(netconf)];
    one.lock('candidate');
    await assert.rejects(other.copyConfig('candidate', 'factory-default'), { tag: 'in-use' });
    await one.copyConfig('candidate', 'factory-default');
    await one.copyConfig('candidate', 'running');
    one.unlock('candidate');
    one.lock('running');
    await assert.rejects(other.copyConfig('running', 'factory-default'), { tag: 'in-use' });
    await one.copyConfig('running', 'factory-default');
    one.unlock('running');
  });
});

describe('access control of copy-config (RFC 8341 3.2.6)', () => {
  let acme: Guarded;
  before(async () => {
    acme = await openGuarded(interfaces);
  });
  after(() => acme.close());

  it('asks for the operation', async () => {
    const rule = [
      {
        name: 'no',
        'module-name': 'ietf-netconf',
        'rpc-name': 'copy-config',
        'access-operations': 'exec',
        action: 'deny',
      },
    ];
    await acme.rules({ 'write-default': 'permit', 'rule-list': [{ name: 'all', group: ['*'], rule }] });
    await assert.rejects(acme.as('ann', 'xmlrpc').copyConfig('candidate', 'running'), { tag: 'access-denied' });
    await acme.as('ann', 'local').copyConfig('candidate', 'running');
  });

  it('leaves out what the user may not read, and refuses what he may not write', async () => {
    await acme.rules({});
    const reader = acme.as('ann', 'xmlrpc');
    await assert.rejects(reader.copyConfig('running', 'factory-default'), { tag: 'access-denied' });
    // What he may not read is left out of the copy, so it would go from the candidate, and that he may not.
    await assert.rejects(reader.copyConfig('candidate', 'running'), { tag: 'access-denied' });
    assert.deepEqual(reader.diff(), []);
    const recovery = acme.as('ann', 'local');
    await recovery.copyConfig('candidate', 'running');
    assert.deepEqual(recovery.diff(), []);
  });
});

function json(datastore: 'running' | 'candidate'): Readonly<Record<string, JsonValue>> | undefined {
  const root = encodeJson(place.schema, place.schema.root, session.tree(datastore).root);
  return (root as Record<string, Record<string, JsonValue>>)['signet-test:box'];
}

function path(text: string) {
  return parsePath(place.schema, text);
}
