/**
 * What trees hold, and what leads from one to the next, as lines of JSON of a bounded size, so that large content is written
 * and read in slices: `[tree, path]` removes, `[tree, path, content]` sets, `[tree, path, entries, true]` adds entries to
 * a list, `[tree, path, entry, keys]` puts an entry after the one with those keys, or first where there are none, and
 * `[tree, path, {"splices": [[start, count, value...]...]}]` changes the values of a leaf-list at those places. The tree is `c`
 * (configuration) or `s` (system state), the path an instance-identifier.
 */
import {
  Branch,
  type BranchSchema,
  type Content,
  type DataSchema,
  type DataTree,
  InstanceIdentifier,
  type JsonObject,
  type JsonValue,
  type LeafListSchema,
  ListData,
  type ListSchema,
  type PathStep,
  type Placement,
  parsePath,
  type Value,
} from '../yang/index.js';
import {
  branchFromJson,
  branchToJson,
  contentFromJson,
  contentToJson,
  memberName,
  valueFromJson,
  valueToJson,
} from './content.js';
import type { Root } from './contract.js';
import type { Patch, PatchItem } from './patch.js';
import { applySplices, type Splice, splicesBetween } from './splices.js';

export type TreeLetter = 'c' | 's';

/** The lines of a patch, in its order. */
export function* patchLines(letter: TreeLetter, patch: Patch): Iterable<string> {
  let group: { readonly list: InstanceIdentifier; readonly schema: ListSchema; readonly entries: Branch[] } | undefined;
  for (const item of patch) {
    if (item.content === undefined) {
      yield JSON.stringify([letter, item.path.toString()]);
      continue;
    }
    const schema = addedTo(item);
    const list = item.path.steps;
    if (
      group !== undefined &&
      (schema !== group.schema || !isIn(list, group.list) || group.entries.length >= groupSize)
    ) {
      yield* entryLines(letter, group.list, group.schema, group.entries, true);
      group = undefined;
    }
    if (schema === undefined) {
      const splices = splicesLine(letter, item);
      if (splices === undefined) yield* contentLines(letter, item.path, item.content, item.place);
      else yield splices;
      continue;
    }
    group ??= { list: listOf(item.path, schema), schema, entries: [] };
    group.entries.push(item.content as Branch);
  }
  if (group !== undefined) yield* entryLines(letter, group.list, group.schema, group.entries, true);
}

/** The lines that make a whole tree out of an empty one. */
export function* treeLines(letter: TreeLetter, tree: DataTree): Iterable<string> {
  for (const [child, content] of tree.root.present()) {
    yield* contentLines(letter, InstanceIdentifier.root.child(child), content);
  }
}

/** Applies lines, one after the other, on top of a root. */
export class LineReader {
  readonly #root: Root;
  readonly #editors: Partial<Record<TreeLetter, Editor>> = {};
  /** The list whose entries are being gathered. */
  #gathered: Gathered | undefined;

  constructor(root: Root) {
    this.#root = root;
  }

  /** Throws ConfigError where the schema does not have what the line names. */
  apply(line: string): void {
    const [letter, text, json, place] = JSON.parse(line) as readonly [TreeLetter, string, JsonValue?, Place?];
    if (place === true) {
      this.#gather(letter, text, json as readonly JsonObject[], true);
      return;
    }
    const path = this.#path(text);
    if (Array.isArray(json) && path.last?.schema.kind === 'list') {
      this.#gather(letter, text, json as readonly JsonObject[], false);
      return;
    }
    this.#flush();
    const editor = this.#editor(letter);
    if (json === undefined) {
      editor.remove(path);
      return;
    }
    const schema = path.last?.schema as DataSchema;
    if (schema.kind === 'leaf-list' && !Array.isArray(json)) {
      const splices = splicesFromJson(schema, (json as JsonObject)['splices']);
      editor.set(path, applySplices((editor.get(path) ?? []) as readonly Value[], splices));
      return;
    }
    const content = contentFromJson(schema, json, 'journal');
    if (place === undefined) editor.set(path, content);
    else if (!editor.put(path, content, placement(path, place))) throw new TypeError(`${text} has no place to go to`);
  }

