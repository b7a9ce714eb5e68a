/** XPath 1.0: arbitrary expressions on arbitrary trees give what lxml (libxml2) makes of them on the same XML. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import {
  BranchBuilder,
  compileQuery,
  DataTree,
  encodeXml,
  InstanceIdentifier,
  type ListSchema,
  loadSchema,
  type Schema,
  type XPathQuery,
} from '../../src/yang/index.js';
import { repositoryRoot } from '../support/published-modules.js';
import { run } from '../support/run.js';

const module = `
module x {
  yang-version 1.1; namespace "urn:x"; prefix x;
  container top {
    presence "always";
    leaf a { type string; }
    leaf b { type int32; }
    list item {
      key name;
      leaf name { type string; }
      leaf b { type int32; }
      leaf-list tag { type string; ordered-by user; }
      container sub { presence "always"; leaf deep { type string; } leaf b { type int32; } }
      list inner { key "id a"; ordered-by user; leaf id { type uint8; } leaf a { type string; } leaf b { type int32; } }
    }
    leaf-list num { type uint8; }
    container sub { presence "always"; leaf deep { type string; } leaf a { type string; } }
  }
}`;

const { schema } = loadSchema({ files: [{ name: 'x.yang', text: module }] });
const names = ['top', 'a', 'b', 'item', 'name', 'tag', 'sub', 'deep', 'inner', 'id', 'num'];
/** No text and no number in the trees from which a lone `-` can be cut: libxml2 makes 0 of it, where section 4.4 wants NaN. */
const texts = ['', 'a', 'b', 'ab', '1', ' 2 ', '7', 'k1', 'k2'];
const numbers = ['0', '1', '2', '3', '-1', '.5', '2.5', '-1.5', '10'];

const word = fc.constantFrom(...texts);
const small = fc.integer({ min: 0, max: 5 });

interface Item {
  readonly name: string;
  readonly b: number | undefined;
  readonly tags: readonly string[];
  readonly sub: { readonly deep: string | undefined; readonly b: number | undefined } | undefined;
  readonly inner: readonly { readonly id: number; readonly a: string; readonly b: number | undefined }[];
}

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const item: fc.Arbitrary<Item> = fc.record({
  name: fc.constantFrom('k1', 'k2', 'k3', 'k4'),
  b: optional(small),
  tags: fc.uniqueArray(word, { maxLength: 3 }),
  sub: optional(fc.record({ deep: optional(word), b: optional(small) })),
  inner: fc.uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 2 }), a: word, b: optional(small) }), {
    maxLength: 3,
    selector: ({ id, a }) => `${String(id)} ${a}`,
  }),
});
const content = fc.record({
  a: optional(word),
  b: optional(small),
  items: fc.uniqueArray(item, { maxLength: 4, selector: ({ name }) => name }),
  num: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }),
  sub: optional(fc.record({ deep: optional(word), a: optional(word) })),
});

