import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { longestAscending } from '../../src/yang/index.js';

describe('the longest ascending subsequence', () => {
  it('ascends strictly, is in order, and no choice of places is longer', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(8), { maxLength: 10 }), (values) => {
        const places = longestAscending(values);
        assert.ok(places.every((place, index) => index === 0 || places[index - 1]! < place));
        assert.ok(isAscending(places.map((place) => values[place]!)));
        let most = 0;
        for (let set = 0; set < 2 ** values.length; set++) {
          const chosen = values.filter((_, place) => (set & (1 << place)) !== 0);
          if (isAscending(chosen)) most = Math.max(most, chosen.length);
        }
        assert.equal(places.length, most);
      }),
      { seed: 44, numRuns: 300 },
    );
  });
});

function isAscending(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || values[index - 1]! < value);
}
