/** A unit fails: its backup becomes another's state, with the same certificate, key, users and history. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeState, startAgent } from '../support/agent.js';
import { signet } from '../support/signet.js';
import { requireTool } from '../support/tools.js';
import { rpcCalls, servedCertificate } from './support.js';

const skip = ['openssl', 'python3'].map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

describe('a backup for a replacement unit', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  before(async () => {
    place = await makeState();
  });
  after(() => place.remove());

  test('is taken while the agent runs, and the other serves the same certificate to the same users', async () => {
    const phrase = join(place.directory, 'phrase');
    const file = join(place.directory, 'backup');
    await writeFile(phrase, 'a long pass phrase\n', { mode: 0o600 });
    const first = await startAgent(place);
    const edits = [
      { path: 'https.certificate[web].subject.common-name', value: 'web.example.net' },
      { path: 'https.server-certificate', value: 'web' },
    ];
    assert.equal((await rpcCalls(first, [['config.apply', [edits]]]))[0]?.fault, undefined);
    const served = await servedCertificate(first);
    const made = await signet(['backup', file, '--state', place.state, '--pass-phrase-file', phrase]);
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /holds the journal \(\d+ octets\), 2 private keys and the master key/);
    assert.equal(await first.stop(), 0);

    const state = join(place.directory, 'replacement');
    const restored = await signet(['restore', file, '--state', state, '--pass-phrase-file', phrase]);
    assert.equal(restored.status, 0, restored.stderr);
    const second = await startAgent({ ...place, state });
    assert.equal(await servedCertificate(second), served);
    assert.ok(!(await readdir(state)).includes('restored'), 'the start has counted the restore');
    const [history] = await rpcCalls(second, [['config.history', []]]);
    assert.ok(Array.isArray(history?.value) && history.value.length >= 2, 'the password is the same, the history too');
    assert.equal(await second.stop(), 0);

    assert.equal((await signet(['restore', file, '--state', state, '--pass-phrase-file', phrase])).status, 1);
    assert.equal((await signet(['restore', file, '--state', state])).status, 2);
  });
});
