/** Opens a state directory and holds what all sessions share: running, the queue, the history, locks and the bus. */
import { ConfigError } from '../error.js';
import {
  Branch,
  DataTree,
  type InstanceIdentifier,
  type JsonObject,
  type JsonValue,
  type Schema,
  Validator,
} from '../yang/index.js';
import { AccessControl } from './access.js';
import { nacmModule } from './access-module.js';
import { Bus } from './bus.js';
import { Candidates } from './candidate.js';
import { tasksFor } from './change.js';
import { CommitQueue, type CommitStore, type Job, type Staged } from './commit-queue.js';
import { ConfirmedCommit } from './confirmed.js';
import { branchFromJson, branchToJson } from './content.js';
import type { CommitRequest, CommitResult, ModuleRegistration, Origin, Root } from './contract.js';
import { DatastoreSession } from './datastore-session.js';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { type DraftServices, differencesBetween } from './draft.js';
import { type FileSystem, nodeFileSystem } from './files.js';
import { defaultRetention, type History, type Point, type Retention } from './history.js';
import { journalDirectory, journalName, storageError } from './journal.js';
import { Locks } from './locks.js';
import { type Clock, type Log, systemClock } from './log.js';
import { MasterKey } from './master-key.js';
import { Operational } from './operational.js';
import { applyTask, type Deadlines, defaultDeadlines } from './phases.js';
import { Registry } from './registry.js';
import { buildRequest } from './request.js';
import { Sealing } from './sealing.js';
import type { DatastoreEvent, HistoryEntry, Session } from './session.js';
import { type CommitRecord, Store, systemOrigin } from './store.js';

export interface DatastoreOptions {
  /** Created 0700. */
  readonly stateDirectory: string;
  readonly schema: Schema;
  readonly modules: readonly ModuleRegistration[];
  /** Default STATE/master.key; made 0600 where absent. */
  readonly masterKeyFile?: string | undefined;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly files?: FileSystem;
  readonly retention?: Partial<Retention>;
  readonly deadlines?: Partial<Deadlines>;
}

/** A durable fact beside the tree (engine boots, raised alarms): journalled, not part of the history. */
export interface Fact {
  get(): JsonValue | undefined;
  /** Resolves when it is on disk. */
  set(value: JsonValue): Promise<void>;
}

export interface Datastore {
  readonly schema: Schema;
  /** Seals what lies beside the tree: key files. */
  readonly masterKey: MasterKey;
  running(): Root;
  /** Id of the running transaction. */
  transaction(): string;
  session(origin: Origin): Session;
  /**
   * The plain value of a sealed leaf of running, for consumers inside the process; undefined where there is none, or where it
   * was sealed under another master key.
   */
  secret(path: InstanceIdentifier): string | undefined;
  meta(name: string): Fact;
  /** What is at `path` now, state and defaults included, as RFC 7951 JSON; undefined where nothing is. */
  state(path: InstanceIdentifier): JsonObject | undefined;
  /** Every event, unfiltered; for consumers inside the process. Gives what ends it. */
  subscribe(listener: (event: DatastoreEvent) => void): () => void;
  history(): readonly HistoryEntry[];
  /** A transaction of the system's own. */
  commit(request: CommitRequest): Promise<CommitResult>;
  /** Stops the modules, waits for commits under way, and frees the state directory. */
  close(): Promise<void>;
}

/**
 * Opens the state directory (or makes it), reads the journal, undoes a confirmed commit that was open, applies running
 * to every handler and starts the modules. ConfigError where the directory is in use, not writable, of a newer format or
 * corrupt, and where the registrations do not fit the schema.
 */
