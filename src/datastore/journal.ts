/**
 * The journal: one append-only file of records, at once the durable store and the history. A record is on disk when
 * `append` resolves; records that wait together share one write and one sync. A compaction writes a shorter file beside,
 * syncs it, renames it over the old one and syncs the directory.
 */
import { ConfigError } from '../error.js';
import { errorCode, errorPath, type FileSystem, type OpenFile } from './files.js';
import { encodeInSteps, maxFrame } from './frame.js';
import { copyOctets, copyRecords, Offsets, type RecordFilter, writeRecord } from './journal-copy.js';
import {
  type Damage,
  formatVersion,
  headerLength,
  JournalCorruptError,
  readHeader,
  readRecords,
  writeHeader,
} from './journal-reader.js';
import type { Log } from './log.js';

/** A record: JSON documents, one a line. It is asked for its lines once, while it is written. */
export type RecordLines = Iterable<string>;

export interface JournalOptions {
  /** STATE; the journal is STATE/journal/journal. */
  readonly stateDirectory: string;
  readonly files: FileSystem;
  readonly log: Log;
  /** Told of a torn tail that is cut off. */
  readonly torn?: (damage: Damage) => void;
}

/** Replaces the file by `snapshot`, what it holds from the offset `keepFrom` on but for what is left out, and `rest`. */
export interface Compaction extends Pick<RecordFilter, 'isLeftOut' | 'leftOut'> {
  readonly snapshot: () => Iterable<RecordLines> | AsyncIterable<RecordLines>;
  readonly keepFrom: number;
  /** Asked when all that is left out is known. */
  readonly rest: () => Iterable<RecordLines>;
}

export interface ReadRecord {
  readonly lines: readonly string[];
  /** Where the next record begins. */
  readonly end: number;
}

export class Journal {
  readonly #files: FileSystem;
  readonly #log: Log;
  readonly #directory: string;
  #file: OpenFile;
  /** What is known to be on disk: everything before this place in the file. */
  #size: number;
  #offsets = new Offsets(0, 0);
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Set by a failed write or sync, or an older format: nothing is appended before the file was cut back or written anew. */
  #damaged: 'no' | 'cut' | 'rewrite' | 'upgrade' = 'no';
  #closed = false;
  #compacting = false;

  private constructor(options: JournalOptions, file: OpenFile, size: number) {
    this.#files = options.files;
    this.#log = options.log;
    this.#directory = journalDirectory(options.stateDirectory);
    this.#file = file;
    this.#size = size;
  }

