/** The immutable instance tree (RFC 7950 5.1) and its editor. CONTRACT STUB: signatures are fixed, bodies follow. */
import type {
  AnySchema,
  BranchSchema,
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Schema,
  Value,
} from './schema.js';
import type { InstanceIdentifier } from './path.js';

/** The content of an anydata or anyxml node, as it came. */
export interface AnyContent {
  readonly format: 'json' | 'xml';
  /** JSON text, or the XML of the children with every namespace declared. */
  readonly text: string;
}

/** What a data node holds: leaf, leaf-list, container or list entry, whole list, anydata. The schema node tells which. */
export type Content = Value | readonly Value[] | Branch | ListData | AnyContent;

/** The root, a container, a list entry, or the input, output or body of an operation. Never changes. */
export declare class Branch {
  readonly schema: BranchSchema;
  leaf(child: LeafSchema): Value | undefined;
  leafList(child: LeafListSchema): readonly Value[];
  container(child: ContainerSchema): Branch | undefined;
  list(child: ListSchema): ListData | undefined;
  any(child: AnySchema): AnyContent | undefined;
  /** Any child's content; undefined where absent. */
  get(child: DataSchema): Content | undefined;
  /** Children that are present, in schema order. */
  present(): Iterable<readonly [DataSchema, Content]>;
  /** The key values of a list entry, in the order of the key statement. */
  keys(): readonly Value[];
}

/**
 * The entries of one list. A system-ordered list is in key order (numbers by value, strings by code point, key by key);
 * a user-ordered list in the user's. Keyless lists are kept in insertion order and have no `get`.
 */
export declare class ListData implements Iterable<Branch> {
  readonly schema: ListSchema;
  readonly size: number;
  get(keys: readonly Value[]): Branch | undefined;
  [Symbol.iterator](): Iterator<Branch>;
  /** Entries from the first whose keys are >= `keys` on (system-ordered lists). O(log n) to begin. */
  from(keys: readonly Value[]): Iterable<Branch>;
}

export declare class DataTree {
  readonly schema: Schema;
  readonly root: Branch;
  static empty(schema: Schema): DataTree;
  /** The content at a path; a path that ends in a list without keys gives the whole list. */
  get(path: InstanceIdentifier): Content | undefined;
  /** The branch at a path that names a container, a list entry or (no steps) the root. */
  branch(path: InstanceIdentifier): Branch | undefined;
  /** A batch of edits; this tree is untouched. Nodes that one editor made are changed in place until `finish`. */
  edit(): TreeEditor;
}

/** Plain tree surgery without RFC 6241 semantics (those are in edit.ts): creates missing parents, checks no constraint. */
export declare class TreeEditor {
  /** Sets what is at `path` to `content` whole; list keys come from the path. */
  set(path: InstanceIdentifier, content: Content): void;
  /** Removes what is at `path`, if it is there; non-presence containers left empty go as well. True if it was there. */
  remove(path: InstanceIdentifier): boolean;
  get(path: InstanceIdentifier): Content | undefined;
  finish(): DataTree;
}
