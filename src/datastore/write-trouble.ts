/**
 * The trouble of a disk that does not take the journal, and when it is over: with a commit that is on disk, or when there is room
 * for one. A small record that just fits into what is left says nothing.
 */
import { ConfigError } from '../error.js';
import type { FileSystem } from './files.js';
import { journalDirectory } from './journal.js';
import type { Clock } from './log.js';
import type { Troubles } from './trouble.js';

export interface WriteTroubleParts {
  readonly stateDirectory: string;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly troubles: Troubles;
}

export class WriteTrouble {
  readonly #parts: WriteTroubleParts;
  #stands = false;
  #looking: Promise<void> | undefined;
  #cancel: () => void = () => undefined;

  constructor(parts: WriteTroubleParts) {
    this.#parts = parts;
  }

  failed(error: unknown): void {
    this.#stands = true;
    const text = `${ConfigError.from(error).message}; commits are refused until it works`;
    this.#parts.troubles.stands({ kind: 'journal-write-failed', place: '', text });
    this.#lookLater();
  }

  /** A commit is on disk. */
  isOver(): void {
    if (!this.#stands) return;
    this.#stands = false;
    this.#cancel();
    this.#parts.troubles.isOver('journal-write-failed');
  }

  /** Something small is on disk: perhaps there is room again. */
  look(): void {
    if (!this.#stands || this.#looking !== undefined) return;
    this.#looking = this.#tryRoom()
      .then(
        () => this.isOver(),
        () => this.#lookLater(),
      )
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#stands = false;
    await this.#looking;
  }

  #lookLater(): void {
    this.#cancel();
    if (this.#stands) this.#cancel = this.#parts.clock.after(lookAgain, () => this.look(), 'background');
  }

  async #tryRoom(): Promise<void> {
    const { files, stateDirectory } = this.#parts;
    const path = `${journalDirectory(stateDirectory)}/journal.room`;
    try {
      const file = await files.open(path, 'create');
      try {
        await file.write(Buffer.alloc(room), 0);
        await file.sync();
      } finally {
        await file.close();
      }
    } finally {
      await files.remove(path);
    }
  }
}

/** Octets: what most commits are far below. */
const room = 64 * 1024;
/** Milliseconds. */
const lookAgain = 60_000;
