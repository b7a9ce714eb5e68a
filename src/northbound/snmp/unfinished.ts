/**
 * Work that is answered before it is done: jobs, and commits that take longer than a manager waits. What goes on is on disk before the
 * answer, so that after a stop in the middle its rows tell that it was interrupted. It is not taken up again: what it was given is
 * forgotten at its begin, for it may hold secrets.
 */
import type { Log } from '../../datastore/index.js';
import type { JsonObject, JsonValue } from '../../yang/index.js';
import type { Memory } from './row-numbers.js';

export interface UnfinishedRow {
  /** The OID of the table, dotted, and the sub-identifiers of the row. */
  readonly table: string;
  readonly arcs: readonly number[];
  /** That of the commit, which tells whether it is in the history; '' for a job. */
  readonly comment: string;
}

export class Unfinished {
  readonly #fact: ReturnType<Memory> | undefined;
  readonly #log: Log;
  readonly #rows = new Map<number, UnfinishedRow>();
  #last = 0;
  #waiting: Promise<void> | undefined;
  #tail: Promise<void> = Promise.resolve();

  /** Without a memory nothing outlasts the process. */
  constructor(memory?: Memory, log: Log = () => undefined) {
    this.#fact = memory?.('snmp-unfinished');
    this.#log = log;
    for (const row of readRows(this.#fact?.get())) this.#add(row);
  }

  /** With their numbers; before anything begins those of the last run. */
  rows(): readonly (readonly [number: number, row: UnfinishedRow])[] {
    return [...this.#rows];
  }

  /** `recorded` resolves when it is on disk, or when the disk did not take it, which is told. */
  begin(row: UnfinishedRow): { readonly number: number; readonly recorded: Promise<void> } {
    return { number: this.#add(row), recorded: this.#save() };
  }

  #add(row: UnfinishedRow): number {
    this.#last += 1;
    this.#rows.set(this.#last, row);
    return this.#last;
  }

  end(number: number): void {
    if (this.#rows.delete(number)) void this.#save();
  }

  /** What changes while a write waits for the one before goes with it. */
  #save(): Promise<void> {
    const fact = this.#fact;
    if (fact === undefined) return this.#tail;
    this.#waiting ??= this.#tail.then(async () => {
      this.#waiting = undefined;
      const rows = Array.from(this.#rows.values(), (row): JsonObject => ({ ...row, arcs: [...row.arcs] }));
      await fact.set(rows).catch((error: unknown) => {
        this.#log('warning', 'what SNMP has begun could not be remembered', { cause: String(error) });
      });
    });
    this.#tail = this.#waiting;
    return this.#waiting;
  }
}

function readRows(value: JsonValue | undefined): readonly UnfinishedRow[] {
  return (Array.isArray(value) ? (value as readonly JsonValue[]) : []).flatMap((each) => {
    const { table, arcs, comment } = each as JsonObject;
    return typeof table === 'string' && typeof comment === 'string' && Array.isArray(arcs)
      ? [{ table, arcs: arcs.map(Number), comment }]
      : [];
  });
}
