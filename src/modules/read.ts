/** Reading instance data by name: what the handlers need of the tree, with defaults filled in (RFC 7950 7.6.1). */
import type {
  Branch,
  BranchSchema,
  DataSchema,
  DataTree,
  InstanceIdentifier,
  LeafListSchema,
  LeafSchema,
  ListData,
  Value,
} from '../yang/index.js';

/** The schema of a data child; a name that the schema lacks is a programming error, found by the first test that runs it. */
export function childSchema(schema: BranchSchema, name: string): DataSchema {
  const found = schema.byName.get(name)?.[0];
  if (found === undefined) throw new RangeError(`${schema.kind === 'root' ? '/' : schema.path} has no child ${name}`);
  return found;
}

/** The leaf's value, its default where it is absent; undefined where there is neither. */
export function leaf(branch: Branch, name: string): Value | undefined {
  const schema = childSchema(branch.schema, name) as LeafSchema;
  const value = branch.leaf(schema);
  return value === undefined ? schema.default : value;
}

/** A leaf whose value is a string in memory (string, enumeration, binary, leafref to one ...). */
export function text(branch: Branch, name: string): string | undefined {
  const value = leaf(branch, name);
  return value === undefined ? undefined : String(value);
}

export function texts(branch: Branch, name: string): readonly string[] {
  return branch.leafList(childSchema(branch.schema, name) as LeafListSchema).map(String);
}

export function container(branch: Branch | undefined, name: string): Branch | undefined {
  if (branch === undefined) return undefined;
  const schema = childSchema(branch.schema, name);
  return schema.kind === 'container' ? branch.container(schema) : undefined;
}

export function list(branch: Branch | undefined, name: string): ListData | undefined {
  if (branch === undefined) return undefined;
  const schema = childSchema(branch.schema, name);
  return schema.kind === 'list' ? branch.list(schema) : undefined;
}

/** The path of a child of the node at `path`, whose schema is `schema`. */
export function below(
  path: InstanceIdentifier,
  schema: BranchSchema,
  name: string,
  keys?: readonly Value[],
): InstanceIdentifier {
  return path.child(childSchema(schema, name), keys);
}

/** The top-level container of that name, empty or not, and undefined where nothing is in it. */
export function top(tree: DataTree, module: string, name: string): Branch | undefined {
  const schema = tree.root.schema.byQualifiedName.get(`${module}:${name}`);
  return schema?.kind === 'container' ? tree.root.container(schema) : undefined;
}
