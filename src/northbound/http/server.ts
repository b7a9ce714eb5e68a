/**
 * The HTTP service under XML-RPC, NETCONF, RESTCONF and the web window: connections that a TLS listener hands over and
 * those of the local socket, authentication, sessions, limits. A client that misbehaves loses its own connection only.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressPrefix, firstOfMost, type Log, type Login, type Origin, type Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { ActiveRequest } from './active-request.js';
import { type AuditEvent, AuditThrottle } from './audit.js';
import { Connection } from './connection.js';
import { challenge, parseBasic } from './credentials.js';
import { type HttpLimits, httpLimits } from './limits.js';
import { type StatusPage, statusPage } from './page.js';
import { type ConnectionInfo, HttpError, type HttpResponse, type Route, streamed } from './request.js';
import { Router } from './router.js';
import { bodyLength, checkHost, splitTarget } from './target.js';
import { Untaken } from './untaken.js';

export interface HttpServiceOptions {
  readonly login: Pick<Login, 'verify' | 'stillHolds'>;
  readonly openSession: (origin: Origin) => Session;
  readonly routes: readonly Route[];
  /** What the page at `/` tells. */
  readonly status: () => StatusPage;
  /** The user that a client's certificates (DER, its own first) stand for now: asked at each request, so it must be cheap. */
  readonly certificateUser?: (chain: readonly Buffer[]) => string | undefined;
  /** True where browsers may be told to insist on HTTPS: never with a self-signed certificate. */
  readonly strictTransport?: () => boolean;
  /** Who the local socket's clients are. */
  readonly localUser?: string;
  readonly log: Log;
  readonly audit?: (event: AuditEvent) => void;
  readonly limits?: Partial<HttpLimits>;
}

export class HttpService {
  readonly #options: HttpServiceOptions;
  readonly #limits: HttpLimits;
  readonly #router: Router;
  readonly #server: Server;
  readonly #audit: AuditThrottle;
  readonly #connections = new Map<Duplex, Connection>();
  readonly #untaken = new Untaken();
  /** The oldest first. Where there are too many, the oldest of the network and address that most of them are from goes. */
  readonly #unauthenticated = new Set<Connection>();
  #sweeper: NodeJS.Timeout | undefined;
  #localPath: string | undefined;
  #closing = false;

  constructor(options: HttpServiceOptions) {
    this.#options = options;
    this.#limits = { ...httpLimits, ...options.limits };
    const home: Route = {
      path: '/',
      methods: ['GET'],
      protocol: 'web',
      anonymous: true,
      handle: () => statusPage(options.status()),
    };
    const own = options.routes.some(({ path }) => path === '/') ? [] : [home];
    this.#router = new Router([...options.routes, ...own]);
    this.#audit = new AuditThrottle((event) => options.audit?.(event));
    this.#server = this.#makeServer();
  }

