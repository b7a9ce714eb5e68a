import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import { compilePattern } from '../../src/yang/pattern.js';
import type { Identity, Module } from '../../src/yang/schema.js';
import type {
  BinaryType,
  BitsType,
  BooleanType,
  Decimal64Type,
  EmptyType,
  EnumerationType,
  IdentityrefType,
  IntegerBase,
  IntegerType,
  RangeRestriction,
  StringType,
  Type,
  UnionType,
} from '../../src/yang/types.js';
import {
  compareValues,
  formatValue,
  parseValue,
  type ValueContext,
  valueFromJson,
  valueToJson,
} from '../../src/yang/values.js';
import { readBinary } from '../../src/yang/values-builtin.js';

const plain = { typedefs: [] };
const limits: Readonly<Record<IntegerBase, readonly [bigint, bigint]>> = {
  int8: [-128n, 127n],
  int16: [-32768n, 32767n],
  int32: [-2147483648n, 2147483647n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 255n],
  uint16: [0n, 65535n],
  uint32: [0n, 4294967295n],
  uint64: [0n, 2n ** 64n - 1n],
};

function range(...parts: readonly (readonly [bigint, bigint])[]): RangeRestriction {
  return { parts: parts.map(([min, max]) => ({ min, max })), errorMessage: undefined, errorAppTag: undefined };
}

function integer(base: IntegerBase, ...ranges: readonly RangeRestriction[]): IntegerType {
  return { ...plain, name: base, base, ranges: [...ranges, range(limits[base])] };
}

function decimal(fractionDigits: number, ...ranges: readonly RangeRestriction[]): Decimal64Type {
  return { ...plain, name: 'decimal64', base: 'decimal64', fractionDigits, ranges: [...ranges, range(limits.int64)] };
}

function text(fields: Partial<StringType> = {}): StringType {
  return { ...plain, name: 'string', base: 'string', lengths: [], patterns: [], ...fields };
}

function enumeration(...names: readonly string[]): EnumerationType {
  const enums = names.map((name, value) => ({ name, value, description: '', status: 'current' as const }));
  return { ...plain, name: 'enumeration', base: 'enumeration', enums };
}

function union(...members: readonly Type[]): UnionType {
  return { ...plain, name: 'union', base: 'union', members };
}

const boolean: BooleanType = { ...plain, name: 'boolean', base: 'boolean' };
const empty: EmptyType = { ...plain, name: 'empty', base: 'empty' };
const binary: BinaryType = { ...plain, name: 'binary', base: 'binary', lengths: [range([0n, 2n ** 64n - 1n])] };
const bits: BitsType = {
  ...plain,
  name: 'bits',
  base: 'bits',
  bits: ['zero', 'one', 'two'].map((name, position) => ({ name, position, description: '' })),
};

const module = (name: string): Module => ({ name, namespace: `urn:${name}`, prefix: name }) as unknown as Module;
const modules = new Map(['m', 'n'].map((name) => [name, module(name)]));
const identity = (owner: string, name: string, derived: readonly Identity[] = []): Identity => ({
  module: modules.get(owner)!,
  name,
  bases: [],
  derived: new Set(derived),
  description: '',
  status: 'current',
});

const xml: ValueContext = {
  schema: undefined,
  form: 'xml',
  resolvePrefix: (prefix) => modules.get(prefix === 'x' ? 'n' : prefix === '' ? 'm' : 'none'),
};
const json: ValueContext = {
  schema: undefined,
  form: 'json',
  resolvePrefix: (name) => modules.get(name === '' ? 'm' : name),
};
const inModule: ValueContext = { ...xml, form: 'module' };

function refused(act: () => unknown, message?: string | RegExp): ConfigError {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof ConfigError, String(thrown));
    assert.equal(thrown.tag, 'invalid-value');
    if (typeof message === 'string') assert.equal(thrown.message, message);
    else if (message !== undefined) assert.match(thrown.message, message);
    return thrown;
  }
  return assert.fail('not refused');
}

