/** What bench/datastore.ts measures, each in a process of its own. */
import { join } from 'node:path';
import type { Edit, Origin } from '../src/datastore/index.js';
import { type Datastore, type FileSystem, nodeFileSystem, openDatastore } from '../src/datastore/index.js';
import { decodeJsonText, type InstanceIdentifier, loadSchema, parsePath, type Schema } from '../src/yang/index.js';

export type Work =
  /** One series of milliseconds for each size. */
  | { readonly kind: 'one-leaf'; readonly sizes: readonly number[]; readonly rounds: number }
  /** The time of the commit, then what each read of others took meanwhile, its wait for its turn included. */
  | { readonly kind: 'large'; readonly entries: number }
  | { readonly kind: 'start'; readonly entries: number; readonly records: number; readonly rounds: number }
  /** The time of all commits, then the number of fsyncs. */
  | { readonly kind: 'writers'; readonly writers: number; readonly commits: number };

export interface Report {
  readonly times: readonly (readonly number[])[];
  /** The most that the process had in memory. */
  readonly megabytes: number;
}

export async function doWork(directory: string, work: Work): Promise<Report> {
  const times = await timesOf(directory, work);
  return { times, megabytes: process.resourceUsage().maxRSS / 1024 };
}

async function timesOf(directory: string, work: Work): Promise<readonly (readonly number[])[]> {
  switch (work.kind) {
    case 'one-leaf':
      return await oneLeaf(directory, work.sizes, work.rounds);
    case 'large':
      return await large(directory, work.entries);
    case 'start':
      return [await start(directory, work.entries, work.records, work.rounds)];
    case 'writers':
      return await manyWriters(directory, work.writers, work.commits);
  }
}

/** The sizes take turns, so that what the machine does meanwhile concerns all of them. */
async function oneLeaf(directory: string, sizes: readonly number[], rounds: number): Promise<number[][]> {
  const schema = loadModule();
  const stores: Datastore[] = [];
  for (const size of sizes) {
    const store = await open(join(directory, String(size)), schema);
    await store.session(writer).apply([await entries(schema, size)]);
    stores.push(store);
  }
  const times: number[][] = sizes.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, store] of stores.entries()) {
      const edit = oneValue(schema, (round * 7919) % sizes[index]!, round + 1_000_000);
      const session = store.session(writer);
      const begun = performance.now();
      await session.apply([edit]);
      times[index]!.push(performance.now() - begun);
      session.close();
    }
  }
  for (const store of stores) await store.close();
  return times.map((own) => own.slice(Math.floor(rounds / 10)));
}

async function large(directory: string, count: number): Promise<number[][]> {
  const schema = loadModule();
  const store = await open(directory, schema);
  const reader = store.session(writer);
  await reader.apply([await entries(schema, 10)]);
  const text = JSON.stringify(json(count));
  const path = parsePath(schema, '/bench-items:items/item[name="entry-3"]/value');
  const waits: number[] = [];
  let isDone = false;
  const reading = (async () => {
    while (!isDone) {
      const begun = performance.now();
      await new Promise<void>((resolve) => void setImmediate(resolve));
      reader.get(path, 'running');
      waits.push(performance.now() - begun);
    }
  })();
  const begun = performance.now();
  const content = await decodeJsonText(schema, items(schema), text);
  await store.session(writer).apply([{ operation: 'merge', path: items(schema), content }]);
  const elapsed = performance.now() - begun;
  isDone = true;
  await reading;
  await store.close();
  return [[elapsed], waits];
}

async function start(directory: string, count: number, records: number, rounds: number): Promise<number[]> {
  const schema = loadModule();
  const store = await open(directory, schema);
  const session = store.session(writer);
  await session.apply([await entries(schema, count)]);
  const edits = Array.from({ length: records }, (_, index) =>
    oneValue(schema, (index * 7919) % count, index + 1_000_000),
  );
  for (let at = 0; at < edits.length; at += 64) {
    await Promise.all(edits.slice(at, at + 64).map((edit) => session.apply([edit])));
  }
  await store.close();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const again = await open(directory, schema);
    times.push(performance.now() - begun);
    await again.close();
  }
  return times;
}

async function manyWriters(directory: string, count: number, commits: number): Promise<number[][]> {
  const schema = loadModule();
  const counting = { syncs: 0 };
  const store = await open(directory, schema, countSyncs(counting));
  await store.session(writer).apply([await entries(schema, 1000)]);
  counting.syncs = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const session = store.session(writer);
      for (let round = 0; round < commits; round++) {
        await session.apply([oneValue(schema, index, round + 1_000_000)]);
      }
    }),
  );
  const elapsed = performance.now() - begun;
  await store.close();
  return [[elapsed], [counting.syncs]];
}

function countSyncs(counting: { syncs: number }): FileSystem {
  return {
    ...nodeFileSystem,
    async open(path, mode) {
      const file = await nodeFileSystem.open(path, mode);
      const sync = async () => {
        counting.syncs += 1;
        await file.sync();
      };
      return { ...file, sync };
    },
  };
}

function open(stateDirectory: string, schema: Schema, files: FileSystem = nodeFileSystem): Promise<Datastore> {
  return openDatastore({ stateDirectory, schema, modules: [], files });
}

/** About 97 octets of XML an entry, as the peers were measured with. */
function loadModule(): Schema {
  const text = `module bench-items {
    yang-version 1.1; namespace "urn:bench:items"; prefix b;
    container items { list item { key name;
      leaf name { type string; } leaf value { type uint32; } leaf descr { type string; } } }
  }`;
  const { schema, errors } = loadSchema({ files: [{ name: 'bench-items.yang', text }] });
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return schema;
}

function json(count: number): object {
  const item = Array.from({ length: count }, (_, index) => ({
    name: `entry-${String(index)}`,
    value: index,
    descr: `description ${String(index)}`,
  }));
  return { item };
}

async function entries(schema: Schema, count: number): Promise<Edit> {
  const path = items(schema);
  return { operation: 'merge', path, content: await decodeJsonText(schema, path, JSON.stringify(json(count))) };
}

function oneValue(schema: Schema, index: number, value: number): Edit {
  const path = parsePath(schema, `/bench-items:items/item[name='entry-${String(index)}']/value`);
  return { operation: 'merge', path, content: value };
}

function items(schema: Schema): InstanceIdentifier {
  return parsePath(schema, '/bench-items:items');
}

const writer: Origin = { user: 'bench', protocol: 'netconf', address: '127.0.0.1:1' };