export async function openDatastore(options: DatastoreOptions): Promise<Datastore> {
  const log = options.log ?? (() => undefined);
  const access = new AccessControl(
    options.schema,
    (root, user) => options.modules.flatMap((module) => module.groups?.(root, user) ?? []),
    log,
  );
  const nacm = nacmModule(options.schema, () => access.counters);
  const registry = new Registry(options.schema, nacm === undefined ? options.modules : [nacm, ...options.modules]);
  const { stateDirectory } = options;
  const files = options.files ?? nodeFileSystem;
  await prepareStateDirectory(files, stateDirectory);
  const lock = await lockDirectory(stateDirectory).catch((error: unknown) => {
    throw error instanceof ConfigError
      ? error
      : storageError(`the state directory ${stateDirectory} is not writable`, error);
  });
  try {
    const clock = options.clock ?? systemClock;
    const key = await loadMasterKey(files, stateDirectory, options.masterKeyFile, log);
    const retention = { ...defaultRetention, ...options.retention };
    const { schema } = options;
    const { store, fallback } = await Store.open({ stateDirectory, schema, files, clock, log, retention });
    const deadlines = { ...defaultDeadlines, ...options.deadlines };
    const sealing = new Sealing(registry.index, key);
    const validator = new Validator(schema);
    const core = new Core({ registry, validator, sealing, clock, log, deadlines }, access, key, store, lock);
    try {
      await core.start(fallback);
    } catch (error) {
      await store.close();
      throw error;
    }
    return core;
  } catch (error) {
    await lock.release();
    throw error instanceof ConfigError
      ? error
      : storageError(`the state directory ${stateDirectory} cannot be used`, error);
  }
}

/** A key that is missing beside a journal is lost: the agent goes on without what was sealed under it, and says so. */
async function loadMasterKey(
  files: FileSystem,
  stateDirectory: string,
  file: string | undefined,
  log: Log,
): Promise<MasterKey> {
  const names = await files.list(journalDirectory(stateDirectory)).catch((): readonly string[] => []);
  const isNew = !names.includes(journalName);
  return await MasterKey.load(files, stateDirectory, file, (path) => {
    if (isNew) return;
    const message = `alarm: the master key ${path} is missing; passwords and private keys sealed under it are lost`;
    log('error', message, { advice: 'put the key back and restart, or set new passwords and restore the certificate' });
  });
}

/** Makes the directory (0700) where it is not there. ConfigError where that does not work. */
export async function prepareStateDirectory(files: FileSystem, stateDirectory: string): Promise<void> {
  try {
    await files.makeDirectory(stateDirectory, 0o700);
  } catch (error) {
    throw storageError(`the state directory ${stateDirectory} cannot be used`, error);
  }
}

/** The datastore itself; sessions see it whole, the rest of the house as {@link Datastore}. */
export class Core implements Datastore, CommitStore {
  readonly schema: Schema;
  readonly masterKey: MasterKey;
  readonly services: DraftServices;
  readonly operational: Operational;
  readonly access: AccessControl;
  readonly locks = new Locks();
  readonly confirmed: ConfirmedCommit;
  readonly candidates: Candidates;
  readonly events: Bus<DatastoreEvent>;
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #lock: DirectoryLock;
  readonly #sessions = new Map<number, DatastoreSession>();
  /** Transactions that happened and are not on disk. */
  readonly #owed: CommitRecord[] = [];
  #lastSession = 0;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(services: DraftServices, access: AccessControl, masterKey: MasterKey, store: Store, lock: DirectoryLock) {
    this.services = services;
    this.access = access;
    this.masterKey = masterKey;
    this.schema = services.registry.index.schema;
    this.operational = new Operational(services.registry, services.log);
    this.#store = store;
    this.#lock = lock;
    this.#queue = new CommitQueue(this, services);
    this.confirmed = new ConfirmedCommit(services.clock, () => {
      // What goes wrong is in the log, and tried again.
      this.revert('not confirmed in time').catch(() => undefined);
    });
    this.candidates = new Candidates(() => this.running().config);
    this.events = new Bus<DatastoreEvent>({
      limit: 1000,
      log: services.log,
      missed: (count) => ({ kind: 'missed', count }),
    });
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

