/** What a user sees of data (RFC 8341 3.4.5): nodes that he may not read are left out, with all below them. */
import {
  atOnce,
  Branch,
  type BranchSchema,
  type Content,
  DataTree,
  InstanceIdentifier,
  ListData,
  type Steps,
  type Value,
} from '../yang/index.js';
import type { AccessPolicy } from './access-policy.js';
import { prefix } from './change.js';
import type { Difference } from './contract.js';

export class AccessView {
  readonly #policy: AccessPolicy;
  readonly #trees = new WeakMap<Branch, DataTree>();

  constructor(policy: AccessPolicy) {
    this.#policy = policy;
  }

  /** What may be seen of `content`, which is at `path`; the same object where that is everything. */
  of(path: InstanceIdentifier, content: Content | undefined): Content | undefined {
    return atOnce(this.looking(path, content));
  }

  /** As {@link of}; pauses between the entries of lists. */
  *looking(path: InstanceIdentifier, content: Content | undefined): Steps<Content | undefined> {
    if (content === undefined) return undefined;
    const { last } = path;
    if (last === undefined) return yield* this.#branch(path, content as Branch);
    if (!this.#policy.permitsRead(prefix(path, path.steps.length - 1))) return undefined;
    return yield* this.#content(path, content);
  }

  /** Made once for each version of a tree. */
  tree(tree: DataTree): DataTree {
    const known = this.#trees.get(tree.root);
    if (known !== undefined) return known;
    const root = atOnce(this.#branch(InstanceIdentifier.root, tree.root));
    const seen = root === tree.root ? tree : new DataTree(tree.schema, root);
    this.#trees.set(tree.root, seen);
    return seen;
  }

  differences(differences: readonly Difference[]): readonly Difference[] {
    return differences.flatMap((difference) => {
      const before = this.of(difference.path, difference.before);
      const after = this.of(difference.path, difference.after);
      return before === undefined && after === undefined ? [] : [{ ...difference, before, after }];
    });
  }

  /** The path as far as it may be seen: what a refusal may name. */
  visible(path: InstanceIdentifier): InstanceIdentifier {
    let length = 0;
    while (length < path.steps.length && this.#policy.permitsRead(prefix(path, length + 1))) length += 1;
    return prefix(path, length);
  }

  *#content(path: InstanceIdentifier, content: Content): Steps<Content | undefined> {
    const { schema, keys } = path.last!;
    if (!('slot' in schema)) return content;
    const extent = this.#policy.extent('read', schema);
    if (extent === 'all') return content;
    if (extent === 'none') return undefined;
    if (content instanceof ListData) return yield* this.#list(path, content);
    if (schema.kind === 'leaf-list' && keys === undefined) {
      const parent = prefix(path, path.steps.length - 1);
      const seen = (content as readonly Value[]).filter((value) =>
        this.#policy.permits('read', parent.child(schema, [value])),
      );
      return seen.length === 0 ? undefined : seen;
    }
    if (!this.#policy.permits('read', path)) return undefined;
    if (!(content instanceof Branch)) return content;
    const branch = yield* this.#branch(path, content);
    const isNothing = schema.kind === 'container' && schema.presence === undefined && branch.isEmpty();
    return isNothing && !content.isEmpty() ? undefined : branch;
  }

  *#list(path: InstanceIdentifier, list: ListData): Steps<ListData | undefined> {
    const parent = prefix(path, path.steps.length - 1);
    const { schema } = list;
    const isKeyless = schema.keys.length === 0;
    const seen: Branch[] = [];
    for (const entry of list) {
      const at = isKeyless ? path : parent.child(schema, entry.keys());
      const branch = yield* this.#content(at, entry);
      if (branch !== undefined) seen.push(branch as Branch);
      yield;
    }
    return seen.length === 0 ? undefined : ListData.of(schema, seen);
  }

  *#branch(path: InstanceIdentifier, branch: Branch): Steps<Branch> {
    const { schema }: { readonly schema: BranchSchema } = branch;
    if (schema.kind === 'root' && this.#policy.extent('read', schema) === 'all') return branch;
    const slots = branch.slots.slice();
    let isWhole = true;
    for (const [child, content] of branch.present()) {
      const seen = yield* this.#content(path.child(child), content);
      if (seen === content) continue;
      slots[child.slot] = seen;
      isWhole = false;
    }
    return isWhole ? branch : new Branch(schema, slots);
  }
}
