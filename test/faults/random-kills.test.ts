/** Kills at random moments under load: eight writers, shared fsyncs, a compaction every few commits. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { temporaryDirectory } from '../support/places.js';
import { openModel, pairValue } from './model.js';
import { writerScript } from './support.js';

const kills = process.env['SIGNET_LONG'] === '1' ? 500 : 50;
const writers = 8;

describe('kill -9 under load', { concurrency: 2 }, () => {
  for (const seed of [20_261_127, 20_261_128]) {
    it(`${kills / 2} times: what was acknowledged is there at the next start, nothing is half applied (${seed})`, () =>
      killAgainAndAgain(seed, kills / 2));
  }
});

async function killAgainAndAgain(seed: number, rounds: number): Promise<void> {
  const state = join(await temporaryDirectory({ after }), 'state');
  const random = generator(seed);
  let acknowledged: readonly number[] = Array.from({ length: writers }, () => 0);
  let commits = 0;
  for (let round = 1; round <= rounds; round++) {
    // One in five dies while it starts.
    const isEarly = random() < 0.2;
    const count = Math.floor(random() * 60);
    const output = await killed(state, isEarly ? undefined : count, random() * (isEarly ? 250 : 5));
    const { found, acks } = parse(output, acknowledged);
    assert.doesNotMatch(output, /^(refused|start|CHANGED)/m, `round ${round}: ${output.slice(-2000)}`);
    for (const [writer, value] of found.entries()) {
      const least = acknowledged[writer]!;
      // A commit that was under way at the kill may have reached the disk.
      assert.ok(value === least || value === least + 1, `round ${round}, writer ${writer}: ${least} became ${value}`);
    }
    commits += acks.reduce((sum, value, writer) => sum + value - found[writer]!, 0);
    acknowledged = acks;
  }
  assert.ok(commits > 10 * rounds, `only ${commits} commits were acknowledged in ${rounds} rounds`);
  const store = await openModel(state);
  for (const [writer, least] of acknowledged.entries()) {
    const value = pairValue(store, writer);
    assert.ok(value === least || value === least + 1, `writer ${writer}: ${least} became ${value}`);
  }
  await store.close();
}

/**
 * Starts the writer and kills it: so many milliseconds after it has acknowledged so many commits, or, without a number, after
 * it was started. Gives what it said.
 */
async function killed(state: string, commits: number | undefined, milliseconds: number): Promise<string> {
  const child = spawn(process.execPath, [writerScript, state, 'load', String(writers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let lines = 0;
  let isArmed = false;
  const arm = () => {
    if (isArmed) return;
    isArmed = true;
    setTimeout(() => child.kill('SIGKILL'), milliseconds);
  };
  if (commits === undefined) arm();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    lines += text.split('\n').length - 1;
    if (commits !== undefined && lines > commits) arm();
  });
  await once(child, 'close');
  return output;
}

/** The values at the start, and the last that was acknowledged for each writer; a line that was cut off does not count. */
function parse(
  output: string,
  known: readonly number[],
): { readonly found: readonly number[]; readonly acks: readonly number[] } {
  const lines = output.split('\n').slice(0, -1);
  const open = lines.find((line) => line.startsWith('open '));
  const found = open === undefined ? known : open.split(' ').slice(1).map(Number);
  const acks = [...found];
  for (const line of lines) {
    const [kind, writer, value] = line.split(' ');
    if (kind === 'ack') acks[Number(writer)] = Number(value);
  }
  return { found, acks };
}

/** Numbers from 0 to 1, the same ones in each run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