  session(origin: Origin): Session {
    this.#lastSession += 1;
    const session = new DatastoreSession(this, this.#lastSession, origin);
    this.#sessions.set(session.id, session);
    return session;
  }

  secret(path: InstanceIdentifier): string | undefined {
    const { config, system } = this.running();
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

  subscribe(listener: (event: DatastoreEvent) => void): () => void {
    return this.events.subscribe(listener);
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

  /** What the user asks for, refused where he may not write it; the system's own state is not his to write. */
  guarded(origin: Origin, build: (head: Root) => Root): (head: Root) => Root {
    return (head) => {
      const root = build(head);
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
    const { registry } = this.services;
    const after = this.running();
    const before = { config: DataTree.empty(this.schema), system: DataTree.empty(this.schema) };
    const differences = differencesBetween(before, after);
    for (const task of tasksFor(registry, { before, after, differences, origin: systemOrigin, cause: 'start' })) {
      try {
        await applyTask(task, undefined, this.services);
      } catch (error) {
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
        kept: () => this.points.points.map(({ root }) => root),
        memory: (name) => this.meta(name),
        commit: (request) => this.commit(request),
        notify: (path, content) => this.notify(path, content),
      });
    }
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closed ??= this.#close();
    return this.#closed;
  }

  forget(session: number): void {
    this.#sessions.delete(session);
  }

  /** The sessions that are open, for monitoring and kill-session. */
  sessions(): readonly Session[] {
    return [...this.#sessions.values()];
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

  isSignificant(job: Job): boolean {
    return job.confirm !== undefined || this.confirmed.open !== undefined;
  }

  write(batch: readonly Staged[]): Promise<readonly number[]> {
    const { open } = this.confirmed;
    return this.#record(
      batch.map(({ job, entry, head, root }) => {
        const record = { entry, before: head.root, after: root };
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
    let persistId: string | undefined;
    if (job.confirm !== undefined) {
      persistId = job.confirm.persist ?? job.persistId ?? newPersistId();
      const persist = job.confirm.persist !== undefined || (open?.persist ?? false);
      const fallback = open?.fallback ?? former;
      const owner = { session: job.session, origin: job.origin };
      this.confirmed.begin({ fallback, transaction, persistId, persist, owner }, job.confirm.seconds);
    } else if (open !== undefined) {
      this.confirmed.end();
    }
    this.events.publish({ kind: 'commit', transaction, origin: job.origin, differences });
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
    const end = await this.#recordOrOwe({ entry, before: last.root, after: good.root, ...state }, ends.at(-1)!);
    for (const [index, { entry: refused, root }] of batch.entries()) {
      this.#store.advance(refused, root, ends[index]!, open?.fallback ?? good);
    }
    this.#store.advance(entry, good.root, end, open?.fallback);
  }

  /** Writes commits, behind those that are still owed: a journal without them would give another tree. */
  async #record(commits: readonly CommitRecord[]): Promise<readonly number[]> {
    const owed = [...this.#owed];
    const ends = await this.#store.write([...owed, ...commits]);
    this.#owed.splice(0, owed.length);
    return ends.slice(owed.length);
  }

  /**
   * Writes the record of what cannot be refused any more. Where the disk does not take it, it is owed: no commit is
   * acknowledged before it is written.
   */
  async #recordOrOwe(commit: CommitRecord, end: number): Promise<number> {
    try {
      const [own] = await this.#record([commit]);
      return own!;
    } catch (error) {
      this.#owed.push(commit);
      const { transaction, comment } = commit.entry;
      const fields = { transaction, comment, cause: String(error) };
      this.services.log('error', 'alarm: a transaction could not be recorded; commits are refused until it is', fields);
      return end;
    }
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

  async confirm(session: DatastoreSession, persistId: string | undefined): Promise<void> {
    this.confirmed.claim(asker(session), persistId, true);
    // In its turn: it may time out, or be extended, while others are before it.
    await this.#queue.between(async () => {
      this.confirmed.claim(asker(session), persistId, true);
      await this.#record([]);
      await this.#store.writeConfirm(session.origin);
      this.confirmed.end();
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
    const end = await this.#recordOrOwe(record, head.end);
    this.#store.advance(entry, fallback.root, end, undefined);
    this.services.log('warning', `transaction ${head.entry.transaction} was not confirmed and is undone`);
  }

  async #close(): Promise<void> {
    for (const session of this.sessions()) session.close();
    for (const module of [...this.services.registry.modules].reverse()) {
      try {
        await module.stop?.();
      } catch (error) {
        this.services.log('error', `module ${module.name} could not be stopped`, { cause: String(error) });
      }
    }
    this.confirmed.stop();
    await this.#queue.close();
    if (this.#owed.length > 0) await this.#record([]).catch(() => undefined);
    await this.#store.close();
    await this.#lock.release();
  }
}

export function asker(session: Session): { readonly session: number; readonly origin: Origin } {
  return { session: session.id, origin: session.origin };
}

export function newPersistId(): string {
  return crypto.randomUUID();
}

/** Milliseconds. */
const retryAfter = 5000;
