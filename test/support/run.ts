/** Runs other programs from tests: bounded in time and output, never through a shell. */
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Given to stdin, which is closed afterwards. */
  readonly input?: string | Uint8Array;
  /** 30 000 where absent; the program is killed then. */
  readonly timeoutMs?: number;
  /** Kept of each of stdout and stderr; the rest is dropped. 4 MB where absent. */
  readonly maxOutput?: number;
}

export interface RunResult {
  /** Exit status; null where a signal ended the program. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Runs a program to its end. Rejects only where it cannot be started. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const limit = options.maxOutput ?? 4_000_000;
    const stdout = collect(child.stdout, limit);
    const stderr = collect(child.stderr, limit);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? 30_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout: stdout(), stderr: stderr(), timedOut });
    });
    // A program that does not read its input closes the pipe: its exit status tells what became of it.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
  });
}

/** Runs a program that must end with status 0; throws an error that shows what it printed. Resolves to its stdout. */
export async function runOk(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(program, args, options);
  if (result.status === 0) return result.stdout;
  const end = result.timedOut ? 'was killed after its time was up' : `ended with ${result.status ?? result.signal}`;
  throw new Error(`${program} ${args.join(' ')} ${end}\n${result.stderr}${result.stdout}`);
}

function collect(stream: NodeJS.ReadableStream, limit: number): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    const room = limit - size;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
