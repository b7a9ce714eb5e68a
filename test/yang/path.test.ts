import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import { InstanceIdentifier, parsePath } from '../../src/yang/index.js';
import { int64Type, Tiny } from './tiny-schema.js';

const tiny = new Tiny();
const name = tiny.leaf('name');
const value = tiny.leaf('value', int64Type);
const common = tiny.leaf('common-name');
const dotted = tiny.leaf('dotted.name');
const group = tiny.leafList('group');
const certificate = tiny.list('certificate', [name], [common]);
const pair = tiny.list('pair', [name, value], []);
const event = tiny.list('event', [], [tiny.leaf('text', undefined, false)]);
const https = tiny.container('https', [certificate, pair, group, dotted, event]);
const schema = tiny.schema([https]);

/** What RFC 7950 9.4 allows in a string, in the first plane. */
const yangString = fc
  .string({ unit: 'binary' })
  .map((text) => text.replaceAll(/[^\t\n\r -\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]/gu, ''));

function refused(text: string): string {
  try {
    parsePath(schema, text);
  } catch (thrown) {
    assert(thrown instanceof ConfigError);
    return thrown.line();
  }
  return 'accepted';
}

describe('parsePath', () => {
  it('reads both forms of the same path', () => {
    const path = parsePath(schema, 'https.certificate[default].common-name');
    assert.equal(path.toString(), "/tiny:https/certificate[name='default']/common-name");
    assert(path.equals(parsePath(schema, "/tiny:https/certificate[name='default']/common-name")));
    assert(path.equals(parsePath(schema, 'tiny:https.tiny:certificate["default"].common-name')));
    assert.equal(path.toDotted(), 'https.certificate[default].common-name');
  });

  it('takes key predicates in any order, with prefixes, white space and either quote', () => {
    const path = parsePath(schema, `/tiny:https/pair[ tiny:value = "3" ][name='it"s']`);
    assert.deepEqual(path.last?.keys, ['it"s', 3n]);
    assert.equal(path.toString(), `/tiny:https/pair[name='it"s'][value='3']`);
    assert.equal(path.toDotted(), 'https.pair["it\\"s"][3]');
  });

  it('names values of leaf-lists, places in lists without keys, whole lists and the root', () => {
    assert.deepEqual(parsePath(schema, "/tiny:https/group[.='x']").last?.keys, ['x']);
    assert.deepEqual(parsePath(schema, 'https.group[x]').last?.keys, ['x']);
    assert.equal(parsePath(schema, '/tiny:https/event[2]').last?.position, 2);
    assert.equal(parsePath(schema, 'https.certificate').last?.keys, undefined);
    assert.equal(parsePath(schema, '/').steps.length, 0);
    assert.equal(parsePath(schema, '/tiny:https/dotted.name').last?.schema, dotted);
    assert.equal(parsePath(schema, '/tiny:https/dotted.name').toString(), '/tiny:https/dotted.name');
  });

  it('refuses with the path as far as it resolved', () => {
    assert.equal(
      refused('https.nothing.x'),
      "unknown-element /tiny:https: there is no node 'nothing' in container 'https'",
    );
    assert.equal(refused('nothing'), "unknown-element /: there is no node 'nothing'");
    assert.equal(refused('other:https'), "unknown-element /: there is no module 'other'");
    assert.match(
      refused('https.pair[a]'),
      /^missing-element \/tiny:https\/pair: the keys of list 'pair' are name, value$/u,
    );
    assert.match(refused('https.pair[a][b]'), /^invalid-value \/tiny:https\/pair: key 'value': /u);
    assert.equal(refused('https.certificate[a'), "bad-element /tiny:https: expected ']' at column 19 of the path");
    assert.equal(refused('/tiny:https/'), 'bad-element /tiny:https: expected a name at column 13 of the path');
    assert.equal(refused('https[x]'), "bad-element /tiny:https: container 'https' has no keys");
    assert.match(refused('https.certificate["\\x"]'), /^bad-element/u);
    assert.match(refused(`https.${'a'.repeat(70_000)}`), /^too-big/u);
  });

  it('reads back what it writes, for every key (RFC 7951 6.11)', () => {
    fc.assert(
      fc.property(yangString, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (text, number) => {
        const path = InstanceIdentifier.root.child(https).child(pair, [text, number]).child(name);
        assert(parsePath(schema, path.toString()).equals(path));
        assert(parsePath(schema, path.toDotted()).equals(path));
      }),
      { seed: 11 },
    );
  });

  it('answers any text with a path or a ConfigError', () => {
    const unit = fc.constantFrom(...'/.[]"\'\\=: https', 'https', 'certificate', 'tiny:', '[name=', "'a'");
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        assert.doesNotMatch(refused(text), /^operation-failed/u);
      }),
      { seed: 12 },
    );
  });
});

describe('InstanceIdentifier', () => {
  it('contains what is at or below it', () => {
    const whole = parsePath(schema, 'https.certificate');
    const entry = parsePath(schema, 'https.certificate[a]');
    assert(whole.contains(entry));
    assert(!entry.contains(whole));
    assert(entry.contains(entry.child(common)));
    assert(!entry.contains(parsePath(schema, 'https.certificate[b].common-name')));
    assert(entry.parent?.equals(parsePath(schema, 'https')));
  });
});
