/**
 * The accessible tree of XPath (RFC 7950 6.4.1) as far as the schema tells it: which nodes are children of which, and which
 * exist although nobody wrote them: defaults in use (7.6.1, 7.7.2) and containers without presence (7.5.1).
 */
import type { NodeSchema } from './instance.js';
import type {
  CaseSchema,
  ChoiceSchema,
  Constraint,
  ContainerSchema,
  DataSchema,
  NotificationSchema,
  OperationSchema,
  ParametersSchema,
  RootSchema,
  SchemaNode,
  Value,
} from './schema.js';
import { Branch } from './tree-branch.js';
import { ListData } from './tree-list.js';

/** What an expression can see: configuration sees configuration only; all else sees all there is. */
export type View = 'config' | 'all';

/** The body of the operation or notification that is being looked at. */
export type Body = ParametersSchema | NotificationSchema;

export class AccessibleTree {
  readonly root: RootSchema;
  readonly view: View;
  readonly body: Body | undefined;
  readonly #children = new Map<NodeSchema, readonly NodeSchema[]>();

  constructor(root: RootSchema, view: View, body?: Body) {
    this.root = root;
    this.view = view;
    this.body = body;
  }

  /** In document order; of a leaf its text node. */
  children(schema: NodeSchema): readonly NodeSchema[] {
    let children = this.#children.get(schema);
    if (children === undefined) {
      children = this.#findChildren(schema);
      this.#children.set(schema, children);
    }
    return children;
  }

  parent(schema: NodeSchema): NodeSchema | undefined {
    if (schema.kind === 'root') return undefined;
    return schema.kind === 'text' ? schema.leaf : (dataParent(schema) ?? this.root);
  }

  /** How many nodes are above. */
  depth(schema: NodeSchema): number {
    let depth = 0;
    for (let at = this.parent(schema); at !== undefined; at = this.parent(at)) depth++;
    return depth;
  }

  /** Of two nodes of which one is above the other, or both the same: the upper. */
  upper(a: NodeSchema, b: NodeSchema): NodeSchema {
    return a === b || this.depth(a) <= this.depth(b) ? a : b;
  }

  #findChildren(schema: NodeSchema): readonly NodeSchema[] {
    switch (schema.kind) {
      case 'leaf':
      case 'leaf-list':
        return [{ kind: 'text', leaf: schema }];
      case 'text':
      case 'anydata':
      case 'anyxml':
        return [];
      default: {
        const data = this.view === 'all' ? schema.dataChildren : schema.dataChildren.filter((child) => child.config);
        return this.body !== undefined && this.parent(this.body) === schema ? [...data, this.body] : data;
      }
    }
  }
}

/** The data node, operation body or root that a node is a child of in instance trees. */
export function dataParent(schema: DataSchema | ChoiceSchema | Body): NodeSchema | undefined {
  const isParameters = schema.kind === 'input' || schema.kind === 'output';
  let at = isParameters ? (schema.parent as OperationSchema).parent : schema.parent;
  while (at !== undefined && (at.kind === 'choice' || at.kind === 'case')) at = at.parent;
  return at as NodeSchema | undefined;
}

/** The name by which XPath knows a node: of parameters that of their operation. */
export function nameOf(schema: Exclude<NodeSchema, RootSchema>): { readonly module: string; readonly name: string } {
  if (schema.kind === 'text') return { module: '', name: '' };
  const named = (schema.kind === 'input' || schema.kind === 'output' ? schema.parent : schema) as SchemaNode;
  return { module: named.module.name, name: named.name };
}

/** True for nodes that may exist without being written. */
export function isImplied(
  schema: DataSchema,
): schema is Extract<DataSchema, { kind: 'leaf' | 'leaf-list' | 'container' }> {
  switch (schema.kind) {
    case 'leaf':
      return schema.default !== undefined;
    case 'leaf-list':
      return schema.defaults.length > 0;
    case 'container':
      return schema.presence === undefined;
    default:
      return false;
  }
}

/** The values that a leaf-list has where none is written. */
export function impliedValues(schema: DataSchema): readonly Value[] {
  return schema.kind === 'leaf-list' ? schema.defaults : [];
}

