/** The compiler: from module texts to the {@link Schema}, with all errors at once. */
import { applyAugments } from './augments.js';
import { BranchBuilder, emptyBranch } from './branches.js';
import { DraftBuilder } from './compile-drafts.js';
import { NodeCompiler, type PendingLeaf } from './compile-nodes.js';
import { type CompileTools, makeTools } from './compile-tools.js';
import { TypeCompiler } from './compile-types.js';
import { applyDeviations, firstDeviation } from './deviations.js';
import { Diagnostics, type ModuleError, StatementError } from './diagnostics.js';
import { Draft } from './drafts.js';
import { Extensions } from './extensions.js';
import { type FeatureSelection, Features } from './features.js';
import { Identities } from './identities.js';
import { checkLeafrefCircle, resolveLeafref } from './leafrefs.js';
import { type LoadedModule, loadModules, type SourceFile } from './modules.js';
import type { Module, NotificationSchema, OperationSchema, RootSchema, Schema, SchemaNode, Value } from './schema.js';
import { allGroupings, Scopes } from './scope.js';
import { statusOf } from './status.js';
import { compileStructures, type Structures } from './structures.js';

export interface LoadOptions {
  /** Folders with *.yang files; of modules with the same name and revision the first found counts. */
  readonly directories?: readonly string[];
  /** Names of the modules to implement; by default every main module that is found. */
  readonly implement?: readonly string[];
  /** Modules that are loaded for others to import but not implemented (RFC 7950 5.6.5). */
  readonly importOnly?: readonly string[];
  /** By module name; a module that is not named supports all its features. */
  readonly features?: FeatureSelection;
  /** Further modules, as text. */
  readonly files?: readonly SourceFile[];
}

export interface LoadResult {
  readonly schema: Schema;
  readonly errors: readonly ModuleError[];
}

/**
 * Compiles modules. One that does not compile, and those that import it, are left out of the schema and never keep
 * others from it; every error is reported.
 */
export function loadSchema(options: LoadOptions): LoadResult {
  const diagnostics = new Diagnostics();
  const loaded = loadModules(
    {
      directories: options.directories ?? [],
      files: options.files ?? [],
      implement: options.implement,
      importOnly: options.importOnly ?? [],
    },
    diagnostics,
  );
  for (;;) {
    failImporters(loaded, diagnostics);
    const live = loaded.filter((module) => !diagnostics.failed(module.name));
    const attempt = (deviating: readonly LoadedModule[]): Attempt => {
      const found = diagnostics.fork();
      const schema = new Compilation(live, options.features ?? {}, found, deviating).run();
      return { schema, found };
    };
    const { schema, found } = attempt(live);
    if (found.count === 0) return { schema, errors: diagnostics.errors() };
    // A module that failed may have left its marks on others: they are compiled again without it.
    judge(live, found, attempt, diagnostics);
  }
}

interface Attempt {
  readonly schema: Schema;
  readonly found: Diagnostics;
}

/** Whose errors they are: a module that is right until another deviates from it is not to be left out. */
function judge(
  modules: readonly LoadedModule[],
  found: Diagnostics,
  attempt: (deviating: readonly LoadedModule[]) => Attempt,
  into: Diagnostics,
): void {
  const deviations = modules.flatMap((module) => {
    const at = firstDeviation(module);
    return at === undefined ? [] : [{ module, at: at.position() }];
  });
  const plain = deviations.length === 0 ? found : attempt([]).found;
  into.absorb(plain);
  if (plain.count > 0) return;
  const before = into.count;
  for (const { module, at } of deviations) into.absorb(attempt([module]).found, { module: module.name, at });
  if (into.count > before) return;
  // Each is right alone, and not with the others.
  for (const { module, at } of deviations) into.absorb(found, { module: module.name, at });
}

/** What imports a module with errors has one itself. */
function failImporters(modules: readonly LoadedModule[], diagnostics: Diagnostics): void {
  for (const module of modules) {
    for (const unit of module.units) {
      for (const statement of unit.source.top.all('import')) {
        const target = unit.prefixes.get(statement.text('prefix') ?? '');
        if (target !== undefined && target !== module && diagnostics.failed(target.name)) {
          diagnostics.report(module.name, statement, `imported module '${target.name}' has errors`);
        }
      }
    }
  }
}

type MutableModule = { -readonly [K in keyof Module]: Module[K] };

class Compilation {
  readonly #modules: readonly LoadedModule[];
  /** Whose deviations are applied. */
  readonly #deviating: readonly LoadedModule[];
  readonly #diagnostics: Diagnostics;
  readonly #scopes: Scopes;
  readonly #features: Features;
  readonly #tools: CompileTools;
  readonly #extensions: Extensions;
  readonly #schemaModules = new Map<LoadedModule, MutableModule>();

