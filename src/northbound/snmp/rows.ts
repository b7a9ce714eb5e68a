/**
 * The rows of every table, in SNMP order, kept current by commits: what a change costs follows the change. Rows under construction
 * (RowStatus createAndWait) stand here too, outside the datastore.
 */
import { type DatastoreEvent, type Difference, EntryPath, type Log, type Session } from '../../datastore/index.js';
import {
  Branch,
  type ContainerSchema,
  type Content,
  type DataSchema,
  InstanceIdentifier,
  ListData,
  type PathStep,
  type Value,
} from '../../yang/index.js';
import type { RowKeys } from './instance.js';
import type { Mib, MibObject, MibTable } from './model.js';
import type { OrderedIndex } from './ordered-index.js';
import type { Presence } from './presence.js';
import { type Memory, RowNumbers } from './row-numbers.js';
import { stepwise, Unready } from './sliced.js';
import { type Order, type Row, TableRows, textOf } from './table-rows.js';

/**
 * How long a snapshot of a list of state, which no commit tells of, is served: seconds. One that took long to make is served
 * twenty times as long as that, so that a station that polls takes at most a twentieth of the processor for it.
 */
const stateLifetime = { least: 1, most: 60, ofCost: 20 } as const;

const none: ReadonlySet<object> = new Set();

export class Rows {
  readonly #session: Session;
  readonly #now: () => number;
  /** That of a table which augments another is the other's. */
  readonly #stores = new Map<MibTable, TableRows>();
  readonly #all: readonly TableRows[];
  /** By the list or leaf-list that a table stands for. */
  readonly #byList = new Map<DataSchema, TableRows>();
  /** Tables at or below a schema node, those around others first. */
  readonly #below = new Map<DataSchema, TableRows[]>();
  /** What the request that is being answered has waited for: that is not made anew once more. */
  waited: ReadonlySet<object> = none;

  /** `session` sees everything; `now` gives monotonic seconds; `memory` keeps row numbers. */
  constructor(mib: Mib, session: Session, now: () => number, memory: Memory | undefined, log: Log) {
    this.#session = session;
    this.#now = now;
    const own = mib.tables.filter(
      (table) => table.augments === undefined && table.segments === undefined && table.operation === undefined,
    );
    const outerFirst = own.toSorted((a, b) => a.steps.length - b.steps.length);
    for (const table of outerFirst) {
      const store = new TableRows(
        table,
        table.parent === undefined ? undefined : this.#stores.get(table.parent),
        // those of state last as long as the process
        new RowNumbers(table.oid.join('.'), table.config && table.numbered ? memory : undefined, log),
      );
      this.#stores.set(table, store);
      this.#byList.set(table.steps.at(-1)!, store);
      for (const step of table.steps) {
        const stores = this.#below.get(step);
        if (stores === undefined) this.#below.set(step, [store]);
        else stores.push(store);
      }
    }
    this.#all = [...this.#stores.values()];
    for (const table of mib.tables)
      if (table.augments !== undefined) this.#stores.set(table, this.#stores.get(table.augments)!);
    for (const table of mib.tables) {
      const outer = table.segments === undefined ? undefined : table.parent;
      if (outer !== undefined) this.#stores.get(outer)?.keepNested();
    }
    this.#load();
  }

