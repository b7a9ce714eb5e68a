/** Look-ups by schema path (`SchemaNode.path`), and what the datastore asks of leafs: sealed, hidden, referring. */
import type {
  BranchSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  NotificationSchema,
  OperationSchema,
  Schema,
  SchemaNode,
  Type,
} from '../yang/index.js';

export class SchemaIndex {
  readonly schema: Schema;
  readonly #data = new Map<string, DataSchema>();
  readonly #operations = new Map<string, OperationSchema>();
  readonly #notifications = new Map<string, NotificationSchema>();
  /** Data nodes at or below which a sealed leaf is, and those with a hidden leaf. */
  readonly #sealed = new Set<SchemaNode>();
  readonly #concealed = new Set<SchemaNode>();

  constructor(schema: Schema) {
    this.schema = schema;
    for (const child of schema.root.dataChildren) this.#add(child);
    for (const rpc of schema.rpcs.values()) this.#operations.set(rpc.path, rpc);
    for (const notification of schema.notifications.values()) this.#notifications.set(notification.path, notification);
  }

  data(path: string): DataSchema | undefined {
    return this.#data.get(path);
  }

  operation(path: string): OperationSchema | undefined {
    return this.#operations.get(path);
  }

  notification(path: string): NotificationSchema | undefined {
    return this.#notifications.get(path);
  }

  allData(): Iterable<DataSchema> {
    return this.#data.values();
  }

  /** True for a sealed leaf and for every node above one. */
  holdsSealed(node: SchemaNode | BranchSchema): boolean {
    return node.kind === 'root' ? this.#sealed.size > 0 : this.#sealed.has(node);
  }

  /** True for a leaf that no read shows (sealed or hidden) and for every node above one. */
  holdsConcealed(node: SchemaNode | BranchSchema): boolean {
    return node.kind === 'root' ? this.#concealed.size > 0 : this.#concealed.has(node);
  }

  #add(node: DataSchema): void {
    this.#data.set(node.path, node);
    if (isSealedLeaf(node)) markUp(node, this.#sealed);
    if (isConcealedLeaf(node)) markUp(node, this.#concealed);
    if (!hasChildren(node)) return;
    for (const action of node.actions) this.#operations.set(action.path, action);
    for (const notification of node.notifications) this.#notifications.set(notification.path, notification);
    for (const child of node.dataChildren) this.#add(child);
  }
}

/** A leaf whose value is encrypted before it enters the tree (signet-extensions:sealed). */
export function isSealedLeaf(node: SchemaNode): boolean {
  return hasExtension(node, 'sealed');
}

/** A leaf that no read shows: sealed, or kept for the agent's own handlers (signet-extensions:hidden). */
export function isConcealedLeaf(node: SchemaNode): boolean {
  return hasExtension(node, 'sealed') || hasExtension(node, 'hidden');
}

export function hasChildren(node: SchemaNode): node is Extract<DataSchema, { kind: 'container' | 'list' }> {
  return node.kind === 'container' || node.kind === 'list';
}

/** True where schema path `path` is `above` or under it. */
export function isAtOrBelow(path: string, above: string): boolean {
  return path === above || above === '/' || (path.startsWith(above) && path.charAt(above.length) === '/');
}

/** The data nodes from the top down to `node`, itself included. */
export function chainOf(node: DataSchema): readonly DataSchema[] {
  const chain: DataSchema[] = [];
  let at: SchemaNode | BranchSchema | undefined = node;
  while (at !== undefined && at.kind !== 'root') {
    if (isData(at)) chain.push(at);
    at = at.parent;
  }
  return chain.reverse();
}

/** The leafs that a leaf's values refer to, by leafref, members of unions included. */
export function leafrefTargets(leaf: LeafSchema | LeafListSchema): readonly (LeafSchema | LeafListSchema)[] {
  return targetsOf(leaf.type);
}

export function isData(node: SchemaNode): node is DataSchema {
  return dataKinds.has(node.kind);
}

function targetsOf(type: Type): readonly (LeafSchema | LeafListSchema)[] {
  if (type.base === 'leafref') return [type.target];
  return type.base === 'union' ? type.members.flatMap(targetsOf) : [];
}

function markUp(node: DataSchema, marks: Set<SchemaNode>): void {
  let at: SchemaNode | BranchSchema | undefined = node;
  while (at !== undefined && at.kind !== 'root') {
    marks.add(at);
    at = at.parent;
  }
}

function hasExtension(node: SchemaNode, name: string): boolean {
  return node.extensions.some((extension) => extension.module === 'signet-extensions' && extension.name === name);
}

const dataKinds: ReadonlySet<string> = new Set(['container', 'list', 'leaf', 'leaf-list', 'anydata', 'anyxml']);
