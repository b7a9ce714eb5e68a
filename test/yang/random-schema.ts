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

const { node } = fc.letrec<{ node: Write; body: Write }>((tie) => ({
  body: fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map(sequence),
  node: fc.oneof(
    { maxDepth: 3 },
    type.map((text) => (scope: Scope) => `leaf ${scope.name('leaf')} { ${text} }`),
    fc.tuple(type, fc.constantFrom('', 'ordered-by user;', 'config false;')).map(([text, more]) => {
      return (scope: Scope) => `leaf-list ${scope.name('values')} { ${text} ${more} }`;
    }),
    fc.constantFrom('anydata', 'anyxml').map((kind) => (scope: Scope) => `${kind} ${scope.name(kind)};`),
    fc.tuple(tie('body'), fc.constantFrom('', 'presence "it counts";')).map(([body, presence]) => {
      return (scope: Scope) => `container ${scope.name('box')} { ${presence} ${body(scope)} }`;
    }),
    fc
      .tuple(fc.array(keyType, { minLength: 1, maxLength: 3 }), tie('body'), fc.constantFrom('', 'ordered-by user;'))
      .map(([keys, body, order]) => (scope: Scope) => {
        const names = keys.map(() => scope.name('key'));
        const leafs = names.map((name, index) => `leaf ${name} { ${keys[index]!} }`).join(' ');
        return `list ${scope.name('row')} { key "${names.join(' ')}"; ${order} ${leafs} ${body(scope)} }`;
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

export const randomModules: fc.Arbitrary<RandomModules> = fc
  .record({ top: several(6), common: several(2), input: several(3), told: several(2), added: several(3) })
  .map(({ top, common, input, told, added }) => {
    let last = 0;
    const scope: Scope = { mayAct: true, name: (kind) => `${kind}${String(++last)}` };
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
  augment "/a:top" { ${added(scope)} uses a:common; }
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
