/** The command line: every command but `agent` itself is a client of the agent, or works on modules on disk. */
import { join } from 'node:path';
import type { Argv } from 'yargs';
import type { BackupOptions, BackupReport, RekeyOptions, RekeyReport, RepairReport } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { LoadResult, Schema } from '../../yang/index.js';
import { certificateCommands } from './certificate.js';
import { type Client, connect, UnreachableError } from './client.js';
import { configCommands } from './config.js';
import { readText } from './files.js';
import { localCommands } from './local.js';
import { printable, type Style } from './text.js';
import { UsageError } from './usage.js';

export interface CliParts {
  /** Modules of the agent, of further directories, and given as text. Throws ConfigError for a directory that cannot be read. */
  readonly loadSchema: (
    directories: readonly string[],
    files?: readonly { readonly name: string; readonly text: string }[],
  ) => LoadResult;
  readonly mib: () => Promise<MibPrinter>;
  /** Of a state directory that no agent uses. */
  readonly repair: (stateDirectory: string) => Promise<RepairReport>;
  readonly backup: (options: BackupOptions) => Promise<BackupReport>;
  readonly restore: (options: BackupOptions) => Promise<BackupReport>;
  /** Modules are those that the agent serves with these further directories. */
  readonly rekey: (
    options: Omit<RekeyOptions, 'schema'> & { readonly schema: readonly string[] },
  ) => Promise<RekeyReport>;
  readonly stdout: (content: string | Buffer) => void;
  readonly stderr: (text: string) => void;
  readonly terminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface MibPrinter {
  modules(schema: Schema): readonly string[];
  /** Undefined for a module that SNMP does not show. */
  format(schema: Schema, module: string): string | undefined;
  /** Of all modules, or of one. */
  map(schema: Schema, module?: string): readonly object[];
  /** Gives OIDs to a module without; writes the file that holds them and returns its name. Throws ConfigError. */
  assign(schema: Schema, module: string): string;
}

/** What a command is given. */
export interface Call {
  readonly parts: CliParts;
  readonly client: Client;
  readonly json: boolean;
  /** How text for people is laid out. */
  readonly style: Style;
  readonly state: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The result for scripts, and its text for people; octets where they were asked for. */
export interface Output {
  readonly value: unknown;
  readonly text: string | Buffer;
  /** Exit status; 0 where absent. */
  readonly status?: number;
}

export type Command = (call: Call) => Promise<Output>;

/** Runs one command; answers the exit status: 0 done, 1 refused, 2 wrong usage, 69 no agent answers. */
export async function run(args: readonly string[], parts: CliParts): Promise<number> {
  const { default: yargs } = await import('yargs');
  let status = 0;
  const json = args.includes('--json');
  const perform = async (command: Command, given: Readonly<Record<string, unknown>>): Promise<void> => {
    try {
      checkOptions(given);
      const output = await command(makeCall(given, parts));
      status = output.status ?? 0;
      parts.stdout(json ? `${JSON.stringify(output.value, plain)}\n` : output.text);
    } catch (error) {
      status = report(error, json, parts);
    }
  };
  const parser = globalOptions(yargs([...args]));
  for (const group of [configCommands, certificateCommands, localCommands]) group(parser, perform);
  parser
    .command(
      'agent',
      'run the agent in the foreground',
      (each) => agentOptions(each),
      (given) => perform(misplacedAgent, given),
    )
    .demandCommand(1, 'name a command')
    .strict()
    .exitProcess(false)
    .fail((message: string | undefined, error: Error | undefined) => {
      throw error ?? new UsageError(message ?? 'wrong usage');
    });
  try {
    await parser.parseAsync();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return report(new UsageError(`${text}; see signet --help`), json, parts);
  }
  return status;
}

/** What only commands that ask an agent have. */
const clientOptions = ['url', 'user', 'password-file', 'ca', 'fingerprint', 'json'] as const;

function globalOptions(parser: Argv): Argv {
  return parser
    .scriptName('signet')
    .alias('help', 'h')
    .usage('$0 COMMAND')
    .option('state', {
      type: 'string',
      default: './state',
      describe: 'state directory of the agent: its local socket is used',
    })
    .option('url', { type: 'string', describe: 'https://HOST:PORT of an agent elsewhere' })
    .option('user', { type: 'string', default: 'admin', describe: 'user name, with --url' })
    .option('password-file', { type: 'string', describe: 'file with the password, with --url' })
    .option('ca', { type: 'string', describe: 'PEM file of the authority that the agent is checked against' })
    .option('fingerprint', { type: 'string', describe: 'SHA-256 of the certificate of the agent, pinned' })
    .option('json', { type: 'boolean', default: false, describe: 'print results and errors as JSON' })
    .wrap(Math.min(110, process.stdout.columns ?? 110));
}

/** The agent starts without this client. What comes here has options that no agent takes before the word `agent`. */
function misplacedAgent(): Promise<Output> {
  throw new UsageError('agent takes no options of the other commands; see signet agent --help');
}

function agentOptions(parser: Argv): Argv {
  for (const name of clientOptions) parser.hide(name);
  return parser
    .version(false)
    .showHidden(false)
    .option('https', { type: 'string', describe: 'ADDRESS:PORT, default 127.0.0.1:8443' })
    .option('netconf', { type: 'string', describe: 'ADDRESS:PORT, default 127.0.0.1:8830 (not served yet)' })
    .option('snmp', { type: 'string', describe: 'ADDRESS:PORT, default 127.0.0.1:1161' })
    .option('schema', { type: 'string', array: true, describe: 'directory with further YANG modules' })
    .option('admin-password-file', { type: 'string', describe: 'password of user admin at the first start' })
    .option('snmp-password-file', { type: 'string', describe: 'SNMPv3 pass phrase of user admin at the first start' })
    .option('with-startup', {
      type: 'boolean',
      describe: 'with a startup datastore: a start begins with what was copied there, not with what was running',
    })
    .option('master-key', { type: 'string', describe: 'master key file, default STATE/master.key' });
}

/** Of an option given twice neither counts, and a number that is none is not left out: what was meant could be a safeguard. */
function checkOptions(given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (Array.isArray(value) && !listOptions.has(name)) throw new UsageError(`--${name} is given more than once`);
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= 0)) {
      throw new UsageError(`--${name} is not a whole number`);
    }
    // What XML-RPC cannot carry the agent cannot judge.
    if (typeof value === 'number' && value >= 2 ** 31) throw new UsageError(`--${name} ${value} is too large`);
  }
}

