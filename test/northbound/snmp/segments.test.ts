import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import { localizeKey } from '../../../src/northbound/snmp/index.js';
import { requireTool } from '../../support/tools.js';
import { labOid as base, engineId, type Lab, ok, passPhrase, startLab, v3 } from './support/lab.js';
import { int, pdu, type as pduType, RawClient, text, v3Message, varbind } from './support/raw.js';

const status = {
  wrongEncoding: 9,
  wrongValue: 10,
  resourceUnavailable: 13,
  inconsistentValue: 12,
  wrongLength: 8,
  noCreation: 11,
  inconsistentName: 18,
};
const createAndGo = 4;
const sha256 = (octets: string | Buffer) => createHash('sha256').update(octets).digest();
const titleArcs = (title: string) => [...Buffer.from(title)].join('.');
const lengthy = (title: string) => `${String(title.length)}.${titleArcs(title)}`;

suite('values that can pass 255 octets', () => {
  let lab: Lab;
  let client: RawClient;
  let requestId = 1;
  const key = localizeKey('sha256', passPhrase, engineId);
  const ask = (kind: number, varbinds: readonly Buffer[], first = 0, second = 0) => {
    const keys = { authKey: key, privKey: key, engineId, boots: 7, time: 100, flags: 7, user: 'admin' };
    return client.request(v3Message(keys, pdu(kind, requestId++, varbinds, first, second)), key);
  };
  const set = async (...varbinds: readonly Buffer[]) => {
    const answer = await ask(pduType.set, varbinds);
    return [answer.status, answer.index];
  };
  const digest = (octets: string | Buffer) => varbind(`${base}.15.0`, text(sha256(octets)));
  const segment = (number: number, octets: string | Buffer) =>
    varbind(`${base}.400.15.1.2.${String(number)}`, text(octets));
  const essay = () => lab.read('/signet-lab:lab/essay');

  /** All below a name, one GETNEXT after the other. */
  const walk = async (from: string) => {
    const found: { readonly name: string; readonly tag: number; readonly value: Buffer }[] = [];
    for (let at = from; ; at = found.at(-1)!.name) {
      const next = (await ask(pduType.getNext, [varbind(at)])).varbinds[0]!;
      if (next.tag >= 0x80 || !next.name.startsWith(`${from}.`)) return found;
      found.push(next);
    }
  };

  before(async () => {
    lab = await startLab();
    client = new RawClient(lab.port);
  });
  afterEach(async () => {
    await lab.remove('/signet-lab:lab');
  });
  after(async () => {
    client.close();
    await lab.close();
  });

  test('segments are nothing until their digest is set; then they are the value', async () => {
    const value = `${'long '.repeat(300)}ü`;
    const octets = Buffer.from(value);
    assert.deepEqual(await set(segment(2, octets.subarray(700))), [0, 0]);
    assert.deepEqual(await set(segment(1, octets.subarray(0, 700))), [0, 0]);
    assert.equal(essay(), undefined);
    assert.deepEqual(await set(digest(octets)), [0, 0]);
    assert.equal(essay(), value);
    assert.deepEqual(await set(digest(octets)), [status.inconsistentValue, 1]);
  });

  test('they are read in segments of 1 000 octets, with the digest of the whole', async () => {
    const value = 'x'.repeat(2001);
    await lab.write('/signet-lab:lab/essay', value);
    const varbinds = await walk(`${base}.400.15`);
    const segments = varbinds.filter(({ name, tag }) => tag === 4 && name.startsWith(`${base}.400.15.`));
    assert.deepEqual(
      segments.map((each) => [each.name, each.value.length]),
      [1000, 1000, 1].map((length, at) => [`${base}.400.15.1.2.${String(at + 1)}`, length]),
    );
    assert.equal(Buffer.concat(segments.map((each) => each.value)).toString(), value);
    const got = await ask(
      pduType.get,
      [`${base}.15.0`, `${base}.400.15.1.2.3`, `${base}.400.15.1.2.4`].map((each) => varbind(each)),
    );
    assert.deepEqual(got.varbinds[0]?.value, sha256(value));
    assert.deepEqual(got.varbinds[1]?.value, Buffer.from('x'));
    assert.equal(got.varbinds[2]?.tag, 0x81);
  });

  test('segments and digest may come in one PDU, the digest first; an empty value has one empty segment', async () => {
    assert.deepEqual(await set(digest('short'), segment(1, 'short')), [0, 0]);
    assert.equal(essay(), 'short');
    assert.deepEqual(await set(digest(''), segment(1, '')), [0, 0]);
    assert.equal(essay(), '');
    const { varbinds } = await ask(pduType.getNext, [varbind(`${base}.400.15`)]);
    assert.deepEqual([varbinds[0]?.name, varbinds[0]?.value.length], [`${base}.400.15.1.2.1`, 0]);
  });

  test('a segment that lies behind from an earlier try does no harm', async () => {
    assert.deepEqual(await set(segment(1, 'old '), segment(2, 'older '), segment(3, 'oldest')), [0, 0]);
    assert.deepEqual(await set(segment(1, 'new '), segment(2, 'value')), [0, 0]);
    assert.deepEqual(await set(digest('new value')), [0, 0]);
    assert.equal(essay(), 'new value');
  });

  test('a wrong digest and a gap are inconsistentValue; what the type refuses is wrongValue, no UTF-8 wrongEncoding', async () => {
    assert.deepEqual(await set(segment(1, 'a'), segment(3, 'c')), [0, 0]);
    assert.deepEqual(await set(digest('ac')), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(segment(1, 'no!'), digest('no!')), [status.wrongValue, 2]);
    assert.deepEqual(await set(segment(1, Buffer.from([0xff])), digest(Buffer.from([0xff]))), [
      status.wrongEncoding,
      2,
    ]);
    assert.equal(essay(), undefined);
  });

  test('S2: a PDU that is refused leaves no segment behind', async () => {
    assert.deepEqual(await set(segment(1, 'kept')), [0, 0]);
    assert.deepEqual(await set(segment(1, 'lost'), varbind(`${base}.77.0`, int(1))), [17, 2]);
    assert.deepEqual(await set(digest('lost')), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(digest('kept')), [0, 0]);
  });

  test('segments are bounded: 1 000 octets each, their number, and their sum', async () => {
    assert.deepEqual(await set(segment(1, 'x'.repeat(1001))), [status.wrongLength, 1]);
    assert.deepEqual(await set(segment(16_385, 'x')), [status.resourceUnavailable, 1]);
    assert.deepEqual(await set(segment(0, 'x')), [status.noCreation, 1]);
    for (let item = 1; item <= 40; item += 1) {
      const name = `${base}.400.25.2.1.2.1.${String(96 + (item % 26) + 1)}.${String(item)}`;
      const [answered] = await set(varbind(name, text('x')));
      assert.ok(answered === 0 || answered === status.resourceUnavailable);
    }
  });

  test('a row is made with a long column: segments first, then RowStatus and digest in one PDU', async () => {
    const cover = Buffer.from(Array.from({ length: 1500 }, (_, at) => at % 251));
    const at = (segmentNumber: number) => `${base}.400.25.2.1.2.${lengthy('dune')}.${String(segmentNumber)}`;
    assert.deepEqual(await set(varbind(at(1), text(cover.subarray(0, 1000)))), [0, 0]);
    assert.deepEqual(await set(varbind(at(2), text(cover.subarray(1000)))), [0, 0]);
    const row = varbind(`${base}.25.1.200.${titleArcs('dune')}`, int(createAndGo));
    assert.deepEqual(await set(row), [status.inconsistentValue, 1]);
    assert.deepEqual(await set(row, varbind(`${base}.25.1.2.${titleArcs('dune')}`, text(sha256(cover)))), [0, 0]);
    assert.equal(lab.read('/signet-lab:lab/book[title="dune"]/cover'), cover.toString('base64'));
    const got = await ask(pduType.get, [varbind(at(2))]);
    assert.deepEqual(got.varbinds[0]?.value, cover.subarray(1000));
  });

  test('an entry of a leaf-list of long values is a row with a number', async () => {
    await lab.write('/signet-lab:lab/book', [{ title: 'dune', cover: '' }]);
    const page = Buffer.alloc(300, 7);
    const row = `${lengthy('dune')}.5`;
    assert.deepEqual(await set(varbind(`${base}.400.26.1.1.2.${row}.1`, text(page))), [0, 0]);
    const made = await set(
      varbind(`${base}.26.1.200.${row}`, int(createAndGo)),
      varbind(`${base}.26.1.1.${row}`, text(sha256(page))),
    );
    assert.deepEqual(made, [0, 0]);
    assert.deepEqual(lab.read('/signet-lab:lab/book[title="dune"]/page'), [page.toString('base64')]);
    const got = await ask(pduType.getNext, [varbind(`${base}.400.26.1.1.2`)]);
    assert.deepEqual([got.varbinds[0]?.name, got.varbinds[0]?.value], [`${base}.400.26.1.1.2.${row}.1`, page]);
  });

  test('Unset takes a long leaf away', async () => {
    await lab.write('/signet-lab:lab/essay', 'some');
    assert.deepEqual(await set(varbind(`${base}.201.0`, int(15, 0x42))), [0, 0]);
    assert.equal(essay(), undefined);
  });

  test('a walk of segments steps through rows in the order of their names with lengths, those without a value left out', async () => {
    const titles = ['b', 'aa', 'a', 'ccc'];
    const cover = (title: string) => Buffer.alloc(title.length * 700, title);
    const books = titles.map((title) => ({ title, cover: cover(title).toString('base64') }));
    await lab.write('/signet-lab:lab/book', books);
    await lab.write('/signet-lab:lab/book', [{ title: 'zz', cover: '' }]);
    const column = `${base}.400.25.2.1.2`;
    const expected = ['a', 'b', 'aa', 'zz', 'ccc'].flatMap((title) =>
      Array.from({ length: Math.max(1, Math.ceil(title === 'zz' ? 0 : (title.length * 700) / 1000)) }, (_, at) => {
        return `${column}.${lengthy(title)}.${String(at + 1)}`;
      }),
    );
    const names = (await walk(column)).map(({ name }) => name);
    assert.deepEqual(names, expected);
    // how many rows an answer holds is the agent's to say
    const bulk = (await ask(pduType.getBulk, [varbind(column)], 0, expected.length)).varbinds.map(({ name }) => name);
    assert.ok(bulk.length > 0);
    assert.deepEqual(bulk, expected.slice(0, bulk.length));
    for (const [from, next] of [
      [`${column}.1`, expected[0]],
      [`${column}.1.97.1`, expected[1]],
      [`${column}.1.97.0`, expected[0]],
      [`${column}.1.97.1.5`, expected[1]],
      [`${column}.2.97`, expected[2]],
      [`${column}.2.97.98.1`, expected[4]],
      [`${column}.2.97.97.1`, expected[3]],
    ] as const) {
      const { varbinds } = await ask(pduType.getNext, [varbind(from)]);
      assert.equal(varbinds[0]?.name, next, from);
    }
  });

  test('snmpbulkwalk and snmpwalk of segments give the same', { skip: requireTool('snmpbulkwalk').skip }, async () => {
    await lab.write('/signet-lab:lab/book', [{ title: 'dune', cover: Buffer.alloc(3500, 1).toString('base64') }]);
    const walked = await ok(lab, 'snmpwalk', v3('admin'), `${base}.400`);
    assert.equal(await ok(lab, 'snmpbulkwalk', v3('admin'), `${base}.400`), walked);
    assert.equal(walked.match(/Hex-STRING/gu)?.length, 4);
  });
});
