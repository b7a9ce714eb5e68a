/** Steps 1 and 2 of a SET (RFC 3416 section 4.2.5): whether the view holds what shall be set, and whether that can be set at all. */
import type { Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { InstanceIdentifier, type Value } from '../../yang/index.js';
import { statusOf } from './errors.js';
import type { MibObject } from './model.js';
import { isPrefix, type ObjectTable, type Readable } from './objects.js';
import { below, unsetTarget } from './set-columns.js';
import { Refusal } from './set-refusal.js';
import type { View } from './views.js';

/** The object that a name is below. Throws noAccess for what is not in the view, there or not, before notWritable. */
export function writable(
  objects: ObjectTable,
  view: View,
  name: ArrayLike<number>,
  count: number,
  index: number,
): Readable {
  const floor = objects.floor(name, count);
  const below = floor < 0 ? undefined : objects.readables[floor];
  const readable = below !== undefined && isPrefix(below.object, name, count) ? below : undefined;
  if (!view.holds(readable === undefined ? -1 : floor, name, count)) throw new Refusal('noAccess', index);
  if (readable === undefined || readable.object.access === 'read-only') throw new Refusal('notWritable', index);
  return readable;
}

/** Throws noAccess where access control of the tree forbids what is asked for now and done later, so that nothing is reserved for it. */
export function authorize(session: Session, verb: 'create' | 'exec', path: InstanceIdentifier, index: number): void {
  try {
    session.authorizeAt(verb, path);
  } catch (error) {
    throw new Refusal(statusOf(ConfigError.from(error)), index);
  }
}

/** Segments are for who may invoke what they are an input of, or write the leaf. */
export function checkSegment(
  objects: ObjectTable,
  session: Session,
  digest: MibObject,
  names: readonly Value[],
  index: number,
): void {
  const table = digest.table?.augments ?? digest.table;
  const target = table === undefined ? undefined : objects.target(table, names);
  if (target !== undefined) {
    authorize(session, 'exec', target, index);
    return;
  }
  const entry = table === undefined ? InstanceIdentifier.root : objects.entry(table, names);
  const path = below(entry, digest);
  if (!session.permits('update', path)) authorize(session, 'create', path, index);
}

/** What an Unset object takes away is set as well. */
export function checkUnset(
  objects: ObjectTable,
  view: View,
  object: MibObject,
  value: Value,
  name: ArrayLike<number>,
  count: number,
  index: number,
): void {
  const siblings = object.table?.columns ?? objects.beside(object);
  const target = unsetTarget(value, siblings);
  if (target === undefined) return;
  const instance = [...target.oid, ...Array.from(name).slice(object.oid.length, count)];
  if (!view.holds(objects.floor(instance, instance.length), instance, instance.length))
    throw new Refusal('noAccess', index);
}
