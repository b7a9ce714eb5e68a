import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/error.js';
import {
  type Branch,
  decodeJson,
  decodeJsonText,
  encodeJson,
  InstanceIdentifier,
  type JsonValue,
  jsonTextChunks,
  ListData,
  parseJsonText,
  parsePath,
  type Schema,
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
const decode = (path: string, json: JsonValue): unknown => {
  const content = decodeJson(schema, at(path), json);
  return encodeJson(schema, (at(path).last?.schema ?? schema.root) as typeof schema.root, content);
};

describe('decodeJson (RFC 7951)', () => {
  it('reads a document with qualified names where the module changes', () => {
    const document = {
      'codec:top': {
        int8: -1,
        text: 'a',
        'codec-more:text': 5,
        int64: '-9223372036854775808',
        nothing: [null],
        shape: 'codec-more:square',
      },
      'codec-more:other': { x: 'y' },
    };
    const root = decodeJson(schema, InstanceIdentifier.root, document) as Branch;
    assert.deepEqual(encodeJson(schema, schema.root, root), document);
  });

  it('reads one leaf, one entry without its keys, a whole list, a leaf-list and one value of it', () => {
    assert.equal(decode('/codec:top/int8', 5), 5);
    assert.deepEqual(decode("/codec:top/entry[name='a'][port='1']", { note: 'n' }), { name: 'a', port: 1, note: 'n' });
    const entries = [{ name: 'b', port: 2 }, { name: 'a', port: 3 }]; // biome-ignore format: pairs
    assert.deepEqual(decode('/codec:top/entry', entries), [entries[1], entries[0]]);
    assert.ok(decodeJson(schema, at('/codec:top/entry'), []) instanceof ListData);
    assert.deepEqual(decode('/codec:top/word', ['z', 'a']), ['z', 'a']);
    assert.equal(decode("/codec:top/number[.='7']", 7), 7);
  });

  it('reads the parameters of operations and the body of notifications', () => {
    const input = decodeJson(schema, at('/codec:ping'), { host: 'h' }) as Branch;
    assert.equal(input.schema.kind, 'input');
    const output = decodeJson(schema, at('/codec:ping'), { time: '1.50' }, { parameters: 'output' }) as Branch;
    assert.deepEqual(encodeJson(schema, output.schema, output), { time: '1.5' });
    const action = decodeJson(schema, at("/codec:top/entry[name='a'][port='1']/reset"), { delay: 3 }) as Branch;
    assert.deepEqual(encodeJson(schema, action.schema, action), { delay: 3 });
    assert.deepEqual(
      refusals(() => decodeJson(schema, at('/codec:ping'), { host: 5 })),
      ['invalid-value /codec:ping/host: expected a string, found a number'],
    );
  });

  it('tells all faults at once, each with its path', () => {
    const json = {
      'codec:top': {
        int8: 200,
        nowhere: 1,
        'codec:text': 7,
        'strange:x': 1,
        color: 'pink',
        present: 5,
        number: 4,
        entry: [{ name: 'a', port: 1, extra: 1 }, { name: 'UP', port: 1 }, 7, { port: 3 }],
      },
      top: {},
    };
    assert.deepEqual(
      refusals(() => decodeJson(schema, InstanceIdentifier.root, json)).sort(),
      [
        "invalid-value /codec:top/entry/name: value does not match the pattern '[a-z0-9.\\-]+'",
        "missing-element /codec:top/entry: key 'name' is missing",
        "invalid-value /codec:top/int8: 200 is not within the range '-128..127'",
        "unknown-element /codec:top: there is no node 'nowhere' in 'top'",
        'invalid-value /codec:top/text: expected a string, found a number',
        "unknown-namespace /codec:top: 'strange:x': there is no module 'strange'",
        "invalid-value /codec:top/color: 'pink' is none of 'red', 'dark blue', 'green'",
        'invalid-value /codec:top/present: expected an object, found a number',
        'invalid-value /codec:top/number: expected an array, found a number',
        "unknown-element /: there is no node 'top' at the top; did you mean 'codec:top'",
        'invalid-value /codec:top/entry: entry 3: expected an object, found a number',
        "unknown-element /codec:top/entry[name='a'][port='1']: there is no node 'extra' in 'entry'; did you mean 'codec-more:extra'",
      ].sort(),
    );
  });

  it('refuses entries without keys or with the same keys', () => {
    const twice = [{ name: 'a', port: 1 }, { name: 'b' }, { port: 1, name: 'a' }];
    const lines = refusals(() => decodeJson(schema, at('/codec:top/entry'), twice));
    assert.equal(lines.length, 2);
    assert.match(lines.join('\n'), /missing-element .*: key 'port' is missing/u);
    assert.match(lines.join('\n'), /bad-element \/codec:top\/entry\[name='a'\]\[port='1'\]: .*more than once/u);
  });

  it('refuses keys in the value that differ from those in the path', () => {
    assert.deepEqual(
      refusals(() => decode("/codec:top/entry[name='a'][port='1']", { name: 'b' })),
      ["invalid-value /codec:top/entry[name='a'][port='1']/name: key 'name' is not the one in the path"],
    );
  });

  it('refuses state where only configuration may come', () => {
    assert.deepEqual(
      refusals(() => decodeJson(schema, at('/codec:top'), { state: 'x' }, { configOnly: true })),
      ["unknown-element /codec:top/state: 'state' is state and cannot be written"],
    );
  });

  it('tells at most 50 faults of a document', () => {
    const json = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 1]));
    assert.equal(refusals(() => decodeJson(schema, at('/codec:top'), json)).length, 50);
  });

  it('refuses annotations that no module declares (RFC 7952)', () => {
    assert.match(
      refusals(() => decodeJson(schema, at('/codec:top'), { '@': { 'codec:x': 1 } }))[0]!,
      /^unknown-attribute/u,
    );
    assert.match(refusals(() => decodeJson(schema, at('/codec:top'), { '@nowhere': {} }))[0]!, /^unknown-element/u);
  });

  it('wraps a value under its qualified name', () => {
    const entry = decodeJson(schema, at("/codec:top/entry[name='a'][port='1']"), {});
    const node = schema.root.byQualifiedName.get('codec:top');
    assert.ok(node?.kind === 'container');
    const list = node.byQualifiedName.get('codec:entry')!;
    assert.deepEqual(encodeJson(schema, list, entry, { wrap: true }), { 'codec:entry': [{ name: 'a', port: 1 }] });
    assert.deepEqual(encodeJson(schema, node.dataChildren[0]!, 5, { wrap: true }), { 'codec:int8': 5 });
  });

  it('gives back what encodeJson wrote, as value and as text', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryRoot(schema, 'json'), async (root) => {
        const json = encodeJson(schema, schema.root, root);
        const back = decodeJson(schema, InstanceIdentifier.root, json) as Branch;
        assert.deepEqual(encodeJson(schema, schema.root, back), json);
        const text = [...jsonTextChunks(schema, schema.root, root)].join('');
        assert.deepEqual(JSON.parse(text), json);
        const again = (await decodeJsonText(schema, InstanceIdentifier.root, text)) as Branch;
        assert.deepEqual(encodeJson(schema, schema.root, again), json);
      }),
      { seed: 5, numRuns: 150 },
    );
  });

  it('gives a value or a ConfigError for any JSON', () => {
    const name = fc.constantFrom(
      'codec:top',
      'entry',
      'name',
      'port',
      'int8',
      'any',
      'xml',
      'number',
      'flags',
      '__proto__',
      '@',
      '@int8',
      'row',
    );
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<JsonValue>(null, true, 5, 'a', '5', Number.POSITIVE_INFINITY, 1.5),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
      ),
    }));
    fc.assert(
      fc.property(value, (json) => {
        try {
          decodeJson(schema, at('/codec:top'), json);
        } catch (thrown) {
          assert.ok(thrown instanceof ConfigError, String(thrown));
        }
      }),
      { seed: 6, numRuns: 2000 },
    );
  });
});

