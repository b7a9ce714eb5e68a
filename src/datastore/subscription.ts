/** What one subscriber is given: filtered by his access, replayed from the history, ended at its time (RFC 5277 2.1.1). */
import { Branch, DataTree, type InstanceIdentifier, ListData, type ListSchema } from '../yang/index.js';
import type { Access } from './access.js';
import type { Core } from './datastore.js';
import type { DatastoreSession } from './datastore-session.js';
import { differencesBetween } from './draft.js';
import { factoryResetKind } from './factory.js';
import type { DatastoreEvent, NotificationEvent, SubscribeOptions } from './session.js';

/** Gives what ends it. */
export function subscribe(
  core: Core,
  session: DatastoreSession,
  listener: (event: DatastoreEvent) => void | Promise<void>,
  options: SubscribeOptions,
): () => void {
  const { origin } = session;
  const { startTime, stopTime, filter } = options;
  const { clock, sealing } = core.services;
  const access = () => core.access.of(origin, core.running());
  const notify = (event: NotificationEvent): NotificationEvent | undefined => {
    if (stopTime !== undefined && event.time > stopTime) return undefined;
    if (filter?.(event) === false) return undefined;
    if (!core.access.admitsNotification(origin, core.running(), event.path)) return undefined;
    return withoutHidden(event, access(), (path) => sealing.isConcealedPath(path));
  };
  const shown = (event: DatastoreEvent): DatastoreEvent | undefined => {
    if (event.kind === 'notification') return notify(event);
    if (event.kind !== 'commit') return event;
    const readable = event.differences.filter(({ path }) => !sealing.isConcealedPath(path));
    return { ...event, differences: access()?.view.differences(readable) ?? readable };
  };
  const state = { isEnded: false };
  const deliver = async (event: DatastoreEvent): Promise<void> => {
    const seen = shown(event);
    if (seen !== undefined && !state.isEnded) await listener(seen);
  };
  const replayed = startTime === undefined ? undefined : replay(core, startTime, deliver);
  let cancelTimer: () => void = () => undefined;
  // The bus waits for each event, so what comes while the past is told stands behind it.
  const subscription = core.events.open(
    replayed === undefined
      ? deliver
      : async (event) => {
          await replayed;
          await deliver(event);
        },
  );
  if (stopTime !== undefined) {
    const complete = () => subscription.finish({ kind: 'complete', time: clock.now() });
    cancelTimer = clock.after(Math.max(0, stopTime - clock.now()), complete, 'background');
  }
  return () => {
    state.isEnded = true;
    cancelTimer();
    subscription.end();
  };
}

/** Every event, unfiltered, behind the commits that the history has after that transaction: for who was not there then. */
export function resume(core: Core, after: string, listener: (event: DatastoreEvent) => void): () => void {
  const told = tellSince(core, after, listener);
  return core.events.subscribe(async (event) => {
    await told;
    listener(event);
  });
}

async function tellSince(core: Core, after: string, listener: (event: DatastoreEvent) => void): Promise<void> {
  const points = [...core.points.points];
  const nothing = { config: DataTree.empty(core.schema), system: DataTree.empty(core.schema) };
  try {
    for (const [index, { entry, root }] of points.entries()) {
      const { transaction, origin, time, kind } = entry;
      // What came before a reset is nobody's business any more; of another first one it is not known what it changed.
      const before = points[index - 1]?.root ?? (kind === factoryResetKind ? nothing : undefined);
      if (before === undefined || Number(transaction) <= Number(after)) continue;
      const { all: differences } = await differencesBetween(before, root);
      listener({ kind: 'commit', transaction, origin, differences, time });
    }
  } catch (error) {
    core.services.log('error', 'a subscriber could not be told of the past', { cause: String(error) });
  }
}

/** The changes that are in the history, the oldest first. What cannot be told is in the log. */
async function replay(core: Core, startTime: number, deliver: (event: DatastoreEvent) => Promise<void>): Promise<void> {
  const points = [...core.points.points];
  try {
    for (const [index, { entry, root }] of points.entries()) {
      const before = points[index - 1]?.root;
      if (before === undefined || entry.time < startTime) continue;
      const { all } = await differencesBetween(before, root);
      const event = core.standard.configChange(entry.time, { origin: entry.origin, session: 0 }, all);
      if (event !== undefined) await deliver(event);
    }
    await deliver({ kind: 'replay-complete', time: core.services.clock.now() });
  } catch (error) {
    core.services.log('error', 'a subscriber could not be told of the past', { cause: String(error) });
  }
}

/** RFC 6470 section 3 leaves it to us: what the subscriber may not read is not among the edits either. */
function withoutHidden(
  event: NotificationEvent,
  access: Access | undefined,
  isConcealed: (path: InstanceIdentifier) => boolean,
): NotificationEvent | undefined {
  const { targets, content } = event;
  if (targets === undefined) return event;
  const isSeen = (path: InstanceIdentifier) => !isConcealed(path) && access?.policy.permitsRead(path) !== false;
  if (targets.every(isSeen)) return event;
  const schema = content.schema.byName.get('edit')?.[0] as ListSchema;
  const edits = [...(content.list(schema) ?? [])].filter((_, index) => isSeen(targets[index]!));
  if (edits.length === 0) return undefined;
  const slots = content.slots.slice();
  slots[schema.slot] = ListData.of(schema, edits);
  return { ...event, content: new Branch(content.schema, slots), targets: targets.filter(isSeen) };
}
