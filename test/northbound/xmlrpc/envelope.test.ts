import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../../src/error.js';
import {
  decodeCall,
  decodeResponse,
  encodeCall,
  encodeFault,
  encodeResponse,
} from '../../../src/northbound/xmlrpc/envelope.js';
import { rpcLimits } from '../../../src/northbound/xmlrpc/limits.js';
import { RpcDateTime, RpcDouble, type RpcValue } from '../../../src/northbound/xmlrpc/values.js';
import { requireTool } from '../../support/tools.js';

/** The parameters of a call whose `<value>` elements hold this. */
async function params(...values: string[]): Promise<readonly RpcValue[]> {
  const list = values.map((value) => `<param><value>${value}</value></param>`).join('');
  return (await decodeCall(octets(`<methodCall><methodName>m</methodName><params>${list}</params></methodCall>`)))
    .params;
}

function octets(text: string): Buffer {
  return Buffer.from(text);
}

async function refused(document: string | Buffer, message: RegExp, tag = 'malformed-message'): Promise<void> {
  await assert.rejects(decodeCall(typeof document === 'string' ? octets(document) : document), (error: unknown) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.tag, tag);
    assert.match(error.message, message);
    return true;
  });
}

const call = (inside: string): string => `<methodCall><methodName>m</methodName>${inside}</methodCall>`;
const oneParam = (value: string): string => call(`<params><param>${value}</param></params>`);

