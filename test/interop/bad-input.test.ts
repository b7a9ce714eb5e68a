/** Bad input by foreign clients: each is refused with an error that names the path, nothing changes and nothing is lost. */
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { adminPassword, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { type Authority, makeAuthority, rpcCalls, run, servedCertificate, snmpArguments, succeed } from './support.js';

const skip =
  ['openssl', 'curl', 'python3'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

const snmp = requireTool('snmpwalk');

describe('bad input', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let authority: Authority;
  let before_: readonly unknown[];

  /** What must be the same after every refusal: transaction, configuration, certificate on the wire, keys, SNMP's answers. */
  const picture = async (): Promise<readonly unknown[]> => [
    await rpcCalls(agent, [
      ['config.history', []],
      ['config.get', ['/', 'running']],
      ['config.get', ['https.certificate[web].installed']],
    ]),
    await servedCertificate(agent),
    await readdir(join(agent.state, 'keys')),
    snmp.skip === false ? await succeed('snmpwalk', [...snmpArguments(agent), '1.3.6.1.4.1.32473.1.10']) : undefined,
  ];
  const unchanged = async () => assert.deepEqual(await picture(), before_);
  const apply = async (...edits: readonly object[]) => {
    const [answer] = await rpcCalls(agent, [['config.apply', [edits]]]);
    return answer?.fault;
  };
  const install = async (data: string, more: object = {}) => {
    const [answer] = await rpcCalls(agent, [
      ['action.invoke', ['https.certificate[web].install', { data, activate: true, ...more }]],
    ]);
    return answer?.fault;
  };

  before(async () => {
    place = await makeState();
    authority = await makeAuthority(place.directory);
    agent = await startAgent(place);
    const made = await apply(
      { path: 'https.certificate[web].subject.common-name', value: 'web.example.net' },
      { path: 'https.certificate[web].subject-alternative-name', value: [{ type: 'dns', value: 'web.example.net' }] },
      { path: 'https.server-certificate', value: 'web' },
    );
    assert.equal(made, undefined);
  });
  after(async () => {
    assert.equal(await agent.stop(), 0);
    await place.remove();
  });
  beforeEach(async () => {
    before_ ??= await picture();
  });

  test('an unknown node, a wrong type and a bad enumeration name their paths, all of one call at once', async () => {
    assert.deepEqual(await apply({ path: 'https.certificate[web].colour', value: 'red' }), [
      9,
      "unknown-element /signet-https:https/certificate[name='web']: there is no node 'colour' in list 'certificate'",
    ]);
    const fault = await apply(
      { path: 'https.certificate[web].validity-days', value: 'many' },
      { path: 'https.certificate[web].key-algorithm', value: 'dsa-1024' },
      { path: 'https.certificate[web].auto-renew', value: 3 },
    );
    const lines = fault?.[1].split('\n') ?? [];
    assert.equal(fault?.[0], 2);
    assert.match(lines[0] ?? '', /^invalid-value \/signet-https:https\/certificate\[name='web'\]\/validity-days: /);
    assert.match(lines[1] ?? '', /^invalid-value .*\/key-algorithm: 'dsa-1024' is none of 'rsa-2048', /);
    assert.match(lines[2] ?? '', /^invalid-value .*\/auto-renew: /);
    await unchanged();
  });

  test("a certificate that does not fit the entry's key, and one of an authority", async () => {
    const stranger = await succeed('openssl', [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', join(place.directory, 'stranger.key'), '-subj', '/CN=web.example.net'],
    ]);
    assert.match((await install(await authority.sign(stranger)))?.[1] ?? '', /certificate\[name='web'\].*: .*key/);
    assert.match((await install(authority.intermediate))?.[1] ?? '', /certificate\[name='web'\].*: .*authority|CA/);
    await unchanged();
  });

  test('an expired certificate and one that is not valid yet', async () => {
    const key = join(place.directory, 'own.key');
    const request = await succeed('openssl', [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key],
      ...['-subj', '/CN=web.example.net', '-addext', 'subjectAltName=DNS:web.example.net'],
    ]);
    const privateKey = await readFile(key, 'utf8');
    for (const [from, to, text] of [
      ['20200101000000Z', '20210101000000Z', /expired/],
      ['20900101000000Z', '20910101000000Z', /not (?:yet )?valid/],
    ] as const) {
      await writeFile(join(place.directory, 'dated.csr'), request);
      const issued = await authority.signDated(join(place.directory, 'dated.csr'), from, to);
      const fault = await install(issued + authority.intermediate, { 'private-key': privateKey });
      assert.match(fault?.[1] ?? '', text);
      assert.match(fault?.[1] ?? '', /certificate\[name='web'\]/);
    }
    await unchanged();
  });

  test('truncated PEM and an empty chain', async () => {
    const pem = await servedCertificate(agent);
    for (const data of [pem.slice(0, 300), `${pem.slice(0, 300)}\n-----END CERTIFICATE-----\n`, '', '   \n']) {
      const fault = await install(data);
      assert.match(fault?.[1] ?? 'accepted', /^[a-z-]+ \/signet-https:https\/certificate\[name='web'\]/, data);
    }
    const fault = await apply({ path: 'https.certificate[web]', value: { source: 'ca-signed', chain: ['AAAA'] } });
    assert.match(fault?.[1] ?? 'accepted', /certificate\[name='web'\]\/chain/);
    await unchanged();
  });

  test('a body of 2 MB, calls that are no XML-RPC, and a document with a DTD', async () => {
    const url = `https://127.0.0.1:${agent.httpsPort}/RPC2`;
    const post = async (body: string) => {
      await writeFile(join(place.directory, 'body'), body);
      const args = ['-sk', '-u', `admin:${adminPassword}`, '--data-binary', `@${join(place.directory, 'body')}`];
      return (await run('curl', [...args, '-H', 'Content-Type: text/xml', '-w', '\n%{http_code}', url])).stdout;
    };
    assert.match(await post(`<methodCall>${'x'.repeat(2_000_000)}</methodCall>`), /\n413$/);
    const call = '<methodCall><methodName>system.listMethods</methodName></methodCall>';
    for (const body of [
      '',
      'not xml',
      '<methodCall>',
      `${call}${call}`,
      `${call}junk`,
      '<methodCall><methodName>no.such</methodName></methodCall>',
      `<!DOCTYPE x [<!ENTITY a "b">]>${call}`,
    ]) {
      const answer = await post(body);
      assert.match(answer, /<fault>|\n400$/, body);
      assert.doesNotMatch(answer, /at .*\.js|node:/, 'no inner text');
    }
    await unchanged();
  });

  test('a wrong password, and the hundredth: the right one still works from another address', async () => {
    const wrong = await rpcCalls(agent, [['system.listMethods', []]], 'no such password');
    assert.deepEqual(wrong, [{ status: 401 }]);
    const attempts = Array.from({ length: 100 }, (_, index) =>
      run('curl', [
        ...['-sk', '-o', '/dev/null', '-w', '%{http_code}', '-m', '2', '-u', `admin:wrong-${String(index)}`],
        ...['--interface', '127.0.0.2', '-d', '<methodCall/>', `https://127.0.0.1:${agent.httpsPort}/RPC2`],
      ]),
    );
    const codes = (await Promise.all(attempts)).map(({ stdout }) => stdout);
    // Delayed beyond curl's patience (000), or turned away; none comes in.
    assert.ok(
      codes.every((code) => ['401', '503', '429', '000'].includes(code)),
      codes.join(' '),
    );
    await unchanged();
  });
});