  /** Open connections, the local socket's among them. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Takes over a connection whose TLS handshake is done. */
  accept(socket: Duplex, info: ConnectionInfo): void {
    if (this.#register(socket, info, false)) this.#server.emit('connection', socket);
  }

  /** For the audit: a client was turned away before it could say anything. Bounded like every report. */
  refusedCertificate(address: string, reason: string): void {
    this.#audit.report({ kind: 'refused', user: '', address, method: 'certificate', reason });
  }

  /** Serves the local socket: for its owner and root, without a password. A left-over socket is removed. */
  async listenLocal(path: string): Promise<void> {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
    const { promise, resolve, reject } = deferred();
    this.#server.once('error', reject);
    // The socket is made inside of `listen`, before it returns: at no time can others open it.
    const mask = process.umask(0o177);
    try {
      this.#server.listen(path, resolve);
    } finally {
      process.umask(mask);
    }
    try {
      await promise;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const message = `cannot open the local socket ${path}: ${code ?? 'the system refused it'}`;
      throw new ConfigError({ tag: 'operation-failed', message }, { cause });
    } finally {
      this.#server.off('error', reject);
    }
    this.#localPath = path;
    chmodSync(path, 0o600);
  }

  /** Answers what is under way (for a moment), then ends every connection. */
  async close(): Promise<void> {
    this.#closing = true;
    const { promise, resolve } = deferred();
    if (this.#localPath === undefined) resolve();
    else this.#server.close(() => resolve());
    for (const connection of this.#connections.values()) if (connection.pending === 0) connection.socket.destroy();
    const timer = setTimeout(() => {
      for (const { socket } of this.#connections.values()) socket.destroy();
    }, this.#limits.closing);
    await promise;
    while (this.#connections.size > 0) await new Promise((next) => setTimeout(next, 10));
    clearTimeout(timer);
    this.#audit.close();
    if (this.#sweeper !== undefined) clearInterval(this.#sweeper);
  }

  #makeServer(): Server {
    const server = createServer({
      maxHeaderSize: this.#limits.header,
      keepAliveTimeout: this.#limits.idle,
      // The sweep below has a deadline for every step; these would only bring a second opinion.
      headersTimeout: 0,
      requestTimeout: 0,
      requireHostHeader: false,
      noDelay: true,
    });
    server.maxHeadersCount = this.#limits.headerFields;
    server.on('request', (incoming, outgoing) => this.#receive(incoming, outgoing));
    server.on('checkContinue', (incoming, outgoing) => this.#receive(incoming, outgoing));
    server.on('checkExpectation', (incoming, outgoing) => this.#receive(incoming, outgoing, 417));
    // Too many open files, for one: that connection is lost, the socket stays open.
    server.on('error', (error) => this.#options.log('error', 'the local socket has a problem', { error }));
    server.on('clientError', (error, socket) => this.#malformed(error, socket));
    server.on('connection', (socket: Socket) => {
      if (!this.#connections.has(socket)) this.#register(socket, localInfo, true);
    });
    return server;
  }

  /** False where there is no room; the socket is closed then. */
  #register(socket: Duplex, info: ConnectionInfo, local: boolean): boolean {
    socket.on('error', () => socket.destroy());
    const oldest = firstOfMost(this.#unauthenticated, [prefixOf, addressOf]);
    const full = this.#connections.size >= this.#limits.connections;
    const crowded = this.#unauthenticated.size >= this.#limits.unauthenticated;
    // The local socket is the way back in, so it is never full.
    if (this.#closing || (full && oldest === undefined && !local)) {
      socket.destroy();
      return false;
    }
    if ((full || crowded) && oldest !== undefined) oldest.socket.destroy();
    const deadline = performance.now() + this.#limits.firstHeader;
    const connection = new Connection(socket, info, { local, deadline, open: this.#options.openSession });
    this.#connections.set(socket, connection);
    if (!local) this.#unauthenticated.add(connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#unauthenticated.delete(connection);
      connection.end();
    });
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepInterval).unref();
    return true;
  }

  #sweep(): void {
    const now = performance.now();
    for (const { deadline, socket } of this.#connections.values()) if (deadline < now) socket.destroy();
  }

  #receive(incoming: IncomingMessage, outgoing: ServerResponse, refusal?: number): void {
    const connection = this.#connections.get(incoming.socket);
    if (connection === undefined || connection.pending >= this.#limits.pending) {
      incoming.socket.destroy();
      return;
    }
    connection.pending += 1;
    connection.requests += 1;
    connection.deadline =
      bodyLength(incoming) > 0 ? performance.now() + this.#limits.bodyTime : Number.POSITIVE_INFINITY;
    incoming.once('end', () => {
      connection.deadline = Number.POSITIVE_INFINITY;
    });
    incoming.on('error', () => {});
    outgoing.once('close', () => {
      connection.pending -= 1;
      // With others under way it is the agent who is at work.
      connection.deadline = connection.pending === 0 ? performance.now() + this.#limits.idle : Number.POSITIVE_INFINITY;
      if (this.#closing) connection.socket.destroy();
    });
    void this.#answer(connection, incoming, outgoing, refusal);
  }

  async #answer(
    connection: Connection,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    refusal: number | undefined,
  ): Promise<void> {
    try {
      if (refusal !== undefined) throw new HttpError(refusal, { close: true });
      const { user, response } = await this.#route(connection, incoming, outgoing);
      if (response !== streamed) this.#send(connection, incoming, outgoing, response, false, user);
    } catch (error) {
      const known = error instanceof HttpError ? error : new HttpError(500);
      if (known !== error) this.#options.log('error', 'a request failed', { path: incoming.url?.slice(0, 200), error });
      const body = `${(STATUS_CODES[known.status] ?? 'refused').toLowerCase()}\n`;
      const headers = { 'content-type': 'text/plain; charset=utf-8', ...known.headers };
      this.#send(connection, incoming, outgoing, { status: known.status, headers, body }, known.close);
    }
  }

  async #route(
    connection: Connection,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<{ readonly user: string; readonly response: HttpResponse }> {
    const { path, query } = splitTarget(incoming.url ?? '');
    const method = incoming.method === 'HEAD' ? 'GET' : (incoming.method ?? '');
    if (!connection.local) checkHost(incoming, method);
    const route = this.#router.find(path);
    if (route === undefined) throw new HttpError(404);
    if (!route.methods.includes(method)) throw new HttpError(405, { headers: { allow: route.methods.join(', ') } });
    const user = route.anonymous === true ? '' : await this.#authenticate(connection, incoming);
    const request = new ActiveRequest({
      connection,
      incoming,
      outgoing,
      route,
      path,
      query,
      user,
      limits: this.#limits,
      untaken: this.#untaken,
    });
    return { user, response: await route.handle(request) };
  }

  /** The user's name. Throws HttpError 401, or 429 where too many wait to be checked. */
  async #authenticate(connection: Connection, incoming: IncomingMessage): Promise<string> {
    if (connection.local) return this.#options.localUser ?? 'local';
    const { authorization } = incoming.headers;
    if (authorization === undefined) {
      const { clientChain } = connection.info;
      const user = clientChain.length === 0 ? undefined : this.#options.certificateUser?.(clientChain);
      if (user === undefined) throw new HttpError(401, { headers: { 'www-authenticate': challenge } });
      this.#loggedIn(connection, user, 'certificate');
      return user;
    }
    const credentials = parseBasic(authorization);
    if (credentials === undefined) throw new HttpError(401, { headers: { 'www-authenticate': challenge } });
    const { login } = this.#options;
    if (connection.proof !== undefined && login.stillHolds(connection.proof, credentials)) return credentials.user;
    const { deadline } = connection;
    // While the password is checked, or waits for that, the client is not the one who is late.
    connection.deadline = Number.POSITIVE_INFINITY;
    const began = performance.now();
    const result = await login.verify({ ...credentials, address: connection.info.address });
    connection.deadline = deadline + (performance.now() - began);
    if (result.kind === 'accepted') {
      connection.proof = result.proof;
      this.#loggedIn(connection, credentials.user, 'password');
      return credentials.user;
    }
    const { address } = connection.info;
    this.#audit.report({ kind: result.kind, user: credentials.user.slice(0, 64), address, method: 'password' });
    if (result.kind === 'busy') {
      throw new HttpError(429, { headers: { 'retry-after': String(result.retryAfter) }, close: true });
    }
    connection.proof = undefined;
    connection.refusals += 1;
    const close = connection.refusals >= this.#limits.refusals;
    throw new HttpError(401, { headers: { 'www-authenticate': challenge }, close });
  }

  #loggedIn(connection: Connection, user: string, method: AuditEvent['method']): void {
    if (!connection.authenticated) {
      this.#audit.report({ kind: 'accepted', user, address: connection.info.address, method });
    }
    connection.authenticated = true;
    this.#unauthenticated.delete(connection);
  }

  #send(
    connection: Connection,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    response: HttpResponse,
    close: boolean,
    user = '',
  ): void {
    if (outgoing.headersSent || outgoing.destroyed) {
      outgoing.destroy();
      return;
    }
    const body = response.body ?? '';
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const headers: string[] = [...securityHeaders, 'Content-Length', String(length)];
    for (const name in response.headers) headers.push(name, response.headers[name] ?? '');
    if (this.#options.strictTransport?.() === true && !connection.local) headers.push(...strictTransport);
    const last = close || this.#closing || connection.requests >= this.#limits.requestsPerConnection;
    // A body that nobody read and that may be long is not worth waiting for.
    if (last || (!incoming.complete && bodyLength(incoming) > this.#limits.body)) headers.push('Connection', 'close');
    connection.deadline = performance.now() + this.#limits.answerTime;
    this.#untaken.add(user, length, outgoing);
    outgoing.writeHead(response.status, headers);
    outgoing.end(incoming.method === 'HEAD' ? undefined : body);
  }

  /** What is not HTTP: one short answer where it can still be given, and the end of the connection. */
  #malformed(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.get(socket);
    if (!socket.writable || connection === undefined || connection.pending > 0 || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    connection.deadline = performance.now() + lingerTime;
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}

function deferred(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
} {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

const addressOf = ({ info }: Connection): string => info.address;
const prefixOf = (connection: Connection): string => addressPrefix(addressOf(connection));

const localInfo: ConnectionInfo = {
  epoch: Number.POSITIVE_INFINITY,
  presentedFor: '',
  address: '',
  port: 0,
  clientChain: [],
};
const sweepInterval = 1_000;
const lingerTime = 2_000;

const securityHeaders: readonly string[] = [
  'Content-Security-Policy',
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
  'Cache-Control',
  'no-store',
];
const strictTransport: readonly string[] = ['Strict-Transport-Security', 'max-age=31536000'];