describe('XML-RPC call', () => {
  test('is read with all types of the specification', async () => {
    assert.deepEqual(await params('<int>-7</int>', '<i4>+7</i4>', '<boolean>1</boolean>', '<double>-1.5</double>'), [
      -7,
      7,
      true,
      new RpcDouble(-1.5),
    ]);
    assert.deepEqual(
      await params('<string> a &amp; &#x20AC; </string>', ' bare ', '', '<string/>', '<![CDATA[<x>]]>'),
      [' a & € ', ' bare ', '', '', '<x>'],
    );
    assert.deepEqual(
      await params('<dateTime.iso8601>19980717T14:08:55</dateTime.iso8601>', '<base64>\n aGk=\n </base64>'),
      [new RpcDateTime('19980717T14:08:55'), Buffer.from('hi')],
    );
    const struct = '<struct><member><name>a</name><value><int>1</int></value></member></struct>';
    const array = '<array><data><value>x</value><value><boolean>0</boolean></value></data></array>';
    assert.deepEqual(await params(struct, array, '<struct/>', '<array><data/></array>'), [
      new Map([['a', 1]]),
      ['x', false],
      new Map(),
      [],
    ]);
  });

  test('may have no params, comments, a declaration, a byte order mark and white space around elements', async () => {
    const text =
      '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!-- c --> <methodCall> <methodName>a.b</methodName>\n</methodCall>\n<!-- d -->\n';
    assert.deepEqual(await decodeCall(octets(text)), { method: 'a.b', params: [] });
  });

  test('may be in ISO-8859-1 where it says so, as PHP sends it', async () => {
    const text = `<?xml version="1.0" encoding="iso-8859-1"?>${oneParam('<value>ä</value>')}`;
    assert.deepEqual((await decodeCall(Buffer.from(text, 'latin1'))).params, ['ä']);
    await refused(`<?xml version="1.0" encoding="utf-16"?>${call('')}`, /encoding/);
    await refused(Buffer.from([...octets('<methodCall>'), 0xff, 0xfe]), /not UTF-8/);
  });

  test('line ends become line feeds, a reference to a carriage return stays one (XML 1.0, 2.11)', async () => {
    assert.deepEqual(await params('a\r\nb\rc&#13;d'), ['a\nb\nc\rd']);
  });

  test('1: a document type declaration is refused before anything is parsed', async () => {
    await refused(`<!DOCTYPE methodCall>${call('')}`, /document type/);
    await refused(
      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>${oneParam('<value>&a;</value>')}`,
      /document type/,
    );
    await refused(`<!ENTITY a "b">${call('')}`, /declaration/);
    await refused(oneParam('<value>&a;</value>'), /well-formed/);
  });

  test('2: nothing may follow or precede the root element', async () => {
    await refused(`${call('')}junk`, /outside of the root/);
    await refused(`${call('')}${call('')}`, /second root/);
    await refused(`junk${call('')}`, /outside of the root/);
    await refused(`${call('')}<![CDATA[x]]>`, /CDATA/);
    await refused('', /no root/);
    await refused('   ', /no root/);
  });

  test('3: depth and number of elements are limited', async () => {
    const deep = '<value><array><data>'.repeat(90) + '</data></array></value>'.repeat(90);
    await refused(oneParam(deep), /deeper/, 'too-big');
    await refused('<a>'.repeat(300_000), /deeper/, 'too-big');
    const many = '<value/>'.repeat(rpcLimits.elements);
    await refused(oneParam(`<value><array><data>${many}</data></array></value>`), /elements/, 'too-big');
  });

  test('4: attributes, alone or twice, and names without end are refused', async () => {
    await refused('<methodCall a="1"><methodName>m</methodName></methodCall>', /attributes/);
    await refused('<methodCall a="1" a="2"><methodName>m</methodName></methodCall>', /attributes/);
    await refused(oneParam('<value hasOwnProperty="1">x</value>'), /attributes/);
    await refused(call(`<${'a'.repeat(100_000)}/>`), /tag is malformed/);
  });

  test('5: elements named as what objects inherit are refused like all that are unknown', async () => {
    for (const name of ['constructor', 'hasOwnProperty', '__proto__', 'toString', 'valueOf', 'prototype']) {
      await refused(call(`<${name}/>`), /malformed|does not have/);
      await refused(oneParam(`<value><${name}/></value>`), /malformed|does not have/);
      await refused(oneParam(`<value><struct><${name}>x</${name}></struct></value>`), /malformed|does not have/);
    }
    const members = ['constructor', '__proto__', 'hasOwnProperty'].map(
      (name) => `<member><name>${name}</name><value>x</value></member>`,
    );
    const [struct] = await params(`<struct>${members.join('')}</struct>`);
    assert.deepEqual([...(struct as Map<string, RpcValue>).keys()], ['constructor', '__proto__', 'hasOwnProperty']);
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });

  test('6: characters that XML does not have are refused, however they are written', async () => {
    for (const text of ['a\0b', 'a\x1fb', 'a\ufffeb', '&#0;', '&#x1f;', '&#xD800;', '&#x110000;', '&#xFFFF;']) {
      await refused(oneParam(`<value>${text}</value>`), /character|well-formed/);
    }
  });

  test('what is not a call is refused', async () => {
    const hostile: readonly (readonly [string, RegExp])[] = [
      ['<methodResponse/>', /root element is not methodCall/],
      ['<methodCall/>', /no methodName/],
      ['<methodCall>text</methodCall>', /text where it has elements/],
      ['<methodCall><methodName></methodName></methodCall>', /methodName is malformed/],
      ['<methodCall><methodName>a b</methodName></methodCall>', /methodName is malformed/],
      [`<methodCall><methodName>${'a'.repeat(200)}</methodName></methodCall>`, /methodName is malformed/],
      ['<methodCall><methodName>a</methodName><methodName>b</methodName></methodCall>', /more than once/],
      ['<methodCall><methodName><b/></methodName></methodCall>', /elements where it has text/],
      [call('<params/><params/>'), /more than once/],
      [call('<params><value/></params>'), /does not have/],
      [call('<params><param/></params>'), /no value/],
      [call('<params><param>x</param></params>'), /text where it has elements/],
      [oneParam('<value/><value/>'), /more than once/],
      [oneParam('<value><int>1</int><int>2</int></value>'), /more than once/],
      [oneParam('<value><int>1</int><string>2</string></value>'), /exactly one type/],
      [oneParam('<value>x<int>1</int></value>'), /text beside elements/],
      [oneParam('<value><nil/></value>'), /element nil/],
      [oneParam('<value><i8>1</i8></value>'), /element i8/],
      [oneParam('<value><int></int></value>'), /no int/],
      [oneParam('<value><int>1.0</int></value>'), /no int/],
      [oneParam('<value><int> 1 </int></value>'), /no int/],
      [oneParam('<value><int>2147483648</int></value>'), /32 bits/],
      [oneParam('<value><int>99999999999999999999</int></value>'), /no int/],
      [oneParam('<value><boolean>true</boolean></value>'), /no boolean/],
      [oneParam('<value><double>NaN</double></value>'), /no double/],
      [oneParam('<value><double>1e999</double></value>'), /out of range/],
      [oneParam('<value><base64>*</base64></value>'), /no base64/],
      [oneParam('<value><dateTime.iso8601>yesterday</dateTime.iso8601></value>'), /no dateTime/],
      [oneParam('<value><array/></value>'), /no data/],
      [oneParam('<value><array><data/><data/></array></value>'), /more than once/],
      [oneParam('<value><array><data>x</data></array></value>'), /text where it has elements/],
      [oneParam('<value><struct><member><name>a</name></member></struct></value>'), /name and a value/],
      [
        oneParam(`<value><struct>${'<member><name>a</name><value/></member>'.repeat(2)}</struct></value>`),
        /two members of one name/,
      ],
      ['<methodCall><methodName>m</methodName>', /ends before/],
      ['<methodCall></methodName>', /well-formed|ends before/],
      ['</methodCall>', /end tag without/],
      ['<methodCall><methodName>m</methodCall></methodName>', /well-formed/],
      ['<?php echo 1 ?>', /XML declaration|processing/],
      [`${call('')}<?pi?>`, /processing/],
      ['<methodCall><!-- a -- b --></methodCall>', /comment/],
      ['<methodCall><![CDATA[x</methodCall>', /CDATA/],
      ['{"method":"config.get"}', /outside of the root/],
      ['<', /tag is malformed/],
    ];
    for (const [document, message] of hostile) await refused(document, message);
  });

  test('arbitrary octets and damaged calls give a call or a ConfigError, never anything else', async () => {
    const decodes = async (document: Buffer): Promise<void> => {
      try {
        await decodeCall(document);
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    };
    const valid = octets(
      encodeCall({ method: 'config.apply', params: [[new Map([['path', 'a']])], true, Buffer.from('x')] }),
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), (bytes) => decodes(Buffer.from(bytes))),
      {
        seed: 3,
        numRuns: 300,
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(valid.length - 1), fc.nat(255), fc.boolean(), (at, octet, cut) => {
        const damaged = cut ? valid.subarray(0, at) : Buffer.from(valid);
        if (!cut) damaged[at] = octet;
        return decodes(damaged);
      }),
      { seed: 3, numRuns: 1000 },
    );
    const tags = [
      '<methodCall>',
      '</methodCall>',
      '<value>',
      '</value>',
      '<struct>',
      '</struct>',
      '<a/>',
      'x',
      '&#1;',
      '<!--',
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...tags), { maxLength: 12 }), (parts) =>
        decodes(octets(parts.join(''))),
      ),
      { seed: 3, numRuns: 500 },
    );
  });
});

/** Text of characters that XML has. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it leaves out
  return !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u.test(value);
});
const { value: anyValue } = fc.letrec<{ value: RpcValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    text,
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => new RpcDouble(value)),
    fc.constant(new RpcDateTime('20261124T00:00:00')),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
}));

describe('XML-RPC codec', () => {
  test('what is written is read back the same', async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        const response = await decodeResponse(octets(encodeResponse(value)));
        assert.deepEqual(response, { kind: 'value', value });
        const read = await decodeCall(octets(encodeCall({ method: 'm', params: [value, value] })));
        assert.deepEqual(read, { method: 'm', params: [value, value] });
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  test('a control character or a number out of range cannot be written', () => {
    for (const value of ['a\0', '\ud800', new RpcDouble(Number.NaN), 2 ** 31, 1.5]) {
      assert.throws(() => encodeResponse(value), RangeError);
    }
  });

  test('a fault is always written, whatever its text has', async () => {
    const fault = await decodeResponse(octets(encodeFault({ code: 18, text: 'bad\0 <&> \ud800' })));
    assert.deepEqual(fault, { kind: 'fault', code: 18, text: 'bad\ufffd <&> \ufffd' });
  });

  test("Python's xmlrpc.client reads what is written, and what it writes is read", requireTool('python3'), async () => {
    const value: readonly RpcValue[] = [
      'ü\r\n<&>€\u{1f512}',
      -1,
      true,
      new RpcDouble(0.1),
      Buffer.from([0, 255, 10]),
      new RpcDateTime('20261124T01:02:03'),
      new Map<string, RpcValue>([['a b', ['x', new Map()]]]),
    ];
    // Reads our response and prints a call with the same values.
    const program = [
      'import sys, xmlrpc.client',
      'params, method = xmlrpc.client.loads(sys.stdin.buffer.read())',
      'assert params[0][0].startswith("\\u00fc\\r\\n<&>"), params',
      'sys.stdout.buffer.write(xmlrpc.client.dumps((params[0],), "echo", encoding="utf-8").encode())',
    ].join('\n');
    const back = execFileSync('python3', ['-c', program], { input: encodeResponse(value) });
    // Python writes the carriage return as it is, which XML (2.11) reads as part of a line end.
    const expected = ['ü\n<&>€\u{1f512}', ...value.slice(1)];
    assert.deepEqual(await decodeCall(back), { method: 'echo', params: [expected] });
  });
});
