/** Two modules that use every type and kind of node, and arbitrary trees of any schema for the codec properties. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type AnyContent,
  Branch,
  BranchBuilder,
  type BranchSchema,
  type Content,
  type DataSchema,
  encodeJson,
  ListData,
  loadSchema,
  type Schema,
  type Type,
  type Value,
} from '../../src/yang/index.js';
import { readJson, readLexical } from '../../src/yang/values.js';
import { Fault } from '../../src/yang/values-fault.js';

const main = `
module codec {
  yang-version 1.1;
  namespace "urn:codec";
  prefix c;
  identity shape;
  identity round { base shape; }
  typedef name { type string { length "1..20"; pattern '[a-z0-9.\\-]+'; } }
  container top {
    leaf int8 { type int8; }
    leaf uint32 { type uint32 { range "0..10 | 100..max"; } }
    leaf int64 { type int64; }
    leaf uint64 { type uint64; }
    leaf decimal { type decimal64 { fraction-digits 3; range "-5..max"; } }
    leaf text { type string; }
    leaf truth { type boolean; }
    leaf color { type enumeration { enum red; enum "dark blue"; enum green; } }
    leaf flags { type bits { bit one; bit two; bit three; } }
    leaf octets { type binary { length "0..12"; } }
    leaf nothing { type empty; }
    leaf shape { type identityref { base shape; } }
    leaf either { type union { type int16; type boolean; type identityref { base shape; } type leafref { path "../text"; } } }
    leaf pointer { type instance-identifier { require-instance false; } }
    leaf-list number { type uint8; }
    leaf-list word { type string; ordered-by user; }
    container present { presence "counts"; leaf inside { type string; } }
    container empty-one { leaf inside { type string; } }
    list entry {
      key "name port";
      leaf name { type name; }
      leaf port { type uint16; }
      leaf note { type string; }
      list inner { key id; ordered-by user; leaf id { type int64; } leaf to { type leafref { path "../../name"; } } }
      action reset { input { leaf delay { type uint8; } } output { leaf done { type boolean; } } }
    }
    choice either-way {
      case left { leaf left { type string; } }
      case right { container right { leaf deep { type int8; } } }
    }
    anydata any;
    anyxml xml;
    list row { config false; leaf a { type string; } leaf b { type int32; } }
    leaf state { config false; type string; }
  }
  rpc ping { input { leaf host { type string; mandatory true; } } output { leaf time { type decimal64 { fraction-digits 2; } } } }
  notification went { leaf why { type string; } }
}`;

const more = `
module codec-more {
  yang-version 1.1;
  namespace "urn:codec:more";
  prefix m;
  import codec { prefix c; }
  identity square { base c:shape; }
  augment "/c:top" { leaf extra { type string; } leaf text { type uint8; } }
  augment "/c:top/c:entry" { leaf extra { type identityref { base c:shape; } } }
  container other { leaf x { type string; } }
}`;

/** The schema of the two modules. */
export function codecSchema(): Schema {
  const files = [
    { name: 'codec.yang', text: main },
    { name: 'codec-more.yang', text: more },
  ];
  const { schema, errors } = loadSchema({ files });
  assert.deepEqual(errors, []);
  return schema;
}

/** Where the values are read from: the value of a union depends on it (RFC 7951 6.10), since in XML all is text. */
type Encoding = 'json' | 'xml';

/** Any content of the root of `schema`; no validation but that of the types. A failed property shows it as JSON. */
export function arbitraryRoot(schema: Schema, encoding: Encoding): fc.Arbitrary<Branch> {
  const setting: Setting = {
    value: (type) => arbitraryValue({ schema, encoding }, type),
    any: fc.constantFrom<AnyContent>(
      { format: 'json', text: '{"codec:a":{"b":[1,2,{"c":null}]},"codec:d":"x\\"<&>"}' },
      { format: 'json', text: '{}' },
    ),
  };
  return arbitraryBranch(setting, schema.root).map((root) =>
    Object.defineProperty(root, fc.toStringMethod, {
      value: () => JSON.stringify(encodeJson(schema, schema.root, root)),
    }),
  );
}

/** What the nodes of a tree are filled with. */
export interface Setting {
  readonly value: (type: Type) => fc.Arbitrary<Value>;
  readonly any: fc.Arbitrary<AnyContent>;
}

/** Any content of the root, a container or the parameters of an operation. */
export function arbitraryBranch(setting: Setting, parent: BranchSchema): fc.Arbitrary<Branch> {
  return fc
    .tuple(...parent.dataChildren.map((child) => arbitraryContent(setting, child)))
    .map((contents) => build(parent, contents as readonly (Filled | undefined)[]));
}