  #load(): void {
    const { root } = this.#session.tree('running');
    for (const store of this.#all) {
      if (store.table.config) visit(root, store.table.steps, 0, [], (keys) => store.add(keys));
    }
  }

  /** Those of a segment table are the rows around it. Throws Unready where there are many to be read first. */
  of(table: MibTable): TableRows {
    const store = this.store(table);
    if (!table.config) this.#refresh(store);
    return store;
  }

  /**
   * The rows that have a value in a column of such a table, in the order of its rows or in that of nested ones. Throws Unready
   * where many have to be looked at first.
   */
  present(store: TableRows, object: MibObject, hasValue: (row: Row) => boolean, order: Order): OrderedIndex<Row> {
    const known = store.presence(object, order);
    const now = this.#now();
    // what is computed, or follows from other leafs, may change without a commit that tells of this row
    if (known !== undefined && (isStored(object) || now < known.due || this.waited.has(known))) return known.index;
    let growing = store.growing(object, order);
    if (growing === undefined) {
      growing = this.#grow(store, object, hasValue, order);
      if (growing.ready === undefined) return growing.index;
    }
    if (known !== undefined && now < known.usable) return known.index;
    throw new Unready(growing, growing.ready!);
  }

  #grow(store: TableRows, object: MibObject, hasValue: (row: Row) => boolean, order: Order): Presence<Row> {
    const presence = store.track(object, order, hasValue);
    try {
      presence.ready = stepwise(
        presence.fill(() => store.index),
        (seconds) => {
          [presence.due, presence.usable] = this.#lifetime(seconds);
          store.settle(object, order, presence);
        },
      );
    } catch (error) {
      store.abandon(object, order);
      throw error;
    }
    // whoever waits is told of what went wrong
    presence.ready?.catch(() => store.abandon(object, order));
    return presence;
  }

  /** As `of`, but a list of state is not read now. */
  store(table: MibTable): TableRows {
    return this.#stores.get(table)!;
  }

  /** Takes over what a commit changed. */
  update(event: DatastoreEvent): void {
    if (event.kind === 'missed') {
      for (const store of this.#all) store.forget();
      this.#load();
    }
    if (event.kind !== 'commit') return;
    // state may be computed from any configuration
    for (const store of this.#all) if (!store.table.config) store.expire();
    for (const difference of event.differences) this.#apply(difference);
  }

  #apply(difference: Difference): void {
    this.#touch(difference.path);
    const last = difference.path.last?.schema;
    const stores = last === undefined ? this.#all : this.#below.get(last as DataSchema);
    if (stores === undefined || difference.kind === 'moved') return;
    for (const store of stores) {
      if (!store.table.config) continue;
      const before = collect(store.table, difference.path, difference.before);
      const after = collect(store.table, difference.path, difference.after);
      for (const [text, keys] of before) if (!after.has(text)) store.remove(keys);
      for (const [text, keys] of after) {
        if (!before.has(text) || !store.has(keys)) store.add(keys);
        else store.touch(keys);
      }
    }
  }

  /** What changed inside an entry may be a column of its row. */
  #touch(path: InstanceIdentifier): void {
    const keys: (readonly Value[])[] = [];
    let inside: TableRows | undefined;
    for (const step of path.steps.slice(0, -1)) {
      if (step.keys === undefined) continue;
      keys.push(step.keys);
      inside = this.#byList.get(step.schema as DataSchema);
    }
    if (path.last?.keys === undefined) inside?.touch(keys);
  }

  #refresh(store: TableRows): void {
    const now = this.#now();
    if (now < store.due || this.waited.has(store)) return;
    if (store.reading === undefined) {
      const { parent } = store;
      const outer = parent === undefined ? undefined : this.of(parent.table);
      const fresh = store.empty();
      store.isVoid = false;
      const work = stepwise(this.#readAll(fresh, outer), (seconds) => {
        store.adopt(fresh);
        if (!store.isVoid) [store.due, store.usable] = this.#lifetime(seconds);
      });
      if (work === undefined) return;
      const reading = work.finally(() => {
        store.reading = undefined;
      });
      store.reading = reading;
      // whoever waits is told of what went wrong
      reading.catch(() => undefined);
    }
    if (now < store.usable) return;
    // what a commit has made void is not for those who ask behind it: they wait for the next
    throw new Unready(store.isVoid ? {} : store, store.reading);
  }

  /** Those of a nested list one row around them at a step; rows may come and go in between. */
  *#readAll(store: TableRows, outer: TableRows | undefined): Generator<void> {
    const { table } = store;
    if (outer === undefined) {
      this.#readState(store, InstanceIdentifier.root, [], table.steps);
      return;
    }
    const inner = table.steps.slice(outer.table.steps.length);
    let cursor = outer.index.first();
    while (cursor !== undefined) {
      const row = outer.index.at(cursor);
      this.#readState(store, rowPath(outer.table, row), row.keys, inner);
      yield;
      cursor = outer.index.after(row.key);
    }
  }

  /** Until when what took so long to make is fresh, and until when it is shown while it is made anew: seconds of the clock. */
  #lifetime(seconds: number): readonly [due: number, usable: number] {
    const { least, most, ofCost } = stateLifetime;
    const lifetime = Math.min(most, Math.max(least, seconds * ofCost));
    const now = this.#now();
    return [now + lifetime, now + 2 * lifetime];
  }

  #readState(store: TableRows, from: InstanceIdentifier, outer: RowKeys, steps: readonly DataSchema[]): void {
    const path = steps.reduce((at, step) => at.child(step), from);
    const content = this.#session.get(path, 'operational');
    if (content !== undefined) visitAt(content, steps, steps.length - 1, outer, (keys) => store.add(keys));
  }
}

