/** The RowStatus machine of RFC 2579 over one SET: what is to become of each row that its varbinds name. */

import type { Edit, EntryPath, Session } from '../../datastore/index.js';
import {
  Branch,
  type ContainerSchema,
  DataTree,
  type InstanceIdentifier,
  type ListSchema,
  type Schema,
  type Value,
} from '../../yang/index.js';
import type { Constructions } from './constructions.js';
import type { RowKeys } from './instance.js';
import type { MibObject, MibTable } from './model.js';
import type { ObjectTable } from './objects.js';
import { entryPath } from './rows.js';
import { authorize } from './set-access.js';
import { below, change, isComplete, ownKey, ownKeys } from './set-columns.js';
import { assignAll, type Plan, pendingLifetime, type RowWork, type Writer } from './set-plan.js';
import { type PlannedEdit, Refusal } from './set-refusal.js';
import { checkTogether } from './set-together.js';
import { rowStatus } from './syntax.js';
import { mayConstruct, type PendingRow, type Row } from './table-rows.js';

export class RowMachine {
  readonly #schema: Schema;
  readonly #objects: ObjectTable;
  readonly #unfinished: Constructions;
  readonly #now: () => number;

  constructor(schema: Schema, objects: ObjectTable, unfinished: Constructions, now: () => number) {
    this.#schema = schema;
    this.#objects = objects;
    this.#unfinished = unfinished;
    this.#now = now;
  }

  /** The state table of RFC 2579 RowStatus. */
  plan({ session }: Writer, work: RowWork, plan: Plan): void {
    const { row, status } = work;
    const first = status ?? [...work.columns.values()][0]!;
    const wanted = status?.value;
    if (row?.pending !== undefined && row.path !== undefined && !mayConstruct(session, row))
      authorize(session, 'create', row.path, first.index);
    if (this.#objects.isCommitting(work.rows.table, work.key)) throw new Refusal('resourceUnavailable', first.index);
    if (wanted === rowStatus.destroy) {
      this.#destroy(work, plan, status!.index);
      return;
    }
    const creates = wanted === rowStatus.createAndGo || wanted === rowStatus.createAndWait;
    if (row === undefined) {
      if (!creates) throw new Refusal(status === undefined ? 'inconsistentName' : 'inconsistentValue', first.index);
      if (wanted === rowStatus.createAndGo) this.#createAndGo(work, plan, first.index);
      else this.#createAndWait(session, work, plan, first.index);
      return;
    }
    if (creates) throw new Refusal('inconsistentValue', first.index);
    if (row.pending === undefined) {
      if (wanted === rowStatus.notInService) throw new Refusal('inconsistentValue', first.index);
      this.#modify(work, row, plan);
      return;
    }
    this.#continue(work, row.pending, plan, first.index);
  }

  #destroy(work: RowWork, plan: Plan, index: number): void {
    const { rows, row, key } = work;
    if (row === undefined) return;
    if (row.pending === undefined) {
      const path = entryPath(rows.table, row.keys);
      plan.rows.push({ work, values: undefined, keys: row.keys });
      plan.deletions.push({ index, edit: { operation: 'remove', path } });
    } else {
      plan.after.push(() => this.#unfinished.forget(rows, key));
    }
  }

  #modify(work: RowWork, row: Row, plan: Plan): void {
    const { table } = work.rows;
    const path = entryPath(table, row.keys);
    plan.rows.push({ work, values: undefined, keys: row.keys });
    for (const assignment of work.columns.values()) {
      const { object, value, index } = assignment;
      if (object.kind === 'after') {
        plan.placed.push({ index, edit: { operation: 'move', path }, work, after: Number(value) });
        continue;
      }
      const key = ownKey(object);
      if (key === undefined) change(plan.changes, assignment, path, object.table!.columns);
      // the keys of a stored entry stay
      else if (row.keys.at(-1)?.[key] !== value) throw new Refusal('inconsistentValue', index);
    }
  }

