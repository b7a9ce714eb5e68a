import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { ConfigError } from '../../../src/error.js';
import { type AuthProtocol, localizeKey } from '../../../src/northbound/snmp/index.js';
import type { ListData } from '../../../src/yang/index.js';
import { labOid as base, engineId, type Lab, passPhrase, startLab } from './support/lab.js';
import {
  type Answer,
  element,
  int,
  nothing,
  oid,
  pdu,
  type as pduType,
  RawClient,
  text,
  v2c,
  v3Message,
  varbind,
} from './support/raw.js';

const status = {
  resourceUnavailable: 13,
  commitFailed: 14,
  undoFailed: 15,
  noError: 0,
  noAccess: 6,
  wrongType: 7,
  wrongLength: 8,
  wrongEncoding: 9,
  wrongValue: 10,
  noCreation: 11,
  inconsistentValue: 12,
  notWritable: 17,
  inconsistentName: 18,
};
const rowStatus = { active: 1, notInService: 2, notReady: 3, createAndGo: 4, createAndWait: 5, destroy: 6 };

suite('SET (RFC 3416 section 4.2.5)', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  const key = localizeKey('sha256' satisfies AuthProtocol, passPhrase, engineId);
  const ask = (kind: number, varbinds: readonly Buffer[]): Promise<Answer> => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    return client.request(v3Message(keys, pdu(kind, requestId++, varbinds)), key);
  };
  const set = async (...varbinds: readonly Buffer[]): Promise<number[]> => {
    const answer = await ask(pduType.set, varbinds);
    assert.equal(answer.type, pduType.response);
    return [answer.status, answer.index];
  };
  const tagOf = async (name: string): Promise<string> => {
    const { varbinds } = await ask(pduType.get, [varbind(name)]);
    const { tag, value } = varbinds[0]!;
    return tag >= 0x80 ? 'absent' : tag === 4 ? value.toString() : value.toString('hex');
  };
  const number = (value: number) => varbind(`${base}.3.0`, int(value));
  const label = (id: number, value: string) => varbind(`${base}.20.1.2.${String(id)}`, text(value));
  const row = (id: number, value: number) => varbind(`${base}.20.1.200.${String(id)}`, int(value));
  const stateOf = (id: number) => tagOf(`${base}.20.1.200.${String(id)}`);

  before(async () => {
    lab = await startLab();
    client = new RawClient(lab.port);
  });
  after(async () => {
    client.close();
    await lab.close();
  });
  beforeEach(async () => {
    await lab.remove('/signet-lab:lab');
    await lab.write('/signet-lab:lab', { number: 1, text: 'before', item: [{ id: 1, label: 'one' }] });
  });

  test('S6: several objects change together, in any order', async () => {
    assert.deepEqual(await set(number(2), varbind(`${base}.4.0`, text('after'))), [status.noError, 0]);
    assert.equal(lab.read('/signet-lab:lab/number'), 2);
    assert.equal(lab.read('/signet-lab:lab/text'), 'after');
    assert.deepEqual(await set(varbind(`${base}.4.0`, text('again')), row(7, 4), number(3), label(7, 'x')), [0, 0]);
    assert.deepEqual(
      ['number', 'text', 'item[id="7"]/label'].map((leaf) => lab.read(`/signet-lab:lab/${leaf}`)),
      [3, 'again', 'x'],
    );
  });

  for (const [tag, expected] of [
    ['operation-failed', 'commitFailed'],
    ['resource-denied', 'resourceUnavailable'],
    ['rollback-failed', 'undoFailed'],
  ] as const) {
    test(`S6: of a commit that fails with ${tag} nothing is left: ${expected} (RFC 3416 section 4.2.5)`, async () => {
      lab.gate.wait = () => Promise.reject(new ConfigError({ tag, message: 'not today' }));
      try {
        const [code, index] = await set(number(2), row(7, 4), label(7, 'x'));
        assert.equal(code, status[expected]);
        assert.equal(index === 0, expected === 'undoFailed', 'error-index');
      } finally {
        lab.gate.wait = undefined;
      }
      assert.deepEqual([lab.read('/signet-lab:lab/number'), await stateOf(7)], [1, 'absent']);
      assert.deepEqual(await set(number(2), row(7, 4), label(7, 'x')), [0, 0]);
    });
  }

  const single: readonly (readonly [string, keyof typeof status, string, Buffer])[] = [
    ['a read-only object', 'notWritable', '1.0', int(1, 0x41)],
    ['an object that does not exist (S3)', 'notWritable', '77.0', int(1)],
    ['an index object (S3)', 'notWritable', '20.1.1.1', int(1, 0x42)],
    ['another type (S4)', 'wrongType', '3.0', int(1, 0x42)],
    ['NULL (S4)', 'wrongType', '3.0', nothing],
    ['Opaque (S4)', 'wrongType', '4.0', text('x', 0x44)],
    ['BIT STRING (S4)', 'wrongType', '4.0', element(0x03, Buffer.from([0, 1]))],
    ['IpAddress for octets (S4)', 'wrongType', '5.0', element(0x40, Buffer.from([1, 2, 3, 4]))],
    ['Counter64 of nine octets (S4)', 'wrongType', '8.0', int(2n ** 64n - 1n, 0x46)],
    ['too much text', 'wrongLength', '4.0', text('x'.repeat(81))],
    ['too many characters', 'wrongLength', '4.0', text('x'.repeat(21))],
    ['too many octets', 'wrongLength', '5.0', text('123456789')],
    ['a DateAndTime of 7 octets', 'wrongLength', '6.0', text('1234567')],
    ['octets that are no UTF-8', 'wrongEncoding', '4.0', text(Buffer.from([0xff, 0xfe]))],
    ['an unsigned number that is negative', 'wrongEncoding', '8.0', element(0x42, Buffer.from([0x80]))],
    ['a number out of range', 'wrongValue', '3.0', int(101)],
    ['a label that is none', 'wrongValue', '7.0', int(3)],
    ['a truth value of 3', 'wrongValue', '13.0', int(3)],
    ['a bit without a name', 'wrongValue', '9.0', text(Buffer.from([0x20]))],
    ['a month of 13', 'wrongValue', '6.0', text(Buffer.from('07ea0d0100000000', 'hex'))],
    ['a fraction of three places', 'wrongValue', '12.0', text('1.234')],
    ['instance 1 of a scalar (S3)', 'noCreation', '3.1', int(1)],
    ['a scalar without an instance (S3)', 'noCreation', '3', int(1)],
    ['an index that is too long', 'noCreation', '20.1.2.1.1', text('x')],
    ['an index that is too short', 'noCreation', '21.1.2.1', int(1)],
    ['a key that the model forbids', 'noCreation', '21.1.200.1.1.65', int(4)],
    ['a column of a row that is not there (S3)', 'inconsistentName', '20.1.2.9', text('x')],
  ];
  for (const [name, expected, at, value] of single) {
    test(`S1: ${name} is ${expected}, and the other varbind is not applied`, async () => {
      assert.deepEqual(await set(number(50), varbind(`${base}.${at}`, value)), [status[expected], 2]);
      assert.deepEqual(await set(varbind(`${base}.${at}`, value), number(50)), [status[expected], 1]);
      assert.equal(lab.read('/signet-lab:lab/number'), 1);
    });
  }

  test('S1: a community writes nothing: noAccess, and no row is made (S2)', async () => {
    const answer = await client.request(v2c(pdu(pduType.set, 1, [row(5, 4), label(5, 'x')])));
    assert.deepEqual([answer.status, answer.index], [status.noAccess, 1]);
    assert.equal(await stateOf(5), 'absent');
  });

  test('S5: octets are octets end to end', async () => {
    const octets = Buffer.from('ff00fe80', 'hex');
    assert.deepEqual(await set(varbind(`${base}.5.0`, text(octets))), [0, 0]);
    const { varbinds } = await ask(pduType.get, [varbind(`${base}.5.0`)]);
    assert.deepEqual(varbinds[0]?.value, octets);
  });

  test('values of each type come back as they were set', async () => {
    const values: readonly (readonly [number, Buffer])[] = [
      [6, text(Buffer.from('07ea010203040506', 'hex').subarray(0, 8))],
      [7, int(2)],
      [8, int(4_294_967_295, 0x42)],
      [9, text(Buffer.from('8040', 'hex'))],
      [10, oid('1.3.6.1.4.4294967295')],
      [12, text('-12.3')],
      [13, int(2)],
    ];
    assert.deepEqual(await set(...values.map(([at, value]) => varbind(`${base}.${String(at)}.0`, value))), [0, 0]);
    const got = await ask(
      pduType.get,
      values.map(([at]) => varbind(`${base}.${String(at)}.0`)),
    );
    assert.deepEqual(
      got.varbinds.slice(1).map(({ tag, value }) => element(tag, value)),
      values.slice(1).map(([, value]) => value),
    );
    assert.equal(lab.read('/signet-lab:lab/moment'), '2026-01-02T03:04:05.6Z');
  });

  test('S8: one instance with two values is inconsistentValue', async () => {
    assert.deepEqual(await set(number(5), number(6)), [status.inconsistentValue, 2]);
    assert.deepEqual(await set(number(5), number(5)), [0, 0]);
  });

  test('S7: of SETs that arrive together and make the same row, one does', async () => {
    const clients = Array.from({ length: 5 }, () => new RawClient(lab.port));
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    try {
      const answers = await Promise.all(
        clients.map((each, index) => {
          const body = pdu(pduType.set, 900 + index, [row(40, rowStatus.createAndGo), label(40, String(index))]);
          return each.request(v3Message(keys, body), key);
        }),
      );
      const outcomes = answers.map((answer) => answer.status).sort((a, b) => a - b);
      assert.deepEqual(outcomes, [0, ...Array.from({ length: 4 }, () => status.inconsistentValue)]);
    } finally {
      for (const each of clients) each.close();
    }
  });

  test('W1, W5: createAndGo makes an active row, whatever the order of the varbinds', async () => {
    assert.deepEqual(await set(label(2, 'two'), row(2, rowStatus.createAndGo)), [0, 0]);
    assert.deepEqual(await set(row(3, rowStatus.createAndGo), label(3, 'three')), [0, 0]);
    assert.equal(await stateOf(2), '01');
    assert.equal(await tagOf(`${base}.20.1.2.3`), 'three');
    assert.equal(await tagOf(`${base}.20.1.3.3`), '05');
  });

  test('W2: createAndGo and createAndWait of a row that is there are inconsistentValue', async () => {
    assert.deepEqual(await set(row(1, rowStatus.createAndGo), label(1, 'x')), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(row(1, rowStatus.createAndWait)), [status.inconsistentValue, 1]);
  });

  test('W3: active and notInService of a missing row are inconsistentValue, notReady is wrongValue', async () => {
    assert.deepEqual(await set(row(8, rowStatus.active)), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(row(8, rowStatus.notInService)), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(row(8, rowStatus.notReady)), [status.wrongValue, 1]);
    assert.deepEqual(await set(row(8, 0)), [status.wrongValue, 1]);
    assert.deepEqual(await set(row(8, 7)), [status.wrongValue, 1]);
  });

  test('W4: destroy removes a row, and a missing one as well', async () => {
    assert.deepEqual(await set(row(1, rowStatus.destroy)), [0, 0]);
    assert.equal(await stateOf(1), 'absent');
    const again = await ask(pduType.set, [row(1, rowStatus.destroy)]);
    assert.deepEqual([again.status, again.varbinds[0]?.number], [0, 6n]);
  });

  test('W5: createAndGo without a required column is inconsistentValue', async () => {
    assert.deepEqual(await set(row(2, rowStatus.createAndGo)), [status.inconsistentValue, 1]);
    assert.equal(await stateOf(2), 'absent');
  });

  test('W5: createAndWait is notReady, then notInService, then active', async () => {
    assert.deepEqual(await set(row(2, rowStatus.createAndWait)), [0, 0]);
    assert.equal(await stateOf(2), '03');
    assert.deepEqual(await set(row(2, rowStatus.active)), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(label(2, 'two')), [0, 0]);
    assert.equal(await stateOf(2), '02');
    assert.equal(lab.read('/signet-lab:lab/item[id="2"]'), undefined);
    assert.deepEqual(await set(row(2, rowStatus.active)), [0, 0]);
    assert.equal(await stateOf(2), '01');
    assert.equal(lab.read('/signet-lab:lab/item[id="2"]/label'), 'two');
  });

  test('a row under construction can be destroyed', async () => {
    assert.deepEqual(await set(row(2, rowStatus.createAndWait)), [0, 0]);
    assert.deepEqual(await set(row(2, rowStatus.destroy)), [0, 0]);
    assert.equal(await stateOf(2), 'absent');
  });

  test('W6: columns change while the row is active; notInService is refused', async () => {
    assert.deepEqual(await set(label(1, 'new')), [0, 0]);
    assert.deepEqual(await set(row(1, rowStatus.active), label(1, 'newer')), [0, 0]);
    assert.deepEqual(await set(row(1, rowStatus.notInService)), [status.inconsistentValue, 1]);
    assert.equal(await tagOf(`${base}.20.1.2.1`), 'newer');
  });

  test('a nested row needs the row around it, which the same PDU may make', async () => {
    const part = (id: number) => varbind(`${base}.21.1.200.${String(id)}.1.98`, int(rowStatus.createAndGo));
    assert.deepEqual(await set(part(6)), [status.inconsistentName, 1]);
    assert.deepEqual(await set(part(6), row(6, rowStatus.createAndGo), label(6, 'six')), [0, 0]);
    assert.equal(await tagOf(`${base}.21.1.200.6.1.98`), '01');
  });

  test('a leaf-list is a table of its values', async () => {
    const mark = (value: number) => varbind(`${base}.22.1.200.1.2.120.121`, int(value));
    assert.deepEqual(await set(mark(rowStatus.createAndGo)), [0, 0]);
    assert.deepEqual(lab.read('/signet-lab:lab/item[id="1"]/mark'), ['xy']);
    assert.deepEqual(await set(mark(rowStatus.destroy)), [0, 0]);
    assert.equal(lab.read('/signet-lab:lab/item[id="1"]/mark'), undefined);
  });

  test('an entry of a numbered table keeps the number that the manager gave it', async () => {
    const at = (column: number) => `${base}.23.1.${String(column)}.70`;
    const name = varbind(at(1), text('seventy'));
    assert.deepEqual(await set(varbind(at(200), int(rowStatus.createAndGo))), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(varbind(at(2), text('do')), name, varbind(at(200), int(rowStatus.createAndGo))), [0, 0]);
    assert.equal(await tagOf(at(1)), 'seventy');
    assert.equal(await tagOf(at(2)), 'do');
    assert.deepEqual(await set(varbind(at(1), text('other'))), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(varbind(at(200), int(rowStatus.destroy))), [0, 0]);
    assert.equal(lab.read('/signet-lab:lab/step'), undefined);
  });

  /** The row numbers of a table with three rows. */
  const numbersOf = async (table: number): Promise<[number, number, number]> => {
    const found: number[] = [];
    for (let at = `${base}.${String(table)}.1.1`; found.length < 3; ) {
      at = (await ask(pduType.getNext, [varbind(at)])).varbinds[0]!.name;
      found.push(Number(at.split('.').at(-1)));
    }
    return found as [number, number, number];
  };

  test('After says and sets where a row of a user-ordered list stands (RFC 7950 section 7.7.7)', async () => {
    const at = (column: number, number: number) => `${base}.23.1.${String(column)}.${String(number)}`;
    const after = (number: number, before: number) => varbind(at(223, number), int(before, 0x42));
    const order = () => [...(lab.read('/signet-lab:lab/step') as ListData)].map((entry) => entry.keys()[0]);
    await lab.write('/signet-lab:lab/step', [{ name: 'x' }, { name: 'y' }, { name: 'z' }]);
    const [x, y, z] = await numbersOf(23);
    const read = async (number: number) => (await ask(pduType.get, [varbind(at(223, number))])).varbinds[0]?.number;
    assert.deepEqual([await read(x), await read(y), await read(z)], [0n, BigInt(x), BigInt(y)]);
    assert.deepEqual(await set(after(z, 0)), [0, 0]);
    assert.deepEqual(order(), ['z', 'x', 'y']);
    assert.deepEqual(await set(after(z, x)), [0, 0]);
    assert.deepEqual(order(), ['x', 'z', 'y']);
    const made = [varbind(at(1, 90), text('new')), after(90, x), varbind(at(200, 90), int(rowStatus.createAndGo))];
    assert.deepEqual(await set(...made), [0, 0]);
    assert.deepEqual(order(), ['x', 'new', 'z', 'y']);
    assert.equal(await read(90), BigInt(x));
    assert.deepEqual(await set(after(z, 4711)), [status.inconsistentValue, 1]);
  });

  test('After orders the values of a leaf-list', async () => {
    const at = (column: number, number: number) => `${base}.24.1.${String(column)}.${String(number)}`;
    await lab.write('/signet-lab:lab/choice-of-order', ['red', 'green', 'blue']);
    const [, , last] = await numbersOf(24);
    assert.deepEqual(await set(varbind(at(223, last), int(0, 0x42))), [0, 0]);
    assert.deepEqual(lab.read('/signet-lab:lab/choice-of-order'), ['blue', 'red', 'green']);
  });

  test('snmpSetSerialNo: of SETs that hold the same value one is carried out (RFC 2579 TestAndIncr)', async () => {
    const name = '1.3.6.1.6.3.1.1.6.1.0';
    const serial = async () => Number((await ask(pduType.get, [varbind(name)])).varbinds[0]?.number);
    const value = await serial();
    const lock = varbind(name, int(value));
    assert.deepEqual(await set(number(21), lock), [0, 0]);
    assert.equal(await serial(), (value + 1) % 2 ** 31);
    assert.deepEqual(await set(number(22), lock), [status.inconsistentValue, 2]);
    assert.equal(lab.read('/signet-lab:lab/number'), 21);
    const next = varbind(name, int(await serial()));
    assert.deepEqual(await set(varbind(`${base}.11.0`, int(3)), next), [status.inconsistentValue, 1]);
    assert.equal(await serial(), (value + 1) % 2 ** 31);
    assert.deepEqual(await set(varbind(name, int(-1))), [status.wrongValue, 1]);
  });

  test('StorageType is nonVolatile, and nothing else can be set (RFC 2579)', async () => {
    const storage = (id: number, value: number) => varbind(`${base}.20.1.224.${String(id)}`, int(value));
    assert.equal(await tagOf(`${base}.20.1.224.1`), '03');
    assert.deepEqual(await set(storage(1, 3)), [0, 0]);
    for (const other of [1, 2, 4, 5]) assert.deepEqual(await set(storage(1, other)), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(storage(1, 6)), [status.wrongValue, 1]);
    assert.deepEqual(await set(storage(7, 3), row(7, rowStatus.createAndGo), label(7, 'seven')), [0, 0]);
    assert.deepEqual(await set(storage(8, 2), row(8, rowStatus.createAndGo), label(8, 'eight')), [
      status.inconsistentValue,
      1,
    ]);
    assert.deepEqual(await set(storage(77, 3)), [status.inconsistentName, 1]);
  });

  test('Unset takes a scalar or column away by its sub-identifier', async () => {
    const unset = (column: number) => varbind(`${base}.20.1.201.1`, int(column, 0x42));
    const size = (value: number) => varbind(`${base}.20.1.3.1`, int(value, 0x42));
    assert.deepEqual(await set(size(9)), [0, 0]);
    assert.deepEqual(await set(unset(3)), [0, 0]);
    assert.equal(lab.read('/signet-lab:lab/item[id="1"]/size'), undefined);
    assert.equal(await tagOf(`${base}.20.1.3.1`), '05');
    assert.equal(await tagOf(`${base}.20.1.201.1`), '00');
    assert.deepEqual(await set(unset(0)), [0, 0]);
    assert.deepEqual(await set(varbind(`${base}.4.0`, text('x')), varbind(`${base}.201.0`, int(3, 0x42))), [0, 0]);
    assert.deepEqual([lab.read('/signet-lab:lab/number'), lab.read('/signet-lab:lab/text')], [undefined, 'x']);
  });

  test('Unset of what must be there, of what is not there to take, and beside a new value is inconsistentValue', async () => {
    const unset = (column: number) => varbind(`${base}.20.1.201.1`, int(column, 0x42));
    for (const column of [1, 2, 4, 77, 200]) assert.deepEqual(await set(unset(column)), [status.inconsistentValue, 1]);
    const size = varbind(`${base}.20.1.3.1`, int(9, 0x42));
    assert.deepEqual(await set(size, unset(3)), [status.inconsistentValue, 2]);
    assert.equal(lab.read('/signet-lab:lab/item[id="1"]/size'), undefined);
  });

  test('a presence container is a TruthValue, alone and in a row', async () => {
    const extra = (value: number) => varbind(`${base}.14.202.0`, int(value));
    assert.equal(await tagOf(`${base}.14.202.0`), '02');
    assert.deepEqual(await set(extra(1)), [0, 0]);
    assert.equal(await tagOf(`${base}.14.202.0`), '01');
    assert.deepEqual(await set(varbind(`${base}.14.1.0`, int(7, 0x42))), [0, 0]);
    assert.deepEqual(await set(extra(2)), [0, 0]);
    assert.equal(lab.read('/signet-lab:lab/extra'), undefined);
    const warranty = varbind(`${base}.20.1.5.6`, int(1));
    assert.deepEqual(await set(row(6, rowStatus.createAndGo), warranty, label(6, 'six')), [0, 0]);
    assert.equal(await tagOf(`${base}.20.1.5.6`), '01');
    assert.equal(await tagOf(`${base}.20.1.5.1`), '02');
  });

  test('setting a leaf of another case removes the one that was there (RFC 7950 section 7.9)', async () => {
    assert.deepEqual(await set(varbind(`${base}.20.1.6.1`, int(3, 0x42))), [0, 0]);
    assert.deepEqual(await set(varbind(`${base}.20.1.7.1`, int(1))), [0, 0]);
    assert.equal(await tagOf(`${base}.20.1.6.1`), 'absent');
    assert.equal(await tagOf(`${base}.20.1.7.1`), '01');
    assert.equal(await tagOf(`${base}.20.1.5.1`), '01');
  });

  test('an octet-identical SET that comes again gets the first answer and runs once', async () => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    const message = v3Message(keys, pdu(pduType.set, 777_777, [number(30)]));
    assert.equal((await client.request(message, key)).status, 0);
    await lab.write('/signet-lab:lab/number', 31);
    assert.equal((await client.request(message, key)).status, 0);
    assert.equal(lab.read('/signet-lab:lab/number'), 31);
  });

  test('nor does it run again from another address, nor newly wrapped by the same station', async () => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    const body = pdu(pduType.set, 777_778, [number(32)]);
    assert.equal((await client.request(v3Message(keys, body), key)).status, 0);
    await lab.write('/signet-lab:lab/number', 33);
    const other = new RawClient(lab.port);
    try {
      assert.equal((await other.request(v3Message(keys, body), key)).status, 0);
    } finally {
      other.close();
    }
    assert.equal((await client.request(v3Message({ ...keys, msgId: 2, time: 101 }, body), key)).status, 0);
    assert.equal(lab.read('/signet-lab:lab/number'), 33);
  });
});
