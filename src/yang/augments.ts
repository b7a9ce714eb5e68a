/** Top-level augment statements (RFC 7950 7.17), in whatever order they depend on each other. */
import type { DraftBuilder } from './compile-drafts.js';
import { type Diagnostics, StatementError } from './diagnostics.js';
import type { Draft } from './drafts.js';
import type { LoadedModule } from './modules.js';
import { describe, type Statement } from './parser.js';
import { followSteps, type RootDrafts, type SchemaStep, schemaSteps } from './schema-targets.js';
import type { Scope, Scopes } from './scope.js';

interface PendingAugment {
  readonly statement: Statement;
  readonly scope: Scope;
  readonly owner: LoadedModule;
  readonly steps: readonly SchemaStep[];
}

/** Applies the augments of all modules. One whose target never appears is a fault of its module. */
export function applyAugments(
  modules: readonly LoadedModule[],
  roots: RootDrafts,
  scopes: Scopes,
  builder: DraftBuilder,
  diagnostics: Diagnostics,
): void {
  let pending = modules.flatMap((owner) => collect(owner, scopes, diagnostics));
  for (;;) {
    const left: PendingAugment[] = [];
    for (const augment of pending) {
      const target = followSteps(roots, augment.steps);
      if ('missing' in target) left.push(augment);
      else diagnostics.attempt(augment.owner.name, () => apply(augment, target.found, builder));
    }
    if (left.length === pending.length) break;
    pending = left;
  }
  for (const { statement, owner, steps } of pending) {
    const target = followSteps(roots, steps);
    if (!('missing' in target)) continue;
    const { missing } = target;
    diagnostics.report(
      owner.name,
      statement,
      `${describe(statement)}: ${missingMessage(missing)}`,
      missing.module.name,
    );
  }
}

export function missingMessage({ module, name }: SchemaStep): string {
  return module.implemented
    ? `no node '${module.name}:${name}'`
    : `no node '${module.name}:${name}'; module '${module.name}' is only imported`;
}

function collect(owner: LoadedModule, scopes: Scopes, diagnostics: Diagnostics): PendingAugment[] {
  return owner.units.flatMap((unit) => {
    const scope = scopes.of(owner).unitScope(unit);
    return unit.source.top.all('augment').flatMap((statement) => {
      const steps = diagnostics.attempt(owner.name, () => schemaSteps(statement, scope));
      return steps === undefined ? [] : [{ statement, scope, owner, steps }];
    });
  });
}

function apply({ statement, scope, owner }: PendingAugment, target: Draft, builder: DraftBuilder): void {
  const before = new Set(target.children);
  builder.augment(statement, scope, target, { parent: target, children: target.children, owner, groupings: [] });
  for (const added of target.children) if (!before.has(added)) added.addedBy = statement;
  if (statement.find('when') !== undefined || !isConfig(target) || owner === target.owner) return;
  for (const added of target.children) {
    const mandatory =
      before.has(added) || added.disabled ? undefined : mandatoryDraft(added, target.keyword === 'choice');
    if (mandatory !== undefined) {
      throw new StatementError(
        statement,
        `${describe(statement)} adds the mandatory node '${mandatory.name}' to another module and so needs a 'when'`,
      );
    }
  }
}

/** Configuration data: not in an operation or notification, and nothing above says config false. */
function isConfig(draft: Draft): boolean {
  for (let above: Draft | undefined = draft; above !== undefined; above = above.parent) {
    if (above.text('config') === 'false' || operationKeywords.has(above.keyword)) return false;
  }
  return true;
}

const operationKeywords: ReadonlySet<string> = new Set(['rpc', 'action', 'input', 'output', 'notification']);

function mandatoryDraft(draft: Draft, inCase: boolean): Draft | undefined {
  if (draft.disabled || draft.whens.length > 0 || draft.text('config') === 'false') return undefined;
  switch (draft.keyword) {
    case 'leaf':
    case 'anydata':
    case 'anyxml':
    case 'choice':
      return draft.text('mandatory') === 'true' ? draft : undefined;
    case 'list':
    case 'leaf-list':
      return Number(draft.text('min-elements') ?? 0) > 0 ? draft : undefined;
    case 'container':
      return draft.text('presence') === undefined ? firstMandatory(draft) : undefined;
    case 'case':
      // A new case is itself a choice that data need not make.
      return inCase ? undefined : firstMandatory(draft);
    default:
      return undefined;
  }
}

function firstMandatory(draft: Draft): Draft | undefined {
  for (const child of draft.children) {
    const found = mandatoryDraft(child, false);
    if (found !== undefined) return found;
  }
  return undefined;
}
