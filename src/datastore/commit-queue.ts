/**
 * The queue of commits: from rebase to apply they are serialised, users and their sessions in turn. Commits that wait without slow prepares go together,
 * each on its predecessor's candidate, and one sync of the journal serves them all.
 */
import { ConfigError, type ConfigErrorFields } from '../error.js';
import { diffTrees, type InstanceIdentifier } from '../yang/index.js';
import { prefix, type Task, tasksFor } from './change.js';
import type { OpenCommit } from './confirmed.js';
import type { Change, CommitResult, Difference, Finding, Origin, Root } from './contract.js';
import {
  type Draft,
  type DraftServices,
  differencesBetween,
  makeDraft,
  type RootDifferences,
  type Settled,
  settle,
  validateRoot,
} from './draft.js';
import { type Asking, FairLine } from './fair-line.js';
import type { Point } from './history.js';
import { rebase } from './patch.js';
import { abortTasks, applyRegardless, applyTasks, type Prepared, prepareTasks } from './phases.js';
import type { HistoryEntry } from './session.js';

/** One commit as it is asked for. */
export interface Job {
  readonly origin: Origin;
  /** 0 for the system itself. */
  readonly session: number;
  readonly kind: string;
  readonly cause: Change['cause'];
  readonly comment: string;
  /** The root that the job wants, made on a head; may be called again on a later head. Throws ConfigError. */
  build(head: Root): Root | Promise<Root>;
  readonly expectTransaction?: string | undefined;
  readonly testOnly?: boolean | undefined;
  readonly confirm?: { readonly seconds: number; readonly persist: string | undefined } | undefined;
  readonly persistId?: string | undefined;
  /** Going back from that confirmed commit: neither validated nor amended, and it does not fail for a handler. */
  readonly revert?: OpenCommit;
  /** The history begins anew with it. */
  readonly erases?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A commit that is ready to be journalled. */
export interface Staged {
  readonly job: Job;
  readonly head: Point;
  readonly root: Root;
  readonly entry: HistoryEntry;
  readonly differences: RootDifferences;
  readonly findings: readonly Finding[];
  readonly tasks: readonly Task[];
  readonly prepared: readonly Prepared[];
}

/** What the queue needs of its owner. */
export interface CommitStore {
  readonly head: Point;
  /** Refuses a job that may not go in now: locks, an open confirmed commit, another transaction than expected. */
  admit(job: Job, head: Point): void;
  /** Refuses a job that would change what it may not: partial locks. */
  permit(job: Job, differences: readonly Difference[]): void;
  /** True where the job counts even though it changes nothing, and goes alone: for a confirmed commit, or the history. */
  isSignificant(job: Job): boolean;
  /** Resolves with the offset behind each when all of them are on disk. */
  write(batch: readonly Staged[]): Promise<readonly number[]>;
  /** After apply: running is now this. */
  advance(staged: Staged, end: number): CommitResult;
  /** After a failed apply: records that the batch was taken back; the new head has the root of the present one. */
  reverse(batch: readonly Staged[], ends: readonly number[], error: ConfigError): Promise<void>;
}

export class CommitQueue {
  readonly #store: CommitStore;
  readonly #services: DraftServices;
  readonly #waiting = new FairLine<Item>(maxWaiting);
  #working = false;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(store: CommitStore, services: DraftServices) {
    this.#store = store;
    this.#services = services;
  }

