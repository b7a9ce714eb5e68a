/** The place in the schema at which a codec begins to read, and the content that comes out in the end. */
import type { ConfigError } from '../error.js';
import { InstanceIdentifier } from './path.js';
import type { Problems } from './problems.js';
import type { BranchSchema, DataSchema, Schema, Value } from './schema.js';
import type { Branch, Content } from './tree.js';
import { BranchBuilder } from './tree-builder.js';
import { ListData } from './tree-list.js';

export interface Target {
  /** Builds the branch at the path where `child` is undefined, else the branch above it. */
  readonly builder: BranchBuilder;
  readonly child: DataSchema | undefined;
  /** The keys of the one entry, or the one value of a leaf-list, that the path names. */
  readonly keys: readonly Value[] | undefined;
  /** The content at the path. Throws what `problems` and the building found. */
  finish(problems: Problems): Content;
}

/** Throws RangeError for a path that goes through a list without naming an entry. */
export function openTarget(schema: Schema, path: InstanceIdentifier, parameters: 'input' | 'output'): Target {
  const { last } = path;
  if (last === undefined) return whole(new BranchBuilder(schema.root, path));
  switch (last.schema.kind) {
    case 'rpc':
    case 'action':
      return whole(new BranchBuilder(last.schema[parameters], path));
    case 'input':
    case 'output':
    case 'notification':
      return whole(new BranchBuilder(last.schema, path));
    default:
      return part(schema, path, last.schema, last.keys);
  }
}

/** Where a child of the branch under construction is, as text for an error. */
export function childPath(builder: BranchBuilder, child: DataSchema, keys?: readonly Value[]): string {
  return builder.path.child(child, keys).toString();
}

function whole(builder: BranchBuilder): Target {
  return { builder, child: undefined, keys: undefined, finish: (problems) => finishBuilder(builder, problems) };
}

function part(schema: Schema, path: InstanceIdentifier, child: DataSchema, keys: readonly Value[] | undefined): Target {
  const above = path.parent ?? InstanceIdentifier.root;
  const builder = new BranchBuilder(branchSchema(schema, above), above);
  return {
    builder,
    child,
    keys,
    finish(problems) {
      const content = finishBuilder(builder, problems).get(child);
      if (keys === undefined) return content ?? nothing(child);
      if (child.kind === 'leaf-list') return (content as readonly Value[])[0]!;
      return (content as ListData).get(keys)!;
    },
  };
}

function finishBuilder(builder: BranchBuilder, problems: Problems): Branch {
  const faults: ConfigError[] = [];
  const branch = builder.finish(faults);
  const told = problems.errors.map((error) => error.path);
  for (const fault of faults) {
    // A key whose value was refused is not missing as well.
    const known = fault.tag === 'missing-element' ? told.indexOf(`${fault.path}/${fault.info?.['bad-element']}`) : -1;
    if (known < 0) problems.add(fault);
    else told.splice(known, 1);
  }
  problems.throwIfAny();
  return branch;
}

function branchSchema(schema: Schema, path: InstanceIdentifier): BranchSchema {
  const last = path.last?.schema;
  if (last === undefined) return schema.root;
  switch (last.kind) {
    case 'container':
    case 'input':
    case 'output':
    case 'notification':
      return last;
    case 'list':
      if (path.last!.keys === undefined && last.keys.length > 0)
        throw new RangeError(`no entry named: ${path.toString()}`);
      return last;
    default:
      throw new RangeError(`${path.toString()} has no children`);
  }
}

/** What an empty list or leaf-list is; every other child that was read without fault is there. */
function nothing(child: DataSchema): Content {
  return child.kind === 'list' ? ListData.empty(child) : [];
}