describe('integers (RFC 7950 9.2)', () => {
  it('are decimal with an optional sign; white space around is ignored', () => {
    for (const [lexical, value] of [
      ['7', 7],
      ['+7', 7],
      ['-7', -7],
      ['007', 7],
      [' 12\n', 12],
      ['-0', 0],
    ] as const) {
      assert.ok(Object.is(parseValue(integer('int8'), lexical, xml), value), lexical);
    }
    for (const lexical of ['', '1.0', '0x10', '1e2', '--1', '1 2', 'ten', '+'])
      refused(() => parseValue(integer('int8'), lexical, xml));
  });

  it('are hexadecimal or octal in a default statement (RFC 7950 9.2.1)', () => {
    assert.equal(parseValue(integer('int32'), '0x1F', inModule), 31);
    assert.equal(parseValue(integer('int32'), '-010', inModule), -8);
    assert.equal(parseValue(integer('uint64'), '0xffffffffffffffff', inModule), 2n ** 64n - 1n);
    refused(() => parseValue(integer('int32'), '09', inModule));
    refused(() => parseValue(integer('int32'), '0x', inModule));
  });

  it('have the limits of their type', () => {
    for (const [base, [min, max]] of Object.entries(limits) as [IntegerBase, readonly [bigint, bigint]][]) {
      const is64 = base.endsWith('64');
      assert.equal(parseValue(integer(base), String(min), xml), is64 ? min : Number(min));
      assert.equal(parseValue(integer(base), String(max), xml), is64 ? max : Number(max));
      refused(() => parseValue(integer(base), String(min - 1n), xml), /is not within the range/u);
      refused(() => parseValue(integer(base), String(max + 1n), xml), /is not within the range/u);
    }
  });

  it('have ranges, with the messages of the restriction that fails', () => {
    const strict = { ...range([1n, 10n], [20n, 20n]), errorMessage: 'pick another', errorAppTag: 'bad-pick' };
    const type = integer('uint8', strict);
    assert.equal(parseValue(type, '20', xml), 20);
    const error = refused(() => parseValue(type, '15', xml), 'pick another');
    assert.equal(error.appTag, 'bad-pick');
    assert.equal(refused(() => parseValue(type, '256', xml)).appTag, undefined);
  });

  it('are JSON numbers up to 32 bits and strings above (RFC 7951 6.1)', () => {
    assert.equal(valueFromJson(integer('int32'), -5, json), -5);
    assert.equal(valueFromJson(integer('uint64'), '18446744073709551615', json), 18446744073709551615n);
    assert.equal(valueToJson(integer('uint64'), 18446744073709551615n), '18446744073709551615');
    refused(() => valueFromJson(integer('int32'), '5', json), 'expected a number, found a string');
    refused(() => valueFromJson(integer('int32'), 1.5, json));
    refused(() => valueFromJson(integer('uint64'), 5, json), 'expected a number written as a string, found a number');
    refused(() => valueFromJson(integer('int32'), [5], json), 'expected a number, found an array');
  });

  it('may come either way where a codec asks for it', () => {
    const relaxed: ValueContext = { ...json, relaxed: true };
    assert.equal(valueFromJson(integer('int32'), '5', relaxed), 5);
    assert.equal(valueFromJson(integer('uint64'), 5, relaxed), 5n);
    assert.equal(valueFromJson(boolean, 'true', relaxed), true);
    assert.equal(valueFromJson(empty, true, relaxed), null);
  });
});

describe('decimal64 (RFC 7950 9.3)', () => {
  it('is canonical with at least one digit on each side', () => {
    const cases = [
      ['1', '1.0'],
      ['+01.50', '1.5'],
      ['-0.00', '0.0'],
      ['3.1400', '3.14'],
      ['-12.345', '-12.345'],
      [' 2 ', '2.0'],
    ];
    for (const [lexical, canonical] of cases) assert.equal(parseValue(decimal(3), lexical!, xml), canonical);
    for (const lexical of ['1.', '.5', '1e3', '0x1', '1.2345', '', 'NaN'])
      refused(() => parseValue(decimal(3), lexical, xml));
  });

  it('has the limits of 64 bits, exactly', () => {
    assert.equal(parseValue(decimal(18), '9.223372036854775807', xml), '9.223372036854775807');
    refused(() => parseValue(decimal(18), '9.223372036854775808', xml));
    assert.equal(parseValue(decimal(1), '-922337203685477580.8', xml), '-922337203685477580.8');
  });

  it('has ranges, and is a string in JSON', () => {
    const type = decimal(2, range([150n, 250n]));
    assert.equal(valueFromJson(type, '2.5', json), '2.5');
    refused(() => valueFromJson(type, '2.51', json), "2.51 is not within the range '1.5..2.5'");
    refused(() => valueFromJson(type, 2.5, json));
  });
});

