/**
 * The YANG engine: modules compiled cold, one-leaf edits validated at three sizes of a list whose entries carry a must, a unique
 * and a leafref each, many leafrefs at once, memory, and what one condition costs.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AccessibleTree } from '../src/yang/accessible.js';
import {
  type Branch,
  type BranchBuilder,
  DataTree,
  decodeJsonText,
  InstanceIdentifier,
  type LeafSchema,
  type ListSchema,
  loadSchema,
  parsePath,
  type Schema,
  BranchBuilder as TreeBuilder,
  Validator,
} from '../src/yang/index.js';
import { Instance } from '../src/yang/instance.js';
import { bindCondition } from '../src/yang/xpath/binder.js';
import { Run } from '../src/yang/xpath/bound.js';
import { Guards } from '../src/yang/xpath/guards.js';
import { publishedModules } from '../test/support/published-modules.js';
import { line, quantile, short } from './machine.js';

export async function run(): Promise<void> {
  memory();
  compileCold();
  oneCondition();
  edits();
  removedTarget();
  await manyLeafrefs();
  await slices();
}

const modules = `module bench {
  yang-version 1.1; namespace "urn:bench"; prefix b;
  container top {
    list target { key name; leaf name { type string; } }
    list entry {
      key name;
      unique address;
      must "mtu >= 68 or not(enabled = 'true')";
      leaf name { type string; }
      leaf enabled { type boolean; default true; }
      leaf mtu { type uint16; default 1500; }
      leaf address { type string; }
      leaf to { type leafref { path "/top/target/name"; } }
    }
    list plain { key name; leaf name { type string; } leaf a { type uint32; } leaf b { type string; } }
  }
}`;

function compileCold(): void {
  const { directory, skip } = publishedModules();
  if (skip !== false) {
    print(`modules compiled cold: ${skip}`);
    return;
  }
  const times: number[] = [];
  let count = 0;
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    count = loadSchema({ directories: [directory] }).schema.modules.size;
    times.push(performance.now() - begun);
  }
  print(line(`${String(count)} published modules compiled, the first cold`, times, 'ms', '<= 1000'));
  const { schema } = loadSchema({ directories: [directory] });
  const begun = performance.now();
  const validator = new Validator(schema);
  print(`  their conditions bound to the schema: ${short(performance.now() - begun)} ms`);
  validator.validate(DataTree.empty(schema));
}

/** At a thousand instances in turn, so that nothing can be kept from one evaluation to the next. */
function oneCondition(): void {
  const { schema } = load(`module one { yang-version 1.1; namespace "urn:one"; prefix o;
    list e { key name; leaf name { type string; } leaf mtu { type uint16; } leaf speed { type uint16; must "../mtu >= 1500"; } } }`);
  const [list] = schema.root.dataChildren;
  if (list?.kind !== 'list') throw new Error('no list');
  const [name, mtu, speed] = ['name', 'mtu', 'speed'].map((each) => list.byName.get(each)?.[0] as LeafSchema);
  const builder = new TreeBuilder(schema.root, InstanceIdentifier.root);
  for (let index = 0; index < 1_000; index++) {
    const entry = builder.entry(list);
    entry.leaf(name!, `e${String(index)}`);
    entry.leaf(mtu!, 1000 + index);
    entry.leaf(speed!, index);
  }
  const root = Instance.root(builder.finish());
  const guards = new Guards(schema, new AccessibleTree(schema.root, 'config'));
  const { evaluate } = bindCondition(speed!.must[0]!.expression, speed!, guards);
  const nodes = Array.from(root.branch!.list(list)!, (entry) => {
    const above = new Instance(root, list, entry, undefined, -1);
    return new Instance(above, speed!, undefined, entry.leaf(speed!), -1);
  });
  const pass = new Run(root, 1e12);
  const times: number[] = [];
  for (let round = 0; round < 9; round++) {
    const begun = performance.now();
    let met = 0;
    for (let count = 0; count < 1_000_000; count++) if (evaluate(nodes[count % 1_000]!, pass)) met++;
    times.push((performance.now() - begun) / 1000);
    if (met !== 500_000) throw new Error('the condition does not hold where it should');
  }
  print(line('../mtu >= 1500, one evaluation', times, 'us', '<= 0.2'));
}

function memory(): void {
  const { schema } = load(modules);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage.rss();
  const heap = process.memoryUsage().heapUsed;
  const tree = build(schema, (top) => {
    const plain = list(schema, 'plain');
    for (let index = 0; index < 100_000; index++) {
      const entry = top.entry(plain);
      fill(entry, plain, { name: `entry-${String(index)}`, a: index, b: `value ${String(index)}` });
    }
  });
  collect();
  const resident = (process.memoryUsage.rss() - before) / 2 ** 20;
  const used = (process.memoryUsage().heapUsed - heap) / 2 ** 20;
  print(`100 000 entries of three leaves: ${short(resident)} MB resident, ${short(used)} MB of heap (target <= 120)`);
  if (tree.root.isEmpty()) throw new Error('nothing was built');
}

