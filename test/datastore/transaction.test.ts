import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Change, CommitHandler, Datastore, ModuleRegistration } from '../../src/datastore/index.js';
import { ConfigError } from '../../src/error.js';
import { parsePath } from '../../src/yang/index.js';
import { faultyFiles, systemError } from './faulty-files.js';
import { admin, edit, makePlace, open, type Place, plainOwner } from './fixture.js';

let place: Place;
let calls: string[];
let store: Datastore | undefined;
let serial = 0;

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(() => {
  calls = [];
  serial += 1;
});
afterEach(async () => {
  await store?.close();
  store = undefined;
});

describe('the transaction', () => {
  it('goes through its phases in order and shows the new running after apply', async () => {
    const seen: unknown[] = [];
    const s = await start([
      recorder('items', '/signet-test:box/item', {
        apply(change: Change) {
          calls.push(`apply ${name(change)}`);
          seen.push(store?.running().config.get(path('box.item[a].value')));
        },
      }),
    ]);
    const result = await s.apply([merge('box.item[a]', { name: 'a', value: 1 })]);
    assert.equal(result.transaction, '1');
    assert.deepEqual(calls, ['validate a', 'amend a', 'prepare a', 'apply a']);
    assert.deepEqual(seen, [undefined], 'readers see the new running after apply');
    assert.equal(s.leaf(path('box.item[a].value')), 1);
    assert.equal(s.transaction(), '1');
  });

  it('calls a handler once for each changed entry and not for the others', async () => {
    const s = await start([recorder('items', '/signet-test:box/item')]);
    await s.apply([merge('box', { item: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] })]);
    calls = [];
    await s.apply([merge('box.item[b]', { value: 2 }), edit(place.schema, 'delete', 'box.item[c]')]);
    assert.deepEqual(
      calls.filter((call) => call.startsWith('apply')),
      ['apply b', 'apply c'],
    );
  });

  it('tells what a change touches: at, above and below', async () => {
    let change: Change | undefined;
    const s = await start([
      {
        name: 'box',
        path: '/signet-test:box',
        apply(given) {
          change = given;
        },
      },
    ]);
    await s.apply([merge('box.item[a]', { name: 'a', value: 1 })]);
    assert.ok(change);
    await s.apply([merge('box.item[a].value', 2)]);
    assert.deepEqual(
      ['/signet-test:box', '/signet-test:box/item', '/signet-test:box/item/value'].map((at) => change?.touches(at)),
      [true, true, true],
    );
    assert.equal(change.touches('/signet-test:box/title'), false);
    assert.equal(change.cause, 'commit');
  });

  it('aborts what prepared, and only that, in reverse when a later prepare fails; running stays', async () => {
    const fail = new ConfigError({ tag: 'resource-denied', message: 'no room' });
    const s = await start([
      recorder('title', '/signet-test:box/title'),
      recorder('items', '/signet-test:box/item', { prepare: () => Promise.reject(fail) }),
    ]);
    const refused = s.apply([merge('box', { title: 'x', item: [{ name: 'a' }] })]);
    await assert.rejects(refused, {
      tag: 'resource-denied',
      message: 'no room',
      path: "/signet-test:box/item[name='a']",
    });
    assert.deepEqual(calls.slice(-2), ['prepare title', 'abort title']);
    assert.equal(s.transaction(), '0');
    assert.equal(s.leaf(path('box.title')), undefined);
  });

  it('gives what was applied the inverse change when apply throws, and records the reversal', async () => {
    const s = await start([
      recorder('title', '/signet-test:box/title'),
      recorder('items', '/signet-test:box/item', {
        apply(change: Change) {
          if (change.cause === 'commit') throw new Error('broken');
        },
      }),
    ]);
    await assert.rejects(s.apply([merge('box', { title: 'x', item: [{ name: 'a' }] })]), {
      tag: 'operation-failed',
      message: 'apply of items failed; see the log',
    });
    assert.deepEqual(
      calls.filter((call) => call.startsWith('apply')),
      ['apply title', 'apply title (rollback)'],
    );
    assert.deepEqual(
      s.history().map(({ kind, transaction }) => `${transaction} ${kind}`),
      ['2 reversal', '1 commit', '0 initial'],
    );
    assert.equal(s.leaf(path('box.title')), undefined);
  });

  it('answers rollback-failed when going back fails as well, and is still usable', async () => {
    let broken = true;
    const s = await start([
      recorder('title', '/signet-test:box/title', {
        apply() {
          if (broken) throw new Error('broken');
        },
      }),
    ]);
    await assert.rejects(s.apply([merge('box.title', 'x')]), { tag: 'rollback-failed' });
    broken = false;
    await s.apply([merge('box.title', 'y')]);
    assert.equal(s.leaf(path('box.title')), 'y');
  });

  for (const phase of ['amend', 'validate', 'prepare'] as const) {
    it(`refuses with operation-failed and leaves no trace when a handler throws in ${phase}`, async () => {
      const broken = () => {
        throw new Error(`secret detail`);
      };
      const s = await start([recorder('title', '/signet-test:box/title', { [phase]: broken })]);
      await assert.rejects(s.apply([merge('box.title', 'x')]), {
        tag: 'operation-failed',
        path: '/signet-test:box/title',
        message: `${phase} of title failed; see the log`,
      });
      assert.equal(s.transaction(), '0');
      assert.equal(s.history().length, 1);
    });
  }

  for (const phase of ['amend', 'prepare', 'apply'] as const) {
    it(`gives a handler that hangs in ${phase} up at its deadline`, async () => {
      let signal: AbortSignal | undefined;
      const hang = (_change: Change, context?: unknown) => {
        signal = (context as { signal?: AbortSignal } | undefined)?.signal;
        return calls.filter((call) => call === 'hang').length > 0 ? undefined : new Promise(() => calls.push('hang'));
      };
      const handler = recorder('title', '/signet-test:box/title', { [phase]: hang });
      const s = await start([handler], { deadlines: { amend: 30, prepare: 30, apply: 30 } });
      await assert.rejects(s.apply([merge('box.title', 'x')]), {
        tag: 'operation-failed',
        message: `${phase} of title did not finish in time`,
      });
      if (phase !== 'apply') assert.equal(signal?.aborted, true);
      assert.equal(s.leaf(path('box.title')), undefined);
      await s.apply([merge('box.size', 3)]);
      assert.equal(s.leaf(path('box.size')), 3);
    });
  }

  it('aborts what a prepare returns after it was given up', async () => {
    let finish: ((value: string) => void) | undefined;
    const handler: CommitHandler<string> = {
      name: 'late',
      path: '/signet-test:box/title',
      prepare: () => new Promise<string>((resolve) => (finish = resolve)),
      abort: (_change, resource) => void calls.push(`abort ${resource}`),
    };
    const s = await start([handler], { deadlines: { prepare: 20 } });
    await assert.rejects(s.apply([merge('box.title', 'x')]), { tag: 'operation-failed' });
    finish?.('held');
    await new Promise<void>((resolve) => void setImmediate(resolve));
    assert.deepEqual(calls, ['abort held']);
  });

  it('aborts in reverse and keeps running when the journal cannot be written, and goes on when it can', async () => {
    const files = faultyFiles();
    const s = await start([recorder('title', '/signet-test:box/title'), recorder('items', '/signet-test:box/item')], {
      files,
    });
    files.fault = {
      before(step) {
        if (step === 'sync') throw systemError('ENOSPC');
      },
    };
    await assert.rejects(s.apply([merge('box', { title: 'x', item: [{ name: 'a' }] })]), {
      tag: 'resource-denied',
      message: 'cannot write the journal: no space left on the disk',
    });
    assert.deepEqual(calls.slice(-2), ['abort a', 'abort title']);
    assert.equal(s.leaf(path('box.title')), undefined);
    files.fault = undefined;
    await s.apply([merge('box.title', 'y')]);
    assert.equal(s.leaf(path('box.title')), 'y');
  });

  it('groups commits that wait together into few syncs, each on its predecessor', async () => {
    const files = faultyFiles();
    const s = await start([plainOwner.handlers![0]!], { files });
    const syncs = () => files.steps.filter((step) => step === 'sync').length;
    const start1 = syncs();
    const commits = Array.from({ length: 32 }, (_, index) =>
      s.apply([merge(`box.item[i${index}]`, { name: `i${index}`, value: index })]),
    );
    const results = await Promise.all(commits);
    assert.deepEqual(
      results.map((result) => Number(result.transaction)),
      Array.from({ length: 32 }, (_, index) => index + 1),
    );
    assert.ok(syncs() - start1 <= 4, `${syncs() - start1} syncs`);
    await reopen();
    assert.equal(store?.running().config.get(path('box.item[i31].value')), 31);
  });

  it('applies what is referred to first and removes it last', async () => {
    // Registered the other way round: the order comes from the leafref of preferred.
    const s = await start([
      recorder('preferred', '/signet-test:box/preferred'),
      recorder('items', '/signet-test:box/item'),
    ]);
    await s.apply([merge('box', { preferred: 'a', item: [{ name: 'a' }] })]);
    await s.apply([edit(place.schema, 'delete', 'box.preferred'), edit(place.schema, 'delete', 'box.item[a]')]);
    assert.deepEqual(
      calls.filter((call) => call.startsWith('apply')),
      ['apply a', 'apply preferred', 'apply preferred', 'apply a'],
    );
  });

  it('tells a handler whose references changed though its own leaves did not', async () => {
    const causes: string[] = [];
    const s = await start([
      {
        name: 'title',
        path: '/signet-test:box/title',
        references: ['/signet-test:box/item'],
        apply: (change) => void causes.push(change.cause),
      },
    ]);
    await s.apply([merge('box.item[a]', { name: 'a' })]);
    await s.apply([merge('box.size', 1)]);
    assert.deepEqual(causes, ['reference']);
  });

  it('keeps what amend made as system state, in the same transaction and over a restart', async () => {
    const s = await start([
      {
        name: 'items',
        path: '/signet-test:box/item',
        async amend(change, context) {
          const at = parsePath(place.schema, `${change.instance.toString()}/made/serial`);
          if (change.after.config.get(change.instance) !== undefined) context.set(at, 42);
          assert.throws(() => context.set(path('box.title'), 'x'), RangeError);
          await Promise.resolve();
        },
      },
    ]);
    await s.apply([merge('box.item[a]', { name: 'a' })]);
    assert.equal(s.leaf(path('box.item[a].made.serial')), 42);
    await reopen();
    assert.equal(store?.session(admin).leaf(path('box.item[a].made.serial')), 42);
    const t = store!.session(admin);
    await t.apply([edit(place.schema, 'delete', 'box.item[a]')]);
    assert.equal(store?.running().system.get(path('box.item[a]')), undefined, 'its state goes with the entry');
  });

  it('collects the errors of all handlers, and refuses a test-only commit nothing', async () => {
    const finding = (text: string) => ({
      validate: () => [{ severity: 'error' as const, path: '/signet-test:box', text, tag: 'invalid-value' as const }],
    });
    const s = await start([
      recorder('title', '/signet-test:box/title', finding('one')),
      recorder('items', '/signet-test:box/item', finding('two')),
    ]);
    const refused = s.apply([merge('box', { title: 'x', item: [{ name: 'a' }] })]);
    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error
          .all()
          .map((one) => one.message)
          .sort(),
        ['one', 'two'],
      );
      return true;
    });
    const result = await s.apply([merge('box.size', 2)], { testOnly: true });
    assert.equal(result.transaction, '0');
    assert.equal(s.leaf(path('box.size')), 7);
  });

  it('refuses a commit that expects another transaction with in-use', async () => {
    const s = await start([plainOwner.handlers![0]!]);
    await s.apply([merge('box.size', 2)]);
    await assert.rejects(s.apply([merge('box.size', 3)], { expectTransaction: '0' }), { tag: 'in-use' });
    await s.apply([merge('box.size', 3)], { expectTransaction: '1' });
  });

  it('waits no longer than its limit behind a slow prepare, and says in-use', async () => {
    let release: (() => void) | undefined;
    let reached: (() => void) | undefined;
    const s = await start(
      [
        recorder('title', '/signet-test:box/title', {
          prepare: () =>
            new Promise<string>((resolve) => {
              release = () => resolve('done');
              reached?.();
            }),
        }),
      ],
      { deadlines: { queue: 30 } },
    );
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    const slow = s.apply([merge('box.title', 'x')]);
    await isReached;
    await assert.rejects(s.apply([merge('box.size', 3)]), { tag: 'in-use' });
    release?.();
    assert.equal((await slow).transaction, '1');
  });

  it('applies the whole of running at start, with cause start, and starts though a handler fails', async () => {
    const s = await start([recorder('items', '/signet-test:box/item')]);
    await s.apply([merge('box', { item: [{ name: 'a' }, { name: 'b' }] })]);
    calls = [];
    const logged: string[] = [];
    const broken = recorder('items', '/signet-test:box/item', {
      apply(change: Change) {
        calls.push(`apply ${name(change)} (${change.cause})`);
        if (name(change) === 'a') throw new Error('gone');
      },
    });
    await reopen([broken], { log: (_level, message) => void logged.push(message) });
    assert.deepEqual(calls, ['apply a (start)', 'apply b (start)']);
    assert.ok(logged.includes('alarm: items could not be applied at start'));
  });
});

