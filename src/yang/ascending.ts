/** What stays where it is when a sequence is put in another order: as much as can, so that what moves is as little as can. */

/** The places of a longest subsequence that strictly ascends; O(n log n). */
export function longestAscending(values: readonly number[]): readonly number[] {
  /** By length, the place of the smallest value that a subsequence of that length ends in. */
  const ends: number[] = [];
  const previous = new Array<number>(values.length);
  for (const [place, value] of values.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[ends[middle]!]! < value) low = middle + 1;
      else high = middle;
    }
    previous[place] = low === 0 ? -1 : ends[low - 1]!;
    ends[low] = place;
  }
  const places = new Array<number>(ends.length);
  for (let [at, length] = [ends.at(-1) ?? -1, ends.length]; at >= 0; at = previous[at]!) places[--length] = at;
  return places;
}
