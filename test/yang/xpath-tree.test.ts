/** The accessible tree (RFC 7950 6.4.1): axes, names, what exists without being written, what can be seen; and the bounds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../src/error.js';
import { makeDocument } from './xpath-support.js';

const main = `
module m {
  yang-version 1.1; namespace "urn:m"; prefix m;
  container top {
    leaf a { type string; }
    list item {
      key name; ordered-by user;
      leaf name { type string; }
      leaf-list tag { type string; ordered-by user; }
      container sub { leaf deep { type string; } }
    }
    leaf z { type string; }
    container state { config false; leaf up { type boolean; } list log { leaf line { type string; } } }
  }
  container defaults {
    leaf plain { type uint8; default 7; }
    leaf-list many { type uint8; default 1; default 2; }
    container inner { leaf deep { type string; default "d"; } }
    container present { presence "p"; leaf never { type string; default "n"; } }
    leaf switch { type boolean; }
    leaf guarded { when "../switch = 'true'"; type string; default "g"; }
    container closed { when "../switch = 'true'"; leaf in { type string; default "i"; } }
    leaf on-guarded { when "../guarded"; type string; default "o"; }
    choice c {
      default one;
      case one { leaf c1 { type string; default "1"; } leaf c1b { type string; } }
      case two { leaf c2 { type string; default "2"; } leaf c2b { type string; } }
    }
    choice free { case f { leaf f1 { type string; default "f"; } container fc { leaf f2 { type string; default "f2"; } } leaf f3 { type string; } } }
    leaf round-a { when "../round-b"; type string; default "a"; }
    leaf round-b { when "../round-a"; type string; default "b"; }
  }
}`;
const augmenting = `module n { namespace "urn:n"; prefix n; import m { prefix m; }
  augment "/m:top" { leaf a { type string; } leaf own { type string; } } }`;

const item = (name: string): string => `/m:top/item[name='${name}']`;
const document = makeDocument([main, augmenting], {
  'm:top': {
    a: '1',
    item: [
      { name: 'r', tag: ['x', 'y'], sub: { deep: 'rd' } },
      { name: 'p', sub: { deep: 'pd' } },
      { name: 'q', tag: ['y'] },
    ],
    z: '2',
    state: { up: true, log: [{ line: 'l1' }, { line: 'l2' }] },
    'n:a': 'na',
    'n:own': 'no',
  },
});
const { ask } = document;

describe('axes (XPath 1.0 2.2)', () => {
  const subR = `${item('r')}/sub`;
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['self::node()', '/m:top', ['/m:top']],
    ['self::item', '/m:top', []],
    ['child::z', '/m:top', ['/m:top/z']],
    ['child::node()', item('q'), [`${item('q')}/name`, `${item('q')}/tag[.='y']`, `${item('q')}/sub`]],
    ['attribute::a', '/m:top', []],
    ['@*', '/m:top', []],
    ['namespace::*', '/m:top', []],
    ['parent::item', subR, [item('r')]],
    ['parent::top', subR, []],
    ['..', '/m:top', ['/']],
    ['../..', '/m:top', []],
    ['ancestor::*', subR, ['/m:top', item('r')]],
    ['ancestor::*[1]', subR, [item('r')]],
    ['ancestor-or-self::*', subR, ['/m:top', item('r'), subR]],
    ['ancestor-or-self::node()[last()]', subR, ['/']],
    ['descendant::*', item('q'), [`${item('q')}/name`, `${item('q')}/tag[.='y']`, `${item('q')}/sub`]],
    ['descendant-or-self::*[self::item or self::sub]', item('p'), [item('p'), `${item('p')}/sub`]],
    ['following-sibling::*', item('p'), [item('q'), '/m:top/z', '/m:top/state', '/m:top/n:a', '/m:top/n:own']],
    ['following-sibling::*[1]', item('r'), [item('p')]],
    ['preceding-sibling::*', item('q'), ['/m:top/a', item('r'), item('p')]],
    ['preceding-sibling::*[1]', item('q'), [item('p')]],
    ['preceding-sibling::item[2]', item('q'), [item('r')]],
    ['following-sibling::tag', `${item('r')}/tag[.='x']`, [`${item('r')}/tag[.='y']`]],
    ['preceding-sibling::tag', `${item('r')}/tag[.='y']`, [`${item('r')}/tag[.='x']`]],
    ['following::sub/deep', `${item('r')}/name`, [`${item('r')}/sub/deep`, `${item('p')}/sub/deep`]],
    ['preceding::deep', '/m:top/z', [`${item('r')}/sub/deep`, `${item('p')}/sub/deep`]],
    ['preceding::*[1]', '/m:top/z', [`${item('q')}/sub`]],
    ['preceding::deep[1]', '/m:top/z', [`${item('p')}/sub/deep`]],
    ['following::*[1]', item('r'), [item('p')]],
    ['state/log[2]/preceding-sibling::log', '/m:top', ['/m:top/state/log[1]']],
    ['state/log[1]/following-sibling::log/line', '/m:top', ['/m:top/state/log[2]/line']],
  ];
  for (const [expression, from, nodes] of cases) {
    it(`${expression} from ${from}`, () => assert.deepEqual(ask(expression, from), nodes));
  }

  it('gives every node once, in document order (section 3.3, 5)', () => {
    assert.deepEqual(ask('item/tag/..', '/m:top'), [item('r'), item('q')]);
    assert.deepEqual(ask('z | item[3] | a | item[1] | z', '/m:top'), ['/m:top/a', item('r'), item('q'), '/m:top/z']);
    assert.deepEqual(ask('(z | a)[1]', '/m:top'), ['/m:top/a']);
    assert.deepEqual(ask('(item/ancestor-or-self::*)[1]', '/m:top'), ['/m:top']);
    assert.equal(ask('string(z | a)', '/m:top'), '1');
    assert.deepEqual(ask('(item/preceding-sibling::item)[1]', '/m:top'), [item('r')]);
    assert.deepEqual(ask('item/preceding-sibling::item[1]', '/m:top'), [item('r'), item('p')]);
    assert.equal(ask('count(//*[self::top or self::item]//node())'), ask('count(/top//node())'));
  });

  it('has text nodes in leafs that have text (section 5.7)', () => {
    assert.equal(ask('count(a/text())', '/m:top'), 1);
    assert.equal(ask('count(item/text())', '/m:top'), 0);
    assert.equal(ask('count(a/node())', '/m:top'), 1);
    assert.deepEqual(ask("//text()[. = 'pd']/../..", '/m:top'), [`${item('p')}/sub`]);
    assert.equal(ask('count(item/comment() | item/processing-instruction())', '/m:top'), 0);
  });
});

describe('names (RFC 7950 6.4.1)', () => {
  it('without a prefix are of the module of the expression', () => {
    assert.deepEqual(ask('/top/a'), ['/m:top/a']);
    assert.deepEqual(ask('/top/n:a'), ['/m:top/n:a']);
    assert.deepEqual(ask('/top/n:*'), ['/m:top/n:a', '/m:top/n:own']);
    assert.deepEqual(ask('/top/own'), []);
    assert.equal(ask('count(/top/*[local-name() = "a"])'), 2);
  });

  it('without a prefix match in any module or in none, where the asker wants that', () => {
    const prefix = (name: string) => document.schema.modules.get(name);
    assert.deepEqual(ask('/top/a', undefined, { names: { prefix, unprefixed: 'any' } }), ['/m:top/a', '/m:top/n:a']);
    assert.deepEqual(ask('/top/a', undefined, { names: { prefix, unprefixed: 'none' } }), []);
    assert.deepEqual(ask('/m:top/n:a', undefined, { names: { prefix, unprefixed: 'none' } }), ['/m:top/n:a']);
  });
});

describe('what exists without being written', () => {
  const empty = makeDocument([main, augmenting], {});
  const on = makeDocument([main, augmenting], { 'm:defaults': { switch: true } });
  const two = makeDocument([main, augmenting], { 'm:defaults': { c2b: '', f3: '' } });

  it('defaults in use, and containers without presence (7.5.1, 7.6.1, 7.7.2)', () => {
    assert.equal(empty.ask('/defaults/plain = 7'), true);
    assert.deepEqual(empty.ask('/defaults/many'), ["/m:defaults/many[.='1']", "/m:defaults/many[.='2']"]);
    assert.equal(empty.ask('/defaults/inner/deep = "d"'), true);
    assert.equal(empty.ask('count(/defaults/present | /defaults/present/never)'), 0);
    assert.equal(empty.ask('string(/defaults/inner)'), 'd');
    assert.equal(empty.ask('count(/top)'), 1);
  });

  it('where the choice has taken their case, or none and theirs is the default', () => {
    assert.deepEqual([empty.ask('/defaults/c1 = "1"'), empty.ask('boolean(/defaults/c2)')], [true, false]);
    assert.deepEqual([two.ask('boolean(/defaults/c1)'), two.ask('/defaults/c2 = "2"')], [false, true]);
    assert.deepEqual([empty.ask('boolean(/defaults/f1)'), empty.ask('boolean(/defaults/fc)')], [false, false]);
    assert.deepEqual([two.ask('/defaults/f1 = "f"'), two.ask('/defaults/fc/f2 = "f2"')], [true, true]);
  });

  it('where their when lets them be, which may ask for others', () => {
    assert.equal(
      empty.ask('count(/defaults/guarded | /defaults/closed | /defaults/closed/in | /defaults/on-guarded)'),
      0,
    );
    assert.deepEqual([on.ask('/defaults/guarded = "g"'), on.ask('/defaults/closed/in = "i"')], [true, true]);
    assert.equal(on.ask('/defaults/on-guarded = "o"'), true);
  });

  it('a when that depends on itself does not hold', () => {
    assert.equal(empty.ask('boolean(/defaults/round-a)'), false);
  });
});

describe('what can be seen', () => {
  it('configuration does not see state', () => {
    assert.equal(ask('boolean(/top/state/up)'), true);
    assert.equal(ask('boolean(/top/state/up)', undefined, { view: 'config' }), false);
    assert.equal(ask('count(//log)', undefined, { view: 'config' }), 0);
  });
});

describe('bounds', () => {
  const many = makeDocument(
    [
      `module b { yang-version 1.1; namespace "urn:b"; prefix b;
        container top { leaf which { type string; } list e { key "k l"; leaf k { type string; } leaf l { type uint8; } leaf v { type uint32; } }
          list s { key k; leaf k { type uint32; } leaf v { type uint32; } } } }`,
    ],
    {
      'b:top': {
        which: 'k777',
        e: Array.from({ length: 2_000 }, (_, index) => ({ k: `k${String(index)}`, l: 1, v: index })),
        s: Array.from({ length: 2_000 }, (_, index) => ({ k: index, v: index })),
      },
    },
  );
  const cheap: readonly string[] = [
    "/top/e[k = 'k777'][l = 1]/v",
    "/top/e[k = 'k777']/v",
    '/top/e[k = /top/which][l = 1]/v',
    '/top/s[k = 777]/v',
    "/top/s[k = '777']/v",
    '/top/s[k = 700 + 77]/v',
    '/top/s/k = 777',
    "/top/e/k = '777' or /top/s/k = '777'",
    "//s[k = '777']/v",
  ];
  for (const expression of cheap) {
    it(`${expression} looks entries up`, () => {
      const answer = many.ask(expression, undefined, { steps: 100 });
      assert.notDeepEqual(answer, []);
      assert.notEqual(answer, false);
    });
  }

  it('stop an expression that costs too much', () => {
    for (const expression of [
      'count(//e[//s[v = current()/v]])',
      'count(//node()/following::node())',
      `string-length(${'concat('.repeat(200)}string(/)${', string(/))'.repeat(200)})`,
    ]) {
      assert.throws(
        () => many.ask(expression),
        (thrown) => thrown instanceof ConfigError && thrown.tag === 'resource-denied',
        expression,
      );
    }
  });

  it('refuse an expression that goes through too much of the schema', () => {
    const leafs = Array.from({ length: 1_500 }, (_, index) => `leaf l${String(index)} { type string; }`).join(' ');
    const wide = makeDocument(
      [`module w { namespace "urn:w"; prefix w; container a { container b { ${leafs} } container c { ${leafs} } } }`],
      {},
    );
    assert.throws(
      () => wide.ask(`/${'/node()/..'.repeat(100)}`),
      (thrown) => thrown instanceof ConfigError && thrown.tag === 'too-big',
    );
  });

  it('nodes are asked of node-sets only', () => {
    assert.throws(
      () => many.ask('1 +'),
      (thrown) => thrown instanceof ConfigError && thrown.tag === 'invalid-value',
    );
  });
});
