/**
 * The compiled schema: what the compiler makes of YANG modules (RFC 7950) and everybody else reads. Immutable once
 * compiled. Instance data is in tree.ts.
 */

import type { Type } from './types.js';
import type { XPathExpression } from './xpath/expression.js';

/** Everything that was compiled together. */
export interface Schema {
  /** Every module that was loaded, by name (of several revisions the implemented one, else the newest). */
  readonly modules: ReadonlyMap<string, Module>;
  /** Implemented modules by XML namespace. */
  readonly namespaces: ReadonlyMap<string, Module>;
  /** All top-level data nodes of all implemented modules. */
  readonly root: RootSchema;
  /** Top-level rpcs and notifications, by `module:name`. */
  readonly rpcs: ReadonlyMap<string, OperationSchema>;
  readonly notifications: ReadonlyMap<string, NotificationSchema>;
  /** By `module:name`. */
  readonly identities: ReadonlyMap<string, Identity>;
  /**
   * Data structures that are no part of any datastore, by `module:name`: RFC 8791 structures, and yang-data of RFC 8040
   * (where the container is only a wrapper without a name in the data). They are config false and have no parent.
   */
  readonly structures: ReadonlyMap<string, ContainerSchema>;
  /** RFC 7952 annotations of implemented modules, by `module:name`, and the attribute `default` of RFC 6243. */
  readonly annotations: ReadonlyMap<string, AnnotationSchema>;
}

/** Metadata that any data node instance may carry (RFC 7952 section 3). */
export interface AnnotationSchema {
  readonly module: Module;
  readonly name: string;
  /** Of the attribute in XML: the module's, but for what is older than RFC 7952. */
  readonly namespace: string;
  readonly prefix: string;
  readonly type: Type;
  readonly units: string | undefined;
  readonly description: string;
  readonly status: Status;
}

export interface Module {
  readonly name: string;
  readonly namespace: string;
  readonly prefix: string;
  /** The newest revision date, '' where there is none. */
  readonly revision: string;
  readonly yangVersion: '1' | '1.1';
  readonly organization: string;
  readonly contact: string;
  readonly description: string;
  /** False for a module that is only imported: its data nodes are not part of the schema (RFC 7950 5.6.5). */
  readonly implemented: boolean;
  /** Features that the module and its submodules define, and whether each is supported. */
  readonly features: ReadonlyMap<string, boolean>;
  /** The module that a prefix stands for inside this module, its own prefix included. */
  readonly prefixes: ReadonlyMap<string, Module>;
  readonly submodules: readonly { readonly name: string; readonly revision: string; readonly text: string }[];
  /** Top-level nodes as they are declared, with choice and case; augments of other modules are not here. */
  readonly children: readonly SchemaNode[];
  /** What its top-level augment statements add, to itself or to other modules. */
  readonly augments: readonly Augment[];
  readonly extensions: readonly ExtensionInstance[];
  /** Where it was read from (a file name for messages), and its text. */
  readonly source: string;
  readonly text: string;
}

/** A top-level augment (RFC 7950 7.17). The nodes are children of their target; here they are by their origin. */
export interface Augment {
  /** The target as the module wrote it: `/if:interfaces/if:interface`. */
  readonly target: string;
  /** What was added, cases and operations included. */
  readonly nodes: readonly SchemaNode[];
  readonly position: Position;
}

/** A use of an extension, kept and handed to whoever asks (RFC 7950 7.19). */
export interface ExtensionInstance {
  /** Module that defines the extension, and the extension's name: `ietf-yang-smiv2`, `oid`. */
  readonly module: string;
  readonly name: string;
  readonly argument: string | undefined;
  readonly position: Position;
}

export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Identity {
  readonly module: Module;
  readonly name: string;
  readonly bases: readonly Identity[];
  /** Every identity derived from this one, directly or not; this one is not among them (RFC 7950 9.10.2). */
  readonly derived: ReadonlySet<Identity>;
  readonly description: string;
  readonly status: Status;
}

export type Status = 'current' | 'deprecated' | 'obsolete';

/** must and when (RFC 7950 7.5.3, 7.21.5). */
export interface Constraint {
  readonly expression: XPathExpression;
  /** The text as the module has it. */
  readonly text: string;
  readonly errorMessage: string | undefined;
  readonly errorAppTag: string | undefined;
  /** For a `when`: true where it stood on uses, augment, choice or case, so that the context node is the parent (7.21.5). */
  readonly contextIsParent: boolean;
  readonly position: Position;
}

