/**
 * The schema as SNMP objects: `smiv2:oid` and `smiv2:subid` (RFC 6643), or the numbers of an OID file, place every node. A container
 * outside all lists may add an arc; one without a subid, and any container inside a list, is looked through. A list is a table beside
 * those around it; what a module adds to a list of another is a table that augments it.
 */
import { ConfigError } from '../../error.js';
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
import { argument } from './annotations.js';
import { maxSubIdentifiers } from './ber.js';
import { Collector, type Growing } from './collector.js';
import { isInetAddress } from './inet-address.js';
import {
  compareOids,
  type IndexPart,
  type Mib,
  type MibNotification,
  type MibObject,
  type MibTable,
  reservedColumn,
} from './model.js';
import { type OidFiles, readOidFiles } from './oid-files.js';
import { addJobTable, addOutcome, jobParts } from './operations.js';
import type { Position } from './placement.js';
import { isForeignIndex, isSpinLock, isStandard, standardKey } from './standard.js';
import {
  afterSyntax,
  rowNumberSyntax,
  rowStatusSyntax,
  type Syntax,
  shortened,
  storageTypeSyntax,
  syntaxOf,
  testAndIncrSyntax,
  truthValueSyntax,
  unsetSyntax,
} from './syntax.js';

/**
 * Maps a compiled schema, with the OIDs that its modules' OID files give; without names, which only MIB files need. Throws
 * ConfigError invalid-value, listing all, where two nodes have one OID or an OID is none.
 */
export function mapSchema(schema: Schema, files: OidFiles = readOidFiles(schema)): Mib {
  const mapper = new Mapper(schema, files);
  mapper.children(schema.root.dataChildren, { base: undefined, baseSteps: [], table: undefined, steps: [] });
  return mapper.finish();
}

interface Place {
  /** OID of the nearest container outside all lists that has one, and the data nodes from the root to it. */
  readonly base: Position | undefined;
  readonly baseSteps: readonly DataSchema[];
  readonly table: MibTable | undefined;
  /** From the root, or from below the innermost list. */
  readonly steps: readonly DataSchema[];
}

class Mapper {
  readonly #schema: Schema;
  readonly #into: Collector;
  readonly #notifications: MibNotification[] = [];
  /** What scalars beside each other stand in, by the OID that they share. */
  readonly #scalarPlaces = new Map<string, readonly DataSchema[]>();

  constructor(schema: Schema, files: OidFiles) {
    this.#schema = schema;
    this.#into = new Collector(schema, files);
  }

  children(nodes: readonly DataSchema[], place: Place): void {
    for (const node of nodes) {
      const within: Place = { ...place, steps: [...place.steps, node] };
      switch (node.kind) {
        case 'container':
          this.#container(node, within);
          break;
        case 'list':
        case 'leaf-list':
          this.#list(node, within);
          break;
        case 'leaf':
          this.#leaf(node, within);
          break;
        case 'anydata':
        case 'anyxml':
          this.#into.skip(node, `${node.kind} has no form in SMIv2`);
          break;
      }
    }
  }

  finish(): Mib {
    this.#operations([...this.#schema.rpcs.values()], { base: undefined, baseSteps: [], table: undefined, steps: [] });
    for (const notification of this.#schema.notifications.values()) this.#notify([notification], undefined);
    this.#into.tables = this.#into.tables.filter(
      ({ augments, columns }) => augments === undefined || columns.length > 0,
    );
    this.#addUnsets();
    this.#into.objects.sort((a, b) => compareOids(a.oid, b.oid));
    const distinct = this.#into.objects.filter((object) => !isForeignIndex(object));
    for (const [index, object] of distinct.entries()) {
      const before = distinct[index - 1];
      if (before === undefined || compareOids(before.oid, object.oid) !== 0) continue;
      this.#into.faults.push(
        `${object.schema.path} and ${before.schema.path} have the same OID ${object.oid.join('.')}`,
      );
    }
    const { faults } = this.#into;
    if (faults.length > 0) throw new ConfigError({ tag: 'invalid-value', message: faults.join('; ') });
    for (const table of this.#into.tables) table.columns.sort((a, b) => compareOids(a.oid, b.oid));
    this.#into.tables.sort((a, b) => compareOids(a.oid, b.oid));
    return {
      schema: this.#schema,
      objects: this.#into.objects,
      tables: this.#into.tables,
      notifications: this.#notifications,
      skipped: this.#into.skipped,
      unplaced: this.#unplaced(),
    };
  }

