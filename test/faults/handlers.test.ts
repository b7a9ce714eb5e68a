/** Handlers that fail where it hurts: what the journal holds afterwards is what was told, and the others are not left in between. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Change, CommitHandler, Datastore } from '../../src/datastore/index.js';
import { parsePath } from '../../src/yang/index.js';
import { admin, edit, makePlace, open, type Place } from '../datastore/fixture.js';
import { temporaryDirectory } from '../support/places.js';
import { openModel, pairValue } from './model.js';

let place: Place;
let stateDirectory: string;
let serial = 0;
let calls: string[];

/** Time-outs of the agent do not keep a process alive. */
const alive = setInterval(() => undefined, 1000);

before(async () => {
  place = await makePlace();
});
after(async () => {
  clearInterval(alive);
  await place.remove();
});
beforeEach(() => {
  serial += 1;
  calls = [];
  stateDirectory = `${place.directory}/h${serial}`;
});

describe('a handler that fails', () => {
  for (const phase of ['amend', 'validate', 'prepare', 'apply'] as const) {
    for (const how of ['throws', 'hangs'] as const) {
      if (phase === 'validate' && how === 'hangs') continue;
      it(`in ${phase} (${how}): refused, the others are as before, and so they are at the next start`, async () => {
        const fail = how === 'throws' ? thrown : () => new Promise<never>(() => undefined);
        let isBroken = false;
        const bad = handler('bad', '/signet-test:box/title', {
          [phase]: () => (isBroken ? fail() : phase === 'validate' ? [] : undefined),
        });
        const store = await start([bad, handler('good', '/signet-test:box/size')]);
        await store.session(admin).apply([merge('box', { title: 'a', size: 1 })]);
        calls = [];
        isBroken = true;
        // Going back may hang as well: then that is told.
        const refused = store.session(admin).apply([merge('box', { title: 'b', size: 2 })]);
        const tag = phase === 'apply' ? 'rollback-failed' : 'operation-failed';
        await assert.rejects(refused, { tag });
        isBroken = false;
        assert.deepEqual(state(store), ['a', 1]);
        const held = calls.filter((call) => call === 'good prepare 2').length;
        const freed = calls.filter((call) => call === 'good abort 2' || call === 'good apply 2').length;
        assert.equal(held, freed, calls.join());
        if (calls.includes('good apply 2'))
          assert.equal(
            calls.findLast((call) => call.startsWith('good apply')),
            'good apply 1',
          );
        await store.session(admin).apply([merge('box.size', 3)]);
        await store.close();
        const again = await start([bad, handler('good', '/signet-test:box/size')]);
        assert.deepEqual(state(again), ['a', 3]);
        await again.close();
      });
    }
  }

  for (const how of ['throws', 'hangs'] as const) {
    it(`in abort (${how}): those before it are aborted all the same, and the next commit works`, async () => {
      const fail = how === 'throws' ? thrown : () => new Promise<never>(() => undefined);
      let isBroken = true;
      const store = await start([
        handler('first', '/signet-test:box/size'),
        handler('second', '/signet-test:box/count', { abort: () => fail() }),
        handler('third', '/signet-test:box/title', { prepare: () => (isBroken ? thrown() : Promise.resolve()) }),
      ]);
      const all = merge('box', { title: 'a', size: 1, count: '5' });
      await assert.rejects(store.session(admin).apply([all]), { tag: 'operation-failed' });
      assert.ok(calls.includes('first abort 1'), calls.join());
      assert.deepEqual(state(store), [undefined, undefined]);
      isBroken = false;
      await store.session(admin).apply([all]);
      assert.deepEqual(state(store), ['a', 1]);
      await store.close();
    });
  }
});

describe('a process that dies inside a handler', () => {
  it('in prepare: nothing of the commit is there at the next start', async () => {
    assert.deepEqual(await dieIn('prepare'), { value: 1, started: [1] });
  });

  it('in apply, the record being on disk: the commit is there, and the next start applies it', async () => {
    assert.deepEqual(await dieIn('apply'), { value: 2, started: [2] });
  });

  /** What is there at the next start, and what the handler is told then. */
  async function dieIn(
    phase: 'prepare' | 'apply',
  ): Promise<{ readonly value: number; readonly started: readonly number[] }> {
    const directory = `${await temporaryDirectory({ after })}/state`;
    const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const script = `
      import { openModel, write } from ${url('./model.js')};
      let count = 0;
      const die = () => { if (++count === 2) process.kill(process.pid, 'SIGKILL'); };
      const handler = { name: 'pair', path: '/faults:top/pair', prepare: async () => {}, apply() {}, ${phase}: async () => die() };
      const store = await openModel(${JSON.stringify(directory)}, { modules: [{ name: 'm', handlers: [handler] }] });
      await write(store, 0, 1);
      await write(store, 0, 2);
      console.log('not reached');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.deepEqual([signal, output], ['SIGKILL', '']);
    const started: number[] = [];
    const apply = ({ after: root, cause, instance }: Change) => {
      const leaf = parsePath(root.config.schema, `${instance.toString()}/a`);
      if (cause === 'start') started.push(Number(root.config.get(leaf)));
    };
    const store = await openModel(directory, {
      modules: [{ name: 'm', handlers: [{ name: 'pair', path: '/faults:top/pair', apply }] }],
    });
    const value = pairValue(store, 0);
    await store.close();
    return { value, started };
  }
});

function start(handlers: readonly CommitHandler[]): Promise<Datastore> {
  const deadlines = { amend: 40, prepare: 40, apply: 40 };
  return open(place, {
    stateDirectory,
    deadlines,
    modules: [{ name: 'test', handlers: [...handlers, ...owners(handlers)] }],
  });
}

/** What the handlers of a test leave of the box needs an owner too. */
function owners(handlers: readonly CommitHandler[]): readonly CommitHandler[] {
  const box = place.schema.root.dataChildren.find(({ name }) => name === 'box');
  const rest = box?.kind === 'container' ? box.dataChildren.filter(({ config }) => config) : [];
  return rest
    .filter(({ path }) => !handlers.some((each) => each.path === path))
    .map(({ name, path }) => ({ name, path }));
}

function handler(name: string, path: string, phases: Partial<CommitHandler> = {}): CommitHandler {
  const note = (phase: string, change: Change) => {
    const size = change.after.config.get(parsePath(place.schema, 'box.size'));
    calls.push(`${name} ${phase} ${String(size)}`);
  };
  return {
    name,
    path,
    prepare: (change) => Promise.resolve(note('prepare', change)),
    apply: (change) => note('apply', change),
    abort: (change) => note('abort', change),
    ...phases,
  };
}

function thrown(): never {
  throw new Error('broken');
}

function merge(at: string, value: Parameters<typeof edit>[3]) {
  return edit(place.schema, 'merge', at, value);
}

function state(store: Datastore): readonly unknown[] {
  return ['box.title', 'box.size'].map((at) => store.running().config.get(parsePath(place.schema, at)));
}
