/**
 * `signet backup` and `restore`: everything that a replacement unit needs in one file under a pass phrase: the journal, which is
 * tree, history and system state, the key files, and the master key that opens them.
 */
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../error.js';
import { BackupReader, BackupWriter } from './backup-file.js';
import { lockDirectory } from './directory-lock.js';
import { type FileSystem, nodeFileSystem, type OpenFile, readSmallFile, replaceFile, restoredName } from './files.js';
import { journalDirectory, journalName, storageError } from './journal.js';
import { isRekeyPending, masterKeyName } from './rekey-finish.js';
import { prepareStateDirectory } from './state-directory.js';

export interface BackupReport {
  readonly file: string;
  /** Of the journal, without what encryption adds. */
  readonly octets: number;
  readonly keys: number;
}

export interface BackupOptions {
  readonly stateDirectory: string;
  /** Default STATE/master.key. */
  readonly masterKeyFile?: string | undefined;
  readonly file: string;
  /** 8 characters at least. */
  readonly passPhrase: string;
  readonly files?: FileSystem;
}

/**
 * Writes a backup, mode 0600, whole or not at all; an agent may run meanwhile. ConfigError where there is no state, where the
 * pass phrase is too short, or the file cannot be written.
 */
export async function backup(options: BackupOptions): Promise<BackupReport> {
  const { stateDirectory, file, files = nodeFileSystem } = options;
  checkPassPhrase(options.passPhrase);
  return await told(`the backup ${file} cannot be made`, async () => {
    const keyFile = options.masterKeyFile ?? join(stateDirectory, masterKeyName);
    await refusePending(files, stateDirectory);
    const masterKey = await readSmallFile(files, keyFile);
    const journal = await openJournal(files, stateDirectory);
    const beside = `${file}.part`;
    try {
      if (masterKey === undefined) throw new ConfigError({ tag: 'data-missing', message: `there is no ${keyFile}` });
      const out = await files.open(beside, 'create');
      try {
        const writer = await BackupWriter.create(out, options.passPhrase);
        await writeEntry(writer, masterKeyName, masterKey);
        // Before the keys: what it names must be among them, and they are stored before it names them.
        const octets = await writeFile(writer, `journal/${journalName}`, journal);
        const keys = await writeKeys(writer, files, join(stateDirectory, 'keys'));
        await writer.finish();
        // The key did not change meanwhile: what was read belongs together.
        await refusePending(files, stateDirectory);
        if ((await readSmallFile(files, keyFile))?.equals(masterKey) !== true) throw keyChanges();
        await files.rename(beside, file);
        await files.syncDirectory(dirname(file));
        return { file, octets, keys };
      } finally {
        await out.close();
      }
    } catch (error) {
      await files.remove(beside);
      throw error;
    } finally {
      await journal.close();
    }
  });
}

/**
 * Makes the state directory of a backup. What was there stays where anything is wrong; the journal, which makes a directory
 * one of an agent, comes last. ConfigError `data-exists` where there is a journal, `in-use` where an agent runs.
 */
export async function restore(options: BackupOptions): Promise<BackupReport> {
  const { stateDirectory, file, files = nodeFileSystem } = options;
  return await told(`the backup ${file} cannot be restored`, async () => {
    const source = await files.open(file, 'read');
    try {
      await prepareStateDirectory(files, stateDirectory);
      const lock = await lockDirectory(stateDirectory);
      try {
        return await restoreFrom(source, { ...options, files });
      } finally {
        await lock.release();
      }
    } finally {
      await source.close();
    }
  });
}

type Place = BackupOptions & { readonly files: FileSystem };

