/** What an edit costs: the conditions that are evaluated are counted, at two sizes of the tree. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DataTree } from '../../src/yang/index.js';
import type { Instance } from '../../src/yang/instance.js';
import { neverDue } from '../../src/yang/slices.js';
import { Pass } from '../../src/yang/validation/pass.js';
import { type Check, Plan } from '../../src/yang/validation/plan.js';
import { UniqueIndexes } from '../../src/yang/validation/unique.js';
import { Indexes } from '../../src/yang/validation/value-index.js';
import { Model } from './validation-support.js';

const body = `
  container top {
    leaf limit { type uint32; default 100000; }
    leaf most { type uint32; default 100000; }
    list target { key name; leaf name { type string; } leaf size { type uint32; } leaf zone { type string; } }
    list entry {
      key name; unique address;
      must "mtu >= 68";
      must "count(../entry) <= ../most";
      leaf name { type string; }
      leaf mtu { type uint16; default 1500; must ". <= ../../limit"; }
      leaf address { type string; }
      leaf to { type leafref { path "/top/target/name"; } }
      leaf zone { type leafref { path "/top/target/zone"; } }
      leaf fit { type uint32; must "../../target[name = current()/../to]/size >= ."; }
      leaf extra { when "../mtu > 9000"; type string; }
    }
  }`;

class CountingPass extends Pass {
  checked = 0;

  override check(check: Exclude<Check, { kind: 'guard' }>, node: Instance): void {
    this.checked++;
    super.check(check, node);
  }
}

const model = new Model(body);
const plan = new Plan(model.schema, 'config');

/** A list of entries that refer to ten targets, each to one, and its validation. */
function sized(size: number): {
  readonly base: DataTree;
  readonly cost: (edit: Parameters<Model['edit']>[1]) => number;
} {
  const indexes = new Indexes();
  const uniques = new UniqueIndexes();
  const base = model.tree({
    'm:top': {
      target: Array.from({ length: 10 }, (_, index) => ({
        name: `t${String(index)}`,
        size: 10,
        zone: `z${String(index)}`,
      })),
      entry: Array.from({ length: size }, (_, index) => ({
        name: `e${String(index)}`,
        address: `a${String(index)}`,
        ...(index < 5 ? { to: 't1', zone: 'z1', fit: 5 } : {}),
      })),
    },
  });
  const pass = (tree: DataTree, from?: DataTree): CountingPass => {
    const counting = new CountingPass({ plan, tree: tree.root, base: from?.root, indexes, uniques });
    counting.advance(neverDue);
    return counting;
  };
  assert.ok(pass(base).errors.isEmpty);
  return {
    base,
    cost(edits) {
      const { checked, errors } = pass(model.edit(base, edits), base);
      assert.deepEqual(errors.all(), []);
      return checked;
    },
  };
}

const small = sized(10);
const large = sized(2_000);

describe('the conditions that an edit evaluates', () => {
  const edits: readonly (readonly [string, Parameters<Model['edit']>[1], number])[] = [
    ['a leaf that a must reads', { 'top.entry[e7].mtu': 1400 }, 2],
    ['a leaf of a unique statement', { 'top.entry[e7].address': 'other' }, 0],
    ['a leafref', { 'top.entry[e7].to': 't2' }, 1],
    ['a target that five entries refer to', { 'top.target[t1].size': 20 }, 5],
    ['a target that nobody refers to', { 'top.target[t2].size': 20 }, 0],
    ['a target that is gone, to which nobody refers', { 'top.target[t3]': undefined }, 0],
    ['a zone that nobody refers to', { 'top.target[t4].zone': 'other' }, 0],
    ['an anchor of all entries that none reads', { 'top.target[t9].name': 't9' }, 0],
  ];
  for (const [what, edit, count] of edits) {
    it(`${what}: ${String(count)}, whatever the size of the list`, () => {
      assert.deepEqual([small.cost(edit), large.cost(edit)], [count, count]);
    });
  }

  it('are all of those that read what all of them read', () => {
    assert.deepEqual([small.cost({ 'top.limit': 5_000 }), large.cost({ 'top.limit': 5_000 })], [10, 2_000]);
  });
});

describe('count() of a whole list, from each of its entries', () => {
  const steps = (entry: string, size: number): number => {
    const counted = new Model(`list e { key k; leaf k { type uint32; } ${entry} }`);
    const options = { plan: new Plan(counted.schema, 'config'), indexes: new Indexes(), uniques: new UniqueIndexes() };
    const base = counted.tree({ 'm:e': Array.from({ length: size }, (_, k) => ({ k })) });
    const tree = counted.edit(base, { [`e[${String(size)}].k`]: size });
    const pass = new CountingPass({ ...options, tree: tree.root, base: base.root });
    const before = pass.stepsLeft;
    pass.advance(neverDue);
    assert.ok(pass.errors.isEmpty);
    return before - pass.stepsLeft;
  };
  for (const entry of [
    'must "count(/e) <= 5000";',
    'must "/e/k = 1 and not(/e/k > 5000)";',
    'must "count(/e | ../e[k > 5]) > 0";',
    'leaf v { when "count(../../e) <= 5000"; type uint8; default 1; must ". = 1"; }',
  ]) {
    it(`${entry} costs once the list for a commit, not once for each entry`, () => {
      const [few, many] = [steps(entry, 100), steps(entry, 1_000)];
      assert.ok(many < few * 15, `${String(few)} steps for 100 entries, ${String(many)} for 1 000`);
    });
  }
});
