/** What the journal's lines hold is what was meant, whatever the shape of the tree, and no line grows with a list. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Root } from '../../src/datastore/contract.js';
import { encodeRecord } from '../../src/datastore/frame.js';
import { openDatastore } from '../../src/datastore/index.js';
import { placedPatchOf } from '../../src/datastore/patch.js';
import { applyLines } from '../../src/datastore/record.js';
import { patchLines, treeLines } from '../../src/datastore/record-lines.js';
import {
  Branch,
  type ContainerSchema,
  DataTree,
  decodeJson,
  diffTrees,
  encodeJson,
  InstanceIdentifier,
  type JsonValue,
  type ListData,
  type ListSchema,
  loadSchema,
} from '../../src/yang/index.js';
import { temporaryDirectory } from '../support/places.js';

const { schema } = loadSchema({
  files: [
    {
      name: 'lines.yang',
      text: `module lines { yang-version 1.1; namespace "urn:lines"; prefix l;
        container top {
          leaf title { type string; }
          leaf-list word { type string; ordered-by user; }
          container there { presence "counts"; leaf on { type boolean; } }
          container plain { list in { key n; leaf n { type uint32; } } }
          list outer { key k;
            leaf k { type uint32; }
            leaf text { type string; }
            container within { list inner { key "a b"; leaf a { type uint32; } leaf b { type string; } leaf c { type uint64; } } }
          }
          list turn { key n; ordered-by user; leaf n { type uint32; } leaf text { type string; } }
          list pair { key "n m"; ordered-by user; leaf n { type uint32; } leaf m { type uint64; } leaf t { type string; } }
          list loose { config false; leaf x { type uint32; } }
        } }`,
    },
  ],
});
const top = InstanceIdentifier.root.child(schema.root.dataChildren[0]!);
const empty: Root = { config: DataTree.empty(schema), system: DataTree.empty(schema) };

describe('the lines of a record', () => {
  it('lead from any tree to any other', () => {
    fc.assert(
      fc.property(trees(), trees(), (one, other) => {
        const [before, after] = [tree(one), tree(other)];
        const lines = ['head', ...patchLines('c', patchBetween(before, after))];
        const { config } = applyLines({ ...empty, config: before }, lines);
        assert.deepEqual(json(config), json(after));
      }),
      { seed: 41, numRuns: process.env['SIGNET_LONG'] === '1' ? 2000 : 30 },
    );
  });

  it('make a whole tree out of nothing, keyless lists of state among it', () => {
    fc.assert(
      fc.property(trees(), fc.nat(450), (one, loose) => {
        const whole = tree({ ...one, loose: Array.from({ length: loose }, (_, x) => ({ x: x % 7 })) });
        const { system } = applyLines(empty, ['head', ...treeLines('s', whole)]);
        assert.deepEqual(json(system), json(whole));
      }),
      { seed: 42, numRuns: process.env['SIGNET_LONG'] === '1' ? 1000 : 80 },
    );
  });

  it('stay short however many entries a list has, at the top or inside another', () => {
    const inner = Array.from({ length: 5000 }, (_, a) => ({ a, b: 'x'.repeat(20), c: String(a) }));
    const outer = [
      { k: 1, text: 'one', within: { inner } },
      ...Array.from({ length: 5000 }, (_, k) => ({ k: k + 2, text: 'y' })),
    ];
    const after = tree({ outer });
    for (const before of [empty.config, tree({ title: 'x' }), tree({ outer: [{ k: 0 }] })]) {
      const lines = [...patchLines('c', patchBetween(before, after))];
      assert.ok(Math.max(...lines.map((line) => line.length)) < 70_000);
      assert.ok(lines.length < 120, `${lines.length} lines`);
    }
  });

  it('put entries of a user-ordered list in their places, whatever came, went and moved (RFC 7950 7.7.7)', () => {
    const entry = fc.record({ n: fc.nat(30), m: fc.constantFrom('1', '18446744073709551615') });
    const order = fc.uniqueArray(entry, { maxLength: 25, selector: ({ n, m }) => `${n} ${m}` });
    fc.assert(
      fc.property(order, order, fc.boolean(), (one, other, isEdited) => {
        const before = tree({ title: 't', pair: one });
        const after = isEdited ? edited(before, other) : tree({ title: 't', pair: other });
        const lines = ['head', ...patchLines('c', patchBetween(before, after))];
        assert.deepEqual(json(applyLines({ ...empty, config: before }, lines).config), json(after), lines.join('\n'));
      }),
      { seed: 43, numRuns: process.env['SIGNET_LONG'] === '1' ? 50_000 : 500 },
    );
  });

  it('are one for one entry of a long user-ordered list, new or moved', () => {
    const pair = Array.from({ length: 3000 }, (_, n) => ({ n, m: '1' }));
    const before = tree({ pair });
    for (const [at, place] of [
      [9999, { where: 'after', anchor: [17, 1n] }],
      [2000, { where: 'first' }],
    ] as const) {
      const editor = before.edit();
      const entries = decodeJson(schema, top, { pair: [{ n: at, m: '1' }] }) as Branch;
      const [list] = [...entries.present()].map(([, content]) => content as ListData);
      editor.put(top.child(list!.schema, [at, 1n]), [...list!][0]!, place);
      const after = editor.finish();
      const lines = [...patchLines('c', patchBetween(before, after))];
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.deepEqual(json(applyLines({ ...empty, config: before }, ['head', ...lines]).config), json(after));
    }
  });

  it('are one for each of 2000 entries put at one place: positions that are spread anew are no moves', () => {
    let at = tree({ pair: Array.from({ length: 100 }, (_, n) => ({ n, m: '1' })) });
    const list = (top.last!.schema as ContainerSchema).byName.get('pair')![0] as ListSchema;
    for (let n = 100; n < 2100; n++) {
      const editor = at.edit();
      const path = top.child(list, [n, 1n]);
      const place =
        n % 2 === 0
          ? ({ where: 'after', anchor: [50, 1n] } as const)
          : ({ where: 'before', anchor: [51, 1n] } as const);
      editor.put(path, decodeJson(schema, path, { n, m: '1' }) as Branch, place);
      const next = editor.finish();
      assert.deepEqual(
        diffTrees(at, next).map(({ kind, path: where }) => `${kind} ${where.toString()}`),
        [`created ${path.toString()}`],
      );
      at = next;
    }
  });

  it('tell of a leaf-list what came, went and moved (RFC 7950 7.7)', () => {
    const words = fc.uniqueArray(fc.nat(60).map(String), { maxLength: 40 });
    fc.assert(
      fc.property(words, words, (one, other) => {
        const [before, after] = [tree({ title: 't', word: one }), tree({ title: 't', word: other })];
        const lines = ['head', ...patchLines('c', patchBetween(before, after))];
        assert.deepEqual(json(applyLines({ ...empty, config: before }, lines).config), json(after), lines.join('\n'));
      }),
      { seed: 45, numRuns: process.env['SIGNET_LONG'] === '1' ? 50_000 : 1000 },
    );
  });

  it('are one of a few octets for a value of a leaf-list of 10 000 that came, went or moved', () => {
    const word = Array.from({ length: 10_000 }, (_, n) => `w${n}`);
    const others: Readonly<Record<string, readonly string[]>> = {
      first: ['new', ...word],
      inside: word.toSpliced(5000, 0, 'new'),
      last: [...word, 'new'],
      gone: word.toSpliced(7000, 1),
      forward: ['w9000', ...word.toSpliced(9000, 1)],
      back: [...word.toSpliced(3, 1), 'w3'],
      both: ['new', ...word, 'w'],
    };
    const before = tree({ word });
    for (const [name, wanted] of Object.entries(others)) {
      const after = tree({ word: wanted });
      const lines = [...patchLines('c', patchBetween(before, after))];
      assert.equal(lines.length, 1, name);
      assert.ok(lines[0]!.length < 100, `${name}: ${lines[0]!}`);
      assert.deepEqual(json(applyLines({ ...empty, config: before }, ['head', ...lines]).config), json(after), name);
    }
  });

  it('are as many as the change needs, not the tree', () => {
    const outer = Array.from({ length: 5000 }, (_, k) => ({ k, text: 'y' }));
    const before = tree({ outer });
    const editor = before.edit();
    const entry = before.root.schema.dataChildren[0]!;
    const list = entry.kind === 'container' ? entry.byName.get('outer')![0]! : undefined;
    editor.remove(InstanceIdentifier.root.child(entry).child(list as never, [17]));
    const lines = [...patchLines('c', patchBetween(before, editor.finish()))];
    assert.deepEqual(lines, [`["c","/lines:top/outer[k='17']"]`]);
  });
});

describe('a journal of format 1', () => {
  const origin = { user: 'admin', protocol: 'xmlrpc', address: '' };
  const head = (transaction: string) =>
    JSON.stringify({ record: 'commit', entry: { transaction, time: 5, origin, comment: '', kind: 'commit' } });
  const records = [
    [JSON.stringify({ record: 'snapshot', entry: { transaction: '3', time: 4, origin, comment: '', kind: 'commit' } })],
    [JSON.stringify({ record: 'part' }), '["c","/lines:top/there",{}]'],
    [JSON.stringify({ record: 'part' }), '["c","/lines:top/outer",[{"k":1,"text":"one"},{"k":2}],true]'],
    [JSON.stringify({ record: 'part' }), '["c","/lines:top/outer",[{"k":3}],true]'],
    [JSON.stringify({ record: 'end' })],
    [head('4'), `["c","/lines:top/outer[k='9']",{"k":9,"text":"nine"}]`, `["c","/lines:top/outer[k='1']"]`],
    [head('5'), '["c","/lines:top/plain",{"in":[{"n":8}]}]', '["c","/lines:top/title","t"]'],
  ];

  it('is read, and written as the present one with the next commit; an agent of then refuses it from there on', async (t) => {
    const stateDirectory = await temporaryDirectory(t);
    const file = join(stateDirectory, 'journal', 'journal');
    await mkdir(join(stateDirectory, 'journal'));
    const frames = records.flatMap((lines) => [...encodeRecord(lines, 0)]);
    await writeFile(file, Buffer.concat([Buffer.from(`${'signet-journal 1'.padEnd(31)}\n`), ...frames]));
    const expected = {
      'lines:top': {
        there: {},
        outer: [{ k: 2 }, { k: 3 }, { k: 9, text: 'nine' }],
        plain: { in: [{ n: 8 }] },
        title: 't',
      },
    };
    const first = await openDatastore({ stateDirectory, schema, modules: [] });
    assert.deepEqual(json(first.running().config), expected);
    assert.match(await readFile(file, 'latin1'), /^signet-journal 1 /, 'reading alone changes nothing');
    const content = decodeJson(schema, top, { title: 'u' });
    await first
      .session({ user: 'a', protocol: 'local', address: '' })
      .apply([{ operation: 'merge', path: top, content }]);
    await first.close();
    assert.match(await readFile(file, 'latin1'), /^signet-journal 3 /);
    const second = await openDatastore({ stateDirectory, schema, modules: [] });
    assert.deepEqual(json(second.running().config), { 'lines:top': { ...expected['lines:top'], title: 'u' } });
    assert.deepEqual(
      second.history().map(({ transaction }) => transaction),
      ['6', '5', '4', '3'],
    );
    await second.close();
  });
});

/** Members of `top`; some lists are longer than a line holds. */
function trees() {
  const count = fc.constantFrom(0, 1, 3, 250, 450);
  const text = fc.constantFrom('', 'a', 'é"\\', '\n');
  return fc
    .record({
      title: fc.option(text),
      word: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
      there: fc.option(fc.boolean()),
      plain: count,
      outer: count,
      step: fc.constantFrom(1, 2),
      inner: fc.constantFrom(0, 2, 250),
      turn: count,
      isReversed: fc.boolean(),
      text,
    })
    .map(({ title, word, there, plain, outer, step, inner, turn, isReversed, text: value }): Members => {
      const turns = Array.from({ length: turn }, (_, n) => ({ n, text: value }));
      return {
        ...(title === null ? {} : { title }),
        word,
        ...(there === null ? {} : { there: there ? { on: true } : {} }),
        // A container without presence that holds nothing is the same as none.
        ...(plain === 0 ? {} : { plain: { in: Array.from({ length: plain }, (_, n) => ({ n: n * step })) } }),
        outer: Array.from({ length: outer }, (_, k) => ({
          k: k * step,
          text: value,
          ...(k === 2 && inner > 0
            ? { within: { inner: Array.from({ length: inner }, (_each, a) => ({ a, b: value, c: '7' })) } }
            : {}),
        })),
        turn: isReversed ? turns.reverse() : turns,
      };
    });
}

