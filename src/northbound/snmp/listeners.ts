/**
 * The sockets of the responder. Each is bound to one address, so that an answer leaves from the address that was asked: a manager that
 * uses connect() sees no other. A wildcard is therefore a socket for each address of the device, looked up anew as addresses come and go.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Log } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { familyOf } from './addresses.js';
import type { Responder } from './responder.js';

export interface SnmpEndpoint {
  /** An IP address, IPv6 without brackets. `0.0.0.0` is every IPv4 address of the device, `::` every address. */
  readonly address: string;
  /** 0 asks for any free port. */
  readonly port: number;
}

/** Sockets that are bound and not served yet; one of the two functions is called, once. */
export interface PreparedListeners {
  /** What was asked for, with the ports that were given for port 0. */
  readonly endpoints: readonly SnmpEndpoint[];
  /** Serves these and closes the others. */
  apply(): void;
  abort(): void;
}

export interface ListenersParts {
  readonly responder: Pick<Responder, 'handle'>;
  readonly log: Log;
  /** The addresses of the device, for the wildcards; a scoped one with its zone. */
  readonly addresses?: () => readonly string[];
}

/** Octets of a socket's buffers: bursts of a walk wait there, not in the process. */
const socketBuffer = 4 * 1024 * 1024;
/** Milliseconds between two looks at the addresses of the device. */
const lookAgain = 10_000;

