/**
 * OIDs of modules that carry none: `NAME.oid.json` beside the module, made by `signet mib --assign`. Numbers are only ever added, so
 * that a module has the same OIDs on every device and after every revision.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../error.js';
import type { DataSchema, Module, OperationSchema, Schema, SchemaNode } from '../../yang/index.js';
import { hasAnnotations, parseOid } from './annotations.js';

export interface OidFile {
  readonly oid: readonly number[];
  /** Numbers by schema path, in groups that number independently: see {@link groupOf}. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** By module name. */
export type OidFiles = ReadonlyMap<string, OidFile>;

/** Modules without an OID of their own are numbered below this one. */
const assignedBase: readonly number[] = [1, 3, 6, 1, 4, 1, 32473, 1, 1000];
/** Numbers that are given to no node: for what the mapping adds (columns from 200 up; beside scalars and tables also conformance). */
const reserved = { from: 200, to: 500 } as const;
const maxOctets = 8 * 1024 * 1024;

/**
 * Where a node is numbered: columns by the path of their list, what goes into and comes out of an operation by the operation's path, all
 * else (scalars, tables, notifications, operations) by ''.
 */
export function groupOf(node: SchemaNode): string {
  return columnsOf(node)?.path ?? '';
}

/** The list or operation of whose table a node is a column, where it is one. */
function columnsOf(node: SchemaNode): SchemaNode | undefined {
  const isOfModule =
    node.kind === 'list' || node.kind === 'leaf-list' || isOperation(node) || node.kind === 'notification';
  for (let at = node.parent; at !== undefined && at.kind !== 'root'; at = at.parent) {
    if (isOperation(at)) return at;
    if (at.kind === 'notification') return undefined;
    if (!isOfModule && at.kind === 'list') return at;
  }
  return undefined;
}

/** The number of the table by which a module adds columns to a list or an operation of another. */
export function augmentPath(list: SchemaNode): string {
  return `${list.path}#augment`;
}

/** The files of all modules that have one. Throws ConfigError where one cannot be understood. */
export function readOidFiles(schema: Schema): OidFiles {
  const files = new Map<string, OidFile>();
  for (const module of schema.modules.values()) {
    if (!module.implemented) continue;
    const known = readOidFile(module);
    if (known !== undefined) files.set(module.name, known);
  }
  return files;
}

export function oidFileName(module: Module): string {
  return join(dirname(module.source), `${module.name}.oid.json`);
}

/** The numbers of a module, those that it had as they were. Throws ConfigError invalid-value for a module with OIDs of its own. */
export function assignOids(schema: Schema, module: Module, before = readOidFile(module)): OidFile {
  if (hasAnnotations(module)) {
    throw new ConfigError({ tag: 'invalid-value', message: `${module.name} has OIDs of its own (smiv2:oid)` });
  }
  const groups = new Map([...(before?.groups ?? [])].map(([group, numbers]) => [group, new Map(numbers)]));
  const assign = (group: string, path: string) => {
    const numbers = groups.get(group) ?? new Map<string, number>();
    groups.set(group, numbers);
    if (numbers.has(path)) return;
    const next = Math.max(0, ...numbers.values()) + 1;
    numbers.set(path, isReserved(next) ? reserved.to : next);
  };
  eachNode(schema, (node) => {
    if (node.module !== module) return;
    assign(groupOf(node), node.path);
    const owner = columnsOf(node);
    if (owner !== undefined && owner.module !== module) assign('', augmentPath(owner));
  });
  return { oid: before?.oid ?? [...assignedBase, arcOf(module.name)], groups };
}

/** Writes a module's OID file beside it, and returns its name. Throws ConfigError where the module has OIDs or the file cannot be written. */
export function assignModule(schema: Schema, module: Module): string {
  const file = oidFileName(module);
  const text = formatOidFile(module, assignOids(schema, module));
  try {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  } catch (cause) {
    const { code = 'cannot be written' } = cause as NodeJS.ErrnoException;
    throw new ConfigError({ tag: 'resource-denied', message: `${file}: ${code}` }, { cause });
  }
  return file;
}

export function formatOidFile(module: Module, { oid, groups }: OidFile): string {
  const content = Object.fromEntries([...groups].map(([group, numbers]) => [group, Object.fromEntries(numbers)]));
  return `${JSON.stringify({ module: module.name, oid: oid.join('.'), groups: content }, undefined, 2)}\n`;
}

/** Undefined where there is none. Throws ConfigError invalid-value for one that cannot be understood. */
export function readOidFile(module: Module): OidFile | undefined {
  const file = oidFileName(module);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const parsed = text.length > maxOctets ? undefined : parseOidFile(text, module.name);
  if (parsed !== undefined) return parsed;
  throw new ConfigError({
    tag: 'invalid-value',
    message: `${file} is no OID file of ${module.name}; restore the one that signet mib --assign made`,
  });
}

/** Undefined for what is no OID file of the module. */
function parseOidFile(text: string, name: string): OidFile | undefined {
  const value = parseObject(text);
  const oid = typeof value?.oid === 'string' ? parseOid(value.oid) : undefined;
  if (value?.module !== name || oid === undefined || !isObject(value.groups)) return undefined;
  const groups = new Map<string, Map<string, number>>();
  for (const [group, numbers] of Object.entries(value.groups)) {
    if (!isObject(numbers)) return undefined;
    const known = new Map<string, number>();
    for (const [path, number] of Object.entries(numbers)) {
      if (!isNumber(number) || isReserved(number)) return undefined;
      known.set(path, number);
    }
    if (new Set(known.values()).size !== known.size) return undefined;
    groups.set(group, known);
  }
  return { oid, groups };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0xffffffff;
}

function isReserved(number: number): boolean {
  return number >= reserved.from && number < reserved.to;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same for a name everywhere: 31 bits of its SHA-256. */
function arcOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) >>> 1;
}

/** Every node that may have a place, those around others first. */
function eachNode(schema: Schema, visit: (node: SchemaNode) => void): void {
  const data = (nodes: readonly DataSchema[]): void => {
    for (const node of nodes) {
      visit(node);
      if (node.kind !== 'container' && node.kind !== 'list') continue;
      data(node.dataChildren);
      for (const action of node.actions) operation(action);
      for (const notification of node.notifications) {
        visit(notification);
        data(notification.dataChildren);
      }
    }
  };
  const operation = (node: OperationSchema): void => {
    visit(node);
    data(node.input.dataChildren);
    data(node.output.dataChildren);
  };
  data(schema.root.dataChildren);
  for (const rpc of schema.rpcs.values()) operation(rpc);
  for (const notification of schema.notifications.values()) {
    visit(notification);
    data(notification.dataChildren);
  }
}

function isOperation(node: SchemaNode): node is OperationSchema {
  return node.kind === 'rpc' || node.kind === 'action';
}
