/**
 * One node of an instance tree and where it is. Trees have no parent pointers, so these are made on the way down, by XPath
 * and by validation; two of them may stand for the same node.
 */
import { InstanceIdentifier } from './path.js';
import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  NotificationSchema,
  OperationSchema,
  ParametersSchema,
  RootSchema,
  Value,
} from './schema.js';
import type { AnyContent, Branch } from './tree-branch.js';
import { entryKey, type ListData } from './tree-list.js';
import { entryOrder } from './tree-order.js';

/**
 * What an instance is of. Input and output stand for their operation: its parameters are its children (RFC 7950 6.4.1).
 * `text` is the text node of a leaf, which only XPath knows.
 */
export type NodeSchema = RootSchema | DataSchema | ParametersSchema | NotificationSchema | TextSchema;

export interface TextSchema {
  readonly kind: 'text';
  readonly leaf: LeafSchema | LeafListSchema;
}

export class Instance {
  readonly parent: Instance | undefined;
  readonly schema: NodeSchema;
  /** Of what holds children; undefined too for the dummy node of RFC 7950 7.21.5. */
  readonly branch: Branch | undefined;
  /** Of a leaf, of one entry of a leaf-list, of a text node, of anydata. */
  readonly value: Value | AnyContent | undefined;
  /** Place among the entries of its list or leaf-list, from 0; -1 where nobody counted. */
  readonly place: number;

  constructor(
    parent: Instance | undefined,
    schema: NodeSchema,
    branch: Branch | undefined,
    value: Value | AnyContent | undefined,
    place: number,
  ) {
    this.parent = parent;
    this.schema = schema;
    this.branch = branch;
    this.value = value;
    this.place = place;
  }

  static root(branch: Branch): Instance {
    return new Instance(undefined, branch.schema as RootSchema, branch, undefined, -1);
  }

  /** The value of a leaf, leaf-list entry or text node. */
  get scalar(): Value {
    return this.value as Value;
  }

  /** Where it is; a text node is where its leaf is, an operation's parameters follow the operation. */
  get path(): InstanceIdentifier {
    const { parent, schema } = this;
    if (parent === undefined || schema.kind === 'root') return InstanceIdentifier.root;
    switch (schema.kind) {
      case 'text':
        return parent.path;
      case 'input':
      case 'output':
        return parent.path.child(schema.parent as OperationSchema);
      case 'leaf-list':
        return parent.path.child(schema, this.value === undefined ? undefined : [this.scalar]);
      case 'list':
        if (this.branch === undefined) return parent.path.child(schema);
        if (schema.keys.length === 0) return parent.path.place(schema, this.place + 1);
        return parent.path.child(schema, this.branch.keys());
      default:
        return parent.path.child(schema);
    }
  }

  /** The nearest instance of a schema node at or above this one. */
  above(schema: NodeSchema): Instance {
    let at: Instance = this;
    while (at.schema !== schema && at.parent !== undefined) at = at.parent;
    return at;
  }

  /** True where both stand for the same node of the same tree. */
  is(other: Instance): boolean {
    let a: Instance = this;
    let b = other;
    while (a !== b) {
      if (a.schema !== b.schema || identity(a) !== identity(b)) return false;
      if (a.parent === undefined || b.parent === undefined) return a.parent === b.parent;
      a = a.parent;
      b = b.parent;
    }
    return true;
  }
}

/** A set of nodes: adding finds out whether the node is in it already, in time that depends on its depth only. */
export class InstanceSet {
  readonly #below = new Map<Instance, Map<NodeSchema, Map<unknown, Instance>>>();
  readonly #members = new Set<Instance>();
  #root: Instance | undefined;

  /** False where it is in already. */
  add(node: Instance): boolean {
    const before = this.#members.size;
    return this.#members.add(this.#canonical(node)).size > before;
  }

  /** The one object that stands for the node here. */
  #canonical(node: Instance): Instance {
    if (node.parent === undefined) {
      this.#root ??= node;
      return this.#root;
    }
    const parent = this.#canonical(node.parent);
    const siblings = entry(
      entry(this.#below, parent, () => new Map<NodeSchema, Map<unknown, Instance>>()),
      node.schema,
      () => new Map<unknown, Instance>(),
    );
    return entry(siblings, identity(node), () => node);
  }
}

/** Negative where `a` comes first in document order (XPath 1.0 section 5); the order of children is that of the schema. */
export function compareInstances(a: Instance, b: Instance): number {
  const [x, y] = [lineOf(a), lineOf(b)];
  let depth = 0;
  while (depth < x.length && depth < y.length && sameAmongSiblings(x[depth]!, y[depth]!)) depth++;
  const [left, right] = [x[depth], y[depth]];
  if (left === undefined || right === undefined) return x.length - y.length;
  if (left.schema !== right.schema) return slotOf(left.schema) - slotOf(right.schema);
  if (left.place >= 0 && right.place >= 0) return left.place - right.place;
  return compareEntries(left, right);
}

function compareEntries(a: Instance, b: Instance): number {
  const schema = a.schema as ListSchema;
  if (schema.orderedBy === 'system') return entryOrder(schema)(entryKey(a.branch!), entryKey(b.branch!));
  const list = a.parent!.branch!.get(schema) as ListData;
  for (const each of list) {
    if (each === a.branch) return -1;
    if (each === b.branch) return 1;
  }
  return 0;
}

/** What tells an instance from its siblings of the same schema node. */
function identity({ schema, branch, place }: Instance): unknown {
  if (schema.kind === 'leaf-list') return place;
  if (schema.kind !== 'list') return undefined;
  return schema.keys.length === 0 ? place : branch;
}

function sameAmongSiblings(a: Instance, b: Instance): boolean {
  return a === b || (a.schema === b.schema && identity(a) === identity(b));
}

/** From the root down. */
function lineOf(node: Instance): Instance[] {
  const line: Instance[] = [];
  for (let at: Instance | undefined = node; at !== undefined; at = at.parent) line.push(at);
  return line.reverse();
}

/** An operation or notification comes after the data beside it. */
function slotOf(schema: NodeSchema): number {
  return 'slot' in schema ? schema.slot : Number.POSITIVE_INFINITY;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
