/**
 * The one door to the tree: the verbs of RFC 6241 without the transport, the same for every northbound. What the user may
 * not read is absent (RFC 8341); what he may not change or call is refused with access-denied.
 */
import type { ConfigError } from '../error.js';
import type {
  AnnotationSource,
  Branch,
  Content,
  DataTree,
  InstanceIdentifier,
  JsonObject,
  JsonValue,
  LeafSchema,
  Schema,
  SchemaNode,
  Steps,
  TreeEdit,
  Value,
  XPathNames,
} from '../yang/index.js';
import type { CommitResult, Difference, Finding, Origin } from './contract.js';
import type { WithDefaults } from './defaults.js';
import type { EntryPath } from './entry-path.js';
import type { PartialLock } from './partial-locks.js';
import type { SessionInfo } from './sessions.js';

export type DatastoreName = 'running' | 'candidate' | 'startup' | 'operational' | 'factory-default' | 'intended';

/**
 * One edit by a user: an operation of RFC 6241 7.2, or `none` and `move`, on one target. What it holds was decoded by the yang
 * codecs, so every value fits its type. `insert` of RFC 8072 2.5 is `create` with a place.
 */
export type Edit = TreeEdit;

export interface EditOptions {
  /** `test-then-set` validates what a candidate would be and leaves it alone where that fails; `test-only` never sets. */
  readonly testOption?: 'test-then-set' | 'set' | 'test-only';
  /** All are atomic; `continue-on-error` tells every edit that fails, the others the first. */
  readonly errorOption?: 'stop-on-error' | 'continue-on-error' | 'rollback-on-error';
}

export type CopyTarget = 'running' | 'candidate' | 'startup';
export type CopySource = CopyTarget | 'factory-default';

export interface ReadOptions {
  /** `operational` where absent. */
  readonly datastore?: DatastoreName;
  /** As in {@link Session.get}. */
  readonly candidate?: string;
  /** RFC 8342 5.3.4, of `operational` alone: `invalid-value` for another datastore. */
  readonly withOrigin?: boolean;
  /** RFC 6243; where absent `operational` reports all that is in use, the others what was set. */
  readonly withDefaults?: WithDefaults;
}

export interface Reading {
  readonly content: Content;
  /** For the encoders, with `at` the path that was read; undefined where no annotation was asked for. */
  readonly annotations: AnnotationSource | undefined;
}

export interface CommitOptions {
  readonly comment?: string;
  /** Seconds; makes the commit a confirmed one (RFC 6241 8.4). */
  readonly confirmTimeout?: number | undefined;
  readonly persist?: string;
  /** Names the confirmed commit that this one confirms or extends. */
  readonly persistId?: string;
  /** Refused with `in-use`... unless running is this transaction. */
  readonly expectTransaction?: string;
  /** Gives it up, with `operation-failed`, as long as it is not written: while it waits, and in slow phases of handlers. */
  readonly signal?: AbortSignal;
  /** Validate only; nothing is committed, the result's transaction is running's. */
  readonly testOnly?: boolean;
}

export interface HistoryEntry {
  readonly transaction: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly origin: Origin;
  readonly comment: string;
  /** `commit`, `rollback`, `confirmed-commit`, `confirm`, `reversal`, ... */
  readonly kind: string;
}

export interface Session {
  readonly id: number;
  readonly origin: Origin;
  readonly schema: Schema;
  /**
   * The content at `path`, or undefined where there is none that this user may see. `operational` is running with system
   * state, computed state and defaults in use; the other names give what was configured, without defaults. Of several
   * candidates `candidate` names one, as in {@link edit}.
   */
  get(path: InstanceIdentifier, datastore?: DatastoreName, candidate?: string): Content | undefined;
  /** As {@link get}, with defaults and origins as they are asked for; undefined where nothing is left to report. */
  read(path: InstanceIdentifier, options?: ReadOptions): Reading | undefined;
  /** As {@link read}, in steps, for whatever may be large: of what is there at the first. */
  reading(path: InstanceIdentifier, options?: ReadOptions): Steps<Reading | undefined>;
  /** A single leaf without building a tree around it: the fast path of SNMP and of config.get. Defaults are filled in. */
  leaf(path: InstanceIdentifier): Value | undefined;
  /** The same for a leaf right in a list entry, which is looked for once in each version of the tree. */
  leafOf(entry: EntryPath, leaf: LeafSchema): Value | undefined;
  /** Whether the user may read the node, be it there or not. */
  sees(path: InstanceIdentifier): boolean;
  /** The same for all instances of a node; undefined where it depends on the instance. */
  seesAll(schema: SchemaNode): boolean | undefined;
  /** The rule for the node itself, be it there or not; `exec`: of an rpc or action. Keys that are missing are covered by no rule with keys. */
  permits(verb: 'create' | 'update' | 'exec', path: InstanceIdentifier): boolean;
  /** As {@link permits}, of what is asked for now and done later: throws access-denied, and the refusal is counted. */
  authorizeAt(verb: 'create' | 'exec', path: InstanceIdentifier): void;
  /** A datastore whole, as this user may see it; `candidate` as in {@link get}. */
  tree(datastore: DatastoreName, candidate?: string): DataTree;
  /** Id of the running transaction. */
  transaction(): string;

