/** The path of a list entry whose leafs are asked for again and again: it remembers where the entry is. */
import { type Branch, InstanceIdentifier } from '../yang/index.js';

export class EntryPath extends InstanceIdentifier {
  /** In the tree with that serial number. */
  found: Branch | undefined = undefined;
  serial = 0;
}