interface Common {
  readonly name: string;
  /** The module whose namespace the node is in. */
  readonly module: Module;
  readonly description: string;
  readonly reference: string;
  readonly status: Status;
  /** RFC 7950 7.21.1, resolved; rpc, action, notification and what is inside them count as neither: false. */
  readonly config: boolean;
  readonly parent: SchemaNode | RootSchema | undefined;
  readonly extensions: readonly ExtensionInstance[];
  readonly when: readonly Constraint[];
  /** The if-feature statements of the node as they are written; all of them hold, else the node were not here. */
  readonly ifFeatures: readonly string[];
  readonly position: Position;
  /** Schema path in the RFC 7951 manner, module name where it changes, choice and case left out: `/signet-https:https/certificate/name`. */
  readonly path: string;
}

/** What has data children. `slot` numbers run from 0 over {@link BranchCommon.dataChildren}. */
interface BranchCommon {
  /** As declared (and augmented), with choice and case nodes. */
  readonly children: readonly SchemaNode[];
  /** Data nodes only, choice and case looked through, in schema order; the index is the child's `slot`. */
  readonly dataChildren: readonly DataSchema[];
  /** By `module:name`. */
  readonly byQualifiedName: ReadonlyMap<string, DataSchema>;
  /** By local name; several where augments from other modules use the same name. */
  readonly byName: ReadonlyMap<string, readonly DataSchema[]>;
  readonly actions: readonly OperationSchema[];
  readonly notifications: readonly NotificationSchema[];
}

export interface RootSchema extends BranchCommon {
  readonly kind: 'root';
  readonly config: true;
}

export interface ContainerSchema extends Common, BranchCommon {
  readonly kind: 'container';
  readonly presence: string | undefined;
  readonly must: readonly Constraint[];
  readonly slot: number;
}

export interface ListSchema extends Common, BranchCommon {
  readonly kind: 'list';
  /** The key leafs in the order of the key statement; empty for a keyless list. They are also the first data children. */
  readonly keys: readonly LeafSchema[];
  readonly orderedBy: 'system' | 'user';
  readonly minElements: number;
  readonly maxElements: number;
  /** Each unique statement as descendant paths: leafs with the containers between (RFC 7950 7.8.3). */
  readonly unique: readonly (readonly (readonly DataSchema[])[])[];
  readonly must: readonly Constraint[];
  readonly slot: number;
}

export interface LeafSchema extends Common {
  readonly kind: 'leaf';
  readonly type: Type;
  readonly units: string | undefined;
  /** The canonical default, from the leaf or its typedef; undefined where there is none. */
  readonly default: Value | undefined;
  readonly mandatory: boolean;
  readonly isKey: boolean;
  readonly must: readonly Constraint[];
  readonly slot: number;
}

export interface LeafListSchema extends Common {
  readonly kind: 'leaf-list';
  readonly type: Type;
  readonly units: string | undefined;
  readonly defaults: readonly Value[];
  readonly orderedBy: 'system' | 'user';
  readonly minElements: number;
  readonly maxElements: number;
  readonly must: readonly Constraint[];
  readonly slot: number;
}

/** anydata and anyxml: the content is kept as it came (XML text or JSON value). */
export interface AnySchema extends Common {
  readonly kind: 'anydata' | 'anyxml';
  readonly mandatory: boolean;
  readonly must: readonly Constraint[];
  readonly slot: number;
}

export interface ChoiceSchema extends Common {
  readonly kind: 'choice';
  readonly cases: readonly CaseSchema[];
  readonly default: CaseSchema | undefined;
  readonly mandatory: boolean;
}

export interface CaseSchema extends Common {
  readonly kind: 'case';
  readonly children: readonly SchemaNode[];
}

/** rpc or action. */
export interface OperationSchema extends Common {
  readonly kind: 'rpc' | 'action';
  readonly input: ParametersSchema;
  readonly output: ParametersSchema;
}

export interface ParametersSchema extends Common, BranchCommon {
  readonly kind: 'input' | 'output';
  readonly must: readonly Constraint[];
}

export interface NotificationSchema extends Common, BranchCommon {
  readonly kind: 'notification';
  readonly must: readonly Constraint[];
}

/** A schema node that has instances in a data tree and a slot in its parent. */
export type DataSchema = ContainerSchema | ListSchema | LeafSchema | LeafListSchema | AnySchema;
export type SchemaNode =
  | DataSchema
  | ChoiceSchema
  | CaseSchema
  | OperationSchema
  | ParametersSchema
  | NotificationSchema;
/** A schema node whose instances hold children. */
export type BranchSchema = RootSchema | ContainerSchema | ListSchema | ParametersSchema | NotificationSchema;

/**
 * A leaf value in memory, canonical (RFC 7950 section 9): int8..uint32 a number, int64 and uint64 a bigint, boolean a
 * boolean, empty null; all else its canonical string: decimal64 (`1.0`), enumeration, bits (in position order), binary
 * (base64), identityref (`module:name`, always qualified), instance-identifier (RFC 7951 form).
 */
export type Value = string | number | bigint | boolean | null;
