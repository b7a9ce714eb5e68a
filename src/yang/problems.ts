/** The faults of one document, collected up to a limit. */
import { ConfigError } from '../error.js';
import type { BranchSchema, Schema } from './schema.js';
import type { BranchBuilder } from './tree-builder.js';

export class Problems {
  readonly errors: ConfigError[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.errors.length >= this.#limit;
  }

  add(error: ConfigError): void {
    if (!this.isFull) this.errors.push(error);
  }

  /** A name that no child of the builder's branch has. */
  unknown(schema: Schema, builder: BranchBuilder, name: string): void {
    const path = builder.path.toString();
    const at = `${path === '/' ? '' : path}/${name.slice(0, 256)}`;
    const module = name.includes(':') ? name.slice(0, name.indexOf(':')) : undefined;
    if (module !== undefined && !schema.modules.has(module)) {
      const info = { 'bad-element': name.slice(module.length + 1), 'bad-namespace': module };
      this.add(
        new ConfigError({ tag: 'unknown-namespace', path: at, message: `there is no module '${module}'`, info }),
      );
      return;
    }
    const message = unknownMessage(builder.schema, name);
    this.add(new ConfigError({ tag: 'unknown-element', path: at, message, info: { 'bad-element': name } }));
  }

  attribute(builder: BranchBuilder, name: string, message = `there is no annotation '${name}'`): void {
    const info = { 'bad-attribute': name, 'bad-element': 'name' in builder.schema ? builder.schema.name : '' };
    this.add(new ConfigError({ tag: 'unknown-attribute', path: builder.path.toString(), message, info }));
  }

  /** Throws all faults as one where there are any. */
  throwIfAny(): void {
    if (this.errors.length > 0) throw ConfigError.join(this.errors);
  }
}

function unknownMessage(parent: BranchSchema, name: string): string {
  const where = parent.kind === 'root' ? 'at the top' : `in '${parent.name}'`;
  const others = parent.byName.get(name);
  const hint = others === undefined ? '' : `; did you mean '${others[0]!.module.name}:${name}'`;
  return `there is no node '${name}' ${where}${hint}`;
}
