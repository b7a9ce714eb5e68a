/**
 * Extensions that declare schema: structure and augment-structure (RFC 8791), yang-data (RFC 8040 section 8) and
 * annotation (RFC 7952). What they hold is checked as the statements are that they resemble.
 */

import { missingMessage } from './augments.js';
import type { DraftBuilder } from './compile-drafts.js';
import type { NodeCompiler } from './compile-nodes.js';
import type { TypeCompiler } from './compile-types.js';
import { type Diagnostics, StatementError } from './diagnostics.js';
import { Draft } from './drafts.js';
import type { Features } from './features.js';
import { checkBody, isExtension } from './grammar.js';
import { argumentProblem } from './grammar-arguments.js';
import type { ArgumentKind } from './grammar-table.js';
import type { LoadedModule } from './modules.js';
import { describe, type Statement } from './parser.js';
import type { AnnotationSchema, ContainerSchema, Module, Status } from './schema.js';
import { followSteps, schemaSteps } from './schema-targets.js';
import type { Located, Scopes } from './scope.js';

export interface StructureParts {
  readonly modules: readonly LoadedModule[];
  readonly scopes: Scopes;
  readonly features: Features;
  readonly builder: DraftBuilder;
  readonly types: TypeCompiler;
  readonly nodes: NodeCompiler;
  readonly diagnostics: Diagnostics;
  readonly schemaModule: (module: LoadedModule) => Module;
}

export interface Structures {
  readonly structures: ReadonlyMap<string, ContainerSchema>;
  readonly annotations: ReadonlyMap<string, AnnotationSchema>;
}

/** Compiles the structures and annotations of the given modules. */
export function compileStructures(parts: StructureParts): Structures {
  const roots = new Map<LoadedModule, Draft[]>();
  for (const module of parts.modules) roots.set(module, draftsOf(module, parts));
  for (const module of parts.modules) {
    eachUse(module, 'augment-structure', parts, (use) => augment(use, module, roots, parts));
  }
  const structures = new Map<string, ContainerSchema>();
  const annotations = new Map<string, AnnotationSchema>();
  for (const [module, drafts] of roots) {
    for (const draft of drafts) {
      const node = parts.diagnostics.attempt(module.name, () => parts.nodes.structure(draft));
      if (node !== undefined) structures.set(`${module.name}:${draft.name}`, node);
    }
    if (module.name === withDefaults.name) annotations.set(`${module.name}:default`, defaultAnnotation(module, parts));
    eachUse(module, 'annotation', parts, (use) => {
      const annotation = compileAnnotation(use, module, parts);
      if (annotation !== undefined) annotations.set(`${module.name}:${annotation.name}`, annotation);
    });
  }
  return { structures, annotations };
}

type Known = 'structure' | 'augment-structure' | 'yang-data' | 'annotation';

/** The module that defines each, and the shape of its argument. */
const known: Readonly<Record<Known, { module: string; argument: ArgumentKind }>> = {
  structure: { module: 'ietf-yang-structure-ext', argument: 'identifier' },
  'augment-structure': { module: 'ietf-yang-structure-ext', argument: 'absolute-path' },
  'yang-data': { module: 'ietf-restconf', argument: 'text' },
  annotation: { module: 'ietf-yang-metadata', argument: 'identifier' },
};

/** Runs `work` for each use of the extension at the top of the module, its statements having been checked. */
function eachUse(module: LoadedModule, name: Known, parts: StructureParts, work: (use: Located) => void): void {
  const { diagnostics, scopes } = parts;
  for (const unit of module.units) {
    const scope = scopes.of(module).unitScope(unit);
    for (const statement of unit.source.top.substatements) {
      if (!isExtension(statement.keyword) || !statement.keyword.endsWith(`:${name}`)) continue;
      diagnostics.attempt(module.name, () => {
        const definition = scopes.resolve('extension', statement.keyword, scope, statement);
        if (definition.scope.unit.module.name !== known[name].module) return;
        const before = diagnostics.count;
        checkUse(statement, name, module, diagnostics);
        if (diagnostics.count === before) work({ statement, scope });
      });
    }
  }
}

