/**
 * The TLS listener: listens on addresses, presents certificates, and exchanges all of it without closing a connection.
 *
 * Sockets and TLS settings are held apart. Each set of settings is a {@link Generation}: a `tls.Server` of its own that
 * never listens and never changes; accepted sockets are given to the newest one. So no option can be forgotten in a swap
 * and connections of an older generation go on undisturbed.
 */
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ConfigError } from '../error.js';
import { Generation } from './tls-generation.js';
import type { TlsCredentials, TlsParameters } from './tls-options.js';

export interface Endpoint {
  /** An IP address, IPv6 without brackets. */
  readonly address: string;
  /** 0 asks for any free port. */
  readonly port: number;
}

/** Everything that a TLS service presents and allows. */
export interface TlsService {
  readonly credentials: TlsCredentials;
  /** By server name in lower case; a first label `*` stands for any one label. */
  readonly sni?: ReadonlyMap<string, TlsCredentials>;
  readonly parameters: TlsParameters;
  /** Who judges the certificates of clients; OpenSSL, by the anchors of the parameters, where absent. */
  readonly clients?: ClientJudge;
  /** Where to listen; none closes the service. */
  readonly listen: readonly Endpoint[];
}

/** The last word on the certificates that clients send. */
export interface ClientJudge {
  /**
   * Why the chain is refused, for the log; undefined where it holds. DER as it was sent, the client's own first; empty where
   * none was sent; of a resumed session the client's own alone. Never throws.
   */
  readonly refusal: (chain: readonly Buffer[]) => string | undefined;
  /**
   * False where the system's clock must not count. Then OpenSSL, which believes it, has no say, and a client without a required
   * certificate is cut off after its handshake instead of by an alert.
   */
  readonly clockTrusted: boolean;
}

/** What is known of a connection once its handshake is done. */
export interface TlsConnection {
  /** The number of the settings that it was made under: the listener's {@link TlsListener.epoch} of that time. */
  readonly epoch: number;
  readonly address: string;
  readonly port: number;
  /** The certificates of the client (DER, its own first) where they hold; else empty. The same array for the connection's life. */
  readonly clientChain: readonly Buffer[];
}

export interface TlsLimits {
  /** Open connections in all, and from one address. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Milliseconds that a handshake may take. */
  readonly handshakeTimeout: number;
}

export interface TlsListenerOptions {
  /** Given every connection whose handshake succeeded. */
  readonly onConnection: (socket: TLSSocket, connection: TlsConnection) => void;
  /** Told of a client whose certificate, or its absence, is the reason that it is turned away. */
  readonly onClientRefused?: (address: string, reason: string) => void;
  readonly limits?: Partial<TlsLimits>;
}

export interface TlsStatistics {
  readonly open: number;
  readonly accepted: number;
  readonly handshakeFailures: number;
  /** Turned away because a limit was reached. */
  readonly refused: number;
}

/** A service that is ready to be switched to. Exactly one of the two is to be called, once. */
export interface PreparedService {
  /**
   * Switches over. Fails only where an address overlaps one that is being left (`0.0.0.0:443` to `127.0.0.1:443`), so
   * that it could not be opened beforehand, and another process takes it in between; then all is as it was.
   */
  apply(): Promise<void>;
  abort(): Promise<void>;
}

export class TlsListener {
  readonly #onConnection: TlsListenerOptions['onConnection'];
  readonly #onClientRefused: TlsListenerOptions['onClientRefused'];
  readonly #limits: TlsLimits;
  /** By the address that was asked for. */
  #listening = new Map<string, Listening>();
  readonly #sockets = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();
  #generation: Generation | undefined;
  #epoch = 0;
  #accepted = 0;
  #handshakeFailures = 0;
  #refused = 0;

