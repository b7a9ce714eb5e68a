/**
 * Jobs: invocations of rpcs and actions by SNMP. They run beside the datastore and outlive the PDU that started them; of one that a stop
 * of the agent interrupts the next start says so.
 */
import type { Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import {
  Branch,
  type BranchSchema,
  type Content,
  encodeJson,
  type InstanceIdentifier,
  type LeafSchema,
  type Schema,
  type Value,
} from '../../yang/index.js';
import { decodeEntries } from './entries.js';
import { keyArcs } from './instance.js';
import type { MibObject, MibTable } from './model.js';
import { type IndexKey, OrderedIndex } from './ordered-index.js';
import type { PendingRow, Row, RowSource } from './table-rows.js';
import type { Unfinished } from './unfinished.js';

export type JobState = 'running' | 'done' | 'failed';

export interface Job {
  state: JobState;
  error: ConfigError | undefined;
  output: Branch | undefined;
  /** The output as RFC 7951 JSON. */
  result: string | undefined;
  /** Who began it; '' where a former run did. */
  readonly user: string;
  readonly abort: AbortController;
  /** Its number among what is unfinished. */
  readonly number: number;
}

export interface JobRow extends Row {
  readonly job: Job | undefined;
  /** What is or would be invoked; undefined for the end of a commit. */
  readonly target: InstanceIdentifier | undefined;
}

/** Jobs that are kept at once, those under construction included. */
const maxJobs = 64;

/** All job tables: what they hold together is bounded. */
export class Jobs {
  readonly #schema: Schema;
  readonly #unfinished: Unfinished;
  /** The oldest first. */
  readonly #kept = new Map<JobRow, JobRows>();

  constructor(schema: Schema, unfinished: Unfinished) {
    this.#schema = schema;
    this.#unfinished = unfinished;
  }

  rows(table: MibTable): JobRows {
    return new JobRows(table, this);
  }

  /** True where there is room for one more, which the oldest that has ended may have to make. */
  hasRoom(): boolean {
    return this.#kept.size < maxJobs || [...this.#kept.keys()].some(hasEnded);
  }

  keep(row: JobRow, rows: JobRows): void {
    this.#kept.set(row, rows);
    if (this.#kept.size <= maxJobs) return;
    const oldest = [...this.#kept].find(([each]) => hasEnded(each));
    oldest?.[1].drop(oldest[0].key);
  }

  forget(row: JobRow): void {
    this.#kept.delete(row);
    if (row.job !== undefined) this.#unfinished.end(row.job.number);
  }

  /**
   * Keeps how a commit of `user` ends that has begun, whose comment is `comment`; `done` resolves to the error, if there is one.
   * Resolves when a restart would know of it.
   */
  follow(
    rows: JobRows,
    key: IndexKey,
    { user, comment }: { readonly user: string; readonly comment: string },
    done: Promise<ConfigError | undefined>,
  ): Promise<void> {
    const { table } = rows;
    const { number, recorded } = this.#unfinished.begin({
      table: table.oid.join('.'),
      arcs: keyArcs(table, key),
      comment,
    });
    const job = jobOf(number, user);
    rows.put({ key, keys: [], pending: undefined, path: undefined, job, target: undefined });
    void done.then((error) => {
      job.error = error;
      job.state = error === undefined ? 'done' : 'failed';
      this.#unfinished.end(number);
    });
    return recorded;
  }

  /** A row of something that a former run began: `isDone` where it is known to have been done. */
  restore(
    rows: JobRows,
    key: IndexKey,
    target: InstanceIdentifier | undefined,
    { number, isDone }: { readonly number: number; readonly isDone: boolean },
  ): void {
    const job = jobOf(number, '');
    job.state = isDone ? 'done' : 'failed';
    if (!isDone) job.error = new ConfigError({ tag: 'operation-failed', message: interrupted });
    rows.put({ key, keys: [], pending: undefined, path: undefined, job, target });
  }

  /** Runs an operation; its inputs are held by nothing else from here on. Resolves when a restart would know of it. */
  start(
    rows: JobRows,
    key: IndexKey,
    target: InstanceIdentifier,
    values: ReadonlyMap<MibObject, Value>,
    session: Session,
  ): Promise<void> {
    const { table } = rows;
    const row = { table: table.oid.join('.'), arcs: keyArcs(table, key), comment: '' };
    const { number, recorded } = this.#unfinished.begin(row);
    const job = jobOf(number, session.origin.user);
    const operation = rows.table.operation!;
    rows.put({ key, keys: [], pending: undefined, path: undefined, job, target });
    session
      .invoke(target, inputOf(this.#schema, operation.input, values), job.abort.signal)
      .then((output) => {
        job.output = output;
        job.result = JSON.stringify(encodeJson(this.#schema, operation.output, output));
        job.state = 'done';
      })
      .catch((error: unknown) => {
        job.error = ConfigError.from(error);
        job.state = 'failed';
      })
      .finally(() => this.#unfinished.end(number));
    return recorded;
  }
}

const interrupted = 'the agent stopped while this went on: look whether it was done, or do it again';

function jobOf(number: number, user: string): Job {
  const abort = new AbortController();
  return { state: 'running', error: undefined, output: undefined, result: undefined, user, abort, number };
}

export class JobRows implements RowSource {
  readonly table: MibTable;
  readonly #jobs: Jobs;
  readonly index = new OrderedIndex<JobRow>();

  constructor(table: MibTable, jobs: Jobs) {
    this.table = table;
    this.#jobs = jobs;
  }

  put(row: JobRow): void {
    this.drop(row.key);
    this.index.set(row.key, row);
    this.#jobs.keep(row, this);
  }

  /** A row that is under construction. */
  construct(key: IndexKey, target: InstanceIdentifier, pending: PendingRow): void {
    this.put({ key, keys: [], pending, path: undefined, job: undefined, target });
  }

  drop(key: IndexKey): void {
    const row = this.index.get(key);
    if (row === undefined) return;
    this.index.delete(key);
    this.#jobs.forget(row);
  }

  /** Nothing differs between the order of these rows and that of nested ones. */
  get nested(): OrderedIndex<JobRow> {
    return this.index;
  }
}

function hasEnded({ job }: JobRow): boolean {
  return job !== undefined && job.state !== 'running';
}

/** Jobs are for those who made them, and for those who may invoke the same. */
export function mayUseJob(session: Session, { job, pending, target }: JobRow): boolean {
  const user = job?.user ?? pending?.user;
  return user === session.origin.user || (target !== undefined && session.permits('exec', target));
}

/** What a column of a job reads as. */
export function readJob(object: MibObject, row: JobRow): Value | undefined {
  const { job, pending } = row;
  if (object.kind === 'rowStatus') return job === undefined ? (pending!.inService ? 2 : 3) : 1;
  if (job === undefined) return undefined;
  switch (object.kind) {
    case 'jobState':
      return job.state;
    case 'errorTag':
      return job.error?.tag ?? '';
    case 'errorPath':
      return (job.error?.path ?? '').slice(0, 255);
    case 'errorText':
      return (job.error?.message ?? '').slice(0, 255);
    default:
      if (object.parameter !== 'output') return undefined;
      return object.schema.kind === 'leaf' ? outputLeaf(job.output, object) : job.result;
  }
}

function outputLeaf(output: Branch | undefined, { steps }: MibObject): Value | undefined {
  let at: Content | undefined = output;
  for (const step of steps) at = at instanceof Branch ? at.get(step) : undefined;
  return at as Value | undefined;
}

function inputOf(schema: Schema, node: BranchSchema, values: ReadonlyMap<MibObject, Value>, depth = 0): Branch {
  const slots: (Content | undefined)[] = [];
  for (const child of node.dataChildren) {
    const below = new Map([...values].filter(([object]) => object.steps[depth] === child));
    if (below.size === 0) continue;
    const [[, value]] = [...below] as [[MibObject, Value]];
    if (child.kind === 'container') slots[child.slot] = inputOf(schema, child, below, depth + 1);
    else if (child.kind === 'leaf') slots[child.slot] = value;
    else if (child.kind === 'list' || child.kind === 'leaf-list')
      slots[child.slot] = decodeEntries(schema, child, String(value));
  }
  return new Branch(node, slots);
}

/** True where every mandatory leaf of the input is there. */
export function isInputComplete(table: MibTable, values: ReadonlyMap<MibObject, Value>): boolean {
  return table.columns.every(({ parameter, schema, steps }, at) => {
    if (parameter !== 'input' || !(schema as LeafSchema).mandatory || steps.length > 1) return true;
    return values.has(table.columns[at]!);
  });
}
