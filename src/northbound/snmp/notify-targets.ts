/** The targets of notifications, out of the tree (RFC 3413 section 3.3, 5 and 6): `notify` chooses by tag, profiles filter by OID. */
import type { Log } from '../../datastore/index.js';
import type { AccessControl, Requester } from './access-control.js';
import type { ConfigSource, Target, TargetParams } from './config.js';
import type { MibObject } from './model.js';
import type { NotificationTarget, NotificationTargets } from './notification-target.js';
import { excludes, type Family, familiesOf, includes } from './subtrees.js';

export class TargetSource implements NotificationTargets {
  readonly #config: ConfigSource;
  readonly #access: AccessControl;
  readonly #log: Log;

  constructor(config: ConfigSource, access: AccessControl, log: Log) {
    this.#config = config;
    this.#access = access;
    this.#log = log;
  }

  /**
   * A target that several entries of `notify` choose is there once for each form; SNMPv1 has no informs, so it gets traps. One
   * without usable parameters, or without a community that may go there, is left out.
   */
  targets(): readonly NotificationTarget[] {
    const { targets, notifyTags } = this.#config.current();
    return targets.flatMap((target): NotificationTarget[] => {
      const isChosen = (form: 'trap' | 'inform') => target.tags.some((tag) => notifyTags[form].has(tag));
      if (!isChosen('trap') && !isChosen('inform')) return [];
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
    const { version, securityName } = params;
    const community = this.#config.communityOf(securityName, address);
    if (community !== undefined) return { name, version, address, port, community, accepts };
    this.#log('warning', 'a notification target has no community that may be sent to it', {
      target: name,
      securityName,
    });
    return undefined;
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
