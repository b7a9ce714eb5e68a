/**
 * The `config` of an edit-config (RFC 6241 7.2) as edits: what carries no operation of its own takes that of what is around it,
 * the outermost the default-operation.
 */
import { ConfigError } from '../error.js';
import { Branch, type Content, type DataTree, InstanceIdentifier, type Placement } from '../yang/index.js';
import type { Edit } from './session.js';

export type DefaultOperation = 'merge' | 'replace' | 'none';

/** What one element says of itself: `operation` of RFC 6241 7.2, `insert` with its `key` or `value` of RFC 7950 7.8.6, 7.7.9. */
export interface NodeOperation {
  /** The element's own node; for an entry with its keys, for a value of a leaf-list with the value. */
  readonly path: InstanceIdentifier;
  /** Absent: that of what is around it. */
  readonly operation?: 'merge' | 'replace' | 'create' | 'delete' | 'remove';
  readonly insert?: Placement;
}

/**
 * The edits of a document: first what has no operation of its own, then each element that has, in the order of `operations`
 * (that of the document, outer ones first). Throws ConfigError `bad-attribute` for what would be made inside of what goes.
 */
export function editsOfConfig(
  config: DataTree,
  operations: readonly NodeOperation[],
  defaultOperation: DefaultOperation = 'merge',
): readonly Edit[] {
  const { root } = InstanceIdentifier;
  const places = new Map(operations.map((each) => [each.path.toString(), each]));
  const inside = new Map<string, InstanceIdentifier[]>();
  for (const { path } of operations) {
    const outer = enclosing(path, places)?.path ?? root;
    const key = outer.toString();
    inside.set(key, [...(inside.get(key) ?? []), path]);
  }
  const own = (path: InstanceIdentifier) => without(config, path, inside.get(path.toString()) ?? []);
  const edits: Edit[] = [];
  const rest = own(root) as Branch;
  if (defaultOperation === 'replace' || !rest.isEmpty()) {
    edits.push({ operation: defaultOperation, path: root, content: rest });
  }
  for (const { path, insert, operation: named } of operations) {
    const around = operationAround(path, places) ?? defaultOperation;
    const operation = named ?? around;
    const place = insert === undefined ? {} : { insert };
    if (around === 'delete' || around === 'remove') checkInside(operation, path);
    else if (operation === 'delete' || operation === 'remove') edits.push({ operation, path, ...place });
    else edits.push({ operation, path, ...contentOf(own(path)), ...place });
  }
  return edits;
}

/** The nearest element around one that says something of itself. */
function enclosing(path: InstanceIdentifier, places: ReadonlyMap<string, NodeOperation>): NodeOperation | undefined {
  for (let at = path.parent; at !== undefined; at = at.parent) {
    const found = places.get(at.toString());
    if (found !== undefined) return found;
  }
  return undefined;
}

function operationAround(
  path: InstanceIdentifier,
  places: ReadonlyMap<string, NodeOperation>,
): NodeOperation['operation'] {
  for (let at = enclosing(path, places); at !== undefined; at = enclosing(at.path, places)) {
    if (at.operation !== undefined) return at.operation;
  }
  return undefined;
}

/** What is at `path` of the document, but for some of what is in it. */
function without(config: DataTree, path: InstanceIdentifier, gone: readonly InstanceIdentifier[]): Content | undefined {
  if (gone.length === 0) return config.get(path);
  const editor = config.edit();
  for (const each of gone) editor.remove(each);
  const rest = editor.finish().get(path);
  const whole = config.get(path);
  return rest ?? (whole instanceof Branch ? new Branch(whole.schema) : undefined);
}

function contentOf(content: Content | undefined): { readonly content?: Content } {
  return content === undefined ? {} : { content };
}

function checkInside(operation: string, path: InstanceIdentifier): void {
  if (operation === 'delete' || operation === 'remove') return;
  const info = { 'bad-attribute': 'operation' };
  const message = `${operation} inside of what is deleted`;
  throw new ConfigError({ type: 'protocol', tag: 'bad-attribute', path: path.toString(), message, info });
}
