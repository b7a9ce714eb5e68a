/** Differences as people may see them: without secrets and without what only handlers read. */
import { diffTrees } from '../yang/index.js';
import type { Difference, Root } from './contract.js';
import type { Sealing } from './sealing.js';

export function makeReadable(before: Root, after: Root, sealing: Sealing): readonly Difference[] {
  return [
    ...diffTrees(sealing.shown(before.config), sealing.shown(after.config)),
    ...diffTrees(sealing.shown(before.system), sealing.shown(after.system)),
  ];
}
