import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { on, once } from 'node:events';
import { after, before, beforeEach, suite, test } from 'node:test';
import { ConfigError } from '../../../src/error.js';
import { AccessControl } from '../../../src/northbound/snmp/access-control.js';
import type { SnmpConfig } from '../../../src/northbound/snmp/config.js';
import type { MibObject } from '../../../src/northbound/snmp/model.js';
import { familiesOf } from '../../../src/northbound/snmp/subtrees.js';
import { type AccessEntry, accessEntry, memberKey, type Vacm } from '../../../src/northbound/snmp/vacm.js';
import { View } from '../../../src/northbound/snmp/views.js';
import { labOid as base, type Lab, ok, passPhrase, startLab, tool, v3 } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, text, v1, v2c, varbind } from './support/raw.js';

suite('vacmAccessTable: the order of preference among entries (RFC 3415)', () => {
  const entry = (
    read: string,
    [context, match, model, level]: readonly [string, AccessEntry['match'], number, AccessEntry['level']],
  ): AccessEntry => ({ context, match, model, level, views: { read, write: undefined, notify: undefined } });
  const chosen = (entries: readonly AccessEntry[], level: AccessEntry['level'] = 'authPriv', context = 'bridge1') => {
    const vacm: Vacm = {
      members: new Map([[memberKey(3, 'x'), 'g']]),
      access: new Map([['g', entries]]),
      views: new Map(),
    };
    return accessEntry(vacm, 3, 'x', level, context)?.views.read;
  };

  test('the model of the message goes before any model, whatever the rest is', () => {
    const any = entry('any', ['bridge1', 'exact', 0, 'authPriv']);
    const own = entry('own', ['', 'prefix', 3, 'noAuthNoPriv']);
    assert.equal(chosen([any, own]), 'own');
    assert.equal(chosen([own, any]), 'own');
  });

  test('then the context itself, then the longest prefix, then the highest level', () => {
    const exact = entry('exact', ['bridge1', 'exact', 3, 'noAuthNoPriv']);
    const long = entry('long', ['bridge', 'prefix', 3, 'noAuthNoPriv']);
    const short = entry('short', ['br', 'prefix', 3, 'authNoPriv']);
    const higher = entry('higher', ['br', 'prefix', 3, 'authPriv']);
    assert.equal(chosen([higher, short, long, exact]), 'exact');
    assert.equal(chosen([higher, short, long]), 'long');
    assert.equal(chosen([short, higher]), 'higher');
  });

  test('an entry for a higher level, another model or another context is none', () => {
    assert.equal(chosen([entry('a', ['bridge1', 'exact', 3, 'authPriv'])], 'authNoPriv'), undefined);
    assert.equal(chosen([entry('a', ['bridge1', 'exact', 2, 'noAuthNoPriv'])]), undefined);
    assert.equal(chosen([entry('a', ['bridge', 'exact', 3, 'noAuthNoPriv'])]), undefined);
    assert.equal(chosen([entry('a', ['bridge1x', 'prefix', 3, 'noAuthNoPriv'])]), undefined);
  });
});

/** The rows of vacmViewTreeFamilyTable as RFC 3415 has them: subtree, mask, type. */
interface TreeFamily {
  readonly subtree: readonly number[];
  readonly mask: readonly boolean[];
  readonly included: boolean;
}

/** RFC 3415 section 4, word by word. */
function isInView(families: readonly TreeFamily[], name: readonly number[]): boolean {
  const matching = families.filter(
    ({ subtree, mask }) =>
      name.length >= subtree.length && subtree.every((arc, index) => !mask[index] || name[index] === arc),
  );
  const longest = Math.max(0, ...matching.map(({ subtree }) => subtree.length));
  const candidates = matching.filter(({ subtree }) => subtree.length === longest);
  const text = ({ subtree }: TreeFamily) => subtree.map((arc) => String(arc).padStart(10, '0')).join('.');
  return candidates.sort((one, other) => (text(one) < text(other) ? 1 : -1))[0]?.included === true;
}

