import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { localizeKey, type NotificationTarget } from '../../../src/northbound/snmp/index.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import { parse } from './support/raw.js';

suite('notifications (RFC 3413 section 3.3)', () => {
  const socket = createSocket('udp4');
  const targets: NotificationTarget[] = [];
  let lab: Lab;
  const place = () => ({ address: '127.0.0.1', port: socket.address().port });
  const next = async (): Promise<Buffer> => {
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return message;
  };
  const told = async (target: NotificationTarget): Promise<Buffer> => {
    targets.splice(0, targets.length, target);
    const message = next();
    lab.notify('/signet-lab:lab/something', { reason: 'why', urgency: -3 });
    return message;
  };
  const expected = [`1.3.6.1.2.1.1.3.0 43`, `1.3.6.1.6.3.1.1.4.1.0 6`, `${base}.100.0 4`, `${base}.101.0 2`];

  before(async () => {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    targets.push({ version: 'v2c', ...place(), community: 'public' });
    const first = next();
    lab = await startLab({ targets });
    const { varbinds } = parse(await first);
    assert.equal(varbinds[1]?.value.toString('hex'), '2b06010603010105' + '01', 'coldStart');
  });
  after(async () => {
    socket.close();
    await lab.close();
  });

  test('warmStart is told as such (RFC 3418)', async () => {
    const message = next();
    lab.snmp.started('warmStart');
    assert.equal(parse(await message).varbinds[1]?.value.toString('hex'), '2b06010603010105' + '02');
  });

  test('v2c: sysUpTime, snmpTrapOID and the objects of the notification', async () => {
    const { type, varbinds } = parse(await told({ version: 'v2c', ...place(), community: 'public' }));
    assert.equal(type, 0xa7);
    assert.deepEqual(
      varbinds.map(({ name, tag }) => `${name} ${tag.toString(16)}`),
      expected,
    );
    assert.equal(varbinds[2]?.value.toString(), 'why');
    assert.equal(varbinds[3]?.number, -3n);
  });

  test('v3: authPriv with this engine as the authoritative one', async () => {
    const message = await told({ version: 'v3', ...place(), user: 'admin', level: 'authPriv' });
    const answer = parse(message, localizeKey('sha256', passPhrase, engineId));
    assert.deepEqual(answer.engineId, engineId);
    assert.equal(answer.boots, 7);
    assert.equal(answer.flags, 3);
    assert.deepEqual(
      answer.varbinds.map(({ name, tag }) => `${name} ${tag.toString(16)}`),
      expected,
    );
  });

  test('v1: enterprise and specific trap (RFC 3584 section 3.2)', async () => {
    const hex = (await told({ version: 'v1', ...place(), community: 'public' })).toString('hex');
    // enterprise 1.3.6.1.4.1.32473.1.99, agent-addr 0.0.0.0, generic 6, specific 1
    assert.match(hex, /060a2b0601040181fd59016340040000000002010602010143/u);
  });

  test('a user without the keys of the level gets nothing, and the others do', async () => {
    targets.splice(
      0,
      targets.length,
      { version: 'v3', ...place(), user: 'none', level: 'authPriv' },
      { version: 'v2c', ...place(), community: 'last' },
    );
    const message = next();
    lab.notify('/signet-lab:lab/something', {});
    assert.equal(parse(await message).varbinds.length, 2);
  });
});
