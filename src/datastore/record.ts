/** What the journal's records say: a commit with its patch, a snapshot in parts, a durable fact beside the tree. */

import type { JsonValue, Schema } from '../yang/index.js';
import { type Branch, type DataSchema, DataTree, InstanceIdentifier, ListData, parsePath } from '../yang/index.js';
import { branchFromJson, branchToJson, contentFromJson, contentToJson } from './content.js';
import type { Origin, Root } from './contract.js';
import type { RecordLines } from './journal.js';
import type { Patch } from './patch.js';
import type { HistoryEntry } from './session.js';

/** The first line of a record. */
export type RecordHead =
  | {
      readonly record: 'commit';
      readonly entry: HistoryEntry;
      /** Opens (or extends) a confirmed commit that falls back to that transaction. */
      readonly fallback?: string;
      /** Closes the confirmed commit that is open: confirmed, or gone back. */
      readonly closes?: boolean;
    }
  | { readonly record: 'confirm'; readonly time: number; readonly origin: Origin }
  | { readonly record: 'meta'; readonly name: string; readonly value: JsonValue }
  | { readonly record: 'snapshot'; readonly entry: HistoryEntry }
  | { readonly record: 'part' }
  | { readonly record: 'end' };

export function encodeHead(head: RecordHead): string {
  return JSON.stringify(head);
}

export function decodeHead(line: string | undefined): RecordHead {
  return JSON.parse(line ?? '') as RecordHead;
}

/** One line for each item, after the head. */
export function encodePatches(patches: { readonly config: Patch; readonly system: Patch }): string[] {
  const lines: string[] = [];
  for (const tree of ['config', 'system'] as const) {
    for (const { path, content } of patches[tree]) {
      const schema = path.last?.schema as DataSchema;
      const json = content === undefined ? [] : [contentToJson(schema, content, 'journal')];
      lines.push(JSON.stringify([tree[0], path.toString(), ...json]));
    }
  }
  return lines;
}

/** The lines of {@link encodePatches} on top of a root. */
export function applyLines(root: Root, lines: RecordLines, first = 1): Root {
  const editors: { c?: Editor; s?: Editor } = {};
  const items = lines.slice(first).map((line) => JSON.parse(line) as readonly [string, string, JsonValue?]);
  const editor = (letter: string): Editor => {
    if (letter === 'c') {
      editors.c ??= root.config.edit();
      return editors.c;
    }
    editors.s ??= root.system.edit();
    return editors.s;
  };
  const { schema } = root.config;
  for (const [letter, text, json] of items) {
    if (json === undefined) editor(letter).remove(parsePath(schema, text));
  }
  for (const [letter, text, json] of items) {
    if (json === undefined) continue;
    const path = parsePath(schema, text);
    editor(letter).set(path, contentFromJson(path.last?.schema as DataSchema, json, 'journal'));
  }
  return { config: editors.c?.finish() ?? root.config, system: editors.s?.finish() ?? root.system };
}

/** A root as records: the head with its history entry, parts of a bounded number of entries each, the end. */
export function* snapshotRecords(root: Root, entry: HistoryEntry): Iterable<RecordLines> {
  yield [encodeHead({ record: 'snapshot', entry })];
  for (const tree of ['config', 'system'] as const) {
    for (const line of snapshotLines(tree[0]!, InstanceIdentifier.root, root[tree].root)) {
      yield [encodeHead({ record: 'part' }), line];
    }
  }
  yield [encodeHead({ record: 'end' })];
}

/** Puts the parts of a snapshot together again. */
export class SnapshotReader {
  readonly #schema: Schema;
  readonly #editors: { readonly c: Editor; readonly s: Editor };
  /** The list whose entries are being gathered. */
  #gathered: { readonly letter: string; readonly path: string; readonly entries: Branch[] } | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#editors = { c: DataTree.empty(schema).edit(), s: DataTree.empty(schema).edit() };
  }

  part(lines: RecordLines): void {
    for (const line of lines.slice(1)) {
      const [letter, text, json, isEntries] = JSON.parse(line) as [string, string, JsonValue, boolean?];
      if (isEntries === true) this.#gather(letter, text, json as readonly JsonValue[]);
      else this.#set(letter, text, json);
    }
  }

  finish(): Root {
    this.#flush();
    return { config: this.#editors.c.finish(), system: this.#editors.s.finish() };
  }

  #gather(letter: string, path: string, items: readonly JsonValue[]): void {
    if (this.#gathered?.path !== path || this.#gathered.letter !== letter) {
      this.#flush();
      this.#gathered = { letter, path, entries: [] };
    }
    const schema = this.#path(path).last?.schema;
    if (schema?.kind !== 'list') throw new TypeError(`${path} is not a list`);
    for (const item of items) {
      this.#gathered.entries.push(branchFromJson(schema, item as Readonly<Record<string, JsonValue>>, 'journal'));
    }
  }

  #flush(): void {
    if (this.#gathered === undefined) return;
    const { letter, path, entries } = this.#gathered;
    this.#gathered = undefined;
    const at = this.#path(path);
    const schema = at.last?.schema;
    if (schema?.kind === 'list') this.#editor(letter).set(at, ListData.of(schema, entries));
  }

  #set(letter: string, text: string, json: JsonValue): void {
    const path = this.#path(text);
    this.#editor(letter).set(path, contentFromJson(path.last?.schema as DataSchema, json, 'journal'));
  }

  #editor(letter: string): Editor {
    return letter === 'c' ? this.#editors.c : this.#editors.s;
  }

  #path(text: string): InstanceIdentifier {
    return parsePath(this.#schema, text);
  }
}

type Editor = ReturnType<DataTree['edit']>;

function* snapshotLines(letter: string, path: InstanceIdentifier, branch: Branch): Iterable<string> {
  for (const [child, content] of branch.present()) {
    const at = path.child(child);
    if (content instanceof ListData) {
      yield* listLines(letter, at, content);
    } else if (child.kind === 'container') {
      if (child.presence !== undefined) yield JSON.stringify([letter, at.toString(), {}]);
      yield* snapshotLines(letter, at, content as Branch);
    } else {
      yield JSON.stringify([letter, at.toString(), contentToJson(child, content, 'journal')]);
    }
  }
}

function* listLines(letter: string, path: InstanceIdentifier, list: ListData): Iterable<string> {
  let part: JsonValue[] = [];
  for (const entry of list) {
    part.push(branchToJson(entry, 'journal'));
    if (part.length < entriesInPart) continue;
    yield JSON.stringify([letter, path.toString(), part, true]);
    part = [];
  }
  if (part.length > 0) yield JSON.stringify([letter, path.toString(), part, true]);
}

const entriesInPart = 200;
