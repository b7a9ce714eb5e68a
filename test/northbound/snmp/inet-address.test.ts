import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { inetPart, inetText } from '../../../src/northbound/snmp/inet-address.js';
import { repositoryRoot } from '../../support/places.js';
import { run } from '../../support/run.js';
import { type Lab, tool as plainTool, startLab, v3 } from './support/lab.js';
import { ietfMibs, skipOf } from './support/mib-tools.js';

suite('addresses as InetAddressType and InetAddress (RFC 4001)', skipOf('snmpset'), () => {
  let lab: Lab;
  const tool = (name: string, options: readonly string[], ...operands: readonly string[]) => {
    const files = [
      '-M',
      `${join(repositoryRoot, 'mibs')}:${ietfMibs!}`,
      '-m',
      'SIGNET-HTTPS-MIB',
      '-r',
      '0',
      '-t',
      '3',
    ];
    return run(name, [...options, ...v3('admin'), ...files, `127.0.0.1:${String(lab.port)}`, ...operands]);
  };
  const object = (column: string, name: string) => `SIGNET-HTTPS-MIB::signetHttpsListen${column}.'${name}'`;
  const type = (name: string, value: string) => [object('AddressInetType', name), 'i', value];
  const address = (name: string, hex: string) => [object('AddressInet', name), 'x', hex];
  const status = (name: string, value: string) => [object('RowStatus', name), 'i', value];
  const set = async (...operands: readonly (readonly string[])[]) => {
    const { status: exit, stderr } = await tool('snmpset', [], ...operands.flat());
    return exit === 0 ? 'noError' : (/\((\w+)\)|Reason: (\w+)/u.exec(stderr)?.slice(1).find(Boolean) ?? stderr);
  };
  const get = async (column: string, name: string) =>
    (await tool('snmpget', ['-OQvx'], object(column, name))).stdout.replace(/["\s]/gu, '');
  const read = (name: string) => lab.read(`/signet-https:https/listen[name="${name}"]/address`);

  before(async () => {
    lab = await startLab();
  });
  after(() => lab.close());

  test('a row is made with the pair, IPv4 and IPv6, in any order', async () => {
    assert.equal(
      await set(type('four', 'ipv4'), address('four', 'c0000209'), status('four', 'createAndGo')),
      'noError',
    );
    assert.equal(read('four'), '192.0.2.9');
    const six = '20010db8000000000000000000000007';
    assert.equal(await set(address('six', six), status('six', 'createAndGo'), type('six', 'ipv6')), 'noError');
    assert.equal(read('six'), '2001:db8::7');
  });

  test('what is there as text reads as the pair, with its zone', async () => {
    await lab.write('/signet-https:https/listen', [
      { name: 'link', address: 'fe80::1%3' },
      { name: 'named', address: 'fe80::1%eth0' },
    ]);
    assert.deepEqual([await get('AddressInetType', 'four'), await get('AddressInet', 'four')], ['ipv4', 'C0000209']);
    assert.equal(await get('AddressInetType', 'link'), 'ipv6z');
    assert.equal(await get('AddressInet', 'link'), 'FE80000000000000000000000000000100000003');
    // a zone that is a name has no number to be told by
    assert.match(await get('AddressInetType', 'named'), /NoSuchInstance/u);
  });

  test('one of the pair alone, and a pair that does not fit, is inconsistentValue and changes nothing', async () => {
    assert.equal(await set(type('four', 'ipv6')), 'inconsistentValue');
    assert.equal(await set(address('four', 'c0000201')), 'inconsistentValue');
    assert.equal(await set(type('four', 'ipv6'), address('four', 'c0000201')), 'inconsistentValue');
    assert.equal(await set(type('new', 'ipv4'), status('new', 'createAndGo')), 'inconsistentValue');
    assert.equal(read('four'), '192.0.2.9');
    assert.equal(read('new'), undefined);
  });

  test('a change by the pair is one of the text; both at once have to say the same', async () => {
    const text = (value: string) => [object('Address', 'four'), 's', value];
    assert.equal(await set(type('four', 'ipv4'), address('four', 'c6336401')), 'noError');
    assert.equal(read('four'), '198.51.100.1');
    const both = [type('four', 'ipv4'), address('four', 'c6336402')];
    assert.equal(await set(...both, text('198.51.100.3')), 'inconsistentValue');
    assert.equal(await set(...both, text('198.51.100.2')), 'noError');
    assert.equal(read('four'), '198.51.100.2');
  });

  test('a type that no address of the tree can be, and a length that none has, are refused as such', async () => {
    assert.equal(await set(type('four', 'dns'), address('four', 'c0000201')), 'wrongValue');
    // the tool holds back what our MIB does not allow, where it knows it
    const column = (number: number) => `1.3.6.1.4.1.32473.1.10.2.1.${String(number)}.102.111.117.114`;
    const short = [column(1004), 'i', '1', column(1005), 'x', 'c00002'];
    assert.match((await plainTool(lab, 'snmpset', v3('admin'), ...short)).stderr, /wrongLength/u);
  });
});

test('the pair of any address is the text again', () => {
  const zone = fc.option(fc.integer({ min: 0, max: 0xffffffff }), { nil: undefined });
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), zone, (address, index) => {
      const text = index === undefined ? address : `${address}%${String(index)}`;
      const type = inetPart('inetType', text);
      const octets = inetPart('inetAddress', text);
      assert.ok(type !== undefined && octets !== undefined);
      const again = inetText(type, Buffer.from(String(octets), 'base64'));
      assert.ok(again !== undefined);
      assert.deepEqual([inetPart('inetType', again), inetPart('inetAddress', again)], [type, octets]);
    }),
  );
});
