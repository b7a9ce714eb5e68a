/** key and unique statements (RFC 7950 7.8.2, 7.8.3). */
import { StatementError } from './diagnostics.js';
import type { Draft } from './drafts.js';
import { words } from './grammar-arguments.js';
import type { LoadedModule } from './modules.js';
import type { DataSchema, LeafSchema, ListSchema, SchemaNode } from './schema.js';
import { type Located, moduleOfPrefix } from './scope.js';

/** The key leafs of a list, marked as keys. A configuration list must have one; others may. */
export function readKeys(
  draft: Draft,
  list: ListSchema,
  children: readonly SchemaNode[],
  inOperation: boolean,
): readonly LeafSchema[] {
  const key = draft.get('key');
  if (key === undefined) {
    if (list.config && !inOperation)
      throw new StatementError(draft.statement, `${draft.label()} is config true and lacks 'key'`);
    return [];
  }
  return words(key.statement.name).map((word) => keyLeaf(word, key, draft, list, children));
}

function keyLeaf(
  word: string,
  key: Located,
  draft: Draft,
  list: ListSchema,
  children: readonly SchemaNode[],
): LeafSchema {
  const { statement, scope } = key;
  const colon = word.indexOf(':');
  const module = colon < 0 ? draft.owner : moduleOfPrefix(word.slice(0, colon), scope, statement);
  const name = word.slice(colon + 1);
  const own = module === draft.owner || module === scope.unit.module;
  const leaf = own ? children.find((child) => child.name === name) : undefined;
  if (leaf === undefined || leaf.kind !== 'leaf') {
    const declared = draft.children.find((child) => child.name === name);
    const why =
      declared?.disabled === true ? 'depends on a feature that is not supported' : 'is not a leaf of the list';
    throw new StatementError(statement, `key '${name}' of ${draft.label()} ${why}`);
  }
  if (leaf.config !== list.config) {
    throw new StatementError(
      statement,
      `key '${name}' of ${draft.label()} is not config ${String(list.config)} as the list is`,
    );
  }
  const declared = draft.children.find((child) => child.name === name)!;
  const version11 = declared.scope.unit.source.version === '1.1';
  if (version11 && declared.whens.length > 0) {
    throw new StatementError(statement, `key '${name}' of ${draft.label()} has a 'when'`);
  }
  if (version11 && declared.statement.find('if-feature') !== undefined) {
    throw new StatementError(statement, `key '${name}' of ${draft.label()} has an 'if-feature'`);
  }
  if (leaf.type.base === 'empty' && !version11) {
    throw new StatementError(statement, `in YANG 1 key '${name}' of ${draft.label()} cannot be of type 'empty'`);
  }
  (leaf as { isKey: boolean }).isKey = true;
  return leaf;
}

/** The leafs of one unique statement, each with the containers on the way from the list. */
export function readUnique(unique: Located, list: ListSchema, owner: LoadedModule): readonly (readonly DataSchema[])[] {
  const { statement } = unique;
  const paths = words(statement.name).map((word) => uniquePath(word, unique, list, owner));
  const configs = new Set(paths.map((path) => path.at(-1)!.config));
  if (configs.size > 1) {
    throw new StatementError(statement, `'unique ${statement.name}' mixes configuration and state`);
  }
  return paths;
}

function uniquePath(word: string, unique: Located, list: ListSchema, owner: LoadedModule): readonly DataSchema[] {
  const { statement, scope } = unique;
  const path: DataSchema[] = [];
  let children: readonly SchemaNode[] = list.children;
  let last: SchemaNode | undefined;
  for (const step of word.split('/')) {
    const colon = step.indexOf(':');
    const prefix = colon < 0 ? undefined : moduleOfPrefix(step.slice(0, colon), scope, statement);
    const module = prefix === undefined || prefix === scope.unit.module ? owner : prefix;
    const name = step.slice(colon + 1);
    last = children.find((child) => child.name === name && child.module.name === module.name);
    if (last === undefined) throw new StatementError(statement, `'unique ${word}': no node '${step}' in the list`);
    if (last.kind === 'container' || last.kind === 'leaf') path.push(last);
    children =
      last.kind === 'container' || last.kind === 'case' ? last.children : last.kind === 'choice' ? last.cases : [];
  }
  if (last?.kind !== 'leaf') throw new StatementError(statement, `'unique ${word}' does not name a leaf`);
  return path;
}
