/** What the tests of a SET come to, step by step. */
import type { Session } from '../../datastore/index.js';
import type { Value } from '../../yang/index.js';
import { arcsKey, type RowKeys } from './instance.js';
import type { MibObject } from './model.js';
import type { IndexKey } from './ordered-index.js';
import { unsetTarget } from './set-columns.js';
import { type PlannedEdit, Refusal } from './set-refusal.js';
import { excludes } from './set-together.js';
import type { Row, TableRows } from './table-rows.js';
import type { View } from './views.js';

/** How long a row may stay under construction: seconds; and how many there may be at once. */
export const pendingLifetime = 300;
export const maxPending = 200;

export interface Writer {
  readonly session: Session;
  /** What it may set. */
  readonly view: View;
}

/** One assignment, tested on its own. */
export interface Assignment {
  /** From 1. */
  readonly index: number;
  readonly object: MibObject;
  readonly value: Value;
}

/** What a PDU does to one row. */
export interface RowWork<Rows = TableRows> {
  readonly rows: Rows;
  readonly key: IndexKey;
  /** What the instance's name says, one value for each index part. */
  readonly names: readonly Value[];
  readonly row: Row | undefined;
  readonly columns: Map<MibObject, Assignment>;
  status: Assignment | undefined;
}

/** What the tests come to: edits with the varbind that each stands for, and what is done beside the datastore. */
export interface Plan {
  readonly deletions: PlannedEdit[];
  readonly creations: PlannedEdit[];
  readonly placed: PlacedRow[];
  readonly changes: PlannedEdit[];
  /** Run before the transaction; what each gives back undoes it where that fails. */
  readonly before: (() => () => void)[];
  /** Run after it; it is answered when they have resolved. */
  readonly after: (() => void | Promise<void>)[];
  /** The rows that the transaction makes, changes or removes; of a new one its values. */
  readonly rows: PlannedRow[];
  /** The comment of the transaction, by which it is found in the history. */
  readonly comment: string;
}

export interface PlannedRow {
  readonly work: RowWork;
  readonly values: Map<MibObject, Value> | undefined;
  readonly keys: RowKeys;
}

/** A row whose place a PDU says: the edit that makes or moves it, without the place. */
export interface PlacedRow extends PlannedEdit {
  readonly work: RowWork;
  /** The number of the row before it; 0 for none. */
  readonly after: number;
}

/** Takes over what a PDU assigns to a row under construction. */
export function assignAll(values: Map<MibObject, Value>, work: Pick<RowWork, 'columns'>): void {
  for (const { object, value, index } of work.columns.values()) {
    if (object.kind === 'storageType') continue;
    if (object.kind !== 'unset') {
      for (const known of values.keys()) if (displaces(object, value, known)) values.delete(known);
      values.set(object, value);
    } else if (value !== 0) {
      const target = unsetTarget(value, object.table!.columns);
      if (target === undefined || work.columns.has(target)) throw new Refusal('inconsistentValue', index);
      values.delete(target);
    }
  }
}

/** As a write to an entry does: a node takes away those of other cases (RFC 7950 section 7.9), a container that goes what is in it. */
function displaces({ kind, steps }: MibObject, value: Value, known: MibObject): boolean {
  const goes = kind === 'presence' && value !== true;
  return goes ? steps.every((step, at) => step === known.steps[at]) : excludes(steps, known.steps);
}

/** Each user has his own segments of an instance. */
export function uploadId(
  { session }: Writer,
  digest: MibObject,
  arcs: ArrayLike<number>,
  from: number,
  to: number,
): string {
  return `${session.origin.user}\u0000${digest.oid.join('.')}\u0000${arcsKey(arcs, from, to)}`;
}

/** RFC 2579 TestAndIncr: who does not know the value comes too late. */
export function takeLock(lock: { value: number }, { value, index }: Assignment, plan: Plan): void {
  if (value !== lock.value) throw new Refusal('inconsistentValue', index);
  plan.before.push(() => {
    lock.value = (Number(value) + 1) % 2 ** 31;
    return () => {
      lock.value = Number(value);
    };
  });
}