  #container(node: ContainerSchema, place: Place): void {
    const own = place.table === undefined ? this.#into.placement.annotated(node, place.base) : undefined;
    const within = own === undefined ? place : { ...place, base: own, baseSteps: place.steps };
    if (node.presence !== undefined) this.#presence(node, place, own);
    this.children(node.dataChildren, within);
    this.#operations(node.actions, within);
    this.#notify(node.notifications, within.base);
  }

  /** Whether a presence container is there: a column, or a scalar in the container's own place or in that of its module. */
  #presence(node: ContainerSchema, place: Place, own: Position | undefined): void {
    const common = { kind: 'presence', schema: node, syntax: truthValueSyntax, steps: place.steps } as const;
    if (place.table !== undefined) {
      const at = this.#into.column(node, place.table);
      if (at !== undefined) this.#into.add({ ...common, ...at, access: node.config ? 'read-create' : 'read-only' });
      return;
    }
    const oid = own === undefined ? this.#into.placement.position(node, undefined) : [...own, reservedColumn.presence];
    if (oid === undefined) return;
    this.#scalarPlaces.set(oid.slice(0, -1).join('.'), own === undefined ? [] : place.steps);
    this.#into.add({ ...common, oid, table: undefined, access: node.config ? 'read-write' : 'read-only' });
  }

  #leaf(node: LeafSchema, place: Place): void {
    const { table } = place;
    const isOwnKey = table?.schema.kind === 'list' && node.isKey && node.parent === table.schema;
    if (isOwnKey && !table.numbered) return;
    const at = table === undefined ? this.#scalar(node, place) : this.#into.column(node, table);
    const syntax = this.#into.syntax(node, at?.oid);
    if (at === undefined || syntax === undefined) return;
    if (isSpinLock(at.oid)) {
      const lock = { kind: 'testAndIncr', syntax: testAndIncrSyntax, access: 'read-write' } as const;
      this.#into.add({ ...lock, ...at, schema: node, steps: place.steps });
      return;
    }
    const writable = table === undefined ? 'read-write' : 'read-create';
    const access = node.config ? writable : 'read-only';
    if (syntax === 'long') this.#into.long(node, at, access, place.steps);
    else {
      const object = this.#into.add({ kind: 'leaf', ...at, schema: node, syntax, access, steps: place.steps });
      if (isInetAddress(node)) this.#into.inetAddress(object);
    }
  }

  #scalar(node: LeafSchema, place: Place): { readonly oid: Position; readonly table: undefined } | undefined {
    const own = this.#into.placement.annotated(node, place.base);
    const oid = own ?? this.#into.placement.position(node, undefined);
    if (oid === undefined) return undefined;
    this.#scalarPlaces.set(oid.slice(0, -1).join('.'), own === undefined ? [] : place.baseSteps);
    return { oid, table: undefined };
  }

  #list(node: ListSchema | LeafListSchema, place: Place): void {
    const oid = this.#into.placement.position(node, place.base);
    if (oid === undefined) {
      if (node.kind === 'leaf-list') this.#into.syntax(node, undefined);
      return;
    }
    const parent = place.table;
    const keys = node.kind === 'list' ? node.keys : [node];
    const standard = isStandard(oid);
    const syntaxes = keys.map((key) => (standard ? standardKey(key) : syntaxOf(key.type, node.config)));
    if (node.kind === 'leaf-list' && this.#into.syntax(node, oid) === undefined) return;
    const inherited = parent?.index ?? [];
    const numbered = !standard && mustBeNumbered(node, syntaxes, oid.length + 2, inherited);
    if (!numbered && !this.#hasPlaces(keys, [...oid, 1])) return;
    const table: Growing = {
      oid,
      module: node.module,
      name: '',
      schema: node,
      augments: undefined,
      segments: undefined,
      operation: undefined,
      parent,
      index: [...inherited],
      ownParts: numbered ? 1 : keys.length,
      implied: false,
      numbered,
      config: node.config,
      steps: [...(parent?.steps ?? []), ...place.steps],
      columns: [],
    };
    this.#into.tables.push(table);
    const own = numbered || standard ? syntaxes : fitted(table, node, syntaxes as readonly Syntax[]);
    this.#index(table, keys, own);
    const only = table.index.length === 1 ? table.index[0]!.object.syntax : undefined;
    const isImplied = only?.index === 'string' && only.minOctets > 0 && only.minOctets < only.maxOctets;
    Object.assign(table, { implied: standard ? argument(node.extensions, 'implied') !== undefined : isImplied });
    if (node.config) {
      this.#into.reserved(table, 'rowStatus', rowStatusSyntax, 'read-create');
      this.#into.reserved(table, 'storageType', storageTypeSyntax, 'read-create');
    }
    if (node.config && node.kind === 'list') addOutcome(this.#into, table);
    if (node.config && node.orderedBy === 'user') this.#into.reserved(table, 'after', afterSyntax, 'read-create');
    if (node.kind === 'list') {
      const within = { ...place, table, steps: [] };
      this.children(node.dataChildren, within);
      this.#operations(node.actions, within);
      this.#notify(node.notifications, place.base);
    }
    // RFC 2578 section 7.7: where there are only auxiliary objects one of them is accessible
    const last = table.index.at(-1)!.object;
    if (table.columns.every(({ access }) => access === 'not-accessible')) Object.assign(last, { access: 'read-only' });
  }

  /** True where each key of a table has a place; in a module with OIDs of its own one without is a fault. */
  #hasPlaces(keys: readonly (LeafSchema | LeafListSchema)[], entry: Position): boolean {
    const missing = keys.filter((key) => key.kind === 'leaf' && this.#keyPosition(key, entry) === undefined);
    for (const key of missing) {
      if (this.#into.files.has(key.module.name)) this.#into.skip(key, 'it has no number yet: run signet mib --assign');
      else this.#into.faults.push(`${key.path} is a key of a table and has no smiv2:subid`);
    }
    return missing.length === 0;
  }

  #keyPosition(key: LeafListSchema | LeafSchema, entry: Position): Position | undefined {
    const own = this.#into.placement.annotated(key, entry);
    const assigned = own === undefined ? this.#into.placement.assigned(key) : undefined;
    return assigned === undefined ? own : [...entry, assigned.number];
  }

  /** The objects of the table's own index parts. */
  #index(
    table: Growing,
    keys: readonly (LeafSchema | LeafListSchema)[],
    syntaxes: readonly (Syntax | undefined)[],
  ): void {
    const entry = [...table.oid, 1];
    if (table.numbered) {
      const object = this.#into.reserved(table, 'rowNumber', rowNumberSyntax, 'not-accessible');
      table.index.push({ object, key: undefined });
    }
    for (const [position, key] of keys.entries()) {
      const isValue = key.kind === 'leaf-list';
      // the keys of a numbered list are columns like any other leaf
      if (table.numbered && !isValue) continue;
      const writable = table.config ? 'read-create' : 'read-only';
      const syntax = syntaxes[position];
      if (syntax === undefined) {
        this.#into.long(key, { oid: [...entry, 1], table }, writable, []);
        continue;
      }
      const object = this.#into.add({
        kind: isValue ? 'value' : 'leaf',
        oid: isValue ? [...entry, 1] : this.#keyPosition(key, entry)!,
        schema: key,
        syntax,
        access: table.numbered ? writable : table.config || !isValue ? 'not-accessible' : 'read-only',
        table,
        steps: isValue ? [] : [key],
      });
      if (!table.numbered) table.index.push({ object, key });
    }
  }

  /** An Unset object beside all that may be absent: in each table, and in each place of scalars that is ours to add to. */
  #addUnsets(): void {
    for (const table of this.#into.tables)
      if (table.operation === undefined && table.columns.some(mayBeUnset))
        this.#into.reserved(table, 'unset', unsetSyntax, 'read-create');
    const first = new Map<string, MibObject>();
    for (const object of this.#into.objects) {
      const place = object.oid.slice(0, -1).join('.');
      if (object.table === undefined && mayBeUnset(object) && !isStandard(object.oid) && !first.has(place))
        first.set(place, object);
    }
    for (const [place, { oid, schema }] of first) {
      const own = [...oid.slice(0, -1), reservedColumn.unset];
      const common = { kind: 'unset', schema, syntax: unsetSyntax, access: 'read-write', table: undefined } as const;
      this.#into.add({ ...common, oid: own, steps: this.#scalarPlaces.get(place) ?? [] });
    }
  }

  #operations(nodes: readonly OperationSchema[], { base, table, steps }: Place): void {
    for (const node of nodes) {
      const oid = this.#into.placement.position(node, base);
      if (oid !== undefined) addJobTable(this.#into, node, oid, table, steps);
    }
  }

  #notify(nodes: readonly NotificationSchema[], base: Position | undefined): void {
    for (const node of nodes) {
      const own = this.#into.placement.annotated(node, base === undefined ? undefined : [...base, 0]);
      const assigned = own === undefined ? this.#into.placement.assigned(node) : undefined;
      const oid = assigned === undefined ? own : [...assigned.oid, 0, assigned.number];
      if (oid === undefined) continue;
      const objects = this.#notified(node, base);
      this.#notifications.push({ oid, module: node.module, name: '', schema: node, objects });
    }
  }

  /** Leafs of a notification with a place are objects beside the container's; several notifications may share them. */
  #notified(node: NotificationSchema, base: Position | undefined): MibObject[] {
    const objects: MibObject[] = [];
    for (const leaf of node.dataChildren) {
      if (leaf.kind !== 'leaf') continue;
      const oid = this.#into.placement.position(leaf, base);
      const syntax = oid === undefined ? undefined : this.#into.syntax(leaf, oid);
      if (syntax === 'long') this.#into.skip(leaf, 'a value can pass 255 octets');
      if (oid === undefined || syntax === undefined || syntax === 'long') continue;
      const known = this.#into.objects.find(
        (object) => object.access === 'accessible-for-notify' && compareOids(object.oid, oid) === 0,
      );
      const common = { kind: 'leaf', access: 'accessible-for-notify', table: undefined, steps: [] } as const;
      objects.push(known ?? this.#into.add({ ...common, oid, schema: leaf, syntax }));
    }
    return objects;
  }

  #unplaced(): Module[] {
    const placed = new Set([...this.#into.objects, ...this.#notifications].map(({ module }) => module));
    return [...this.#schema.modules.values()].filter((module) => {
      if (!module.implemented || placed.has(module) || this.#into.files.has(module.name)) return false;
      return module.children.length > 0 || module.augments.some(({ nodes }) => nodes.length > 0);
    });
  }
}