  /**
   * Opens or makes the journal and hands every record to `onRecord`, oldest first. A torn tail is cut off and reported.
   * Throws {@link JournalCorruptError} where a sound record follows a bad one, and ConfigError for a newer format.
   */
  static async open(options: JournalOptions, onRecord: (record: ReadRecord) => void): Promise<Journal> {
    const { files, stateDirectory, log } = options;
    const directory = journalDirectory(stateDirectory);
    const path = `${directory}/${journalName}`;
    await files.makeDirectory(directory, 0o700);
    for (const beside of ['new', 'anew']) await files.remove(`${path}.${beside}`);
    const file = await files.open(path, 'update');
    try {
      const version = await readHeader(file, path, stateDirectory);
      if (version === 0) {
        await checkFirst(options, path);
        const size = await writeHeader(file);
        await file.sync();
        await files.syncDirectory(directory);
        // The directory's own name as well: with it the first commits would go.
        await files.syncDirectory(stateDirectory);
        return new Journal(options, file, size);
      }
      const { end, damage } = await readRecords(file, headerLength, onRecord);
      if (damage?.kind === 'corrupt') throw new JournalCorruptError(path, damage.offset, stateDirectory);
      if (damage !== undefined) {
        await cutTail(file, path, damage, log);
        options.torn?.(damage);
      }
      const journal = new Journal(options, file, end);
      if (version < formatVersion) journal.#damaged = 'upgrade';
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Octets that are on disk. */
  get size(): number {
    return this.#size;
  }

  /** True while a compaction is being written. */
  get compacting(): boolean {
    return this.#compacting;
  }

  /**
   * Resolves with the offset behind each record when all are on disk; rejects with a ConfigError where they are not, and then
   * nothing of them stays. Records of one call lie together: all or none of them count after a crash only record by record.
   */
  append(records: readonly RecordLines[]): Promise<readonly number[]> {
    if (this.#closed) return Promise.reject(storageError('the journal is closed', undefined));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ kind: 'append', records, resolve, reject });
      this.#pump();
    });
  }

  /** Commits go on meanwhile; they wait only while the last octets are copied. */
  async compact({ snapshot, keepFrom, rest, ...filter }: Compaction): Promise<void> {
    if (this.#compacting) throw new Error('a compaction is under way');
    this.#compacting = true;
    const path = `${this.#directory}/${journalName}.new`;
    let file: OpenFile | undefined;
    try {
      file = await this.#files.open(path, 'create');
      const target = file;
      let at = await writeHeader(target);
      for await (const lines of snapshot()) at = await writeRecord(target, at, lines);
      const copied = this.#size;
      const former = this.#offsets;
      const offsets = new Offsets(keepFrom, at);
      at = await copyRecords(this.#file, former.placeOf(keepFrom), copied, target, at, {
        ...filter,
        began: (place, now) => offsets.add(former.offsetOf(place), now),
      });
      for (const lines of rest()) at = await writeRecord(target, at, lines);
      offsets.add(former.offsetOf(copied), at);
      await target.sync();
      await new Promise<void>((resolve, reject) => {
        const run = async () => await this.#switchTo(target, path, { copied, at, offsets });
        this.#waiting.push({ kind: 'exclusive', run, resolve, reject });
        this.#pump();
      });
    } catch (error) {
      if (file !== undefined && this.#file !== file) {
        await file.close().catch(() => undefined);
        await this.#files.remove(path).catch(() => undefined);
      }
      throw error;
    } finally {
      this.#compacting = false;
    }
  }

  /** Waits for what was appended, then closes the file. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#running !== undefined) await this.#running;
    // What was refused must not be found at the next start; an older format may stay what it is.
    const mended = this.#damaged === 'upgrade' ? Promise.resolve() : this.#recover();
    await mended.catch((error: unknown) => {
      this.#log('error', 'the journal could not be mended before it was closed', { cause: String(error) });
    });
    await this.#file.close();
  }

  #pump(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#drain().finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#pump();
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      if (first.kind === 'exclusive') {
        this.#waiting.shift();
        await first.run().then(first.resolve, first.reject);
        continue;
      }
      const end = this.#waiting.findIndex((entry) => entry.kind === 'exclusive');
      const batch = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
      await this.#writeBatch(batch.filter((entry) => entry.kind === 'append'));
    }
  }

  async #writeBatch(batch: readonly WaitingAppend[]): Promise<void> {
    try {
      await this.#recover();
      const offsets: number[][] = [];
      const length = await this.#writeRecords(batch, offsets);
      if (length > 0) await this.#sync();
      this.#size += length;
      for (const [index, entry] of batch.entries()) entry.resolve(offsets[index]!);
    } catch (error) {
      const refusal = error instanceof ConfigError ? error : storageError('cannot write the journal', error);
      for (const entry of batch) entry.reject(refusal);
    }
  }

  /** A frame or so at a time, so that others run in between; gives the length of all. */
  async #writeRecords(batch: readonly WaitingAppend[], offsets: number[][]): Promise<number> {
    let parts: Buffer[] = [];
    let [written, held] = [0, 0];
    const pause = pauses();
    const write = async () => {
      await this.#file.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts, held), this.#size + written);
      [parts, written, held] = [[], written + held, 0];
    };
    try {
      for (const { records } of batch) {
        const own: number[] = [];
        offsets.push(own);
        for (const lines of records) {
          for (const frame of encodeInSteps(lines, written + held)) {
            if (frame === undefined) {
              await pause();
              continue;
            }
            parts.push(frame);
            held += frame.length;
            if (held >= maxFrame) await write();
          }
          own.push(this.#offsets.offsetOf(this.#size + written + held));
        }
      }
      if (held > 0) await write();
      return written;
    } catch (error) {
      this.#damaged = 'cut';
      await this.#recover().catch(() => undefined);
      throw error;
    }
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      // After a failed sync the kernel may have dropped the dirty pages and call the next sync a success: this file
      // is not trusted again. What was refused is cut off at once so that a start does not find it.
      this.#damaged = 'rewrite';
      await this.#file.truncate(this.#size).catch(() => undefined);
      throw error;
    }
  }

