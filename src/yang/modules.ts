/**
 * The module graph (RFC 7950 5.1): finds module texts, chooses revisions, follows import and include. What cannot be
 * loaded is reported at the statement that asked for it.
 */

import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostics } from './diagnostics.js';
import { checkModule, type YangVersion, yangVersion } from './grammar.js';
import { ModuleSyntaxError, parseModuleText, type Statement } from './parser.js';

export interface SourceFile {
  /** File name, for messages; `name@revision.yang` or `name.yang` lets it be found without being parsed. */
  readonly name: string;
  readonly text: string;
}

/** One parsed file. */
export interface Source extends SourceFile {
  readonly top: Statement;
  readonly kind: 'module' | 'submodule';
  readonly moduleName: string;
  /** The newest revision; '' where there is none. */
  readonly revision: string;
  readonly version: YangVersion;
  readonly failed: boolean;
}

/** A module or submodule in its place in the graph. */
export interface Unit {
  readonly source: Source;
  readonly module: LoadedModule;
  /** What prefixes stand for inside this file, its own included. */
  readonly prefixes: Map<string, LoadedModule>;
}

export interface LoadedModule {
  readonly name: string;
  readonly revision: string;
  readonly version: YangVersion;
  readonly prefix: string;
  readonly namespace: string;
  readonly main: Unit;
  /** The module itself and its submodules. */
  readonly units: Unit[];
  /** Modules that it imports, directly. */
  readonly imports: Set<LoadedModule>;
  implemented: boolean;
}

export interface GraphRequest {
  readonly directories: readonly string[];
  readonly files: readonly SourceFile[];
  /** Names of modules to implement; undefined for every main module that is found. */
  readonly implement: readonly string[] | undefined;
  readonly importOnly: readonly string[];
}

/**
 * Loads what is asked for and all that it needs. The result is ordered so that imported modules come first; modules with
 * errors are among it (the diagnostics know them).
 */
export function loadModules(request: GraphRequest, diagnostics: Diagnostics): LoadedModule[] {
  const repository = new Repository(request.directories, request.files, diagnostics);
  const graph = new Graph(repository, diagnostics);
  const importOnly = new Set(request.importOnly);
  const names = request.implement ?? repository.mainModuleNames();
  for (const name of names) {
    if (importOnly.has(name)) continue;
    const module = graph.load(name);
    if (module !== undefined) module.implemented = true;
    else if (request.implement !== undefined && !diagnostics.failed(name)) {
      diagnostics.report(name, { file: `${name}.yang`, line: 1, column: 1 }, `module '${name}' is not found`);
    }
  }
  graph.implementTargets(importOnly);
  return graph.ordered;
}

class Repository {
  readonly #diagnostics: Diagnostics;
  /** Files that have not been parsed, by the module name that their file name tells. */
  readonly #unparsed = new Map<string, { path: string | undefined; file: SourceFile | undefined }[]>();
  readonly #sources = new Map<string, Source[]>();

  constructor(directories: readonly string[], files: readonly SourceFile[], diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
    for (const file of files) this.#remember(file.name, { path: undefined, file });
    for (const directory of directories) {
      for (const name of readdirSync(directory).toSorted()) {
        if (name.endsWith('.yang')) this.#remember(name, { path: join(directory, name), file: undefined });
      }
    }
  }

  mainModuleNames(): string[] {
    this.#parseAll();
    const names = [...this.#sources].filter(([, list]) => list.some((source) => source.kind === 'module'));
    return names.map(([name]) => name);
  }

  /** The revision asked for, else the newest; of equals the one found first. */
  find(name: string, revision: string | undefined): Source | undefined {
    this.#parseNamed(name);
    if (!this.#sources.has(name)) this.#parseAll();
    const list = this.#sources.get(name) ?? [];
    if (revision !== undefined) return list.find((source) => source.revision === revision);
    let best: Source | undefined;
    for (const source of list) if (best === undefined || source.revision > best.revision) best = source;
    return best;
  }

  #remember(fileName: string, entry: { path: string | undefined; file: SourceFile | undefined }): void {
    const base = fileName.slice(fileName.lastIndexOf('/') + 1);
    const name = /^[^@]*?(?=@|\.yang$|$)/u.exec(base)?.[0] ?? base;
    const list = this.#unparsed.get(name);
    if (list === undefined) this.#unparsed.set(name, [entry]);
    else list.push(entry);
  }

  #parseAll(): void {
    for (const name of [...this.#unparsed.keys()]) this.#parseNamed(name);
  }

  #parseNamed(name: string): void {
    const entries = this.#unparsed.get(name);
    if (entries === undefined) return;
    this.#unparsed.delete(name);
    for (const entry of entries) {
      const file = entry.file ?? this.#read(name, entry.path!);
      const source = file === undefined ? undefined : this.#parse(name, file);
      if (source === undefined) continue;
      const list = this.#sources.get(source.moduleName);
      if (list === undefined) this.#sources.set(source.moduleName, [source]);
      else list.push(source);
    }
  }

  #read(name: string, path: string): SourceFile | undefined {
    const octets = readFileSync(path);
    if (isUtf8(octets)) return { name: path, text: octets.toString('utf8') };
    this.#diagnostics.report(name, { file: path, line: 1, column: 1 }, 'the file is not UTF-8');
    return undefined;
  }

