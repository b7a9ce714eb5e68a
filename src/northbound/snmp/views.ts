/**
 * MIB views (RFC 3415) compiled to one octet for each readable object, so that a read costs one look-up; only where a view cuts inside a
 * table do its subtrees decide for each instance.
 */
import { maxSubIdentifiers } from './ber.js';
import type { MibObject } from './model.js';
import type { IndexKey } from './ordered-index.js';
import { agrees, type Family, includes } from './subtrees.js';

/** What a view says of an object: `partly` where its instances differ. */
export const visibility = { hidden: 0, whole: 1, partly: 2 } as const;

export class View {
  /** A value of {@link visibility} for each readable, in their order. */
  readonly leaves: Uint8Array;
  /** Undefined where every name is in the view. */
  readonly #families: readonly Family[] | undefined;

  private constructor(leaves: Uint8Array, families: readonly Family[] | undefined) {
    this.leaves = leaves;
    this.#families = families;
  }

  /** Of `objects` in OID order; those for which `isOpen` is false are hidden whatever the subtrees are. */
  static of(
    objects: readonly MibObject[],
    families: readonly Family[] | undefined,
    isOpen: (object: MibObject) => boolean = () => true,
  ): View {
    const leaf = (object: MibObject) => {
      if (!isOpen(object)) return visibility.hidden;
      return families === undefined ? visibility.whole : visibilityOf(object, families);
    };
    return new View(Uint8Array.from(objects, leaf), families);
  }

  /** `at` is the position of the object that the name is below, -1 where there is none. */
  holds(at: number, name: ArrayLike<number>, count: number): boolean {
    const leaf = at < 0 ? visibility.partly : this.leaves[at];
    if (leaf === visibility.partly) return this.#families === undefined || includes(this.#families, name, count);
    return leaf === visibility.whole;
  }

  /** The same for a row's instance of an object. */
  holdsRow(at: number, { oid }: MibObject, key: IndexKey): boolean {
    if (this.leaves[at] !== visibility.partly) return this.leaves[at] === visibility.whole;
    return this.holds(at, name, nameOf(oid, key));
  }
}

function visibilityOf(object: MibObject, families: readonly Family[]): number {
  // of a scalar there is one instance
  const prefix = object.table === undefined ? [...object.oid, 0] : object.oid;
  const { length } = prefix;
  const isCut = { included: false, excluded: false };
  let included = false;
  for (const { arcs, included: is } of families) {
    if (!agrees(arcs, prefix, Math.min(arcs.length, length))) continue;
    if (arcs.length <= length) {
      included = is;
      break;
    }
    if (object.table !== undefined) isCut[is ? 'included' : 'excluded'] = true;
  }
  const differs = included ? isCut.excluded : isCut.included;
  if (differs) return visibility.partly;
  return included ? visibility.whole : visibility.hidden;
}

const name = new Uint32Array(maxSubIdentifiers);

/** Writes the name of an instance into {@link name}. */
function nameOf(oid: readonly number[], key: IndexKey): number {
  name.set(oid);
  let count = oid.length;
  if (typeof key === 'number') name[count++] = key;
  else for (let at = 0; at < key.length; at += 2) name[count++] = key.charCodeAt(at) * 65_536 + key.charCodeAt(at + 1);
  return count;
}
