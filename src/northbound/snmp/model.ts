/** The objects, tables and notifications that the schema is for SNMP: what the mapping makes and everybody else in this folder reads. */
import type {
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Module,
  NotificationSchema,
  OperationSchema,
  Schema,
} from '../../yang/index.js';
import type { Syntax } from './syntax.js';

/** Sub-identifiers of columns that no YANG node stands for. Those from 200 up are reserved for such. */
export const reservedColumn = {
  rowStatus: 200,
  unset: 201,
  presence: 202,
  jobState: 203,
  errorTag: 204,
  errorPath: 205,
  errorText: 206,
  result: 207,
  rowNumber: 220,
  owner: 221,
  job: 222,
  after: 223,
  storageType: 224,
} as const;

/** Of an address in the column of that number: that of its InetAddressType; its InetAddress is the next. */
export function inetColumn(column: number): number {
  return 1000 + 2 * column;
}

/** Below this arc beside a scalar or table stands the segment table of the scalar, those of the table's columns. */
export const segmentArc = 400;

export type Access = 'not-accessible' | 'accessible-for-notify' | 'read-only' | 'read-write' | 'read-create';

/** A scalar or column. */
export interface MibObject {
  /**
   * `leaf`: a YANG leaf; `value`: an entry of a leaf-list; `presence`: whether a presence container is there; `unset`: takes the
   * sub-identifier of the leaf or presence container beside it that shall go; `digest`: of a leaf or entry of a leaf-list that can pass
   * 255 octets; `testAndIncr`: the lock for stations that write together; `after`: the number of the row before it in
   * the user's order; `inetType` and `inetAddress`: an address in the form of RFC 4001; `segment` and `segmentNumber`: columns of its segment table; the others as {@link reservedColumn}.
   */
  readonly kind:
    | 'leaf'
    | 'value'
    | 'digest'
    | 'segment'
    | 'segmentNumber'
    | 'testAndIncr'
    | 'inetType'
    | 'inetAddress'
    | Exclude<keyof typeof reservedColumn, 'result'>;
  readonly oid: readonly number[];
  /** The content octets of `oid`, for the wire. */
  readonly encoded: Buffer;
  readonly module: Module;
  /** Of MIB files; '' where nobody has named it, as in the agent, which goes by numbers. */
  name: string;
  readonly schema: LeafSchema | LeafListSchema | ListSchema | ContainerSchema | OperationSchema;
  /** Set in a job table: whether the column is part of what the operation takes or gives. */
  readonly parameter: 'input' | 'output' | undefined;
  /** Set for `inetType` and `inetAddress`: the object that holds the same address as text. */
  readonly text: MibObject | undefined;
  readonly syntax: Syntax;
  readonly access: Access;
  readonly table: MibTable | undefined;
  /** Data nodes from the root (scalar) or from below the list (column) to the leaf, itself included. */
  readonly steps: readonly DataSchema[];
  /** Under nacm:default-deny-all: no community sees it. */
  readonly sensitive: boolean;
}

/** One sub-identifier or more of an instance: a key, or the row number that stands for keys that fit no OID. */
export interface IndexPart {
  readonly object: MibObject;
  /** Undefined for a row number. */
  readonly key: LeafSchema | LeafListSchema | undefined;
}

export interface MibTable {
  /** OID of xTable; xEntry is `.1` below it. */
  readonly oid: readonly number[];
  readonly module: Module;
  name: string;
  readonly schema: ListSchema | LeafListSchema | LeafSchema | OperationSchema;
  /** The table of another module to whose rows this one adds columns (RFC 2578 section 7.8.1); it shares its index. */
  readonly augments: MibTable | undefined;
  /** The digest whose value this table holds in segments; its schema is then that of the value. */
  readonly segments: MibObject | undefined;
  /** The rpc or action whose jobs are the rows. */
  readonly operation: OperationSchema | undefined;
  /** The table of the nearest list around this one. */
  readonly parent: MibTable | undefined;
  /** Parts of the lists around it, then its own. */
  readonly index: readonly IndexPart[];
  readonly ownParts: number;
  /** The last part is IMPLIED (RFC 2578 section 7.7). */
  readonly implied: boolean;
  readonly numbered: boolean;
  readonly config: boolean;
  /** Data nodes from the root to the list, itself included. */
  readonly steps: readonly DataSchema[];
  /** In OID order, the index objects included. */
  readonly columns: MibObject[];
}

export interface MibNotification {
  readonly oid: readonly number[];
  readonly module: Module;
  name: string;
  readonly schema: NotificationSchema;
  readonly objects: readonly MibObject[];
}

export interface Skipped {
  readonly module: Module;
  readonly path: string;
  readonly reason: string;
}

export interface Mib {
  readonly schema: Schema;
  /** Scalars and columns, those that only notifications carry too, in OID order. */
  readonly objects: readonly MibObject[];
  readonly tables: readonly MibTable[];
  readonly notifications: readonly MibNotification[];
  /** Nodes that have a place in the MIB by their subid, or would have, and why they are not there. */
  readonly skipped: readonly Skipped[];
  /** Modules with nodes of which none has a place: SNMP shows nothing of them. */
  readonly unplaced: readonly Module[];
}

/** RFC 2578 lexicographical order. */
export function compareOids(one: ArrayLike<number>, other: ArrayLike<number>): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index += 1) {
    if (one[index] !== other[index]) return one[index]! - other[index]!;
  }
  return one.length - other.length;
}
