/**
 * Who goes where there are too many: the first of the largest part of the largest part (and so on, from the widest to the
 * narrowest), so that who comes with many pushes out his own.
 */
export function firstOfMost<T>(all: Iterable<T>, parts: readonly ((one: T) => string)[]): T | undefined {
  return parts.reduce<readonly T[]>(largest, [...all])[0];
}

function largest<T>(all: readonly T[], part: (one: T) => string): readonly T[] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(part(one));
    if (group === undefined) groups.set(part(one), [one]);
    else group.push(one);
  }
  return [...groups.values()].reduce((most, group) => (group.length > most.length ? group : most), []);
}