  /** Makes the file fit to be appended to again after a failure; throws where that does not work yet. */
  async #recover(): Promise<void> {
    if (this.#damaged === 'no') return;
    if (this.#damaged === 'cut') {
      await this.#file.truncate(this.#size);
      this.#damaged = 'no';
      return;
    }
    // Not the name of a compaction, which may be under way and goes on with the new file: every place in it is the same.
    const path = `${this.#directory}/${journalName}.anew`;
    const file = await this.#files.open(path, 'create');
    try {
      await copyOctets(this.#file, headerLength, this.#size, file, await writeHeader(file));
      await file.sync();
      await this.#files.rename(path, `${this.#directory}/${journalName}`);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    const old = this.#file;
    this.#file = file;
    await old.close().catch(() => undefined);
    await this.#files.syncDirectory(this.#directory);
    if (this.#damaged === 'upgrade') this.#log('info', `the journal is of format ${formatVersion} now`);
    else this.#log('warning', 'the journal was written anew after a failed sync');
    this.#damaged = 'no';
  }

  async #switchTo(
    file: OpenFile,
    path: string,
    { copied, at, offsets }: { readonly copied: number; readonly at: number; readonly offsets: Offsets },
  ): Promise<void> {
    const end = await copyOctets(this.#file, copied, this.#size, file, at);
    if (end !== at) await file.sync();
    await this.#files.rename(path, `${this.#directory}/${journalName}`);
    const old = this.#file;
    this.#file = file;
    this.#size = end;
    this.#offsets = offsets;
    this.#damaged = 'no';
    await old.close().catch(() => undefined);
    try {
      await this.#files.syncDirectory(this.#directory);
    } catch (error) {
      // The rename may not survive a power failure; the old file would: no commit counts before this is settled.
      this.#damaged = 'rewrite';
      throw error;
    }
  }
}

/** What a storage failure is told as, with the file: resource-denied where space is missing, operation-failed else. */
export function storageError(text: string, cause: unknown): ConfigError {
  const code = errorCode(cause);
  const tag = code === 'ENOSPC' || code === 'EDQUOT' ? 'resource-denied' : 'operation-failed';
  const path = errorPath(cause);
  const parts = [text, text.includes(path) ? '' : path, storageReasons[code] ?? code];
  const message = parts.filter((part) => part !== '').join(': ');
  return new ConfigError({ tag, message }, cause === undefined ? undefined : { cause });
}

export function journalDirectory(stateDirectory: string): string {
  return `${stateDirectory}/journal`;
}

export const journalName = 'journal';

type Waiting = WaitingAppend | WaitingExclusive;

interface WaitingAppend {
  readonly kind: 'append';
  readonly records: readonly RecordLines[];
  readonly resolve: (offsets: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

interface WaitingExclusive {
  readonly kind: 'exclusive';
  readonly run: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What lets others run, called often: where the last time was a while ago. */
function pauses(): () => Promise<void> {
  let end = performance.now() + sliceLength;
  return async () => {
    if (performance.now() < end) return;
    await new Promise<void>((resolve) => void setImmediate(resolve));
    end = performance.now() + sliceLength;
  };
}

async function cutTail(file: OpenFile, path: string, damage: Damage, log: Log): Promise<void> {
  log('warning', `${path}: the last record is torn, cut off at offset ${damage.offset}`, { octets: damage.octets });
  await file.truncate(damage.offset);
  await file.sync();
}

/** Milliseconds. */
const sliceLength = 5;

const storageReasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk reports an error',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
};

/** A first start makes the journal before any key: where there are keys, what was there is lost, and a start would hide it. */
async function checkFirst({ files, stateDirectory }: JournalOptions, path: string): Promise<void> {
  const keys = await files.list(`${stateDirectory}/keys`).catch((): readonly string[] => []);
  if (keys.length === 0) return;
  const message = `${path} is missing or empty, though ${stateDirectory}/keys holds keys; restore a backup, or remove ${stateDirectory} to begin anew`;
  throw new ConfigError({ tag: 'operation-failed', message });
}
