import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, suite, test } from 'node:test';
import { run } from '../../support/run.js';
import { requireTool } from '../../support/tools.js';
import { labOid as base, type Lab, labUsers, ok, passPhrase, startLab, tool, v2c, v3 } from './support/lab.js';

const snmp = requireTool('snmpget');

suite('Net-SNMP tools', snmp, () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab();
    await lab.write('/signet-lab:lab', {
      number: 5,
      text: 'abc',
      item: Array.from({ length: 30 }, (_, index) => ({ id: (index * 7) % 31, label: `item ${String(index)}` })),
    });
  });
  after(() => lab.close());

  for (const user of Object.keys(labUsers)) {
    test(`v3 user ${user}: discovery, time and GET with his algorithms`, async () => {
      assert.equal(await ok(lab, 'snmpget', v3(user), `${base}.3.0`), `.${base}.3.0 = INTEGER: 5`);
    });
  }

  test('a walk of everything is in order, ends, and GETBULK gives the same', async () => {
    const walk = await ok(lab, 'snmpwalk', [...v2c, '-Cc'], '.1');
    const names = walk
      .split('\n')
      .filter((line) => line.startsWith('.1'))
      .map((line) => line.split(' ')[0]!.slice(1).split('.').map(Number));
    assert.ok(names.length > 100);
    for (const [index, name] of names.entries())
      assert.ok(index === 0 || precedes(names[index - 1]!, name), name.join('.'));
    // up time, packets, engine time
    const counting = /^\.1\.3\.6\.1\.(?:2\.1\.(?:1\.3|11\.1)|6\.3\.10\.2\.1\.3)\.0 /u;
    const stable = (text: string) => text.split('\n').filter((line) => !counting.test(line));
    assert.deepEqual(stable(await ok(lab, 'snmpbulkwalk', [...v2c, '-Cc', '-Cr25'], '.1')), stable(walk));
    assert.match(walk, /No more variables left in this MIB View/u);
  });

  test('an SNMPv1 walk ends with noSuchName', async () => {
    const { status, stdout, stderr } = await tool(lab, 'snmpwalk', ['-v1', '-c', 'look'], '.1.3.6.1.4.1.32473.1.99');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /End of MIB|\.24\.|\.200\./u);
    assert.doesNotMatch(stdout, /Counter64|No more variables/u);
  });

  test('wrong digests, unknown users and foreign engine IDs are told apart', async () => {
    const wrong = ['-v3', '-u', 'admin', '-l', 'authNoPriv', '-a', 'SHA-256', '-A', 'something else'];
    assert.match((await tool(lab, 'snmpget', wrong, `${base}.3.0`)).stderr, /Authentication failure/u);
    const unknown = ['-v3', '-u', 'nobody', '-l', 'noAuthNoPriv'];
    assert.match((await tool(lab, 'snmpget', unknown, `${base}.3.0`)).stderr, /Unknown user name/u);
    const foreign = [...v3('admin'), '-e', '0x80001f8805aabbccdd'];
    assert.match((await tool(lab, 'snmpget', foreign, `${base}.3.0`)).stderr, /Timeout|[Ee]ngine/u);
    const answer = await tool(
      lab,
      'snmpget',
      ['-v3', '-u', 'admin', '-l', 'authNoPriv', '-a', 'SHA-256', '-A', passPhrase],
      `${base}.3.0`,
    );
    assert.match(answer.stdout + answer.stderr, /authorizationError/u);
  });

  test('SET of two varbinds, one of them bad, changes nothing and names the bad one', async () => {
    const { status, stderr } = await tool(
      lab,
      'snmpset',
      v3('admin'),
      `${base}.4.0`,
      's',
      'new',
      `${base}.3.0`,
      'i',
      '1000',
    );
    assert.equal(status, 2);
    assert.match(stderr, /wrongValue/u);
    assert.match(stderr, /Failed object: \.1\.3\.6\.1\.4\.1\.32473\.1\.99\.3\.0/u);
    assert.equal(lab.read('/signet-lab:lab/text'), 'abc');
    const missing = await tool(lab, 'snmpset', v3('admin'), `${base}.4.0`, 's', 'new', `${base}.88.0`, 'i', '1');
    assert.match(missing.stderr, /notWritable/u);
    assert.equal(lab.read('/signet-lab:lab/text'), 'abc');
  });

  test('rows are made and removed', async () => {
    await ok(lab, 'snmpset', v3('sha512'), `${base}.20.1.200.99`, 'i', '4', `${base}.20.1.2.99`, 's', 'ninety-nine');
    assert.equal(await ok(lab, 'snmpget', v2c, `${base}.20.1.2.99`), `.${base}.20.1.2.99 = STRING: "ninety-nine"`);
    await ok(lab, 'snmpset', v3('sha1'), `${base}.20.1.200.99`, 'i', '6');
    assert.match(await ok(lab, 'snmpget', v2c, `${base}.20.1.2.99`), /No Such Instance/u);
  });

  test('A6: IPv6 is served', async () => {
    const six = await startLab({ address: '::1' });
    try {
      assert.equal(six.module.listening()[0]?.address, '::1');
      const args = [...v2c, '-On', '-r', '0', `udp6:[::1]:${String(six.port)}`, '1.3.6.1.2.1.1.5.0'];
      const { stdout } = await run('snmpget', args, { env: { MIBS: '' } });
      assert.match(stdout, /signet/u);
    } finally {
      await six.close();
    }
  });
});

