/** The statement parser (RFC 7950 section 6): tokens, quoting, and the place of every error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModuleSyntaxError, parseModuleText, type Statement } from '../../src/yang/parser.js';

const header = 'module m { yang-version 1.1; namespace "urn:m"; prefix m;\n';

function description(text: string, version: '1' | '1.1' = '1.1'): string | undefined {
  const module = `module m { yang-version ${version}; namespace "urn:m"; prefix m;\n${text}\n}`;
  return parseModuleText(module, 'm.yang').text('description');
}

function fault(text: string): string {
  try {
    parseModuleText(text, 'm.yang');
  } catch (error) {
    assert.ok(error instanceof ModuleSyntaxError);
    return `${String(error.position.line)}:${String(error.position.column)} ${error.message}`;
  }
  return 'no error';
}

test('a statement knows its keyword, argument, substatements and place', () => {
  const module = parseModuleText(`${header}  leaf x {\n    type string;\n    ex:tag;\n  }\n}\n`, 'm.yang');
  const leaf = module.find('leaf')!;
  assert.deepEqual([leaf.argument, leaf.line, leaf.column], ['x', 2, 3]);
  const type = leaf.substatements[0]!;
  assert.deepEqual([type.keyword, type.argument, type.line, type.column], ['type', 'string', 3, 5]);
  assert.deepEqual([leaf.substatements[1]!.keyword, leaf.substatements[1]!.argument], ['ex:tag', undefined]);
});

test('RFC 7950 6.1.1: comments separate tokens, and are none inside quotes', () => {
  assert.equal(description('description/* a { */"x // y /* z"// end\n;'), 'x // y /* z');
});

test('RFC 7950 6.1.3: an argument without quotes ends at a space, semicolon, brace or comment', () => {
  assert.equal(description('description a.b/c+d;'), 'a.b/c+d');
  assert.equal(description('description a{}'), 'a');
  assert.equal(description('description a//b\n;'), 'a');
  assert.equal(description('description a/*b*/;'), 'a');
});

test('RFC 7950 6.1.3: quoted strings are concatenated by +', () => {
  assert.equal(description(`description "a" + 'b'\n + /* c */ "d";`), 'abd');
});

test('RFC 7950 6.1.3: single quotes keep everything as it is', () => {
  assert.equal(description(`description 'a\\n"b"  \n   c';`), 'a\\n"b"  \n   c');
});

test('RFC 7950 6.1.3: double quotes know four escapes', () => {
  assert.equal(description('description "a\\n\\t\\"\\\\n";'), 'a\n\t"\\n');
});

test('RFC 7950 6.1.3: indentation up to the opening quote and space before line breaks go', () => {
  assert.equal(
    description('  description "one  \n                 two\n               three\n four";'),
    'one\n  two\nthree\nfour',
  );
  assert.equal(description('\tdescription "one\n\t\t\t   two";'), 'one\n      two');
  assert.equal(description('description "a\\n  b \\t\n x";'), 'a\n  b \t\nx');
});

test('RFC 7950 6.1.3: a line break may be CRLF', () => {
  assert.equal(description('description "one \r\n             two";'), 'one\ntwo');
});

test('RFC 7950 6.1.3: YANG 1 lets other escapes and quotes in words pass, YANG 1.1 does not', () => {
  assert.equal(description('description "\\d";', '1'), '\\d');
  assert.equal(description('description a"b;', '1'), 'a"b');
  assert.equal(
    fault(`${header}description "\\d";\n}`),
    `2:14 invalid escape '\\d' in a double-quoted string; only \\n, \\t, \\" and \\\\ are allowed`,
  );
  assert.equal(fault(`${header}description a"b;\n}`), '2:14 a string that is not in quotes contains a quote');
});

test('a byte order mark at the beginning is passed over', () => {
  assert.equal(parseModuleText(`\uFEFF${header}}`, 'm.yang').name, 'm');
});

const faults: readonly (readonly [string, string, string])[] = [
  ['nothing', '', '1:1 expected module or submodule, found the end of the file'],
  ['another statement', 'container x;', "1:1 expected module or submodule, found 'container'"],
  ['a missing brace', 'module m {\n  leaf x {', "2:11 expected '}' for 'leaf x' of line 2, found the end of the file"],
  ['a brace too many', 'module m { }\n}', "2:1 expected the end of the file, found '}'"],
  ['a second module', 'module m { }\nmodule n { }', "2:1 expected the end of the file, found 'module'"],
  [
    'a missing semicolon',
    'module m {\n  prefix p\n  leaf x;',
    "3:3 expected ';' or '{' after the argument of 'prefix' in line 2, found 'leaf'",
  ],
  ['no keyword', 'module m {\n  "x";', "2:3 expected a keyword, found '\"'"],
  [
    'no argument and no end',
    'module m {\n  prefix }',
    "2:10 expected an argument, ';' or '{' after 'prefix', found '}'",
  ],
  ['no space before the argument', 'module m {\n  prefix"p";', "2:9 expected a space after 'prefix', found '\"'"],
  ['an open double quote', 'module m {\n  prefix "p;\n}\n', '2:10 the string has no closing "'],
  ['an open single quote', "module m {\n  prefix 'p;\n}\n", "2:10 the string has no closing '"],
  ['an open comment', 'module m {\n  /* x }\n', '2:3 the comment has no closing */'],
  ['a word after plus', 'module m {\n  prefix "a" + b;', "2:16 expected a quoted string after '+', found 'b'"],
  ['a control character', 'module m {\n  prefix "a\u0007";', '2:12 the character U+0007 is not allowed in a module'],
  ['a noncharacter', 'module m {\n  prefix "a\uFFFE";', '2:12 the character U+FFFE is not allowed in a module'],
  ['a lone surrogate', 'module m {\n  prefix "a\uD800";', '2:12 the character U+D800 is not allowed in a module'],
  ['a keyword with two colons', 'module m {\n  a:b:c "x";', "2:6 expected a space after 'a:b', found ':c'"],
];

for (const [name, text, expected] of faults) {
  test(`refused with its place: ${name}`, () => {
    assert.equal(fault(text), expected);
  });
}

test('very deep nesting is refused, not followed', () => {
  assert.match(fault(`module m {${'a:b {'.repeat(100_000)}`), /nested more than 200 deep/u);
});

test('any text gives statements or a fault with a place', () => {
  const pieces = fc.constantFrom(
    'module ',
    'm',
    ' ',
    '{',
    '}',
    ';',
    '"',
    "'",
    '\\',
    '+',
    '/*',
    '*/',
    '//',
    '\n',
    'x:y',
    '\u0000',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      assert.match(fault(parts.join('')), /^(?:no error|[1-9]\d*:[1-9]\d* .+)/su);
    }),
    { seed: 7, numRuns: 2000 },
  );
});

test('what is printed with quotes is read back', () => {
  const text = fc.string({ unit: 'grapheme-ascii' }).filter((value) => !value.includes('\r'));
  fc.assert(
    fc.property(text, (value) => {
      const quoted = value.replace(/[\\"]/gu, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
      assert.equal(description(`description "${quoted}";`), value);
    }),
    { seed: 8, numRuns: 500 },
  );
});

test('a module of 50 000 leafs is read whole', () => {
  const module = (leafs: number): string =>
    `${header}${'leaf x { type string; description "some\n   text"; }\n'.repeat(leafs)}}`;
  const count = (statement: Statement): number => statement.substatements.reduce((sum, child) => sum + count(child), 1);
  assert.equal(count(parseModuleText(module(50_000), 'm.yang')), 50_000 * 3 + 4);
});
