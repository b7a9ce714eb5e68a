/** `signet certificate`: the certificate work, by name. */
import type { Argv } from 'yargs';
import { ConfigError } from '../../error.js';
import type { RpcStruct, RpcValue } from './client.js';
import type { Perform } from './config.js';
import { readFile, readText, writeFile } from './files.js';
import type { Call, Command, Output } from './index.js';
import { formatTable, formatValue, isStruct, printable } from './text.js';
import { UsageError } from './usage.js';

/** Seconds: on a terminal nobody locks himself out by a typing error. */
const terminalTimeout = 120;

export function certificateCommands(parser: Argv, perform: Perform): void {
  parser.command('certificate', 'list, issue, request, install and present certificates', (each) => {
    const add = (name: string, text: string, command: Command, more: (argv: Argv) => Argv = (argv) => argv) =>
      each.command(
        `${name} <name>`,
        text,
        (argv) => more(argv.positional('name', { type: 'string', demandOption: true })),
        (given) => perform(command, given),
      );
    each.command(
      'list',
      'all certificates',
      (argv) => argv,
      (given) => perform(list, given),
    );
    add('show', 'one certificate', show);
    add('self-sign', 'issue the self-signed certificate anew', selfSign, (argv) =>
      argv
        .option('validity-days', { type: 'number' })
        .option('new-key', { type: 'boolean', default: false })
        .option('pass-phrase-file', { type: 'string', describe: 'of the new key, which it asks for' })
        .option('confirm-timeout', { type: 'number' }),
    );
    add('request', 'make and print a certificate request', request, (argv) =>
      argv
        .option('new-key', { type: 'boolean', default: false })
        .option('pass-phrase-file', { type: 'string' })
        .option('challenge-password-file', { type: 'string' })
        .option('unstructured-name', { type: 'string' }),
    );
    add('install', 'install what a certification authority returned', install, (argv) =>
      argv
        .option('file', { type: 'string', demandOption: true, describe: 'what came, in whatever format' })
        .option('key', { type: 'string', describe: 'file of the private key' })
        .option('chain', { type: 'string', describe: 'file of further certificates' })
        .option('format', { choices: ['auto', 'pem', 'der', 'pkcs7', 'pkcs12'], default: 'auto' })
        .option('container-password-file', { type: 'string', describe: 'as --password-file, where --url is given too' })
        .option('key-name', { type: 'string' })
        .option('activate', { type: 'boolean', default: false })
        .option('confirm-timeout', { type: 'number' }),
    );
    add('export', 'write the certificate, or with a pass phrase its encrypted key', exportPair, (argv) =>
      argv
        .option('format', { choices: ['pem', 'der', 'pkcs7', 'pkcs8', 'pkcs12'], default: 'pem' })
        .option('pass-phrase-file', { type: 'string' })
        .option('out', { type: 'string', describe: 'file; standard output where absent' }),
    );
    add('activate', 'let the HTTPS service present it', activate, (argv) =>
      argv.option('confirm-timeout', { type: 'number' }),
    );
    add('abort-request', 'forget the pending request', (call) => plainAction(call, 'abort-request'));
    add(
      'delete',
      'delete the entry',
      (call) => plainAction(call, 'delete', { purge: call.arguments.purge === true }),
      (argv) => argv.option('purge', { type: 'boolean', default: false, describe: 'its keys leave the history too' }),
    );
    each.command(
      'restore-default',
      'make and present a new factory certificate',
      (argv) => argv,
      (given) => perform(restoreDefault, given),
    );
    return each.demandCommand(1, 'name what to do with the certificate');
  });
}

async function list({ client, style }: Call): Promise<Output> {
  const value = await orAbsent(client.call('config.get', 'https.certificate'), []);
  const served = await orAbsent(client.call('config.get', 'https.state.certificate'), '');
  const entries = (Array.isArray(value) ? (value as readonly RpcValue[]) : []).filter(isStruct);
  const rows = entries.map((entry) => {
    const state = isStruct(entry.state) ? entry.state : {};
    const cells = [
      entry.name,
      entry.source,
      state['key-algorithm'],
      state.validity,
      state['not-after'],
      state['days-remaining'],
      entry.name === served ? 'yes' : '',
      state.subject,
    ];
    return cells.map((cell) => (cell === undefined ? '' : String(cell)));
  });
  const headline = ['NAME', 'SOURCE', 'KEY', 'VALIDITY', 'NOT AFTER', 'DAYS', 'SERVED', 'SUBJECT'];
  return { value, text: formatTable(headline, rows, style) };
}

/** What is absent is no error of a list. */
async function orAbsent(asked: Promise<RpcValue>, absent: RpcValue): Promise<RpcValue> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ConfigError && error.tag === 'data-missing') return absent;
    throw error;
  }
}

async function show({ client, arguments: given, style }: Call): Promise<Output> {
  const value = await client.call('config.get', `https.certificate[${key(given)}]`);
  return { value, text: formatValue(value, style) };
}

