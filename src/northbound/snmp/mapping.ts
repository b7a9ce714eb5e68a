/**
 * The schema as SNMP objects: `smiv2:oid` and `smiv2:subid` (RFC 6643) place every node. A container outside all lists may add an
 * arc; one without a subid, and any container inside a list, is looked through. A list is a table beside those around it.
 */
import type {
  DataSchema,
  ExtensionInstance,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Module,
  NotificationSchema,
  Schema,
  SchemaNode,
} from '../../yang/index.js';
import { encodeOid, maxSubIdentifiers } from './ber.js';
import { camel, nameObjects } from './names.js';
import { rowNumberSyntax, rowStatusSyntax, type Syntax, shortened, syntaxOf } from './syntax.js';

/** Sub-identifiers of columns that no YANG node stands for. Those from 200 up are reserved for such. */
export const reservedColumn = { rowStatus: 200, rowNumber: 220 } as const;

export type Access = 'not-accessible' | 'accessible-for-notify' | 'read-only' | 'read-write' | 'read-create';

/** A scalar or column. */
export interface MibObject {
  /** `leaf`: a YANG leaf; `value`: an entry of a leaf-list; the others as {@link reservedColumn}. */
  readonly kind: 'leaf' | 'value' | 'rowStatus' | 'rowNumber';
  readonly oid: readonly number[];
  /** The content octets of `oid`, for the wire. */
  readonly encoded: Buffer;
  readonly module: Module;
  name: string;
  readonly schema: LeafSchema | LeafListSchema | ListSchema;
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
  readonly schema: ListSchema | LeafListSchema;
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
}

/** Maps a compiled schema. Throws RangeError, listing all, where two nodes have one OID or an OID is none. */
export function mapSchema(schema: Schema): Mib {
  const mapper = new Mapper(schema);
  mapper.children(schema.root.dataChildren, { base: undefined, table: undefined, steps: [] });
  return mapper.finish();
}

interface Place {
  /** OID of the nearest container outside all lists. */
  readonly base: readonly number[] | undefined;
  readonly table: MibTable | undefined;
  /** From the root, or from below the innermost list. */
  readonly steps: readonly DataSchema[];
}

