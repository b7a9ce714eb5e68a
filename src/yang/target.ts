/** The place in the schema at which a codec begins to read, and the content that comes out in the end. */
import { ConfigError } from '../error.js';
import { InstanceIdentifier } from './path.js';
import type { Problems } from './problems.js';
import type { BranchSchema, DataSchema, Schema, Value } from './schema.js';
import type { Content } from './tree.js';
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

function whole(builder: BranchBuilder): Target {
  return { builder, child: undefined, keys: undefined, finish: (problems) => problems.finish(builder) };
}

function part(schema: Schema, path: InstanceIdentifier, child: DataSchema, keys: readonly Value[] | undefined): Target {
  const above = path.parent ?? InstanceIdentifier.root;
  const builder = new BranchBuilder(branchSchema(schema, above), above);
  return {
    builder,
    child,
    keys,
    finish(problems) {
      const content = problems.finish(builder).get(child);
      if (keys === undefined) return content ?? nothing(child);
      if (child.kind === 'leaf-list') return (content as readonly Value[])[0]!;
      const entry = (content as ListData | undefined)?.get(keys);
      if (entry !== undefined) return entry;
      throw new ConfigError({ tag: 'invalid-value', path: path.toString(), message: 'keys are not those in the path' });
    },
  };
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
