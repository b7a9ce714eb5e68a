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

/** `reference` stands in `scope` and names `definition`; `status` is that of the definition it is part of. */
export function checkStatus(
  reference: Statement,
  scope: Scope,
  definition: Definition,
  status: Status = 'obsolete',
): void {
  if (definition.scope.unit.module !== scope.unit.module) return;
  const target = statusOf(definition.statement);
  if (isOlder(target, status)) {
    throw new StatementError(
      reference,
      `a ${status} definition refers to the ${target} ${definition.statement.keyword} '${definition.statement.name}'`,
    );
  }
}
