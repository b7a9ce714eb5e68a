/** How the values of a leaf-list changed, as what goes and what comes at each place: its size is that of the change. */
import { longestAscending, type Value } from '../yang/index.js';

/** From `start` of the former values on, `count` go and `values` come; in ascending order, none touches another. */
export interface Splice {
  readonly start: number;
  readonly count: number;
  readonly values: readonly Value[];
}

/** What leads from one to the other. Of values that are a set the longest run that keeps its order stays. */
export function splicesBetween(before: readonly Value[], after: readonly Value[]): readonly Splice[] {
  const shorter = Math.min(before.length, after.length);
  let [head, tail] = [0, 0];
  while (head < shorter && before[head] === after[head]) head++;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const [was, is] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  const splices: Splice[] = [];
  let [old, now] = [0, 0];
  const upTo = (oldEnd: number, nowEnd: number): void => {
    if (oldEnd > old || nowEnd > now) {
      splices.push({ start: head + old, count: oldEnd - old, values: is.slice(now, nowEnd) });
    }
    [old, now] = [oldEnd + 1, nowEnd + 1];
  };
  for (const [place, other] of staying(was, is)) upTo(place, other);
  upTo(was.length, is.length);
  return splices;
}

/** Throws RangeError where the values are not those that the splices were made for. */
export function applySplices(before: readonly Value[], splices: readonly Splice[]): readonly Value[] {
  const after: Value[] = [];
  let at = 0;
  for (const { start, count, values } of splices) {
    if (start < at || start + count > before.length) throw new RangeError('there are no such values');
    for (; at < start; at++) after.push(before[at]!);
    for (const value of values) after.push(value);
    at = start + count;
  }
  for (; at < before.length; at++) after.push(before[at]!);
  return after;
}

/** The places of what stays, in both. */
function staying(was: readonly Value[], is: readonly Value[]): readonly (readonly [number, number])[] {
  if (was.length === 0 || is.length === 0 || Math.max(was.length, is.length) > maxSorted) return [];
  const places = new Map(was.map((value, place) => [value, place]));
  // State may hold a value twice: then there is no telling which of them stays.
  if (places.size < was.length) return [];
  const found = is.flatMap((value, now) => {
    const place = places.get(value);
    return place === undefined ? [] : [[place, now] as const];
  });
  return longestAscending(found.map(([place]) => place)).map((index) => found[index]!);
}

/** Values that are put in order at once; more of them go as a whole. */
const maxSorted = 65_536;
