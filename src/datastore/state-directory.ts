/** The state directory itself: made where it is not there, and closed to others only where it is ours or empty. */
import { stat } from 'node:fs/promises';
import { ConfigError } from '../error.js';
import { checkSocketPath } from './directory-lock.js';
import { errorCode, type FileSystem } from './files.js';
import { journalDirectory, journalName, storageError } from './journal.js';

/**
 * Makes the directory (0700) where it is not there. One that holds nothing else is closed to others; one that holds other things
 * keeps its mode. ConfigError where others could change what is in that one, for one whose path is too long for the
 * sockets in it, and where the directory cannot be made or closed.
 */
export async function prepareStateDirectory(files: FileSystem, stateDirectory: string): Promise<void> {
  checkSocketPath(`${stateDirectory}/${localSocketName}`);
  try {
    const names = await files.list(stateDirectory).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      return [];
    });
    if (!names.every(isOurs)) {
      const { mode } = await stat(stateDirectory);
      if ((mode & writableByOthers) === 0 || (await hasJournal(files, stateDirectory))) return;
      const message = `${stateDirectory} holds other things and others may write to it; name a directory of its own`;
      throw new ConfigError({ tag: 'operation-failed', message });
    }
    await files.makeDirectory(stateDirectory, 0o700);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // Whose it is not may not change its mode (chmod(2)).
    const what = errorCode(error) === 'EPERM' ? 'belongs to another user, who has to close it' : 'cannot be used';
    throw storageError(`the state directory ${stateDirectory} ${what}`, error);
  }
}

/** A folder of that name alone is no sign: /var/log has one. */
async function hasJournal(files: FileSystem, stateDirectory: string): Promise<boolean> {
  return (await files.list(journalDirectory(stateDirectory)).catch((): readonly string[] => [])).includes(journalName);
}

/** True for what a start, a restore or a change of the master key that was cut off may leave without a journal. */
function isOurs(name: string): boolean {
  return ownNames.has(name.replace(/\.new$/, ''));
}

const writableByOthers = 0o022;

/** The local socket of the agent, which has the longest name of the sockets. */
export const localSocketName = 'agent.sock';

const ownNames: ReadonlySet<string> = new Set([
  ...['journal', 'keys', 'audit', 'master.key', 'initial-password', 'lock', localSocketName],
  ...['restored', 'restore.part', 'rekey', 'rekey.ready'],
  // What a file system of its own begins with.
  'lost+found',
]);