function edits(): void {
  const medians: number[] = [];
  for (const size of [10, 1_000, 100_000]) {
    const { schema } = load(modules);
    const validator = new Validator(schema);
    let base = entries(schema, size);
    const begun = performance.now();
    expectValid(validator, base);
    const whole = performance.now() - begun;
    const times: number[] = [];
    for (let round = 0; round < 2_000; round++) {
      const path = parsePath(schema, `top.entry[entry-${String((round * 7919) % size)}]`);
      const leafs = { mtu: 1000 + round, address: `new-${String(round)}`, to: `target-${String(round % 10)}` } as const;
      const name = (['mtu', 'address', 'to'] as const)[round % 3]!;
      const leaf = list(schema, 'entry').byQualifiedName.get(`bench:${name}`)!;
      const start = performance.now();
      const editor = base.edit();
      editor.set(path.child(leaf), leafs[name]);
      const tree = editor.finish();
      expectValid(validator, tree, base);
      times.push(performance.now() - start);
      base = tree;
    }
    const warm = times.slice(200);
    medians.push(quantile(warm, 0.5));
    print(
      line(
        `one-leaf edit + validation at ${String(size)} entries`,
        warm.map((time) => time * 1000),
        'us',
        '<= 200',
      ),
    );
    print(
      `  whole validation of ${String(size)} entries ${short(whole)} ms, 99th percentile of an edit ${short(quantile(warm, 0.99) * 1000)} us`,
    );
  }
  print(`median at 100 000 over median at 10: ${short(medians[2]! / medians[0]!)}`);
}

/** A target that is not referred to goes: the first time the referrers are indexed. */
function removedTarget(): void {
  const { schema } = load(modules);
  const validator = new Validator(schema);
  let base = entries(schema, 100_000);
  expectValid(validator, base);
  const times: number[] = [];
  for (let round = 0; round < 200; round++) {
    const path = parsePath(schema, `top.target[spare-${String(round)}]`);
    const start = performance.now();
    const editor = base.edit();
    editor.remove(path);
    const tree = editor.finish();
    expectValid(validator, tree, base);
    times.push(performance.now() - start);
    base = tree;
  }
  const [first, ...rest] = times;
  print(
    line(
      'a leafref target removed, 100 000 referrers',
      rest.map((time) => time * 1000),
      'us',
      '<= 200',
    ),
  );
  print(`  the first time, with the index made: ${short(first!)} ms`);
}

async function manyLeafrefs(): Promise<void> {
  const { schema } = load(modules);
  const count = 40_000;
  const text = JSON.stringify({
    'bench:top': {
      target: Array.from({ length: count }, (_, index) => ({ name: `target-${String(index)}` })),
      entry: Array.from({ length: count }, (_, index) => ({
        name: `entry-${String(index)}`,
        to: `target-${String((index * 7919) % count)}`,
      })),
    },
  });
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const validator = new Validator(schema);
    const begun = performance.now();
    const root = (await decodeJsonText(schema, InstanceIdentifier.root, text)) as Branch;
    expectValid(validator, new DataTree(schema, root), DataTree.empty(schema));
    times.push(performance.now() - begun);
  }
  print(line('40 000 leafrefs read from JSON and validated', times, 'ms', '<= 2000'));
}

async function slices(): Promise<void> {
  const { schema } = load(modules);
  const tree = entries(schema, 100_000);
  const times: number[] = [];
  const waits: number[] = [];
  for (let round = 0; round < 3; round++) {
    const validator = new Validator(schema);
    const end = watchLoop();
    const begun = performance.now();
    await validator.validateInSlices(tree, DataTree.empty(schema));
    times.push(performance.now() - begun);
    waits.push(end());
  }
  print(line('100 000 new entries validated in slices', times, 'ms', '-'));
  print(line('  the longest that others waited', waits, 'ms', '<= 20'));
}

/** Looks at every turn of the event loop; the function that ends it gives the longest, in milliseconds. */
function watchLoop(): () => number {
  let longest = 0;
  let last = performance.now();
  let handle = setImmediate(function turn() {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    handle = setImmediate(turn);
  });
  return () => {
    clearImmediate(handle);
    return longest;
  };
}

function entries(schema: Schema, size: number): DataTree {
  return build(schema, (top) => {
    const [target, entry] = [list(schema, 'target'), list(schema, 'entry')];
    for (let index = 0; index < 10; index++) fill(top.entry(target), target, { name: `target-${String(index)}` });
    for (let index = 0; index < 200; index++) fill(top.entry(target), target, { name: `spare-${String(index)}` });
    for (let index = 0; index < size; index++) {
      fill(top.entry(entry), entry, {
        name: `entry-${String(index)}`,
        mtu: 1400,
        address: `address-${String(index)}`,
        to: `target-${String(index % 10)}`,
      });
    }
  });
}

function build(schema: Schema, fillTop: (top: BranchBuilder) => void): DataTree {
  const root = new TreeBuilder(schema.root, InstanceIdentifier.root);
  const top = schema.root.dataChildren[0]!;
  if (top.kind !== 'container') throw new Error('no container');
  fillTop(root.container(top));
  return new DataTree(schema, root.finish());
}

function fill(builder: BranchBuilder, schema: ListSchema, values: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(values)) {
    const leaf = schema.byName.get(name)?.[0];
    if (leaf?.kind === 'leaf') builder.leaf(leaf, value);
  }
}

function list(schema: Schema, name: string): ListSchema {
  const top = schema.root.dataChildren[0];
  const found = top?.kind === 'container' ? top.byName.get(name)?.[0] : undefined;
  if (found?.kind !== 'list') throw new Error(`no list ${name}`);
  return found;
}

function load(text: string): { schema: Schema } {
  const { schema, errors } = loadSchema({ files: [{ name: 'bench.yang', text }] });
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return { schema };
}

function expectValid(validator: Validator, tree: DataTree, base?: DataTree): void {
  const [error] = validator.validate(tree, base);
  if (error !== undefined) throw error;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
