/** The immutable instance tree (RFC 7950 5.1). An edit gives a new tree that shares all that it did not touch. */
import type { InstanceIdentifier, PathStep } from './path.js';
import type { Schema } from './schema.js';
import { Branch, type Content } from './tree-branch.js';
import { TreeEditor } from './tree-editor.js';
import { childContent } from './tree-list.js';

export { type AnyContent, Branch, type Content, type Placement } from './tree-branch.js';
export { BranchBuilder } from './tree-builder.js';
export { TreeEditor } from './tree-editor.js';
export { ListData } from './tree-list.js';

export class DataTree {
  readonly schema: Schema;
  readonly root: Branch;
  readonly #serial: number;
  static #made = 0;

  constructor(schema: Schema, root: Branch) {
    this.schema = schema;
    this.root = root;
    DataTree.#made += 1;
    this.#serial = DataTree.#made;
  }

  /** Another one for each tree of this process: what was found in a tree can be kept without keeping the tree. No part of its value. */
  get serial(): number {
    return this.#serial;
  }

  static empty(schema: Schema): DataTree {
    return new DataTree(schema, new Branch(schema.root));
  }

  /** The content at a path; a path that ends in a list without keys gives the whole list. */
  get(path: InstanceIdentifier): Content | undefined {
    return contentAt(this.root, path.steps);
  }

  /** The branch at a path that names a container, a list entry or (no steps) the root. */
  branch(path: InstanceIdentifier): Branch | undefined {
    const content = this.get(path);
    return content instanceof Branch ? content : undefined;
  }

  /** A batch of edits; this tree is untouched. Nodes that one editor made are changed in place until `finish`. */
  edit(): TreeEditor {
    return new TreeEditor(this.root, (root) => (root === this.root ? this : new DataTree(this.schema, root)));
  }
}

/** The content that steps lead to from a branch. */
export function contentAt(start: Branch, steps: readonly PathStep[]): Content | undefined {
  let content: Content | undefined = start;
  for (const step of steps) {
    if (!(content instanceof Branch)) return undefined;
    content = childContent(content, step);
  }
  return content;
}