export class Listeners {
  readonly #parts: ListenersParts;
  /** By address and port. */
  readonly #sockets = new Map<string, Socket>();
  /** What is served, and the ports that stand for 0. */
  #wanted: readonly SnmpEndpoint[] = [];
  #given: ReadonlyMap<string, number> = new Map();
  /** Only one binds at a time: it must not meet sockets of our own. */
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ListenersParts) {
    this.#parts = parts;
  }

  /** Binds what is not bound yet. Rejects with ConfigError resource-denied where an address cannot be had; then nothing has changed. */
  prepare(wanted: readonly SnmpEndpoint[]): Promise<PreparedListeners> {
    return this.#alone(() => this.#prepare(wanted));
  }

  /** Looks at the addresses of the device again: those that came get a socket, those that went lose theirs. */
  refresh(): Promise<void> {
    return this.#alone(async () => {
      const kept = new Set<string>();
      for (const endpoint of this.#wanted) {
        const port = this.#portOf(endpoint, this.#given);
        for (const address of this.#addressesOf(endpoint.address)) {
          const key = keyOf({ address, port });
          kept.add(key);
          if (this.#sockets.has(key)) continue;
          try {
            this.#serve(key, await this.#bind(address, port));
          } catch (error) {
            // an address may be there before it can be used (RFC 4862 section 5.4), and is looked at again
            this.#parts.log('debug', 'an address of the device has no SNMP socket', { cause: String(error) });
          }
        }
      }
      this.#closeOthers(kept);
    });
  }

  close(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#alone(() => {
      this.#wanted = [];
      clearTimeout(this.#timer);
      this.#closeOthers(new Set());
    });
  }

  async #prepare(wanted: readonly SnmpEndpoint[]): Promise<PreparedListeners> {
    const opened = new Map<string, Socket>();
    const kept = new Set<string>();
    const given = new Map<string, number>();
    const abort = () => {
      for (const socket of opened.values()) socket.close();
    };
    try {
      for (const endpoint of wanted) {
        let port = this.#portOf(endpoint, given) || this.#portOf(endpoint, this.#given);
        for (const address of this.#addressesOf(endpoint.address)) {
          let key = keyOf({ address, port });
          if (!this.#sockets.has(key) && !opened.has(key)) {
            const socket = await this.#bindForNow(endpoint, address, port);
            if (socket === undefined) continue;
            port = socket.address().port;
            key = keyOf({ address, port });
            opened.set(key, socket);
          }
          kept.add(key);
        }
        given.set(keyOf(endpoint), port);
      }
    } catch (error) {
      abort();
      throw error;
    }
    return {
      endpoints: wanted.map(({ address, port }) => ({ address, port: given.get(keyOf({ address, port })) ?? port })),
      abort,
      apply: () => {
        this.#wanted = wanted;
        this.#given = given;
        this.#closeOthers(kept);
        for (const [key, socket] of opened) this.#serve(key, socket);
        this.#watch();
      },
    };
  }

  /** Undefined for an address of a wildcard that is not ready yet, or has just gone. */
  async #bindForNow(endpoint: SnmpEndpoint, address: string, port: number): Promise<Socket | undefined> {
    try {
      return await this.#bind(address, port);
    } catch (error) {
      if (isWildcard(endpoint.address) && codeOf(error) === 'EADDRNOTAVAIL') return undefined;
      throw bindError({ ...endpoint, address }, error);
    }
  }

  async #bind(address: string, port: number): Promise<Socket> {
    const family = familyOf(address);
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      recvBufferSize: socketBuffer,
      sendBufferSize: socketBuffer,
      // the peer's address is one: no resolver on the way of an answer
      lookup: (host, _, callback) => callback(null, host, family),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ address, port }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => this.#parts.log('error', 'an SNMP socket failed', { cause: String(error) }));
    return socket;
  }

  #serve(key: string, socket: Socket): void {
    const { responder } = this.#parts;
    this.#sockets.set(key, socket);
    const answers: { readonly octets: Buffer; readonly peer: RemoteInfo }[] = [];
    // Together, behind all that one turn has read: a station that waits is woken once for them.
    const send = () => {
      // a SET may have been answered after its commit closed the socket
      const isServed = this.#sockets.get(key) === socket;
      for (const { octets, peer } of answers.splice(0)) {
        // without a callback: what cannot be sent is lost like any datagram, and no answer costs a turn of its own
        if (isServed) socket.send(octets, peer.port, peer.address);
      }
    };
    socket.on('message', (message: Buffer, peer: RemoteInfo) => {
      responder.handle(message, peer, (octets) => {
        if (answers.length === 0) setImmediate(send);
        answers.push({ octets, peer });
      });
    });
  }

  #closeOthers(kept: ReadonlySet<string>): void {
    for (const [key, socket] of this.#sockets) {
      if (kept.has(key)) continue;
      this.#sockets.delete(key);
      socket.close();
    }
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (!this.#wanted.some(({ address }) => isWildcard(address))) return;
    this.#timer = setTimeout(() => {
      void this.refresh().finally(() => this.#watch());
    }, lookAgain).unref();
  }

  #portOf(endpoint: SnmpEndpoint, given: ReadonlyMap<string, number>): number {
    return endpoint.port === 0 ? (given.get(keyOf(endpoint)) ?? 0) : endpoint.port;
  }

  #addressesOf(address: string): readonly string[] {
    if (!isWildcard(address)) return [address];
    const all = this.#parts.addresses?.() ?? deviceAddresses();
    return address === '::' ? all : all.filter((each) => familyOf(each) === 4);
  }

  #alone<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function deviceAddresses(): readonly string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, found]) =>
    (found ?? []).map((each) =>
      each.family === 'IPv6' && each.scopeid !== 0 && !each.address.includes('%')
        ? `${each.address}%${name}`
        : each.address,
    ),
  );
}

function keyOf({ address, port }: SnmpEndpoint): string {
  return `${address} ${String(port)}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function bindError({ address, port }: SnmpEndpoint, cause: unknown): ConfigError {
  const place = `${familyOf(address) === 6 ? `[${address}]` : address}:${String(port)}`;
  const code = codeOf(cause);
  const reason =
    code === 'EADDRINUSE'
      ? 'another process uses it'
      : code === 'EADDRNOTAVAIL'
        ? 'the device has no such address'
        : code === 'EACCES'
          ? 'the process may not use that port'
          : code;
  const message = `cannot listen for SNMP on ${place}: ${reason}`;
  return new ConfigError({ tag: 'resource-denied', message }, { cause });
}
