/** RowStatus of job tables: a row is put together like any other, and becomes a job when it is made active. */
import { isInputComplete, type JobRows, mayUseJob } from './jobs.js';
import type { ObjectTable } from './objects.js';
import type { IndexKey } from './ordered-index.js';
import { authorize } from './set-access.js';
import { assignAll, type Plan, pendingLifetime, type RowWork, type Writer } from './set-plan.js';
import { Refusal } from './set-refusal.js';
import { rowStatus } from './syntax.js';

export interface JobContext {
  readonly objects: ObjectTable;
  /** Monotonic seconds. */
  readonly now: () => number;
  /** Has a row under construction forgotten then. */
  expire(rows: JobRows, key: IndexKey, expires: number): void;
}

/** RowStatus of a job: what makes it active starts it, once the PDU's transaction is done. */
export function planJob(context: JobContext, writer: Writer, work: RowWork<JobRows>, plan: Plan): void {
  const { rows, key, names, status } = work;
  const { session } = writer;
  const row = rows.index.get(key);
  const first = status ?? [...work.columns.values()][0]!;
  const wanted = status?.value;
  const target = context.objects.target(rows.table, names)!;
  if (row === undefined || !mayUseJob(session, row) || wanted === rowStatus.active)
    authorize(session, 'exec', target, first.index);
  if (wanted === rowStatus.destroy) {
    plan.after.push(() => {
      row?.job?.abort.abort();
      rows.drop(key);
    });
    return;
  }
  const creates = wanted === rowStatus.createAndGo || wanted === rowStatus.createAndWait;
  if ((row === undefined) !== creates)
    throw new Refusal(
      status === undefined && row === undefined ? 'inconsistentName' : 'inconsistentValue',
      first.index,
    );
  // what a job was given is not changed while it runs
  if (row?.job !== undefined) {
    if (wanted === rowStatus.active && work.columns.size === 0) return;
    throw new Refusal('inconsistentValue', first.index);
  }
  checkEntry(context.objects, work, first.index);
  if (row === undefined && !context.objects.jobs.hasRoom()) throw new Refusal('resourceUnavailable', first.index);
  const values = new Map(row?.pending?.values);
  assignAll(values, work);
  const complete = isInputComplete(rows.table, values);
  if (wanted === rowStatus.createAndGo || wanted === rowStatus.active) {
    if (!complete) throw new Refusal('inconsistentValue', first.index);
    plan.after.push(() => context.objects.jobs.start(rows, key, target, values, session));
    return;
  }
  if (wanted === rowStatus.notInService && !complete) throw new Refusal('inconsistentValue', first.index);
  const expires = context.now() + pendingLifetime;
  plan.after.push(() => {
    const { user } = row?.pending ?? session.origin;
    rows.construct(key, target, { values, index: names, user, expires, inService: complete });
    if (row === undefined) context.expire(rows, key, expires);
  });
}

/** The entry whose action it is has to be there already. */
function checkEntry(objects: ObjectTable, { rows, names }: RowWork<JobRows>, index: number): void {
  const { parent } = rows.table;
  if (parent === undefined) return;
  const outer = objects.stored(parent);
  const key = outer.keyOfNames(names.slice(0, parent.index.length));
  const row = key === undefined ? undefined : outer.index.get(key);
  if (row === undefined || row.pending !== undefined) throw new Refusal('inconsistentName', index);
}
