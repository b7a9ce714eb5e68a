/** From drafts to the nodes of the compiled schema (RFC 7950 sections 5 and 7): properties, inheritance, slots, keys. */

import { BranchBuilder, emptyBranch } from './branches.js';
import type { CompileTools } from './compile-tools.js';
import type { PendingLeafref, TypeCompiler } from './compile-types.js';
import { type Diagnostics, StatementError } from './diagnostics.js';
import type { Draft } from './drafts.js';
import type { Extensions } from './extensions.js';
import { readKeys, readUnique } from './keys.js';
import type { LoadedModule } from './modules.js';
import type { Statement } from './parser.js';
import type {
  AnySchema,
  CaseSchema,
  ChoiceSchema,
  Constraint,
  ContainerSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Module,
  NotificationSchema,
  OperationSchema,
  ParametersSchema,
  RootSchema,
  SchemaNode,
  Status,
  Value,
} from './schema.js';
import type { Located } from './scope.js';
import { checkStatus, isOlder } from './status.js';

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A leaf or leaf-list whose default and leafref target are found once all nodes are there. */
export interface PendingLeaf {
  readonly node: Mutable<LeafSchema> | Mutable<LeafListSchema>;
  readonly owner: LoadedModule;
  readonly defaults: readonly Located[];
  readonly leafrefs: readonly PendingLeafref[];
}

interface Inherited {
  readonly parent: SchemaNode | RootSchema | undefined;
  readonly config: boolean;
  /** Inside rpc, action or notification, where config does not apply. */
  readonly operation: boolean;
  readonly path: string;
  /** Module of the last named step of the path. */
  readonly pathModule: string;
  readonly status: Status;
}

export class NodeCompiler {
  readonly pendingLeaves: PendingLeaf[] = [];
  /** Nodes that top-level augments added, by statement. */
  readonly augmented = new Map<Statement, SchemaNode[]>();
  readonly #diagnostics: Diagnostics;
  readonly #branches: BranchBuilder;
  readonly #types: TypeCompiler;
  readonly #tools: CompileTools;
  readonly #extensions: Extensions;
  readonly #schemaModule: (module: LoadedModule) => Module;

  constructor(fields: {
    diagnostics: Diagnostics;
    types: TypeCompiler;
    tools: CompileTools;
    extensions: Extensions;
    schemaModule: (module: LoadedModule) => Module;
  }) {
    this.#diagnostics = fields.diagnostics;
    this.#branches = new BranchBuilder(fields.diagnostics);
    this.#types = fields.types;
    this.#tools = fields.tools;
    this.#extensions = fields.extensions;
    this.#schemaModule = fields.schemaModule;
  }

  /** The nodes of a grouping that nobody uses, only to find what is wrong in it: as state, which asks for the least. */
  checkOnly(drafts: readonly Draft[], status: Status, root: RootSchema): void {
    this.#nodes(drafts, { ...top, status, parent: root, operation: true });
  }

  /** A data structure that belongs to no datastore (RFC 8791). */
  structure(draft: Draft): ContainerSchema {
    return this.#container(draft, { ...top, config: false, operation: true, parent: undefined });
  }

  /** Nodes for top-level drafts; each has `root` as its parent. */
  topLevel(drafts: readonly Draft[], root: RootSchema): SchemaNode[] {
    return this.#nodes(drafts, { ...top, parent: root });
  }

