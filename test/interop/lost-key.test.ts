/** The master key is lost: the agent comes up with a factory certificate, says so, and its administrator has a way back. */
import assert from 'node:assert/strict';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { adminPassword, mainScript, makeState, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
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
    assert.match(agent.log(), /alarm: the master key .*master\.key is missing; .* are lost/);
    assert.notEqual(await subjectOf(await servedCertificate(agent)), 'CN=web.example.net');
    assert.deepEqual(await rpcCalls(agent, [['system.listMethods', []]]), [{ status: 401 }]);
    const signet = (args: readonly string[], input = '') =>
      run(process.execPath, [mainScript, ...args, '--state', place.state], { input });
    assert.equal((await signet(['passwd', 'admin'], `${adminPassword}\n`)).status, 0);
    assert.equal((await signet(['certificate', 'restore-default'])).status, 0);
    const [state] = await rpcCalls(agent, [['config.get', ['https.state.certificate']]]);
    assert.deepEqual(state, { value: 'default' });
    const doctor = await signet(['doctor']);
    assert.equal(doctor.status, 0, doctor.stdout);
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
    await succeed(process.execPath, [mainScript, 'get', 'system', '--state', place.state]);
    await agent.stop();
  });
});
