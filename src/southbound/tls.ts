/**
 * The TLS listener: listens on addresses, presents certificates, and exchanges all of it without closing a connection.
 *
 * Sockets and TLS settings are held apart. Each set of settings is a {@link Generation}: a `tls.Server` of its own that
 * never listens and never changes; accepted sockets are given to the newest one. So no option can be forgotten in a swap
 * and connections of an older generation go on undisturbed.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Endpoint, ListenAddresses, type Unopened } from './addresses.js';
import { Generation } from './tls-generation.js';
import type { TlsCredentials, TlsParameters } from './tls-options.js';

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
  /** Those of `listen` that need not be to be had now: {@link TlsListener.retry} tries them again. None where absent. */
  readonly mayWait?: readonly Endpoint[];
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
  /** The server name of {@link TlsService.sni} whose certificate it was presented; '' for the certificate of all others. */
  readonly presentedFor: string;
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
  /** Why browsers do not come to a handshake with it though other clients do; undefined where they do. */
  readonly browserRefusal: string | undefined;
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
  readonly #addresses: ListenAddresses;
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
    this.#addresses = new ListenAddresses({
      onSocket: (socket) => this.#accept(socket),
      onLost: () => {
        this.#refused += 1;
      },
      maxConnections: this.#limits.connections,
    });
  }

  /** Counts the switches; connections made before the last one have a smaller number. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The fingerprint of each certificate that is presented, by server name, '' for the others; none before the first switch. */
  get presented(): ReadonlyMap<string, string> {
    return this.#generation?.presented ?? new Map();
  }

  /** Where it listens, with the ports that were given for port 0. */
  get addresses(): readonly Endpoint[] {
    return this.#addresses.open;
  }

  /** Where it should listen and does not, for now. */
  get unopened(): readonly Unopened[] {
    return this.#addresses.unopened;
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
    const browserRefusal = await generation.browserRefusal(signal);
    const addresses = await this.#addresses.prepare(service.listen, service.mayWait);
    return {
      browserRefusal,
      apply: () =>
        addresses.apply(() => {
          this.#epoch += 1;
          generation.epoch = this.#epoch;
          this.#generation = generation;
        }),
      abort: () => addresses.abort(),
    };
  }

  /** Tries to listen where it does not; {@link unopened} tells what came of it. Never rejects. */
  retry(): Promise<void> {
    return this.#addresses.retry();
  }

  /** Tries credentials in a handshake without touching what is served. Throws ConfigError with what a client would meet. */
  static async probe(service: Omit<TlsService, 'listen'>, signal?: AbortSignal): Promise<void> {
    await new Generation({ service, handshakeTimeout: defaultLimits.handshakeTimeout }).probe(signal);
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    this.#generation = undefined;
    const closed = this.#addresses.close();
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

const defaultLimits: TlsLimits = { connections: 512, connectionsPerAddress: 128, handshakeTimeout: 10_000 };
