/** The agents that bench/snmp.ts measures, each in a process of its own: ours, Debian's snmpd and a table agent on libnetsnmp. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatastore } from '../src/datastore/index.js';
import { type JsonValue, loadSchema, parsePath } from '../src/yang/index.js';
import { makeState, snmpPassword, startAgent } from '../test/support/agent.js';
import { repositoryRoot } from '../test/support/places.js';
import { run } from '../test/support/run.js';
import { signet } from '../test/support/signet.js';

export interface Server {
  readonly name: string;
  readonly port: number;
  /** 0 where it has none. */
  readonly httpsPort: number;
  readonly pid: number;
  /** An INTEGER or TimeTicks that is there. */
  readonly scalar: string;
  /** The column of names; '' where there is no table. */
  readonly column: string;
  stop(): Promise<unknown>;
}

export const community = 'bench';

/** A folder with the module that has the table, and the file with its OIDs beside it. */
export async function writeModule(directory: string): Promise<{ readonly scalar: string; readonly column: string }> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'bench-rows.yang'), rowsModule);
  await told(['mib', 'bench-rows', '--schema', directory, '--assign']);
  const lines = (await told(['mib', 'bench-rows', '--schema', directory, '--map'])).split('\n').filter(Boolean);
  const map = new Map(
    lines.map((text) => JSON.parse(text) as { path: string; oid: string }).map((at) => [at.path, at.oid]),
  );
  return { scalar: `${map.get('/bench-rows:rows/number')!}.0`, column: map.get('/bench-rows:rows/row/label')! };
}

const rowsModule = `module bench-rows {
  yang-version 1.1; namespace "urn:bench:rows"; prefix b;
  organization "Signet"; contact "Signet"; description "What bench/snmp.ts measures.";
  revision 2026-11-01 { description "First."; }
  container rows {
    leaf number { type int32; }
    list row { key id; leaf id { type uint32; } leaf label { type string { length "1..32"; } } leaf size { type uint32; } }
  }
}
`;

async function told(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await signet(args);
  if (status !== 0) throw new Error(`signet ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Our agent with the module in `schema` and so many rows. Without its OIDs SNMP shows nothing of them. */
export async function startSignet(schema: string, rows: number, hidden = false): Promise<Server> {
  const place = await makeState();
  const directory = join(place.directory, 'schema');
  await cp(schema, directory, { recursive: true });
  if (hidden) await rm(join(directory, 'bench-rows.oid.json'));
  const options = { args: ['--schema', directory], timeoutMs: 120_000 };
  const first = await startAgent(place, options);
  await first.stop();
  await commitRows(place.state, directory, rows);
  const agent = await startAgent(place, options);
  return {
    name: 'signet',
    port: agent.snmpPort,
    httpsPort: agent.httpsPort,
    pid: agent.ready.pid,
    scalar: '',
    column: '',
    async stop() {
      await agent.stop();
      await place.remove();
    },
  };
}

/** One commit, made while no agent runs: no interface takes a document of that size. */
async function commitRows(stateDirectory: string, directory: string, rows: number): Promise<void> {
  const { schema } = loadSchema({ directories: [join(repositoryRoot, 'schema'), directory] });
  const handlers = schema.root.dataChildren
    .filter(({ module }) => module.name !== 'ietf-netconf-acm')
    .map(({ name, path }) => ({ name, path }));
  const store = await openDatastore({ stateDirectory, schema, modules: [{ name: 'bench', handlers }] });
  const merge = (path: string, value: JsonValue) =>
    ({ operation: 'merge', path: parsePath(schema, path), value }) as const;
  const row = Array.from({ length: rows }, (_, id) => ({ id, label: `row ${String(id)}`, size: id }));
  const entry = { index: community, 'security-name': 'admin' };
  await store.commit({
    edits: [merge('/bench-rows:rows', { number: 5, row }), merge('/ietf-snmp:snmp', { community: [entry] })],
  });
  await store.close();
}

/** The path of a program made of one of the sources in peers/; why not, where it cannot be made. */
export async function compile(name: string, directory: string, libraries: readonly string[]): Promise<string | Error> {
  const program = join(directory, name);
  const source = join(repositoryRoot, 'bench', 'peers', `${name}.c`);
  try {
    const { status, stderr } = await run('gcc', ['-O2', '-o', program, source, ...libraries]);
    return status === 0 ? program : new Error(`${name}.c does not compile: ${stderr.split('\n')[0] ?? ''}`);
  } catch {
    return new Error('gcc is not installed');
  }
}

/** The table agent with so many rows. */
export async function startTableAgent(directory: string, rows: number): Promise<Server | Error> {
  const flags = await run('net-snmp-config', ['--agent-libs']).catch(() => undefined);
  if (flags?.status !== 0) return new Error('libnetsnmp: libsnmp-dev is not installed');
  const program = await compile('table-agent', directory, flags.stdout.split(/\s+/u).filter(Boolean));
  if (program instanceof Error) return program;
  const objects = { scalar: '1.3.6.1.4.1.32473.9.1.0', column: '1.3.6.1.4.1.32473.9.2.1.2' };
  return await start('libnetsnmp', program, () => [String(rows)], join(directory, 'table'), objects);
}

/** The scalars of its snmp group stand for a table: 30 in a row, computed like columns. */
export async function startSnmpd(directory: string): Promise<Server | Error> {
  const options = (place: string) => ['-f', '-Ln', '-C', '-c', join(place, 'table-agent.conf')];
  return await start('snmpd', '/usr/sbin/snmpd', options, join(directory, 'snmpd'), {
    scalar: '1.3.6.1.2.1.1.3.0',
    column: '',
  });
}

async function start(
  name: string,
  program: string,
  options: (place: string) => readonly string[],
  place: string,
  objects: Pick<Server, 'scalar' | 'column'>,
): Promise<Server | Error> {
  const port = await freePort();
  await mkdir(place, { recursive: true });
  await writeFile(
    join(place, 'table-agent.conf'),
    `agentaddress udp:127.0.0.1:${String(port)}\nrocommunity ${community}\nrouser admin authpriv\n` +
      `createUser admin SHA-256 "${snmpPassword}" AES "${snmpPassword}"\ndontLogTCPWrappersConnects yes\n`,
  );
  const env = { ...process.env, SNMPCONFPATH: place, SNMP_PERSISTENT_DIR: join(place, 'persistent'), MIBS: '' };
  const child = spawn(program, options(place), { env, stdio: 'ignore' });
  const failed = new Promise<Error>((resolve) => {
    child.once('error', () => resolve(new Error(`${name} is not installed`)));
    child.once('exit', () => resolve(new Error(`${name} ended`)));
  });
  const result = await Promise.race([failed, answering(port, objects.scalar)]);
  if (result instanceof Error) return result;
  return { name, port, httpsPort: 0, pid: child.pid ?? 0, ...objects, stop: () => end(child) };
}

async function answering(port: number, object: string): Promise<Error | undefined> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const args = ['-v2c', '-c', community, '-r', '0', '-t', '0.5', `127.0.0.1:${String(port)}`, object];
    const { status } = await run('snmpget', args, { env: { MIBS: '' } });
    if (status === 0) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return new Error(`no answer on port ${String(port)}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}

/** Keeps all threads of a process on one processor, where the tool is there. */
export async function pin(pid: number, processor: number): Promise<void> {
  await run('taskset', ['-a', '-p', '-c', String(processor), String(pid)]).catch(() => undefined);
}
