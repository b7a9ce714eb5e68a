/** The extensions that say how a node stands in SNMP: those of ietf-yang-smiv2 (RFC 6643), and what keeps a node from some readers. */
import type { ExtensionInstance, Module, SchemaNode } from '../../yang/index.js';
import { maxSubIdentifiers } from './ber.js';

/** Undefined for text that is no OID in dotted form. */
export function parseOid(text: string): number[] | undefined {
  const arcs = text.split('.').map(Number);
  const isOid = /^[0-2](\.\d+)+$/u.test(text) && arcs.length <= maxSubIdentifiers;
  return isOid && arcs.every((arc) => arc <= 0xffffffff) ? arcs : undefined;
}

/** True where the node or one above it carries the extension. */
export function inherits(node: SchemaNode, module: string, name: string): boolean {
  let at: SchemaNode['parent'] | SchemaNode = node;
  for (; at !== undefined && at.kind !== 'root'; at = at.parent) {
    if (at.extensions.some((extension) => extension.module === module && extension.name === name)) return true;
  }
  return false;
}

/** True where the module places nodes of its own: not single leafs that are objects of the IETF, beside which others have no place. */
export function hasAnnotations(module: Module): boolean {
  return [...module.children, ...module.augments.flatMap(({ nodes }) => nodes)].some(annotatedBelow);
}

function annotatedBelow(node: SchemaNode): boolean {
  if (argument(node.extensions, 'oid') !== undefined) return node.kind !== 'leaf';
  if (node.kind === 'choice') return node.cases.some(annotatedBelow);
  return 'children' in node && node.children.some(annotatedBelow);
}

/** The argument of an extension of ietf-yang-smiv2. */
export function argument(extensions: readonly ExtensionInstance[], name: string): string | undefined {
  return extensions.find((extension) => extension.module === 'ietf-yang-smiv2' && extension.name === name)?.argument;
}
