/**
 * One validation of one tree: a list of work that can be stopped anywhere. First what differs is walked through; then come
 * the conditions that read what changed, and what follows from those, until nothing is left.
 */
import { ConfigError } from '../../error.js';
import { Instance } from '../instance.js';
import type { InstanceIdentifier } from '../path.js';
import type { ChoiceSchema, Constraint, DataSchema, LeafListSchema, LeafSchema } from '../schema.js';
import type { IsDue } from '../slices.js';
import type { Branch } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import { Run } from '../xpath/bound.js';
import type { Guard } from '../xpath/guards.js';
import { writtenInstances } from './contexts.js';
import { Errors } from './errors.js';
import type { Check, NodePlan, Plan } from './plan.js';
import type { IndexedRun } from './reference.js';
import { Schedule } from './schedule.js';
import { checkWhole, type UniqueIndexes, type UniquePlan } from './unique.js';
import type { Indexes, ValueIndex } from './value-index.js';
import { Walk } from './walk.js';

/** A piece of work that is done step by step; true when it is finished. */
export interface Task {
  step(): boolean;
}

export interface PassOptions {
  readonly plan: Plan;
  /** The root of the tree; with a body the tree that the body's conditions see. */
  readonly tree: Branch;
  /** The root of a valid tree, most of which `tree` shares. */
  readonly base: Branch | undefined;
  readonly body?: Instance | undefined;
  readonly indexes: Indexes;
  readonly uniques: UniqueIndexes;
  /** Only finds nodes whose `when` is false. */
  readonly guardsOnly?: boolean;
}

/** A node that is there although its `when` is false. */
export interface Unwanted {
  readonly parent: Instance;
  readonly schema: DataSchema;
}

export class Pass implements IndexedRun {
  readonly plan: Plan;
  readonly run: Run;
  readonly errors = new Errors();
  readonly uniques: UniqueIndexes;
  readonly unwanted: Unwanted[] = [];
  readonly schedule: Schedule;
  readonly guardsOnly: boolean;
  readonly #tree: Branch;
  readonly #base: Branch | undefined;
  readonly #indexes: Indexes;
  readonly #tasks: Task[] = [];
  readonly #checkedLists = new Map<UniquePlan, Set<ListData>>();
  #isCarried = false;
  #steps: number = validationLimits.steps;

  constructor(options: PassOptions) {
    const { plan, tree, base, body, indexes, uniques } = options;
    this.plan = plan;
    this.uniques = uniques;
    this.guardsOnly = options.guardsOnly ?? false;
    this.#tree = tree;
    this.#base = base;
    this.#indexes = indexes;
    const root = Instance.root(tree);
    this.run = new Run(root, 0, body);
    const walk = new Walk(this);
    this.schedule = new Schedule(this, walk);
    const top = body ?? root;
    if (base === undefined) walk.whole(top, plan.top);
    else if (base !== tree) walk.changed(top, base, plan.top);
  }

  /** What the conditions may still cost. */
  get stepsLeft(): number {
    return this.#steps;
  }

  /** Works on; true when all is done or too much was found. */
  advance(isDue: IsDue): boolean {
    const tasks = this.#tasks;
    while (!this.errors.isFull) {
      const task = tasks.at(-1) ?? this.schedule.next() ?? this.#carrying();
      if (task === undefined) break;
      if (tasks.length === 0) tasks.push(task);
      if (isDue()) return false;
      if (task.step()) tasks.splice(tasks.lastIndexOf(task), 1);
    }
    return true;
  }

  push(task: Task): void {
    this.#tasks.push(task);
  }

  index(leaf: LeafSchema | LeafListSchema): ValueIndex {
    return this.#indexes.of(leaf, this.#tree, this.#base);
  }

