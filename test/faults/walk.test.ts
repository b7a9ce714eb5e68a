/**
 * Every write, sync and rename of a first start, of commits and of a compaction, one by one: the process is killed at it, or
 * the disk fails there.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openModel, pairValue, write } from './model.js';
import {
  calls,
  expectRecovered,
  lastAcknowledged,
  type SystemCall,
  said,
  traceWriter,
  whyNotTraced,
} from './support.js';

const skip = await whyNotTraced();
const commits = 5;
const isLong = process.env['SIGNET_LONG'] === '1';

describe('a first start, commits and a compaction', { skip, concurrency: 2 }, () => {
  let directory: string;
  let serial = 0;
  /** How often each call is made. */
  let counts: ReadonlyMap<SystemCall, number>;

  after(() => rm(directory, { recursive: true, force: true }));
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-walk-'));
    const trace = join(directory, 'trace');
    const result = await traceWriter([newState(), 'sequence', String(commits)], [], trace);
    assert.equal(lastAcknowledged(result), commits, result.stderr);
    const text = await readFile(trace, 'latin1');
    counts = new Map(calls.map((call) => [call, text.split(` ${call}(`).length - 1]));
    // Beside the journal's own first name the one of the master key, and at least one compaction.
    assert.ok(counts.get('rename')! >= 2, text);
  });

  for (const call of calls) {
    it(`killed at any ${call}: nothing acknowledged is lost, nothing is half applied`, async () => {
      for (let at = 1; at <= counts.get(call)!; at++) {
        const state = newState();
        const result = await traceWriter([state, 'sequence', String(commits)], [`${call}:signal=KILL:when=${at}`]);
        await expectRecovered(state, lastAcknowledged(result), `${call} ${at}`, 1);
      }
    });

    for (const [code, reason, own] of [
      ['ENOSPC', 'no space left on the disk', 0],
      ['EIO', 'the disk reports an error', 1],
    ] as const) {
      it(`${code} at any ${call}: refused with the cause, running goes on, the next commit works`, async () => {
        for (let at = 1; at <= counts.get(call)!; at++) {
          // The two codes take turns; the long run tries both everywhere.
          if (!isLong && at % 2 !== own) continue;
          const state = newState();
          const result = await traceWriter([state, 'sequence', String(commits)], [`${call}:error=${code}:when=${at}`]);
          const what = `${call} ${at}: ${result.stdout}${result.stderr}`;
          assert.doesNotMatch(result.stdout, /CHANGED/, what);
          const [refusedStart] = said(result, 'start');
          if (refusedStart !== undefined) assert.match(refusedStart.join(' '), new RegExp(reason), what);
          else assert.match(result.stdout, /closed\n$/, what);
          const refused = said(result, 'refused');
          assert.ok(refused.length <= 1, what);
          for (const [, value, tag, ...message] of refused) {
            assert.equal(tag, code === 'ENOSPC' ? 'resource-denied' : 'operation-failed', what);
            assert.match(message.join(' '), new RegExp(reason), what);
            const next = Number(value) + 1;
            if (next <= commits) assert.match(result.stdout, new RegExp(`^ack 0 ${next}$`, 'm'), what);
          }
          await expectRecovered(state, lastAcknowledged(result), what, 0);
        }
      });
    }
  }

  it('a disk that stays full, or has become read-only: all that follows is refused, what was there stays', async () => {
    for (const [code, reason] of [
      ['ENOSPC', 'no space left on the disk'],
      ['EROFS', 'the file system is read-only'],
    ] as const) {
      const state = newState();
      const result = await traceWriter([state, 'sequence', String(commits)], [`pwrite64:error=${code}:when=5+`]);
      const refused = said(result, 'refused');
      assert.ok(refused.length >= 3, result.stdout);
      for (const words of refused) assert.match(words.join(' '), new RegExp(reason));
      assert.equal(refused.length + lastAcknowledged(result), commits, result.stdout);
      assert.match(result.stdout, /closed\n$/);
      await expectRecovered(state, lastAcknowledged(result), code, 0);
    }
  });

  it('a refused write that cannot be cut off at once: the next commit cuts it off', async () => {
    const state = newState();
    const faults = ['pwrite64:error=ENOSPC:when=5', 'ftruncate:error=EIO:when=1'];
    const result = await traceWriter([state, 'sequence', String(commits)], faults);
    assert.equal(said(result, 'refused').length, 1, result.stdout);
    assert.equal(said(result, 'ack').length, commits - 1, result.stdout);
    await expectRecovered(state, lastAcknowledged(result), result.stdout, 0);
  });

  function newState(): string {
    serial += 1;
    return join(directory, `s${serial}`);
  }
});

describe('what is copied to startup', { skip, concurrency: 2 }, () => {
  const saves = 4;
  let directory: string;
  let serial = 0;
  let counts: ReadonlyMap<SystemCall, number>;

  after(() => rm(directory, { recursive: true, force: true }));
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-saves-'));
    const trace = join(directory, 'trace');
    const result = await traceWriter([newState(), 'saves', String(saves)], [], trace);
    assert.equal(lastAcknowledged(result), saves, result.stdout + result.stderr);
    const text = await readFile(trace, 'latin1');
    counts = new Map(calls.map((call) => [call, text.split(` ${call}(`).length - 1]));
  });

  for (const [call, own] of calls.map((each, index) => [each, index % 2] as const)) {
    it(`killed, or without room, at a ${call}: a start begins with what was acknowledged last, or the one behind it`, async () => {
      for (let at = 1; at <= counts.get(call)!; at++) {
        if (!isLong && at % 2 !== own) continue;
        for (const fault of ['signal=KILL', 'error=ENOSPC']) {
          const state = newState();
          const result = await traceWriter([state, 'saves', String(saves)], [`${call}:${fault}:when=${at}`]);
          const saved = lastAcknowledged(result);
          for (let start = 1; start <= 2; start++) {
            const store = await openModel(state, { startup: true });
            await store.startUp();
            const value = pairValue(store, 0);
            assert.ok(
              value >= saved && value <= saved + 1,
              `${call} ${at} ${fault}: ${saved} was saved, ${value} is there`,
            );
            await write(store, 0, 50 + start);
            await store.close();
          }
        }
      }
    });
  }

  function newState(): string {
    serial += 1;
    return join(directory, `s${serial}`);
  }
});
