import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import {
  Branch,
  BranchBuilder,
  DataTree,
  InstanceIdentifier,
  ListData,
  type Placement,
  type Value,
} from '../../src/yang/index.js';
import { decimalType, int64Type, Tiny } from './tiny-schema.js';

const tiny = new Tiny();
const name = tiny.leaf('name');
const size = tiny.leaf('size', int64Type);
const tag = tiny.leafList('tag');
const step = tiny.leafList('step', 'user');
const item = tiny.list('item', [name], [size, tag]);
const first = tiny.leaf('first');
const second = tiny.leaf('second', int64Type);
const rule = tiny.list('rule', [first, second], [tiny.leaf('note')], 'user');
const ratio = tiny.leaf('ratio', decimalType);
const scale = tiny.list('scale', [ratio], []);
const seen = tiny.leafList('seen', 'system', false);
const box = tiny.container('box', [item, rule, step, scale, seen]);
const flag = tiny.container('flag', [], 'means something');
const schema = tiny.schema([box, flag]);
const root = InstanceIdentifier.root;
const items = root.child(box).child(item);
const rules = root.child(box).child(rule);

function itemPath(key: Value): InstanceIdentifier {
  return root.child(box).child(item, [key]);
}

function rulePath(key: string): InstanceIdentifier {
  return root.child(box).child(rule, [key, 1n]);
}

function keysOf(list: unknown): (readonly Value[])[] {
  assert(list instanceof ListData);
  return [...list].map((entry) => entry.keys());
}

describe('DataTree', () => {
  it('leaves the tree that it was edited from as it was and shares what was not touched', () => {
    const editor = DataTree.empty(schema).edit();
    for (const key of ['a', 'b', 'c']) editor.set(itemPath(key).child(size), 1n);
    const before = editor.finish();
    const other = before.edit();
    other.set(itemPath('b').child(size), 2n);
    const after = other.finish();
    assert.equal(before.get(itemPath('b').child(size)), 1n);
    assert.equal(after.get(itemPath('b').child(size)), 2n);
    assert.equal(after.get(itemPath('a')), before.get(itemPath('a')));
  });

  it('is the same tree after edits that change nothing', () => {
    const editor = DataTree.empty(schema).edit();
    editor.set(itemPath('a').child(size), 1n);
    editor.set(root.child(box).child(step, ['x']), 'x');
    const tree = editor.finish();
    const again = tree.edit();
    again.set(itemPath('a').child(size), 1n);
    again.set(root.child(box).child(step, ['x']), 'x');
    assert.equal(again.remove(itemPath('b')), false);
    assert.equal(again.finish(), tree);
  });

  it('does not let an editor that finished change the tree that it gave', () => {
    const editor = DataTree.empty(schema).edit();
    editor.set(itemPath('a').child(size), 1n);
    const tree = editor.finish();
    editor.set(itemPath('a').child(size), 2n);
    assert.equal(tree.get(itemPath('a').child(size)), 1n);
    assert.equal(editor.finish().get(itemPath('a').child(size)), 2n);
  });

  it('takes empty containers without presence away and keeps those with presence', () => {
    const editor = DataTree.empty(schema).edit();
    editor.set(root.child(flag), new Branch(flag));
    editor.set(itemPath('a').child(tag, ['t']), 't');
    assert.equal(editor.remove(itemPath('a')), true);
    const tree = editor.finish();
    assert.deepEqual(
      [...tree.root.present()].map(([child]) => child.name),
      ['flag'],
    );
  });

  it('keeps a container whose only content is a leaf-list under edit', () => {
    const editor = DataTree.empty(schema).edit();
    editor.set(itemPath('a'), new Branch(item));
    editor.set(root.child(box).child(step, ['x']), 'x');
    editor.remove(itemPath('a'));
    assert.deepEqual(editor.finish().branch(root.child(box))?.leafList(step), ['x']);
  });

  it('gives list entries the keys of their path', () => {
    const editor = DataTree.empty(schema).edit();
    editor.set(itemPath('a'), new Branch(item, ['z', 4n]));
    const entry = editor.finish().branch(itemPath('a'));
    assert.deepEqual(entry?.keys(), ['a']);
    assert.equal(entry?.leaf(size), 4n);
  });
});

