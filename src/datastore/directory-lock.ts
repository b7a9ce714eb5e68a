/**
 * The exclusive lock of a state directory, without native code: an abstract Unix socket named after the directory's
 * device and inode, which the kernel frees however the process ends, and a file that says who holds it. The file also
 * finds a holder in another network namespace, where the socket's name is not seen.
 */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { ConfigError } from '../error.js';
import { errorCode } from './files.js';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Throws ConfigError `in-use`, naming the holder, where another process has it. */
export async function lockDirectory(stateDirectory: string): Promise<DirectoryLock> {
  const { dev, ino } = await stat(stateDirectory, { bigint: true });
  const file = `${stateDirectory}/lock`;
  const server = process.platform === 'linux' ? await bind(`\0signet-state-${dev}-${ino}`) : undefined;
  if (server === 'taken') throw inUse(stateDirectory, await holder(file));
  const other = await holder(file);
  if (other !== undefined && other.pid !== process.pid && (await isAlive(other))) {
    await unbind(server);
    throw inUse(stateDirectory, other);
  }
  await writeFile(file, `${process.pid} ${await startTime(process.pid)}\n`, { mode: 0o600 });
  return {
    async release() {
      await rm(file, { force: true });
      await unbind(server);
    },
  };
}

interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, '' where there is no /proc: a number that was given to another process differs. */
  readonly started: string;
}

function inUse(stateDirectory: string, other: Holder | undefined): ConfigError {
  const who = other === undefined ? 'another agent' : `another agent, process ${other.pid}`;
  return new ConfigError({ tag: 'in-use', message: `${stateDirectory} is in use by ${who}` });
}

function bind(name: string): Promise<Server | 'taken'> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (errorCode(error) === 'EADDRINUSE') resolve('taken');
      else reject(error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

function unbind(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
}

async function holder(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'latin1').catch(() => '');
  const match = /^(\d+) (\d*)\n$/.exec(text);
  return match === null ? undefined : { pid: Number(match[1]), started: match[2]! };
}

async function isAlive(other: Holder): Promise<boolean> {
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
  }
  return (await startTime(other.pid)) === other.started;
}

async function startTime(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The second field is the command in parentheses and may hold anything, so counting starts behind the last one.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
