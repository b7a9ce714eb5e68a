/** wildcard-object-identifier of RFC 7407: sub-identifiers, of which any may be a star. */

const form = /^(?:\d{1,10}|\*)(?:\.(?:\d{1,10}|\*)){0,127}$/u;

/** The subtree with 0 in the place of each star; undefined for what is none. */
export function asSubtree(oid: string): string | undefined {
  if (!form.test(oid)) return undefined;
  const arcs = oid.split('.').map((arc) => (arc === '*' ? 0 : Number(arc)));
  return arcs.every((arc) => arc <= 0xffffffff) ? arcs.join('.') : undefined;
}

/** The mask that a MIB has for a subtree: a bit for each arc, the first the highest, clear for a star; empty where there is none. */
export function maskOf(arcs: readonly string[]): Buffer {
  if (!arcs.includes('*')) return Buffer.alloc(0);
  const octets = Buffer.alloc(Math.ceil(arcs.length / 8), 0xff);
  for (const [index, arc] of arcs.entries()) if (arc === '*') octets[index >> 3]! &= ~(0x80 >> (index & 7));
  return octets;
}
