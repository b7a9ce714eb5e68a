/** The factory default and factory-reset (RFC 8808) from outside: Python's xmlrpc.client, openssl, Net-SNMP, yanglint, the command line. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeState, startAgent } from '../support/agent.js';
import { repositoryRoot } from '../support/places.js';
import { signet } from '../support/signet.js';
import { requireTool } from '../support/tools.js';
import { type RpcAnswer, rpcCalls, run, servedCertificate, snmpArguments, succeed } from './support.js';

const tools = ['openssl', 'python3', 'snmpget', 'yanglint'].map((tool) => requireTool(tool).skip);
const skip = tools.find((each) => each !== false) ?? false;
const snmp = { 'authentication-protocol': 'sha256', 'privacy-protocol': 'aes128' };
const reset: readonly [string, readonly unknown[]] = ['action.invoke', ['/ietf-factory-default:factory-reset']];

describe('factory-reset (RFC 8808)', { skip }, () => {
  test('by an administrator over XML-RPC: certificate, key, users, settings and history are those of a first start', async (context) => {
    const place = await makeState();
    const agent = await startAgent(place);
    context.after(async () => {
      await agent.stop();
      await place.remove();
    });
    const local = (...args: string[]) => signet([...args, '--state', place.state]);
    const first = await servedCertificate(agent);
    const keys = await readdir(join(place.state, 'keys'));
    for (const set of ['users.user[olga].role=operator', 'system.location=rack 7', 'https.certificate[web].name=web']) {
      assert.equal((await local('set', set)).status, 0, set);
    }
    const answers = await rpcCalls(agent, [
      reset,
      ['config.get', ['/signet-system:system/location']],
      ['config.get', ['/signet-access:users/user']],
      ['config.get', ['/signet-https:https/certificate', 'running']],
      ['config.history', []],
      ['config.get', ["/signet-https:https/certificate[name='default']/installed/key-id"]],
    ]);
    assert.deepEqual(answers.slice(0, 4), [
      { value: {} },
      { value: '' },
      { value: [{ name: 'admin', role: 'administrator', snmp }] },
      { value: [{ name: 'default' }] },
    ]);
    const [only, ...rest] = (answers[4]?.value ?? []) as readonly Readonly<Record<string, string>>[];
    assert.deepEqual([only?.kind, only?.user, rest], ['factory-reset', 'admin', []]);
    assert.notEqual(await servedCertificate(agent), first);
    assert.match(await succeed('snmpget', ['-Oqv', ...snmpArguments(agent), 'SNMPv2-MIB::sysUpTime.0']), /\d/);
    assert.equal(await agent.stop(), 0);
    const key = String(answers[5]?.value);
    assert.ok(!keys.includes(key));
    assert.deepEqual(await readdir(join(place.state, 'keys')), [key]);
    const journal = await readFile(join(place.state, 'journal', 'journal'), 'latin1');
    assert.doesNotMatch(journal, /rack 7|olga/);
  });

  test('where the new password is made up: refused from afar, and made by the owner of the local socket', async (context) => {
    const place = await makeState();
    context.after(() => place.remove());
    const agent = await startAgent(place, { passwordFiles: false });
    context.after(() => agent.stop());
    const local = (...args: string[]) => signet([...args, '--state', place.state]);
    const file = join(place.state, 'initial-password');
    const password = async () => (await readFile(file, 'utf8')).trim();
    const former = await password();
    const [refused, still] = await rpcCalls(agent, [reset, ['config.get', ['/signet-system:system/up-time']]], former);
    assert.match(refused?.fault?.[1] ?? '', /over its local socket, or start it with --admin-password-file/);
    assert.ok(still?.value !== undefined);
    assert.equal(await password(), former);

    const unsure = await local('factory-reset');
    assert.deepEqual([unsure.status, unsure.stderr], [2, 'signet: factory-reset forgets everything: say --yes\n']);
    const done = await local('factory-reset', '--yes');
    assert.deepEqual([done.status, done.stderr], [0, '']);
    const now = await password();
    assert.notEqual(now, former);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const get: readonly [string, readonly unknown[]] = ['config.get', ['/signet-access:users/user']];
    assert.deepEqual(await rpcCalls(agent, [get], former), [{ status: 401 }]);
    assert.deepEqual(await rpcCalls(agent, [get], now), [{ value: [{ name: 'admin', role: 'administrator' }] }]);
  });

  test('the datastore factory-default is read by name, has no secret and is valid by yanglint; it is not changed', async (context) => {
    const place = await makeState();
    context.after(() => place.remove());
    const agent = await startAgent(place);
    context.after(() => agent.stop());
    const read = ['get', '/', '--datastore', 'factory-default', '--state', place.state];
    const { stdout } = await signet([...read, '--xml']);
    assert.doesNotMatch(stdout, /scrypt|password-hash|authentication-key/);
    assert.match(stdout, /<server-certificate>default</);
    const document = join(place.directory, 'factory.xml');
    // yanglint wants the top-level nodes by themselves.
    await writeFile(document, stdout.replace(/^<\w+ xmlns="[^"]*">/u, '').replace(/<\/\w+>\s*$/u, ''));
    const schema = join(repositoryRoot, 'schema');
    const modules = ['ietf-snmp', 'signet-snmp', 'signet-system', 'signet-access', 'signet-https', 'ietf-netconf-acm'];
    const files = modules.map((name) => join(schema, `${name}.yang`));
    const judged = await run('yanglint', ['-f', 'xml', '-t', 'config', '-p', schema, ...files, document]);
    assert.deepEqual([judged.status, judged.stderr], [0, '']);
    assert.match(judged.stdout, /<server-certificate>default</);
    const inRpc = await rpcCalls(agent, [
      ['config.get', ['/signet-access:users', 'factory-default']],
      ['config.get', ['/signet-system:system', 'factory-default']],
    ]);
    assert.deepEqual(inRpc, [
      { value: { user: [{ name: 'admin', role: 'administrator' }] } },
      faultOf(inRpc[1], /^data-missing/),
    ]);
  });

  test('is not for an operator: default-deny-all', async (context) => {
    const place = await makeState();
    context.after(() => place.remove());
    const agent = await startAgent(place);
    context.after(() => agent.stop());
    await signet([
      'set',
      'users.user[admin2].role=administrator',
      'users.user[admin].role=operator',
      '--state',
      place.state,
    ]);
    const answers = await rpcCalls(agent, [reset, ['config.get', ['/signet-access:users', 'factory-default']]]);
    assert.deepEqual(answers, [faultOf(answers[0], /^access-denied/), faultOf(answers[1], /^data-missing/)]);
  });
});

function faultOf(answer: RpcAnswer | undefined, text: RegExp): RpcAnswer {
  assert.match(answer?.fault?.[1] ?? '', text);
  return answer ?? {};
}
