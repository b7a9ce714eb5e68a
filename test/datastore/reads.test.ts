import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Bus } from '../../src/datastore/bus.js';
import type { Datastore, ModuleRegistration, Session } from '../../src/datastore/index.js';
import { Registry } from '../../src/datastore/registry.js';
import { ConfigError } from '../../src/error.js';
import { type Branch, decodeJson, encodeJson, parsePath, stepsInSlices } from '../../src/yang/index.js';
import { admin, edit, makePlace, open, type Place, plainOwner } from './fixture.js';

let place: Place;
let store: Datastore;
let session: Session;
let reads = 0;
/** Milliseconds that the provider takes for an entry. */
let reading = 0;

before(async () => {
  place = await makePlace();
  store = await open(place, { modules: [module] });
  session = store.session(admin);
  const item = [{ name: 'a', value: 1 }, { name: 'bc' }];
  await session.apply([edit(place.schema, 'merge', 'box', { title: 't', item, 'high-mark': 3 })]);
  await store.commit({ system: [{ path: path('box.item[a].made'), value: { serial: 9, note: 'n' } }] });
});
after(async () => {
  await store.close();
  await place.remove();
});

describe('operational (RFC 8342 5.3)', () => {
  it('is configuration with system state, computed state and defaults in use', () => {
    assert.deepEqual(store.state(path('box.item[a]')), {
      name: 'a',
      value: 1,
      hint: 'none',
      made: { serial: 9, note: 'n' },
      now: { length: 1, big: '18446744073709551615' },
    });
    assert.deepEqual(Object.keys(store.state(path('box')) ?? {}).sort(), [
      'high-mark',
      'item',
      'size',
      'title',
      'total',
    ]);
  });

  it('gives the same by leaf as by container', () => {
    for (const at of [
      'box.size',
      'box.total',
      'box.item[a].hint',
      'box.item[a].made.serial',
      'box.item[bc].now.length',
    ]) {
      assert.notEqual(session.leaf(path(at)), undefined, at);
      assert.equal(session.leaf(path(at)), session.get(path(at)), at);
    }
    assert.equal(session.leaf(path('box.item[bc].now.length')), 2);
    assert.equal(session.leaf(path('box.item[a].now.big')), 18446744073709551615n);
  });

  it('has leafs of type empty, of which there is only that they are there', async () => {
    await session.apply([edit(place.schema, 'merge', 'box.flag', [null])]);
    assert.deepEqual(store.state(path('box'))?.['flag'], [null]);
    await session.apply([edit(place.schema, 'delete', 'box.flag')]);
    assert.equal(store.state(path('box'))?.['flag'], undefined);
  });

  it('has no default of a case that is not chosen, nor below what is not there (RFC 7950 7.6.1)', () => {
    assert.equal(session.leaf(path('box.low-mark')), undefined);
    assert.equal(session.leaf(path('box.deep.mark')), undefined);
    assert.equal(session.get(path('box.deep')), undefined);
    assert.equal(session.leaf(path('box.there.on')), undefined);
    assert.equal(session.leaf(path('box.item[zz].hint')), undefined);
    assert.equal(session.leaf(path('box.item[zz].now.length')), undefined);
  });

  it('asks a provider once for a leaf and builds nothing around it', () => {
    reads = 0;
    session.leaf(path('box.item[a].now.length'));
    assert.equal(reads, 1);
  });

  it('is what running is not: running has no default and no state', () => {
    assert.equal(session.get(path('box.size'), 'running'), undefined);
    assert.equal(session.get(path('box.total'), 'running'), undefined);
  });
});

describe('a read in slices', () => {
  it('gives what a read gives, and lets others run meanwhile', async () => {
    const item = Array.from({ length: 60 }, (_, index) => ({ name: `i${String(index)}` }));
    await session.apply([edit(place.schema, 'merge', 'box', { item })]);
    for (const withDefaults of [undefined, 'report-all', 'trim', 'explicit'] as const) {
      for (const datastore of ['running', 'operational'] as const) {
        const options = { datastore, ...(withDefaults === undefined ? {} : { withDefaults }) };
        const whole = session.read(path('box'), options)?.content as Branch;
        const sliced = (await stepsInSlices(session.reading(path('box'), options)))?.content as Branch;
        assert.deepEqual(
          encodeJson(place.schema, sliced.schema, sliced),
          encodeJson(place.schema, whole.schema, whole),
          `${datastore} ${String(withDefaults)}`,
        );
      }
    }
    let turns = 0;
    const count = setInterval(() => (turns += 1), 0);
    reading = 1;
    const begun = performance.now();
    await stepsInSlices(session.reading(path('box')));
    const took = performance.now() - begun;
    reading = 0;
    clearInterval(count);
    assert.ok(took >= 60 && turns >= 4, `${String(turns)} turns in ${String(took)} ms`);
  });
});

describe('candidates', () => {
  it('of one user cannot crowd those of others out', async () => {
    const mine = store.session(admin);
    mine.edit([edit(place.schema, 'merge', 'box.size', 5)], 'mine');
    const greedy = store.session({ ...admin, user: 'greedy' });
    const crowd = () => {
      for (let number = 0; number < 10_000; number++) {
        greedy.edit([edit(place.schema, 'merge', 'box.size', 6)], `greedy ${number}`);
      }
    };
    assert.throws(crowd, { tag: 'resource-denied', message: 'greedy has too many candidates; commit or discard one' });
    greedy.edit([edit(place.schema, 'merge', 'box.size', 7)], 'greedy 0');
    greedy.discard('greedy 0');
    greedy.edit([edit(place.schema, 'merge', 'box.size', 7)], 'another');
    await mine.commit({}, 'mine');
    assert.equal(store.running().config.get(path('box.size')), 5);
    await mine.apply([edit(place.schema, 'delete', 'box.size')]);
  });
});

