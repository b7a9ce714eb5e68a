/** Logging in by client certificate: mapped to users (RFC 7407), judged by RFC 5280, over XML-RPC with curl, Python and node. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { type Authority, makeAuthority, python, rpcCalls, run, succeed } from './support.js';

const tools = ['openssl', 'curl', 'python3'].map((tool) => requireTool(tool).skip);
const skip = tools.find((each) => each !== false) ?? false;

const call = (method: string) => `<methodCall><methodName>${method}</methodName><params/></methodCall>`;
const rules = 'https.client-authentication.cert-to-name';

describe('client certificates', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let authority: Authority;
  const at = (name: string) => `${place.directory}/${name}`;
  const base64 = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '');
  const fingerprint = (pem: string) =>
    `04:${createHash('sha256')
      .update(new X509Certificate(pem).raw)
      .digest('hex')
      .replace(/..(?!$)/g, '$&:')}`;

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    authority = await makeAuthority(place.directory);
    for (const name of ['admin', 'stranger']) {
      const made = await succeed('openssl', [
        ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-batch'],
        ...['-keyout', at(`${name}.key`), '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}.example.net`],
      ]);
      writeFileSync(at(`${name}.pem`), (await authority.sign(made, { section: 'client' })) + authority.intermediate);
    }
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

  async function apply(...edits: readonly object[]): Promise<string> {
    const [answer] = await rpcCalls(agent, [['config.apply', [edits]]]);
    return answer?.fault?.[1] ?? '';
  }

  /** Where the only rule is this one. */
  async function map(rule: Readonly<Record<string, string>>): Promise<void> {
    assert.equal(
      await apply(
        { path: `${rules}[10]`, operation: 'remove' },
        ...Object.entries(rule).map(([leaf, value]) => ({ path: `${rules}[10].${leaf}`, value })),
      ),
      '',
    );
  }

  async function curl(name: string | undefined): Promise<string> {
    const certificate = name === undefined ? [] : ['--cert', at(`${name}.pem`), '--key', at(`${name}.key`)];
    const body = ['-H', 'Content-Type: text/xml', '--data-binary', call('config.history')];
    const url = `https://127.0.0.1:${agent.httpsPort}/RPC2`;
    return (await run('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', ...certificate, ...body, url])).stdout;
  }

  test('no rule, no login; a name by fingerprint, common name and alternative name must be that of a user', async () => {
    assert.equal(await curl('admin'), '401');
    const root = fingerprint(authority.root);
    const own = fingerprint(readFileSync(at('stranger.pem'), 'utf8'));
    await map({ fingerprint: root, 'map-type': 'ietf-x509-cert-to-name:common-name' });
    assert.equal(await curl('admin'), '200');
    assert.equal(await curl('stranger'), '401');
    assert.equal(await curl(undefined), '401');
    await map({ fingerprint: own, 'map-type': 'ietf-x509-cert-to-name:specified', name: 'admin' });
    assert.equal(await curl('stranger'), '200');
    assert.equal(await curl('admin'), '401');
    await map({ fingerprint: root, 'map-type': 'ietf-x509-cert-to-name:san-dns-name' });
    assert.equal(await curl('admin'), '401');
    assert.equal(await apply({ path: 'users.user[admin.example.net].name', value: 'admin.example.net' }), '');
    assert.equal(await curl('admin'), '200');
  });

  test("Python's xmlrpc.client logs in with a certificate, and what it does is done by that user", async () => {
    await map({ fingerprint: fingerprint(authority.root), 'map-type': 'ietf-x509-cert-to-name:common-name' });
    const program = `
import ssl, sys, xmlrpc.client
context = ssl._create_unverified_context()
context.load_cert_chain(sys.argv[2], sys.argv[3])
server = xmlrpc.client.ServerProxy(sys.argv[1], context=context)
server.config.apply([{'path': 'system.contact', 'value': 'by certificate'}], {'comment': 'by certificate'})
print([each['user'] for each in server.config.history() if each.get('comment') == 'by certificate'])
`;
    const url = `https://127.0.0.1:${agent.httpsPort}/RPC2`;
    const printed = await succeed(python, ['-c', program, url, at('admin.pem'), at('admin.key')]);
    assert.equal(printed.trim(), "['admin']");
  });

  /** A request on a connection of its own; the session that the server gave, and the status. */
  function request(version: 'TLSv1.2' | 'TLSv1.3', session?: Buffer) {
    return new Promise<{ status: string; reused: boolean; session: Buffer | undefined }>((resolve, reject) => {
      let given: Buffer | undefined;
      let reused = false;
      const socket = connect({
        host: '127.0.0.1',
        port: agent.httpsPort,
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ...(session === undefined
          ? { cert: readFileSync(at('admin.pem')), key: readFileSync(at('admin.key')) }
          : { session }),
      });
      let text = '';
      socket.on('session', (each: Buffer) => {
        given = each;
      });
      socket.on('error', reject);
      socket.on('secureConnect', () => {
        reused = socket.isSessionReused();
      });
      socket.on('data', (data) => {
        text += data.toString();
        if (text.includes('\r\n\r\n')) socket.end();
      });
      socket.on('close', () => resolve({ status: text.slice(9, 12), reused, session: given ?? session }));
      const body = call('config.history');
      socket.write(
        `POST /RPC2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version}: a resumed session holds the identity, and no longer than the rule that gave it`, async () => {
      await map({ fingerprint: fingerprint(authority.root), 'map-type': 'ietf-x509-cert-to-name:common-name' });
      const first = await request(version);
      assert.deepEqual([first.status, first.reused], ['200', false]);
      const second = await request(version, first.session);
      assert.deepEqual([second.status, second.reused], ['200', true]);
      assert.equal(await apply({ path: `${rules}[10]`, operation: 'remove' }), '');
      const third = await request(version, second.session);
      assert.deepEqual([third.status, third.reused], ['401', true]);
    });
  }

  test('a revoked certificate is refused from the commit of its list on', async () => {
    await map({ fingerprint: fingerprint(authority.root), 'map-type': 'ietf-x509-cert-to-name:common-name' });
    assert.equal(await curl('admin'), '200');
    writeFileSync(at('crl.txt'), '');
    writeFileSync(
      at('crl.cnf'),
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${at('crl.txt')}\ndefault_md=sha256\ndefault_crl_days=5\n`,
    );
    const signer = ['-cert', at('intermediate.pem'), '-keyfile', at('intermediate.key'), '-config', at('crl.cnf')];
    await succeed('openssl', ['ca', '-revoke', at('admin.pem'), ...signer]);
    const list = await succeed('openssl', ['ca', '-gencrl', ...signer]);
    assert.equal(await apply({ path: 'https.client-authentication.crl', value: [base64(list)] }), '');
    assert.equal(await curl('admin'), '401');
    assert.equal(await apply({ path: 'https.client-authentication.required', value: true }), '');
    assert.equal(await curl('admin'), '000');
    assert.equal(await curl(undefined), '000');
    assert.equal(await curl('stranger'), '401');
    assert.match(agent.log(), /"kind":"refused".*"method":"certificate","reason":"[^"]*was revoked on/);
  });
});
