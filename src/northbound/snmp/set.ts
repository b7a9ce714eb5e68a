/**
 * SET (RFC 3416 section 4.2.5): all varbinds are decoded and tested, the RowStatus machine (RFC 2579) runs over the whole PDU, so that
 * their order does not matter, and one transaction makes all changes or none.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../error.js';
import { InstanceIdentifier, type Schema, type Value } from '../../yang/index.js';
import { decodeOid, maxSubIdentifiers } from './ber.js';
import { Constructions } from './constructions.js';
import { arcsKey, hasNumberKeys, indexValues } from './instance.js';
import { JobRows } from './jobs.js';
import { field, type Pdu } from './message.js';
import type { MibObject } from './model.js';
import type { ObjectTable } from './objects.js';
import { entryPath } from './rows.js';
import { checkSegment, checkUnset, writable } from './set-access.js';
import { joinAddresses } from './set-addresses.js';
import { change } from './set-columns.js';
import { type JobContext, planJob } from './set-jobs.js';
import { placeRows } from './set-order.js';
import { type Assignment, type Plan, type RowWork, takeLock, uploadId, type Writer } from './set-plan.js';
import { type PlannedEdit, Refusal, refusalOf, type SetOutcome } from './set-refusal.js';
import { RowMachine } from './set-rows.js';
import { checkTogether } from './set-together.js';
import { nonVolatile } from './syntax.js';
import type { PendingRow, RowSource, TableRows } from './table-rows.js';
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
  readonly #objects: ObjectTable;
  readonly #now: () => number;
  readonly #uploads: Uploads;
  readonly #unfinished: Constructions;
  readonly #machine: RowMachine;
  /** SETs run one after the other, so that each tests what the one before left (S7). */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(schema: Schema, objects: ObjectTable, now: () => number) {
    this.#objects = objects;
    this.#now = now;
    this.#uploads = new Uploads(now);
    this.#unfinished = new Constructions(now);
    this.#machine = new RowMachine(schema, objects, this.#unfinished, now);
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
    const plan: Plan = {
      deletions: [],
      creations: [],
      placed: [],
      changes: [],
      before: [],
      after: [],
      rows: [],
      comment,
    };
    let planned: readonly PlannedEdit[];
    try {
      this.#unfinished.expire();
      planned = this.#test(writer, pdu, plan, undo);
    } catch (error) {
      for (const step of undo.toReversed()) step();
      return error instanceof Refusal ? error.outcome : { status: 'genErr', index: 0 };
    }
    const done = this.#commit(writer, plan, planned, undo);
    if (plan.rows.length === 0) return (await done).outcome;
    const early = await Promise.race([done, delay(slowCommit, undefined, { ref: false })]);
    if (early !== undefined) {
      // how a slow commit ended is told until the next one: what is refused is none
      if (early.error === undefined)
        for (const { work } of plan.rows) this.#objects.commitRows(work.rows.table).drop(work.key);
      return early.outcome;
    }
    const ended = await Promise.race([done, this.#goOn(writer, plan, done)]);
    return ended?.outcome ?? { status: 'noError', index: 0 };
  }

  async #commit(writer: Writer, plan: Plan, planned: readonly PlannedEdit[], undo: (() => void)[]): Promise<Committed> {
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
  async #goOn(writer: Writer, plan: Plan, done: Promise<Committed>): Promise<undefined> {
    const recorded: Promise<void>[] = [];
    const { user } = writer.session.origin;
    for (const { work, values, keys } of plan.rows) {
      const { rows, key, names } = work;
      const followed = this.#objects.commits.follow(
        this.#objects.commitRows(rows.table),
        key,
        { user, comment: plan.comment },
        done.then(({ error }) => {
          const isHeld = values !== undefined && rows.index.get(key)?.pending?.values === values;
          if (isHeld && error !== undefined) rows.drop(key);
          return error;
        }),
      );
      recorded.push(followed);
      if (values === undefined) continue;
      const expires = Number.POSITIVE_INFINITY;
      const pending: PendingRow = { values, index: names, user, expires, inService: false };
      rows.put({ key, keys: [], pending, path: entryPath(rows.table, keys) });
    }
    await Promise.all(recorded);
    return undefined;
  }

  /** The edits that it comes to, beside what stands in the plan. */
  #test(writer: Writer, pdu: Pdu, plan: Plan, undo: (() => void)[]): readonly PlannedEdit[] {
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
      change(plan.changes, assignment, InstanceIdentifier.root, siblings);
    }
    // rows around others first: a nested row may be made together with the one around it
    const ordered = [...works.values()].sort((a, b) => a.rows.table.steps.length - b.rows.table.steps.length);
    for (const work of ordered) this.#machine.plan(writer, work, plan);
    const planned = [...plan.deletions, ...placeRows(plan, works.values()), ...plan.changes];
    checkTogether(planned);
    const context: JobContext = {
      objects: this.#objects,
      now: this.#now,
      expire: (rows, key, expires) => this.#unfinished.add(rows, key, expires),
    };
    for (const work of jobs.values()) planJob(context, writer, work, plan);
    return planned;
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
    checkSegment(this.#objects, writer.session, digest, names.slice(0, -1), index);
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
    // the segments are there, and what they hold can never be the value
    if (!('value' in decoded)) throw new Refusal(decoded.refusal, index);
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
  const id = `${table.oid.join('.')} ${String(key)}`;
  const known = works.get(id);
  if (known !== undefined) return known;
  const work: RowWork<Rows> = { rows, key, names, row: rows.index.get(key), columns: new Map(), status: undefined };
  works.set(id, work);
  return work;
}
