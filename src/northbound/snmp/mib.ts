/**
 * SMIv2 modules (RFC 2578 to 2580) for YANG modules, from the same mapping that the agent answers by. The text depends on the schema
 * alone: a second generation gives the same octets.
 */
import type { Module, Schema, Status, Value } from '../../yang/index.js';
import { describe, numberedNote, objectDescription } from './mib-descriptions.js';
import { extUtcTime, nameList, textClause } from './mib-text.js';
import { MibTypes } from './mib-types.js';
import type { Mib, MibNotification, MibObject, MibTable } from './model.js';
import { mibModuleName, moduleDescriptor, namedMib } from './names.js';
import { readOidFiles } from './oid-files.js';
import { isForeignIndex } from './standard.js';
import type { Syntax } from './syntax.js';

/** One line of `signet mib --map`. */
export interface MapEntry {
  /** Schema path of the node; of a RowStatus or row number that of its list. */
  readonly path: string;
  readonly oid: string;
  readonly object: string;
  readonly syntax: string;
  readonly access: string;
}

/** What SNMP shows of a module, or of all. */
export function mibMap(schema: Schema, module?: Module, files = readOidFiles(schema)): readonly MapEntry[] {
  const mib = namedMib(schema, files);
  const types = new MibTypes(mib, module);
  return mib.objects
    .filter((object) => (module === undefined || object.module === module) && !isForeignIndex(object))
    .map((object) => ({
      path: object.schema.path,
      oid: object.oid.join('.'),
      object: object.name,
      syntax: types.inline(object, 0).replace(/\s+/gu, ' '),
      access: object.access,
    }));
}

/** Modules that have objects or notifications of their own: not those that stand for objects of the IETF only. */
export function mibModules(schema: Schema, files = readOidFiles(schema)): readonly Module[] {
  const mib = namedMib(schema, files);
  return [...schema.modules.values()].filter((module) => new ModuleWriter(mib, module).hasContent);
}

/** The SMIv2 module; undefined where the module has nothing of its own to show. */
export function formatMib(schema: Schema, module: Module, files = readOidFiles(schema)): string | undefined {
  return formatMibs(schema, [module], files).get(module);
}

/** Those of several modules, mapped once. */
export function formatMibs(
  schema: Schema,
  modules: readonly Module[],
  files = readOidFiles(schema),
): ReadonlyMap<Module, string> {
  const mib = namedMib(schema, files);
  const writers = modules.map((module) => [module, new ModuleWriter(mib, module)] as const);
  return new Map(writers.flatMap(([module, writer]) => (writer.hasContent ? [[module, writer.format()]] : [])));
}

/** Where conformance stands below the module's OID. */
const conformanceArc = 300;
const ietf = /^1\.3\.6\.1\.(2|6)\./u;

class ModuleWriter {
  readonly #mib: Mib;
  readonly #module: Module;
  readonly #objects: readonly MibObject[];
  readonly #tables: readonly MibTable[];
  readonly #notifications: readonly MibNotification[];
  readonly #types: MibTypes;
  readonly #prefix: string;
  /** The OID of the MODULE-IDENTITY. */
  readonly #base: readonly number[];

