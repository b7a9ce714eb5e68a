/** The axes of XPath 1.0 (section 2.2) and node tests (2.3), bound to the schema nodes that the step begins at. */
import { nameOf } from '../accessible.js';
import { Instance, InstanceSet, type NodeSchema } from '../instance.js';
import type { LeafListSchema, ListSchema } from '../schema.js';
import type { ListData } from '../tree-list.js';
import type { Binder } from './binder.js';
import {
  type Evaluate,
  emptySet,
  type NodeSet,
  type Run,
  type Sink,
  type Types,
  type Via,
  type Walk,
} from './bound.js';
import type { ChildAccess } from './children.js';
import type { Axis, NodeTest } from './expression.js';

/** One step from any instance of `types`, without its predicates: a node-set whose context is where the step begins. */
export function bindAxis(axis: Axis, test: NodeTest, types: Types, binder: Binder): NodeSet {
  switch (axis) {
    case 'child':
      return childStep(test, types, binder);
    case 'self':
      return selfStep(test, types);
    case 'parent':
      return parentStep(test, types, binder);
    case 'ancestor':
    case 'ancestor-or-self':
      return ancestorStep(test, types, binder, axis === 'ancestor-or-self');
    case 'descendant':
    case 'descendant-or-self':
      return descendantStep((schema) => matches(schema, test), types, binder, axis === 'descendant-or-self');
    case 'following-sibling':
    case 'preceding-sibling':
      return siblingStep(test, types, binder, axis === 'preceding-sibling');
    case 'following':
    case 'preceding':
      return distantStep(test, types, binder, axis === 'preceding');
    case 'attribute':
    case 'namespace':
      return emptySet;
  }
}

/** The nodes at and below a node that can have children of a name: where `//name[...]` is looked for. */
export function bindHolders(test: NodeTest, types: Types, binder: Binder): NodeSet {
  const isHolder = (schema: NodeSchema): boolean => binder.tree.children(schema).some((child) => matches(child, test));
  return descendantStep(isHolder, types, binder, true);
}

/** `first`, and from each of its nodes `second`. */
export function compose(first: NodeSet, second: NodeSet, axis: Axis, binder: Binder): NodeSet {
  const { walk: outer, one: start } = first;
  const { walk: inner, one: next, value } = second;
  if (start === itself) return { ...second, isPlain: first.isPlain && second.isPlain, anchor: first.anchor };
  const isFlat = start !== undefined || !isNested(first.types, binder);
  const walk: Walk =
    start === undefined
      ? (from, run, sink) => outer(from, run, (node) => inner(node, run, sink))
      : (from, run, sink) => {
          const node = start(from, run);
          return node !== undefined && inner(node, run, sink);
        };
  const stays = axis === 'child' || axis === 'self' || (axis.startsWith('descendant') && isFlat);
  return {
    kind: 'nodes',
    types: second.types,
    walk: start !== undefined || stays ? walk : distinct(walk),
    one: start === undefined || next === undefined ? undefined : chain(start, next),
    value: start === undefined || value === undefined ? undefined : chain(start, value),
    isOrdered: start === undefined ? first.isOrdered && stays && isFlat && second.isOrdered : second.isOrdered,
    isCostly: first.isCostly || second.isCostly,
    isPlain: first.isPlain && second.isPlain,
    anchor: first.anchor,
  };
}

/** Lets every node through once. */
export function distinct(walk: Walk): Walk {
  return (from, run, sink) => {
    const seen = new InstanceSet();
    return walk(from, run, (node) => seen.add(node) && sink(node));
  };
}

export function matches(schema: NodeSchema, test: NodeTest): boolean {
  switch (test.kind) {
    case 'node':
      return true;
    case 'text':
      return schema.kind === 'text';
    case 'name': {
      if (schema.kind === 'root' || schema.kind === 'text') return false;
      const { module, name } = nameOf(schema);
      return (test.module === undefined || test.module === module) && (test.name === undefined || test.name === name);
    }
    default:
      return false;
  }
}

