/** The command line as a user meets it: the compiled program against a real agent. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { splitAssignment } from '../../../src/northbound/cli/assignment.js';
import { decodeResponse, encodeCall } from '../../../src/northbound/cli/client.js';
import { formatDifferences, formatTable, formatValue } from '../../../src/northbound/cli/text.js';
import { adminPassword, mainScript, makeState, type RunningAgent, startAgent } from '../../support/agent.js';
import { signet } from '../../support/signet.js';

test('an assignment splits at the first = outside brackets', () => {
  assert.deepEqual(splitAssignment('a.b=c=d'), { path: 'a.b', value: 'c=d' });
  assert.deepEqual(splitAssignment("/m:a/b[name='x=y']/c=1"), { path: "/m:a/b[name='x=y']/c", value: '1' });
  assert.deepEqual(splitAssignment('a["]="].c='), { path: 'a["]="].c', value: '' });
  assert.throws(() => splitAssignment('a[b=c]'), { name: 'UsageError', message: 'a[b=c]: not of the form PATH=VALUE' });
});

test('text is aligned, and control characters never reach the terminal', () => {
  assert.equal(formatValue({ a: 1, long: 'x\u001b[2J' }, { colour: false }), 'a     1\nlong  x?[2J\n');
  const list = { entry: [{ name: 'a', port: 1, inner: ['x'] }, {}], none: [], word: ['b'] };
  assert.equal(
    formatValue(list, { colour: false }),
    'entry\n  - name  a\n    port  1\n    inner\n      - x\n  -\nword\n  - b\n',
  );
  const octets = 'A'.repeat(400);
  assert.equal(formatValue(octets, { colour: false }), `${octets}\n`);
  assert.equal(formatValue(octets, { colour: false, terminal: true }), `${'A'.repeat(60)}... (400 characters)\n`);
  assert.equal(formatTable(['A', 'BB'], [['xyz', '1']], { colour: false }), 'A    BB\nxyz  1\n');
});

test('differences are lines that come and go', () => {
  const differences = [
    { path: '/m:a', kind: 'modified', before: 1, after: 2 },
    { path: '/m:b', kind: 'created', after: { c: 'x' } },
    { path: "/m:l[k='1']", kind: 'moved' },
  ];
  assert.equal(
    formatDifferences(differences, { colour: false }),
    "- /m:a = 1\n+ /m:a = 2\n+ /m:b\n+     c  x\n> /m:l[k='1']\n",
  );
});

test('calls and answers are XML-RPC; a fault becomes its errors', async () => {
  assert.match(encodeCall('m', ['<&', 3, true, { a: ['x'] }]), /<string>&#60;&#38;<\/string>.*<int>3<\/int>/);
  const answer =
    '<methodResponse><params><param><value><struct><member><name>a</name><value><array><data><value>b</value><value><int>2</int></value></data></array></value></member></struct></value></param></params></methodResponse>';
  assert.deepEqual(await decodeResponse(answer), { a: ['b', 2] });
  const fault =
    '<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>2</int></value></member><member><name>faultString</name><value><string>invalid-value /a:b: no</string></value></member></struct></value></fault></methodResponse>';
  await assert.rejects(decodeResponse(fault), { tag: 'invalid-value', path: '/a:b', message: 'no' });
});

describe('signet agent', () => {
  test('wrong options end with 2, what cannot be used with 1, each in one line', async () => {
    const place = await makeState();
    const free = ['--https', '127.0.0.1:0', '--snmp', '127.0.0.1:0', '--state', place.state];
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['--https', 'localhost'], 2, /--https localhost: not of the form ADDRESS:PORT/],
      [['--snmp', '127.0.0.1:70000'], 2, /--snmp 127\.0\.0\.1:70000: not of the form/],
      [['--netconf', 'junk'], 2, /--netconf junk: not of the form/],
      [['--bogus'], 2, /--bogus/],
      [[...free, '--schema', join(place.directory, 'none')], 1, /--schema .*none: there is no such directory/],
      [[...free, '--admin-password-file', join(place.directory, 'none')], 1, /none: ENOENT/],
      [[...free, '--master-key', join(place.directory, 'none', 'key')], 1, /none.key/],
    ];
    for (const [args, status, message] of cases) {
      const outcome = await signet(['agent', ...args]);
      assert.equal(outcome.status, status, outcome.stderr);
      assert.match(outcome.stderr, message);
      assert.equal(outcome.stderr.trimEnd().split('\n').length, 1, outcome.stderr);
    }
    await place.remove();
  });

  test('set types the values of a module of the operator by what the agent says of it', async () => {
    const place = await makeState();
    const directory = join(place.directory, 'modules');
    await mkdir(directory);
    await writeFile(
      join(directory, 'acme.yang'),
      'module acme { yang-version 1.1; namespace "urn:acme"; prefix a; container acme { leaf-list word { type string; } leaf n { type uint8; } } }',
    );
    const agent = await startAgent(place, { args: ['--schema', directory] });
    const done = await signet(['set', 'acme.word=a,b', 'acme.n=7', '--state', place.state]);
    assert.equal(done.status, 0, done.stderr);
    const { stdout } = await signet(['get', 'acme', '--json', '--state', place.state]);
    assert.deepEqual(JSON.parse(stdout), { word: ['a', 'b'], n: 7 });
    await agent.stop();
    await place.remove();
  });
});

describe('signet against a running agent', () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  const local = (...args: string[]) => signet([...args, '--state', place.state]);

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  test('set changes several nodes in one transaction, get reads them, as text and as JSON', async () => {
    const done = await local(
      'set',
      'system.location=rack 7',
      'https.certificate[web].subject.common-name=w.example.net',
      'https.certificate[web].validity-days=400',
    );
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /^transaction /m);
    assert.equal((await local('get', 'system.location')).stdout, 'rack 7\n');
    assert.equal(JSON.parse((await local('get', 'https.certificate[web].validity-days', '--json')).stdout), 400);
    assert.match(
      (await local('certificate', 'list')).stdout,
      /^NAME +SOURCE .*\n[\s\S]*web +self-signed +ec-p256 +valid/,
    );
  });

  test('a refusal is exit status 1 with its path on stderr; wrong usage is 2; no agent is 69', async () => {
    const refused = await local('set', 'https.certificate[web].key-algorithm=dsa');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /invalid-value \/signet-https:https\/certificate\[name='web'\]\/key-algorithm/);
    assert.equal((await signet(['frobnicate'])).status, 2);
    assert.equal((await local('set', 'system.name')).status, 2);
    assert.deepEqual(JSON.parse((await local('set', 'system.name', '--json')).stderr), {
      errors: [{ message: 'system.name: not of the form PATH=VALUE' }],
    });
    assert.equal((await signet(['get', 'system', '--state', join(place.directory, 'nowhere')])).status, 69);
  });

  test('certificate work: request, self-sign, activate with a timeout, confirm, restore-default', async () => {
    assert.match((await local('certificate', 'request', 'web')).stdout, /^-----BEGIN CERTIFICATE REQUEST-----/);
    assert.equal((await local('certificate', 'self-sign', 'web')).status, 0);
    const pending = await local('certificate', 'activate', 'web', '--confirm-timeout', '60');
    const id = /signet confirm (\S+)/.exec(pending.stdout)?.[1] ?? '';
    assert.notEqual(id, '', pending.stdout + pending.stderr);
    assert.equal((await local('confirm', id)).stdout, 'confirmed\n');
    assert.equal((await local('get', 'https.server-certificate')).stdout, 'web\n');
    assert.equal((await local('certificate', 'restore-default')).status, 0);
    assert.equal((await local('get', 'https.server-certificate')).stdout, 'default\n');
  });

  test('history and rollback go back to a transaction', async () => {
    const history = JSON.parse((await local('history', '--json')).stdout) as { transaction: string }[];
    assert.ok(history.length >= 3);
    await local('set', 'system.contact=first');
    const [, id = ''] = /transaction (\S+)/.exec((await local('set', 'system.contact=second')).stdout) ?? [];
    await local('set', 'system.contact=third');
    assert.equal((await local('rollback', id)).status, 0);
    assert.equal((await local('get', 'system.contact')).stdout, 'second\n');
  });

  test('--url works with a pinned certificate, and refuses another', async () => {
    await writeFile(join(place.directory, 'pw'), adminPassword);
    const print = (await local('get', 'https.state.fingerprint-sha256')).stdout.trim();
    const remote = (fingerprint: string) =>
      signet([
        'get',
        'system.contact',
        '--url',
        `https://127.0.0.1:${agent.httpsPort}`,
        '--password-file',
        join(place.directory, 'pw'),
        '--fingerprint',
        fingerprint,
      ]);
    const good = await remote(print);
    assert.equal(good.stdout, 'second\n', good.stderr);
    assert.equal((await remote('00'.repeat(32))).status, 69);
    const unknown = await signet([
      'get',
      'system',
      '--url',
      `https://127.0.0.1:${agent.httpsPort}`,
      '--password-file',
      join(place.directory, 'pw'),
    ]);
    assert.match(unknown.stderr, /--fingerprint SHA256/);
  });

  test('passwd reads the password from standard input', async () => {
    const changed = await signet(['passwd', 'admin', '--state', place.state], 'another password\n');
    assert.equal(changed.status, 0, changed.stderr);
  });

  test('schema and mib need no agent', async () => {
    assert.match((await signet(['schema', 'signet-https'])).stdout, /^module signet-https \{/);
    assert.match((await signet(['mib', 'signet-https'])).stdout, /SIGNET-HTTPS-MIB DEFINITIONS ::= BEGIN/);
    const [line = ''] = (await signet(['mib', '--map'])).stdout.split('\n');
    assert.deepEqual(Object.keys(JSON.parse(line) as object).sort(), ['access', 'object', 'oid', 'path', 'syntax']);
  });

  test('an option that is no number, or is given twice, changes nothing: it may have been a safeguard', async () => {
    const before = (await local('history')).stdout;
    for (const option of [['60s'], ['-1'], ['1.5'], ['60', '--confirm-timeout', '60']]) {
      const refused = await local('set', 'system.contact=x', '--confirm-timeout', ...option);
      assert.equal(refused.status, 2, refused.stdout);
      assert.match(refused.stderr, /^signet: --confirm-timeout is (?:not a whole number|given more than once)$/m);
    }
    assert.equal((await signet(['history', '--state', place.state, '--state', place.state])).status, 2);
    assert.equal((await signet(['get', 'system', '--url', `http://127.0.0.1:${agent.httpsPort}`])).status, 2);
    assert.equal((await local('history')).stdout, before);
  });

  test('cancel takes a change back that waits, diff shows what two transactions changed', async () => {
    const [, from = ''] = /transaction (\S+)/.exec((await local('set', 'system.contact=one')).stdout) ?? [];
    const pending = await local('set', 'system.contact=two', '--confirm-timeout', '60');
    assert.match(pending.stdout, /^confirm with: signet confirm \S+$/m);
    assert.equal(
      (await local('diff', from)).stdout,
      '- /signet-system:system/contact = one\n+ /signet-system:system/contact = two\n',
    );
    assert.equal((await local('cancel')).stdout, 'taken back\n');
    assert.equal((await local('get', 'system.contact')).stdout, 'one\n');
    assert.equal((await local('diff', from)).stdout, '');
    assert.match((await local('diff', 'x')).stderr, /^data-missing: there is no transaction x in the history$/m);
  });

  test('a reader that ends early is no failure', async () => {
    const child = spawn(process.execPath, [mainScript, 'schema', 'signet-https'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  test('load merges a document, or puts it in the place of running; its faults are told with their place', async () => {
    const file = join(place.directory, 'document.json');
    assert.equal((await local('set', 'system.contact=a', 'system.location=b')).status, 0);
    assert.equal((await local('save', file)).status, 0);
    assert.equal((await local('set', 'system.contact=c', '--delete', 'system.location')).status, 0);
    assert.equal((await local('load', file, '--replace')).status, 0);
    assert.equal((await local('get', 'system.location')).stdout, 'b\n');
    // The secrets that no document has are still there: the user can log in.
    assert.equal((await local('get', 'users.user[admin].name')).stdout, 'admin\n');
    await writeFile(file, '{"signet-system:system": {"contact": }}');
    const broken = await local('load', file);
    assert.equal(broken.status, 1);
    assert.match(broken.stderr, /malformed-message: JSON: expected a value at line 1, column 38/);
  });

  test('doctor looks at each listener by an independent manager and a handshake, and ends with 0', async () => {
    const seen = await local('doctor');
    assert.equal(seen.status, 0, seen.stdout);
    assert.match(seen.stdout, new RegExp(`ok +https 127\\.0\\.0\\.1:${agent.httpsPort} +TLSv1\\.3`));
    assert.match(seen.stdout, new RegExp(`ok +snmp 127\\.0\\.0\\.1:${agent.snmpPort} +answers discovery`));
    const phrase = join(place.directory, 'snmp-password');
    const known = await local('doctor', '--snmp-user', 'admin', '--snmp-password-file', phrase);
    assert.match(known.stdout, /ok +snmp .* up for \d+ s/);
    await writeFile(join(place.directory, 'wrong'), 'not the pass phrase');
    const wrong = await local('doctor', '--snmp-user', 'admin', '--snmp-password-file', join(place.directory, 'wrong'));
    assert.equal(wrong.status, 1);
    assert.match(wrong.stdout, /FAULT +snmp .*Wrong Digest.* signet passwd admin --snmp/);
  });

  test('doctor names ports in use, a state directory that others can read and an agent that is not there', async () => {
    const other = await makeState();
    const busy = [`127.0.0.1:${agent.httpsPort}`, `127.0.0.1:${agent.snmpPort}`] as const;
    const second = await startAgent(other, { args: ['--https', busy[0], '--snmp', busy[1]] });
    const seen = await signet(['doctor', '--state', other.state]);
    await second.stop();
    assert.equal(seen.status, 1);
    assert.match(seen.stdout, /FAULT +https .*in use by another process/);
    assert.match(seen.stdout, /FAULT +snmp .*another process uses it/);
    assert.match(seen.stdout, /FAULT +alarms +\d+ critical.*signet get alarms/);
    await chmod(other.state, 0o755);
    const stopped = await signet(['doctor', '--state', other.state]);
    assert.match(stopped.stdout, /FAULT +state directory .*chmod 700/);
    assert.match(stopped.stdout, /FAULT +agent .*npm start/);
    await other.remove();
  });
});