/** Expressions by the kind of what they give; node-sets of elements only, since those can be told apart by lxml. */
const grammar = fc.letrec<Record<'nodes' | 'step' | 'path' | 'predicate' | 'number' | 'text' | 'truth', string>>(
  (tie) => ({
    step: fc
      .tuple(
        fc.oneof(
          { weight: 6, arbitrary: fc.constantFrom('', '', '', 'descendant::', 'self::', 'descendant-or-self::') },
          { weight: 2, arbitrary: fc.constantFrom('parent::', 'ancestor::', 'ancestor-or-self::') },
          { weight: 2, arbitrary: fc.constantFrom('following-sibling::', 'preceding-sibling::') },
          { weight: 1, arbitrary: fc.constantFrom('following::', 'preceding::', 'attribute::') },
        ),
        fc.oneof(
          { weight: 6, arbitrary: fc.constantFrom(...names).map((name) => `x:${name}`) },
          { weight: 3, arbitrary: fc.constantFrom('*', 'node()', 'x:*') },
          { weight: 1, arbitrary: fc.constantFrom('text()', 'comment()', 'processing-instruction()') },
        ),
        fc.array(tie('predicate'), { maxLength: 2 }),
      )
      .map(([axis, nodeTest, predicates]) => axis + nodeTest + predicates.map((each) => `[${each}]`).join('')),
    path: fc
      .tuple(
        fc.constantFrom('/', '//', '/x:top/', '/x:top/x:item/', '//x:item/', '//x:inner/', '', '../', './/', '../../'),
        fc.array(fc.oneof({ weight: 5, arbitrary: tie('step') }, fc.constantFrom('.', '..')), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.array(fc.constantFrom('/', '/', '//'), { minLength: 3, maxLength: 3 }),
      )
      .map(([start, steps, separators]) =>
        steps.reduce((path, each, index) => path + (index === 0 ? '' : separators[index - 1]!) + each, start),
      ),
    nodes: fc.oneof(
      { depthSize: 'small' },
      { weight: 8, arbitrary: tie('path') },
      { weight: 1, arbitrary: fc.tuple(tie('path'), tie('path')).map(([a, b]) => `(${a} | ${b})`) },
      { weight: 1, arbitrary: fc.tuple(tie('path'), tie('predicate')).map(([path, each]) => `(${path})[${each}]`) },
    ),
    predicate: fc.oneof(
      { depthSize: 'small' },
      {
        weight: 3,
        arbitrary: fc.constantFrom('1', '2', 'last()', 'position() > 1', 'position() mod 2 = 1', 'last() - 1'),
      },
      { weight: 3, arbitrary: fc.constantFrom(...names).map((name) => `x:${name}`) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom('.', 'x:name', 'x:id', 'x:b', 'x:a', '../x:b', '*', 'x:tag'), word)
          .map(([path, value]) => `${path} = '${value}'`),
      },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constantFrom('x:name', 'x:a'), word).map(([a, b]) => `${a} = '${b}' and x:b`),
      },
      { weight: 2, arbitrary: tie('truth') },
      { weight: 1, arbitrary: tie('number') },
    ),
    number: fc.oneof(
      { depthSize: 'small' },
      { weight: 4, arbitrary: fc.constantFrom(...numbers) },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constantFrom('count', 'sum', 'number'), tie('nodes')).map(([f, a]) => `${f}(${a})`),
      },
      {
        weight: 2,
        arbitrary: fc.tuple(fc.constantFrom('floor', 'ceiling', 'round'), tie('number')).map(([f, a]) => `${f}(${a})`),
      },
      { weight: 1, arbitrary: tie('text').map((each) => `string-length(${each})`) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(
            tie('number'),
            fc.constantFrom('+', '-', '*', 'div', 'mod'),
            fc.constantFrom('2', '4', '-1', '0', '.5'),
          )
          .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      },
      { weight: 1, arbitrary: tie('number').map((each) => `- ${each}`) },
    ),
    text: fc.oneof(
      { depthSize: 'small' },
      { weight: 4, arbitrary: word.map((each) => `'${each}'`) },
      { weight: 3, arbitrary: tie('nodes').map((each) => `string(${each})`) },
      { weight: 1, arbitrary: tie('nodes').map((each) => `local-name(${each})`) },
      { weight: 1, arbitrary: tie('nodes').map((each) => `namespace-uri(${each})`) },
      { weight: 1, arbitrary: tie('text').map((each) => `normalize-space(${each})`) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('concat', 'substring-before', 'substring-after'), tie('text'), tie('text'))
          .map(([name, a, b]) => `${name}(${a}, ${b})`),
      },
      { weight: 1, arbitrary: fc.tuple(tie('text'), word, word).map(([a, b, c]) => `translate(${a}, '${b}', '${c}')`) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(
            tie('text'),
            fc.constantFrom(...numbers, '0 div 0', '1 div 0'),
            fc.constantFrom(...numbers, '-1 div 0'),
          )
          .map(([a, b, c]) => `substring(${a}, ${b}, ${c})`),
      },
      { weight: 1, arbitrary: tie('truth').map((each) => `string(${each})`) },
    ),
    truth: fc.oneof(
      { depthSize: 'small' },
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            fc.oneof(tie('nodes'), tie('number'), tie('text'), fc.constantFrom('true()', 'false()')),
            fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
            fc.oneof(tie('nodes'), tie('number'), tie('text'), fc.constantFrom('true()', 'false()')),
          )
          .map(([a, operator, b]) => `${a} ${operator} ${b}`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tie('truth'), fc.constantFrom('and', 'or'), tie('truth'))
          .map((parts) => `(${parts.join(' ')})`),
      },
      { weight: 1, arbitrary: tie('truth').map((each) => `not(${each})`) },
      { weight: 1, arbitrary: fc.oneof(tie('nodes'), tie('number'), tie('text')).map((each) => `boolean(${each})`) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom('contains', 'starts-with'), tie('text'), tie('text'))
          .map(([name, a, b]) => `${name}(${a}, ${b})`),
      },
    ),
  }),
);

const expression = fc.oneof(
  { weight: 3, arbitrary: grammar.nodes.map((each) => `${each}/self::*`) },
  grammar.number,
  grammar.text,
  grammar.truth,
);

type Verdict = Readonly<Record<string, unknown>>;

const python = ['python3', '/usr/bin/python3'].find((each) => spawnSync(each, ['-c', 'import lxml']).status === 0);
if (python === undefined) {
  if (process.env.CI === 'true') throw new Error('no Python with lxml is installed, and CI=true forbids skipping');
  console.log('skipped: no Python with lxml is installed');
}

