/** How values are laid out for people: a status in its colour, and only on a terminal. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatTable, formatValue } from '../../../src/northbound/cli/text.js';

const colour = { colour: true };
const plain = { colour: false };

/** Escape characters as `^`. */
const visible = (text: string) => text.replaceAll('\u001b', '^');

describe('the state of a certificate', () => {
  const rows = [
    ['a', 'valid', '400'],
    ['long-name', 'expired', '-3'],
    ['b', 'clock-untrusted', '7'],
    ['expired', '', ''],
  ];
  const headline = ['NAME', 'VALIDITY', 'DAYS'];

  test('stands in a column, green, yellow or red, and the columns stay in line', () => {
    const shown = visible(formatTable(headline, rows, colour));
    assert.deepEqual(shown.split('\n').slice(1), [
      'a          ^[32mvalid^[0m            400',
      'long-name  ^[31mexpired^[0m          -3',
      'b          ^[33mclock-untrusted^[0m  7',
      'expired',
      '',
    ]);
    assert.equal(shown.replaceAll(/\^\[\d+m/g, ''), formatTable(headline, rows, plain));
  });

  test('is coloured in a struct by its name alone', () => {
    const value = { subject: 'expired', validity: 'expiring', finding: [{ severity: 'error', text: 'error' }] };
    const shown = visible(formatValue(value, colour));
    assert.match(shown, /\^\[36mvalidity\^\[0m {2}\^\[33mexpiring\^\[0m\n/);
    assert.match(shown, /\^\[36msubject \^\[0m {2}expired\n/);
    assert.match(shown, /\^\[36mseverity\^\[0m {2}\^\[31merror\^\[0m\n/);
    assert.doesNotMatch(visible(formatValue(value, plain)), /\^/);
  });
});
