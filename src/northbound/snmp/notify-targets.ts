/** The targets of notifications, out of the tree (RFC 3413 section 3.3, 5 and 6): `notify` chooses by tag, profiles filter by OID. */
import type { ConfigSource, Subtrees } from './config.js';
import type { NotificationTarget, NotificationTargets } from './notify.js';

export class TargetSource implements NotificationTargets {
  readonly #config: ConfigSource;

  constructor(config: ConfigSource) {
    this.#config = config;
  }

  /** A target that several entries of `notify` choose is there once; one without usable parameters is left out. */
  targets(): readonly NotificationTarget[] {
    const { targets, notifyTags, filters } = this.#config.current();
    return targets.flatMap(({ address, port, tags, params }): NotificationTarget[] => {
      if (params === undefined || !tags.some((tag) => notifyTags.has(tag))) return [];
      const filter = params.filterProfile === undefined ? undefined : filters.get(params.filterProfile);
      const accepts = (oid: readonly number[]) => filter === undefined || passes(filter, oid);
      if (params.version === 'v3') {
        return [{ version: 'v3', address, port, user: params.user, level: params.level, accepts }];
      }
      const community = this.#config.communityOf(params.securityName);
      return community === undefined ? [] : [{ version: params.version, address, port, community, accepts }];
    });
  }
}

/** RFC 3413 section 6: the longest subtree that the name lies in decides, of two alike the later in order; what lies in none is not sent. */
export function passes({ include, exclude }: Subtrees, oid: readonly number[]): boolean {
  const families = [
    ...include.map((subtree) => ({ arcs: subtree.split('.'), included: true })),
    ...exclude.map((subtree) => ({ arcs: subtree.split('.'), included: false })),
  ];
  let best: (typeof families)[number] | undefined;
  for (const family of families) {
    const { arcs } = family;
    if (arcs.length > oid.length || !arcs.every((arc, index) => arc === '*' || Number(arc) === oid[index])) continue;
    if (best === undefined || isStronger(arcs, best.arcs)) best = family;
  }
  return best?.included === true;
}

function isStronger(arcs: readonly string[], than: readonly string[]): boolean {
  if (arcs.length !== than.length) return arcs.length > than.length;
  for (const [index, arc] of arcs.entries()) {
    const difference = Number(arc === '*' ? 0 : arc) - Number(than[index] === '*' ? 0 : than[index]);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
