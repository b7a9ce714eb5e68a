/**
 * Goes through what is new or differs from the base. What is new is checked whole; of what differs only the differences, and
 * what reads them is noted in the schedule. What exists without being written is walked through as if it were.
 */
import { emptyBranch, isSelected, writtenContainer } from '../accessible.js';
import type { Instance } from '../instance.js';
import type { AnySchema, ContainerSchema, DataSchema, LeafListSchema, LeafSchema, Value } from '../schema.js';
import type { Branch, Content } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import { instancesOf, onlyInstance } from './contexts.js';
import { ListTask, ValuesTask } from './list-task.js';
import type { Pass } from './pass.js';
import type { NodePlan } from './plan.js';
import { checkRequirement } from './requirements.js';
import { type Change, change } from './schedule.js';

export class Walk {
  readonly pass: Pass;

  constructor(pass: Pass) {
    this.pass = pass;
  }

  /** Checks everything at and below a node that is new. */
  whole(node: Instance, plan: NodePlan): void {
    // A node that is new is no business of what a `when` removes.
    if (!plan.isChecked || this.pass.guardsOnly) return;
    for (const must of plan.musts) this.pass.check(must, node);
    if (plan.reference !== undefined) this.pass.check(plan.reference, node);
    if (node.branch === undefined) return;
    for (const child of plan.checked) this.#wholeChild(node, child);
    this.#require(node, plan);
  }

  /** Checks what differs in a node that was `was` in the base. */
  changed(node: Instance, was: Branch, plan: NodePlan): void {
    const now = node.branch!;
    if (now === was) return;
    const { children } = plan;
    for (let slot = 0; slot < children.length; slot++) {
      const after = now.slots[slot];
      const before = was.slots[slot];
      if (after === before) continue;
      const child = children[slot];
      if (child !== undefined) this.#changedChild(node, was, child, before, after);
    }
    for (const child of plan.selectable) this.#reselected(node, was, child);
    this.#require(node, plan);
  }

  /** A `when` of a node may have changed its mind: the node, what is required of it and what reads it are looked at again. */
  reconsider(plan: NodePlan, parent: Instance): void {
    const schema = plan.schema as DataSchema;
    const pass = this.pass;
    const isWritten = parent.branch!.get(schema) !== undefined;
    if (isWritten) pass.admit(plan, parent);
    // As if it were gone: whether it was there before, nobody knows.
    this.note(plan, change(parent, schema, 'went'));
    if (pass.guardsOnly) return;
    this.#require(parent, pass.plan.node(parent.schema)!);
    for (const unique of pass.plan.guardedUniques.get(schema) ?? [])
      pass.checkUnique(unique, parent.above(unique.list));
    if (!isWritten) this.#wholeChild(parent, plan);
  }

  /** Notes that an entry, container or leaf came, went or was changed, with all that is in it. */
  note(plan: NodePlan, what: Change): void {
    const { schedule } = this.pass;
    schedule.note(plan.readers, what);
    if (plan.schema.kind === 'list' || plan.schema.kind === 'container') schedule.note(plan.outer, what);
    if (what.kind === 'came' || this.pass.plan.pointers.length === 0) return;
    const { parent, schema, values, keys } = what;
    if (schema.kind === 'leaf-list' && values !== undefined) {
      for (const value of values.before) {
        if (!values.after.includes(value)) schedule.gone(parent.path.child(schema, [value]).toString());
      }
    } else if (what.kind === 'went') schedule.gone(parent.path.child(schema, keys).toString());
  }

