/** Revocation lists of `openssl ca -gencrl` at level high: a configured one must be current, where it is written and ever after. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { type Authority, makeAuthority, run, succeed } from './support.js';

const tools = ['openssl', 'curl'].map((tool) => requireTool(tool).skip);
const skip = tools.find((each) => each !== false) ?? false;

const clients = 'https.client-authentication';
const second = 1000;
const hour = 3_600_000;

describe('revocation lists at level high', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let authority: Authority;
  const at = (name: string) => `${place.directory}/${name}`;
  const base64 = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '');

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    authority = await makeAuthority(place.directory);
    const request = await succeed('openssl', [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-batch'],
      ...['-keyout', at('c.key'), '-subj', '/CN=admin'],
    ]);
    writeFileSync(at('c.pem'), (await authority.sign(request, { section: 'client' })) + authority.intermediate);
    writeFileSync(at('crl.txt'), '');
    writeFileSync(at('crl.cnf'), `[ca]\ndefault_ca=own\n[own]\ndatabase=${at('crl.txt')}\ndefault_md=sha256\n`);
    const fingerprint = createHash('sha256').update(new X509Certificate(authority.root).raw).digest('hex');
    const rule = `${clients}.cert-to-name[10]`;
    const { status, stderr } = await set(
      `https.trust-anchor[clients].certificate=${base64(authority.root)}`,
      `${clients}.ca-certs=clients`,
      `${rule}.fingerprint=04:${fingerprint.replace(/..(?!$)/g, '$&:')}`,
      `${rule}.map-type=ietf-x509-cert-to-name:common-name`,
    );
    assert.equal(status, 0, stderr);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  /** By the local socket: the way in that stays. */
  function set(...assignments: readonly string[]) {
    return run(process.execPath, [mainScript, 'set', ...assignments, '--state', place.state]);
  }

  async function drop(path: string): Promise<void> {
    await succeed(process.execPath, [mainScript, 'set', '--delete', path, '--state', place.state]);
  }

  /** A list of an authority, in force from and until so many milliseconds from now. */
  async function list(from: number, until: number, issuer: 'root' | 'intermediate' = 'intermediate'): Promise<string> {
    const date = (milliseconds: number) =>
      new Date(Date.now() + milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
    const signer = ['-cert', at(`${issuer}.pem`), '-keyfile', at(`${issuer}.key`), '-config', at('crl.cnf')];
    const dates = ['-crl_lastupdate', date(from), '-crl_nextupdate', date(until)];
    return base64(await succeed('openssl', ['ca', '-gencrl', ...signer, ...dates]));
  }

  /** The status of a call by certificate; 000 where the connection is cut off. */
  async function curl(): Promise<string> {
    const body = '<methodCall><methodName>config.history</methodName><params/></methodCall>';
    const post = ['-H', 'Content-Type: text/xml', '--data-binary', body, `https://127.0.0.1:${agent.httpsPort}/RPC2`];
    const certificate = ['--cert', at('c.pem'), '--key', at('c.key')];
    return (await run('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', ...certificate, ...post])).stdout;
  }

  const notCurrent =
    /client-authentication\/crl: revocation list 1 holds from \S+Z to \S+Z; level high needs a current one/;

  test('at level standard a list that is over is taken with a warning, and keeps nobody out', async () => {
    const { status, stdout, stderr } = await set(`${clients}.crl=${await list(-2 * hour, -hour)}`);
    assert.equal(status, 0, stderr);
    assert.match(stdout + stderr, /warning.*revocation list 1 holds from/);
    assert.equal(await curl(), '200');
  });

  test('the level is not raised while a list is over, and nothing changes', async () => {
    const { status, stderr } = await set('https.security-level=high');
    assert.notEqual(status, 0);
    assert.match(stderr, notCurrent);
    assert.equal(await curl(), '200');
  });

  test('without a list the level is raised: authorities that have none are judged without', async () => {
    await drop(`${clients}.crl`);
    const { status, stderr } = await set('https.security-level=high');
    assert.equal(status, 0, stderr);
    assert.equal(await curl(), '200');
  });

  test('a list of another authority of the path says nothing of this one: it is judged without', async () => {
    const { status, stderr } = await set(`${clients}.crl=${await list(-hour, hour, 'root')}`);
    assert.equal(status, 0, stderr);
    assert.equal(await curl(), '200');
    await drop(`${clients}.crl`);
  });

  for (const [what, from, until] of [
    ['expired', -2 * hour, -hour],
    ['not valid yet', hour, 2 * hour],
  ] as const) {
    test(`a list that is ${what} is refused with its dates, and clients go on`, async () => {
      const { status, stderr } = await set(`${clients}.crl=${await list(from, until)}`);
      assert.notEqual(status, 0);
      assert.match(stderr, notCurrent);
      assert.equal(await curl(), '200');
    });
  }

  test('clients are refused from the end of a list on, with the reason and an alarm, until the next one is loaded', async () => {
    // As short as this machine lets it be: the list must still hold when it is committed and when a client comes.
    let lifetime = 5 * second;
    for (; lifetime < 90 * second; lifetime *= 2) {
      const { status } = await set(`${clients}.crl=${await list(-hour, lifetime)}`);
      if (status === 0 && (await curl()) === '200') break;
      await drop(`${clients}.crl`);
    }
    assert.ok(lifetime < 90 * second, 'no list was taken');
    await waitFor('the end of the list', async () => (await curl()) === '000', {
      timeoutMs: lifetime + 30_000,
      intervalMs: 250,
    });
    assert.match(agent.log(), /"method":"certificate","reason":"[^"]*revocation list[^"]*"/);
    const alarms = () =>
      succeed(process.execPath, [mainScript, 'get', 'alarms.alarm-list', '--json', '--state', place.state]);
    await waitFor('the alarm', async () => /revocation list held until/.test(await alarms()));
    await drop(`${clients}.crl`);
    const next = await set(`${clients}.crl=${await list(-second, hour)}`);
    assert.equal(next.status, 0, next.stderr);
    assert.equal(await curl(), '200');
    await waitFor('the end of the alarm', async () => /"is-cleared": ?true/.test(await alarms()));
  });
});
