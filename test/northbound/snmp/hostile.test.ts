import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import {
  element,
  int,
  nothing,
  pdu,
  type as pduType,
  RawClient,
  seq,
  text,
  type V3,
  v1,
  v2c,
  v3Message,
  varbind,
} from './support/raw.js';

const long = process.env['SIGNET_LONG'] === '1';

suite('hostile input', () => {
  let lab: Lab;
  let client: RawClient;
  const key = localizeKey('sha256', passPhrase, engineId);
  const full: V3 = { engineId, boots: 7, time: 100, flags: 7, user: 'admin', authKey: key, privKey: key };
  const get = (name = `${base}.13.0`) => pdu(pduType.get, 5, [varbind(name)]);

  before(async () => {
    lab = await startLab();
    await lab.write('/signet-lab:lab/item[id="1"]', { label: 'one' });
    client = new RawClient(lab.port);
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  const hex = (octets: string) => Buffer.from(octets, 'hex');
  const withName = (name: Buffer, kind = pduType.get) => v2c(pdu(kind, 5, [seq(name, nothing)]));
  const header = (msgId: Buffer, maxSize: Buffer = int(65507)) =>
    seq(
      int(3),
      seq(msgId, maxSize, text(hex('04')), int(3)),
      text(seq(text(''), int(0), int(0), text(''), text(''), text(''))),
      seq(text(''), text(''), get()),
    );
  /** Section 4.2 of the facts: what gets no answer, and must leave the agent well. */
  const silent: readonly (readonly [string, () => Buffer])[] = [
    ['D2: discovery with a msgID of 2^31', () => header(hex('02050080000000'))],
    [
      'D2: an unknown user with a msgID of 2^31',
      () =>
        seq(
          int(3),
          seq(hex('02050080000000'), int(65507), text(hex('04')), int(3)),
          text(seq(text(engineId), int(7), int(100), text('nobody'), text(''), text(''))),
          seq(text(engineId), text(''), get()),
        ),
    ],
    ['D2: a negative msgID', () => header(int(-1))],
    ['D2: a msgMaxSize of 483', () => header(int(1), int(483))],
    [
      'D3: a request-id of five octets',
      () => v2c(element(0xa0, Buffer.concat([hex('02050080000000'), int(0), int(0), seq()]))),
    ],
    ['D4: an empty OID', () => withName(hex('0600'))],
    ['D4: an OID whose last octet has the high bit set', () => withName(hex('06032b0681'))],
    ['D4: 129 sub-identifiers', () => withName(element(6, Buffer.alloc(128, 1)))],
    ['D4: a sub-identifier of six octets', () => withName(hex('06072bffffffffff7f'))],
    ['D5: indefinite length', () => hex('3080020101040361626300')],
    ['D5: a length of four octets beyond the datagram', () => hex('3084ffffffff020101')],
    ['D5: a length of five octets', () => hex('30850000000003020101')],
    ['D5: a PDU that is longer than its message', () => seq(int(1), text('look'), hex('a07f020101'))],
    [
      'D5: a varbind that ends before its value',
      () => v2c(pdu(pduType.get, 1, [element(0x30, Buffer.concat([hex('06022b06'), hex('0401')]))])),
    ],
    ['D5: octets behind the message', () => Buffer.concat([v2c(get()), hex('00')])],
    ['D5: octets behind the PDU', () => seq(int(1), text('look'), get(), nothing)],
    ['D9: a Response', () => v2c(pdu(pduType.response, 1, []))],
    ['D9: an Inform', () => v2c(pdu(pduType.inform, 1, []))],
    ['D9: a trap', () => v2c(pdu(pduType.trap, 1, []))],
    ['D9: a Report', () => v2c(pdu(pduType.report, 1, []))],
    ['D9: an SNMPv1 trap', () => v1(element(0xa4, Buffer.alloc(10)))],
    ['D9: GETBULK in SNMPv1', () => v1(pdu(pduType.getBulk, 1, [varbind(base)], 0, 10))],
    ['A3: a wrong community', () => v2c(get(), 'guess')],
    ['no octets at all', () => Buffer.alloc(0)],
    ['a sequence of nothing', () => seq()],
  ];
  for (const [name, message] of silent) {
    test(`${name} gets no answer, and the next request one`, async () => {
      assert.ok(await client.isSilent(message()));
    });
  }

  test('A3: a wrong community is counted', async () => {
    const before = lab.snmp.counters.snmpInBadCommunityNames;
    await client.isSilent(v2c(get(), 'guess'));
    assert.equal(lab.snmp.counters.snmpInBadCommunityNames, before + 1);
  });

  test('octets that are no message are counted', async () => {
    const before = lab.snmp.counters.snmpInASNParseErrs;
    await client.isSilent(hex('ffff'));
    assert.equal(lab.snmp.counters.snmpInASNParseErrs, before + 1);
  });

  test('every kind of value into every writable column, on a row that is there and on one that is not', async () => {
    const values = [
      nothing,
      text('x', 0x44),
      element(3, hex('0001')),
      element(0x40, hex('01020304')),
      int(2n ** 64n - 1n, 0x46),
      text(''),
      hex('06012b'),
      int(-1),
      int(5),
    ];
    const names = [...Array.from({ length: 13 }, (_, arc) => `${base}.${String(arc + 1)}.0`)];
    for (const row of ['1', '9'])
      for (const column of [1, 2, 3, 4, 200]) names.push(`${base}.20.1.${String(column)}.${row}`);
    let requestId = 100;
    for (const name of names) {
      for (const value of values) {
        const answer = await client.request(
          v3Message(full, pdu(pduType.set, requestId++, [varbind(name, value)])),
          key,
        );
        assert.equal(answer.type, pduType.response);
        assert.notEqual(answer.status, 5, `${name} ${value.toString('hex')}`);
      }
    }
    await lab.remove('/signet-lab:lab/item[id="9"]');
    assert.ok(await client.alive());
  });

  test('D7: of repetitions without end a bounded number is answered, past the end one round', async () => {
    const items = Array.from({ length: 3000 }, (_, id) => ({ id: id + 1000, label: 'x' }));
    await lab.write('/signet-lab:lab/item', items);
    for (const repetitions of [5000, 100_000, 2 ** 31 - 1]) {
      const within = await client.request(v2c(pdu(pduType.getBulk, 7, [varbind(`${base}.20.1.2`)], 0, repetitions)));
      assert.equal(within.status, 0);
      assert.ok(within.varbinds.length >= 1 && within.varbinds.length <= 1000, String(within.varbinds.length));
      const past = await client.request(
        v2c(pdu(pduType.getBulk, 8, [varbind('1.3.7.1'), varbind('2.5')], 0, repetitions)),
      );
      assert.deepEqual(
        past.varbinds.map(({ tag }) => tag),
        [0x82, 0x82],
      );
    }
    const many = Array.from({ length: 300 }, () => varbind(`${base}.20.1.2`));
    const wide = await client.request(v2c(pdu(pduType.getBulk, 9, many, 0, 2 ** 31 - 1)));
    assert.ok(wide.varbinds.length >= 300 && wide.varbinds.length <= 1000, String(wide.varbinds.length));
  });

  test('GET of a table, an entry, a bare column and too long an index finds no instance', async () => {
    for (const [name, tag] of [
      [`${base}.20`, 0x80],
      [`${base}.20.1`, 0x80],
      [`${base}.20.1.2`, 0x81],
      [`${base}.20.1.2.1.1`, 0x81],
      [`${base}.20.1.2.${Array.from({ length: 100 }, () => '4294967295').join('.')}`, 0x81],
    ] as const) {
      const { varbinds } = await client.request(v2c(get(name)));
      assert.equal(varbinds[0]?.tag, tag, name);
    }
  });

  test('U3: a flood of engine IDs with the name of a user costs no hash and leaves nothing', async () => {
    const before = process.memoryUsage().heapUsed;
    const begun = process.cpuUsage();
    for (let round = 0; round < 1000; round += 1) {
      const foreign = Buffer.concat([hex('80001f8805'), Buffer.from(round.toString(16).padStart(8, '0'), 'hex')]);
      const answer = await client.request(v3Message({ ...full, engineId: foreign }, get()));
      assert.equal(answer.type, pduType.report);
    }
    const { user, system } = process.cpuUsage(begun);
    // one localisation alone takes half a millisecond at best: a thousand of them would not fit
    assert.ok((user + system) / 1000 < 2000, `${String((user + system) / 1000)} ms`);
    assert.ok(process.memoryUsage().heapUsed - before < 50_000_000);
  });

  test('D1: mutated messages of all versions end in an answer or silence, never in an error of ours', async (context) => {
    const random = generator(20261124);
    const seeds = corpus(full);
    const count = long ? 200_000 : 5000;
    let errors = 0;
    let slowest = 0;
    const begun = process.memoryUsage().rss;
    for (let index = 0; index < count; index += 1) {
      client.send(mutated(seeds[random(seeds.length)]!, random));
      if (index % 10 !== 9) continue;
      // answers to mutants that were still valid come first
      const prober = new RawClient(lab.port);
      const asked = performance.now();
      if (!(await prober.alive())) errors += 1;
      slowest = Math.max(slowest, performance.now() - asked);
      prober.close();
    }
    const grown = Math.round((process.memoryUsage().rss - begun) / 1e6);
    context.diagnostic(`${String(count)} messages: ${String(grown)} MB more, slowest answer ${slowest.toFixed(1)} ms`);
    assert.equal(errors, 0);
    assert.equal(lab.snmp.counters.internalErrors, 0);
    assert.ok(grown < 100, `${String(grown)} MB`);
  });
});

function corpus(full: V3): Buffer[] {
  const names = [varbind(`${base}.13.0`), varbind(`${base}.20.1.2.1`)];
  const set = [
    varbind(`${base}.3.0`, int(3)),
    varbind(`${base}.20.1.200.7`, int(4)),
    varbind(`${base}.20.1.2.7`, text('x')),
  ];
  const bodies = [
    pdu(pduType.get, 1, names),
    pdu(pduType.getNext, 2, names),
    pdu(pduType.getBulk, 3, names, 1, 10),
    pdu(pduType.set, 4, set),
    pdu(pduType.set, 5, [varbind(`${base}.20.1.200.7`, int(6))]),
    pdu(pduType.set, 6, [varbind(`${base}.23.1.200.7`, int(5)), varbind(`${base}.23.1.1.7`, text('s'))]),
  ];
  return bodies.flatMap((body) => [
    v1(body),
    v2c(body),
    v3Message({}, body),
    v3Message({ ...full, flags: 4, user: 'none' }, body),
    v3Message({ ...full, flags: 5 }, body),
    v3Message(full, body),
    // credentials that are none
    v2c(body, 'guess'),
    v3Message({ ...full, authKey: Buffer.alloc(32, 1) }, body),
    v3Message({ ...full, privKey: Buffer.alloc(32, 1) }, body),
    v3Message({ ...full, time: 9_999_999 }, body),
    v3Message({ ...full, engineId: Buffer.from('80001f8805aabbccdd', 'hex') }, body),
  ]);
}

const boundary = [
  0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x02, 0x04, 0x05, 0x06, 0x30, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46,
  0xa0, 0xa1, 0xa3, 0xa5,
];

function mutated(seed: Buffer, random: (below: number) => number): Buffer {
  const choice = random(100);
  if (choice < 15) return seed.subarray(0, random(seed.length));
  if (choice < 25) return Buffer.from(Array.from({ length: random(200) }, () => random(256)));
  let octets = Buffer.from(seed);
  for (let rounds = 1 + random(4); rounds > 0; rounds -= 1) {
    const at = random(octets.length);
    switch (random(5)) {
      case 0:
        octets[at] = random(256);
        break;
      case 1:
        octets[at]! ^= 1 << random(8);
        break;
      case 2:
        octets[at] = boundary[random(boundary.length)]!;
        break;
      case 3:
        octets = Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1 + random(4))]);
        break;
      default:
        octets = Buffer.concat([
          octets.subarray(0, at),
          Buffer.from(Array.from({ length: 1 + random(4) }, () => random(256))),
          octets.subarray(at),
        ]);
    }
    if (octets.length === 0) break;
  }
  return octets;
}

/** Numbers that are the same in every run (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
