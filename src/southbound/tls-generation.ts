/** One immutable set of TLS settings, as a `tls.Server` that never listens but is given sockets. */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import {
  connect,
  createServer,
  type DetailedPeerCertificate,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { ConfigError } from '../error.js';
import { peekServerName } from './client-hello.js';
import { anythingBy, browserOffer, type ClientOffer } from './client-offer.js';
import type { ClientJudge, TlsConnection } from './tls.js';
import {
  contextOptions,
  resolveParameters,
  serverOptions,
  type TlsCredentials,
  type TlsParameters,
} from './tls-options.js';

export interface GenerationOptions {
  readonly service: Presented;
  readonly handshakeTimeout: number;
  readonly onConnection?: (socket: TLSSocket, connection: TlsConnection) => void;
  readonly onClientRefused?: (address: string, reason: string) => void;
  readonly onFailure?: (error: Error) => void;
}

export interface Presented {
  readonly credentials: TlsCredentials;
  readonly sni?: ReadonlyMap<string, TlsCredentials>;
  readonly parameters: TlsParameters;
  readonly clients?: ClientJudge;
}

export class Generation {
  /** Set by the listener when it switches to these settings. */
  epoch = 0;
  readonly #main: Named;
  /** One server for each server name: see client-hello.ts for why Node's own choice is not used. */
  readonly #named: ReadonlyMap<string, Named>;
  readonly #options: GenerationOptions;

  constructor(options: GenerationOptions) {
    this.#options = options;
    const { credentials, sni } = options.service;
    this.#main = this.#serve(undefined, credentials);
    this.#named = new Map([...(sni ?? [])].map(([name, other]) => [name, this.#serve(name, other)]));
  }

  /** What is presented: the fingerprint by server name, '' for the certificate of all others. */
  get presented(): ReadonlyMap<string, string> {
    return new Map([this.#main, ...this.#named.values()].map(({ name, fingerprint }) => [name ?? '', fingerprint]));
  }

  /** Begins the handshake on a socket. */
  accept(socket: Socket): void {
    if (this.#named.size === 0) this.#main.server.emit('connection', socket);
    else void this.#acceptByName(socket);
  }

  /** A handshake for the default certificate and for each server name. Throws ConfigError with what a client would meet. */
  async probe(signal?: AbortSignal): Promise<void> {
    const { minVersion, maxVersion } = resolveParameters(this.#options.service.parameters);
    for (const named of [this.#main, ...this.#named.values()]) {
      await probe(named, anythingBy(maxVersion), signal);
      // Where both are allowed a client of the older one must not meet suites that its certificate does not go with.
      if (minVersion !== maxVersion) await probe(named, anythingBy(minVersion), signal);
    }
  }

  /** Why a browser does not come to a handshake where another client does; undefined where browsers do as well. */
  async browserRefusal(signal?: AbortSignal): Promise<string | undefined> {
    for (const named of [this.#main, ...this.#named.values()]) {
      try {
        await probe(named, browserOffer, signal);
      } catch (error) {
        if (error instanceof ConfigError) return error.message;
        throw error;
      }
    }
    return undefined;
  }

  async #acceptByName(socket: Socket): Promise<void> {
    const name = await peekServerName(socket, this.#options.handshakeTimeout);
    if (!socket.destroyed) this.#choose(name).server.emit('connection', socket);
  }

  /** The exact name, else `*` in the place of its first label (RFC 9525 6.3), else the default. */
  #choose(asked: string | undefined): Named {
    if (asked === undefined) return this.#main;
    const name = asked.toLowerCase();
    const dot = name.indexOf('.');
    return this.#named.get(name) ?? (dot < 0 ? undefined : this.#named.get(`*${name.slice(dot)}`)) ?? this.#main;
  }

  #serve(name: string | undefined, credentials: TlsCredentials): Named {
    const { clients, parameters } = this.#options.service;
    const context = contextOptions(credentials, parameters);
    const server = serverOptions(parameters);
    const settings: TlsOptions = {
      ...context,
      ...server,
      rejectUnauthorized: server.rejectUnauthorized === true && clients?.clockTrusted !== false,
      handshakeTimeout: this.#options.handshakeTimeout,
    };
    try {
      const server = createServer(settings);
      this.#listen(server, name ?? '');
      const probed = createServer({ ...settings, requestCert: false });
      probed.on('tlsClientError', (_error, socket) => socket.destroy());
      return { name, server, probed, fingerprint: new X509Certificate(String(context.cert)).fingerprint256 };
    } catch (cause) {
      throw probeError(name, cause);
    }
  }

  #listen(server: Server, name: string): void {
    const { service, onConnection, onFailure } = this.#options;
    const { clientCertificates: asked = 'none' } = service.parameters;
    server.on('secureConnection', (socket) => {
      // Its peer is gone already.
      if (socket.remoteAddress === undefined) return;
      const chain = asked === 'none' ? [] : chainOf(socket);
      const refusal = chain.length === 0 ? 'no certificate was sent' : refusalOf(socket, chain, service.clients);
      // A resumed TLS 1.3 session counts as authorised in Node even where it began without a certificate.
      if (asked === 'required' && refusal !== undefined) {
        this.#options.onClientRefused?.(socket.remoteAddress, refusal);
        socket.destroy();
      } else {
        if (chain.length > 0 && refusal !== undefined) this.#options.onClientRefused?.(socket.remoteAddress, refusal);
        const clientChain = refusal === undefined ? chain : [];
        onConnection?.(socket, { ...describe(socket), epoch: this.epoch, presentedFor: name, clientChain });
      }
    });
    const failed = new WeakSet<TLSSocket>();
    server.on('tlsClientError', (error, socket) => {
      // A timeout may be followed by the error of the connection that it ends.
      if (!failed.has(socket)) onFailure?.(error);
      failed.add(socket);
      socket.destroy();
    });
  }
}

interface Named {
  readonly name: string | undefined;
  readonly server: Server;
  /** The same settings for probes, without asking for a certificate: the probe has none. */
  readonly probed: Server;
  readonly fingerprint: string;
}

async function probe(
  { name, probed, fingerprint }: Named,
  offer: ClientOffer,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const [near, far] = duplexPair();
  probed.emit('connection', far);
  // The probe asks what is presented and whether the handshake succeeds, not whether it trusts the issuer.
  const client = connect({ socket: near, rejectUnauthorized: false, ...offer.options });
  try {
    await handshake(client, signal);
    if (client.getPeerX509Certificate()?.fingerprint256 !== fingerprint) {
      throw new Error('another certificate is presented');
    }
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw probeError(name, cause, offer);
  } finally {
    client.destroy();
    near.destroy();
    far.destroy();
  }
}

function refusalOf(socket: TLSSocket, chain: readonly Buffer[], judge: ClientJudge | undefined): string | undefined {
  if (judge !== undefined) return judge.refusal(chain);
  return socket.authorized ? undefined : String(socket.authorizationError);
}

/** As the client sent it, put in order by OpenSSL, which may add the anchor. */
function chainOf(socket: TLSSocket): readonly Buffer[] {
  const chain: Buffer[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < longestChain) {
    chain.push(next.raw);
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

function describe(socket: TLSSocket): Pick<TlsConnection, 'address' | 'port'> {
  return { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
}

function handshake(client: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      reject(error);
    };
    const onAbort = (): void => fail(new Error('given up'));
    const timer = setTimeout(() => fail(new Error('it takes too long')), probeTimeout);
    signal?.addEventListener('abort', onAbort, { once: true });
    client.on('error', fail);
    client.once('close', () => fail(new Error('the connection was closed')));
    client.once('secureConnect', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

function probeError(name: string | undefined, cause: unknown, offer?: ClientOffer): ConfigError {
  const by = offer === undefined ? '' : ` by ${offer.name}`;
  const which = `${by}${name === undefined ? '' : ` for server name ${name}`}`;
  return new ConfigError(
    { tag: 'invalid-value', message: `the TLS handshake with the certificate${which} fails: ${reasonOf(cause)}` },
    { cause },
  );
}

/** OpenSSL's reason without its file and function names. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown reason';
  const { reason } = cause as Error & { readonly reason?: string };
  return (reason ?? cause.message).toLowerCase();
}

const probeTimeout = 5_000;
const longestChain = 16;
