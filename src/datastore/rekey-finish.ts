/**
 * The second half of a change of the master key. The first half (`rekey`) builds STATE/rekey.new; its rename to STATE/rekey.ready
 * decides. From there on everything moves to its place here, in whatever process comes next, before anything is read.
 */
import { realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '../error.js';
import { type FileSystem, readSmallFile, replaceFile } from './files.js';
import { journalDirectory, journalName, storageError } from './journal.js';

/** Holds everything that is to take the place of what was: key files, the journal, {@link RekeyChange}. */
export const readyName = 'rekey.ready';
export const unfinishedName = 'rekey.new';
export const changeName = 'change.json';

export interface RekeyChange {
  /** 64 hexadecimal digits. */
  readonly key: string;
  /** Where the key belongs; null for STATE/master.key. */
  readonly place: string | null;
}

/** True where a change of the master key is decided and not finished: journal, key files and key may not fit together. */
export async function isRekeyPending(files: FileSystem, stateDirectory: string): Promise<boolean> {
  return (await files.list(stateDirectory).catch((): readonly string[] => [])).includes(readyName);
}

/**
 * Finishes a change that was decided and removes what was not; the directory is locked. Gives where the key is now, undefined
 * where nothing was to be finished. May be done again after any failure. ConfigError where the disk fails, and where `startKey`,
 * the file that the agent is going to read, does not hold the new key.
 */
export async function finishRekey(
  files: FileSystem,
  stateDirectory: string,
  startKey?: string,
): Promise<string | undefined> {
  const names = await files.list(stateDirectory);
  if (names.includes(unfinishedName)) await rm(join(stateDirectory, unfinishedName), { recursive: true, force: true });
  if (!names.includes(readyName)) return undefined;
  try {
    return await move(files, stateDirectory, startKey);
  } catch (error) {
    const text =
      'the change of the master key is not finished; start the agent, or run signet rekey, when this is mended';
    throw error instanceof ConfigError ? error : storageError(text, error);
  }
}

async function move(files: FileSystem, stateDirectory: string, startKey: string | undefined): Promise<string> {
  const ready = join(stateDirectory, readyName);
  // The decision is on disk before anything follows from it.
  await files.syncDirectory(stateDirectory);
  const text = (await readSmallFile(files, join(ready, changeName)))?.toString('utf8');
  const change = text === undefined ? undefined : (JSON.parse(text) as RekeyChange);
  const place = change?.place ?? join(stateDirectory, masterKeyName);
  // Where the change is gone everything had moved, and its directory was being removed.
  if (change !== undefined) {
    const keys = join(stateDirectory, 'keys');
    await files.makeDirectory(keys, 0o700);
    const folders = await files.list(ready);
    for (const name of folders.includes('keys') ? await files.list(join(ready, 'keys')) : []) {
      await files.rename(join(ready, 'keys', name), join(keys, name));
    }
    await files.syncDirectory(keys);
    if (folders.includes(journalName)) {
      await files.rename(join(ready, journalName), join(journalDirectory(stateDirectory), journalName));
    }
    await files.syncDirectory(journalDirectory(stateDirectory));
    const key = Buffer.from(`${change.key}\n`, 'latin1');
    if (!(await holds(files, place, key))) await replaceFile(files, dirname(place), basename(place), key);
    if (startKey !== undefined && !(await holds(files, startKey, key))) {
      const message = `the master key was changed to the one in ${place}; ${startKey} holds another: start with --master-key ${place}`;
      throw new ConfigError({ tag: 'operation-failed', message });
    }
  }
  await files.remove(join(ready, changeName));
  await rm(ready, { recursive: true, force: true });
  // Where that comes back after a power failure, what it asks for has been done.
  await files.syncDirectory(stateDirectory).catch(() => undefined);
  return place;
}

/** A path that stays the same for a process in another directory, and through a link. */
export async function realPlace(path: string): Promise<string> {
  return await realpath(path).catch(() => resolve(path));
}

async function holds(files: FileSystem, path: string, key: Buffer): Promise<boolean> {
  return (await readSmallFile(files, path))?.toString('latin1').trim() === key.toString('latin1').trim();
}

export const masterKeyName = 'master.key';
