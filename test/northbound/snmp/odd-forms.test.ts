/** Forms that no module of ours has: what they take must be what the other interfaces take. */
import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { engineId, type Lab, oddSchema, passPhrase, startLab } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, text, v3Message, varbind } from './support/raw.js';

const base = '1.3.6.1.4.1.32473.1.98';
const status = { wrongEncoding: 9, wrongValue: 10, noCreation: 11, inconsistentValue: 12, inconsistentName: 18 };
const createAndGo = int(4);

suite('SET of forms that a foreign module may have', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  const key = localizeKey('sha256', passPhrase, engineId);
  const ask = (kind: number, varbinds: readonly Buffer[]) => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    return client.request(v3Message(keys, pdu(kind, requestId++, varbinds)), key);
  };
  const set = async (...varbinds: readonly Buffer[]) => {
    const answer = await ask(pduType.set, varbinds);
    return [answer.status, answer.index];
  };
  const read = async (name: string): Promise<string> => {
    const { tag, value } = (await ask(pduType.get, [varbind(name)])).varbinds[0]!;
    return tag >= 0x80 ? 'absent' : tag === 4 ? value.toString() : value.toString('hex');
  };
  const leaf = (number: number, value: string | Buffer) => varbind(`${base}.${String(number)}.0`, text(value));
  const named = (name: string) => `${base}.21.1.200.${[...Buffer.from(name)].join('.')}`;

  /** Makes row `row` of the table whose keys are in no OID. */
  const outer = (row: number, a: number) => [
    varbind(`${base}.22.1.200.${String(row)}`, createAndGo),
    varbind(`${base}.22.1.1.${String(row)}`, int(a)),
    varbind(`${base}.22.1.2.${String(row)}`, text('1.50')),
    varbind(`${base}.22.1.3.${String(row)}`, int(3, 0x42)),
  ];

  before(async () => {
    lab = await startLab({ schema: oddSchema() });
    client = new RawClient(lab.port);
  });
  afterEach(() => lab.remove('/signet-odd:odd'));
  after(async () => {
    client.close();
    await lab.close();
  });

  test('RFC 7950 9.4: text with a character that YANG does not allow is wrongValue, in a key noCreation', async () => {
    for (const bad of ['a\u0001b', 'a\0b', '\u001f', 'a\uffff', '\ufdd0', '\u{1fffe}', '\u{10ffff}']) {
      assert.deepEqual(await set(leaf(1, bad)), [status.wrongValue, 1], JSON.stringify(bad));
      assert.deepEqual(await set(varbind(named(bad), createAndGo)), [status.noCreation, 1], JSON.stringify(bad));
    }
    for (const good of ['a\tb\r\nc', '\u0085', '\ufffd', '\u{10000}']) {
      assert.deepEqual(await set(leaf(1, good)), [0, 0], JSON.stringify(good));
      assert.equal(lab.read('/signet-odd:odd/plain'), good);
      assert.deepEqual(await set(varbind(named(good), createAndGo)), [0, 0], JSON.stringify(good));
    }
  });

  test('a union takes the text of its members as the other interfaces do, and is read as it was set', async () => {
    for (const [written, value] of [
      ['7', 7],
      ['two one', 'one two'],
      ['', null],
      ['xyz', 'xyz'],
    ] as const) {
      assert.deepEqual(await set(leaf(2, written)), [0, 0], written);
      assert.equal(lab.read('/signet-odd:odd/mixed'), value);
      assert.equal(await read(`${base}.2.0`), value === null ? '' : String(value));
    }
    for (const bad of ['256', 'three', 'x', 'x\u0001y', 'one three'])
      assert.deepEqual(await set(leaf(2, bad)), [status.wrongValue, 1], bad);
    assert.deepEqual(await set(leaf(2, Buffer.from('78ff79', 'hex'))), [status.wrongEncoding, 1]);
  });

  test('RFC 3416 4.2.5: an index that the key may not be is noCreation; a read finds no such instance', async () => {
    const row = (column: number, k: number) => `${base}.20.1.${String(column)}.${String(k)}`;
    for (const k of [10, 19, 201, 256, 65_536, 4_294_967_295]) {
      for (const wanted of [createAndGo, int(5), int(6)])
        assert.deepEqual(await set(varbind(row(200, k), wanted)), [status.noCreation, 1], String(k));
      assert.equal(await read(row(200, k)), 'absent');
    }
    for (const k of [0, 9, 20, 200]) assert.deepEqual(await set(varbind(row(200, k), createAndGo)), [0, 0], String(k));
    const q = (k: number) => varbind(`${base}.24.1.200.1.0.${String(k)}`, createAndGo);
    assert.deepEqual(await set(q(256)), [status.noCreation, 1]);
  });

  test('what a module asks of a date beyond its form counts', async () => {
    const at = (hour: string) => Buffer.from(`07ea0b1c${hour}1e0f03`, 'hex');
    assert.deepEqual(await set(leaf(8, at('0d'))), [status.wrongValue, 1]);
    assert.deepEqual(await set(leaf(8, at('0c'))), [0, 0]);
    assert.equal(lab.read('/signet-odd:odd/noon'), '2026-11-28T12:30:15.3Z');
  });

  test('RFC 7950 9.10.2: an identity has to be derived from every base', async () => {
    assert.deepEqual(await set(leaf(3, 'signet-odd:round')), [status.wrongValue, 1]);
    assert.deepEqual(await set(leaf(3, 'signet-odd:ball')), [0, 0]);
    assert.equal(lab.read('/signet-odd:odd/both'), 'signet-odd:ball');
  });

  suite('assignments of one PDU are as if simultaneous (RFC 3416 4.2.5)', () => {
    const scalar = (column: string, value: Buffer) => varbind(`${base}.${column}.0`, value);
    const inBothOrders = async (one: Buffer, other: Buffer) => {
      assert.deepEqual(await set(one, other), [status.inconsistentValue, 2]);
      assert.deepEqual(await set(other, one), [status.inconsistentValue, 2]);
    };
    const ordered = (column: number, row: number) => `${base}.25.1.${String(column)}.${String(row)}`;
    const after = (row: number, before: number) => varbind(ordered(223, row), int(before, 0x42));
    const make = (row: number, word: string) => [
      varbind(ordered(200, row), createAndGo),
      varbind(ordered(1, row), text(word)),
    ];
    const words = () => lab.read('/signet-odd:odd/ordered');
    const fill = async () => {
      for (const [row, word] of ['a', 'b', 'c', 'd'].entries())
        assert.deepEqual(await set(...make(row + 1, word)), [0, 0]);
    };

    test('nodes of two cases of one choice are inconsistentValue', async () => {
      await inBothOrders(scalar('4', int(1, 0x42)), scalar('5', text('z')));
      assert.equal(lab.read('/signet-odd:odd'), undefined);
      assert.deepEqual(await set(scalar('5', text('z')), scalar('6', text('y'))), [0, 0]);
      // one goes, the other comes
      assert.deepEqual(await set(scalar('4', int(1, 0x42)), varbind(`${base}.201.0`, int(5, 0x42))), [0, 0]);
      assert.deepEqual([lab.read('/signet-odd:odd/number'), lab.read('/signet-odd:odd/word')], [1, undefined]);
    });

    test('a presence container that goes and what is in it are inconsistentValue', async () => {
      await inBothOrders(scalar('7.202', int(2)), scalar('7.1', int(4, 0x42)));
      assert.deepEqual(await set(scalar('7.202', int(1)), scalar('7.1', int(4, 0x42))), [0, 0]);
      assert.equal(lab.read('/signet-odd:odd/extra/depth'), 4);
    });

    test('in a row as well, stored or under construction; of two SETs the later case counts', async () => {
      const item = (column: number, value: Buffer) => varbind(`1.3.6.1.4.1.32473.1.99.20.1.${String(column)}.7`, value);
      const years = item(6, int(3, 0x42));
      const forEver = item(7, int(1));
      const label = item(2, text('seven'));
      assert.deepEqual(await set(item(200, createAndGo), label, years, forEver), [status.inconsistentValue, 4]);
      assert.deepEqual(await set(item(200, int(5)), label, years, forEver), [status.inconsistentValue, 4]);
      assert.deepEqual(await set(item(200, int(5)), label), [0, 0]);
      await inBothOrders(years, forEver);
      for (const each of [years, forEver, years]) assert.deepEqual(await set(each), [0, 0]);
      assert.deepEqual(await set(item(200, int(1))), [0, 0]);
      assert.equal(lab.read('/signet-lab:lab/item[id="7"]/warranty/years'), 3);
      await inBothOrders(years, forEver);
      await lab.remove('/signet-lab:lab');
    });

    test('a row that goes and a row in it that is made', async () => {
      const row = `${base}.22.1.200.3`;
      assert.deepEqual(await set(...outer(3, 1), varbind(`${base}.23.1.200.3.0`, createAndGo)), [0, 0]);
      await inBothOrders(varbind(row, int(6)), varbind(`${base}.23.1.200.3.1`, createAndGo));
    });

    test('After: two rows behind one, a circle and a row behind itself are inconsistentValue', async () => {
      await fill();
      assert.deepEqual(await set(after(1, 2), after(2, 1)), [status.inconsistentValue, 2]);
      assert.deepEqual(await set(after(2, 3), after(3, 4), after(4, 2)), [status.inconsistentValue, 3]);
      assert.deepEqual(await set(after(1, 4), after(2, 4)), [status.inconsistentValue, 2]);
      assert.deepEqual(await set(after(1, 0), after(2, 0)), [status.inconsistentValue, 2]);
      assert.deepEqual(await set(after(1, 1)), [status.inconsistentValue, 1]);
      assert.deepEqual(words(), ['a', 'b', 'c', 'd']);
    });

    test('After: places that go together all hold, in any order of the varbinds', async () => {
      await fill();
      assert.deepEqual(await set(after(1, 3), after(3, 4), after(4, 0)), [0, 0]);
      assert.deepEqual(words(), ['d', 'c', 'a', 'b']);
      assert.deepEqual(await set(after(2, 0), after(1, 2)), [0, 0]);
      assert.deepEqual(words(), ['b', 'a', 'd', 'c']);
    });

    test('After names a row that the same PDU makes or moves', async () => {
      await fill();
      assert.deepEqual(await set(after(6, 5), ...make(6, 'f'), after(5, 1), ...make(5, 'e'), after(1, 0)), [0, 0]);
      assert.deepEqual(words(), ['a', 'e', 'f', 'b', 'c', 'd']);
      assert.deepEqual(await set(after(1, 7), ...make(7, 'g')), [0, 0]);
      assert.deepEqual(words(), ['e', 'f', 'b', 'c', 'd', 'g', 'a']);
    });

    test('After a row that the same PDU destroys is inconsistentValue, and so is one after a row that is none', async () => {
      await fill();
      const destroy = varbind(ordered(200, 2), int(6));
      for (const [varbinds, at] of [
        [[after(1, 2), destroy], 1],
        [[destroy, after(1, 2)], 2],
        [[destroy, ...make(9, 'i'), after(9, 2)], 2],
        [[after(1, 9)], 1],
      ] as const)
        assert.deepEqual(await set(...varbinds), [status.inconsistentValue, at]);
      assert.deepEqual(words(), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await set(destroy, after(1, 3)), [0, 0]);
      assert.deepEqual(words(), ['c', 'a', 'd']);
    });
  });

  suite('rows and rows in them made by one PDU', () => {
    const inner = (row: number, k: number) => `${base}.23.1.200.${String(row)}.${String(k)}`;
    const q = (row: number, k: number, value: number) =>
      `${base}.24.1.200.${String(row)}.${String(k)}.${String(value)}`;

    test('in a table with row numbers, at any depth, in any order', async () => {
      const made = [varbind(q(2, 0, 9), createAndGo), varbind(inner(2, 0), createAndGo), ...outer(2, -5)];
      assert.deepEqual(await set(...made), [0, 0]);
      assert.deepEqual(lab.read('/signet-odd:odd/outer[a="-5"][b="1.5"]/inner[k="low"]/q'), [9]);
      for (const name of [inner(2, 0), q(2, 0, 9)]) assert.equal(await read(name), '01');
      assert.deepEqual(await set(varbind(inner(2, 1), createAndGo), varbind(q(2, 1, 8), createAndGo)), [0, 0]);
      assert.equal(await read(q(2, 1, 8)), '01');
    });

    test('where the outer row becomes active out of construction, and where that is done row by row', async () => {
      const [status4, ...columns] = outer(3, 7);
      assert.ok(status4 !== undefined);
      assert.deepEqual(await set(varbind(`${base}.22.1.200.3`, int(5)), ...columns), [0, 0]);
      assert.deepEqual(await set(varbind(inner(3, 1), createAndGo)), [status.inconsistentName, 1]);
      assert.deepEqual(await set(varbind(inner(3, 1), createAndGo), varbind(`${base}.22.1.200.3`, int(1))), [0, 0]);
      assert.equal(await read(inner(3, 1)), '01');
    });

    test('is refused as a whole where one row is not complete or the one around is only begun', async () => {
      const [, ...columns] = outer(4, 8);
      assert.deepEqual(
        await set(...columns.slice(1), varbind(`${base}.22.1.200.4`, createAndGo), varbind(inner(4, 0), createAndGo)),
        [status.inconsistentValue, columns.length],
      );
      assert.deepEqual(
        await set(varbind(`${base}.22.1.200.4`, int(5)), ...columns, varbind(inner(4, 0), createAndGo)),
        [status.inconsistentName, columns.length + 2],
      );
      assert.equal(await read(`${base}.22.1.200.4`), 'absent');
    });
  });
});
