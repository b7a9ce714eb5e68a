/** What was acknowledged is on disk, what was refused left no trace: where applying, writing or making the journal shorter fails. */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { after, before, beforeEach, describe, it } from 'node:test';
import { nodeFileSystem } from '../../src/datastore/files.js';
import type { Datastore, ModuleRegistration } from '../../src/datastore/index.js';
import { systemClock } from '../../src/datastore/log.js';
import { Store, type StoreOptions } from '../../src/datastore/store.js';
import { Troubles } from '../../src/datastore/trouble.js';
import { parsePath } from '../../src/yang/index.js';
import { type FaultyFiles, faultyFiles, systemError } from './faulty-files.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

let place: Place;
let stateDirectory: string;
let files: FaultyFiles;
/** Called by the handler's phases; a throw or a wait is theirs. */
let phases: { apply?: () => void; prepare?: () => Promise<void> };
let serial = 0;

/** Time-outs of the agent do not keep a process alive. */
const alive = setInterval(() => undefined, 1000);

before(async () => {
  place = await makePlace();
});
after(async () => {
  clearInterval(alive);
  await place.remove();
});
beforeEach(() => {
  serial += 1;
  stateDirectory = `${place.directory}/d${serial}`;
  files = faultyFiles();
  phases = {};
});

describe('a commit that cannot be applied', () => {
  it('stays refused after a restart where its reversal could not be written at once', async () => {
    const store = await start();
    await store.session(admin).apply([merge('box.size', 1)]);
    failApplyOnce(() => failOnce('write', 'ENOSPC'));
    await assert.rejects(store.session(admin).apply([merge('box.size', 2)]), { tag: 'operation-failed' });
    assert.equal(size(store), 1);
    await store.session(admin).apply([merge('box.title', 'later')]);
    const kinds = store.history().map(({ kind }) => kind);
    assert.deepEqual(kinds, ['commit', 'reversal', 'commit', 'commit', 'initial']);
    await store.close();
    const again = await start();
    assert.equal(size(again), 1);
    assert.equal(again.running().config.get(path('box.title')), 'later');
    assert.deepEqual(
      again.history().map(({ kind }) => kind),
      kinds,
    );
    await again.close();
  });

  it('is followed by no acknowledged commit while its reversal is owed', async () => {
    const store = await start();
    await store.session(admin).apply([merge('box.size', 1)]);
    failApplyOnce(() => {
      files.fault = { before: (step) => fail(step === 'write', 'ENOSPC') };
    });
    await assert.rejects(store.session(admin).apply([merge('box.size', 2)]));
    await assert.rejects(store.session(admin).apply([merge('box.size', 3)]), { tag: 'resource-denied' });
    files.fault = undefined;
    await store.session(admin).apply([merge('box.size', 4)]);
    await store.close();
    const again = await start();
    assert.equal(size(again), 4);
    await again.close();
  });

  it('opens no confirmed commit: later ones are not undone at the next start', async () => {
    const store = await start();
    await store.session(admin).apply([merge('box.size', 1)]);
    failApplyOnce();
    await assert.rejects(store.session(admin).apply([merge('box.size', 2)], { confirmTimeout: 60 }));
    await store.session(admin).apply([merge('box.size', 3)]);
    await store.close();
    const again = await start();
    assert.equal(size(again), 3);
    await again.close();
  });

  it('closes no confirmed commit: that is undone at the next start', async () => {
    const store = await start();
    await store.session(admin).apply([merge('box.size', 1)]);
    const { persistId } = await store.session(admin).apply([merge('box.size', 2)], { confirmTimeout: 60 });
    failApplyOnce();
    const confirming = store.session(admin).apply([merge('box.size', 3)], { persistId: persistId! });
    await assert.rejects(confirming);
    assert.equal(size(store), 2);
    await store.close();
    const again = await start();
    assert.equal(size(again), 1);
    await again.close();
  });

  it('is never seen by a reader, not while its reversal is written either', async () => {
    const seen = new Set<unknown>();
    let watching = false;
    const store: Datastore = await start();
    files.fault = { before: () => void (watching && seen.add(size(store))) };
    await store.session(admin).apply([merge('box.size', 1)]);
    failApplyOnce(() => {
      watching = true;
    });
    await assert.rejects(store.session(admin).apply([merge('box.size', 2)]));
    assert.deepEqual([...seen], [1]);
    await store.close();
  });
});

