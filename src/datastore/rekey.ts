/**
 * `signet rekey`: another master key. Everything that is sealed is sealed anew beside what is there, one rename decides, and
 * {@link finishRekey} puts it in place: after a stop at any moment there is the old state or the new, with its own key.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../error.js';
import type { Schema } from '../yang/index.js';
import { lockDirectory } from './directory-lock.js';
import { type FileSystem, nodeFileSystem, type OpenFile, readSmallFile } from './files.js';
import { journalDirectory, journalName, storageError } from './journal.js';
import { writeRecord } from './journal-copy.js';
import { headerLength, JournalCorruptError, readHeader, readRecords, writeHeader } from './journal-reader.js';
import { MasterKey, readMasterKey } from './master-key.js';
import type { RekeyChange } from './rekey-finish.js';
import { changeName, finishRekey, masterKeyName, readyName, realPlace, unfinishedName } from './rekey-finish.js';
import { Resealer } from './reseal.js';

export interface RekeyOptions {
  readonly stateDirectory: string;
  /** What the agent serves: where a secret stands in the tree is part of how it is sealed. */
  readonly schema: Schema;
  /** Default STATE/master.key. */
  readonly masterKeyFile?: string | undefined;
  /** Default the file of the present key. One that is there holds the new key; else it is made. */
  readonly newMasterKeyFile?: string | undefined;
  readonly files?: FileSystem;
}

export type RekeyReport =
  | {
      readonly result: 'changed';
      readonly masterKeyFile: string;
      readonly records: number;
      /** Counted as often as they stand in a record. */
      readonly secrets: number;
      readonly keys: number;
      /** What did not open under the former key, lost with one before it, and stays so. */
      readonly lost: { readonly secrets: number; readonly keys: number };
    }
  | {
      /** A change that had been cut off is complete now; no other was begun. */
      readonly result: 'finished';
      readonly masterKeyFile: string;
    };

/**
 * Changes the master key of a state directory that no agent uses. ConfigError `in-use` where one does or a confirmed commit is
 * open, `data-missing` without a journal or key, `operation-failed` where the key is not the one that secrets were sealed under;
 * then nothing has changed.
 */
export async function rekey(options: RekeyOptions): Promise<RekeyReport> {
  const { stateDirectory, files = nodeFileSystem } = options;
  const names = await files.list(journalDirectory(stateDirectory)).catch((): readonly string[] => []);
  if (!names.includes(journalName)) {
    const message = `there is no ${journalDirectory(stateDirectory)}/${journalName}`;
    throw new ConfigError({ tag: 'data-missing', message });
  }
  const lock = await lockDirectory(stateDirectory).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw storageError(`${stateDirectory} cannot be locked`, error);
    throw error.with({ message: `${error.message}; stop it first` });
  });
  try {
    const finished = await finishRekey(files, stateDirectory);
    if (finished !== undefined) return { result: 'finished', masterKeyFile: finished };
    return await change({ ...options, files });
  } catch (error) {
    throw error instanceof ConfigError ? error : storageError('the master key cannot be changed', error);
  } finally {
    await lock.release();
  }
}

type Place = RekeyOptions & { readonly files: FileSystem };

async function change(place: Place): Promise<RekeyReport> {
  const { stateDirectory, files } = place;
  const oldFile = place.masterKeyFile ?? join(stateDirectory, masterKeyName);
  const oldKey = await readMasterKey(files, oldFile);
  if (oldKey === undefined) throw new ConfigError({ tag: 'data-missing', message: `there is no ${oldFile}` });
  await clearLeftovers(place);
  const target = await newKey(place, oldFile, oldKey);
  const beside = join(stateDirectory, unfinishedName);
  try {
    for (const folder of ['', 'keys']) await files.makeDirectory(join(beside, folder), 0o700);
    const resealer = new Resealer(place.schema, new MasterKey(oldKey), new MasterKey(target.key));
    const records = await copyJournal(place, join(beside, journalName), resealer);
    const keys = await copyKeys(place, join(beside, 'keys'), resealer);
    const isDefault = target.file === (await realPlace(join(stateDirectory, masterKeyName)));
    const decided: RekeyChange = { key: target.key.toString('hex'), place: isDefault ? null : target.file };
    await writeWhole(files, join(beside, changeName), Buffer.from(JSON.stringify(decided)));
    for (const folder of [join(beside, 'keys'), beside, stateDirectory]) await files.syncDirectory(folder);
    await files.rename(beside, join(stateDirectory, readyName));
    const { secrets, lostSecrets, lostKeys } = resealer;
    const masterKeyFile = (await finishRekey(files, stateDirectory)) ?? target.file;
    return { result: 'changed', masterKeyFile, records, secrets, keys, lost: { secrets: lostSecrets, keys: lostKeys } };
  } catch (error) {
    await rm(beside, { recursive: true, force: true }).catch(() => undefined);
    if (target.probe !== undefined) await files.remove(target.probe).catch(() => undefined);
    throw error;
  }
}

