/**
 * The exclusive lock of a state directory, without native code: a Unix socket in it, which a process in another network or
 * process namespace finds as well, and on Linux one by the directory's device and inode in the abstract namespace, which the
 * kernel gives to one of those who start at the same moment. Both are free however their process ends.
 */
import { rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { ConfigError } from '../error.js';
import { errorCode } from './files.js';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Throws ConfigError `in-use`, naming the holder, where another process has it; one too where the path is too long. */
export async function lockDirectory(stateDirectory: string): Promise<DirectoryLock> {
  const path = `${stateDirectory}/lock`;
  checkSocketPath(path);
  const { dev, ino } = await stat(stateDirectory, { bigint: true });
  const kernel = process.platform === 'linux' ? await bind(`\0signet-state-${dev}-${ino}`) : undefined;
  if (kernel === 'taken') throw inUse(stateDirectory, await ask(path));
  try {
    const place = await take(path, stateDirectory);
    return {
      async release() {
        await unbind(place);
        await unbind(kernel);
      },
    };
  } catch (error) {
    await unbind(kernel);
    throw error;
  }
}

/** Throws ConfigError where a socket cannot have that name: Node would cut it off and make a socket somewhere else. */
export function checkSocketPath(path: string): void {
  const octets = Buffer.byteLength(path);
  if (octets <= longestSocketPath) return;
  const message = `${path} is too long for a socket: ${octets} octets, ${longestSocketPath} at most; name a shorter state directory, or a relative path`;
  throw new ConfigError({ tag: 'operation-failed', message });
}

async function take(path: string, stateDirectory: string): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const server = await bind(path);
    if (server !== 'taken') return server;
    const holder = await ask(path);
    if (holder !== 'nobody' || attempt > 2) throw inUse(stateDirectory, holder);
    // Left behind by a process that was killed, or by a former version, whose lock was a plain file.
    await rm(path, { force: true });
  }
}

/** The holder answers whoever connects with its process id. */
function bind(name: string): Promise<Server | 'taken'> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(String(process.pid));
    });
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

/** The process id of the holder; '' where it does not tell, `nobody` where the socket has no owner. */
function ask(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let text = '';
    socket.setTimeout(patience, () => socket.destroy());
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text = (text + chunk).slice(0, 20);
    });
    socket.once('error', (error) => resolve(errorCode(error) === 'EACCES' ? '' : 'nobody'));
    socket.once('close', () => resolve(/^\d+$/.test(text) ? text : ''));
  });
}

function unbind(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
}

function inUse(stateDirectory: string, holder: string): ConfigError {
  const who = /^\d+$/.test(holder) ? `another agent, process ${holder}` : 'another agent';
  return new ConfigError({ tag: 'in-use', message: `${stateDirectory} is in use by ${who}` });
}

/** Milliseconds. */
const patience = 1000;

/** Octets: `sun_path` without the zero at its end, of Linux and of the BSDs. */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;
