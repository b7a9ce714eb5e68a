/** Following references (RFC 7950 9.9, 9.13, 10.3): from a leafref or instance-identifier to the nodes that it means. */
import { Instance, type NodeSchema } from '../instance.js';
import type { LeafListSchema, LeafSchema, Schema, Value } from '../schema.js';
import type { Branch } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import type { LeafrefType, Type } from '../types.js';
import { readLexical, type ValueContext } from '../values.js';
import { Fault } from '../values-fault.js';
import { readInstance } from '../values-instance.js';
import type { Binder, Scope } from './binder.js';
import { emptySet, firstNode, type NodeSet, type Run, type Sink, type Types, type Via, type Walk } from './bound.js';
import { equalNodes } from './comparison.js';
import type { LocationPath, Register } from './expression.js';
import type { Guards } from './guards.js';
import { addType, distinct } from './steps.js';

/** The nodes that the first node of a set refers to. */
export function bindDeref(set: NodeSet, binder: Binder): NodeSet {
  const first = firstNode(set);
  const types = new Map<NodeSchema, Via>();
  const walks = new Map<NodeSchema, Walk>();
  let isCostly = false;
  for (const [schema, via] of set.types) {
    if (schema.kind !== 'leaf' && schema.kind !== 'leaf-list') continue;
    const targets = referenceTypes(schema.type).map((type) =>
      type.base === 'leafref' ? leafrefNodes(schema, type, via, binder) : instanceNodes(binder),
    );
    if (targets.length === 0) continue;
    for (const target of targets) {
      for (const [reached, how] of target.types) addType(types, reached, how, binder);
      isCostly ||= target.isCostly;
    }
    walks.set(schema, (from, run, sink) => targets.some(({ walk }) => walk(from, run, sink)));
  }
  if (walks.size === 0) return emptySet;
  return {
    ...emptySet,
    types,
    one: undefined,
    value: undefined,
    walk: distinct((at, run, sink) => {
      const node = first(at, run);
      return node !== undefined && (walks.get(node.schema)?.(node, run, sink) ?? false);
    }),
    isOrdered: false,
    isCostly,
  };
}

/** The nodes that a leaf of a leafref type refers to, walked from the leaf. */
export function leafrefNodes(leaf: LeafSchema | LeafListSchema, type: LeafrefType, via: Via, binder: Binder): NodeSet {
  const own: Types = new Map([[leaf, via]]);
  const scope: Scope = { types: own, current: own, isCurrent: true };
  const register: Register = { value: undefined };
  const set = equalNodes(type.path.tree as LocationPath, register, binder.context(scope), scope, binder);
  const { walk } = set;
  return {
    ...set,
    one: undefined,
    value: undefined,
    anchor: undefined,
    walk: (from, run, sink) => {
      const { current } = run;
      const before = register.value;
      const enter = (): void => {
        run.current = from;
        register.value = from.scalar;
      };
      const leave = (): void => {
        run.current = current;
        register.value = before;
      };
      enter();
      const ended = walk(from, run, (node) => {
        leave();
        const enough = sink(node);
        enter();
        return enough;
      });
      leave();
      return ended;
    },
  };
}

/** The leafref and instance-identifier types that a value of the type may belong to. */
export function referenceTypes(type: Type): readonly Extract<Type, { base: 'leafref' | 'instance-identifier' }>[] {
  switch (type.base) {
    case 'leafref':
    case 'instance-identifier':
      return [type];
    case 'union':
      return type.members.flatMap(referenceTypes);
    default:
      return [];
  }
}

/** Gives the nodes that an instance-identifier names, which is one unless it ends in a list or leaf-list as a whole. */
export function walkInstance(value: Value, run: Run, guards: Guards, sink: Sink): boolean {
  const { schema } = guards;
  const context = instanceContext(schema);
  const steps =
    typeof value === 'string' ? readInstance(value, context, (type, text) => readLexical(type, text, context)) : [];
  if (steps instanceof Fault || steps.length === 0) return false;
  let at: Instance | undefined = run.root;
  for (const [index, { schema: child, keys, position }] of steps.entries()) {
    const isLast = index === steps.length - 1;
    if (child.kind === 'list' && (keys !== undefined || position !== undefined)) {
      const list: ListData | undefined = at.branch?.list(child);
      const entry: Branch | undefined = keys === undefined ? list?.at(position!) : list?.get(keys);
      at = entry === undefined ? undefined : new Instance(at, child, entry, undefined, (position ?? 0) - 1);
    } else if (child.kind === 'list' || child.kind === 'leaf-list') {
      return isLast && guards.access(child).walk(at, run, (node) => meant(node, keys, position) && sink(node));
    } else {
      at = guards.access(child).one!(at, run);
    }
    if (at === undefined) return false;
  }
  return sink(at);
}

function meant(node: Instance, keys: readonly Value[] | undefined, position: number | undefined): boolean {
  if (position !== undefined) return node.place === position - 1;
  return keys === undefined || node.scalar === keys[0];
}

function instanceContext(schema: Schema): ValueContext {
  return { schema, form: 'json', resolvePrefix: (prefix) => schema.modules.get(prefix) };
}

/** Any data node at all can be meant. */
function instanceNodes(binder: Binder): NodeSet {
  const types = new Map<NodeSchema, Via>();
  const { tree, guards } = binder;
  const via: Via = { pivot: tree.root, narrow: undefined };
  const visit = (parent: NodeSchema): void => {
    for (const child of tree.children(parent)) {
      if (child.kind === 'text') continue;
      binder.access(parent, child);
      types.set(child, via);
      binder.read(child, via);
      visit(child);
    }
  };
  visit(tree.root);
  return {
    ...emptySet,
    types,
    one: undefined,
    value: undefined,
    walk: (from, run, sink) => walkInstance(from.scalar, run, guards, sink),
    isOrdered: false,
  };
}
