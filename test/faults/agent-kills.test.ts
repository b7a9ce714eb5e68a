/** The whole agent killed while it makes keys and certificates: the next start serves what was acknowledged, with its key. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { makeState, startAgent } from '../support/agent.js';
import { signet } from '../support/signet.js';

const kills = process.env['SIGNET_LONG'] === '1' ? 60 : 5;
const installed = 'https.certificate[default].installed';

describe('kill -9 of an agent that issues certificates', () => {
  let place: Awaited<ReturnType<typeof makeState>>;

  before(async () => {
    place = await makeState();
  });
  after(() => place.remove());

  it(`${kills} times: certificate, key and history fit together at each start, and what was answered is there`, async () => {
    let acknowledged = 0;
    for (let round = 0; round <= kills; round++) {
      const agent = await startAgent(place);
      try {
        assert.doesNotMatch(agent.log(), /lost|corrupt|could not be applied/, `round ${round}`);
        const [keyId, served, fingerprint, transaction] = await look(place.state);
        assert.ok(
          (await readdir(join(place.state, 'keys'))).some((name) => name.startsWith(keyId!)),
          `round ${round}`,
        );
        assert.equal(served, 'default');
        assert.equal(await presented(agent.httpsPort), fingerprint, `round ${round}`);
        assert.ok(Number(transaction) >= acknowledged, `round ${round}: ${transaction} after ${acknowledged}`);
        if (round === kills) break;
        const issuing = signet(['--state', place.state, 'certificate', 'self-sign', 'default', '--new-key', '--json']);
        // Somewhere between the start of the command and a little after its answer.
        await Promise.race([issuing, delay(((round * 7) % 10) * 120)]);
        await agent.stop('SIGKILL');
        const { status } = await issuing;
        acknowledged = status === 0 ? Number(transaction) + 1 : Number(transaction);
      } finally {
        await agent.stop('SIGKILL');
      }
    }
  });
});

async function look(state: string): Promise<readonly string[]> {
  const paths = [`${installed}.key-id`, 'https.state.certificate', 'https.state.fingerprint-sha256'];
  const values = await Promise.all(paths.map((path) => value(state, path)));
  const { stdout } = await signet(['--state', state, 'history', '--json']);
  const [last] = JSON.parse(stdout) as readonly { readonly transaction: string }[];
  return [...values, last!.transaction];
}

async function value(state: string, path: string): Promise<string> {
  const { stdout, stderr, status } = await signet(['--state', state, 'get', path, '--json']);
  assert.equal(status, 0, stderr);
  return String(JSON.parse(stdout));
}

/** SHA-256 of the certificate that a client is shown, as the tree writes it. */
function presented(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint256.replaceAll(':', '').toLowerCase());
    });
    socket.once('error', reject);
  });
}
