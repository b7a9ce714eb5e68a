/**
 * SET (RFC 3416 section 4.2.5): all varbinds are decoded and tested, the RowStatus machine (RFC 2579) runs over the whole PDU, so that
 * their order does not matter, and one transaction makes all changes or none.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../error.js';
import {
  Branch,
  type ContainerSchema,
  DataTree,
  InstanceIdentifier,
  type ListSchema,
  type Placement,
  type Schema,
  type Value,
} from '../../yang/index.js';
import { decodeOid, maxSubIdentifiers } from './ber.js';
import { arcsKey, hasNumberKeys, indexKey, indexValues, keyArcs, type RowKeys } from './instance.js';
import { JobRows } from './jobs.js';
import { field, type Pdu } from './message.js';
import type { MibObject, MibTable } from './model.js';
import type { ObjectTable } from './objects.js';
import type { IndexKey } from './ordered-index.js';
import { entryPath } from './rows.js';
import { checkUnset, writable } from './set-access.js';
import { joinAddresses } from './set-addresses.js';
import { below, editOf, isComplete, ownKey, ownKeys, unsetTarget } from './set-columns.js';
import { type JobContext, planJob } from './set-jobs.js';
import {
  type Assignment,
  assignAll,
  maxPending,
  type Plan,
  pendingLifetime,
  type RowWork,
  takeLock,
  uploadId,
  type Writer,
} from './set-plan.js';
import { Refusal, refusalOf, type SetOutcome } from './set-refusal.js';
import { nonVolatile, rowStatus } from './syntax.js';
import type { PendingRow, Row, RowSource, TableRows } from './table-rows.js';
import { Uploads } from './uploads.js';

export type { Writer } from './set-plan.js';
export type { SetOutcome } from './set-refusal.js';

/** Milliseconds after which a SET is answered though its transaction goes on: managers wait for a second. */
const slowCommit = 700;

interface Committed {
  readonly outcome: SetOutcome;
  readonly error: ConfigError | undefined;
}

/** One varbind, its value tested by the object's syntax. */
interface Variable extends Assignment {
  readonly arcs: Uint32Array;
  readonly count: number;
  readonly rows: RowSource | undefined;
}

