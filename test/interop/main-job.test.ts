/** The main job, end to end, by foreign clients: Python's xmlrpc.client, openssl, curl, Net-SNMP. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { adminPassword, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import {
  type Authority,
  keepAliveClient,
  makeAuthority,
  python,
  rpcCalls,
  run,
  script,
  servedCertificate,
  snmpArguments,
  standardMibs,
  subjectOf,
  succeed,
  xmlRpcUrl,
} from './support.js';

const tools = ['openssl', 'curl', 'python3', 'snmpget'].map((tool) => requireTool(tool).skip);
const skip = tools.find((each) => each !== false) ?? requireStandardMibs();

/** The names of our MIB resolve only beside the modules that it imports from. */
function requireStandardMibs(): string | false {
  if (standardMibs() !== undefined) return false;
  const reason = 'the standard MIB modules (erlang-snmp) are not installed';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

describe('the main job', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let authority: Authority;

  before(async () => {
    place = await makeState();
    authority = await makeAuthority(place.directory);
    agent = await startAgent(place);
  });
  after(async () => {
    assert.equal(await agent.stop(), 0);
    await place.remove();
  });

  test('1: the first start prints ready and serves a status page with a self-signed factory certificate', async () => {
    const page = await succeed('curl', ['-sk', '-i', `https://127.0.0.1:${agent.httpsPort}/`]);
    assert.match(page, /^HTTP\/1\.1 200 /);
    assert.match(page, /<html/i);
    const pem = await servedCertificate(agent);
    await writeFile(join(place.directory, 'factory.pem'), pem);
    await succeed('openssl', ['verify', '-x509_strict', '-CAfile', join(place.directory, 'factory.pem')], {
      input: pem,
    });
    assert.equal(agent.ready.pid > 0, true);
  });

  test('2: one config.apply declares and serves a certificate; an open connection goes on', async () => {
    const client = keepAliveClient(agent);
    assert.equal((await client.get('/')).status, 200);
    await succeed(python, [script('push.py'), xmlRpcUrl(agent)]);
    const pem = await servedCertificate(agent);
    assert.equal(await subjectOf(pem), 'CN=web.example.net,O=Example');
    const names = await succeed('openssl', ['x509', '-noout', '-ext', 'subjectAltName'], { input: pem });
    assert.match(names, /DNS:web\.example\.net, IP Address:127\.0\.0\.1/);
    assert.equal((await client.get('/')).status, 200);
    assert.equal(client.socketCount(), 1);
    client.close();
  });

  test('3: a request is signed by openssl, installed in any order with text around, served and verified', async () => {
    const request = await succeed(python, [script('request.py'), xmlRpcUrl(agent), 'web']);
    await succeed('openssl', ['req', '-verify', '-noout'], { input: request });
    const leaf = await authority.sign(request);
    const answer = `Subject: your certificate\r\n\r\n${authority.intermediate}\nand yours:\n${leaf}\nregards\n`;
    await succeed(python, [script('install.py'), xmlRpcUrl(agent), 'web'], { input: answer });

    const served = await servedCertificate(agent);
    await writeFile(join(place.directory, 'served.pem'), served);
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', authority.rootFile];
    await succeed('openssl', [
      ...verify,
      '-untrusted',
      authority.intermediateFile,
      join(place.directory, 'served.pem'),
    ]);
    const reached = ['--resolve', `web.example.net:${agent.httpsPort}:127.0.0.1`];
    const url = `https://web.example.net:${agent.httpsPort}/`;
    assert.match(await succeed('curl', ['-s', '--cacert', authority.rootFile, ...reached, url]), /<html/i);
  });

  test('4: SNMPv3 authPriv reads the same certificate by the names of our MIB', async () => {
    const pem = await servedCertificate(agent);
    const read = async (object: string) =>
      (await succeed('snmpget', ['-Oqv', ...snmpArguments(agent), `SIGNET-HTTPS-MIB::${object}.'web'`])).trim();
    assert.equal((await read('signetHttpsCertificateCommonName')).replaceAll('"', ''), 'web.example.net');
    const end = (
      await succeed('openssl', ['x509', '-noout', '-enddate', '-dateopt', 'iso_8601'], { input: pem })
    ).trim();
    const [date = '', time = ''] = end.replace('notAfter=', '').replace('Z', '').split(' ');
    const [year, month, day] = date.split('-').map(Number);
    const [hour, minute, second] = time.split(':').map(Number);
    assert.match(
      await read('signetHttpsCertificateNotAfter'),
      new RegExp(`^${year}-${month}-${day},${hour}:${minute}:${second}\\.0,\\+0:0$`),
    );
    assert.equal(await read('signetHttpsCertificateDaysRemaining'), '19 days');
  });

  test('4: one SET of two columns changes both, or with one bad value none, naming the varbind', async () => {
    const set = (...values: string[]) => run('snmpset', ['-Oqv', ...snmpArguments(agent), ...values]);
    const read = async (object: string) =>
      (await succeed('snmpget', ['-Oqv', ...snmpArguments(agent), `SIGNET-HTTPS-MIB::${object}.'web'`])).trim();
    const locality = "SIGNET-HTTPS-MIB::signetHttpsCertificateLocality.'web'";
    const days = "SIGNET-HTTPS-MIB::signetHttpsCertificateValidityDays.'web'";
    const country = "SIGNET-HTTPS-MIB::signetHttpsCertificateCountry.'web'";

    const both = await set(locality, 's', 'Springfield', days, 'u', '400');
    assert.equal(both.status, 0, both.stderr);
    assert.equal((await read('signetHttpsCertificateLocality')).replaceAll('"', ''), 'Springfield');
    assert.equal(await read('signetHttpsCertificateValidityDays'), '400 days');

    const none = await set(locality, 's', 'Shelbyville', country, 's', 'us');
    assert.notEqual(none.status, 0);
    assert.match(none.stderr, /wrongValue/);
    assert.match(none.stderr, /signetHttpsCertificateCountry/);
    assert.equal((await read('signetHttpsCertificateLocality')).replaceAll('"', ''), 'Springfield');
  });

  test('4: snmpwalk covers the whole tree in lexicographic order', async () => {
    const walk = await succeed('snmpwalk', ['-On', '-Oq', ...snmpArguments(agent), '.1'], {});
    const oids = walk
      .split('\n')
      .filter((line) => line.startsWith('.') && !line.includes('No more variables left'))
      .map((line) => (line.split(' ')[0] ?? '').slice(1).split('.').map(Number));
    assert.ok(oids.length > 40, walk);
    for (const [index, oid] of oids.entries()) {
      const former = oids[index - 1];
      if (former !== undefined) assert.ok(compare(former, oid) < 0, `${former.join('.')} before ${oid.join('.')}`);
    }
    assert.ok(oids.some((oid) => oid.join('.').startsWith('1.3.6.1.2.1.1.3.0')));
    assert.ok(oids.some((oid) => oid.join('.').startsWith('1.3.6.1.4.1.32473.1.10')));
  });

  test('5: after kill -9 right behind an answer nothing acknowledged is missing', async () => {
    const ask = async (method: string, ...parameters: readonly unknown[]) => {
      const [answer] = await rpcCalls(agent, [[method, parameters]]);
      assert.equal(answer?.fault, undefined);
      return answer?.value;
    };
    /** What an answer promises, and how it is read after the next start. */
    const answers: readonly (readonly [what: string, act: () => Promise<unknown>, read: () => Promise<unknown>])[] = [
      [
        'config.commit',
        async () => {
          await rpcCalls(agent, [
            ['config.set', ['system.location', 'here']],
            ['config.commit', []],
          ]);
          return 'here';
        },
        () => ask('config.get', 'system.location'),
      ],
      [
        'install and activate',
        async () => {
          const request = await ask('action.invoke', 'https.certificate[web].generate-request', { 'reuse-key': false });
          const { pem } = request as { pem: string };
          const data = (await authority.sign(pem)) + authority.intermediate;
          await ask('action.invoke', 'https.certificate[web].install', { data, activate: true });
          return servedCertificate(agent);
        },
        () => servedCertificate(agent),
      ],
      [
        'self-sign with a new key',
        async () => {
          await ask('config.apply', [{ path: 'https.certificate[own].subject.common-name', value: 'own.example.net' }]);
          await ask('action.invoke', 'https.certificate[own].self-sign', { 'reuse-key': false });
          await ask('action.invoke', 'https.certificate[own].activate', {});
          return servedCertificate(agent);
        },
        () => servedCertificate(agent),
      ],
      [
        'an SNMP SET',
        async () => {
          await succeed('snmpset', [...snmpArguments(agent), '1.3.6.1.2.1.1.4.0', 's', 'by SNMP']);
          return 'by SNMP';
        },
        () => ask('config.get', 'system.contact'),
      ],
      [
        'restore-default',
        async () => {
          await ask('action.invoke', 'https.restore-default', {});
          return servedCertificate(agent);
        },
        () => servedCertificate(agent),
      ],
    ];
    for (const [what, act, read] of answers) {
      const promised = await act();
      await agent.stop('SIGKILL');
      agent = await startAgent(place);
      assert.deepEqual(await read(), promised, what);
    }
  });

  test('5: after kill -9 a new password holds, and a change that waited to be confirmed is gone', async () => {
    const changed = 'another horse battery';
    await rpcCalls(agent, [['action.invoke', ['users.user[admin].set-password', { password: changed }]]]);
    await agent.stop('SIGKILL');
    agent = await startAgent(place);
    assert.deepEqual(await rpcCalls(agent, [['config.get', ['system.name']]]), [{ status: 401 }]);
    const back = [['action.invoke', ['users.user[admin].set-password', { password: adminPassword }]]] as const;
    assert.equal((await rpcCalls(agent, back, changed))[0]?.fault, undefined);

    const before = await servedCertificate(agent);
    const edits = [{ path: 'https.server-certificate', value: 'web' }];
    const [pending] = await rpcCalls(agent, [['config.apply', [edits, { confirm_timeout: 600 }]]]);
    assert.equal(pending?.fault, undefined);
    assert.notEqual(await servedCertificate(agent), before);
    await agent.stop('SIGKILL');
    agent = await startAgent(place);
    assert.equal(await servedCertificate(agent), before);
  });
});

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (value !== other) return value - other;
  }
  return a.length - b.length;
}
