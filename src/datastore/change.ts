/** Which handlers a transaction concerns, with which instances and differences, and in which order (by leafref). */
import { Branch, type Content, type DataSchema, InstanceIdentifier, ListData } from '../yang/index.js';
import type { Change, Difference, Origin, Root } from './contract.js';
import type { HandlerEntry, Registry } from './registry.js';
import { isAtOrBelow } from './schema-index.js';

/** One call of one handler, for one instance of its subtree. */
export interface Task {
  readonly entry: HandlerEntry;
  readonly change: Change;
}

export interface Transition {
  readonly before: Root;
  readonly after: Root;
  readonly differences: readonly Difference[];
  readonly origin: Origin;
  readonly cause: Change['cause'];
  readonly confirmed?: boolean | undefined;
}

/** What is referred to is applied first; what goes away goes last, what refers before what is referred to. */
export function tasksFor(registry: Registry, transition: Transition): readonly Task[] {
  const changed = new Set(transition.differences.map((difference) => schemaPathOf(difference.path)));
  const tasks: Task[] = [];
  for (const entry of registry.handlers) {
    const own = ownDifferences(entry, transition.differences);
    if (referencesChanged(entry, changed)) {
      for (const instance of instancesIn(entry.chain, transition.after)) {
        const key = instance.toString();
        if (!own.has(key)) own.set(key, { instance, differences: [] });
      }
    }
    const outside = [...changed].filter((path) => !isAtOrBelow(path, entry.schema.path));
    for (const { instance, differences } of own.values()) {
      tasks.push({ entry, change: makeChange(transition, instance, differences, outside) });
    }
  }
  const isRemoval = ({ change }: Task) => change.after.config.get(change.instance) === undefined;
  const removals = tasks.filter(isRemoval).reverse();
  return [...tasks.filter((task) => !isRemoval(task)), ...removals];
}

/** The inverse of what was told, for what must be taken back. */
export function inverse(tasks: readonly Task[]): readonly Task[] {
  return [...tasks].reverse().map(({ entry, change }) => {
    const differences = change.differences.map(invertDifference);
    const { before, after, instance, origin } = change;
    const touches = (path: string) => change.touches(path);
    return {
      entry,
      change: { before: after, after: before, instance, differences, touches, origin, cause: 'rollback' },
    };
  });
}

export function invertDifference(difference: Difference): Difference {
  const { path, kind, before, after } = difference;
  const inverted = kind === 'created' ? 'deleted' : kind === 'deleted' ? 'created' : kind;
  return { path, kind: inverted, before: after, after: before };
}

export function schemaPathOf(path: InstanceIdentifier): string {
  return path.last?.schema.path ?? '/';
}

interface Own {
  readonly instance: InstanceIdentifier;
  readonly differences: Difference[];
}

function ownDifferences(entry: HandlerEntry, differences: readonly Difference[]): Map<string, Own> {
  const own = new Map<string, Own>();
  for (const difference of differences) {
    for (const [instance, part] of split(entry.chain, difference)) {
      const key = instance.toString();
      const found = own.get(key);
      if (found === undefined) own.set(key, { instance, differences: [part] });
      else found.differences.push(part);
    }
  }
  return own;
}

/** The parts of a difference that lie in instances of the subtree at `chain`. */
function* split(chain: readonly DataSchema[], difference: Difference): Iterable<[InstanceIdentifier, Difference]> {
  const { path, before, after } = difference;
  const { steps } = path;
  for (let index = 0; index < Math.min(steps.length, chain.length); index++) {
    if (steps[index]!.schema !== chain[index]) return;
  }
  const last = steps[chain.length - 1];
  if (last !== undefined && (steps.length > chain.length || !isWholeList(last))) {
    yield [prefix(path, chain.length), difference];
    return;
  }
  const gone = new Map<string, [InstanceIdentifier, Content]>();
  for (const [instance, content] of below(path, before, chain)) gone.set(instance.toString(), [instance, content]);
  for (const [instance, content] of below(path, after, chain)) {
    const former = gone.get(instance.toString());
    gone.delete(instance.toString());
    const kind = former === undefined ? 'created' : 'modified';
    yield [instance, { path: instance, kind, before: former?.[1], after: content }];
  }
  for (const [instance, content] of gone.values()) {
    yield [instance, { path: instance, kind: 'deleted', before: content, after: undefined }];
  }
}

/** Every instance of the end of `chain` in `content`, which is what `path` (an instance of its beginning) holds. */
export function* below(
  path: InstanceIdentifier,
  content: Content | undefined,
  chain: readonly DataSchema[],
): Iterable<[InstanceIdentifier, Content]> {
  if (content === undefined) return;
  if (content instanceof ListData) {
    const { schema } = content;
    const parent = path.parent ?? InstanceIdentifier.root;
    for (const entry of content) yield* below(parent.child(schema, entry.keys()), entry, chain);
    return;
  }
  const next = chain[path.steps.length];
  if (next === undefined) yield [path, content];
  else if (content instanceof Branch) yield* below(path.child(next), content.get(next), chain);
}

/** Instances of a handler's subtree that are configured; a subtree that no list is above of always has one. */
export function* instancesIn(chain: readonly DataSchema[], root: Root): Iterable<InstanceIdentifier> {
  if (chain.every((schema) => schema.kind !== 'list')) {
    yield chain.reduce((path, schema) => path.child(schema), InstanceIdentifier.root);
    return;
  }
  for (const [instance] of below(InstanceIdentifier.root, root.config.root, chain)) yield instance;
}

function referencesChanged(entry: HandlerEntry, changed: ReadonlySet<string>): boolean {
  if (entry.references.length === 0) return false;
  for (const path of changed) {
    if (entry.references.some((reference) => isAtOrBelow(path, reference) || isAtOrBelow(reference, path))) return true;
  }
  return false;
}

function makeChange(
  transition: Transition,
  instance: InstanceIdentifier,
  differences: readonly Difference[],
  outside: readonly string[],
): Change {
  const { before, after, origin, cause, confirmed } = transition;
  const paths = new Set(outside);
  for (const difference of differences) paths.add(schemaPathOf(difference.path));
  return {
    before,
    after,
    instance,
    differences,
    origin,
    confirmed,
    cause: differences.length === 0 ? 'reference' : cause,
    touches(schemaPath) {
      for (const path of paths) if (isAtOrBelow(path, schemaPath) || isAtOrBelow(schemaPath, path)) return true;
      return false;
    },
  };
}

function isWholeList(step: InstanceIdentifier['steps'][number]): boolean {
  return step.schema.kind === 'list' && step.keys === undefined;
}

/** The path of the first `length` steps. */
export function prefix(path: InstanceIdentifier, length: number): InstanceIdentifier {
  let at = path;
  while (at.steps.length > length) at = at.parent ?? InstanceIdentifier.root;
  return at;
}

/** What is around a node, from the inside: of an entry its list, of a value its leaf-list, then what they are in. */
export function* around(path: InstanceIdentifier): Iterable<InstanceIdentifier> {
  for (let at: InstanceIdentifier | undefined = path; at !== undefined; at = at.parent) {
    if (at !== path) yield at;
    const { schema, keys, position } = at.last ?? {};
    if (keys === undefined && position === undefined) continue;
    if (schema?.kind === 'list' || schema?.kind === 'leaf-list') {
      yield (at.parent ?? InstanceIdentifier.root).child(schema);
    }
  }
}
