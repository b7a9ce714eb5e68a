/** The status rule of RFC 7950 7.21.2: a definition does not refer to one of the same module that is more outdated. */
import { StatementError } from './diagnostics.js';
import type { Statement } from './parser.js';
import type { Status } from './schema.js';
import type { Definition, Scope } from './scope.js';

const rank: Readonly<Record<Status, number>> = { current: 0, deprecated: 1, obsolete: 2 };

export function statusOf(statement: Statement): Status {
  return (statement.text('status') ?? 'current') as Status;
}

/** True where `status` is more outdated than `than`. */
export function isOlder(status: Status, than: Status): boolean {
  return rank[status] > rank[than];
}

/** A name written at `at` in `scope`, and what it means. */
export interface Reference {
  readonly at: Statement;
  readonly scope: Scope;
  readonly definition: Definition;
}

/** What a definition of that status refers to; a fault at the first reference to something more outdated. */
export function checkStatus(references: readonly Reference[], status: Status): void {
  for (const { at, scope, definition } of references) {
    if (definition.scope.unit.module !== scope.unit.module) continue;
    const target = statusOf(definition.statement);
    if (!isOlder(target, status)) continue;
    throw new StatementError(
      at,
      `a ${status} definition refers to the ${target} ${definition.statement.keyword} '${definition.statement.name}'`,
    );
  }
}
