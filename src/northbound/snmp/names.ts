/** Descriptors of SMIv2 (RFC 2578 section 3.1) from YANG names: `signetHttpsCertificateCommonName`. */
import type { Module, Schema, SchemaNode } from '../../yang/index.js';
import { argument } from './annotations.js';
import { mapSchema } from './mapping.js';
import type { Mib, MibObject, MibTable } from './model.js';
import type { OidFiles } from './oid-files.js';
import { isStandard } from './standard.js';

/** `common-name` -> `commonName`. */
export function camel(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/u).filter((word) => word !== '');
  return words
    .map(
      (word, index) => (index === 0 ? word.slice(0, 1).toLowerCase() : word.slice(0, 1).toUpperCase()) + word.slice(1),
    )
    .join('');
}

export function pascal(name: string): string {
  const joined = camel(name);
  return joined.slice(0, 1).toUpperCase() + joined.slice(1);
}

/** The `smiv2:alias`, or the name in camel case. */
function descriptor(node: SchemaNode): string {
  return argument(node.extensions, 'alias') ?? camel(node.name);
}

/** `signet-https` -> `signetHttps`. */
export function moduleDescriptor(module: Module): string {
  return camel(module.name);
}

/** `signet-https` -> `SIGNET-HTTPS-MIB`. */
export function mibModuleName(module: Module): string {
  return `${module.name.replace(/[^A-Za-z0-9]+/gu, '-').toUpperCase()}-MIB`;
}

/** The schema as SNMP objects, all of them named. Throws ConfigError as {@link mapSchema}. */
export function namedMib(schema: Schema, files?: OidFiles): Mib {
  const mib = mapSchema(schema, files);
  nameObjects(mib);
  return mib;
}

/**
 * Names everything, in OID order: the first column to claim a short name, in which containers that are looked through are left out, has
 * it; a later one takes in their names. So a node that is added behind the others renames none.
 */
function nameObjects(mib: Mib): void {
  const taken = new Set<string>();
  const claim = (candidates: readonly string[], module: Module): string => {
    const prefix = moduleDescriptor(module).length;
    const short = candidates.map((candidate) => shortened(candidate, prefix, maxDescriptor));
    const free = short.find((candidate) => !taken.has(candidate));
    let name = free ?? short.at(-1)!;
    for (let suffix = 2; taken.has(name); suffix += 1)
      name = `${shortened(candidates.at(-1)!, prefix, maxDescriptor - 4)}${String(suffix)}`;
    taken.add(name);
    return name;
  };
  for (const table of mib.tables) {
    if (table.segments !== undefined) continue;
    const prefix = moduleDescriptor(table.module).length;
    const stems = tableStems(table).map((stem) => shortened(stem, prefix, maxStem));
    table.name = stems.find((stem) => !taken.has(`${stem}Table`)) ?? '';
    for (let suffix = 2; table.name === ''; suffix += 1) {
      const stem = `${stems.at(-1)!}${String(suffix)}`;
      if (!taken.has(`${stem}Table`)) table.name = stem;
    }
    taken.add(`${table.name}Table`).add(`${table.name}Entry`);
  }
  const [segments, others] = [true, false].map((is) =>
    mib.objects.filter(({ table }) => (table?.segments !== undefined) === is),
  ) as [MibObject[], MibObject[]];
  for (const object of others) object.name = claim(candidates(object), object.module);
  for (const table of mib.tables) {
    if (table.segments === undefined) continue;
    const stem = table.segments.name.replace(/(?:Value)?Digest(?=\d*$)/u, '');
    table.name = shortened(`${stem}Segment`, moduleDescriptor(table.module).length, maxStem);
    for (let suffix = 2; taken.has(`${table.name}Table`); suffix += 1)
      table.name = `${shortened(stem, moduleDescriptor(table.module).length, maxStem - 9)}Segment${String(suffix)}`;
    taken.add(`${table.name}Table`).add(`${table.name}Entry`);
  }
  for (const object of segments) object.name = claim(candidates(object), object.module);
  for (const notification of mib.notifications) {
    const { schema, module } = notification;
    const name = `${moduleDescriptor(module)}${pascal(descriptor(schema))}`;
    notification.name = claim([name, `${name}Notification`], module);
  }
}

/** RFC 2578 section 3.1; and what of it is left to tables, so that RowStatus and the like find room behind. */
const maxDescriptor = 64;
const maxStem = 44;

/** A name of so many characters at most: words behind the prefix go, the outermost first. */
export function shortened(name: string, prefix: number, max: number): string {
  if (name.length <= max) return name;
  const words = name.slice(prefix).match(/[A-Z]?[^A-Z]*/gu)!;
  const head = name.slice(0, Math.min(prefix, max - 20));
  while (words.length > 1 && head.length + words.join('').length > max) words.shift();
  return `${head}${words.join('')}`.slice(0, max);
}

