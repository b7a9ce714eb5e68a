/** The names of the device in its certificate, as an agent serves it to openssl; and its alarms, as a client reads them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { run, runOk } from '../support/run.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';

describe('a self-signed certificate follows the device', requireTool('openssl'), () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  const signet = (...args: readonly string[]) => runOk(process.execPath, [mainScript, ...args, '--state', place.state]);
  const servedNames = async () => {
    const port = String(agent.httpsPort);
    const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], { input: '' });
    return runOk('openssl', ['x509', '-noout', '-ext', 'subjectAltName'], { input: stdout });
  };

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
  });

  after(async () => {
    await agent.stop();
    await place.remove();
  });

  test('a start finds nothing to renew, and no alarm', async () => {
    assert.doesNotMatch(await signet('history'), /renew/);
    assert.match(await signet('doctor'), /^ok +alarms +none$/m);
    const summary = JSON.parse(await signet('get', 'alarms.summary.alarm-summary', '--json')) as readonly object[];
    assert.ok(summary.every((each) => 'not-cleared' in each && Number(each['not-cleared']) === 0));
  });

  test('another name of the system is presented without anything else to be done', async () => {
    assert.doesNotMatch(await servedNames(), /new\.example\.net/);
    await signet('set', 'system.name=new.example.net');
    await waitFor('the new name', async () => (await servedNames()).includes('DNS:new.example.net'));
    assert.match(await signet('history'), /renew default/);
  });

  test('what no longer holds for the device is an alarm, until it does', async () => {
    await signet(
      ...['set', 'https.certificate[web].subject.common-name=new.example.net', 'https.server-certificate=web'],
    );
    const alarms = async () => signet('get', 'alarms.alarm-list', '--json');
    await signet('set', 'system.name=other.example.net');
    await waitFor('the alarm', async () => /"perceived-severity": ?"warning"/.test(await alarms()));
    assert.match(await signet('doctor'), /^ok +alarms +1 warning: signet get alarms$/m);
    assert.match(await alarms(), /does not hold for other\.example\.net/);
    await signet('set', 'system.name=new.example.net');
    await waitFor('its end', async () => /"is-cleared": ?true/.test(await alarms()));
  });
});
