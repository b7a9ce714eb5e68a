/** The module graph (RFC 7950 5.1, 5.6.5, 7.1, 7.2): revisions, submodules, and what stays when some modules fail. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LoadOptions, type LoadResult, loadSchema } from '../../src/yang/index.js';

function load(texts: Readonly<Record<string, string>>, options: LoadOptions = {}): LoadResult {
  return loadSchema({ ...options, files: Object.entries(texts).map(([name, text]) => ({ name, text })) });
}

function lines(result: LoadResult): string[] {
  return result.errors.map((e) => `${e.module} ${e.file}:${String(e.line)}:${String(e.column)} ${e.message}`);
}

const module = (name: string, body: string): string =>
  `module ${name} { yang-version 1.1; namespace "urn:${name}"; prefix ${name};\n${body}\n}`;

test('a missing import is an error of the module that has it', () => {
  const result = load({ 'a.yang': module('a', 'import b { prefix b; }') });
  assert.deepEqual(lines(result), ["a a.yang:2:1 imported module 'b' is not found"]);
});

test('a module that does not compile takes along only those that import it', () => {
  const result = load({
    'bad.yang': module('bad', 'leaf x { type foo; }'),
    'user.yang': module('user', 'import bad { prefix b; }\naugment /b:y { leaf z { type string; } }'),
    'good.yang': module('good', 'leaf x { type string; }'),
  });
  assert.deepEqual(lines(result), [
    "bad bad.yang:2:10 typedef 'foo' is not defined",
    "user user.yang:2:1 imported module 'bad' has errors",
  ]);
  assert.deepEqual([...result.schema.modules.keys()], ['good']);
  assert.deepEqual(
    result.schema.root.dataChildren.map((n) => n.path),
    ['/good:x'],
  );
});

test('RFC 7950 7.20.3: deviations that leave another module in error are the fault of their own', () => {
  const base = `list l { key k; unique z; leaf k { type string; } leaf z { type string; } }
    leaf i { type int8; default 1; } leaf r { type leafref { path "/b:i"; } }`;
  const head = 'import base { prefix b; }';
  const result = load({
    'base.yang': module('base', base.replace('/b:i', '/base:i').replaceAll('base:', 'b:')).replace(
      'prefix base',
      'prefix b',
    ),
    'unique.yang': module('unique', `${head} deviation /b:l/b:z { deviate not-supported; }`),
    'default.yang': module('default', `${head} deviation /b:i { deviate replace { type int8 { range 5..9; } } }`),
    'leafref.yang': module('leafref', `${head} deviation /b:i { deviate not-supported; }`),
    'right.yang': module('right', `${head} deviation /b:l/b:z { deviate add { units u; } }`),
  });
  assert.deepEqual(
    result.errors.map((error) => `${error.module}: ${error.message.replace(/ \(.*\)$/u, '')}`),
    [
      "default: the deviations leave 'base' in error: 'default': 1 is not within the range '5..9'",
      "leafref: the deviations leave 'base' in error: leafref path '/b:i': no node 'base:i' in the root",
      "unique: the deviations leave 'base' in error: 'unique z': no node 'z' in the list",
    ],
  );
  assert.deepEqual([...result.schema.modules.keys()].toSorted(), ['base', 'right']);
});

test('RFC 7950 7.20.3: an input or output that is not supported is empty', () => {
  const result = load({
    'm.yang': module(
      'm',
      'rpc r { input { leaf i { type string; mandatory true; } } output { leaf o { type string; } } }',
    ),
    'd.yang': module('d', 'import m { prefix m; } deviation /m:r/m:input { deviate not-supported; }'),
  });
  const { input, output } = result.schema.rpcs.get('m:r')!;
  assert.deepEqual([input.dataChildren.length, output.dataChildren.length], [0, 1]);
});

test('what a failing module added to others is not there', () => {
  const result = load({
    'good.yang': module('good', 'container c;'),
    'bad.yang': module(
      'bad',
      'import good { prefix g; } augment /g:c { leaf x { type string; } }\nleaf y { type foo; }',
    ),
  });
  assert.equal(result.errors.length, 1);
  const [container] = result.schema.root.dataChildren;
  assert.ok(container?.kind === 'container');
  assert.equal(container.dataChildren.length, 0);
});

test('all errors of all modules come at once, by file and place', () => {
  const result = load({
    'a.yang': module('a', 'leaf x;\nleaf y { type int8 { length 1; } }\nleef z;'),
    'b.yang': 'module b {',
    'c.yang': module(
      'c',
      'leaf x { type int8 { length 1; } }\nleaf y { type foo; }\ncontainer d { uses e; leaf f { type g; } }',
    ),
  });
  assert.deepEqual(lines(result), [
    "a a.yang:2:1 'leaf x' lacks 'type'",
    "a a.yang:4:1 unknown statement 'leef'",
    "b b.yang:1:11 expected '}' for 'module b' of line 1, found the end of the file",
    "c c.yang:2:22 'length' does not apply to type 'int8'",
    "c c.yang:3:10 typedef 'foo' is not defined",
    "c c.yang:4:15 grouping 'e' is not defined",
    "c c.yang:4:32 typedef 'g' is not defined",
  ]);
});

test('RFC 7950 5.1: circular imports are found, and all modules of the circle left out', () => {
  const result = load({
    'a.yang': module('a', 'import b { prefix b; }'),
    'b.yang': module('b', 'import c { prefix c; }'),
    'c.yang': module('c', 'import a { prefix a; }'),
    'd.yang': module('d', ''),
  });
  assert.ok(lines(result).includes('c c.yang:2:1 circular import: a -> b -> c -> a'));
  assert.deepEqual([...result.schema.modules.keys()], ['d']);
});

test('RFC 7950 7.1.5: a module does not import itself, and a prefix stands for one module', () => {
  const result = load({
    'a.yang': module('a', 'import a { prefix x; }\nimport b { prefix a; }'),
    'b.yang': module('b', ''),
  });
  assert.deepEqual(lines(result), [
    "a a.yang:2:1 module 'a' imports itself",
    "a a.yang:3:1 prefix 'a' stands for two modules",
  ]);
});

const revised = (revision: string, type: string): string =>
  `module t { namespace urn:t; prefix t; revision ${revision}; typedef x { type ${type}; } container c${revision.slice(0, 4)}; }`;

test('RFC 7950 7.1.5.1: an import by revision gets that revision, one without the implemented', () => {
  const { schema, errors } = load({
    't@2020-01-01.yang': revised('2020-01-01', 'int8'),
    't@2021-01-01.yang': revised('2021-01-01', 'int16'),
    'a.yang': module('a', 'import t { prefix t; revision-date 2020-01-01; } leaf x { type t:x; }'),
    'b.yang': module('b', 'import t { prefix t; } leaf x { type t:x; }'),
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(
    schema.root.dataChildren.map((n) => `${n.path} ${n.kind === 'leaf' ? n.type.base : ''}`),
    ['/t:c2021 ', '/a:x int8', '/b:x int16'],
  );
  assert.equal(schema.modules.get('t')!.revision, '2021-01-01');
});

test('RFC 7950 7.1.5.1: a revision that is not there is an error', () => {
  const result = load({
    't.yang': revised('2020-01-01', 'int8'),
    'a.yang': module('a', 'import t { prefix t; revision-date 2019-01-01; }'),
  });
  assert.deepEqual(lines(result), ["a a.yang:2:1 imported module 't@2019-01-01' is not found"]);
});

test('RFC 7950 5.6.5: modules that are only imported give types, and no nodes', () => {
  const texts = {
    'a.yang': module('a', 'import b { prefix b; } leaf x { type b:t; }'),
    'b.yang': module('b', 'typedef t { type string; } leaf y { type t; }'),
  };
  for (const options of [{ implement: ['a'] }, { importOnly: ['b'] }]) {
    const { schema, errors } = load(texts, options);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      schema.root.dataChildren.map((n) => n.path),
      ['/a:x'],
    );
    assert.deepEqual([schema.modules.get('b')!.implemented, schema.namespaces.has('urn:b')], [false, false]);
  }
});

test('RFC 7950 5.6.5: a module is implemented where an implemented one augments it or refers into it', () => {
  const b = module('b', 'container c; leaf y { type string; } typedef r { type leafref { path "/b:y"; } }');
  for (const body of [
    'augment /b:c { leaf x { type string; } }',
    'leaf x { type b:r; }',
    'leaf x { type leafref { path "/b:y"; } }',
  ]) {
    const { schema, errors } = load(
      { 'a.yang': module('a', `import b { prefix b; } ${body}`), 'b.yang': b },
      { implement: ['a'] },
    );
    assert.deepEqual(errors, []);
    assert.equal(schema.modules.get('b')!.implemented, true);
  }
  const refused = load(
    { 'a.yang': module('a', 'import b { prefix b; }\naugment /b:c;'), 'b.yang': b },
    { importOnly: ['b'] },
  );
  assert.deepEqual(lines(refused), ["a a.yang:3:1 'augment /b:c': no node 'b:c'; module 'b' is only imported"]);
});

const submodule = (name: string, body: string, owner = 'a'): string =>
  `submodule ${name} { yang-version 1.1; belongs-to ${owner} { prefix a; }\n${body}\n}`;

test('RFC 7950 7.2: submodules share the definitions of their module', () => {
  const { schema, errors } = load({
    'a.yang': module('a', 'include s; include u; leaf x { type s-type; }'),
    's.yang': submodule('s', 'typedef s-type { type u-type; } feature f;'),
    'u.yang': submodule(
      'u',
      'import b { prefix q; } typedef u-type { type q:t; } container c { leaf y { type a:s-type; if-feature f; } }',
    ),
    'b.yang': module('b', 'typedef t { type int8; }'),
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(
    schema.root.dataChildren.map((n) => n.path),
    ['/a:x', '/a:c'],
  );
  const a = schema.modules.get('a')!;
  assert.deepEqual(
    a.submodules.map(({ name, revision, text }) => [name, revision, text.slice(0, 12)]),
    [
      ['s', '', 'submodule s '],
      ['u', '', 'submodule u '],
    ],
  );
  assert.deepEqual([...a.features], [['f', true]]);
  assert.equal(schema.modules.has('s'), false);
});

test('RFC 7950 7.1.6, 7.2.2: an include must find a submodule of this module', () => {
  const result = load({
    'a.yang': module('a', 'include s;\ninclude b;\ninclude u;'),
    's.yang': submodule('s', '', 'z'),
    'b.yang': module('b', ''),
    'u.yang': submodule('u', 'leef x;'),
  });
  assert.deepEqual(lines(result), [
    "a a.yang:2:1 submodule 's' belongs to module 'z'",
    "a a.yang:3:1 submodule 'b' is not found",
    "a a.yang:4:1 submodule 'u' has errors",
    "u u.yang:2:1 unknown statement 'leef'",
  ]);
});

test('a submodule is included once', () => {
  const result = load({ 'a.yang': module('a', 'include s;\ninclude s;'), 's.yang': submodule('s', '') });
  assert.deepEqual(lines(result), ["a a.yang:3:1 submodule 's' is included twice"]);
});

test('RFC 7950 section 12: a YANG 1.1 module does not include a YANG 1 submodule', () => {
  const result = load({
    'a.yang': module('a', 'include s;'),
    's.yang': 'submodule s { belongs-to a { prefix a; } }',
  });
  assert.deepEqual(lines(result), ["a a.yang:2:1 submodule 's' is in YANG 1, its module in YANG 1.1"]);
});

test('two modules cannot have one namespace', () => {
  const result = load({
    'a.yang': 'module a { namespace urn:x; prefix a; }',
    'b.yang': 'module b {\n  namespace urn:x; prefix b; }',
  });
  assert.deepEqual(lines(result), ["b b.yang:2:3 module 'a' has the same namespace"]);
});

test('a module that is asked for and missing is an error', () => {
  assert.deepEqual(lines(load({}, { implement: ['x'] })), ["x x.yang:1:1 module 'x' is not found"]);
});

test('modules are found in directories by their own name; what is not UTF-8 is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-graph-'));
  try {
    writeFileSync(join(folder, 'a.yang'), module('a', 'import b { prefix b; }'));
    writeFileSync(join(folder, 'other-name.yang'), module('b', ''));
    writeFileSync(join(folder, 'latin.yang'), Buffer.from([0x6d, 0xe4]));
    writeFileSync(join(folder, 'readme.txt'), 'no module');
    const { schema, errors } = loadSchema({ directories: [folder] });
    assert.deepEqual(
      errors.map((e) => [e.file, e.message]),
      [[join(folder, 'latin.yang'), 'the file is not UTF-8']],
    );
    assert.deepEqual([...schema.modules.keys()].toSorted(), ['a', 'b']);
    assert.equal(loadSchema({ directories: [folder], implement: ['a'] }).schema.modules.size, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
