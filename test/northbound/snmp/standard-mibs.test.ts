import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { run } from '../../support/run.js';
import { engineId, type Lab, passPhrase, startLab, v2c, v3 } from './support/lab.js';
import { complaints, ietfMibs, skipOf } from './support/mib-tools.js';
import { int, nothing, pdu, type as pduType, RawClient, seq, text, v3Message, varbind } from './support/raw.js';

const modules = [
  'SNMPv2-MIB',
  'SNMPv2-TM',
  'TRANSPORT-ADDRESS-MIB',
  'SNMP-FRAMEWORK-MIB',
  'SNMP-MPD-MIB',
  'SNMP-TARGET-MIB',
  'SNMP-NOTIFICATION-MIB',
  'SNMP-USER-BASED-SM-MIB',
  'SNMP-VIEW-BASED-ACM-MIB',
  'SNMP-COMMUNITY-MIB',
];

suite('A4: MIB modules of the IETF, read with their own MIB files', skipOf('snmptable'), () => {
  let lab: Lab;
  let client: RawClient;
  const tool = async (name: string, options: readonly string[], ...operands: readonly string[]) => {
    const files = ['-M', ietfMibs!, '-m', modules.join(':'), '-r', '0', '-t', '1'];
    return run(name, [...options, ...files, `127.0.0.1:${String(lab.port)}`, ...operands]);
  };
  const table = async (name: string): Promise<string[]> => {
    const { stdout, stderr } = await tool('snmptable', [...v3('admin'), '-Ci', '-Cf', '|'], name);
    assert.equal(complaints(stderr), '');
    return stdout.trim().split('\n').slice(3);
  };
  const value = async (name: string): Promise<string> => {
    const { stdout } = await tool('snmpget', [...v2c, '-Oqv'], `${name}.0`);
    return stdout.trim();
  };

  before(async () => {
    lab = await startLab();
    client = new RawClient(lab.port);
    await lab.write('/ietf-snmp:snmp', {
      target: [
        { name: 'six', udp: { ip: '2001:db8::7', port: 1162 }, tag: ['a', 'b'], 'target-params': 'plain' },
        { name: 'station', udp: { ip: '192.0.2.9' }, timeout: 200, retries: 1, tag: ['a'], 'target-params': 'safe' },
      ],
      'target-params': [
        { name: 'plain', v2c: { 'security-name': 'reader' }, 'notify-filter-profile': 'some' },
        { name: 'safe', usm: { 'user-name': 'admin', 'security-level': 'auth-priv' } },
      ],
      notify: [{ name: 'all', tag: 'a' }],
      'notify-filter-profile': [
        { name: 'some', include: ['1.3.6.1.4.1', '1.3.6.1.2.*.3'], exclude: ['1.3.6.1.4.1.9'] },
      ],
    });
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  test('RFC 3411: the engine says who it is, how often it started and since when', async () => {
    const hex = (await value('snmpEngineID')).replace(/[" ]/gu, '').toLowerCase();
    assert.equal(hex, engineId.toString('hex'));
    assert.equal(await value('snmpEngineBoots'), '7');
    assert.match(await value('snmpEngineTime'), /^1\d\d(?: seconds)?$/u);
    assert.equal(await value('snmpEngineMaxMessageSize'), '65507');
  });

  test('RFC 3413 section 4: targets and their parameters, by IMPLIED names, IPv4 and IPv6', async () => {
    assert.deepEqual(await table('snmpTargetAddrTable'), [
      "'six'|TRANSPORT-ADDRESS-MIB::transportDomainUdpIpv6|" +
        '"20 01 0D B8 00 00 00 00 00 00 00 00 00 00 00 07  04 8A "|1500|3|a b|plain|nonVolatile|active',
      '\'station\'|SNMPv2-TM::snmpUDPDomain|"C0 00 02 09 00 A2 "|200|1|a|safe|nonVolatile|active',
    ]);
    assert.deepEqual(await table('snmpTargetParamsTable'), [
      "'plain'|1|2|reader|noAuthNoPriv|nonVolatile|active",
      "'safe'|3|3|admin|authPriv|nonVolatile|active",
    ]);
  });

  test('RFC 3413 section 5 and 6: who is told, and filters by subtree and mask', async () => {
    assert.deepEqual(await table('snmpNotifyTable'), ["'all'|a|trap|nonVolatile|active"]);
    assert.deepEqual(await table('snmpNotifyFilterProfileTable'), ["'plain'|some|nonVolatile|active"]);
    assert.deepEqual(await table('snmpNotifyFilterTable'), [
      '"some".1.3.6.1.2.0.3|"FB "|included|nonVolatile|active',
      '"some".1.3.6.1.4.1|""|included|nonVolatile|active',
      '"some".1.3.6.1.4.1.9|""|excluded|nonVolatile|active',
    ]);
  });

  test('the tables are those of the tree: a target that goes is gone, and they are not written here', async () => {
    await lab.write('/ietf-snmp:snmp/target', [
      { name: 'third', udp: { ip: '192.0.2.3' }, tag: ['c'], 'target-params': 'safe' },
    ]);
    assert.equal((await table('snmpTargetAddrTable')).length, 3);
    await lab.remove('/ietf-snmp:snmp/target[name="third"]');
    assert.equal((await table('snmpTargetAddrTable')).length, 2);
    const row = "snmpTargetAddrRowStatus.'station'";
    assert.match((await tool('snmpset', v3('admin'), row, 'i', 'destroy')).stderr, /notWritable/u);
  });

  test('RFC 3418: sysORTable lists MIB modules by names that their files know', async () => {
    const rows = await table('sysORTable');
    assert.ok(rows.length >= 9);
    // of NOTIFICATION-LOG-MIB there is no file
    for (const row of rows.filter((each) => !each.includes('|SNMPv2-SMI::mib-2.92|')))
      assert.match(row, /^\d+\|[A-Za-z0-9-]+-MIB::[A-Za-z]+\|[^|]*RFC \d{4}\|0:0:00:00\.00$/u);
    assert.match(await value('sysORLastChange'), /^0:0:00:00\.00$/u);
  });

  test('RFC 3418: snmpEnableAuthenTraps is what the tree says, and is written', async () => {
    assert.equal(await value('snmpEnableAuthenTraps'), 'disabled');
    const set = await tool('snmpset', v3('admin'), 'snmpEnableAuthenTraps.0', 'i', 'enabled');
    assert.equal(complaints(set.stderr), '');
    assert.equal(lab.read('/ietf-snmp:snmp/engine/enable-authen-traps'), true);
    assert.equal(await value('snmpEnableAuthenTraps'), 'enabled');
    await tool('snmpset', v3('admin'), 'snmpEnableAuthenTraps.0', 'i', 'disabled');
    assert.equal(lab.read('/ietf-snmp:snmp/engine/enable-authen-traps'), false);
  });

  test('each TestAndIncr is a lock of its own: a SET that holds its value counts it up, another is refused', async () => {
    const before = Number(await value('snmpTargetSpinLock'));
    const other = await value('snmpSetSerialNo');
    const lock = async (held: number) => tool('snmpset', v3('admin'), 'snmpTargetSpinLock.0', 'i', String(held));
    assert.equal((await lock(before)).status, 0);
    assert.match((await lock(before)).stderr, /inconsistentValue/u);
    assert.equal(await value('snmpTargetSpinLock'), String((before + 1) % 2 ** 31));
    assert.equal(await value('snmpSetSerialNo'), other);
  });

  const raw = (message: Buffer) => async () => {
    client.send(message);
    // whatever it is, what is behind it is answered after it
    await client.request(v3Message({}, pdu(pduType.get, 77, [])));
  };
  const ask =
    (...options: readonly string[]) =>
    async () => {
      await tool('snmpget', options, 'sysName.0');
    };
  const get = pdu(pduType.get, 5, [varbind('1.3.6.1.2.1.1.5.0')]);
  const wrong = ['-v3', '-u', 'admin', '-a', 'SHA-256'];
  const late = ['-e', `0x${engineId.toString('hex')}`, '-Z', '7,100000'];
  const provoked: readonly (readonly [counter: string, what: string, provoke: () => Promise<void>])[] = [
    ['snmpInBadVersions', 'version 7', raw(seq(int(7), text('look'), get))],
    ['snmpInBadCommunityNames', 'a wrong community', ask('-v2c', '-c', 'wrong')],
    [
      'snmpInBadCommunityUses',
      'a SET by a community',
      async () => void (await tool('snmpset', v2c, 'sysName.0', 's', 'x')),
    ],
    ['snmpInASNParseErrs', 'a bad PDU', raw(seq(int(1), text('look'), nothing))],
    ['snmpUnknownSecurityModels', 'security model 9', raw(v3Message({ securityModel: 9 }, get))],
    ['snmpInvalidMsgs', 'privacy without authentication', raw(v3Message({ flags: 6 }, get))],
    ['snmpUnknownPDUHandlers', 'a trap', async () => void (await tool('snmptrap', v2c, '', '1.3.6.1.6.3.1.1.5.1'))],
    ['snmpUnknownContexts', 'an unknown context', ask(...v3('admin'), '-n', 'elsewhere')],
    [
      'usmStatsUnsupportedSecLevels',
      'a level that the user has no keys for',
      ask(...v3('authonly').with(-1, 'authPriv'), '-x', 'AES', '-X', passPhrase),
    ],
    ['usmStatsNotInTimeWindows', 'a message out of its time', ask(...v3('admin'), ...late)],
    ['usmStatsUnknownUserNames', 'an unknown user', ask('-v3', '-u', 'nobody', '-l', 'noAuthNoPriv')],
    ['usmStatsUnknownEngineIDs', 'a discovery', ask(...v3('admin'))],
    ['usmStatsWrongDigests', 'a wrong digest', ask(...wrong, '-l', 'authNoPriv', '-A', 'wrong pass phrase')],
    [
      'usmStatsDecryptionErrors',
      'a wrong privacy key',
      ask(...wrong, '-l', 'authPriv', '-A', passPhrase, '-x', 'AES', '-X', 'wrong pass phrase'),
    ],
  ];
  for (const [counter, what, provoke] of provoked) {
    test(`${counter} counts ${what}, once`, async () => {
      const before = Number(await value(counter));
      await provoke();
      assert.equal(Number(await value(counter)), before + 1);
    });
  }

  test('snmpInPkts counts every message; what cannot happen here reads 0', async () => {
    const before = Number(await value('snmpInPkts'));
    assert.equal(Number(await value('snmpInPkts')), before + 1);
    for (const name of ['snmpProxyDrops', 'snmpUnavailableContexts', 'snmpSilentDrops'])
      assert.equal(await value(name), '0');
  });

  test('a walk with GETNEXT and one with GETBULK find the same objects, and each name resolves', async () => {
    const names = async (name: string) => {
      const { stdout } = await tool(name, [...v3('admin'), '-Oqs'], '1.3.6.1.6.3');
      return stdout.split('\n').map((line) => line.split(' ')[0]!);
    };
    const walked = await names('snmpwalk');
    assert.ok(walked.length > 50);
    assert.deepEqual(await names('snmpbulkwalk'), walked);
    for (const name of walked.filter(Boolean)) assert.match(name, /^(?:snmp|usm|vacm|[0-9A-F]{2}$)/u);
  });
});