  /** The whole life of a commit. Rejects with ConfigError; then running is what it was. */
  async submit(job: Job): Promise<CommitResult> {
    if (!this.#waiting.hasRoom(askingOf(job))) throw new ConfigError(tooMany);
    if (job.comment.length > maxComment && job.revert === undefined) {
      const message = `a comment has at most ${maxComment} characters`;
      throw new ConfigError({ tag: 'too-big', message });
    }
    for (let attempt = 1; attempt < maxAttempts; attempt++) {
      if (this.#closed) throw stopping();
      const { head } = this.#store;
      this.#store.admit(job, head);
      const draft = await this.#draft(job, head);
      const unchanged = draft.differences.all.length === 0 && !this.#store.isSignificant(job);
      if (job.testOnly === true || unchanged) {
        return { transaction: this.#store.head.entry.transaction, findings: draft.findings };
      }
      const result = await this.#enqueue({ kind: 'commit', job, draft });
      if (result !== 'stale') return result;
    }
    // Running changes faster than the draft is made: now the others wait for it.
    if (this.#closed) throw stopping();
    return (await this.#enqueue({ kind: 'commit', job, draft: undefined })) as CommitResult;
  }

  /** Work between two commits, in the turn of who asks for it. */
  async between(asking: Asking, work: () => Promise<void>): Promise<void> {
    if (this.#closed) throw stopping();
    await this.#enqueue({ kind: 'work', asking, work });
  }

  /** No more commits; resolves when those that are under way are done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#working) await new Promise<void>((resolve) => void this.#idle.push(resolve));
  }

  async #draft(job: Job, head: Point): Promise<Draft> {
    const settled = await settle(head.root, await job.build(head.root), this.#services.validator);
    if (job.revert === undefined) return await makeDraft(head, settled, job, this.#services);
    const { root: proposed, differences } = settled;
    return { head, root: proposed, proposed, differences, tasks: [], findings: [] };
  }

  #enqueue(request: Request): Promise<CommitResult | 'stale'> {
    return new Promise((resolve, reject) => {
      const item: Item = { request, resolve, reject, cancelTimer: () => undefined, isGivenUp: false };
      const giveUp = (fields: ConfigErrorFields): void => {
        if (this.#waiting.remove(item) !== undefined) turnAway(item, fields);
      };
      const cancelTimer = this.#services.clock.after(this.#services.deadlines.queue, () =>
        giveUp({ tag: 'in-use', message: 'other commits take too long; nothing was changed' }),
      );
      const signal = request.kind === 'commit' ? request.job.signal : undefined;
      const onAbort = () =>
        giveUp({ tag: 'operation-failed', message: 'the commit was cancelled; nothing was changed' });
      signal?.addEventListener('abort', onAbort, { once: true });
      item.cancelTimer = () => {
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
      };
      const gone = this.#waiting.push(item, request.kind === 'work' ? request.asking : askingOf(request.job));
      if (gone !== undefined) turnAway(gone, tooMany);
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.size > 0) {
      const batch = await this.#gather();
      if (batch.length > 0) await this.#conclude(batch);
    }
    this.#working = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The next commits that can share a sync, staged and prepared. */
  async #gather(): Promise<readonly Ready[]> {
    const batch: Ready[] = [];
    let { head } = this.#store;
    for (let item = this.#waiting.next; item !== undefined && batch.length < maxBatch; item = this.#waiting.next) {
      const { request } = item;
      try {
        if (request.kind === 'work' || request.draft === undefined) {
          if (batch.length > 0) break;
          this.#take(item);
          if (request.kind === 'work') {
            await request.work();
            item.resolve({ transaction: this.#store.head.entry.transaction, findings: [] });
            continue;
          }
        }
        const { job } = request;
        if (batch.length > 0 && this.#goesAlone(job)) break;
        if (request.draft === undefined) this.#store.admit(job, head);
        const draft = request.draft ?? (await this.#draft(job, head));
        const staged = await this.#stage(item, { job, draft }, head);
        if (item.isGivenUp) continue;
        const isSlow = staged?.tasks.some((task) => task.entry.handler.prepare !== undefined) ?? false;
        if (batch.length > 0 && isSlow) break;
        this.#take(item);
        if (staged === undefined) continue;
        if (isNothing(staged) && !this.#store.isSignificant(job)) {
          // What it asks for may only just have been asked for by one that is not on disk yet: it waits with that one.
          if (batch.length === 0) item.resolve({ transaction: head.entry.transaction, findings: staged.findings });
          else batch.push({ item, staged, isWritten: false });
          continue;
        }
        const ready = await this.#prepare(staged);
        batch.push({ item, staged: ready, isWritten: true });
        head = { entry: ready.entry, root: ready.root, end: 0 };
        if (isSlow || this.#goesAlone(job)) break;
      } catch (error) {
        this.#take(item);
        item.reject(error);
      }
    }
    return batch;
  }

  #take(item: Item): void {
    this.#waiting.take(item);
    item.cancelTimer();
  }

  #goesAlone(job: Job): boolean {
    return job.revert !== undefined || this.#store.isSignificant(job);
  }

  /** Rebased on `head` and validated there; undefined where the item was told that it is stale. */
  async #stage(
    item: Item,
    { job, draft }: { readonly job: Job; readonly draft: Draft },
    head: Point,
  ): Promise<Staged | undefined> {
    this.#store.admit(job, head);
    let { root, differences, tasks, findings } = draft;
    const isMoved = head.root !== draft.head.root;
    if (isMoved) {
      const moved = await this.#move(job, draft, head);
      if (moved === undefined) {
        item.resolve('stale');
        return undefined;
      }
      ({ root, differences } = moved);
    }
    this.#store.permit(job, differences.config);
    const isRevert = job.revert !== undefined;
    if (isMoved || isRevert) {
      const { origin, cause } = job;
      const confirmed = job.confirm !== undefined;
      const transition = { before: head.root, after: root, differences: differences.all, origin, cause, confirmed };
      tasks = tasksFor(this.#services.registry, transition);
    }
    if (isMoved && !isRevert) findings = await validateRoot(head.root, root, tasks, this.#services);
    const entry: HistoryEntry = {
      transaction: String(Number(head.entry.transaction) + 1),
      time: this.#services.clock.now(),
      origin: job.origin,
      comment: job.comment,
      kind: job.kind,
    };
    return { job, head, root, entry, differences, findings, tasks, prepared: [] };
  }

  /** What the job wants on a head that is not the one it was drafted on; undefined where it has to be drafted again. */
  async #move(job: Job, draft: Draft, head: Point): Promise<Settled | undefined> {
    const settled = await settle(head.root, await job.build(head.root), this.#services.validator);
    if (draft.root === draft.proposed) return settled;
    const differences = await differencesBetween(draft.head.root, head.root);
    const { origin, cause } = job;
    const theirs = tasksFor(this.#services.registry, {
      before: draft.head.root,
      after: head.root,
      differences: differences.all,
      origin,
      cause,
    });
    const made = diffTrees(draft.proposed.system, draft.root.system).map(({ path }) => entryPath(path));
    if (concerns(theirs, draft.tasks, new Set(made))) return undefined;
    const { config } = settled.root;
    const root = { config, system: await rebase(draft.proposed.system, draft.root.system, settled.root.system) };
    return { root, differences: await differencesBetween(head.root, root) };
  }

  async #prepare(staged: Staged): Promise<Staged> {
    const { tasks, job } = staged;
    try {
      return { ...staged, prepared: await prepareTasks(tasks, this.#services, job.signal) };
    } catch (error) {
      if (job.revert === undefined) throw error;
      this.#services.log('error', 'going back without what could not be prepared', { cause: String(error) });
      return { ...staged, prepared: tasks.map((task) => ({ task, resource: undefined, holds: false })) };
    }
  }

  async #conclude(batch: readonly Ready[]): Promise<void> {
    const written = batch.filter(({ isWritten }) => isWritten);
    let ends: readonly number[];
    try {
      ends = await this.#store.write(written.map(({ staged }) => staged));
    } catch (error) {
      for (const { item, staged } of [...batch].reverse()) {
        await abortTasks(staged.prepared, this.#services);
        item.reject(error);
      }
      return;
    }
    let index = 0;
    for (const [place, { item, staged, isWritten }] of batch.entries()) {
      if (!isWritten) {
        item.resolve({ transaction: this.#store.head.entry.transaction, findings: staged.findings });
        continue;
      }
      const failure = await this.#apply(staged);
      if (failure !== undefined) {
        await this.#takeBack(batch.slice(place), ends.slice(index), failure);
        return;
      }
      item.resolve(this.#store.advance(staged, ends[index]!));
      index += 1;
    }
  }

  async #apply(staged: Staged): Promise<Awaited<ReturnType<typeof applyTasks>>> {
    if (staged.job.revert === undefined) return await applyTasks(staged.prepared, this.#services);
    await applyRegardless(staged.prepared, this.#services);
    return undefined;
  }

  async #takeBack(
    batch: readonly Ready[],
    ends: readonly number[],
    failure: { readonly error: ConfigError; readonly reverted: boolean },
  ): Promise<void> {
    const [first, ...rest] = batch;
    for (const { staged } of [...rest].reverse()) await abortTasks(staged.prepared, this.#services);
    const error = failure.reverted
      ? failure.error
      : failure.error.with({ tag: 'rollback-failed', message: `${failure.error.message}; going back failed as well` });
    if (!failure.reverted) this.#services.log('error', 'a commit could neither be applied nor taken back');
    const written = batch.filter(({ isWritten }) => isWritten).map(({ staged }) => staged);
    await this.#store.reverse(written, ends, error);
    first?.item.reject(error);
    const message = 'a commit before this one could not be applied; nothing was changed';
    for (const { item } of rest) item.reject(new ConfigError({ tag: 'operation-failed', message }));
  }
}

type Request =
  /** Without a draft it is made in its turn. */
  | { readonly kind: 'commit'; readonly job: Job; readonly draft: Draft | undefined }
  | { readonly kind: 'work'; readonly asking: Asking; readonly work: () => Promise<void> };

interface Item {
  readonly request: Request;
  readonly resolve: (result: CommitResult | 'stale') => void;
  readonly reject: (error: unknown) => void;
  cancelTimer: () => void;
  /** It was told that its turn does not come, and that nothing was changed. */
  isGivenUp: boolean;
}

interface Ready {
  readonly item: Item;
  readonly staged: Staged;
  /** False for one that changes nothing and only waits for those before it. */
  readonly isWritten: boolean;
}

function turnAway(item: Item, fields: ConfigErrorFields): void {
  item.isGivenUp = true;
  item.cancelTimer();
  item.reject(new ConfigError(fields));
}

/** Going back comes in the turn of who opened the confirmed commit: behind an extension that he asked for before. */
function askingOf({ origin, session, revert }: Job): Asking {
  return revert === undefined
    ? { user: origin.user, session }
    : { user: revert.owner.origin.user, session: revert.owner.session };
}

function isNothing({ differences }: Staged): boolean {
  return differences.all.length === 0;
}

/**
 * Whether what others did concerns what handlers made for a draft: the list entries that it was made in, anything of the same
 * handler that is in no list, or what the handler refers to.
 */
function concerns(theirs: readonly Task[], own: readonly Task[], made: ReadonlySet<string>): boolean {
  const places = new Set(own.map(placeOf));
  return theirs.some((task) => {
    if (!places.has(placeOf(task))) return false;
    const { differences } = task.change;
    return differences.length === 0 || differences.some(({ path }) => isIn(entryPath(path), made));
  });
}

function isIn(entry: string, made: ReadonlySet<string>): boolean {
  return entry === '' || made.has('') || made.has(entry);
}

/** The outermost list entry that a path leads through; '' where it names none. */
function entryPath(path: InstanceIdentifier): string {
  const index = path.steps.findIndex(({ schema, keys }) => schema.kind === 'list' && keys !== undefined);
  return index < 0 ? '' : prefix(path, index + 1).toString();
}

function placeOf(task: Task): string {
  return `${task.entry.order} ${task.change.instance.toString()}`;
}

function stopping(): ConfigError {
  return new ConfigError({ tag: 'operation-failed', message: 'the agent is stopping' });
}

const tooMany: ConfigErrorFields = {
  tag: 'in-use',
  message: 'too many commits wait; nothing was changed, try again later',
};

/** It is in the journal, and in each list of the history. */
const maxComment = 2000;
const maxBatch = 64;
const maxWaiting = 4096;
const maxAttempts = 4;
