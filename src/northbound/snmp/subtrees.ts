/** Families of subtrees (RFC 3415 section 4, vacmViewTreeFamilyTable; RFC 3413 section 6): which names a view or a filter holds. */

/** Subtrees as texts in which a star stands for any sub-identifier. */
export interface Subtrees {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface Family {
  /** {@link anyArc} where the mask has a zero. */
  readonly arcs: readonly number[];
  readonly included: boolean;
}

export const anyArc = -1;

/**
 * In the order in which they decide: the longest first, of those alike in length the greatest, a star counting as 0; what is both
 * included and excluded is excluded.
 */
export function familiesOf({ include, exclude }: Subtrees): readonly Family[] {
  const families = [
    ...exclude.map((subtree) => ({ arcs: arcsOf(subtree), included: false })),
    ...include.map((subtree) => ({ arcs: arcsOf(subtree), included: true })),
  ];
  return families.sort((one, other) => other.arcs.length - one.arcs.length || compare(other.arcs, one.arcs));
}

/** Whether the first family that the name lies in includes it; what lies in none is not included. */
export function includes(families: readonly Family[], name: ArrayLike<number>, count: number): boolean {
  return familyOf(families, name, count)?.included === true;
}

/** Whether the first family that the name lies in excludes it; what lies in none is not excluded either. */
export function excludes(families: readonly Family[], name: ArrayLike<number>, count: number): boolean {
  return familyOf(families, name, count)?.included === false;
}

function familyOf(families: readonly Family[], name: ArrayLike<number>, count: number): Family | undefined {
  return families.find(({ arcs }) => arcs.length <= count && agrees(arcs, name, arcs.length));
}

/** True where the first `length` sub-identifiers agree. */
export function agrees(arcs: readonly number[], name: ArrayLike<number>, length: number): boolean {
  for (let index = 0; index < length; index += 1)
    if (arcs[index] !== name[index] && arcs[index] !== anyArc) return false;
  return true;
}

function arcsOf(subtree: string): readonly number[] {
  return subtree.split('.').map((arc) => (arc === '*' ? anyArc : Number(arc)));
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [index, arc] of one.entries()) {
    const difference = Math.max(0, arc) - Math.max(0, other[index]!);
    if (difference !== 0) return difference;
  }
  return 0;
}
