/** What the acceptance suites share: foreign programs, the XML-RPC address, a small certification authority of openssl. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { adminPassword, type RunningAgent, snmpPassword } from '../support/agent.js';
import { repositoryRoot as repository } from '../support/places.js';
import { run, runOk as succeed } from '../support/run.js';

export { repository, run, succeed };

/** One of the Python scripts beside this file, in the source tree. */
export function script(name: string): string {
  return join(repository, 'test', 'interop', name);
}

export function xmlRpcUrl(agent: RunningAgent, password = adminPassword): string {
  return `https://admin:${encodeURIComponent(password)}@127.0.0.1:${agent.httpsPort}/RPC2`;
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
      '[client]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n' +
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
    async signDated(requestFile, notBefore, notAfter) {
      // `openssl x509 -req` of OpenSSL 3.0 has no dates; `openssl ca` has.
      await writeFile(at('index.txt'), '');
      await writeFile(
        at('dated.cnf'),
        `[ca]\ndefault_ca=own\n[own]\ndatabase=${at('index.txt')}\nnew_certs_dir=${directory}\nrand_serial=yes\n` +
          'default_md=sha256\npolicy=any\ncopy_extensions=copyall\nunique_subject=no\n[any]\ncommonName=supplied\n' +
          '[server]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n' +
          'extendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
      );
      return openssl(
        ...['ca', '-batch', '-notext', '-config', at('dated.cnf'), '-extensions', 'server', '-in', requestFile],
        ...['-cert', at('intermediate.pem'), '-keyfile', at('intermediate.key')],
        ...['-startdate', notBefore, '-enddate', notAfter],
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
    options?: { readonly section?: 'server' | 'client' | 'intermediate'; readonly dates?: readonly string[] },
  ): Promise<string>;
  /** As `sign`, for a request in a file and with dates of the form 20200101000000Z. */
  signDated(requestFile: string, notBefore: string, notAfter: string): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A client that keeps one connection open; `socketCount` tells how many it has opened. */
export function keepAliveClient(agent: RunningAgent): {
  get(path: string): Promise<Answer>;
  socketCount(): number;
  close(): void;
} {
  const pool = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  let sockets = 0;
  const get = (path: string) =>
    new Promise<Answer>((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: agent.httpsPort,
          path,
          agent: pool,
          auth: `admin:${adminPassword}`,
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
      call.end();
    });
  return {
    get,
    socketCount: () => sockets,
    close: () => pool.destroy(),
  };
}

/** What one call of {@link rpcCalls} came to: a value, a fault with its code and text, or another HTTP status than 200. */
export interface RpcAnswer {
  readonly value?: unknown;
  readonly fault?: readonly [code: number, text: string];
  readonly status?: number;
}

/** Calls by Python's xmlrpc.client, one after the other on one connection. */
export async function rpcCalls(
  agent: RunningAgent,
  calls: readonly (readonly [method: string, parameters: readonly unknown[]])[],
  password = adminPassword,
): Promise<readonly RpcAnswer[]> {
  const input = JSON.stringify(calls);
  return JSON.parse(await succeed(python, [script('call.py'), xmlRpcUrl(agent, password)], { input })) as RpcAnswer[];
}

/** Debian's own: the packages of foreign clients are for it. */
export const python = '/usr/bin/python3';