describe('actions', () => {
  it('get validated input with defaults filled in and commit on behalf of the caller', async () => {
    const at = path('box.item[a].grow');
    const output = await session.invoke(at, input('box.item[a].grow', { reason: 'spring' }));
    assert.equal(output.schema.kind, 'output');
    assert.equal([...output.present()].length, 1);
    assert.equal(session.leaf(path('box.item[a].value')), 3);
    assert.deepEqual(session.history()[0]?.origin, admin);
    assert.equal(session.history()[0]?.comment, 'spring');
  });

  it('refuse what has no instance, no mandatory input, or no code', async () => {
    await assert.rejects(session.invoke(path('box.item[zz].grow'), input('box.item[zz].grow', { reason: 'x' })), {
      tag: 'data-missing',
      path: "/signet-test:box/item[name='zz']",
    });
    await assert.rejects(session.invoke(path('box.item[a].grow'), undefined), { tag: 'missing-element' });
    await assert.rejects(session.invoke(path('shout'), undefined), { tag: 'operation-not-supported' });
  });
});

describe('events', () => {
  it('are delivered in order, and a slow subscriber is told what it missed', async () => {
    const bus = new Bus<number>({ limit: 3, log: () => undefined, missed: (count) => -count });
    const seen: number[] = [];
    let release: (() => void) | undefined;
    const done = new Promise<void>((resolve) => {
      bus.subscribe(async (event) => {
        if (event === 0) await new Promise<void>((go) => (release = go));
        seen.push(event);
        if (event < 0) resolve();
      });
    });
    bus.publish(0);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    for (const event of [1, 2, 3, 4, 5]) bus.publish(event);
    release?.();
    await done;
    assert.deepEqual(seen, [0, 1, 2, 3, -2]);
  });

  it('that a subscriber misses are told where they are missing, also to one that never catches up', async () => {
    const bus = new Bus<number>({ limit: 10, log: () => undefined, missed: (count) => -count });
    const seen: number[] = [];
    let published = 0;
    const publish = () => {
      bus.publish(published);
      published += 1;
    };
    let told = 0;
    bus.subscribe(async (event) => {
      seen.push(event);
      told += event < 0 ? -event : 1;
      // Three come while it is at work with one.
      for (let count = 0; count < 3 && published < 600; count += 1) publish();
      await new Promise<void>((resolve) => void setImmediate(resolve));
    });
    publish();
    while (told < 600) await new Promise<void>((resolve) => void setImmediate(resolve));
    let next = 0;
    for (const event of seen) {
      if (event >= 0) assert.equal(event, next);
      next += event < 0 ? -event : 1;
    }
    const gaps = seen.filter((event) => event < 0);
    assert.ok(gaps.length > 10 && gaps.length < 100, `${gaps.length} gaps`);
  });

  it('of modules reach subscribers', async () => {
    const got = new Promise<string>((resolve) => {
      const end = session.subscribe((event) => {
        if (event.kind !== 'notification') return;
        end();
        resolve(event.path.toString());
      });
    });
    notify?.();
    assert.equal(await got, '/signet-test:box/grown');
  });
});

describe('the registry', () => {
  it('lists everything that is wrong in one error', () => {
    const bad: ModuleRegistration = {
      name: 'bad',
      handlers: [
        { name: 'one', path: '/signet-test:box/item' },
        { name: 'two', path: '/signet-test:box/item/value' },
        { name: 'three', path: '/signet-test:nowhere', references: ['/signet-test:gone'] },
      ],
      state: [{ path: '/signet-test:box/title', read: () => 'x' }],
      actions: [{ path: '/signet-test:box/fly', invoke: () => Promise.resolve({}) }],
    };
    assert.throws(
      () => new Registry(place.schema, [bad]),
      (error) => {
        assert.ok(error instanceof ConfigError);
        const lines = error.all().map(({ message }) => message);
        for (const line of [
          'handler three of module bad refers to /signet-test:gone, which no module declares',
          'handler three of module bad owns /signet-test:nowhere, which no module declares',
          '/signet-test:box/item/value has two owners: one and two',
          '/signet-test:box/title has no owner',
          'state of module bad at /signet-test:box/title: the node is configuration',
          'action of module bad at /signet-test:box/fly: no module declares this action',
        ]) {
          assert.ok(lines.includes(line), line);
        }
        return true;
      },
    );
    assert.doesNotThrow(() => new Registry(place.schema, [plainOwner]));
  });
});

let notify: (() => void) | undefined;

const module: ModuleRegistration = {
  ...plainOwner,
  state: [
    { path: '/signet-test:box/total', read: (root) => (root.config.get(path('box.item')) === undefined ? 0 : 2) },
    {
      path: '/signet-test:box/item/now',
      read(_root, instance) {
        reads += 1;
        for (const end = performance.now() + reading; performance.now() < end; );
        const name = String(instance.parent?.last?.keys?.[0] ?? '');
        return { length: name.length, big: '18446744073709551615' };
      },
    },
  ],
  actions: [
    {
      path: '/signet-test:box/item/grow',
      async invoke(context, instance, given) {
        const value = 1 + Number(given['by']);
        const edits = [{ operation: 'merge' as const, path: instance, value: { value } }];
        await context.commit({ edits, comment: String(given['reason']) });
        return { value };
      },
    },
  ],
  start(services) {
    notify = () => services.notify(path('box.grown'), { name: 'a' });
  },
};

function input(at: string, json: Parameters<typeof decodeJson>[2]) {
  return decodeJson(place.schema, path(at), json) as Parameters<Session['invoke']>[1];
}

function path(text: string) {
  return parsePath(place.schema, text);
}
