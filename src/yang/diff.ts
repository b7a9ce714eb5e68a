/** What differs between two trees, found by identity: cost follows the change. */
import { InstanceIdentifier } from './path.js';
import { inSlices } from './slices.js';
import { Branch, type Content, type DataTree, ListData } from './tree.js';

/** One difference, at the highest node that differs whole; a user-ordered entry in another place is `moved`. */
export interface TreeDifference {
  readonly path: InstanceIdentifier;
  readonly kind: 'created' | 'deleted' | 'modified' | 'moved';
  readonly before: Content | undefined;
  readonly after: Content | undefined;
}

export function diffTrees(before: DataTree, after: DataTree): readonly TreeDifference[] {
  return Array.from(diffBranches(InstanceIdentifier.root, before.root, after.root)).filter(
    (each) => each !== undefined,
  );
}

/** As `diffTrees`, letting others run in between. */
export async function diffTreesInSlices(before: DataTree, after: DataTree): Promise<readonly TreeDifference[]> {
  const differences: TreeDifference[] = [];
  const steps = diffBranches(InstanceIdentifier.root, before.root, after.root)[Symbol.iterator]();
  await inSlices((isDue) => {
    for (let step = steps.next(); step.done !== true; step = steps.next()) {
      if (step.value !== undefined) differences.push(step.value);
      if (isDue()) return false;
    }
    return true;
  });
  return differences;
}

/** Undefined after each entry of a list: many of them may differ in nothing but that they are other objects. */
function* diffBranches(path: InstanceIdentifier, a: Branch, b: Branch): Iterable<TreeDifference | undefined> {
  if (a === b) return;
  for (const child of a.schema.dataChildren) {
    const [x, y] = [a.get(child), b.get(child)];
    if (x === y) continue;
    const at = path.child(child);
    if (x === undefined || y === undefined) {
      yield { path: at, kind: x === undefined ? 'created' : 'deleted', before: x, after: y };
    } else if (x instanceof Branch && y instanceof Branch) yield* diffBranches(at, x, y);
    else if (x instanceof ListData && y instanceof ListData) {
      for (const change of y.changesSince(x)) {
        yield undefined;
        const entry = path.child(x.schema, (change.after ?? change.before)!.keys());
        if (change.before !== undefined && change.after !== undefined) {
          if (change.positionBefore !== change.positionAfter) {
            yield { path: entry, kind: 'moved', before: change.before, after: change.after };
          }
          yield* diffBranches(entry, change.before, change.after);
        } else {
          const kind = change.before === undefined ? 'created' : 'deleted';
          yield { path: entry, kind, before: change.before, after: change.after };
        }
      }
    } else if (!isSame(x, y)) {
      yield { path: at, kind: 'modified', before: x, after: y };
    }
  }
}

function isSame(x: Content, y: Content): boolean {
  if (!Array.isArray(x) || !Array.isArray(y)) return JSON.stringify(x, text) === JSON.stringify(y, text);
  return x.length === y.length && x.every((value, index) => value === y[index]);
}

function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
