/**
 * What a module registers with the datastore, and what its handlers are given: the contract of the transaction's phases.
 * Types only.
 */
import type { ConfigError } from '../error.js';
import type { Content, DataTree, InstanceIdentifier, JsonObject, JsonValue, Schema, Value } from '../yang/index.js';

/** One version of everything: users write `config`, handlers alone write `system` (persistent state, config false). */
export interface Root {
  readonly config: DataTree;
  readonly system: DataTree;
}

export type Protocol = 'local' | 'xmlrpc' | 'netconf' | 'restconf' | 'snmp' | 'web' | 'system';

/** Who asks. */
export interface Origin {
  readonly user: string;
  readonly protocol: Protocol;
  /** Address and port of the peer; '' for the local socket and the system itself. */
  readonly address: string;
}

/** One difference between two roots, at the highest node that differs whole. */
export interface Difference {
  readonly path: InstanceIdentifier;
  readonly kind: 'created' | 'deleted' | 'modified' | 'moved';
  readonly before: Content | undefined;
  readonly after: Content | undefined;
}

/** What one handler is told of one transaction. */
export interface Change {
  readonly before: Root;
  readonly after: Root;
  /** The instance of the handler's subtree: the container, or the list entry where the handler's path is a list. */
  readonly instance: InstanceIdentifier;
  /** Differences inside that subtree, configuration and system state; at start everything is `created`. */
  readonly differences: readonly Difference[];
  /** True for a leaf, list or container path (schema path as in `SchemaNode.path`) with a difference at, above or below it. */
  touches(schemaPath: string): boolean;
  readonly origin: Origin;
  /** `start` when the agent comes up, `reference` where only something that this subtree refers to changed. */
  readonly cause: 'commit' | 'start' | 'rollback' | 'reference';
  /** Whether it goes back by itself unless it is confirmed; undefined where nothing is to be committed (`<validate>`). */
  readonly confirmed?: boolean | undefined;
}

export interface Finding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly path: string;
  readonly text: string;
  /** For errors: how the refusal is told (invalid-value where absent). */
  readonly tag?: ConfigError['tag'];
  readonly appTag?: string;
}

export interface AmendContext {
  readonly signal: AbortSignal;
  /** Reads and writes persistent system state of the candidate; a path of configuration is refused with a RangeError. */
  get(path: InstanceIdentifier): Content | undefined;
  set(path: InstanceIdentifier, value: JsonValue): void;
  remove(path: InstanceIdentifier): void;
}

export interface PrepareContext {
  readonly signal: AbortSignal;
  /** Date.now() figure after which the transaction is given up. */
  readonly deadline: number;
}

/**
 * Owns one subtree of configuration. Phases run in this order; none is called outside a transaction but `apply` at start.
 * Every method may be absent.
 */
export interface CommitHandler<Resource = unknown> {
  /** For logs and errors. */
  readonly name: string;
  /** Schema path of the subtree, `/signet-https:https`. One that ends in a list means one call for each changed entry. */
  readonly path: string;
  /** Schema paths elsewhere whose change this handler wants to be told of though its own leaves did not change. */
  readonly references?: readonly string[];
  /** May be slow, may fail, runs before the queue on the candidate: makes and remembers what the system must make. */
  amend?(change: Change, context: AmendContext): Promise<void>;
  /** Pure; may be called any number of times; accepts a candidate that amend has not filled. Any `error` refuses. */
  validate?(change: Change): readonly Finding[];
  /** May fail and may take time: stages what apply needs. What it returns is given to apply or abort, exactly one of them. */
  prepare?(change: Change, context: PrepareContext): Promise<Resource>;
  /** Only switches over. Must not fail; if it throws, what was applied gets the inverse change. Idempotent. */
  apply?(change: Change, resource: Resource | undefined): void | Promise<void>;
  /** Frees what prepare staged. Called only for what prepared, in reverse order. */
  abort?(change: Change, resource: Resource): void | Promise<void>;
}