describe('parseJsonText (RFC 8259)', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 2), (text, indent) => {
        const source = JSON.stringify(JSON.parse(text), null, indent);
        assert.deepEqual(parseJsonText(source), JSON.parse(source));
        assert.deepEqual(parseJsonText(Buffer.from(source)), JSON.parse(source));
      }),
      { seed: 1, numRuns: 1000 },
    );
    const own = parseJsonText('{"__proto__": {"a": 1}}') as Record<string, unknown>;
    assert.ok(Object.hasOwn(own, '__proto__'));
  });

  it('refuses what JSON.parse refuses, with line and column', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0041 tfn-+.eE19\n'), maxLength: 12 }), (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          assert.match(
            refusals(() => parseJsonText(text))[0]!,
            /^malformed-message: JSON: .* at line [0-9]+, column [0-9]+$/u,
          );
          return;
        }
        assert.deepEqual(parseJsonText(text), expected);
      }),
      { seed: 2, numRuns: 5000 },
    );
    assert.deepEqual(
      refusals(() => parseJsonText('{"a": 1,\n  x}')),
      ['malformed-message: JSON: expected a member name at line 2, column 3'],
    );
  });

  it('refuses members given twice, depth, bad UTF-8 and huge numbers', () => {
    assert.deepEqual(
      refusals(() => parseJsonText('{"a":1,"a":2}')),
      ["malformed-message: JSON: member 'a' is given twice at line 1, column 11"],
    );
    assert.match(
      refusals(() => parseJsonText('['.repeat(100_000)))[0]!,
      /^too-big: JSON is nested deeper than 256 levels/u,
    );
    assert.deepEqual(
      refusals(() => parseJsonText(Buffer.from([0x22, 0xff, 0x22]))),
      ['malformed-message: document is not UTF-8'],
    );
    assert.match(refusals(() => parseJsonText('1e999'))[0]!, /number is too large/u);
  });

  it('gives a value or a ConfigError for any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        try {
          parseJsonText(octets);
        } catch (thrown) {
          assert.ok(thrown instanceof ConfigError);
        }
      }),
      { seed: 4, numRuns: 1000 },
    );
  });
});
