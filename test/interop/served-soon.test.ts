/** What is activated, renewed or installed is what the next connections are shown, at once and without a restart. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { keepAliveClient, rpcCalls, servedCertificate, subjectOf } from './support.js';

const skip = ['openssl', 'python3'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

/** A second is what is promised on a machine of its own; this one has others at work. */
const soon = { timeoutMs: 5_000, intervalMs: 20 };

describe('the certificate that was changed', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  async function call(method: string, ...parameters: readonly unknown[]): Promise<void> {
    const [answer] = await rpcCalls(agent, [[method, parameters]]);
    assert.equal(answer?.fault, undefined);
  }

  test('is shown to new connections as soon as activate is answered, and old ones go on', async () => {
    const client = keepAliveClient(agent);
    assert.equal((await client.get('/')).status, 200);
    await call('config.apply', [{ path: 'https.certificate[web].subject.common-name', value: 'web.example.net' }]);
    await call('action.invoke', 'https.certificate[web].activate', {});
    await waitFor(
      'the activated certificate',
      async () => (await subjectOf(await servedCertificate(agent))) === 'CN=web.example.net',
      soon,
    );
    assert.equal((await client.get('/')).status, 200);
    assert.equal(client.socketCount(), 1);
    client.close();
    await call('action.invoke', 'https.certificate[default].activate', {});
  });

  test('is shown as soon as it is renewed, here because the device got another name', async () => {
    const former = await servedCertificate(agent);
    await call('config.apply', [{ path: 'system.name', value: 'other.example.net' }]);
    const renewed = await waitFor(
      'the renewed certificate',
      async () => {
        const pem = await servedCertificate(agent);
        return pem !== former && pem;
      },
      soon,
    );
    assert.equal(await subjectOf(renewed), 'CN=other.example.net');
  });

  test('is shown when it has another key', async () => {
    const former = await servedCertificate(agent);
    await call('action.invoke', 'https.certificate[default].self-sign', { 'reuse-key': false });
    await waitFor('the certificate of the new key', async () => (await servedCertificate(agent)) !== former, soon);
  });
});
