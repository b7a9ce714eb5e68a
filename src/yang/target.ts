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

/**
 * Throws ConfigError for a path below an rpc or action, whose nodes have a value only in a call; RangeError for one that goes
 * through a list without naming an entry.
 */
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
  const operation = above.last?.schema.kind;
  if (operation === 'rpc' || operation === 'action') {
    const message = 'the node is not configuration';
    throw new ConfigError({ type: 'protocol', tag: 'invalid-value', path: path.toString(), message });
  }
  const builder = new BranchBuilder(branchSchema(schema, above), above);
  return {
    builder,
    child,
    keys,
    finish(problems) {
      const content = problems.finish(builder).get(child);
      const found = keys !== undefined ? oneOf(child, content, keys) : content === undefined ? nothing(child) : content;
      if (found !== undefined) return found;
      const message = keys === undefined ? `'${child.name}' has no value` : 'keys are not those in the path';
      throw new ConfigError({ tag: 'invalid-value', path: path.toString(), message });
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

function oneOf(child: DataSchema, content: Content | undefined, keys: readonly Value[]): Content | undefined {
  if (content instanceof ListData) return content.get(keys);
  if (child.kind !== 'leaf-list') return undefined;
  return (content as readonly Value[] | undefined)?.find((value) => value === keys[0]);
}

/** What an empty list or leaf-list is. */
function nothing(child: DataSchema): Content | undefined {
  if (child.kind === 'list') return ListData.empty(child);
  return child.kind === 'leaf-list' ? [] : undefined;
}