export class Setter {
  readonly #schema: Schema;
  readonly #objects: ObjectTable;
  readonly #now: () => number;
  readonly #uploads: Uploads;
  readonly #pending = new Set<{
    readonly rows: TableRows | JobRows;
    readonly key: IndexKey;
    readonly expires: number;
  }>();
  /** SETs run one after the other, so that each tests what the one before left (S7). */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(schema: Schema, objects: ObjectTable, now: () => number) {
    this.#schema = schema;
    this.#objects = objects;
    this.#now = now;
    this.#uploads = new Uploads(now);
  }

  /** Never rejects. */
  set(writer: Writer, pdu: Pdu): Promise<SetOutcome> {
    const outcome = this.#tail.then(() => this.#run(writer, pdu));
    this.#tail = outcome;
    return outcome;
  }

  async #run(writer: Writer, pdu: Pdu): Promise<SetOutcome> {
    const undo: (() => void)[] = [];
    const comment = `SNMP SET ${randomBytes(6).toString('hex')}`;
    const plan: Plan = { deletions: [], creations: [], changes: [], before: [], after: [], rows: [], comment };
    try {
      this.#expire();
      this.#test(writer, pdu, plan, undo);
    } catch (error) {
      for (const step of undo.toReversed()) step();
      return error instanceof Refusal ? error.outcome : { status: 'genErr', index: 0 };
    }
    for (const { work } of plan.rows) this.#objects.commitRows(work.rows.table).drop(work.key);
    const done = this.#commit(writer, plan, undo);
    if (plan.rows.length === 0) return (await done).outcome;
    const early = await Promise.race([done, delay(slowCommit, undefined, { ref: false })]);
    if (early !== undefined) return early.outcome;
    const ended = await Promise.race([done, this.#goOn(plan, done)]);
    return ended?.outcome ?? { status: 'noError', index: 0 };
  }

  async #commit(writer: Writer, plan: Plan, undo: (() => void)[]): Promise<Committed> {
    const planned = [...plan.deletions, ...plan.creations, ...plan.changes];
    try {
      for (const step of plan.before) undo.push(step());
      if (planned.length > 0)
        await writer.session.apply(
          planned.map(({ edit }) => edit),
          { comment: plan.comment },
        );
      for (const step of plan.after) await step();
      return { outcome: { status: 'noError', index: 0 }, error: undefined };
    } catch (error) {
      for (const step of undo.toReversed()) step();
      return { outcome: refusalOf(error, planned), error: ConfigError.from(error) };
    }
  }

  /**
   * A commit that takes longer than a manager waits: its rows are notReady until it is done, and their columns tell how it ended.
   * Resolves when a restart would know of it.
   */
  async #goOn(plan: Plan, done: Promise<Committed>): Promise<undefined> {
    const recorded: Promise<void>[] = [];
    for (const { work, values } of plan.rows) {
      const { rows, key, names } = work;
      const followed = this.#objects.commits.follow(
        this.#objects.commitRows(rows.table),
        key,
        plan.comment,
        done.then(({ error }) => {
          const isHeld = values !== undefined && rows.index.get(key)?.pending?.values === values;
          if (isHeld && error !== undefined) rows.drop(key);
          return error;
        }),
      );
      recorded.push(followed);
      if (values === undefined) continue;
      const pending: PendingRow = { values, index: names, expires: Number.POSITIVE_INFINITY, inService: false };
      rows.put({ key, keys: [], pending, path: undefined });
    }
    await Promise.all(recorded);
    return undefined;
  }

  #test(writer: Writer, pdu: Pdu, plan: Plan, undo: (() => void)[]): void {
    const works = new Map<string, RowWork>();
    const jobs = new Map<string, RowWork<JobRows>>();
    const scalars = new Map<MibObject, Assignment>();
    const variables = Array.from({ length: pdu.count }, (_, index) => this.#variable(writer, pdu, index + 1));
    // assignments count as simultaneous: a digest stands for the segments of its own PDU too
    for (const variable of variables) if (variable.object.kind === 'segment') undo.push(this.#upload(writer, variable));
    for (const variable of variables)
      if (variable.object.kind !== 'segment') this.#assign(writer, variable, plan, works, jobs, scalars);
    joinAddresses(scalars, works, jobs);
    for (const assignment of scalars.values()) {
      const siblings = assignment.object.kind === 'unset' ? this.#objects.beside(assignment.object) : [];
      change(plan, assignment, InstanceIdentifier.root, siblings, [...scalars.values()]);
    }
    // rows around others first: a nested row may be made together with the one around it
    const ordered = [...works.values()].sort((a, b) => a.rows.table.steps.length - b.rows.table.steps.length);
    for (const work of ordered) this.#planRow(work, plan, works);
    const context: JobContext = {
      objects: this.#objects,
      now: this.#now,
      expire: (rows, key, expires) => this.#pending.add({ rows, key, expires }),
    };
    for (const work of jobs.values()) planJob(context, writer, work, plan);
  }

  /** Steps 1 to 6 of RFC 3416 section 4.2.5 for one varbind. */
  #variable(writer: Writer, pdu: Pdu, index: number): Variable {
    const at = (index - 1) * field.size;
    const arcs = new Uint32Array(maxSubIdentifiers);
    const count = decodeOid(pdu.buffer, pdu.varbinds[at + field.nameStart]!, pdu.varbinds[at + field.nameEnd]!, arcs);
    const { object, rows } = writable(this.#objects, writer.view, arcs, count, index);
    const value = assignedValue(pdu, at, object, index);
    if (object.kind === 'unset') checkUnset(this.#objects, writer.view, object, value, arcs, count, index);
    return { index, object, value, arcs, count, rows };
  }

  /** Keeps a segment; gives back what undoes that. */
  #upload(writer: Writer, { object, value, index, arcs, count }: Variable): () => void {
    const { table } = object;
    const from = object.oid.length;
    const digest = table!.segments!;
    const names = indexValues(table!, arcs, from, count);
    if (names === undefined) throw new Refusal('noCreation', index);
    const id = uploadId(writer, digest, arcs, from, count - 1);
    const undo = this.#uploads.write(id, Number(names.at(-1)), Buffer.from(String(value), 'base64'));
    if (undo === undefined) throw new Refusal('resourceUnavailable', index);
    return undo;
  }

  /** What a digest stands for: the segments that its writer has sent. */
  #committed(writer: Writer, { object, value, index, arcs, count }: Variable, plan: Plan): Value {
    const from = object.oid.length;
    const { table } = object;
    const implied = (table?.augments ?? table)?.implied === true;
    // in a segment table an IMPLIED part says its length
    const outer = implied ? [count - from, ...arcs.subarray(from, count)] : [...arcs.subarray(from, count)];
    const id = uploadId(writer, object, outer, 0, table === undefined ? 0 : outer.length);
    const octets = this.#uploads.find(id, Buffer.from(String(value), 'base64'));
    if (octets === undefined) throw new Refusal('inconsistentValue', index);
    const decoded = this.#objects.codec(object).value(octets);
    if (!('value' in decoded)) throw new Refusal('inconsistentValue', index);
    plan.after.push(() => this.#uploads.forget(id));
    return decoded.value;
  }

  /** Steps 7 to 9. */
  #assign(
    writer: Writer,
    variable: Variable,
    plan: Plan,
    works: Map<string, RowWork>,
    jobs: Map<string, RowWork<JobRows>>,
    scalars: Map<MibObject, Assignment>,
  ): void {
    const { index, object, arcs, count, rows } = variable;
    const from = object.oid.length;
    if (rows === undefined && (count !== from + 1 || arcs[from] !== 0)) throw new Refusal('noCreation', index);
    const value = object.kind === 'digest' ? this.#committed(writer, variable, plan) : variable.value;
    const assignment: Assignment = { index, object, value };
    if (object.kind === 'storageType' && value !== nonVolatile) throw new Refusal('inconsistentValue', index);
    if (object.kind === 'testAndIncr') {
      takeLock(this.#objects.lock(object), assignment, plan);
      return;
    }
    if (rows === undefined) {
      once(scalars, assignment);
      return;
    }
    const work = rows instanceof JobRows ? workOn(rows, variable, jobs) : workOn(rows as TableRows, variable, works);
    if (object.kind !== 'rowStatus') {
      once(work.columns, assignment);
      return;
    }
    if (work.status !== undefined && work.status.value !== value) throw new Refusal('inconsistentValue', index);
    work.status = assignment;
  }

  /** The state table of RFC 2579 RowStatus. */
  #planRow(work: RowWork, plan: Plan, works: ReadonlyMap<string, RowWork>): void {
    const { row, status } = work;
    const first = status ?? [...work.columns.values()][0]!;
    const wanted = status?.value;
    if (this.#objects.isCommitting(work.rows.table, work.key)) throw new Refusal('resourceUnavailable', first.index);
    if (wanted === rowStatus.destroy) {
      this.#destroy(work, plan, status!.index);
      return;
    }
    const creates = wanted === rowStatus.createAndGo || wanted === rowStatus.createAndWait;
    if (row === undefined) {
      if (!creates) throw new Refusal(status === undefined ? 'inconsistentName' : 'inconsistentValue', first.index);
      this.#create(work, plan, works, wanted === rowStatus.createAndGo, first.index);
      return;
    }
    if (creates) throw new Refusal('inconsistentValue', first.index);
    if (row.pending === undefined) {
      if (wanted === rowStatus.notInService) throw new Refusal('inconsistentValue', first.index);
      this.#modify(work, row, plan);
      return;
    }
    this.#continue(work, row.pending, plan, works, first.index);
  }

  #destroy(work: RowWork, plan: Plan, index: number): void {
    const { rows, row, key } = work;
    if (row === undefined) return;
    if (row.pending === undefined) {
      plan.rows.push({ work, values: undefined });
      plan.deletions.push({ index, edit: { operation: 'remove', path: entryPath(rows.table, row.keys) } });
    } else {
      plan.after.push(() => this.#forget(rows, key));
    }
  }

  #modify(work: RowWork, row: Row, plan: Plan): void {
    const { table } = work.rows;
    plan.rows.push({ work, values: undefined });
    const path = entryPath(table, row.keys);
    const assignments = [...work.columns.values()];
    for (const assignment of assignments) {
      if (assignment.object.kind === 'after') {
        const insert = this.#placement(work.rows, assignment, row.keys);
        plan.changes.push({ index: assignment.index, edit: { operation: 'move', path, insert } });
        continue;
      }
      const key = ownKey(assignment.object);
      if (key === undefined) change(plan, assignment, path, assignment.object.table!.columns, assignments);
      // the keys of a stored entry stay
      else if (row.keys.at(-1)?.[key] !== assignment.value) throw new Refusal('inconsistentValue', assignment.index);
    }
  }

  #create(work: RowWork, plan: Plan, works: ReadonlyMap<string, RowWork>, atOnce: boolean, index: number): void {
    const values = new Map<MibObject, Value>();
    assignAll(values, work);
    if (atOnce) {
      if (!isComplete(work.rows.table, values)) throw new Refusal('inconsistentValue', index);
      this.#enter(work, values, plan, works, index);
      return;
    }
    if (this.#pending.size >= maxPending) throw new Refusal('resourceUnavailable', index);
    const pending: PendingRow = { values, index: work.names, expires: this.#now() + pendingLifetime, inService: false };
    pending.inService = isComplete(work.rows.table, values);
    this.#outerKeys(work, works, index);
    const { rows, key } = work;
    plan.before.push(() => {
      const entry = { rows, key, expires: pending.expires };
      rows.put({ key, keys: [], pending, path: undefined });
      this.#pending.add(entry);
      return () => this.#forget(rows, key);
    });
  }

  /** A row under construction: columns are kept, active puts it into the datastore. */
  #continue(work: RowWork, pending: PendingRow, plan: Plan, works: ReadonlyMap<string, RowWork>, index: number): void {
    const values = new Map(pending.values);
    assignAll(values, work);
    const complete = isComplete(work.rows.table, values);
    if (work.status?.value === rowStatus.active) {
      if (!complete) throw new Refusal('inconsistentValue', index);
      this.#enter(work, values, plan, works, index);
      const { rows, key } = work;
      plan.after.push(() => this.#release(rows, key));
      return;
    }
    if (work.status !== undefined && !complete) throw new Refusal('inconsistentValue', index);
    plan.after.push(() => {
      pending.values.clear();
      for (const [object, value] of values) pending.values.set(object, value);
      pending.inService = complete;
      work.rows.renew(work.key);
    });
  }

  /** The edit that makes the entry. */
  #enter(
    work: RowWork,
    values: ReadonlyMap<MibObject, Value>,
    plan: Plan,
    works: ReadonlyMap<string, RowWork>,
    index: number,
  ): void {
    const { rows } = work;
    const { table } = rows;
    const outer = this.#outerKeys(work, works, index);
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
    plan.rows.push({ work, values: new Map(values) });
    const path = entryPath(table, keys);
    const content = this.#entry(table, path, values);
    const placed = [...values].find(([object]) => object.kind === 'after');
    const insert = placed === undefined ? {} : { insert: this.#placement(rows, { value: placed[1], index }, keys) };
    plan.creations.push({ index, edit: { operation: 'create', path, content, ...insert } });
    // each column again, so that an error that names it finds its varbind
    for (const assignment of work.columns.values()) {
      const { object } = assignment;
      if (ownKey(object) === undefined && object.kind !== 'unset' && object.kind !== 'after')
        change(plan, assignment, path, [], []);
    }
  }

  /** Behind the row of that number beside it, which is there already. */
  #placement(rows: TableRows, { value, index }: Pick<Assignment, 'value' | 'index'>, keys: RowKeys): Placement {
    if (value === 0) return { where: 'first' };
    const outer = rows.parent === undefined ? undefined : rows.parent.keyOf(keys.slice(0, -1));
    const arcs = outer === undefined ? [] : keyArcs(rows.parent!.table, outer);
    const key = indexKey(rows.table, [...arcs, Number(value)]);
    const anchor = key === undefined ? undefined : rows.index.get(key);
    if (anchor === undefined || anchor.pending !== undefined) throw new Refusal('inconsistentValue', index);
    return { where: 'after', anchor: anchor.keys.at(-1)! };
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
  #outerKeys(work: RowWork, works: ReadonlyMap<string, RowWork>, index: number): RowKeys {
    const { table, parent } = work.rows;
    if (parent === undefined) return [];
    const outer = this.#outerRow(work);
    if (outer !== undefined && outer.pending === undefined) return outer.keys;
    const outerNames = work.names.slice(0, table.index.length - table.ownParts);
    for (const other of works.values()) {
      const creates = other.status?.value === rowStatus.createAndGo;
      if (other.rows !== parent || !creates || !sameValues(other.names, outerNames)) continue;
      if (parent.table.numbered || parent.parent !== undefined) break;
      return [other.names.slice(-parent.table.ownParts)];
    }
    throw new Refusal('inconsistentName', index);
  }

  #outerRow(work: RowWork): Row | undefined {
    const { table } = work.rows;
    const parent = work.rows.parent!;
    const outer = work.names.slice(0, table.index.length - table.ownParts);
    const key = parent.keyOfNames(outer);
    return key === undefined ? undefined : parent.index.get(key);
  }

  #release(rows: TableRows | JobRows, key: IndexKey): void {
    for (const entry of this.#pending) if (entry.rows === rows && entry.key === key) this.#pending.delete(entry);
  }

  #forget(rows: TableRows | JobRows, key: IndexKey): void {
    this.#release(rows, key);
    if (rows.index.get(key)?.pending !== undefined) rows.drop(key);
  }

  #expire(): void {
    const now = this.#now();
    for (const { rows, key, expires } of this.#pending) if (expires <= now) this.#forget(rows, key);
  }
}

