/** A certificate that ends while the agent runs: its state by command line, XML-RPC and SNMP, its alarm, and the way back. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { type Authority, makeAuthority, rpcCalls, run, servedCertificate, snmpArguments, succeed } from './support.js';

const skip =
  ['openssl', 'python3', 'snmpget'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

/** `openssl ca` takes 20261127043000Z. */
const stamp = (milliseconds: number) => `${new Date(milliseconds).toISOString().replaceAll(/[-:T]|\..*$/g, '')}Z`;

describe('a certificate of an authority that ends while it is served', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let authority: Authority;
  let agent: RunningAgent;
  let end = 0;

  before(async () => {
    place = await makeState();
    authority = await makeAuthority(place.directory);
    agent = await startAgent(place);
  });

  after(async () => {
    await agent.stop();
    await place.remove();
  });

  const signet = (...args: readonly string[]) =>
    succeed(process.execPath, [mainScript, ...args, '--state', place.state]);
  const validity = async () => {
    const [answer] = await rpcCalls(agent, [['config.get', ['https.certificate[web].state']]]);
    return answer?.value as Record<string, unknown>;
  };
  const alarm = async () => {
    const text = await signet('get', 'alarms.alarm-list.alarm', '--json');
    const found = (JSON.parse(text) as readonly Record<string, unknown>[]).find(
      (each) => each['alarm-type-id'] === 'signet-alarms:certificate-expiry',
    );
    return found === undefined ? '' : `${String(found['perceived-severity'])} ${String(found['is-cleared'])}`;
  };

  test('near its end it is expiring, everywhere', async () => {
    await signet('set', 'system.name=web.example.net', 'https.certificate[web].subject.common-name=web.example.net');
    const request = await signet('certificate', 'request', 'web');
    const csr = join(place.directory, 'web.csr');
    await writeFile(csr, request);
    end = Math.floor(Date.now() / 1000) * 1000 + 15_000;
    const pem = await authority.signDated(csr, stamp(end - 90 * 86_400_000), stamp(end));
    const file = join(place.directory, 'web.pem');
    await writeFile(file, pem);
    await signet('certificate', 'install', 'web', '--file', file, '--chain', authority.intermediateFile);
    await signet('certificate', 'activate', 'web');
    await waitFor('the alarm', async () => (await alarm()) === 'warning false');
    const state = await validity();
    assert.equal(state['validity'], 'expiring');
    assert.equal(state['days-remaining'], 0);
    assert.equal(state['not-after'], new Date(end).toISOString().replace('.000', ''));
    assert.equal(state['not-after-epoch'], String(end / 1000));
    assert.match(await signet('certificate', 'list'), /^web +ca-signed +\S+ +expiring +\S+ +0 /m);
  });

  test('at its end it is expired, and the alarm of what is served is critical', async () => {
    await waitFor('the end', async () => (await alarm()) === 'critical false', { timeoutMs: 60_000 });
    assert.ok(Date.now() > end);
    const checked = await run('openssl', ['x509', '-noout', '-checkend', '0'], {
      input: await servedCertificate(agent),
    });
    assert.equal(checked.status, 1, 'openssl sees the same');
    assert.equal((await validity())['validity'], 'expired');
    assert.match(await signet('certificate', 'list'), /^web +ca-signed +\S+ +expired +\S+ +-1 /m);
    const [target, ...options] = snmpArguments(agent).toReversed();
    const days = ["SIGNET-HTTPS-MIB::signetHttpsCertificateDaysRemaining.'web'"];
    const seen = await succeed('snmpget', [...options.toReversed(), '-Oqv', target ?? '', ...days]);
    assert.match(seen, /^-1\b/);
  });

  test('a restart tells of nothing again; a new certificate ends it', async () => {
    await agent.stop();
    agent = await startAgent(place);
    assert.doesNotMatch(agent.log(), /alarm raised: certificate web/);
    assert.equal(await alarm(), 'critical false');
    await signet('certificate', 'self-sign', 'web');
    await waitFor('the end of the alarm', async () => (await alarm()) === 'critical true');
    assert.equal((await validity())['validity'], 'valid');
    const pem = await servedCertificate(agent);
    const file = join(place.directory, 'served.pem');
    await writeFile(file, pem);
    assert.match(await succeed('openssl', ['verify', '-x509_strict', '-CAfile', file, file]), /: OK$/m);
  });
});
