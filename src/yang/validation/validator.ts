/**
 * Validation of data (RFC 7950 section 8): whole trees, trees against one that is known to be valid, and the input, output
 * and content of operations and notifications. Against a base the cost follows the change, except for conditions whose
 * expression itself reads a whole list: those are evaluated once for each of their nodes.
 */
import type { ConfigError } from '../../error.js';
import type { Body, View } from '../accessible.js';
import { Instance } from '../instance.js';
import { InstanceIdentifier } from '../path.js';
import type { Schema } from '../schema.js';
import { inSlices, neverDue } from '../slices.js';
import { type Branch, DataTree } from '../tree.js';
import { instanceAt } from './contexts.js';
import { Pass, type Unwanted } from './pass.js';
import { Plan } from './plan.js';
import { UniqueIndexes } from './unique.js';
import { Indexes } from './value-index.js';

export interface ValidatorOptions {
  /** `config`, the default: configuration alone; state in a tree is passed over. `all`: state must satisfy the schema too. */
  readonly view?: View;
}

export class Validator {
  readonly #schema: Schema;
  readonly #view: View;
  /** Made when it is first asked for: an agent that only starts validates nothing. */
  #ownPlan: Plan | undefined;
  readonly #bodies = new Map<Body, Plan>();
  readonly #indexes = new Indexes();
  readonly #uniques = new UniqueIndexes();

  constructor(schema: Schema, options: ValidatorOptions = {}) {
    this.#schema = schema;
    this.#view = options.view ?? 'config';
  }

  /**
   * Every refusal of the schema, up to a limit; none where the tree is valid. `base` is a valid tree, most of which `tree`
   * shares. Tags and app-tags are those of RFC 7950 section 15 and 8.3, paths those of the nodes at fault.
   */
  validate(tree: DataTree, base?: DataTree): readonly ConfigError[] {
    const pass = this.#pass(tree, base);
    pass.advance(neverDue);
    return pass.errors.all();
  }

  /** As `validate`, letting others run in between. */
  async validateInSlices(tree: DataTree, base?: DataTree): Promise<readonly ConfigError[]> {
    const pass = this.#pass(tree, base);
    await inSlices((isDue) => pass.advance(isDue), stride);
    return pass.errors.all();
  }

  /**
   * What RFC 7950 8.2 does to a tree before it is validated: nodes of `base` whose `when` has turned false are removed, and
   * what depends on those, and so on. New nodes stay, for validation to refuse. The same tree where there is nothing to do.
   */
  settle(tree: DataTree, base: DataTree): DataTree {
    const settling = new Settling(tree, base);
    for (let pass = this.#next(settling); pass !== undefined; pass = this.#next(settling)) {
      pass.advance(neverDue);
      settling.remove(pass.unwanted);
    }
    return settling.tree;
  }

  /** As `settle`, letting others run in between. */
  async settleInSlices(tree: DataTree, base: DataTree): Promise<DataTree> {
    const settling = new Settling(tree, base);
    for (let pass = this.#next(settling); pass !== undefined; pass = this.#next(settling)) {
      const current = pass;
      await inSlices((isDue) => current.advance(isDue), stride);
      settling.remove(pass.unwanted);
    }
    return settling.tree;
  }

  /**
   * Judges the input, output or content of an operation or notification. `at` is the instance path of the operation or
   * notification; `seen` gives what its conditions see beside it, configuration and state (RFC 7950 6.4.1), and is asked
   * only where one of them looks there.
   */
  validateBody(body: Branch, at: InstanceIdentifier, seen: () => DataTree): readonly ConfigError[] {
    const { schema } = body;
    if (schema.kind !== 'input' && schema.kind !== 'output' && schema.kind !== 'notification') {
      throw new RangeError(`${at.toString()} is no operation or notification`);
    }
    let plan = this.#bodies.get(schema);
    if (plan === undefined) {
      plan = new Plan(this.#schema, 'all', schema);
      this.#bodies.set(schema, plan);
    }
    const tree = plan.seesTree ? seen() : DataTree.empty(this.#schema);
    const parent = instanceAt(tree, at.parent ?? InstanceIdentifier.root);
    const pass = new Pass({
      plan,
      tree: tree.root,
      base: undefined,
      body: new Instance(parent, schema, body, undefined, -1),
      indexes: this.#indexes,
      uniques: this.#uniques,
    });
    pass.advance(neverDue);
    return pass.errors.all();
  }

  get #plan(): Plan {
    this.#ownPlan ??= new Plan(this.#schema, this.#view);
    return this.#ownPlan;
  }

  #next({ tree, before, isDone }: Settling): Pass | undefined {
    return isDone || !this.#plan.hasGuards ? undefined : this.#pass(tree, before, true);
  }

  #pass(tree: DataTree, base: DataTree | undefined, guardsOnly = false): Pass {
    return new Pass({
      plan: this.#plan,
      tree: tree.root,
      base: base?.root,
      indexes: this.#indexes,
      uniques: this.#uniques,
      guardsOnly,
    });
  }
}

/** A tree from which nodes are removed until nothing more is to go. */
class Settling {
  tree: DataTree;
  /** The tree of the round before. */
  before: DataTree;
  readonly #base: DataTree;
  #rounds = 0;

  constructor(tree: DataTree, base: DataTree) {
    this.tree = tree;
    this.before = base;
    this.#base = base;
  }

  /** Each round removes something, but a condition that keeps changing its mind about others must end somewhere. */
  get isDone(): boolean {
    return this.tree === this.before || this.#rounds >= maxRounds;
  }

  remove(unwanted: readonly Unwanted[]): void {
    const editor = this.tree.edit();
    for (const { parent, schema } of unwanted) {
      const path = parent.path.child(schema);
      if (this.#base.get(path) !== undefined) editor.remove(path);
    }
    this.before = this.tree;
    this.tree = editor.finish();
    this.#rounds++;
  }
}

const maxRounds = 64;
/** Steps between two looks at the clock. */
const stride = 16;
