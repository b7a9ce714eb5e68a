/** The master key of a unit is changed: it serves the same certificate to the same users, and starts no more with the former. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeState, startAgent } from '../support/agent.js';
import { signet } from '../support/signet.js';
import { requireTool } from '../support/tools.js';
import { rpcCalls, servedCertificate, snmpArguments, succeed } from './support.js';

const tools = ['openssl', 'python3', 'snmpget'];
const skip = tools.map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

describe('a change of the master key', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  before(async () => {
    place = await makeState();
  });
  after(() => place.remove());

  test('is done while no agent runs; certificate, passwords and SNMPv3 keys stay what they are', async () => {
    const first = await startAgent(place);
    const edits = [
      { path: 'https.certificate[web].subject.common-name', value: 'web.example.net' },
      { path: 'https.server-certificate', value: 'web' },
    ];
    assert.equal((await rpcCalls(first, [['config.apply', [edits]]]))[0]?.fault, undefined);
    const served = await servedCertificate(first);
    const refused = await signet(['rekey', '--state', place.state]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, new RegExp(`is in use by another agent, process ${first.ready.pid}; stop it first`));
    assert.equal(await first.stop(), 0);

    const former = await readFile(join(place.state, 'master.key'), 'latin1');
    const changed = await signet(['rekey', '--state', place.state, '--json']);
    assert.equal(changed.status, 0, changed.stderr);
    const report = JSON.parse(changed.stdout) as Record<string, unknown>;
    assert.equal(report['result'], 'changed');
    assert.equal(report['keys'], 2);
    assert.deepEqual(report['lost'], { secrets: 0, keys: 0 });
    assert.notEqual(await readFile(join(place.state, 'master.key'), 'latin1'), former);

    const second = await startAgent(place);
    assert.equal(await servedCertificate(second), served);
    const [history] = await rpcCalls(second, [['config.history', []]]);
    assert.ok(Array.isArray(history?.value) && history.value.length >= 2, 'the password is the same, the history too');
    await succeed('snmpget', [...snmpArguments(second), '1.3.6.1.2.1.1.1.0']);
    assert.doesNotMatch(second.log(), /alarm|lost/);
    assert.equal(await second.stop(), 0);

    const told = await signet(['rekey', '--state', place.state]);
    assert.match(
      told.stdout,
      /^the master key is changed: \d+ secrets and 2 private keys are sealed under the one in /,
    );
    assert.equal((await signet(['rekey', '--url', 'https://localhost:1'])).status, 2);
  });

  test('leaves nothing that the former key opens: an agent that is given it raises the alarm', async () => {
    const former = join(place.directory, 'former.key');
    await writeFile(former, await readFile(join(place.state, 'master.key')), { mode: 0o600 });
    assert.equal((await signet(['rekey', '--state', place.state])).status, 0);
    const agent = await startAgent(place, { args: ['--master-key', former] });
    const { stdout } = await signet(['get', 'alarms.alarm-list', '--json', '--state', place.state]);
    assert.match(stdout, /master-key-lost/);
    assert.equal(await agent.stop(), 0);
  });
});