  constructor(mib: Mib, module: Module) {
    const ours = (item: { readonly module: Module; readonly oid: readonly number[] }) =>
      item.module === module && !ietf.test(`${item.oid.join('.')}.`);
    this.#mib = mib;
    this.#module = module;
    this.#objects = mib.objects.filter(ours);
    this.#tables = mib.tables.filter(ours);
    this.#notifications = mib.notifications.filter(ours);
    this.#types = new MibTypes(mib, module);
    this.#prefix = moduleDescriptor(module);
    this.#base = commonPrefix([
      ...this.#objects.filter((object) => object.table === undefined).map((object) => object.oid.slice(0, -1)),
      ...this.#tables.map((table) => table.oid.slice(0, -1)),
      ...this.#notifications.map((notification) => notification.oid.slice(0, -2)),
    ]);
  }

  get hasContent(): boolean {
    return this.#objects.length > 0 || this.#notifications.length > 0;
  }

  format(): string {
    const body = [
      ...this.#identity(),
      ...this.#types.conventions(),
      ...this.#arcs(),
      ...this.#objectTypes(),
      ...this.#skippedNodes(),
      ...this.#notifications.flatMap((notification) => this.#notificationType(notification)),
      ...this.#conformance(),
    ];
    return [
      `${mibModuleName(this.#module)} DEFINITIONS ::= BEGIN`,
      '',
      `-- Generated from the YANG module ${this.#module.name}; do not edit.`,
      '',
      ...this.#imports(),
      '',
      ...body,
      'END',
      '',
    ].join('\n');
  }

  #imports(): string[] {
    const from = new Map<string, Set<string>>();
    const add = (module: string, ...names: readonly string[]) => {
      const known = from.get(module) ?? new Set<string>();
      for (const name of names) known.add(name);
      from.set(module, known);
    };
    add('SNMPv2-SMI', 'MODULE-IDENTITY', 'OBJECT-TYPE');
    if (isEnterprise(this.#base)) add('SNMPv2-SMI', 'enterprises');
    if (this.#notifications.length > 0) add('SNMPv2-SMI', 'NOTIFICATION-TYPE');
    if (this.#types.hasConventions) add('SNMPv2-TC', 'TEXTUAL-CONVENTION');
    for (const [module, name] of this.#types.imports()) add(module, name);
    for (const table of this.#tables) {
      if (table.augments !== undefined) add(mibModuleName(table.augments.module), `${table.augments.name}Entry`);
      else
        for (const part of table.index)
          if (part.object.module !== this.#module) add(mibModuleName(part.object.module), part.object.name);
    }
    add('SNMPv2-CONF', 'MODULE-COMPLIANCE');
    if (this.#objects.some(isAccessible)) add('SNMPv2-CONF', 'OBJECT-GROUP');
    if (this.#notifications.length > 0) add('SNMPv2-CONF', 'NOTIFICATION-GROUP');
    const clauses = [...from].map(
      ([module, names]) => `    ${[...names].sort().join(',\n    ')}\n        FROM ${module}`,
    );
    return ['IMPORTS', `${clauses.join('\n')};`];
  }

  #identity(): string[] {
    const { revision, organization, contact, description } = this.#module;
    const updated = extUtcTime(revision);
    return [
      `${this.#prefix}MIB MODULE-IDENTITY`,
      `    LAST-UPDATED "${updated}"`,
      ...textClause('ORGANIZATION', organization || 'unknown'),
      ...textClause('CONTACT-INFO', contact || 'unknown'),
      ...textClause('DESCRIPTION', description || this.#module.name),
      `    REVISION "${updated}"`,
      ...textClause('DESCRIPTION', `The YANG module's revision of ${revision || 'no date'}.`),
      `    ::= ${absolute(this.#base)}`,
      '',
    ];
  }

  #arcs(): string[] {
    const conformance = `${this.#prefix}Conformance OBJECT IDENTIFIER ::= { ${this.#prefix}MIB ${String(conformanceArc)} }`;
    if (this.#notifications.length === 0) return [conformance, ''];
    return [`${this.#prefix}Notifications OBJECT IDENTIFIER ::= { ${this.#prefix}MIB 0 }`, conformance, ''];
  }

  #objectTypes(): string[] {
    const lines: string[] = [];
    const begun = new Set<MibTable>();
    for (const object of this.#objects) {
      const { table } = object;
      if (table !== undefined && !begun.has(table)) {
        begun.add(table);
        lines.push(...this.#tableTypes(table));
      }
      lines.push(...this.#objectType(object));
    }
    return lines;
  }

  #tableTypes(table: MibTable): string[] {
    if (table.augments !== undefined) return this.#tableLines(table, `AUGMENTS    { ${table.augments.name}Entry }`);
    const index = table.index.map((part, position) => {
      const implied = table.implied && position === table.index.length - 1 ? 'IMPLIED ' : '';
      return `${implied}${part.object.name}`;
    });
    return this.#tableLines(table, `INDEX       { ${index.join(', ')} }`);
  }

  #tableLines(table: MibTable, index: string): string[] {
    const { name } = table;
    const sequence = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Entry`;
    const columns = table.columns.map((column) => `${column.name} ${this.#types.sequenceType(column)}`);
    return [
      `${name}Table OBJECT-TYPE`,
      `    SYNTAX      SEQUENCE OF ${sequence}`,
      '    MAX-ACCESS  not-accessible',
      `    STATUS      ${table.schema.status}`,
      ...textClause('DESCRIPTION', describe(table.schema.description, table.schema.path) + numberedNote(table)),
      `    ::= ${this.#place(table.oid)}`,
      '',
      `${name}Entry OBJECT-TYPE`,
      `    SYNTAX      ${sequence}`,
      '    MAX-ACCESS  not-accessible',
      `    STATUS      ${table.schema.status}`,
      ...textClause('DESCRIPTION', `One entry of ${name}Table.`),
      `    ${index}`,
      `    ::= { ${name}Table 1 }`,
      '',
      `${sequence} ::= SEQUENCE ${nameList(columns, 0)}`,
      '',
    ];
  }

  #objectType(object: MibObject): string[] {
    const { schema, table } = object;
    const place = table === undefined ? this.#place(object.oid) : `{ ${table.name}Entry ${String(object.oid.at(-1))} }`;
    const units = 'units' in schema && object.kind !== 'unset' ? schema.units : undefined;
    return [
      `${object.name} OBJECT-TYPE`,
      `    SYNTAX      ${this.#types.inline(object, 16)}`,
      ...(units === undefined ? [] : [`    UNITS       "${units}"`]),
      `    MAX-ACCESS  ${object.access}`,
      `    STATUS      ${schema.status}`,
      ...textClause('DESCRIPTION', objectDescription(object)),
      ...(schema.reference === '' || object.kind === 'unset' ? [] : textClause('REFERENCE', schema.reference)),
      ...defaultClause(object),
      `    ::= ${place}`,
      '',
    ];
  }

  #skippedNodes(): string[] {
    const skipped = this.#mib.skipped.filter((node) => node.module === this.#module);
    if (skipped.length === 0) return [];
    return [
      '-- Nodes of the YANG module that have no object here:',
      ...skipped.map(({ path, reason }) => `--   ${path}: ${reason}`),
      '',
    ];
  }

  #notificationType({ name, schema, objects, oid }: MibNotification): string[] {
    const under = oid.at(-2) === 0 && this.#isBelow(oid, 2);
    // What other modules add they can say only themselves: theirs import this one. A message may hold more (RFC 3416 4.2.6).
    const own = objects.filter(({ module }) => module === this.#module).map((object) => object.name);
    return [
      `${name} NOTIFICATION-TYPE`,
      ...(own.length === 0 ? [] : [`    OBJECTS ${nameList(own, 4)}`]),
      `    STATUS      ${schema.status}`,
      ...textClause('DESCRIPTION', describe(schema.description, schema.path)),
      `    ::= ${under ? `{ ${this.#prefix}Notifications ${String(oid.at(-1))} }` : this.#place(oid)}`,
      '',
    ];
  }

  #conformance(): string[] {
    const groups = [...this.#objectGroups(), ...this.#notificationGroups()];
    return [
      ...statuses.flatMap((each) => this.#compliance(each, groups)),
      ...groups.flatMap((group) => this.#group(group)),
    ];
  }

  #compliance({ status, label: name, arc }: GroupStatus, all: readonly Group[]): string[] {
    const groups = all.filter((group) => group.status === status);
    if (groups.length === 0) return [];
    const refined = this.#objects.filter((object) => object.kind === 'rowStatus' && object.schema.status === status);
    return [
      `${this.#prefix}${name}Compliance MODULE-COMPLIANCE`,
      `    STATUS      ${status}`,
      ...textClause('DESCRIPTION', 'What an agent that implements the YANG module does.'),
      '    MODULE      -- this module',
      `        MANDATORY-GROUPS { ${groups.map((group) => group.name).join(', ')} }`,
      ...refined.flatMap(rowStatusRefinement),
      `    ::= { ${this.#prefix}Conformance ${String(arc - 1)} }`,
      '',
    ];
  }

  #objectGroups(): Group[] {
    const members = this.#objects.filter(isAccessible);
    return statuses.flatMap(({ status, label: name, arc }) => {
      const names = members.filter(({ schema }) => schema.status === status).map((object) => object.name);
      const common = { macro: 'OBJECT-GROUP', clause: 'OBJECTS', status, members: names } as const;
      const description = `All ${status === 'current' ? '' : `${status} `}objects.`;
      return names.length === 0 ? [] : [{ ...common, name: `${this.#prefix}${name}ObjectGroup`, description, arc }];
    });
  }

  #notificationGroups(): Group[] {
    return statuses.flatMap(({ status, label: name, arc }) => {
      const names = this.#notifications.filter(({ schema }) => schema.status === status).map((each) => each.name);
      const common = { macro: 'NOTIFICATION-GROUP', clause: 'NOTIFICATIONS', status, members: names } as const;
      const description = `All ${status === 'current' ? '' : `${status} `}notifications.`;
      const full = `${this.#prefix}${name}NotificationGroup`;
      return names.length === 0 ? [] : [{ ...common, name: full, description, arc: arc + 1 }];
    });
  }

  #group({ name, macro, clause, members, status, description, arc }: Group): string[] {
    return [
      `${name} ${macro}`,
      `    ${clause} ${nameList(members, 4)}`,
      `    STATUS      ${status}`,
      ...textClause('DESCRIPTION', description),
      `    ::= { ${this.#prefix}Conformance ${String(arc)} }`,
      '',
    ];
  }

  #place(oid: readonly number[]): string {
    if (!this.#isBelow(oid, 1)) return absolute(oid);
    return `{ ${this.#prefix}MIB ${namedArcs(`${this.#prefix}Arc`, oid.slice(this.#base.length))} }`;
  }

  #isBelow(oid: readonly number[], by: number): boolean {
    return oid.length >= this.#base.length + by && this.#base.every((arc, index) => oid[index] === arc);
  }
}

interface Group {
  readonly name: string;
  readonly macro: 'OBJECT-GROUP' | 'NOTIFICATION-GROUP';
  readonly clause: 'OBJECTS' | 'NOTIFICATIONS';
  readonly members: readonly string[];
  readonly status: Status;
  readonly description: string;
  readonly arc: number;
}

interface GroupStatus {
  readonly status: Status;
  readonly label: string;
  /** Of the objects' group; that of the notifications' is the next one, that of the compliance statement the one before. */
  readonly arc: number;
}

/** A group has one status. */
const statuses: readonly GroupStatus[] = [
  { status: 'current', label: '', arc: 2 },
  { status: 'deprecated', label: 'Deprecated', arc: 5 },
  { status: 'obsolete', label: 'Obsolete', arc: 8 },
];

function isAccessible({ access }: MibObject): boolean {
  return access !== 'not-accessible';
}

function rowStatusRefinement(object: MibObject): string[] {
  return [
    `        OBJECT      ${object.name}`,
    '        SYNTAX      RowStatus { active(1), notInService(2), notReady(3) }',
    '        WRITE-SYNTAX RowStatus { active(1), createAndGo(4),',
    '                     createAndWait(5), destroy(6) }',
    '        DESCRIPTION',
    '            "An entry that is stored is active and cannot be taken out of',
    '             service; notInService and notReady are seen while it is being',
    '             made with createAndWait."',
  ];
}

function defaultClause(object: MibObject): string[] {
  const { schema, syntax, kind, access } = object;
  if (kind !== 'leaf' || schema.kind !== 'leaf' || schema.default === undefined || !access.startsWith('read-'))
    return [];
  const text = defaultText(schema.default, syntax);
  return text === undefined ? [] : [`    DEFVAL      { ${text} }`];
}

function defaultText(value: Value, { mib, toArc }: Syntax): string | undefined {
  switch (mib.base) {
    case 'INTEGER': {
      const number = toArc(value);
      return mib.labels.find((each) => each[1] === number)?.[0] ?? String(number);
    }
    case 'TruthValue':
      return String(value);
    case 'Integer32':
    case 'Unsigned32':
      return String(value);
    case 'OCTET STRING':
      return typeof value === 'string' && /^[ !#-~]*$/u.test(value) ? `"${value}"` : undefined;
    default:
      return undefined;
  }
}

function isEnterprise(oid: readonly number[]): boolean {
  return [1, 3, 6, 1, 4, 1].every((arc, index) => oid[index] === arc);
}

function absolute(oid: readonly number[]): string {
  return isEnterprise(oid)
    ? `{ enterprises ${namedArcs('enterprise', oid.slice(6))} }`
    : `{ iso ${namedArcs('iso', oid.slice(1))} }`;
}

/** Arcs on the way get names, the same in every module: smilint objects to nodes that nobody defines. */
function namedArcs(stem: string, arcs: readonly number[]): string {
  const name = (index: number) => `${stem}${arcs.slice(0, index + 1).join('n')}`;
  return arcs
    .map((arc, index) => (index === arcs.length - 1 ? String(arc) : `${name(index)}(${String(arc)})`))
    .join(' ');
}

function commonPrefix(oids: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...rest] = oids;
  let length = first.length;
  for (const oid of rest) {
    let same = 0;
    while (same < length && oid[same] === first[same]) same += 1;
    length = same;
  }
  return first.slice(0, length);
}