/** What a stop left half written, sealed under the key that is to go. What an operator may need is left to him. */
async function clearLeftovers({ stateDirectory, files }: Place): Promise<void> {
  const directory = journalDirectory(stateDirectory);
  const kept = (await files.list(directory)).find((name) => name.startsWith(`${journalName}.cut-`));
  if (kept !== undefined) {
    const message = `${directory}/${kept}, which repair cut off, is sealed under the present master key; move it away first`;
    throw new ConfigError({ tag: 'data-exists', message });
  }
  for (const beside of ['new', 'anew']) await files.remove(`${directory}/${journalName}.${beside}`);
  await rm(join(stateDirectory, 'restore.part'), { recursive: true, force: true });
  for (const name of await keyFolder(files, stateDirectory)) {
    if (name.endsWith('.part')) await files.remove(join(stateDirectory, 'keys', name));
  }
}

interface NewKey {
  readonly key: Buffer;
  readonly file: string;
  /** Written to see that the key can be stored there before anything is decided; the name that replacing it goes through. */
  readonly probe: string | undefined;
}

async function newKey({ files, newMasterKeyFile }: Place, oldFile: string, oldKey: Buffer): Promise<NewKey> {
  const file = await realPlace(newMasterKeyFile ?? oldFile);
  const found = file === (await realPlace(oldFile)) ? undefined : await readMasterKey(files, file);
  if (found?.equals(oldKey) === true) {
    throw new ConfigError({ tag: 'invalid-value', message: `${file} holds the present master key` });
  }
  if (found !== undefined) return { key: found, file, probe: undefined };
  const key = randomBytes(oldKey.length);
  const probe = `${file}.new`;
  try {
    await writeWhole(files, probe, Buffer.from(`${key.toString('hex')}\n`, 'latin1'));
    await files.syncDirectory(dirname(file));
  } catch (error) {
    await files.remove(probe).catch(() => undefined);
    const advice = 'name another place by --new-master-key, or a file there that holds a new key';
    throw storageError(`a new master key cannot be stored in ${file} (${advice})`, error);
  }
  return { key, file, probe };
}

/** Gives the number of records. What a torn write left behind the last of them is not copied: it never was acknowledged. */
async function copyJournal({ stateDirectory, files }: Place, path: string, resealer: Resealer): Promise<number> {
  const source = `${journalDirectory(stateDirectory)}/${journalName}`;
  const from = await files.open(source, 'read');
  try {
    const version = await readHeader(from, source, stateDirectory);
    return await withFile(files, path, async (to) => {
      let at = await writeHeader(to);
      let records = 0;
      if (version > 0) {
        const { damage } = await readRecords(from, headerLength, async ({ lines }) => {
          at = await writeRecord(to, at, resealer.record(lines));
          records += 1;
        });
        if (damage?.kind === 'corrupt') throw new JournalCorruptError(source, damage.offset, stateDirectory);
      }
      resealer.finish();
      return records;
    });
  } finally {
    await from.close();
  }
}

async function copyKeys({ stateDirectory, files }: Place, folder: string, resealer: Resealer): Promise<number> {
  let copied = 0;
  for (const name of await keyFolder(files, stateDirectory)) {
    const sealed = keyId.test(name) ? await readSmallFile(files, join(stateDirectory, 'keys', name)) : undefined;
    const anew = sealed === undefined ? undefined : resealer.keyFile(sealed, `keys/${name}`);
    if (anew === undefined) continue;
    await writeWhole(files, join(folder, name), anew);
    copied += 1;
  }
  return copied;
}

async function keyFolder(files: FileSystem, stateDirectory: string): Promise<readonly string[]> {
  return await files.list(join(stateDirectory, 'keys')).catch((): readonly string[] => []);
}

async function writeWhole(files: FileSystem, path: string, octets: Uint8Array): Promise<void> {
  await withFile(files, path, (file) => file.write(octets, 0));
}

/** Makes a file; its content is on disk when this resolves. */
async function withFile<T>(files: FileSystem, path: string, work: (file: OpenFile) => Promise<T>): Promise<T> {
  const file = await files.open(path, 'create');
  try {
    const result = await work(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

const keyId = /^[0-9a-f]{64}$/;
