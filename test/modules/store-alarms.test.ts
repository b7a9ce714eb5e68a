/** What goes wrong with the store itself, in the alarm list: raised when it begins, kept over restarts, cleared when it is over. */
import assert from 'node:assert/strict';
import { open as openFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type CommitHandler, type Datastore, openDatastore } from '../../src/datastore/index.js';
import { alarmsModule } from '../../src/modules/alarms.js';
import { storeAlarms } from '../../src/store-alarms.js';
import { type JsonObject, loadSchema, parsePath } from '../../src/yang/index.js';
import { type FaultyFiles, faultyFiles, systemError } from '../datastore/faulty-files.js';
import { repositoryRoot, temporaryDirectory } from '../support/places.js';
import { waitFor } from '../support/wait.js';

const text = `module lab { yang-version 1.1; namespace "urn:lab"; prefix l;
  container lab { leaf size { type uint32; } leaf ballast { type string; } } }`;
const schema = loadSchema({
  directories: [join(repositoryRoot, 'schema')],
  files: [{ name: 'lab.yang', text }],
  implement: ['lab', 'signet-alarms'],
}).schema;
const history = '/signet-history:history';

describe('alarms of the store', () => {
  test('a disk that is full: raised with the cause; cleared by the next commit that is on disk', async (context) => {
    const it = await start(context);
    await it.set(1);
    it.files.fault = { before: (step) => fail(step === 'write', 'ENOSPC') };
    await assert.rejects(it.set(2), { tag: 'resource-denied' });
    await assert.rejects(it.set(3), { tag: 'resource-denied' });
    await it.idle();
    const cause = 'cannot write the journal: no space left on the disk; commits are refused until it works';
    assert.deepEqual(it.standing(), [`journal-write-failed ${history} critical ${cause}`]);
    it.files.fault = { before: (step) => fail(step === 'sync', 'EIO') };
    await assert.rejects(it.set(4), { tag: 'operation-failed' });
    await it.idle();
    assert.match(it.standing().join('\n'), /the disk reports an error; commits are refused/);
    it.files.fault = undefined;
    await it.set(5);
    await it.idle();
    assert.deepEqual(it.standing(), []);
    assert.deepEqual(it.told, [
      cause,
      cause.replace('no space left on the disk', 'the disk reports an error'),
      'cleared',
    ]);
  });

  test('a disk that is full and then is not: the list itself is tried again, and that ends the alarm without a commit', async (context) => {
    const it = await start(context);
    it.files.fault = { before: (step) => fail(step === 'write', 'ENOSPC') };
    await assert.rejects(it.set(2), { tag: 'resource-denied' });
    await it.idle();
    it.files.fault = undefined;
    assert.equal(it.standing().length, 1);
    assert.deepEqual(it.timers.length, 1);
    it.timers[0]!();
    await waitFor('the end of the alarm', () => it.standing().length === 0);
    await it.close();
    const again = await start(context, it.state);
    assert.deepEqual(again.standing(), []);
    assert.deepEqual(again.told, []);
  });

  test('a disk that is full but for a small record: the alarm stands until there is room, though it is on that disk itself', async (context) => {
    const it = await start(context);
    it.files.fault = { before: (step, _number, _path, octets) => fail(step === 'write' && octets > 5000, 'ENOSPC') };
    for (let count = 0; count < 3; count += 1) {
      await assert.rejects(it.fill(9000), { tag: 'resource-denied' });
      await it.idle();
    }
    assert.equal(it.standing().length, 1);
    assert.equal(it.told.length, 1);
    await it.fill(100);
    await it.idle();
    assert.deepEqual(it.standing(), [], 'a commit that is on disk ends it');
    await assert.rejects(it.fill(9000), { tag: 'resource-denied' });
    await it.idle();
    it.files.fault = undefined;
    await it.remember();
    await waitFor('the end of the alarm', () => it.standing().length === 0);
    await it.idle();
    assert.deepEqual(await readdir(join(it.state, 'journal')), ['journal']);
  });

  test('a torn tail: raised by the start that cuts it off, cleared by the next that finds none', async (context) => {
    const first = await start(context);
    await first.set(7);
    await first.close();
    const path = join(first.state, 'journal', 'journal');
    const file = await openFile(path, 'r+');
    await file.write(Buffer.from('torn off'), 0, 8, (await stat(path)).size);
    await file.close();
    const second = await start(context, first.state);
    await second.idle();
    const torn = 'the last write before the stop was torn: 8 octets that never were acknowledged are cut off';
    assert.deepEqual(second.standing(), [`journal-torn ${history} minor ${torn}`]);
    assert.deepEqual(second.told, [torn]);
    assert.equal(second.size(), 7);
    await second.close();
    const third = await start(context, first.state);
    await third.idle();
    assert.deepEqual(third.standing(), []);
    assert.deepEqual(third.told, ['cleared']);
  });

  test('a journal that cannot be made shorter: raised, and cleared by the next time that it works', async (context) => {
    const it = await start(context);
    it.files.fault = { before: (step, _number, path) => fail(step === 'open' && path.endsWith('journal.new'), 'EIO') };
    for (let size = 1; it.standing().length === 0; size++) {
      assert.ok(size < 200);
      await it.set(size);
      await it.idle();
    }
    const cause = 'the journal could not be made shorter and grows: the disk reports an error';
    assert.deepEqual(it.standing(), [`journal-compaction-failed ${history} major ${cause}`]);
    it.files.fault = undefined;
    for (let size = 1001; it.standing().length > 0; size++) {
      assert.ok(size < 2000);
      await it.set(size);
      await it.idle();
    }
  });

  test('what could not be taken back: raised where it is, cleared when something is applied there', async (context) => {
    const it = await start(context);
    await it.set(1);
    it.handler.apply = () => {
      throw new Error('with inner text');
    };
    await assert.rejects(it.set(2), { tag: 'rollback-failed' });
    await it.idle();
    const cause = 'lab is not what is configured (apply of lab failed; see the log); change it, or restart the agent';
    assert.deepEqual(it.standing(), [`apply-failed /lab:lab critical ${cause}`]);
    assert.equal(it.size(), 1);
    it.handler.apply = () => undefined;
    await it.set(3);
    await it.idle();
    assert.deepEqual(it.standing(), []);
  });

  test('what could not be applied at start: raised, told once over two such starts, cleared by a start at which it can', async (context) => {
    const first = await start(context);
    await first.set(1);
    await first.close();
    const refuse = () => {
      throw new Error('not now');
    };
    const second = await start(context, first.state, refuse);
    await second.idle();
    assert.equal(second.standing().length, 1);
    assert.equal(second.told.length, 1);
    await second.close();
    const third = await start(context, first.state, refuse);
    await third.idle();
    assert.equal(third.standing().length, 1);
    assert.deepEqual(third.told, []);
    await third.close();
    const fourth = await start(context, first.state);
    await fourth.idle();
    assert.deepEqual(fourth.standing(), []);
    assert.deepEqual(fourth.told, ['cleared']);
  });
});