describe('candidates', () => {
  it('are private to a session until they are committed', async () => {
    const one = await start([plainOwner.handlers![0]!]);
    const two = store!.session(admin);
    one.edit([merge('box.size', 1)]);
    two.edit([merge('box.title', 't')]);
    assert.equal(one.get(path('box.size'), 'candidate'), 1);
    assert.equal(two.get(path('box.size'), 'candidate'), undefined);
    await one.commit();
    await two.commit();
    assert.equal(one.leaf(path('box.title')), 't');
    assert.equal(one.leaf(path('box.size')), 1);
  });

  it('are rebased where running moved, and refused with both paths where both changed the same', async () => {
    const one = await start([plainOwner.handlers![0]!]);
    const two = store!.session(admin);
    two.edit([merge('box.item[a]', { name: 'a', value: 1 }), merge('box.size', 1)]);
    await one.apply([merge('box.item[a]', { name: 'a', value: 2 })]);
    await assert.rejects(two.commit(), {
      tag: 'operation-failed',
      appTag: 'overlap',
      path: "/signet-test:box/item[name='a']",
      message: "the running configuration was changed meanwhile at /signet-test:box/item[name='a']",
    });
    assert.equal(one.leaf(path('box.item[a].value')), 2);
    assert.equal(one.leaf(path('box.size')), 7, 'nothing of a refused commit is there');
  });

  it('of NETCONF are one for all its sessions (RFC 6241 8.3)', async () => {
    const netconf = { ...admin, protocol: 'netconf' } as const;
    await start([plainOwner.handlers![0]!]);
    const [one, two] = [store!.session(netconf), store!.session(netconf)];
    one.edit([merge('box.size', 1)]);
    assert.equal(two.get(path('box.size'), 'candidate'), 1);
    two.discard();
    assert.equal(one.get(path('box.size'), 'candidate'), undefined);
  });
});

