/** The request as its handler sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Session } from '../../datastore/index.js';
import { readBody } from './body.js';
import type { Connection } from './connection.js';
import type { HttpLimits } from './limits.js';
import { type ConnectionInfo, HttpError, type HttpRequest, type Route } from './request.js';
import type { Untaken } from './untaken.js';

export class ActiveRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly user: string;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly #connection: Connection;
  readonly #route: Route;
  readonly #limits: HttpLimits;
  readonly #untaken: Untaken;
  #signal: AbortSignal | undefined;

  constructor(parts: {
    connection: Connection;
    incoming: IncomingMessage;
    outgoing: ServerResponse;
    route: Route;
    path: string;
    query: string;
    user: string;
    limits: HttpLimits;
    untaken: Untaken;
  }) {
    this.method = parts.incoming.method ?? '';
    this.path = parts.path;
    this.query = parts.query;
    this.user = parts.user;
    this.incoming = parts.incoming;
    this.outgoing = parts.outgoing;
    this.#connection = parts.connection;
    this.#route = parts.route;
    this.#limits = parts.limits;
    this.#untaken = parts.untaken;
  }

  get headers(): IncomingMessage['headers'] {
    return this.incoming.headers;
  }

  get connection(): ConnectionInfo {
    return this.#connection.info;
  }

  get local(): boolean {
    return this.#connection.local;
  }

  get sessionName(): string {
    const name = this.incoming.headers['signet-session'];
    if (name === undefined) return '';
    if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name)) throw new HttpError(400);
    return name;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const controller = new AbortController();
      this.outgoing.once('close', () => controller.abort());
      this.#signal = controller.signal;
    }
    return this.#signal;
  }

  session(): Session {
    if (this.#route.anonymous === true) throw new RangeError('an anonymous route has no session');
    return this.#connection.session(this.user, this.#route.protocol);
  }

  get untaken(): number {
    return this.#untaken.of(this.user);
  }

  body(): Promise<Buffer> {
    return readBody(this.incoming, this.outgoing, this.#limits);
  }
}
