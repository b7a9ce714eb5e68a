/** A change of what HTTPS presents goes back by itself unless a new connection confirms it; nothing confirms in passing. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { adminPassword, mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { type RpcAnswer, rpcCalls, run, servedCertificate, snmpArguments, succeed } from './support.js';

const tools = ['openssl', 'python3', 'snmpset', 'curl'].map((tool) => requireTool(tool).skip);
const skip = tools.find((each) => each !== false) ?? false;

describe('a change that waits to be confirmed', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let former: string;
  const present = [
    'config.apply',
    [[{ path: 'https.server-certificate', value: 'web' }], { confirm_timeout: 600 }],
  ] as const;
  const plain = ['config.apply', [[{ path: 'system.location', value: 'elsewhere' }]]] as const;
  const refused = (answer: RpcAnswer | undefined, text: RegExp) => assert.match(answer?.fault?.[1] ?? 'no fault', text);

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    const made = { path: 'https.certificate[web].subject.common-name', value: 'web.example.net' };
    assert.equal((await rpcCalls(agent, [['config.apply', [[made]]]]))[0]?.fault, undefined);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });
  beforeEach(async () => {
    former = await servedCertificate(agent);
  });

  test('is neither confirmed by the connection that made it, nor by a plain commit of the same user on it', async () => {
    const [made, confirmed, committed, cancelled] = await rpcCalls(agent, [
      present,
      ['config.confirm', []],
      plain,
      ['config.cancel', []],
    ]);
    assert.equal(made?.fault, undefined);
    refused(confirmed, /connection was made before/);
    refused(committed, /^in-use: a confirmed commit of admin is open for another \d+ s; confirm or cancel it first$/);
    assert.deepEqual(cancelled, { value: true });
    assert.equal(await servedCertificate(agent), former);
  });

  test('keeps a SET of the same user out, and a new connection confirms it', async () => {
    const [made] = await rpcCalls(agent, [present]);
    assert.equal(made?.fault, undefined);
    const set = await run('snmpset', [...snmpArguments(agent), '1.3.6.1.2.1.1.6.0', 's', 'elsewhere']);
    assert.match(set.stderr, /resourceUnavailable/);
    const [confirmed, committed] = await rpcCalls(agent, [['config.confirm', []], plain]);
    assert.deepEqual(confirmed, { value: true });
    assert.equal(committed?.fault, undefined);
    assert.notEqual(await servedCertificate(agent), former);
  });

  test('does not stand in the way of restore-default on the local socket', async () => {
    const back = { path: 'https.server-certificate', value: 'default' };
    const [made] = await rpcCalls(agent, [['config.apply', [[back], { confirm_timeout: 600 }]]]);
    assert.equal(made?.fault, undefined);
    const restore = ['certificate', 'restore-default', '--state', place.state];
    await succeed(process.execPath, [mainScript, ...restore]);
    const [state] = await rpcCalls(agent, [['config.get', ['https.state.certificate']]]);
    assert.deepEqual(state, { value: 'default' });
    assert.deepEqual((await rpcCalls(agent, [plain]))[0]?.fault, undefined);
  });

  test('of a certificate for a server name is confirmed only by a client that was presented it', async () => {
    const named = { path: 'https.sni[web.example.net].certificate', value: 'web' };
    const [made] = await rpcCalls(agent, [['config.apply', [[named], { confirm_timeout: 600 }]]]);
    assert.equal(made?.fault, undefined);
    const [confirmed] = await rpcCalls(agent, [['config.confirm', []]]);
    refused(confirmed, /was not presented a certificate that the commit changed; .* names web\.example\.net,/);
    const confirm = '<methodCall><methodName>config.confirm</methodName></methodCall>';
    const url = `https://web.example.net:${agent.httpsPort}/RPC2`;
    const to = ['--connect-to', `::127.0.0.1:${agent.httpsPort}`, '-u', `admin:${adminPassword}`];
    const answer = await succeed('curl', ['-sk', ...to, '-H', 'Content-Type: text/xml', '--data-binary', confirm, url]);
    assert.match(answer, /<boolean>1<\/boolean>/);
    assert.deepEqual((await rpcCalls(agent, [plain]))[0]?.fault, undefined);
  });
});
