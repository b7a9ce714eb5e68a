/** Roles from outside: Python's xmlrpc.client as a viewer and an operator, the command line over the local socket. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { python, run, script, succeed } from './support.js';

const { skip } = requireTool('python3');
const password = 'a long password';

describe('roles over XML-RPC and the local socket', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  const signet = (args: readonly string[], input = '') =>
    succeed(process.execPath, [mainScript, ...args, '--state', place.state], { input });
  const tries = async (user: string): Promise<unknown> => {
    const url = `https://${user}:${encodeURIComponent(password)}@127.0.0.1:${agent.httpsPort}/RPC2`;
    const { stdout, stderr } = await run(python, [script('roles.py'), url]);
    assert.equal(stderr, '');
    return JSON.parse(stdout);
  };

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    for (const [user, role] of [
      ['vic', 'viewer'],
      ['olga', 'operator'],
    ] as const) {
      await signet(['set', `users.user[${user}].role=${role}`]);
      await signet(['passwd', user], `${password}\n`);
    }
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  const denied = 'access-denied';
  const common = { read: 'done', users: 'data-missing', rules: 'data-missing', https: denied, role: denied };

  test('a viewer reads what is no secret, and changes nothing', async () => {
    assert.deepEqual(await tries('vic'), {
      ...common,
      ...{ system: denied, action: denied, password: denied, rollback: denied },
    });
  });

  test('an operator configures, but not HTTPS, users and access control', async () => {
    assert.deepEqual(await tries('olga'), {
      ...common,
      ...{ system: 'done', action: denied, password: denied, rollback: denied },
    });
    assert.equal((await signet(['get', 'system.location'])).trim(), 'rack 7');
  });

  test('the owner of the local socket is subject to no rule: a wrong one is mended there', async () => {
    await signet(['set', '/ietf-netconf-acm:nacm/read-default=deny', '/ietf-netconf-acm:nacm/exec-default=deny']);
    assert.equal((await signet(['get', 'users.user[olga].role'])).trim(), 'operator');
    await signet([
      'set',
      '--delete',
      '/ietf-netconf-acm:nacm/read-default',
      '--delete',
      '/ietf-netconf-acm:nacm/exec-default',
    ]);
  });

  test('the audit file has the refusals, the logins and the commits, and no secret', async () => {
    await agent.stop();
    const text = await readFile(join(place.state, 'audit', 'audit.log'), 'utf8');
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const has = (facts: Record<string, unknown>) =>
      records.some((record) => Object.entries(facts).every(([name, value]) => record[name] === value));
    assert.ok(has({ event: 'login', result: 'accepted', user: 'vic' }));
    assert.ok(has({ event: 'refusal', user: 'vic', protocol: 'xmlrpc', access: 'update' }));
    assert.ok(has({ event: 'commit', user: 'olga', protocol: 'xmlrpc' }));
    assert.doesNotMatch(text, /long password|stolen password|\$scrypt\$/);
  });
});
