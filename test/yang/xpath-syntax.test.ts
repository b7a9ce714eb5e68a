/** XPath 1.0 section 3.7 and the grammar: what is an expression, and what is said of what is none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadSchema } from '../../src/yang/index.js';
import type { Expression, XPathNames } from '../../src/yang/xpath/expression.js';
import { compileXPath } from '../../src/yang/xpath/parser.js';

const names: XPathNames = {
  prefix: (prefix) => (prefix === 'p' || prefix === 'div' ? { name: `module-${prefix}` } : undefined),
  unprefixed: { name: 'own' },
};

/** The tree in short: operators in front, names with their modules. */
function shape(expression: Expression): string {
  switch (expression.kind) {
    case 'or':
    case 'and':
    case 'union':
      return `(${[expression.kind, ...expression.operands.map(shape)].join(' ')})`;
    case 'comparison':
    case 'arithmetic':
      return `(${expression.operator} ${shape(expression.left)} ${shape(expression.right)})`;
    case 'negative':
      return `(- ${shape(expression.operand)})`;
    case 'literal':
      return `'${expression.value}'`;
    case 'number':
      return String(expression.value);
    case 'call':
      return `${expression.name}(${expression.operands.map(shape).join(', ')})`;
    case 'filter':
      return `${shape(expression.primary)}${expression.predicates.map((each) => `[${shape(each)}]`).join('')}`;
    case 'path': {
      const steps = expression.steps.map(({ axis, test, predicates }) => {
        const name = test.kind === 'name' ? `${test.module ?? '*'}:${test.name ?? '*'}` : `${test.kind}()`;
        return `${axis}::${name}${predicates.map((each) => `[${shape(each)}]`).join('')}`;
      });
      const start =
        expression.start === 'root' ? '/' : expression.start === 'context' ? '' : `${shape(expression.start)}/`;
      return start + steps.join('/');
    }
    case 'register':
      return 'register';
  }
}

const parse = (text: string): string => shape(compileXPath(text, names).tree);

