/** Which keys are still named: by running, by a kept point of the history, by a pending request. */
import type { Root } from '../../datastore/index.js';
import type { DataTree, ListData } from '../../yang/index.js';
import { list } from '../read.js';
import { httpsContainer, keyIdsIn } from './entry.js';

/**
 * The key-ids that the roots name, but for those of the entry `except`. Cost follows the first root and what differs from
 * each to the next, so the roots are best given in the order of the history.
 */
export function keysOfRoots(roots: readonly Root[], except?: string): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (entry: Parameters<typeof keyIdsIn>[0] | undefined) => {
    if (entry === undefined || entry.keys()[0] === except) return;
    for (const keyId of keyIdsIn(entry)) found.add(keyId);
  };
  let former: ListData | undefined;
  for (const { system } of roots) {
    const entries = certificates(system);
    if (entries === former || entries === undefined) continue;
    if (former === undefined) for (const entry of entries) add(entry);
    else for (const { after } of entries.changesSince(former)) add(after);
    former = entries;
  }
  return found;
}

function certificates(system: DataTree): ListData | undefined {
  return list(httpsContainer(system), 'certificate');
}