  finish(): Root {
    this.#flush();
    const { c, s } = this.#editors;
    return { config: c?.finish() ?? this.#root.config, system: s?.finish() ?? this.#root.system };
  }

  #gather(letter: TreeLetter, text: string, items: readonly JsonObject[], isAdded: boolean): void {
    if (!isAdded || this.#gathered?.text !== text || this.#gathered.letter !== letter) {
      this.#flush();
      this.#gathered = { letter, text, isAdded, entries: [] };
    }
    const schema = this.#path(text).last?.schema;
    if (schema?.kind !== 'list') throw new TypeError(`${text} is not a list`);
    for (const item of items) this.#gathered.entries.push(branchFromJson(schema, item, 'journal'));
  }

  #flush(): void {
    if (this.#gathered === undefined) return;
    const { letter, text, isAdded, entries } = this.#gathered;
    this.#gathered = undefined;
    const path = this.#path(text);
    const schema = path.last?.schema as ListSchema;
    const editor = this.#editor(letter);
    if (!isAdded || editor.get(path) === undefined) editor.set(path, ListData.of(schema, entries));
    else for (const entry of entries) editor.set(entryPath(path, schema, entry), entry);
  }

  #editor(letter: TreeLetter): Editor {
    const known = this.#editors[letter];
    if (known !== undefined) return known;
    const editor = (letter === 'c' ? this.#root.config : this.#root.system).edit();
    this.#editors[letter] = editor;
    return editor;
  }

  #path(text: string): InstanceIdentifier {
    return parsePath(this.#root.config.schema, text);
  }
}

/** True for entries that are added; the keys of the entry that one follows. */
type Place = true | readonly JsonValue[];

interface Gathered {
  readonly letter: TreeLetter;
  readonly text: string;
  /** False where they take the place of what was there. */
  readonly isAdded: boolean;
  readonly entries: Branch[];
}

type Editor = ReturnType<DataTree['edit']>;

/** A list that is too long for a line, with its place. */
interface Large {
  readonly path: InstanceIdentifier;
  readonly list: ListData;
}

function* contentLines(
  letter: TreeLetter,
  path: InstanceIdentifier,
  content: Content,
  place?: readonly Value[],
): Iterable<string> {
  if (content instanceof ListData) {
    yield* entryLines(letter, path, content.schema, content, false);
    return;
  }
  const large: Large[] = [];
  const json =
    content instanceof Branch
      ? split(() => path, content, large)
      : contentToJson(path.last?.schema as DataSchema, content, 'journal');
  // Nothing stands for a container that is only what is in it, and that follows.
  const isBare = large.length > 0 && Object.keys(json as object).length === 0;
  const where = place === undefined ? [] : [keysToJson(path, place)];
  if (!isBare || mustStand(path)) yield JSON.stringify([letter, path.toString(), json, ...where]);
  for (const { path: at, list } of large) yield* entryLines(letter, at, list.schema, list, false);
}

/** How a leaf-list changed; undefined for anything else, and where all of its values are no longer to write. */
function splicesLine(letter: TreeLetter, { path, content, before }: PatchItem): string | undefined {
  const schema = path.last?.schema;
  if (schema?.kind !== 'leaf-list' || before === undefined) return undefined;
  const after = content as readonly Value[];
  const splices = splicesBetween(before as readonly Value[], after);
  const length = splices.reduce((sum, { values }) => sum + values.length + 2, 0);
  if (length >= after.length) return undefined;
  const json = splices.map(({ start, count, values }) => [
    start,
    count,
    ...values.map((value) => valueToJson(value, schema.type, 'journal')),
  ]);
  return JSON.stringify([letter, path.toString(), { splices: json }]);
}

function splicesFromJson(schema: LeafListSchema, json: JsonValue | undefined): readonly Splice[] {
  return (json as readonly (readonly [number, number, ...JsonValue[]])[]).map(([start, count, ...values]) => {
    return { start, count, values: values.map((value) => valueFromJson(value, schema.type, 'journal')) };
  });
}