describe('string (RFC 7950 9.4)', () => {
  it('counts length in characters', () => {
    const type = text({ lengths: [range([2n, 2n])] });
    assert.equal(parseValue(type, '\u{1F600}a', xml), '\u{1F600}a');
    refused(() => parseValue(type, 'abc', xml), "length of 3 characters is not within '2'");
  });

  it('must match every pattern, and not the inverted ones', () => {
    const pattern = (source: string, invert: boolean, errorMessage?: string) => ({
      text: source,
      invert,
      errorMessage,
      errorAppTag: undefined,
      matches: compilePattern(source).matches,
    });
    const type = text({ patterns: [pattern('[a-z]+', false), pattern('x.*', true, 'no x first')] });
    assert.equal(parseValue(type, 'abc', xml), 'abc');
    refused(() => parseValue(type, 'ABC', xml), "value does not match the pattern '[a-z]+'");
    refused(() => parseValue(type, 'xab', xml), 'no x first');
  });

  it('has no control characters, lone surrogates or noncharacters (RFC 7950 section 14)', () => {
    for (const bad of ['\0', '\x1b', '\ud800', '\udc00x', '\uffff', '\ufdd0', '\u{1ffff}'])
      refused(() => parseValue(text(), bad, xml));
    assert.equal(parseValue(text(), 'a\t\n\r\u{10000}', xml), 'a\t\n\r\u{10000}');
  });
});

describe('other built-in types (RFC 7950 9.5 to 9.11)', () => {
  it('boolean is true or false', () => {
    assert.equal(parseValue(boolean, 'true', xml), true);
    refused(() => parseValue(boolean, 'True', xml), "expected 'true' or 'false'");
    refused(() => valueFromJson(boolean, 'true', json), 'expected true or false, found a string');
  });

  it('enumeration is one of its names', () => {
    assert.equal(parseValue(enumeration('one', 'two'), 'two', xml), 'two');
    refused(() => parseValue(enumeration('one', 'two'), 'three', xml), "'three' is none of 'one', 'two'");
  });

  it('bits are ordered by position and unique', () => {
    assert.equal(parseValue(bits, ' two  zero ', xml), 'zero two');
    assert.equal(parseValue(bits, '', xml), '');
    refused(() => parseValue(bits, 'one one', xml), "bit 'one' is given twice");
    refused(() => parseValue(bits, 'three', xml), "'three' is none of 'zero', 'one', 'two'");
  });

  it('binary is base64 with padding, its length counted in octets', () => {
    assert.equal(parseValue(binary, 'QUJD\n  RA==', xml), 'QUJDRA==');
    for (const bad of ['QQ', 'Q===', 'QU JD', 'QUJ!', '=QUJ', 'QQ=A'])
      refused(() => parseValue(binary, bad, xml), 'expected base64');
    refused(
      () => parseValue({ ...binary, lengths: [range([1n, 3n])] }, 'QUJDRA==', xml),
      "length of 4 octets is not within '1..3'",
    );
  });

  it('empty is [null] in JSON (RFC 7951 6.9)', () => {
    assert.equal(parseValue(empty, '', xml), null);
    assert.equal(valueFromJson(empty, [null], json), null);
    assert.deepEqual(valueToJson(empty, null), [null]);
    refused(() => valueFromJson(empty, null, json), 'expected [null], found null');
    refused(() => parseValue(empty, 'x', xml));
  });
});

