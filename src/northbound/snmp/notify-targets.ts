/** The targets of notifications, out of the tree (RFC 3413 section 3.3, 5 and 6): `notify` chooses by tag, profiles filter by OID. */
import type { AccessControl, Requester } from './access-control.js';
import type { ConfigSource, TargetParams } from './config.js';
import type { NotificationTarget, NotificationTargets } from './notify.js';
import { familiesOf, includes } from './subtrees.js';

export class TargetSource implements NotificationTargets {
  readonly #config: ConfigSource;
  readonly #access: AccessControl;

  constructor(config: ConfigSource, access: AccessControl) {
    this.#config = config;
    this.#access = access;
  }

  /** A target that several entries of `notify` choose is there once; one without usable parameters is left out. */
  targets(): readonly NotificationTarget[] {
    const { targets, notifyTags, filters } = this.#config.current();
    return targets.flatMap(({ address, port, tags, params }): NotificationTarget[] => {
      if (params === undefined || !tags.some((tag) => notifyTags.has(tag))) return [];
      const filter = params.filterProfile === undefined ? undefined : filters.get(params.filterProfile);
      const families = filter === undefined ? undefined : familiesOf(filter);
      const principal = principalOf(params);
      const accepts: NotificationTarget['accepts'] = (oid, objects) =>
        (families === undefined || includes(families, oid, oid.length)) &&
        this.#access.mayNotify(principal, oid, objects);
      if (params.version === 'v3') {
        return [{ version: 'v3', address, port, user: params.user, level: params.level, accepts }];
      }
      const community = this.#config.communityOf(params.securityName);
      return community === undefined ? [] : [{ version: params.version, address, port, community, accepts }];
    });
  }
}

function principalOf(params: TargetParams): Omit<Requester, 'highest'> {
  if (params.version === 'v3') return { model: 'usm', securityName: params.user, level: params.level };
  return { model: params.version, securityName: params.securityName, level: 'noAuthNoPriv' };
}