/** Adds a schema node that is reached; where it is reached twice, the upper pivot and no narrowing that differs. */
export function addType(types: Map<NodeSchema, Via>, schema: NodeSchema, via: Via, binder: Binder): void {
  const known = types.get(schema);
  if (known === undefined || known === via) {
    types.set(schema, via);
    return;
  }
  types.set(schema, {
    pivot: binder.tree.upper(known.pivot, via.pivot),
    narrow: known.narrow === via.narrow ? via.narrow : undefined,
  });
}

function chain<T>(first: Evaluate<Instance | undefined>, second: Evaluate<T | undefined>): Evaluate<T | undefined> {
  return (from, run) => {
    const node = first(from, run);
    return node === undefined ? undefined : second(node, run);
  };
}

function isNested(types: Types, binder: Binder): boolean {
  for (const schema of types.keys()) {
    for (let at = binder.tree.parent(schema); at !== undefined; at = binder.tree.parent(at)) {
      if (types.has(at)) return true;
    }
  }
  return false;
}

function stepSet(types: Types, walk: Walk, rest: Partial<NodeSet>): NodeSet {
  return { ...emptySet, one: undefined, value: undefined, types, walk, ...rest };
}

/** Walks by the schema node that the step begins at. */
function dispatch(walks: ReadonlyMap<NodeSchema, Walk>, types: Types): Walk {
  const [only] = walks.values();
  if (walks.size === 1 && types.size === 1) return only!;
  return (from, run, sink) => walks.get(from.schema)?.(from, run, sink) ?? false;
}

function sequence(walks: readonly Walk[]): Walk {
  const [first, second] = walks;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  return (from, run, sink) => walks.some((walk) => walk(from, run, sink));
}

function isMany(schema: NodeSchema): schema is ListSchema | LeafListSchema {
  return schema.kind === 'list' || schema.kind === 'leaf-list';
}

function childStep(test: NodeTest, types: Types, binder: Binder): NodeSet {
  const reached = new Map<NodeSchema, Via>();
  const walks = new Map<NodeSchema, Walk>();
  let only: ChildAccess | undefined;
  for (const [schema, via] of types) {
    const children = binder.tree.children(schema).filter((child) => matches(child, test));
    if (children.length === 0) continue;
    for (const child of children) addType(reached, child, via, binder);
    const accesses = children.map((child) => binder.access(schema, child));
    only = accesses.length === 1 ? accesses[0] : undefined;
    walks.set(schema, sequence(accesses.map(({ walk }) => walk)));
  }
  if (walks.size === 0) return emptySet;
  const [target] = reached.keys();
  const single = walks.size === 1 && types.size === 1 ? only : undefined;
  return stepSet(reached, dispatch(walks, types), {
    one: single?.one,
    value: single?.value,
    isCostly: [...reached.keys()].some(isMany),
    isPlain: single !== undefined && target!.kind !== 'list' && target!.kind !== 'text',
  });
}

function selfStep(test: NodeTest, types: Types): NodeSet {
  const reached = new Map([...types].filter(([schema]) => matches(schema, test)));
  if (reached.size === 0) return emptySet;
  const all = reached.size === types.size;
  const one: Evaluate<Instance | undefined> = all ? itself : (from) => (reached.has(from.schema) ? from : undefined);
  const [target] = reached.keys();
  const isLeaf = all && reached.size === 1 && (target!.kind === 'leaf' || target!.kind === 'leaf-list');
  return stepSet(reached, all ? (from, _run, sink) => sink(from) : walkTo(one), {
    one,
    // The dummy node of a `when` has no value, which is no text.
    value: isLeaf ? (from) => (from.value === undefined ? '' : from.scalar) : undefined,
    isPlain: all && types.size === 1,
  });
}

export const itself: Evaluate<Instance> = (from) => from;

function walkTo(one: Evaluate<Instance | undefined>): Walk {
  return (from, run, sink) => {
    const node = one(from, run);
    return node !== undefined && sink(node);
  };
}

function upVia(schema: NodeSchema, via: Via, binder: Binder): Via {
  return { pivot: binder.tree.upper(via.pivot, schema), narrow: undefined };
}

