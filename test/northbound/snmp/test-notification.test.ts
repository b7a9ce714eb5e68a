import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, suite, type TestContext, test } from 'node:test';
import { Branch, decodeJson, encodeJson, parsePath } from '../../../src/yang/index.js';
import { requireTool } from '../../support/tools.js';
import { waitFor } from '../../support/wait.js';
import { type Lab, labOid, ok, startLab, v3 } from './support/lab.js';
import { parse } from './support/raw.js';
import { startTrapd } from './support/trapd.js';

suite('send-test-notification', () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab({ fromTree: true });
  });
  after(() => lab.close());

  const configure = async (ports: readonly number[], more: object = {}) => {
    await lab.remove('/ietf-snmp:snmp');
    await lab.write('/ietf-snmp:snmp', {
      community: [{ index: 'c', 'text-name': 'public', 'security-name': 'reader' }],
      'target-params': [{ name: 'p', v2c: { 'security-name': 'reader' } }],
      target: ports.map((port, index) => ({
        name: `t${index}`,
        udp: { ip: '127.0.0.1', port },
        tag: ['all'],
        'target-params': 'p',
      })),
      notify: [{ name: 'n', tag: 'all' }],
      ...more,
    });
  };
  const invoke = async (input: Record<string, string>, user = 'admin') => {
    const path = parsePath(lab.schema, '/signet-snmp:send-test-notification');
    const members = Object.entries(input).map(([name, value]) => [`signet-snmp:${name}`, value]);
    const decoded = decodeJson(lab.schema, path, Object.fromEntries(members));
    const session = lab.datastore.session({ user, protocol: 'xmlrpc', address: '127.0.0.1' });
    try {
      const output = await session.invoke(path, decoded instanceof Branch ? decoded : undefined);
      return encodeJson(lab.schema, output.schema, output);
    } finally {
      session.close();
    }
  };
  const receiver = async (context: TestContext) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    context.after(() => void socket.close());
    await once(socket, 'listening');
    const traps: string[] = [];
    socket.on('message', (message) => traps.push(parse(message).varbinds[1]!.value.toString('hex')));
    return { port: socket.address().port, traps };
  };

  test('all: snmptrapd gets every notification of every MIB', requireTool('snmptrapd'), async (context) => {
    const daemon = await startTrapd(context, ['authCommunity log public']);
    await configure([daemon.port]);
    const { sent } = (await invoke({ notification: 'all' })) as { sent: number };
    const received = () =>
      Array.from(daemon.output().matchAll(/\.1\.3\.6\.1\.6\.3\.1\.1\.4\.1\.0 = OID: ([.\d]+)/gu), (found) => found[1]!);
    await waitFor('all of them', () => received().length === sent);
    const own = '.1.3.6.1.4.1.32473.1';
    const expected = [
      ...[1, 2, 5].map((arc) => `.1.3.6.1.6.3.1.1.5.${arc}`),
      ...[1, 2, 3, 4, 5, 6].map((arc) => `${own}.10.0.${arc}`),
      `${own}.13.0.1`,
      `.${labOid}.0.1`,
      `.${labOid}.0.2`,
    ];
    assert.deepEqual(received().sort(), expected.sort());
    assert.match(daemon.output(), new RegExp(`\\.${labOid.replaceAll('.', '\\.')}\\.100\\.0 = STRING: "test"`, 'u'));
  });

  test('one by its name in the MIB or in YANG, to all targets or to one', async (context) => {
    const [one, other] = [await receiver(context), await receiver(context)];
    await configure([one.port, other.port]);
    assert.deepEqual(await invoke({ notification: 'warmStart' }), { sent: 2 });
    assert.deepEqual(await invoke({ notification: 'signet-lab:something', target: 't1' }), { sent: 1 });
    assert.deepEqual(await invoke({ notification: 'something', target: 't1' }), { sent: 1 });
    await waitFor('what was sent', () => other.traps.length === 3 && one.traps.length === 1);
    assert.equal(one.traps[0], '2b0601060301010502');
    assert.equal(new Set(other.traps.slice(1)).size, 1);
  });

  test('a name that is none, and a target that nothing chooses, are refused', async (context) => {
    const { port } = await receiver(context);
    await configure([port]);
    await assert.rejects(invoke({ notification: 'nothing' }), {
      tag: 'invalid-value',
      message: 'there is no notification nothing',
    });
    await assert.rejects(invoke({ notification: 'coldStart', target: 't9' }), /no entry of notify chooses t9/u);
    await lab.remove("/ietf-snmp:snmp/notify[name='n']");
    await assert.rejects(invoke({ notification: 'coldStart' }), /no entry of notify chooses a target/u);
  });

  test('a filter leaves out what it would of the real one', async (context) => {
    const { port, traps } = await receiver(context);
    await configure([port], {
      'notify-filter-profile': [{ name: 'f', include: ['1.3.6.1.6'] }],
      'target-params': [{ name: 'p', v2c: { 'security-name': 'reader' }, 'notify-filter-profile': 'f' }],
    });
    assert.deepEqual(await invoke({ notification: 'all' }), { sent: 3 });
    await waitFor('the three', () => traps.length === 3);
  });

  test('by SNMP: a job of the table, whose row tells how many were sent', requireTool('snmpset'), async (context) => {
    const { port, traps } = await receiver(context);
    await configure([port]);
    const row = (column: number) => `1.3.6.1.4.1.32473.1.15.1.1.${column}.3.110.109.115.1`;
    await ok(lab, 'snmpset', v3('admin'), row(1), 's', 'coldStart', row(200), 'i', '4');
    const sent = `.${row(3)} = Gauge32: 1`;
    await waitFor('the end of the job', async () => (await ok(lab, 'snmpget', v3('admin'), row(3))) === sent);
    await waitFor('the trap', () => traps.length === 1);
  });

  test('who may not call it is refused (nacm:default-deny-all)', async (context) => {
    const { port, traps } = await receiver(context);
    await configure([port]);
    const enabled = '/ietf-netconf-acm:nacm/enable-nacm';
    await lab.write(enabled, true);
    context.after(() => lab.write(enabled, false));
    await assert.rejects(invoke({ notification: 'coldStart' }, 'somebody'), { tag: 'access-denied' });
    assert.deepEqual(traps, []);
  });
});
