import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { type Lab, startLab } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, v1, v2c, v3Message, varbind } from './support/raw.js';

const sysName = '1.3.6.1.2.1.1.5.0';

suite('communities of the tree (RFC 3584 section 5.2)', () => {
  let lab: Lab;
  let client: RawClient;
  const get = pdu(pduType.get, 5, [varbind(sysName)]);
  const answered = async (message: Buffer): Promise<boolean> => (await client.request(message)).status === 0;
  /** The agent says nothing to a community that it does not take: a v3 discovery is answered first. */
  const silent = async (message: Buffer): Promise<boolean> => {
    client.send(message);
    return (await client.request(v3Message({}, pdu(pduType.get, 77, [])))).type === pduType.report;
  };

  before(async () => {
    lab = await startLab({ fromTree: true });
    client = new RawClient(lab.port);
  });
  after(async () => {
    client.close();
    await lab.close();
  });
  beforeEach(() => lab.remove('/ietf-snmp:snmp'));

  test('none is configured: v1 and v2c get no answer', async () => {
    assert.ok(await silent(v2c(get, 'public')));
    assert.ok(await silent(v1(get, 'public')));
  });

  test('by text, by octets, or by the index, from the commit on', async () => {
    await lab.write('/ietf-snmp:snmp/community', [
      { index: 'one', 'text-name': 'public', 'security-name': 'reader' },
      { index: 'two', 'binary-name': '/wA=', 'security-name': 'reader' },
      { index: 'three', 'security-name': 'reader' },
    ]);
    assert.ok(await answered(v2c(get, 'public')));
    assert.ok(await answered(v1(get, 'three')));
    assert.ok(await silent(v2c(get, 'one')));
    const octets = Buffer.from('ff00', 'hex');
    const placed = v2c(get, 'xx');
    octets.copy(placed, placed.indexOf('xx'));
    assert.ok(await answered(placed));
  });

  test('with a target tag only from the networks of its targets', async () => {
    const target = (ip: string, prefixLength: number) => ({
      name: 'station',
      udp: { ip, 'prefix-length': prefixLength },
      tag: ['managers'],
      'target-params': 'any',
    });
    await lab.write('/ietf-snmp:snmp', {
      community: [{ index: 'public', 'security-name': 'reader', 'target-tag': 'managers' }],
      'target-params': [{ name: 'any', v2c: { 'security-name': 'reader' } }],
      target: [target('192.0.2.0', 24)],
    });
    assert.ok(await silent(v2c(get, 'public')));
    await lab.write('/ietf-snmp:snmp', { target: [target('127.0.0.0', 8)] });
    assert.ok(await answered(v2c(get, 'public')));
  });

  test('RFC 3584 5.2.1: several of one name, each for its networks: the first that fits, in the order of their indexes', async () => {
    const target = (name: string, ip: string) => ({
      name,
      udp: { ip, 'prefix-length': 32 },
      tag: [name],
      'target-params': 'any',
    });
    const community = (index: string, tag: string, context: string) => ({
      index,
      'text-name': 'shared',
      'security-name': 'reader',
      'target-tag': tag,
      context,
    });
    const params = [{ name: 'any', v2c: { 'security-name': 'reader' } }];
    await lab.write('/ietf-snmp:snmp', {
      community: [community('b', 'elsewhere', 'other'), community('a', 'here', '')],
      'target-params': params,
      target: [target('here', '127.0.0.1'), target('elsewhere', '192.0.2.1')],
    });
    assert.ok(await answered(v2c(get, 'shared')));
    await lab.remove('/ietf-snmp:snmp/community');
    await lab.write('/ietf-snmp:snmp/community', [community('b', 'here', 'other'), community('a', 'elsewhere', '')]);
    assert.ok(await silent(v2c(get, 'shared')));
    await lab.write('/ietf-snmp:snmp/community', [community('aa', '', '')]);
    assert.ok(await answered(v2c(get, 'shared')));
  });

  test('a context that there is none of is counted and not answered', async () => {
    await lab.write('/ietf-snmp:snmp/community', [{ index: 'public', 'security-name': 'reader', context: 'other' }]);
    const before = lab.snmp.counters.snmpUnknownContexts;
    assert.ok(await silent(v2c(get, 'public')));
    assert.equal(lab.snmp.counters.snmpUnknownContexts, before + 1);
  });

  test('a community does not write', async () => {
    await lab.write('/ietf-snmp:snmp/community', [{ index: 'public', 'security-name': 'admin' }]);
    const set = pdu(pduType.set, 6, [varbind('1.3.6.1.4.1.32473.1.99.3.0', int(9))]);
    const { status, index } = await client.request(v2c(set, 'public'));
    assert.deepEqual([status, index], [6, 1]);
  });

  test('MD5 and DES are refused without the switch, and the switch cannot go while they are in use (RFC 3414)', async () => {
    const user = {
      name: 'old',
      snmp: {
        'authentication-protocol': 'md5',
        'privacy-protocol': 'des',
        'authentication-key': 'AAECAwQFBgcICQoLDA0ODw==',
      },
    };
    await assert.rejects(lab.write('/signet-access:users/user', [user]), /legacy-algorithms/u);
    await lab.write('/ietf-snmp:snmp/engine', { 'signet-snmp:legacy-algorithms': true });
    await lab.write('/signet-access:users/user', [user]);
    await assert.rejects(lab.remove('/ietf-snmp:snmp/engine'), /legacy-algorithms/u);
    await lab.remove("/signet-access:users/user[name='old']");
  });
});
