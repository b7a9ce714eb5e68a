/**
 * The datastore: one-leaf commits at four sizes of a list, all in one run; a commit of as many new entries as the largest of them
 * while others read; a start; small commits of many writers. Each figure is taken in a process of its own, with the state on
 * the disk of the working directory.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report, Work } from './datastore-work.js';
import { line, quantile, short } from './machine.js';

export async function run(): Promise<void> {
  const sizes = (process.env['SIGNET_BENCH_ENTRIES'] ?? '10,1000,10000,100000').split(',').map(Number);
  const most = Math.max(...sizes);
  await oneLeaf(sizes);
  await large(most);
  await start(most, Math.max(10, most / 10));
  await writers(16, Math.max(20, most / 100));
}

async function oneLeaf(sizes: readonly number[]): Promise<void> {
  const { times } = await child({ kind: 'one-leaf', sizes, rounds: 400 });
  const medians = sizes.map((size, index) => {
    const own = times[index] ?? [];
    print(line(`one-leaf commit with fsync at ${String(size)} entries`, own, 'ms', 'median <= 1.5'));
    return quantile(own, 0.5);
  });
  print(`  the largest tree over the smallest, medians: ${short(medians.at(-1)! / medians[0]!)} (target <= 1.3)`);
}

async function large(entries: number): Promise<void> {
  const elapsed: number[] = [];
  const resident: number[] = [];
  const ninetyNine: number[] = [];
  const longest: number[] = [];
  for (let round = 0; round < 3; round++) {
    const { times, megabytes } = await child({ kind: 'large', entries });
    const [total = [], waits = []] = times;
    elapsed.push(total[0]!);
    resident.push(megabytes);
    ninetyNine.push(quantile(waits, 0.99));
    longest.push(Math.max(...waits));
  }
  print(line(`${String(entries)} new entries in one commit, JSON text included`, elapsed, 'ms', '<= 1500'));
  print(line('  memory of the process at its largest', resident, 'MB', '<= 300'));
  print(line('  reads of others meanwhile, 99th percentile', ninetyNine, 'ms', '<= 30'));
  print(line('  the longest', longest, 'ms', '<= 100'));
}

async function start(entries: number, records: number): Promise<void> {
  const { times } = await child({ kind: 'start', entries, records, rounds: 3 });
  print(line(`start: ${String(entries)} entries, ${String(records)} records`, times[0] ?? [], 'ms', '<= 1500'));
}

async function writers(count: number, each: number): Promise<void> {
  const { times } = await child({ kind: 'writers', writers: count, commits: each });
  const [total = [], syncs = []] = times;
  const rates = total.map((milliseconds) => (count * each * 1000) / milliseconds);
  print(line(`small commits of ${String(count)} writers`, rates, 'commits/s', '>= 1000'));
  print(`  commits that shared one fsync, on average: ${short((count * each) / syncs[0]!)}`);
}

/** Does the work in a process of its own, on a state directory that goes away with it. */
async function child(work: Work): Promise<Report> {
  const directory = await mkdtemp(join(process.cwd(), '.bench-'));
  try {
    const script = join(fileURLToPath(import.meta.url), '..', 'datastore-child.js');
    const process = fork(script, [directory, JSON.stringify(work)], { execArgv: ['--expose-gc'] });
    return await new Promise<Report>((resolve, reject) => {
      process.once('message', (report) => resolve(report as Report));
      process.once('error', reject);
      process.once('exit', (status) => reject(new Error(`the work ended with ${String(status)}`)));
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
