#!/usr/bin/env node
/** The process: `signet agent` in the foreground, every other command by the command line client. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Log } from './datastore/index.js';
import { ConfigError } from './error.js';
import { logLine } from './log-line.js';
import type { Endpoint } from './southbound/index.js';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const ownSchema = join(repository, 'schema');
/** Links a graph of ES modules in one go: the agent's, of some 400 files, in three quarters of the time that `import()` takes. */
const load = createRequire(import.meta.url);

/** The agent does not pay for the command line client: yargs alone costs it 100 ms of its start. */
async function main(args: readonly string[]): Promise<void> {
  const agent = agentArguments(args);
  await (agent === undefined ? runClient(args) : runAgent(agent));
}

/** What follows and precedes the word `agent`; undefined for another command, for help, and behind options that an agent has not. */
function agentArguments(args: readonly string[]): readonly string[] | undefined {
  if (args.some((each) => each === '--help' || each === '-h')) return undefined;
  const { tokens } = parseArgs({
    ...{ args: [...args], options: agentOptions, allowPositionals: true, strict: false },
    tokens: true,
  });
  const before = tokens.findIndex((token) => !(token.kind === 'option' && token.name in agentOptions));
  const word = tokens[before];
  return word?.kind === 'positional' && word.value === 'agent' ? args.toSpliced(word.index, 1) : undefined;
}

async function runAgent(args: readonly string[]): Promise<void> {
  const { startAgent } = load('./agent.js') as typeof import('./agent.js');
  const { serviceManager } = load('./southbound/index.js') as typeof import('./southbound/index.js');
  const manager = serviceManager(process.env, logToStderr);
  let agent: Awaited<ReturnType<typeof startAgent>>;
  let isStopping = false;
  try {
    const starting = startAgent(readOptions(args));
    // A start that has begun is finished, so that what it makes is whole.
    const stop = once(async () => {
      isStopping = true;
      const started = await starting.catch(() => undefined);
      // A start that fails is told below.
      if (started === undefined) return;
      await manager.stopping();
      await started.close();
      process.exit(0);
    });
    process.on('SIGTERM', () => void stop());
    process.on('SIGINT', () => void stop());
    agent = await starting;
  } catch (error) {
    if (!(error instanceof ConfigError || isUsage(error) || isSystemError(error))) throw error;
    process.stderr.write(`signet: ${error instanceof ConfigError ? error.line() : error.message}\n`);
    process.exitCode = isUsage(error) ? 2 : 1;
    return;
  }
  if (isStopping) return;
  process.stdout.write(`ready ${JSON.stringify({ ...agent.ready, pid: process.pid })}\n`);
  await manager.ready();
}

async function runClient(args: readonly string[]): Promise<void> {
  // A reader that has seen enough (`signet history | head -1`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const [{ run }, { loadSchema }, { supportedFeatures: features }] = await Promise.all([
    import('./northbound/cli/index.js'),
    import('./yang/index.js'),
    import('./served-schema.js'),
  ]);
  process.exitCode = await run(args, {
    loadSchema: (directories, files = []) => loadSchema({ directories: [ownSchema, ...directories], files, features }),
    mib: async () => {
      const { assignModule, formatMib, mibMap, mibModules } = await import('./northbound/snmp/tools.js');
      return {
        modules: (schema) => mibModules(schema).map(({ name }) => name),
        format(schema, name) {
          const module = schema.modules.get(name);
          return module === undefined ? undefined : formatMib(schema, module);
        },
        assign: (schema, name) => assignModule(schema, schema.modules.get(name)!),
        map: (schema, name) => mibMap(schema, name === undefined ? undefined : schema.modules.get(name)),
      };
    },
    repair: async (stateDirectory) => {
      const { repairJournal } = await import('./datastore/tools.js');
      return await repairJournal(stateDirectory);
    },
    backup: async (options) => await (await import('./datastore/tools.js')).backup(options),
    restore: async (options) => await (await import('./datastore/tools.js')).restore(options),
    rekey: async ({ schema: directories, ...options }) => {
      const [{ readSchema }, { rekey }] = await Promise.all([
        import('./served-schema.js'),
        import('./datastore/tools.js'),
      ]);
      const schema = readSchema({ ownSchema, schema: directories, log: logToStderr });
      return await rekey({ ...options, schema });
    },
    stdout: (content) => void process.stdout.write(content),
    stderr: (text) => void process.stderr.write(text),
    terminal: process.stdout.isTTY,
    environment: process.env,
  });
}

const agentOptions = {
  state: { type: 'string', default: './state' },
  https: { type: 'string' },
  netconf: { type: 'string', default: '127.0.0.1:8830' },
  snmp: { type: 'string' },
  schema: { type: 'string', multiple: true, default: [] as string[] },
  'admin-password-file': { type: 'string' },
  'snmp-password-file': { type: 'string' },
  'master-key': { type: 'string' },
  'with-startup': { type: 'boolean', default: false },
} as const;

/** Throws UsageError, or TypeError with a code of `parseArgs`, where the options are wrong. */
function readOptions(args: readonly string[]) {
  const { values, tokens } = parseArgs({
    ...{ args: [...args], options: agentOptions, allowPositionals: false, strict: true },
    tokens: true,
  });
  // Of an address the last one counts, so that a wrapper's can be replaced; what is written where is not left to the order.
  const states = tokens.filter((token) => token.kind === 'option' && token.name === 'state');
  if (states.length > 1) throw new UsageError('--state is given more than once');
  if (values.state === '') throw new UsageError('--state is empty: name a directory');
  endpoint('--netconf', values.netconf);
  return {
    state: values.state,
    https: values.https === undefined ? undefined : endpoint('--https', values.https),
    snmp: values.snmp === undefined ? undefined : endpoint('--snmp', values.snmp),
    schema: values.schema,
    adminPasswordFile: values['admin-password-file'],
    snmpPasswordFile: values['snmp-password-file'],
    masterKeyFile: values['master-key'],
    startup: values['with-startup'],
    ownSchema,
    version: version(),
    log: logToStderr,
  };
}

/** `127.0.0.1:8443`, `[::1]:8443`. */
function endpoint(option: string, text: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (isIP(address) === 0 || port > 65_535) throw new UsageError(`${option} ${text}: not of the form ADDRESS:PORT`);
  return { address, port };
}

class UsageError extends Error {}

function isUsage(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

/** A refusal of the operating system: its message names the call and the file. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

function logToStderr(...event: Parameters<Log>): void {
  process.stderr.write(logLine(new Date(), ...event));
}

await main(process.argv.slice(2));
