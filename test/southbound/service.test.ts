/** sd_notify(3), judged by a datagram socket of Python and sent by systemd's own program. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { makeState, startAgent } from '../support/agent.js';
import { temporaryDirectory } from '../support/places.js';
import { requireTool } from '../support/tools.js';

const skip =
  ['systemd-notify', 'python3'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

/** Prints each datagram on one line. */
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().strip().replace(chr(10), " "), flush=True)
`;

describe('sd_notify', { skip }, () => {
  test('the service manager is told when the agent is ready, alive and stopping', async () => {
    const directory = await temporaryDirectory({ after });
    const socket = join(directory, 'notify');
    const child = spawn('/usr/bin/python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    let heard = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    const until = async (pattern: RegExp) => {
      while (!pattern.test(heard)) await once(child.stdout, 'data');
    };
    await until(/bound/);
    const place = await makeState();
    const agent = await startAgent(place, { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' } });
    await until(/READY=1/);
    assert.match(heard, new RegExp(`MAINPID=${agent.ready.pid}`));
    await until(/WATCHDOG=1/);
    assert.equal(await agent.stop(), 0);
    await until(/STOPPING=1/);
    child.kill();
    await place.remove();
  });

  test('a manager that is not there does not keep the agent from serving', async () => {
    const place = await makeState();
    const agent = await startAgent(place, { env: { NOTIFY_SOCKET: join(place.directory, 'nobody') } });
    assert.equal(await agent.stop(), 0);
    assert.match(agent.log(), /the service manager could not be told/);
    await place.remove();
  });
});
