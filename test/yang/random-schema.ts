/** Random modules that use every kind of node and type, and values of them, for properties of the codecs. */
import fc from 'fast-check';
import type { AnyContent, Schema, Type, Value } from '../../src/yang/index.js';
import type { RangeRestriction } from '../../src/yang/types.js';
import { formatValue, readJson, readLexical, valueToJson } from '../../src/yang/values.js';
import { Fault } from '../../src/yang/values-fault.js';

/** The text of module `a` (`urn:a`), and of `b` (`urn:b`), which augments it. */
export interface RandomModules {
  readonly a: string;
  readonly b: string;
}

/** Where a node is written. Actions stand in no keyless list, operation or case (RFC 7950 7.15, 7.9.2). */
interface Scope {
  readonly mayAct: boolean;
  /** Whether conditions are written; else every tree that has the types right is valid. */
  readonly constrained: boolean;
  /** A name that no other node has. */
  name(kind: string): string;
}

type Write = (scope: Scope) => string;

const { type } = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 2 },
    {
      weight: 8,
      arbitrary: fc.constantFrom(
        'type string;',
        'type string { length "1..9 | 20"; }',
        `type string { pattern '[a-c]{0,3}x*'; }`,
        `type string { pattern '[^q]*'; pattern 'x[0-9]' { modifier invert-match; } }`,
        'type boolean;',
        'type empty;',
        'type a:name;',
        'type a:small { range "5..9"; }',
        'type enumeration { enum one; enum "two words"; enum three { value 7; } }',
        'type bits { bit r; bit w { position 5; } bit x.y; }',
        'type binary;',
        'type binary { length "0..5"; }',
        'type identityref { base a:base; }',
        'type identityref { base a:base; base a:other; }',
        'type instance-identifier { require-instance false; }',
        'type leafref { path "/a:anchor/a:name"; require-instance false; }',
      ),
    },
    fc.constantFrom('int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64').map((base) => `type ${base};`), // biome-ignore format: one line
    fc.constantFrom('int16', 'int64').map((base) => `type ${base} { range "min..-5 | 0 | 7..max"; }`),
    fc.integer({ min: 1, max: 18 }).map((digits) => `type decimal64 { fraction-digits ${String(digits)}; }`),
    fc.constant('type decimal64 { fraction-digits 2; range "-1.5..2 | 3.25"; }'),
    fc.array(tie('type'), { minLength: 1, maxLength: 3 }).map((members) => `type union { ${members.join(' ')} }`),
  ),
}));

/** RFC 7950 7.8.2 lets a key be of any type; yanglint 2.1 takes none that is empty. */
const keyType = type.filter((text) => !text.includes('empty'));

/** Conditions that any node may have. */
const condition = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  fc.constantFrom(
    `when "/a:anchor/a:name";`,
    `when "not(/a:anchor/a:name = 'a')";`,
    `when "count(/a:anchor/*) < 2";`,
    `must "/a:anchor/a:name" { error-app-tag "no-name"; error-message "there is no name"; }`,
    `must "not(/a:anchor/a:name) or string-length(/a:anchor/a:name) > 1";`,
    `must "count(../*) < 4";`,
  ),
);
/** The value of a container is not asked for: libyang has indentation in it, where XPath 1.0 5.2 has text nodes alone. */
const leafCondition = fc.oneof(
  { weight: 4, arbitrary: condition },
  fc.constant(`must "not(. = 7) and not(. = 'true')";`),
);
const leafMore = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.constantFrom('mandatory true;', 'status deprecated;'),
);
const size = fc.oneof({ weight: 2, arbitrary: fc.constant('') }, fc.constantFrom('min-elements 1;', 'max-elements 2;', 'min-elements 1; max-elements 1;')); // biome-ignore format: one line
const given = (scope: Scope, text: string): string => (scope.constrained ? text : '');