describe('locks (RFC 6241 7.5)', () => {
  it('refuse the commits of others with in-use and a second lock with lock-denied and the session-id', async () => {
    const one = await start([plainOwner.handlers![0]!]);
    const two = store!.session(admin);
    one.lock('running');
    assert.throws(() => two.lock('running'), { tag: 'lock-denied', info: { 'session-id': String(one.id) } });
    await assert.rejects(two.apply([merge('box.size', 1)]), { tag: 'in-use' });
    await one.apply([merge('box.size', 1)]);
    assert.throws(() => two.unlock('running'), { tag: 'operation-failed' });
    one.close();
    await two.apply([merge('box.size', 2)]);
  });

  it('of a candidate that holds changes are refused', async () => {
    const one = await start([plainOwner.handlers![0]!]);
    one.edit([merge('box.size', 1)], 'shared');
    assert.throws(() => one.lock('candidate'), { tag: 'lock-denied' });
    one.discard('shared');
    one.lock('candidate');
    const two = store!.session(admin);
    assert.throws(() => two.edit([merge('box.size', 1)], 'shared'), { tag: 'in-use' });
  });
});

function recorder(
  label: string,
  at: string,
  overrides: Partial<Record<'amend' | 'validate' | 'prepare' | 'apply' | 'abort', unknown>> = {},
): CommitHandler {
  const say = (phase: string, change: Change) => {
    const cause = change.cause === 'rollback' ? ' (rollback)' : '';
    calls.push(`${phase} ${at.endsWith('item') ? name(change) : label}${cause}`);
  };
  const handler: CommitHandler = {
    name: label,
    path: at,
    amend: async (change) => await Promise.resolve(say('amend', change)),
    validate(change) {
      say('validate', change);
      return [];
    },
    async prepare(change) {
      say('prepare', change);
      return await Promise.resolve(label);
    },
    apply: (change) => say('apply', change),
    abort: (change) => say('abort', change),
  };
  return { ...handler, ...overrides } as CommitHandler;
}