class Mapper {
  readonly #schema: Schema;
  readonly #objects: MibObject[] = [];
  readonly #tables: MibTable[] = [];
  readonly #notifications: MibNotification[] = [];
  readonly #skipped: Skipped[] = [];
  readonly #faults: string[] = [];

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  children(nodes: readonly DataSchema[], place: Place): void {
    for (const node of nodes) {
      const within: Place = { ...place, steps: [...place.steps, node] };
      switch (node.kind) {
        case 'container': {
          const base = place.table === undefined ? (this.#position(node, place.base) ?? place.base) : place.base;
          this.children(node.dataChildren, { ...within, base });
          this.#notify(node.notifications, base);
          break;
        }
        case 'list':
        case 'leaf-list':
          this.#list(node, within);
          break;
        case 'leaf':
          this.#leaf(node, within);
          break;
        case 'anydata':
        case 'anyxml':
          this.#skip(node, `${node.kind} has no form in SMIv2`);
          break;
      }
    }
  }

  finish(): Mib {
    for (const notification of this.#schema.notifications.values()) this.#notify([notification], undefined);
    this.#objects.sort((a, b) => compareOids(a.oid, b.oid));
    for (const [index, object] of this.#objects.entries()) {
      const before = this.#objects[index - 1];
      if (before === undefined || compareOids(before.oid, object.oid) !== 0) continue;
      this.#faults.push(`${object.schema.path} and ${before.schema.path} have the same OID ${object.oid.join('.')}`);
    }
    if (this.#faults.length > 0) throw new RangeError(this.#faults.join('; '));
    for (const table of this.#tables) table.columns.sort((a, b) => compareOids(a.oid, b.oid));
    this.#tables.sort((a, b) => compareOids(a.oid, b.oid));
    const mib = {
      schema: this.#schema,
      objects: this.#objects,
      tables: this.#tables,
      notifications: this.#notifications,
      skipped: this.#skipped,
    };
    nameObjects(mib);
    return mib;
  }

  #leaf(node: LeafSchema, place: Place): void {
    const { table } = place;
    const isOwnKey = table?.schema.kind === 'list' && node.isKey && node.parent === table.schema;
    if (isOwnKey && !table.numbered) return;
    const oid = this.#position(node, table === undefined ? place.base : [...table.oid, 1]);
    const syntax = this.#syntax(node, oid);
    if (oid === undefined || syntax === undefined) return;
    const writable = table === undefined ? 'read-write' : 'read-create';
    this.#add({
      kind: 'leaf',
      oid,
      schema: node,
      syntax,
      access: node.config ? writable : 'read-only',
      table,
      steps: place.steps,
    });
  }

  #list(node: ListSchema | LeafListSchema, place: Place): void {
    const oid = this.#position(node, place.base);
    if (oid === undefined) {
      if (node.kind === 'leaf-list') this.#syntax(node, undefined);
      return;
    }
    const parent = place.table;
    const keys = node.kind === 'list' ? node.keys : [node];
    const syntaxes = keys.map((key) => syntaxOf(key.type, node.config));
    if (node.kind === 'leaf-list' && this.#syntax(node, oid) === undefined) return;
    const inherited = parent?.index ?? [];
    const numbered = mustBeNumbered(node, syntaxes, oid.length + 2, inherited);
    const table: MibTable & { index: IndexPart[] } = {
      oid,
      module: node.module,
      name: '',
      schema: node,
      parent,
      index: [...inherited],
      ownParts: numbered ? 1 : keys.length,
      implied: false,
      numbered,
      config: node.config,
      steps: [...(parent?.steps ?? []), ...place.steps],
      columns: [],
    };
    this.#tables.push(table);
    this.#index(table, keys, numbered ? syntaxes : fitted(table, syntaxes as readonly Syntax[]));
    const only = table.index.length === 1 ? table.index[0]!.object.syntax : undefined;
    Object.assign(table, {
      implied: only?.index === 'string' && only.minOctets > 0 && only.minOctets < only.maxOctets,
    });
    if (node.config) {
      const status = {
        kind: 'rowStatus',
        oid: [...oid, 1, reservedColumn.rowStatus],
        schema: node,
        syntax: rowStatusSyntax,
      } as const;
      this.#add({ ...status, access: 'read-create', table, steps: [] });
    }
    if (node.kind === 'list') this.children(node.dataChildren, { base: place.base, table, steps: [] });
  }

  /** The objects of the table's own index parts. */
  #index(
    table: MibTable & { index: IndexPart[] },
    keys: readonly (LeafSchema | LeafListSchema)[],
    syntaxes: readonly (Syntax | undefined)[],
  ): void {
    const entry = [...table.oid, 1];
    if (table.numbered) {
      const object = this.#add({
        kind: 'rowNumber',
        oid: [...entry, reservedColumn.rowNumber],
        schema: table.schema,
        syntax: rowNumberSyntax,
        access: 'not-accessible',
        table,
        steps: [],
      });
      table.index.push({ object, key: undefined });
    }
    for (const [position, key] of keys.entries()) {
      const isValue = key.kind === 'leaf-list';
      // the keys of a numbered list are columns like any other leaf
      if (table.numbered && !isValue) continue;
      const oid = isValue ? [...entry, 1] : this.#position(key, entry);
      if (oid === undefined) {
        this.#faults.push(`${key.path} is a key of a table and has no smiv2:subid`);
        continue;
      }
      const writable = table.config ? 'read-create' : 'read-only';
      const object = this.#add({
        kind: isValue ? 'value' : 'leaf',
        oid,
        schema: key,
        syntax: syntaxes[position]!,
        access: table.numbered ? writable : table.config || !isValue ? 'not-accessible' : 'read-only',
        table,
        steps: isValue ? [] : [key],
      });
      if (!table.numbered) table.index.push({ object, key });
    }
  }

  #notify(nodes: readonly NotificationSchema[], base: readonly number[] | undefined): void {
    for (const node of nodes) {
      const oid = this.#position(node, base === undefined ? undefined : [...base, 0]);
      if (oid === undefined) continue;
      const objects = base === undefined ? [] : this.#notified(node, base);
      this.#notifications.push({ oid, module: node.module, name: '', schema: node, objects });
    }
  }

  /** Leafs of a notification with a subid are objects beside the container's; several notifications may share them. */
  #notified(node: NotificationSchema, base: readonly number[]): MibObject[] {
    const objects: MibObject[] = [];
    for (const leaf of node.dataChildren) {
      if (leaf.kind !== 'leaf') continue;
      const oid = this.#position(leaf, base);
      const syntax = oid === undefined ? undefined : this.#syntax(leaf, oid);
      if (oid === undefined || syntax === undefined) continue;
      const known = this.#objects.find(
        (object) => object.access === 'accessible-for-notify' && compareOids(object.oid, oid) === 0,
      );
      objects.push(
        known ??
          this.#add({
            kind: 'leaf',
            oid,
            schema: leaf,
            syntax,
            access: 'accessible-for-notify',
            table: undefined,
            steps: [],
          }),
      );
    }
    return objects;
  }

  #add(object: Omit<MibObject, 'encoded' | 'module' | 'name' | 'sensitive'>): MibObject {
    const { schema } = object;
    const full: MibObject = {
      ...object,
      encoded: encodeOid(object.oid),
      module: schema.module,
      name: '',
      sensitive: inherits(schema, 'ietf-netconf-acm', 'default-deny-all'),
    };
    this.#objects.push(full);
    object.table?.columns.push(full);
    return full;
  }

  /** The syntax of a leaf that has a place; where it cannot have one the reason is kept for the MIB. */
  #syntax(node: LeafSchema | LeafListSchema, oid: readonly number[] | undefined): Syntax | undefined {
    for (const name of ['sealed', 'hidden'] as const) {
      if (!inherits(node, 'signet-extensions', name)) continue;
      if (name === 'sealed') this.#skip(node, 'a secret is never read, and is written by an action');
      return undefined;
    }
    const isStandard = oid !== undefined && compareOids(oid.slice(0, mib2.length), mib2) === 0;
    const syntax = syntaxOf(node.type, node.config, isStandard);
    if (syntax === undefined) this.#skip(node, 'a value can pass 255 octets');
    return oid === undefined ? undefined : syntax;
  }

  #skip(node: DataSchema, reason: string): void {
    if (hasOidAbove(node)) this.#skipped.push({ module: node.module, path: node.path, reason });
  }

  /** The OID that a node's own extension gives it. */
  #position(node: SchemaNode, base: readonly number[] | undefined): readonly number[] | undefined {
    const absolute = argument(node.extensions, 'oid');
    if (absolute !== undefined) {
      const arcs = absolute.split('.').map(Number);
      if (
        /^[0-2](\.\d+)+$/u.test(absolute) &&
        arcs.length <= maxSubIdentifiers &&
        arcs.every((arc) => arc <= 0xffffffff)
      )
        return arcs;
      this.#faults.push(`${node.path}: '${absolute}' is no OID`);
      return undefined;
    }
    const subid = argument(node.extensions, 'subid');
    if (subid === undefined || base === undefined) return undefined;
    const arc = Number(subid);
    if (/^\d+$/u.test(subid) && arc > 0 && arc <= 0xffffffff) return [...base, arc];
    this.#faults.push(`${node.path}: '${subid}' is no sub-identifier`);
    return undefined;
  }
}

