import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerReader, BerWriter, decodeOid, encodeOid, malformed, tag } from '../../../src/northbound/snmp/ber.js';
import { readPdu } from '../../../src/northbound/snmp/message.js';

const seed = { seed: 20261124, numRuns: 500 };
const arc = fc.integer({ min: 0, max: 0xffffffff });
const oids = fc
  .tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 39 }), fc.array(arc, { maxLength: 126 }))
  .map(([root, second, rest]) => [root, second, ...rest]);

function written(write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter();
  write(writer);
  return writer.buffer.subarray(0, writer.position);
}

test('an OID reads back as it was written (X.690 8.19)', () => {
  fc.assert(
    fc.property(oids, (arcs) => {
      const octets = written((writer) => writer.oid(encodeOid(arcs)));
      const reader = new BerReader(octets);
      const start = reader.skipOid();
      const into = new Uint32Array(128);
      const count = decodeOid(octets, start, reader.position, into);
      assert.deepEqual([...into.subarray(0, count)], arcs);
    }),
    seed,
  );
});

test('an instance is its object and the sub-identifiers of its key', () => {
  fc.assert(
    fc.property(fc.array(arc, { maxLength: 100 }), (arcs) => {
      const key = arcs.map((each) => String.fromCharCode(each >>> 16, each & 0xffff)).join('');
      const prefix = encodeOid([1, 3, 6, 1]);
      const expected = written((writer) => writer.oid(encodeOid([1, 3, 6, 1, ...arcs])));
      const octets = written((writer) => writer.instance(prefix, key));
      const content = (each: Buffer) => each.subarray(new BerReader(each).skipOid());
      assert.deepEqual(content(octets), content(expected));
    }),
    seed,
  );
});

test('integers of every size take the fewest octets and read back', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const octets = written((writer) => writer.integer(value));
      assert.equal(new BerReader(octets).integer(), value);
      assert.equal(
        octets.length,
        2 +
          Math.max(
            1,
            Math.ceil(((value < 0 ? ~value : value).toString(2).length + (value === 0 || value === -1 ? 0 : 1)) / 8),
          ),
      );
    }),
    seed,
  );
});

test('Counter64 takes up to nine octets', () => {
  for (const [value, hex] of [
    [0n, '460100'],
    [0x7fn, '46017f'],
    [0x80n, '46020080'],
    [0xffffffffffffffffn, '460900ffffffffffffffff'],
  ] as const) {
    assert.equal(written((writer) => writer.counter64(value)).toString('hex'), hex);
  }
});

test('unsigned numbers never look negative', () => {
  for (const [value, hex] of [
    [0, '420100'],
    [0x80, '42020080'],
    [0x80000000, '42050080000000'],
    [0xffffffff, '420500ffffffff'],
  ] as const) {
    assert.equal(written((writer) => writer.unsigned(tag.unsigned32, value)).toString('hex'), hex);
  }
});

test('a varbind of 128 octets or more gets a longer length', () => {
  const octets = written((writer) => {
    const mark = writer.beginShort();
    writer.octets(Buffer.alloc(200, 7));
    writer.endShort(mark);
  });
  const reader = new BerReader(octets);
  const outer = reader.enter(tag.sequence);
  assert.equal(reader.octets().length, 200);
  reader.leave(outer);
});

test('any octets are a PDU or malformed, and nothing else is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0xa0, 0xa1, 0xa3, 0xa5, 0xa7), (octets, type) => {
      for (const candidate of [Buffer.from(octets), Buffer.from([type, octets.length, ...octets])]) {
        try {
          readPdu(new BerReader(candidate));
        } catch (error) {
          assert.equal(error, malformed);
        }
      }
    }),
    { ...seed, numRuns: 5000 },
  );
});

const refused: readonly (readonly [string, string])[] = [
  ['D3 INTEGER of 5 octets', '02050080000000'],
  ['D3 INTEGER of none', '0200'],
  ['D3 unsigned of 6 octets', '4206000000000000'],
  ['D3 Counter64 of 10 octets', '460a00000000000000000000'],
  ['D4 empty OID', '0600'],
  ['D4 cut OID', '06022b86'],
  ['D4 sub-identifier of 6 octets', '06072bffffffffff7f'],
  ['D4 sub-identifier beyond 2^32-1', '06062b9080808000'],
  ['D4 padded sub-identifier', '06032b8001'],
  ['D4 129 sub-identifiers', `068180${'01'.repeat(128)}`],
  ['D5 indefinite length', '04800000'],
  ['D5 length of five octets', '04850000000001ff'],
  ['D5 length beyond the datagram', '040501'],
  ['D5 length that wraps', '0484ffffffff00'],
  ['IpAddress of 3 octets', '4003010203'],
  ['NULL with content', '050100'],
  ['unknown type', '1f00'],
];
for (const [name, hex] of refused) {
  test(`a value is refused: ${name}`, () => {
    assert.throws(
      () => new BerReader(Buffer.from(hex, 'hex')).skipValue(),
      (error) => error === malformed,
    );
  });
}

test('an element does not reach beyond its parent (D5)', () => {
  // SEQUENCE of 3 octets with an OCTET STRING of 3 in it
  const reader = new BerReader(Buffer.from('30030403aabbcc', 'hex'));
  reader.enter(tag.sequence);
  assert.throws(
    () => reader.octets(),
    (error) => error === malformed,
  );
});

test('what is left over in a sequence is refused (D5)', () => {
  const reader = new BerReader(Buffer.from('3004020101ff', 'hex'));
  const outer = reader.enter(tag.sequence);
  reader.integer();
  assert.throws(
    () => reader.leave(outer),
    (error) => error === malformed,
  );
});
