/** The instances of a schema node below others, those included that nobody wrote: where a condition is evaluated. */
import { dataParent, emptyBranch, isSelected, writtenContainer } from '../accessible.js';
import { Instance, type NodeSchema } from '../instance.js';
import type { InstanceIdentifier } from '../path.js';
import type { DataSchema, LeafListSchema, Value } from '../schema.js';
import type { DataTree } from '../tree.js';
import type { Branch } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import type { Pass } from './pass.js';

/** The root, container or entry at a path; a container without presence counts as empty where it is not written. */
export function instanceAt(tree: DataTree, path: InstanceIdentifier): Instance {
  let node = Instance.root(tree.root);
  for (const { schema, keys, position } of path.steps) {
    if (schema.kind === 'container') {
      const empty = schema.presence === undefined ? emptyBranch(schema) : undefined;
      node = new Instance(node, schema, node.branch?.container(schema) ?? empty, undefined, -1);
    } else if (schema.kind === 'list') {
      const list = node.branch?.list(schema);
      const entry = keys === undefined ? list?.at(position ?? 1) : list?.get(keys);
      node = new Instance(node, schema, entry, undefined, (position ?? 0) - 1);
    }
  }
  return node;
}

/** All instances of `schema` at or below the anchors, one after the other. */
export function* contextsBelow(schema: NodeSchema, anchors: readonly Instance[], pass: Pass): Iterator<Instance> {
  for (const anchor of anchors) yield* below(anchor, chainBetween(anchor.schema, schema), 0, pass);
}

/** The one instance of a child that is neither list nor leaf-list; undefined where there is none. */
export function onlyInstance(
  parent: Instance,
  schema: Exclude<DataSchema, { kind: 'list' | 'leaf-list' }>,
  pass: Pass,
): Instance | undefined {
  const content = parent.branch!.slots[schema.slot];
  switch (schema.kind) {
    case 'leaf': {
      // null is the value of a leaf of type empty.
      const value = content === undefined ? schema.default : (content as Value);
      if (value === undefined || (content === undefined && !isInUse(parent, schema, pass))) return undefined;
      return new Instance(parent, schema, undefined, value, -1);
    }
    case 'container': {
      const written = writtenContainer(schema, parent.branch!);
      if (written === undefined && (schema.presence !== undefined || !isInUse(parent, schema, pass))) return undefined;
      return new Instance(parent, schema, written ?? emptyBranch(schema), undefined, -1);
    }
    default:
      return content === undefined ? undefined : new Instance(parent, schema, undefined, content as Value, -1);
  }
}

/** The entries of a leaf-list. */
export function instancesOf(parent: Instance, schema: LeafListSchema, pass: Pass): readonly Instance[] {
  const written = parent.branch!.leafList(schema);
  if (written.length === 0 && (schema.defaults.length === 0 || !isInUse(parent, schema, pass))) return [];
  const values = written.length === 0 ? schema.defaults : written;
  return values.map((value, place) => new Instance(parent, schema, undefined, value, place));
}

/** What is written of a child: the entries of a list or leaf-list, else the one node. */
export function* writtenInstances(parent: Instance, schema: DataSchema): Iterable<Instance> {
  const content = parent.branch!.get(schema);
  if (schema.kind === 'list') {
    let place = 0;
    for (const entry of (content as ListData | undefined) ?? []) {
      yield new Instance(parent, schema, entry, undefined, place++);
    }
  } else if (schema.kind === 'leaf-list') {
    for (const [place, value] of parent.branch!.leafList(schema).entries()) {
      yield new Instance(parent, schema, undefined, value, place);
    }
  } else if (content !== undefined) yield new Instance(parent, schema, undefined, undefined, -1);
}

function isInUse(parent: Instance, schema: DataSchema, pass: Pass): boolean {
  return isSelected(schema, parent.branch!) && pass.isAllowed(schema, parent);
}

function* below(node: Instance, chain: readonly DataSchema[], depth: number, pass: Pass): Iterable<Instance> {
  const schema = chain[depth];
  if (schema === undefined) yield node;
  else if (schema.kind === 'list') {
    const list: Iterable<Branch> = (node.branch!.list(schema) as ListData | undefined) ?? [];
    let place = 0;
    for (const entry of list) {
      yield* below(new Instance(node, schema, entry, undefined, place), chain, depth + 1, pass);
      place++;
    }
  } else if (schema.kind === 'leaf-list') yield* instancesOf(node, schema, pass);
  else {
    const child = onlyInstance(node, schema, pass);
    if (child !== undefined) yield* below(child, chain, depth + 1, pass);
  }
}

/** The schema nodes from below `from` down to `to`. */
function chainBetween(from: NodeSchema, to: NodeSchema): readonly DataSchema[] {
  const chain: DataSchema[] = [];
  for (let at: NodeSchema | undefined = to; at !== from && at !== undefined && 'slot' in at; at = dataParent(at)) {
    chain.unshift(at);
  }
  return chain;
}