/** The syntaxes of a table's own keys, the texts among them kept to the octets that an OID has room for. */
function fitted(table: MibTable, syntaxes: readonly Syntax[]): readonly Syntax[] {
  const inherited = table.index.map((part) => part.object.syntax);
  const room = (syntax: Syntax, octets: number) => (syntax.index === 'string' ? 1 + octets : 1);
  let spare = maxSubIdentifiers - table.oid.length - 2;
  for (const syntax of inherited) spare -= room(syntax, syntax.maxOctets);
  for (const syntax of syntaxes) spare -= room(syntax, syntax.maxCharacters);
  return syntaxes.map((syntax) => {
    const octets = Math.min(syntax.maxOctets, syntax.maxCharacters + Math.max(0, spare));
    spare -= octets - syntax.maxCharacters;
    return octets === syntax.maxOctets ? syntax : shortened(syntax, octets);
  });
}

/** MIB-2 and the other modules of the IETF, where small unsigned numbers are INTEGER. */
const mib2: readonly number[] = [1, 3, 6, 1, 2];

/** RFC 2578 lexicographical order. */
export function compareOids(one: ArrayLike<number>, other: ArrayLike<number>): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index += 1) {
    if (one[index] !== other[index]) return one[index]! - other[index]!;
  }
  return one.length - other.length;
}

/** The `smiv2:alias`, or the name in camel case. */
export function descriptor(node: SchemaNode): string {
  return argument(node.extensions, 'alias') ?? camel(node.name);
}

function argument(extensions: readonly ExtensionInstance[], name: string): string | undefined {
  return extensions.find((extension) => extension.module === 'ietf-yang-smiv2' && extension.name === name)?.argument;
}

/** True where the node or one above it carries the extension. */
function inherits(node: SchemaNode, module: string, name: string): boolean {
  let at: SchemaNode['parent'] | SchemaNode = node;
  for (; at !== undefined && at.kind !== 'root'; at = at.parent) {
    if (at.extensions.some((extension) => extension.module === module && extension.name === name)) return true;
  }
  return false;
}

function hasOidAbove(node: SchemaNode): boolean {
  return inherits(node, 'ietf-yang-smiv2', 'oid') || inherits(node, 'ietf-yang-smiv2', 'subid');
}

/**
 * ARCHITECTURE: user-ordered and keyless lists, and keys that are signed, 64-bit, union, binary or too long for an OID, get a row
 * number. `prefix` is the length of a column's OID.
 */
function mustBeNumbered(
  node: ListSchema | LeafListSchema,
  syntaxes: readonly (Syntax | undefined)[],
  prefix: number,
  inherited: readonly IndexPart[],
): boolean {
  if (node.orderedBy === 'user' || syntaxes.length === 0) return true;
  if (syntaxes.some((syntax) => syntax === undefined || syntax.index === 'none')) return true;
  const all = [...inherited.map((part) => part.object.syntax), ...(syntaxes as readonly Syntax[])];
  const arcs = all.reduce((sum, syntax) => sum + (syntax.index === 'string' ? 1 + syntax.maxCharacters : 1), 0);
  return prefix + arcs > maxSubIdentifiers;
}
