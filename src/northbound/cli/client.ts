/** The command line's way to the agent: XML-RPC over the local socket, or over HTTPS. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { ConfigError, type ErrorTag, errorTags } from '../../error.js';
import { UsageError } from './usage.js';

export interface Target {
  /** The local socket; used where no `url` is given. */
  readonly socket: string;
  readonly url?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** PEM of the authority that the agent's certificate is checked against. */
  readonly ca?: string | undefined;
  /** SHA-256 of the agent's certificate, hex: the certificate is pinned instead of checked against an authority. */
  readonly fingerprint?: string | undefined;
}

/** What XML-RPC carries; octets travel as base64. */
export type RpcValue = string | number | boolean | Buffer | readonly RpcValue[] | RpcStruct;
export interface RpcStruct {
  readonly [name: string]: RpcValue;
}

/** Nobody answers where the agent should be. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  /** `silent`: took the connection and said nothing; `distrusted`: is not the agent that was asked for; `odd`: said something else. */
  readonly kind: 'absent' | 'silent' | 'distrusted' | 'odd';

  constructor(message: string, kind: UnreachableError['kind'] = 'absent') {
    super(message);
    this.kind = kind;
  }
}

export interface Client {
  /** Throws ConfigError for a fault, UnreachableError where there is no agent. */
  call(method: string, ...parameters: readonly RpcValue[]): Promise<RpcValue>;
  /** The same, that waits so many milliseconds for an answer and no longer. */
  within(patience: number): Client;
}

export function connect(target: Target, patience = longestAction): Client {
  return {
    within: (shorter) => connect(target, shorter),
    async call(method, ...parameters) {
      const { status, body } = await post(target, encodeCall(method, parameters), patience);
      if (status === 401) throw new ConfigError({ tag: 'access-denied', message: 'wrong user name or password' });
      if (status !== 200 && !body.includes('<fault>'))
        throw new UnreachableError(`the agent answered with status ${status}`, 'odd');
      return decodeResponse(body);
    },
  };
}

export function encodeCall(method: string, parameters: readonly RpcValue[]): string {
  const list = parameters.map((each) => `<param>${encodeValue(each)}</param>`).join('');
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${list}</params></methodCall>`;
}

/** The value of a methodResponse; throws ConfigError with the lines of a fault. */
export async function decodeResponse(body: string): Promise<RpcValue> {
  const { default: xml2js } = await import('xml2js');
  const document: unknown = await xml2js.parseStringPromise(body, { explicitArray: true, explicitRoot: true });
  const response = member(document, 'methodResponse');
  const fault = member(response, 'fault');
  if (fault !== undefined) throw faultError(decodeValue(first(member(first(fault), 'value'))) as RpcStruct);
  const parameter = first(member(first(member(response, 'params')), 'param'));
  return decodeValue(first(member(parameter, 'value')));
}

/** `TAG PATH: message` lines back into errors. */
function faultError(fault: RpcStruct): ConfigError {
  const lines = String(fault.faultString).split('\n');
  const errors = lines.map((line) => {
    const match = faultLine.exec(line);
    const [, tag = '', path = '', message = line] = match ?? [];
    const known = (errorTags as readonly string[]).includes(tag);
    const fallback = errorTags[Number(fault.faultCode) - 1] ?? 'operation-failed';
    return new ConfigError({ tag: known ? (tag as ErrorTag) : fallback, path, message });
  });
  return ConfigError.join(errors);
}

/** A path ends at the first `: ` that is in no quoted key. */
const faultLine = /^([a-z-]+)(?: (\/(?:[^'":]|'[^']*'|"[^"]*"|:(?! ))*))?: ([\s\S]*)$/;

function encodeValue(value: RpcValue): string {
  if (typeof value === 'string') return `<value><string>${escapeXml(value)}</string></value>`;
  if (typeof value === 'number') return `<value><int>${value}</int></value>`;
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (Buffer.isBuffer(value)) return `<value><base64>${value.toString('base64')}</base64></value>`;
  if (Array.isArray(value)) return `<value><array><data>${value.map(encodeValue).join('')}</data></array></value>`;
  const members = Object.entries(value).map(
    ([name, each]) => `<member><name>${escapeXml(name)}</name>${encodeValue(each as RpcValue)}</member>`,
  );
  return `<value><struct>${members.join('')}</struct></value>`;
}

function decodeValue(node: unknown): RpcValue {
  if (typeof node !== 'object' || node === null) return typeof node === 'string' ? node : '';
  const [entry] = Object.entries(node).filter(([name]) => name !== '_' && name !== '$');
  if (entry === undefined) return String(member(node, '_') ?? '');
  const [type, content] = entry;
  const inner = first(content);
  const text = typeof inner === 'string' ? inner : String(member(inner, '_') ?? '');
  if (type === 'int' || type === 'i4' || type === 'double') return Number(text);
  if (type === 'boolean') return text.trim() === '1';
  if (type === 'base64') return Buffer.from(text, 'base64');
  if (type === 'array') return list(member(first(member(inner, 'data')), 'value')).map(decodeValue);
  if (type !== 'struct') return text;
  const struct: Record<string, RpcValue> = {};
  for (const each of list(member(inner, 'member'))) {
    struct[String(first(member(each, 'name')))] = decodeValue(first(member(each, 'value')));
  }
  return struct;
}

function member(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, name)
    ? (node as Record<string, unknown>)[name]
    : undefined;
}

function list(node: unknown): readonly unknown[] {
  return Array.isArray(node) ? node : node === undefined ? [] : [node];
}

function first(node: unknown): unknown {
  return Array.isArray(node) ? (node[0] as unknown) : node;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function post(target: Target, body: string, patience: number): Promise<Answer> {
  const base = {
    method: 'POST',
    path: '/RPC2',
    headers: { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) },
  };
  if (target.url === undefined) {
    checkSocketPath(target.socket);
    const { request } = await import('node:http');
    const open: Open = (done) => request({ ...base, socketPath: target.socket }, done);
    return exchange(open, body, target.socket, patience);
  }
  const url = secureUrl(target.url);
  const { request } = await import('node:https');
  const options: RequestOptions & { ca?: string; rejectUnauthorized?: boolean } = {
    ...base,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 443 : url.port,
    auth: `${target.user ?? 'admin'}:${target.password ?? ''}`,
    agent: false,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(target.fingerprint === undefined ? {} : { rejectUnauthorized: false }),
  };
  return exchange(
    (done) => {
      const call = request(options, done);
      if (target.fingerprint !== undefined) pin(call, target.fingerprint);
      return call;
    },
    body,
    target.url,
    patience,
  );
}

/** Node cuts longer ones off, as the datastore has it where it makes sockets, and another agent would be asked. */
function checkSocketPath(path: string): void {
  const longest = process.platform === 'linux' ? 107 : 103;
  if (Buffer.byteLength(path) <= longest) return;
  throw new UsageError(`${path} is too long for a socket: ${longest} octets at most; name a relative --state`);
}

/** The password goes in clear inside: only over TLS. */
function secureUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  throw new UsageError(`--url ${text}: not of the form https://HOST:PORT`);
}

