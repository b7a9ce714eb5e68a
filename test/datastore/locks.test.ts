import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { CommitHandler, Datastore, Origin, Session } from '../../src/datastore/index.js';
import { parsePath, type XPathNames } from '../../src/yang/index.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

const netconf: Origin = { ...admin, protocol: 'netconf' };
let place: Place;
let store: Datastore;
let serial = 0;
let prepare: (() => Promise<unknown>) | undefined;

const handler: CommitHandler = {
  name: 'box',
  path: '/signet-test:box',
  prepare: async () => await prepare?.(),
};

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(async () => {
  serial += 1;
  prepare = undefined;
  store = await open(place, {
    stateDirectory: `${place.directory}/s${serial}`,
    modules: [{ name: 'test', handlers: [handler] }],
    sessionLimits: { total: 6, perUser: 4 },
  });
  const items = [{ name: 'a', value: 1 }, { name: 'b' }, { name: 'c' }];
  await store.session(admin).apply([merge('box', { title: 't', item: items })]);
});
afterEach(() => store.close());

describe('partial locks (RFC 5717)', () => {
  it('protect what is selected and what is below, and nothing else (2.1)', async () => {
    const [one, two] = pair();
    const lock = one.partialLock(["/t:box/t:item[t:name='a']"], names);
    assert.deepEqual(lock.nodes.map(String), ["/signet-test:box/item[name='a']"]);
    await assert.rejects(two.apply([merge('box.item[a].value', 2)]), {
      tag: 'in-use',
      appTag: 'locked',
      path: "/signet-test:box/item[name='a']/value",
      info: { 'session-id': String(one.id) },
    });
    await assert.rejects(two.apply([edit(place.schema, 'delete', 'box.item[a]')]), { tag: 'in-use' });
    await assert.rejects(
      two.apply([edit(place.schema, 'delete', 'box')]),
      { tag: 'in-use' },
      'what is above goes with it',
    );
    await two.apply([merge('box.item[b].value', 2), merge('box.title', 'u')]);
    await one.apply([merge('box.item[a].value', 3)]);
    one.partialUnlock(lock.id);
    await two.apply([merge('box.item[a].value', 4)]);
  });

  it('protect entries and values that would go with all of their list (2.1, 2.6)', async () => {
    const [one, two] = pair();
    await one.apply([
      merge('box.step', [{ n: 1 }, { n: 2 }]),
      merge('box.word', ['x', 'y']),
      edit(place.schema, 'delete', 'box.item[b]'),
      edit(place.schema, 'delete', 'box.item[c]'),
    ]);
    const selected = ["/t:box/t:step[t:n='2']", "/t:box/t:word[.='x']", "/t:box/t:item[t:name='a']"];
    const lock = one.partialLock(selected, names);
    for (const path of ['box.step', 'box.step[2]', 'box.word', 'box.word[x]', 'box.item', 'box.item[a]']) {
      await assert.rejects(two.apply([edit(place.schema, 'delete', path)]), { tag: 'in-use' }, path);
    }
    await assert.rejects(two.apply([edit(place.schema, 'replace', 'box', { title: 'v' })]), { tag: 'in-use' });
    // What is beside them is not protected.
    await two.apply([
      edit(place.schema, 'delete', 'box.step[1]'),
      edit(place.schema, 'delete', 'box.word[y]'),
      merge('box.item[d].value', 1),
    ]);
    assert.throws(() => two.partialLock(['/t:box/t:step'], names), { tag: 'lock-denied' });
    one.partialUnlock(lock.id);
    await two.apply([edit(place.schema, 'delete', 'box.step'), edit(place.schema, 'delete', 'box.word')]);
  });

  it('overlap within a session, and are denied to others with its session-id (2.4.1)', () => {
    const [one, two] = pair();
    const first = one.partialLock(['/t:box/t:item'], names);
    const second = one.partialLock(["/t:box/t:item[t:name='a']/t:value"], names);
    const isDenied = { tag: 'lock-denied', info: { 'session-id': String(one.id) } };
    assert.throws(() => two.partialLock(["/t:box/t:item[t:name='a']"], names), isDenied);
    assert.throws(() => two.partialLock(['/t:box'], names), isDenied, 'a lock above takes in what is locked');
    one.partialUnlock(first.id);
    assert.throws(() => two.partialLock(["/t:box/t:item[t:name='a']"], names), isDenied);
    two.partialLock(["/t:box/t:item[t:name='b']"], names);
    one.partialUnlock(second.id);
    two.partialLock(["/t:box/t:item[t:name='a']"], names);
  });

  it('and the lock of running shut each other out (2.4.1, 2.6)', () => {
    const [one, two] = pair();
    const lock = one.partialLock(['/t:box/t:title'], names);
    assert.throws(() => two.lock('running'), { tag: 'lock-denied', info: { 'session-id': String(one.id) } });
    one.partialUnlock(lock.id);
    two.lock('running');
    assert.throws(() => one.partialLock(['/t:box/t:title'], names), {
      tag: 'lock-denied',
      info: { 'session-id': String(two.id) },
    });
  });

  it('are refused for what is no expression, no node-set or selects nothing (2.4.1)', () => {
    const [one, two] = pair();
    assert.throws(() => one.partialLock(['/t:box/['], names), { tag: 'invalid-value' });
    assert.throws(() => one.partialLock(['count(/t:box)'], names), { tag: 'invalid-value', appTag: 'not-a-node-set' });
    assert.throws(() => one.partialLock(["/t:box/t:item[t:name='z']"], names), {
      tag: 'operation-failed',
      appTag: 'no-matches',
    });
    assert.throws(() => one.partialLock([], names), { tag: 'invalid-value' });
    const { id } = one.partialLock(['/t:box/t:title'], names);
    assert.throws(() => two.partialUnlock(id), { tag: 'invalid-value' });
  });

  it('end with their session (2.1)', async () => {
    const [one, two] = pair();
    one.partialLock(['/t:box/t:title'], names);
    one.close();
    await two.apply([merge('box.title', 'u')]);
  });
});

