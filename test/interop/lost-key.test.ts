/** The master key is lost: the agent comes up with a factory certificate, says so, and its administrator has a way back. */
import assert from 'node:assert/strict';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { adminPassword, mainScript, makeState, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { rpcCalls, run, servedCertificate, subjectOf, succeed } from './support.js';

const skip = ['openssl', 'python3'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

describe('a lost master key', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  before(async () => {
    place = await makeState();
  });
  after(() => place.remove());

  test('is told, logins are refused and never an error of the server, and the local socket mends it', async () => {
    const first = await startAgent(place);
    const edits = [
      { path: 'https.certificate[web].subject.common-name', value: 'web.example.net' },
      { path: 'https.server-certificate', value: 'web' },
    ];
    assert.equal((await rpcCalls(first, [['config.apply', [edits]]]))[0]?.fault, undefined);
    assert.equal(await first.stop(), 0);
    const key = join(place.state, 'master.key');
    await rename(key, `${key}.lost`);

    const agent = await startAgent(place);
    const alarms = async () => {
      const { stdout } = await signet(['get', 'alarms.alarm-list', '--json']);
      return JSON.parse(stdout) as { readonly alarm: readonly Record<string, unknown>[] };
    };
    const lost = async () =>
      (await alarms()).alarm.find((each) => String(each['alarm-type-id']).includes('master-key'));
    const signet = (args: readonly string[], input = '') =>
      run(process.execPath, [mainScript, ...args, '--state', place.state], { input });
    assert.match(String((await lost())?.['alarm-text']), /^3 secrets and 2 private keys do not open/);
    assert.match(agent.log(), /alarm: the master key .*master\.key is missing; .* are lost/);
    assert.notEqual(await subjectOf(await servedCertificate(agent)), 'CN=web.example.net');
    assert.deepEqual(await rpcCalls(agent, [['system.listMethods', []]]), [{ status: 401 }]);
    assert.equal((await signet(['passwd', 'admin'], `${adminPassword}\n`)).status, 0);
    assert.equal((await signet(['certificate', 'restore-default'])).status, 0);
    await waitFor('what is still lost', async () =>
      String((await lost())?.['alarm-text']).startsWith('2 secrets and 1 private keys'),
    );
    const [state] = await rpcCalls(agent, [['config.get', ['https.state.certificate']]]);
    assert.deepEqual(state, { value: 'default' });
    const doctor = await signet(['doctor']);
    const faults = doctor.stdout.split('\n').filter((line) => line.startsWith('FAULT'));
    assert.match(faults.join('\n'), /^FAULT +alarms +1 critical +see what each says: signet get alarms$/);
    assert.equal(doctor.status, 1, 'what is still lost needs a look; all else is in order');
    assert.equal(await agent.stop(), 0);
  });

  test('that is found again opens what was sealed under it', async () => {
    const key = join(place.state, 'master.key');
    await rm(key);
    await rename(`${key}.lost`, key);
    const agent = await startAgent(place);
    const back = await run(process.execPath, [mainScript, 'certificate', 'activate', 'web', '--state', place.state]);
    assert.equal(back.status, 0, back.stderr);
    assert.equal(await subjectOf(await servedCertificate(agent)), 'CN=web.example.net');
    // What was set meanwhile was sealed under the other key.
    const signet = (args: readonly string[], input = '') =>
      succeed(process.execPath, [mainScript, ...args, '--state', place.state], { input });
    assert.match(await signet(['get', 'alarms']), /1 secrets and 1 private keys do not open/);
    await signet(['passwd', 'admin'], `${adminPassword}\n`);
    await signet(['certificate', 'self-sign', 'default', '--new-key']);
    await waitFor('the end of the alarm', async () =>
      /is-cleared +true/.test(
        await signet(['get', 'alarms.alarm-list.alarm[/signet-agent:agent][signet-alarms:master-key-lost][]']),
      ),
    );
    await agent.stop();
  });
});
