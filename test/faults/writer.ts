/**
 * The process that is killed, or whose disk fails: `writer STATE sequence COUNT` commits one after the other, `writer STATE load
 * WRITERS` goes on with several at once until it is stopped, `writer STATE saves COUNT` copies each commit to startup, and what is
 * acknowledged is that. One line on stdout for what happened, written at once:
 * `open VALUE...`, `ack WRITER VALUE`, `refused WRITER VALUE TAG MESSAGE`, `start TAG MESSAGE`, `closed`.
 */
import { writeSync } from 'node:fs';
import type { Datastore } from '../../src/datastore/index.js';
import { ConfigError } from '../../src/error.js';
import { openModel, origin, pairValue, write } from './model.js';

const [state = '', mode = '', count = '0'] = process.argv.slice(2);
const store = await start();
if (store !== undefined) {
  if (mode === 'sequence') await sequence(store, Number(count));
  else if (mode === 'saves') await saves(store, Number(count));
  else await Promise.all(Array.from({ length: Number(count) }, (_, writer) => load(store, writer)));
  await store.close();
  say('closed');
}

async function start(): Promise<Datastore | undefined> {
  try {
    const opened = await openModel(state, { startup: mode === 'saves' });
    await opened.startUp();
    const writers = mode === 'load' ? Number(count) : 1;
    say(`open ${Array.from({ length: writers }, (_, writer) => pairValue(opened, writer)).join(' ')}`);
    return opened;
  } catch (error) {
    const { tag, message } = ConfigError.from(error);
    say(`start ${tag} ${message}`);
    process.exitCode = 1;
    return undefined;
  }
}

async function sequence(open: Datastore, commits: number): Promise<void> {
  const first = pairValue(open, 0) + 1;
  for (let value = first; value < first + commits; value++) await attempt(open, 0, value);
}

async function saves(open: Datastore, commits: number): Promise<void> {
  const session = open.session(origin);
  for (let value = 1; value <= commits; value++) {
    try {
      await write(open, 0, value);
      await session.copyConfig('startup', 'running');
      say(`ack 0 ${value}`);
    } catch (error) {
      const { tag, message } = ConfigError.from(error);
      say(`refused 0 ${value} ${tag} ${message}`);
    }
  }
}

async function load(open: Datastore, writer: number): Promise<void> {
  for (let value = pairValue(open, writer) + 1; ; value++) await attempt(open, writer, value);
}

async function attempt(open: Datastore, writer: number, value: number): Promise<void> {
  const before = pairValue(open, writer);
  try {
    await write(open, writer, value);
    say(`ack ${writer} ${value}`);
  } catch (error) {
    const { tag, message } = ConfigError.from(error);
    say(`refused ${writer} ${value} ${tag} ${message}`);
    // Running goes on as it was.
    if (pairValue(open, writer) !== before) say('CHANGED');
  }
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}