  /** Edits straight to running, as one transaction. */
  apply(edits: readonly Edit[], options?: CommitOptions & Pick<EditOptions, 'errorOption'>): Promise<CommitResult>;
  /** Edits the candidate named by `candidate` (this session's private one where absent; 'shared' is NETCONF's). */
  edit(edits: readonly Edit[], candidate?: string): void;
  /**
   * As {@link edit}, with the options of RFC 6241 7.2; `set` where there is no test-option. For running there is {@link apply},
   * which always tests, and its option `testOnly`.
   */
  editConfig(edits: readonly Edit[], options: EditOptions, candidate?: string): Promise<readonly Finding[]>;
  /**
   * Puts the source whole in the place of the target (RFC 6241 7.3): what the user may not read is left out, what differs in the
   * target has to be his to write (RFC 8341 3.2.6). To running it is a commit, as `options` say. `invalid-value` where both are
   * the same. Of factory-default, which has no secrets, those in the target stay wherever their parents do.
   */
  copyConfig(
    target: CopyTarget,
    source: CopySource,
    options?: CommitOptions,
    candidate?: string,
  ): Promise<CommitResult>;
  /** Of startup, the only one that can be deleted (RFC 6241 7.4); the next start begins with the factory default. */
  deleteConfig(): Promise<void>;
  validate(candidate?: string): Promise<readonly Finding[]>;
  commit(options?: CommitOptions, candidate?: string): Promise<CommitResult>;
  discard(candidate?: string): void;
  /** Between running and the candidate, or between two transactions of the history. */
  diff(between?: { from?: string; to?: string }, candidate?: string): readonly Difference[];
  confirm(persistId?: string): Promise<void>;
  cancel(persistId?: string): Promise<void>;
  history(): readonly HistoryEntry[];
  rollback(transaction: string, options?: CommitOptions): Promise<CommitResult>;

  /** Throws access-denied where the user may not call an operation of the protocol itself (RFC 8341 3.4.4). */
  authorize(module: string, operation: string): void;
  /**
   * Whole datastores (RFC 6241 7.5). `lock-denied` with the holder's session-id (0 for what is no session); others are refused
   * writes with `in-use` until it is unlocked or the session ends.
   */
  lock(datastore: 'running' | 'candidate' | 'startup'): void;
  unlock(datastore: 'running' | 'candidate' | 'startup'): void;
  /**
   * RFC 5717: protects what the XPath expressions select in running now, and what is below, until it is unlocked or the
   * session ends. `invalid-value` for what is no expression, `operation-failed` (no-matches) where nothing is selected,
   * `lock-denied` where another session holds a part of it or anybody the whole.
   */
  partialLock(select: readonly string[], names: XPathNames): PartialLock;
  /** `invalid-value` where this session holds no such lock. */
  partialUnlock(lockId: number): void;
  /** The sessions that are open, without those of SNMP, which has none. */
  sessions(): readonly SessionInfo[];
  /** Ends another session (RFC 6241 7.9): what it was about is given up, its locks are freed. `invalid-value` for none. */
  killSession(id: number): void;
  /** Aborts when the session ends; its reason is `closed` or `killed`. */
  readonly ended: AbortSignal;
  /** `path` ends in the rpc or action; `input` is its decoded input. Returns its output. */
  invoke(path: InstanceIdentifier, input: Branch | undefined, signal?: AbortSignal): Promise<Branch>;
  /**
   * Events that the user may see, in order; a promise that the listener returns is waited for. One that falls behind is told
   * in their place how many it missed. Gives what ends it.
   */
  subscribe(listener: (event: DatastoreEvent) => void | Promise<void>, options?: SubscribeOptions): () => void;
  close(): void;
}

export interface NotificationEvent {
  readonly kind: 'notification';
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly path: InstanceIdentifier;
  readonly content: Branch;
  /** Of netconf-config-change: the targets of its edits, in their order. */
  readonly targets?: readonly InstanceIdentifier[];
}

export interface SubscribeOptions {
  /** False: this notification is not wanted. */
  readonly filter?: (event: NotificationEvent) => boolean;
  /** Milliseconds since the epoch: changes from then on that the history still has come first. */
  readonly startTime?: number;
  /** Milliseconds since the epoch: then the subscription ends by itself. */
  readonly stopTime?: number;
}

export type DatastoreEvent =
  | {
      readonly kind: 'commit';
      readonly transaction: string;
      readonly origin: Origin;
      readonly differences: readonly Difference[];
      /** Milliseconds since the epoch; of one that is told later, from the history. */
      readonly time?: number;
    }
  | NotificationEvent
  /** What was asked for from the past has been delivered; what follows is new (RFC 5277 replayComplete). */
  | { readonly kind: 'replay-complete'; readonly time: number }
  /** The stop time has come; nothing follows (RFC 5277 notificationComplete). */
  | { readonly kind: 'complete'; readonly time: number }
  /** So many events were not delivered to this subscriber, because it did not keep up. */
  | { readonly kind: 'missed'; readonly count: number };

export type { Branch, ConfigError, JsonObject, JsonValue, PartialLock, SessionInfo, WithDefaults };
