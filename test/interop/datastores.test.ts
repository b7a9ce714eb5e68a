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

  test('copy-config goes through the command line and XML-RPC; startup is refused', async () => {
    assert.equal((await local('copy', 'factory-default', 'running', '--comment', 'copied')).status, 0);
    assert.equal((await local('get', 'system', '--datastore', 'running')).status, 1);
    // The password of the administrator stays: the factory default has none.
    const answers = await rpcCalls(agent, [
      ['config.set', ['/signet-system:system/location', 'rack 8']],
      ['config.copy', ['candidate', 'running']],
      ['config.get', ['/signet-system:system/location', 'running']],
      ['config.copy', ['running', 'startup']],
      ['config.set', ['/signet-history:history/keep-points', 200]],
      ['config.commit', []],
    ]);
    assert.deepEqual([answers[0]?.value, answers[2]?.value], [true, 'rack 8']);
    assert.match(answers[3]?.fault?.[1] ?? '', /^operation-not-supported: running is durable here/);
    assert.equal(answers[5]?.fault, undefined);
  });

  test('RFC 8342 5.3.4: where values come from, for people, scripts and as XML', async () => {
    const text = await local('get', 'https.certificate[default]', '--with-origin');
    assert.equal(text.stderr, '');
    assert.match(text.stdout, /^@origin +intended$/mu);
    assert.match(text.stdout, /^validity-days +820 {2}\(default\)$/mu);
    assert.match(text.stdout, /^name +default$/mu);
    const of = (origin: string) => ({ 'ietf-origin:origin': `ietf-origin:${origin}` });
    assert.deepEqual(await json('https.security-level', '--with-origin'), {
      'signet-https:security-level': 'standard',
      '@signet-https:security-level': of('default'),
    });
    const xml = await local('get', '/ietf-keystore:keystore', '--with-origin', '--xml');
    assert.match(xml.stdout, /^<keystore [^>]*or:origin="or:system"/u);
    assert.equal((await local('get', 'https', '--with-origin', '--datastore', 'running')).status, 1);
    const answers = await rpcCalls(agent, [
      ['config.getDocument', ['https.enabled', { with_origin: true }]],
      ['config.getDocument', ['https.enabled', { format: 'xml' }]],
      ['config.getDocument', ['https.enabled', { format: 'yaml' }]],
      ['config.getDocument', ['https.enabled', { origin: true }]],
      ['config.getDocument', ['https.certificate[zz]']],
    ]);
    assert.deepEqual(JSON.parse(String(answers[0]?.value)), {
      'signet-https:enabled': true,
      '@signet-https:enabled': of('default'),
    });
    assert.match(String(answers[1]?.value), /^<enabled xmlns="urn:[^"]*">true<\/enabled>/u);
    assert.deepEqual(
      answers.slice(2).map(({ fault }) => fault?.[1].split(/[ :]/u)[0]),
      ['invalid-value', 'unknown-element', 'data-missing'],
    );
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

test('a startup datastore: a start begins with what was copied there, served from the first connection on', {
  skip,
}, async () => {
  const place = await makeState();
  const args = ['--with-startup'];
  let agent = await startAgent(place, { args });
  const local = (...given: string[]) => signet([...given, '--state', place.state]);
  const served = async () => {
    const { stdout } = await local('get', 'https.state.certificate');
    return stdout.trim();
  };
  const restart = async () => {
    await agent.stop('SIGKILL');
    agent = await startAgent(place, { args });
  };
  try {
    assert.equal((await local('set', 'https.certificate[web]={}', 'https.server-certificate=web')).status, 0);
    await restart();
    assert.equal(await served(), 'default');
    assert.match((await local('history')).stdout, /startup .*start from startup/u);
    assert.equal((await local('set', 'https.certificate[web]={}', 'https.server-certificate=web')).status, 0);
    const fingerprint = ['get', 'https.certificate[web].state.fingerprint-sha256'];
    const { stdout: kept } = await local(...fingerprint);
    const saved = await local('copy', 'running', 'startup');
    assert.deepEqual([saved.status, saved.stdout], [0, 'saved; the next start begins with it\n']);
    // Its key stays though no point of the history has it any more.
    assert.equal((await local('certificate', 'restore-default')).status, 0);
    assert.equal((await local('set', '--delete', 'https.certificate[web]')).status, 0);
    assert.equal((await local('set', 'history.keep-points=2')).status, 0);
    assert.equal((await local('set', 'system.location=there')).status, 0);
    assert.equal((await local('set', 'system.location=here')).status, 0);
    await restart();
    assert.equal(await served(), 'web');
    assert.equal((await local(...fingerprint)).stdout, kept);
    const [, answer] = await rpcCalls(agent, [
      ['config.get', ['/signet-https:https/server-certificate', 'startup']],
      ['config.deleteConfig', ['startup']],
    ]);
    assert.equal(answer?.value, true);
    await restart();
    assert.equal(await served(), 'default');
    assert.equal((await local('get', 'https.certificate[web]')).status, 1);
    assert.equal((await local('doctor')).status, 0);
  } finally {
    await agent.stop();
    await place.remove();
  }
});
