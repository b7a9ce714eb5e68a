/** The columns of a row in a SET: what makes a row complete, and the edit that each assignment stands for. */
import type { Edit } from '../../datastore/index.js';
import {
  Branch,
  type ContainerSchema,
  type InstanceIdentifier,
  type LeafSchema,
  type Value,
} from '../../yang/index.js';
import { mayBeUnset } from './mapping.js';
import type { MibObject, MibTable } from './model.js';
import type { Assignment } from './set-plan.js';
import { type PlannedEdit, Refusal } from './set-refusal.js';

/**
 * The edit for a value that is assigned to a scalar or column below `path`; undefined where it changes nothing. `siblings` are the
 * objects beside it, which an Unset object takes away. 'inconsistentValue' where there is none of that number that may go.
 */
export function editOf(
  object: MibObject,
  value: Value,
  path: InstanceIdentifier,
  siblings: readonly MibObject[],
): Edit | undefined | 'inconsistentValue' {
  if (object.kind === 'unset') {
    if (value === 0) return undefined;
    const target = unsetTarget(value, siblings);
    return target === undefined ? 'inconsistentValue' : { operation: 'remove', path: below(path, target) };
  }
  if (object.kind === 'storageType') return undefined;
  const at = below(path, object);
  if (object.kind !== 'presence') return { operation: 'merge', path: at, content: value };
  if (value !== true) return { operation: 'remove', path: at };
  return { operation: 'merge', path: at, content: new Branch(object.schema as ContainerSchema) };
}

/** What the sub-identifier in an Unset object means. */
export function unsetTarget(value: Value, siblings: readonly MibObject[]): MibObject | undefined {
  return siblings.find((each) => each.oid.at(-1) === value && mayBeUnset(each));
}

/** The position of a key column of a numbered table among its keys; undefined for other columns. */
export function ownKey(object: MibObject): number | undefined {
  const { schema } = object.table!;
  if (schema.kind === 'leaf-list') return object.kind === 'value' || object.kind === 'digest' ? 0 : undefined;
  if (schema.kind !== 'list') return undefined;
  const position = schema.keys.indexOf(object.schema as LeafSchema);
  return position < 0 ? undefined : position;
}

/** Undefined where one is missing. */
export function ownKeys(table: MibTable, values: ReadonlyMap<MibObject, Value>): readonly Value[] | undefined {
  const keys: Value[] = [];
  for (const [object, value] of values) {
    const key = ownKey(object);
    if (key !== undefined) keys[key] = value;
  }
  const count = table.schema.kind === 'list' ? table.schema.keys.length : 1;
  return keys.length === count && !keys.includes(undefined as never) ? keys : undefined;
}

/** True where all that the entry must have whatever else is in it is there: its keys, and mandatory leafs. */
export function isComplete(table: MibTable, values: ReadonlyMap<MibObject, Value>): boolean {
  if (table.numbered && ownKeys(table, values) === undefined) return false;
  return table.columns.every((object) => !isRequired(object) || values.has(object));
}

function isRequired(object: MibObject): boolean {
  if ((object.kind !== 'leaf' && object.kind !== 'digest') || object.schema.kind !== 'leaf' || !object.schema.mandatory)
    return false;
  if (isInCase(object.schema) || isConditional(object)) return false;
  return object.steps.every((step) => step.kind !== 'container' || step.presence === undefined);
}

/** What a case must have is required where that case is chosen (RFC 7950 7.9.4), which the commit judges. */
function isInCase(leaf: LeafSchema): boolean {
  let at: LeafSchema['parent'] = leaf.parent;
  while (at !== undefined && at.kind === 'container') at = at.parent;
  return at?.kind === 'case' || at?.kind === 'choice';
}

/** A mandatory leaf must be there only where its `when` is true (RFC 7950 7.6.5), which the commit judges. */
function isConditional({ schema, steps }: MibObject): boolean {
  return [schema, ...steps].some((node) => 'when' in node && node.when.length > 0);
}

export function below(path: InstanceIdentifier, object: MibObject): InstanceIdentifier {
  return object.steps.reduce((at, step) => at.child(step), path);
}

/** Plans the edit of one assignment. */
export function change(
  changes: PlannedEdit[],
  { object, value, index }: Assignment,
  path: InstanceIdentifier,
  siblings: readonly MibObject[],
): void {
  const edit = editOf(object, value, path, siblings);
  if (edit === undefined) return;
  if (edit === 'inconsistentValue') throw new Refusal('inconsistentValue', index);
  changes.push({ index, edit });
}
