import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import {
  type Branch,
  decodeJson,
  decodeXml,
  decodeXmlText,
  encodeJson,
  encodeXml,
  InstanceIdentifier,
  type JsonValue,
  loadSchema,
  parsePath,
  type Schema,
  type XmlDecodeOptions,
  xmlTextChunks,
} from '../../src/yang/index.js';
import { arbitraryRoot, codecSchema } from './codec-fixture.js';

let schema: Schema;
before(() => {
  schema = codecSchema();
});

function refusals(act: () => unknown): string[] {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof ConfigError, String((thrown as Error).stack));
    return thrown.all().map((error) => error.line());
  }
  return assert.fail('not refused');
}

const at = (path: string): InstanceIdentifier => parsePath(schema, path);
const nodeAt = (path: string) => (path === '/' ? schema.root : at(path).last!.schema) as typeof schema.root;

function decode(path: string, xml: string, options?: XmlDecodeOptions): JsonValue {
  const content = decodeXml(schema, path === '/' ? InstanceIdentifier.root : at(path), xml, options);
  return encodeJson(schema, nodeAt(path), content);
}

const top = (inner: string): string => `<top xmlns="urn:codec">${inner}</top>`;

describe('decodeXml', () => {
  it('knows namespaces by URI, whatever the prefix is', () => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?>
      <!-- a comment --><a:top xmlns:a="urn:codec" xmlns:b="urn:codec:more">
        <a:int8> 5 </a:int8><b:text>7</b:text><text xmlns="urn:codec">a&lt;<![CDATA[<&]]>&#x41;</text>
        <a:nothing/><a:word>z</a:word><a:number>2</a:number><a:word>a</a:word><a:number>1</a:number>
      </a:top>`;
    assert.deepEqual(decode('/', xml), {
      'codec:top': { int8: 5, text: 'a<<&A', nothing: [null], number: [1, 2], word: ['z', 'a'], 'codec-more:text': 7 },
    });
  });

  it('resolves prefixes inside identities and instance-identifiers (RFC 7950 9.10.3, 9.13.2)', () => {
    const xml = top(`<shape xmlns:q="urn:codec:more">q:square</shape><either>round</either>
      <pointer xmlns:x="urn:codec" xmlns:y="urn:codec:more">/x:top/x:entry[x:port='5'][x:name="a"]/y:extra</pointer>`);
    assert.deepEqual(decode('/', xml), {
      'codec:top': {
        shape: 'codec-more:square',
        either: 'codec:round',
        pointer: "/codec:top/entry[name='a'][port='5']/codec-more:extra",
      },
    });
    assert.match(refusals(() => decode('/', top('<shape>q:square</shape>')))[0]!, /'q' is no known prefix/u);
    assert.match(
      refusals(() => decode('/', top('<pointer>/top/int8</pointer>')))[0]!,
      /^invalid-value \/codec:top\/pointer/u,
    );
  });

  it('takes the wrappers of NETCONF and RESTCONF around the root', () => {
    const wrapped = (name: string, uri: string): string =>
      `<${name} xmlns="${uri}">${top('<int8>1</int8>')}<other xmlns="urn:codec:more"/></${name}>`;
    for (const [name, uri] of [
      ['data', 'urn:ietf:params:xml:ns:netconf:base:1.0'],
      ['config', 'urn:ietf:params:xml:ns:netconf:base:1.0'],
      ['data', 'urn:ietf:params:xml:ns:yang:ietf-restconf'],
    ] as const) {
      assert.deepEqual(decode('/', wrapped(name, uri)), { 'codec:top': { int8: 1 }, 'codec-more:other': {} });
    }
    assert.deepEqual(decode('/', `${top('')}<other xmlns="urn:codec:more"/>`, { fragment: true }), {
      'codec:top': {},
      'codec-more:other': {},
    });
  });

  it('reads one leaf, container, entry, operation or notification', () => {
    assert.equal(decode('/codec:top/int8', '<int8 xmlns="urn:codec">5</int8>'), 5);
    assert.deepEqual(decode('/codec:top', top('<int8>5</int8>')), { int8: 5 });
    // Keys in their order; that they come first is not insisted on (RFC 7950 7.8.5, and as yanglint has it).
    const entry = '<entry xmlns="urn:codec"><note>n</note><name>a</name><port>1</port></entry>';
    assert.deepEqual(decode("/codec:top/entry[name='a'][port='1']", entry), { name: 'a', port: 1, note: 'n' });
    assert.deepEqual(
      refusals(() => decode("/codec:top/entry[name='b'][port='1']", entry)),
      ["invalid-value /codec:top/entry[name='b'][port='1']: keys are not those in the path"],
    );
    const ping = decodeXml(schema, at('/codec:ping'), '<ping xmlns="urn:codec"><host>h</host></ping>') as Branch;
    assert.deepEqual(encodeJson(schema, ping.schema, ping), { host: 'h' });
    const input = decodeXml(schema, at('/codec:ping'), '<input xmlns="urn:codec"><host>h</host></input>') as Branch;
    assert.deepEqual(encodeJson(schema, input.schema, input), { host: 'h' });
    const went = decodeXml(schema, at('/codec:went'), '<went xmlns="urn:codec"><why>w</why></went>') as Branch;
    assert.deepEqual(encodeJson(schema, went.schema, went), { why: 'w' });
    assert.match(
      refusals(() => decode('/codec:top/int8', '<int16 xmlns="urn:codec"/>'))[0]!,
      /expected 'int8', found 'int16'/u,
    );
  });

  it('tells all faults at once, each with its path', () => {
    const xml = top(`
      <int8>200</int8><nowhere><deep/></nowhere><color>pink</color>stray
      <text xmlns="urn:codec:more">x</text><strange xmlns="urn:strange"/><text><b/></text>
      <entry><port>1</port><extra>1</extra><name>a</name></entry><entry><name>b</name></entry>
      <present><inside>1</inside></present><present/>`);
    assert.deepEqual(refusals(() => decode('/', xml)).sort(), [
      "bad-element /codec:top/entry[name='a'][port='1']/name: key 'name' stands behind a later key; keys come in the order of the key statement",
      'bad-element /codec:top/present: container \'present\' is given more than once',
      "invalid-value /codec:top/codec-more:text: expected an integer (uint8)",
      "invalid-value /codec:top/color: 'pink' is none of 'red', 'dark blue', 'green'",
      "invalid-value /codec:top/int8: 200 is not within the range '-128..127'",
      "invalid-value /codec:top/text: unexpected element 'b' in leaf 'text'",
      "invalid-value /codec:top: unexpected text in 'top'",
      "missing-element /codec:top/entry: key 'port' is missing",
      "unknown-element /codec:top/entry[name='a'][port='1']: there is no node 'extra' in 'entry'; did you mean 'codec-more:extra'",
      "unknown-element /codec:top: there is no node 'nowhere' in 'top'",
      "unknown-namespace /codec:top: 'strange': there is no module with the namespace 'urn:strange'",
    ].sort()); // biome-ignore format: as told
  });

  it('hands attributes to whoever asks, and refuses them else', () => {
    const xml = `<top xmlns="urn:codec" xmlns:nc="urn:nc"><entry nc:operation="delete"><name>a</name><port>1</port></entry>
      <int8 nc:operation="remove"/><number nc:operation="create">7</number><text other="1">t</text></top>`;
    const seen: [string, () => InstanceIdentifier][] = [];
    const options: XmlDecodeOptions = {
      attributes(attributes, _node, path) {
        const known = attributes.filter((each) => each.uri === 'urn:nc');
        for (const each of known) seen.push([each.value, path]);
        return { unknown: attributes.filter((each) => each.uri !== 'urn:nc'), valueless: known.length > 0 };
      },
    };
    assert.deepEqual(
      refusals(() => decode('/', xml, options)),
      ["unknown-attribute /codec:top/text: there is no attribute 'other'"],
    );
    assert.deepEqual(
      seen.map(([value, path]) => `${value} ${path().toString()}`),
      ["delete /codec:top/entry[name='a'][port='1']", 'remove /codec:top/int8', "create /codec:top/number[.='7']"],
    );
    assert.deepEqual(
      refusals(() => decode('/', top('<int8 a="1">5</int8>'))),
      ["unknown-attribute /codec:top/int8: there is no attribute 'a'"],
    );
  });

  it('keeps the content of anydata with its namespaces', () => {
    const xml = `<c:top xmlns:c="urn:codec" xmlns:q="urn:q"><c:any><x xmlns="urn:x" q:a="&quot;" b="1">q:v<y/> &amp;</x><c:int8>5</c:int8></c:any><c:xml>text</c:xml></c:top>`;
    const root = decodeXml(schema, InstanceIdentifier.root, xml) as Branch;
    const written = encodeXml(schema, schema.root, root);
    const again = decodeXml(schema, InstanceIdentifier.root, written) as Branch;
    assert.equal(encodeXml(schema, schema.root, again), written);
    assert.match(
      written,
      /<x xmlns="urn:x" xmlns:c="urn:codec" xmlns:q="urn:q" q:a="&quot;" b="1">q:v<y\/> &amp;<\/x>/u,
    );
    assert.deepEqual(encodeJson(schema, schema.root, root), {
      'codec:top': { any: { x: { y: '' }, 'codec:int8': '5' }, xml: 'text' },
    });
  });

  it('gives back what encodeXml wrote', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRoot(schema, 'xml'), async (root) => {
        const wrapper = { name: 'data', namespace: 'urn:ietf:params:xml:ns:netconf:base:1.0' };
        const xml = encodeXml(schema, schema.root, root, { wrapper });
        const expected = withoutAny(encodeJson(schema, schema.root, root));
        const back = decodeXml(schema, InstanceIdentifier.root, xml) as Branch;
        assert.deepEqual(withoutAny(encodeJson(schema, schema.root, back)), expected);
        assert.equal(encodeXml(schema, schema.root, back, { wrapper }), xml);
        const text = Buffer.from([...xmlTextChunks(schema, schema.root, root, { wrapper })].join(''));
        const again = (await decodeXmlText(schema, InstanceIdentifier.root, text)) as Branch;
        assert.deepEqual(withoutAny(encodeJson(schema, schema.root, again)), expected);
      }),
      { seed: 5, numRuns: 150 },
    );
  });
});

describe('XML limits and strictness', () => {
  it('refuses a DTD, unknown entities, two roots, trailing text and bad nesting, with line and column', () => {
    const cases: [string, RegExp][] = [
      ['<!DOCTYPE a><a/>', /document type declaration is not allowed at line 1/u],
      ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', /document type declaration/u],
      [top('<text>&x;</text>'), /undefined entity/u],
      [`${top('')}${top('')}`, /malformed-message: XML/u],
      [`${top('')}x`, /malformed-message: XML/u],
      [top('<text>\n<b></text>'), /line 2/u],
      ['<top xmlns="urn:codec">', /unclosed tag/u],
      ['<p:top/>', /unbound namespace prefix/u],
      ['<top xmlns="urn:codec" a="1" a="2"/>', /duplicate attribute/u],
      [top('<text>\0</text>'), /malformed-message/u],
      ['<?xml version="1.0" encoding="ISO-8859-1"?><top xmlns="urn:codec"/>', /encoding is not UTF-8/u],
      ['', /malformed-message/u],
    ];
    for (const [xml, message] of cases) assert.match(refusals(() => decode('/', xml))[0]!, message, xml);
  });

  it('refuses depth, attributes and names beyond the limits', () => {
    const deep = `${'<a xmlns="urn:x">'.repeat(5000)}${'</a>'.repeat(5000)}`;
    assert.deepEqual(
      refusals(() => decode('/', deep)),
      ['too-big: elements are nested deeper than 256 levels'],
    );
    const many = Array.from({ length: 100 }, (_, index) => `a${String(index)}="1"`).join(' ');
    assert.deepEqual(
      refusals(() => decode('/', `<top ${many}/>`)),
      ['too-big: an element has too many attributes'],
    );
    assert.deepEqual(
      refusals(() => decode('/', `<${'a'.repeat(5000)}/>`)),
      ['too-big: the name of an element is too long'],
    );
  });

  it('gives a value or a ConfigError for any octets, and for damaged documents', () => {
    const valid = top(
      '<entry><name>a</name><port>1</port></entry><flags>one</flags><any><b/></any><pointer>/c:top</pointer>',
    );
    const damaged = fc.tuple(
      fc.nat(valid.length),
      fc.nat(20),
      fc.string({ unit: fc.constantFrom(...'<>/&;"= xnametop[]!-'), maxLength: 6 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          damaged.map(([start, length, text]) =>
            Buffer.from(valid.slice(0, start) + text + valid.slice(start + length)),
          ),
        ),
        (octets) => {
          try {
            decodeXml(schema, InstanceIdentifier.root, octets);
          } catch (thrown) {
            assert.ok(thrown instanceof ConfigError, String((thrown as Error).stack));
          }
        },
      ),
      { seed: 12, numRuns: 3000 },
    );
  });

  it('declares no prefix that begins with xml, which a YANG 1.1 module may have (Namespaces in XML 1.0, section 3)', () => {
    const text = `module x { yang-version 1.1; namespace "urn:x"; prefix xml; identity a; identity b { base a; }
      leaf l { type identityref { base a; } } leaf p { type instance-identifier; } }`;
    const { schema: own, errors } = loadSchema({ files: [{ name: 'x.yang', text }] });
    assert.deepEqual(errors, []);
    const root = decodeJson(own, InstanceIdentifier.root, { 'x:l': 'x:b', 'x:p': '/x:l' });
    const xml = encodeXml(own, own.root, root);
    assert.equal(xml, '<l xmlns="urn:x" xmlns:_xml="urn:x">_xml:b</l><p xmlns="urn:x" xmlns:_xml="urn:x">/_xml:l</p>');
    const back = decodeXml(own, InstanceIdentifier.root, xml, { fragment: true });
    assert.deepEqual(encodeJson(own, own.root, back), { 'x:l': 'x:b', 'x:p': '/x:l' });
  });

  it('lets others run while a large document is read', async () => {
    const entry = (index: number): string =>
      `<entry><name>n${String(index)}</name><port>1</port><note>${'x'.repeat(60)}</note></entry>`;
    const xml = top(Array.from({ length: 20_000 }, (_, index) => entry(index)).join(''));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const content = (await decodeXmlText(schema, InstanceIdentifier.root, xml)) as Branch;
    clearInterval(timer);
    assert.equal(content.schema.kind, 'root');
    assert.ok(turns >= 2, `${String(turns)} turns of the event loop`);
  });
});

/** anydata changes its form where it changes its encoding. */
function withoutAny(json: JsonValue): JsonValue {
  return JSON.parse(
    JSON.stringify(json, (key, value: JsonValue) => (key === 'any' || key === 'xml' ? undefined : value)),
  ) as JsonValue;
}