const python = '/usr/bin/python3';
const hasPysnmp = await run(python, ['-c', 'import pysnmp']).then(
  ({ status }) => status === 0,
  () => false,
);
if (!hasPysnmp && process.env['CI'] === 'true')
  throw new Error('pysnmp is not installed, and CI=true forbids skipping');
if (!hasPysnmp) console.log('skipped: pysnmp is not installed');

suite('pysnmp', { skip: hasPysnmp ? false : 'pysnmp is not installed' }, () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab();
    await lab.write('/signet-lab:lab', { number: 5 });
  });
  after(() => lab.close());

  const python3 = (auth: string, call: string) =>
    run(python, ['-c', program, String(lab.port), auth, call], { env: { PYTHONWARNINGS: 'ignore' } });

  for (const [name, auth] of Object.entries({
    'SHA-1 and AES-128': 'UsmUserData("sha1", P, P, usmHMACSHAAuthProtocol, usmAesCfb128Protocol)',
    'MD5 and DES': 'UsmUserData("old", P, P, usmHMACMD5AuthProtocol, usmDESPrivProtocol)',
    'SHA-256 and AES-128': 'UsmUserData("admin", P, P, usmHMAC192SHA256AuthProtocol, usmAesCfb128Protocol)',
    'SHA-1 and AES-256 by Blumenthal':
      'UsmUserData("blumenthal", P, P, usmHMACSHAAuthProtocol, usmAesBlumenthalCfb256Protocol)',
    'SHA-1 and AES-256 by Reeder': 'UsmUserData("reeder", P, P, usmHMACSHAAuthProtocol, usmAesCfb256Protocol)',
  })) {
    test(`v3 with ${name} at first contact`, async () => {
      const { stdout, stderr } = await python3(auth, 'getCmd');
      assert.equal(stdout.trim(), '0 0 5', stderr);
    });
  }

  test('SNMPv1: a Counter64 is noSuchName, and a walk ends', async () => {
    const missing = await python3('CommunityData("look", mpModel=0)', 'counter');
    assert.equal(missing.stdout.trim(), '2 1', missing.stderr);
    const walk = await python3('CommunityData("look", mpModel=0)', 'walk');
    assert.match(walk.stdout, /^end \d+\n$/u, walk.stderr);
  });
});

const program = `
import sys
from pysnmp.hlapi import *
P = '${passPhrase}'
port, auth, call = int(sys.argv[1]), eval(sys.argv[2]), sys.argv[3]
engine = SnmpEngine()
target = UdpTransportTarget(('127.0.0.1', port), timeout=3, retries=1)
def one(name):
    return next(getCmd(engine, auth, target, ContextData(), ObjectType(ObjectIdentity(name))))
if call == 'walk':
    count = 0
    for failure, status, index, binds in nextCmd(engine, auth, target, ContextData(), ObjectType(ObjectIdentity('${base}')), lexicographicMode=True):
        if failure: raise SystemExit(str(failure))
        if status: break
        count += 1
    print('end', count)
else:
    failure, status, index, binds = one('${base}.2.0' if call == 'counter' else '${base}.3.0')
    if failure: raise SystemExit(str(failure))
    print(int(status), int(index), *([] if call == 'counter' else [int(binds[0][1])]))
`;

interface NpmSession {
  get(
    oids: readonly string[],
    done: (error: Error | null, varbinds: readonly { readonly value: unknown }[]) => void,
  ): void;
  close(): void;
}
interface Npm {
  readonly AuthProtocols: Readonly<Record<string, number>>;
  readonly PrivProtocols: Readonly<Record<string, number>>;
  readonly SecurityLevel: Readonly<Record<string, number>>;
  createV3Session(host: string, user: object, options: object): NpmSession;
}

suite('net-snmp of npm', () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab();
    await lab.write('/signet-lab:lab', { number: 5 });
  });
  after(() => lab.close());

  for (const [name, auth, priv] of [
    ['admin', 'sha256', 'aes'],
    ['sha224', 'sha224', 'aes'],
    ['sha512', 'sha512', 'aes256b'],
    ['blumenthal', 'sha', 'aes256b'],
    ['reeder', 'sha', 'aes256r'],
  ] as const) {
    test(`its Session reads as ${name}`, async () => {
      const npm = createRequire(import.meta.url)('net-snmp') as Npm;
      const user = {
        name,
        level: npm.SecurityLevel['authPriv'],
        authProtocol: npm.AuthProtocols[auth],
        authKey: passPhrase,
        privProtocol: npm.PrivProtocols[priv],
        privKey: passPhrase,
      };
      const session = npm.createV3Session('127.0.0.1', user, { port: lab.port, timeout: 3000, retries: 0 });
      try {
        const value = await new Promise((resolve, reject) => {
          session.get([`${base}.3.0`], (error, varbinds) =>
            error === null ? resolve(varbinds[0]?.value) : reject(error),
          );
        });
        assert.equal(value, 5);
      } finally {
        session.close();
      }
    });
  }
});

function precedes(one: readonly number[], other: readonly number[]): boolean {
  for (const [index, arc] of one.entries()) {
    const against = other[index];
    if (against === undefined) return false;
    if (arc !== against) return arc < against;
  }
  return one.length <= other.length;
}