  #parse(guessedName: string, file: SourceFile): Source | undefined {
    try {
      const top = parseModuleText(file.text, file.name);
      const before = this.#diagnostics.count;
      checkModule(top, (at, message) => this.#diagnostics.report(top.name, at, message));
      return {
        ...file,
        top,
        kind: top.keyword === 'module' ? 'module' : 'submodule',
        moduleName: top.name,
        revision: newestRevision(top),
        version: yangVersion(top),
        failed: this.#diagnostics.count > before,
      };
    } catch (thrown) {
      if (!(thrown instanceof ModuleSyntaxError)) throw thrown;
      this.#diagnostics.report(guessedName, thrown.position, thrown.message);
      return undefined;
    }
  }
}

function newestRevision(top: Statement): string {
  let newest = '';
  for (const revision of top.all('revision')) if (revision.name > newest) newest = revision.name;
  return newest;
}

class Graph {
  readonly ordered: LoadedModule[] = [];
  readonly #repository: Repository;
  readonly #diagnostics: Diagnostics;
  readonly #loaded = new Map<Source, LoadedModule>();
  /** Modules whose imports are being followed, to find circles. */
  readonly #open: LoadedModule[] = [];

  constructor(repository: Repository, diagnostics: Diagnostics) {
    this.#repository = repository;
    this.#diagnostics = diagnostics;
  }

  load(name: string, revision?: string): LoadedModule | undefined {
    const source = this.#repository.find(name, revision);
    if (source === undefined || source.kind !== 'module') return undefined;
    const known = this.#loaded.get(source);
    if (known !== undefined) return known;
    const module = makeModule(source);
    this.#loaded.set(source, module);
    this.#open.push(module);
    this.#link(module);
    this.#open.pop();
    this.ordered.push(module);
    return module;
  }

  /** A module whose nodes an implemented module augments, deviates or refers to by leafref is implemented too (5.6.5). */
  implementTargets(importOnly: ReadonlySet<string>): void {
    const queue = this.ordered.filter((module) => module.implemented);
    for (let module = queue.pop(); module !== undefined; module = queue.pop()) {
      for (const unit of module.units) {
        for (const target of targetModules(unit)) {
          if (target.implemented || importOnly.has(target.name)) continue;
          target.implemented = true;
          queue.push(target);
        }
      }
    }
  }