/** xorshift: the same families at each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function randomFamilies(next: (below: number) => number, around: readonly number[], widest: number): TreeFamily[] {
  const families = new Map<string, TreeFamily>();
  for (let count = 1 + next(6); count > 0; count -= 1) {
    const length = 3 + next(around.length - 2);
    const mask = around.slice(0, length).map((_, index) => index < 4 || next(4) > 0);
    const subtree = mask.map((is, index) => (is ? (index > 5 ? next(widest) : around[index]!) : 0));
    families.set(subtree.join('.'), { subtree, mask, included: next(3) > 0 });
  }
  return [...families.values()];
}

function asTexts(families: readonly TreeFamily[]) {
  const of = (included: boolean) =>
    families
      .filter((family) => family.included === included)
      .map(({ subtree, mask }) => subtree.map((arc, index) => (mask[index] ? String(arc) : '*')).join('.'));
  return { include: of(true), exclude: of(false) };
}

test('a compiled view holds the instances that RFC 3415 section 4 says, 400 random views', () => {
  const next = numbers(20_415);
  const object = (oid: readonly number[], isColumn: boolean) =>
    ({ oid, table: isColumn ? {} : undefined }) as unknown as MibObject;
  const objects = [0, 1, 2].flatMap((arc) => [
    object([1, 3, 6, 1, 4, 1, arc], false),
    object([1, 3, 6, 1, 4, 1, 3, 1, arc], true),
  ]);
  const sorted = objects.toSorted((a, b) => (a.oid.join('.') < b.oid.join('.') ? -1 : 1));
  const seen = new Set<number>();
  for (let round = 0; round < 400; round += 1) {
    const families = randomFamilies(next, [1, 3, 6, 1, 4, 1, 3, 1, 1, 2, 2], 4);
    const view = View.of(sorted, familiesOf(asTexts(families)));
    for (const [at, each] of sorted.entries()) {
      seen.add(view.leaves[at]!);
      const rows = each.table === undefined ? [[0]] : [[0], [1], [2, 2], [3, 1], [2, 0, 7]];
      for (const row of rows) {
        const name = [...each.oid, ...row];
        const key = row.length === 1 ? row[0]! : row.map((arc) => String.fromCharCode(0, arc)).join('');
        const expected = isInView(families, name);
        assert.equal(view.holds(at, name, name.length), expected, `${name.join('.')} ${JSON.stringify(families)}`);
        assert.equal(view.holdsRow(at, each, key), expected);
      }
    }
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2]);
});

test('a view is compiled once for a change of the configuration, and shared by all who have it', () => {
  const vacm = (include: string): Vacm => ({
    members: new Map(['x', 'y'].map((name) => [memberKey(3, name), 'g'])),
    access: new Map([['g', [{ context: '', match: 'exact', model: 0, level: 'noAuthNoPriv', views: all }]]]),
    views: new Map([['all', { include: [include], exclude: [] }]]),
  });
  const all = { read: 'all', write: 'all', notify: undefined };
  const config = (include: string): SnmpConfig => ({ ...noConfig, vacm: vacm(include) });
  let current = config('1.3');
  const control = new AccessControl([], () => current);
  const of = (securityName: string, level: 'authNoPriv' | 'authPriv', type: 'read' | 'write') =>
    control.view({ model: 'usm', securityName, level, highest: 'authPriv' }, type);
  const first = of('x', 'authPriv', 'read');
  assert.ok(first !== undefined);
  assert.equal(of('x', 'authPriv', 'read'), first);
  assert.equal(of('y', 'authPriv', 'write'), first);
  assert.equal(of('y', 'authNoPriv', 'read'), first);
  // without what is under nacm:default-deny-all
  assert.notEqual(of('y', 'authNoPriv', 'write'), first);
  assert.equal(of('stranger', 'authPriv', 'read'), undefined);
  current = config('1.3.6');
  assert.notEqual(of('x', 'authPriv', 'read'), first);
});

const noConfig = {
  authenticationTraps: false,
  communities: [],
  targets: [],
  notifyTags: { trap: new Set<string>(), inform: new Set<string>() },
  filters: new Map(),
};

suite('VACM of the tree (RFC 7407)', () => {
  let lab: Lab;
  let client: RawClient;
  const access = (level: string, views: object, model = 'any') => ({
    context: '',
    'security-model': model,
    'security-level': level,
    ...views,
  });
  const member = (name: string, ...models: string[]) => ({ 'security-name': name, 'security-model': models });
  const configure = async (vacm: object) => {
    await lab.remove('/ietf-snmp:snmp');
    await lab.write('/ietf-snmp:snmp', {
      community: [{ index: 'public', 'security-name': 'reader' }],
      vacm: vacm as never,
    });
  };
  const authOnly = ['-v3', '-u', 'admin', '-l', 'authNoPriv', '-a', 'SHA-256', '-A', passPhrase];
  const role = '1.3.6.1.4.1.32473.1.11.1.1.5.112.101.116.101.114';

  before(async () => {
    lab = await startLab({ fromTree: true });
    client = new RawClient(lab.port);
    await lab.write('/signet-access:users/user', [{ name: 'peter', role: 'viewer' }]);
    await lab.write('/signet-lab:lab', {
      number: 5,
      text: 'abc',
      item: [1, 2, 3].map((id) => ({ id, label: `item ${String(id)}`, size: 10 + id })),
    });
  });
  beforeEach(() => lab.remove('/ietf-snmp:snmp'));
  after(async () => {
    client.close();
    await lab.close();
  });

  test('without groups a user has everything at the level of his keys, a lower one is authorizationError (U7)', async () => {
    assert.equal(await ok(lab, 'snmpget', v3('admin'), `${base}.3.0`), `.${base}.3.0 = INTEGER: 5`);
    const lower = await tool(lab, 'snmpget', authOnly, `${base}.3.0`);
    assert.match(lower.stdout + lower.stderr, /authorizationError/u);
  });

  test('with groups a principal in none gets authorizationError, a v1 community noSuchName (RFC 3584 section 4.4)', async () => {
    await configure({ group: [{ name: 'empty' }] });
    const v3Answer = await tool(lab, 'snmpget', v3('admin'), `${base}.3.0`);
    assert.match(v3Answer.stdout + v3Answer.stderr, /authorizationError/u);
    const get = pdu(pduType.get, 5, [varbind(`${base}.3.0`)]);
    const answer = await client.request(v2c(get, 'public'));
    assert.deepEqual([answer.status, answer.index], [16, 0]);
    const old = await client.request(v1(get, 'public'));
    assert.equal(old.status, 2);
  });

  test('a level below that of the keys is enough where the entry says so; the view of the higher level differs', async () => {
    await configure({
      group: [
        {
          name: 'g',
          member: [member('admin', 'usm')],
          access: [
            access('auth-no-priv', { 'read-view': 'little' }),
            access('auth-priv', { 'read-view': 'more', 'write-view': 'little' }),
          ],
        },
      ],
      view: [
        { name: 'little', include: [`${base}.3`] },
        { name: 'more', include: [base] },
      ],
    });
    assert.equal(await ok(lab, 'snmpget', authOnly, `${base}.3.0`), `.${base}.3.0 = INTEGER: 5`);
    assert.match(await ok(lab, 'snmpget', authOnly, `${base}.4.0`), /No Such Object/u);
    assert.match(await ok(lab, 'snmpget', v3('admin'), `${base}.4.0`), /abc/u);
    const refused = await tool(lab, 'snmpset', authOnly, `${base}.3.0`, 'i', '6');
    assert.match(refused.stderr, /authorizationError/u);
    const outside = await tool(lab, 'snmpset', v3('admin'), `${base}.4.0`, 's', 'x');
    assert.match(outside.stderr, /noAccess/u);
    const nowhere = await tool(lab, 'snmpset', v3('admin'), '1.3.6.1.4.1.32473.7.0', 'i', '1');
    assert.match(nowhere.stderr, /noAccess/u);
    await ok(lab, 'snmpset', v3('admin'), `${base}.3.0`, 'i', '6');
    assert.equal(lab.read('/signet-lab:lab/number'), 6);
  });

  test('outside the read view nothing exists: GET noSuchObject, GETNEXT and GETBULK go past it (P5)', async () => {
    await configure({
      group: [
        { name: 'g', member: [member('reader', 'v2c')], access: [access('no-auth-no-priv', { 'read-view': 'some' })] },
      ],
      view: [{ name: 'some', include: [`${base}.3`, `${base}.20.1.2`], exclude: [`${base}.20.1.2.2`] }],
    });
    const options = ['-v2c', '-c', 'public'];
    const expected = [`.${base}.3.0`, `.${base}.20.1.2.1`, `.${base}.20.1.2.3`];
    for (const walker of ['snmpwalk', 'snmpbulkwalk']) {
      const names = (await ok(lab, walker, options, '.1')).split('\n').map((line) => line.split(' ')[0]);
      assert.deepEqual(names.slice(0, 3), expected);
      assert.match(names.slice(3).join(), /^(?:No|\.1\.3\.6\.1\.4\.1\.32473\.1\.99\.20\.1\.2\.3)?$/u);
    }
    assert.match(await ok(lab, 'snmpget', options, `${base}.4.0`), /No Such Object/u);
    assert.match(await ok(lab, 'snmpget', options, `${base}.20.1.2.2`), /No Such Instance/u);
  });

  test('a community writes where it has a write view, and never sees or sets what is under nacm:default-deny-all', async () => {
    await configure({
      group: [
        {
          name: 'g',
          member: [member('reader', 'v2c', 'v1')],
          access: [access('no-auth-no-priv', { 'read-view': 'all', 'write-view': 'all' })],
        },
      ],
      view: [{ name: 'all', include: ['1'] }],
    });
    const options = ['-v2c', '-c', 'public'];
    await ok(lab, 'snmpset', options, `${base}.3.0`, 'i', '7');
    assert.equal(lab.read('/signet-lab:lab/number'), 7);
    assert.match(await ok(lab, 'snmpget', options, role), /No Such Object/u);
    const refused = await tool(lab, 'snmpset', options, role, 'i', '0');
    assert.match(refused.stderr, /noAccess/u);
  });

  test('S9: an SNMPv1 SET answers with the codes of RFC 3584 section 4.4', async () => {
    await configure({
      group: [
        {
          name: 'g',
          member: [member('reader', 'v1')],
          access: [access('no-auth-no-priv', { 'read-view': 'all', 'write-view': 'some' })],
        },
      ],
      view: [
        { name: 'all', include: ['1'] },
        { name: 'some', include: [`${base}`], exclude: [`${base}.8`] },
      ],
    });
    await lab.write('/signet-lab:lab', { number: 5, text: 'abc' });
    const [noSuchName, badValue, genErr] = [2, 3, 5];
    let requestId = 900;
    const set = async (at: string, value: Buffer) => {
      requestId += 1;
      const body = pdu(pduType.set, requestId, [varbind(`${base}.3.0`, int(9)), varbind(`${base}.${at}`, value)]);
      const { status, index, varbinds } = await client.request(v1(body, 'public'));
      assert.equal(varbinds.length, 2);
      return [status, index];
    };
    for (const [was, at, value, expected] of [
      ['wrongType', '4.0', int(1), badValue],
      ['wrongLength', '4.0', text('x'.repeat(21)), badValue],
      ['wrongEncoding', '4.0', text(Buffer.from([0xff, 0xfe])), badValue],
      ['wrongValue', '7.0', int(3), badValue],
      ['inconsistentValue', '20.1.200.1', int(4), badValue],
      ['noAccess', '8.0', int(1, 0x42), noSuchName],
      ['notWritable', '1.0', int(1, 0x41), noSuchName],
      ['noCreation', '4.1', text('x'), noSuchName],
      ['inconsistentName', '20.1.2.9', text('x'), noSuchName],
    ] as const)
      assert.deepEqual(await set(at, value), [expected, 2], was);
    for (const tag of ['operation-failed', 'resource-denied', 'rollback-failed'] as const) {
      lab.gate.wait = () => Promise.reject(new ConfigError({ tag, message: 'not today' }));
      assert.equal((await set('4.0', text('x')))[0], genErr, tag);
    }
    lab.gate.wait = undefined;
    assert.equal(lab.read('/signet-lab:lab/number'), 5);
    assert.deepEqual(await set('4.0', text('x')), [0, 0]);
    await lab.write('/signet-lab:lab', { number: 5, text: 'abc' });
  });

  test('a SET of a community that comes again runs once', async () => {
    await configure({
      group: [
        { name: 'g', member: [member('reader', 'v2c')], access: [access('no-auth-no-priv', { 'write-view': 'all' })] },
      ],
      view: [{ name: 'all', include: ['1'] }],
    });
    const set = v2c(pdu(pduType.set, 9001, [varbind(`${base}.3.0`, int(8))]), 'public');
    assert.equal((await client.request(set)).status, 0);
    await lab.write('/signet-lab:lab/number', 9);
    assert.equal((await client.request(set)).status, 0);
    assert.equal(lab.read('/signet-lab:lab/number'), 9);
  });

  test('what is under nacm:default-deny-all is set with privacy only', async () => {
    await configure({
      group: [
        {
          name: 'g',
          member: [member('admin', 'usm')],
          access: [access('auth-no-priv', { 'read-view': 'all', 'write-view': 'all' })],
        },
      ],
      view: [{ name: 'all', include: ['1'] }],
    });
    assert.match(await ok(lab, 'snmpget', authOnly, role), /INTEGER: 2/u);
    assert.match((await tool(lab, 'snmpset', authOnly, role, 'i', '0')).stderr, /noAccess/u);
    await ok(lab, 'snmpset', v3('admin'), role, 'i', '1');
    assert.equal(lab.read("/signet-access:users/user[name='peter']/role"), 'operator');
    await ok(lab, 'snmpset', v3('admin'), role, 'i', '2');
  });

  test('a view gives no more than access control of the tree allows (RFC 8341)', async () => {
    await configure({
      group: [
        {
          name: 'g',
          member: [member('admin', 'usm'), member('sha1', 'usm')],
          access: [access('auth-priv', { 'read-view': 'all', 'write-view': 'all' })],
        },
      ],
      view: [{ name: 'all', include: ['1'] }],
    });
    const permit = { name: 'all', 'access-operations': '*', action: 'permit' };
    await lab.write('/ietf-netconf-acm:nacm', {
      'enable-nacm': true,
      groups: { group: [{ name: 'masters', 'user-name': ['admin'] }] },
      'rule-list': [{ name: 'masters', group: ['masters'], rule: [permit] }],
    });
    try {
      const groupOfSha1 = '1.3.6.1.6.3.16.1.2.1.3.3.4.115.104.97.49';
      assert.match(await ok(lab, 'snmpget', v3('admin'), groupOfSha1), /STRING: "?g"?$/u);
      assert.match(await ok(lab, 'snmpget', v3('sha1'), groupOfSha1), /No Such/u);
      assert.match(await ok(lab, 'snmpget', v3('sha1'), `${base}.4.0`), /abc/u);
      assert.match((await tool(lab, 'snmpset', v3('sha1'), `${base}.4.0`, 's', 'x')).stderr, /noAccess/u);
      await ok(lab, 'snmpset', v3('admin'), `${base}.4.0`, 's', 'abc');
      assert.equal(lab.read('/signet-lab:lab/text'), 'abc');
    } finally {
      await lab.write('/ietf-netconf-acm:nacm', { 'enable-nacm': false });
    }
  });

  test('an Unset object takes away only what the write view holds', async () => {
    await configure({
      group: [
        {
          name: 'g',
          member: [member('admin', 'usm')],
          access: [access('auth-priv', { 'read-view': 'all', 'write-view': 'part' })],
        },
      ],
      view: [
        { name: 'all', include: ['1'] },
        { name: 'part', include: ['1'], exclude: [`${base}.4`, `${base}.20.1.*.2`] },
      ],
    });
    assert.match((await tool(lab, 'snmpset', v3('admin'), `${base}.201.0`, 'u', '4')).stderr, /noAccess/u);
    assert.match((await tool(lab, 'snmpset', v3('admin'), `${base}.20.1.201.2`, 'u', '3')).stderr, /noAccess/u);
    await ok(lab, 'snmpset', v3('admin'), `${base}.20.1.201.3`, 'u', '3');
    assert.equal(lab.read("/signet-lab:lab/item[id='3']/size"), undefined);
    assert.equal(lab.read("/signet-lab:lab/item[id='2']/size"), 12);
    assert.equal(lab.read('/signet-lab:lab/text'), 'abc');
  });

  test('an unknown context is told by a Report whoever asks (A2)', async () => {
    const before = lab.snmp.counters.snmpUnknownContexts;
    const { stderr } = await tool(lab, 'snmpget', [...v3('admin'), '-n', 'other'], `${base}.3.0`);
    assert.match(stderr, /Bad context specified/u);
    assert.equal(lab.snmp.counters.snmpUnknownContexts, before + 1);
  });

  test('a member of two groups, a view that is not there and one subtree twice are refused', async () => {
    const group = (name: string) => ({ name, member: [member('x', 'usm')] });
    await assert.rejects(configure({ group: [group('a'), group('b')] }), /x is in group a already under usm/u);
    const stray = [{ name: 'a', access: [access('auth-priv', { 'read-view': 'none' })] }];
    await assert.rejects(configure({ group: stray }), /there is no view none/u);
    await assert.rejects(configure({ view: [{ name: 'v', include: ['1.0'], exclude: ['1.*'] }] }), /there already/u);
    await assert.rejects(configure({ view: [{ name: 'v', include: ['1.4294967296'] }] }), /no object identifier/u);
  });

  test("a target is sent what its principal's notify view holds: the notification and its objects (RFC 3413 section 3.3)", async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    // the witness, who may be told everything, is told after the reader
    const names = ['reader', 'witness'];
    const told = async (exclude: readonly string[]) => {
      await configure({
        group: names.map((name) => ({
          name,
          member: [member(name, 'v2c')],
          access: [access('no-auth-no-priv', { 'notify-view': name })],
        })),
        view: names.map((name) => ({ name, include: [base], exclude: name === 'reader' ? [...exclude] : [] })),
      });
      await lab.write('/ietf-snmp:snmp', {
        community: [{ index: 'seen', 'security-name': 'witness' }],
        'target-params': names.map((name) => ({ name, v2c: { 'security-name': name } })),
        target: names.map((name) => ({ name, udp: { ip: '127.0.0.1', port }, tag: ['all'], 'target-params': name })),
        notify: [{ name: 'n', tag: 'all' }],
      });
      const seen: string[] = [];
      const ended = AbortSignal.timeout(5000);
      lab.notify('/signet-lab:lab/something', { reason: 'why' });
      for await (const [message] of on(socket, 'message', { signal: ended }) as AsyncIterable<[Buffer]>) {
        const isLast = message.includes('seen');
        if (isLast) return seen.length === 1;
        assert.ok(message.includes('public'));
        seen.push('public');
      }
      return undefined;
    };
    try {
      assert.equal(await told([]), true);
      assert.equal(await told([`${base}.0.1`]), false);
      assert.equal(await told([`${base}.100`]), false);
    } finally {
      socket.close();
    }
  });
});
