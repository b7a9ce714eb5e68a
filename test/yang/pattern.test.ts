import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePattern } from '../../src/yang/pattern.js';

function check(pattern: string, matching: readonly string[], others: readonly string[]): void {
  const compiled = compilePattern(pattern);
  for (const value of matching) assert.ok(compiled.matches(value), `${pattern} should match ${JSON.stringify(value)}`);
  for (const value of others)
    assert.ok(!compiled.matches(value), `${pattern} should not match ${JSON.stringify(value)}`);
}

describe('patterns (XML Schema 1.1 part 2, appendix G)', () => {
  it('match the whole value', () => {
    check('ab', ['ab'], ['', 'a', 'abc', 'xab', 'ab\n']);
    check('a|b', ['a', 'b'], ['ab', '']);
    check('', [''], ['a']);
    check('a||b', ['a', '', 'b'], ['ab']);
    check('(|a)b', ['b', 'ab'], ['a']);
  });

  it('have quantifiers with bounds', () => {
    check('a{2}', ['aa'], ['a', 'aaa']);
    check('a{2,}', ['aa', 'aaaa'], ['a']);
    check('a{1,3}b?', ['a', 'aaab'], ['', 'aaaa', 'b']);
    check('(ab)+c*', ['ab', 'ababcc'], ['', 'c', 'aba']);
    check('(a?){3}', ['', 'aaa'], ['aaaa']);
    check('(a*)*', ['', 'aaaa'], ['b']);
    check('a{0}', [''], ['a']);
  });

  it('know no anchors: ^ and $ are ordinary', () => {
    check('^a$', ['^a$'], ['a']);
  });

  it('have classes with ranges, negation and subtraction', () => {
    check('[a-c-]', ['a', 'c', '-'], ['d']);
    check('[-a]', ['-', 'a'], ['b']);
    check('[^a-c]', ['d', '\u{1F600}'], ['b', '']);
    check('[a-z-[aeiou]]+', ['xyz'], ['xay']);
    check('[\\w-[\\d]]', ['a'], ['1', ' ']);
    check('[^a-z-[A-Z]]', ['1'], ['a', 'B']);
    check('[.]', ['.'], ['a']);
    check('[a^]', ['^', 'a'], ['b']);
    check('[\\-x\\]]+', ['-x]'], ['\\']);
  });

  it('have multi-character escapes', () => {
    check('\\d+', ['019', '\u0663'], ['a']);
    check('\\s', [' ', '\t', '\n', '\r'], ['\u00a0', 'x']);
    check('\\S+', ['ab'], ['a b']);
    check('\\i\\c*', ['a-1', '_x', ':'], ['1a', '-']);
    check('\\w+', ['aZ9', '\u00e9', '+'], ['.', ' ', '-']);
    check('\\D', ['a'], ['5']);
    check('.', ['a', '\u{1F600}'], ['\n', '\r', '']);
    check('\\.\\\\\\n', ['.\\\n'], ['.']);
  });

  it('have Unicode categories and blocks', () => {
    check('\\p{L}+', ['aé日', '\u{10400}'], ['1']);
    check('\\P{L}', ['1'], ['a']);
    check('[\\p{N}\\p{L}]+', ['eth0', '²'], ['-']);
    check('\\p{Lu}\\p{Ll}', ['Aa'], ['aA']);
    check('\\p{IsBasicLatin}*', ['abc~'], ['é']);
    check('\\P{IsGreek}', ['a'], ['\u03b1']);
    check('\\p{Co}', ['\ue000', '\u{100000}'], ['a']);
  });

  it('count code points, not UTF-16 units', () => {
    check('.{2}', ['\u{1F600}a'], ['\u{1F600}', '\u{1F600}ab']);
    check('[\u{1F600}-\u{1F610}]', ['\u{1F605}'], ['\u{1F620}']);
  });

  it('are refused with a SyntaxError where they are none', () => {
    const bad = [
      '(',
      ')',
      'a)',
      '[',
      '[]',
      '[a',
      'a**',
      '*',
      '?',
      '+a',
      'a{',
      'a{1',
      'a{2,1}',
      'a{,2}',
      'a{x}',
      '\\',
      '\\q',
    ];
    bad.push('\\p{Foo}', '\\p{IsNowhere}', '\\pL', '[z-a]', '[a-\\d]', '[[a]]', ']', '}', 'x{1}{2}', '(?:a)', '\\1');
    bad.push('('.repeat(200) + ')'.repeat(200), '(a{100}){200}', '((a{100}b){100}){100}');
    for (const pattern of bad) assert.throws(() => compilePattern(pattern), SyntaxError, pattern);
  });

  it('take large counts of one class without a state for each', () => {
    check('[0-9a-f]{0,65535}', ['', 'a'.repeat(65535)], ['a'.repeat(65536), 'xa']);
    check(
      'a{200,300}b',
      [`${'a'.repeat(200)}b`, `${'a'.repeat(300)}b`],
      [`${'a'.repeat(199)}b`, `${'a'.repeat(301)}b`],
    );
    check('a*a{200}', ['a'.repeat(200), 'a'.repeat(1000)], ['a'.repeat(199)]);
    check('a{1000,}', ['a'.repeat(1000), 'a'.repeat(2000)], ['a'.repeat(999)]);
    check('(x|a{0,200})a{200,400}', ['a'.repeat(600), `x${'a'.repeat(400)}`], ['a'.repeat(601), `x${'a'.repeat(401)}`]);
    check('(a{150,160},)*', [`${'a'.repeat(155)},${'a'.repeat(150)},`, ''], [`${'a'.repeat(155)},${'a'.repeat(149)},`]);
  });

  it('cost time linear in the value', () => {
    const pattern = compilePattern('(a+)+b|(a|aa)*c|(.*a){20}d');
    assert.ok(!pattern.matches('a'.repeat(100_000)));
    assert.ok(pattern.matches(`${'a'.repeat(100_000)}b`));
  });

  it('agree with RegExp on random patterns where both have the same meaning', () => {
    const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '[a-c]', '\\d', '1');
    const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc.array(tie('piece'), { maxLength: 4 }).map((parts) => parts.join('')),
        fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `${left}|${right}`),
      ),
      piece: fc.oneof(
        { maxDepth: 4 },
        atom,
        tie('pattern').map((body) => `(${body})`),
        fc
          .tuple(tie('pattern'), fc.constantFrom('?', '*', '+', '{2}', '{1,2}', '{2,}'))
          .map(([body, q]) => `(${body})${q}`),
        fc
          .tuple(atom, fc.constantFrom('?', '*', '+', '{0,130}', '{2,140}', '{129,}'))
          .map(([body, q]) => `${body}${q}`),
      ),
    }));
    const value = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1'), maxLength: 9 }),
      fc
        .tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 120, max: 145 }))
        .map(([unit, times]) => unit.repeat(times)),
    );
    fc.assert(
      fc.property(pattern, fc.array(value, { minLength: 5, maxLength: 5 }), (text, values) => {
        fc.pre(nestedStars(text) < 3);
        const ours = compilePattern(text);
        const theirs = new RegExp(`^(?:${text})$`, 'u');
        // RegExp backtracks: long values only where nothing is repeated twice over.
        for (const each of values)
          if (each.length < 10 || nestedStars(text) < 2)
            assert.equal(ours.matches(each), theirs.test(each), `${text} on ${each}`);
      }),
      { seed: 7, numRuns: 1500 },
    );
  });
});

function nestedStars(text: string): number {
  return (text.match(/[*+}]/gu) ?? []).length;
}
