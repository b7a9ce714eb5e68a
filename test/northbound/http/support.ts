/** An HTTP service behind a real TLS listener, with one user and a few routes. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Origin, Session } from '../../../src/datastore/index.js';
import { Login, type LoginLimits } from '../../../src/datastore/login.js';
import { hashPassword } from '../../../src/datastore/password.js';
import {
  type AuditEvent,
  type HttpLimits,
  HttpService,
  type HttpServiceOptions,
  type Route,
} from '../../../src/northbound/http/index.js';
import { TlsListener, type TlsParameters } from '../../../src/southbound/index.js';
import { service } from '../../southbound/tls-support.js';

export interface Harness {
  readonly http: HttpService;
  readonly listener: TlsListener;
  readonly port: number;
  readonly socketPath: string;
  readonly audited: AuditEvent[];
  readonly opened: Origin[];
  readonly closed: Origin[];
  readonly logged: unknown[];
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly routes?: readonly Route[];
  readonly limits?: Partial<HttpLimits>;
  readonly loginLimits?: Partial<LoginLimits>;
  readonly parameters?: Partial<TlsParameters>;
  readonly openSession?: (origin: Origin) => Session;
  readonly more?: Partial<HttpServiceOptions>;
  /** False: without the local socket. */
  readonly local?: boolean;
}

export const password = 'correct horse';
export const authorization = basic('admin', password);

export function basic(user: string, text: string): string {
  return `Basic ${Buffer.from(`${user}:${text}`).toString('base64')}`;
}

/** Answers with who asked and what was sent. */
export const echoRoute: Route = {
  path: '/echo',
  methods: ['GET', 'POST'],
  protocol: 'xmlrpc',
  handle: async (request) => {
    request.session();
    const body = await request.body();
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: `${request.user}:${body.length}` };
  },
};

let cachedHash: string | undefined;

export async function start(options: HarnessOptions = {}): Promise<Harness> {
  cachedHash ??= await hashPassword(password);
  const hash = cachedHash;
  const directory = await mkdtemp(join(tmpdir(), 'signet-http-'));
  const audited: AuditEvent[] = [];
  const opened: Origin[] = [];
  const closed: Origin[] = [];
  const logged: unknown[] = [];
  const fakeSession = (origin: Origin): Session => {
    opened.push(origin);
    return { origin, close: () => void closed.push(origin) } as Partial<Session> as Session;
  };
  const http = new HttpService({
    login: new Login({
      lookup: (user) => (user === 'admin' ? { hash } : undefined),
      ...(options.loginLimits ? { limits: options.loginLimits } : {}),
    }),
    openSession: options.openSession ?? fakeSession,
    routes: options.routes ?? [echoRoute],
    status: () => ({
      device: '<device> & "co"',
      certificate: { subject: 'CN=one.example', notAfter: '2126-01-01T00:00:00Z', fingerprint: 'ab:cd' },
      links: [{ href: '/RPC2', text: 'XML-RPC' }],
    }),
    log: (...entry) => void logged.push(entry),
    audit: (event) => void audited.push(event),
    ...(options.limits ? { limits: options.limits } : {}),
    ...options.more,
  });
  const listener = new TlsListener({ onConnection: (socket, info) => http.accept(socket, info) });
  await listener.open(service('one', options.parameters));
  const socketPath = join(directory, 'agent.sock');
  if (options.local !== false) await http.listenLocal(socketPath);
  const port = listener.addresses[0]?.port ?? 0;
  const close = async (): Promise<void> => {
    await http.close();
    await listener.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { http, listener, port, socketPath, audited, opened, closed, logged, close };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export function ask(port: number, options: RequestOptions & { readonly body?: string | Buffer } = {}): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false, ...rest });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.end(body);
  });
}

/** One connection that is kept. */
export function keepAlive(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
}

/** Raw octets to the service over TLS, and all that comes back until it closes. */
export async function raw(port: number, text: string | Buffer): Promise<string> {
  const socket = await secure(port);
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
  });
  socket.write(text);
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

export async function secure(port: number, localAddress = '127.0.0.1'): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, localAddress } as ConnectionOptions);
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  return socket;
}
