/**
 * The queue of commits: from rebase to apply they are serialised. Commits that wait without slow prepares go together,
 * each on its predecessor's candidate, and one sync of the journal serves them all.
 */
import { ConfigError } from '../error.js';
import { type Task, tasksFor } from './change.js';
import type { Change, CommitResult, Difference, Finding, Origin, Root } from './contract.js';
import { type Draft, type DraftServices, differencesBetween, makeDraft, settle, validateRoot } from './draft.js';
import type { Point } from './history.js';
import { rebase } from './patch.js';
import { abortTasks, applyRegardless, applyTasks, type Prepared, prepareTasks } from './phases.js';

/** One commit as it is asked for. */
export interface Job {
  readonly origin: Origin;
  /** 0 for the system itself. */
  readonly session: number;
  readonly kind: string;
  readonly cause: Change['cause'];
  readonly comment: string;
  /** The root that the job wants, made on a head; may be called again on a later head. Throws ConfigError. */
  build(head: Root): Root;
  readonly expectTransaction?: string | undefined;
  readonly testOnly?: boolean | undefined;
  readonly confirm?: { readonly seconds: number; readonly persist: string | undefined } | undefined;
  readonly persistId?: string | undefined;
  /** Going back from a confirmed commit: neither validated nor amended, and it does not fail for a handler. */
  readonly revert?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A commit that is ready to be journalled. */
export interface Staged {
  readonly job: Job;
  readonly head: Point;
  readonly root: Root;
  readonly transaction: string;
  readonly differences: readonly Difference[];
  readonly findings: readonly Finding[];
  readonly tasks: readonly Task[];
  readonly prepared: readonly Prepared[];
}

/** What the queue needs of its owner. */
export interface CommitStore {
  readonly head: Point;
  /** Refuses a job that may not go in now: locks, an open confirmed commit, another transaction than expected. */
  admit(job: Job, head: Point): void;
  /** True where the job counts even though it changes nothing: it opens or closes a confirmed commit. */
  isSignificant(job: Job): boolean;
  /** Resolves when all of them are on disk. */
  write(batch: readonly Staged[]): Promise<readonly number[]>;
  /** After apply: running is now this. */
  advance(staged: Staged, offset: number): CommitResult;
  /** After a failed apply: records that `from` was taken back; the new head has the root of the present one. */
  reverse(batch: readonly Staged[], offsets: readonly number[], error: ConfigError): Promise<void>;
}

export class CommitQueue {
  readonly #store: CommitStore;
  readonly #services: DraftServices;
  readonly #waiting: Item[] = [];
  #working = false;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(store: CommitStore, services: DraftServices) {
    this.#store = store;
    this.#services = services;
  }

  /** The whole life of a commit. Rejects with ConfigError; then running is what it was. */
  async submit(job: Job): Promise<CommitResult> {
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new ConfigError({ tag: 'operation-failed', message: 'the agent is stopping' });
      const { head } = this.#store;
      this.#store.admit(job, head);
      const draft = await this.#draft(job, head);
      const unchanged = draft.differences.length === 0 && !this.#store.isSignificant(job);
      if (job.testOnly === true || unchanged) {
        return { transaction: this.#store.head.entry.transaction, findings: draft.findings };
      }
      const result = await this.#enqueue(job, draft);
      if (result !== 'stale') return result;
      if (attempt < maxAttempts) continue;
      throw new ConfigError({
        tag: 'in-use',
        message: 'running changes faster than this commit can be made; try again',
      });
    }
  }

