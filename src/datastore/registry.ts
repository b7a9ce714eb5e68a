/** What the modules register, checked against the schema when the datastore opens, and the order of the handlers. */
import { ConfigError } from '../error.js';
import type { DataSchema, Schema } from '../yang/index.js';
import type { ActionHandler, CommitHandler, ModuleRegistration, StateProvider } from './contract.js';
import { chainOf, hasChildren, isAtOrBelow, leafrefTargets, SchemaIndex } from './schema-index.js';

export interface HandlerEntry {
  readonly handler: CommitHandler;
  readonly schema: DataSchema;
  /** From the top down to `schema`. */
  readonly chain: readonly DataSchema[];
  readonly references: readonly string[];
  /** Position in the order of application: what is referred to comes first. */
  readonly order: number;
}

export interface ProviderEntry {
  readonly provider: StateProvider;
  readonly schema: DataSchema;
}

export class Registry {
  readonly index: SchemaIndex;
  readonly modules: readonly ModuleRegistration[];
  /** In the order of application. */
  readonly handlers: readonly HandlerEntry[];
  readonly providers: ReadonlyMap<DataSchema, ProviderEntry>;
  readonly #actions: ReadonlyMap<string, ActionHandler>;

  /** Throws one ConfigError with a line for everything that is wrong. */
  constructor(schema: Schema, modules: readonly ModuleRegistration[]) {
    this.index = new SchemaIndex(schema);
    this.modules = modules;
    const problems: string[] = [];
    const found = modules.flatMap((module) => this.#findHandlers(module, problems));
    checkOwners(schema, found, problems);
    this.handlers = inOrder(found);
    this.providers = this.#findProviders(problems);
    this.#actions = this.#findActions(problems);
    if (problems.length > 0) {
      const errors = problems.map((message) => new ConfigError({ tag: 'operation-failed', message }));
      throw ConfigError.join(errors);
    }
  }

  action(path: string): ActionHandler | undefined {
    return this.#actions.get(path);
  }

  #findHandlers(module: ModuleRegistration, problems: string[]): Omit<HandlerEntry, 'order'>[] {
    const entries: Omit<HandlerEntry, 'order'>[] = [];
    for (const handler of module.handlers ?? []) {
      const where = `handler ${handler.name} of module ${module.name}`;
      const schema = this.index.data(handler.path);
      const references = handler.references ?? [];
      for (const path of references) {
        if (this.index.data(path) === undefined) problems.push(`${where} refers to ${path}, which no module declares`);
      }
      if (schema === undefined) problems.push(`${where} owns ${handler.path}, which no module declares`);
      else entries.push({ handler, schema, chain: chainOf(schema), references });
    }
    return entries;
  }

  #findProviders(problems: string[]): Map<DataSchema, ProviderEntry> {
    const entries = new Map<DataSchema, ProviderEntry>();
    for (const module of this.modules) {
      for (const provider of module.state ?? []) {
        const where = `state of module ${module.name} at ${provider.path}`;
        const schema = this.index.data(provider.path);
        if (schema === undefined) problems.push(`${where}: no module declares this node`);
        else if (schema.config !== (provider.origin === 'system')) {
          problems.push(`${where}: the node is ${schema.config ? 'configuration' : 'state'}`);
        } else if (provider.readEntry !== undefined && schema.kind !== 'list') {
          problems.push(`${where}: readEntry is for lists`);
        } else if (entries.has(schema)) problems.push(`${where}: the node has two providers`);
        else entries.set(schema, { provider, schema });
      }
    }
    return entries;
  }

  #findActions(problems: string[]): Map<string, ActionHandler> {
    const entries = new Map<string, ActionHandler>();
    for (const module of this.modules) {
      for (const action of module.actions ?? []) {
        const where = `action of module ${module.name} at ${action.path}`;
        if (this.index.operation(action.path) === undefined) problems.push(`${where}: no module declares this action`);
        else if (entries.has(action.path)) problems.push(`${where}: the action has two handlers`);
        else entries.set(action.path, action);
      }
    }
    return entries;
  }
}

type Unordered = Omit<HandlerEntry, 'order'>;

/** Every config subtree of our own modules has one owner; what comes from elsewhere may go without. */
function checkOwners(schema: Schema, entries: readonly Unordered[], problems: string[]): void {
  for (const [index, one] of entries.entries()) {
    for (const other of entries.slice(index + 1)) {
      const [a, b] = [one.schema.path, other.schema.path];
      if (!isAtOrBelow(a, b) && !isAtOrBelow(b, a)) continue;
      problems.push(`${a.length > b.length ? a : b} has two owners: ${one.handler.name} and ${other.handler.name}`);
    }
  }
  const walk = (node: DataSchema): void => {
    if (!node.config || entries.some((entry) => isAtOrBelow(node.path, entry.schema.path))) return;
    const ownedBelow = entries.some((entry) => isAtOrBelow(entry.schema.path, node.path));
    const ours = node.module.name.startsWith('signet-');
    if (ours && !ownedBelow && !isListKey(node)) problems.push(`${node.path} has no owner`);
    else if (hasChildren(node)) node.dataChildren.forEach(walk);
  };
  schema.root.dataChildren.forEach(walk);
}

function isListKey(node: DataSchema): boolean {
  return node.kind === 'leaf' && node.isKey;
}

/** Topological by leafref and `references`: what is referred to first; where there is a circle, as registered. */
function inOrder(entries: readonly Unordered[]): HandlerEntry[] {
  const needs = new Map(entries.map((entry) => [entry, entries.filter((other) => refersTo(entry, other))]));
  const done: Unordered[] = [];
  const visiting = new Set<Unordered>();
  const visit = (entry: Unordered): void => {
    if (visiting.has(entry) || done.includes(entry)) return;
    visiting.add(entry);
    for (const other of needs.get(entry)!) visit(other);
    visiting.delete(entry);
    done.push(entry);
  };
  entries.forEach(visit);
  return done.map((entry, order) => ({ ...entry, order }));
}

function refersTo(entry: Unordered, other: Unordered): boolean {
  if (entry === other) return false;
  const target = other.schema.path;
  if (entry.references.some((path) => isAtOrBelow(path, target) || isAtOrBelow(target, path))) return true;
  return someLeaf(entry.schema, (leaf) => leafrefTargets(leaf).some((node) => isAtOrBelow(node.path, target)));
}

type Leaf = Extract<DataSchema, { kind: 'leaf' | 'leaf-list' }>;

function someLeaf(node: DataSchema, test: (leaf: Leaf) => boolean): boolean {
  if (node.kind === 'leaf' || node.kind === 'leaf-list') return test(node);
  return hasChildren(node) && node.dataChildren.some((child) => someLeaf(child, test));
}