  #nodes(drafts: readonly Draft[], inherited: Inherited): SchemaNode[] {
    const nodes: SchemaNode[] = [];
    for (const draft of drafts) {
      if (draft.disabled) continue;
      const node = this.#diagnostics.attempt(draft.owner.name, () => this.#node(draft, inherited));
      if (node === undefined) continue;
      nodes.push(node);
      if (draft.addedBy !== undefined) this.#rememberAugment(draft.addedBy, node);
    }
    return nodes;
  }

  #rememberAugment(statement: Statement, node: SchemaNode): void {
    const nodes = this.augmented.get(statement);
    if (nodes === undefined) this.augmented.set(statement, [node]);
    else nodes.push(node);
  }

  #node(draft: Draft, inherited: Inherited): SchemaNode {
    switch (draft.keyword) {
      case 'container':
        return this.#container(draft, inherited);
      case 'list':
        return this.#list(draft, inherited);
      case 'leaf':
        return this.#leaf(draft, inherited);
      case 'leaf-list':
        return this.#leafList(draft, inherited);
      case 'choice':
        return this.#choice(draft, inherited);
      case 'case':
        return this.#case(draft, inherited);
      case 'anydata':
      case 'anyxml':
        return this.#any(draft, draft.keyword, inherited);
      case 'rpc':
      case 'action':
        return this.#operation(draft, draft.keyword, inherited);
      case 'input':
      case 'output':
        return this.#parameters(draft, draft.keyword, inherited);
      case 'notification':
        return this.#notification(draft, inherited);
      default:
        return draft.keyword satisfies never;
    }
  }

  #common(
    draft: Draft,
    inherited: Inherited,
  ): Omit<ContainerSchema, 'kind' | 'presence' | 'must' | 'slot' | keyof typeof emptyBranch> {
    const transparent = draft.keyword === 'choice' || draft.keyword === 'case';
    const qualified = draft.owner.name === inherited.pathModule ? draft.name : `${draft.owner.name}:${draft.name}`;
    const module = this.#schemaModule(draft.owner);
    return {
      name: draft.name,
      module,
      description: draft.text('description') ?? '',
      reference: draft.text('reference') ?? '',
      status: this.#status(draft, inherited),
      config: this.#config(draft, inherited),
      parent: inherited.parent,
      extensions: draft.implicit ? [] : this.#extensions.of(draft),
      when: draft.whens.map((when) => this.#constraint(when, module, when.contextIsParent)),
      ifFeatures: draft.ifFeatures(),
      position: draft.statement.position(),
      path: transparent ? inherited.path : `${inherited.path}/${qualified}`,
    };
  }

  #status(draft: Draft, inherited: Inherited): Status {
    const own = draft.text('status') as Status | undefined;
    if (own === undefined) return inherited.status;
    if (isOlder(inherited.status, own)) {
      throw new StatementError(
        draft.statement,
        `${draft.label()} is ${own}, the node that it is in ${inherited.status}`,
      );
    }
    return own;
  }

  #config(draft: Draft, inherited: Inherited): boolean {
    if (inherited.operation || draft.keyword === 'notification' || isOperation(draft)) return false;
    const own = draft.get('config');
    if (own === undefined) return inherited.config;
    const config = own.statement.name === 'true';
    if (config && !inherited.config) {
      throw new StatementError(own.statement, `${draft.label()} is config true inside a node that is config false`);
    }
    return config;
  }

  #below(draft: Draft, node: SchemaNode, inherited: Inherited): Inherited {
    const transparent = draft.keyword === 'choice' || draft.keyword === 'case';
    return {
      parent: node,
      config: node.config,
      operation: inherited.operation || isOperation(draft) || draft.keyword === 'notification',
      path: node.path,
      pathModule: transparent ? inherited.pathModule : draft.owner.name,
      status: node.status,
    };
  }

  #container(draft: Draft, inherited: Inherited): ContainerSchema {
    const node: Mutable<ContainerSchema> = {
      kind: 'container',
      ...this.#common(draft, inherited),
      ...emptyBranch,
      presence: draft.text('presence'),
      must: this.#musts(draft),
      slot: -1,
    };
    this.#branches.fill(node, this.#nodes(draft.children, this.#below(draft, node, inherited)));
    return node;
  }

  #list(draft: Draft, inherited: Inherited): ListSchema {
    const { min, max } = elements(draft);
    const node: Mutable<ListSchema> = {
      kind: 'list',
      ...this.#common(draft, inherited),
      ...emptyBranch,
      keys: [],
      orderedBy: draft.text('ordered-by') === 'user' ? 'user' : 'system',
      minElements: min,
      maxElements: max,
      unique: [],
      must: this.#musts(draft),
      slot: -1,
    };
    const children = this.#nodes(draft.children, this.#below(draft, node, inherited));
    node.keys = readKeys(draft, node, children, inherited.operation);
    this.#branches.fill(node, children, node.keys);
    node.unique = draft.all('unique').map((unique) => readUnique(unique, node, draft.owner));
    return node;
  }

  #leaf(draft: Draft, inherited: Inherited): LeafSchema {
    const common = this.#common(draft, inherited);
    const { type, units, typeDefault, leafrefs } = this.#type(draft, common.status);
    const own = draft.all('default');
    const mandatory = draft.text('mandatory') === 'true';
    if (mandatory && own[0] !== undefined) {
      throw new StatementError(own[0].statement, `${draft.label()} is mandatory and so has no default`);
    }
    const node: Mutable<LeafSchema> = {
      kind: 'leaf',
      ...common,
      type,
      units: draft.text('units') ?? units,
      default: undefined,
      mandatory,
      isKey: false,
      must: this.#musts(draft),
      slot: -1,
    };
    const defaults = own.length > 0 ? own : mandatory || typeDefault === undefined ? [] : [typeDefault];
    this.#remember({ node, owner: draft.owner, defaults, leafrefs });
    return node;
  }

  #leafList(draft: Draft, inherited: Inherited): LeafListSchema {
    const common = this.#common(draft, inherited);
    const { type, units, typeDefault, leafrefs } = this.#type(draft, common.status);
    const { min, max } = elements(draft);
    const own = draft.all('default');
    if (min > 0 && own[0] !== undefined) {
      throw new StatementError(own[0].statement, `${draft.label()} has min-elements and so has no default`);
    }
    const node: Mutable<LeafListSchema> = {
      kind: 'leaf-list',
      ...common,
      type,
      units: draft.text('units') ?? units,
      defaults: noValues,
      orderedBy: draft.text('ordered-by') === 'user' ? 'user' : 'system',
      minElements: min,
      maxElements: max,
      must: this.#musts(draft),
      slot: -1,
    };
    // YANG 1 knows no default of a leaf-list, not even by its type (RFC 6020 7.7).
    const inheritsDefault = min === 0 && typeDefault !== undefined && draft.scope.unit.source.version === '1.1';
    const defaults = own.length > 0 ? own : inheritsDefault ? [typeDefault] : [];
    this.#remember({ node, owner: draft.owner, defaults, leafrefs });
    return node;
  }

  #remember(pending: PendingLeaf): void {
    if (pending.defaults.length > 0 || pending.leafrefs.length > 0) this.pendingLeaves.push(pending);
  }

  #type(
    draft: Draft,
    status: Status,
  ): {
    type: LeafSchema['type'];
    units: string | undefined;
    typeDefault: Located | undefined;
    leafrefs: PendingLeafref[];
  } {
    const { statement, scope } = draft.get('type')!;
    const template = this.#types.template(statement, scope);
    checkStatus(template.references, status);
    const leafrefs: PendingLeafref[] = [];
    const type = this.#types.instantiate(template, this.#schemaModule(draft.owner), leafrefs);
    return { type, units: template.units, typeDefault: template.default, leafrefs };
  }

  #any(draft: Draft, kind: 'anydata' | 'anyxml', inherited: Inherited): AnySchema {
    return {
      kind,
      ...this.#common(draft, inherited),
      mandatory: draft.text('mandatory') === 'true',
      must: this.#musts(draft),
      slot: -1,
    };
  }

  #choice(draft: Draft, inherited: Inherited): ChoiceSchema {
    const node: Mutable<ChoiceSchema> = {
      kind: 'choice',
      ...this.#common(draft, inherited),
      cases: [],
      default: undefined,
      mandatory: draft.text('mandatory') === 'true',
    };
    const cases = this.#nodes(draft.children, this.#below(draft, node, inherited));
    node.cases = cases.filter((child) => child.kind === 'case');
    const chosen = draft.all('default')[0];
    if (chosen === undefined) return node;
    const { statement } = chosen;
    if (node.mandatory) throw new StatementError(statement, `${draft.label()} is mandatory and so has no default`);
    const name = statement.name.slice(statement.name.indexOf(':') + 1);
    const found = node.cases.find((child) => child.name === name);
    if (found === undefined && !draft.children.some((child) => child.name === name)) {
      throw new StatementError(statement, `${draft.label()} has no case '${name}' to be its default`);
    }
    if (found !== undefined) refuseMandatory(statement, found.children, `the default case '${name}'`);
    node.default = found;
    return node;
  }

  #case(draft: Draft, inherited: Inherited): CaseSchema {
    const node: Mutable<CaseSchema> = { kind: 'case', ...this.#common(draft, inherited), children: [] };
    node.children = this.#nodes(draft.children, this.#below(draft, node, inherited));
    return node;
  }

  #operation(draft: Draft, kind: 'rpc' | 'action', inherited: Inherited): OperationSchema {
    const node = { kind, ...this.#common(draft, inherited) } as Mutable<OperationSchema>;
    const below = this.#below(draft, node, inherited);
    for (const child of draft.children) {
      if (child.keyword === 'input') node.input = this.#parameters(child, 'input', below);
      else node.output = this.#parameters(child, 'output', below);
    }
    return node;
  }

  #parameters(draft: Draft, kind: 'input' | 'output', inherited: Inherited): ParametersSchema {
    const common = { ...this.#common(draft, inherited), path: `${inherited.path}/${kind}` };
    const node: Mutable<ParametersSchema> = {
      kind,
      ...common,
      ...emptyBranch,
      must: draft.disabled ? noConstraints : this.#musts(draft),
    };
    // Those that a deviation takes away are there still, and empty.
    const children = draft.disabled ? [] : draft.children;
    this.#branches.fill(node, this.#nodes(children, this.#below(draft, node, inherited)));
    return node;
  }

  #notification(draft: Draft, inherited: Inherited): NotificationSchema {
    const common = this.#common(draft, inherited);
    const node: Mutable<NotificationSchema> = {
      kind: 'notification',
      ...common,
      ...emptyBranch,
      must: this.#musts(draft),
    };
    this.#branches.fill(node, this.#nodes(draft.children, this.#below(draft, node, inherited)));
    return node;
  }

  #musts(draft: Draft): readonly Constraint[] {
    const musts = draft.all('must');
    if (musts.length === 0) return noConstraints;
    const module = this.#schemaModule(draft.owner);
    return musts.map((must) => this.#constraint(must, module, false));
  }

  #constraint(located: Located, module: Module, contextIsParent: boolean): Constraint {
    const { statement } = located;
    return {
      expression: this.#tools.xpath(located, module),
      text: statement.name,
      errorMessage: statement.text('error-message'),
      errorAppTag: statement.text('error-app-tag'),
      contextIsParent,
      position: statement.position(),
    };
  }
}

