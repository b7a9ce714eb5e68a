import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Datastore } from '../../src/datastore/index.js';
import { backup, restore } from '../../src/datastore/tools.js';
import { parsePath } from '../../src/yang/index.js';
import { faultyFiles, systemError } from './faulty-files.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

const passPhrase = 'correct horse battery';
const keyId = 'ab'.repeat(32);
let place: Place;
let file: string;
let written: Buffer;

before(async () => {
  place = await makePlace();
  file = join(place.directory, 'backup');
  const store = await open(place);
  const session = store.session(admin);
  await session.apply([edit(place.schema, 'merge', 'box', { title: 't', secret: 'hidden', item: items(3000) })]);
  await session.apply([edit(place.schema, 'merge', 'box.title', 'u')], { comment: 'second' });
  await store.meta('fact').set({ boots: 3 });
  await mkdir(join(place.state, 'keys'));
  await writeFile(join(place.state, 'keys', keyId), store.masterKey.seal(Buffer.from('private'), `keys/${keyId}`));
  const report = await backup({ stateDirectory: place.state, file, passPhrase });
  assert.equal(report.keys, 1);
  await session.apply([edit(place.schema, 'merge', 'box.title', 'later')]);
  await store.close();
  written = await readFile(file);
});
after(() => place.remove());

describe('backup and restore', () => {
  it('give a replacement unit the tree, history, secrets, facts and keys, as of the backup', async () => {
    const state = join(place.directory, 'replacement');
    await restore({ stateDirectory: state, file, passPhrase });
    const store = await open(place, { stateDirectory: state });
    try {
      assert.equal(title(store), 'u');
      assert.deepEqual(
        store.history().map(({ transaction, comment }) => `${transaction} ${comment}`),
        ['2 second', '1 ', '0 '],
      );
      assert.equal(store.secret(parsePath(place.schema, 'box.secret')), 'hidden');
      assert.deepEqual(store.meta('fact').get(), { boots: 3 });
      const sealed = await readFile(join(state, 'keys', keyId));
      assert.equal(store.masterKey.open(sealed, `keys/${keyId}`).toString(), 'private');
      await store.session(admin).rollback('1');
      assert.equal(title(store), 't');
    } finally {
      await store.close();
    }
    const modes = await Promise.all(
      ['', 'master.key', 'keys', join('keys', keyId)].map(async (name) => (await stat(join(state, name))).mode & 0o777),
    );
    assert.deepEqual(modes, [0o700, 0o600, 0o700, 0o600]);
    assert.ok(!(await readdir(state)).includes('restore.part'));
  });

  it('show nothing without the pass phrase, and nobody else the file', async () => {
    for (const text of ['hidden', 'second', 'item', 'private']) assert.ok(!written.includes(text), text);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('refuse a wrong pass phrase and leave nothing behind', async () => {
    const state = join(place.directory, 'refused');
    await assert.rejects(restore({ stateDirectory: state, file, passPhrase: 'wrong horse battery' }), {
      tag: 'invalid-value',
      message: 'the pass phrase is wrong, or the backup is damaged',
    });
    assert.deepEqual(await readdir(state), []);
    const short = { stateDirectory: place.state, file: `${file}-short`, passPhrase: 'short' };
    await assert.rejects(backup(short), { tag: 'invalid-value', message: 'a pass phrase has 8 to 1024 characters' });
  });

  const middle = () => Math.floor(written.length / 2);
  const damages: Readonly<Record<string, () => Buffer>> = {
    'an octet of the first frame changed': () => flipped(100),
    'an octet in the middle changed': () => flipped(middle()),
    'its end cut off': () => written.subarray(0, written.length - 1),
    'something appended': () => Buffer.concat([written, Buffer.alloc(40)]),
    'more work asked for than is done': () => withOctet(17, 30),
    'less work asked for than is safe': () => withOctet(17, 1),
    'a newer format': () => withOctet(16, 2),
    'nothing in it': () => Buffer.alloc(0),
  };
  for (const [name, make] of Object.entries(damages)) {
    it(`refuse a backup with ${name}, and make no state of it`, async () => {
      const state = join(place.directory, 'damaged');
      const damaged = `${file}-damaged`;
      await writeFile(damaged, make());
      await assert.rejects(restore({ stateDirectory: state, file: damaged, passPhrase }), { tag: 'invalid-value' });
      assert.deepEqual(await readdir(state), []);
    });
  }

  it('never write over the state of an agent, nor beside one that runs', async () => {
    await assert.rejects(restore({ stateDirectory: place.state, file, passPhrase }), { tag: 'data-exists' });
    const store = await open(place);
    try {
      await assert.rejects(restore({ stateDirectory: place.state, file, passPhrase }), { tag: 'in-use' });
    } finally {
      await store.close();
    }
  });

  it('never write over another master key, and go on where one was cut short behind its own', async () => {
    const state = join(place.directory, 'keyed');
    const masterKeyFile = join(place.directory, 'precious');
    await writeFile(masterKeyFile, 'precious');
    await assert.rejects(restore({ stateDirectory: state, file, passPhrase, masterKeyFile }), {
      tag: 'data-exists',
      message: `${masterKeyFile} is there and is not the master key of the backup; move it away first`,
    });
    assert.equal(await readFile(masterKeyFile, 'utf8'), 'precious');
    assert.deepEqual(await readdir(state), []);
    await writeFile(masterKeyFile, await readFile(join(place.state, 'master.key')));
    await restore({ stateDirectory: state, file, passPhrase, masterKeyFile });
    const store = await open(place, { stateDirectory: state, masterKeyFile });
    assert.equal(title(store), 'u');
    await store.close();
  });

  it('that meets a full disk leaves no part of a backup, and the former one', async () => {
    const files = faultyFiles();
    files.fault = {
      before(step) {
        if (step === 'sync') throw systemError('ENOSPC');
      },
    };
    await assert.rejects(backup({ stateDirectory: place.state, file, passPhrase, files }), { tag: 'resource-denied' });
    assert.deepEqual(await readFile(file), written);
    assert.ok(!(await readdir(place.directory)).includes('backup.part'));
  });

  it('that is cut off at any step before the journal is in its place can be done again', async () => {
    const state = join(place.directory, 'again');
    const files = faultyFiles();
    let renames = 0;
    files.fault = {
      before(step) {
        if (step === 'rename' && ++renames === 3) throw systemError('EIO');
      },
    };
    await assert.rejects(restore({ stateDirectory: state, file, passPhrase, files }), { tag: 'operation-failed' });
    files.fault = undefined;
    await restore({ stateDirectory: state, file, passPhrase, files });
    const store = await open(place, { stateDirectory: state });
    assert.equal(title(store), 'u');
    await store.close();
    await rm(state, { recursive: true });
  });
});

function title(store: Datastore): unknown {
  return store.running().config.get(parsePath(place.schema, 'box.title'));
}

function items(count: number): { readonly name: string; readonly hint: string }[] {
  return Array.from({ length: count }, (_, index) => ({ name: `i${index}`, hint: 'x'.repeat(500) }));
}

function flipped(index: number): Buffer {
  return withOctet(index, written[index]! ^ 1);
}

function withOctet(index: number, octet: number): Buffer {
  const copy = Buffer.from(written);
  copy[index] = octet;
  return copy;
}