  /** Evaluates a check at one of its context nodes, and tells what does not hold. */
  check(check: Exclude<Check, { kind: 'guard' }>, node: Instance): void {
    if (this.guardsOnly) return;
    if (check.kind === 'reference') {
      const missing = this.#evaluate(() => check.reference.missing(node, this), node, 'the reference');
      if (missing !== undefined) {
        this.errors.add({
          tag: 'data-missing',
          appTag: 'instance-required',
          path: node.path.toString(),
          message: missing,
        });
      }
      return;
    }
    const { constraint, holds } = check;
    const result = this.#evaluate(() => holds(node, this.run), node, `must "${constraint.text}"`);
    if (result === false) this.#violated(constraint, node.path);
  }

  /** Whether a node that is written below `parent` may be there; tells where it may not. */
  admit(plan: NodePlan, parent: Instance): boolean {
    const { guard } = plan;
    if (guard === undefined) return true;
    const failed = guard.guards.find((each) => !this.#holds(each, parent));
    if (failed === undefined) return true;
    const schema = plan.schema as DataSchema;
    if (this.guardsOnly) {
      this.unwanted.push({ parent, schema });
      return false;
    }
    for (const node of writtenInstances(parent, schema)) {
      this.errors.add({
        tag: 'unknown-element',
        path: node.path.toString(),
        message: `${schema.name} must not be here: when "${failed.constraint.text}" is false`,
        info: { 'bad-element': schema.name },
      });
      if (this.errors.isFull) break;
    }
    return false;
  }

  /** Whether every `when` of a node that is not written lets it be. */
  isAllowed(schema: DataSchema | ChoiceSchema, parent: Instance): boolean {
    const { guards } = this.plan;
    return !guards.has(schema) || guards.of(schema).every((guard) => this.#holds(guard, parent));
  }

  /** Reads a whole list for one unique statement, once in a pass; `entry` is any entry of it. */
  checkUnique(unique: UniquePlan, entry: Instance): void {
    const parent = entry.parent!;
    const list = parent.branch!.list(unique.list);
    if (list === undefined || this.guardsOnly) return;
    const checked = this.#checkedLists.get(unique);
    if (checked?.has(list) === true) return;
    this.#checkedLists.set(unique, (checked ?? new Set()).add(list));
    this.#evaluate(() => checkWhole(unique, list, parent, this.run, this.errors), parent, 'unique');
  }

  /** Keeps the indexes of the base for a tree that turned out to be valid; undefined when that is done. */
  #carrying(): Task | undefined {
    if (this.#isCarried || !this.errors.isEmpty || this.#base === undefined || this.guardsOnly) return undefined;
    this.#isCarried = true;
    const steps = this.#indexes.carry(this.#base, this.#tree);
    return { step: () => steps.next().done === true };
  }

  #holds(guard: Guard, parent: Instance): boolean {
    const what = `when "${guard.constraint.text}"`;
    return this.#evaluate(() => guard.holds(parent, this.run), parent, what) ?? true;
  }

  /** What goes wrong in an evaluation is an error of the node; undefined then. */
  #evaluate<T>(work: () => T, node: Instance, what: string): T | undefined {
    const { run } = this;
    const budget = Math.min(validationLimits.stepsAtOnce, this.#steps);
    run.begin(node);
    run.refill(budget);
    try {
      return work();
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      this.errors.add({ tag: thrown.tag, path: node.path.toString(), message: `${what}: ${thrown.message}` });
      return undefined;
    } finally {
      this.#steps -= budget - Math.max(0, run.refill(0));
    }
  }

  /** RFC 7950 15.4, or as the module wants it. */
  #violated(constraint: Constraint, path: InstanceIdentifier): void {
    this.errors.add({
      tag: 'operation-failed',
      appTag: constraint.errorAppTag ?? 'must-violation',
      path: path.toString(),
      message: constraint.errorMessage ?? `must "${constraint.text}" does not hold`,
    });
  }
}

/** What conditions may cost, in nodes passed. */
export const validationLimits = {
  /** One condition at one node: some tenths of a second. */
  stepsAtOnce: 10_000_000,
  /** All conditions of one validation together. */
  steps: 1_000_000_000,
} as const;
