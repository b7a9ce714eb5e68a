/** What validation refuses and what it says (RFC 7950 sections 7, 8 and 15); references have a file of their own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DataTree, type InstanceIdentifier, type JsonObject, parsePath } from '../../src/yang/index.js';
import { line, Model } from './validation-support.js';

describe('must (RFC 7950 7.5.3, 15.4)', () => {
  const model = new Model(`
    container top {
      must "not(a) or b" { error-message "a needs b"; error-app-tag a-needs-b; }
      must "count(entry) <= 3";
      leaf a { type string; must ". != 'bad'"; }
      leaf b { type string; }
      leaf-list n { type uint8; must ". mod 2 = 0"; }
      list entry { key k; must "k != '0' and not(v > ../limit)"; leaf k { type string; } leaf v { type uint8; } }
      leaf limit { type uint8; default 10; must ". > 1"; }
      container implied { must "../b"; leaf c { type string; default x; must "../../b != 'y'"; } }
      container absent { presence "p"; must "false()"; leaf d { type string; default x; must "false()"; } }
      anydata any { must "../a"; }
    }
    container calm { leaf x { type string; } }`);

  it('is tested at every node, with the message and app-tag of the module', () => {
    assert.deepEqual(model.errors({ 'm:top': { b: 'x' } }), []);
    assert.deepEqual(model.errors({ 'm:top': { a: 'bad', n: [1, 2, 3], implied: {} } }), [
      'operation-failed a-needs-b /m:top: a needs b',
      'operation-failed must-violation /m:top/a: must ". != \'bad\'" does not hold',
      'operation-failed must-violation /m:top/implied: must "../b" does not hold',
      'operation-failed must-violation /m:top/implied/c: must "../../b != \'y\'" does not hold',
      'operation-failed must-violation /m:top/n[.=\'1\']: must ". mod 2 = 0" does not hold',
      'operation-failed must-violation /m:top/n[.=\'3\']: must ". mod 2 = 0" does not hold',
    ]);
  });

  it('names entries by their keys', () => {
    const entries = [
      { k: '0', v: 1 },
      { k: "it's", v: 11 },
    ];
    assert.deepEqual(model.errors({ 'm:top': { b: 'x', entry: entries } }), [
      "operation-failed must-violation /m:top/entry[k='0']: must \"k != '0' and not(v > ../limit)\" does not hold",
      `operation-failed must-violation /m:top/entry[k="it's"]: must "k != '0' and not(v > ../limit)" does not hold`,
    ]);
  });

  it('is tested at nodes that exist without being written, and not at presence containers that do not', () => {
    assert.deepEqual(model.errors({}), [
      'operation-failed must-violation /m:top/implied: must "../b" does not hold',
      'operation-failed must-violation /m:top/implied/c: must "../../b != \'y\'" does not hold',
    ]);
    assert.deepEqual(model.errors({ 'm:top': { b: 'x', absent: {} } }), [
      'operation-failed must-violation /m:top/absent: must "false()" does not hold',
      'operation-failed must-violation /m:top/absent/d: must "false()" does not hold',
    ]);
    assert.deepEqual(model.errors({ 'm:top': { b: 'x', any: {} } }), [
      'operation-failed must-violation /m:top/any: must "../a" does not hold',
    ]);
  });

  it('is tested again where what it reads changed', () => {
    const base = model.tree({
      'm:top': {
        b: 'x',
        entry: [
          { k: '1', v: 5 },
          { k: '2', v: 7 },
        ],
      },
    });
    assert.deepEqual(model.errors(model.edit(base, { 'top.limit': 6 }), base), [
      "operation-failed must-violation /m:top/entry[k='2']: must \"k != '0' and not(v > ../limit)\" does not hold",
    ]);
    assert.deepEqual(model.errors(model.edit(base, { 'top.entry[2].v': 11 }), base), [
      "operation-failed must-violation /m:top/entry[k='2']: must \"k != '0' and not(v > ../limit)\" does not hold",
    ]);
    assert.deepEqual(model.errors(model.edit(base, { 'calm.x': 'x' }), base), []);
    const more = model.edit(base, { 'top.entry[3].v': 1, 'top.entry[4].v': 1 });
    assert.deepEqual(model.errors(more, base), [
      'operation-failed must-violation /m:top: must "count(entry) <= 3" does not hold',
    ]);
  });

  it('finds the entry by text, whatever the types are, and is tested again when that entry changes', () => {
    const mixed = new Model(`
      list s { key name; leaf name { type string; } leaf size { type uint8; } }
      leaf n { type uint8; must "/s[name = current()]/size > 5"; }
      leaf b { type boolean; must "/s[name = current()]/size > 5"; }
      leaf u { type union { type uint8; type string; } must "/s[name = current()]/size > 5"; }`);
    const base = mixed.tree({
      'm:s': ['7', 'true', '8', '9'].map((name) => ({ name, size: 6 })),
      'm:n': 7,
      'm:b': true,
      'm:u': 8,
    });
    assert.deepEqual(mixed.errors(base), []);
    const broken = (name: string): readonly string[] =>
      mixed.validator.validate(mixed.edit(base, { [`s[${name}].size`]: 5 }), base).map(({ path }) => path);
    assert.deepEqual(['7', 'true', '8', '9'].map(broken), [['/m:n'], ['/m:b'], ['/m:u'], []]);
  });

  it('that costs too much is refused, not waited for', () => {
    const slow = new Model(`container top {
      must "count(e[count(../e[count(../e[. > current()]) > 0]) > 0]) = 0"; list e { key k; leaf k { type uint16; } } }`);
    const entries = Array.from({ length: 400 }, (_, k) => ({ k }));
    const [error, ...others] = slow.errors({ 'm:top': { e: entries } });
    assert.match(error!, /^resource-denied - \/m:top: must ".*": the expression takes too many steps on this data$/u);
    assert.deepEqual(others, []);
  });
});

describe('when (RFC 7950 7.21.5, 8.2)', () => {
  const model = new Model(`
    container top {
      leaf kind { type string; }
      leaf a { when "../kind = 'a'"; type string; mandatory true; }
      leaf b { when "../a"; type string; }
      container c { when "../kind = 'c'"; leaf d { type string; mandatory true; } leaf e { type string; } }
      choice of { when "kind = 'o'"; mandatory true; leaf o1 { type string; } leaf o2 { type string; } }
      choice two { case x { when "kind = 'x'"; leaf x1 { type string; } } leaf y { type string; } }
      list l { when "../kind = 'l'"; key k; min-elements 1; leaf k { type string; } leaf v { type string; } }
      leaf-list ll { when "../kind = 'l'"; type string; }
      leaf self { when "not(../self = 'x')"; type string; }
    }
    augment "/top" { when "kind = 'g' and not(g2)"; leaf g1 { type string; } leaf g2 { type string; } }
    container deep { list e { key k; leaf k { type string; } container in { when "../../only = ../k"; leaf v { type string; } } } leaf only { type string; } }`);
  const unwanted = (path: string, when: string): string =>
    `unknown-element - ${path}: ${path.replace(/^.*\/|\[.*$/gu, '')} must not be here: when "${when}" is false`;

  it('refuses nodes that are there although it is false', () => {
    assert.deepEqual(
      model.errors({
        'm:top': { kind: 'z', b: '1', c: { d: '1' }, ll: ['1'], l: [{ k: '1' }], x1: '1', o1: '1', g1: '1' },
      }),
      [
        unwanted('/m:top/b', '../a'),
        unwanted('/m:top/c', "../kind = 'c'"),
        unwanted('/m:top/o1', "kind = 'o'"),
        unwanted('/m:top/x1', "kind = 'x'"),
        unwanted("/m:top/l[k='1']", "../kind = 'l'"),
        unwanted("/m:top/ll[.='1']", "../kind = 'l'"),
        unwanted('/m:top/g1', "kind = 'g' and not(g2)"),
      ],
    );
  });

  it('decides whether what is mandatory is', () => {
    assert.deepEqual(model.errors({}), []);
    assert.deepEqual(model.errors({ 'm:top': { kind: 'a' } }), ['missing-element - /m:top/a: a is mandatory']);
    assert.deepEqual(model.errors({ 'm:top': { kind: 'c' } }), ['missing-element - /m:top/c/d: d is mandatory']);
    assert.deepEqual(model.errors({ 'm:top': { kind: 'l' } }), [
      'operation-failed too-few-elements /m:top/l: 0 given, at least 1 needed',
    ]);
    assert.deepEqual(model.errors({ 'm:top': { kind: 'o' } }), [
      'data-missing missing-choice /m:top: one of o1, o2 must be given (choice of)',
    ]);
    const base = model.tree({ 'm:top': { kind: 'z' } });
    assert.deepEqual(model.errors(model.edit(base, { 'top.kind': 'a' }), base), [
      'missing-element - /m:top/a: a is mandatory',
    ]);
  });

  it('does not see the node that it is about, nor what its augment adds', () => {
    assert.deepEqual(model.errors({ 'm:top': { self: 'x' } }), []);
    assert.deepEqual(model.errors({ 'm:top': { kind: 'g', g1: '1', g2: '1' } }), []);
  });

  it('that turns false takes along what it guarded, and what depends on that', () => {
    const base = model.tree({
      'm:top': { kind: 'a', a: '1', b: '2' },
      'm:deep': { only: 'k', e: [{ k: 'k', in: { v: '1' } }, { k: 'l' }] },
    });
    assert.deepEqual(model.errors(base), []);
    const settled = model.validator.settle(
      model.edit(base, { 'top.kind': 'c', 'top.c.d': 'x', 'deep.only': 'l' }),
      base,
    );
    assert.deepEqual(
      settled,
      model.tree({ 'm:top': { kind: 'c', c: { d: 'x' } }, 'm:deep': { only: 'l', e: [{ k: 'k' }, { k: 'l' }] } }),
    );
    assert.deepEqual(model.errors(settled, base), []);
  });

  it('takes along as many nodes as there are', () => {
    const many = new Model(
      'leaf on { type boolean; } list e { key k; leaf k { type uint16; } leaf v { when "/on = \'true\'"; type uint8; } }',
    );
    const entries = (more: object) => Array.from({ length: 1_000 }, (_, k) => ({ k, ...more }));
    const base = many.tree({ 'm:on': true, 'm:e': entries({ v: 1 }) });
    const settled = many.validator.settle(many.edit(base, { on: false }), base);
    assert.deepEqual(settled, many.tree({ 'm:on': false, 'm:e': entries({}) }));
    assert.deepEqual(many.errors(settled, base), []);
  });

  it('leaves what is new to be refused, and a tree without such nodes as it is', () => {
    const base = model.tree({ 'm:top': { kind: 'a', a: '1' } });
    const tree = model.edit(base, { 'top.kind': 'z', 'top.c.d': 'x' });
    const settled = model.validator.settle(tree, base);
    assert.equal(settled.get(parsePath(model.schema, 'top.a')), undefined);
    assert.deepEqual(model.errors(settled, base), [unwanted('/m:top/c', "../kind = 'c'")]);
    const other = model.edit(base, { 'deep.only': 'x' });
    assert.equal(model.validator.settle(other, base), other);
  });
});

describe('what a branch must hold (RFC 7950 7.6.5, 7.7.5, 7.9.4, 15)', () => {
  const model = new Model(`
    container top {
      presence "here";
      leaf needed { type string; mandatory true; }
      anydata any { mandatory true; }
      leaf-list few { type uint8; min-elements 2; max-elements 3; }
      container in { leaf needed { type string; mandatory true; } }
      choice c { mandatory true; case a { leaf a1 { type string; } leaf a2 { type string; mandatory true; } } leaf b { type string; } }
      choice d { case e { container e1 { leaf e2 { type string; mandatory true; } } } case f { leaf f1 { type string; } } }
    }`);

  it('is there', () => {
    assert.deepEqual(model.errors({}), []);
    assert.deepEqual(model.errors({ 'm:top': {} }), [
      'missing-element - /m:top/in/needed: needed is mandatory',
      'missing-element - /m:top/needed: needed is mandatory',
      'missing-element - /m:top/any: any is mandatory',
      'operation-failed too-few-elements /m:top/few: 0 given, at least 2 needed',
      'data-missing missing-choice /m:top: one of a, b must be given (choice c)',
    ]);
    const good = { needed: 'x', any: {}, few: [1, 2], in: { needed: 'x' }, b: 'x' };
    assert.deepEqual(model.errors({ 'm:top': good }), []);
    assert.deepEqual(model.errors({ 'm:top': { ...good, few: [1, 2, 3, 4] } }), [
      'operation-failed too-many-elements /m:top/few: 4 given, at most 3 allowed',
    ]);
  });

  it('of one case only, with what that case asks for', () => {
    const good = { needed: 'x', any: {}, few: [1, 2], in: { needed: 'x' } };
    assert.deepEqual(model.errors({ 'm:top': { ...good, a1: 'x' } }), ['missing-element - /m:top/a2: a2 is mandatory']);
    assert.deepEqual(model.errors({ 'm:top': { ...good, a2: 'x', b: 'x' } }), [
      'bad-element - /m:top: nodes of more than one case of choice c: a, b',
    ]);
    assert.deepEqual(model.errors({ 'm:top': { ...good, b: 'x', e1: {} } }), []);
    assert.deepEqual(model.errors({ 'm:top': { ...good, b: 'x', f1: 'x' } }), []);
  });
});

describe('unique (RFC 7950 7.8.3, 15.1)', () => {
  const model = new Model(`
    list e {
      key k; unique "ip in/port"; unique name; ordered-by user;
      leaf k { type string; } leaf ip { type string; } leaf name { type string; }
      container in { leaf port { type uint16; default 80; } }
    }`);
  const entry = (k: string, ip?: string, port?: number): Record<string, unknown> => ({
    k,
    ...(ip === undefined ? {} : { ip }),
    ...(port === undefined ? {} : { in: { port } }),
  });
  const twice = "operation-failed data-not-unique /m:e[k='b']: the same ip in/port as entry a";

  it('compares entries that have all of the leafs, defaults included', () => {
    assert.deepEqual(model.errors({ 'm:e': [entry('a', '1'), entry('b', '1', 80)] as never }), [twice]);
    assert.deepEqual(
      model.errors({ 'm:e': [entry('a', '1'), entry('b', '1', 81), entry('c'), entry('d')] as never }),
      [],
    );
    const [error] = model.validator.validate(model.tree({ 'm:e': [entry('a', '1'), entry('b', '1')] as never }));
    assert.deepEqual(error?.info, { 'non-unique': "/m:e[k='b']/ip /m:e[k='b']/in/port" });
  });

  it('finds a twin among entries that did not change, and lets values change hands', () => {
    const base = model.tree({ 'm:e': [entry('a', '1'), entry('b', '2'), entry('c', '3')] as never });
    assert.deepEqual(model.errors(base), []);
    assert.deepEqual(model.errors(model.edit(base, { 'e[b].ip': '1' }), base), [twice]);
    assert.deepEqual(model.errors(model.edit(base, { 'e[a].ip': '2', 'e[b].ip': '1' }), base), []);
    assert.deepEqual(model.errors(model.edit(base, { 'e[a]': undefined, 'e[b].ip': '1' }), base), []);
    const next = model.edit(base, { 'e[b].ip': '4' });
    assert.deepEqual(model.errors(next, base), []);
    assert.deepEqual(model.errors(model.edit(next, { 'e[c].ip': '2' }), next), []);
    assert.deepEqual(model.errors(model.edit(next, { 'e[c].ip': '4' }), next), [
      "operation-failed data-not-unique /m:e[k='c']: the same ip in/port as entry b",
    ]);
  });
});

describe('all errors', () => {
  const model = new Model(
    `list e { key k; leaf k { type uint16; must ". < 10"; } leaf n { type string; mandatory true; } }`,
  );

  it('are told at once, each once, up to a limit', () => {
    const entries = (count: number) => ({ 'm:e': Array.from({ length: count }, (_, k) => ({ k })) });
    assert.equal(model.errors(entries(5)).length, 5);
    assert.equal(model.errors(entries(12)).length, 14);
    assert.equal(model.errors(entries(1_000)).length, 100);
  });

  it('in slices are the same', async () => {
    const tree = model.tree({ 'm:e': Array.from({ length: 40 }, (_, k) => ({ k })) });
    const whole = model.validator.validate(tree).map((error) => error.line());
    assert.deepEqual(
      (await model.validator.validateInSlices(tree)).map((error) => error.line()),
      whole,
    );
    assert.equal(whole.length, 70);
  });
});

describe('state (RFC 7950 8.1)', () => {
  const body = `
    container top { leaf conf { type uint8; must "not(../up)"; } leaf up { config false; type boolean; must "../conf > 1"; }
      container seen { config false; leaf needed { type string; mandatory true; } list log { unique t; leaf t { type uint8; } } } }`;

  it('is passed over where configuration is validated, and sees configuration where it is', () => {
    const content = { 'm:top': { conf: 1, up: true, seen: { log: [{ t: 1 }, { t: 2 }, { t: 1 }] } } };
    assert.deepEqual(new Model(body).errors(content), []);
    assert.deepEqual(new Model(body, { view: 'all' }).errors(content), [
      'operation-failed must-violation /m:top/up: must "../conf > 1" does not hold',
      'missing-element - /m:top/seen/needed: needed is mandatory',
      'operation-failed data-not-unique /m:top/seen/log[3]: the same t as entry 1',
    ]);
  });
});

describe('operations and notifications (RFC 7950 6.4.1, 8.3.1)', () => {
  const model = new Model(
    `
    list server { key name; leaf name { type string; }
      leaf limit { type uint8; }
      leaf load { config false; type uint8; }
      action restart {
        input {
          must "delay <= ../limit or not(delay)";
          leaf delay { type uint8; must ". > ../../load"; }
          leaf reason { when "../delay > 3"; type string; mandatory true; }
          choice how { mandatory true; leaf soft { type empty; } leaf hard { type empty; } }
          leaf next { type leafref { path "/server/name"; } }
          leaf-list tag { type string; max-elements 1; }
          list step { key n; unique what; leaf n { type uint8; } leaf what { type string; } }
        }
        output { leaf done { type uint8; mandatory true; must ". < ../../limit"; } }
      }
      notification down { leaf why { type string; must "../../limit > 1 and /server[name = current()/../../name]"; } leaf to { type leafref { path "../../name"; } } }
    }
    rpc move { input { leaf from { type leafref { path "/server/name"; } } leaf to { type leafref { path "/server/name"; } must ". != ../from and /move/from and count(/move/*) = 2"; } } }
    notification moved { leaf n { type uint8; must "/moved/n = . and count(/server) = 2"; } }`,
  );
  const seen = model.tree({ 'm:server': [{ name: 'a', limit: 5, load: 1 }, { name: 'b' }] });
  const at = (text: string): InstanceIdentifier => parsePath(model.schema, text);
  const judge = (text: string, content: JsonObject, parameters: 'input' | 'output' = 'input'): readonly string[] => {
    const body = model.body(at(text), content, parameters);
    return model.validator.validateBody(body, at(text), () => seen).map(line);
  };

  it('input is judged with its operation in the tree', () => {
    assert.deepEqual(judge('server[a].restart', { soft: [null] }), []);
    assert.deepEqual(judge('server[a].restart', { delay: 2, soft: [null], next: 'b' }), []);
    assert.deepEqual(judge('server[a].restart', { delay: 6, soft: [null], next: 'c', tag: ['x', 'y'] }), [
      'operation-failed must-violation /m:server[name=\'a\']/restart: must "delay <= ../limit or not(delay)" does not hold',
      "data-missing instance-required /m:server[name='a']/restart/next: there is no /m:server/name with the value c",
      "missing-element - /m:server[name='a']/restart/reason: reason is mandatory",
      "operation-failed too-many-elements /m:server[name='a']/restart/tag: 2 given, at most 1 allowed",
    ]);
    assert.deepEqual(
      judge('server[a].restart', {
        delay: 1,
        reason: 'x',
        step: [
          { n: 1, what: 'w' },
          { n: 2, what: 'w' },
        ],
      }),
      [
        'operation-failed must-violation /m:server[name=\'a\']/restart/delay: must ". > ../../load" does not hold',
        'unknown-element - /m:server[name=\'a\']/restart/reason: reason must not be here: when "../delay > 3" is false',
        "data-missing missing-choice /m:server[name='a']/restart: one of soft, hard must be given (choice how)",
        "operation-failed data-not-unique /m:server[name='a']/restart/step[n='2']: the same what as entry 1",
      ],
    );
  });

  it('output and notifications are judged in the same way', () => {
    assert.deepEqual(judge('server[a].restart', { done: 4 }, 'output'), []);
    assert.deepEqual(judge('server[a].restart', {}, 'output'), [
      "missing-element - /m:server[name='a']/restart/done: done is mandatory",
    ]);
    assert.deepEqual(judge('server[a].restart', { done: 5 }, 'output').length, 1);
    assert.deepEqual(judge('server[a].down', { why: 'x', to: 'a' }), []);
    assert.deepEqual(judge('server[a].down', { to: 'b' }), [
      "data-missing instance-required /m:server[name='a']/down/to: there is no /m:server/name with the value b",
    ]);
    assert.deepEqual(judge('moved', { n: 1 }), []);
  });

  it('an rpc stands at the top', () => {
    assert.deepEqual(judge('move', { from: 'a', to: 'b' }), []);
    assert.deepEqual(judge('move', { from: 'a', to: 'a' }).length, 1);
    assert.deepEqual(judge('move', { from: 'x', to: 'b' }), [
      'data-missing instance-required /m:move/from: there is no /m:server/name with the value x',
    ]);
  });

  it('the tree around is asked for only where something looks at it', () => {
    const closed = new Model('rpc r { input { leaf a { type uint8; must ". > ../b"; } leaf b { type uint8; } } }');
    const never = (): DataTree => assert.fail('nobody needs the tree');
    const path = parsePath(closed.schema, 'r');
    assert.equal(closed.validator.validateBody(closed.body(path, { a: 1, b: 2 }), path, never).length, 1);
  });
});
