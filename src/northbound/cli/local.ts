/** Commands that need no agent, or look at it from outside: schema, mib, doctor. */
import type { Argv } from 'yargs';
import { ConfigError } from '../../error.js';
import type { Perform } from './config.js';
import { doctor } from './doctor.js';
import type { Call, Output } from './index.js';

export function localCommands(parser: Argv, perform: Perform): void {
  const directories = (each: Argv) =>
    each.positional('module', { type: 'string' }).option('schema', { type: 'string', array: true });
  parser
    .command('schema [module]', 'print a YANG module, or the names of all', directories, (given) =>
      perform(schema, given),
    )
    .command(
      'mib [module]',
      'print the SMIv2 module of a YANG module, or the names of all',
      (each) =>
        directories(each).option('map', { type: 'boolean', default: false, describe: 'a JSON line for each object' }),
      (given) => perform(mib, given),
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

async function schema({ parts, arguments: given }: Call): Promise<Output> {
  const { modules } = parts.loadSchema(directoriesOf(given));
  if (typeof given.module !== 'string') {
    const names = [...modules.values()].map(({ name, revision }) => ({ name, revision }));
    return { value: names, text: names.map(({ name, revision }) => `${name}@${revision}\n`).join('') };
  }
  const module = modules.get(given.module);
  if (module === undefined)
    throw new ConfigError({ tag: 'data-missing', message: `there is no module ${given.module}` });
  return { value: module.text, text: module.text };
}

async function mib({ parts, arguments: given }: Call): Promise<Output> {
  const loaded = parts.loadSchema(directoriesOf(given));
  const printer = await parts.mib();
  if (given.map === true) {
    const entries = printer.map(loaded);
    return { value: entries, text: entries.map((each) => `${JSON.stringify(each)}\n`).join('') };
  }
  const names = printer.modules(loaded);
  if (typeof given.module !== 'string') return { value: names, text: names.map((name) => `${name}\n`).join('') };
  const text = printer.format(loaded, given.module);
  if (text === undefined) {
    throw new ConfigError({ tag: 'data-missing', message: `SNMP shows nothing of a module ${given.module}` });
  }
  return { value: text, text };
}

function directoriesOf(given: Readonly<Record<string, unknown>>): readonly string[] {
  return Array.isArray(given.schema) ? given.schema.map(String) : [];
}