function checkUse(statement: Statement, name: Known, module: LoadedModule, diagnostics: Diagnostics): void {
  const problem = argumentProblem(known[name].argument, statement.name);
  if (problem !== undefined)
    throw new StatementError(statement, `'${statement.keyword}': ${problem}, found '${statement.name}'`);
  checkBody(statement, name, module.version, (at, message) => diagnostics.report(module.name, at, message));
}

function draftsOf(owner: LoadedModule, parts: StructureParts): Draft[] {
  const drafts: Draft[] = [];
  const add = ({ statement, scope: outer }: Located): void => {
    const scope = parts.scopes.inside(statement, outer);
    const twin = drafts.find((other) => other.name === statement.name);
    if (twin !== undefined) throw new StatementError(statement, `second ${describe(statement)}`);
    const draft = new Draft({ keyword: 'container', name: statement.name, statement, scope, owner, parent: undefined });
    parts.builder.build(statement, scope, { parent: draft, children: draft.children, owner, groupings: [] });
    drafts.push(draft);
  };
  eachUse(owner, 'structure', parts, add);
  eachUse(owner, 'yang-data', parts, (use) => {
    add(use);
    checkYangData(use.statement, drafts.at(-1));
  });
  return drafts;
}

/** RFC 8040 section 8: exactly one container, which choices and uses may lead to. */
function checkYangData(statement: Statement, draft: Draft | undefined): void {
  const single = (nodes: readonly Draft[]): boolean =>
    nodes.length > 0 &&
    nodes.every((node) =>
      node.keyword === 'choice' || node.keyword === 'case' ? single(node.children) : node.keyword === 'container',
    );
  const children = draft?.children ?? [];
  if (children.length !== 1 || !single(children)) {
    throw new StatementError(statement, `${describe(statement)} must hold one container`);
  }
}

function augment(
  { statement, scope }: Located,
  owner: LoadedModule,
  roots: ReadonlyMap<LoadedModule, Draft[]>,
  parts: StructureParts,
): void {
  const target = followSteps(roots, schemaSteps(statement, scope));
  if ('missing' in target) {
    throw new StatementError(
      statement,
      `${describe(statement)}: ${missingMessage(target.missing)}`,
      target.missing.module.name,
    );
  }
  const { found } = target;
  parts.builder.augment(statement, scope, found, { parent: found, children: found.children, owner, groupings: [] });
}

/** RFC 6243 section 6 for XML, RFC 8040 4.8.9 for JSON: it is older than the statement that would declare it. */
function defaultAnnotation(module: LoadedModule, parts: StructureParts): AnnotationSchema {
  return {
    module: parts.schemaModule(module),
    name: 'default',
    namespace: withDefaults.namespace,
    prefix: 'wd',
    type: { base: 'boolean', name: 'boolean', typedefs: [] },
    units: undefined,
    description: 'The value is the default.',
    status: 'current',
  };
}

const withDefaults = { name: 'ietf-netconf-with-defaults', namespace: 'urn:ietf:params:xml:ns:netconf:default:1.0' };

function compileAnnotation(
  { statement, scope }: Located,
  module: LoadedModule,
  parts: StructureParts,
): AnnotationSchema | undefined {
  if (!parts.features.hold(statement, scope)) return undefined;
  const type = statement.find('type');
  if (type === undefined) throw new StatementError(statement, `${describe(statement)} lacks 'type'`);
  const template = parts.types.template(type, scope);
  if (template.contextual) throw new StatementError(type, 'a leafref in an annotation is not supported');
  const owner = parts.schemaModule(module);
  return {
    module: owner,
    name: statement.name,
    namespace: owner.namespace,
    prefix: owner.prefix,
    type: template.type,
    units: statement.text('units') ?? template.units,
    description: statement.text('description') ?? '',
    status: (statement.text('status') ?? 'current') as Status,
  };
}
