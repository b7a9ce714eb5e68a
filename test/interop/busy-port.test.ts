/** HTTPS whose port another process has: the agent comes up, its local socket is the way in, and the port is taken when it is free. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { run, servedCertificate, subjectOf, succeed } from './support.js';

describe('a port that is taken at start', requireTool('openssl'), () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let other: Server;
  let port: number;
  let agent: RunningAgent;
  const signet = (...args: readonly string[]) =>
    succeed(process.execPath, [mainScript, ...args, '--state', place.state]);

  before(async () => {
    place = await makeState();
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    port = address !== null && typeof address === 'object' ? address.port : 0;
    agent = await startAgent(place, { args: ['--https', `127.0.0.1:${port}`] });
  });
  after(async () => {
    await agent.stop();
    other.close();
    await place.remove();
  });

  test('is told in the ready line, the state, the log and the alarm list', async () => {
    assert.equal(agent.ready.https, null);
    const reason = `cannot listen on 127.0.0.1:${port}: the address is in use by another process`;
    assert.match(await signet('get', 'agent.listener'), new RegExp(reason));
    assert.ok(agent.log().includes(reason));
    assert.match(await signet('get', 'alarms.alarm-list'), new RegExp(`https is not open: ${reason}`));
  });

  test('does not stand in the way of certificates, their activation and restore-default by the local socket', async () => {
    await signet('set', 'https.certificate[web].subject.common-name=web.example.net');
    await signet('certificate', 'activate', 'web');
    assert.equal((await signet('get', 'https.state.certificate')).trim(), 'web');
    await signet('certificate', 'restore-default');
    assert.equal((await signet('get', 'https.state.certificate')).trim(), 'default');
    await signet('certificate', 'activate', 'web');
  });

  test('is opened when it is free, without a restart or a command, and the alarm ends', async () => {
    other.close();
    await once(other, 'close');
    const seen = await waitFor(
      'HTTPS',
      async () => {
        const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`]);
        return stdout.includes('BEGIN CERTIFICATE');
      },
      { timeoutMs: 65_000, intervalMs: 100 },
    );
    assert.ok(seen);
    const pem = await servedCertificate({ ...agent, httpsPort: port });
    assert.equal(await subjectOf(pem), 'CN=web.example.net');
    await waitFor('the end of the alarm', async () =>
      /is-cleared +true/.test(
        await signet('get', 'alarms.alarm-list.alarm[/signet-https:https][signet-alarms:listener-failed][]'),
      ),
    );
    assert.doesNotMatch(await signet('get', 'agent.listener'), /in use/);
  });
});
