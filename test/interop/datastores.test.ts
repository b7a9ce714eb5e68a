/** The datastores of RFC 8342 by their names, through the command line and Python's xmlrpc.client. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { signet } from '../support/signet.js';
import { requireTool } from '../support/tools.js';
import { rpcCalls } from './support.js';

const { skip } = requireTool('python3');

describe('datastores by name', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  const local = (...args: string[]) => signet([...args, '--state', place.state]);
  const json = async (...args: string[]): Promise<unknown> => {
    const { stdout, stderr } = await local('get', ...args, '--json');
    assert.equal(stderr, '');
    return JSON.parse(stdout);
  };

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    assert.equal((await local('set', 'system.location=rack 7', 'history.keep-points=200')).status, 0);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  test('intended is running; factory-default is neither', async () => {
    for (const datastore of ['running', 'intended']) {
      assert.deepEqual(await json('system', '--datastore', datastore), { location: 'rack 7' });
    }
    const absent = await local('get', 'system', '--datastore', 'factory-default');
    assert.deepEqual([absent.status, /^data-missing \S*system: /u.test(absent.stderr)], [1, true]);
    assert.equal((await local('get', 'system', '--datastore', 'nothing')).status, 2);
  });

  test('defaults are reported as RFC 6243 has them', async () => {
    const history = ['history', '--datastore', 'running', '--with-defaults'];
    assert.deepEqual(await json(...history, 'explicit'), { 'keep-points': 200 });
    assert.deepEqual(await json(...history, 'report-all'), { 'keep-points': 200 });
    assert.equal((await local('get', ...history, 'trim')).status, 1);
    const answers = await rpcCalls(agent, [
      ['config.get', ['/signet-https:https/security-level', 'running', 'report-all']],
      ['config.get', ['/signet-https:https/security-level', 'operational', 'trim']],
      ['config.get', ['/signet-https:https/security-level', 'running']],
      ['config.get', ['/signet-history:history/keep-points', 'operational', 'all']],
    ]);
    assert.deepEqual(
      answers.map(({ value, fault }) => value ?? fault?.[1].split(/[ :]/u)[0]),
      ['standard', 'data-missing', 'data-missing', 'invalid-value'],
    );
  });
});