  constructor(options: TlsListenerOptions) {
    this.#onConnection = options.onConnection;
    this.#onClientRefused = options.onClientRefused;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  /** Counts the switches; connections made before the last one have a smaller number. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Where it listens, with the ports that were given for port 0. */
  get addresses(): readonly Endpoint[] {
    return [...this.#listening.values()].map((listening) => listening.bound);
  }

  get statistics(): TlsStatistics {
    return {
      open: this.#sockets.size,
      accepted: this.#accepted,
      handshakeFailures: this.#handshakeFailures,
      refused: this.#refused,
    };
  }

  /** {@link prepare} and apply in one. */
  async open(service: TlsService, signal?: AbortSignal): Promise<void> {
    const prepared = await this.prepare(service, signal);
    await prepared.apply();
  }

  /**
   * Makes the service ready: checks it, tries it in a real handshake over a private pipe and opens the addresses that are
   * new (they accept from `apply` on). What is served stays as it is. Throws ConfigError.
   */
  async prepare(service: TlsService, signal?: AbortSignal): Promise<PreparedService> {
    const generation = this.#makeGeneration(service);
    await generation.probe(signal);
    const plan: Plan = { kept: new Map(), opened: new Map(), later: new Map() };
    const wanted = new Map(service.listen.map((endpoint) => [formatEndpoint(endpoint), endpoint]));
    for (const [key, endpoint] of wanted) {
      const held = this.#held(endpoint);
      if (held !== undefined) plan.kept.set(key, held);
    }
    try {
      for (const [key, endpoint] of wanted) {
        if (plan.kept.has(key)) continue;
        if (this.#leaving(plan).some(({ bound }) => overlap(bound, endpoint))) plan.later.set(key, endpoint);
        else plan.opened.set(key, await this.#bind(endpoint));
      }
    } catch (error) {
      await closeAll(plan.opened.values());
      throw error;
    }
    return {
      apply: () => this.#switch(generation, plan),
      abort: () => closeAll(plan.opened.values()),
    };
  }

  /** Tries credentials in a handshake without touching what is served. Throws ConfigError with what a client would meet. */
  static async probe(service: Omit<TlsService, 'listen'>, signal?: AbortSignal): Promise<void> {
    await new Generation({ service, handshakeTimeout: defaultLimits.handshakeTimeout }).probe(signal);
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    const listening = [...this.#listening.values()];
    this.#listening.clear();
    this.#generation = undefined;
    const closed = closeAll(listening);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #makeGeneration(service: TlsService): Generation {
    return new Generation({
      service,
      handshakeTimeout: this.#limits.handshakeTimeout,
      onConnection: this.#onConnection,
      onClientRefused: (address, reason) => {
        this.#handshakeFailures += 1;
        this.#onClientRefused?.(address, reason);
      },
      onFailure: () => {
        this.#handshakeFailures += 1;
      },
    });
  }

  async #switch(generation: Generation, plan: Plan): Promise<void> {
    const leaving = this.#leaving(plan);
    const closed = closeAll(leaving);
    const late = plan.later.size === 0 ? [] : await this.#openLate(plan, leaving, closed);
    this.#listening = new Map([...plan.kept, ...plan.opened, ...late]);
    this.#epoch += 1;
    generation.epoch = this.#epoch;
    this.#generation = generation;
    await closed;
  }

  /** Opens what overlaps the addresses just left; where that fails the latter are opened again. */
  async #openLate(
    plan: Plan,
    left: readonly Listening[],
    closed: Promise<void>,
  ): Promise<readonly (readonly [string, Listening])[]> {
    await closed;
    const opened: [string, Listening][] = [];
    try {
      for (const [key, endpoint] of plan.later) opened.push([key, await this.#bind(endpoint)]);
      return opened;
    } catch (error) {
      await closeAll([...plan.opened.values(), ...opened.map(([, listening]) => listening)]);
      const kept = [...this.#listening].filter(([, listening]) => !left.includes(listening));
      this.#listening = new Map(kept);
      for (const { bound } of left) this.#listening.set(formatEndpoint(bound), await this.#bind(bound));
      throw error;
    }
  }

  /** What listens there already, by the port that was asked for or the one that was given for port 0. */
  #held(endpoint: Endpoint): Listening | undefined {
    const key = formatEndpoint(endpoint);
    return this.#listening.get(key) ?? [...this.#listening.values()].find(({ bound }) => formatEndpoint(bound) === key);
  }

  #leaving(plan: Plan): readonly Listening[] {
    const kept = new Set(plan.kept.values());
    return [...this.#listening.values()].filter((listening) => !kept.has(listening));
  }

  async #bind(endpoint: Endpoint): Promise<Listening> {
    const server = createServer({ noDelay: true, pauseOnConnect: false }, (socket) => this.#accept(socket));
    server.maxConnections = this.#limits.connections;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(listenError(endpoint, cause)));
      server.listen({ host: endpoint.address, port: endpoint.port, ipv6Only: false }, resolve);
    });
    server.removeAllListeners('error');
    // Accept errors (too many open files) leave the listener alive; the connection is lost, nothing else.
    server.on('error', () => {
      this.#refused += 1;
    });
    const { address, port } = server.address() as AddressInfo;
    return { server, bound: { address, port } };
  }

  #accept(socket: Socket): void {
    // A reset before or during the handshake is the peer's own affair.
    socket.on('error', () => socket.destroy());
    const address = socket.remoteAddress;
    const generation = this.#generation;
    const count = this.#perAddress.get(address ?? '') ?? 0;
    const full = this.#sockets.size >= this.#limits.connections || count >= this.#limits.connectionsPerAddress;
    if (address === undefined || generation === undefined || full) {
      this.#refused += 1;
      socket.destroy();
      return;
    }
    this.#accepted += 1;
    this.#sockets.add(socket);
    this.#perAddress.set(address, count + 1);
    socket.once('close', () => this.#forget(socket, address));
    generation.accept(socket);
  }

  #forget(socket: Socket, address: string): void {
    this.#sockets.delete(socket);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }
}

/** `127.0.0.1:8443`, `[::1]:8443`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

interface Listening {
  readonly server: Server;
  readonly bound: Endpoint;
}

/** What a switch does with addresses: those that stay, those that are open already, those that can be opened only then. */
interface Plan {
  readonly kept: Map<string, Listening>;
  readonly opened: Map<string, Listening>;
  readonly later: Map<string, Endpoint>;
}

/** True where the system would refuse the one while it listens on the other. */
function overlap(one: Endpoint, other: Endpoint): boolean {
  if (one.port !== other.port) return false;
  return isWildcard(one.address) || isWildcard(other.address) || one.address === other.address;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

async function closeAll(listening: Iterable<Listening>): Promise<void> {
  // The callback of `close` waits for the connections too, which go on; the port is free at once.
  for (const { server } of listening) server.close();
  await new Promise<void>((resolve) => setImmediate(resolve));
}

function listenError(endpoint: Endpoint, cause: NodeJS.ErrnoException): ConfigError {
  const where = formatEndpoint(endpoint);
  const message = listenMessages[cause.code ?? ''] ?? 'the system refused it';
  const tag = cause.code === 'EADDRINUSE' ? 'in-use' : 'operation-failed';
  return new ConfigError({ tag, message: `cannot listen on ${where}: ${message}` }, { cause });
}

const listenMessages: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use by another process',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'not allowed; ports below 1024 need privileges',
  EINVAL: 'not a usable address',
  ENOTFOUND: 'not an address',
  EAFNOSUPPORT: 'this machine does not support that kind of address',
};

const defaultLimits: TlsLimits = { connections: 512, connectionsPerAddress: 128, handshakeTimeout: 10_000 };
