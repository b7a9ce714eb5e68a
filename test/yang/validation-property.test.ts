/** Validation against a valid base finds what validation of the whole tree finds, whatever the edit. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ConfigError } from '../../src/error.js';
import { DataTree, loadSchema, parsePath, type TreeEditor, Validator, type Value } from '../../src/yang/index.js';

const module = `
module p {
  yang-version 1.1; namespace "urn:p"; prefix p;
  container top {
    must "not(deref(target)/../port = 3)";
    must "not(//i1 = 4 and //mark = 4)";
    leaf mode { type enumeration { enum a; enum b; enum c; } default a; }
    leaf limit { type uint8; default 5; must "string-length(../soft) < 4 or . != 0"; }
    list server {
      key name;
      unique "zone port";
      leaf name { type string; }
      leaf port { type uint8; default 1; must ". <= ../../limit"; }
      leaf zone { type string; }
      leaf backup { type leafref { path "../../server/name"; } must "not(. = ../name)"; }
      leaf extra { when "../port > 2"; type string; }
      leaf code { when "/top/mode = 'b'"; type uint8; default 7; must ". < ../../limit + 3"; }
    }
    list client {
      key id;
      must "not(server) or /top/server[name = current()/server]/port < 4";
      must "count(../client) <= 3";
      must "not(deref(server)/../zone = 'z2' and tag = 'off')";
      must "not(preceding-sibling::client[1]/mark > mark)";
      unique mark;
      leaf id { type uint8; }
      leaf server { type leafref { path "/top/server/name"; } }
      leaf zone { type leafref { path "/top/server/zone"; } }
      leaf port { type leafref { path "/top/server[name = current()/../server]/port"; } }
      leaf mark { when "../../mode != 'c'"; type uint8; }
      leaf-list tag { type string; max-elements 2; must "count(../tag[. = current()]) = 1"; }
      choice kind {
        default x;
        case x { leaf x1 { type string; default dx; must "../../../limit != 3 or ../../limit != 3"; } leaf x2 { type string; } }
        case y { when "mode = 'b' or ../mode = 'b'"; leaf y1 { type string; } container yc { leaf deep { type string; mandatory true; } } }
        case z { leaf z1 { type uint8; } leaf z2 { type uint8; mandatory true; } }
      }
    }
    container feature {
      presence "on";
      leaf needed { type string; mandatory true; }
      leaf w { when "../../limit > 4"; type uint8; default 3; must ". < ../../limit - 1"; }
    }
    container soft {
      must "not(../mode = 'c') or s1";
      must "not(../server[name = 's3']/extra) or s1 = 'on'";
      must "count(../server[zone][port > 3] | ../client[tag]) < 4";
      leaf s1 { type string; }
      container inner {
        when "../s1 = 'on'";
        leaf i1 { type uint8; default 5; must ". != ../../../limit"; }
        leaf-list ll { type uint8; default 1; default 2; must ". != ../../../limit"; }
        leaf need { when "../i1 = 6"; type string; mandatory true; }
      }
    }
    leaf target { type union { type leafref { path "/top/server/name"; } type enumeration { enum none; } } }
    leaf pick { type instance-identifier; }
    list ranked {
      key n; ordered-by user;
      must "not(preceding-sibling::ranked[1]/n = n + 1)";
      must "not(following::z1 = n and ancestor::top/mode = 'b')";
      leaf n { type uint8; }
    }
    list pair {
      key "a b"; max-elements 3;
      must "not(/top/server[port = current()/v]/zone = 'z2')";
      leaf a { type string; } leaf b { type uint8; }
      leaf v { type uint8; must "sum(../../pair/v) < 9"; }
    }
    leaf-list ref { type leafref { path "/top/pair/b"; } }
    leaf first { type leafref { path "/top/pair/a"; } }
    choice outer {
      mandatory false;
      case one { leaf o1 { when "../limit != 2"; type string; } }
      case two { choice nested { default n1; case n1 { leaf na { type uint8; default 2; must ". < ../limit"; } } case n2 { leaf nb { type string; } } } leaf o2 { when "count(../client[tag]) < 3"; type string; } }
    }
  }
}`;

const { schema, errors: moduleErrors } = loadSchema({ files: [{ name: 'p.yang', text: module }] });

interface Operation {
  readonly path: string;
  readonly value: Value | undefined;
}

const name = fc.constantFrom('s1', 's2', 's3');
const zone = fc.constantFrom('z1', 'z2');
const small = fc.integer({ min: 0, max: 6 });
const text = fc.constantFrom('on', 'off', 'dx');
const key = fc
  .tuple(fc.constantFrom('k1', 'k2'), fc.integer({ min: 1, max: 3 }))
  .map(([a, b]) => `[${a}][${String(b)}]`);

function leaf(path: fc.Arbitrary<string>, value: fc.Arbitrary<Value>): fc.Arbitrary<Operation> {
  return fc.tuple(path, fc.option(value, { nil: undefined })).map(([at, to]) => ({ path: `top.${at}`, value: to }));
}

const at = (template: string, ...parts: readonly fc.Arbitrary<string | number>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((values) => values.reduce<string>((path, each) => path.replace('?', String(each)), template));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  leaf(at('mode'), fc.constantFrom('a', 'b', 'c')),
  leaf(at('limit'), small),
  leaf(at('server[?].port', name), small),
  leaf(at('server[?].zone', name), zone),
  leaf(at('server[?].backup', name), name),
  leaf(at('server[?].extra', name), text),
  leaf(at('server[?].code', name), small),
  leaf(at('client[?].server', small), name),
  leaf(at('client[?].zone', small), zone),
  leaf(at('client[?].port', small), small),
  leaf(at('client[?].mark', small), small),
  leaf(at('client[?].tag[?]', small, text), fc.constant('')),
  leaf(at('client[?].x1', small), text),
  leaf(at('client[?].x2', small), text),
  leaf(at('client[?].y1', small), text),
  leaf(at('client[?].yc.deep', small), text),
  leaf(at('client[?].z1', small), small),
  leaf(at('client[?].z2', small), small),
  leaf(at('feature.needed'), text),
  leaf(at('feature.w'), small),
  leaf(at('soft.s1'), text),
  leaf(at('soft.inner.i1'), small),
  leaf(at('soft.inner.ll[?]', small), fc.constant(0)),
  leaf(at('soft.inner.need'), text),
  leaf(at('target'), fc.oneof(name, fc.constant('none'))),
  leaf(
    at('pick'),
    fc.constantFrom(
      "/p:top/server[name='s1']",
      "/p:top/server[name='s2']/zone",
      '/p:top/soft/s1',
      '/p:top/soft/inner/i1',
    ),
  ),
  leaf(at('ranked[?].n', small), fc.constant(0)),
  leaf(at('pair?.v', key), small),
  leaf(at('ref[?]', small), fc.constant(0)),
  leaf(at('first'), fc.constantFrom('k1', 'k2')),
  leaf(at('o1'), text),
  leaf(at('o2'), text),
  leaf(at('na'), small),
  leaf(at('nb'), text),
  fc
    .oneof(
      at('server[?]', name),
      at('client[?]', small),
      at('feature'),
      at('soft'),
      at('soft.inner'),
      at('pair?', key),
      at('ranked[?]', small),
      at('server'),
      at('client'),
    )
    .map((path) => ({ path: `top.${path}`, value: undefined })),
);

function apply(tree: DataTree, operations: readonly Operation[]): DataTree {
  const editor = tree.edit();
  for (const { path, value } of operations) perform(editor, path, value);
  return editor.finish();
}

function perform(editor: TreeEditor, text: string, value: Value | undefined): void {
  const path = parsePath(schema, text);
  if (value === undefined) {
    const isKey = path.last?.schema.kind === 'leaf' && path.last.schema.isKey;
    editor.remove(isKey ? path.parent! : path);
  } else if (path.last?.keys !== undefined) editor.set(path, path.last.keys[0]!);
  else if (path.last?.schema.kind === 'leaf' && path.last.schema.isKey) {
    editor.set(path, path.parent!.last!.keys![0]!);
  } else editor.set(path, value);
}

/** Of entries that are the same one is refused: which, depends on the order in which they are met. */
function lines(errors: readonly ConfigError[]): string[] {
  return errors
    .map((error) =>
      error.appTag === 'data-not-unique'
        ? `not unique ${error.path.replace(/\[.*$/u, '')}`
        : `${error.tag} ${error.appTag ?? ''} ${error.path} ${error.message}`,
    )
    .sort();
}

