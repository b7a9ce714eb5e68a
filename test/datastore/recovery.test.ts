import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { nodeFileSystem } from '../../src/datastore/files.js';
import type { ActionContext, Clock, Datastore, DatastoreEvent, Origin } from '../../src/datastore/index.js';
import { systemClock } from '../../src/datastore/log.js';
import { Store } from '../../src/datastore/store.js';
import { Troubles } from '../../src/datastore/trouble.js';
import { parsePath } from '../../src/yang/index.js';
import { admin, edit, makePlace, open, type Place, plainOwner } from './fixture.js';

let place: Place;
let store: Datastore;
let serial = 0;
let logged: string[];

const netconf: Origin = { user: 'admin', protocol: 'netconf', address: '127.0.0.1:2' };
const other: Origin = { user: 'operator', protocol: 'xmlrpc', address: '127.0.0.1:3' };

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(async () => {
  serial += 1;
  logged = [];
  await reopen();
});
afterEach(() => store.close());

describe('confirmed commit (RFC 6241 8.4)', () => {
  it('is kept when it is confirmed, also over a restart', async () => {
    const s = store.session(admin);
    const { persistId } = await s.apply([merge('box.size', 1)], { confirmTimeout: 60 });
    assert.equal(typeof persistId, 'string');
    await s.confirm(persistId);
    await reopen();
    assert.equal(size(), 1);
  });

  it('goes back when its time is over', async () => {
    const clock = manualClock();
    await reopen({ clock });
    const s = store.session(admin);
    await s.apply([merge('box.size', 1)]);
    await s.apply([merge('box.size', 2)], { confirmTimeout: 60 });
    const back = next((event) => event.kind === 'commit');
    clock.advance(59_000);
    assert.equal(size(), 2);
    clock.advance(1000);
    await back;
    assert.equal(size(), 1);
    assert.deepEqual(
      s.history().map(({ kind }) => kind),
      ['rollback', 'confirmed-commit', 'commit', 'initial'],
    );
  });

  it('is undone at the next start, persist or not, before handlers are told (8.4.1)', async () => {
    const s = store.session(admin);
    await s.apply([merge('box.size', 1)]);
    await s.apply([merge('box.size', 2)], { confirmTimeout: 600, persist: 'mine' });
    const told: unknown[] = [];
    const handler = {
      name: 'box',
      path: '/signet-test:box',
      apply: (change: { after: { config: { get(at: unknown): unknown } } }) =>
        void told.push(change.after.config.get(path('box.size'))),
    };
    await reopen({ modules: [{ name: 'test', handlers: [handler] }] });
    assert.deepEqual(told, [1]);
    assert.equal(size(), 1);
    await reopen();
    assert.equal(size(), 1);
    assert.equal(store.history()[0]?.kind, 'rollback', 'undone once');
  });

  it('refuses every other commit with in-use while it is open', async () => {
    const s = store.session(admin);
    await s.apply([merge('box.size', 1)], { confirmTimeout: 60 });
    await assert.rejects(store.session(other).apply([merge('box.size', 2)]), { tag: 'in-use' });
    await assert.rejects(
      store.commit({ comment: 'renewal', edits: [], system: [{ path: path('box.item[a].made.serial'), value: 1 }] }),
      { tag: 'in-use' },
    );
    await assert.rejects(store.session(other).confirm(), { tag: 'invalid-value' });
    await assert.rejects(store.session(other).confirm('wrong'), { tag: 'invalid-value' });
    await s.confirm();
    await store.session(other).apply([merge('box.size', 2)]);
  });

  it('is not confirmed in passing: a plain commit of the same user is refused as well, whatever the protocol', async () => {
    const s = store.session(admin);
    await s.apply([merge('box.size', 1)], { confirmTimeout: 60 });
    for (const protocol of ['xmlrpc', 'snmp', 'restconf', 'local', 'netconf', 'system'] as const) {
      const again = store.session({ ...admin, protocol });
      await assert.rejects(again.apply([merge('box.size', 2)]), { tag: 'in-use' }, protocol);
      await assert.rejects(again.rollback('0'), { tag: 'in-use' }, protocol);
    }
    await assert.rejects(s.apply([merge('box.size', 2)], { persistId: 'wrong' }), { tag: 'in-use' });
    assert.equal(
      (await s.apply([merge('box.size', 2)], { testOnly: true })).transaction,
      '1',
      'a trial changes nothing',
    );
    await s.cancel();
    assert.equal(size(), undefined);
  });

  it('of a NETCONF session is confirmed by its next commit, and by no other session of its user (8.4.1)', async () => {
    const one = store.session(netconf);
    await one.apply([merge('box.size', 1)], { confirmTimeout: 60 });
    await assert.rejects(store.session(netconf).apply([merge('box.size', 2)]), { tag: 'in-use' });
    await assert.rejects(store.session({ ...netconf, protocol: 'xmlrpc' }).confirm(), { tag: 'invalid-value' });
    await one.apply([merge('box.size', 3)]);
    one.close();
    assert.equal(size(), 3);
  });

  it('with persist needs the id, in the session that issued it too (8.4.1)', async () => {
    const one = store.session(netconf);
    await one.apply([merge('box.size', 1)], { confirmTimeout: 60, persist: 'mine' });
    await assert.rejects(one.apply([merge('box.size', 2)]), { tag: 'in-use' });
    await one.apply([merge('box.size', 2)], { persistId: 'mine' });
    assert.equal(size(), 2);
  });

  it('is superseded by a way back: of its own user, or from the local socket, but of nobody else', async () => {
    const wayBack = { path: '/signet-test:shout' } as const;
    const handler = { name: 'box', path: '/signet-test:box' };
    const modules = [
      {
        name: 'test',
        handlers: [handler],
        actions: [
          {
            path: wayBack.path,
            async invoke(context: ActionContext) {
              await context.commit({
                edits: [{ operation: 'merge', path: path('box.size'), value: 9 }],
                supersedes: true,
              });
              return {};
            },
          },
        ],
      },
    ];
    await reopen({ modules });
    const invoke = (origin: Origin) => store.session(origin).invoke(parsePath(place.schema, wayBack.path), undefined);
    await store.session(admin).apply([merge('box.size', 1)], { confirmTimeout: 60 });
    await assert.rejects(invoke(other), { tag: 'invalid-value' });
    assert.equal(size(), 1);
    await invoke({ user: 'root', protocol: 'local', address: '' });
    assert.equal(size(), 9);
    assert.deepEqual(
      store.history().map(({ kind }) => kind),
      ['commit', 'rollback', 'confirmed-commit', 'initial'],
    );
    await store.session(admin).apply([merge('box.size', 1)], { confirmTimeout: 60 });
    await invoke(admin);
    assert.equal(size(), 9);
  });

  it('is confirmed by whoever has the id, and by the user who issued it without', async () => {
    const { persistId } = await store.session(admin).apply([merge('box.size', 1)], { confirmTimeout: 60 });
    await store.session(other).confirm(persistId);
    await store.session(admin).apply([merge('box.size', 2)], { confirmTimeout: 60 });
    await store.session(admin).confirm();
    await assert.rejects(store.session(admin).confirm(), {
      tag: 'operation-failed',
      message: 'no confirmed commit is open',
    });
  });

  it('is extended by a follow-up and falls back to where it began', async () => {
    const s = store.session(admin);
    await s.apply([merge('box.size', 1)], { confirmTimeout: 60 });
    await s.apply([merge('box.size', 2)], { confirmTimeout: 60 });
    await s.cancel();
    assert.equal(size(), undefined);
  });

  it('ends with its session unless it persists (8.4.1), and a commit with its id confirms it', async () => {
    const one = store.session(netconf);
    await one.apply([merge('box.size', 1)], { confirmTimeout: 60 });
    const back = next((event) => event.kind === 'commit');
    one.close();
    await back;
    assert.equal(size(), undefined);
    const two = store.session(netconf);
    await two.apply([merge('box.size', 2)], { confirmTimeout: 60, persist: 'keep' });
    two.close();
    const three = store.session(netconf);
    await assert.rejects(three.apply([merge('box.size', 3)]), { tag: 'in-use' });
    await three.apply([], { persistId: 'keep' });
    assert.equal(size(), 2);
    await reopen();
    assert.equal(size(), 2);
  });

  it('is cancelled by the recovery session of the local socket', async () => {
    await store.session(netconf).apply([merge('box.size', 1)], { confirmTimeout: 60, persist: 'x' });
    await store.session({ user: 'root', protocol: 'local', address: '' }).cancel();
    assert.equal(size(), undefined);
  });
});