  #link(module: LoadedModule): void {
    this.#include(module, module.main, []);
    for (const unit of module.units) {
      for (const statement of unit.source.top.all('import')) this.#import(module, unit, statement);
    }
  }

  #include(module: LoadedModule, unit: Unit, chain: readonly string[]): void {
    const { name } = unit.source.top;
    const names = new Set<string>();
    for (const statement of unit.source.top.all('include')) {
      const fail = (message: string): void => this.#diagnostics.report(module.name, statement, message);
      if (statement.name === name || chain.includes(statement.name)) {
        if (unit.source.version === '1') fail(`circular include: ${[...chain, name, statement.name].join(' -> ')}`);
        continue;
      }
      if (names.has(statement.name)) {
        fail(`submodule '${statement.name}' is included twice`);
        continue;
      }
      names.add(statement.name);
      const revision = statement.text('revision-date');
      const source = this.#repository.find(statement.name, revision);
      if (source === undefined || source.kind !== 'submodule') {
        fail(`submodule '${named(statement.name, revision)}' is not found`);
        continue;
      }
      if (source.top.text('belongs-to') !== module.name) {
        fail(`submodule '${source.moduleName}' belongs to module '${source.top.text('belongs-to') ?? ''}'`);
        continue;
      }
      if (source.version !== module.version) {
        fail(`submodule '${source.moduleName}' is in YANG ${source.version}, its module in YANG ${module.version}`);
      }
      if (source.failed) fail(`submodule '${source.moduleName}' has errors`);
      if (module.units.some((other) => other.source === source)) continue;
      if (module.units.some((other) => other.source.moduleName === source.moduleName)) {
        fail(`submodule '${source.moduleName}' is included in two revisions`);
        continue;
      }
      const prefix = source.top.find('belongs-to')?.text('prefix') ?? '';
      const included: Unit = { source, module, prefixes: new Map([[prefix, module]]) };
      module.units.push(included);
      this.#include(module, included, [...chain, name]);
    }
  }

  #import(module: LoadedModule, unit: Unit, statement: Statement): void {
    const fail = (message: string): void => this.#diagnostics.report(module.name, statement, message);
    const prefix = statement.text('prefix') ?? '';
    const revision = statement.text('revision-date');
    if (statement.name === module.name) {
      fail(`module '${module.name}' imports itself`);
      return;
    }
    const target = this.load(statement.name, revision);
    if (target === undefined) {
      fail(
        this.#diagnostics.failed(statement.name)
          ? `imported module '${statement.name}' has errors`
          : `imported module '${named(statement.name, revision)}' is not found`,
      );
      return;
    }
    const circle = this.#open.indexOf(target);
    if (circle >= 0) {
      const names = [...this.#open.slice(circle), target].map((link) => link.name);
      fail(`circular import: ${names.join(' -> ')}`);
      return;
    }
    if (unit.prefixes.has(prefix)) fail(`prefix '${prefix}' stands for two modules`);
    else unit.prefixes.set(prefix, target);
    if (revision !== undefined && unit.source.version === '1' && target.version === '1.1') {
      fail(`a YANG 1 module cannot import the YANG 1.1 module '${target.name}' by revision`);
    }
    module.imports.add(target);
  }
}

function named(name: string, revision: string | undefined): string {
  return revision === undefined ? name : `${name}@${revision}`;
}

function makeModule(source: Source): LoadedModule {
  const prefix = source.top.text('prefix') ?? '';
  const units: Unit[] = [];
  const prefixes = new Map<string, LoadedModule>();
  const module: LoadedModule = {
    name: source.moduleName,
    revision: source.revision,
    version: source.version,
    prefix,
    namespace: source.top.text('namespace') ?? '',
    get main() {
      return units[0]!;
    },
    units,
    imports: new Set(),
    implemented: false,
  };
  prefixes.set(prefix, module);
  units.push({ source, module, prefixes });
  return module;
}

/**
 * The modules that augment, deviation and leafref path arguments name, in a file and in what it uses of others: a
 * typedef or grouping of an imported module may hold the path of a leafref.
 */
function targetModules(unit: Unit): Set<LoadedModule> {
  const targets = new Set<LoadedModule>();
  const seen = new Set<Statement>();
  const visit = (statement: Statement, within: Unit): void => {
    if (seen.has(statement)) return;
    seen.add(statement);
    const { keyword } = statement;
    if (keyword === 'augment' || keyword === 'deviation' || keyword === 'path') {
      for (const [, prefix] of statement.name.matchAll(/([A-Za-z_][\w.-]*):/gu)) {
        const target = within.prefixes.get(prefix!);
        if (target !== undefined) targets.add(target);
      }
    } else if (keyword === 'type' || keyword === 'uses') {
      const definition = importedDefinition(keyword === 'type' ? 'typedef' : 'grouping', statement.name, within);
      if (definition !== undefined) visit(definition.statement, definition.unit);
    }
    for (const child of statement.substatements) visit(child, within);
  };
  visit(unit.source.top, unit);
  return targets;
}

/** A top-level definition of another module, or of the module itself where that is not the one being visited. */
function importedDefinition(
  keyword: string,
  reference: string,
  within: Unit,
): { statement: Statement; unit: Unit } | undefined {
  const colon = reference.indexOf(':');
  const module = colon < 0 ? within.module : within.prefixes.get(reference.slice(0, colon));
  const name = reference.slice(colon + 1);
  for (const unit of module?.units ?? []) {
    const statement = unit.source.top.substatements.find((child) => child.keyword === keyword && child.name === name);
    if (statement !== undefined) return { statement, unit };
  }
  return undefined;
}
