/** Runs the writer under strace, which kills it or fails its calls, and looks at what is left. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { compiledRoot } from '../support/places.js';
import { type RunResult, run } from '../support/run.js';
import { requireTool } from '../support/tools.js';
import { kept, openModel, origin, pairValue, write } from './model.js';

export const writerScript = join(compiledRoot, 'test', 'faults', 'writer.js');

/** The calls by which the store changes what is on disk. */
export const calls = ['pwrite64', 'fdatasync', 'fsync', 'rename'] as const;
export type SystemCall = (typeof calls)[number];

/** Why the writer cannot be traced here; false where it can. */
export async function whyNotTraced(): Promise<string | false> {
  const { skip } = requireTool('strace');
  if (skip !== false) return skip;
  const probe = await run('strace', ['-f', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO:when=1', 'true']);
  if (probe.status === 0) return false;
  console.log('skipped: strace may not trace on this machine');
  return 'strace may not trace on this machine';
}

/** `inject` as strace's -e has it, without the name: `pwrite64:signal=KILL:when=3`. Resolves when the writer has ended. */
export function traceWriter(
  args: readonly string[],
  inject: readonly string[],
  trace = '/dev/null',
): Promise<RunResult> {
  return traceScript(writerScript, args, inject, trace, [...calls, 'ftruncate']);
}

export function traceScript(
  script: string,
  args: readonly string[],
  inject: readonly string[],
  trace: string,
  traced: readonly string[],
): Promise<RunResult> {
  const filter = ['-e', `trace=${traced.join(',')}`, ...inject.flatMap((each) => ['-e', `inject=${each}`])];
  // strace counts the calls of each thread: all that concern files are made by one.
  const env = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };
  return run('strace', ['-f', '-qq', '-o', trace, ...filter, process.execPath, script, ...args], { env });
}

/** What the writer said, its lines cut into words. */
export function said({ stdout }: RunResult, kind: string): readonly (readonly string[])[] {
  const lines = stdout.split('\n').map((line) => line.split(' '));
  return lines.filter(([first]) => first === kind).map(([, ...rest]) => rest);
}

/** The value of the last commit that was acknowledged; 0 where none was. */
export function lastAcknowledged(result: RunResult): number {
  return Number(said(result, 'ack').at(-1)?.[1] ?? 0);
}

/** Opens what is left, asserts that it is what was acknowledged (or one more), and that commits go on and last. */
export async function expectRecovered(state: string, acknowledged: number, what: string, slack: 0 | 1): Promise<void> {
  const store = await openModel(state);
  const value = pairValue(store, 0);
  const atMost = acknowledged + slack;
  assert.ok(value >= acknowledged && value <= atMost, `${what}: ${acknowledged} was acknowledged, ${value} is there`);
  // The last points that were kept are all there, and each is what it was.
  const points = store.history();
  assert.ok(points.length >= Math.min(kept, value + 1), `${what}: ${points.length} points for ${value} commits`);
  const { transaction, comment } = points.at(-1)!;
  await store.session(origin).rollback(transaction, { comment });
  assert.equal(pairValue(store, 0), Number(comment.split(' ')[1] ?? 0), `${what}: transaction ${transaction}`);
  await write(store, 0, value + 100);
  await store.close();
  const again = await openModel(state);
  assert.equal(pairValue(again, 0), value + 100, what);
  await again.close();
}
