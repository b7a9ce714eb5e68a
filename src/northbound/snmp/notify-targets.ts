/** The targets of notifications, out of the tree (RFC 3413 section 3.3, 5 and 6): `notify` chooses by tag, profiles filter by OID. */
import type { AccessControl, Requester } from './access-control.js';
import type { ConfigSource, Target, TargetParams } from './config.js';
import type { MibObject } from './model.js';
import type { NotificationTarget, NotificationTargets } from './notification-target.js';
import { excludes, type Family, familiesOf, includes } from './subtrees.js';

export class TargetSource implements NotificationTargets {
  readonly #config: ConfigSource;
  readonly #access: AccessControl;

  constructor(config: ConfigSource, access: AccessControl) {
    this.#config = config;
    this.#access = access;
  }

  /**
   * A target that several entries of `notify` choose is there once for each form; SNMPv1 has no informs, so it gets traps. One
   * without usable parameters is left out.
   */
  targets(): readonly NotificationTarget[] {
    const { targets, notifyTags } = this.#config.current();
    return targets.flatMap((target): NotificationTarget[] => {
      const isChosen = (form: 'trap' | 'inform') => target.tags.some((tag) => notifyTags[form].has(tag));
      const receiver = this.#receiver(target);
      if (receiver === undefined) return [];
      const takesInforms = receiver.version !== 'v1';
      const { timeout, retries } = target;
      return [
        ...(isChosen('trap') || (isChosen('inform') && !takesInforms) ? [receiver] : []),
        ...(isChosen('inform') && takesInforms ? [{ ...receiver, inform: { timeout, retries } }] : []),
      ];
    });
  }

  #receiver({ name, address, port, params }: Target): NotificationTarget | undefined {
    if (params === undefined) return undefined;
    const { filters } = this.#config.current();
    const filter = params.filterProfile === undefined ? undefined : filters.get(params.filterProfile);
    const families = filter === undefined ? undefined : familiesOf(filter);
    const principal = principalOf(params);
    const accepts: NotificationTarget['accepts'] = (oid, objects) =>
      (families === undefined || passes(families, oid, objects)) && this.#access.mayNotify(principal, oid, objects);
    if (params.version === 'v3')
      return { name, version: 'v3', address, port, user: params.user, level: params.level, accepts };
    const community = this.#config.communityOf(params.securityName);
    return community === undefined ? undefined : { name, version: params.version, address, port, community, accepts };
  }
}

/** RFC 3413 section 6: the notification has to be included, and none of the objects that it tells of excluded. */
function passes(families: readonly Family[], notification: readonly number[], objects: readonly MibObject[]): boolean {
  if (!includes(families, notification, notification.length)) return false;
  return !objects.some(({ oid }) => excludes(families, [...oid, 0], oid.length + 1));
}

function principalOf(params: TargetParams): Omit<Requester, 'highest'> {
  if (params.version === 'v3') return { model: 'usm', securityName: params.user, level: params.level };
  return { model: params.version, securityName: params.securityName, level: 'noAuthNoPriv' };
}