/** Entries of one list, added to what is there, or in place of it. */
function* entryLines(
  letter: TreeLetter,
  path: InstanceIdentifier,
  schema: ListSchema,
  entries: Iterable<Branch>,
  isAdded: boolean,
): Iterable<string> {
  const head = `["${letter}",${JSON.stringify(path.toString())},[`;
  const isFlat = !holdsLists(schema);
  let isFirst = !isAdded;
  let part: string[] = [];
  let length = 0;
  let large: Large[] = [];
  for (const entry of entries) {
    const isWhole = isFlat || schema.keys.length === 0;
    const json = isWhole ? branchToJson(entry, 'journal') : split(() => entryPath(path, schema, entry), entry, large);
    const text = JSON.stringify(json);
    part.push(text);
    length += text.length;
    if (part.length < entriesInLine && length < lineLength && large.length === 0) continue;
    yield `${head}${part.join(',')}]${isFirst ? ']' : ',true]'}`;
    for (const { path: at, list } of large) yield* entryLines(letter, at, list.schema, list, false);
    [part, length, large, isFirst] = [[], 0, [], false];
  }
  if (part.length > 0) yield `${head}${part.join(',')}]${isFirst ? ']' : ',true]'}`;
}

/** What a branch holds but for long lists, which are added to `large`. */
function split(path: () => InstanceIdentifier, branch: Branch, large: Large[]): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const [child, content] of branch.present()) {
    const name = memberName(branch.schema, child);
    if (content instanceof ListData) {
      const { schema } = content;
      if (content.size > entriesInLine) large.push({ path: path().child(child), list: content });
      else if (schema.keys.length === 0 || !holdsLists(schema)) object[name] = contentToJson(child, content, 'journal');
      else object[name] = Array.from(content, (entry) => split(() => path().child(child, entry.keys()), entry, large));
    } else if (content instanceof Branch) {
      object[name] = split(() => path().child(child), content, large);
    } else {
      object[name] = contentToJson(child, content, 'journal');
    }
  }
  return object;
}

function holdsLists(schema: BranchSchema): boolean {
  return schema.dataChildren.some((child) => child.kind === 'list' || child.kind === 'container');
}

function keysToJson(path: InstanceIdentifier, keys: readonly Value[]): readonly JsonValue[] {
  const { keys: leafs } = path.last!.schema as ListSchema;
  return keys.map((key, index) => valueToJson(key, leafs[index]!.type, 'journal'));
}

function placement(path: InstanceIdentifier, keys: readonly JsonValue[]): Placement {
  if (keys.length === 0) return { where: 'first' };
  const { keys: leafs } = path.last!.schema as ListSchema;
  return { where: 'after', anchor: leafs.map(({ type }, index) => valueFromJson(keys[index]!, type, 'journal')) };
}

/** A presence container or a list entry is there by itself. */
function mustStand(path: InstanceIdentifier): boolean {
  const schema = path.last?.schema;
  return schema?.kind !== 'container' || schema.presence !== undefined;
}

/** The list that an item adds an entry to; undefined for any other item. */
function addedTo({ path, content, before, place }: PatchItem): ListSchema | undefined {
  const { schema, keys } = path.last ?? {};
  const isNew = place === undefined && before === undefined && content instanceof Branch && keys !== undefined;
  return isNew && schema?.kind === 'list' ? schema : undefined;
}

function isIn(steps: readonly PathStep[], list: InstanceIdentifier): boolean {
  const above = list.steps.length - 1;
  return steps.length === above + 1 && list.steps.every((step, index) => index === above || step === steps[index]);
}

function listOf(entry: InstanceIdentifier, schema: ListSchema): InstanceIdentifier {
  return (entry.parent ?? InstanceIdentifier.root).child(schema);
}

function entryPath(list: InstanceIdentifier, schema: ListSchema, entry: Branch): InstanceIdentifier {
  return (list.parent ?? InstanceIdentifier.root).child(schema, entry.keys());
}

/** Entries that are gathered before their lines are made. */
const groupSize = 1000;
const entriesInLine = 200;
/** Characters from which on a line is not made longer; one entry may be. */
const lineLength = 64 * 1024;
