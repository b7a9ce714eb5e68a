/** Users and their secrets over SNMPv3 alone, by Net-SNMP's tools and the names of our MIB. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeState, type RunningAgent, snmpPassword, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { repository, run, standardMibs } from './support.js';

const missing = ['curl', 'snmpset', 'snmpwalk'].map((tool) => requireTool(tool).skip).find((each) => each !== false);
const skip =
  missing ?? (standardMibs() === undefined ? 'the standard MIB modules (erlang-snmp) are not installed' : false);
const modules = ['SIGNET-ACCESS-MIB', 'SIGNET-ALARMS-MIB', 'SIGNET-HTTPS-MIB', 'SIGNET-SNMP-MIB', 'IETF-SNMP-MIB'];

describe('secrets over SNMPv3 alone', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
  });
  after(async () => {
    assert.equal(await agent.stop(), 0);
    await place.remove();
  });

  const asUser = (user: string, passPhrase: string) =>
    ['-v3', '-l', 'authPriv', '-u', user, '-a', 'SHA-256', '-A', passPhrase, '-x', 'AES', '-X', passPhrase] as const;
  const tool = (name: string, as: readonly string[], ...operands: readonly string[]) => {
    const files = ['-M', `${join(repository, 'mibs')}:${standardMibs()!}`, '-m', modules.join(':'), '-Oqv'];
    return run(name, [...as, ...files, '-t', '5', '-r', '1', `127.0.0.1:${agent.snmpPort}`, ...operands]);
  };
  const admin = asUser('admin', snmpPassword);
  const set = async (...operands: readonly string[]) => {
    const { status, stdout, stderr } = await tool('snmpset', admin, ...operands);
    assert.equal(status, 0, stdout + stderr);
  };
  const get = async (name: string) => (await tool('snmpget', admin, name)).stdout.trim();
  /** Does a job and waits until it has ended well. */
  const perform = async (action: string, index: string, ...values: readonly string[]) => {
    await set(...values, `${action}RowStatus.${index}`, 'i', 'createAndGo');
    const state = () => get(`${action}State.${index}`);
    await waitFor('the end of the job', async () => (await state()) !== 'running');
    assert.equal(await state(), 'done', await get(`${action}ErrorText.${index}`));
  };

  test('a user is made and gets a password and keys; what the job was given is not read', async () => {
    const action = 'SIGNET-ACCESS-MIB::signetAccessUserSetPassword';
    const index = '"ann"."me".1';
    await set(
      ...["SIGNET-ACCESS-MIB::signetAccessUserRole.'ann'", 'i', 'administrator'],
      ...["SIGNET-ACCESS-MIB::signetAccessUserRowStatus.'ann'", 'i', 'createAndGo'],
    );
    const [password, passPhrase] = ['pässword of ann', 'pass phrase of ann'];
    const values = [`${action}Password.${index}`, 's', password, `${action}SnmpPassPhrase.${index}`, 's', passPhrase];
    await perform(action, index, ...values);
    const read = await tool('snmpget', asUser('ann', passPhrase), 'SIGNET-HTTPS-MIB::signetHttpsEnabled.0');
    assert.equal(read.stdout.trim(), 'true', read.stderr);
    const call = '<methodCall><methodName>system.listMethods</methodName></methodCall>';
    const login = ['-sk', '-u', `ann:${password}`, '-H', 'Content-Type: text/xml', '-d', call];
    const { stdout } = await run('curl', [...login, `https://127.0.0.1:${agent.httpsPort}/RPC2`]);
    assert.match(stdout, /config\.apply/u);
    const walked = await tool('snmpwalk', admin, 'SIGNET-ACCESS-MIB::signetAccessMIB');
    assert.match(walked.stdout, /done/u);
    assert.doesNotMatch(walked.stdout, /of ann/u);
    assert.equal(await get("SIGNET-ACCESS-MIB::signetAccessUserSnmp.'ann'"), 'true');
  });

  test('a user of another engine gets keys, of the longest name that there is', async () => {
    const engine = '80:00:7e:d9:05:01:02';
    const remote = (column: string) => `IETF-SNMP-MIB::ietfSnmpRemote${column}`;
    await set(`${remote('EngineIdSegmentOctets')}.1.1`, 's', engine);
    const digest = createHash('sha256').update(engine).digest('hex');
    await set(`${remote('EngineIdDigest')}.1`, 'x', digest, `${remote('RowStatus')}.1`, 'i', 'createAndGo');
    const name = '警'.repeat(32);
    const own = ['96', ...Buffer.from(name)].join('.');
    const user = 'SIGNET-SNMP-MIB::signetSnmpRemoteUser';
    await set(
      ...[`${remote('UserRowStatus')}.1.${own}`, 'i', 'createAndGo'],
      ...[`${user}AuthenticationProtocol.1.${own}`, 'i', 'sha512', `${user}PrivacyProtocol.1.${own}`, 'i', 'aes256'],
    );
    const index = `1.${own}."longowner".7`;
    await perform(`${user}SetPassPhrase`, index, `${user}SetPassPhrasePassPhrase.${index}`, 's', 'a phrase for it');
    assert.equal(await get(`${user}AuthenticationProtocol.1.${own}`), 'sha512');
  });

  test('alarms are purged', async () => {
    const action = 'SIGNET-ALARMS-MIB::signetAlarmsPurgeAlarms';
    await perform(action, '"me".1', `${action}AlarmClearanceStatus."me".1`, 'i', 'any');
    assert.match(await get(`${action}PurgedAlarms."me".1`), /^\d+$/u);
  });

  test('a certificate is made anew with a way back', async () => {
    const action = 'SIGNET-HTTPS-MIB::signetHttpsCertificateSelfSign';
    const index = '"default"."me".1';
    await perform(action, index, `${action}ConfirmTimeout.${index}`, 'u', '600');
    assert.match(await get(`${action}PersistId.${index}`), /^"?[!-~]{8,}"?$/u);
  });
});
