/** The time of the last record: none that an impossible clock has dated makes it earlier. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Datastore } from '../../src/datastore/index.js';
import { systemClock } from '../../src/datastore/log.js';
import { timeKnown, timeOfBuild } from '../../src/device.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

let place: Place;
before(async () => {
  place = await makePlace();
});
after(() => place.remove());

const right = Date.UTC(2127, 0, 1);
const minute = 60_000;
const built = Date.UTC(2026, 0, 1);

/** Its clock is `clock.time`; the journal is made shorter with each commit where `small`. */
function device(state: string) {
  const clock = { ...systemClock, time: right, now: () => clock.time };
  let store: Datastore | undefined;
  return {
    clock,
    async start({ small = false } = {}): Promise<Datastore> {
      await store?.close();
      store = await open(place, {
        stateDirectory: `${place.directory}/${state}`,
        clock,
        retention: { count: 2 },
        built,
        ...(small ? { compactAfter: 0 } : {}),
      });
      return store;
    },
    commit: (size: number, options = {}) =>
      store!.session(admin).apply([edit(place.schema, 'merge', '/signet-test:box/size', size)], options),
    stop: () => store!.close(),
  };
}

test('a commit under a clock that is set back does not lower it, nor does a restart', async () => {
  const it = device('back');
  let store = await it.start();
  assert.equal(store.lastTime(), 0);
  await it.commit(1);
  assert.equal(store.lastTime(), right);
  it.clock.time = 0;
  await it.commit(2);
  assert.equal(store.lastTime(), right);
  store = await it.start();
  assert.equal(store.lastTime(), right);
  assert.equal(timeKnown(built, () => store)(), right - minute);
  it.clock.time = right + minute;
  await it.commit(3);
  assert.equal(store.lastTime(), right + minute);
  await it.stop();
});

test('a confirmation counts as well', async () => {
  const it = device('confirmed');
  let store = await it.start();
  await it.commit(1, { confirmTimeout: 600, persist: 'mine' });
  it.clock.time += minute;
  await store.session(admin).confirm('mine');
  assert.equal(store.lastTime(), right + minute);
  store = await it.start();
  assert.equal(store.lastTime(), right + minute);
  await it.stop();
});

test('a compaction that leaves its record out carries it on, and so does the next', async () => {
  const it = device('compacted');
  let store = await it.start({ small: true });
  await it.commit(1);
  it.clock.time = built - minute;
  for (let size = 2; size < 40; size++) await it.commit(size);
  const journal = await readFile(join(place.directory, 'compacted', 'journal', 'journal'), 'latin1');
  assert.ok(!journal.includes(`"time":${right}`), 'its record is gone');
  for (let start = 0; start < 3; start++) {
    store = await it.start({ small: true });
    assert.equal(store.lastTime(), right);
    for (let size = 2; size < 20; size++) await it.commit(size);
  }
  assert.equal(timeKnown(built, () => store)(), right - minute);
  await it.stop();
});

test('a clock that was too far ahead is put right by the next commit', async () => {
  const it = device('ahead');
  let store = await it.start();
  await it.commit(1);
  it.clock.time = Date.UTC(2027, 0, 1);
  await it.commit(2);
  assert.equal(store.lastTime(), it.clock.time);
  store = await it.start();
  assert.equal(store.lastTime(), it.clock.time);
  await it.stop();
});

test('before the first record it is the time of the build', () => {
  assert.equal(timeKnown(built, () => undefined)(), built);
  assert.equal(timeKnown(built, () => ({ lastTime: () => 0 }))(), built);
  assert.ok(timeOfBuild() > built && timeOfBuild() <= Date.now());
});