describe('sessions', () => {
  it('kill-session frees the locks and ends the other (RFC 6241 7.9)', async () => {
    const [one, two] = pair();
    one.lock('running');
    two.killSession(one.id);
    assert.equal(one.ended.reason, 'killed');
    assert.throws(() => one.get(parsePath(place.schema, 'box')), {
      tag: 'operation-failed',
      message: 'the session is closed',
    });
    await two.apply([merge('box.title', 'u')]);
  });

  it('kill-session gives up a commit that is not written yet (RFC 6241 7.9)', async () => {
    const [one, two] = pair();
    const isReached = new Promise<void>((resolve) => {
      prepare = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const slow = one.apply([merge('box.title', 'slow')]);
    await isReached;
    const waiting = store.session({ ...netconf, user: 'other' });
    const second = waiting.apply([merge('box.size', 9)]);
    two.killSession(waiting.id);
    two.killSession(one.id);
    await assert.rejects(slow, { tag: 'operation-failed', message: 'prepare of box was cancelled' });
    await assert.rejects(second, { tag: 'operation-failed' });
    prepare = undefined;
    assert.equal(two.get(parsePath(place.schema, 'box.title'), 'running'), 't');
    await two.apply([merge('box.title', 'next')]);
  });

  it('a session does not kill itself, nor one that is not there (RFC 6241 7.9)', () => {
    const [one] = pair();
    assert.throws(() => one.killSession(one.id), { tag: 'invalid-value' });
    assert.throws(() => one.killSession(99), { tag: 'invalid-value', message: 'there is no session 99' });
  });

  it('a caller cancels a commit that waits for others', async () => {
    const [one, two] = pair();
    const isReached = new Promise<() => void>((resolve) => {
      prepare = () => new Promise<void>((done) => resolve(done));
    });
    const slow = one.apply([merge('box.title', 'slow')]);
    const release = await isReached;
    const controller = new AbortController();
    const waiting = two.apply([merge('box.size', 9)], { signal: controller.signal });
    await new Promise<void>((resolve) => void setTimeout(resolve, 20));
    controller.abort();
    await assert.rejects(waiting, {
      tag: 'operation-failed',
      message: 'the commit was cancelled; nothing was changed',
    });
    release();
    await slow;
    assert.equal(one.get(parsePath(place.schema, 'box.size'), 'running'), undefined);
  });

  it('are bounded for one user and for all, but for the way back in', () => {
    const opened = Array.from({ length: 3 }, () => store.session(netconf));
    assert.throws(() => store.session(netconf), { tag: 'resource-denied' });
    store.session({ ...netconf, user: 'b' });
    store.session({ ...netconf, user: 'c' });
    assert.throws(() => store.session({ ...netconf, user: 'd' }), { tag: 'resource-denied' });
    store.session({ user: 'root', protocol: 'local', address: '' });
    opened[0]!.close();
    opened[1]!.close();
    store.session(netconf);
    assert.equal(opened[2]!.sessions().length, 6);
  });
});

function pair(): readonly [Session, Session] {
  return [store.session(netconf), store.session(netconf)];
}

function merge(at: string, value: Parameters<typeof edit>[3]) {
  return edit(place.schema, 'merge', at, value);
}

const names: XPathNames = {
  prefix: (prefix) => (prefix === 't' ? { name: 'signet-test' } : undefined),
  unprefixed: 'none',
};
