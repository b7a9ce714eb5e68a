import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadSchema } from '../../src/yang/index.js';
import { compilePattern } from '../../src/yang/pattern.js';
import { ecmaScriptPattern } from '../../src/yang/pattern-ecmascript.js';
import { publishedModules } from '../support/published-modules.js';

describe('patterns as ECMAScript writes them (XML Schema 1.1 part 2, appendix G)', () => {
  it('stay readable', () => {
    const written: readonly (readonly [xsd: string, ecmaScript: string])[] = [
      ['[0-9a-fA-F]*', '^[0-9a-fA-F]*$'],
      ['a|b', '^(?:a|b)$'],
      ['(a|b)c', '^(?:a|b)c$'],
      ['(ab){2,}', '^(?:ab){2,}$'],
      ['\\d{2}', '^[\\p{Nd}]{2}$'],
      ['^a$', '^\\^a\\$$'],
      ['a/b', '^a\\/b$'],
      ['.', '^[^\\n\\r]$'],
      ['\\S*', '^[^\\t-\\n\\r ]*$'],
      ['\\W', '^[\\p{P}\\p{Z}\\p{C}]$'],
      ['[a-z-[aeiou]]', '^(?:(?![aeiou])[a-z])$'],
      ['\\P{IsGreek}', '^[^\u0370-Ͽ]$'],
      ['\\p{IsBasicLatin}', '^[\\u0000-\\u007f]$'],
      ['\\P{Lu}', '^\\P{Lu}$'],
      ['', '^$'],
    ];
    for (const [xsd, expected] of written) assert.equal(ecmaScriptPattern(xsd), expected, xsd);
  });

  it('are left out where an engine might not take them', () => {
    assert.equal(ecmaScriptPattern('a{20000}'), undefined);
    assert.equal(ecmaScriptPattern('(a|b{1,65535})*'), undefined);
    assert.notEqual(ecmaScriptPattern('a{0,255}'), undefined);
  });

  it('match what our own engine matches, whatever is written', () => {
    const { pattern } = fc.letrec<{ pattern: string; atom: string; group: string }>((tie) => ({
      pattern: fc.array(fc.tuple(tie('atom'), quantifiers).map(([atom, bounds]) => atom + bounds), { maxLength: 4 }).map((pieces) => pieces.join('')), // biome-ignore format: one line
      atom: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom('a', 'é', '\\.', '^', '$', '/', '.', '\\-', '😀', ...escapes),
        tie('group'),
        fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }).map((branches) => `(${branches.join('|')})`),
      ),
      group: fc
        .tuple(
          fc.constantFrom('', '^'),
          fc.array(fc.constantFrom('a-f', '0-9', '.', '\\]', '\\^', '\\-', 'é', '😀-😎', '$', ...escapes), {
            minLength: 1,
            maxLength: 3,
          }),
          fc.option(tie('group'), { nil: '', freq: 3 }),
        )
        .map(([negation, parts, without]) => `[${negation}${parts.join('')}${without === '' ? '' : `-${without}`}]`),
    }));
    fc.assert(
      fc.property(pattern, fc.array(texts, { minLength: 4, maxLength: 8 }), (xsd, values) => {
        const written = ecmaScriptPattern(xsd)!;
        const theirs = new RegExp(written, 'u');
        const ours = compilePattern(xsd);
        for (const value of values) {
          assert.equal(theirs.test(value), ours.matches(value), `${xsd} as ${written} on ${JSON.stringify(value)}`);
        }
      }),
      { seed: 11, numRuns: process.env.SIGNET_LONG === '1' ? 20_000 : 120 },
    );
  });

  const published = publishedModules();
  it('can be written for every pattern of the published modules', { skip: published.skip }, () => {
    const { schema } = loadSchema({ directories: [published.directory] });
    let count = 0;
    for (const { text } of schema.modules.values()) {
      for (const [, xsd] of text.matchAll(/^\s*pattern\s+'([^']*)'\s*[;{]/gmu)) {
        const written = ecmaScriptPattern(xsd!);
        assert.ok(written !== undefined && new RegExp(written, 'u').flags === 'u', xsd);
        count++;
      }
    }
    assert.ok(count > 20, String(count));
  });
});

const quantifiers = fc.constantFrom('', '', '?', '*', '+', '{2}', '{1,}', '{0,2}');
const escapes = [
  '\\d', '\\D', '\\s', '\\S', '\\w', '\\W', '\\i', '\\I', '\\c', '\\C', '\\n', '\\\\', '\\p{L}', '\\P{Lu}', '\\p{Nd}',
  '\\p{IsBasicLatin}', '\\P{IsBasicLatin}', '\\p{IsGreek}', '\\p{P}',
]; // biome-ignore format: a table
const texts = fc.string({ unit: fc.constantFrom('a', 'B', '5', 'é', 'α', '.', '-', '^', '$', ' ', '\n', '😀', '٣', ':'), maxLength: 4 }); // biome-ignore format: one line
