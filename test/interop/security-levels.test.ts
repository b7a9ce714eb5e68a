/** The security levels as foreign TLS clients meet them: what openssl and curl may negotiate with the agent, and what not. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { type Authority, keepAliveClient, makeAuthority, rpcCalls, run, succeed } from './support.js';

const tools = ['openssl', 'curl', 'python3'].map((tool) => requireTool(tool).skip);
const skip = tools.find((each) => each !== false) ?? false;

describe('security levels', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let authority: Authority;
  let client: readonly string[];
  const hello = 'https.hello-params';

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    authority = await makeAuthority(place.directory);
    const at = (name: string) => `${place.directory}/${name}`;
    const request = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const pem = await succeed('openssl', [...request, '-keyout', at('c.key'), '-subj', '/CN=operator', '-batch']);
    const signed = await authority.sign(pem, { section: 'client' });
    await succeed('tee', [at('c.pem')], { input: signed + authority.intermediate });
    client = ['--cert', at('c.pem'), '--key', at('c.key')];
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  /** The suite that was negotiated, '' where the handshake failed. At TLS 1.3 a client is not told yet whether it may stay. */
  async function negotiated(...args: readonly string[]): Promise<string> {
    const to = ['-connect', `127.0.0.1:${agent.httpsPort}`];
    const { stdout } = await run('openssl', ['s_client', ...to, ...args], { input: '' });
    const suite = /^New, TLSv1\.[23], Cipher is (\S+)$/m.exec(stdout)?.[1] ?? '';
    return suite === '(NONE)' ? '' : suite;
  }

  async function curl(...args: readonly string[]): Promise<string> {
    const url = `https://127.0.0.1:${agent.httpsPort}/`;
    return (await run('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', ...args, url])).stdout;
  }

  async function apply(...edits: readonly object[]): Promise<string> {
    const [answer] = await rpcCalls(agent, [['config.apply', [edits]]]);
    return answer?.fault?.[1] ?? '';
  }

  test('standard: TLS 1.2 and 1.3, nothing older', async () => {
    assert.equal(await negotiated('-tls1_3'), 'TLS_AES_256_GCM_SHA384');
    assert.equal(await negotiated('-tls1_2'), 'ECDHE-ECDSA-AES256-GCM-SHA384');
    for (const old of ['-tls1_1', '-tls1']) {
      assert.equal(await negotiated(old, '-cipher', 'DEFAULT@SECLEVEL=0'), '', old);
    }
    assert.equal(await curl('--tlsv1.2', '--tls-max', '1.2'), '200');
  });

  test('standard: ECDHE with AEAD only', async () => {
    for (const suite of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305']) {
      assert.equal(await negotiated('-tls1_2', '-cipher', suite), suite);
    }
    for (const suite of ['ECDHE-ECDSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-SHA', 'AES256-GCM-SHA384']) {
      assert.equal(await negotiated('-tls1_2', '-cipher', `${suite}:@SECLEVEL=0`), '', suite);
    }
    for (const group of ['X25519', 'P-256', 'P-384']) assert.notEqual(await negotiated('-groups', group), '', group);
    for (const group of ['X448', 'ffdhe2048', 'P-521']) assert.equal(await negotiated('-groups', group), '', group);
    assert.equal(await negotiated('-tls1_2', '-sigalgs', 'ECDSA+SHA1', '-cipher', 'DEFAULT@SECLEVEL=0'), '');
  });

  test('hello-params narrow what the level allows (RFC 9645)', async () => {
    assert.equal(
      await apply(
        { path: `${hello}.tls-versions.max`, value: 'tls12' },
        { path: `${hello}.cipher-suites.cipher-suite`, value: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] },
        { path: `${hello}.groups`, value: ['secp384r1'] },
      ),
      '',
    );
    assert.equal(await negotiated('-tls1_3'), '');
    assert.equal(await negotiated('-tls1_2'), 'ECDHE-ECDSA-AES128-GCM-SHA256');
    assert.equal(await negotiated('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES256-GCM-SHA384'), '');
    assert.equal(await negotiated('-groups', 'P-256:P-384', '-tls1_2'), 'ECDHE-ECDSA-AES128-GCM-SHA256');
    // The certificate has a P-256 key, so its curve must be acceptable to the client as well (RFC 8422 5.1.1).
    assert.equal(await negotiated('-groups', 'X25519:P-256', '-tls1_2'), '');
    assert.equal(await apply({ path: hello, operation: 'remove' }), '');
  });

  test('what leaves nothing is refused at its node, and what is served stays', async () => {
    const suites = `${hello}.cipher-suites.cipher-suite`;
    assert.match(
      await apply({ path: suites, value: ['TLS_RSA_WITH_AES_128_CBC_SHA'] }),
      /^invalid-value \/signet-https:https\/hello-params\/cipher-suites\/cipher-suite: cipher suite TLS_RSA_WITH_AES_128_CBC_SHA is not supported$/,
    );
    assert.match(
      await apply(
        { path: `${hello}.tls-versions.min`, value: 'tls13' },
        { path: suites, value: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] },
      ),
      /^invalid-value \/signet-https:https\/hello-params\/cipher-suites\/cipher-suite: no cipher suite is left for tls13$/,
    );
    assert.match(
      await apply({ path: 'https.client-authentication.required', value: true }),
      /^operation-failed \/signet-https:https\/client-authentication: client certificates cannot be required without a trust anchor/,
    );
    assert.match(
      await apply({ path: 'https.security-level', value: 'high' }),
      /^[a-z-]+ \/signet-https:https\/security-level: level high requires client certificates/,
    );
    assert.equal(await curl(), '200');
  });

  test('switching to high is a commit that drops no connection; from then on TLS 1.3, strong groups, client certificates', async () => {
    const keptOpen = keepAliveClient(agent);
    assert.equal((await keptOpen.get('/')).status, 200);
    const der = authority.root.replace(/-----[^-]+-----|\s/g, '');
    assert.equal(
      await apply(
        { path: 'https.trust-anchor[clients].certificate', value: [der] },
        { path: 'https.client-authentication.ca-certs', value: ['clients'] },
        // Chosen for standard; high takes what it allows of them.
        { path: `${hello}.groups`, value: ['secp256r1', 'x25519', 'secp521r1'] },
        { path: 'https.security-level', value: 'high' },
      ),
      '',
    );
    assert.equal((await keptOpen.get('/')).status, 200);
    assert.equal(keptOpen.socketCount(), 1);
    keptOpen.close();

    assert.equal(await curl(...client), '200');
    assert.equal(await curl(), '000');
    assert.equal(await negotiated('-tls1_2'), '');
    assert.equal(await negotiated('-tls1_3', '-ciphersuites', 'TLS_AES_128_GCM_SHA256'), '');
    assert.equal(await negotiated('-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256'), 'TLS_CHACHA20_POLY1305_SHA256');
    for (const group of ['X25519', 'P-521']) assert.notEqual(await negotiated('-groups', group), '', group);
    for (const group of ['P-256', 'P-384']) assert.equal(await negotiated('-groups', group), '', group);
    assert.equal(await curl(...client, '--tls-max', '1.2'), '000');
  });
});
