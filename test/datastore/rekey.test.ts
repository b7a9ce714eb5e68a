import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Datastore, MasterKey, masterKeyFact } from '../../src/datastore/index.js';
import { backup, rekey, restore } from '../../src/datastore/tools.js';
import type { ConfigError } from '../../src/error.js';
import { parsePath } from '../../src/yang/index.js';
import { faultyFiles, systemError } from './faulty-files.js';
import { admin, edit, makePlace, open, type Place } from './fixture.js';

const passPhrase = 'correct horse battery';
const keyId = 'ab'.repeat(32);
/** Whatever is sealed in the state that these tests begin with. */
const places = [
  '/signet-test:box/secret',
  ...['a', 'b', 'late'].map((name) => `/signet-test:box/item[name='${name}']/pin`),
  masterKeyFact,
  `keys/${keyId}`,
];
let place: Place;
let prepared: string;
let state: string;
let serial = 0;

before(async () => {
  place = await makePlace();
  prepared = join(place.directory, 'prepared');
  const store = await open(place, { stateDirectory: prepared, compactAfter: 0, retention: { count: 3 } });
  const session = store.session(admin);
  await session.apply([edit(place.schema, 'merge', 'box', { title: 't0', secret: 'former' })]);
  await session.apply([edit(place.schema, 'merge', 'box', { title: 't', secret: 'hidden', item: items() })]);
  for (const title of ['u', 'v']) await session.apply([edit(place.schema, 'merge', 'box.title', title)]);
  await session.apply([edit(place.schema, 'create', 'box.item[late]', { name: 'late', pin: 'AQI=' })]);
  await store.meta('fact').set({ boots: 3 });
  await store.meta(masterKeyFact).set(store.masterKey.seal(Buffer.alloc(0), masterKeyFact).toString('base64'));
  await mkdir(join(prepared, 'keys'));
  await writeFile(join(prepared, 'keys', keyId), store.masterKey.seal(Buffer.from('private'), `keys/${keyId}`));
  await store.close();
});
after(() => place.remove());
beforeEach(async () => {
  state = join(place.directory, `s${++serial}`);
  await cp(prepared, state, { recursive: true });
});

