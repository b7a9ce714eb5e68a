/** The faults of one document, collected up to a limit. Where a fault is told last of all, when the keys around it are known. */

import { ConfigError, type ConfigErrorFields } from '../error.js';
import type { AnnotationFault } from './annotations.js';
import type { BranchSchema, DataSchema, LeafSchema, Schema, Value } from './schema.js';
import type { Branch } from './tree.js';
import type { BranchBuilder } from './tree-builder.js';
import type { Fault } from './values-fault.js';

/** A node in a tree under construction: a branch, or a child of it, or one value or entry of that child. */
export interface Spot {
  readonly builder: BranchBuilder;
  readonly child?: DataSchema | undefined;
  readonly keys?: readonly Value[] | undefined;
}

export class Problems {
  readonly #faults: { readonly spot: Spot; readonly fields: Omit<ConfigErrorFields, 'path'> }[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.#faults.length >= this.#limit;
  }

  add(spot: Spot, fields: Omit<ConfigErrorFields, 'path'>): void {
    if (!this.isFull) this.#faults.push({ spot, fields });
  }

  /** A value that its type refuses. */
  value(spot: Spot, fault: Fault): void {
    const { message, appTag } = fault;
    this.add(spot, { tag: 'invalid-value', message, ...(appTag === undefined ? {} : { appTag }) });
  }

  invalid(spot: Spot, message: string): void {
    this.add(spot, { tag: 'invalid-value', message });
  }

  /** State where only configuration may come. */
  state(builder: BranchBuilder, child: DataSchema): void {
    const message = `'${child.name}' is state and cannot be written`;
    this.add({ builder, child }, { tag: 'unknown-element', message, info: { 'bad-element': child.name } });
  }

  /** A key behind one that the key statement has later (RFC 7950 7.8.5). */
  misplaced(builder: BranchBuilder, key: LeafSchema): void {
    const message = `key '${key.name}' stands behind a later key; keys come in the order of the key statement`;
    this.add({ builder, child: key }, { tag: 'bad-element', message, info: { 'bad-element': key.name } });
  }

  twice(builder: BranchBuilder, child: DataSchema): void {
    const message = `${child.kind} '${child.name}' is given more than once`;
    this.add({ builder, child }, { tag: 'bad-element', message, info: { 'bad-element': child.name } });
  }

  /** A name that no child of the builder's branch has; `module:name` or a name alone. It has no path but that of the branch. */
  unknown(schema: Schema, builder: BranchBuilder, full: string): void {
    const name = full.slice(0, 256);
    const module = name.includes(':') ? name.slice(0, name.indexOf(':')) : undefined;
    if (module !== undefined && !schema.modules.has(module)) {
      this.namespace(builder, name.slice(module.length + 1), module, `'${name}': there is no module '${module}'`);
      return;
    }
    const message = unknownMessage(builder.schema, name);
    this.add({ builder }, { tag: 'unknown-element', message, info: { 'bad-element': name } });
  }

  namespace(builder: BranchBuilder, name: string, namespace: string, message: string): void {
    const info = { 'bad-element': name, 'bad-namespace': namespace };
    this.add({ builder }, { tag: 'unknown-namespace', message, info });
  }

  annotation(spot: Spot, { tag, name, message }: AnnotationFault): void {
    const { schema } = spot.builder;
    const element = spot.child?.name ?? ('name' in schema ? schema.name : '');
    this.add(spot, { tag, message, info: { 'bad-attribute': name.slice(0, 256), 'bad-element': element } });
  }

  /** Finishes what was built. Throws all faults as one error where there are any, those of the building included. */
  finish(builder: BranchBuilder): Branch {
    const building: ConfigError[] = [];
    const branch = builder.finish(building);
    const errors = this.#faults.map(({ spot, fields }) => new ConfigError({ ...fields, path: spotPath(spot) }));
    const told = errors.map((error) => error.path);
    for (const fault of building) {
      // A key whose value was refused is not missing as well.
      const known = fault.tag === 'missing-element' ? told.indexOf(`${fault.path}/${fault.info?.['bad-element']}`) : -1;
      if (known >= 0) told.splice(known, 1);
      else if (errors.length < this.#limit) errors.push(fault);
    }
    if (errors.length > 0) throw ConfigError.join(errors);
    return branch;
  }
}

function spotPath({ builder, child, keys }: Spot): string {
  return (child === undefined ? builder.path : builder.path.child(child, keys)).toString();
}

function unknownMessage(parent: BranchSchema, name: string): string {
  const where = parent.kind === 'root' ? 'at the top' : `in '${parent.name}'`;
  const others = parent.byName.get(name);
  const hint = others === undefined ? '' : `; did you mean '${others[0]!.module.name}:${name}'`;
  return `there is no node '${name}' ${where}${hint}`;
}
