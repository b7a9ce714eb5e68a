/** RFC 7952: annotations in both encodings, both ways. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import {
  type Annotation,
  type AnnotationSource,
  type Branch,
  decodeJson,
  decodeXml,
  encodeJson,
  encodeXml,
  InstanceIdentifier,
  type JsonValue,
  jsonTextChunks,
  loadSchema,
} from '../../src/yang/index.js';
import { repositoryRoot } from '../support/published-modules.js';
import { run } from '../support/run.js';
import { requireTool } from '../support/tools.js';

const notes = `module notes {
  yang-version 1.1; namespace "urn:notes"; prefix n;
  import ietf-yang-metadata { prefix md; }
  feature marks;
  identity kind; identity urgent { base kind; }
  md:annotation author { type string { length "1..8"; } }
  md:annotation kind { type identityref { base kind; } }
  md:annotation level { type int64; }
  md:annotation mark { if-feature marks; type empty; }
  container shop {
    leaf name { type string; }
    leaf kind { type identityref { base kind; } }
    leaf-list tag { type string; }
    list item { key id; leaf id { type uint8; } leaf note { type string; } }
    anydata any;
    anyxml xml;
  }
}`;
const own = (name: string) => readFileSync(join(repositoryRoot(), 'schema', `${name}.yang`), 'utf8');
const metadata = own('ietf-yang-metadata');
const { schema, errors } = loadSchema({
  files: [
    { name: 'notes.yang', text: notes },
    { name: 'ietf-yang-metadata.yang', text: metadata },
    { name: 'ietf-netconf.yang', text: own('ietf-netconf') },
    { name: 'ietf-inet-types.yang', text: own('ietf-inet-types') },
    { name: 'ietf-yang-types.yang', text: own('ietf-yang-types') },
    { name: 'ietf-netconf-with-defaults.yang', text: own('ietf-netconf-with-defaults') },
  ],
  features: { notes: 'none' },
});
assert.deepEqual(errors, []);
const { root } = InstanceIdentifier;

const json: JsonValue = {
  'notes:shop': {
    '@': { 'notes:author': 'ada' },
    name: 'x',
    '@name': { 'notes:level': '9223372036854775807', 'notes:kind': 'notes:urgent' },
    tag: ['a', 'b', 'c'],
    '@tag': [null, { 'notes:author': 'bob' }],
    item: [{ '@': { 'notes:author': 'c"<&' }, id: 1, '@id': { 'notes:level': '1' }, note: 'y' }],
    any: { '@': { 'notes:author': 'd' }, 'notes:z': 1 },
    xml: 'text',
    '@xml': { 'ietf-netconf-with-defaults:default': true },
  },
};
const xml =
  '<shop xmlns="urn:notes" xmlns:n="urn:notes" n:author="ada">' +
  '<name xmlns:n="urn:notes" n:level="9223372036854775807" n:kind="n:urgent">x</name>' +
  '<tag>a</tag><tag xmlns:n="urn:notes" n:author="bob">b</tag><tag>c</tag>' +
  '<item xmlns:n="urn:notes" n:author="c&quot;&lt;&amp;"><id xmlns:n="urn:notes" n:level="1">1</id><note>y</note></item>' +
  '<any xmlns:n="urn:notes" n:author="d"><z xmlns="urn:notes" xmlns:n="urn:notes">1</z></any>' +
  '<xml xmlns:wd="urn:ietf:params:xml:ns:netconf:default:1.0" wd:default="true">text</xml></shop>';

const told = [
  '/notes:shop author=ada',
  '/notes:shop/name level=9223372036854775807',
  '/notes:shop/name kind=notes:urgent',
  "/notes:shop/tag[.='b'] author=bob",
  "/notes:shop/item[id='1'] author=c\"<&",
  "/notes:shop/item[id='1']/id level=1",
  '/notes:shop/any author=d',
  '/notes:shop/xml default=true',
].toSorted();

interface Told {
  readonly annotations: readonly Annotation[];
  readonly path: () => InstanceIdentifier;
}

function collector(): {
  readonly all: Told[];
  sink(annotations: readonly Annotation[], node: unknown, path: () => InstanceIdentifier): void;
} {
  const all: Told[] = [];
  return { all, sink: (annotations, _, path) => void all.push({ annotations, path }) };
}

function lines(all: readonly Told[]): string[] {
  return all
    .flatMap(({ annotations, path }) =>
      annotations.map((each) => `${path().toString()} ${each.schema.name}=${String(each.value)}`),
    )
    .toSorted();
}

/** Gives an encoder what a decoder told. */
function sourceOf(all: readonly Told[]): AnnotationSource {
  const known = new Map(all.map(({ annotations, path }) => [path().toString(), annotations]));
  return (_node, _content, path) => known.get(path().toString()) ?? [];
}

