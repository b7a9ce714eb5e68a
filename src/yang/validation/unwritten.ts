/**
 * `when` at nodes that nobody wrote (RFC 7950 7.21.5), for those who read: whether a default is in use, and whether a container
 * without presence is there.
 */
import { ConfigError } from '../../error.js';
import { AccessibleTree, guardsOf } from '../accessible.js';
import { InstanceIdentifier } from '../path.js';
import type { DataSchema, Schema } from '../schema.js';
import type { DataTree } from '../tree.js';
import { Run } from '../xpath/bound.js';
import { Guards } from '../xpath/guards.js';
import { instanceAt } from './contexts.js';
import { validationLimits } from './pass.js';

export class UnwrittenNodes {
  readonly #guards: Guards;
  /** Kept for what is read at a stretch, so that what many nodes ask of one tree is computed once. */
  #last: { readonly tree: DataTree; readonly run: Run } | undefined;

  constructor(schema: Schema) {
    this.#guards = new Guards(schema, new AccessibleTree(schema.root, 'config'));
  }

  /** Whether every `when` lets a node of configuration be in `parent`, which is there in `tree`. */
  admits(node: DataSchema, parent: InstanceIdentifier, tree: DataTree): boolean {
    if (guardsOf(node).length === 0) return true;
    const run = this.#run(tree);
    const at = instanceAt(tree, parent);
    run.begin(at);
    run.refill(validationLimits.stepsAtOnce);
    try {
      return this.#guards.hold(node, at, run);
    } catch (thrown) {
      // The commit refuses what cannot be evaluated.
      if (thrown instanceof ConfigError) return true;
      throw thrown;
    }
  }

  #run(tree: DataTree): Run {
    if (this.#last?.tree === tree) return this.#last.run;
    const run = new Run(instanceAt(tree, InstanceIdentifier.root), 0);
    if (this.#last === undefined) {
      queueMicrotask(() => {
        this.#last = undefined;
      });
    }
    this.#last = { tree, run };
    return run;
  }
}
