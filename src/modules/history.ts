/** schema/signet-history.yang: how many points of the history are kept, and what each of them was. */
import type { HistoryEntry, ModuleRegistration, Retention, Root } from '../datastore/index.js';
import type { JsonObject } from '../yang/index.js';
import { leaf, top } from './read.js';

/** `history` gives the points that can be gone back to, in any order. */
export function historyModule(history: () => readonly HistoryEntry[]): ModuleRegistration {
  return {
    name: 'history',
    handlers: [{ name: 'history', path: '/signet-history:history' }],
    state: [{ path: '/signet-history:history/point', read: () => history().map(pointJson) }],
  };
}

/** What a root says about how long points are kept; nothing where it says nothing. */
export function retentionOf({ config }: Root): Partial<Retention> {
  const history = top(config, 'signet-history', 'history');
  if (history === undefined) return {};
  const [points, days] = [leaf(history, 'keep-points'), leaf(history, 'keep-days')];
  return {
    ...(points === undefined ? {} : { count: Number(points) }),
    ...(days === undefined ? {} : { age: Number(days) * day }),
  };
}

function pointJson({ transaction, time, origin, kind, comment }: HistoryEntry): JsonObject {
  const { user, protocol, address } = origin;
  return {
    transaction: Number(transaction),
    time: new Date(time).toISOString(),
    user: cut(user, 255),
    protocol,
    address: cut(address, 64),
    kind,
    comment: cut(comment, 255),
  };
}

/** By characters, which the schema counts, not by UTF-16 units. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : [...text].slice(0, length).join('');
}

/** Milliseconds. */
const day = 24 * 60 * 60 * 1000;