  #require(node: Instance, { requirements }: NodePlan): void {
    if (this.pass.guardsOnly) return;
    for (const requirement of requirements) checkRequirement(node, requirement, this.pass);
  }

  #wholeChild(parent: Instance, plan: NodePlan): void {
    const schema = plan.schema as DataSchema;
    const content = parent.branch!.slots[schema.slot];
    if (content !== undefined) this.pass.admit(plan, parent);
    if (schema.kind === 'list') {
      if (content !== undefined)
        this.pass.push(new ListTask(parent, plan, undefined, content as ListData, this, false));
    } else if (schema.kind === 'leaf-list') {
      this.pass.push(new ValuesTask(instancesOf(parent, schema, this.pass), plan, this));
    } else {
      const node = onlyInstance(parent, schema, this.pass);
      if (node !== undefined) this.whole(node, plan);
    }
  }

  #changedChild(
    parent: Instance,
    was: Branch,
    plan: NodePlan,
    before: Content | undefined,
    after: Content | undefined,
  ): void {
    const schema = plan.schema as DataSchema;
    const isNew = after !== undefined && before === undefined;
    if (isNew && !this.pass.guardsOnly) this.pass.admit(plan, parent);
    // Where a `when` decides, nobody knows whether what was not written was there.
    const isUncertain = isNew && plan.guard !== undefined;
    switch (schema.kind) {
      case 'leaf': {
        const value = isUncertain ? undefined : effectiveValue(schema, was);
        this.#leaf(parent, plan, schema, value, effectiveValue(schema, parent.branch!));
        return;
      }
      case 'leaf-list': {
        const values = isUncertain ? noValues : effectiveValues(schema, was);
        this.#leafList(parent, plan, schema, values, effectiveValues(schema, parent.branch!));
        return;
      }
      case 'list':
        this.pass.push(
          new ListTask(parent, plan, before as ListData | undefined, after as ListData | undefined, this, true),
        );
        return;
      case 'container':
        if (isNew) this.#came(parent, plan, schema);
        else this.#container(parent, was, plan, schema);
        return;
      default:
        if (isNew) this.#came(parent, plan, schema);
        else this.note(plan, change(parent, schema, after === undefined ? 'went' : 'changed'));
    }
  }

  #leaf(
    parent: Instance,
    plan: NodePlan,
    schema: LeafSchema,
    before: Value | undefined,
    after: Value | undefined,
  ): void {
    if (after === before) return;
    const kind = after === undefined ? 'went' : before === undefined ? 'came' : 'changed';
    const values = { before: asArray(before), after: asArray(after) };
    this.note(plan, { ...change(parent, schema, kind), values });
    const node = plan.isChecked ? onlyInstance(parent, schema, this.pass) : undefined;
    if (node !== undefined) this.whole(node, plan);
  }

  #leafList(
    parent: Instance,
    plan: NodePlan,
    schema: LeafListSchema,
    before: readonly Value[],
    after: readonly Value[],
  ): void {
    if (before.length === after.length && before.every((value, index) => value === after[index])) return;
    const kind = after.length === 0 ? 'went' : before.length === 0 ? 'came' : 'changed';
    this.note(plan, { ...change(parent, schema, kind), values: { before, after } });
    if (!plan.isChecked) return;
    const known = new Set(before);
    const added = instancesOf(parent, schema, this.pass).filter((node) => !known.has(node.scalar));
    this.pass.push(new ValuesTask(added, plan, this));
  }

  /** A container without presence that is not written counts as an empty one. */
  #container(parent: Instance, was: Branch, plan: NodePlan, schema: ContainerSchema): void {
    const before = effectiveContainer(schema, was);
    const node = onlyInstance(parent, schema, this.pass);
    if (before !== undefined && node !== undefined) this.changed(node, before, plan);
    else this.note(plan, { ...change(parent, schema, 'went'), content: { before, after: undefined } });
  }

  #came(parent: Instance, plan: NodePlan, schema: ContainerSchema | AnySchema): void {
    const node = onlyInstance(parent, schema, this.pass);
    this.note(plan, { ...change(parent, schema, 'came'), content: { before: undefined, after: node?.branch } });
    if (node !== undefined) this.whole(node, plan);
  }

  /** The choice around an unwritten node may have taken or left its case. */
  #reselected(parent: Instance, was: Branch, plan: NodePlan): void {
    const schema = plan.schema as LeafSchema | LeafListSchema | ContainerSchema;
    const now = parent.branch!;
    // An empty container may be written in both and still come or go.
    const isWritten = now.slots[schema.slot] !== undefined || was.slots[schema.slot] !== undefined;
    if (schema.kind !== 'container' && isWritten) return;
    if (isSelected(schema, was) === isSelected(schema, now)) return;
    if (schema.kind === 'leaf') {
      this.#leaf(parent, plan, schema, effectiveValue(schema, was), effectiveValue(schema, now));
    } else if (schema.kind === 'leaf-list') {
      this.#leafList(parent, plan, schema, effectiveValues(schema, was), effectiveValues(schema, now));
    } else if (isSelected(schema, now)) this.#came(parent, plan, schema);
    else this.note(plan, change(parent, schema, 'went'));
  }
}

function effectiveValue(schema: LeafSchema, branch: Branch): Value | undefined {
  const written = branch.leaf(schema);
  return written !== undefined || !isSelected(schema, branch) ? written : schema.default;
}

function effectiveValues(schema: LeafListSchema, branch: Branch): readonly Value[] {
  const written = branch.leafList(schema);
  return written.length > 0 || !isSelected(schema, branch) ? written : schema.defaults;
}

function effectiveContainer(schema: ContainerSchema, branch: Branch): Branch | undefined {
  const written = writtenContainer(schema, branch);
  if (written !== undefined || schema.presence !== undefined) return written;
  return isSelected(schema, branch) ? emptyBranch(schema) : undefined;
}

function asArray(value: Value | undefined): readonly Value[] {
  return value === undefined ? noValues : [value];
}

const noValues: readonly Value[] = [];
