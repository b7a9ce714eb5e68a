/** Absolute schema paths (RFC 7950 6.5) of augment and deviation, followed through drafts. */
import { StatementError } from './diagnostics.js';
import type { Draft } from './drafts.js';
import type { LoadedModule } from './modules.js';
import { describe, type Statement } from './parser.js';
import { moduleOfPrefix, type Scope } from './scope.js';

/** Top-level drafts of every implemented module. */
export type RootDrafts = ReadonlyMap<LoadedModule, Draft[]>;

export interface SchemaStep {
  readonly module: LoadedModule;
  readonly name: string;
}

/** The steps of an absolute schema path; names without a prefix are of the module that it is written in. */
export function schemaSteps(statement: Statement, scope: Scope): readonly SchemaStep[] {
  if (!statement.name.startsWith('/'))
    throw new StatementError(statement, `${describe(statement)} must be an absolute path`);
  return statement.name
    .slice(1)
    .split('/')
    .map((step) => {
      const colon = step.indexOf(':');
      const module = colon < 0 ? scope.unit.module : moduleOfPrefix(step.slice(0, colon), scope, statement);
      return { module, name: step.slice(colon + 1) };
    });
}

/** The draft at the end of the steps, or how far they lead. */
export function followSteps(
  roots: RootDrafts,
  steps: readonly SchemaStep[],
): { found: Draft } | { missing: SchemaStep } {
  const first = steps[0]!;
  let draft = roots.get(first.module)?.find((candidate) => candidate.name === first.name);
  if (draft === undefined) return { missing: first };
  for (const step of steps.slice(1)) {
    draft = draft.child(step.name, step.module);
    if (draft === undefined) return { missing: step };
  }
  return { found: draft };
}