  #createAndGo(work: RowWork, plan: Plan, index: number): void {
    const values = new Map<MibObject, Value>();
    assignAll(values, work);
    if (!isComplete(work.rows.table, values)) throw new Refusal('inconsistentValue', index);
    this.#enter(work, values, plan, index);
  }

  #createAndWait(session: Session, work: RowWork, plan: Plan, index: number): void {
    const { rows, key, names } = work;
    const values = new Map<MibObject, Value>();
    assignAll(values, work);
    const path = pathOf(work, values);
    authorize(session, 'create', path, index);
    checkTogether(columnEdits(work, path));
    if (this.#unfinished.isFull) throw new Refusal('resourceUnavailable', index);
    const { user } = session.origin;
    const expires = this.#now() + pendingLifetime;
    const pending: PendingRow = { values, index: names, user, expires, inService: isComplete(rows.table, values) };
    this.#outerKeys(work, plan, index);
    plan.before.push(() => {
      rows.put({ key, keys: [], pending, path });
      this.#unfinished.add(rows, key, pending.expires);
      return () => this.#unfinished.forget(rows, key);
    });
  }

  /** A row under construction: columns are kept, active puts it into the datastore. */
  #continue(work: RowWork, pending: PendingRow, plan: Plan, index: number): void {
    const values = new Map(pending.values);
    assignAll(values, work);
    const complete = isComplete(work.rows.table, values);
    if (work.status?.value === rowStatus.active) {
      if (!complete) throw new Refusal('inconsistentValue', index);
      this.#enter(work, values, plan, index);
      const { rows, key } = work;
      plan.after.push(() => this.#unfinished.release(rows, key));
      return;
    }
    if (work.status !== undefined && !complete) throw new Refusal('inconsistentValue', index);
    const path = pathOf(work, values);
    checkTogether(columnEdits(work, path));
    plan.after.push(() => {
      pending.values.clear();
      for (const [object, value] of values) pending.values.set(object, value);
      pending.inService = complete;
      work.row!.path = path;
      work.rows.renew(work.key);
    });
  }

  /** The edit that makes the entry. */
  #enter(work: RowWork, values: ReadonlyMap<MibObject, Value>, plan: Plan, index: number): void {
    const { rows } = work;
    const { table } = rows;
    const outer = this.#outerKeys(work, plan, index);
    const own = table.numbered ? ownKeys(table, values) : work.names.slice(-table.ownParts);
    if (own === undefined) throw new Refusal('inconsistentValue', index);
    const keys: RowKeys = [...outer, own];
    if (table.numbered) {
      if (rows.isNumbered(keys)) throw new Refusal('inconsistentValue', index);
      const number = Number(work.names.at(-1));
      plan.before.push(() => {
        rows.assign(keys, number);
        return () => rows.unassign(keys);
      });
    }
    const path = entryPath(table, keys);
    plan.rows.push({ work, values: new Map(values), keys });
    const edit: Edit = { operation: 'create', path, content: this.#entry(table, path, values) };
    const after = [...values].find(([object]) => object.kind === 'after')?.[1];
    if (after === undefined) plan.creations.push({ index, edit });
    else plan.placed.push({ index, edit, work, after: Number(after) });
    // each column again, so that an error that names it finds its varbind
    plan.changes.push(...columnEdits(work, path));
  }

  #entry(table: MibTable, path: InstanceIdentifier, values: ReadonlyMap<MibObject, Value>): Value | Branch {
    if (table.schema.kind === 'leaf-list') return path.last!.keys![0]!;
    const editor = DataTree.empty(this.#schema).edit();
    editor.set(path, new Branch(table.schema as ListSchema));
    for (const [object, value] of values) {
      if (ownKey(object) !== undefined || object.kind === 'after') continue;
      if (object.kind !== 'presence') editor.set(below(path, object), value);
      else if (value === true) editor.set(below(path, object), new Branch(object.schema as ContainerSchema));
    }
    const { root } = editor.finish() as DataTree;
    return new DataTree(this.#schema, root).branch(path)!;
  }

  /** The keys of the entry around a new one, which must be there, or be made by the same PDU. */
  #outerKeys({ rows, names }: RowWork, plan: Plan, index: number): RowKeys {
    const { table, parent } = rows;
    if (parent === undefined) return [];
    const key = parent.keyOfNames(names.slice(0, -table.ownParts));
    const outer = key === undefined ? undefined : parent.index.get(key);
    if (outer !== undefined && outer.pending === undefined) return outer.keys;
    // rows around others are planned first
    const made = plan.rows.find(({ work, values }) => values !== undefined && work.rows === parent && work.key === key);
    if (made === undefined) throw new Refusal('inconsistentName', index);
    return made.keys;
  }
}

/** Each column but the keys as an edit of its own. */
function columnEdits({ columns }: RowWork, path: InstanceIdentifier): PlannedEdit[] {
  const edits: PlannedEdit[] = [];
  for (const assignment of columns.values()) {
    const { object } = assignment;
    if (ownKey(object) === undefined && object.kind !== 'unset' && object.kind !== 'after')
      change(edits, assignment, path, []);
  }
  return edits;
}

/** That of the entry which a row under construction would be; without the keys that a numbered row has not been given. */
function pathOf({ rows, names }: RowWork, values: ReadonlyMap<MibObject, Value>): EntryPath {
  const keys = rows.keysOfNames(names);
  const own = rows.table.numbered ? ownKeys(rows.table, values) : undefined;
  return entryPath(rows.table, own === undefined ? keys : [...keys.slice(0, -1), own]);
}
