/**
 * The audit file: a JSON line for each login, refusal and commit, in STATE/audit, 0600. It is rotated and bounded, so that
 * nobody fills the disk; a write that fails is told in the log and stops nothing.
 */
import { join } from 'node:path';
import type { Origin } from './contract.js';
import { type FileSystem, nodeFileSystem, type OpenFile, readSmallFile } from './files.js';
import type { Log } from './log.js';
import type { DatastoreEvent } from './session.js';

/** `time` is put in front of each as RFC 3339. No member holds a value of the tree. */
export type AuditRecord =
  | { readonly event: 'login'; readonly result: string; readonly [fact: string]: string | number }
  | (Asker & { readonly event: 'refusal'; readonly access: string; readonly path: string })
  | (Asker & {
      readonly event: 'commit';
      readonly transaction: string;
      /** How many nodes differ, and the paths of the first of them. */
      readonly changes: number;
      readonly paths: readonly string[];
    });

interface Asker {
  readonly user: string;
  readonly protocol: string;
  readonly address: string;
}

export interface AuditOptions {
  /** Made 0700 where absent. */
  readonly directory: string;
  readonly log: Log;
  readonly now?: () => number;
  readonly files?: FileSystem;
  /** Octets of one file, and how many files there are with the one that is written. */
  readonly size?: number;
  readonly count?: number;
}

export class AuditFile {
  readonly #options: Required<AuditOptions>;
  readonly #pending: string[] = [];
  #dropped = 0;
  #failed = false;
  #file: { readonly handle: OpenFile; position: number } | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AuditOptions) {
    this.#options = { now: () => Date.now(), files: nodeFileSystem, size: 1_048_576, count: 4, ...options };
  }

  /** The transaction of the last commit that is in it, '0' for none: a stop may have come before what follows was written. */
  async lastCommit(): Promise<string> {
    const { files, count } = this.#options;
    for (let index = 0; index < count; index += 1) {
      const text = (await readSmallFile(files, this.#name(index)).catch(() => undefined))?.toString() ?? '';
      for (let at = text.lastIndexOf(commitMark); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(commitMark, at - 1)) {
        const line = text.slice(at, text.indexOf('\n', at) + 1);
        const found = transactionMember.exec(line)?.[1];
        if (found !== undefined) return found;
      }
    }
    return '0';
  }

  /** Returns at once. Where more wait than the file takes, the excess is counted and told by the next line. */
  record(record: AuditRecord, at = this.#options.now()): void {
    if (this.#pending.length >= maxPending) {
      this.#dropped += 1;
      return;
    }
    const dropped = this.#dropped === 0 ? {} : { dropped: this.#dropped };
    this.#dropped = 0;
    const time = new Date(at).toISOString();
    this.#pending.push(`${JSON.stringify({ time, ...record, ...dropped }, bounded)}\n`);
    // The journal has each commit already, so these lines wait for each other and keep out of the way of its syncs.
    if (record.event === 'commit' && this.#pending.length < maxBatch)
      this.#timer ??= setTimeout(this.#flush, gatherFor).unref();
    else this.#flush();
  }

  /** What is told of a commit; other events are not for this file. */
  observe(event: DatastoreEvent): void {
    if (event.kind !== 'commit') return;
    const { transaction, differences } = event;
    const paths = differences.slice(0, maxPaths).map(({ path }) => path.toString());
    this.record(
      { event: 'commit', ...askerOf(event.origin), transaction, changes: differences.length, paths },
      event.time,
    );
  }

  /** When everything that was recorded is on disk, or has failed. */
  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
    const { handle } = this.#file ?? {};
    this.#file = undefined;
    try {
      await handle?.sync();
      await handle?.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  };

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const data = Buffer.from(this.#pending.splice(0, maxBatch).join(''));
      try {
        const file = await this.#opened(data.length);
        await file.handle.write(data, file.position);
        file.position += data.length;
        this.#failed = false;
      } catch (error) {
        this.#fail(error);
        const broken = this.#file;
        this.#file = undefined;
        await broken?.handle.close().catch(() => undefined);
      }
    }
  }

  async #opened(length: number): Promise<{ readonly handle: OpenFile; position: number }> {
    const { directory, files, size } = this.#options;
    if (this.#file === undefined) {
      await files.makeDirectory(directory, 0o700);
      const handle = await files.open(this.#name(0), 'update');
      this.#file = { handle, position: await handle.size() };
      await this.#endLine(this.#file);
    }
    if (this.#file.position === 0 || this.#file.position + length <= size) return this.#file;
    const full = this.#file.handle;
    this.#file = undefined;
    await full.close();
    await this.#rotate();
    this.#file = { handle: await files.open(this.#name(0), 'create'), position: 0 };
    return this.#file;
  }

  /** A line that a stop has torn stays one of its own. */
  async #endLine(file: { readonly handle: OpenFile; position: number }): Promise<void> {
    if (file.position === 0 || (await file.handle.read(file.position - 1, 1)).toString() === '\n') return;
    await file.handle.write(Buffer.from('\n'), file.position);
    file.position += 1;
  }

  async #rotate(): Promise<void> {
    const { directory, files, count } = this.#options;
    const there = new Set(await files.list(directory));
    for (let index = count - 2; index >= 0; index -= 1) {
      const name = nameOf(index);
      if (there.has(name)) await files.rename(join(directory, name), this.#name(index + 1));
    }
  }

  #name(index: number): string {
    return join(this.#options.directory, nameOf(index));
  }

  /** Told once for a failure that lasts. */
  #fail(error: unknown): void {
    if (!this.#failed) this.#options.log('error', 'the audit file cannot be written', { cause: String(error) });
    this.#failed = true;
  }
}

export function askerOf({ user, protocol, address }: Origin): Asker {
  return { user, protocol, address };
}

function nameOf(index: number): string {
  return index === 0 ? 'audit.log' : `audit.log.${String(index)}`;
}

/** Names and paths come from the network too. */
function bounded(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > maxText ? `${value.slice(0, maxText)}...` : value;
}

/** No text of a member holds it: quotation marks are escaped there. */
const commitMark = '"event":"commit",';
const transactionMember = /"transaction":"([0-9]+)"/;
/** Milliseconds. */
const gatherFor = 200;
const maxPending = 1000;
const maxBatch = 100;
const maxPaths = 20;
const maxText = 256;