/** What {@link Validator.settle} does, by brute force: removes what was in the base, one after the other. */
function settleSlowly(validator: Validator, tree: DataTree, base: DataTree): DataTree {
  let now = tree;
  for (;;) {
    const gone = validator
      .validate(now)
      .filter((error) => error.tag === 'unknown-element' && base.get(parsePath(schema, error.path)) !== undefined);
    if (gone.length === 0) return now;
    const editor = now.edit();
    for (const { path } of gone) editor.remove(parsePath(schema, path));
    now = editor.finish();
  }
}

const edits = fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 25, maxLength: 40 });

/** Has something of most kinds, so that single edits meet something. */
const start = apply(
  DataTree.empty(schema),
  Object.entries({
    limit: 6,
    's1.port': 2,
    's2.zone': 'z1',
    's2.port': 4,
    's2.extra': 'on',
    's3.backup': 's1',
    '1.server': 's1',
    '1.port': 2,
    '2.zone': 'z1',
    '2.mark': 1,
    'feature.needed': 'on',
    'feature.w': 3,
    'soft.s1': 'on',
    'soft.inner.i1': 4,
    target: 's1',
    'pair[k1][1].v': 2,
    'ref[1]': 0,
    first: 'k1',
    o1: 'on',
  }).map(([path, value]) => ({
    path: `top.${path.replace(/^(s\d)/u, 'server[$1]').replace(/^(\d)/u, 'client[$1]')}`,
    value,
  })),
);

