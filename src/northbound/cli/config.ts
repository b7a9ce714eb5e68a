/** Commands on the tree: get, set, confirm, diff, history, rollback, load, save, passwd. */
import type { Argv } from 'yargs';
import { encodeJson, type JsonObject, type Schema } from '../../yang/index.js';
import { annotatedValue } from './annotated.js';
import { type Assignment, fromJson, nodeOf, splitAssignment, typedValue } from './assignment.js';
import type { RpcStruct, RpcValue } from './client.js';
import { agentSchema, formatDocument, readDocument } from './document.js';
import { writeFile } from './files.js';
import type { Call, Command, Output } from './index.js';
import { readNewSecret } from './secret.js';
import { formatDifferences, formatTable, formatValue, isStruct, printable } from './text.js';
import { UsageError } from './usage.js';

export type Perform = (command: Command, given: Readonly<Record<string, unknown>>) => Promise<void>;

export function configCommands(parser: Argv, perform: Perform): void {
  const at = (each: Argv) => each.positional('path', { type: 'string', demandOption: true });
  parser
    .command(
      'get <path>',
      'print what is at a path',
      (each) =>
        at(each)
          .option('datastore', { type: 'string', choices: datastores, describe: 'operational where absent' })
          .option('with-defaults', { type: 'string', choices: defaultsModes, describe: 'which defaults are shown' })
          .option('with-origin', { type: 'boolean', default: false, describe: 'where each value comes from' })
          .option('xml', { type: 'boolean', default: false, describe: 'as XML' }),
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
      'cancel [id]',
      'take a change back that waits to be confirmed',
      (each) => each.positional('id', { type: 'string' }),
      (given) => perform(cancel, given),
    )
    .command(
      'diff [from] [to]',
      'what the candidate would change, or what changed between two transactions',
      (each) =>
        each
          .positional('from', { type: 'string', describe: 'transaction; see signet history' })
          .positional('to', { type: 'string', describe: 'transaction; the running one where absent' }),
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
      'copy <source> <target>',
      'put one datastore in the place of another, whole',
      (each) =>
        each
          .positional('source', { type: 'string', demandOption: true, choices: copySources })
          .positional('target', { type: 'string', demandOption: true, choices: copyTargets })
          .option('confirm-timeout', { type: 'number', describe: 'seconds; taken back unless confirmed' })
          .option('comment', { type: 'string' }),
      (given) => perform(copy, given),
    )
    .command(
      'delete-config <target>',
      'delete the startup configuration: the next start begins with the factory default',
      (each) => each.positional('target', { type: 'string', demandOption: true, choices: ['startup'] }),
      (given) => perform(deleteConfig, given),
    )
    .command(
      'factory-reset',
      'put what a new device has in the place of everything, and forget the rest',
      (each) => each.option('yes', { type: 'boolean', default: false, describe: 'really' }),
      (given) => perform(factoryReset, given),
    )
    .command(
      'load <file>',
      'apply a JSON or XML document in one transaction',
      (each) =>
        each
          .positional('file', { type: 'string', demandOption: true })
          .option('merge', { type: 'boolean', describe: 'into what is there (the default)' })
          .option('replace', { type: 'boolean', describe: 'what is not in the document goes' })
          .conflicts('merge', 'replace'),
      (given) => perform(load, given),
    )
    .command(
      'save <file>',
      'write the configuration as JSON, or as XML',
      (each) =>
        each
          .positional('file', { type: 'string', demandOption: true })
          .option('xml', { type: 'boolean', default: false, describe: 'as XML' }),
      (given) => perform(save, given),
    )
    .command(
      // Not `user`: that is the option that says who asks.
      'passwd <name>',
      'set the password of a user: typed twice on a terminal, else a line of standard input',
      (each) =>
        each
          .positional('name', { type: 'string', demandOption: true, describe: 'whose password' })
          .option('snmp', { type: 'boolean', default: false, describe: 'the SNMPv3 pass phrase' }),
      (given) => perform(passwd, given),
    );
}

async function get(call: Call): Promise<Output> {
  const { client, arguments: given, style } = call;
  const defaults = given['with-defaults'];
  if (given['with-origin'] === true) return await getAnnotated(call);
  const datastore = given.datastore ?? (defaults === undefined ? undefined : 'operational');
  const rest = [datastore, defaults].filter((each) => typeof each === 'string');
  const value = await client.call('config.get', String(given.path), ...rest);
  if (given.xml !== true) return { value, text: formatValue(value, style) };
  const text = formatDocument(await agentSchema(call), String(given.path), value, 'xml');
  return { value: text, text };
}