describe('history', () => {
  it('goes back to any point as a new commit, also over a restart', async () => {
    const s = store.session(admin);
    for (const value of [1, 2, 3]) await s.apply([merge('box.size', value)], { comment: `to ${value}` });
    await reopen();
    const t = store.session(admin);
    const result = await t.rollback('1');
    assert.equal(result.transaction, '4');
    assert.equal(size(), 1);
    const [entry] = t.history();
    assert.deepEqual([entry?.kind, entry?.comment, entry?.origin], ['rollback', 'rollback to transaction 1', admin]);
    await t.rollback('0');
    assert.equal(size(), undefined);
  });

  it('refuses a comment that is longer than a history should hold', async () => {
    const s = store.session(admin);
    await assert.rejects(s.apply([merge('box.size', 1)], { comment: 'x'.repeat(2001) }), {
      tag: 'too-big',
      message: 'a comment has at most 2000 characters',
    });
    await s.apply([merge('box.size', 1)], { comment: 'x'.repeat(2000) });
    assert.equal(s.history()[0]?.comment.length, 2000);
  });

  it('tells what differs between two points, without secrets', async () => {
    const s = store.session(admin);
    await s.apply([merge('box', { size: 1, secret: 'one' })]);
    await s.apply([merge('box', { size: 2, secret: 'two' })]);
    const differences = s.diff({ from: '1', to: '2' });
    assert.deepEqual(
      differences.map(({ path: at, kind, before: was, after: is }) => [at.toString(), kind, was, is]),
      [['/signet-test:box/size', 'modified', 1, 2]],
    );
    assert.throws(() => s.diff({ from: '77' }), { tag: 'data-missing' });
  });

  it('keeps as many points as it is told, over a compaction and a restart', async () => {
    await reopen({ retention: { count: 5 } });
    const s = store.session(admin);
    for (let value = 1; value <= 12; value++) await s.apply([merge('box.size', value)]);
    assert.deepEqual(ids(), ['12', '11', '10', '9', '8']);
    await store.close();
    await compact({ count: 5 });
    await reopen({ retention: { count: 5 } });
    assert.deepEqual(ids(), ['12', '11', '10', '9', '8']);
    await store.session(admin).rollback('8');
    assert.equal(size(), 8);
    await store.session(admin).apply([merge('box.size', 99)]);
    await reopen({ retention: { count: 5 } });
    assert.equal(size(), 99);
  });

  it('survives a compaction whole: lists, order, state, secrets and facts', async () => {
    const s = store.session(admin);
    const item = Array.from({ length: 450 }, (_, index) => ({ name: `n${index}`, value: index, pin: 'YQ==' }));
    await s.apply([
      merge('box', { item, count: '18446744073709551615', word: ['b', 'a'], step: [{ n: 2 }, { n: 1 }], there: {} }),
    ]);
    await store.commit({ system: [{ path: path('box.item[n1].made.serial'), value: 5 }] });
    await store.meta('boots').set({ boots: 3 });
    const before = store.state(path('box'));
    await store.close();
    await compact({ count: 1 });
    await reopen();
    assert.deepEqual(store.state(path('box')), before);
    assert.equal(store.secret(path('box.item[n7].pin')), 'YQ==');
    assert.deepEqual(store.meta('boots').get(), { boots: 3 });
    assert.equal(store.transaction(), '2');
  });

  it('makes the journal shorter of its own accord when it has grown', async () => {
    await reopen({ retention: { count: 2 } });
    const s = store.session(admin);
    const file = join(state(), 'journal', 'journal');
    const large = Array.from({ length: 3000 }, (_, index) => ({ name: `n${index}`, hint: 'x'.repeat(300) }));
    let most = 0;
    for (let round = 0; round < 12; round++) {
      await s.apply([
        edit(place.schema, 'replace', 'box', { size: round, item: large.map((one) => ({ ...one, value: round })) }),
      ]);
      most = Math.max(most, (await stat(file)).size);
    }
    await store.close();
    const end = (await stat(file)).size;
    assert.ok(end < 12 * 900_000, `${end} octets after ${most}`);
    await reopen({ retention: { count: 2 } });
    assert.equal(size(), 11);
  });
});