const long = process.env.SIGNET_LONG === '1';

describe('incremental validation', () => {
  it('begins with a valid tree', () => {
    assert.deepEqual(moduleErrors, []);
    assert.deepEqual(lines(new Validator(schema).validate(start)), []);
  });

  it('finds the same as validation of the whole tree, edit after edit', () => {
    const validator = new Validator(schema);
    let valid = 0;
    let invalid = 0;
    fc.assert(
      fc.property(edits, (batches) => {
        let base = start;
        for (const operations of batches) {
          const tree = apply(base, operations);
          const found = validator.validate(tree, base);
          assert.deepEqual(lines(found), lines(new Validator(schema).validate(tree)));
          if (found.length === 0) {
            valid++;
            base = tree;
          } else invalid++;
        }
      }),
      { numRuns: long ? 2_000 : 150 },
    );
    assert.ok(valid > 500 && invalid > 100, `${String(valid)} valid and ${String(invalid)} invalid trees`);
  });

  it('removes what a when no longer lets be, and only that', () => {
    const validator = new Validator(schema);
    let removed = 0;
    fc.assert(
      fc.property(edits, (batches) => {
        let base = start;
        for (const operations of batches) {
          const tree = apply(base, operations);
          const settled = validator.settle(tree, base);
          const expected = settleSlowly(validator, tree, base);
          assert.deepEqual(settled, expected);
          if (settled !== tree) removed++;
          const found = validator.validate(settled, base);
          assert.deepEqual(lines(found), lines(new Validator(schema).validate(settled)));
          if (found.length === 0) base = settled;
        }
      }),
      { numRuns: long ? 1_000 : 100 },
    );
    assert.ok(removed > 20, `only ${String(removed)} trees lost something`);
  });
});