function refusals(act: () => unknown): string[] {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof ConfigError, String((thrown as Error).stack));
    return thrown.all().map((error) => error.line());
  }
  return assert.fail('not refused');
}

describe('annotations (RFC 7952)', () => {
  it('section 5: are read from both encodings, and written to both', () => {
    const [fromJson, fromXml] = [collector(), collector()];
    const ofJson = decodeJson(schema, root, json, { annotations: fromJson.sink }) as Branch;
    const ofXml = decodeXml(schema, root, xml, { annotations: fromXml.sink }) as Branch;
    assert.deepEqual(lines(fromJson.all), told);
    assert.deepEqual(lines(fromXml.all), told);
    const annotations = sourceOf(fromJson.all);
    assert.deepEqual(encodeJson(schema, schema.root, ofJson, { annotations }), json);
    assert.deepEqual(JSON.parse([...jsonTextChunks(schema, schema.root, ofJson, { annotations })].join('')), json);
    assert.equal(encodeXml(schema, schema.root, ofXml, { annotations: sourceOf(fromXml.all) }), xml);
    // Without anybody who asks they are left out.
    assert.doesNotMatch(encodeXml(schema, schema.root, ofXml), / n:|wd:/u);
    assert.doesNotMatch(JSON.stringify(encodeJson(schema, schema.root, ofJson)), /@/u);
  });

  it('section 5.2: stand beside a leaf that is wrapped, and tell paths below where the content stands', () => {
    const shop = schema.root.byQualifiedName.get('notes:shop')!;
    assert.ok(shop.kind === 'container');
    const name = shop.byQualifiedName.get('notes:name')!;
    const author = schema.annotations.get('notes:author')!;
    const paths: string[] = [];
    const annotations: AnnotationSource = (_node, _content, path) => {
      paths.push(path().toString());
      return [{ schema: author, value: 'ada' }];
    };
    const at = root.child(shop).child(name);
    assert.deepEqual(encodeJson(schema, name, 'x', { wrap: true, annotations, at }), {
      'notes:name': 'x',
      '@notes:name': { 'notes:author': 'ada' },
    });
    assert.deepEqual(paths, ['/notes:shop/name']);
  });

  it('section 3: those that no module has declared, or whose feature is not there, are refused', () => {
    const inShop = (members: Record<string, JsonValue>) =>
      refusals(() => decodeJson(schema, root, { 'notes:shop': members }));
    assert.deepEqual(inShop({ '@': { 'notes:nix': 1 } }), [
      "unknown-attribute /notes:shop: there is no annotation 'notes:nix'",
    ]);
    assert.deepEqual(inShop({ '@': { author: 'x' } }), [
      "unknown-attribute /notes:shop: there is no annotation 'author'",
    ]);
    assert.deepEqual(inShop({ '@': { 'notes:mark': [null] } }), [
      "unknown-attribute /notes:shop: there is no annotation 'notes:mark'",
    ]);
    const inXml = (attributes: string) =>
      refusals(() => decodeXml(schema, root, `<shop xmlns="urn:notes" ${attributes}/>`));
    assert.deepEqual(inXml('author="x"'), ["unknown-attribute /notes:shop: there is no attribute 'author'"]);
    assert.deepEqual(inXml('xmlns:n="urn:notes" n:mark=""'), [
      "unknown-attribute /notes:shop: there is no attribute 'mark'",
    ]);
    assert.deepEqual(inXml('xmlns:n="urn:nowhere" n:author="x"'), [
      "unknown-attribute /notes:shop: there is no attribute 'author'",
    ]);
  });

  it('values are judged by their types (bad-attribute, RFC 6241 appendix A)', () => {
    const wrong = { 'notes:author': '123456789', 'notes:kind': 'nix', 'notes:level': 5 };
    assert.deepEqual(
      refusals(() => decodeJson(schema, root, { 'notes:shop': { '@': wrong } })),
      [
        "bad-attribute /notes:shop: annotation 'author': length of 9 characters is not within '1..8'",
        "bad-attribute /notes:shop: annotation 'kind': 'notes:nix' is no identity derived from 'kind'",
        "bad-attribute /notes:shop: annotation 'level': expected a number written as a string, found a number",
      ],
    );
    assert.deepEqual(
      refusals(() => decodeXml(schema, root, '<shop xmlns="urn:notes" xmlns:n="urn:notes" n:level="x"/>')),
      ["bad-attribute /notes:shop: annotation 'level': expected an integer (int64)"],
    );
  });

  it('section 5.2: stand where they belong', () => {
    const cases: readonly (readonly [members: Record<string, JsonValue>, message: RegExp])[] = [
      [{ '@name': { 'notes:author': 'x' } }, /^bad-attribute \/notes:shop\/name: '@name' annotates what is not there/u],
      [{ item: [], '@item': {} }, /'@item' must be a member '@' of what it annotates/u],
      [{ name: 'x', '@name': 5 }, /'@name' must be an object of annotations, found a number/u],
      [{ tag: ['a'], '@tag': {} }, /'@tag' must be an array, at most as long/u],
      [{ tag: ['a'], '@tag': [null, null] }, /'@tag' must be an array, at most as long/u],
      [{ tag: ['a'], '@tag': [1] }, /must be an object of annotations/u],
      [{ '@nix': {} }, /^unknown-element/u],
    ];
    for (const [members, message] of cases) {
      assert.match(refusals(() => decodeJson(schema, root, { 'notes:shop': members }))[0]!, message);
    }
    assert.match(refusals(() => decodeJson(schema, root, { '@': {} }))[0]!, /stands in no instance of a data node/u);
  });

  it('decode what was encoded, for any annotations of any instance', () => {
    const values: readonly fc.Arbitrary<Annotation>[] = [
      fc.string({ unit: fc.constantFrom('a', '<', '&', '"', '\n', ' ', 'é'), minLength: 1, maxLength: 8 }).map((value) => of('author', value)), // biome-ignore format: one line
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => of('level', value)),
      fc.constant(of('kind', 'notes:urgent')),
    ];
    const some = fc.tuple(...values.map((value) => fc.option(value, { nil: undefined }))).map((all) => all.filter((each) => each !== undefined)); // biome-ignore format: one line
    const content = decodeJson(schema, root, json) as Branch;
    fc.assert(
      fc.property(fc.array(some, { minLength: 12, maxLength: 12 }), (all) => {
        let next = 0;
        const given: string[] = [];
        const annotations: AnnotationSource = (_node, _content, path) => {
          const chosen = all[next++ % all.length]!;
          given.push(...chosen.map((each) => `${path().toString()} ${each.schema.name}=${String(each.value)}`));
          return chosen;
        };
        const [fromJson, fromXml] = [collector(), collector()];
        decodeJson(schema, root, encodeJson(schema, schema.root, content, { annotations }), {
          annotations: fromJson.sink,
        });
        assert.deepEqual(lines(fromJson.all), given.toSorted());
        given.length = 0;
        decodeXml(schema, root, encodeXml(schema, schema.root, content, { annotations }), {
          annotations: fromXml.sink,
        });
        assert.deepEqual(lines(fromXml.all), given.toSorted());
      }),
      { seed: 13, numRuns: 200 },
    );
  });

  const yanglint = requireTool('yanglint');
  it('are those that yanglint reads and writes', { skip: yanglint.skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signet-annotations-'));
    after(() => {
      rmSync(folder, { recursive: true });
    });
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const module = write('notes.yang', notes);
    const collected = collector();
    const content = decodeJson(schema, root, json, { annotations: collected.sink }) as Branch;
    // The attribute of RFC 6243 is none of RFC 7952 to yanglint, and yanglint 2.1 refuses '@' in the object of anydata.
    const annotations = sourceOf(collected.all.filter(({ path }) => !/\/(?:any|xml)$/u.test(path().toString())));
    const encoded = encodeJson(schema, schema.root, content, { annotations });
    const ours = { xml: encodeXml(schema, schema.root, content, { annotations }), json: JSON.stringify(encoded) };
    for (const form of ['xml', 'json'] as const) {
      const document = write(`document.${form}`, ours[form]);
      const { status, stdout, stderr } = await run('yanglint', [
        '-F',
        'notes:',
        '-t',
        'config',
        '-f',
        'json',
        module,
        document,
      ]);
      assert.equal(status, 0, stderr);
      const { all, sink } = collector();
      decodeJson(schema, root, JSON.parse(stdout) as JsonValue, { annotations: sink });
      assert.deepEqual(
        lines(all),
        told.filter((each) => !/\/(?:any|xml) /u.test(each)),
      );
    }
  });
});

function of(name: string, value: Annotation['value']): Annotation {
  return { schema: schema.annotations.get(`notes:${name}`)!, value };
}