describe('secrets', () => {
  it('are never in an answer, in the journal or in an event, and open for consumers inside', async () => {
    const events: DatastoreEvent[] = [];
    const s = store.session(admin);
    s.subscribe((event) => void events.push(event));
    await s.apply([merge('box', { secret: 'open sesame', item: [{ name: 'a', pin: 'cGlu' }] })]);
    assert.equal(s.leaf(path('box.secret')), undefined);
    assert.equal(s.get(path('box.secret')), undefined);
    assert.equal(s.get(path('box.secret'), 'running'), undefined);
    assert.equal(s.tree('running').get(path('box.item[a].pin')), undefined);
    assert.equal(store.secret(path('box.secret')), 'open sesame');
    await reopen();
    assert.equal(store.secret(path('box.secret')), 'open sesame');
    assert.equal(store.secret(path('box.item[a].pin')), 'cGlu');
    const journal = await readFile(join(state(), 'journal', 'journal'), 'latin1');
    assert.ok(!journal.includes('open sesame'));
    assert.ok(!journal.includes('cGlu'));
  });

  it('stay through a replace above them, unless their parent goes or they are deleted', async () => {
    const s = store.session(admin);
    await s.apply([
      merge('box', {
        secret: 'one',
        item: [
          { name: 'a', pin: 'YQ==' },
          { name: 'b', pin: 'Yg==' },
        ],
      }),
    ]);
    await s.apply([edit(place.schema, 'replace', 'box', { title: 'new', item: [{ name: 'a' }] })]);
    assert.equal(store.secret(path('box.secret')), 'one');
    assert.equal(store.secret(path('box.item[a].pin')), 'YQ==');
    await s.apply([merge('box.item[b]', { name: 'b' })]);
    assert.equal(store.secret(path('box.item[b].pin')), undefined, 'b went and came back without');
    await s.apply([edit(place.schema, 'delete', 'box.secret')]);
    assert.equal(store.secret(path('box.secret')), undefined);
  });

  it('do not open under another master key: they count as absent, and that is logged', async () => {
    await store.session(admin).apply([merge('box.secret', 'one')]);
    await store.close();
    await writeFile(join(state(), 'master.key'), `${'0'.repeat(64)}\n`);
    await reopen();
    assert.equal(store.secret(path('box.secret')), undefined);
    assert.ok(logged.includes('error: a secret does not open under the master key'), logged.join());
  });
});

