/** What the acceptance suites share: foreign programs, the XML-RPC address, a small certification authority of openssl. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adminPassword, type RunningAgent, snmpPassword } from '../support/agent.js';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, for at most 30 s; its standard input is `input`. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...options.env }, timeout: 30_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** {@link run}, where any other status than 0 is a failure that shows what the program said. */
export async function succeed(...call: Parameters<typeof run>): Promise<string> {
  const outcome = await run(...call);
  if (outcome.status !== 0) {
    throw new Error(`${call[0]} ${call[1].join(' ')} ended with ${outcome.status}\n${outcome.stdout}${outcome.stderr}`);
  }
  return outcome.stdout;
}

/** The repository: the nearest folder above with a package.json. */
export const repository = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      readFileSync(join(folder, 'package.json'));
      return folder;
    } catch {
      folder = dirname(folder);
    }
  }
})();

/** One of the Python scripts beside this file, in the source tree. */
export function script(name: string): string {
  return join(repository, 'test', 'interop', name);
}

export function xmlRpcUrl(agent: RunningAgent): string {
  return `https://admin:${encodeURIComponent(adminPassword)}@127.0.0.1:${agent.httpsPort}/RPC2`;
}

/** The standard MIB modules, where Debian's erlang-snmp has put them. */
export function standardMibs(): string | undefined {
  const library = '/usr/lib/erlang/lib';
  if (!existsSync(library)) return undefined;
  const [place] = readdirSync(library).filter((name) => name.startsWith('snmp-'));
  return place === undefined ? undefined : join(library, place, 'mibs');
}

/** The arguments that make Net-SNMP's tools speak v3 authPriv as admin, with our MIB modules by name. */
export function snmpArguments(agent: RunningAgent): string[] {
  return [
    ...['-v3', '-l', 'authPriv', '-u', 'admin', '-a', 'SHA-256', '-A', snmpPassword, '-x', 'AES', '-X', snmpPassword],
    ...['-M', `${join(repository, 'mibs')}:${standardMibs() ?? ''}`, '-m', 'SIGNET-HTTPS-MIB', '-t', '5', '-r', '1'],
    `127.0.0.1:${agent.snmpPort}`,
  ];
}

/** What a TLS client sees now: the PEM of the end-entity certificate. */
export async function servedCertificate(agent: RunningAgent, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${agent.httpsPort}`, ...args]);
  const match = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(stdout);
  if (match === null) throw new Error(`openssl s_client saw no certificate:\n${stdout}`);
  return `${match[0]}\n`;
}

export async function subjectOf(pem: string): Promise<string> {
  const text = await succeed('openssl', ['x509', '-noout', '-subject', '-nameopt', 'RFC2253'], { input: pem });
  return text.trim().replace(/^subject=/, '');
}

/** A root and an intermediate, made by openssl in `directory`, which sign requests as a company's CA would. */
export async function makeAuthority(directory: string): Promise<Authority> {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => succeed('openssl', args);
  await writeFile(
    at('ca.cnf'),
    '[root]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' +
      '[intermediate]\nbasicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n' +
      'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' +
      '[server]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n' +
      'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' +
      '[req]\ndistinguished_name=dn\n[dn]\n',
  );
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ...['req', '-x509', ...key, '-keyout', at('root.key'), '-out', at('root.pem'), '-days', '30'],
    ...['-subj', '/O=Example/CN=Example Root', '-config', at('ca.cnf'), '-extensions', 'root'],
  );
  await openssl(
    ...['req', '-new', ...key, '-keyout', at('intermediate.key'), '-out', at('intermediate.csr')],
    ...['-subj', '/O=Example/CN=Example Issuing', '-config', at('ca.cnf')],
  );
  await openssl(
    ...['x509', '-req', '-in', at('intermediate.csr'), '-CA', at('root.pem'), '-CAkey', at('root.key')],
    ...['-CAcreateserial', '-out', at('intermediate.pem'), '-days', '30'],
    ...['-extfile', at('ca.cnf'), '-extensions', 'intermediate'],
  );
  return {
    rootFile: at('root.pem'),
    intermediateFile: at('intermediate.pem'),
    root: readFileSync(at('root.pem'), 'utf8'),
    intermediate: readFileSync(at('intermediate.pem'), 'utf8'),
    async sign(request, options = {}) {
      const section = options.section ?? 'server';
      await writeFile(at('leaf.csr'), request);
      return openssl(
        ...['x509', '-req', '-in', at('leaf.csr'), '-CA', at('intermediate.pem'), '-CAkey', at('intermediate.key')],
        ...['-CAcreateserial', '-days', '20', '-copy_extensions', 'copyall', '-extfile', at('ca.cnf')],
        ...['-extensions', section, ...(options.dates ?? [])],
      );
    },
  };
}

export interface Authority {
  readonly rootFile: string;
  readonly intermediateFile: string;
  readonly root: string;
  readonly intermediate: string;
  /** PEM of the certificate for a PKCS#10 request; `section` is one of the configuration's, `server` as a rule. */
  sign(
    request: string,
    options?: { readonly section?: 'server' | 'intermediate'; readonly dates?: readonly string[] },
  ): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A client that keeps one connection open; `socketCount` tells how many it has opened. */
export function keepAliveClient(agent: RunningAgent): {
  get(path: string): Promise<Answer>;
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  socketCount(): number;
  close(): void;
} {
  const pool = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  let sockets = 0;
  const send = (method: string, path: string, body: string | undefined, headers: Readonly<Record<string, string>>) =>
    new Promise<Answer>((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: agent.httpsPort,
          path,
          method,
          agent: pool,
          auth: `admin:${adminPassword}`,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          });
          response.on('error', reject);
        },
      );
      call.on('socket', () => {
        if (!call.reusedSocket) sockets += 1;
      });
      call.on('error', reject);
      call.end(body);
    });
  return {
    get: (path) => send('GET', path, undefined, {}),
    post: (path, body, headers = {}) => send('POST', path, body, { 'content-type': 'text/xml', ...headers }),
    socketCount: () => sockets,
    close: () => pool.destroy(),
  };
}

/** An XML-RPC call whose parameters are given as XML. */
export function methodCall(method: string, ...values: readonly string[]): string {
  const params = values.map((value) => `<param><value>${value}</value></param>`).join('');
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`;
}
