import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type FileSystem, nodeFileSystem } from '../../src/datastore/files.js';
import { Journal } from '../../src/datastore/journal.js';
import { ConfigError } from '../../src/error.js';
import { type FaultyFiles, faultyFiles, systemError } from './faulty-files.js';

let base: string;
let number = 0;
const logged: string[] = [];

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'signet-journal-'));
});
after(() => rm(base, { recursive: true, force: true }));

describe('Journal', () => {
  it('gives back what was appended, in order, after it was opened again', async () => {
    const state = directory();
    const { journal } = await open(state);
    await journal.append([['{"a":1}'], ['{"b":2}', '{"c":"ü"}']]);
    await Promise.all([journal.append([['1']]), journal.append([['2']]), journal.append([['3']])]);
    await journal.close();
    const again = await open(state);
    assert.deepEqual(again.records, [['{"a":1}'], ['{"b":2}', '{"c":"ü"}'], ['1'], ['2'], ['3']]);
    await again.journal.close();
  });

  it('shares one sync between records that wait together', async () => {
    const files = faultyFiles();
    const { journal } = await open(directory(), files);
    const syncs = () => files.steps.filter((step) => step === 'sync').length;
    const start = syncs();
    await Promise.all(Array.from({ length: 16 }, (_, index) => journal.append([[String(index)]])));
    assert.ok(syncs() - start <= 2, `${syncs() - start} syncs`);
    await journal.close();
  });

  it('lets a record larger than a frame span frames', async () => {
    const state = directory();
    const large = 'x'.repeat(700_000);
    const { journal } = await open(state);
    await journal.append([[large, 'y']]);
    await journal.append([['z']]);
    await journal.close();
    const again = await open(state);
    assert.deepEqual(again.records, [[large, 'y'], ['z']]);
    await again.journal.close();
  });

  it('asks a large record for its lines while it writes them, so that others run in between', async () => {
    const { journal } = await open(directory());
    let made = 0;
    const seen = new Set<number>();
    function* lines() {
      for (; made < 200; made++) yield 'x'.repeat(10_000);
    }
    let isDone = false;
    const watching = (async () => {
      while (!isDone) {
        seen.add(made);
        await new Promise((resolve) => void setImmediate(resolve));
      }
    })();
    await journal.append([lines()]);
    isDone = true;
    await watching;
    assert.ok(seen.size > 5, `the lines were made in ${seen.size} slices`);
    await journal.close();
  });

  it('cuts off a record whose lines cannot be made', async () => {
    const state = directory();
    const { journal } = await open(state);
    await journal.append([['one']]);
    function* lines() {
      for (let index = 0; index < 40; index++) yield 'x'.repeat(10_000);
      throw new Error('no more');
    }
    await assert.rejects(journal.append([lines()]), { tag: 'operation-failed' });
    await journal.append([['two']]);
    await journal.close();
    const again = await open(state);
    assert.deepEqual(again.records, [['one'], ['two']]);
    await again.journal.close();
  });

  it('makes the directory 0700 and the file 0600', async () => {
    const state = directory();
    const { journal, path } = await open(state);
    await journal.close();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(state, 'journal'))).mode & 0o777, 0o700);
  });

  it('cuts a torn tail at any octet, reports it, and appends behind it', async () => {
    const state = directory();
    const { journal, path } = await open(state);
    await journal.append([['one']]);
    const whole = journal.size;
    await journal.append([['two', 'and more']]);
    const end = journal.size;
    await journal.close();
    const octets = await readFile(path);
    for (let cut = whole; cut < end; cut++) {
      await writeFile(path, octets.subarray(0, cut));
      logged.length = 0;
      const again = await open(state);
      assert.deepEqual(again.records, [['one']]);
      assert.equal(logged.length, cut === whole ? 0 : 1);
      await again.journal.append([['three']]);
      await again.journal.close();
      const third = await open(state);
      assert.deepEqual(third.records, [['one'], ['three']]);
      await third.journal.close();
    }
  });

  it('takes a batch whose first frame did not reach the disk but whose second did for a torn tail', async () => {
    const state = directory();
    const { journal, path } = await open(state);
    await journal.append([['one']]);
    const whole = journal.size;
    await journal.append([['two'], ['three']]);
    await journal.close();
    const octets = await readFile(path);
    octets.fill(0, whole, whole + 10);
    await writeFile(path, octets);
    const again = await open(state);
    assert.deepEqual(again.records, [['one']]);
    await again.journal.close();
  });

  it('refuses to start where a synced record in the middle is corrupt, naming file, offset and repair', async () => {
    const state = directory();
    const { journal, path } = await open(state);
    await journal.append([['one']]);
    const whole = journal.size;
    await journal.append([['two']]);
    await journal.append([['three']]);
    await journal.close();
    const octets = await readFile(path);
    octets[whole + 17]! ^= 1;
    await writeFile(path, octets);
    await assert.rejects(open(state), {
      message: `${path} is corrupt at offset ${whole}; run: signet repair --state ${state}`,
    });
    assert.deepEqual(await readFile(path), octets, 'the file is untouched');
  });

  it('refuses a file of a newer format', async () => {
    const state = directory();
    const { journal, path } = await open(state);
    await journal.close();
    await writeFile(path, `${'signet-journal 4'.padEnd(31)}\n`);
    await assert.rejects(open(state), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.tag, 'operation-not-supported');
      assert.match(error.message, /newer version \(format 4, this one reads up to 3\)/);
      return true;
    });
  });

  it('starts on a header whose first write was torn', async () => {
    const state = directory();
    const { journal, path } = await open(state);
    await journal.close();
    await truncate(path, 7);
    const again = await open(state);
    await again.journal.append([['one']]);
    await again.journal.close();
    const third = await open(state);
    assert.deepEqual(third.records, [['one']]);
    await third.journal.close();
  });

  for (const [code, tag] of [
    ['ENOSPC', 'resource-denied'],
    ['EIO', 'operation-failed'],
  ] as const) {
    for (const step of ['write', 'sync'] as const) {
      it(`refuses a record with the cause when its ${step} fails with ${code}, and takes the next one`, async () => {
        const state = directory();
        const files = faultyFiles();
        const { journal } = await open(state, files);
        await journal.append([['one']]);
        files.fault = {
          torn: 0.5,
          before(kind) {
            if (kind === step) throw systemError(code);
          },
        };
        await assert.rejects(journal.append([['two']]), (error) => error instanceof ConfigError && error.tag === tag);
        await assert.rejects(journal.append([['three']]), (error) => error instanceof ConfigError);
        files.fault = undefined;
        await journal.append([['four']]);
        await journal.close();
        const again = await open(state);
        assert.deepEqual(again.records, [['one'], ['four']]);
        await again.journal.close();
      });
    }
  }

  it('is not trusted after a failed sync until it was written anew', async () => {
    const state = directory();
    const files = faultyFiles();
    const { journal } = await open(state, files);
    files.fault = { before: failOnce('sync', 'EIO') };
    await assert.rejects(journal.append([['lost']]));
    const renames = files.steps.filter((step) => step === 'rename').length;
    await journal.append([['kept']]);
    assert.equal(files.steps.filter((step) => step === 'rename').length, renames + 1);
    await journal.close();
  });

  it('compacts to a snapshot and what is kept, while records go on coming', async () => {
    const state = directory();
    const { journal } = await open(state);
    const ends: number[] = [];
    for (let index = 0; index < 20; index++) ends.push((await journal.append([[`r${index}`]]))[0]!);
    async function* snapshot() {
      yield ['snapshot'];
      await journal.append([['meanwhile']]);
      yield ['end'];
    }
    await journal.compact({ ...everything, snapshot, keepFrom: ends[16]! });
    const [after] = await journal.append([['after']]);
    assert.ok(after! > ends[19]!, 'offsets go on as if nothing had been moved');
    // What they name is found by them, in a second compaction as well.
    await journal.compact({ ...everything, snapshot: () => [['snapshot'], ['end']], keepFrom: ends[16]! });
    await journal.close();
    const again = await open(state);
    assert.deepEqual(
      again.records.map((lines) => lines[0]),
      ['snapshot', 'end', 'r17', 'r18', 'r19', 'meanwhile', 'after'],
    );
    await again.journal.close();
  });

  it('compacts without what is left out; offsets name what they named, over several compactions', async () => {
    const state = directory();
    const { journal } = await open(state);
    const ends = new Map<string, number>();
    const append = async (...names: string[]) => {
      const offsets = await journal.append(names.map((name) => [name, 'x'.repeat(Number(name.slice(1)) % 7)]));
      for (const [index, name] of names.entries()) ends.set(name, offsets[index]!);
    };
    for (let round = 0; round < 6; round++) {
      await append(`k${round * 10}`, `d${round * 10 + 1}`, `k${round * 10 + 2}`);
      await append(`d${round * 10 + 3}`);
      await append(`d${round * 10 + 4}`, `k${round * 10 + 5}`);
      const left: string[] = [];
      const from = `k${round * 10 + (round % 2 === 0 ? 0 : 2)}`;
      await journal.compact({
        snapshot: () => [['snapshot']],
        keepFrom: ends.get(from)!,
        isLeftOut: (beginning) => beginning.startsWith('d'),
        leftOut: ([line]) => void left.push(line!),
        rest: () => [[`rest ${left.join(' ')}`]],
      });
    }
    await append('k99');
    await journal.close();
    const again = await open(state);
    const rest = 'rest d53 d54';
    assert.deepEqual(
      again.records.map(([line]) => line),
      ['snapshot', 'k55', rest, 'k99'],
    );
    await again.journal.close();
  });

  it('loses nothing when a step of a compaction fails, whichever it is', async () => {
    for (let at = 1; ; at++) {
      const state = directory();
      const files = faultyFiles();
      const { journal } = await open(state, files);
      const [start] = await journal.append([['zero']]);
      await journal.append([['one']]);
      const from = files.steps.length;
      files.fault = {
        torn: 0.5,
        before(_step, count) {
          if (count - from === at) throw systemError('ENOSPC');
        },
      };
      const failed = await journal.compact({ ...everything, snapshot: () => [['snapshot']], keepFrom: start! }).then(
        () => false,
        () => true,
      );
      files.fault = undefined;
      await journal.append([['two']]);
      await journal.close();
      const again = await open(state);
      const records = again.records.map((lines) => lines[0]);
      await again.journal.close();
      assert.deepEqual(records.slice(-2), ['one', 'two'], `step ${at}`);
      if (!failed) break;
      assert.ok(at < 20);
    }
  });
});

/** A compaction that leaves nothing out. */
const everything = { isLeftOut: () => false, leftOut: () => undefined, rest: () => [] };

function failOnce(step: string, code: string): (kind: string) => void {
  let done = false;
  return (kind) => {
    if (done || kind !== step) return;
    done = true;
    throw systemError(code);
  };
}

function directory(): string {
  number += 1;
  return join(base, `s${number}`);
}

async function open(stateDirectory: string, files: FileSystem | FaultyFiles = nodeFileSystem) {
  const records: (readonly string[])[] = [];
  const log = (_level: string, message: string) => void logged.push(message);
  const journal = await Journal.open({ stateDirectory, files, log }, ({ lines }) => void records.push(lines));
  return { journal, records, path: join(stateDirectory, 'journal', 'journal') };
}
