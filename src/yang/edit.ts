/** The edit operations of RFC 6241 7.2, with the placement of RFC 7950 7.7.8 and 7.8.6 in user-ordered lists. */
import { ConfigError } from '../error.js';
import { choicesAround } from './choices.js';
import { InstanceIdentifier } from './path.js';
import type { DataSchema, SchemaNode } from './schema.js';
import { Branch, type Content, type DataTree, ListData, type Placement, type TreeEditor } from './tree.js';

/**
 * `none` writes nothing and asks that what it names is there (RFC 6241 7.2, default-operation); `move` gives an entry that is
 * there another place (RFC 8072 2.5). The others are RFC 6241's.
 */
export type EditOperation = 'merge' | 'replace' | 'create' | 'delete' | 'remove' | 'none' | 'move';

/** One edit on one target. */
export interface TreeEdit {
  readonly operation: EditOperation;
  readonly path: InstanceIdentifier;
  /** What `path` shall hold; absent for delete, remove and move, and may be for none. */
  readonly content?: Content;
  /** For an entry of a list or a value of a leaf-list that the user orders. */
  readonly insert?: Placement;
  /** RFC 8072 edit-id: an error of this edit carries it in its `info`. */
  readonly id?: string;
}

export interface ApplyOptions {
  /** Edits that fail are left out, so that the error names all of them (RFC 6241 7.2, continue-on-error); none is applied. */
  readonly collect?: boolean;
}

/**
 * The edits in order, all or none. Throws ConfigError `data-exists`, `data-missing`, `missing-element`, `bad-attribute`,
 * `bad-element`, `missing-attribute`, `invalid-value`.
 */
export function applyEdits(tree: DataTree, edits: readonly TreeEdit[], options: ApplyOptions = {}): DataTree {
  const editor = tree.edit();
  const errors: ConfigError[] = [];
  for (const edit of edits) {
    try {
      checkEdit(edit);
      applyEdit(editor, edit);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(edit.id === undefined ? error : error.with({ info: { ...error.info, 'edit-id': edit.id } }));
      if (options.collect !== true) break;
    }
  }
  if (errors.length > 0) throw ConfigError.join(errors);
  return editor.finish();
}

/** What can be told without the tree. */
function checkEdit({ operation, path, content, insert }: TreeEdit): void {
  const { last } = path;
  const at = path.toString();
  if (content === undefined && writes.has(operation)) {
    throw new ConfigError({ tag: 'missing-element', path: at, message: `${operation} needs a value` });
  }
  if (operation === 'move' && insert === undefined) {
    const info = { 'bad-attribute': 'insert' };
    throw new ConfigError({ tag: 'missing-attribute', path: at, message: 'move needs a place', info });
  }
  if (insert === undefined) return;
  const { schema, keys } = last ?? {};
  const isPlaced = (schema?.kind === 'list' || schema?.kind === 'leaf-list') && schema.orderedBy === 'user';
  if (isPlaced && keys !== undefined && operation !== 'delete' && operation !== 'remove') return;
  const message = isPlaced
    ? 'a place is given to one entry that stays or comes'
    : 'only an entry of a list that is ordered by the user has a place';
  throw new ConfigError({ tag: 'bad-attribute', path: at, message, info: { 'bad-attribute': 'insert' } });
}

const writes: ReadonlySet<EditOperation> = new Set<EditOperation>(['merge', 'replace', 'create']);

function applyEdit(editor: TreeEditor, { path, operation, content, insert }: TreeEdit): void {
  const found = editor.get(path);
  if (operation === 'none') {
    checkThere(editor, path, content);
    return;
  }
  if (operation === 'create' && found !== undefined) {
    throw new ConfigError({ tag: 'data-exists', path: path.toString(), message: 'it exists already' });
  }
  if (operation === 'delete' && found === undefined) {
    throw new ConfigError({ tag: 'data-missing', path: path.toString(), message: 'there is nothing to delete' });
  }
  if (operation === 'move') {
    if (found === undefined) throw missing(path);
    put(editor, path, found, insert);
    return;
  }
  checkKey(path, content);
  if (content === undefined) {
    editor.remove(path);
    return;
  }
  leaveOtherCases(editor, path);
  if (operation === 'merge') merge(editor, path, content, insert);
  else put(editor, path, content, insert);
}

/** A key is written with its entry, and goes with it (RFC 7950 7.8.2). */
function checkKey(path: InstanceIdentifier, content: Content | undefined): void {
  const { last, parent } = path;
  if (last?.schema.kind !== 'leaf' || !last.schema.isKey) return;
  const entry = parent?.last;
  if (entry?.schema.kind !== 'list') return;
  const key = entry.keys?.[entry.schema.keys.indexOf(last.schema)];
  if (content !== undefined && (entry.keys === undefined || content === key)) return;
  const message = 'the key of an entry does not change; create another entry and delete this one';
  throw new ConfigError({ tag: 'invalid-value', path: path.toString(), message });
}

/** Every node of the content exists; a container without presence does as soon as what it is in does. */
function checkThere(editor: TreeEditor, path: InstanceIdentifier, content: Content | undefined): void {
  const found = editor.get(path);
  const schema = path.last?.schema;
  const isAlways = schema === undefined || (schema.kind === 'container' && schema.presence === undefined);
  if (found === undefined && !isAlways) throw missing(path);
  if (found === undefined && path.parent !== undefined) checkThere(editor, path.parent, undefined);
  const parent = path.parent ?? InstanceIdentifier.root;
  if (content instanceof ListData) {
    for (const entry of content) checkThere(editor, parent.child(content.schema, entry.keys()), entry);
  } else if (content instanceof Branch) {
    for (const [child, inner] of content.present()) checkThere(editor, path.child(child), inner);
  } else if (Array.isArray(content) && schema?.kind === 'leaf-list' && path.last?.keys === undefined) {
    for (const value of content) checkThere(editor, parent.child(schema, [value]), undefined);
  }
}

function missing(path: InstanceIdentifier): ConfigError {
  return new ConfigError({ tag: 'data-missing', path: path.toString(), message: 'it does not exist' });
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
  checkCases(path, content);
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
  const schema = path.last?.schema;
  if (content instanceof Branch && content.isEmpty() && schema?.kind === 'container' && schema.presence === undefined) {
    // It is only what is in it.
    editor.remove(path);
    return;
  }
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
    for (const [choice, own] of choicesAround(node)) {
      for (const other of choice.cases) {
        if (other !== own) for (const each of dataNodes(other)) editor.remove(parent.child(each));
      }
    }
  }
}

/** RFC 7950 8.3.1: what is given has nodes of one case of a choice; which of two would win is nobody's to guess. */
function checkCases(path: InstanceIdentifier, content: Branch): void {
  const given = new Map<SchemaNode, SchemaNode>();
  for (const [child] of content.present()) {
    for (const [choice, own] of choicesAround(child)) {
      const known = given.get(choice);
      if (known !== undefined && known !== own) {
        throw new ConfigError({
          tag: 'bad-element',
          path: path.toString(),
          message: `nodes of more than one case of choice ${choice.name}: ${known.name}, ${own.name}`,
          info: { 'bad-element': choice.name },
        });
      }
      given.set(choice, own);
    }
  }
}

function* dataNodes(node: SchemaNode): Iterable<DataSchema> {
  if (node.kind === 'case') for (const child of node.children) yield* dataNodes(child);
  else if (node.kind === 'choice') for (const each of node.cases) yield* dataNodes(each);
  else if ('slot' in node) yield node;
}
