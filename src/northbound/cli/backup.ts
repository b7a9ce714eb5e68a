/** `signet backup` and `restore`: the state directory in one file under a pass phrase. */
import type { BackupOptions, BackupReport } from '../../datastore/index.js';
import { readText } from './files.js';
import type { Call, Output } from './index.js';
import { UsageError } from './usage.js';

export async function backup(call: Call): Promise<Output> {
  const report = await call.parts.backup(optionsOf(call));
  return { value: report, text: `${report.file} holds ${describe(report)}\n` };
}

export async function restore(call: Call): Promise<Output> {
  const report = await call.parts.restore(optionsOf(call));
  return { value: report, text: `${call.state} now holds ${describe(report)}; start the agent\n` };
}

function optionsOf({ state, arguments: given }: Call): BackupOptions {
  if (typeof given['url'] === 'string') throw new UsageError('backup and restore work on --state, not through --url');
  const phrase = given['pass-phrase-file'];
  if (typeof phrase !== 'string') throw new UsageError('name a file with the pass phrase: --pass-phrase-file');
  const masterKey = given['master-key'];
  return {
    stateDirectory: state,
    masterKeyFile: typeof masterKey === 'string' ? masterKey : undefined,
    file: String(given['file']),
    passPhrase: readText(phrase).replace(/\r?\n$/, ''),
  };
}

function describe({ octets, keys }: BackupReport): string {
  return `the journal (${octets} octets), ${keys} private ${keys === 1 ? 'key' : 'keys'} and the master key`;
}
