/** From statements to drafts: data definitions, uses with refine and augment (RFC 7950 7.13), operations. */

import { type Diagnostics, StatementError } from './diagnostics.js';
import { Draft, dataKeywords, type NodeKeyword, type When } from './drafts.js';
import type { Features } from './features.js';
import type { LoadedModule } from './modules.js';
import { describe, type Statement } from './parser.js';
import { applyRefine } from './refine.js';
import type { Status } from './schema.js';
import { type Definition, moduleOfPrefix, type Scope, type Scopes } from './scope.js';
import { checkStatus, statusOf } from './status.js';

/** Deepest nesting of nodes and expansions: groupings that use each other can make far more of a small text. */
const maximumDepth = 100;

/** More nodes than any real set of modules has; keeps a hostile module from filling the memory. */
const maximumNodes = 1_000_000;

/** Where new drafts go. */
export interface Place {
  readonly parent: Draft | undefined;
  readonly children: Draft[];
  readonly owner: LoadedModule;
  /** The groupings being expanded, to find those that use themselves. */
  readonly groupings: readonly Statement[];
}

export class DraftBuilder {
  readonly #scopes: Scopes;
  readonly #features: Features;
  readonly #diagnostics: Diagnostics;
  readonly #used = new Set<Statement>();
  #count = 0;

  constructor(scopes: Scopes, features: Features, diagnostics: Diagnostics) {
    this.#scopes = scopes;
    this.#features = features;
    this.#diagnostics = diagnostics;
  }

  /** True where some uses has brought this grouping. */
  isUsed(grouping: Statement): boolean {
    return this.#used.has(grouping);
  }

  /** Drafts of all node statements among the substatements, read in `scope`. Faults are recorded, one per statement. */
  build(statement: Statement, scope: Scope, place: Place): void {
    for (const child of statement.substatements) {
      this.#diagnostics.attempt(place.owner.name, () => this.#one(child, scope, place));
    }
  }

  #one(statement: Statement, scope: Scope, place: Place): void {
    const { keyword } = statement;
    if (keyword === 'uses') this.#uses(statement, scope, place);
    else if (place.parent?.keyword === 'choice' && dataKeywords.has(keyword)) this.#shorthand(statement, scope, place);
    else if (nodeKeywords.has(keyword)) this.#node(statement, scope, place);
  }

  #node(statement: Statement, outer: Scope, place: Place): void {
    const scope = this.#scopes.inside(statement, outer);
    const keyword = statement.keyword as NodeKeyword;
    const name = keyword === 'input' || keyword === 'output' ? keyword : statement.name;
    const draft = new Draft({ keyword, name, statement, scope, owner: place.owner, parent: place.parent });
    this.#checkLimits(draft, place);
    if (keyword === 'action' || keyword === 'notification') checkNested(draft);
    draft.disabled = !this.#features.hold(statement, scope);
    const when = statement.find('when');
    const contextIsParent = keyword === 'choice' || keyword === 'case';
    if (when !== undefined) draft.whens.push({ statement: when, scope, contextIsParent });
    addChild(place.children, draft);
    this.build(statement, scope, { ...place, parent: draft, children: draft.children });
    if (keyword === 'rpc' || keyword === 'action') this.#completeOperation(draft);
  }

  /** An operation without input or output statement has empty ones, which can be augmented. */
  #completeOperation(operation: Draft): void {
    for (const keyword of ['input', 'output'] as const) {
      if (operation.children.some((child) => child.keyword === keyword)) continue;
      const { scope, owner, statement } = operation;
      const draft = new Draft({ keyword, name: keyword, statement, scope, owner, parent: operation, implicit: true });
      operation.children.push(draft);
    }
    operation.children.sort((a, b) => (a.keyword < b.keyword ? -1 : a.keyword > b.keyword ? 1 : 0));
  }

  #shorthand(statement: Statement, scope: Scope, place: Place): void {
    const { owner, parent } = place;
    const draft = new Draft({ keyword: 'case', name: statement.name, statement, scope, owner, parent, implicit: true });
    addChild(place.children, draft);
    this.#node(statement, scope, { ...place, parent: draft, children: draft.children });
    draft.disabled = draft.children.every((child) => child.disabled);
  }

  #uses(statement: Statement, scope: Scope, place: Place): void {
    const definition = this.#scopes.resolve('grouping', statement.name, scope, statement);
    const grouping = definition.statement;
    this.#used.add(grouping);
    if (place.groupings.includes(grouping)) {
      const names = [...place.groupings.slice(place.groupings.indexOf(grouping)), grouping].map((item) => item.name);
      throw new StatementError(statement, `circular grouping: ${names.join(' -> ')}`);
    }
    checkStatus([{ at: statement, scope, definition }], usesStatus(statement, place.parent));
    const enabled = this.#features.hold(statement, scope);
    const children: Draft[] = [];
    this.#expand(definition, { ...place, children, groupings: [...place.groupings, grouping] });
    for (const refine of statement.all('refine')) {
      this.#diagnostics.attempt(place.owner.name, () => {
        const target = this.#target(refine, children, scope, place.owner);
        applyRefine(target, { statement: refine, scope });
        if (!this.#features.hold(refine, scope)) target.disabled = true;
      });
    }
    for (const augment of statement.all('augment')) {
      this.#diagnostics.attempt(place.owner.name, () => {
        const target = this.#target(augment, children, scope, place.owner);
        this.augment(augment, scope, target, { ...place, parent: target, children: target.children });
      });
    }
    const when = statement.find('when');
    for (const child of children) {
      if (!enabled) child.disabled = true;
      if (when !== undefined) child.whens.push({ statement: when, scope, contextIsParent: true });
      addChild(place.children, child);
    }
  }

  #expand({ statement, scope }: Definition, place: Place): void {
    this.build(statement, this.#scopes.inside(statement, scope), place);
  }

  /** Adds what an augment holds to its target (7.17). Throws a fault where that node cannot hold it. */
  augment(augment: Statement, scope: Scope, target: Draft, place: Place): void {
    const allowed = augmentable[target.keyword];
    if (allowed === undefined) throw new StatementError(augment, `${target.label()} cannot be augmented`);
    const inner = this.#scopes.inside(augment, scope);
    const added: Draft[] = [];
    this.build(augment, inner, { ...place, parent: target, children: added });
    const enabled = this.#features.hold(augment, inner);
    const when = augment.find('when');
    const guard: When | undefined =
      when === undefined ? undefined : { statement: when, scope: inner, contextIsParent: true };
    for (const draft of added) {
      if (!allowed.has(draft.keyword))
        throw new StatementError(draft.statement, `${draft.label()} cannot be added to ${target.label()}`);
      if (!enabled) draft.disabled = true;
      if (guard !== undefined) draft.whens.push(guard);
      addChild(target.children, draft);
    }
  }

  /** A node by its descendant path below a uses. */
  #target(statement: Statement, children: readonly Draft[], scope: Scope, owner: LoadedModule): Draft {
    let candidates = children;
    let found: Draft | undefined;
    if (statement.name.startsWith('/'))
      throw new StatementError(statement, `${describe(statement)} must be a descendant path`);
    for (const step of statement.name.split('/')) {
      const colon = step.indexOf(':');
      const module = colon < 0 ? owner : moduleOfPrefix(step.slice(0, colon), scope, statement);
      const name = step.slice(colon + 1);
      const fits = (module === owner || module === scope.unit.module) && name !== '';
      found = fits ? candidates.find((child) => child.name === name) : undefined;
      if (found === undefined)
        throw new StatementError(statement, `${describe(statement)}: no node '${step}' in the grouping`);
      candidates = found.children;
    }
    return found!;
  }

  #checkLimits(draft: Draft, place: Place): void {
    let depth = place.groupings.length;
    for (let above = draft.parent; above !== undefined; above = above.parent) depth++;
    if (depth > maximumDepth)
      throw new StatementError(draft.statement, `nodes nested more than ${String(maximumDepth)} deep`);
    if (++this.#count > maximumNodes)
      throw new StatementError(draft.statement, `more than ${String(maximumNodes)} nodes in all`);
  }
}