/** The password is sent only after the certificate proved to be the pinned one: the body is held back until then. */
function pin(call: import('node:http').ClientRequest, fingerprint: string): void {
  const wanted = fingerprint.replaceAll(':', '').toLowerCase();
  call.cork();
  call.on('socket', (socket) => {
    const tls = socket as import('node:tls').TLSSocket;
    tls.once('secureConnect', () => {
      const seen = tls.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
      if (seen === wanted) call.uncork();
      else call.destroy(new UnreachableError(`the agent's certificate has the fingerprint ${seen}`, 'distrusted'));
    });
  });
}

type Open = (done: (response: IncomingMessage) => void) => import('node:http').ClientRequest;

function exchange(open: Open, body: string, where: string, patience: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = open((response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    const silence = `no answer from ${where} within ${patience / 1000} s`;
    call.setTimeout(patience, () => call.destroy(new UnreachableError(silence, 'silent')));
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (error instanceof UnreachableError) reject(error);
      else reject(distrust(error, where) ?? new UnreachableError(`no agent answers at ${where}: ${hint(error)}`));
    });
    call.end(body);
  });
}

function hint(error: NodeJS.ErrnoException): string {
  if (error.code === 'EACCES') return 'only the owner of the agent and root may use its socket; or name --url';
  return error.code ?? error.message;
}

/** The agent has shown a certificate, and it is not good enough; undefined for other errors. */
function distrust({ code = '' }: NodeJS.ErrnoException, where: string): UnreachableError | undefined {
  const reason = distrusted.get(code);
  return reason === undefined ? undefined : new UnreachableError(`${where} is not trusted: ${reason}`, 'distrusted');
}

const noAuthority =
  'its certificate leads to no known authority; name the authority with --ca FILE, or pin the certificate with --fingerprint SHA256';
const distrusted: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', noAuthority],
  ['SELF_SIGNED_CERT_IN_CHAIN', noAuthority],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', noAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', noAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', noAuthority],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name; pin it with --fingerprint SHA256'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired; pin it with --fingerprint SHA256'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet; look at the clocks'],
]);

/** Milliseconds: a new RSA key takes the agent up to two minutes. */
const longestAction = 130_000;
