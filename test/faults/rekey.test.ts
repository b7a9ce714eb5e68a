/** Every call by which a change of the master key changes what is on disk, one by one: killed at it, or the disk fails there. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MasterKey, openDatastore } from '../../src/datastore/index.js';
import { parsePath } from '../../src/yang/index.js';
import { compiledRoot } from '../support/places.js';
import type { RunResult } from '../support/run.js';
import { origin, sealedSchema } from './model.js';
import { traceScript, whyNotTraced } from './support.js';

const skip = await whyNotTraced();
const isLong = process.env['SIGNET_LONG'] === '1';
const script = join(compiledRoot, 'test', 'faults', 'rekeyer.js');
const calls = ['pwrite64', 'fdatasync', 'fsync', 'rename', 'mkdir', 'unlink', 'rmdir'] as const;
type Call = (typeof calls)[number];
const keyIds = ['aa', 'bb'].map((pair) => pair.repeat(32));
const commits = 3;

/** A state directory and the master key that belongs to it, inside or beside it. */
interface Unit {
  readonly state: string;
  readonly key: string;
}

describe('a change of the master key', { skip, concurrency: 2 }, () => {
  let directory: string;
  let serial = 0;
  let counts: ReadonlyMap<Call, number>;

  after(() => rm(directory, { recursive: true }));
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-rekey-'));
    const unit = { state: join(directory, 'prepared'), key: join(directory, 'prepared.key') };
    const store = await open(unit);
    for (let value = 1; value <= commits; value++) {
      const path = parsePath(sealedSchema(), '/sealed:top/secret');
      await store.session(origin).apply([{ operation: 'merge', path, content: `secret ${value}` }]);
    }
    await cp(join(directory, 'prepared.key'), join(unit.state, 'master.key'));
    const { masterKey } = store;
    const keys = join(unit.state, 'keys');
    await mkdir(keys);
    for (const id of keyIds) await writeFile(join(keys, id), masterKey.seal(Buffer.from(id), `keys/${id}`));
    await store.close();
    const trace = join(directory, 'trace');
    assert.equal((await runOn(await newUnit('inside'), [], trace)).stdout, 'changed\n');
    const text = await readFile(trace, 'latin1');
    counts = new Map(calls.map((call) => [call, text.split(` ${call}(`).length - 1]));
    for (const call of calls) assert.ok(counts.get(call)! > 0, `${call}: ${text}`);
  });

  for (const call of calls) {
    for (const where of ['inside', 'outside'] as const) {
      it(`killed at any ${call}, with its key ${where} of the state: all opens under the key that is there`, async () => {
        for (
          let at = where === 'inside' || isLong ? 1 : 2;
          at <= counts.get(call)!;
          at += where === 'inside' || isLong ? 1 : 3
        ) {
          const unit = await newUnit(where);
          const killed = await runOn(unit, [`${call}:signal=KILL:when=${at}`]);
          await expectWhole(unit, killed, `${call} ${at}`);
        }
      });
    }

    it(`a disk that fails at any ${call}: refused with the cause, or done; all opens under the key that is there`, async () => {
      for (let at = 1; at <= counts.get(call)!; at++) {
        for (const [code, own] of [
          ['ENOSPC', 0],
          ['EIO', 1],
        ] as const) {
          // The two codes take turns; the long run tries both everywhere.
          if (!isLong && at % 2 !== own) continue;
          const unit = await newUnit('inside');
          const failed = await runOn(unit, [`${call}:error=${code}:when=${at}`]);
          await expectWhole(unit, failed, `${call} ${at} ${code}`);
        }
      }
    });
  }

  it('cut off, and cut off again while it is being finished, at any rename and removal', async () => {
    const half = await newUnit('inside');
    await runOn(half, ['rename:signal=KILL:when=2']);
    assert.ok((await readdir(half.state)).includes('rekey.ready'));
    for (const call of ['rename', 'fsync', 'unlink', 'rmdir'] as const) {
      for (let at = 1; ; at++) {
        const unit = await newUnit('inside', half.state);
        const again = await runOn(unit, [`${call}:signal=KILL:when=${at}`]);
        await expectWhole(unit, again, `${call} ${at}`);
        if (again.stdout === 'finished\n' && again.status === 0) break;
      }
    }
  });

  async function newUnit(where: 'inside' | 'outside', from = join(directory, 'prepared')): Promise<Unit> {
    const state = join(directory, `s${++serial}`);
    await cp(from, state, { recursive: true, filter: (path) => basename(path) !== 'lock' });
    const inside = join(state, 'master.key');
    if (where === 'inside') return { state, key: inside };
    const key = join(directory, `s${serial}.key`);
    await cp(inside, key);
    await rm(inside);
    return { state, key };
  }

  /** What the next start finds: old or new, every point and key whole, and nothing left of the change. */
  async function expectWhole(unit: Unit, result: RunResult, what: string): Promise<void> {
    const old = await readKey(join(directory, 'prepared.key'));
    const said = `${what}: ${result.stdout}${result.stderr}`;
    const store = await open(unit);
    try {
      const path = parsePath(sealedSchema(), '/sealed:top/secret');
      const session = store.session(origin);
      const points = store.history().filter(({ kind }) => kind !== 'initial');
      assert.equal(points.length, commits, said);
      for (const [index, { transaction }] of points.entries()) {
        if (index > 0) await session.rollback(transaction);
        assert.equal(store.secret(path), `secret ${commits - index}`, said);
      }
      for (const id of keyIds) {
        const sealed = await readFile(join(unit.state, 'keys', id));
        assert.equal(store.masterKey.open(sealed, `keys/${id}`).toString(), id, said);
      }
      const isNew = (await readKey(unit.key)) !== old;
      if (/^(changed|finished)$/m.test(result.stdout)) assert.ok(isNew, said);
      if (/^refused/.test(result.stdout)) {
        const reason = /no space left on the disk|the disk reports an error/;
        assert.match(result.stdout, reason, said);
        assert.equal(isNew, /is not finished/.test(result.stdout), said);
      }
      const names = (await readdir(unit.state)).filter((name) => name.startsWith('rekey'));
      assert.deepEqual(names, [], said);
      if (!isNew) return;
      const former = new MasterKey(Buffer.from(old, 'hex'));
      const id = keyIds[0]!;
      const sealed = await readFile(join(unit.state, 'keys', id));
      assert.throws(() => former.open(sealed, `keys/${id}`), said);
    } finally {
      await store.close();
      await rm(unit.state, { recursive: true });
    }
  }
});

function runOn(unit: Unit, inject: readonly string[], trace = '/dev/null'): Promise<RunResult> {
  return traceScript(script, [unit.state, unit.key], inject, trace, calls);
}

function open({ state, key }: Unit): ReturnType<typeof openDatastore> {
  return openDatastore({ stateDirectory: state, schema: sealedSchema(), modules: [], masterKeyFile: key });
}

async function readKey(path: string): Promise<string> {
  return (await readFile(path, 'latin1')).trim();
}
