/** Each map type of RFC 7407's cert-to-name, by certificates of openssl that curl and openssl s_client show. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { type Authority, makeAuthority, rpcCalls, run, succeed } from './support.js';

const tools = ['openssl', 'curl', 'python3'].map((tool) => requireTool(tool).skip);
const skip = tools.find((each) => each !== false) ?? false;

const body = '<methodCall><methodName>config.history</methodName><params/></methodCall>';
const rules = 'https.client-authentication.cert-to-name';

/** What the certificates say, in the order of their subjectAltName. */
const certificates = {
  all: { commonName: 'operator-7', names: 'email:ops.team@Example.NET,DNS:Clock.Example.Net,IP:192.0.2.7' },
  six: { commonName: 'operator-8', names: 'IP:2001:db8::7,DNS:Second.Example.Net' },
  bare: { commonName: 'operator-9', names: undefined },
} as const;

type Name = keyof typeof certificates;

describe('map types of cert-to-name (RFC 7407)', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let root: string;
  const at = (name: string) => `${place.directory}/${name}`;

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    const authority: Authority = await makeAuthority(place.directory);
    for (const [name, { commonName, names }] of Object.entries(certificates)) {
      const request = await succeed('openssl', [
        ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-batch'],
        ...['-keyout', at(`${name}.key`), '-subj', `/CN=${commonName}`],
        ...(names === undefined ? [] : ['-addext', `subjectAltName=${names}`]),
      ]);
      const signed = await authority.sign(request, { section: 'client' });
      writeFileSync(at(`${name}.pem`), signed + authority.intermediate);
    }
    const octets = createHash('sha256').update(new X509Certificate(authority.root).raw).digest('hex');
    root = `04:${octets.replace(/..(?!$)/g, '$&:')}`;
    assert.equal(
      await apply(
        { path: 'https.trust-anchor[clients].certificate', value: [base64(authority.root)] },
        { path: 'https.client-authentication.ca-certs', value: ['clients'] },
      ),
      '',
    );
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  const base64 = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '');

  async function apply(...edits: readonly object[]): Promise<string> {
    const [answer] = await rpcCalls(agent, [['config.apply', [edits]]]);
    return answer?.fault?.[1] ?? '';
  }

  /** Exactly these rules, by rising id. */
  async function map(...wanted: readonly { readonly type: string; readonly name?: string }[]): Promise<void> {
    const edits = wanted.flatMap(({ type, name }, index) => {
      const rule = `${rules}[${String((index + 1) * 10)}]`;
      return [
        { path: `${rule}.fingerprint`, value: root },
        { path: `${rule}.map-type`, value: `ietf-x509-cert-to-name:${type}` },
        ...(name === undefined ? [] : [{ path: `${rule}.name`, value: name }]),
      ];
    });
    const gone = [10, 20, 30].map((id) => ({ path: `${rules}[${String(id)}]`, operation: 'remove' }));
    assert.equal(await apply(...gone, ...edits), '');
  }

  /** Exactly these users beside the administrator. */
  async function users(...names: readonly string[]): Promise<void> {
    const gone = everyName.map((name) => ({ path: `users.user[${name}]`, operation: 'remove' }));
    const there = names.map((name) => ({ path: `users.user[${name}].name`, value: name }));
    assert.equal(await apply(...gone, ...there), '');
  }

  async function curl(name: Name): Promise<string> {
    const certificate = ['--cert', at(`${name}.pem`), '--key', at(`${name}.key`)];
    const post = ['-H', 'Content-Type: text/xml', '--data-binary', body, `https://127.0.0.1:${agent.httpsPort}/RPC2`];
    return (await run('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', ...certificate, ...post])).stdout;
  }

  async function openssl(name: Name): Promise<string> {
    const request = [
      'POST /RPC2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nConnection: close\r\n',
      `Content-Length: ${String(body.length)}\r\n\r\n${body}`,
    ].join('');
    const { stdout } = await run(
      'openssl',
      [
        ...['s_client', '-connect', `127.0.0.1:${agent.httpsPort}`, '-quiet', '-ign_eof'],
        ...['-cert', at(`${name}.pem`), '-key', at(`${name}.key`), '-cert_chain', at(`${name}.pem`)],
      ],
      { input: request },
    );
    return /^HTTP\/1\.1 (\d+)/m.exec(stdout)?.[1] ?? 'none';
  }

  const cases: readonly (readonly [type: string, certificate: Name, user: string, name?: string])[] = [
    ['specified', 'bare', 'guest-1', 'guest-1'],
    ['san-rfc822-name', 'all', 'ops.team@example.net'],
    ['san-dns-name', 'all', 'clock.example.net'],
    ['san-ip-address', 'all', '192.0.2.7'],
    ['san-ip-address', 'six', '20010db8000000000000000000000007'],
    ['san-any', 'all', 'ops.team@example.net'],
    ['san-any', 'six', '20010db8000000000000000000000007'],
    ['common-name', 'all', 'operator-7'],
    ['common-name', 'bare', 'operator-9'],
  ];
  const everyName = [...new Set(cases.map(([, , user]) => user)), 'second.example.net', 'operator-8'];

  for (const [type, certificate, user, name] of cases) {
    test(`${type}: the certificate ${certificate} is the user ${user} and nobody else`, async () => {
      await map({ type, ...(name === undefined ? {} : { name }) });
      await users(...everyName.filter((each) => each !== user));
      assert.equal(await curl(certificate), '401');
      assert.equal(await openssl(certificate), '401');
      await users(user);
      assert.equal(await curl(certificate), '200');
      assert.equal(await openssl(certificate), '200');
    });
  }

  test('a rule that yields no name leaves it to the next by id, one that yields a name that no user has does not', async () => {
    await users(...everyName);
    await map({ type: 'san-rfc822-name' }, { type: 'san-ip-address' }, { type: 'common-name' });
    for (const each of ['all', 'six', 'bare'] as const) assert.equal(await curl(each), '200', each);
    await users('operator-7', 'operator-8', 'operator-9');
    assert.equal(await curl('all'), '401');
    assert.equal(await curl('six'), '401');
    assert.equal(await curl('bare'), '200');
  });
});
