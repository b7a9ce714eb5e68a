/**
 * What an expression reads: schema nodes, and for each the highest node above the context on the way to it. A change of an
 * instance can only matter to context nodes below the same instance of that node.
 */
import type { AccessibleTree } from '../accessible.js';
import type { NodeSchema } from '../instance.js';
import type { DataSchema } from '../schema.js';
import type { Narrowing, Via } from './bound.js';

export interface Read {
  readonly schema: DataSchema;
  readonly pivot: NodeSchema;
  readonly narrow: Narrowing | undefined;
}

export class Reads implements Iterable<Read> {
  readonly #tree: AccessibleTree;
  readonly #reads = new Map<DataSchema, Read[]>();

  constructor(tree: AccessibleTree) {
    this.#tree = tree;
  }

  /** Input, output, notifications and the root never change while something is looked at. */
  add(node: NodeSchema, { pivot, narrow }: Via): void {
    const schema = node.kind === 'text' ? node.leaf : node;
    if (!('slot' in schema)) return;
    const known = this.#reads.get(schema);
    if (known === undefined) {
      this.#reads.set(schema, [{ schema, pivot, narrow }]);
      return;
    }
    const index = known.findIndex((read) => read.narrow === narrow || sameNarrowing(read.narrow, narrow));
    if (index < 0) known.push({ schema, pivot, narrow });
    else known[index] = { schema, pivot: this.#tree.upper(known[index]!.pivot, pivot), narrow };
  }

  *[Symbol.iterator](): Iterator<Read> {
    for (const reads of this.#reads.values()) {
      const [whole] = reads.filter((read) => read.narrow === undefined);
      for (const read of reads) {
        const covered =
          whole !== undefined && read !== whole && this.#tree.upper(whole.pivot, read.pivot) === whole.pivot;
        if (!covered) yield read;
      }
    }
  }
}

function sameNarrowing(a: Narrowing | undefined, b: Narrowing | undefined): boolean {
  return a?.leaf === b?.leaf && a?.source.leaf === b?.source.leaf && a?.source.top === b?.source.top;
}