const top: Omit<Inherited, 'parent'> = { config: true, operation: false, path: '', pathModule: '', status: 'current' };
const noConstraints: readonly Constraint[] = [];
const noValues: readonly Value[] = [];

function isOperation(draft: Draft): boolean {
  return draft.keyword === 'rpc' || draft.keyword === 'action';
}

function elements(draft: Draft): { min: number; max: number } {
  const min = Number(draft.text('min-elements') ?? 0);
  const text = draft.text('max-elements');
  const max = text === undefined || text === 'unbounded' ? Infinity : Number(text);
  if (min > max) {
    throw new StatementError(
      draft.statement,
      `${draft.label()} has min-elements ${String(min)} above max-elements ${String(max)}`,
    );
  }
  return { min, max };
}

/** A mandatory node that nothing above it makes optional (RFC 7950 section 3, mandatory node). */
export function mandatoryNode(nodes: readonly SchemaNode[]): SchemaNode | undefined {
  for (const node of nodes) {
    if (node.when.length > 0) continue;
    switch (node.kind) {
      case 'leaf':
      case 'anydata':
      case 'anyxml':
      case 'choice':
        if (node.mandatory) return node;
        break;
      case 'list':
      case 'leaf-list':
        if (node.minElements > 0) return node;
        break;
      case 'container': {
        const found = node.presence === undefined ? mandatoryNode(node.children) : undefined;
        if (found !== undefined) return found;
        break;
      }
      case 'case':
      case 'rpc':
      case 'action':
      case 'input':
      case 'output':
      case 'notification':
        break;
      default:
        node satisfies never;
    }
  }
  return undefined;
}

function refuseMandatory(at: Located['statement'], nodes: readonly SchemaNode[], where: string): void {
  const found = mandatoryNode(nodes);
  if (found !== undefined) throw new StatementError(at, `${where} holds the mandatory node '${found.name}'`);
}