describe('XPath 1.0 grammar', () => {
  const trees: readonly (readonly [string, string])[] = [
    ['a', 'child::own:a'],
    ['p:a', 'child::module-p:a'],
    ['p:*', 'child::module-p:*'],
    ['*', 'child::*:*'],
    ['/', '/'],
    ['/a', '/child::own:a'],
    ['//a', '/descendant-or-self::node()/child::own:a'],
    ['a//b', 'child::own:a/descendant-or-self::node()/child::own:b'],
    ['.', 'self::node()'],
    ['..', 'parent::node()'],
    ['@a', 'attribute::own:a'],
    ['ancestor-or-self :: node ( )', 'ancestor-or-self::node()'],
    ["processing-instruction('x')", 'child::processing-instruction()'],
    ['text()', 'child::text()'],
    ['comment()', 'child::comment()'],
    ['a[1][b]', 'child::own:a[1][child::own:b]'],
    ['(a)[1]', 'child::own:a[1]'],
    ['(a | b)/c', '(union child::own:a child::own:b)/child::own:c'],
    ['current()/../a', 'current()/parent::node()/child::own:a'],
    ['concat(\'a\', "b")', "concat('a', 'b')"],
    ['1 + 2 * 3 - 4', '(- (+ 1 (* 2 3)) 4)'],
    ['- - 1', '(- (- 1))'],
    ['-a|b', '(- (union child::own:a child::own:b))'],
    ['1 < 2 = 3 >= 4', '(= (< 1 2) (>= 3 4))'],
    ['a or b and c or d', '(or child::own:a (and child::own:b child::own:c) child::own:d)'],
    ['.5 + 5.', '(+ 0.5 5)'],
    ['\n a \t = \r\n b ', '(= child::own:a child::own:b)'],
    // A name is an operator behind an operand only, and `*` multiplies there only.
    ['and and or', '(and child::own:and child::own:or)'],
    ['div div div', '(div child::own:div child::own:div)'],
    ['div:div div div:*', '(div child::module-div:div child::module-div:*)'],
    ['* * *', '(* child::*:* child::*:*)'],
    ['mod[mod]mod mod', '(mod child::own:mod[child::own:mod] child::own:mod)'],
    ['text', 'child::own:text'],
    ['node', 'child::own:node'],
    ['child', 'child::own:child'],
    ['count', 'child::own:count'],
    ['count(count)', 'count(child::own:count)'],
    ['self::self', 'self::own:self'],
    ['a-b', 'child::own:a-b'],
    ['a -b', '(- child::own:a child::own:b)'],
    ['a.b', 'child::own:a.b'],
    ['4-3', '(- 4 3)'],
  ];
  for (const [text, tree] of trees) {
    it(`reads ${JSON.stringify(text)}`, () => assert.equal(parse(text), tree));
  }

  const faults: readonly (readonly [string, string])[] = [
    ['', 'expected a step at character 1, found the end'],
    ['a =', 'expected a step at character 4, found the end'],
    ['a b', "expected an operator at character 3, found 'b'"],
    ['a[1', "expected ']' at character 4, found the end"],
    ['a]', "expected an operator or the end at character 2, found ']'"],
    ['(a', "expected ')' at character 3, found the end"],
    ['a/', 'expected a step at character 3, found the end'],
    ['a///b', "expected a step at character 4, found '/b'"],
    ["'open", "expected an expression at character 1, found ''open'"],
    ['a ! b', "expected an expression at character 3, found '! b'"],
    ['$limit > 1', 'there are no variables (character 1)'],
    ['up::a', "expected an axis at character 1, found 'up::a'"],
    ['q:a = 1', "prefix 'q' is not known (character 1)"],
    ['p:', 'expected a name at character 3, found the end'],
    ['size(a)', "there is no function 'size' (character 1)"],
    ['p:count(a)', "there is no function 'p:count' (character 1)"],
    ['count()', "'count' takes 1 argument, 0 given (character 1)"],
    ['true(1)', "'true' takes 0 arguments, 1 given (character 1)"],
    ["concat('a')", "'concat' takes at least 2 arguments, 1 given (character 1)"],
    ["substring('a')", "'substring' takes 2 or 3 arguments, 1 given (character 1)"],
    ["count('a')", "expected a node-set at character 7, found ''a')'"],
    ["'a'/b", "expected a node-set at character 1, found ''a'/b'"],
    ["'a'[1]", "expected a node-set at character 1, found ''a'[1]'"],
    ['a | 1', "expected a node-set at character 5, found '1'"],
    ['1 | a', "expected a node-set at character 1, found '1 | a'"],
    ["re-match(a, '(')", "expected ')' at character 2 of '('"],
  ];
  for (const [text, message] of faults) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parse(text), { name: 'SyntaxError', message }));
  }

  it('bounds length and depth, and takes long chains', () => {
    assert.throws(() => parse(`a${' '.repeat(70_000)}`), /longer than 65536 characters/u);
    for (const text of [`${'('.repeat(300)}1${')'.repeat(300)}`, `a${'[a'.repeat(300)}`, `a${'/a'.repeat(300)}`]) {
      assert.throws(() => parse(text), /too many parts inside each other/u);
    }
    assert.throws(() => parse(`1${'+1'.repeat(2_000)}`), /too many parts inside each other/u);
    parse(`a${' or a'.repeat(5_000)}`);
    parse(`a${' | a'.repeat(5_000)}`);
  });

  it('gives an expression or a SyntaxError for any text', () => {
    const part = fc.constantFrom(
      'a',
      'p:b',
      '*',
      '/',
      '//',
      '[',
      ']',
      '(',
      ')',
      '::',
      'self',
      'count',
      'div',
      'or',
      '=',
      "'",
      '"',
      '$',
      '.',
      '..',
      '1',
      ' ',
      ',',
      '|',
      '-',
      '<',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            parse(text);
          } catch (thrown) {
            assert.ok(thrown instanceof SyntaxError, String(thrown));
          }
        },
      ),
      { numRuns: process.env.SIGNET_LONG === '1' ? 200_000 : 5_000 },
    );
  });
});

describe('expressions in modules (RFC 7950 6.4)', () => {
  const load = (body: string, prefix = ''): readonly string[] => {
    const text = `module m { yang-version 1.1; namespace "urn:m"; prefix m; ${prefix}\n${body}\n}`;
    return loadSchema({ files: [{ name: 'm.yang', text }] }).errors.map(
      ({ line, column, message }) => `${String(line)}:${String(column)} ${message}`,
    );
  };

  it('are module errors where they are none, at their statement', () => {
    assert.deepEqual(load('leaf a { type string; must "../b ="; }'), [
      "2:23 'must': expected a step at character 7, found the end",
    ]);
    assert.deepEqual(load(`container c {\n  when "q:x";\n}\nleaf d { type string; must "f()"; }`), [
      "3:3 'when': prefix 'q' is not known (character 1)",
      "5:23 'must': there is no function 'f' (character 1)",
    ]);
  });

  it('know the prefixes of the module that wrote them', () => {
    assert.deepEqual(load('leaf a { type string; must "m:b or ../m:c"; }'), []);
  });
});