test('XPath 1.0: expressions give what lxml makes of them', {
  skip: python === undefined && 'no Python with lxml is installed',
}, async () => {
  const runs = process.env.SIGNET_LONG === '1' ? 400 : 25;
  const seed = Number(
    process.env.SIGNET_SEED ?? (process.env.SIGNET_LONG === '1' ? Date.now() % 1_000_000 : 20_261_126),
  );
  const cases = fc.sample(
    fc.tuple(content, fc.array(fc.tuple(fc.nat(60), expression), { minLength: 80, maxLength: 80 })),
    { numRuns: runs, seed },
  );
  const trees = cases.map(([each]) => build(each));
  const input = cases.map(([, expressions], index) => ({
    document: encodeXml(schema, schema.root, trees[index]!.root),
    expressions,
  }));
  const script = join(repositoryRoot(), 'test', 'conformance', 'xpath.py');
  const judged = await run(python!, [script], {
    input: JSON.stringify(input),
    maxOutput: 100_000_000,
    timeoutMs: 120_000,
  });
  assert.equal(judged.status, 0, judged.stderr);
  const verdicts = JSON.parse(judged.stdout) as readonly (readonly Verdict[])[];
  const kinds = new Map<string, number>();
  let found = 0;
  for (const [index, [, expressions]] of cases.entries()) {
    const nodes = query('//*').nodes(trees[index]!);
    const order = new Map(nodes.map((path, each) => [path.toString(), each]));
    for (const [place, [context, each]] of expressions.entries()) {
      const theirs = verdicts[index]![place]!;
      const from = nodes[context % nodes.length]!;
      const ours = evaluate(each, from, trees[index]!, order);
      const message = `seed ${String(seed)}, from ${from.toString()}: ${each}\n${input[index]!.document}`;
      assert.deepEqual(ours, theirs, message);
      const [[kind, value] = []] = Object.entries(theirs);
      if (Array.isArray(value) && value.length > 0) found++;
      kinds.set(kind!, (kinds.get(kind!) ?? 0) + 1);
    }
  }
  assert.deepEqual([...kinds.keys()].sort(), ['boolean', 'nodes', 'number', 'string']);
  assert.ok(
    found > kinds.get('nodes')! / 8,
    `only ${String(found)} of ${String(kinds.get('nodes'))} node-sets hold anything`,
  );
});

function query(text: string, from = InstanceIdentifier.root): XPathQuery {
  const names = { prefix: (prefix: string) => schema.modules.get(prefix), unprefixed: 'none' as const };
  return compileQuery(schema, text, { names, from, steps: 100_000_000 });
}

function evaluate(text: string, from: InstanceIdentifier, tree: DataTree, order: ReadonlyMap<string, number>): Verdict {
  try {
    const compiled = query(text, from);
    switch (compiled.kind) {
      case 'nodes':
        return { nodes: compiled.nodes(tree).map((path) => order.get(path.toString())) };
      case 'number': {
        const value = compiled.number(tree);
        return { number: Number.isFinite(value) ? value : String(value) };
      }
      case 'string':
        return { string: compiled.string(tree) };
      case 'boolean':
        return { boolean: compiled.boolean(tree) };
    }
  } catch (thrown) {
    if (thrown instanceof ConfigError) return { error: thrown.message };
    throw thrown;
  }
}

function build(each: typeof content extends fc.Arbitrary<infer T> ? T : never): DataTree {
  const root = new BranchBuilder(schema.root);
  const top = root.container(child(schema.root, 'top') as never);
  set(top, 'a', each.a);
  set(top, 'b', each.b);
  for (const one of each.items) {
    const entry = top.entry(child(top.schema, 'item') as ListSchema);
    set(entry, 'name', one.name);
    set(entry, 'b', one.b);
    for (const tag of one.tags) entry.leafListItem(child(entry.schema, 'tag') as never, tag);
    if (one.sub !== undefined) {
      const sub = entry.container(child(entry.schema, 'sub') as never);
      set(sub, 'deep', one.sub.deep);
      set(sub, 'b', one.sub.b);
    }
    for (const { id, a, b } of one.inner) {
      const inner = entry.entry(child(entry.schema, 'inner') as ListSchema);
      set(inner, 'id', id);
      set(inner, 'a', a);
      set(inner, 'b', b);
    }
  }
  for (const value of each.num) top.leafListItem(child(top.schema, 'num') as never, value);
  if (each.sub !== undefined) {
    const sub = top.container(child(top.schema, 'sub') as never);
    set(sub, 'deep', each.sub.deep);
    set(sub, 'a', each.sub.a);
  }
  return new DataTree(schema, root.finish());
}

function child(parent: Schema['root'] | BranchBuilder['schema'], name: string): unknown {
  return parent.byName.get(name)![0];
}

function set(builder: BranchBuilder, name: string, value: string | number | undefined): void {
  if (value !== undefined) builder.leaf(child(builder.schema, name) as never, value);
}
