/** How the entries of a list differ between two versions, and which of a user-ordered list moved. */
import { longestAscending } from './ascending.js';
import type { Branch } from './tree-branch.js';

/** How one entry differs between two versions of a list; positions are given for user-ordered lists. */
export interface EntryChange {
  readonly before: Branch | undefined;
  readonly after: Branch | undefined;
  readonly positionBefore: number | undefined;
  readonly positionAfter: number | undefined;
}

/**
 * Positions that were spread anew to make room are no moves: an entry stays that keeps its order among those whose positions
 * changed, and passed none whose position did not. `nextHigher` gives the next position of the later version.
 */
export function withoutSpreading(
  changes: readonly EntryChange[],
  nextHigher: (position: number) => number | undefined,
): readonly EntryChange[] {
  const moved = changes.filter((each) => each.positionBefore !== each.positionAfter);
  const places = new Set(moved.map((each) => each.positionAfter));
  const shifted = moved.filter(isHeld).sort((a, b) => a.positionBefore - b.positionBefore);
  const staying = new Set<EntryChange>();
  for (const place of longestAscending(shifted.map((each) => each.positionAfter))) {
    const change = shifted[place]!;
    const low = Math.min(change.positionBefore, change.positionAfter);
    const high = Math.max(change.positionBefore, change.positionAfter);
    let next = nextHigher(low);
    while (next !== undefined && next < high && places.has(next)) next = nextHigher(next);
    if (next === undefined || next >= high) staying.add(change);
  }
  return changes.flatMap((each) => {
    if (!staying.has(each)) return [each];
    return each.before === each.after ? [] : [{ ...each, positionBefore: each.positionAfter }];
  });
}

type Held = EntryChange & { readonly positionBefore: number; readonly positionAfter: number };

function isHeld(change: EntryChange): change is Held {
  return change.positionBefore !== undefined && change.positionAfter !== undefined;
}