function parentStep(test: NodeTest, types: Types, binder: Binder): NodeSet {
  const reached = new Map<NodeSchema, Via>();
  let all = true;
  for (const [schema, via] of types) {
    const parent = binder.tree.parent(schema);
    if (parent !== undefined && matches(parent, test)) addType(reached, parent, upVia(parent, via, binder), binder);
    else all = false;
  }
  if (reached.size === 0) return emptySet;
  const one: Evaluate<Instance | undefined> = all
    ? (from) => from.parent
    : ({ parent }) => (parent !== undefined && reached.has(parent.schema) ? parent : undefined);
  const [target] = reached.keys();
  const isLeaf = all && reached.size === 1 && (target!.kind === 'leaf' || target!.kind === 'leaf-list');
  return stepSet(reached, walkTo(one), {
    one,
    value: isLeaf ? (from) => from.parent?.scalar : undefined,
    isPlain: all && types.size === 1,
  });
}

function ancestorStep(test: NodeTest, types: Types, binder: Binder, withSelf: boolean): NodeSet {
  const reached = new Map<NodeSchema, Via>();
  for (const [schema, via] of types) {
    for (let at = withSelf ? schema : binder.tree.parent(schema); at !== undefined; at = binder.tree.parent(at)) {
      if (matches(at, test)) addType(reached, at, upVia(at, via, binder), binder);
    }
  }
  return stepSet(
    reached,
    (from, _run, sink) => {
      for (let at = withSelf ? from : from.parent; at !== undefined; at = at.parent) {
        if (reached.has(at.schema) && sink(at)) return true;
      }
      return false;
    },
    // Nearest first, as positions count them (section 2.4).
    { isOrdered: false },
  );
}

interface Descent {
  readonly walk: Walk;
  readonly isMatch: boolean;
  readonly below: readonly Descent[];
}

function descendantStep(
  isWanted: (schema: NodeSchema) => boolean,
  types: Types,
  binder: Binder,
  withSelf: boolean,
): NodeSet {
  const reached = new Map<NodeSchema, Via>();
  const below = new Map<NodeSchema, readonly Descent[]>();
  const visit = (schema: NodeSchema, via: Via): readonly Descent[] => {
    const parts: Descent[] = [];
    for (const child of binder.tree.children(schema)) {
      const isMatch = isWanted(child);
      if (isMatch) addType(reached, child, via, binder);
      const inner = visit(child, via);
      if (isMatch || inner.length > 0) {
        parts.push({ walk: binder.access(schema, child).walk, isMatch, below: inner });
      }
    }
    return parts;
  };
  for (const [schema, via] of types) {
    if (withSelf && isWanted(schema)) addType(reached, schema, via, binder);
    below.set(schema, visit(schema, via));
  }
  const walk: Walk = (from, run, sink) =>
    (withSelf && isWanted(from.schema) && sink(from)) || descend(below.get(from.schema) ?? [], from, run, sink);
  return stepSet(reached, walk, { isCostly: true });
}

function descend(parts: readonly Descent[], from: Instance, run: Run, sink: Sink): boolean {
  for (const { walk, isMatch, below } of parts) {
    const ended = walk(
      from,
      run,
      (node) => (isMatch && sink(node)) || (below.length > 0 && descend(below, node, run, sink)),
    );
    if (ended) return true;
  }
  return false;
}

function siblingStep(test: NodeTest, types: Types, binder: Binder, isReverse: boolean): NodeSet {
  const reached = new Map<NodeSchema, Via>();
  const walks = new Map<NodeSchema, Walk>();
  for (const [schema, via] of types) {
    const parent = binder.tree.parent(schema);
    if (parent === undefined || schema.kind === 'text') continue;
    const children = binder.tree.children(parent);
    const at = children.indexOf(schema);
    const others = (isReverse ? children.slice(0, at) : children.slice(at + 1)).filter((child) => matches(child, test));
    const up = upVia(parent, via, binder);
    const own = isMany(schema) && matches(schema, test) ? [schema] : [];
    for (const child of [...own, ...others]) addType(reached, child, up, binder);
    const beside = others.map((child) => binder.access(parent, child).walk);
    const among = own.map((child) => entriesBeside(child, isReverse));
    walks.set(schema, isReverse ? backwards(among, beside) : forwards(among, beside));
  }
  if (walks.size === 0) return emptySet;
  return stepSet(reached, dispatch(walks, types), { isCostly: true, isOrdered: !isReverse });
}

