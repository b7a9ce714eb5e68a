/**
 * RFC 7950 section 8: documents of published modules and of ours, valid ones and damaged ones, get the verdict of yanglint, and are at
 * fault where it says. `npm run test:long` judges 5 000 mutations, `npm test` 1 000.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { publishedModules, repositoryRoot } from '../support/published-modules.js';
import { requireTool } from '../support/tools.js';
import { explain } from './oracle/explained.js';
import { runOracle, type Trial, tally } from './oracle/oracle.js';
import { ownSets, publishedSets } from './oracle/sets.js';

const yanglint = requireTool('yanglint');
const published = publishedModules();
const isLong = process.env.SIGNET_LONG === '1';

test('RFC 7950 8: mutated documents get the verdict of yanglint, and its error place is among ours', {
  skip: yanglint.skip || published.skip,
}, async (t) => {
  const directory = join(repositoryRoot(), 'schema');
  const sets = [
    ...publishedSets.map((implement) => ({ directory: published.directory, implement })),
    ...ownSets.map((implement) => ({ directory, implement })),
  ];
  const seed = Number(process.env.SIGNET_SEED ?? 20_261_126);
  const trials = await runOracle({ sets, count: isLong ? 5000 : 1000, seed });
  const { judged, agreed, placed, samePlace, disagreements, otherPlaces } = tally(trials);
  const unexplained = disagreements.filter((trial) => explain(trial) === undefined);
  for (const [reason, count] of reasons(disagreements)) t.diagnostic(`${String(count)}: ${reason}`);
  t.diagnostic(
    `verdicts agree in ${String(agreed)} of ${String(judged)}, places in ${String(samePlace)} of ${String(placed)}`,
  );
  if (process.env.SIGNET_SHOW !== undefined) for (const each of [...unexplained, ...otherPlaces]) show(each);
  assert.deepEqual(unexplained.map(shown), [], 'unexplained disagreements');
  assert.ok(judged >= trials.length * 0.98, `yanglint ended over ${String(trials.length - judged)} documents`);
  assert.ok(agreed >= judged * 0.99, `verdicts agree in ${String(agreed)} of ${String(judged)} only`);
  assert.ok(samePlace >= placed * 0.95, `places agree in ${String(samePlace)} of ${String(placed)} only`);
});

function reasons(trials: readonly Trial[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const trial of trials) {
    const reason = explain(trial) ?? 'not explained';
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

function shown({ modules, kind, document, ours, theirs }: Trial): object {
  return { modules, kind, ours: ours.messages, theirs: theirs?.messages, document };
}

function show(trial: Trial): void {
  console.log(JSON.stringify(shown(trial), null, 1));
}