  constructor(
    modules: readonly LoadedModule[],
    selection: FeatureSelection,
    diagnostics: Diagnostics,
    deviating: readonly LoadedModule[],
  ) {
    this.#modules = modules;
    this.#deviating = deviating;
    this.#diagnostics = diagnostics;
    this.#scopes = new Scopes(modules, diagnostics);
    this.#features = new Features(this.#scopes, selection);
    this.#tools = makeTools((module) => this.#module(module));
    this.#extensions = new Extensions(this.#scopes);
  }

  run(): Schema {
    for (const module of this.#modules) this.#schemaModules.set(module, this.#makeModule(module));
    this.#linkPrefixes();
    const namespaces = this.#namespaces();
    const identities = new Identities(
      this.#modules,
      (module) => this.#module(module),
      this.#scopes,
      this.#features,
      this.#diagnostics,
    );
    const types = new TypeCompiler(this.#scopes, this.#features, identities, this.#tools, (m) => this.#module(m));
    for (const module of this.#modules) {
      this.#extensions.checkModule(module, this.#diagnostics);
      types.checkTypedefs(module, this.#diagnostics);
    }
    const nodes = this.#nodeCompiler(types);
    const root: RootSchema = { kind: 'root', config: true, ...emptyBranch };
    const builder = new DraftBuilder(this.#scopes, this.#features, this.#diagnostics);
    const operations = this.#compileNodes(builder, nodes, root);
    const structures = this.#structures(builder, nodes, types);
    this.#checkUnusedGroupings(builder, types, root);
    for (const pending of nodes.pendingLeaves) {
      this.#diagnostics.attempt(pending.owner.name, () => this.#resolveLeafrefs(pending, root));
    }
    for (const pending of nodes.pendingLeaves) {
      this.#diagnostics.attempt(pending.owner.name, () => this.#finishLeaf(pending, root));
    }
    return { modules: this.#byName(), namespaces, root, ...operations, ...structures, identities: identities.all };
  }

  #structures(builder: DraftBuilder, nodes: NodeCompiler, types: TypeCompiler): Structures {
    return compileStructures({
      modules: this.#modules.filter((module) => module.implemented),
      scopes: this.#scopes,
      features: this.#features,
      builder,
      types,
      nodes,
      diagnostics: this.#diagnostics,
      schemaModule: (module) => this.#module(module),
    });
  }

  #nodeCompiler(types: TypeCompiler): NodeCompiler {
    return new NodeCompiler({
      diagnostics: this.#diagnostics,
      types,
      tools: this.#tools,
      extensions: this.#extensions,
      schemaModule: (module) => this.#module(module),
    });
  }

  /** A grouping must be right even where nobody uses it; where its leafrefs lead only its users can tell. */
  #checkUnusedGroupings(builder: DraftBuilder, types: TypeCompiler, root: RootSchema): void {
    const nodes = this.#nodeCompiler(types);
    for (const owner of this.#modules) {
      for (const { statement, scope } of allGroupings(owner, this.#scopes, this.#diagnostics)) {
        if (builder.isUsed(statement)) continue;
        const inner = this.#diagnostics.attempt(owner.name, () => this.#scopes.inside(statement, scope));
        if (inner === undefined) continue;
        // As if a container used it.
        const parent = new Draft({
          keyword: 'container',
          name: statement.name,
          statement,
          scope,
          owner,
          parent: undefined,
        });
        builder.build(statement, inner, { parent, children: parent.children, owner, groupings: [statement] });
        nodes.checkOnly(parent.children, statusOf(statement), root);
      }
    }
    for (const pending of nodes.pendingLeaves) {
      if (pending.leafrefs.length === 0) {
        this.#diagnostics.attempt(pending.owner.name, () => this.#finishLeaf(pending, root));
      }
    }
  }

  #compileNodes(builder: DraftBuilder, nodes: NodeCompiler, root: RootSchema): Pick<Schema, 'rpcs' | 'notifications'> {
    const rpcs = new Map<string, OperationSchema>();
    const notifications = new Map<string, NotificationSchema>();
    const all: SchemaNode[] = [];
    for (const [module, drafts] of this.#drafts(builder)) {
      const children = nodes.topLevel(drafts, root);
      this.#module(module).children = children;
      for (const node of children) {
        if (node.kind === 'rpc' || node.kind === 'action') rpcs.set(`${module.name}:${node.name}`, node);
        else if (node.kind === 'notification') notifications.set(`${module.name}:${node.name}`, node);
        else all.push(node);
      }
    }
    new BranchBuilder(this.#diagnostics).fill(root, all);
    this.#listAugments(nodes);
    return { rpcs, notifications };
  }

  #listAugments(nodes: NodeCompiler): void {
    for (const module of this.#modules) {
      const statements = module.units.flatMap((unit) => unit.source.top.all('augment'));
      this.#module(module).augments = statements.map((statement) => ({
        target: statement.name,
        nodes: nodes.augmented.get(statement) ?? [],
        position: statement.position(),
      }));
    }
  }

  /** The top-level drafts of implemented modules, augmented and deviated. */
  #drafts(builder: DraftBuilder): Map<LoadedModule, Draft[]> {
    const roots = new Map<LoadedModule, Draft[]>();
    const implemented = this.#modules.filter((module) => module.implemented);
    for (const owner of implemented) {
      const children: Draft[] = [];
      for (const unit of owner.units) {
        const scope = this.#scopes.of(owner).unitScope(unit);
        builder.build(unit.source.top, scope, { parent: undefined, children, owner, groupings: [] });
      }
      roots.set(owner, children);
    }
    applyAugments(implemented, roots, this.#scopes, builder, this.#diagnostics);
    const deviating = implemented.filter((module) => this.#deviating.includes(module));
    applyDeviations(deviating, roots, this.#scopes, this.#diagnostics);
    return roots;
  }

  #resolveLeafrefs({ node, leafrefs }: PendingLeaf, root: RootSchema): void {
    for (const { type, path } of leafrefs) {
      type.target = resolveLeafref(path, node, { root });
      if (type.requireInstance && node.config && !type.target.config) {
        throw new StatementError(
          path.statement,
          `leafref path '${path.statement.name}': configuration cannot require the state '${type.target.name}'`,
        );
      }
    }
  }

  #finishLeaf({ node, owner, defaults, leafrefs }: PendingLeaf, root: RootSchema): void {
    for (const { type, path } of leafrefs) checkLeafrefCircle(type, path.statement);
    if (leafrefs.some(({ type }) => (type.target as unknown) === undefined)) return;
    const values: Value[] = [];
    for (const located of defaults) values.push(this.#tools.value(node.type, located, root));
    if (node.kind === 'leaf') node.default = node.isKey ? undefined : values[0];
    else {
      const twin = values.findIndex((value, index) => values.indexOf(value) !== index);
      if (node.config && twin >= 0) {
        this.#diagnostics.report(owner.name, defaults[twin]!.statement, `second default '${String(values[twin])}'`);
      }
      node.defaults = values;
    }
  }

  #module(module: LoadedModule): MutableModule {
    return this.#schemaModules.get(module)!;
  }

  #makeModule(module: LoadedModule): MutableModule {
    const { top, name: source, text } = module.main.source;
    const units = module.units.map((unit) => ({ unit, scope: this.#scopes.of(module).unitScope(unit) }));
    return {
      name: module.name,
      namespace: module.namespace,
      prefix: module.prefix,
      revision: module.revision,
      yangVersion: module.version,
      organization: top.text('organization') ?? '',
      contact: top.text('contact') ?? '',
      description: top.text('description') ?? '',
      implemented: module.implemented,
      features: this.#features.ofModule(module, this.#diagnostics),
      prefixes: new Map(),
      submodules: module.units
        .filter((unit) => unit !== module.main)
        .map(({ source: { moduleName, revision, text } }) => ({ name: moduleName, revision, text })),
      children: [],
      augments: [],
      extensions:
        this.#diagnostics.attempt(module.name, () =>
          units.flatMap(({ unit, scope: own }) => this.#extensions.in(unit.source.top, own)),
        ) ?? [],
      source,
      text,
    };
  }

  #linkPrefixes(): void {
    for (const [module, schemaModule] of this.#schemaModules) {
      schemaModule.prefixes = new Map(
        [...module.main.prefixes].map(([prefix, target]) => [prefix, this.#module(target)]),
      );
    }
  }

  #namespaces(): Map<string, Module> {
    const namespaces = new Map<string, Module>();
    for (const module of this.#modules) {
      if (!module.implemented) continue;
      const other = namespaces.get(module.namespace);
      if (other === undefined) namespaces.set(module.namespace, this.#module(module));
      else {
        const at = module.main.source.top.find('namespace') ?? module.main.source.top;
        this.#diagnostics.report(module.name, at, `module '${other.name}' has the same namespace`);
      }
    }
    return namespaces;
  }

  #byName(): Map<string, Module> {
    const result = new Map<string, Module>();
    for (const module of this.#modules) {
      const other = result.get(module.name);
      const better =
        other === undefined || (!other.implemented && (module.implemented || module.revision > other.revision));
      if (better) result.set(module.name, this.#module(module));
    }
    return result;
  }
}