  /** No more commits; resolves when those that are under way are done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#working) await new Promise<void>((resolve) => void this.#idle.push(resolve));
  }

  async #draft(job: Job, head: Point): Promise<Draft> {
    const proposed = settle(head.root, job.build(head.root), this.#services.validator);
    if (job.revert !== true) return await makeDraft(head, proposed, job, this.#services);
    const differences = differencesBetween(head.root, proposed);
    return { head, root: proposed, proposed, differences, tasks: [], findings: [] };
  }

  #enqueue(job: Job, draft: Draft): Promise<CommitResult | 'stale'> {
    return new Promise((resolve, reject) => {
      const item: Item = { job, draft, resolve, reject, cancelTimer: () => undefined };
      item.cancelTimer = this.#services.clock.after(this.#services.deadlines.queue, () => {
        const index = this.#waiting.indexOf(item);
        if (index < 0) return;
        this.#waiting.splice(index, 1);
        reject(new ConfigError({ tag: 'in-use', message: 'other commits take too long; nothing was changed' }));
      });
      this.#waiting.push(item);
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      const batch = await this.#gather();
      if (batch.length > 0) await this.#conclude(batch);
    }
    this.#working = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The next commits that can share a sync, staged and prepared. */
  async #gather(): Promise<{ readonly item: Item; readonly staged: Staged }[]> {
    const batch: { readonly item: Item; readonly staged: Staged }[] = [];
    let { head } = this.#store;
    while (this.#waiting.length > 0 && batch.length < maxBatch) {
      const item = this.#waiting[0]!;
      try {
        if (batch.length > 0 && this.#goesAlone(item.job)) break;
        const staged = this.#stage(item, head);
        const isSlow = staged?.tasks.some((task) => task.entry.handler.prepare !== undefined) ?? false;
        if (batch.length > 0 && isSlow) break;
        this.#waiting.shift();
        item.cancelTimer();
        if (staged === undefined) continue;
        const ready = await this.#prepare(staged);
        batch.push({ item, staged: ready });
        head = { entry: { ...entryOf(ready, 0) }, root: ready.root, offset: 0 };
        if (isSlow || this.#goesAlone(item.job)) break;
      } catch (error) {
        if (this.#waiting[0] === item) this.#waiting.shift();
        item.cancelTimer();
        item.reject(error);
      }
    }
    return batch;
  }

  #goesAlone(job: Job): boolean {
    return job.revert === true || this.#store.isSignificant(job);
  }

  /** Rebased on `head` and validated there; undefined where the item was answered (stale, or nothing to do). */
  #stage(item: Item, head: Point): Staged | undefined {
    const { job, draft } = item;
    this.#store.admit(job, head);
    let { root, differences, tasks, findings } = draft;
    const isMoved = head.root !== draft.head.root;
    if (isMoved) {
      const moved = this.#move(job, draft, head);
      if (moved === undefined) {
        item.resolve('stale');
        return undefined;
      }
      root = moved;
      differences = differencesBetween(head.root, root);
    }
    if (isMoved || job.revert === true) {
      const { origin, cause } = job;
      const confirmed = job.confirm !== undefined;
      const transition = { before: head.root, after: root, differences, origin, cause, confirmed };
      tasks = tasksFor(this.#services.registry, transition);
    }
    if (isMoved && job.revert !== true) findings = validateRoot(head.root, root, tasks, this.#services);
    if (differences.length === 0 && !this.#store.isSignificant(job)) {
      item.resolve({ transaction: head.entry.transaction, findings });
      return undefined;
    }
    const transaction = String(Number(head.entry.transaction) + 1);
    return { job, head, root, transaction, differences, findings, tasks, prepared: [] };
  }

  /** What the job wants on a head that is not the one it was drafted on; undefined where it has to be drafted again. */
  #move(job: Job, draft: Draft, head: Point): Root | undefined {
    const proposed = settle(head.root, job.build(head.root), this.#services.validator);
    if (draft.root === draft.proposed) return proposed;
    const differences = differencesBetween(draft.head.root, head.root);
    const { origin, cause } = job;
    const theirs = tasksFor(this.#services.registry, {
      before: draft.head.root,
      after: head.root,
      differences,
      origin,
      cause,
    });
    const places = new Set(theirs.map(placeOf));
    if (draft.tasks.some((task) => places.has(placeOf(task)))) return undefined;
    const system = rebase(draft.proposed.system, draft.root.system, proposed.system);
    return { config: proposed.config, system };
  }

  async #prepare(staged: Staged): Promise<Staged> {
    const { tasks, job } = staged;
    try {
      return { ...staged, prepared: await prepareTasks(tasks, this.#services, job.signal) };
    } catch (error) {
      if (job.revert !== true) throw error;
      this.#services.log('error', 'going back without what could not be prepared', { cause: String(error) });
      return { ...staged, prepared: tasks.map((task) => ({ task, resource: undefined, holds: false })) };
    }
  }

  async #conclude(batch: readonly { readonly item: Item; readonly staged: Staged }[]): Promise<void> {
    const all = batch.map(({ staged }) => staged);
    let offsets: readonly number[];
    try {
      offsets = await this.#store.write(all);
    } catch (error) {
      for (const { item, staged } of [...batch].reverse()) {
        await abortTasks(staged.prepared, this.#services);
        item.reject(error);
      }
      return;
    }
    for (const [index, { item, staged }] of batch.entries()) {
      const failure = await this.#apply(staged);
      if (failure !== undefined) {
        await this.#takeBack(batch.slice(index), offsets.slice(index), failure);
        return;
      }
      item.resolve(this.#store.advance(staged, offsets[index]!));
    }
  }

  async #apply(staged: Staged): Promise<Awaited<ReturnType<typeof applyTasks>>> {
    if (staged.job.revert !== true) return await applyTasks(staged.prepared, this.#services);
    await applyRegardless(staged.prepared, this.#services);
    return undefined;
  }

  async #takeBack(
    batch: readonly { readonly item: Item; readonly staged: Staged }[],
    offsets: readonly number[],
    failure: { readonly error: ConfigError; readonly reverted: boolean },
  ): Promise<void> {
    const [first, ...rest] = batch;
    for (const { staged } of [...rest].reverse()) await abortTasks(staged.prepared, this.#services);
    const error = failure.reverted
      ? failure.error
      : failure.error.with({ tag: 'rollback-failed', message: `${failure.error.message}; going back failed as well` });
    if (!failure.reverted) this.#services.log('error', 'a commit could neither be applied nor taken back');
    await this.#store.reverse(
      batch.map(({ staged }) => staged),
      offsets,
      error,
    );
    first?.item.reject(error);
    const message = 'a commit before this one could not be applied; nothing was changed';
    for (const { item } of rest) item.reject(new ConfigError({ tag: 'operation-failed', message }));
  }
}

/** The history entry of a staged commit. */
export function entryOf(staged: Staged, time: number): Point['entry'] {
  const { job, transaction } = staged;
  return { transaction, time, origin: job.origin, comment: job.comment, kind: job.kind };
}

interface Item {
  readonly job: Job;
  readonly draft: Draft;
  readonly resolve: (result: CommitResult | 'stale') => void;
  readonly reject: (error: unknown) => void;
  cancelTimer: () => void;
}

function placeOf(task: Task): string {
  return `${task.entry.order} ${task.change.instance.toString()}`;
}

const maxBatch = 64;
const maxAttempts = 4;
