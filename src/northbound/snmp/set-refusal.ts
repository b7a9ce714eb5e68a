/** Why a SET is refused, and at which varbind (RFC 3416 section 4.2.5). */
import type { Edit } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { type ErrorStatusName, statusOf } from './errors.js';

/** RFC 3416: the error-index counts from 1; 0 where no varbind is at fault. */
export interface SetOutcome {
  readonly status: ErrorStatusName;
  readonly index: number;
}

export interface PlannedEdit {
  readonly index: number;
  readonly edit: Edit;
}

export class Refusal extends Error {
  readonly outcome: SetOutcome;
  constructor(status: ErrorStatusName, index: number) {
    super(status);
    this.outcome = { status, index };
  }
}

/** The status of a refusal by the datastore, and the varbind that its path is nearest to. */
export function refusalOf(error: unknown, planned: readonly PlannedEdit[]): SetOutcome {
  const refusal = ConfigError.from(error);
  const status = statusOf(refusal);
  if (status === 'undoFailed' || status === 'tooBig') return { status, index: 0 };
  let best = planned[0]?.index ?? 0;
  let length = -1;
  for (const { edit, index } of planned) {
    const path = edit.path.toString();
    const related = isAtOrBelow(refusal.path, path)
      ? path.length
      : isAtOrBelow(path, refusal.path)
        ? refusal.path.length / 2
        : -1;
    if (related <= length) continue;
    best = index;
    length = related;
  }
  return { status, index: best };
}

function isAtOrBelow(path: string, above: string): boolean {
  return path === above || (path.startsWith(above) && (path[above.length] === '/' || path[above.length] === '['));
}
