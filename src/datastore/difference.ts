/** Differences as people may see them: without secrets and without what only handlers read. */
import type { Difference, Root } from './contract.js';
import { differencesBetween } from './draft.js';
import type { Sealing } from './sealing.js';

export function makeReadable(before: Root, after: Root, sealing: Sealing): readonly Difference[] {
  const shown = (root: Root): Root => ({ config: sealing.shown(root.config), system: sealing.shown(root.system) });
  return differencesBetween(shown(before), shown(after));
}
