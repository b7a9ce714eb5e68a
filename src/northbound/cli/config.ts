/** Commands on the tree: get, set, confirm, diff, history, rollback, load, save, passwd. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { parseJsonText } from '../../yang/index.js';
import { fromJson, splitAssignment, typedValue } from './assignment.js';
import type { RpcStruct, RpcValue } from './client.js';
import { type Call, type Command, type Output, readText, UsageError } from './index.js';
import { formatDifferences, formatTable, formatValue, isStruct } from './text.js';

export type Perform = (command: Command, given: Readonly<Record<string, unknown>>) => Promise<void>;

export function configCommands(parser: Argv, perform: Perform): void {
  const at = (each: Argv) => each.positional('path', { type: 'string', demandOption: true });
  parser
    .command(
      'get <path>',
      'print what is at a path',
      (each) => at(each).option('datastore', { type: 'string' }),
      (given) => perform(get, given),
    )
    .command(
      'set [assignments..]',
      'change values in one transaction: PATH=VALUE ...',
      (each) =>
        each
          .positional('assignments', { type: 'string', array: true })
          .option('delete', { type: 'string', array: true, describe: 'paths to delete' })
          .option('confirm-timeout', { type: 'number', describe: 'seconds; taken back unless confirmed' })
          .option('comment', { type: 'string' }),
      (given) => perform(set, given),
    )
    .command(
      'confirm [id]',
      'confirm a change that waits for it',
      (each) => each.positional('id', { type: 'string' }),
      (given) => perform(confirm, given),
    )
    .command(
      'diff',
      'what the candidate would change',
      (each) => each,
      (given) => perform(diff, given),
    )
    .command(
      'history',
      'the transactions',
      (each) => each,
      (given) => perform(history, given),
    )
    .command(
      'rollback <id>',
      'go back to a transaction, as a new one',
      (each) => each.positional('id', { type: 'string', demandOption: true }),
      (given) => perform(rollback, given),
    )
    .command(
      'load <file>',
      'apply a JSON document in one transaction',
      (each) =>
        each
          .positional('file', { type: 'string', demandOption: true })
          .option('merge', { type: 'boolean', default: true })
          .option('replace', { type: 'boolean', default: false }),
      (given) => perform(load, given),
    )
    .command(
      'save <file>',
      'write the configuration as JSON',
      (each) => each.positional('file', { type: 'string', demandOption: true }),
      (given) => perform(save, given),
    )
    .command(
      'passwd <user>',
      'set a password, read from standard input',
      (each) =>
        each
          .positional('user', { type: 'string', demandOption: true })
          .option('snmp', { type: 'boolean', default: false, describe: 'the SNMPv3 pass phrase' }),
      (given) => perform(passwd, given),
    );
}

async function get({ client, arguments: given, style }: Call): Promise<Output> {
  const rest = typeof given.datastore === 'string' ? [given.datastore] : [];
  const value = await client.call('config.get', String(given.path), ...rest);
  return { value, text: formatValue(value, style) };
}

async function set({ client, parts, arguments: given }: Call): Promise<Output> {
  const schema = parts.loadSchema([]);
  const assignments = (given.assignments as readonly unknown[] | undefined) ?? [];
  const paths = (given.delete as readonly unknown[] | undefined) ?? [];
  if (assignments.length + paths.length === 0) {
    throw new UsageError('nothing to set: name PATH=VALUE or --delete PATH');
  }
  const edits: RpcValue[] = [
    ...paths.map((path) => ({ path: String(path), operation: 'delete' })),
    ...assignments.map((each) => {
      const assignment = splitAssignment(String(each));
      return { path: assignment.path, operation: 'merge', value: typedValue(schema, assignment) };
    }),
  ];
  return applied(await client.call('config.apply', edits, options(given)));
}

async function confirm({ client, arguments: given }: Call): Promise<Output> {
  const value = await client.call('config.confirm', ...(given.id === undefined ? [] : [String(given.id)]));
  return { value, text: 'confirmed\n' };
}

async function diff({ client, style }: Call): Promise<Output> {
  const value = await client.call('config.diff');
  const differences = (Array.isArray(value) ? (value as readonly RpcValue[]) : []).filter(isStruct);
  return { value, text: formatDifferences(differences, style) };
}

async function history({ client, style }: Call): Promise<Output> {
  const value = await client.call('config.history');
  const rows = (Array.isArray(value) ? (value as readonly RpcValue[]) : []).filter(isStruct);
  const columns = ['transaction', 'time', 'kind', 'user', 'protocol', 'address', 'comment'];
  const cells = rows.map((row) => columns.map((name) => String(row[name] ?? '')));
  return {
    value,
    text: formatTable(
      columns.map((name) => name.toUpperCase()),
      cells,
      style,
    ),
  };
}

async function rollback({ client, arguments: given }: Call): Promise<Output> {
  return applied(await client.call('config.rollback', String(given.id)));
}

/** Merged into running, or in its place: then what the document does not have goes, but for secrets, which no document has. */
async function load({ client, arguments: given }: Call): Promise<Output> {
  const file = String(given.file);
  const value = fromJson(parseJsonText(readText(file)));
  const operation = given.replace === true ? 'replace' : 'merge';
  return applied(await client.call('config.apply', [{ path: '/', operation, value }], { comment: `load ${file}` }));
}

async function save({ client, arguments: given }: Call): Promise<Output> {
  const value = await client.call('config.get', '/', 'running');
  writeFileSync(String(given.file), `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  return { value: true, text: `saved to ${String(given.file)}\n` };
}

async function passwd({ client, arguments: given }: Call): Promise<Output> {
  const secret = readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  const input: RpcStruct = given.snmp === true ? { 'snmp-pass-phrase': secret } : { password: secret };
  const path = `/signet-access:users/user[name='${String(given.user)}']/set-password`;
  await client.call('action.invoke', path, input);
  return { value: true, text: 'changed\n' };
}

function options(given: Readonly<Record<string, unknown>>): RpcStruct {
  const timeout = given['confirm-timeout'];
  return {
    ...(typeof timeout === 'number' ? { confirm_timeout: timeout } : {}),
    ...(typeof given.comment === 'string' ? { comment: given.comment } : {}),
  };
}

/** What a commit answered: the transaction, what was found, and how to confirm it where that is asked for. */
export function applied(value: RpcValue): Output {
  const result = isStruct(value) ? value : {};
  const findings = Array.isArray(result.findings) ? (result.findings as readonly RpcValue[]).filter(isStruct) : [];
  const lines = findings.map((each) => `${String(each.severity)}: ${String(each.text ?? each.message ?? '')}`);
  if (result.transaction !== undefined) lines.push(`transaction ${String(result.transaction)}`);
  if (result.persist_id !== undefined) lines.push(`confirm with: signet confirm ${String(result.persist_id)}`);
  return { value, text: lines.map((each) => `${each}\n`).join('') };
}
