/** Every function and operator: XPath 1.0 sections 3.3 to 3.5 and 4, RFC 7950 section 10; and where other engines fail. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Answer, makeDocument } from './xpath-support.js';

const main = `
module m {
  yang-version 1.1; namespace "urn:m"; prefix m;
  import other { prefix o; }
  identity shape;
  identity round { base shape; }
  identity ball { base round; base o:thing; }
  typedef color { type enumeration { enum red { value 5; } enum green; enum blue { value -1; } } }
  container top {
    leaf name { type string; }
    leaf mtu { type uint16; }
    leaf big { type uint64; }
    leaf dec { type decimal64 { fraction-digits 2; } }
    leaf on { type boolean; }
    leaf void { type empty; }
    leaf color { type color; }
    leaf same-color { type leafref { path "../color"; } }
    leaf either { type union { type color; type bits { bit up; bit down; } type identityref { base shape; } type string; } }
    leaf flags { type bits { bit one; bit two; bit three; } }
    leaf kind { type identityref { base shape; } }
    leaf-list kinds { type identityref { base shape; } }
    leaf pointer { type instance-identifier { require-instance false; } }
    leaf server { type leafref { path "/top/entry/name"; } }
    leaf port { type leafref { path "/top/entry[name = current()/../server]/port"; } }
    leaf-list number { type int32; }
    list wide { key id; leaf id { type uint64; } }
    list small { key id; leaf id { type int8; } }
    list entry { key name; leaf name { type string; } leaf port { type uint16; } leaf-list tag { type string; } }
    anydata any;
  }
}`;
const other = 'module other { namespace "urn:other"; prefix o; identity thing; identity odd { base thing; } }';

const document = makeDocument([main, other], {
  'm:top': {
    name: 'Grüße 😀',
    mtu: 1500,
    big: '18446744073709551615',
    dec: '1.5',
    on: true,
    void: [null],
    color: 'red',
    'same-color': 'red',
    either: 'up down',
    flags: 'one three',
    kind: 'm:ball',
    kinds: ['m:round', 'm:ball'],
    pointer: "/m:top/entry[name='b']/port",
    server: 'b',
    port: 443,
    number: [3, -2, 10],
    entry: [
      { name: 'a', port: 80, tag: ['x', 'y'] },
      { name: 'b', port: 443 },
      { name: 'c', port: 443 },
    ],
    wide: [{ id: '9007199254740993' }, { id: '5' }],
    small: [{ id: -1 }, { id: 0 }],
    any: { 'm:what': 1 },
  },
});

type Table = readonly (readonly [expression: string, answer: Answer])[];

function check(title: string, table: Table, from = '/m:top'): void {
  describe(title, () => {
    for (const [expression, answer] of table) {
      it(`${expression} is ${JSON.stringify(answer)}`, () => assert.deepEqual(document.ask(expression, from), answer));
    }
  });
}

const entry = (name: string): string => `/m:top/entry[name='${name}']`;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

check('XPath 1.0 4.1, node-set functions', [
  ['count(entry)', 3],
  ['count(entry/tag | entry/port)', 5],
  ['count(nothing)', 0],
  ['position()', 1],
  ['last()', 1],
  ['entry[position() = 2]', [entry('b')]],
  ['entry[last()]', [entry('c')]],
  ['entry[last() - 1]', [entry('b')]],
  ['entry[position() != last()]/name', [`${entry('a')}/name`, `${entry('b')}/name`]],
  ['entry[2.5]', []],
  ['entry[0]', []],
  ["id('a')", []],
  ['local-name(entry)', 'entry'],
  ['local-name()', 'top'],
  ['local-name(/)', ''],
  ['local-name(nothing)', ''],
  ['name(entry)', 'm:entry'],
  ['namespace-uri(entry)', 'urn:m'],
  ['namespace-uri()', 'urn:m'],
]);

check('XPath 1.0 4.2, string functions', [
  ['string(mtu)', '1500'],
  ['string(entry)', 'a80xy'],
  ['string(entry[2])', 'b443'],
  ['string(nothing)', ''],
  ['string(void)', ''],
  ['string(on)', 'true'],
  ['string(dec)', '1.5'],
  ['string(any)', ''],
  ['string(1 = 1)', 'true'],
  ["concat('a', 1, true(), mtu)", 'a1true1500'],
  ["starts-with('abc', 'ab')", true],
  ["starts-with('abc', '')", true],
  ["starts-with('abc', 'b')", false],
  ["contains('abc', 'bc')", true],
  ["contains('abc', '')", true],
  ["contains('', 'a')", false],
  ["contains(entry/name, 'b')", false],
  ["substring-before('1999/04/01', '/')", '1999'],
  ["substring-before('abc', 'x')", ''],
  ["substring-after('1999/04/01', '/')", '04/01'],
  ["substring-after('abc', '')", 'abc'],
  ["substring-after('abc', 'x')", ''],
  ["substring('12345', 2, 3)", '234'],
  ["substring('12345', 2)", '2345'],
  ["substring('12345', 1.5, 2.6)", '234'],
  ["substring('12345', 0, 3)", '12'],
  ["substring('12345', 0 div 0, 3)", ''],
  ["substring('12345', 1, 0 div 0)", ''],
  ["substring('12345', -42, 1 div 0)", '12345'],
  ["substring('12345', -1 div 0, 1 div 0)", ''],
  ["substring('12345', -1 div 0)", '12345'],
  ['substring(name, 5, 3)', 'e 😀'],
  ['string-length(name)', 7],
  ["string-length('')", 0],
  ['string-length(nothing)', 0],
  ['string-length(entry/name)', 1],
  ["normalize-space('  a \t\n b  ')", 'a b'],
  ["translate('bar', 'abc', 'ABC')", 'BAr'],
  ["translate('--aaa--', 'abc-', 'ABC')", 'AAA'],
  ["translate('aaa', 'aa', 'xy')", 'xxx'],
  ["translate('😀a', '😀', '!')", '!a'],
]);

check('XPath 1.0 4.2, numbers as strings', [
  ['string(0 div 0)', 'NaN'],
  ['string(1 div 0)', 'Infinity'],
  ['string(-1 div 0)', '-Infinity'],
  ['string(-0)', '0'],
  ['string(0 * -1)', '0'],
  ['string(1.0)', '1'],
  ['string(-1.50)', '-1.5'],
  ['string(0.1)', '0.1'],
  ['string(1 div 3)', '0.3333333333333333'],
  ['string(0.0000001)', '0.0000001'],
  ['string(0.00000012345)', '0.00000012345'],
  ['string(-0.00000001)', '-0.00000001'],
  ['string(100000000000000000000)', '100000000000000000000'],
  ['string(1000000000000000000000)', '1000000000000000000000'],
  ['string(123456789012345678901234567890)', '123456789012345677877719597056'],
]);

check('XPath 1.0 4.3, boolean functions', [
  ['true()', true],
  ['false()', false],
  ['not(true())', false],
  ['boolean(0)', false],
  ['boolean(-0)', false],
  ['boolean(0 div 0)', false],
  ['boolean(0.1)', true],
  ["boolean('')", false],
  ["boolean('false')", true],
  ['boolean(nothing)', false],
  ['boolean(void)', true],
  ['not(entry)', false],
  ["lang('en')", false],
]);

check('XPath 1.0 4.4, number functions', [
  ['number(mtu)', 1500],
  ['number(entry/port)', 80],
  ['number(name)', nan],
  ['number(void)', nan],
  ['number(on)', nan],
  ['number(on = true())', 1],
  ["number(' 12.50 ')", 12.5],
  ["number('-.5')", -0.5],
  ["number('5.')", 5],
  ["number('+5')", nan],
  ["number('- 5')", nan],
  ["number('1e3')", nan],
  ["number('0x10')", nan],
  ["number('')", nan],
  ["number('Infinity')", nan],
  ['number(true())', 1],
  ['sum(entry/port)', 966],
  ['sum(nothing)', 0],
  ['sum(entry/name)', nan],
  ['floor(-2.5)', -3],
  ['ceiling(2.1)', 3],
  ['ceiling(-0.5)', -0],
  ['round(2.5)', 3],
  ['round(-2.5)', -2],
  ['round(-0.2)', -0],
  ['round(0 div 0)', nan],
  ['round(1 div 0)', infinity],
]);

check('XPath 1.0 3.5, arithmetic', [
  ['5 mod 2', 1],
  ['5 mod -2', 1],
  ['-5 mod 2', -1],
  ['1.5 mod .5', 0],
  ['5 mod 0', nan],
  ['1 div 0', infinity],
  ['1 div -0', -infinity],
  ['0 div 0', nan],
  ["'3' * '4'", 12],
  ['entry/port + 1', 81],
  ['- mtu', -1500],
  ['--1', 1],
  ['big - big', 0],
]);

check('XPath 1.0 3.4, comparisons', [
  // Two strings are equal as strings, but greater as numbers.
  ["'10' > '9'", true],
  ["'10' = '10.0'", false],
  ["'10' = 10.0", true],
  ['entry/port = 443', true],
  ['entry/port != 443', true],
  ['entry/port < 81', true],
  ['entry/port > 443', false],
  ['entry/port >= 443', true],
  ['443 = entry/port', true],
  ['81 > entry/port', true],
  ['not(entry/port = 1)', true],
  ["entry/name = 'c'", true],
  ["entry/name != 'a'", true],
  ["name != ''", true],
  ['name = 5', false],
  ['name != 5', true],
  ["nothing = ''", false],
  ["nothing != ''", false],
  ['nothing = nothing', false],
  ['nothing < 1', false],
  ['entry/port = number', false],
  ['entry/port > number', true],
  ['number < number', true],
  ['number[1] != number[1]', false],
  ['entry/port != entry/port', true],
  ['entry[1]/port != entry[1]/port', false],
  ['entry/name = entry/tag', false],
  ["entry = 'b443'", true],
  ['mtu = 1500', true],
  ['mtu = 01500', true],
  ["mtu = '01500'", false],
  ["on = 'true'", true],
  ['on = true()', true],
  ['nothing = false()', true],
  ['nothing < true()', true],
  ["'false' = true()", true],
  ['2 = true()', true],
  ['2 > true()', true],
  ["0 = ''", false],
  ['0 div 0 = 0 div 0', false],
  ['0 div 0 != 0 div 0', true],
  ['dec = 1.5', true],
  ["big = '18446744073709551615'", true],
  ['mtu = mtu', true],
  ['name = mtu', false],
  ["'' = void", true],
]);

check('comparison by key, which looks up', [
  ["entry/name = 'b'", true],
  ["entry/name = 'd'", false],
  ['entry/name = server', true],
  ['server = entry/name', true],
  ['entry/name = entry/name', true],
  ["entry/name = concat('a', '')", true],
  ["entry[port = 443]/name = 'a'", false],
  ["entry[port = 443]/name = 'c'", true],
  ["entry[2]/name = 'b'", true],
  ["entry[2]/name = 'a'", false],
  ["entry[name = 'b']/port", [`${entry('b')}/port`]],
  ["entry['b' = name]/port", [`${entry('b')}/port`]],
  ['entry[name = current()/server]/port', [`${entry('b')}/port`]],
  ["entry[name = 'b' and port = 80]", []],
  ["entry[name = 'b'][1]", [entry('b')]],
  ["entry[1][name = 'b']", []],
  ["entry[name = 'b'][2]", []],
  ['entry[name = ../entry/name]', [entry('a'), entry('b'), entry('c')]],
  ["wide[id = '9007199254740993']", ["/m:top/wide[id='9007199254740993']"]],
  ["wide[id = '9007199254740992']", []],
  // As numbers these are the same.
  ['wide[id = 9007199254740992]', ["/m:top/wide[id='9007199254740993']"]],
  ['wide/id = 5', true],
  ['small[id = -1]', ["/m:top/small[id='-1']"]],
  ['small[id = 0 * -1]', ["/m:top/small[id='0']"]],
  ['small[id = 0 div 0]', []],
  ['small[id = 1.5]', []],
  ["small[id = '-01']", []],
  ['small[number(id) = -01]', ["/m:top/small[id='-1']"]],
]);

check('RFC 7950 10.1, current()', [
  ['current()', ['/m:top']],
  ['entry[port = current()/port]/name', [`${entry('b')}/name`, `${entry('c')}/name`]],
  ['count(entry[current()/on])', 3],
]);

check('RFC 7950 10.2, re-match()', [
  ["re-match('1.22.333', '\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}')", true],
  ["re-match('aax', 'a*')", false],
  ["count(entry[re-match(name, '[ab]')])", 2],
  ["re-match('b', entry/name)", false],
  ["re-match('a', entry/name)", true],
  ["re-match('a', concat('(', ''))", false],
]);

check('RFC 7950 10.3, deref()', [
  ['deref(server)', [`${entry('b')}/name`]],
  ['deref(server)/../port', [`${entry('b')}/port`]],
  ['deref(port)', [`${entry('b')}/port`]],
  ['deref(pointer)', [`${entry('b')}/port`]],
  ['deref(pointer)/../name = server', true],
  ['deref(same-color)', ['/m:top/color']],
  ['deref(mtu)', []],
  ['deref(nothing)', []],
]);

check('RFC 7950 10.4, derived-from() and derived-from-or-self()', [
  ["derived-from(kind, 'shape')", true],
  ["derived-from(kind, 'm:round')", true],
  ["derived-from(kind, 'o:thing')", true],
  ["derived-from(kind, 'o:odd')", false],
  ["derived-from(kind, 'm:ball')", false],
  ["derived-from-or-self(kind, 'm:ball')", true],
  ["derived-from-or-self(kinds, 'm:round')", true],
  ["derived-from(kinds, 'round')", true],
  ["derived-from(kind, 'q:shape')", false],
  ["derived-from(kind, 'unknown')", false],
  ["derived-from(name, 'shape')", false],
  ["derived-from(nothing, 'shape')", false],
  ["derived-from(kind, concat('sh', 'ape'))", true],
]);

check('RFC 7950 10.5, enum-value()', [
  ['enum-value(color)', 5],
  ['enum-value(same-color)', 5],
  ['enum-value(name)', nan],
  ['enum-value(either)', nan],
  ['enum-value(nothing)', nan],
  ['enum-value(color) > 4', true],
]);

check('RFC 7950 10.6, bit-is-set()', [
  ["bit-is-set(flags, 'one')", true],
  ["bit-is-set(flags, 'two')", false],
  ["bit-is-set(either, 'up')", true],
  ["bit-is-set(name, 'one')", false],
  ["bit-is-set(nothing, 'one')", false],
]);

check('RFC 7950 9.10, 9.13: literals are identities and paths by the prefixes of the expression', [
  ["kind = 'm:ball'", true],
  ["kind = 'ball'", true],
  ["kind != 'ball'", false],
  ["kind = 'm:round'", false],
  ["kinds = 'round'", true],
  ["kind/text() = 'ball'", true],
  ['pointer = "/m:top/m:entry[m:name=\'b\']/m:port"', true],
  ['pointer = "/m:top/m:entry[m:name=\'a\']/m:port"', false],
  ['string(kind)', 'm:ball'],
  // In a union the literal may be either.
  ["either = 'up down'", true],
]);

check(
  'from a leaf',
  [
    ['. = 443', true],
    ['../name', [`${entry('b')}/name`]],
    ['../../mtu >= 1500', true],
    ['string()', '443'],
    ['number()', 443],
    ['string-length()', 3],
    ['name()', 'm:port'],
    ['count(../../entry[port = current()])', 2],
    ['/top/entry[name = current()/../name]/port = .', true],
  ],
  `${entry('b')}/port`,
);
