import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { familiesOf, includes } from '../../../src/northbound/snmp/subtrees.js';
import { requireTool } from '../../support/tools.js';
import { waitFor } from '../../support/wait.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import { parse, pdu, type as pduType, RawClient, v2c, varbind } from './support/raw.js';
import { startTrapd } from './support/trapd.js';

test('a filter: the longest subtree decides, a star is any arc, what lies in none is not sent (RFC 3413 section 6)', () => {
  const filter = familiesOf({ include: ['1.3.6', '1.3.6.1.4.1.*.7'], exclude: ['1.3.6.1.4'] });
  const passes = (oid: readonly number[]) => includes(filter, oid, oid.length);
  assert.equal(passes([1, 3, 6, 1, 6, 3]), true);
  assert.equal(passes([1, 3, 6, 1, 4, 1, 5, 6]), false);
  assert.equal(passes([1, 3, 6, 1, 4, 1, 5, 7, 2]), true);
  assert.equal(passes([1, 2]), false);
});

suite('targets of the tree (RFC 7407)', () => {
  let lab: Lab;
  const socket = createSocket('udp4');
  const logged: { readonly message: string }[] = [];
  const next = async () => {
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return parse(message);
  };
  const configure = (port: number, params: object, filter: object = { include: ['1'] }) =>
    lab.write('/ietf-snmp:snmp', {
      engine: { 'enable-authen-traps': true },
      community: [{ index: 'c', 'text-name': 'public', 'security-name': 'reader' }],
      'notify-filter-profile': [{ name: 'some', ...filter }],
      'target-params': [{ name: 'p', 'notify-filter-profile': 'some', ...params }],
      target: [{ name: 't', udp: { ip: '127.0.0.1', port }, tag: ['all'], 'target-params': 'p' }],
      notify: [{ name: 'n', tag: 'all' }],
    });

  before(async () => {
    lab = await startLab({ fromTree: true, log: (_, message) => logged.push({ message }) });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  });
  after(async () => {
    socket.close();
    await lab.close();
  });

  test('RFC 3413 section 6: what tells of an object that the filter excludes is not sent', async () => {
    const trap = `${base}.0.1`;
    const urgency = `${base}.101`;
    const objects = Array.from({ length: 20 }, (_, index) => `${base}.${String(100 + index)}`);
    const sent = async (filter: object): Promise<number> => {
      // What is written is merged.
      await lab.remove('/ietf-snmp:snmp');
      await configure(socket.address().port, { v2c: { 'security-name': 'reader' } }, filter);
      const count = lab.snmp.testNotification('something', undefined);
      if (count > 0) {
        const { varbinds } = await next();
        assert.ok(varbinds.some(({ name }) => name === `${urgency}.0`));
      }
      return count;
    };
    assert.equal(await sent({ include: [trap] }), 1, 'objects need not be included');
    assert.equal(await sent({ include: [trap], exclude: [urgency] }), 0);
    assert.equal(await sent({ include: [base], exclude: [trap] }), 0);
    assert.equal(await sent({ include: [trap, ...objects], exclude: [base] }), 1, 'the longest decides');
    assert.equal(await sent({ include: [trap, ...objects.slice(1)], exclude: [base] }), 0);
  });

  test('RFC 3584 snmpCommunityTransportTag: a community of other networks is not sent', async () => {
    await lab.remove('/ietf-snmp:snmp');
    const { port } = socket.address();
    const entry = (index: string, more: object) => ({ index, 'security-name': 'reader', ...more });
    const target = (name: string, ip: string, tag: string) => ({
      name,
      udp: { ip, port },
      tag: [tag],
      'target-params': 'p',
    });
    await lab.write('/ietf-snmp:snmp', {
      community: [entry('anet', { 'target-tag': 'net' }), entry('public', {}), entry('zcontext', { context: 'x' })],
      'target-params': [{ name: 'p', v2c: { 'security-name': 'reader' } }],
      target: [target('t', '127.0.0.1', 'all'), target('net', '192.0.2.1', 'net')],
      notify: [{ name: 'n', tag: 'all' }],
    });
    const told = async () => {
      const message = once(socket, 'message', { signal: AbortSignal.timeout(5000) });
      assert.equal(lab.snmp.testNotification('coldStart', 't'), 1);
      return ((await message) as [Buffer])[0].toString('latin1');
    };
    assert.ok((await told()).includes('public'));
    await lab.write('/ietf-snmp:snmp/target', [target('net', '127.0.0.1', 'net')]);
    assert.ok((await told()).includes('anet'));
    await lab.remove('/ietf-snmp:snmp/community[index="public"]');
    await lab.write('/ietf-snmp:snmp/target', [target('net', '192.0.2.1', 'net')]);
    assert.throws(() => lab.snmp.testNotification('coldStart', 't'), /no entry of notify chooses t whose parameters/u);
    assert.ok(
      logged.some(({ message }) => message === 'a notification target has no community that may be sent to it'),
    );
  });

  test('a wrong community is told by authenticationFailure (RFC 3418), a filtered notification is not sent', async () => {
    await configure(socket.address().port, { v2c: { 'security-name': 'reader' } }, { include: ['1.3.6.1.6'] });
    const client = new RawClient(lab.port);
    try {
      const told = next();
      lab.notify('/signet-lab:lab/something', { reason: 'filtered' });
      client.send(v2c(pdu(pduType.get, 1, [varbind('1.3.6.1.2.1.1.5.0')]), 'guess'));
      const { varbinds } = await told;
      assert.equal(varbinds[1]?.value.toString('hex'), '2b0601060301010505');
    } finally {
      client.close();
    }
  });

  test('a target without its parameters is refused', async () => {
    const stray = { name: 'u', udp: { ip: '127.0.0.1' }, 'target-params': 'none' };
    await assert.rejects(lab.write('/ietf-snmp:snmp/target', [stray]), /there is no target-params none/u);
  });

  for (const [name, params] of Object.entries({
    v1: { v1: { 'security-name': 'reader' } },
    v2c: { v2c: { 'security-name': 'reader' } },
    v3: { usm: { 'user-name': 'admin', 'security-level': 'auth-priv' } },
  })) {
    test(`snmptrapd takes a trap of ${name}`, requireTool('snmptrapd'), async (context) => {
      const daemon = await startTrapd(context, [
        'authCommunity log public',
        `createUser -e 0x${engineId.toString('hex')} admin SHA-256 ${passPhrase} AES ${passPhrase}`,
        'authUser log admin priv',
      ]);
      await lab.remove('/ietf-snmp:snmp');
      await configure(daemon.port, params);
      lab.notify('/signet-lab:lab/something', { reason: 'why', urgency: -3 });
      const line = new RegExp(`\\.${base.replaceAll('.', '\\.')}\\.100\\.0 = STRING: "why"`, 'u');
      await waitFor('the line', () => line.test(daemon.output()));
    });
  }
});
