/** The edit operations of RFC 6241 7.2, with the placement of RFC 7950 7.7.8 and 7.8.6 in user-ordered lists. */
import { ConfigError } from '../error.js';
import { InstanceIdentifier } from './path.js';
import type { ChoiceSchema, DataSchema, SchemaNode } from './schema.js';
import { Branch, type Content, type DataTree, ListData, type Placement, type TreeEditor } from './tree.js';

/** One edit on one target. */
export interface TreeEdit {
  readonly operation: 'merge' | 'replace' | 'create' | 'delete' | 'remove';
  readonly path: InstanceIdentifier;
  /** What `path` shall hold; absent for delete and remove. */
  readonly content?: Content;
  readonly insert?: Placement;
}

/** The edits in order, all or none. Throws ConfigError `data-exists`, `data-missing`, `bad-attribute`. */
export function applyEdits(tree: DataTree, edits: readonly TreeEdit[]): DataTree {
  const editor = tree.edit();
  for (const edit of edits) applyEdit(editor, edit);
  return editor.finish();
}

function applyEdit(editor: TreeEditor, { path, operation, content, insert }: TreeEdit): void {
  const found = editor.get(path);
  if (operation === 'create' && found !== undefined) {
    throw new ConfigError({ tag: 'data-exists', path: path.toString(), message: 'it exists already' });
  }
  if (operation === 'delete' && found === undefined) {
    throw new ConfigError({ tag: 'data-missing', path: path.toString(), message: 'there is nothing to delete' });
  }
  if (operation === 'delete' || operation === 'remove') {
    editor.remove(path);
    return;
  }
  if (content === undefined) throw new RangeError(`${operation} of ${path.toString()} without content`);
  leaveOtherCases(editor, path);
  if (operation === 'merge') merge(editor, path, content, insert);
  else put(editor, path, content, insert);
}

function merge(editor: TreeEditor, path: InstanceIdentifier, content: Content, insert?: Placement): void {
  if (content instanceof ListData) {
    mergeList(editor, path, content);
    return;
  }
  if (Array.isArray(content) && path.last?.schema.kind === 'leaf-list' && path.last.keys === undefined) {
    const schema = path.last.schema;
    const parent = path.parent ?? InstanceIdentifier.root;
    for (const value of content) editor.set(parent.child(schema, [value]), value);
    return;
  }
  const found = editor.get(path);
  if (!(content instanceof Branch) || found === undefined) {
    put(editor, path, content, insert);
    return;
  }
  if (insert !== undefined && found instanceof Branch) put(editor, path, found, insert);
  for (const [child, inner] of content.present()) {
    if (child.kind === 'leaf' && child.isKey) continue;
    const at = path.child(child);
    leaveOtherCases(editor, at);
    merge(editor, at, inner);
  }
}

/** Cost follows the shorter of the two lists, where the order is that of the keys. */
function mergeList(editor: TreeEditor, path: InstanceIdentifier, content: ListData): void {
  const { schema } = content;
  const parent = path.parent ?? InstanceIdentifier.root;
  const found = editor.get(path) as ListData | undefined;
  if (found === undefined) {
    editor.put(path, content);
    return;
  }
  let common: Iterable<Branch> = content;
  if (schema.keys.length > 0 && schema.orderedBy === 'system' && found.size < content.size) {
    const merged = content.draft();
    const both: Branch[] = [];
    for (const entry of found) {
      const own = content.get(entry.keys());
      if (own !== undefined) both.push(own);
      merged.put(entry);
    }
    editor.put(path, merged);
    common = both;
  }
  for (const entry of common) merge(editor, parent.child(schema, entry.keys()), entry);
}

function put(editor: TreeEditor, path: InstanceIdentifier, content: Content, insert: Placement | undefined): void {
  if (editor.put(path, content, insert)) return;
  throw new ConfigError({
    tag: 'bad-attribute',
    appTag: 'missing-instance',
    path: path.toString(),
    message: 'the entry that it was to be placed beside does not exist',
    info: { 'bad-attribute': insert !== undefined && 'anchor' in insert ? 'key' : 'insert' },
  });
}

/** Making a node of one case deletes the nodes of all others (RFC 7950 7.9), at every choice on the way. */
function leaveOtherCases(editor: TreeEditor, path: InstanceIdentifier): void {
  for (let at: InstanceIdentifier | undefined = path; at !== undefined; at = at.parent) {
    const node = at.last?.schema;
    if (node === undefined || !('slot' in node)) continue;
    const parent = at.parent ?? InstanceIdentifier.root;
    let inner: SchemaNode = node;
    for (let outer = node.parent; outer?.kind === 'case'; outer = inner.parent) {
      const choice = outer.parent as ChoiceSchema;
      for (const other of choice.cases) {
        if (other !== outer) for (const each of dataNodes(other)) editor.remove(parent.child(each));
      }
      inner = choice;
    }
  }
}

function* dataNodes(node: SchemaNode): Iterable<DataSchema> {
  if (node.kind === 'case') for (const child of node.children) yield* dataNodes(child);
  else if (node.kind === 'choice') for (const each of node.cases) yield* dataNodes(each);
  else if ('slot' in node) yield node;
}
