/**
 * Drafts: schema nodes while uses, refine, augment and deviation still work on them. A draft keeps the statement that it
 * was declared by; what refine and deviation change lies over that.
 */
import type { LoadedModule } from './modules.js';
import type { Statement } from './parser.js';
import type { Located, Scope } from './scope.js';

export type NodeKeyword =
  | 'container'
  | 'leaf'
  | 'leaf-list'
  | 'list'
  | 'choice'
  | 'case'
  | 'anydata'
  | 'anyxml'
  | 'rpc'
  | 'action'
  | 'input'
  | 'output'
  | 'notification';

/** A when, and whether its context node is the parent of the node that it guards. */
export interface When extends Located {
  readonly contextIsParent: boolean;
}

type MultiKeyword = 'must' | 'unique' | 'default';

export class Draft {
  readonly keyword: NodeKeyword;
  readonly name: string;
  readonly statement: Statement;
  /** In which the statement's own substatements are read. */
  readonly scope: Scope;
  /** The module whose namespace the node is in: that of the outermost uses or of the augment. */
  readonly owner: LoadedModule;
  readonly parent: Draft | undefined;
  readonly children: Draft[] = [];
  /** Made for a choice's shorthand (RFC 7950 7.9.2): the statement is that of the one node in it. */
  readonly implicit: boolean;
  /** An if-feature does not hold; the node may be referred to by augments, but will not be part of the schema. */
  disabled = false;
  /** The top-level augment statement that added the node, where one did. */
  addedBy: Statement | undefined;
  readonly whens: When[] = [];
  /** if-feature statements in a refine of the node. */
  readonly refinedFeatures: string[] = [];
  /** Extensions that refine and deviation added. */
  readonly addedExtensions: Located[] = [];
  #single: Map<string, Located | null> | undefined;
  #multi: Map<MultiKeyword, Located[]> | undefined;

  constructor(fields: {
    keyword: NodeKeyword;
    name: string;
    statement: Statement;
    scope: Scope;
    owner: LoadedModule;
    parent: Draft | undefined;
    implicit?: boolean;
  }) {
    this.keyword = fields.keyword;
    this.name = fields.name;
    this.statement = fields.statement;
    this.scope = fields.scope;
    this.owner = fields.owner;
    this.parent = fields.parent;
    this.implicit = fields.implicit ?? false;
  }

  /** A substatement of which there is at most one, as it is now. */
  get(keyword: string): Located | undefined {
    const changed = this.#single?.get(keyword);
    if (changed !== undefined) return changed ?? undefined;
    if (this.implicit) return undefined;
    const statement = this.statement.find(keyword);
    return statement === undefined ? undefined : { statement, scope: this.scope };
  }

  text(keyword: string): string | undefined {
    const changed = this.#single?.get(keyword);
    if (changed !== undefined) return changed?.statement.argument;
    return this.implicit ? undefined : this.statement.text(keyword);
  }

  /** Sets a substatement, or with `undefined` takes it away. */
  set(keyword: string, value: Located | undefined): void {
    this.#single ??= new Map();
    this.#single.set(keyword, value ?? null);
  }

  /** Substatements of which there may be several, as they are now. */
  all(keyword: MultiKeyword): readonly Located[] {
    return this.#multi?.get(keyword) ?? this.#declared(keyword);
  }

  setAll(keyword: MultiKeyword, values: readonly Located[]): void {
    this.#multi ??= new Map();
    this.#multi.set(keyword, [...values]);
  }

  #declared(keyword: MultiKeyword): Located[] {
    if (this.implicit) return [];
    const { scope } = this;
    return this.statement.all(keyword).map((statement) => ({ statement, scope }));
  }

  /** The child of that name in that module's namespace; nodes of rpc, action and so on included. */
  child(name: string, owner: LoadedModule): Draft | undefined {
    return this.children.find((child) => child.name === name && child.owner === owner);
  }

  ifFeatures(): readonly string[] {
    const own = this.implicit ? [] : this.statement.all('if-feature').map((statement) => statement.name);
    return [...own, ...this.refinedFeatures];
  }

  /** For messages: the keyword and the name. */
  label(): string {
    return `${this.keyword} '${this.name}'`;
  }
}

export const dataKeywords: ReadonlySet<string> = new Set([
  'container',
  'leaf',
  'leaf-list',
  'list',
  'choice',
  'anydata',
  'anyxml',
]);
