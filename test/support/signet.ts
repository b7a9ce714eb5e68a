/** The command line as a user runs it: the compiled program. */
import { mainScript } from './agent.js';
import { type RunResult, run } from './run.js';

export function signet(args: readonly string[], input = ''): Promise<RunResult> {
  return run(process.execPath, [mainScript, ...args], { input, timeoutMs: 60_000 });
}
