/**
 * Where a SET puts rows of user-ordered tables: the After columns of one PDU hold together when all is done, so each row is placed when
 * the one before it has its own place.
 */
import { indexKey, keyArcs, type RowKeys } from './instance.js';
import type { IndexKey } from './ordered-index.js';
import type { PlacedRow, Plan, RowWork } from './set-plan.js';
import { type PlannedEdit, Refusal } from './set-refusal.js';
import { rowStatus } from './syntax.js';
import type { TableRows } from './table-rows.js';

/**
 * The edits that make and move rows, those around others first. Throws inconsistentValue for what cannot be: two rows behind one, a circle,
 * and behind a row that is not there or goes.
 */
export function placeRows({ creations, placed, rows }: Plan, works: Iterable<RowWork>): PlannedEdit[] {
  if (placed.length === 0) return [...creations];
  const byRow = new Map(placed.map((each) => [idOf(each.work.rows, each.work.key), each]));
  const inPdu = new Map(Array.from(works, (work) => [idOf(work.rows, work.key), work]));
  const made = new Map(rows.filter(({ values }) => values !== undefined).map(({ work, keys }) => [work, keys]));
  const edits: PlannedEdit[] = [];
  const followed = new Set<string>();
  const state = new Map<PlacedRow, 'begun' | 'done'>();
  const place = (row: PlacedRow): void => {
    if (state.get(row) === 'done') return;
    const { work, index, after } = row;
    const anchor = idOf(work.rows, anchorKey(work, after));
    const before = byRow.get(anchor);
    if (state.get(row) === 'begun' || before === row) throw new Refusal('inconsistentValue', index);
    state.set(row, 'begun');
    if (before !== undefined) {
      if (state.get(before) === 'begun') throw new Refusal('inconsistentValue', index);
      place(before);
    }
    state.set(row, 'done');
    if (followed.has(anchor)) throw new Refusal('inconsistentValue', index);
    followed.add(anchor);
    edits.push({ index, edit: { ...row.edit, insert: placement(row, inPdu.get(anchor), made) } });
  };
  for (const row of placed) place(row);
  return [...creations, ...edits].toSorted((a, b) => a.edit.path.steps.length - b.edit.path.steps.length);
}

type Insert = NonNullable<PlannedEdit['edit']['insert']>;

function placement(
  { work, index, after }: PlacedRow,
  anchor: RowWork | undefined,
  made: Map<RowWork, RowKeys>,
): Insert {
  if (after === 0) return { where: 'first' };
  const key = anchorKey(work, after);
  const stored = key === undefined ? undefined : work.rows.index.get(key);
  const keys = (anchor && made.get(anchor)) ?? (stored?.pending === undefined ? stored?.keys : undefined);
  if (keys === undefined || anchor?.status?.value === rowStatus.destroy) throw new Refusal('inconsistentValue', index);
  return { where: 'after', anchor: keys.at(-1)! };
}

/** The row of that number beside one. */
function anchorKey({ rows, key }: RowWork, after: number): IndexKey | undefined {
  return indexKey(rows.table, [...keyArcs(rows.table, key).slice(0, -1), after]);
}

function idOf(rows: TableRows, key: IndexKey | undefined): string {
  return `${rows.table.oid.join('.')} ${String(key)}`;
}
