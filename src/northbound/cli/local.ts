/** Commands that need no agent, or look at it from outside: schema, mib, validate, repair, backup, restore, rekey, doctor. */
import type { Argv } from 'yargs';
import { backup, restore } from './backup.js';
import type { Perform } from './config.js';
import { doctor } from './doctor.js';
import { mib, schema } from './modules.js';
import { rekey } from './rekey.js';
import { repair } from './repair.js';
import { validate } from './validate.js';

export function localCommands(parser: Argv, perform: Perform): void {
  const directories = (each: Argv) =>
    each.option('schema', { type: 'string', array: true, describe: 'directory with further YANG modules' });
  const module = (each: Argv) => directories(each).positional('module', { type: 'string' });
  const sealedFile = (each: Argv) =>
    each
      .positional('file', { type: 'string', demandOption: true })
      .option('pass-phrase-file', { type: 'string', describe: 'file with the pass phrase, 8 characters at least' })
      .option('master-key', { type: 'string', describe: 'master key file, default STATE/master.key' });
  parser
    .command(
      'schema [module]',
      'print a YANG module, or the names of all',
      (each) =>
        module(each)
          .option('tree', { type: 'boolean', default: false, describe: 'as a tree diagram (RFC 8340)' })
          .option('json-schema', {
            type: 'boolean',
            default: false,
            describe: 'JSON Schema (2020-12) of a document: editors complete and check by it',
          })
          .option('agent', { type: 'boolean', default: false, describe: 'what the running agent serves' }),
      (given) => perform(schema, given),
    )
    .command(
      'mib [module]',
      'print the SMIv2 module of a YANG module, or the names of all',
      (each) =>
        module(each)
          .option('map', { type: 'boolean', default: false, describe: 'a JSON line for each object' })
          .option('assign', {
            type: 'boolean',
            default: false,
            describe: 'give OIDs to a module without, in NAME.oid.json beside it; numbers given before stay',
          }),
      (given) => perform(mib, given),
    )
    .command(
      'repair',
      'cut off a journal that is corrupt, and keep what is cut off; no agent may run',
      (each) => each,
      (given) => perform(repair, given),
    )
    .command(
      'backup <file>',
      'write tree, history and keys to a file under a pass phrase; an agent may run',
      sealedFile,
      (given) => perform(backup, given),
    )
    .command('restore <file>', 'make the state directory of a replacement unit from a backup', sealedFile, (given) =>
      perform(restore, given),
    )
    .command(
      'rekey',
      'change the master key; no agent may run',
      (each) =>
        directories(each)
          .option('master-key', { type: 'string', describe: 'file of the present key, default STATE/master.key' })
          .option('new-master-key', {
            type: 'string',
            describe: 'where the new key is, or is put where there is none; default the file of the present key',
          }),
      (given) => perform(rekey, given),
    )
    .command(
      'validate <file>',
      'judge a JSON or XML document by modules on disk, without an agent',
      (each) =>
        directories(each).positional('file', { type: 'string', demandOption: true }).option('data', {
          type: 'boolean',
          default: false,
          describe: 'state too: it must be complete where there is some',
        }),
      (given) => perform(validate, given),
    )
    .command(
      'doctor',
      'look at each listener from outside, and say what to do',
      (each) =>
        each
          .option('snmp-user', { type: 'string', describe: 'SNMPv3 user to read with: SHA-256, AES-128' })
          .option('snmp-password-file', { type: 'string', describe: 'file with both pass phrases of that user' }),
      (given) => perform(doctor, given),
    );
}
