/** What all sessions share: running, the queue, the history, locks and the bus. */
import { ConfigError } from '../error.js';
import {
  Branch,
  DataTree,
  type InstanceIdentifier,
  type JsonObject,
  type Schema,
  UnwrittenNodes,
} from '../yang/index.js';
import type { AccessControl } from './access.js';
import { Bus } from './bus.js';
import { Candidates } from './candidate.js';
import { tasksFor } from './change.js';
import { CommitQueue, type CommitStore, type Job, type Staged } from './commit-queue.js';
import { asker, ConfirmedCommit, newPersistId } from './confirmed.js';
import { branchFromJson, branchToJson } from './content.js';
import type { CommitRequest, CommitResult, Difference, JsonEdit, Origin, Root } from './contract.js';
import { DatastoreSession } from './datastore-session.js';
import type { DirectoryLock } from './directory-lock.js';
import { type DraftServices, differencesBetween } from './draft.js';
import { type FactoryDefault, factoryResetKind } from './factory.js';
import type { History, Point } from './history.js';
import { Locks } from './locks.js';
import type { MasterKey } from './master-key.js';
import { StandardNotifications } from './notification.js';
import type { Datastore, Fact } from './open.js';
import { Operational } from './operational.js';
import { PartialLocks } from './partial-locks.js';
import { applyTask, notApplied } from './phases.js';
import { Recorder } from './recorder.js';
import { buildRequest } from './request.js';
import type { DatastoreEvent, HistoryEntry, NotificationEvent, Session } from './session.js';
import { type SessionLimits, SessionRegistry } from './sessions.js';
import { StartupDatastore } from './startup.js';
import { type Store, systemOrigin } from './store.js';
import { resume } from './subscription.js';

export interface CoreParts {
  readonly access: AccessControl;
  readonly masterKey: MasterKey;
  readonly store: Store;
  readonly lock: DirectoryLock;
  readonly factory: FactoryDefault | undefined;
  /** The operator asked for a startup datastore. */
  readonly isStartupServed: boolean;
}