async function selfSign(call: Call): Promise<Output> {
  const { arguments: given } = call;
  const days = given['validity-days'];
  return plainAction(call, 'self-sign', {
    'reuse-key': given['new-key'] !== true,
    ...(typeof days === 'number' ? { 'validity-days': days } : {}),
    ...secret(given, 'pass-phrase-file', 'pass-phrase'),
    ...(given['confirm-timeout'] === undefined ? {} : timeout(call)),
  });
}

async function request(call: Call): Promise<Output> {
  const { arguments: given } = call;
  const value = await invoke(call, 'generate-request', {
    'reuse-key': given['new-key'] !== true,
    ...secret(given, 'pass-phrase-file', 'pass-phrase'),
    ...secret(given, 'challenge-password-file', 'challenge-password'),
    ...(typeof given['unstructured-name'] === 'string' ? { 'unstructured-name': given['unstructured-name'] } : {}),
  });
  return { value, text: isStruct(value) ? String(value.pem) : '' };
}

async function install(call: Call): Promise<Output> {
  const { arguments: given } = call;
  const content = (option: string, leaf: string) =>
    typeof given[option] === 'string' ? { [leaf]: asText(readFile(given[option])) } : {};
  // With --url the common option --password-file is the user's; the container's has its own name then.
  const password = given.url === undefined ? secret(given, 'password-file', 'password') : {};
  const confirmed = given.activate === true || given['confirm-timeout'] !== undefined ? timeout(call) : {};
  return findings(
    await invoke(call, 'install', {
      ...content('file', 'data'),
      format: String(given.format),
      ...password,
      ...secret(given, 'container-password-file', 'password'),
      ...content('key', 'private-key'),
      ...content('chain', 'chain'),
      ...(typeof given['key-name'] === 'string' ? { 'key-name': given['key-name'] } : {}),
      activate: given.activate === true,
      ...confirmed,
    }),
    confirmed,
  );
}

/** Text as it is, unless it has what XML cannot carry; DER, containers and UTF-16 as base64. */
function asText(octets: Buffer): string {
  const text = octets.toString('utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text) ? octets.toString('base64') : text;
}

async function activate(call: Call): Promise<Output> {
  const confirmed = timeout(call);
  return findings(await invoke(call, 'activate', confirmed), confirmed);
}

async function exportPair(call: Call): Promise<Output> {
  const { arguments: given } = call;
  const value = await invoke(call, 'export', {
    format: String(given.format),
    ...secret(given, 'pass-phrase-file', 'pass-phrase'),
  });
  const data = isStruct(value) ? value.data : undefined;
  const octets = Buffer.isBuffer(data) ? data : Buffer.from(String(data ?? ''), 'base64');
  if (typeof given.out === 'string') {
    writeFile(given.out, octets);
    return { value: true, text: `written to ${given.out}\n` };
  }
  if (given.format === 'pem' || given.format === 'pkcs8') return { value, text: octets.toString('utf8') };
  // With --json they are in base64.
  if (call.parts.terminal && !call.json) throw new UsageError('octets are not for a terminal: name a file with --out');
  return { value, text: octets };
}

async function restoreDefault({ client, style }: Call): Promise<Output> {
  const value = await client.call('action.invoke', 'https.restore-default', {});
  return { value, text: formatValue(value, style) };
}

async function plainAction(call: Call, action: string, input: RpcStruct = {}): Promise<Output> {
  const value = await invoke(call, action, input);
  const empty = !isStruct(value) || Object.keys(value).length === 0;
  return { value, text: empty ? 'done\n' : formatValue(value, call.style) };
}

function invoke({ client, arguments: given }: Call, action: string, input: RpcStruct): Promise<RpcValue> {
  return client.call('action.invoke', `https.certificate[${key(given)}].${action}`, input);
}

/** A key in a dotted path: as a JSON string where it could be read otherwise. */
function key(given: Readonly<Record<string, unknown>>): string {
  const name = String(given.name);
  return /[[\]"\\]/.test(name) ? JSON.stringify(name) : name;
}

function secret(given: Readonly<Record<string, unknown>>, option: string, leaf: string): RpcStruct {
  const file = given[option];
  return typeof file === 'string' ? { [leaf]: readText(file).replace(/\r?\n$/, '') } : {};
}

/** Asked for, or by default where a person sits at a terminal; 0 says none. A uint32 travels as text. */
function timeout({ arguments: given, parts }: Call): RpcStruct {
  const seconds = given['confirm-timeout'] ?? (parts.terminal ? terminalTimeout : 0);
  return Number(seconds) > 0 ? { 'confirm-timeout': String(seconds) } : {};
}

/** `confirmed` is the part of the input that says how long the agent waits. */
function findings(value: RpcValue, confirmed: RpcStruct): Output {
  const result = isStruct(value) ? value : {};
  const found = Array.isArray(result.finding) ? (result.finding as readonly RpcValue[]).filter(isStruct) : [];
  const lines = found.map(({ severity, text }) => `${String(severity)}: ${String(text)}`);
  const id = result['persist-id'];
  const seconds = String(confirmed['confirm-timeout']);
  lines.push(
    id === undefined ? 'done' : `goes back in ${seconds} seconds unless confirmed: signet confirm ${String(id)}`,
  );
  return { value, text: lines.map((line) => `${printable(line)}\n`).join('') };
}
