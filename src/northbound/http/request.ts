/** What the protocols above HTTP are given and give back. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Protocol, Session } from '../../datastore/index.js';

/** What is known of the connection that a request came by. */
export interface ConnectionInfo {
  /** The number of the TLS settings that it was made under; greater than any for the local socket. */
  readonly epoch: number;
  /** The server name whose certificate it was presented; '' for the certificate of all others, and for the local socket. */
  readonly presentedFor: string;
  /** The peer's IP address; '' for the local socket. */
  readonly address: string;
  readonly port: number;
  /** The certificates of the client (DER, its own first) where they held at the handshake; else empty. */
  readonly clientChain: readonly Buffer[];
}

/** Where requests for some path go. */
export interface Route {
  /** The path that is matched whole; with a `*` at its end, every path that begins so. */
  readonly path: string;
  readonly methods: readonly string[];
  /** The protocol that sessions are opened for. */
  readonly protocol: Protocol;
  /** True where nobody needs to log in; such a handler has no session. */
  readonly anonymous?: boolean;
  readonly handle: HttpHandler;
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export interface HttpRequest {
  readonly method: string;
  /** The path as it was sent, still percent-encoded, and the query without its `?`. */
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: ConnectionInfo;
  /** True on the local socket. */
  readonly local: boolean;
  /** Who logged in; '' on an anonymous route. */
  readonly user: string;
  /** The name in the header `Signet-Session`, else ''. */
  readonly sessionName: string;
  /** The session of this user on this connection. Throws RangeError on an anonymous route. */
  session(): Session;
  /** Octets of long answers that clients of this user have not taken yet. */
  readonly untaken: number;
  /** The body. Throws {@link HttpError} 413 where it is longer than the limit of the service. */
  body(): Promise<Buffer>;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** For answers that are streams: a handler that writes here itself returns `streamed`. */
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Returned by a handler that has taken the answer into its own hands. */
export const streamed: HttpResponse = { status: 0 };

/** A refusal by HTTP itself. Its text says no more than its status. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** True where the connection cannot be used any further. */
  readonly close: boolean;

  constructor(status: number, options: { headers?: Readonly<Record<string, string>>; close?: boolean } = {}) {
    super(`HTTP status ${status}`);
    this.status = status;
    this.headers = options.headers ?? {};
    this.close = options.close ?? false;
  }
}