function forwards(among: readonly Walk[], beside: readonly Walk[]): Walk {
  return (from, run, sink) =>
    among.some((walk) => walk(from, run, sink)) || beside.some((walk) => walk(from.parent!, run, sink));
}

function backwards(among: readonly Walk[], beside: readonly Walk[]): Walk {
  return (from, run, sink) =>
    among.some((walk) => walk(from, run, sink)) ||
    beside.toReversed().some((walk) => collect(walk, from.parent!, run).toReversed().some(sink));
}

/** The entries of the same list or leaf-list behind an entry, or those before it from the nearest on. */
function entriesBeside(schema: ListSchema | LeafListSchema, isReverse: boolean): Walk {
  if (schema.kind === 'leaf-list') {
    return (from, run, sink) => {
      const values = from.parent?.branch?.leafList(schema) ?? [];
      const step = isReverse ? -1 : 1;
      for (let place = from.place + step; place >= 0 && place < values.length; place += step) {
        run.charge(1);
        if (sink(new Instance(from.parent, schema, undefined, values[place]!, place))) return true;
      }
      return false;
    };
  }
  return (from, run, sink) => {
    const list = from.parent?.branch?.list(schema);
    if (list === undefined || from.branch === undefined) return false;
    return isReverse ? before(list, from, run, sink) : behind(list, from, run, sink);
  };
}

function behind(list: ListData, from: Instance, run: Run, sink: Sink): boolean {
  const keyed = list.schema.keys.length > 0;
  let place = keyed ? from.place : -1;
  let isBehind = keyed;
  for (const entry of keyed ? list.from(from.branch!.keys()) : list) {
    run.charge(1);
    if (keyed && entry === from.branch) continue;
    place = place < 0 && keyed ? -1 : place + 1;
    if (isBehind && sink(new Instance(from.parent, list.schema, entry, undefined, place))) return true;
    if (!keyed && place === from.place) isBehind = true;
  }
  return false;
}

function before(list: ListData, from: Instance, run: Run, sink: Sink): boolean {
  let place = from.place;
  if (list.schema.keys.length === 0) {
    const entries = [...list].slice(0, place);
    run.charge(list.size);
    return entries.toReversed().some((entry, back) => {
      return sink(new Instance(from.parent, list.schema, entry, undefined, place - 1 - back));
    });
  }
  for (let entry = list.previous(from.branch!.keys()); entry !== undefined; entry = list.previous(entry.keys())) {
    run.charge(1);
    place = Math.max(place - 1, -1);
    if (sink(new Instance(from.parent, list.schema, entry, undefined, place))) return true;
  }
  return false;
}

/** following: what comes behind the node and is not in it; preceding: what comes before and does not hold it. */
function distantStep(test: NodeTest, types: Types, binder: Binder, isReverse: boolean): NodeSet {
  const any: NodeTest = { kind: 'node' };
  const up = bindAxis('ancestor-or-self', any, types, binder);
  const beside = bindAxis(isReverse ? 'preceding-sibling' : 'following-sibling', any, up.types, binder);
  const within = bindAxis('descendant-or-self', test, beside.types, binder);
  const inOrder: Walk = (from, run, sink) =>
    up.walk(from, run, (above) => beside.walk(above, run, (node) => within.walk(node, run, sink)));
  const reversed: Walk = (from, run, sink) =>
    up.walk(from, run, (above) =>
      beside.walk(above, run, (node) => collect(within.walk, node, run).toReversed().some(sink)),
    );
  return stepSet(within.types, isReverse ? reversed : inOrder, { isCostly: true, isOrdered: !isReverse });
}

function collect(walk: Walk, from: Instance, run: Run): Instance[] {
  const nodes: Instance[] = [];
  walk(from, run, (node) => {
    nodes.push(node);
    return false;
  });
  return nodes;
}
