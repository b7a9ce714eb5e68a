/** What the compiler makes of good modules (RFC 7950): nodes, inheritance, types, uses, augments, deviations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BranchSchema,
  type DataSchema,
  type IntegerBase,
  type IntegerType,
  type LeafSchema,
  type LoadOptions,
  loadSchema,
  type Schema,
  type Type,
} from '../../src/yang/index.js';
import { wrapModule } from './refused-modules.js';

function compile(body: string, options: LoadOptions & { version?: '1' | '1.1' } = {}): Schema {
  const files = [{ name: 'm.yang', text: wrapModule(body, options.version) }, ...(options.files ?? [])];
  const { schema, errors } = loadSchema({ ...options, files });
  assert.deepEqual(errors, []);
  return schema;
}

function find(schema: Schema, path: string): DataSchema {
  let node: BranchSchema | DataSchema = schema.root;
  for (const name of path.split('/')) {
    const child: DataSchema | undefined = 'byName' in node ? node.byName.get(name)?.[0] : undefined;
    assert.ok(child !== undefined, `no ${name} in ${path}`);
    node = child;
  }
  assert.ok(node.kind !== 'root');
  return node;
}

function leaf(schema: Schema, path: string): LeafSchema {
  const node = find(schema, path);
  assert.ok(node.kind === 'leaf');
  return node;
}

type TypeOf<B extends Type['base']> = B extends IntegerBase ? IntegerType : Extract<Type, { base: B }>;

function typeOf<B extends Type['base']>(schema: Schema, path: string, base: B): TypeOf<B> {
  const node = find(schema, path);
  assert.ok(node.kind === 'leaf' || node.kind === 'leaf-list');
  assert.equal(node.type.base, base);
  return node.type as TypeOf<B>;
}

function parts(ranges: readonly { parts: readonly { min: bigint; max: bigint }[] }[]): string[] {
  return ranges.map((range) => range.parts.map(({ min, max }) => `${String(min)}..${String(max)}`).join('|'));
}

test('RFC 7950 7.5, 7.8: slots run over data children, keys first and choices looked through', () => {
  const schema = compile(`list l { key "b a"; leaf x { type string; } leaf a { type string; }
    choice c { case d { leaf y { type string; } } leaf z { type string; } } leaf b { type string; } }`);
  const list = find(schema, 'l');
  assert.ok(list.kind === 'list');
  assert.deepEqual(
    list.keys.map((key) => key.name),
    ['b', 'a'],
  );
  assert.deepEqual(
    list.dataChildren.map(({ name, slot }) => [name, slot]),
    [
      ['b', 0],
      ['a', 1],
      ['x', 2],
      ['y', 3],
      ['z', 4],
    ],
  );
  assert.deepEqual(
    list.children.map(({ name }) => name),
    ['x', 'a', 'c', 'b'],
  );
  assert.ok(list.keys.every((key) => key.isKey));
});

test('RFC 7951 6.11: schema paths name the module where it changes and leave choice and case out', () => {
  const schema = compile(
    'container c { choice d { leaf x { type string; } } action a { input { leaf i { type string; } } } }',
    {
      files: [
        {
          name: 'n.yang',
          text: 'module n { namespace urn:n; prefix n; import m { prefix m; } augment /m:c { container y { leaf z { type string; } } } }',
        },
      ],
    },
  );
  assert.equal(find(schema, 'c/x').path, '/m:c/x');
  assert.equal(find(schema, 'c/y/z').path, '/m:c/n:y/z');
  const action = (find(schema, 'c') as BranchSchema).actions[0]!;
  assert.equal(action.input.dataChildren[0]!.path, '/m:c/a/input/i');
});

test('RFC 7950 7.21.1: config is inherited; in operations and notifications it is false', () => {
  const schema = compile(`container a { leaf x { type string; } container s { config false; leaf y { type string; } } }
    rpc r { input { leaf i { type string; config true; } } } notification n { leaf o { type string; } }`);
  assert.equal(leaf(schema, 'a/x').config, true);
  assert.equal(leaf(schema, 'a/s/y').config, false);
  assert.equal(schema.rpcs.get('m:r')!.input.dataChildren[0]!.config, false);
  assert.equal(schema.notifications.get('m:n')!.dataChildren[0]!.config, false);
  assert.equal(schema.root.byName.has('r'), false);
});

test('RFC 7950 9.2.4: ranges narrow along the typedef chain, min and max being those of the base', () => {
  const schema = compile(`typedef a { type int16 { range "min..0 | 10..20 | 30..max"; } }
    typedef b { type a { range "-5..0|15..20|31..max"; } } leaf x { type b; } leaf y { type b { range 100; } }`);
  assert.deepEqual(parts(typeOf(schema, 'x', 'int16').ranges), [
    '-5..0|15..20|31..32767',
    '-32768..0|10..20|30..32767',
    '-32768..32767',
  ]);
});

test('RFC 7950 9.3.4: decimal64 ranges are scaled integers, up to the ends of 64 bits', () => {
  const schema = compile(`leaf x { type decimal64 { fraction-digits 3; range "-1.5..0.001|2..max"; } }
    leaf y { type decimal64 { fraction-digits 18; } }`);
  assert.deepEqual(parts(typeOf(schema, 'x', 'decimal64').ranges)[0], `-1500..1|2000..${String(2n ** 63n - 1n)}`);
  assert.equal(typeOf(schema, 'y', 'decimal64').fractionDigits, 18);
});

test('RFC 7950 9.2: uint64 limits are exact', () => {
  const schema = compile('leaf x { type uint64 { range "18446744073709551615"; } default 18446744073709551615; }');
  assert.deepEqual(parts(typeOf(schema, 'x', 'uint64').ranges)[0], '18446744073709551615..18446744073709551615');
  assert.equal(leaf(schema, 'x').default, 18446744073709551615n);
});

test('RFC 7950 9.6.4.2, 9.7.4.2: enum values and bit positions are assigned after the highest', () => {
  const schema = compile(`leaf e { type enumeration { enum a { value 5; } enum b { value -3; } enum c; } }
    leaf f { type bits { bit z { position 4; } bit y; bit x { position 0; } } }`);
  assert.deepEqual(
    typeOf(schema, 'e', 'enumeration').enums.map((e) => [e.name, e.value]),
    [
      ['a', 5],
      ['b', -3],
      ['c', 6],
    ],
  );
  assert.deepEqual(
    typeOf(schema, 'f', 'bits').bits.map((b) => [b.name, b.position]),
    [
      ['x', 0],
      ['z', 4],
      ['y', 5],
    ],
  );
});

test('RFC 7950 9.6.4, 9.7.4: a narrowed enumeration keeps its values', () => {
  const schema = compile(
    `typedef t { type enumeration { enum a; enum b; enum c; } } leaf x { type t { enum c; enum b { value 1; } } }`,
  );
  assert.deepEqual(
    typeOf(schema, 'x', 'enumeration').enums.map((e) => [e.name, e.value]),
    [
      ['c', 2],
      ['b', 1],
    ],
  );
});

test('RFC 7950 7.3: default and units come from the nearest typedef; a mandatory leaf has no default', () => {
  const schema =
    compile(`typedef a { type uint8; default 1; units x; } typedef b { type a; default 2; } typedef c { type b; units y; }
    leaf p { type c; } leaf q { type c; mandatory true; } leaf r { type c; default 3; units z; } list l { key k; leaf k { type c; } }`);
  assert.deepEqual([leaf(schema, 'p').default, leaf(schema, 'p').units], [2, 'y']);
  assert.equal(leaf(schema, 'q').default, undefined);
  assert.deepEqual([leaf(schema, 'r').default, leaf(schema, 'r').units], [3, 'z']);
  assert.equal(leaf(schema, 'l/k').default, undefined);
  assert.deepEqual(
    leaf(schema, 'p').type.typedefs.map((t) => t.name),
    ['c', 'b', 'a'],
  );
});

test('RFC 7950 7.7.2: a leaf-list inherits the default of its type in YANG 1.1 only', () => {
  const body = 'typedef t { type string; default d; } leaf-list x { type t; } leaf-list y { type t; min-elements 1; }';
  const defaults = (schema: Schema, name: string): unknown => {
    const node = find(schema, name);
    return node.kind === 'leaf-list' ? node.defaults : undefined;
  };
  assert.deepEqual(defaults(compile(body), 'x'), ['d']);
  assert.deepEqual(defaults(compile(body), 'y'), []);
  assert.deepEqual(defaults(compile(body, { version: '1' }), 'x'), []);
  assert.deepEqual(defaults(compile('leaf-list x { type string; default b; default a; ordered-by user; }'), 'x'), [
    'b',
    'a',
  ]);
});

test('RFC 7950 9.9: leafrefs find their target through uses, unions and typedefs', () => {
  const schema = compile(`typedef r { type leafref { path "/m:l/m:k"; } }
    list l { key k; leaf k { type uint8; } uses g; }
    grouping g { leaf up { type leafref { path "../k"; } } }
    leaf a { type r; } leaf b { type union { type leafref { path "../a"; } type r { require-instance false; } type string; } }
    rpc x { input { leaf i { type leafref { path "/m:l[m:k = current()/../w]/m:k"; } } leaf w { type r; } } }`);
  const key = leaf(schema, 'l/k');
  assert.equal(typeOf(schema, 'l/up', 'leafref').target, key);
  assert.equal(typeOf(schema, 'a', 'leafref').target, key);
  const [first, second] = typeOf(schema, 'b', 'union').members;
  assert.ok(first?.base === 'leafref' && second?.base === 'leafref');
  assert.equal(first.target, leaf(schema, 'a'));
  assert.equal(second.target, key);
  assert.equal(second.requireInstance, false);
});

test('RFC 7950 9.9, 6.4.1: a leafref in an operation reaches the data and its own input', () => {
  const schema = compile(`container c { leaf n { type string; }
    action a { input { leaf p { type string; } leaf q { type leafref { path "../p"; } } leaf s { type leafref { path "../../n"; } } } } }
    rpc r { input { leaf p { type string; } leaf q { type leafref { path "/m:r/m:p"; } } leaf s { type leafref { path "/m:c/m:n"; } } } }`);
  const action = (find(schema, 'c') as BranchSchema).actions[0]!;
  const targets = (nodes: readonly DataSchema[]): unknown[] =>
    nodes.map((node) => (node.kind === 'leaf' && node.type.base === 'leafref' ? node.type.target.path : undefined));
  assert.deepEqual(targets(action.input.dataChildren), [undefined, '/m:c/a/input/p', '/m:c/n']);
  assert.deepEqual(targets(schema.rpcs.get('m:r')!.input.dataChildren), [undefined, '/m:r/input/p', '/m:c/n']);
});

test('RFC 7950 7.18, 9.10: identities derive through several bases, over modules', () => {
  const schema = compile(
    'identity a; identity b; identity c { base a; base b; } leaf x { type identityref { base a; base b; } default c; }',
    {
      files: [
        {
          name: 'n.yang',
          text: 'module n { namespace urn:n; prefix n; import m { prefix m; } identity d { base m:c; } }',
        },
      ],
    },
  );
  const names = (name: string): string[] =>
    [...schema.identities.get(name)!.derived].map((i) => `${i.module.name}:${i.name}`);
  assert.deepEqual(names('m:a').toSorted(), ['m:c', 'n:d']);
  assert.deepEqual(names('m:b').toSorted(), ['m:c', 'n:d']);
  assert.equal(leaf(schema, 'x').default, 'm:c');
});

const library = `module lib { yang-version 1.1; namespace urn:lib; prefix lib; typedef t { type uint8; }
  grouping g { container c { leaf x { type t; } leaf-list y { type string; } choice d { leaf e { type string; } } } } }`;

test('RFC 7950 7.13: uses copies the nodes into the namespace of the user, refined and augmented', () => {
  const schema = compile(
    `import lib { prefix l; } extension tag;
     uses l:g { when "true()"; refine c { presence here; must "x" { error-message oops; } description other; m:tag; }
       refine c/x { default 7; } refine c/y { default a; default b; max-elements 4; } refine c/d { mandatory true; }
       augment c/d { leaf f { type string; } case h { leaf i { type string; } } } }`,
    { files: [{ name: 'lib.yang', text: library }] },
  );
  const node = find(schema, 'c');
  assert.ok(node.kind === 'container');
  assert.deepEqual(
    [node.module.name, node.presence, node.description, node.must[0]?.errorMessage],
    ['m', 'here', 'other', 'oops'],
  );
  assert.deepEqual(
    node.extensions.map((e) => `${e.module}:${e.name}`),
    ['m:tag'],
  );
  assert.deepEqual(
    node.when.map((when) => [when.text, when.contextIsParent]),
    [['true()', true]],
  );
  assert.equal(leaf(schema, 'c/x').default, 7);
  const list = find(schema, 'c/y');
  assert.ok(list.kind === 'leaf-list');
  assert.deepEqual([list.defaults, list.maxElements], [['a', 'b'], 4]);
  const choice = node.children.find((child) => child.kind === 'choice');
  assert.deepEqual(
    choice?.cases.map((c) => c.name),
    ['e', 'f', 'h'],
  );
  assert.equal(choice?.mandatory, true);
  assert.deepEqual(
    node.dataChildren.map((child) => child.name),
    ['x', 'y', 'e', 'f', 'i'],
  );
});

test('RFC 7950 7.17: augments of augments apply in whatever order they come', () => {
  const schema =
    compile(`augment /m:a/m:b { leaf c { type string; } } augment /m:a { when "x"; container b; } container a { leaf x { type string; } }
    augment /m:r/m:input { leaf i { type string; } } rpc r; augment /m:n { leaf j { type string; } } notification n;`);
  assert.equal(leaf(schema, 'a/b/c').path, '/m:a/b/c');
  assert.deepEqual(
    find(schema, 'a/b').when.map((w) => [w.text, w.contextIsParent]),
    [['x', true]],
  );
  assert.equal(schema.rpcs.get('m:r')!.input.dataChildren[0]!.name, 'i');
  assert.equal(schema.notifications.get('m:n')!.dataChildren[0]!.name, 'j');
  assert.deepEqual(
    schema.modules.get('m')!.augments.map((augment) => [augment.target, augment.nodes.map((n) => n.name)]),
    [
      ['/m:a/m:b', ['c']],
      ['/m:a', ['b']],
      ['/m:r/m:input', ['i']],
      ['/m:n', ['j']],
    ],
  );
});

test('RFC 7950 7.17: a mandatory node added to another module needs a when', () => {
  const augment = (inside: string, when = ''): string[] =>
    loadSchema({
      files: [
        {
          name: 'm.yang',
          text: wrapModule('container c { choice d; } list s { config false; leaf x { type string; } }'),
        },
        {
          name: 'n.yang',
          text: wrapModule(`import m { prefix m; } augment ${inside.replace('{', `{ ${when}`)}`, '1.1', 'n'),
        },
      ],
    }).errors.map((error) => `${error.file}: ${error.message}`);
  const refused = "n.yang: 'augment /m:c' adds the mandatory node 'x' to another module and so needs a 'when'";
  assert.deepEqual(augment('/m:c { leaf x { type string; mandatory true; } }'), [refused]);
  assert.deepEqual(augment('/m:c { container y { leaf x { type string; mandatory true; } } }'), [refused]);
  assert.deepEqual(augment('/m:c { leaf x { type string; mandatory true; } }', 'when "true()";'), []);
  assert.deepEqual(augment('/m:c { container y { presence p; leaf x { type string; mandatory true; } } }'), []);
  assert.deepEqual(augment('/m:s { leaf y { type string; mandatory true; } }'), []);
});

test('RFC 7950 7.20.3: deviations add, replace, delete and take away', () => {
  const schema = compile(
    `container c { leaf x { type string; default a; units u; must "1"; must "2"; } leaf y { type string; } leaf z { type int8; mandatory true; }
       list l { key k; unique v; leaf k { type string; } leaf v { type string; } } }`,
    {
      files: [
        {
          name: 'dev.yang',
          text: wrapModule(
            `import m { prefix m; }
             deviation /m:c/m:x { deviate delete { default a; units u; must "1"; } deviate add { must "3"; config false; } }
             deviation /m:c/m:y { deviate not-supported; }
             deviation /m:c/m:z { deviate replace { type uint16; mandatory false; } deviate add { default 300; } }
             deviation /m:c/m:l { deviate delete { unique v; } deviate add { max-elements 3; } }`,
            '1.1',
            'dev',
          ),
        },
      ],
    },
  );
  const x = leaf(schema, 'c/x');
  assert.deepEqual(
    [x.default, x.units, x.must.map((m) => m.text), x.config],
    [undefined, undefined, ['2', '3'], false],
  );
  assert.equal((find(schema, 'c') as BranchSchema).byName.has('y'), false);
  const z = leaf(schema, 'c/z');
  assert.deepEqual([z.type.base, z.mandatory, z.default], ['uint16', false, 300]);
  const list = find(schema, 'c/l');
  assert.ok(list.kind === 'list');
  assert.deepEqual([list.unique, list.maxElements], [[], 3]);
});

test('RFC 7950 7.20.2: nodes, enums and augments whose if-feature does not hold are left out', () => {
  const body = `feature f; feature g { if-feature f; } feature h;
    container c { leaf a { if-feature "f and not h"; type string; } leaf b { if-feature "g or h"; type string; }
      leaf e { type enumeration { enum x { if-feature f; } enum y; } } }
    augment /m:c { if-feature h; leaf z { type string; } }`;
  const names = (features: LoadOptions['features']): string[] =>
    (find(compile(body, features === undefined ? {} : { features }), 'c') as BranchSchema).dataChildren.map(
      (n) => n.name,
    );
  assert.deepEqual(names(undefined), ['b', 'e', 'z']);
  assert.deepEqual(names({ m: 'none' }), ['e']);
  assert.deepEqual(names({ m: ['f'] }), ['a', 'e']);
  assert.deepEqual(names({ m: ['g'] }), ['e']);
  const schema = compile(body, { features: { m: ['g', 'h'] } });
  assert.deepEqual(
    [...schema.modules.get('m')!.features],
    [
      ['f', false],
      ['g', false],
      ['h', true],
    ],
  );
  assert.deepEqual(
    typeOf(schema, 'c/e', 'enumeration').enums.map((e) => [e.name, e.value]),
    [['y', 1]],
  );
  assert.deepEqual(leaf(schema, 'c/b').ifFeatures, ['g or h']);
});

test('RFC 7950 7.20.2: a node that is left out may still be augmented', () => {
  const schema = compile('feature f; container c { if-feature f; } augment /m:c { leaf x { type string; } }', {
    features: { m: 'none' },
  });
  assert.equal(schema.root.dataChildren.length, 0);
});

test('RFC 7950 7.9: default, mandatory and shorthand cases of a choice', () => {
  const schema = compile(
    'container o { choice c { default b; leaf a { type string; } container b; choice n { leaf e { type string; } } case d { leaf x { type string; } leaf y { type string; } } } }',
  );
  const choice = (find(schema, 'o') as BranchSchema).children[0]!;
  assert.ok(choice.kind === 'choice');
  assert.equal(choice.default?.name, 'b');
  assert.deepEqual(
    choice.cases.map((c) => [c.name, c.children.map((n) => n.name)]),
    [
      ['a', ['a']],
      ['b', ['b']],
      ['n', ['n']],
      ['d', ['x', 'y']],
    ],
  );
});

test('RFC 7950 7.8.3: unique names descendants through containers', () => {
  const list = find(
    compile('list l { key k; unique "c/x k"; leaf k { type string; } container c { leaf x { type string; } } }'),
    'l',
  );
  assert.ok(list.kind === 'list');
  assert.deepEqual(
    list.unique.map((u) => u.map((path) => path.map((n) => n.name).join('/'))),
    [['c/x', 'k']],
  );
});

test('RFC 7950 7.21.2: status is inherited where it is not given', () => {
  const schema = compile(
    'container c { status deprecated; leaf x { type string; } leaf y { type string; status obsolete; } }',
  );
  assert.deepEqual([leaf(schema, 'c/x').status, leaf(schema, 'c/y').status], ['deprecated', 'obsolete']);
});

test('RFC 7950 7.19: uses of extensions are kept on modules and nodes, with their argument and place', () => {
  const schema = compile(
    'extension oid { argument value; } extension flag;\nm:flag;\nleaf x { m:oid 1.2.3; type string; }',
  );
  assert.deepEqual(leaf(schema, 'x').extensions, [
    { module: 'm', name: 'oid', argument: '1.2.3', position: { file: 'm.yang', line: 4, column: 10 } },
  ]);
  assert.deepEqual(
    schema.modules.get('m')!.extensions.map((e) => [e.name, e.argument]),
    [['flag', undefined]],
  );
});

test('RFC 7950 7.15, 7.16: actions and notifications of nested nodes stand apart from data', () => {
  const schema = compile(
    'list l { key k; leaf k { type string; } container c { action a; notification n { leaf x { type string; } } } }',
  );
  const inner = find(schema, 'l/c') as BranchSchema;
  assert.deepEqual(
    [inner.actions.map((a) => a.path), inner.notifications.map((n) => n.path)],
    [['/m:l/c/a'], ['/m:l/c/n']],
  );
  assert.equal(inner.children.length, 0);
  assert.equal(inner.actions[0]!.input.dataChildren.length, 0);
});

const structureExtension = `module ietf-yang-structure-ext { yang-version 1.1; namespace urn:sx; prefix sx;
  extension structure { argument name; } extension augment-structure { argument path; } }`;
const metadata = `module ietf-yang-metadata { namespace urn:md; prefix md; extension annotation { argument name; } }`;

test('RFC 8791: structures stand apart from the data tree, and can be augmented', () => {
  const schema = compile(
    `import ietf-yang-structure-ext { prefix sx; }
     sx:structure s { must "x"; leaf x { type string; mandatory true; } list l { leaf y { type leafref { path "/m:s/m:x"; } } } }
     sx:augment-structure "/m:s/m:l" { leaf z { type string; } }`,
    { files: [{ name: 'sx.yang', text: structureExtension }] },
  );
  assert.equal(schema.root.dataChildren.length, 0);
  const structure = schema.structures.get('m:s')!;
  assert.deepEqual([structure.path, structure.config, structure.must.length], ['/m:s', false, 1]);
  const list = structure.byName.get('l')![0]!;
  assert.ok(list.kind === 'list');
  assert.deepEqual(
    list.dataChildren.map((n) => n.path),
    ['/m:s/l/y', '/m:s/l/z'],
  );
});

test('RFC 8791: what stands in a structure is checked', () => {
  const { errors } = loadSchema({
    files: [
      { name: 'sx.yang', text: structureExtension },
      {
        name: 'm.yang',
        text: wrapModule(
          'import ietf-yang-structure-ext { prefix sx; }\nsx:structure s { leaf x; }\nsx:structure t { rpc r; }\nsx:structure 1;\nsx:augment-structure /m:q { leaf y { type string; } }',
        ),
      },
    ],
  });
  assert.deepEqual(
    errors.map((e) => `${String(e.line)}:${String(e.column)} ${e.message}`),
    [
      "3:18 'leaf x' lacks 'type'",
      "4:18 'rpc' is not allowed in 'sx:structure'",
      "5:1 'sx:structure': expected an identifier, found '1'",
      "6:1 'sx:augment-structure /m:q': no node 'm:q'",
    ],
  );
});

test('RFC 7952: annotations have a type', () => {
  const schema = compile(
    'import ietf-yang-metadata { prefix md; } md:annotation last { type uint8 { range 1..4; } units s; }',
    {
      files: [{ name: 'md.yang', text: metadata }],
    },
  );
  const annotation = schema.annotations.get('m:last')!;
  assert.deepEqual([annotation.type.base, annotation.units, annotation.module.name], ['uint8', 's', 'm']);
});
