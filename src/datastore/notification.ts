/**
 * The notifications of the datastore itself (RFC 6470): what changed and by whom, sessions, confirmed commits. A schema
 * without ietf-netconf-notifications has none.
 */
import { isIP } from 'node:net';
import {
  type Branch,
  InstanceIdentifier,
  type JsonObject,
  type NotificationSchema,
  type Schema,
} from '../yang/index.js';
import { prefix } from './change.js';
import { branchFromJson } from './content.js';
import type { Difference, Origin } from './contract.js';
import type { NotificationEvent } from './session.js';

/** A confirmed commit began, was given more time, was confirmed, or went back (RFC 6241 8.4). */
export type ConfirmEvent = 'start' | 'extend' | 'complete' | 'cancel' | 'timeout';

export class StandardNotifications {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /**
   * One edit for each difference of configuration, for the whole top-level nodes where there are very many. `session` is
   * zero where it is not known any more. Undefined where no configuration differs.
   */
  configChange(
    time: number,
    { origin, session }: Who,
    differences: readonly Difference[],
  ): NotificationEvent | undefined {
    const changed = differences.filter(({ path }) => path.last?.schema.config === true);
    if (changed.length === 0) return undefined;
    const edits = changed.length > maxEdits ? tops(changed) : changed.map(editOf);
    const by = origin.protocol === 'system' ? { server: [null] } : sessionParameters(origin, session);
    const event = this.#make('netconf-config-change', time, {
      'changed-by': by,
      datastore: 'running',
      edit: edits.map(({ target, operation }) => ({ target: target.toString(), operation })),
    });
    return event === undefined ? undefined : { ...event, targets: edits.map(({ target }) => target) };
  }

  sessionStart(time: number, { origin, session }: Who): NotificationEvent | undefined {
    return this.#make('netconf-session-start', time, sessionParameters(origin, session));
  }

  sessionEnd(time: number, { origin, session }: Who, reason: 'closed' | 'killed'): NotificationEvent | undefined {
    const parameters = sessionParameters(origin, session);
    return this.#make('netconf-session-end', time, { ...parameters, 'termination-reason': reason });
  }

  /** `seconds`: what is left to confirm it, for start and extend. */
  confirmedCommit(time: number, event: ConfirmEvent, who: Who, seconds?: number): NotificationEvent | undefined {
    return this.#make('netconf-confirmed-commit', time, {
      ...(event === 'timeout' ? {} : sessionParameters(who.origin, who.session)),
      'confirm-event': event,
      ...(seconds === undefined ? {} : { timeout: Math.ceil(seconds) }),
    });
  }

  #make(name: string, time: number, content: JsonObject): NotificationEvent | undefined {
    const schema: NotificationSchema | undefined = this.#schema.notifications.get(`ietf-netconf-notifications:${name}`);
    if (schema === undefined) return undefined;
    const body: Branch = branchFromJson(schema, content, 'rfc7951');
    return { kind: 'notification', time, path: InstanceIdentifier.root.child(schema), content: body };
  }
}

export interface Who {
  readonly origin: Origin;
  readonly session: number;
}

interface EditOf {
  readonly target: InstanceIdentifier;
  readonly operation: 'create' | 'delete' | 'replace' | 'merge';
}

function editOf({ path, kind }: Difference): EditOf {
  return { target: path, operation: kind === 'created' ? 'create' : kind === 'deleted' ? 'delete' : 'replace' };
}

function tops(differences: readonly Difference[]): readonly EditOf[] {
  const found = new Map<unknown, InstanceIdentifier>();
  for (const { path } of differences) {
    const { schema } = path.steps[0]!;
    if (!found.has(schema)) found.set(schema, schema.kind === 'list' ? path : prefix(path, 1));
  }
  return Array.from(found.values(), (target) => ({ target, operation: 'merge' }));
}

/** A session of another protocol than NETCONF has the number zero (RFC 6470 common-session-parms). */
function sessionParameters({ user, protocol, address }: Origin, session: number): JsonObject {
  const host = address.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
  return {
    username: user,
    'session-id': protocol === 'netconf' ? session : 0,
    ...(isIP(host) === 0 ? {} : { 'source-host': host }),
  };
}

const maxEdits = 200;