describe('bad places', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  before(async () => {
    place = await makeState();
  });
  after(() => place.remove());

  test('a port in use: the agent runs, says so, and the local socket works', async (t) => {
    const other = createServer();
    t.after(() => other.close());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const agent = await startAgent(place, { args: ['--https', `127.0.0.1:${String(port)}`] });
    t.after(() => agent.stop('SIGKILL'));
    assert.equal(agent.ready.https, null);
    assert.match(agent.log(), new RegExp(`in-use .*cannot listen on 127\\.0\\.0\\.1:${String(port)}: .*in use`));
    const answer = await succeed('curl', [
      ...['-s', '--unix-socket', join(place.state, 'agent.sock'), 'http://localhost/RPC2'],
      ...['-H', 'Content-Type: text/xml'],
      ...['-d', '<methodCall><methodName>system.listMethods</methodName></methodCall>'],
    ]);
    assert.match(answer, /config\.apply/);
    assert.equal(await agent.stop(), 0);
  });

  test('a state directory that cannot be made, is in use, or belongs to a newer version', async (t) => {
    const file = join(place.directory, 'file');
    await writeFile(file, '');
    await assert.rejects(startAgent({ ...place, state: join(file, 'state') }), /ended with 1 .*state directory/s);
    const agent = await startAgent(place);
    t.after(() => agent.stop('SIGKILL'));
    await assert.rejects(startAgent(place), /ended with 1 .*in-use/s);
    await agent.stop();
    const path = join(place.state, 'journal', 'journal');
    const octets = await readFile(path);
    const newer = Buffer.from(octets);
    newer.write('signet-journal 9');
    await writeFile(path, newer);
    await assert.rejects(startAgent(place), /ended with 1 .*newer version/s);
    assert.deepEqual(await readFile(path), newer, 'untouched');
    await writeFile(path, octets);
  });

  test('a last journal record that is cut off is dropped and told; what was acknowledged is there', async () => {
    const agent = await startAgent(place);
    const [set] = await rpcCalls(agent, [['config.apply', [[{ path: 'system.location', value: 'kept' }]]]]);
    assert.equal(set?.fault, undefined);
    await agent.stop('SIGKILL');
    const path = join(place.state, 'journal', 'journal');
    const whole = (await stat(path)).size;
    await appendFile(path, Buffer.from([0, 0, 1, 0, 1, 2, 3]));
    const again = await startAgent(place);
    assert.match(again.log(), /torn|cut/);
    assert.deepEqual(await rpcCalls(again, [['config.get', ['system.location']]]), [{ value: 'kept' }]);
    assert.ok((await stat(path)).size >= whole);
    await again.stop();
    await truncate(path, (await stat(path)).size - 3);
    const third = await startAgent(place);
    assert.equal(third.ready.pid > 0, true);
    assert.equal(await third.stop(), 0);
  });
});
