/** What a directory has to be to be a state directory, and what is refused. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { lockDirectory } from '../../src/datastore/directory-lock.js';
import { type FileSystem, nodeFileSystem } from '../../src/datastore/files.js';
import type { Datastore } from '../../src/datastore/index.js';
import { run } from '../support/run.js';
import { admin, edit, makePlace, open, type Place, plainOwner } from './fixture.js';

let place: Place;
let store: Datastore;
let serial = 0;
let logged: string[];

before(async () => {
  place = await makePlace();
});
after(() => place.remove());
beforeEach(async () => {
  serial += 1;
  logged = [];
  await reopen();
});
afterEach(() => store.close());

describe('the state directory', () => {
  it('is 0700, with a master key of 0600', async () => {
    assert.equal((await stat(state())).mode & 0o777, 0o700);
    assert.equal((await stat(join(state(), 'master.key'))).mode & 0o777, 0o600);
  });

  it('is made of an empty directory, which is closed to others; any other keeps its mode, and is refused where others write', async () => {
    const empty = `${place.directory}/empty`;
    await mkdir(empty, { mode: 0o755 });
    await (await open(place, { stateDirectory: empty })).close();
    assert.equal((await stat(empty)).mode & 0o777, 0o700);
    const foreign = `${place.directory}/foreign`;
    // Such a folder is in /var/log.
    await mkdir(`${foreign}/journal`, { recursive: true });
    await writeFile(`${foreign}/file`, '');
    await chmod(foreign, 0o1777);
    const message = `${foreign} holds other things and others may write to it; name a directory of its own`;
    await assert.rejects(open(place, { stateDirectory: foreign }), { tag: 'operation-failed', message });
    assert.equal((await stat(foreign)).mode & 0o7777, 0o1777);
    assert.deepEqual((await readdir(foreign, { recursive: true })).toSorted(), ['file', 'journal']);
    await chmod(foreign, 0o755);
    for (const _start of [1, 2]) {
      await (await open(place, { stateDirectory: foreign })).close();
      assert.equal((await stat(foreign)).mode & 0o7777, 0o755);
    }
  });

  it('whose journal is missing, empty or of format 0 though there are keys is refused', async () => {
    const keys = join(state(), 'keys');
    await mkdir(keys, { recursive: true });
    await writeFile(join(keys, 'some.key'), '');
    await store.close();
    const journal = join(state(), 'journal', 'journal');
    const whole = await readFile(journal);
    const lost = /is missing or empty, though .* holds keys; restore a backup/;
    for (const octets of [undefined, 0, 10]) {
      if (octets === undefined) await rm(journal);
      else await writeFile(journal, whole.subarray(0, octets));
      await assert.rejects(open(place, { stateDirectory: state() }), lost, String(octets));
    }
    await writeFile(journal, whole.toString('latin1').replace(/^signet-journal \d/, 'signet-journal 0'), 'latin1');
    await assert.rejects(open(place, { stateDirectory: state() }), /is corrupt at offset 0/);
    await writeFile(journal, whole);
    await rm(keys, { recursive: true });
    await reopen();
  });

  it('that cannot be made is refused, where a file system denies its own root too', {
    skip: process.platform !== 'linux',
  }, async () => {
    await assert.rejects(open(place, { stateDirectory: '/proc/signet/state' }), { tag: 'operation-failed' });
  });

  it('may hold files of the operator beside the journal, and no journal where the first start was cut off', async () => {
    await writeFile(join(state(), 'notes'), '');
    await reopen();
    const begun = `${place.directory}/begun`;
    await mkdir(join(begun, 'keys'), { recursive: true });
    for (const name of ['lock', 'master.key.new', 'lost+found']) await writeFile(join(begun, name), '');
    await (await open(place, { stateDirectory: begun })).close();
  });

  it('is refused to a second agent, with the first one going on', async () => {
    await assert.rejects(open(place, { stateDirectory: state() }), { tag: 'in-use' });
    await store.session(admin).apply([merge('box.size', 1)]);
  });

  it('is refused to another process, which is told whose it is, and free when that one was killed', async () => {
    const directory = `${place.directory}/other`;
    const script = `
      import { openDatastore } from ${JSON.stringify(new URL('../../src/datastore/index.js', import.meta.url).href)};
      import { loadSchema } from ${JSON.stringify(new URL('../../src/yang/index.js', import.meta.url).href)};
      const { schema } = loadSchema({ files: [] });
      await openDatastore({ stateDirectory: ${JSON.stringify(directory)}, schema, modules: [] });
      console.log('open');
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const message = `${directory} is in use by another agent, process ${child.pid}`;
    await assert.rejects(open(place, { stateDirectory: directory }), { tag: 'in-use', message });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await open(place, { stateDirectory: directory })).close();
  });

  it('is found locked from another process and network namespace, as of a container', async (context) => {
    const unshared = await run('unshare', ['-rnpf', 'true']);
    if (unshared.status !== 0) {
      context.skip('this machine has no unprivileged namespaces');
      return;
    }
    const script = `
      import { lockDirectory } from ${JSON.stringify(new URL('../../src/datastore/directory-lock.js', import.meta.url).href)};
      await lockDirectory(${JSON.stringify(state())}).then(() => console.log('got it'), (e) => console.log(e.message));`;
    const args = ['-rnpf', process.execPath, '--input-type=module', '-e', script];
    const { stdout } = await run('unshare', args);
    assert.match(stdout, /is in use by another agent, process \d+/);
  });

  it('is refused before it is made where its path is too long for sockets, which Node would cut off', async () => {
    const long = `${place.directory}/${'x'.repeat(100)}`;
    await assert.rejects(open(place, { stateDirectory: long }), { tag: 'operation-failed', message: /too long/ });
    assert.ok(!(await readdir(place.directory)).some((name) => name.startsWith('xx')));
    await mkdir(long);
    await assert.rejects(lockDirectory(long), { tag: 'operation-failed', message: /\/lock is too long for a socket/ });
  });

  it('is refused where the master key is open to others', async () => {
    await store.close();
    await chmod(join(state(), 'master.key'), 0o644);
    await assert.rejects(open(place, { stateDirectory: state() }), /is open to others; run: chmod 600/);
    await chmod(join(state(), 'master.key'), 0o600);
  });

  it('is refused with the name of the file in it that cannot be read', async () => {
    await store.close();
    const key = join(state(), 'master.key');
    const files: FileSystem = {
      ...nodeFileSystem,
      open: (path, mode) =>
        path === key
          ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES', path }))
          : nodeFileSystem.open(path, mode),
    };
    const message = `the state directory ${state()} cannot be used: ${key}: permission denied`;
    await assert.rejects(open(place, { stateDirectory: state(), files }), { tag: 'operation-failed', message });
    const file = join(place.directory, 'no directory');
    await writeFile(file, '');
    const told = `the state directory ${file} cannot be used: not a directory`;
    await assert.rejects(open(place, { stateDirectory: file }), { tag: 'operation-failed', message: told });
  });

  it('is freed when a start fails', async () => {
    const bad = { stateDirectory: `${place.directory}/file` };
    await writeFile(bad.stateDirectory, '');
    await assert.rejects(open(place, bad), { tag: 'operation-failed', message: /cannot be used/ });
  });
});

function merge(at: string, value: Parameters<typeof edit>[3]) {
  return edit(place.schema, 'merge', at, value);
}

function state(): string {
  return `${place.directory}/r${serial}`;
}

async function reopen(options: Parameters<typeof open>[1] = {}): Promise<void> {
  await store?.close();
  const log = (level: string, message: string) => void logged.push(`${level}: ${message}`);
  store = await open(place, { stateDirectory: state(), modules: [plainOwner], log, ...options });
}
