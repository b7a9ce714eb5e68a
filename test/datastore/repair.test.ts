/** `signet repair`: what an agent does not start on becomes what it starts on, and nothing is thrown away. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { after, before, beforeEach, describe, it } from 'node:test';
import { nodeFileSystem } from '../../src/datastore/files.js';
import type { Datastore } from '../../src/datastore/index.js';
import { systemClock } from '../../src/datastore/log.js';
import { Store } from '../../src/datastore/store.js';
import { Troubles } from '../../src/datastore/trouble.js';
import { parsePath } from '../../src/yang/index.js';
import { signet } from '../support/signet.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

let place: Place;
let state: string;
let serial = 0;

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(() => {
  serial += 1;
  state = `${place.directory}/repair-${serial}`;
});

describe('a journal that is corrupt in the middle', () => {
  it('is cut off there by the command that the refusal names; what is cut off is kept, and said', async () => {
    const ends = await commits(5);
    const file = journalFile();
    const octets = await readFile(file);
    octets[ends[2]! + 30]! ^= 0x40;
    await writeFile(file, octets);
    const refusal = `${file} is corrupt at offset ${ends[2]}; run: signet repair --state ${state}`;
    await assert.rejects(start(), { message: refusal });
    const { status, stdout, stderr } = await signet(['repair', '--state', state]);
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      new RegExp(`is cut off at offset ${ends[2]}: 3 records are left, the last transaction is 3 of `),
    );
    assert.match(stdout, /\n {2}5 of \S+ by admin, "to 5"\n/);
    const kept = (await readdir(`${state}/journal`)).filter((name) => name.startsWith('journal.cut-'));
    assert.equal(kept.length, 1);
    assert.deepEqual(await readFile(`${state}/journal/${kept[0]}`), octets.subarray(ends[2]));
    assert.equal((await stat(`${state}/journal/${kept[0]}`)).mode & 0o777, 0o600);
    const store = await start();
    assert.equal(size(store), 3);
    await store.session(admin).apply([merge('box.size', 77)]);
    await store.close();
    const again = await start();
    assert.equal(size(again), 77);
    await again.close();
  });

  it('is not half a tree where the snapshot at its beginning is concerned: nothing is left, and that is said', async () => {
    await commits(2);
    const file = journalFile();
    const store = await start();
    const item = Array.from({ length: 1000 }, (_, index) => ({ name: `n${index}`, hint: 'x'.repeat(200) }));
    await store.session(admin).apply([merge('box', { item })]);
    await store.close();
    await compact();
    const octets = await readFile(file);
    octets[150_000]! ^= 1;
    await writeFile(file, octets);
    await assert.rejects(start(), /is corrupt at offset/);
    const { status, stdout } = await signet(['repair', '--state', state]);
    assert.equal(status, 0);
    assert.match(stdout, /is cut off at offset 32: 0 records are left, no transaction is left\n/);
    assert.match(stdout, /restore a backup/);
    const again = await start();
    assert.equal(size(again), undefined);
    await again.close();
  });

  it('of which the header is not legible is read all the same', async () => {
    await commits(2);
    const file = journalFile();
    const octets = await readFile(file);
    octets.fill(0xff, 3, 9);
    await writeFile(file, octets);
    await assert.rejects(start(), /is corrupt at offset 0; run: signet repair/);
    const { status, stdout } = await signet(['repair', '--state', state]);
    assert.equal(status, 0);
    const [kept] = (await readdir(`${state}/journal`)).filter((name) => name.startsWith('journal.cut-'));
    assert.deepEqual(await readFile(`${state}/journal/${kept}`), octets);
    const said = stdout.trimEnd().split('\n');
    assert.equal(said[0], `the header of ${file} was not legible and is written anew`);
    assert.match(said[1] ?? '', /^nothing is lost: 2 records, the last transaction is 2 of /);
    assert.deepEqual(said.slice(2), [`the journal as it was is kept in ${state}/journal/${kept}`]);
    const again = await start();
    assert.equal(size(again), 2);
    await again.close();
  });

  it('and of which the header is not legible either is cut off, and kept whole', async () => {
    const ends = await commits(3);
    const octets = await readFile(journalFile());
    octets.fill(0xff, 3, 9);
    octets[ends[1]! + 30]! ^= 0x40;
    await writeFile(journalFile(), octets);
    const { stdout } = await signet(['repair', '--state', state]);
    assert.match(stdout, /^the header of .* is written anew\n.* is cut off at offset \d+: 2 records are left, /);
    assert.match(stdout, /\nthe journal as it was is kept in /);
    const [kept] = (await readdir(`${state}/journal`)).filter((name) => name.startsWith('journal.cut-'));
    assert.deepEqual(await readFile(`${state}/journal/${kept}`), octets);
  });
});

describe('signet repair', () => {
  it('leaves a sound journal alone, and says what is in it', async () => {
    await commits(3);
    const octets = await readFile(journalFile());
    const { status, stdout } = await signet(['repair', '--state', state, '--json']);
    assert.equal(status, 0);
    const { cut, records, last } = JSON.parse(stdout) as {
      cut?: unknown;
      records: number;
      last: { transaction: string };
    };
    assert.deepEqual([cut, records, last.transaction], [undefined, 3, '3']);
    assert.deepEqual(await readFile(journalFile()), octets);
    assert.deepEqual(await readdir(`${state}/journal`), ['journal']);
  });

  it('does not touch a state directory that an agent uses', async () => {
    const store = await start();
    const { status, stderr } = await signet(['repair', '--state', state]);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`is in use by another agent, process ${process.pid}`));
    await store.close();
  });

  it('refuses a journal of a newer version, and a directory without one', async () => {
    await commits(1);
    const octets = await readFile(journalFile());
    octets.write(`${'signet-journal 9'.padEnd(31)}\n`, 0, 'latin1');
    await writeFile(journalFile(), octets);
    const newer = await signet(['repair', '--state', state]);
    assert.equal(newer.status, 1);
    assert.match(newer.stderr, /written by a newer version \(format 9/);
    assert.deepEqual(await readFile(journalFile()), octets);
    const none = await signet(['repair', '--state', `${state}-none`]);
    assert.equal(none.status, 1);
    assert.match(none.stderr, /there is no .*\/journal\/journal/);
  });
});

/** The offset behind each commit's record. */
async function commits(count: number): Promise<readonly number[]> {
  const store = await start();
  const ends: number[] = [];
  for (let value = 1; value <= count; value++) {
    await store.session(admin).apply([merge('box.size', value)], { comment: `to ${value}` });
    ends.push((await stat(journalFile())).size);
  }
  await store.close();
  return ends;
}

/** To a snapshot of the last point alone. */
async function compact(): Promise<void> {
  const { store } = await Store.open({
    stateDirectory: state,
    schema: place.schema,
    files: nodeFileSystem,
    clock: systemClock,
    log: () => undefined,
    troubles: new Troubles(),
    built: 0,
    retention: () => ({ count: 1, age: Number.POSITIVE_INFINITY }),
  });
  await store.compact();
  await store.close();
}

function start(): Promise<Datastore> {
  return open(place, { stateDirectory: state });
}

function journalFile(): string {
  return `${state}/journal/journal`;
}

function merge(at: string, value: Parameters<typeof edit>[3]) {
  return edit(place.schema, 'merge', at, value);
}

function size(store: Datastore): unknown {
  return store.running().config.get(parsePath(place.schema, 'box.size'));
}