async function restoreFrom(source: OpenFile, place: Place): Promise<BackupReport> {
  const { stateDirectory, file, files } = place;
  const journals = journalDirectory(stateDirectory);
  if ((await files.list(journals).catch((): readonly string[] => [])).includes(journalName)) {
    const message = `${stateDirectory} holds the state of an agent; move it away first`;
    throw new ConfigError({ tag: 'data-exists', message });
  }
  await refusePending(files, stateDirectory);
  const beside = join(stateDirectory, 'restore.part');
  await rm(beside, { recursive: true, force: true });
  try {
    for (const folder of ['', 'keys', 'journal']) await files.makeDirectory(join(beside, folder), 0o700);
    const reader = await BackupReader.open(source, place.passPhrase);
    const found = new Map<string, number>();
    for (let entry = await readEntry(reader); entry !== undefined; entry = await readEntry(reader)) {
      if (found.has(entry.name)) throw damaged();
      await copyEntry(reader, entry.size, files, join(beside, entry.name));
      found.set(entry.name, entry.size);
    }
    const octets = found.get(`journal/${journalName}`);
    const masterKey = await readSmallFile(files, join(beside, masterKeyName));
    if (octets === undefined || masterKey === undefined) throw damaged();
    const keyFile = place.masterKeyFile ?? join(stateDirectory, masterKeyName);
    await refuseOtherKey(files, keyFile, masterKey);
    await replaceFile(files, dirname(keyFile), basename(keyFile), masterKey);
    const keys = [...found.keys()].filter((name) => name.startsWith('keys/'));
    const keyFolder = join(stateDirectory, 'keys');
    await files.makeDirectory(keyFolder, 0o700);
    for (const name of keys) await files.rename(join(beside, name), join(stateDirectory, name));
    await files.syncDirectory(keyFolder);
    await replaceFile(files, stateDirectory, restoredName, Buffer.alloc(0));
    await files.makeDirectory(journals, 0o700);
    await files.rename(join(beside, 'journal', journalName), join(journals, journalName));
    await files.syncDirectory(journals);
    await files.syncDirectory(stateDirectory);
    return { file, octets, keys: keys.length };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function openJournal(files: FileSystem, stateDirectory: string): Promise<OpenFile> {
  const path = `${journalDirectory(stateDirectory)}/${journalName}`;
  const names = await files.list(journalDirectory(stateDirectory)).catch((): readonly string[] => []);
  if (!names.includes(journalName)) throw new ConfigError({ tag: 'data-missing', message: `there is no ${path}` });
  return await files.open(path, 'read');
}

async function writeKeys(writer: BackupWriter, files: FileSystem, directory: string): Promise<number> {
  const names = (await files.list(directory).catch((): readonly string[] => [])).filter((name) => keyId.test(name));
  let written = 0;
  for (const name of names) {
    const octets = await readSmallFile(files, join(directory, name));
    // One that was removed meanwhile is named by nothing.
    if (octets === undefined) continue;
    await writeEntry(writer, `keys/${name}`, octets);
    written += 1;
  }
  return written;
}

async function writeEntry(writer: BackupWriter, name: string, octets: Uint8Array): Promise<void> {
  await writer.write(entryHead(name, octets.length));
  await writer.write(octets);
}

/** As long as it is now: what is written to it meanwhile is of later commits. */
async function writeFile(writer: BackupWriter, name: string, file: OpenFile): Promise<number> {
  const size = await file.size();
  await writer.write(entryHead(name, size));
  for (let at = 0; at < size; at += chunk) {
    const octets = await file.read(at, Math.min(chunk, size - at));
    if (octets.length < Math.min(chunk, size - at)) {
      throw new ConfigError({ tag: 'in-use', message: 'the journal was cut off meanwhile; try again' });
    }
    await writer.write(octets);
  }
  return size;
}

function entryHead(name: string, size: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(Buffer.byteLength(name), 0);
  head.writeUIntBE(size, 2, 6);
  return Buffer.concat([head, Buffer.from(name, 'latin1')]);
}

async function readEntry(reader: BackupReader): Promise<{ readonly name: string; readonly size: number } | undefined> {
  const head = await reader.read(8);
  if (head === undefined) return undefined;
  const name = (await reader.read(Math.min(head.readUInt16BE(0), 256)))?.toString('latin1') ?? '';
  // The names are those that this file writes, so that nothing lands elsewhere.
  if (name !== masterKeyName && name !== `journal/${journalName}` && !/^keys\/[0-9a-f]{64}$/.test(name))
    throw damaged();
  return { name, size: head.readUIntBE(2, 6) };
}

async function copyEntry(reader: BackupReader, size: number, files: FileSystem, path: string): Promise<void> {
  const file = await files.open(path, 'create');
  try {
    for (let at = 0; at < size; at += chunk) {
      const octets = await reader.read(Math.min(chunk, size - at));
      if (octets === undefined) throw damaged();
      await file.write(octets, at);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A master key that goes takes with it what was sealed under it. One that is this very key is of a restore that was cut short. */
async function refuseOtherKey(files: FileSystem, keyFile: string, masterKey: Buffer): Promise<void> {
  const there = await readSmallFile(files, keyFile);
  if (there === undefined || there.equals(masterKey)) return;
  const message = `${keyFile} is there and is not the master key of the backup; move it away first`;
  throw new ConfigError({ tag: 'data-exists', message });
}

/** Throws while journal, keys and master key may not belong together. */
async function refusePending(files: FileSystem, stateDirectory: string): Promise<void> {
  if (await isRekeyPending(files, stateDirectory)) throw keyChanges();
}

function keyChanges(): ConfigError {
  const message = 'the master key is being changed; finish that by signet rekey, or by a start of the agent';
  return new ConfigError({ tag: 'in-use', message });
}

function checkPassPhrase(passPhrase: string): void {
  if (passPhrase.length >= 8 && passPhrase.length <= 1024) return;
  throw new ConfigError({ tag: 'invalid-value', message: 'a pass phrase has 8 to 1024 characters' });
}

async function told<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ConfigError ? error : storageError(message, error);
  }
}

function damaged(): ConfigError {
  return new ConfigError({ tag: 'invalid-value', message: 'the backup is damaged' });
}

const keyId = /^[0-9a-f]{64}$/;
const chunk = 256 * 1024;
