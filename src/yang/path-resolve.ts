/** Names in paths: which child of a schema node a name, with or without its module, stands for. */
import type { PathStep } from './path.js';
import type { BranchSchema, ParametersSchema, Schema } from './schema.js';

export interface PathParent {
  /** Undefined at the top. */
  readonly schema: PathStep['schema'] | undefined;
}

type Child = PathStep['schema'];

/** Everything that may follow a node in a path; an operation's input and output parameters follow it directly. */
export function childrenOf(schema: Child): readonly Child[] {
  switch (schema.kind) {
    case 'container':
    case 'list':
    case 'notification':
    case 'input':
    case 'output':
      return branchChildren(schema);
    case 'rpc':
    case 'action':
      return [...parameters(schema.input), ...parameters(schema.output)];
    case 'leaf':
    case 'leaf-list':
    case 'anydata':
    case 'anyxml':
      return [];
  }
}

export function topChildren(schema: Schema): readonly Child[] {
  return [...schema.root.dataChildren, ...schema.rpcs.values(), ...schema.notifications.values()];
}

/** The child of that name: of the module where one is named, else of the parent's module, else the only one there is. */
export function resolveName(
  children: readonly Child[],
  parentModule: string | undefined,
  name: string,
  module?: string,
): Child | 'ambiguous' | undefined {
  const named = children.filter((child) => child.name === name);
  if (module !== undefined) return named.find((child) => child.module.name === module);
  const own = named.find((child) => child.module.name === parentModule);
  return own ?? (named.length > 1 ? 'ambiguous' : named[0]);
}

function branchChildren(schema: Exclude<BranchSchema, { kind: 'root' }>): readonly Child[] {
  return [...schema.dataChildren, ...schema.actions, ...schema.notifications];
}

function parameters(schema: ParametersSchema): readonly Child[] {
  return schema.dataChildren;
}
