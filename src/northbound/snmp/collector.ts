/** What the mapping has found so far: objects, tables, and why a node has none. */
import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Module,
  OperationSchema,
  Schema,
  SchemaNode,
} from '../../yang/index.js';
import { inherits } from './annotations.js';
import { encodeOid } from './ber.js';
import { entriesOf } from './entries.js';
import { inetAddressSyntax, inetTypeSyntax } from './inet-address.js';
import { digestSyntax, LongCodec, segmentSyntax } from './long.js';
import {
  type Access,
  type IndexPart,
  inetColumn,
  type MibObject,
  type MibTable,
  reservedColumn,
  type Skipped,
  segmentArc,
} from './model.js';
import { augmentPath, type OidFiles } from './oid-files.js';
import { Placement, type Position } from './placement.js';
import { isStandard } from './standard.js';
import { rowNumberSyntax, type Syntax, syntaxOf } from './syntax.js';

/** A table while its index is made. */
export type Growing = MibTable & { index: IndexPart[] };

type NewObject = Omit<MibObject, 'encoded' | 'module' | 'name' | 'sensitive' | 'parameter' | 'text'> &
  Partial<Pick<MibObject, 'parameter' | 'text'>>;

export class Collector {
  readonly schema: Schema;
  readonly files: OidFiles;
  readonly placement: Placement;
  readonly objects: MibObject[] = [];
  tables: MibTable[] = [];
  readonly skipped: Skipped[] = [];
  readonly faults: string[] = [];

  constructor(schema: Schema, files: OidFiles) {
    this.schema = schema;
    this.files = files;
    this.placement = new Placement(files, this.faults);
  }

  /** A value that can pass 255 octets: its digest, and a table of its segments. */
  long(
    node: LeafSchema | LeafListSchema | ListSchema | OperationSchema,
    at: { readonly oid: Position; readonly table: MibTable | undefined; readonly parameter?: MibObject['parameter'] },
    access: Access,
    steps: readonly DataSchema[],
  ): void {
    const entries = entriesOf({ parameter: at.parameter, schema: node });
    const syntax = digestSyntax(new LongCodec(this.schema, node, entries));
    const digest = this.add({ kind: 'digest', ...at, schema: node, syntax, access, steps });
    const isWritten = access !== 'read-only';
    const parent = at.table?.augments ?? at.table;
    const beside = at.table?.oid ?? at.oid;
    const inner = at.table === undefined ? [] : [at.oid.at(-1)!];
    const oid = [...beside.slice(0, -1), segmentArc, beside.at(-1)!, ...inner];
    const table: Growing = {
      oid,
      module: digest.module,
      name: '',
      schema: node,
      augments: undefined,
      segments: digest,
      operation: undefined,
      parent,
      index: [...(parent?.index ?? [])],
      ownParts: 1,
      implied: false,
      numbered: false,
      config: node.config || isWritten,
      steps: [...(parent?.steps ?? []), ...steps],
      columns: [],
    };
    this.tables.push(table);
    const common = { schema: node, table, steps } as const;
    const number = { ...common, kind: 'segmentNumber', syntax: rowNumberSyntax, access: 'not-accessible' } as const;
    const object = this.add({ ...number, oid: [...oid, 1, 1] });
    table.index.push({ object, key: undefined });
    const written = isWritten ? 'read-create' : 'read-only';
    this.add({ ...common, kind: 'segment', oid: [...oid, 1, 2], syntax: segmentSyntax, access: written });
  }

  /** Where a column of a table stands: in the table, or in the one by which the node's module augments it. */
  column(node: SchemaNode, table: MibTable): { readonly oid: Position; readonly table: MibTable } | undefined {
    const own = this.placement.annotated(node, [...table.oid, 1]);
    if (own !== undefined) return { oid: own, table };
    const assigned = this.placement.assigned(node);
    if (assigned === undefined) return undefined;
    const target = node.module === table.module ? table : this.#augment(node.module, table);
    return target === undefined ? undefined : { oid: [...target.oid, 1, assigned.number], table: target };
  }

  #augment(module: Module, table: MibTable): MibTable | undefined {
    const known = this.tables.find((each) => each.augments === table && each.module === module);
    if (known !== undefined) return known;
    const at = this.placement.assignedAs(module, '', augmentPath(table.schema));
    if (at === undefined) return undefined;
    const added: MibTable = { ...table, oid: [...at.oid, at.number], module, augments: table, columns: [] };
    this.tables.push(added);
    return added;
  }

  /** The pair that holds an address, beside the object that holds it as text. */
  inetAddress(text: MibObject): void {
    const { oid, schema, access, table, steps } = text;
    const column = oid.at(-1)!;
    if (isStandard(oid) || column >= reservedColumn.rowStatus) return;
    const common = { schema, access, table, steps, text } as const;
    const at = inetColumn(column);
    this.add({ ...common, kind: 'inetType', oid: oid.with(-1, at), syntax: inetTypeSyntax });
    this.add({ ...common, kind: 'inetAddress', oid: oid.with(-1, at + 1), syntax: inetAddressSyntax });
  }

  reserved(
    table: MibTable,
    kind: Exclude<keyof typeof reservedColumn, 'result'>,
    syntax: Syntax,
    access: Access,
  ): MibObject {
    const oid = [...table.oid, 1, reservedColumn[kind]];
    return this.add({ kind, oid, schema: table.schema, syntax, access, table, steps: [] });
  }

  add(object: NewObject): MibObject {
    const { schema, table } = object;
    const full: MibObject = {
      parameter: undefined,
      text: undefined,
      ...object,
      encoded: encodeOid(object.oid),
      module: table?.module ?? schema.module,
      name: '',
      sensitive: inherits(schema, 'ietf-netconf-acm', 'default-deny-all'),
    };
    this.objects.push(full);
    table?.columns.push(full);
    return full;
  }

  /** The syntax of a leaf that has a place, `long` for one in segments; of a secret the reason why it has none is kept for the MIB. */
  syntax(
    node: LeafSchema | LeafListSchema,
    oid: Position | undefined,
    config = node.config,
  ): Syntax | 'long' | undefined {
    for (const name of ['sealed', 'hidden'] as const) {
      if (!inherits(node, 'signet-extensions', name)) continue;
      if (name === 'sealed') this.skip(node, 'a secret is never read, and is written by an action');
      return undefined;
    }
    return oid === undefined ? undefined : (syntaxOf(node.type, config, isStandard(oid)) ?? 'long');
  }

  skip(node: DataSchema, reason: string): void {
    const isPlaced = inherits(node, 'ietf-yang-smiv2', 'oid') || inherits(node, 'ietf-yang-smiv2', 'subid');
    if (isPlaced || this.files.has(node.module.name))
      this.skipped.push({ module: node.module, path: node.path, reason });
  }
}