describe('signet rekey', () => {
  it('leaves nothing that the old master key opens, in any file, and all of it opens under the new one', async () => {
    const old = await keyIn(join(state, 'master.key'));
    const sealedBefore = await opened(old);
    assert.deepEqual([...new Set(sealedBefore)].sort(), [...places].sort(), 'the search finds what is there');
    const report = await rekey({ stateDirectory: state, schema: place.schema });
    assert.ok(report.result === 'changed');
    assert.deepEqual([report.keys, report.lost], [1, { secrets: 0, keys: 0 }]);
    assert.equal(report.secrets, sealedBefore.length - 2, 'all but a fact and a key file');
    assert.deepEqual(await opened(old), []);
    assert.deepEqual((await opened(await keyIn(join(state, 'master.key')))).sort(), sealedBefore.sort());
    assert.equal((await stat(join(state, 'master.key'))).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(state)).sort(), ['journal', 'keys', 'master.key']);
  });

  it('changes nothing else: running, secrets, facts, keys, and each point of the history', async () => {
    const before = await told();
    await rekey({ stateDirectory: state, schema: place.schema });
    assert.deepEqual(await told(), before);
    assert.deepEqual(before[0], ['5', 'v', 'hidden', 'Bwg=']);
  });

  it('again and again: each time there is another key', async () => {
    const keys = new Set<string>();
    for (let time = 0; time < 3; time++) {
      await rekey({ stateDirectory: state, schema: place.schema });
      keys.add(await readFile(join(state, 'master.key'), 'latin1'));
    }
    assert.equal(keys.size, 3);
    assert.equal((await told())[0]?.[2], 'hidden');
  });

  it('a backup from before and one from after both restore, each with its own key', async () => {
    const files = {
      former: join(place.directory, `former-${serial}`),
      later: join(place.directory, `later-${serial}`),
    };
    const before = await told();
    await backup({ stateDirectory: state, file: files.former, passPhrase });
    await rekey({ stateDirectory: state, schema: place.schema });
    await backup({ stateDirectory: state, file: files.later, passPhrase });
    for (const [name, file] of Object.entries(files)) {
      state = join(place.directory, `${name}-restored`);
      await restore({ stateDirectory: state, file, passPhrase });
      assert.deepEqual(await told(), before, name);
    }
  });

  it('is refused while an agent runs', async () => {
    const store = await open(place, { stateDirectory: state });
    try {
      await assert.rejects(rekey({ stateDirectory: state, schema: place.schema }), {
        tag: 'in-use',
        message: `${state} is in use by another agent, process ${process.pid}; stop it first`,
      });
    } finally {
      await store.close();
    }
  });

  it('is refused while a confirmed commit is open, and done when the start has gone back from it', async () => {
    const store = await open(place, { stateDirectory: state });
    const session = store.session(admin);
    await session.apply([edit(place.schema, 'merge', 'box.title', 'try')], { confirmTimeout: 600, persist: 'p' });
    await store.close();
    await refused({ tag: 'in-use', message: /confirmed commit is open; start the agent/ });
    await (await open(place, { stateDirectory: state })).close();
    assert.equal((await rekey({ stateDirectory: state, schema: place.schema })).result, 'changed');
  });

  it('is refused with a key that is not the one that secrets were sealed under', async () => {
    const wrong = join(place.directory, 'wrong.key');
    await writeFile(wrong, `${'5a'.repeat(32)}\n`, { mode: 0o600 });
    await refused(
      { tag: 'operation-failed', message: /not the one that secrets were sealed under/ },
      { masterKeyFile: wrong },
    );
    await refused({ tag: 'data-missing', message: 'there is no /nowhere/key' }, { masterKeyFile: '/nowhere/key' });
  });

  it('is refused beside what repair cut off, which the old key would go on opening', async () => {
    await writeFile(join(state, 'journal', 'journal.cut-20260101T000000Z'), 'x');
    await refused({ tag: 'data-exists', message: /journal\.cut-20260101T000000Z, which repair cut off.*move it away/ });
  });

  it('is refused on a journal that is corrupt, with the remedy', async () => {
    const path = join(state, 'journal', 'journal');
    const octets = await readFile(path);
    octets[60]! ^= 1;
    await writeFile(path, octets);
    await refused({ tag: 'operation-failed', message: /is corrupt at offset 32; run: signet repair/ });
  });

  it('is refused where the modules do not have what the journal names', async () => {
    const schema = (await import('../../src/yang/index.js')).loadSchema({ files: [] }).schema;
    await refused({ tag: 'unknown-element' }, { schema });
  });

  it('keeps what was lost with a key before, and counts it', async () => {
    await rm(join(state, 'master.key'));
    const store = await open(place, { stateDirectory: state });
    const { masterKey } = store;
    await store.session(admin).apply([edit(place.schema, 'merge', 'box', { secret: 'anew', item: items() })]);
    await store.session(admin).apply([edit(place.schema, 'delete', 'box.item[late].pin')]);
    await store.meta(masterKeyFact).set(masterKey.seal(Buffer.alloc(0), masterKeyFact).toString('base64'));
    await store.close();
    const report = await rekey({ stateDirectory: state, schema: place.schema });
    assert.ok(report.result === 'changed');
    assert.ok(report.lost.secrets > 0);
    assert.deepEqual([report.secrets, report.keys, report.lost.keys], [3, 0, 1]);
    assert.equal((await told())[0]?.[2], 'anew');
  });

  it('with a disk that fails at any operation there is the old state or the new, and none of its own files', async () => {
    const counted = faultyFiles();
    await rekey({ stateDirectory: state, schema: place.schema, files: counted });
    const results = new Set<string>();
    for (let number = 1; number <= counted.steps.length; number++) {
      await rm(state, { recursive: true });
      await cp(prepared, state, { recursive: true });
      const old = await readFile(join(state, 'master.key'), 'latin1');
      const fault = {
        before(_step: string, at: number) {
          if (at === number) throw systemError('ENOSPC');
        },
      };
      const outcome = await rekey({ stateDirectory: state, schema: place.schema, files: faultyFiles(fault) }).then(
        ({ result }) => result,
        ({ tag, message }: ConfigError) => `${tag}: ${message}`,
      );
      // The very last operation is the removal of what is not needed any more.
      if (number === counted.steps.length) assert.equal(outcome, 'changed');
      else assert.match(outcome, /^resource-denied: .*no space left on the disk$/, `operation ${number}`);
      const isDecided = outcome === 'changed' || outcome.includes('is not finished');
      if ((await readdir(state)).includes('rekey.ready')) {
        const file = join(place.directory, 'mixed');
        const what = { stateDirectory: state, file, passPhrase };
        await assert.rejects(backup(what), { tag: 'in-use', message: /the master key is being changed/ });
        await assert.rejects(restore(what));
      }
      assert.deepEqual((await told())[0], ['5', 'v', 'hidden', 'Bwg='], `operation ${number}`);
      const isNew = (await readFile(join(state, 'master.key'), 'latin1')) !== old;
      assert.equal(isNew, isDecided, `operation ${number}`);
      assert.deepEqual((await readdir(state)).sort(), ['journal', 'keys', 'master.key']);
      results.add(String(isNew));
    }
    assert.equal(results.size, 2);
  });
});

