import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import type { Session } from '../../../src/datastore/index.js';
import { NotificationLog } from '../../../src/northbound/snmp/notification-log.js';
import { requireTool } from '../../support/tools.js';
import { labOid as base, engineId, type Lab, ok, startLab, tool, v3 } from './support/lab.js';

const nlm = '1.3.6.1.2.1.92.1';

suite('the log of notifications (RFC 3014)', requireTool('snmpwalk'), () => {
  let lab: Lab;
  const walk = async (oid: string) => (await ok(lab, 'snmpwalk', v3('admin'), `${nlm}.${oid}`)).split('\n');
  const get = async (oid: string) => (await ok(lab, 'snmpget', [...v3('admin'), '-Oqv'], `${nlm}.${oid}`)).trim();
  const tell = (reason: string) => lab.notify('/signet-lab:lab/something', { reason, urgency: -3 });

  before(async () => {
    lab = await startLab({ targets: [] });
  });
  after(() => lab.close());

  test('coldStart is its first entry: of this engine, in the log without a name', async () => {
    const row = (column: number) => get(`3.1.1.${String(column)}.0.1`);
    assert.equal(await row(9), '.1.3.6.1.6.3.1.1.5.1');
    assert.equal((await row(4)).replace(/[" ]/gu, '').toLowerCase(), engineId.toString('hex'));
    assert.equal((await row(7)).replace(/[" ]/gu, '').toLowerCase(), engineId.toString('hex'));
    assert.deepEqual([await row(5), await row(6), await row(8)], ['""', '.0.0', '""']);
    const octets = Buffer.from((await row(3)).replace(/[" ]/gu, ''), 'hex');
    assert.equal(octets.length, 11);
    assert.equal(octets.readUInt16BE(0), new Date().getUTCFullYear());
    assert.deepEqual(await walk('1.3'), [
      `.${nlm}.1.3.1.2.0 = ""`,
      `.${nlm}.1.3.1.3.0 = Gauge32: 0`,
      `.${nlm}.1.3.1.4.0 = INTEGER: 1`,
      `.${nlm}.1.3.1.5.0 = INTEGER: 2`,
      `.${nlm}.1.3.1.6.0 = INTEGER: 4`,
      `.${nlm}.1.3.1.7.0 = INTEGER: 1`,
    ]);
  });

  test('what is told without a target is there, its variables by type', async () => {
    tell('why');
    const last = await get('2.1.0');
    assert.deepEqual(
      (await walk('3.2')).filter((line) => line.includes(`.0.${last}.`)),
      [
        `.${nlm}.3.2.1.2.0.${last}.1 = OID: .${base}.100.0`,
        `.${nlm}.3.2.1.2.0.${last}.2 = OID: .${base}.101.0`,
        `.${nlm}.3.2.1.3.0.${last}.1 = INTEGER: 6`,
        `.${nlm}.3.2.1.3.0.${last}.2 = INTEGER: 4`,
        `.${nlm}.3.2.1.7.0.${last}.2 = INTEGER: -3`,
        `.${nlm}.3.2.1.8.0.${last}.1 = STRING: "why"`,
      ],
    );
  });

  test('a walk reads each cell by its entry: the whole log is listed a few times, however many rows there are', async () => {
    for (let count = 0; count < 300; count += 1) tell(String(count));
    await lab.write('/signet-lab:lab', { number: 2 });
    const { notifications } = lab.snmp;
    const list = notifications.entries.bind(notifications);
    let lists = 0;
    notifications.entries = () => {
      lists += 1;
      return list();
    };
    const rows = (await ok(lab, 'snmpbulkwalk', v3('admin'), `${nlm}.3.1`)).split('\n').length;
    assert.equal(rows, 8 * list().length);
    assert.ok(lists <= 10, `${String(lists)} times for ${String(rows)} cells`);
  });

  test('a limit that is written makes the oldest go, which is counted', async () => {
    await ok(lab, 'snmpset', v3('admin'), `${nlm}.1.1.0`, 'u', '3');
    assert.equal(lab.read('/signet-notification-log-mib:NOTIFICATION-LOG-MIB/nlmConfigGlobalEntryLimit'), 3);
    const bumped = Number(await get('2.2.0'));
    const logged = Number(await get('2.1.0'));
    for (let count = 0; count < 5; count += 1) tell(String(count));
    await lab.write('/signet-lab:lab', { number: 1 });
    const rows = (await walk('3.1.1.9')).map((line) => /\.(\d+) = /u.exec(line)?.[1]);
    assert.deepEqual(rows, [logged + 3, logged + 4, logged + 5].map(String));
    assert.equal(Number(await get('2.2.0')), bumped + logged + 2);
    assert.equal(Number(await get('2.3.1.1.0')), logged + 5);
    for (const refused of ['0', '10001'])
      assert.match((await tool(lab, 'snmpset', v3('admin'), `${nlm}.1.1.0`, 'u', refused)).stderr, /wrongValue/u);
  });
});

suite('the log in memory', () => {
  let now = 0;
  let log: NotificationLog;
  // without the module the defaults of RFC 3014 hold, but that 1000 entries are the most
  const session = { schema: { root: { byQualifiedName: new Map() } } } as unknown as Session;
  beforeEach(() => {
    now = 0;
    log = new NotificationLog(session, () => now);
  });

  test('holds 1000, whatever is told', () => {
    for (let count = 0; count < 5000; count += 1) log.add([1, 3, 6], [], count);
    assert.equal(log.entries().length, 1000);
    assert.deepEqual([log.logged, log.bumped, log.entries()[0]?.index], [5000, 4000, 4001]);
  });

  test('forgets what is older than a day, and does not count that as bumped', () => {
    log.add([1, 3, 6], [], 0);
    now = 1440 * 60_000;
    log.add([1, 3, 7], [], 0);
    assert.equal(log.entries().length, 2);
    now += 1;
    assert.deepEqual(
      log.entries().map(({ notification }) => notification),
      ['1.3.7'],
    );
    assert.equal(log.entry(1), undefined);
    assert.equal(log.bumped, 0);
  });
});