describe('ListData', () => {
  it('keeps string keys in the order of code points, not of UTF-16 units', () => {
    const editor = DataTree.empty(schema).edit();
    for (const key of ['\u{1f600}', '\uff5e', 'b', 'ba', 'a', '']) editor.set(itemPath(key).child(size), 0n);
    assert.deepEqual(keysOf(editor.finish().get(items)).flat(), ['', 'a', 'b', 'ba', '\uff5e', '\u{1f600}']);
  });

  it('keeps decimal64 keys in the order of numbers', () => {
    const editor = DataTree.empty(schema).edit();
    for (const key of ['10.0', '-2.0', '9.5', '-10.5'])
      editor.set(root.child(box).child(scale, [key]), new Branch(scale));
    assert.deepEqual(keysOf(editor.finish().get(root.child(box).child(scale))).flat(), [
      '-10.5',
      '-2.0',
      '9.5',
      '10.0',
    ]);
  });

  it('begins in the middle', () => {
    const editor = DataTree.empty(schema).edit();
    for (const key of ['a', 'c', 'e']) editor.set(itemPath(key).child(size), 0n);
    const list = editor.finish().get(items);
    assert(list instanceof ListData);
    assert.deepEqual(
      [...list.from(['b'])].map((entry) => entry.keys()[0]),
      ['c', 'e'],
    );
    assert.equal(list.previous(['c'])?.keys()[0], 'a');
  });

  it('keeps the user order through any sequence of insertions, moves and deletions', () => {
    const key = fc.constantFrom(...'abcdefghij');
    const command = fc.record({
      key,
      anchor: key,
      where: fc.constantFrom('first', 'last', 'before', 'after', 'delete', 'keep'),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        let model: string[] = [];
        let tree = DataTree.empty(schema);
        for (const { key: moved, anchor, where } of commands) {
          const before = keysOf(tree.get(rules) ?? ListData.empty(rule)).flat();
          const editor = tree.edit();
          const done = applyCommand(editor, moved, anchor, where);
          const next = editor.finish();
          assert.deepEqual(keysOf(tree.get(rules) ?? ListData.empty(rule)).flat(), before);
          model = modelCommand(model, moved, anchor, where, done);
          assert.deepEqual(
            keysOf(next.get(rules) ?? ListData.empty(rule)).map(([head]) => head),
            model,
          );
          tree = next;
        }
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('takes many insertions at one place', () => {
    const editor = DataTree.empty(schema).edit();
    for (const key of ['a', 'z']) editor.put(rulePath(key), new Branch(rule));
    for (let index = 0; index < 5000; index++) {
      editor.put(rulePath(`m${index}`), new Branch(rule), { where: 'after', anchor: ['a', 1n] });
    }
    const expected = ['a', ...Array.from({ length: 5000 }, (_, index) => `m${4999 - index}`), 'z'];
    assert.deepEqual(
      keysOf(editor.finish().get(rules)).map(([head]) => head),
      expected,
    );
  });
});

function applyCommand(editor: ReturnType<DataTree['edit']>, key: string, anchor: string, where: string): boolean {
  if (where === 'delete') return editor.remove(rulePath(key));
  if (where === 'keep') return editor.put(rulePath(key), new Branch(rule));
  const placement = {
    where,
    ...(where === 'before' || where === 'after' ? { anchor: [anchor, 1n] } : {}),
  } as Placement;
  return editor.put(rulePath(key), new Branch(rule), placement);
}

function modelCommand(model: readonly string[], key: string, anchor: string, where: string, done: boolean): string[] {
  if (where === 'delete') return model.filter((other) => other !== key);
  if (where === 'keep') return model.includes(key) ? [...model] : [...model, key];
  const anchored = where === 'before' || where === 'after';
  assert.equal(done, !anchored || model.includes(anchor));
  if (!done || (anchored && anchor === key)) return [...model];
  const others = model.filter((other) => other !== key);
  const at = { first: 0, last: others.length, before: others.indexOf(anchor), after: others.indexOf(anchor) + 1 }[
    where
  ]!;
  return others.toSpliced(at, 0, key);
}

describe('leaf-lists', () => {
  it('are sets in order of value, or in the order of the user (RFC 7950 7.7)', () => {
    const editor = DataTree.empty(schema).edit();
    for (const value of ['c', 'a', 'c', 'b']) {
      editor.set(itemPath('i').child(tag, [value]), value);
      editor.set(root.child(box).child(step, [value]), value);
    }
    editor.put(root.child(box).child(step, ['b']), 'b', { where: 'before', anchor: ['a'] });
    const tree = editor.finish();
    assert.deepEqual(tree.branch(itemPath('i'))?.leafList(tag), ['a', 'b', 'c']);
    assert.deepEqual(tree.branch(root.child(box))?.leafList(step), ['c', 'b', 'a']);
  });

  it('take a hundred thousand values in one batch, and lose them again', { timeout: 10_000 }, () => {
    const editor = DataTree.empty(schema).edit();
    const path = root.child(box).child(step);
    for (let index = 0; index < 100_000; index++) editor.set(root.child(box).child(step, [`v${index}`]), `v${index}`);
    assert.equal((editor.get(path) as readonly Value[]).length, 100_000);
    for (let index = 0; index < 100_000; index++) editor.remove(root.child(box).child(step, [`v${index}`]));
    assert.equal(editor.get(path), undefined);
  });
});

describe('BranchBuilder', () => {
  it('builds what it is given, in key order', () => {
    const builder = new BranchBuilder(schema.root);
    const inner = builder.container(box);
    for (const key of ['b', 'a']) {
      const entry = inner.entry(item);
      entry.leaf(size, 3n);
      entry.leaf(name, key);
      entry.leafListItem(tag, 'y');
      entry.leafListItem(tag, 'x');
    }
    const tree = new DataTree(schema, builder.finish());
    assert.deepEqual(keysOf(tree.get(items)).flat(), ['a', 'b']);
    assert.deepEqual(tree.branch(itemPath('a'))?.leafList(tag), ['x', 'y']);
  });

  it('reports entries with the same key, missing keys and nodes that are given twice, all at once', () => {
    const builder = new BranchBuilder(schema.root);
    const inner = builder.container(box);
    for (const key of ['a', 'b', 'a']) inner.entry(item).leaf(name, key);
    inner.entry(item).leaf(size, 1n);
    const twice = inner.entry(item);
    twice.leaf(name, 'c');
    twice.leaf(size, 1n);
    twice.leaf(size, 2n);
    for (const value of ['x', 'y', 'x']) inner.leafListItem(step, value);
    for (const value of ['x', 'y', 'x']) inner.leafListItem(seen, value);
    const errors: ConfigError[] = [];
    const branch = builder.finish(errors);
    assert.deepEqual(errors.map(({ tag: errorTag, path }) => `${errorTag} ${path}`).sort(), [
      "bad-element /tiny:box/item[name='a']",
      "bad-element /tiny:box/item[name='c']/size",
      "bad-element /tiny:box/step[.='x']",
      'missing-element /tiny:box/item',
    ]);
    assert.deepEqual(branch.container(box)?.leafList(seen), ['x', 'y', 'x']);
    assert.throws(() => {
      const other = new BranchBuilder(item);
      other.leaf(name, 'a');
      other.leaf(name, 'b');
      other.finish();
    }, ConfigError);
  });
});
