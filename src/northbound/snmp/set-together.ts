/**
 * Assignments of one PDU are as if simultaneous (RFC 3416 section 4.2.5): two that cannot both hold are refused, whichever comes first,
 * and the second is at fault.
 */
import { choicesAround, type InstanceIdentifier, type SchemaNode } from '../../yang/index.js';
import { type PlannedEdit, Refusal } from './set-refusal.js';

/** Throws inconsistentValue for what is set at or below what goes, and for nodes of two cases of one choice (RFC 7950 section 7.9). */
export function checkTogether(edits: readonly PlannedEdit[]): void {
  const gone = new Map<string, number>();
  for (const { index, edit } of edits)
    if (edit.operation === 'remove') gone.set(instancesTo(edit.path).at(-1)?.name ?? '', index);
  const chosen = new Map<string, { readonly branch: SchemaNode; readonly index: number }>();
  for (const { index, edit } of edits) {
    if (edit.operation === 'remove') continue;
    for (const { name, schema, parent } of instancesTo(edit.path)) {
      const removed = gone.get(name);
      if (removed !== undefined) throw new Refusal('inconsistentValue', Math.max(index, removed));
      for (const [choice, branch] of choicesAround(schema)) {
        const id = `${parent} ${choice.path}`;
        const known = chosen.get(id);
        if (known === undefined) chosen.set(id, { branch, index });
        else if (known.branch !== branch) throw new Refusal('inconsistentValue', Math.max(index, known.index));
      }
    }
  }
}

/** True where two nodes below one instance stand in different cases of a choice. */
export function excludes(one: readonly SchemaNode[], other: readonly SchemaNode[]): boolean {
  const at = one.findIndex((step, index) => step !== other[index]);
  const [mine, its] = [one[at], other[at]];
  if (mine === undefined || its === undefined) return false;
  const branches = new Map(choicesAround(mine));
  return [...choicesAround(its)].some(([choice, branch]) => branches.has(choice) && branches.get(choice) !== branch);
}

/** The nodes on the way to one, itself included, with a text that names each instance. */
function instancesTo(path: InstanceIdentifier): { name: string; parent: string; schema: SchemaNode }[] {
  let parent = '';
  return path.steps.map(({ schema, keys = [] }) => {
    const own = keys.map((key) => JSON.stringify(typeof key === 'bigint' ? String(key) : key));
    const name = `${parent}/${schema.module.name}:${schema.name}[${own.join()}]`;
    const instance = { name, parent, schema };
    parent = name;
    return instance;
  });
}
