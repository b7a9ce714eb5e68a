/** Tree diagrams of modules (RFC 8340), lines of any length. */
import type { ExtensionInstance, Module, RootSchema, Schema, SchemaNode, Status } from './schema.js';

/**
 * The diagram of a module: its data nodes with what other loaded modules add to them, what it adds to others itself, its
 * operations, notifications and structures. Typedefs stay as they are written, groupings are expanded. A module that has
 * none of these is its headline alone.
 */
export function treeDiagram(schema: Schema, module: Module): string {
  const { children, augments } = module;
  const data = children.filter(({ kind }) => kind !== 'rpc' && kind !== 'notification');
  const lines = [`module: ${module.name}`, ...drawAll(data, { module, indent: '  ', place: 'data' })];
  const section = (title: string, nodes: readonly SchemaNode[], place: Place): void => {
    if (nodes.length > 0) lines.push('', `  ${title}:`, ...drawAll(nodes, { module, indent: '    ', place }));
  };
  for (const { target, nodes } of augments) {
    const added = nodes.filter((node) => topOf(node) !== module);
    section(`augment ${target}`, added, added[0] === undefined ? 'data' : placeOf(added[0]));
  }
  section('rpcs', ofKind(children, 'rpc'), 'data');
  section('notifications', ofKind(children, 'notification'), 'data');
  const kinds = structureKinds(module.extensions);
  for (const structure of schema.structures.values()) {
    if (structure.module !== module) continue;
    section(`${kinds.get(structure.name) ?? 'structure'} ${structure.name}`, structure.children, 'structure');
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** What the nodes are part of, which decides their flags. */
type Place = 'data' | 'input' | 'output' | 'notification' | 'structure';

interface Surroundings {
  /** Nodes of other modules are named with their prefix. */
  readonly module: Module;
  readonly indent: string;
  readonly place: Place;
}

function drawAll(nodes: readonly SchemaNode[], around: Surroundings): string[] {
  const shown = nodes.filter((node) => !isParameters(node) || node.children.length > 0);
  const width = Math.max(0, ...shown.map((node) => nameOf(node, around).length));
  return shown.flatMap((node, index) => draw(node, index === shown.length - 1, width, around));
}

/** `width` is that of the longest name among the siblings: types stand in one column, as the RFC's own examples have it. */
function draw(node: SchemaNode, isLast: boolean, width: number, around: Surroundings): string[] {
  const name = `${nameOf(node, around)}${optionOf(node)}`;
  const text = hasType(node) ? `${name.padEnd(width + 1)}   ${typeOf(node)}` : name;
  const features = node.ifFeatures.length === 0 ? '' : ` {${node.ifFeatures.join(',')}}?`;
  const mark = `${marks[node.status]}--${node.kind === 'case' ? ':' : `${flagsOf(node, around.place)} `}`;
  const indent = `${around.indent}${isLast ? '   ' : '|  '}`;
  const below = { ...around, indent, place: placeBelow(node, around.place) };
  return [`${around.indent}${mark}${text}${features}`, ...drawAll(inside(node), below)];
}

const marks: Readonly<Record<Status, string>> = { current: '+', deprecated: 'x', obsolete: 'o' };

function flagsOf(node: SchemaNode, place: Place): string {
  if (node.kind === 'rpc' || node.kind === 'action') return '-x';
  if (node.kind === 'notification') return '-n';
  if (isMountPoint(node.extensions)) return 'mp';
  const below = placeBelow(node, place);
  if (below === 'structure') return '';
  if (below === 'input') return '-w';
  return node.config ? 'rw' : 'ro';
}

function nameOf(node: SchemaNode, { module }: Surroundings): string {
  const name = node.module === module ? node.name : `${node.module.prefix}:${node.name}`;
  return node.kind === 'choice' || node.kind === 'case' ? `(${name})` : name;
}

function optionOf(node: SchemaNode): string {
  switch (node.kind) {
    case 'container':
      return node.presence === undefined ? '' : '!';
    case 'list':
      return node.keys.length === 0 ? '*' : `* [${node.keys.map((key) => key.name).join(' ')}]`;
    case 'leaf-list':
      return '*';
    case 'leaf':
      return node.mandatory || node.isKey ? '' : '?';
    case 'choice':
    case 'anydata':
    case 'anyxml':
      return node.mandatory ? '' : '?';
    default:
      return '';
  }
}

function hasType(node: SchemaNode): boolean {
  return node.kind === 'leaf' || node.kind === 'leaf-list' || node.kind === 'anydata' || node.kind === 'anyxml';
}

function typeOf(node: SchemaNode): string {
  if (node.kind !== 'leaf' && node.kind !== 'leaf-list') return node.kind;
  const { type } = node;
  return type.base === 'leafref' && type.name === 'leafref' ? `-> ${type.pathText}` : type.name;
}

function placeBelow(node: SchemaNode, place: Place): Place {
  return node.kind === 'input' || node.kind === 'output' || node.kind === 'notification' ? node.kind : place;
}

/** Of a node that is looked at by itself. */
function placeOf(node: SchemaNode): Place {
  for (let up: SchemaNode | RootSchema | undefined = node; up !== undefined; up = up.parent) {
    if (up.kind === 'input' || up.kind === 'output' || up.kind === 'notification') return up.kind;
    if (up.kind === 'root') break;
    if (up.parent === undefined) return 'structure';
  }
  return 'data';
}

/** The module of the top-level node above. */
function topOf(node: SchemaNode): Module {
  let top = node;
  for (let up = node.parent; up !== undefined && up.kind !== 'root'; up = up.parent) top = up;
  return top.module;
}

function inside(node: SchemaNode): readonly SchemaNode[] {
  switch (node.kind) {
    case 'choice':
      return node.cases;
    case 'case':
      return node.children;
    case 'rpc':
    case 'action':
      return [node.input, node.output];
    case 'container':
    case 'list':
      return [...node.children, ...node.actions, ...node.notifications];
    case 'input':
    case 'output':
    case 'notification':
      return node.children;
    default:
      return [];
  }
}

function isParameters(node: SchemaNode): node is SchemaNode & { readonly kind: 'input' | 'output' } {
  return node.kind === 'input' || node.kind === 'output';
}

function ofKind(nodes: readonly SchemaNode[], kind: SchemaNode['kind']): readonly SchemaNode[] {
  return nodes.filter((node) => node.kind === kind);
}

/** RFC 8528 section 3.1. */
function isMountPoint(extensions: readonly ExtensionInstance[]): boolean {
  return extensions.some(({ module, name }) => module === 'ietf-yang-schema-mount' && name === 'mount-point');
}

/** The keyword that each data structure was declared with: `structure` (RFC 8791) or `yang-data` (RFC 8040). */
function structureKinds(extensions: readonly ExtensionInstance[]): ReadonlyMap<string, string> {
  const kinds = new Map<string, string>();
  for (const { name, argument } of extensions) if (argument !== undefined) kinds.set(argument, name);
  return kinds;
}