type Members = Readonly<Record<string, JsonValue>>;

function tree(members: Members): DataTree {
  const content = decodeJson(schema, InstanceIdentifier.root, { 'lines:top': members });
  assert.ok(content instanceof Branch);
  return new DataTree(schema, content);
}

/** The same tree, its list of pairs taken apart and put into the order that is wanted, entry by entry. */
function edited(before: DataTree, wanted: readonly { readonly n: number; readonly m: string }[]): DataTree {
  const editor = before.edit();
  const container = before.root.schema.dataChildren[0] as ContainerSchema;
  const list = container.byName.get('pair')![0] as ListSchema;
  const keys = ({ n, m }: { readonly n: number; readonly m: string }) => [n, BigInt(m)] as const;
  const isWanted = (entry: Branch) =>
    wanted.some((each) => keys(each).every((key, index) => entry.keys()[index] === key));
  const was = before.get(top.child(list)) as ListData | undefined;
  for (const entry of was ?? []) if (!isWanted(entry)) editor.remove(top.child(list, entry.keys()));
  for (const [index, each] of wanted.entries()) {
    const path = top.child(list, keys(each));
    const present = before.get(path);
    const fresh = decodeJson(schema, path, { ...each }) as Branch;
    const place =
      index === 0 ? ({ where: 'first' } as const) : ({ where: 'after', anchor: keys(wanted[index - 1]!) } as const);
    // One in three stays where it is, if it may.
    if (present === undefined || index % 3 !== 0) editor.put(path, present ?? fresh, place);
  }
  return editor.finish();
}

function patchBetween(before: DataTree, after: DataTree) {
  return placedPatchOf(diffTrees(before, after), after);
}

function json(data: DataTree): JsonValue {
  return encodeJson(schema, schema.root, data.root);
}
