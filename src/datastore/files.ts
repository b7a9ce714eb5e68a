/**
 * The file operations that the datastore needs, behind an interface so that a test can make any of them fail. Every
 * operation is one step of a commit, of a snapshot or of a start at which a disk may be full, broken or gone.
 */
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';

/** One open file. Positions are octets from its start. */
export interface OpenFile {
  /** Writes all of `data` or throws. */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Reads until `length` octets or the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /** Data and size are on disk when this resolves (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Errors are Node's own, with `code` set (`ENOENT`, `ENOSPC`, `EIO`). */
export interface FileSystem {
  /** `read` needs the file to be there, `update` creates it where absent, `create` empties it; new files are 0600. */
  open(path: string, mode: 'read' | 'update' | 'create'): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Gone or not there before: both are success. */
  remove(path: string): Promise<void>;
  /** A rename or a new name in the directory is on disk when this resolves. */
  syncDirectory(path: string): Promise<void>;
  /** With its parents; where it is there its mode is set. */
  makeDirectory(path: string, mode: number): Promise<void>;
  list(path: string): Promise<readonly string[]>;
}

/** The real one. */
export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    const flags = {
      read: constants.O_RDONLY,
      update: constants.O_RDWR | constants.O_CREAT,
      create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
    }[mode];
    return openFile(await fs.open(path, flags, 0o600));
  },
  rename: fs.rename,
  remove: (path) => fs.rm(path, { force: true }),
  async syncDirectory(path) {
    const handle = await fs.open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async makeDirectory(path, mode) {
    await makeFolder(path, mode);
    await fs.chmod(path, mode);
  },
  list: (path) => fs.readdir(path),
};

/** One by one: the recursive `mkdir` of Node never ends where a file system denies that there is what it is asked to make in. */
async function makeFolder(path: string, mode: number): Promise<void> {
  const make = () =>
    fs.mkdir(path, { mode }).catch(async (error: unknown) => {
      if (errorCode(error) !== 'EEXIST' || !(await fs.stat(path)).isDirectory()) throw error;
    });
  try {
    await make();
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeFolder(parent, mode);
    await make();
  }
}

/** Reads a small file whole; undefined where there is none. */
export async function readSmallFile(files: FileSystem, path: string): Promise<Buffer | undefined> {
  let file: OpenFile;
  try {
    file = await files.open(path, 'read');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await file.read(0, await file.size());
  } finally {
    await file.close();
  }
}

/** Writes a file beside, syncs it, renames it over `path` and syncs the directory: old or new after a crash, never half. */
export async function replaceFile(
  files: FileSystem,
  directory: string,
  name: string,
  content: Uint8Array,
): Promise<void> {
  const beside = `${directory}/${name}.new`;
  const file = await files.open(beside, 'create');
  try {
    await file.write(content, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(beside, `${directory}/${name}`);
  await files.syncDirectory(directory);
}

/** The `code` of a system error, '' for anything else. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** The file that a system error is about, '' where it names none. */
export function errorPath(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('path' in error)) return '';
  return typeof error.path === 'string' ? error.path : '';
}

function openFile(handle: fs.FileHandle): OpenFile {
  return {
    async write(data, position) {
      let done = 0;
      while (done < data.length) {
        const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
        done += bytesWritten;
      }
    },
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return buffer.subarray(0, done);
    },
    size: async () => (await handle.stat()).size,
    truncate: (size) => handle.truncate(size),
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/**
 * A file of the state directory that tells the next start that what it finds is older than what the unit, or the one that it replaces,
 * has been since. Whoever counts starts takes it away.
 */
export const restoredName = 'restored';
