/**
 * Where a node stands in the OID tree: by `smiv2:oid` and `smiv2:subid` (RFC 6643) of its module, or by the numbers that were assigned
 * to it in the module's OID file.
 */
import type { Module, SchemaNode } from '../../yang/index.js';
import { argument, parseOid } from './annotations.js';
import { groupOf, type OidFile, type OidFiles } from './oid-files.js';

export type Position = readonly number[];

export class Placement {
  readonly #files: OidFiles;
  readonly #faults: string[];

  /** Positions that are none are told in `faults`. */
  constructor(files: OidFiles, faults: string[]) {
    this.#files = files;
    this.#faults = faults;
  }

  /** By the node's own extension; `base` is what a subid is relative to. */
  annotated(node: SchemaNode, base: Position | undefined): Position | undefined {
    const absolute = argument(node.extensions, 'oid');
    if (absolute !== undefined) {
      const arcs = parseOid(absolute);
      if (arcs === undefined) this.#faults.push(`${node.path}: '${absolute}' is no OID`);
      return arcs;
    }
    const subid = argument(node.extensions, 'subid');
    if (subid === undefined || base === undefined) return undefined;
    const arc = Number(subid);
    if (/^\d+$/u.test(subid) && arc > 0 && arc <= 0xffffffff) return [...base, arc];
    this.#faults.push(`${node.path}: '${subid}' is no sub-identifier`);
    return undefined;
  }

  /** The module's OID and the number of a node in its group; undefined where the module has no OID file or it does not know the node. */
  assigned(node: SchemaNode): { readonly oid: Position; readonly number: number } | undefined {
    return this.assignedAs(node.module, groupOf(node), node.path);
  }

  assignedAs(module: Module, group: string, path: string): ReturnType<Placement['assigned']> {
    const file: OidFile | undefined = this.#files.get(module.name);
    const number = file?.groups.get(group)?.get(path);
    return file === undefined || number === undefined ? undefined : { oid: file.oid, number };
  }

  /** A scalar, a table, or what stands beside them. */
  position(node: SchemaNode, base: Position | undefined): Position | undefined {
    const own = this.annotated(node, base);
    if (own !== undefined) return own;
    const assigned = this.assigned(node);
    return assigned === undefined ? undefined : [...assigned.oid, assigned.number];
  }
}
