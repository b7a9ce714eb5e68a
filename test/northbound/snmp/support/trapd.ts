/** Net-SNMP's snmptrapd on a free port of loopback: the judge of what we send. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Scope, temporaryDirectory } from '../../../support/places.js';
import { waitFor } from '../../../support/wait.js';

export interface Trapd {
  readonly port: number;
  /** What it has printed so far. */
  output(): string;
  /** A new process on the same port, with one more boot. */
  restart(): Promise<void>;
}

/** Ready to receive when it resolves; ends with the scope. `configuration` are lines of snmptrapd.conf. */
export async function startTrapd(scope: Scope, configuration: readonly string[]): Promise<Trapd> {
  const directory = await temporaryDirectory(scope);
  // not snmptrapd.conf: under that name the daemon keeps its boots here
  const file = join(directory, 'receiver.conf');
  await writeFile(file, configuration.join('\n'));
  const port = await freePort();
  const args = ['-f', '-Lo', '-On', '-C', '-c', file, `127.0.0.1:${port}`];
  const env = { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: directory };
  let output = '';
  const start = async (): Promise<() => Promise<void>> => {
    const from = output.length;
    const daemon = spawn('snmptrapd', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(daemon, 'exit');
    for (const stream of [daemon.stdout, daemon.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    await waitFor('snmptrapd', () => output.includes('NET-SNMP version', from));
    return async () => {
      daemon.kill();
      await ended;
    };
  };
  let stop = await start();
  scope.after(() => stop());
  return {
    port,
    output: () => output,
    async restart() {
      await stop();
      stop = await start();
    },
  };
}

export async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