interface Unit {
  readonly state: string;
  readonly files: FaultyFiles;
  readonly handler: { apply: () => void };
  /** What the alarm list asked to be called back for. */
  readonly timers: (() => void)[];
  /** Text of each alarm-notification, `cleared` for an end. */
  readonly told: readonly string[];
  set(size: number): Promise<unknown>;
  /** A commit of about that many octets. */
  fill(length: number): Promise<unknown>;
  /** Writes a fact of a few octets. */
  remember(): Promise<void>;
  size(): unknown;
  /** Kind, resource, severity and text of those that stand. */
  standing(): readonly string[];
  idle(): Promise<void>;
  close(): Promise<void>;
}

async function start(context: TestContext, given?: string, apply: () => void = () => undefined): Promise<Unit> {
  const state = given ?? join(await temporaryDirectory(context), 'state');
  const files = faultyFiles();
  const timers: (() => void)[] = [];
  const after = (_milliseconds: number, callback: () => void) => {
    timers.push(callback);
    return () => undefined;
  };
  const alarms = alarmsModule({ now: () => 1_800_000_000_000, log: () => undefined, after });
  const ofStore = storeAlarms(alarms);
  const handler = { apply };
  const lab: CommitHandler = { name: 'lab', path: '/lab:lab', apply: () => handler.apply() };
  const told: string[] = [];
  const store: Datastore = await openDatastore({
    stateDirectory: state,
    schema,
    files,
    compactAfter: 20_000,
    retention: { count: 2 },
    modules: [{ name: 'lab', handlers: [lab] }, alarms.registration],
    trouble: ofStore.listener,
  });
  store.subscribe((event) => {
    if (event.kind !== 'notification' || event.path.last?.schema.name !== 'alarm-notification') return;
    const at = (name: string) => event.content.get(event.content.schema.byQualifiedName.get(`signet-alarms:${name}`)!);
    told.push(at('perceived-severity') === 'cleared' ? 'cleared' : String(at('alarm-text')));
  });
  ofStore.opened();
  const session = store.session({ user: 'admin', protocol: 'local', address: '' });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= store.close());
  context.after(close);
  const at = (leaf: string) => parsePath(schema, `/lab:lab/${leaf}`);
  return {
    state,
    files,
    handler,
    timers,
    told,
    set: (size) =>
      session.apply([
        { operation: 'merge', path: at('size'), content: size },
        { operation: 'merge', path: at('ballast'), content: String(size % 10).repeat(500) },
      ]),
    fill: (length) => session.apply([{ operation: 'merge', path: at('ballast'), content: 'x'.repeat(length) }]),
    remember: () => store.meta('small').set(1),
    size: () => store.running().config.get(at('size')),
    standing() {
      const list = store.state(parsePath(schema, '/signet-alarms:alarms/alarm-list'))?.['alarm'] ?? [];
      return (list as unknown as readonly JsonObject[])
        .filter((alarm) => alarm['is-cleared'] === false)
        .map((alarm) => ['alarm-type-id', 'resource', 'perceived-severity', 'alarm-text'].map((name) => alarm[name]))
        .map((words) => words.join(' ').replace('signet-alarms:', ''));
    },
    idle: () => alarms.idle(),
    close,
  };
}

function fail(condition: boolean, code: string): void {
  if (condition) throw systemError(code);
}