/** What may be given several times. */
const listOptions: ReadonlySet<string> = new Set(['_', 'assignments', 'delete', 'schema']);

function makeCall(given: Readonly<Record<string, unknown>>, parts: CliParts): Call {
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined);
  const state = text('state') ?? './state';
  if (state === '') throw new UsageError('--state is empty: name a directory');
  // `certificate install` has a password file of its own, that of the container.
  const passwordFile = text('url') === undefined ? undefined : text('password-file');
  const caFile = text('ca');
  const client = connect({
    socket: join(state, 'agent.sock'),
    url: text('url'),
    user: text('user'),
    password: passwordFile === undefined ? undefined : readText(passwordFile).replace(/\r?\n$/, ''),
    ca: caFile === undefined ? undefined : readText(caFile),
    fingerprint: text('fingerprint'),
  });
  const colour = parts.terminal && (parts.environment.NO_COLOR ?? '') === '';
  return {
    parts,
    client,
    json: given.json === true,
    style: { colour, terminal: parts.terminal },
    state,
    arguments: given,
  };
}

function report(error: unknown, json: boolean, parts: CliParts): number {
  const status = statusOf(error);
  if (status === undefined) throw error;
  const errors = error instanceof ConfigError ? error.all() : [];
  const { message } = error as Error;
  if (json) {
    const told = errors.map(({ tag, appTag, path, message: text }) => ({ tag, appTag, path, message: text }));
    parts.stderr(`${JSON.stringify({ errors: told.length === 0 ? [{ message }] : told })}\n`);
  } else if (errors.length === 0) parts.stderr(`signet: ${printable(message)}\n`);
  else parts.stderr(errors.map((each) => `${printable(each.line())}\n`).join(''));
  return status;
}

/** Undefined for what should not happen. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof UsageError) return 2;
  if (error instanceof UnreachableError) return 69;
  // The operating system's own words: they name the call and the file.
  return error instanceof ConfigError || (error instanceof Error && 'syscall' in error) ? 1 : undefined;
}

function plain(_name: string, value: unknown): unknown {
  const octets = value as { type?: unknown; data?: unknown } | null;
  const isOctets =
    typeof octets === 'object' && octets !== null && octets.type === 'Buffer' && Array.isArray(octets.data);
  return isOctets ? Buffer.from(octets.data as number[]).toString('base64') : value;
}
