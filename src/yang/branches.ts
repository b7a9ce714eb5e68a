/** Puts the children of a branch node in their places: data children with slots, indexes by name, operations apart. */
import type { Diagnostics } from './diagnostics.js';
import type {
  BranchSchema,
  DataSchema,
  LeafSchema,
  NotificationSchema,
  OperationSchema,
  SchemaNode,
} from './schema.js';

interface BranchFields {
  children: readonly SchemaNode[];
  dataChildren: readonly DataSchema[];
  byQualifiedName: ReadonlyMap<string, DataSchema>;
  byName: ReadonlyMap<string, readonly DataSchema[]>;
  actions: readonly OperationSchema[];
  notifications: readonly NotificationSchema[];
}

/** Empty, for a branch whose children are yet to come. */
export const emptyBranch: Readonly<BranchFields> = {
  children: [],
  dataChildren: [],
  byQualifiedName: new Map(),
  byName: new Map(),
  actions: [],
  notifications: [],
};

export class BranchBuilder {
  readonly #diagnostics: Diagnostics;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  /** Sets what depends on the children; `keys` come first among the data children. */
  fill(target: Readonly<BranchFields>, nodes: readonly SchemaNode[], keys: readonly LeafSchema[] = []): void {
    const branch = target as BranchFields;
    const data: DataSchema[] = [...keys];
    const actions: OperationSchema[] = [];
    const notifications: NotificationSchema[] = [];
    const collect = (list: readonly SchemaNode[]): void => {
      for (const node of list) {
        if (node.kind === 'choice') for (const inner of node.cases) collect(inner.children);
        else if (node.kind === 'case') collect(node.children);
        else if (node.kind === 'action' || node.kind === 'rpc') actions.push(node);
        else if (node.kind === 'notification') notifications.push(node);
        else if (isData(node) && !(node.kind === 'leaf' && keys.includes(node))) data.push(node);
      }
    };
    collect(nodes);
    const byQualifiedName = new Map<string, DataSchema>();
    const byName = new Map<string, DataSchema[]>();
    for (const [slot, node] of data.entries()) {
      (node as { slot: number }).slot = slot;
      const qualified = `${node.module.name}:${node.name}`;
      if (byQualifiedName.has(qualified)) {
        this.#diagnostics.report(
          node.module.name,
          node.position,
          `second node '${node.name}' in the same place, in another case`,
        );
      }
      byQualifiedName.set(qualified, node);
      const same = byName.get(node.name);
      if (same === undefined) byName.set(node.name, [node]);
      else same.push(node);
    }
    branch.children = nodes.filter(
      (node) => node.kind !== 'action' && node.kind !== 'rpc' && node.kind !== 'notification',
    );
    branch.dataChildren = data;
    branch.byQualifiedName = byQualifiedName;
    branch.byName = byName;
    branch.actions = actions;
    branch.notifications = notifications;
  }
}

export function isBranch(node: SchemaNode | BranchSchema): node is BranchSchema {
  return 'byQualifiedName' in node;
}

/** True for nodes that have instances in a data tree. */
export function isData(node: SchemaNode): node is DataSchema {
  return 'slot' in node;
}
