import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { labOid as base, type Lab, startLab } from './support/lab.js';
import { type Answer, pdu, type as pduType, RawClient, v1, v2c, varbind } from './support/raw.js';

const { get, getNext, getBulk } = pduType;
const noSuchObject = 0x80;
const noSuchInstance = 0x81;
const endOfMibView = 0x82;

suite('retrieval (RFC 3416 section 4.2)', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  const ask = (kind: number, names: readonly string[], first = 0, second = 0): Promise<Answer> =>
    client.request(
      v2c(
        pdu(
          kind,
          requestId++,
          names.map((name) => varbind(name)),
          first,
          second,
        ),
      ),
    );
  const ask1 = (kind: number, names: readonly string[]): Promise<Answer> =>
    client.request(
      v1(
        pdu(
          kind,
          requestId++,
          names.map((name) => varbind(name)),
        ),
      ),
    );

  before(async () => {
    lab = await startLab();
    await lab.write('/signet-lab:lab', {
      number: -7,
      text: 'hé',
      octets: '/wD+gA==',
      moment: '2026-01-02T03:04:05.6+02:30',
      kind: 'beta-two',
      gauge: 4_000_000_000,
      flags: 'one nine',
      identifier: '1.3.6.1.4294967295',
      fraction: '-0.5',
      item: [3, 1, 200].map((id) => ({
        id,
        label: `item ${String(id)}`,
        ...(id === 3 ? { part: [{ name: 'b' }, { name: 'aa', weight: -1 }] } : {}),
      })),
    });
    client = new RawClient(lab.port);
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  test('each type has its form on the wire', async () => {
    const names = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13].map((arc) => `${base}.${String(arc)}.0`);
    const { varbinds, status } = await ask(get, names);
    assert.equal(status, 0);
    assert.deepEqual(
      varbinds.map(({ tag, value }) => `${tag.toString(16)} ${value.toString('hex')}`),
      [
        '41 00ffffffff',
        '46 00ffffffffffffffff',
        '2 f9',
        '4 68c3a9',
        '4 ff00fe80',
        '4 07ea0102030405062b021e',
        '2 02',
        '42 00ee6b2800',
        '4 8040',
        '6 2b06018fffffff7f',
        '4 2d302e35',
        '2 01',
      ],
    );
  });

  test('P1: GETBULK answers N + M x R varbinds, interleaved', async () => {
    const bulk = () => ask(getBulk, [`${base}.2`, `${base}.20.1.2`, `${base}.20.1.3`], 1, 3);
    let { varbinds } = await bulk();
    // one that its slice of time has cut, for the machine is busy, tells nothing
    for (let attempt = 0; attempt < 20 && varbinds.length < 7; attempt++) varbinds = (await bulk()).varbinds;
    assert.deepEqual(
      varbinds.map(({ name }) => name.slice(base.length)),
      ['.2.0', '.20.1.2.1', '.20.1.3.1', '.20.1.2.3', '.20.1.3.3', '.20.1.2.200', '.20.1.3.200'],
    );
  });

  test('P2: an answer is no larger than msgMaxSize allows; GETBULK is cut at whole varbinds', async () => {
    // An answer ends after its slice of time too, which is short where the machine is busy; one of several is long enough.
    let longest = 0;
    for (let attempt = 0; attempt < 20 && longest <= 20; attempt++) {
      const { varbinds } = await ask(getBulk, ['1.3.6.1'], 0, 100_000);
      longest = Math.max(longest, varbinds.length);
    }
    assert.ok(longest > 20, String(longest));
  });

  test('P2: what passes our own maximum is tooBig, in v2c without varbinds, in v1 with those of the request (RFC 3416 section 4.2.1, RFC 1157)', async () => {
    await lab.write('/signet-lab:lab/text', 'twenty characters ..');
    const names = Array.from({ length: 1750 }, () => `${base}.4.0`);
    const answer = await ask(get, names);
    assert.deepEqual([answer.status, answer.index, answer.varbinds.length], [1, 0, 0]);
    const old = await ask1(get, names);
    assert.deepEqual([old.status, old.index, old.varbinds.length], [1, 0, 1750]);
    const some = await ask(get, names.slice(0, 1700));
    assert.deepEqual([some.status, some.varbinds.length], [0, 1700]);
    await lab.write('/signet-lab:lab/text', 'hé');
  });

  test('D11: a value of ours that is not of its type is genErr, never another value, and no request after it suffers', async () => {
    const { smallCounter, bigCounter } = lab.state;
    Object.assign(lab.state, { smallCounter: 'text' });
    try {
      const answer = await ask(get, [`${base}.3.0`, `${base}.1.0`]);
      assert.deepEqual([answer.status, answer.index], [5, 2], 'genErr');
      assert.equal((await ask(get, [`${base}.3.0`])).varbinds[0]?.number, -7n);
      assert.equal((await ask(getNext, [`${base}.1.0`])).varbinds[0]?.name, `${base}.2.0`);
      Object.assign(lab.state, { smallCounter: -1, bigCounter: 'x' });
      assert.equal((await ask(get, [`${base}.1.0`])).status, 5);
      // what throws is told in the log, and has no value
      assert.equal((await ask(get, [`${base}.2.0`])).varbinds[0]?.tag, 0x81);
    } finally {
      Object.assign(lab.state, { smallCounter, bigCounter });
    }
    assert.equal((await ask(get, [`${base}.1.0`])).status, 0);
  });

  test('P3: SNMPv1 sees no Counter64 and no exceptions (RFC 3584 section 4.2.2)', async () => {
    assert.deepEqual(statusAndIndex(await ask1(get, [`${base}.3.0`, `${base}.2.0`])), [2, 2]);
    assert.deepEqual(statusAndIndex(await ask1(get, [`${base}.99.0`])), [2, 1]);
    const next = await ask1(getNext, [`${base}.1.0`]);
    assert.equal(next.varbinds[0]?.name, `${base}.3.0`);
    assert.deepEqual(statusAndIndex(await ask1(getNext, [`${base}.3.0`, '1.3.7'])), [2, 2]);
    assert.ok(await client.isSilent(v1(pdu(get, 1, [varbind(`${base}.3.0`, Buffer.from('460101', 'hex'))]))));
  });

  test('P4: endOfMibView carries the requested name, in GETBULK the last one returned', async () => {
    const next = await ask(getNext, ['1.3.7.77']);
    assert.deepEqual([next.varbinds[0]?.name, next.varbinds[0]?.tag], ['1.3.7.77', endOfMibView]);
    const all = await ask(getBulk, ['1.3.7.77', '1.3.6.1.6.4.1.0'], 0, 3);
    assert.deepEqual(
      all.varbinds.map(({ name }) => name),
      ['1.3.7.77', '1.3.6.1.6.4.1.0'],
    );
    const tail = async (from: string) => (await ask(getBulk, [from], 0, 50)).varbinds.slice(-2);
    let rows = await tail('1.3.6.1.6.3');
    while (rows.at(-1)!.tag !== endOfMibView) rows = await tail(rows.at(-1)!.name);
    const [last, end] = rows;
    assert.equal(end?.tag, endOfMibView);
    assert.equal(end?.name, last?.name);
  });

  test('P5: noSuchObject where no object has that prefix, else noSuchInstance', async () => {
    const { varbinds } = await ask(get, [
      `${base}.20`,
      `${base}.20.1`,
      `${base}.20.1.1.1`,
      `${base}.20.1.2`,
      `${base}.20.1.2.4`,
      `${base}.20.1.2.3.0`,
      `${base}.3`,
      `${base}.3.1`,
      `${base}.50.0`,
      `${base}.11.0`,
    ]);
    assert.deepEqual(
      varbinds.map(({ tag }) => tag),
      [
        noSuchObject,
        noSuchObject,
        noSuchObject,
        noSuchInstance,
        noSuchInstance,
        noSuchInstance,
        noSuchInstance,
        noSuchInstance,
        noSuchObject,
        noSuchInstance,
      ],
    );
  });

  test('rows come in the order of their sub-identifiers, whatever the list has (RFC 2578 section 7.7)', async () => {
    const { varbinds } = await ask(getBulk, [`${base}.20.1.2`, `${base}.21.1.200`], 0, 3);
    assert.deepEqual(
      varbinds.map(({ name }) => name.slice(base.length)),
      ['.20.1.2.1', '.21.1.200.3.1.98', '.20.1.2.3', '.21.1.200.3.2.97.97', '.20.1.2.200', '.21.1.201.3.1.98'],
    );
  });

  test('D8: no varbinds and no repetitions are answered', async () => {
    assert.deepEqual((await ask(get, [])).varbinds, []);
    assert.deepEqual((await ask(getBulk, [`${base}.3`], 0, 0)).varbinds, []);
    assert.deepEqual((await ask(getBulk, [], 0, 10)).varbinds, []);
  });

  test('D6: negative non-repeaters and max-repetitions count as 0', async () => {
    assert.equal((await ask(getBulk, [`${base}.2`], -3, 2)).varbinds.length, 2);
    assert.deepEqual((await ask(getBulk, [`${base}.2`], 0, -1)).varbinds, []);
  });

  test('D7: GETBULK ends after a round in which all have reached the end', async () => {
    for (const repetitions of [100_000, 2 ** 31 - 1]) {
      const { varbinds } = await ask(getBulk, ['2.5', '1.3.6.2'], 0, repetitions);
      assert.deepEqual(
        varbinds.map(({ tag }) => tag),
        [endOfMibView, endOfMibView],
      );
    }
  });

  test('sub-identifiers of 2^31 and 2^32-1 are ordinary (D4)', async () => {
    for (const arc of ['2147483648', '4294967295']) {
      const { varbinds } = await ask(get, [`${base}.20.1.2.${arc}`]);
      assert.equal(varbinds[0]?.tag, noSuchInstance);
      const next = await ask(getNext, [`${base}.20.1.2.${arc}`]);
      assert.equal(next.varbinds[0]?.name, `${base}.20.1.3.1`);
    }
    await lab.write('/signet-lab:lab/item[id="4294967295"]', { label: 'last' });
    const next = await ask(getNext, [`${base}.20.1.2.200`]);
    assert.equal(next.varbinds[0]?.name, `${base}.20.1.2.4294967295`);
    await lab.remove('/signet-lab:lab/item[id="4294967295"]');
  });

  test('the index follows commits that come from elsewhere', async () => {
    await lab.write('/signet-lab:lab/item[id="2"]', { label: 'two', part: [{ name: 'x' }] });
    assert.equal((await ask(getNext, [`${base}.20.1.2.1`])).varbinds[0]?.name, `${base}.20.1.2.2`);
    assert.equal((await ask(getNext, [`${base}.21.1.200`])).varbinds[0]?.name, `${base}.21.1.200.2.1.120`);
    await lab.remove('/signet-lab:lab/item[id="2"]');
    assert.equal((await ask(getNext, [`${base}.20.1.2.1`])).varbinds[0]?.name, `${base}.20.1.2.3`);
    assert.equal((await ask(getNext, [`${base}.21.1.200`])).varbinds[0]?.name, `${base}.21.1.200.3.1.98`);
  });

  test('user-ordered lists have row numbers that outlive other rows', async () => {
    await lab.write('/signet-lab:lab', { step: [{ name: 'z' }, { name: 'a' }], 'choice-of-order': ['green', 'red'] });
    const names = (await ask(getBulk, [`${base}.23.1.1`, `${base}.24.1.1`], 0, 2)).varbinds;
    assert.deepEqual(
      names.map(({ name, value }) => `${name.slice(base.length)} ${value.toString('latin1')}`),
      ['.23.1.1.1 z', '.24.1.1.1 \u0001', '.23.1.1.2 a', '.24.1.1.2 \u0000'],
    );
    await lab.remove("/signet-lab:lab/step[name='z']");
    assert.equal((await ask(getNext, [`${base}.23.1.1`])).varbinds[0]?.name, `${base}.23.1.1.2`);
  });

  test('a community sees nothing under nacm:default-deny-all (A1)', async () => {
    await lab.write('/signet-access:users', { user: [{ name: 'eve', snmp: {} }] });
    const { varbinds } = await ask(getNext, ['1.3.6.1.4.1.32473.1.11']);
    assert.ok(varbinds[0] !== undefined && !varbinds[0].name.startsWith('1.3.6.1.4.1.32473.1.11.'), varbinds[0]?.name);
    assert.equal((await ask(get, ['1.3.6.1.4.1.32473.1.11.1.1.200.101.118.101'])).varbinds[0]?.tag, noSuchObject);
  });

  test('300 varbinds are answered', async () => {
    const { varbinds } = await ask(
      get,
      Array.from({ length: 300 }, () => `${base}.3.0`),
    );
    assert.equal(varbinds.length, 300);
  });
});

function statusAndIndex({ status, index }: Answer): number[] {
  return [status, index];
}