describe('a group of commits', () => {
  it('acknowledges none before the sync, not one that asks for what another of them set either', async () => {
    const store = await start();
    await store.session(admin).apply([merge('box.size', 1)]);
    failOnce('sync', 'EIO');
    const results = await Promise.allSettled(
      [2, 2, 2].map((value) => store.session(admin).apply([merge('box.size', value)])),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.equal(size(store), 1);
    const [first, second] = await Promise.all(
      [2, 2].map((value) => store.session(admin).apply([merge('box.size', value)])),
    );
    assert.equal(first?.transaction, second?.transaction);
    assert.equal(size(store), 2);
    await store.close();
  });
});

describe('a confirmed commit that times out while others are before it', () => {
  it('is not undone any more where a confirmation was acknowledged', async () => {
    const store = await start('slow');
    const session = store.session(admin);
    await session.apply([merge('box.size', 1)]);
    await session.apply([merge('box.size', 2)], { confirmTimeout: 0.1 });
    const slow = gate();
    phases.prepare = () => slow.wait;
    // The time-out goes back; a confirmation that comes while it prepares is told so, and not a success.
    const undone = until(store, () => size(store) === 1);
    await slow.entered;
    const confirmed = session.confirm();
    slow.open();
    await assert.rejects(confirmed, { message: 'no confirmed commit is open' });
    await undone;
    await store.close();
  });

  it('is not undone where an extension was before the time-out in the queue', async () => {
    const store = await start('slow');
    const session = store.session(admin);
    await session.apply([merge('box.size', 1)]);
    await session.apply([merge('box.size', 2)], { confirmTimeout: 0.1 });
    const slow = gate();
    phases.prepare = () => slow.wait;
    const extended = session.apply([merge('box.size', 3)], { confirmTimeout: 600 });
    await slow.entered;
    await new Promise((resolve) => setTimeout(resolve, 200));
    slow.open();
    await extended;
    phases = {};
    await session.confirm();
    assert.equal(size(store), 3);
    assert.deepEqual(
      store.history().map(({ kind }) => kind),
      ['confirmed-commit', 'confirmed-commit', 'commit', 'initial'],
    );
    await store.close();
  });
});

describe('a start', () => {
  it('undoes an open confirmed commit although the disk is full', async () => {
    const store = await start();
    await store.session(admin).apply([merge('box.size', 1)]);
    await store.session(admin).apply([merge('box.size', 2)], { confirmTimeout: 600 });
    await store.close();
    files.fault = { before: (step) => fail(step === 'write', 'ENOSPC') };
    const again = await start();
    assert.equal(size(again), 1);
    await assert.rejects(again.session(admin).apply([merge('box.size', 5)]), { tag: 'resource-denied' });
    files.fault = undefined;
    await again.session(admin).apply([merge('box.size', 6)]);
    await again.close();
    const third = await start();
    assert.equal(size(third), 6);
    await third.close();
  });

  it('tells the history with the times that were told before it', async () => {
    let now = 1_800_000_000_000;
    const clock = { ...systemClock, now: () => now++ };
    const store = await open(place, { stateDirectory, clock });
    await store.session(admin).apply([merge('box.size', 1)]);
    const told = store.history();
    await store.close();
    const again = await open(place, { stateDirectory, clock });
    assert.deepEqual(again.history().slice(0, 1), told.slice(0, 1));
    // The empty root that all begins with has no record: it is as old as the first that there is.
    const first = told[0]!.time;
    assert.deepEqual(
      again.history().map(({ time }) => time),
      [first, first],
    );
    await again.close();
  });
});

describe('making the journal shorter', () => {
  it('loses nothing where the sync of the directory fails and it is done again', async () => {
    const store = await start();
    for (let value = 1; value <= 8; value++) await store.session(admin).apply([merge('box.size', value)]);
    await store.close();
    const plain = await openStore({ count: 4 });
    failOnce('syncDirectory', 'EIO');
    await assert.rejects(plain.compact());
    await plain.setFact('a', 1);
    await plain.compact();
    await plain.close();
    const again = await start();
    assert.equal(size(again), 8);
    assert.deepEqual(
      again.history().map(({ transaction }) => transaction),
      ['8', '7', '6', '5'],
    );
    await again.close();
  });

  it('keeps the empty root of the first start as a point like any other', async () => {
    const store = await start();
    for (let value = 1; value <= 3; value++) await store.session(admin).apply([merge('box.size', value)]);
    await store.close();
    const plain = await openStore({ count: 200 });
    await plain.compact();
    await plain.setFact('a', 1);
    await plain.compact();
    await plain.close();
    const again = await start();
    assert.deepEqual(
      again.history().map(({ transaction }) => transaction),
      ['3', '2', '1', '0'],
    );
    await again.session(admin).rollback('1');
    assert.equal(size(again), 1);
    await again.close();
  });

  it('drops facts that others followed: with two points the journal stays short however often one is set', async () => {
    const store = await start();
    for (let value = 1; value <= 3; value++) await store.session(admin).apply([merge('box.size', value)]);
    await store.close();
    const plain = await openStore({ count: 2 });
    const { size: length } = await stat(`${stateDirectory}/journal/journal`);
    for (let value = 1; value <= 400; value++) {
      await plain.setFact(`f${value % 4}`, { value, text: 'x'.repeat(100) });
      if (value % 100 === 0) await plain.compact();
    }
    assert.ok((await stat(`${stateDirectory}/journal/journal`)).size < length + 4 * 250);
    await plain.close();
    const again = await openStore({ count: 2 });
    const facts = [0, 1, 2, 3].map((each) => (again.fact(`f${each}`) as { readonly value: number }).value);
    assert.deepEqual(facts, [400, 397, 398, 399]);
    assert.deepEqual(
      again.history.entries().map(({ transaction }) => transaction),
      ['3', '2'],
    );
    await again.close();
  });

  it('loses no fact that is set meanwhile, and no order of facts and commits', async () => {
    const store = await start();
    await store.session(admin).apply([merge('box.size', 1)]);
    await store.close();
    const plain = await openStore({ count: 2 });
    const expected = new Map<string, number>();
    for (let round = 0; round < 30; round++) {
      const compaction = plain.compact();
      const set = Array.from({ length: 1 + (round % 5) }, (_, index) => {
        const name = `f${(round + index) % 7}`;
        expected.set(name, round * 10 + index);
        return plain.setFact(name, round * 10 + index);
      });
      await Promise.all([compaction, ...set]);
    }
    await plain.close();
    const again = await openStore({ count: 2 });
    for (const [name, value] of expected) assert.equal(again.fact(name), value, name);
    await again.close();
  });

  for (const count of [1, 2, 3]) {
    it(`keeps commits that are on disk and not applied yet, with a history of ${count}`, async () => {
      const plain = await openStore({ count });
      const commit = async (value: number, during: () => Promise<void>) => {
        const { root } = plain.head;
        const editor = root.config.edit();
        editor.set(path('box.size'), value);
        const next = { config: editor.finish(), system: root.system };
        const entry = { transaction: String(value), time: 1, origin: admin, comment: '', kind: 'commit' };
        const [end] = await plain.write([{ entry, before: root, after: next }]);
        await during();
        plain.advance(entry, next, end!, undefined);
      };
      for (let value = 1; value <= 12; value++) {
        await commit(value, async () => {
          if (value % 3 === 0) await plain.compact();
        });
        if (value % 4 === 0) await plain.compact();
      }
      await plain.close();
      const again = await open(place, { stateDirectory, retention: { count } });
      assert.equal(size(again), 12);
      assert.equal(again.history().length, count);
      await again.close();
    });
  }
});

/** With `slow` the handler prepares, so that its commits go alone. */
function start(slow?: 'slow'): Promise<Datastore> {
  const module: ModuleRegistration = {
    name: 'test',
    handlers: [
      {
        name: 'box',
        path: '/signet-test:box',
        ...(slow === undefined ? {} : { prepare: async () => await phases.prepare?.() }),
        apply: () => phases.apply?.(),
      },
    ],
  };
  return open(place, { stateDirectory, files, modules: [module] });
}

async function openStore(retention: { readonly count: number }): Promise<Store> {
  const options: StoreOptions = {
    stateDirectory,
    schema: place.schema,
    files,
    clock: systemClock,
    log: () => undefined,
    troubles: new Troubles(),
    built: 0,
    retention: () => ({ age: Number.POSITIVE_INFINITY, ...retention }),
  };
  await nodeFileSystem.makeDirectory(stateDirectory, 0o700);
  return (await Store.open(options)).store;
}

/** The next apply fails, `before` is called first; the inverse change that follows works. */
function failApplyOnce(before?: () => void): void {
  phases.apply = () => {
    delete phases.apply;
    before?.();
    throw new Error('cannot be applied');
  };
}

function failOnce(step: string, code: string): void {
  files.fault = {
    before(kind) {
      if (kind !== step) return;
      files.fault = undefined;
      throw systemError(code);
    },
  };
}

function fail(condition: boolean, code: string): void {
  if (condition) throw systemError(code);
}

/** Something to wait at: `entered` resolves when somebody does. */
function gate() {
  let open = (): void => undefined;
  let enter = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  return {
    get wait(): Promise<void> {
      enter();
      return opened;
    },
    entered,
    open: () => open(),
  };
}

async function until(store: Datastore, condition: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = store.subscribe(() => {
      if (!condition()) return;
      end();
      resolve();
    });
  });
}

function path(text: string) {
  return parsePath(place.schema, text);
}

function merge(at: string, value: Parameters<typeof edit>[3]) {
  return edit(place.schema, 'merge', at, value);
}

function size(store: Datastore): unknown {
  return store.running().config.get(path('box.size'));
}
