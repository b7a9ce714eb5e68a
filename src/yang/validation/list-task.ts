/** The entries of a list, and the values of a leaf-list, one at a time. */
import { Instance } from '../instance.js';
import type { ListSchema } from '../schema.js';
import type { Branch } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import type { EntryChange } from '../tree-moves.js';
import type { Pass, Task } from './pass.js';
import type { NodePlan } from './plan.js';
import { change } from './schedule.js';
import { UniqueCheck } from './unique.js';
import type { Walk } from './walk.js';

type Entry = Pick<EntryChange, 'before' | 'after'> & Partial<EntryChange>;

/** What came, went or changed in a list. `isNoted` is false where the whole branch around it is new, and noted as that. */
export class ListTask implements Task {
  readonly #parent: Instance;
  readonly #plan: NodePlan;
  readonly #schema: ListSchema;
  readonly #pass: Pass;
  readonly #walk: Walk;
  readonly #list: ListData | undefined;
  readonly #isNoted: boolean;
  readonly #changes: Iterator<Entry>;
  readonly #uniques: readonly UniqueCheck[];
  /** The entry that waits until the indexes of the base are there. */
  #waiting: Entry | undefined;
  #place = 0;

  constructor(
    parent: Instance,
    plan: NodePlan,
    before: ListData | undefined,
    after: ListData | undefined,
    walk: Walk,
    isNoted: boolean,
  ) {
    this.#parent = parent;
    this.#plan = plan;
    this.#schema = plan.schema as ListSchema;
    this.#walk = walk;
    this.#pass = walk.pass;
    this.#list = after;
    this.#isNoted = isNoted;
    this.#changes = changesOf(before, after);
    const { uniques } = this.#pass;
    const isKept = this.#schema.keys.length > 0 && after !== undefined && !this.#pass.guardsOnly;
    const indexed = isKept ? plan.uniques.filter(({ isGuarded }) => !isGuarded) : [];
    this.#uniques = indexed.map((unique) => new UniqueCheck(unique, after!, parent, before, uniques));
  }

  step(): boolean {
    const entry = this.#waiting ?? this.#next();
    if (entry === undefined) {
      this.#finish();
      return true;
    }
    const { run, errors } = this.#pass;
    const isTaken = this.#uniques.every((unique) => unique.take(entry.before, entry.after, run, errors));
    this.#waiting = isTaken ? undefined : entry;
    return false;
  }

  #next(): Entry | undefined {
    const { value: entry, done } = this.#changes.next();
    if (done === true) return undefined;
    const { before, after } = entry;
    if (this.#isNoted && isNotable(entry)) {
      const keys = this.#schema.keys.length === 0 ? undefined : (after ?? before)!.keys();
      const kind = after === undefined ? 'went' : before === undefined ? 'came' : 'changed';
      this.#walk.note(this.#plan, { ...change(this.#parent, this.#schema, kind), keys, content: { before, after } });
    }
    if (after !== undefined) {
      const place = this.#isNoted && this.#schema.keys.length > 0 ? -1 : this.#place++;
      const node = new Instance(this.#parent, this.#schema, after, undefined, place);
      if (before === undefined) this.#walk.whole(node, this.#plan);
      else this.#walk.changed(node, before, this.#plan);
    }
    return entry;
  }

  #finish(): void {
    for (const unique of this.#uniques) unique.keep();
    if (this.#list === undefined || this.#pass.guardsOnly) return;
    for (const unique of this.#plan.uniques) {
      if (unique.isGuarded || this.#schema.keys.length === 0) {
        this.#pass.checkUnique(unique, new Instance(this.#parent, this.#schema, undefined, undefined, -1));
      }
    }
  }
}

/** Values of a leaf-list that are new. */
export class ValuesTask implements Task {
  readonly #values: Iterator<Instance>;
  readonly #plan: NodePlan;
  readonly #walk: Walk;

  constructor(values: Iterable<Instance>, plan: NodePlan, walk: Walk) {
    this.#values = values[Symbol.iterator]();
    this.#plan = plan;
    this.#walk = walk;
  }

  step(): boolean {
    const { value: node, done } = this.#values.next();
    if (done === true) return true;
    this.#walk.whole(node as Instance, this.#plan);
    return false;
  }
}

/** Entries that only hold something else now are noted by what that is. */
function isNotable({ before, after, positionBefore, positionAfter }: Entry): boolean {
  return before === undefined || after === undefined || positionBefore !== positionAfter;
}

function changesOf(before: ListData | undefined, after: ListData | undefined): Iterator<Entry> {
  if (before !== undefined && after !== undefined) return after.changesSince(before)[Symbol.iterator]();
  return each(before ?? after ?? [], before !== undefined);
}

function* each(entries: Iterable<Branch>, isGone: boolean): Iterator<Entry> {
  for (const entry of entries) yield isGone ? { before: entry, after: undefined } : { before: undefined, after: entry };
}