const { node } = fc.letrec<{ node: Write; body: Write }>((tie) => ({
  body: fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map(sequence),
  node: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(type, leafCondition, leafMore).map(([text, when, more]) => (scope: Scope) => {
      return `leaf ${scope.name('leaf')} { ${text} ${given(scope, when + more)} }`;
    }),
    fc.constant((scope: Scope) => `leaf ${scope.name('leaf')} { type uint8; default 7; }`),
    leafCondition.map((when) => (scope: Scope) => {
      const type = `type leafref { path "/a:anchor/a:name"; ${scope.constrained ? '' : 'require-instance false;'} }`;
      return `leaf ${scope.name('leaf')} { ${type} ${given(scope, when)} }`;
    }),
    fc.tuple(type, fc.constantFrom('', 'ordered-by user;', 'config false;'), size).map(([text, more, bounds]) => {
      return (scope: Scope) => `leaf-list ${scope.name('values')} { ${text} ${more} ${given(scope, bounds)} }`;
    }),
    fc.constantFrom('anydata', 'anyxml').map((kind) => (scope: Scope) => `${kind} ${scope.name(kind)};`),
    fc.tuple(tie('body'), fc.constantFrom('', 'presence "it counts";'), condition).map(([body, presence, when]) => {
      return (scope: Scope) => `container ${scope.name('box')} { ${presence} ${given(scope, when)} ${body(scope)} }`;
    }),
    fc
      .tuple(
        fc.array(keyType, { minLength: 1, maxLength: 3 }),
        tie('body'),
        fc.constantFrom('', 'ordered-by user;'),
        size,
      )
      .map(([keys, body, order, bounds]) => (scope: Scope) => {
        const names = keys.map(() => scope.name('key'));
        const leafs = names.map((name, index) => `leaf ${name} { ${keys[index]!} }`).join(' ');
        const [one, other] = [scope.name('leaf'), scope.name('leaf')];
        const unique = `unique "${one} ${other}"; leaf ${one} { type uint8; default 1; } leaf ${other} { type boolean; }`;
        const more = `${order} ${given(scope, bounds)} ${given(scope, unique)}`;
        return `list ${scope.name('row')} { key "${names.join(' ')}"; ${more} ${leafs} ${body(scope)} }`;
      }),
    tie('body').map((body) => (scope: Scope) => {
      return `list ${scope.name('row')} { config false; ${body({ ...scope, mayAct: false })} }`;
    }),
    fc.tuple(tie('body'), tie('body')).map(([first, second]) => (scope: Scope) => {
      const cases = [first, second].map(
        (body) => `case ${scope.name('case')} { ${body({ ...scope, mayAct: false })} }`,
      );
      return `choice ${scope.name('way')} { ${cases.join(' ')} }`;
    }),
    fc.tuple(tie('body'), tie('body')).map(([input, output]) => (scope: Scope) => {
      const inside = { ...scope, mayAct: false };
      if (!scope.mayAct) return `container ${scope.name('box')} { ${input(inside)} ${output(inside)} }`;
      return `action ${scope.name('act')} { input { ${input(inside)} } output { ${output(inside)} } }`;
    }),
  ),
}));

function sequence(nodes: readonly Write[]): Write {
  return (scope) => nodes.map((write) => write(scope)).join('\n');
}

const several = (most: number) => fc.array(node, { minLength: 1, maxLength: most }).map(sequence);

/** `constrained`: with conditions, so that a tree of them need not be valid. */
export const randomModules = (constrained = false): fc.Arbitrary<RandomModules> =>
  fc
    .record({ top: several(6), common: several(2), input: several(3), told: several(2), added: several(3) })
    .map(({ top, common, input, told, added }) => {
      let last = 0;
      const scope: Scope = { mayAct: true, constrained, name: (kind) => `${kind}${String(++last)}` };
      const quiet = { ...scope, mayAct: false };
      return {
        a: `module a {
  yang-version 1.1; namespace "urn:a"; prefix a;
  identity base; identity other; identity first { base base; base other; } identity second { base first; }
  typedef name { type string { length "1..12"; pattern '[a-z][a-z0-9.]*'; } }
  typedef small { type uint8 { range "0..99"; } }
  grouping common { ${common(quiet)} }
  container anchor { leaf name { type name; } uses common; }
  container top { ${top(scope)} }
  rpc call { input { ${input(quiet)} uses common; } output { leaf answer { type small; } } }
  notification told { ${told(quiet)} uses common; }
}`,
        b: `module b {
  yang-version 1.1; namespace "urn:b"; prefix b; import a { prefix a; }
  identity third { base a:first; }
  augment "/a:top" { ${given(scope, `when "not(/a:anchor/a:name = 'default')";`)} ${added(scope)} uses a:common; }
}`,
      };
    });

