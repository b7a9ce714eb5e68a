/**
 * What `signet repair` does to a journal on which no agent starts: it is cut off before the first octet that is not what was
 * written, and what is cut off is kept in a file of its own; a header that is not legible is written anew.
 */
import { ConfigError } from '../error.js';
import { lockDirectory } from './directory-lock.js';
import { type FileSystem, nodeFileSystem, type OpenFile } from './files.js';
import { decodeFrame, findFrame, maxFrame } from './frame.js';
import { journalDirectory, journalName, storageError } from './journal.js';
import { headerLength, JournalCorruptError, readHeader, readRecords, writeHeader } from './journal-reader.js';
import { decodeHead, type RecordHead } from './record.js';
import { finishRekey } from './rekey-finish.js';
import type { HistoryEntry } from './session.js';

export interface RepairReport {
  readonly file: string;
  /** Undefined where the journal is sound, and nothing was done. */
  readonly cut:
    | {
        readonly offset: number;
        /** How many are kept. */
        readonly octets: number;
        /** Where the header was not legible it is written anew, and the whole journal is kept; else what was cut off. */
        readonly isHeaderNew: boolean;
        /** The file where that is, mode 0600. */
        readonly kept: string;
        /** Transactions whose beginning is still legible there, the oldest first, a thousand at most. */
        readonly lost: readonly HistoryEntry[];
      }
    | undefined;
  readonly records: number;
  /** The transaction that will be running; undefined where none is left. */
  readonly last: HistoryEntry | undefined;
}

/**
 * Repairs the journal of a state directory. What is cut off is on disk elsewhere before anything is taken away. ConfigError
 * where an agent runs on the directory (`in-use`), where there is no journal, or where a newer version wrote it.
 */
export async function repairJournal(
  stateDirectory: string,
  files: FileSystem = nodeFileSystem,
  now: () => Date = () => new Date(),
): Promise<RepairReport> {
  const directory = journalDirectory(stateDirectory);
  const path = `${directory}/${journalName}`;
  const names = await files.list(directory).catch((): readonly string[] => []);
  if (!names.includes(journalName)) throw new ConfigError({ tag: 'data-missing', message: `there is no ${path}` });
  const lock = await lockDirectory(stateDirectory);
  try {
    await finishRekey(files, stateDirectory);
    const file = await files.open(path, 'update');
    try {
      return await repairFile(file, path, stateDirectory, { files, directory, now });
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof ConfigError ? error : storageError(`${path} cannot be repaired`, error);
  } finally {
    await lock.release();
  }
}

interface Place {
  readonly files: FileSystem;
  readonly directory: string;
  readonly now: () => Date;
}

async function repairFile(file: OpenFile, path: string, stateDirectory: string, place: Place): Promise<RepairReport> {
  const version = await format(file, path, stateDirectory);
  // Its very first write was torn: an agent begins there as with none.
  if (version === 0) return { file: path, cut: undefined, records: 0, last: undefined };
  const isLegible = version !== undefined;
  let [records, sound] = [0, headerLength];
  let last: HistoryEntry | undefined;
  let isInSnapshot = false;
  const { end } = await readRecords(file, headerLength, ({ lines, end: behind }) => {
    const head = decodeHead(lines[0]);
    // A snapshot counts when it is whole: a part of it would be taken for the tree.
    if (head.record === 'snapshot') isInSnapshot = true;
    if (head.record === 'end') isInSnapshot = false;
    if ('entry' in head) last = head.entry;
    records += 1;
    if (!isInSnapshot) sound = behind;
  });
  const size = await file.size();
  const offset = isInSnapshot ? headerLength : sound;
  if (isInSnapshot) [records, last] = [0, undefined];
  if (isLegible && end === size && offset === size) return { file: path, cut: undefined, records, last };
  const from = isLegible ? offset : 0;
  const kept = await keep(file, from, size, place);
  const lost = await legible(file, offset, size);
  if (!isLegible) await writeHeader(file);
  await file.truncate(Math.max(offset, headerLength));
  await file.sync();
  return { file: path, cut: { offset, octets: size - from, isHeaderNew: !isLegible, kept, lost }, records, last };
}

/** Undefined where the header is not what was written; a newer format is refused. */
async function format(file: OpenFile, path: string, stateDirectory: string): Promise<number | undefined> {
  try {
    return await readHeader(file, path, stateDirectory);
  } catch (error) {
    if (error instanceof JournalCorruptError) return undefined;
    throw error;
  }
}

/** Copies the octets to a new file beside the journal, which is on disk with its name before this resolves. */
async function keep(file: OpenFile, from: number, size: number, { files, directory, now }: Place): Promise<string> {
  const stamp = now()
    .toISOString()
    .replace(/[-:]|\.\d+/g, '');
  const names = await files.list(directory);
  let name = `${journalName}.cut-${stamp}`;
  for (let count = 2; names.includes(name); count++) name = `${journalName}.cut-${stamp}-${count}`;
  const target = await files.open(`${directory}/${name}`, 'create');
  try {
    for (let at = from; at < size; at += copySlice) {
      await target.write(await file.read(at, Math.min(copySlice, size - at)), at - from);
    }
    await target.sync();
  } catch (error) {
    await files.remove(`${directory}/${name}`).catch(() => undefined);
    throw error;
  } finally {
    await target.close();
  }
  await files.syncDirectory(directory);
  return `${directory}/${name}`;
}

/** The commits whose first frame is sound from `offset` on. */
async function legible(file: OpenFile, offset: number, size: number): Promise<readonly HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (let at = offset; at < size && entries.length < maxLost; at += copySlice) {
    const buffer = await file.read(at, copySlice + maxFrame);
    for (let found = findFrame(buffer, 0); found >= 0 && found < copySlice; found = findFrame(buffer, found + 1)) {
      const frame = decodeFrame(buffer, found);
      const head = frame?.first === true ? readHead(frame.payload) : undefined;
      if (head?.record === 'commit' && entries.length < maxLost) entries.push(head.entry);
    }
  }
  return entries;
}

function readHead(payload: Buffer): RecordHead | undefined {
  const end = payload.indexOf(0x0a);
  try {
    return decodeHead(payload.toString('utf8', 0, end < 0 ? payload.length : end));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const copySlice = 1024 * 1024;
const maxLost = 1000;