/** The datastore itself; sessions see it whole, the rest of the house as {@link Datastore}. */
export class Core implements Datastore, CommitStore {
  readonly schema: Schema;
  readonly masterKey: MasterKey;
  readonly services: DraftServices;
  readonly operational: Operational;
  readonly unwritten: UnwrittenNodes;
  readonly access: AccessControl;
  readonly locks = new Locks();
  readonly partialLocks = new PartialLocks();
  readonly sessions: SessionRegistry<DatastoreSession>;
  readonly confirmed: ConfirmedCommit;
  readonly candidates: Candidates;
  readonly events: Bus<DatastoreEvent>;
  readonly standard: StandardNotifications;
  readonly #store: Store;
  readonly #recorder: Recorder;
  readonly #queue: CommitQueue;
  readonly startup: StartupDatastore;
  readonly #lock: DirectoryLock;
  readonly #factory: FactoryDefault | undefined;
  #factoryDefault: DataTree | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(
    services: DraftServices,
    { access, masterKey, store, lock, factory, isStartupServed }: CoreParts,
    sessionLimits: SessionLimits,
  ) {
    this.services = services;
    this.access = access;
    this.masterKey = masterKey;
    this.schema = services.registry.index.schema;
    this.unwritten = new UnwrittenNodes(this.schema);
    this.operational = new Operational(services.registry, this.unwritten, services.log);
    this.#factory = factory;
    this.#store = store;
    this.startup = new StartupDatastore(this, { isServed: isStartupServed, store, factory });
    this.#recorder = new Recorder(store, services.log);
    this.#lock = lock;
    this.sessions = new SessionRegistry(sessionLimits);
    this.#queue = new CommitQueue(this, services);
    this.confirmed = new ConfirmedCommit(services.clock, () => {
      // What goes wrong is in the log, and tried again.
      this.revert(notConfirmed).catch(() => undefined);
    });
    this.candidates = new Candidates(() => this.running().config);
    this.standard = new StandardNotifications(this.schema);
    this.events = new Bus<DatastoreEvent>({
      limit: 1000,
      log: services.log,
      missed: (count) => ({ kind: 'missed', count }),
    });
  }

  /** The datastore of that name (RFC 8808 section 3). */
  get factoryDefault(): DataTree {
    this.#factoryDefault ??= this.factoryRoot([]).config;
    return this.#factoryDefault;
  }

  get head(): Point {
    return this.#store.head;
  }

  get points(): History {
    return this.#store.history;
  }

  running(): Root {
    return this.head.root;
  }

  transaction(): string {
    return this.head.entry.transaction;
  }

  history(): readonly HistoryEntry[] {
    return this.points.entries();
  }

  lastTime(): number {
    return this.#store.lastTime;
  }

  session(origin: Origin): Session {
    const session = this.sessions.open(origin, (id) => new DatastoreSession(this, id, origin));
    this.tellOfSession(session);
    return session;
  }

  secret(path: InstanceIdentifier, { config, system }: Root = this.running()): string | undefined {
    const { sealing, log } = this.services;
    try {
      return sealing.open(config, path) ?? sealing.open(system, path);
    } catch (error) {
      log('error', 'a secret does not open under the master key', { path: path.toString(), cause: String(error) });
      return undefined;
    }
  }

  state(path: InstanceIdentifier): JsonObject | undefined {
    const content = this.operational.get(this.running(), path);
    return content instanceof Branch ? branchToJson(content, 'rfc7951') : undefined;
  }

  meta(name: string): Fact {
    return { get: () => this.#store.fact(name), set: (value) => this.#store.setFact(name, value) };
  }

  subscribe(listener: (event: DatastoreEvent) => void, after?: string): () => void {
    return after === undefined ? this.events.subscribe(listener) : resume(this, after, listener);
  }

  /** RFC 6470 is about sessions of NETCONF: those of other protocols are often no more than one request. */
  tellOfSession({ origin, id }: Session, ended?: 'closed' | 'killed'): void {
    if (origin.protocol !== 'netconf') return;
    const who = { origin, session: id };
    const now = this.services.clock.now();
    this.#tell(ended === undefined ? this.standard.sessionStart(now, who) : this.standard.sessionEnd(now, who, ended));
  }

  #tell(event: NotificationEvent | undefined): void {
    if (event !== undefined) this.events.publish(event);
  }

  async commit(request: CommitRequest): Promise<CommitResult> {
    return await this.commitFor(request, systemOrigin, 0);
  }

  /** A request of a module's code, on behalf of `origin`. */
  async commitFor(
    request: CommitRequest,
    origin: Origin,
    session: number,
    signal?: AbortSignal,
  ): Promise<CommitResult> {
    const { confirmTimeout, comment } = request;
    if (request.supersedes === true && this.confirmed.open !== undefined) {
      this.confirmed.claim({ session, origin }, undefined, true);
      await this.revert(`superseded: ${comment ?? ''}`);
    }
    // An action's caller learns the id from the result, so the commit need not end with a session that may be one request.
    const confirm = confirmTimeout === undefined ? undefined : { seconds: confirmTimeout, persist: newPersistId() };
    return await this.submit({
      origin,
      session,
      kind: confirm === undefined ? 'commit' : 'confirmed-commit',
      cause: 'commit',
      comment: comment ?? '',
      build: this.guarded(origin, buildRequest(request, this.services, this.schema)),
      confirm,
      signal,
    });
  }

  /** As {@link ActionContext.factoryReset} says. */
  async factoryReset(origin: Origin, session: number, signal?: AbortSignal): Promise<void> {
    if (this.#factory === undefined) {
      const message = 'this device has no factory default';
      throw new ConfigError({ type: 'protocol', tag: 'operation-not-supported', message });
    }
    if (this.confirmed.open !== undefined) {
      this.confirmed.claim({ session, origin }, undefined, true);
      await this.revert('superseded: factory-reset');
    }
    const access = await this.#factory.firstAccess(origin);
    try {
      const root = this.factoryRoot(access.edits);
      await this.submit({
        origin,
        session,
        kind: factoryResetKind,
        cause: 'commit',
        comment: '',
        build: this.guarded(origin, () => root),
        erases: true,
        signal,
      });
    } catch (error) {
      access.withdraw();
      throw error;
    }
    this.candidates.clear();
    await this.startup.reset();
    await this.#erase();
  }

  /** What an empty tree becomes by the factory default and `more`; there is no system state: handlers make that anew. */
  factoryRoot(more: readonly JsonEdit[]): Root {
    const edits = [...(this.#factory?.edits ?? []), ...more];
    const empty = { config: DataTree.empty(this.schema), system: DataTree.empty(this.schema) };
    return buildRequest({ edits }, this.services, this.schema)(empty);
  }

  async #erase(): Promise<void> {
    try {
      await this.#store.erase();
    } catch (cause) {
      this.services.log('error', 'the journal still holds what was erased', { cause: String(cause) });
      const message = 'the device was reset, but its journal holds the former data until the next start';
      throw new ConfigError({ tag: 'operation-failed', message }, { cause });
    }
  }

  /** What the user asks for, refused where he may not write it; the system's own state is not his to write. */
  guarded(origin: Origin, build: (head: Root) => Root | Promise<Root>): (head: Root) => Promise<Root> {
    return async (head) => {
      const root = await build(head);
      this.access.checkChange(origin, head, head.config, root.config);
      return root;
    };
  }

  async submit(job: Job): Promise<CommitResult> {
    try {
      return await this.#queue.submit(job);
    } catch (error) {
      throw this.refusal(error);
    }
  }

  /** What the caller is told; causes that are not for him go to the log. */
  refusal(error: unknown): ConfigError {
    if (error instanceof ConfigError) return error;
    const cause = error instanceof Error ? error.stack : String(error);
    this.services.log('error', 'internal error', { cause });
    return ConfigError.from(error);
  }

  notify(path: InstanceIdentifier, content: JsonObject): void {
    const schema = path.last?.schema;
    if (schema?.kind !== 'notification') throw new RangeError(`${path.toString()} is not a notification`);
    const body = branchFromJson(schema, content, 'rfc7951');
    this.events.publish({ kind: 'notification', time: this.services.clock.now(), path, content: body });
  }

  async start(fallback: Point | undefined): Promise<void> {
    if (fallback !== undefined) await this.#undoAtStart(fallback);
    // The agent stopped before it was done; it is tried again at the next start.
    if (this.#store.mustErase) await this.#erase().catch(() => undefined);
    const { registry } = this.services;
    const after = this.running();
    const before = { config: DataTree.empty(this.schema), system: DataTree.empty(this.schema) };
    const { all: differences } = await differencesBetween(before, after);
    for (const task of tasksFor(registry, { before, after, differences, origin: systemOrigin, cause: 'start' })) {
      try {
        await applyTask(task, undefined, this.services);
      } catch (error) {
        notApplied(task, error, this.services);
        const { message, path } = ConfigError.from(error);
        this.services.log('error', `alarm: ${task.entry.handler.name} could not be applied at start`, {
          message,
          path,
        });
      }
    }
    const { schema } = this;
    for (const module of registry.modules) {
      await module.start?.({
        schema,
        running: () => this.running(),
        kept: () => this.points.points.map(({ root, entry }) => ({ ...root, transaction: entry.transaction })),
        held: () => this.points.held,
        secret: (path, root) => this.secret(path, root),
        forgotten: (listener) => this.points.forgotten(listener),
        memory: (name) => this.meta(name),
        commit: (request) => this.commit(request),
        notify: (path, content) => this.notify(path, content),
      });
    }
  }

  startUp(): Promise<void> {
    return this.startup.load();
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closed ??= this.#close();
    return this.#closed;
  }

  admit(job: Job, head: Point): void {
    if (job.revert !== undefined) {
      if (this.confirmed.open === job.revert) return;
      throw new ConfigError({ type: 'protocol', tag: 'operation-failed', message: 'no confirmed commit is open' });
    }
    this.locks.check('running', job.session);
    const isTrial = job.testOnly === true;
    if (!isTrial) this.confirmed.check(job, { persistId: job.persistId, isConfirmed: job.confirm !== undefined });
    const running = head.entry.transaction;
    if (job.expectTransaction !== undefined && job.expectTransaction !== running) {
      const message = `running is transaction ${running}, not ${job.expectTransaction}`;
      throw new ConfigError({ tag: 'in-use', message, info: { transaction: running } });
    }
  }

  permit(job: Job, differences: readonly Difference[]): void {
    if (job.revert === undefined) this.partialLocks.check(job.session, differences);
  }

  isSignificant(job: Job): boolean {
    return job.confirm !== undefined || this.confirmed.open !== undefined || job.erases === true;
  }

  write(batch: readonly Staged[]): Promise<readonly number[]> {
    const { open } = this.confirmed;
    return this.#recorder.write(
      batch.map(({ job, entry, head, root, differences }) => {
        const record = { entry, before: head.root, after: root, differences };
        if (job.confirm !== undefined) return { ...record, fallback: (open?.fallback ?? head).entry.transaction };
        return open === undefined ? record : { ...record, closes: true };
      }),
    );
  }

  advance(staged: Staged, end: number): CommitResult {
    const { job, entry, root, differences, findings } = staged;
    const { transaction } = entry;
    const former = this.head;
    const { open } = this.confirmed;
    this.#store.advance(entry, root, end, job.confirm === undefined ? undefined : (open?.fallback ?? former));
    if (job.erases === true) this.points.forget(transaction);
    const who = { origin: job.origin, session: job.session };
    const now = this.services.clock.now();
    let persistId: string | undefined;
    let told: NotificationEvent | undefined;
    if (job.confirm !== undefined) {
      persistId = job.confirm.persist ?? job.persistId ?? newPersistId();
      const persist = job.confirm.persist !== undefined || (open?.persist ?? false);
      const fallback = open?.fallback ?? former;
      const owner = { session: job.session, origin: job.origin };
      this.confirmed.begin({ fallback, transaction, persistId, persist, owner }, job.confirm.seconds);
      told = this.standard.confirmedCommit(now, open === undefined ? 'start' : 'extend', who, job.confirm.seconds);
    } else if (open !== undefined) {
      this.confirmed.end();
      const ended = job.revert === undefined ? 'complete' : job.comment === notConfirmed ? 'timeout' : 'cancel';
      told = this.standard.confirmedCommit(now, ended, job.revert === undefined ? who : open.owner);
    }
    this.events.publish({ kind: 'commit', transaction, origin: job.origin, differences: differences.all });
    this.#tell(this.standard.configChange(now, who, differences.all));
    this.#tell(told);
    if (this.confirmed.open === undefined) this.#store.compactIfLarge();
    return { transaction, findings, ...(persistId === undefined ? {} : { persistId }) };
  }

  async reverse(batch: readonly Staged[], ends: readonly number[], error: ConfigError): Promise<void> {
    const good = this.head;
    const last = batch.at(-1)!;
    const entry: HistoryEntry = {
      transaction: String(Number(last.entry.transaction) + 1),
      time: this.services.clock.now(),
      origin: last.job.origin,
      comment: `taken back: ${error.message}`,
      kind: 'reversal',
    };
    // The records of the batch may have opened or closed a confirmed commit; from here on it is what it was before them.
    const { open } = this.confirmed;
    const state = open === undefined ? { closes: true } : { fallback: open.fallback.entry.transaction };
    const end = await this.#recorder.writeOrOwe({ entry, before: last.root, after: good.root, ...state }, ends.at(-1)!);
    for (const [index, { entry: refused, root }] of batch.entries()) {
      this.#store.advance(refused, root, ends[index]!, open?.fallback ?? good);
    }
    this.#store.advance(entry, good.root, end, open?.fallback);
  }

  /** Goes back from the open confirmed commit; tried again later where the disk does not take it. */
  async revert(reason: string): Promise<void> {
    const { open } = this.confirmed;
    // One that is open when the agent stops is undone at the next start.
    if (open === undefined || this.#isClosing) return;
    try {
      await this.#queue.submit({
        origin: systemOrigin,
        session: 0,
        kind: 'rollback',
        cause: 'rollback',
        comment: reason,
        build: () => open.fallback.root,
        persistId: open.persistId,
        revert: open,
      });
    } catch (error) {
      if (this.confirmed.open === open && !this.#isClosing) {
        this.services.log('error', 'alarm: a confirmed commit could not be undone yet', { cause: String(error) });
        this.confirmed.retry(retryAfter);
      }
      throw this.refusal(error);
    }
  }

  /** Work on the store between two commits, when all before them are on disk. */
  async between({ origin, id }: Pick<Session, 'origin' | 'id'>, work: (store: Store) => Promise<void>): Promise<void> {
    await this.#queue.between({ user: origin.user, session: id }, async () => {
      await this.#recorder.settle();
      await work(this.#store);
    });
  }

  async confirm(session: DatastoreSession, persistId: string | undefined): Promise<void> {
    this.confirmed.claim(asker(session), persistId, true);
    // In its turn: it may time out, or be extended, while others are before it.
    await this.between(session, async (store) => {
      this.confirmed.claim(asker(session), persistId, true);
      await store.writeConfirm(session.origin);
      this.confirmed.end();
      const who = { origin: session.origin, session: session.id };
      this.#tell(this.standard.confirmedCommit(this.services.clock.now(), 'complete', who));
    });
  }

  async #undoAtStart(fallback: Point): Promise<void> {
    const { head } = this;
    const transaction = String(Number(head.entry.transaction) + 1);
    const entry: HistoryEntry = {
      transaction,
      time: this.services.clock.now(),
      origin: systemOrigin,
      comment: `transaction ${head.entry.transaction} was not confirmed before the agent stopped`,
      kind: 'rollback',
    };
    const record = { entry, before: head.root, after: fallback.root, closes: true };
    const end = await this.#recorder.writeOrOwe(record, head.end);
    this.#store.advance(entry, fallback.root, end, undefined);
    this.services.log('warning', `transaction ${head.entry.transaction} was not confirmed and is undone`);
  }

  async #close(): Promise<void> {
    this.sessions.closeAll();
    for (const module of [...this.services.registry.modules].reverse()) {
      try {
        await module.stop?.();
      } catch (error) {
        this.services.log('error', `module ${module.name} could not be stopped`, { cause: String(error) });
      }
    }
    this.confirmed.stop();
    await this.#queue.close();
    await this.#recorder.settle().catch(() => undefined);
    await this.#store.close();
    await this.#lock.release();
  }
}

const notConfirmed = 'not confirmed in time';
/** Milliseconds. */
const retryAfter = 5000;
