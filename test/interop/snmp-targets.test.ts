/** A station that configures where notifications go by SNMP alone: the tree of RFC 7407 by the names of our MIB, judged by snmptrapd. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTrapd } from '../northbound/snmp/support/trapd.js';
import { makeState, startAgent } from '../support/agent.js';
import { signet } from '../support/signet.js';
import { requireTool } from '../support/tools.js';
import { waitFor } from '../support/wait.js';
import { repository, run, snmpArguments, standardMibs } from './support.js';

const missing = ['snmpset', 'snmptrapd'].map((tool) => requireTool(tool).skip).find((each) => each !== false);
const skip =
  missing ?? (standardMibs() === undefined ? 'the standard MIB modules (erlang-snmp) are not installed' : false);

test('RFC 7407: snmpset makes a target, snmptrapd is told, SNMP-TARGET-MIB shows it, a community has no object', {
  skip,
}, async (t) => {
  const place = await makeState();
  const agent = await startAgent(place);
  t.after(async () => {
    await agent.stop();
    await place.remove();
  });
  const trapd = await startTrapd(t, ['disableAuthorization yes']);
  const tool = async (name: string, ...operands: readonly string[]) => {
    const files = ['-M', `${join(repository, 'mibs')}:${standardMibs()!}`, '-m', 'IETF-SNMP-MIB'];
    const given = snmpArguments(agent);
    return await run(name, [...given.slice(0, -1), ...files, given.at(-1)!, ...operands]);
  };
  const set = async (...operands: readonly string[]) => {
    const { status, stdout, stderr } = await tool('snmpset', ...operands);
    assert.equal(status, 0, stdout + stderr);
  };
  const object = (name: string, index: string) => `IETF-SNMP-MIB::ietfSnmp${name}.'${index}'`;
  // The parameters, and who is told; one PDU each, for one row may refer to another.
  await set(object('CommunitySecurityName', 'look'), 's', 'reader', object('CommunityRowStatus', 'look'), 'i', '4');
  await set(
    ...[object('TargetParamsV2cSecurityName', 'p'), 's', 'reader'],
    ...[object('TargetParamsRowStatus', 'p'), 'i', '4'],
  );
  await set(
    ...[object('TargetIp', 'nms'), 's', '127.0.0.1'],
    ...[object('TargetPort', 'nms'), 'u', String(trapd.port)],
    ...[object('TargetTargetParams', 'nms'), 's', 'p'],
    ...[object('TargetRowStatus', 'nms'), 'i', '4'],
  );
  // An index that is not the last says its length.
  const tag = (name: string) => `IETF-SNMP-MIB::ietfSnmpTargetTag${name}."nms".1`;
  await set(tag('Value'), 's', 'all', tag('RowStatus'), 'i', '4');
  await set(object('NotifyTag', 'n'), 's', 'all', object('NotifyRowStatus', 'n'), 'i', '4');
  const shown = await tool('snmpget', '-Oqv', "SNMPv2-SMI::snmpModules.12.1.2.1.7.'nms'");
  assert.match(shown.stdout, /"?p"?/u, shown.stderr);
  assert.equal((await signet(['set', 'https.certificate[web]={}', '--state', place.state])).status, 0);
  const authority = ['certificate', 'self-sign', 'web', '--state', place.state];
  assert.equal((await signet(authority)).status, 0);
  await waitFor('snmptrapd', () => /1\.3\.6\.1\.4\.1\.32473\.1\.10\.0\./u.test(trapd.output()));
  // A target that is none is refused at its own varbind; nothing of the PDU is done.
  const refused = await tool(
    'snmpset',
    ...[object('TargetPort', 'nms'), 'u', '9'],
    ...[object('TargetTargetParams', 'nms'), 's', 'nobody'],
  );
  assert.match(refused.stderr, /Reason: \S+ .*\n.*TargetTargetParams/u);
  assert.match((await tool('snmpget', '-Oqv', object('TargetPort', 'nms'))).stdout, new RegExp(String(trapd.port)));
  const walked = await tool('snmpwalk', '-Oqn', 'IETF-SNMP-MIB::ietfSnmpMIB');
  assert.equal(walked.status, 0, walked.stderr);
  assert.equal((await signet(['set', 'snmp.community[look].text-name=unspeakable', '--state', place.state])).status, 0);
  for (const root of ['IETF-SNMP-MIB::ietfSnmpMIB', '.1.3.6.1']) {
    assert.doesNotMatch((await tool('snmpwalk', '-Oqn', root)).stdout, /unspeakable/u);
  }
});
