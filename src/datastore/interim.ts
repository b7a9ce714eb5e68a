/** Stand-ins until the yang room's own are there. */
import { ConfigError } from '../error.js';
import { Branch, type Content, type DataTree, InstanceIdentifier, ListData, type Schema } from '../yang/index.js';
import type { Difference } from './contract.js';
import type { Edit } from './session.js';

export function diffTrees(before: DataTree, after: DataTree): readonly Difference[] {
  return [...diffBranches(InstanceIdentifier.root, before.root, after.root)];
}

function* diffBranches(path: InstanceIdentifier, a: Branch, b: Branch): Iterable<Difference> {
  if (a === b) return;
  for (const child of a.schema.dataChildren) {
    const [x, y] = [a.get(child), b.get(child)];
    if (x === y) continue;
    const at = path.child(child);
    if (x === undefined || y === undefined) {
      yield { path: at, kind: x === undefined ? 'created' : 'deleted', before: x, after: y };
    } else if (x instanceof Branch && y instanceof Branch) yield* diffBranches(at, x, y);
    else if (x instanceof ListData && y instanceof ListData) {
      for (const change of y.changesSince(x)) {
        const entry = path.child(x.schema, (change.after ?? change.before)!.keys());
        if (change.before !== undefined && change.after !== undefined) {
          yield* diffBranches(entry, change.before, change.after);
        } else {
          const kind = change.before === undefined ? 'created' : 'deleted';
          yield { path: entry, kind, before: change.before, after: change.after };
        }
      }
    } else if (JSON.stringify(x, text) !== JSON.stringify(y, text)) {
      yield { path: at, kind: 'modified', before: x, after: y };
    }
  }
}

function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

export function applyEdits(tree: DataTree, edits: readonly Edit[]): DataTree {
  const editor = tree.edit();
  for (const { path, operation, content } of edits) {
    const found = editor.get(path);
    if (operation === 'create' && found !== undefined) throw refused('data-exists', path);
    if (operation === 'delete' && found === undefined) throw refused('data-missing', path);
    if (operation === 'delete' || operation === 'remove') editor.remove(path);
    else if (operation === 'merge') merge(editor, path, content);
    else if (content !== undefined) {
      if (path.steps.length === 0) editor.set(path, content);
      else editor.set(path, content);
    }
  }
  return editor.finish();
}

function merge(editor: ReturnType<DataTree['edit']>, path: InstanceIdentifier, content: Content | undefined): void {
  if (content instanceof ListData) {
    const parent = path.parent ?? InstanceIdentifier.root;
    for (const entry of content) merge(editor, parent.child(content.schema, entry.keys()), entry);
  } else if (content instanceof Branch && editor.get(path) !== undefined) {
    for (const [child, inner] of content.present()) merge(editor, path.child(child), inner);
  } else if (content !== undefined) editor.set(path, content);
}

function refused(tag: 'data-exists' | 'data-missing', path: InstanceIdentifier): ConfigError {
  return new ConfigError({ tag, path: path.toString(), message: tag.replace('-', ' ') });
}

export class Validator {
  readonly schema: Schema;
  constructor(schema: Schema) {
    this.schema = schema;
  }
  validate(_tree: DataTree, _base?: DataTree): readonly ConfigError[] {
    return [];
  }
}
