import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../../src/error.js';
import { contentFromRpc, contentToRpc } from '../../../src/northbound/xmlrpc/convert.js';
import { RpcDateTime, RpcDouble, type RpcValue } from '../../../src/northbound/xmlrpc/values.js';
import { type Content, type DataSchema, decodeJson, parsePath, type Schema } from '../../../src/yang/index.js';
import { testSchema } from './support.js';

describe('XML-RPC values by the YANG type (CONTRACT.md)', () => {
  let schema: Schema;
  before(() => {
    schema = testSchema();
  });

  function read(path: string, value: RpcValue): Content {
    const identifier = parsePath(schema, path);
    const node = identifier.last?.schema as DataSchema;
    return decodeJson(schema, identifier, contentFromRpc(value, node), { relaxed: true });
  }

  /** In and out again. */
  function roundTrip(path: string, value: RpcValue): RpcValue {
    return contentToRpc(read(path, value), parsePath(schema, path).last?.schema as DataSchema);
  }

  for (const [leaf, input, output] of [
    ['i8', -128, -128],
    ['i16', -32768, -32768],
    ['i32', 2147483647, 2147483647],
    ['i64', '-9223372036854775808', '-9223372036854775808'],
    ['i64', 5, '5'],
    ['u8', 255, 255],
    ['u16', 65535, 65535],
    ['u32', '4294967295', '4294967295'],
    ['u32', 7, '7'],
    ['u64', '18446744073709551615', '18446744073709551615'],
    ['decimal', '1.50', '1.5'],
    ['decimal', 3, '3.0'],
    ['flag', false, false],
    ['text', ' ü ', ' ü '],
    ['octets', Buffer.from([0, 255]), Buffer.from([0, 255])],
    ['octets', 'AP8=', Buffer.from([0, 255])],
    ['nothing', true, true],
    ['choice', 'two', 'two'],
    ['set', 'b a', 'a b'],
    ['colour', 'red', 'signet-test-types:red'],
    ['same', 12, 12],
    ['either', 80, '80'],
    ['either', '80', '80'],
    ['either', 'auto', 'auto'],
    ['either', true, 'true'],
    ['numbers', [3, 1], [3, 1]],
    ['blobs', [Buffer.from('b'), Buffer.from('a')], [Buffer.from('b'), Buffer.from('a')]],
  ] as const) {
    test(`${leaf}: ${String(input)} is read and told as ${typeof output} ${String(output)}`, () => {
      const result = roundTrip(`types.${leaf}`, input as RpcValue);
      assert.deepEqual(Array.isArray(result) && leaf === 'numbers' ? [...result].sort().reverse() : result, output);
    });
  }

  for (const [leaf, value] of [
    ['i8', 128],
    ['u16', -1],
    ['u16', 'many'],
    ['u32', '4294967296'],
    ['flag', 'yes'],
    ['flag', 2],
    ['nothing', false],
    ['choice', 'three'],
    ['octets', 'not base64!'],
    ['text', true],
    ['text', new Map()],
    ['text', ['a']],
    ['numbers', 'x'],
    ['entry', [['x']]],
    ['i32', new RpcDouble(1.5)],
    ['i32', new RpcDateTime('19980717T14:08:55')],
  ] as const) {
    test(`${leaf}: ${typeof value} ${String(value)} is refused with a path`, () => {
      assert.throws(
        () => read(`types.${leaf}`, value as RpcValue),
        (error: unknown) => error instanceof ConfigError && error.path.startsWith('/signet-test-types:types/'),
      );
    });
  }

  test('names are qualified only where the module changes', () => {
    const https: RpcValue = new Map<string, RpcValue>([
      ['enabled', true],
      ['signet-test-types:extra', 'x'],
    ]);
    assert.deepEqual(roundTrip('https', https), https);
    const whole = contentFromRpc(new Map([['signet-https:https', https]]), schema.root);
    assert.deepEqual(whole, { 'signet-https:https': { enabled: true, 'signet-test-types:extra': 'x' } });
  });

  test('lists are arrays of structs, an entry is a struct', () => {
    const one: RpcValue = new Map<string, RpcValue>([
      ['name', 'a'],
      ['value', 1],
    ]);
    assert.deepEqual(roundTrip('types.entry', [one]), [one]);
    assert.deepEqual(roundTrip('types.entry[a]', new Map([['value', 1]])), one);
  });

  test('member names that objects inherit are refused as unknown, and nothing is polluted', () => {
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
      assert.throws(() => read('types', new Map<string, RpcValue>([[name, 'x']])), { name: 'ConfigError' });
    }
    assert.equal(({} as Record<string, unknown>).text, undefined);
  });

  test('whatever value is sent to whatever leaf, there is content or a ConfigError', () => {
    const leafs = [
      'i8',
      'u32',
      'i64',
      'decimal',
      'flag',
      'text',
      'octets',
      'nothing',
      'either',
      'numbers',
      'entry',
      'any',
    ];
    const { value } = fc.letrec<{ value: RpcValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.string(),
        fc.boolean(),
        fc.double({ noNaN: true }).map((number) => new RpcDouble(number)),
        fc.uint8Array({ maxLength: 8 }).map((octets) => Buffer.from(octets)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc
          .array(fc.tuple(fc.constantFrom('name', 'value', 'x', '__proto__'), tie('value')), { maxLength: 3 })
          .map((entries) => new Map(entries)),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom(...leafs), value, (leaf, sent) => {
        try {
          read(`types.${leaf}`, sent);
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error));
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
