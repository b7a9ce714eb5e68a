/** A station that missed the trap reads the alarms that stand as a table, with Net-SNMP's snmptable and our MIB. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeState, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { repository, run, snmpArguments, standardMibs } from './support.js';

const skip =
  requireTool('snmptable').skip ||
  (standardMibs() === undefined ? 'the standard MIB modules (erlang-snmp) are not installed' : false);

test('an alarm that stands is a row: resource, kind, severity, text, times; no trap target is needed', {
  skip,
}, async (t) => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const place = await makeState();
  const taken = `127.0.0.1:${String((other.address() as AddressInfo).port)}`;
  const agent = await startAgent(place, { args: ['--https', taken] });
  t.after(async () => {
    await agent.stop();
    await place.remove();
  });
  const read = async (tool: string, options: readonly string[], object: string) => {
    const files = ['-M', `${join(repository, 'mibs')}:${standardMibs()!}`, '-m', 'SIGNET-ALARMS-MIB'];
    const result = await run(tool, [
      ...options,
      ...snmpArguments(agent).slice(0, -1),
      ...files,
      snmpArguments(agent).at(-1)!,
      object,
    ]);
    assert.equal(result.status, 0, result.stderr);
    return result.stdout.trim().split('\n');
  };
  const [, , header, ...rows] = await read('snmptable', ['-Cf', '|'], 'SIGNET-ALARMS-MIB::signetAlarmsAlarmTable');
  const names = header!.split('|');
  const found = rows.map((row) => Object.fromEntries(row.split('|').map((cell, at) => [names[at]!, cell])));
  const alarm = found.find((row) => row['signetAlarmsAlarmAlarmTypeId'] === 'signet-alarms:listener-failed');
  assert.ok(alarm !== undefined, rows.join('\n'));
  const year = String(new Date().getUTCFullYear());
  // DateAndTime, TruthValue and the enumeration are shown by the types of the MIB
  const time = new RegExp(`^${year}-\\d{1,2}-\\d{1,2},\\d{1,2}:\\d{1,2}:\\d{1,2}\\.0,\\+0:0$`, 'u');
  for (const column of ['TimeCreated', 'LastRaised', 'LastChanged'])
    assert.match(alarm[`signetAlarmsAlarm${column}`] ?? '', time);
  assert.equal(alarm['signetAlarmsAlarmIsCleared'], 'false');
  assert.equal(alarm['signetAlarmsAlarmPerceivedSeverity'], 'critical');
  assert.match(alarm['signetAlarmsAlarmResource'] ?? '', /^\/signet-https:https/u);
  assert.match(alarm['signetAlarmsAlarmAlarmText'] ?? '', /https/u);
  const total = await read('snmpget', ['-Oqv'], 'SIGNET-ALARMS-MIB::signetAlarmsAlarmListNumberOfAlarms.0');
  assert.equal(Number(total[0]), rows.length);
});
