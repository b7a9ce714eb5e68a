/** must and when (RFC 7950 7.5.3, 7.21.5). */
import type { ConfigError } from '../error.js';
import type { InstanceIdentifier } from './path.js';
import type { Schema } from './schema.js';
import type { Branch, DataTree } from './tree.js';
import type { Walk } from './validation.js';

/** A branch and where it is. */
export interface BranchAt {
  readonly path: InstanceIdentifier;
  readonly branch: Branch;
  readonly parent: BranchAt | undefined;
}

export class Constraints {
  readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  check(_tree: DataTree, _walk: Walk): readonly ConfigError[] {
    return [];
  }
}
