/** Deviations of all four kinds (RFC 7950 7.20.3). */
import { missingMessage } from './augments.js';
import { type Diagnostics, StatementError } from './diagnostics.js';
import type { Draft, NodeKeyword } from './drafts.js';
import { isExtension } from './grammar.js';
import type { LoadedModule } from './modules.js';
import { describe, type Statement } from './parser.js';
import { followSteps, type RootDrafts, schemaSteps } from './schema-targets.js';
import type { Located, Scope, Scopes } from './scope.js';

/** The first deviation of a module, where it has one. */
export function firstDeviation(module: LoadedModule): Statement | undefined {
  return module.units.flatMap((unit) => unit.source.top.all('deviation'))[0];
}

interface Deviate extends Located {
  readonly target: Draft;
  readonly owner: LoadedModule;
}

/** Applies the deviations of the given modules; removals come last, so that no order of modules matters to them. */
export function applyDeviations(
  modules: readonly LoadedModule[],
  roots: RootDrafts,
  scopes: Scopes,
  diagnostics: Diagnostics,
): void {
  const deviates = modules.flatMap((owner) => collect(owner, roots, scopes, diagnostics));
  for (const kind of ['add', 'replace', 'delete', 'not-supported']) {
    for (const deviate of deviates) {
      if (deviate.statement.name !== kind) continue;
      diagnostics.attempt(deviate.owner.name, () => apply(deviate));
    }
  }
}

function collect(owner: LoadedModule, roots: RootDrafts, scopes: Scopes, diagnostics: Diagnostics): Deviate[] {
  const result: Deviate[] = [];
  for (const unit of owner.units) {
    const scope = scopes.of(owner).unitScope(unit);
    for (const deviation of unit.source.top.all('deviation')) {
      diagnostics.attempt(owner.name, () => {
        const deviates = deviation.all('deviate');
        if (deviates.length > 1 && deviates.some((deviate) => deviate.name === 'not-supported')) {
          throw new StatementError(deviation, "'deviate not-supported' stands alone");
        }
        const target = followSteps(roots, schemaSteps(deviation, scope));
        if ('missing' in target) {
          const { missing } = target;
          const message = `${describe(deviation)}: ${missingMessage(missing)}`;
          throw new StatementError(deviation, message, missing.module.name);
        }
        for (const statement of deviates) result.push({ statement, scope, owner, target: target.found });
      });
    }
  }
  return result;
}

function apply({ statement, scope, target }: Deviate): void {
  if (statement.name === 'not-supported') {
    target.disabled = true;
    return;
  }
  for (const child of statement.substatements) {
    if (isExtension(child.keyword)) {
      if (statement.name !== 'delete') target.addedExtensions.push({ statement: child, scope });
      continue;
    }
    checkApplies(child, target);
    if (isMulti(child.keyword)) changeMulti(statement.name, child.keyword, child, scope, target);
    else changeSingle(statement.name, child, scope, target);
  }
}

type Multi = 'must' | 'unique' | 'default';

function isMulti(keyword: string): keyword is Multi {
  return keyword === 'must' || keyword === 'unique' || keyword === 'default';
}

function changeMulti(kind: string, keyword: Multi, statement: Statement, scope: Scope, target: Draft): void {
  const present = target.all(keyword);
  const located = { statement, scope };
  const single = keyword === 'default' && target.keyword !== 'leaf-list';
  if (kind === 'add') {
    if (single && present.length > 0) throw existing(statement, target);
    target.setAll(keyword, [...present, located]);
    return;
  }
  if (kind === 'replace') {
    if (present.length === 0) throw absent(statement, target);
    target.setAll(keyword, [located]);
    return;
  }
  const kept = present.filter((other) => other.statement.name !== statement.name);
  if (kept.length === present.length) throw absent(statement, target);
  target.setAll(keyword, kept);
}

function changeSingle(kind: string, statement: Statement, scope: Scope, target: Draft): void {
  const { keyword } = statement;
  const present = target.get(keyword);
  if (kind === 'delete') {
    if (present?.statement.argument !== statement.argument) throw absent(statement, target);
    target.set(keyword, undefined);
    return;
  }
  if (kind === 'add' && present !== undefined) throw existing(statement, target);
  // config, mandatory and the element limits have values without being written (7.20.3.2), so that replace may find none.
  if (kind === 'replace' && present === undefined && !implied.has(keyword)) throw absent(statement, target);
  target.set(keyword, { statement, scope });
}

const implied: ReadonlySet<string> = new Set(['config', 'mandatory', 'min-elements', 'max-elements']);

function existing(statement: Statement, target: Draft): StatementError {
  return new StatementError(statement, `deviate add: ${target.label()} has '${statement.keyword}' already`);
}

function absent(statement: Statement, target: Draft): StatementError {
  return new StatementError(statement, `deviate: ${target.label()} has no ${describe(statement)}`);
}

function checkApplies(statement: Statement, target: Draft): void {
  if (applies[statement.keyword]?.includes(target.keyword) !== true) {
    throw new StatementError(statement, `deviate: '${statement.keyword}' does not apply to ${target.label()}`);
  }
}

const leafs: readonly NodeKeyword[] = ['leaf', 'leaf-list'];
const lists: readonly NodeKeyword[] = ['list', 'leaf-list'];
const any: readonly NodeKeyword[] = ['anydata', 'anyxml'];

const applies: Readonly<Record<string, readonly NodeKeyword[]>> = {
  type: leafs,
  units: leafs,
  default: [...leafs, 'choice'],
  must: [...leafs, ...any, 'container', 'list', 'input', 'output', 'notification'],
  unique: ['list'],
  config: [...leafs, ...any, 'container', 'list', 'choice'],
  mandatory: ['leaf', ...any, 'choice'],
  'min-elements': lists,
  'max-elements': lists,
};