/** Reads state that is computed when asked. */
export interface StateProvider {
  /** Schema path of a config-false node: leaf (read returns its Value), container (object), list or leaf-list (array). */
  readonly path: string;
  /**
   * The node is configuration of which the system itself provides all there is (RFC 8342 5.3.4, origin `system`): it stands in
   * operational only. A handler must refuse whatever a user writes there.
   */
  readonly origin?: 'system';
  /** RFC 7951 JSON of the instance at `instance`, or a bare Value for a leaf; undefined where there is none. Cheap, synchronous. */
  read(root: Root, instance: InstanceIdentifier): JsonValue | Value | undefined;
  /** Of a list: the entry whose keys `instance` gives, so that who asks for one does not pay for all. */
  readEntry?(root: Root, instance: InstanceIdentifier): JsonObject | undefined;
}

export interface ActionContext {
  readonly origin: Origin;
  /** Running, as the caller sees it now. */
  readonly root: Root;
  readonly signal: AbortSignal;
  /** One transaction on behalf of the caller. `system` edits persistent state in the same transaction. */
  commit(request: CommitRequest): Promise<CommitResult>;
  /**
   * Back to what a new device has (RFC 8808 section 2), on behalf of the caller: one transaction, with which the history
   * begins anew. A confirmed commit that is open is cancelled, where the caller may do that.
   */
  factoryReset(): Promise<void>;
}

export interface CommitRequest {
  /** Configuration to write, each value as RFC 7951 JSON. */
  readonly edits?: readonly JsonEdit[];
  readonly system?: readonly { readonly path: InstanceIdentifier; readonly value: JsonValue | undefined }[];
  readonly confirmTimeout?: number | undefined;
  readonly comment?: string;
  /** Cancels a confirmed commit that is open, where the caller may do that: his own, or any from the local socket. */
  readonly supersedes?: boolean;
}

export interface JsonEdit {
  readonly operation: 'merge' | 'replace' | 'create' | 'delete' | 'remove';
  readonly path: InstanceIdentifier;
  readonly value?: JsonValue;
}

export interface CommitResult {
  /** Id of the transaction; the running one's where nothing changed. */
  readonly transaction: string;
  /** Warnings and infos of validate. */
  readonly findings: readonly Finding[];
  /** Set where a confirm timeout was given. */
  readonly persistId?: string;
}

export interface ActionHandler {
  /** Schema path of the rpc or action: `/signet-https:https/certificate/self-sign`. */
  readonly path: string;
  /** `input` is validated, with defaults filled in; the output is RFC 7951 JSON. */
  invoke(context: ActionContext, instance: InstanceIdentifier, input: JsonObject): Promise<JsonObject>;
}

/** Everything that one file of src/modules registers: a value, never a side effect of import. */
export interface ModuleRegistration {
  readonly name: string;
  readonly handlers?: readonly CommitHandler[];
  readonly state?: readonly StateProvider[];
  readonly actions?: readonly ActionHandler[];
  /** Groups of access control that a user is in beside those under `nacm` (RFC 8341 enable-external-groups). Cheap. */
  groups?(root: Root, user: string): readonly string[];
  /** Given the bus when the datastore opens, for notifications of its own. */
  start?(services: ModuleServices): void | Promise<void>;
  stop?(): void | Promise<void>;
}

/** A point of the history. */
export interface KeptRoot extends Root {
  readonly transaction: string;
}

export interface ModuleServices {
  readonly schema: Schema;
  running(): Root;
  /** Every root that can be gone back to, the oldest first, running last. */
  kept?(): readonly KeptRoot[];
  /** The root of the startup datastore: what it names is needed though no kept point has it. */
  held?(): Root | undefined;
  /** The plain value of a sealed leaf of `root`; undefined where it is not set or does not open under the master key. */
  secret?(path: InstanceIdentifier, root: Root): string | undefined;
  /** Calls back when a point has left the history whose system state is not that of the oldest one that stays; gives what ends it. */
  forgotten?(listener: () => void): () => void;
  /** A durable fact beside the tree: journalled, not part of the history; `set` resolves when it is on disk. */
  memory?(name: string): { get(): JsonValue | undefined; set(value: JsonValue): Promise<void> };
  /** A transaction of the system's own (renewal, factory defaults). */
  commit(request: CommitRequest): Promise<CommitResult>;
  /** `path` names a notification: `/signet-https:certificate-expiring` or one inside the tree. */
  notify(path: InstanceIdentifier, content: JsonObject): void;
}