/** What a value of XML-RPC cannot say comes as a document. */
async function getAnnotated({ client, arguments: given, style }: Call): Promise<Output> {
  const text = await client.call('config.getDocument', String(given.path), {
    format: given.xml === true ? 'xml' : 'json',
    ...(typeof given.datastore === 'string' ? { datastore: given.datastore } : {}),
    ...(typeof given['with-defaults'] === 'string' ? { with_defaults: given['with-defaults'] } : {}),
    with_origin: true,
  });
  if (given.xml === true) return { value: text, text: String(text) };
  const document = JSON.parse(String(text)) as JsonObject;
  return { value: document as RpcStruct, text: formatValue(annotatedValue(document, String(given.path)), style) };
}

async function set(call: Call): Promise<Output> {
  const { client, arguments: given } = call;
  const assignments = ((given.assignments as readonly unknown[] | undefined) ?? []).map((each) =>
    splitAssignment(String(each)),
  );
  const paths = (given.delete as readonly unknown[] | undefined) ?? [];
  if (assignments.length + paths.length === 0) {
    throw new UsageError('nothing to set: name PATH=VALUE or --delete PATH');
  }
  const schema = await schemaFor(call, assignments);
  const edits: RpcValue[] = [
    ...paths.map((path) => ({ path: String(path), operation: 'delete' })),
    ...assignments.map((each) => ({ path: each.path, operation: 'merge', value: typedValue(schema, each) })),
  ];
  return applied(await client.call('config.apply', edits, options(given)));
}

/** Our own modules where they are enough; those of the agent where a path is not in them: an operator's. */
async function schemaFor(call: Call, assignments: readonly Assignment[]): Promise<Schema> {
  const own = call.parts.loadSchema([]).schema;
  return assignments.every(({ path }) => nodeOf(own, path) !== undefined) ? own : agentSchema(call);
}

async function confirm({ client, arguments: given }: Call): Promise<Output> {
  const value = await client.call('config.confirm', ...(given.id === undefined ? [] : [String(given.id)]));
  return { value, text: 'confirmed\n' };
}

async function cancel({ client, arguments: given }: Call): Promise<Output> {
  const value = await client.call('config.cancel', ...(given.id === undefined ? [] : [String(given.id)]));
  return { value, text: 'taken back\n' };
}

async function diff({ client, style, arguments: given }: Call): Promise<Output> {
  const transactions = [given.from, given.to].filter((each) => each !== undefined).map(String);
  const value = await client.call('config.diff', ...transactions);
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

async function copy({ client, arguments: given }: Call): Promise<Output> {
  const result = await client.call('config.copy', String(given.source), String(given.target), options(given));
  if (given.target !== 'startup') return applied(result);
  return { ...applied(result), text: 'saved; the next start begins with it\n' };
}

async function deleteConfig({ client, arguments: given }: Call): Promise<Output> {
  await client.call('config.deleteConfig', String(given.target));
  return { value: true, text: 'deleted; the next start begins with the factory default\n' };
}

async function factoryReset({ client, arguments: given }: Call): Promise<Output> {
  if (given.yes !== true) throw new UsageError('factory-reset forgets everything: say --yes');
  await client.call('action.invoke', '/ietf-factory-default:factory-reset');
  return { value: true, text: 'reset; user admin has the password of a first start\n' };
}

/** Merged into running, or in its place: then what the document does not have goes, but for secrets, which no document has. */
async function load(call: Call): Promise<Output> {
  const { client, arguments: given } = call;
  const file = String(given.file);
  const schema = await agentSchema(call);
  const { root } = await readDocument(schema, file, { configOnly: true });
  const value = fromJson(encodeJson(schema, schema.root, root));
  const operation = given.replace === true ? 'replace' : 'merge';
  return applied(await client.call('config.apply', [{ path: '/', operation, value }], { comment: `load ${file}` }));
}

/** What `load` and `validate` read. */
async function save(call: Call): Promise<Output> {
  const file = String(call.arguments.file);
  const value = await call.client.call('config.get', '/', 'running');
  const form = call.arguments.xml === true ? 'xml' : 'json';
  writeFile(file, formatDocument(await agentSchema(call), '/', value, form));
  return { value: true, text: `saved to ${file}\n` };
}

async function passwd({ client, parts, arguments: given }: Call): Promise<Output> {
  const what = given.snmp === true ? 'SNMP pass phrase' : 'password';
  const secret = await readNewSecret(`new ${what} of ${String(given.name)}`, parts.stderr);
  const input: RpcStruct = given.snmp === true ? { 'snmp-pass-phrase': secret } : { password: secret };
  const path = `/signet-access:users/user[name='${String(given.name)}']/set-password`;
  await client.call('action.invoke', path, input);
  return { value: true, text: 'changed\n' };
}

const copyTargets = ['running', 'candidate', 'startup'];
const copySources = [...copyTargets, 'factory-default'];
const datastores = ['running', 'candidate', 'startup', 'intended', 'operational', 'factory-default'];
/** Of RFC 6243. */
const defaultsModes = ['report-all', 'trim', 'explicit'];

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
  return { value, text: lines.map((each) => `${printable(each)}\n`).join('') };
}
