/** Opens a state directory: the face of the datastore for the rest of the house, and how it comes up. */
import { join } from 'node:path';
import { ConfigError } from '../error.js';
import { type InstanceIdentifier, type JsonObject, type JsonValue, type Schema, Validator } from '../yang/index.js';
import { AccessControl } from './access.js';
import { nacmModule } from './access-module.js';
import type { AuditRecord } from './audit.js';
import type { CommitRequest, CommitResult, ModuleRegistration, Origin, Root } from './contract.js';
import { Core } from './datastore.js';
import { lockDirectory } from './directory-lock.js';
import { type FactoryDefault, factoryModule } from './factory.js';
import { type FileSystem, nodeFileSystem } from './files.js';
import { defaultRetention, type Retention } from './history.js';
import { journalDirectory, journalName, storageError } from './journal.js';
import { type Clock, type Log, systemClock } from './log.js';
import { MasterKey } from './master-key.js';
import { type Deadlines, defaultDeadlines } from './phases.js';
import { Registry } from './registry.js';
import { finishRekey, masterKeyName } from './rekey-finish.js';
import { Sealing } from './sealing.js';
import type { DatastoreEvent, HistoryEntry, Session } from './session.js';
import { defaultSessionLimits, type SessionLimits } from './sessions.js';
import { prepareStateDirectory } from './state-directory.js';
import { Store } from './store.js';
import { type TroubleListener, Troubles } from './trouble.js';

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
  /** How much of the history is kept, or how the tree says that. */
  /** When this agent was built, in milliseconds since the epoch: a clock that shows less is wrong for certain. Default: 0. */
  readonly built?: number;
  readonly retention?: Partial<Retention> | ((running: Root) => Partial<Retention>);
  readonly deadlines?: Partial<Deadlines>;
  /** Told of what access control refuses. */
  readonly refused?: (record: AuditRecord) => void;
  /** Told of what is wrong with the store or not applied, and when it is over; from the very opening on. */
  readonly trouble?: TroubleListener;
  readonly sessionLimits?: Partial<SessionLimits>;
  /** What a new device has; without it the datastore `factory-default` is empty and nothing goes back to it. */
  readonly factory?: FactoryDefault;
  /** With a startup datastore (RFC 6241 8.7): running is what was saved there after every start. */
  readonly startup?: boolean;
  /** Octets that the journal may grow before it is made shorter; 4 MB where absent. */
  readonly compactAfter?: number;
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
  /**
   * Every event, unfiltered; for consumers inside the process. First come the commits that the history has after the
   * transaction `after`. Gives what ends it.
   */
  subscribe(listener: (event: DatastoreEvent) => void, after?: string): () => void;
  history(): readonly HistoryEntry[];
  /** The time of the last record of the journal that no impossible clock has dated, whatever is left of it; 0 where there is none. */
  lastTime(): number;
  /**
   * To be called once, when all that commits need is there and before anything listens: with a startup datastore running
   * becomes what was saved. Where that fails running stays, and it is told as trouble.
   */
  startUp(): Promise<void>;
  /** A transaction of the system's own. */
  commit(request: CommitRequest): Promise<CommitResult>;
  /** Stops the modules, waits for commits under way, and frees the state directory. */
  close(): Promise<void>;
}

/**
 * Opens the state directory (or makes it), reads the journal, undoes a confirmed commit that was open, applies running
 * to every handler and starts the modules. ConfigError where the directory is another's, in use, not writable, of a newer format
 * or corrupt, and where the registrations do not fit the schema.
 */
export async function openDatastore(options: DatastoreOptions): Promise<Datastore> {
  const log = options.log ?? (() => undefined);
  const access = new AccessControl(
    options.schema,
    (root, user) => options.modules.flatMap((module) => module.groups?.(root, user) ?? []),
    log,
    options.refused ?? (() => undefined),
  );
  const own = [nacmModule(options.schema, () => access.counters), factoryModule(options.schema)];
  const modules = [...own.filter((module) => module !== undefined), ...options.modules];
  const registry = new Registry(options.schema, modules);
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
    await finishRekey(files, stateDirectory, options.masterKeyFile ?? join(stateDirectory, masterKeyName));
    const key = await loadMasterKey(files, stateDirectory, options.masterKeyFile, log);
    const asked = options.retention;
    const retention = (running: Root) => ({
      ...defaultRetention,
      ...(typeof asked === 'function' ? asked(running) : asked),
    });
    const { schema } = options;
    const { compactAfter } = options;
    const troubles = new Troubles(options.trouble);
    const { store, fallback } = await Store.open({
      stateDirectory,
      schema,
      files,
      clock,
      log,
      retention,
      built: options.built ?? 0,
      troubles,
      compactAfter,
    });
    const deadlines = { ...defaultDeadlines, ...options.deadlines };
    const sealing = new Sealing(registry.index, key);
    const validator = new Validator(schema);
    const core = new Core(
      { registry, validator, sealing, clock, log, deadlines, troubles },
      { access, masterKey: key, store, lock, factory: options.factory, isStartupServed: options.startup === true },
      { ...defaultSessionLimits, ...options.sessionLimits },
    );
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
