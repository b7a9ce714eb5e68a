/**
 * RFC 7950 section 8 on random modules with conditions, references, mandatory nodes, defaults and bounds of every kind: documents of
 * them, valid ones and damaged ones, get the verdict of yanglint. `npm run test:long` judges ten times as many.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { requireTool } from '../support/tools.js';
import { randomModules } from '../yang/random-schema.js';
import { explain } from './oracle/explained.js';
import { runOracle, type Trial, tally } from './oracle/oracle.js';

const yanglint = requireTool('yanglint');
const isLong = process.env.SIGNET_LONG === '1';

test('RFC 7950 8: documents of random modules get the verdict of yanglint', { skip: yanglint.skip }, async (t) => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });
  const seed = Number(process.env.SIGNET_SEED ?? 20_261_127);
  const trials: Trial[] = [];
  let empty = 0;
  for (const modules of fc.sample(randomModules(true), { seed, numRuns: isLong ? 150 : 15 })) {
    const directory = mkdtempSync(join(tmpdir(), 'signet-random-'));
    folders.push(directory);
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(directory, `${name}.yang`), String(text));
    const sets = [{ directory, implement: ['a', 'b'] }];
    try {
      trials.push(...(await runOracle({ sets, count: 40, seed: seed + trials.length })));
    } catch (error) {
      // Conditions may contradict each other: nothing is valid then.
      if (!/^no valid document /u.test((error as Error).message)) throw error;
      empty++;
    }
  }
  const { judged, disagreements } = tally(trials);
  t.diagnostic(`${String(judged)} of ${String(trials.length)} judged; ${String(empty)} modules have no valid document`);
  assert.ok(judged >= (isLong ? 4000 : 400), `yanglint ended over ${String(trials.length - judged)} documents`);
  const unexplained = disagreements.filter((trial) => explain(trial) === undefined);
  assert.deepEqual(
    unexplained.map(({ kind, ours, theirs, document }) => ({
      kind,
      ours: ours.messages,
      theirs: theirs?.messages,
      document,
    })),
    [],
  );
});