function path(text: string) {
  return parsePath(place.schema, text);
}

function merge(at: string, value: Parameters<typeof edit>[3]) {
  return edit(place.schema, 'merge', at, value);
}

function size(): unknown {
  return store.running().config.get(path('box.size'));
}

function ids(): readonly string[] {
  return store.history().map(({ transaction }) => transaction);
}

function state(): string {
  return `${place.directory}/r${serial}`;
}

async function reopen(options: Parameters<typeof open>[1] = {}): Promise<void> {
  await store?.close();
  const log = (level: string, message: string) => void logged.push(`${level}: ${message}`);
  store = await open(place, { stateDirectory: state(), modules: [plainOwner], log, ...options });
}

async function compact(retention: { count: number }): Promise<void> {
  const { store: plain } = await Store.open({
    stateDirectory: state(),
    schema: place.schema,
    files: nodeFileSystem,
    clock: manualClock(),
    log: () => undefined,
    troubles: new Troubles(),
    built: 0,
    retention: () => ({ age: Number.POSITIVE_INFINITY, ...retention }),
  });
  await plain.compact();
  await plain.close();
}

function next(test: (event: DatastoreEvent) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = store.subscribe((event) => {
      if (!test(event)) return;
      end();
      resolve();
    });
  });
}

function manualClock(): Clock & { advance(milliseconds: number): void } {
  let now = 1_800_000_000_000;
  let timers: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    now: () => now,
    after(milliseconds, callback) {
      const timer = { at: now + milliseconds, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance(milliseconds) {
      now += milliseconds;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { callback } of due) callback();
    },
  };
}

describe('the clock of the system', () => {
  it('waits longer than a timer of Node can', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    let calls = 0;
    systemClock.after(3_000_000_000, () => calls++);
    context.mock.timers.tick(2 ** 31 - 1);
    assert.equal(calls, 0);
    context.mock.timers.tick(3_000_000_000 - (2 ** 31 - 1));
    assert.equal(calls, 1);
    const cancel = systemClock.after(3_000_000_000, () => calls++);
    context.mock.timers.tick(2 ** 31 - 1);
    cancel();
    context.mock.timers.tick(2 ** 31 - 1);
    assert.equal(calls, 1);
  });
});
