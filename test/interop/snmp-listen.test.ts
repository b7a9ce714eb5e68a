/** Where SNMP listens over the life of an agent, and what it tells its targets at each start: judged by Net-SNMP's tools. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mainScript, makeState, type RunningAgent, snmpPassword, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { run, succeed } from './support.js';

const upTime = '1.3.6.1.2.1.1.3.0';

describe('SNMP listens where the tree says', requireTool('snmpget'), () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent | undefined;
  let receiver: Socket;
  let port: number;
  const traps: string[] = [];
  const signet = (...args: readonly string[]) =>
    succeed(process.execPath, [mainScript, ...args, '--state', place.state]);
  const start = async (options: Parameters<typeof startAgent>[1] = {}) => {
    await agent?.stop();
    agent = await startAgent(place, options);
    return agent;
  };
  const bound = async (address: string, at = 0): Promise<Socket> => {
    const socket = createSocket('udp4').bind(at, address);
    await once(socket, 'listening');
    return socket;
  };
  const closed = (socket: Socket) => new Promise<void>((resolve) => socket.close(() => resolve()));
  const isServed = async (address: string, at: number) => {
    const user = ['-v3', '-l', 'authPriv', '-u', 'admin', '-a', 'SHA-256', '-A', snmpPassword, '-x', 'AES'];
    const args = [...user, '-X', snmpPassword, '-On', '-t', '1', '-r', '1', `${address}:${at}`, upTime];
    return (await run('snmpget', args, { env: { MIBS: '' } })).status === 0;
  };

  before(async () => {
    place = await makeState();
    receiver = await bound('127.0.0.1');
    receiver.on('message', (message) => traps.push(message.toString('latin1')));
    const free = await bound('127.0.0.2');
    ({ port } = free.address());
    await closed(free);
    await start();
    const file = join(place.directory, 'snmp.json');
    const udp = (ip: string, at: number) => ({ udp: { ip, port: at } });
    const snmp = {
      engine: { listen: ['127.0.0.2', '127.0.0.3'].map((ip) => ({ name: ip, ...udp(ip, port) })) },
      community: [{ index: 'public', 'security-name': 'reader' }],
      'target-params': [{ name: 'p', v2c: { 'security-name': 'reader' } }],
      target: [{ name: 't', ...udp('127.0.0.1', receiver.address().port), tag: ['all'], 'target-params': 'p' }],
      notify: [{ name: 'n', tag: 'all' }],
    };
    await writeFile(file, JSON.stringify({ 'ietf-snmp:snmp': snmp }));
    await signet('load', file);
  });
  after(async () => {
    await agent?.stop();
    await closed(receiver);
    await place.remove();
  });
  const generic = (arc: number) => Buffer.from([0x2b, 6, 1, 6, 3, 1, 1, 5, arc]).toString('latin1');

  test('--snmp wins for its run', async () => {
    assert.equal(await isServed('127.0.0.1', agent!.snmpPort), true);
    assert.equal(await isServed('127.0.0.2', port), false);
  });

  test('a later start is told as warmStart, and listens on both addresses where no --snmp is given (RFC 3418)', async () => {
    traps.length = 0;
    const { ready } = await start({ snmp: false });
    assert.equal(ready.snmp, `127.0.0.2:${port}`);
    await waitFor('the trap', () => traps.length > 0);
    assert.ok(traps[0]!.includes(generic(2)));
    assert.deepEqual([await isServed('127.0.0.2', port), await isServed('127.0.0.3', port)], [true, true]);
    assert.match(await signet('get', 'agent.listener'), /127\.0\.0\.3/);
  });

  test('an address that another process has is an alarm, the other is served, and it is taken when it is free', async () => {
    await agent?.stop();
    agent = undefined;
    const other = await bound('127.0.0.3', port);
    await start({ snmp: false });
    const reason = `cannot listen for SNMP on 127.0.0.3:${port}: another process uses it`;
    assert.equal(await isServed('127.0.0.2', port), true);
    assert.match(await signet('get', 'agent.listener'), new RegExp(reason));
    assert.match(await signet('get', 'alarms.alarm-list'), new RegExp(`snmp is not open: ${reason}`));
    await closed(other);
    await waitFor('the other address', () => isServed('127.0.0.3', port), { timeoutMs: 30_000 });
    await waitFor('the end of the alarm', async () =>
      /is-cleared +true/.test(
        await signet('get', 'alarms.alarm-list.alarm[/ietf-snmp:snmp][signet-alarms:listener-failed][]'),
      ),
    );
    assert.doesNotMatch(await signet('get', 'agent.listener'), /another process/);
  });

  test('a start that undoes what nobody confirmed is told as coldStart (RFC 3418)', async () => {
    await signet('set', 'system.location=elsewhere', '--confirm-timeout', '600');
    traps.length = 0;
    await start();
    await waitFor('the trap', () => traps.length > 0);
    assert.ok(traps[0]!.includes(generic(1)));
  });
});