/** Where an action or a nested notification cannot be (RFC 7950 7.15, 7.16). */
function checkNested(draft: Draft): void {
  const fail = (where: string): never => {
    throw new StatementError(draft.statement, `${draft.label()} cannot stand ${where}`);
  };
  if (draft.parent === undefined && draft.keyword === 'action') fail('at the top level');
  for (let above = draft.parent; above !== undefined; above = above.parent) {
    if (operationKeywords.has(above.keyword)) fail(`in ${above.label()}`);
    if (above.keyword === 'list' && above.get('key') === undefined) fail(`in ${above.label()}, which has no key`);
  }
}

const operationKeywords: ReadonlySet<string> = new Set(['rpc', 'action', 'input', 'output', 'notification']);

function usesStatus(uses: Statement, parent: Draft | undefined): Status {
  if (uses.find('status') !== undefined) return statusOf(uses);
  for (let above = parent; above !== undefined; above = above.parent) {
    const status = above.text('status');
    if (status !== undefined) return status as Status;
  }
  return 'current';
}

/** Keeps names unique among siblings; that data nodes of different cases do not clash is checked with the nodes. */
function addChild(children: Draft[], draft: Draft): void {
  const twin = children.find((other) => other.name === draft.name && other.owner === draft.owner);
  if (twin !== undefined && !draft.disabled && !twin.disabled) {
    throw new StatementError(draft.statement, `second node '${draft.name}' in the same place`);
  }
  children.push(draft);
}

const nodeKeywords: ReadonlySet<string> = new Set([
  ...dataKeywords,
  'case',
  'rpc',
  'action',
  'input',
  'output',
  'notification',
]);

const dataNodes = [...dataKeywords];
const inBranch: ReadonlySet<NodeKeyword> = new Set([...dataNodes, 'action', 'notification'] as NodeKeyword[]);
const inParameters: ReadonlySet<NodeKeyword> = new Set(dataNodes as NodeKeyword[]);

/** What may be added to which node (RFC 7950 7.17). */
const augmentable: Readonly<Partial<Record<NodeKeyword, ReadonlySet<NodeKeyword>>>> = {
  container: inBranch,
  list: inBranch,
  case: inParameters,
  choice: new Set<NodeKeyword>(['case']),
  input: inParameters,
  output: inParameters,
  notification: inParameters,
};