/** What stands for a container that nobody wrote: one empty branch for each schema node. */
export function emptyBranch(schema: ContainerSchema): Branch {
  let branch = emptyBranches.get(schema);
  if (branch === undefined) {
    branch = new Branch(schema);
    emptyBranches.set(schema, branch);
  }
  return branch;
}

/** The choices that a node is in, from the innermost out, each with its case; none for most nodes. */
export function choicesAround(
  schema: DataSchema | ChoiceSchema,
): readonly { readonly choice: ChoiceSchema; readonly own: CaseSchema }[] {
  let around = choices.get(schema);
  if (around === undefined) {
    around = findChoices(schema);
    choices.set(schema, around);
  }
  return around;
}

/**
 * True where the choices around a node allow that it exists without being written: each has taken the node's case, or
 * none and the node's is the default (RFC 7950 7.6.1). Its `when` is another matter.
 */
export function isSelected(schema: DataSchema, branch: Branch): boolean {
  const around = choicesAround(schema);
  for (const { choice, own } of around) {
    if (isPresent(own, branch)) continue;
    if (choice.default !== own || choice.cases.some((other) => other !== own && isPresent(other, branch))) return false;
  }
  return true;
}

/** A container as it was written; an empty one without presence selects no case, and is nothing where another is selected. */
export function writtenContainer(schema: ContainerSchema, branch: Branch): Branch | undefined {
  const content = branch.slots[schema.slot] as Branch | undefined;
  if (content === undefined || schema.presence !== undefined || choicesAround(schema).length === 0) return content;
  return isHollow(content) && !isSelected(schema, branch) ? undefined : content;
}

/**
 * True where anything of a node, choices looked through, was written; empty containers without presence count as nothing
 * unless `hollow` is true.
 */
export function isPresent(node: SchemaNode, branch: Branch, hollow = false): boolean {
  if (node.kind === 'choice') return node.cases.some((each) => isPresent(each, branch, hollow));
  if (node.kind === 'case') return node.children.some((child) => isPresent(child, branch, hollow));
  if (!('slot' in node)) return false;
  const content = branch.get(node);
  if (content === undefined) return false;
  if (node.kind === 'container' && node.presence === undefined) return hollow || !isHollow(content as Branch);
  if (node.kind === 'list') return (content as ListData).size > 0;
  return node.kind !== 'leaf-list' || (content as readonly Value[]).length > 0;
}

/** Every `when` that decides whether the node may exist below its parent: its own, and those of cases and choices around it. */
export function guardsOf(
  schema: DataSchema | ChoiceSchema,
): readonly { readonly constraint: Constraint; readonly onParent: boolean }[] {
  let guards = guardLists.get(schema);
  if (guards === undefined) {
    const around = choicesAround(schema).flatMap(({ choice, own }) => [...own.when, ...choice.when]);
    guards = [
      ...schema.when.map((constraint) => ({
        constraint,
        onParent: constraint.contextIsParent || schema.kind === 'choice',
      })),
      ...around.map((constraint) => ({ constraint, onParent: true })),
    ];
    guardLists.set(schema, guards);
  }
  return guards;
}

function findChoices(schema: DataSchema | ChoiceSchema): readonly { choice: ChoiceSchema; own: CaseSchema }[] {
  const around: { choice: ChoiceSchema; own: CaseSchema }[] = [];
  let at: SchemaNode | RootSchema | undefined = schema.parent;
  while (at?.kind === 'case') {
    const choice = at.parent as ChoiceSchema;
    around.push({ choice, own: at });
    at = choice.parent;
  }
  return around;
}

function isHollow(branch: Branch): boolean {
  for (const [child, content] of branch.present()) {
    if (child.kind === 'container' && child.presence === undefined && isHollow(content as Branch)) continue;
    if (content instanceof ListData && content.size === 0) continue;
    return false;
  }
  return true;
}

/** Memos of pure functions of a schema node. */
const emptyBranches = new WeakMap<ContainerSchema, Branch>();
const choices = new WeakMap<DataSchema | ChoiceSchema, readonly { choice: ChoiceSchema; own: CaseSchema }[]>();
const guardLists = new WeakMap<DataSchema | ChoiceSchema, readonly { constraint: Constraint; onParent: boolean }[]>();
