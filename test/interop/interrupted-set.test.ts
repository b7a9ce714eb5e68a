/** kill -9 in the middle of a SET that was answered while its commit went on: the rows tell what became of it after the restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeState, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { run, snmpArguments, standardMibs } from './support.js';

const skip =
  requireTool('snmpset').skip ||
  (standardMibs() === undefined ? 'the standard MIB modules (erlang-snmp) are not installed' : false);

test('RFC 2579 RowStatus: an RSA-4096 SET that kill -9 interrupts has failed after the restart, or was done', {
  skip,
}, async (t) => {
  const place = await makeState();
  let agent = await startAgent(place);
  t.after(async () => {
    await agent.stop('SIGKILL');
    await place.remove();
  });
  const object = (column: string, name: string) => `SIGNET-HTTPS-MIB::signetHttpsCertificate${column}.'${name}'`;
  const tool = (name: string, ...operands: readonly string[]) =>
    run(name, ['-Oqv', ...snmpArguments(agent), ...operands]);
  const get = async (column: string, name: string) => (await tool('snmpget', object(column, name))).stdout.trim();
  let interrupted: string | undefined;
  // a key that is found at once makes no slow commit: then another
  for (let attempt = 1; interrupted === undefined && attempt <= 10; attempt += 1) {
    const name = `big${String(attempt)}`;
    const columns = [object('KeyAlgorithm', name), 'i', 'rsa4096', object('CommonName', name), 's', 'big.example'];
    const set = await tool('snmpset', object('RowStatus', name), 'i', 'createAndGo', ...columns);
    assert.equal(set.status, 0, set.stdout + set.stderr);
    if ((await get('RowStatus', name)) !== 'notReady') continue;
    assert.equal(await get('CommitState', name), 'running');
    await agent.stop('SIGKILL');
    agent = await startAgent(place);
    const state = await get('CommitState', name);
    if (state === 'done') {
      assert.equal(await get('RowStatus', name), 'active');
      continue;
    }
    assert.equal(state, 'failed');
    interrupted = name;
  }
  assert.ok(interrupted !== undefined, 'no SET was slow enough to be interrupted');
  assert.equal(await get('CommitErrorTag', interrupted), 'operation-failed');
  assert.match(await get('CommitErrorText', interrupted), /the agent stopped while this went on/u);
  assert.match(await get('RowStatus', interrupted), /No Such Instance/u);

  // it is told until the row is set anew, over another restart too
  await agent.stop('SIGKILL');
  agent = await startAgent(place);
  assert.equal(await get('CommitState', interrupted), 'failed');
  const again = await tool(
    'snmpset',
    object('RowStatus', interrupted),
    'i',
    'createAndGo',
    object('CommonName', interrupted),
    's',
    'x.example',
  );
  assert.equal(again.status, 0, again.stdout + again.stderr);
  await waitFor('the row', async () => (await get('RowStatus', interrupted)) === 'active');
  assert.match(await get('CommitState', interrupted), /No Such Instance|done/u);
});
