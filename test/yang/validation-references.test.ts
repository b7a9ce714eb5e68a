/** References that validation refuses, and what it says (RFC 7950 sections 9.9, 9.13 and 15.5). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Model } from './validation-support.js';

describe('leafref (RFC 7950 9.9, 15.5)', () => {
  const model = new Model(`
    container top {
      list server { key name; leaf name { type string; } leaf zone { type string; } leaf-list alias { type string; } leaf peer { type leafref { path "../../server/name"; } } }
      list pair { key "a b"; leaf a { type string; } leaf b { type uint8; } leaf other-b { type leafref { path "/top/pair[a = current()/../a]/b"; } } }
      leaf by-key { type leafref { path "/top/server/name"; } }
      leaf-list by-keys { type leafref { path "/top/server/name"; } }
      leaf by-value { type leafref { path "/top/server/zone"; } }
      leaf by-alias { type leafref { path "/top/server/alias"; } }
      leaf by-first { type leafref { path "/top/pair/a"; } }
      leaf by-second { type leafref { path "/top/pair/b"; } }
      leaf follows { type leafref { path "../by-key"; } }
      leaf free { type leafref { path "/top/server/name"; require-instance false; } }
      leaf either { type union { type leafref { path "/top/server/name"; } type uint8; } }
      leaf neither { type union { type leafref { path "/top/server/name"; } type leafref { path "/top/server/zone"; } } }
      leaf standard { type string; default std; }
      leaf to-default { type leafref { path "../standard"; } }
    }`);
  const servers = [{ name: 's1', zone: 'z1', alias: ['x', 'y'] }, { name: 's2' }];
  const pair = [
    { a: 'k', b: 1 },
    { a: 'l', b: 2 },
  ];
  const missing = (leaf: string, target: string, value: string): string =>
    `data-missing instance-required /m:top/${leaf}: there is no /m:top/${target} with the value ${value}`;

  it('requires its instance, by whatever path', () => {
    const good = {
      server: servers,
      pair,
      'by-key': 's1',
      'by-keys': ['s1', 's2'],
      'by-value': 'z1',
      'by-alias': 'y',
      'by-first': 'l',
      'by-second': 2,
      follows: 's1',
      free: 'none',
      either: 7,
      neither: 'z1',
      'to-default': 'std',
    };
    assert.deepEqual(model.errors({ 'm:top': good }), []);
    const bad = {
      server: servers,
      pair,
      'by-key': 's3',
      'by-keys': ['s1', 's4'],
      'by-value': 's1',
      'by-alias': 'z',
      'by-first': 'm',
      'by-second': 3,
      follows: 's1',
      either: 'nine',
      neither: 'none',
      'to-default': 'other',
    };
    assert.deepEqual([...model.errors({ 'm:top': bad })].sort(), [
      missing('by-alias', 'server/alias', 'z'),
      missing('by-first', 'pair/a', 'm'),
      missing('by-key', 'server/name', 's3'),
      missing("by-keys[.='s4']", 'server/name', 's4'),
      missing('by-second', 'pair/b', '3'),
      missing('by-value', 'server/zone', 's1'),
      missing('either', 'server/name', 'nine'),
      missing('follows', 'by-key', 's1'),
      missing('neither', 'server/name', 'none'),
      missing('to-default', 'standard', 'other'),
    ]);
  });

  it('follows relative paths and predicates from the leaf itself', () => {
    const peer = [
      { name: 's1', peer: 's2' },
      { name: 's2', peer: 's3' },
    ];
    assert.deepEqual(model.errors({ 'm:top': { server: peer } }), [
      missing("server[name='s2']/peer", 'server/name', 's3'),
    ]);
    const others = [
      { a: 'k', b: 1, 'other-b': 1 },
      { a: 'l', b: 2, 'other-b': 1 },
    ];
    assert.deepEqual(model.errors({ 'm:top': { pair: others } }), [
      missing("pair[a='l'][b='2']/other-b", 'pair/b', '1'),
    ]);
  });

  it('keeps what is referred to from going', () => {
    const base = model.tree({
      'm:top': {
        server: servers,
        pair,
        'by-key': 's1',
        'by-value': 'z1',
        'by-alias': 'x',
        'by-second': 2,
        either: 's2',
        'to-default': 'std',
      },
    });
    assert.deepEqual(model.errors(base), []);
    const after = (edits: Readonly<Record<string, string | undefined>>): readonly string[] =>
      [...model.errors(model.edit(base, edits), base)].sort();
    assert.deepEqual(after({ 'top.server[s1]': undefined }), [
      missing('by-alias', 'server/alias', 'x'),
      missing('by-key', 'server/name', 's1'),
      missing('by-value', 'server/zone', 'z1'),
    ]);
    assert.deepEqual(after({ 'top.server[s2]': undefined }), [missing('either', 'server/name', 's2')]);
    assert.deepEqual(after({ 'top.server[s1].zone': 'z2' }), [missing('by-value', 'server/zone', 'z1')]);
    assert.deepEqual(after({ 'top.server[s1].zone': 'z2', 'top.server[s2].zone': 'z1' }), []);
    assert.deepEqual(after({ 'top.server[s1].alias[x]': undefined }), [missing('by-alias', 'server/alias', 'x')]);
    assert.deepEqual(after({ 'top.pair[l][2]': undefined }), [missing('by-second', 'pair/b', '2')]);
    assert.deepEqual(after({ 'top.standard': 'new' }), [missing('to-default', 'standard', 'std')]);
    assert.equal(after({ 'top.server': undefined }).length, 4);
  });
});

describe('instance-identifier (RFC 7950 9.13, 15.5)', () => {
  const model = new Model(`
    container top { leaf to { type instance-identifier; } leaf free { type instance-identifier { require-instance false; } }
      list e { key k; leaf k { type string; } leaf v { type string; default d; } leaf-list t { type string; } }
      container p { presence p; leaf x { type string; } } leaf plain { type string; } leaf plainer { type string; } }`);
  const e = [{ k: 'a', t: ['x'] }, { k: 'b' }];

  it('requires its instance; a default in use is one', () => {
    for (const to of ["/m:top/e[k='a']", "/m:top/e[k='a']/v", "/m:top/e[k='a']/t[.='x']", '/m:top', '/m:top/to']) {
      assert.deepEqual(model.errors({ 'm:top': { e, to } }), [], to);
    }
    for (const to of ["/m:top/e[k='c']", "/m:top/e[k='b']/t[.='x']", '/m:top/p', '/m:top/p/x', '/m:top/plain']) {
      assert.deepEqual(model.errors({ 'm:top': { e, to, free: to } }), [
        `data-missing instance-required /m:top/to: there is no ${to}`,
      ]);
    }
  });

  it('keeps what is referred to from going, with what is above it', () => {
    const base = model.tree({ 'm:top': { e, to: "/m:top/e[k='a']/t[.='x']", plain: '1', plainer: '2' } });
    const error = ["data-missing instance-required /m:top/to: there is no /m:top/e[k='a']/t[.='x']"];
    assert.deepEqual(model.errors(model.edit(base, { 'top.e[a].t[x]': undefined }), base), error);
    assert.deepEqual(model.errors(model.edit(base, { 'top.e[a]': undefined }), base), error);
    assert.deepEqual(model.errors(model.edit(base, { 'top.e': undefined }), base), error);
    assert.deepEqual(model.errors(model.edit(base, { 'top.e[b]': undefined, 'top.plainer': undefined }), base), []);
    const plain = model.tree({ 'm:top': { to: '/m:top/plain', plain: '1', plainer: '2' } });
    assert.deepEqual(model.errors(model.edit(plain, { 'top.plainer': undefined }), plain), []);
    assert.equal(model.errors(model.edit(plain, { 'top.plain': undefined }), plain).length, 1);
  });
});
