/** A machine that behaves badly: its clock jumps, its file system is read-only, two agents want one state directory. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../src/datastore/log.js';
import { temporaryDirectory } from '../support/places.js';
import { run } from '../support/run.js';
import { openModel, origin, pairValue, write } from './model.js';
import { lastAcknowledged, said, writerScript } from './support.js';

const day = 24 * 60 * 60 * 1000;

describe('a clock that is set', () => {
  it('back: commits, their order, confirmed commits and rollback go on, also over a restart', async () => {
    const state = await newState();
    let now = Date.parse('2026-11-27T12:00:00Z');
    const clock = { ...systemClock, now: () => now };
    const store = await openModel(state, { clock });
    await write(store, 0, 1);
    now -= 400 * day;
    await write(store, 0, 2);
    await write(store, 0, 3);
    await store.close();
    now -= 400 * day;
    const again = await openModel(state, { clock });
    assert.equal(pairValue(again, 0), 3);
    assert.deepEqual(
      again.history().map(({ transaction }) => transaction),
      ['3', '2', '1'],
    );
    await again.session(origin).rollback('1');
    assert.equal(pairValue(again, 0), 1);
    await again.close();
  });

  it('far forward, as by a broken battery: the last points are not taken for old', async () => {
    const state = await newState();
    let now = Date.parse('2026-11-27T12:00:00Z');
    const options = { clock: { ...systemClock, now: () => now }, retention: { count: 100, age: 30 * day } };
    const store = await openModel(state, options);
    for (let value = 1; value <= 5; value++) await write(store, 0, value);
    now += 20_000 * day;
    await write(store, 0, 6);
    now -= 20_000 * day;
    await write(store, 0, 7);
    await store.session(origin).rollback('3');
    assert.equal(pairValue(store, 0), 3);
    await store.close();
    const again = await openModel(state, options);
    await again.session(origin).rollback('2');
    assert.equal(pairValue(again, 0), 2);
    await again.close();
  });
});

describe('a file system that is read-only', () => {
  it('is refused at start with the cause, and nothing is changed', async (context) => {
    const state = await newState();
    const store = await openModel(state);
    await write(store, 0, 1);
    await store.close();
    // In a name space of its own: the machine is left as it is.
    const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" "$3" "$1" sequence 1';
    const probe = await run('unshare', ['-rm', 'sh', '-c', 'mount --bind "$1" "$1"', 'sh', state]).catch(
      () => undefined,
    );
    if (probe?.status !== 0) {
      context.skip('this machine has no unprivileged mount name spaces');
      return;
    }
    const result = await run('unshare', ['-rm', 'sh', '-c', script, 'sh', state, process.execPath, writerScript]);
    assert.equal(result.status, 1, result.stderr);
    assert.match(result.stdout, /^start operation-failed .*the file system is read-only$/m);
    const again = await openModel(state);
    assert.equal(pairValue(again, 0), 1);
    await again.close();
  });
});

describe('several agents that start on one state directory at the same moment', () => {
  it('are one agent and refusals that name it; what it acknowledges lasts', async () => {
    const state = await newState();
    const results = await Promise.all(
      Array.from({ length: 4 }, () => run(process.execPath, [writerScript, state, 'sequence', '40'])),
    );
    const winners = results.filter((result) => said(result, 'open').length > 0);
    for (const result of results) {
      if (winners.includes(result)) assert.equal(said(result, 'ack').length, 40);
      else assert.match(result.stdout, /^start in-use .* is in use by another agent(, process \d+)?$/m);
    }
    // One that starts when another has ended is no refusal.
    assert.ok(winners.length >= 1);
    const store = await openModel(state);
    assert.equal(pairValue(store, 0), Math.max(...winners.map(lastAcknowledged)));
    assert.equal(pairValue(store, 0), 40 * winners.length);
    await store.close();
  });
});

async function newState(): Promise<string> {
  return join(await temporaryDirectory({ after }), 'state');
}
