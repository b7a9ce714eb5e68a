/** Lexical scopes (RFC 7950 5.5, 6.2.1): what a prefix, a typedef name or a grouping name means where it is written. */
import { type Diagnostics, place, StatementError } from './diagnostics.js';
import type { LoadedModule, Unit } from './modules.js';
import type { Statement } from './parser.js';

export interface Definition {
  readonly statement: Statement;
  /** The scope that the definition stands in. */
  readonly scope: Scope;
}

export interface Scope {
  readonly unit: Unit;
  readonly parent: Scope | undefined;
  readonly typedefs: ReadonlyMap<string, Definition>;
  readonly groupings: ReadonlyMap<string, Definition>;
}

/** A statement with the scope in which its names are read. */
export interface Located {
  readonly statement: Statement;
  readonly scope: Scope;
}

type DefinitionKind = 'typedef' | 'grouping' | 'feature' | 'identity' | 'extension';

/** Definitions of one module and its submodules; and the scopes inside them, made as they are needed. */
export class ModuleScope {
  readonly module: LoadedModule;
  readonly #definitions = new Map<string, Definition>();
  readonly #units = new Map<Unit, Scope>();
  readonly #inner = new Map<Statement, Scope>();

  constructor(module: LoadedModule, diagnostics: Diagnostics) {
    this.module = module;
    for (const unit of module.units) {
      const scope: Scope = { unit, parent: undefined, typedefs: new Map(), groupings: new Map() };
      this.#units.set(unit, scope);
      for (const statement of unit.source.top.substatements) {
        if (!definitionKinds.has(statement.keyword)) continue;
        const key = `${statement.keyword} ${statement.name}`;
        const first = this.#definitions.get(key);
        if (first === undefined) this.#definitions.set(key, { statement, scope });
        else diagnostics.report(module.name, statement, `second ${key}; the first is at ${place(first.statement)}`);
      }
    }
  }

  unitScope(unit: Unit): Scope {
    return this.#units.get(unit)!;
  }

  get(kind: DefinitionKind, name: string): Definition | undefined {
    return this.#definitions.get(`${kind} ${name}`);
  }

  all(kind: DefinitionKind): Definition[] {
    return [...this.#definitions.values()].filter((definition) => definition.statement.keyword === kind);
  }

  /** The scope for what stands inside `statement`, which itself stands in `outer`. */
  inside(statement: Statement, outer: Scope): Scope {
    const known = this.#inner.get(statement);
    if (known !== undefined) return known;
    let scope = outer;
    const own = statement.substatements.filter(({ keyword }) => keyword === 'typedef' || keyword === 'grouping');
    if (own.length > 0) {
      const typedefs = new Map<string, Definition>();
      const groupings = new Map<string, Definition>();
      scope = { unit: outer.unit, parent: outer, typedefs, groupings };
      for (const inner of own) {
        const kind = inner.keyword === 'typedef' ? 'typedef' : 'grouping';
        const first =
          (kind === 'typedef' ? typedefs : groupings).get(inner.name) ?? this.#visible(kind, inner.name, outer);
        if (first !== undefined) {
          throw new StatementError(
            inner,
            `${kind} '${inner.name}' hides the one at ${place(first.statement)}; names in nested scopes must differ`,
          );
        }
        (kind === 'typedef' ? typedefs : groupings).set(inner.name, { statement: inner, scope });
      }
    }
    this.#inner.set(statement, scope);
    return scope;
  }

  #visible(kind: 'typedef' | 'grouping', name: string, from: Scope): Definition | undefined {
    for (let scope: Scope | undefined = from; scope !== undefined; scope = scope.parent) {
      const found = (kind === 'typedef' ? scope.typedefs : scope.groupings).get(name);
      if (found !== undefined) return found;
    }
    return this.get(kind, name);
  }

  /** A definition by its name as written, prefix or not, seen from `scope` of this module. */
  visible(kind: 'typedef' | 'grouping', name: string, scope: Scope): Definition | undefined {
    return this.#visible(kind, name, scope);
  }
}

const definitionKinds: ReadonlySet<string> = new Set(['typedef', 'grouping', 'feature', 'identity', 'extension']);

/** All module scopes of one compilation. */
export class Scopes {
  readonly #modules = new Map<LoadedModule, ModuleScope>();

  constructor(modules: readonly LoadedModule[], diagnostics: Diagnostics) {
    for (const module of modules) this.#modules.set(module, new ModuleScope(module, diagnostics));
  }

  of(module: LoadedModule): ModuleScope {
    const scope = this.#modules.get(module);
    if (scope === undefined) throw new Error(`module '${module.name}' is not part of the compilation`);
    return scope;
  }

  inside(statement: Statement, outer: Scope): Scope {
    return this.of(outer.unit.module).inside(statement, outer);
  }

  /** The definition that a reference means; a fault at `at` where there is none. */
  resolve(kind: DefinitionKind, reference: string, scope: Scope, at: Statement): Definition {
    const { module, name } = splitReference(reference, scope, at);
    const own = module === scope.unit.module;
    const local = own && (kind === 'typedef' || kind === 'grouping');
    const found = local ? this.of(module).visible(kind, name, scope) : this.of(module).get(kind, name);
    if (found === undefined) {
      throw new StatementError(
        at,
        own ? `${kind} '${name}' is not defined` : `module '${module.name}' has no ${kind} '${name}'`,
      );
    }
    return found;
  }
}

/** The module that a prefix stands for; a fault at `at` where it stands for none. */
export function moduleOfPrefix(prefix: string, scope: Scope, at: Statement): LoadedModule {
  const module = scope.unit.prefixes.get(prefix);
  if (module === undefined) throw new StatementError(at, `prefix '${prefix}' is not declared by an import`);
  return module;
}

export function splitReference(reference: string, scope: Scope, at: Statement): { module: LoadedModule; name: string } {
  const colon = reference.indexOf(':');
  if (colon < 0) return { module: scope.unit.module, name: reference };
  return { module: moduleOfPrefix(reference.slice(0, colon), scope, at), name: reference.slice(colon + 1) };
}

/** Every grouping of a module, at the top or inside other statements, with the scope that it stands in. */
export function allGroupings(module: LoadedModule, scopes: Scopes, diagnostics: Diagnostics): Definition[] {
  const result: Definition[] = [];
  const visit = (statement: Statement, scope: Scope): void => {
    if (statement.keyword === 'grouping') result.push({ statement, scope });
    const inner = diagnostics.attempt(module.name, () => scopes.inside(statement, scope)) ?? scope;
    for (const child of statement.substatements) if (definitionScopes.has(child.keyword)) visit(child, inner);
  };
  for (const unit of module.units) {
    const scope = scopes.of(module).unitScope(unit);
    for (const child of unit.source.top.substatements) if (definitionScopes.has(child.keyword)) visit(child, scope);
  }
  return result;
}

/** Statements in or below which a typedef or grouping may stand. */
export const definitionScopes: ReadonlySet<string> = new Set([
  'grouping',
  'container',
  'list',
  'choice',
  'case',
  'augment',
  'uses',
  'rpc',
  'action',
  'input',
  'output',
  'notification',
]);