/** Steps 3 to 6: type, length, encoding, value. */
function assignedValue(pdu: Pdu, at: number, object: MibObject, index: number): Value {
  const { syntax } = object;
  if (pdu.varbinds[at + field.valueTag] !== syntax.tag) throw new Refusal('wrongType', index);
  const decoded = syntax.read(pdu.buffer, pdu.varbinds[at + field.valueStart]!, pdu.varbinds[at + field.valueEnd]!);
  if ('value' in decoded) return decoded.value;
  throw new Refusal(decoded.refusal, index);
}

/** S8: an instance named twice with different values is inconsistentValue. */
function once(assignments: Map<MibObject, Assignment>, assignment: Assignment): void {
  const known = assignments.get(assignment.object);
  if (known !== undefined && known.value !== assignment.value) throw new Refusal('inconsistentValue', assignment.index);
  assignments.set(assignment.object, known ?? assignment);
}

/** What the PDU does to the row that an instance names. */
function workOn<Rows extends TableRows | JobRows>(
  rows: Rows,
  { object, arcs, count, index }: Variable,
  works: Map<string, RowWork<Rows>>,
): RowWork<Rows> {
  const { table } = rows;
  const from = object.oid.length;
  const names = indexValues(table, arcs, from, count);
  if (names === undefined) throw new Refusal('noCreation', index);
  const key = hasNumberKeys(table) ? arcs[from]! : arcsKey(arcs, from, count);
  const id = `${table.name} ${String(key)}`;
  const known = works.get(id);
  if (known !== undefined) return known;
  const work: RowWork<Rows> = { rows, key, names, row: rows.index.get(key), columns: new Map(), status: undefined };
  works.set(id, work);
  return work;
}

/** Plans the edit of one assignment. What is unset cannot be set by the same PDU, for assignments count as simultaneous. */
function change(
  plan: Plan,
  { object, value, index }: Assignment,
  path: InstanceIdentifier,
  siblings: readonly MibObject[],
  others: readonly Assignment[],
): void {
  const edit = editOf(object, value, path, siblings);
  if (edit === undefined) return;
  const target = object.kind === 'unset' ? unsetTarget(value, siblings) : undefined;
  if (edit === 'inconsistentValue' || others.some((other) => other.object === target))
    throw new Refusal('inconsistentValue', index);
  plan.changes.push({ index, edit });
}

function sameValues(one: readonly Value[], other: readonly Value[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
