/** What the journal's records say: a commit with its patch, a snapshot in parts, a durable fact beside the tree. */
import type { JsonValue } from '../yang/index.js';
import type { Origin, Root } from './contract.js';
import type { RecordLines } from './journal.js';
import { LineReader, treeLines } from './record-lines.js';
import type { HistoryEntry } from './session.js';

/** `none` where the operator did not ask for a startup datastore, so that running is what a start finds. */
export type StartupState = 'saved' | 'deleted' | 'none';

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
  /** The startup datastore from here on; the lines behind it lead to it from the root of the last commit. */
  | { readonly record: 'startup'; readonly time: number; readonly origin: Origin; readonly is: StartupState }
  | { readonly record: 'meta'; readonly name: string; readonly value: JsonValue }
  | { readonly record: 'snapshot'; readonly entry: HistoryEntry }
  | { readonly record: 'part' }
  | { readonly record: 'end' };

export function encodeHead(head: RecordHead): string {
  return JSON.stringify(head);
}

/** True for the beginning of a record that is a fact. */
export function isFact(beginning: string): boolean {
  return beginning.startsWith('{"record":"meta",');
}

export function decodeHead(line: string | undefined): RecordHead {
  return JSON.parse(line ?? '') as RecordHead;
}

/** A root as records: the head with its history entry, the lines of both trees in parts, the end. */
export function* snapshotRecords(root: Root, entry: HistoryEntry): Iterable<RecordLines> {
  yield [encodeHead({ record: 'snapshot', entry })];
  for (const line of treeLines('c', root.config)) yield [encodeHead({ record: 'part' }), line];
  for (const line of treeLines('s', root.system)) yield [encodeHead({ record: 'part' }), line];
  yield [encodeHead({ record: 'end' })];
}

/** The lines of a record behind its head, on top of a root. */
export function applyLines(root: Root, lines: readonly string[]): Root {
  const reader = new LineReader(root);
  // In format 1 what goes and what is set were mixed: what goes comes first.
  const [goes, sets] = [lines.slice(1).filter(isRemoval), lines.slice(1).filter((line) => !isRemoval(line))];
  for (const line of goes) reader.apply(line);
  for (const line of sets) reader.apply(line);
  return reader.finish();
}

/** A line of two strings: the tree and the path. */
function isRemoval(line: string): boolean {
  return line.endsWith('"]') && (JSON.parse(line) as readonly unknown[]).length === 2;
}