describe('identityref (RFC 7950 9.10, RFC 7951 6.8)', () => {
  const leaf = identity('n', 'leaf');
  const middle = identity('m', 'middle', [leaf]);
  const base = identity('m', 'base', [middle, leaf]);
  const other = identity('n', 'other', [leaf]);
  const type: IdentityrefType = { ...plain, name: 'identityref', base: 'identityref', bases: [base] };

  it('resolves namespace prefixes in XML and module names in JSON', () => {
    assert.equal(parseValue(type, 'x:leaf', xml), 'n:leaf');
    assert.equal(parseValue(type, 'middle', xml), 'm:middle');
    assert.equal(valueFromJson(type, 'n:leaf', json), 'n:leaf');
    assert.equal(valueFromJson(type, 'middle', json), 'm:middle');
  });

  it('refuses the base itself, strangers and unknown prefixes', () => {
    refused(() => parseValue(type, 'base', xml), "'m:base' is no identity derived from 'base'");
    refused(() => parseValue(type, 'y:leaf', xml), "'y' is no known prefix");
    refused(() => parseValue(type, 'leaf', xml));
  });

  it('must be derived from every base (RFC 7950 9.10.2)', () => {
    const both: IdentityrefType = { ...type, bases: [base, other] };
    assert.equal(parseValue(both, 'x:leaf', xml), 'n:leaf');
    refused(() => parseValue(both, 'middle', xml));
  });
});

describe('union (RFC 7950 9.12)', () => {
  it('is the first member that takes the value', () => {
    const type = union(integer('uint8'), union(boolean, enumeration('max')), text({ lengths: [range([3n, 9n])] }));
    assert.equal(parseValue(type, '7', xml), 7);
    assert.equal(parseValue(type, 'true', xml), true);
    assert.equal(parseValue(type, 'max', xml), 'max');
    assert.equal(parseValue(type, '256', xml), '256');
    refused(() => parseValue(type, 'no', xml), 'value fits none of the member types');
  });

  it('heeds the JSON type (RFC 7951 6.10)', () => {
    const type = union(integer('uint8'), text());
    assert.equal(valueFromJson(type, '7', json), '7');
    assert.equal(valueFromJson(type, 7, json), 7);
    refused(() => valueFromJson(type, true, json));
  });

  it('tells the message of a member that has its own', () => {
    const type = union(integer('uint8', { ...range([1n, 2n]), errorMessage: 'one or two' }), boolean);
    refused(() => parseValue(type, '3', xml), 'one or two');
  });
});

describe('values', () => {
  it('are ordered: numbers by value, strings by code point', () => {
    assert.ok(compareValues(2, 10) < 0);
    assert.ok(compareValues(10n, 9n) > 0);
    assert.ok(compareValues('\uffee', '\u{10000}') < 0);
    assert.equal(compareValues('a', 'a'), 0);
  });

  it('survive formatting and parsing', () => {
    const types = [
      integer('int8'),
      integer('uint32'),
      integer('int64'),
      decimal(4),
      boolean,
      bits,
      binary,
      enumeration('a', 'b'),
      text(),
      union(integer('int8'), boolean, text()),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.oneof(
          fc.bigInt({ min: -300n, max: 300n }).map(String),
          fc.double({ noNaN: true, min: -100, max: 100 }).map((each) => each.toFixed(3)),
          fc.base64String(),
          fc.constantFrom('true', 'false', 'a', 'b', 'one', 'two zero'),
          fc.string({ unit: 'binary' }),
        ),
        (type, lexical) => {
          let value: ReturnType<typeof parseValue>;
          try {
            value = parseValue(type, lexical, xml);
          } catch (thrown) {
            assert.ok(thrown instanceof ConfigError);
            return;
          }
          assert.deepEqual(parseValue(type, formatValue(type, value), xml), value);
          assert.deepEqual(valueFromJson(type, valueToJson(type, value), json), value);
        },
      ),
      { seed: 11, numRuns: 3000 },
    );
  });

  it('of type binary are the same octets in canonical form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        const canonical = Buffer.from(octets).toString('base64');
        assert.equal(readBinary(binary, canonical.replace(/.{4}/gu, '$& \n')), canonical);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
