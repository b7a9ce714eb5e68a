import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { numberPattern } from '../../src/yang/number-pattern.js';

describe('ranges of numbers as regular expressions', () => {
  it('are short where they can be', () => {
    assert.equal(numberPattern([{ min: 0n, max: 99n }], 0), '^(?:\\+?0*[0-9][0-9]{0,1}|-0*0)$');
    assert.equal(
      numberPattern([{ min: 10n, max: 250n }], 0),
      '^\\+?0*(?:(?:1[0-9]{2}|2(?:[0-4][0-9]|50))|[1-9][0-9])$',
    );
    assert.ok(numberPattern([{ min: -(2n ** 63n), max: 2n ** 63n - 1n }], 0).length < 1000);
  });

  it('take every number within, in every form, and no other', () => {
    const bound = fc.oneof(
      fc.bigInt({ min: -1200n, max: 1200n }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(0n, 9n, 10n, 99n, 100n, -1n, -9n, -10n, 999n),
    );
    const form = fc.record({
      plus: fc.boolean(),
      leading: fc.nat({ max: 2 }),
      trailing: fc.nat({ max: 2 }),
      short: fc.boolean(),
    });
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: 0, max: 4 }), form, fc.array(bound), (a, b, digits, how, others) => {
        const [min, max] = a < b ? [a, b] : [b, a];
        const pattern = numberPattern([{ min, max }], digits);
        const expression = new RegExp(pattern, 'u');
        const near = [min - 1n, min, min + 1n, (min + max) / 2n, max - 1n, max, max + 1n, -min, 0n, 10n * max];
        for (const value of [...near, ...others]) {
          const text = write(value, digits, how);
          assert.equal(expression.test(text), min <= value && value <= max, `${text} by ${pattern}`);
        }
        for (const none of ['', '-', '+', '.', '1.', '.1', 'a', '1 1', '--1']) assert.ok(!expression.test(none), none);
      }),
      { seed: 12, numRuns: 2000 },
    );
  });
});

interface Writing {
  readonly plus: boolean;
  readonly leading: number;
  readonly trailing: number;
  readonly short: boolean;
}

function write(value: bigint, digits: number, { plus, leading, trailing, short }: Writing): string {
  const magnitude = String(value < 0n ? -value : value).padStart(digits + 1, '0');
  const sign = value < 0n ? '-' : plus ? '+' : '';
  const whole = magnitude.slice(0, magnitude.length - digits);
  let fraction = magnitude.slice(magnitude.length - digits);
  if (short) fraction = fraction.replace(/0+$/u, '');
  if (digits > 0) fraction += '0'.repeat(trailing);
  return `${sign}${'0'.repeat(leading)}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