function candidates(object: MibObject): string[] {
  const { table, schema, module } = object;
  const standard = standardDescriptors.get(object.oid.join('.'));
  if (standard !== undefined) return [standard];
  if (isStandard(object.oid)) return [descriptor(schema)];
  if (object.text !== undefined) return [`${object.text.name}${object.kind === 'inetType' ? 'InetType' : 'Inet'}`];
  const prefix = moduleDescriptor(module);
  if (table !== undefined) {
    const own = ownDescriptors[object.kind];
    const isCommit = table.operation === undefined && /^(?:State|Error)/u.test(own ?? '');
    if (own !== undefined) return [`${table.name}${isCommit ? 'Commit' : ''}${own}`];
    if (object.kind === 'presence')
      return [`${table.name}${pascal(descriptor(schema))}`, `${table.name}${joined(object.steps)}Present`];
    if (object.kind === 'digest' && schema === table.operation) return [`${table.name}ResultDigest`];
    if (object.kind === 'digest' && schema.kind === 'leaf-list' && object.parameter === undefined)
      return [`${table.name}ValueDigest`];
    if (object.kind === 'digest')
      return [`${table.name}${pascal(descriptor(schema))}Digest`, `${table.name}${joined(object.steps)}Digest`];
    return [`${table.name}${pascal(descriptor(schema))}`, `${table.name}${joined(object.steps)}`];
  }
  if (object.access === 'accessible-for-notify') {
    return [`${prefix}Notify${pascal(descriptor(schema))}`];
  }
  if (object.kind === 'unset')
    return [`${prefix}${joined(withoutTop(object.steps, module, 0))}Unset`, `${prefix}${joined(object.steps)}Unset`];
  const end = object.kind === 'digest' ? 'Digest' : '';
  return [`${prefix}${joined(withoutTop(object.steps, module))}${end}`, `${prefix}${joined(object.steps)}${end}`];
}

/** `signetHttpsCertificate` for /signet-https:https/certificate: the top container repeats what the module's name says. */
function tableStems(table: MibTable): string[] {
  if (isStandard(table.oid)) return [descriptor(table.schema).replace(/Entry$/u, '')];
  const prefix = moduleDescriptor(table.module);
  const own = pascal(descriptor(table.schema));
  const all = table.operation === undefined ? table.steps : [...table.steps, table.operation];
  const lists = all.slice(0, -1).filter((step) => step.kind === 'list' || step.kind === 'leaf-list');
  return [
    `${prefix}${joined(lists)}${own}`,
    `${prefix}${joined(withoutTop(all, table.module))}`,
    `${prefix}${joined(all)}`,
  ];
}

function withoutTop(steps: readonly SchemaNode[], module: Module, keep = 1): readonly SchemaNode[] {
  const [top] = steps;
  return top !== undefined && steps.length > keep && top.kind === 'container' && module.name.endsWith(top.name)
    ? steps.slice(1)
    : steps;
}

function joined(steps: readonly SchemaNode[]): string {
  return steps.map((step) => pascal(descriptor(step))).join('');
}

/** What columns that no YANG leaf names are called behind the name of their table. */
const ownDescriptors: Readonly<Partial<Record<MibObject['kind'], string>>> = {
  value: 'Value',
  segment: 'Octets',
  segmentNumber: 'Number',
  rowStatus: 'RowStatus',
  unset: 'Unset',
  rowNumber: 'RowNumber',
  owner: 'Owner',
  job: 'Job',
  after: 'After',
  storageType: 'StorageType',
  jobState: 'State',
  errorTag: 'ErrorTag',
  errorPath: 'ErrorPath',
  errorText: 'ErrorText',
};

/** Objects of SNMPv2-MIB (RFC 3418) that our modules stand for keep the names that everybody knows. */
const standardDescriptors: ReadonlyMap<string, string> = new Map([
  ['1.3.6.1.2.1.1.1', 'sysDescr'],
  ['1.3.6.1.2.1.1.2', 'sysObjectID'],
  ['1.3.6.1.2.1.1.3', 'sysUpTime'],
  ['1.3.6.1.2.1.1.4', 'sysContact'],
  ['1.3.6.1.2.1.1.5', 'sysName'],
  ['1.3.6.1.2.1.1.6', 'sysLocation'],
  ['1.3.6.1.2.1.1.7', 'sysServices'],
  ['1.3.6.1.6.3.1.1.6.1', 'snmpSetSerialNo'],
]);
