import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { run } from '../../support/run.js';
import { engineId, type Lab, startLab, v2c, v3 } from './support/lab.js';
import { complaints, ietfMibs, skipOf } from './support/mib-tools.js';

const modules = [
  'SNMP-FRAMEWORK-MIB',
  'SNMP-TARGET-MIB',
  'SNMP-COMMUNITY-MIB',
  'SNMP-USER-BASED-SM-MIB',
  'SNMP-USM-AES-MIB',
  'SNMP-USM-HMAC-SHA2-MIB',
  'SNMP-VIEW-BASED-ACM-MIB',
];
const secret = 'kept to itself';

suite(
  'users, views and communities in the MIB modules of the IETF, read with their own MIB files',
  skipOf('snmptable'),
  () => {
    let lab: Lab;
    const tool = async (name: string, options: readonly string[], ...operands: readonly string[]) => {
      const files = ['-M', ietfMibs!, '-m', modules.join(':'), '-r', '0', '-t', '3'];
      return run(name, [...options, ...files, `127.0.0.1:${String(lab.port)}`, ...operands]);
    };
    const table = async (name: string): Promise<string[]> => {
      const { stdout, stderr } = await tool('snmptable', [...v3('admin'), '-Ci', '-Cf', '|'], name);
      assert.equal(complaints(stderr), '');
      return stdout.trim().split('\n').slice(3);
    };

    before(async () => {
      lab = await startLab();
      const key = Buffer.alloc(32, 7).toString('base64');
      const keys = { 'authentication-key': key, 'privacy-key': key };
      await lab.write('/signet-access:users/user', [
        { name: 'ann', role: 'administrator', snmp: keys },
        { name: 'bob', snmp: { 'authentication-protocol': 'sha1', 'privacy-protocol': 'aes256c', ...keys } },
        { name: 'eve', snmp: { 'authentication-protocol': 'sha512', 'authentication-key': key } },
        { name: 'web' },
      ]);
      await lab.write('/ietf-snmp:snmp', {
        community: [
          { index: 'one', 'text-name': secret, 'security-name': 'reader', 'target-tag': 'near' },
          { index: 'two', 'binary-name': '/wA=', 'security-name': 'other' },
        ],
        'target-params': [{ name: 'p', v2c: { 'security-name': 'reader' } }],
        target: [
          { name: 'far', udp: { ip: '2001:db8::', 'prefix-length': 33 }, 'target-params': 'p' },
          { name: 'near', udp: { ip: '192.0.2.0', 'prefix-length': 24 }, tag: ['near'], 'target-params': 'p' },
        ],
        vacm: {
          group: [
            {
              name: 'managers',
              member: [
                { 'security-name': 'admin', 'security-model': ['usm'] },
                { 'security-name': 'reader', 'security-model': ['v1', 2] },
              ],
              access: [
                {
                  context: '',
                  'security-model': 'any',
                  'security-level': 'no-auth-no-priv',
                  'read-view': 'all',
                  'write-view': 'all',
                },
                {
                  context: 'br',
                  'context-match': 'prefix',
                  'security-model': 'usm',
                  'security-level': 'auth-priv',
                  'notify-view': 'all',
                },
              ],
            },
          ],
          view: [
            { name: 'all', include: ['1'] },
            { name: 'some', include: ['1.3.6.1.2.1.2.2.1.*.3'], exclude: ['1.3.6.1.6.3'] },
          ],
        },
      });
    });
    after(() => lab.close());

    test('RFC 3414 usmUserTable: users with keys and their algorithms (RFC 7860, RFC 3826), never a key', async () => {
      const engine = `"${engineId.toString('latin1').replace(/[^ -~]/gu, '.')}"`;
      const [usm, hmac] = ['SNMP-USER-BASED-SM-MIB', 'SNMP-USM-HMAC-SHA2-MIB'];
      const rest = '""|""|""|nonVolatile|active';
      assert.deepEqual(await table('usmUserTable'), [
        `${engine}."ann"|ann|SNMPv2-SMI::zeroDotZero|${hmac}::usmHMAC192SHA256AuthProtocol|""|""|SNMP-USM-AES-MIB::usmAesCfb128Protocol|${rest}`,
        `${engine}."bob"|bob|SNMPv2-SMI::zeroDotZero|${usm}::usmHMACSHAAuthProtocol|""|""|SNMPv2-SMI::enterprises.9.12.6.1.2|${rest}`,
        `${engine}."eve"|eve|SNMPv2-SMI::zeroDotZero|${hmac}::usmHMAC384SHA512AuthProtocol|""|""|${usm}::usmNoPrivProtocol|${rest}`,
      ]);
    });

    test('RFC 3415: contexts, groups, access and views', async () => {
      assert.deepEqual(await table('vacmContextTable'), ['""|']);
      assert.deepEqual(await table('vacmSecurityToGroupTable'), [
        '1."reader"|managers|nonVolatile|active',
        '2."reader"|managers|nonVolatile|active',
        '3."admin"|managers|nonVolatile|active',
      ]);
      assert.deepEqual(await table('vacmAccessTable'), [
        '"managers"."".0.noAuthNoPriv|exact|all|all||nonVolatile|active',
        '"managers"."br".3.authPriv|prefix|||all|nonVolatile|active',
      ]);
      assert.deepEqual(await table('vacmViewTreeFamilyTable'), [
        '"all".1.1|""|included|nonVolatile|active',
        '"some".6.1.3.6.1.6.3|""|excluded|nonVolatile|active',
        '"some".11.1.3.6.1.2.1.2.2.1.0.3|"FF BF "|included|nonVolatile|active',
      ]);
    });

    test('RFC 3584: communities without their names, and the networks of targets', async () => {
      const engine = `"${engineId.toString('hex').toUpperCase().replace(/../gu, '$& ')}"`;
      assert.deepEqual(await table('snmpCommunityTable'), [
        `'one'|""|reader|${engine}||near|nonVolatile|active`,
        `'two'|""|other|${engine}|||nonVolatile|active`,
      ]);
      assert.deepEqual(await table('snmpTargetAddrExtTable'), [
        `'far'|"FF FF FF FF 80 00 00 00 00 00 00 00 00 00 00 00  00 00 "|65507`,
        `'near'|"FF FF FF 00 00 00 "|65507`,
      ]);
    });

    test('no community sees them, and nobody writes them here', async () => {
      const { stdout } = await tool('snmpwalk', v2c, '.1.3.6.1.6.3');
      assert.doesNotMatch(stdout, /usmUser|vacm|snmpCommunity|snmpTargetAddrTMask/u);
      for (const subtree of ['15.1.2', '16.1', '18.1']) {
        const walk = await tool('snmpwalk', [...v3('admin'), '-On'], `.1.3.6.1.6.3.${subtree}`);
        assert.doesNotMatch(walk.stdout, new RegExp(`${secret}|07 07 07 07|FF 00 *"`, 'u'));
      }
      const row = [engineId.length, ...engineId, 3, ...Buffer.from('bob')].join('.');
      const set = await tool('snmpset', v3('admin'), `usmUserStatus.${row}`, 'i', 'destroy');
      assert.match(set.stderr, /notWritable/u);
    });
  },
);