/** True where only a commit that tells of its row changes whether a column has a value. */
export function isStored({ schema }: MibObject): boolean {
  return schema.config && !(schema.kind === 'leaf' && schema.default !== undefined);
}

/** The path of a row's entry; remembered, for a walk asks once for each column. */
export function rowPath(table: MibTable, row: Row): EntryPath {
  row.path ??= entryPath(table, row.keys);
  return row.path;
}

export function entryPath(table: Pick<MibTable, 'steps'>, keys: RowKeys): EntryPath {
  let list = 0;
  const steps: PathStep[] = table.steps.map((schema) => {
    if (schema.kind === 'container') return stepInto(schema);
    const own = keys[list++]!;
    const isKeyless = schema.kind === 'list' && schema.keys.length === 0;
    return isKeyless ? { schema, keys: undefined, position: Number(own[0]) } : { schema, keys: own };
  });
  return new EntryPath(steps);
}

/** One for all rows: a path is kept for each of them. */
function stepInto(schema: ContainerSchema): PathStep {
  const known = containerSteps.get(schema);
  if (known !== undefined) return known;
  const step: PathStep = { schema, keys: undefined };
  containerSteps.set(schema, step);
  return step;
}

const containerSteps = new WeakMap<ContainerSchema, PathStep>();

/** The rows of a table in the content at a path, by the text of their keys. */
function collect(table: MibTable, path: InstanceIdentifier, content: Content | undefined): Map<string, RowKeys> {
  const found = new Map<string, RowKeys>();
  if (content === undefined) return found;
  const outer: (readonly Value[])[] = [];
  for (const step of path.steps) {
    if (step.schema.kind !== 'container' && step.keys !== undefined) outer.push(step.keys);
  }
  const last = path.last;
  const note = (keys: RowKeys) => found.set(textOf(keys), keys);
  if (last !== undefined && last.keys !== undefined && path.steps.length === table.steps.length) note(outer);
  else if (last?.keys !== undefined) visit(content as Branch, table.steps, path.steps.length, outer, note);
  else if (last === undefined) visit(content as Branch, table.steps, 0, outer, note);
  else visitAt(content, table.steps, path.steps.length - 1, outer, note);
  return found;
}

/** Calls back with the keys of each row under a branch; `steps[depth]` is a child of it. */
function visit(
  branch: Branch,
  steps: readonly DataSchema[],
  depth: number,
  outer: RowKeys,
  emit: (keys: RowKeys) => void,
): void {
  const content = branch.get(steps[depth]!);
  if (content !== undefined) visitAt(content, steps, depth, outer, emit);
}

/** The same for the content of `steps[depth]` itself. */
function visitAt(
  content: Content,
  steps: readonly DataSchema[],
  depth: number,
  outer: RowKeys,
  emit: (keys: RowKeys) => void,
): void {
  const isLast = depth === steps.length - 1;
  if (content instanceof ListData) {
    let position = 0;
    for (const entry of content) {
      position += 1;
      const own = entry.keys();
      const keys = [...outer, own.length === 0 ? [position] : own];
      if (isLast) emit(keys);
      else visit(entry, steps, depth + 1, keys, emit);
    }
  } else if (content instanceof Branch) {
    visit(content, steps, depth + 1, outer, emit);
  } else if (Array.isArray(content)) {
    for (const value of content as readonly Value[]) emit([...outer, [value]]);
  }
}

/** The own keys of the entry before one in the user's order; undefined for the first. */
export function previousKeys(session: Session, table: MibTable, keys: RowKeys): readonly Value[] | undefined {
  const { steps } = entryPath(table, keys);
  const list = new InstanceIdentifier([...steps.slice(0, -1), { schema: steps.at(-1)!.schema, keys: undefined }]);
  const content = session.tree('running').get(list);
  const own = keys.at(-1)!;
  if (content instanceof ListData) return content.previous(own)?.keys();
  const values = Array.isArray(content) ? (content as readonly Value[]) : [];
  const at = values.indexOf(own[0]!);
  return at > 0 ? [values[at - 1]!] : undefined;
}
