/** wildcard-object-identifier of RFC 7407: sub-identifiers, of which any may be a star. */

const form = /^(?:\d{1,10}|\*)(?:\.(?:\d{1,10}|\*)){0,127}$/u;

/** The subtree with 0 in the place of each star; undefined for what is none. */
export function asSubtree(oid: string): string | undefined {
  if (!form.test(oid)) return undefined;
  const arcs = oid.split('.').map((arc) => (arc === '*' ? 0 : Number(arc)));
  return arcs.every((arc) => arc <= 0xffffffff) ? arcs.join('.') : undefined;
}
