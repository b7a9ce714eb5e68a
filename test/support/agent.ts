/** A real agent as a child process, on free ports of loopback and a state directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled tree that this file is part of: `dist` or another output folder. */
const compiled = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const mainScript = join(compiled, 'src', 'main.js');

export interface Ready {
  /** Null where the address could not be opened. */
  readonly https: string | null;
  readonly netconf: string | null;
  readonly snmp: string | null;
  readonly pid: number;
}

export interface RunningAgent {
  readonly ready: Ready;
  readonly state: string;
  readonly httpsPort: number;
  readonly snmpPort: number;
  /** What the agent has written to stderr so far. */
  log(): string;
  /** Ends the process with the signal and waits for it; resolves to the exit status, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

export const adminPassword = 'correct horse battery';
export const snmpPassword = 'authPrivPhrase1';

export interface AgentOptions {
  readonly args?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** False: the first start makes a password up, and there is no SNMP user. */
  readonly passwordFiles?: boolean;
  /** False: no `--snmp`, so that the tree says where it listens. */
  readonly snmp?: boolean;
}

/** A state directory with the two password files beside it; `remove` deletes all of it. */
export async function makeState(): Promise<{
  readonly directory: string;
  readonly state: string;
  remove(): Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await writeFile(join(directory, 'password'), `${adminPassword}\n`, { mode: 0o600 });
  await writeFile(join(directory, 'snmp-password'), `${snmpPassword}\n`, { mode: 0o600 });
  return {
    directory,
    state: join(directory, 'state'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Starts an agent on the state directory and waits for its `ready` line; rejects with its log where it ends before. */
export async function startAgent(
  place: { readonly directory: string; readonly state: string },
  options: AgentOptions = {},
): Promise<RunningAgent> {
  const child = spawn(
    process.execPath,
    [
      mainScript,
      'agent',
      ...['--state', place.state, '--https', '127.0.0.1:0', '--netconf', '127.0.0.1:0'],
      ...(options.snmp === false ? [] : ['--snmp', '127.0.0.1:0']),
      ...(options.passwordFiles === false ? [] : ['--admin-password-file', join(place.directory, 'password')]),
      ...(options.passwordFiles === false ? [] : ['--snmp-password-file', join(place.directory, 'snmp-password')]),
      ...(options.args ?? []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log = (log + chunk).slice(-200_000);
  });
  const ended = exit(child);
  const ready = await readyLine(child, ended, () => log, options.timeoutMs ?? 30_000);
  return {
    ready,
    state: place.state,
    httpsPort: portOf(ready.https),
    snmpPort: portOf(ready.snmp),
    log: () => log,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

function portOf(address: string | null): number {
  return address === null ? 0 : Number(address.slice(address.lastIndexOf(':') + 1));
}

function exit(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
}

function readyLine(
  child: ChildProcess,
  ended: Promise<number | NodeJS.Signals>,
  log: () => string,
  timeoutMs: number,
): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the agent was not ready within ${timeoutMs} ms; its log:\n${log()}`));
    }, timeoutMs);
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const line = /^ready (\{.*\})$/m.exec(output);
      if (line === null) return;
      clearTimeout(timer);
      resolve(JSON.parse(line[1] ?? '') as Ready);
    });
    ended.then(
      (status) => {
        clearTimeout(timer);
        reject(new Error(`the agent ended with ${status} before it was ready; its log:\n${log()}`));
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