describe('signet rekey with a master key elsewhere', () => {
  let external: string;

  beforeEach(async () => {
    external = join(place.directory, `external-${serial}.key`);
    await cp(join(state, 'master.key'), external);
    await rm(join(state, 'master.key'));
  });

  it('replaces that file', async () => {
    const old = await keyIn(external);
    const report = await rekey({ stateDirectory: state, schema: place.schema, masterKeyFile: external });
    assert.equal(report.masterKeyFile, external);
    assert.deepEqual(await opened(old), []);
    assert.equal((await told({ masterKeyFile: external }))[0]?.[2], 'hidden');
    assert.ok(!(await readdir(state)).includes('master.key'));
  });

  it('takes a new key that is there, and leaves the former file alone', async () => {
    const given = join(place.directory, `given-${serial}.key`);
    const former = await readFile(external, 'latin1');
    const options = { stateDirectory: state, schema: place.schema, masterKeyFile: external, newMasterKeyFile: given };
    await writeFile(given, former, { mode: 0o600 });
    await assert.rejects(rekey(options), { tag: 'invalid-value', message: `${given} holds the present master key` });
    await writeFile(given, `${'c3'.repeat(32)}\n`, { mode: 0o600 });
    await rekey(options);
    assert.equal(await readFile(external, 'latin1'), former);
    assert.equal((await told({ masterKeyFile: given }))[0]?.[2], 'hidden');
  });

  it('is refused where the file cannot be replaced, before anything is changed', async () => {
    const missing = join(place.directory, 'no-such-folder', 'key');
    const message = /cannot be stored in .*no-such-folder\/key \(name another place by --new-master-key/;
    await refused({ tag: 'operation-failed', message }, { masterKeyFile: external, newMasterKeyFile: missing });
    assert.equal((await told({ masterKeyFile: external }))[0]?.[2], 'hidden');
  });

  it('that was cut off is not started on with another key than the new one', async () => {
    const given = join(place.directory, `elsewhere-${serial}.key`);
    let moves = 0;
    const files = faultyFiles({
      before(step) {
        if (step === 'rename' && ++moves === 2) throw systemError('EIO');
      },
    });
    const options = { stateDirectory: state, schema: place.schema, masterKeyFile: external, newMasterKeyFile: given };
    await assert.rejects(rekey({ ...options, files }), {
      message: /is not finished; start the agent, or run signet rekey/,
    });
    await assert.rejects(open(place, { stateDirectory: state, masterKeyFile: external }), {
      tag: 'operation-failed',
      message: `the master key was changed to the one in ${given}; ${external} holds another: start with --master-key ${given}`,
    });
    assert.deepEqual(await rekey(options), { result: 'finished', masterKeyFile: given });
    assert.equal((await told({ masterKeyFile: given }))[0]?.[2], 'hidden');
  });
});

async function refused(error: object, options: Partial<Parameters<typeof rekey>[0]> = {}): Promise<void> {
  const before = await contents();
  await assert.rejects(rekey({ stateDirectory: state, schema: place.schema, ...options }), error);
  assert.deepEqual(await contents(), before);
}

async function contents(): Promise<readonly string[]> {
  const files = (await readdir(state, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
  return await Promise.all(
    files.map(async ({ parentPath, name }) => `${name} ${(await readFile(join(parentPath, name))).toString('base64')}`),
  );
}

/** What each point of the history holds, the newest first, then what lies beside the tree. */
async function told(options: Parameters<typeof open>[1] = {}): Promise<readonly (readonly unknown[])[]> {
  await (await open(place, { stateDirectory: state, ...options })).close();
  // Looking at a point goes back to it.
  const copy = join(place.directory, `copy-${++serial}`);
  await cp(state, copy, { recursive: true });
  const store = await open(place, { stateDirectory: copy, retention: { count: 20 }, ...options });
  try {
    const history = store.history().map(({ transaction, comment }) => [transaction, comment] as const);
    const session = store.session(admin);
    const points: unknown[][] = [[store.transaction(), ...values(store)]];
    for (const [transaction] of history.slice(1).filter(([id]) => id !== '0')) {
      await session.rollback(transaction);
      points.push([transaction, ...values(store)]);
    }
    const sealed = await readFile(join(copy, 'keys', keyId));
    const key = await Promise.resolve()
      .then(() => store.masterKey.open(sealed, `keys/${keyId}`).toString())
      .catch(() => 'lost');
    return [...points, history.map(String), [store.meta('fact').get()], [key]];
  } finally {
    await store.close();
    await rm(copy, { recursive: true });
  }
}

function values(store: Datastore): unknown[] {
  const at = (path: string) => parsePath(place.schema, path);
  return [
    store.running().config.get(at('box.title')),
    store.secret(at('box.secret')),
    store.secret(at('box.item[b].pin')),
  ];
}

async function keyIn(path: string): Promise<MasterKey> {
  return new MasterKey(Buffer.from((await readFile(path, 'latin1')).trim(), 'hex'));
}

/** The place of each sealed value in the state directory that the key opens: in any file, as text or as the whole of it. */
async function opened(key: MasterKey): Promise<string[]> {
  const found: string[] = [];
  for (const file of await readdir(state, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const octets = await readFile(join(file.parentPath, file.name));
    const texts = octets.toString('latin1').match(/[A-Za-z0-9+/]{38,}={0,2}/g) ?? [];
    for (const sealed of [octets, ...texts.map((text) => Buffer.from(text, 'base64'))]) {
      for (const at of places) if (opens(key, sealed, at)) found.push(at);
    }
  }
  return found;
}

function opens(key: MasterKey, sealed: Buffer, at: string): boolean {
  try {
    key.open(sealed, at);
    return true;
  } catch {
    return false;
  }
}

function items(): readonly { readonly name: string; readonly pin: string }[] {
  return [
    { name: 'a', pin: 'BQY=' },
    { name: 'b', pin: 'Bwg=' },
  ];
}
