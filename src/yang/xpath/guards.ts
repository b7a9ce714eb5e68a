/**
 * `when` (RFC 7950 7.21.5), as far as it decides whether a node that nobody wrote exists: a default in use, a container
 * without presence. Expressions are bound when they are first needed, since they may be about each other.
 */
import { ConfigError } from '../../error.js';
import { type AccessibleTree, dataParent, guardsOf } from '../accessible.js';
import { Instance, type NodeSchema } from '../instance.js';
import type { ChoiceSchema, Constraint, DataSchema, Schema } from '../schema.js';
import { type BoundExpression, bindCondition, type MaskedNodes } from './binder.js';
import type { Run } from './bound.js';
import { type ChildAccess, childAccess } from './children.js';

export interface Guard {
  readonly constraint: Constraint;
  /** Whether the node may exist below `parent`. */
  holds(parent: Instance, run: Run): boolean;
  /** What it reads; the first context node is the parent. */
  readonly bound: BoundExpression<boolean>;
}

export class Guards {
  readonly schema: Schema;
  readonly tree: AccessibleTree;
  readonly #guards = new Map<DataSchema | ChoiceSchema, readonly Guard[]>();
  readonly #accesses = new Map<NodeSchema, ChildAccess>();
  readonly #config: Guards | undefined;

  /** `config` guards configuration nodes, whose conditions see less, where `tree` has state too. */
  constructor(schema: Schema, tree: AccessibleTree, config?: Guards) {
    this.schema = schema;
    this.tree = tree;
    this.#config = config;
  }

  access(child: NodeSchema): ChildAccess {
    let access = this.#accesses.get(child);
    if (access === undefined) {
      access = childAccess(child, this);
      this.#accesses.set(child, access);
    }
    return access;
  }

  has(schema: DataSchema | ChoiceSchema): boolean {
    return guardsOf(schema).length > 0;
  }

  of(schema: DataSchema | ChoiceSchema): readonly Guard[] {
    if (schema.config && this.#config !== undefined) return this.#config.of(schema);
    let guards = this.#guards.get(schema);
    if (guards === undefined) {
      guards = guardsOf(schema).map(({ constraint, onParent }) => this.#bind(schema, constraint, onParent));
      this.#guards.set(schema, guards);
    }
    return guards;
  }

  hold(schema: DataSchema | ChoiceSchema, parent: Instance, run: Run): boolean {
    return this.of(schema).every((guard) => guard.holds(parent, run));
  }

  #bind(schema: DataSchema | ChoiceSchema, constraint: Constraint, onParent: boolean): Guard {
    const parentSchema = dataParent(schema) ?? this.tree.root;
    const own = schema.kind === 'choice' ? undefined : schema;
    const masked: MaskedNodes = {
      parent: parentSchema,
      nodes: onParent || own === undefined ? this.#addedWith(parentSchema, constraint) : [own],
    };
    const context = onParent || own === undefined ? parentSchema : own;
    const bound = bindCondition(constraint.expression, context, this, masked);
    const guard: Guard = {
      constraint,
      bound,
      holds: (parent, run) => {
        const dummy = context === own ? new Instance(parent, own, undefined, undefined, 0) : undefined;
        return holds(guard, parent, dummy, run);
      },
    };
    return guard;
  }

  /** The nodes below one parent that the same uses, augment, case or choice brought. */
  #addedWith(parent: NodeSchema, { position, text }: Constraint): readonly DataSchema[] {
    if (!('dataChildren' in parent)) return [];
    return parent.dataChildren.filter((child) =>
      guardsOf(child).some(
        ({ constraint, onParent }) =>
          onParent &&
          constraint.text === text &&
          constraint.position.file === position.file &&
          constraint.position.line === position.line &&
          constraint.position.column === position.column,
      ),
    );
  }
}

/** A condition that depends on itself does not hold: what it is about is not in use. */
function holds(guard: Guard, parent: Instance, dummy: Instance | undefined, run: Run): boolean {
  const { guarding, current, position, size, mask } = run;
  if (guarding.some((each) => each.guard === guard && each.parent.is(parent))) return false;
  if (guarding.length >= maxDepth) {
    throw new ConfigError({ tag: 'resource-denied', message: 'too many when conditions depend on each other' });
  }
  guarding.push({ guard, parent });
  const context = dummy ?? parent;
  run.current = context;
  run.position = 1;
  run.size = 1;
  run.mask = { parent, dummy };
  const result = guard.bound.evaluate(context, run);
  run.mask = mask;
  run.size = size;
  run.position = position;
  run.current = current;
  guarding.pop();
  return result;
}

const maxDepth = 32;