type Filled = Value | readonly Value[] | Branch | readonly Branch[] | AnyContent;

function arbitraryContent(setting: Setting, child: DataSchema): fc.Arbitrary<Filled | undefined> {
  const some = arbitraryPresent(setting, child);
  return child.kind === 'leaf' && child.isKey ? some : fc.option(some, { nil: undefined, freq: 3 });
}

function arbitraryPresent(setting: Setting, child: DataSchema): fc.Arbitrary<Filled> {
  switch (child.kind) {
    case 'leaf':
      return setting.value(child.type);
    case 'leaf-list':
      return fc.uniqueArray(setting.value(child.type), { minLength: 1, maxLength: 4 });
    case 'container':
      return arbitraryBranch(setting, child);
    case 'list':
      return fc.uniqueArray(arbitraryBranch(setting, child), {
        minLength: 1,
        maxLength: 3,
        selector: (entry) => entry.keys().map(String).join('\n') || entry,
      });
    default:
      return setting.any;
  }
}

/** Values that the type itself takes: drawn from texts that suit it, and read. */
function arbitraryValue(
  setting: { readonly schema: Schema; readonly encoding: Encoding },
  type: Type,
): fc.Arbitrary<Value> {
  const { schema, encoding } = setting;
  if (type.base === 'leafref') return arbitraryValue(setting, type.target.type);
  if (type.base === 'union' && encoding === 'json')
    return fc.oneof(...type.members.map((member) => arbitraryValue(setting, member)));
  const module = schema.modules.get('codec')!;
  const context = {
    schema,
    form: encoding,
    relaxed: true,
    resolvePrefix: (prefix: string) => (prefix === '' ? module : schema.modules.get(prefix)),
  };
  return lexicals(type)
    .map((text) => (encoding === 'json' ? readJson(type, text, context) : readLexical(type, text, context)))
    .filter((value): value is Value => !(value instanceof Fault));
}

function lexicals(type: Type): fc.Arbitrary<string> {
  switch (type.base) {
    case 'union':
      return fc.oneof(...type.members.map(lexicals));
    case 'leafref':
      return lexicals(type.target.type);
    case 'string':
      return fc.oneof(
        fc.string({ unit: fc.constantFrom('a', 'z', '0', '.', '-'), minLength: 1, maxLength: 9 }),
        fc.string({ unit: 'grapheme', maxLength: 9 }),
        fc.constantFrom(' ', 'a\nb', '<&>"\'', '\t', ']]>', ' x ', 'true', '5', 'codec:round'),
      );
    case 'decimal64':
      return fc.integer({ min: -6000, max: 99_999 }).map((units) => String(units / 1000));
    case 'boolean':
      return fc.constantFrom('true', 'false');
    case 'empty':
      return fc.constant('');
    case 'binary':
      return fc.uint8Array({ maxLength: 12 }).map((octets) => Buffer.from(octets).toString('base64'));
    case 'enumeration':
      return fc.constantFrom(...type.enums.map((each) => each.name));
    case 'bits':
      return fc.subarray(type.bits.map((bit) => bit.name)).map((names) => names.join(' '));
    case 'identityref':
      return fc.constantFrom(...[...type.bases[0]!.derived].map((each) => `${each.module.name}:${each.name}`));
    case 'instance-identifier':
      return fc.constantFrom(
        '/codec:top',
        "/codec:top/entry[name='a'][port='5']/codec-more:extra",
        "/codec:top/number[.='7']",
        '/codec:top/row[3]/a',
        `/codec:top/word[.="it's"]`,
      );
    default:
      return fc.oneof(
        fc.integer({ min: -200, max: 200 }).map(String),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map(String),
      );
  }
}

function build(schema: BranchSchema, contents: readonly (Filled | undefined)[]): Branch {
  const builder = new BranchBuilder(schema);
  const slots = builder.finish().slots.slice() as (Content | undefined)[];
  for (const [slot, content] of contents.entries()) {
    const child = schema.dataChildren[slot]!;
    if (content === undefined) continue;
    while (slots.length < slot) slots.push(undefined);
    if (child.kind === 'list') slots[slot] = ListData.of(child, content as readonly Branch[]);
    else if (child.kind === 'leaf-list') slots[slot] = leafList(schema, child, content as readonly Value[]);
    else slots[slot] = content as Content;
  }
  return new Branch(schema, slots);
}

function leafList(
  parent: BranchSchema,
  child: DataSchema & { kind: 'leaf-list' },
  values: readonly Value[],
): readonly Value[] {
  const builder = new BranchBuilder(parent);
  for (const value of values) builder.leafListItem(child, value);
  return builder.finish().leafList(child);
}