/** Values as a codec of the encoding gives them: of a union the member that takes the text (RFC 7950 9.12, RFC 7951 6.10). */
export function randomValue(schema: Schema, encoding: 'json' | 'xml', of: Type): fc.Arbitrary<Value> {
  const module = schema.modules.get('a')!;
  const resolvePrefix = (prefix: string) => (prefix === '' ? module : schema.modules.get(prefix));
  const context = { schema, form: encoding, resolvePrefix };
  return rawValue(schema, of)
    .map((value) =>
      encoding === 'json'
        ? readJson(of, valueToJson(of, value), context)
        : readLexical(of, formatValue(of, value), context),
    )
    .filter((value): value is Value => !(value instanceof Fault));
}

/** What an anydata or anyxml may hold that comes back as it was. */
export function anyContent(encoding: 'json' | 'xml'): fc.Arbitrary<AnyContent> {
  return encoding === 'json'
    ? fc.constantFrom('{"a:x":{"y":[1,2,{"z":null}]},"b:w":"<&>"}', '{}').map((text) => ({ format: 'json', text }))
    : fc.constantFrom('<x xmlns="urn:a"><y>1</y><y>&lt;&amp;</y></x>', '').map((text) => ({ format: 'xml', text }));
}

function rawValue(schema: Schema, of: Type): fc.Arbitrary<Value> {
  const read = (text: string): Value | Fault =>
    readLexical(of, text, { schema, form: 'json', resolvePrefix: (prefix) => schema.modules.get(prefix) });
  switch (of.base) {
    case 'leafref':
      return rawValue(schema, of.target.type);
    case 'union':
      return fc.oneof(...of.members.map((member) => rawValue(schema, member)));
    default:
      return lexicals(of)
        .map(read)
        .filter((value): value is Value => !(value instanceof Fault));
  }
}

function lexicals(of: Exclude<Type, { base: 'leafref' | 'union' }>): fc.Arbitrary<string> {
  switch (of.base) {
    case 'string':
      if (of.patterns.length > 0) return fc.constantFrom('a', 'abc', 'axx', 'x', 'b', 'abx', 'cxx');
      return of.lengths.length > 0
        ? fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 })
        : fc.oneof(fc.string({ unit: 'grapheme', maxLength: 9 }), fc.constantFrom(' ', 'a\nb', '\r', '<&>"\'', '\t', ']]>', '7', 'true', 'a:first', '')); // biome-ignore format: one line
    case 'boolean':
      return fc.constantFrom('true', 'false');
    case 'empty':
      return fc.constant('');
    case 'enumeration':
      return fc.constantFrom(...of.enums.map((each) => each.name));
    case 'bits':
      return fc.subarray(of.bits.map((bit) => bit.name)).map((names) => names.join(' '));
    case 'binary':
      return fc.uint8Array({ maxLength: 5 }).map((octets) => Buffer.from(octets).toString('base64'));
    case 'identityref':
      return fc.constantFrom(...[...of.bases[0]!.derived].map((each) => `${each.module.name}:${each.name}`));
    case 'instance-identifier':
      return fc.constantFrom('/a:top', '/a:anchor/name');
    case 'decimal64':
      return inRange(of.ranges).map((units) => decimal(units, of.fractionDigits));
    default:
      return inRange(of.ranges).map(String);
  }
}

function inRange(ranges: readonly RangeRestriction[]): fc.Arbitrary<bigint> {
  return fc.oneof(...ranges[0]!.parts.map(({ min, max }) => fc.bigInt({ min, max })));
}

function decimal(units: bigint, digits: number): string {
  const text = String(units < 0n ? -units : units).padStart(digits + 1, '0');
  return `${units < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