/** What the Unset object beside it can take away. */
export function mayBeUnset(object: MibObject): boolean {
  const { kind, schema, access } = object;
  if (access !== 'read-write' && access !== 'read-create') return false;
  return (
    kind === 'presence' ||
    ((kind === 'leaf' || kind === 'digest') && schema.kind === 'leaf' && !schema.mandatory && !schema.isKey)
  );
}

/** The syntaxes of a table's own keys, the texts among them kept to the octets that an OID has room for. */
function fitted(table: MibTable, node: DataSchema, syntaxes: readonly Syntax[]): readonly Syntax[] {
  const inherited = table.index.map((part) => part.object.syntax);
  const room = (syntax: Syntax, octets: number) => (syntax.index === 'string' ? 1 + octets : 1);
  let spare = maxSubIdentifiers - table.oid.length - 2 - partsBelow(node, jobParts);
  for (const syntax of inherited) spare -= room(syntax, syntax.maxOctets);
  for (const syntax of syntaxes) spare -= room(syntax, syntax.maxCharacters);
  return syntaxes.map((syntax) => {
    const octets = Math.min(syntax.maxOctets, syntax.maxCharacters + Math.max(0, spare));
    spare -= octets - syntax.maxCharacters;
    return octets === syntax.maxOctets ? syntax : shortened(syntax, octets);
  });
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
  let arcs = 0;
  for (const { object } of inherited) arcs += object.syntax.index === 'string' ? 1 + object.syntax.maxOctets : 1;
  for (const syntax of syntaxes as readonly Syntax[]) arcs += syntax.index === 'string' ? 1 + syntax.maxCharacters : 1;
  // operations do not count: those that came later would change the index
  return prefix + arcs + partsBelow(node, 0) > maxSubIdentifiers;
}

/**
 * Sub-identifiers that what is below a node needs at least: a row number for each list, the segments of a long value, and `jobs` for
 * an operation.
 */
function partsBelow(node: DataSchema, jobs: number): number {
  if (node.kind === 'leaf' || node.kind === 'leaf-list') return syntaxOf(node.type, node.config) === undefined ? 3 : 0;
  if (node.kind !== 'list' && node.kind !== 'container') return 0;
  const inner = node.dataChildren.map((child) =>
    child.kind === 'list' || child.kind === 'leaf-list' ? 1 + partsBelow(child, jobs) : partsBelow(child, jobs),
  );
  return Math.max(node.actions.length > 0 ? jobs : 0, ...inner);
}