function name(change: Change): string {
  return String(change.instance.last?.keys?.[0] ?? change.instance.last?.schema.name);
}

function path(text: string) {
  return parsePath(place.schema, text);
}

function merge(at: string, value: Parameters<typeof edit>[3]) {
  return edit(place.schema, 'merge', at, value);
}

/** Owners for what the given handlers leave of the schema. */
function complete(handlers: readonly CommitHandler[]): readonly ModuleRegistration[] {
  const all = [
    'title',
    'size',
    'count',
    'both',
    'preferred',
    'secret',
    'word',
    'flag',
    'empty-able',
    'there',
    'low-mark',
    'deep',
  ];
  const paths = [...all, 'high-mark', 'item', 'step'].map((leaf) => `/signet-test:box/${leaf}`);
  const free = paths.filter((at) => !handlers.some((handler) => at.startsWith(handler.path)));
  const fillers = free.map((at) => ({ name: at, path: at }));
  return [{ name: 'test', handlers: [...handlers, ...fillers] }];
}

async function start(handlers: readonly CommitHandler[], options: Parameters<typeof open>[1] = {}) {
  await reopen(handlers, options);
  return store!.session(admin);
}

async function reopen(
  handlers: readonly CommitHandler[] = plainOwner.handlers!,
  options: Parameters<typeof open>[1] = {},
) {
  await store?.close();
  store = await open(place, {
    stateDirectory: `${place.directory}/s${serial}`,
    modules: complete(handlers),
    ...options,
  });
}
