/**
 * The addresses that a service listens on: opened beforehand, exchanged in one step and, where the system does not give one
 * yet (another process has the port, an interface is not up), tried again.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { ConfigError } from '../error.js';

export interface Endpoint {
  /** An IP address, IPv6 without brackets. */
  readonly address: string;
  /** 0 asks for any free port. */
  readonly port: number;
}

/** An address that the service should listen on, and why it does not. */
export interface Unopened {
  readonly endpoint: Endpoint;
  readonly error: ConfigError;
}

export interface AddressesOptions {
  readonly onSocket: (socket: Socket) => void;
  /** Told of a connection that was lost while it was accepted (too many open files). */
  readonly onLost: () => void;
  readonly maxConnections: number;
}

/** Addresses that are ready to be switched to. Exactly one of the two is to be called, once. */
export interface PreparedAddresses {
  /** Calls `switched` as soon as they are in force, before anything that was left is waited for. */
  apply(switched: () => void): Promise<void>;
  abort(): Promise<void>;
}

export class ListenAddresses {
  readonly #options: AddressesOptions;
  /** By the address that was asked for. */
  #open = new Map<string, Listening>();
  #unopened = new Map<string, Unopened>();
  /** How many are prepared and wait to be applied or aborted. */
  #prepared = 0;
  #retrying: Promise<void> = Promise.resolve();

  constructor(options: AddressesOptions) {
    this.#options = options;
  }

  /** Where it listens, with the ports that were given for port 0. */
  get open(): readonly Endpoint[] {
    return [...this.#open.values()].map(({ bound }) => bound);
  }

  /** Where it should listen and does not: those of `mayWait` that were not to be had. */
  get unopened(): readonly Unopened[] {
    return [...this.#unopened.values()];
  }

  /**
   * Opens what is new in `listen`; nothing that is open changes. Throws ConfigError where an address cannot be opened, but for
   * those in `mayWait`.
   */
  async prepare(listen: readonly Endpoint[], mayWait: readonly Endpoint[] = []): Promise<PreparedAddresses> {
    this.#prepared += 1;
    const done = () => {
      this.#prepared -= 1;
    };
    try {
      await this.#retrying;
      const plan = await this.#plan(listen, new Set(mayWait.map(formatEndpoint)));
      return {
        apply: (switched) => this.#switch(plan, switched).finally(done),
        abort: () => closeAll(plan.opened.values()).finally(done),
      };
    } catch (error) {
      done();
      throw error;
    }
  }

  /** Tries to open what is not open. Does nothing while a change is prepared, which tries by itself. Never rejects. */
  retry(): Promise<void> {
    if (this.#prepared === 0) this.#retrying = this.#retrying.then(() => this.#retry());
    return this.#retrying;
  }

  /** Stops listening; connections go on. */
  close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#unopened.clear();
    return closeAll(open);
  }

  async #plan(listen: readonly Endpoint[], mayWait: ReadonlySet<string>): Promise<Plan> {
    const plan: Plan = { kept: new Map(), opened: new Map(), later: new Map(), unopened: new Map(), mayWait };
    const wanted = new Map(listen.map((endpoint) => [formatEndpoint(endpoint), endpoint]));
    for (const [key, endpoint] of wanted) {
      const held = this.#held(endpoint);
      if (held !== undefined) plan.kept.set(key, held);
    }
    const leaving = this.#leaving(plan);
    try {
      for (const [key, endpoint] of wanted) {
        if (plan.kept.has(key)) continue;
        if (leaving.some(({ bound }) => overlap(bound, endpoint))) plan.later.set(key, endpoint);
        else await this.#openOne(key, endpoint, plan);
      }
      return plan;
    } catch (error) {
      await closeAll(plan.opened.values());
      throw error;
    }
  }

  async #switch(plan: Plan, switched: () => void): Promise<void> {
    const leaving = this.#leaving(plan);
    const closed = closeAll(leaving);
    if (plan.later.size > 0) await this.#openLate(plan, leaving, closed);
    this.#open = new Map([...plan.kept, ...plan.opened]);
    this.#unopened = plan.unopened;
    switched();
    await closed;
  }

  /** Opens what overlaps the addresses just left; where that fails the latter are opened again. */
  async #openLate(plan: Plan, left: readonly Listening[], closed: Promise<void>): Promise<void> {
    await closed;
    try {
      for (const [key, endpoint] of plan.later) await this.#openOne(key, endpoint, plan);
    } catch (error) {
      await closeAll(plan.opened.values());
      this.#open = new Map([...this.#open].filter(([, listening]) => !left.includes(listening)));
      for (const { bound } of left) {
        const again = await this.#attempt(bound);
        if (again instanceof ConfigError) this.#unopened.set(formatEndpoint(bound), { endpoint: bound, error: again });
        else this.#open.set(formatEndpoint(bound), again);
      }
      throw error;
    }
  }

  async #openOne(key: string, endpoint: Endpoint, plan: Plan): Promise<void> {
    const outcome = await this.#attempt(endpoint);
    if (!(outcome instanceof ConfigError)) plan.opened.set(key, outcome);
    else if (plan.mayWait.has(key)) plan.unopened.set(key, { endpoint, error: outcome });
    else throw outcome;
  }

  async #retry(): Promise<void> {
    for (const [key, waiting] of [...this.#unopened]) {
      const outcome = await this.#attempt(waiting.endpoint);
      // The service was closed meanwhile.
      const isWanted = this.#unopened.get(key) === waiting;
      if (outcome instanceof ConfigError) {
        if (isWanted) this.#unopened.set(key, { ...waiting, error: outcome });
      } else if (isWanted) {
        this.#unopened.delete(key);
        this.#open.set(key, outcome);
      } else {
        await closeAll([outcome]);
      }
    }
  }

  /** What listens there already, by the port that was asked for or the one that was given for port 0. */
  #held(endpoint: Endpoint): Listening | undefined {
    const key = formatEndpoint(endpoint);
    return this.#open.get(key) ?? [...this.#open.values()].find(({ bound }) => formatEndpoint(bound) === key);
  }

  #leaving(plan: Plan): readonly Listening[] {
    const kept = new Set(plan.kept.values());
    return [...this.#open.values()].filter((listening) => !kept.has(listening));
  }

  async #attempt(endpoint: Endpoint): Promise<Listening | ConfigError> {
    const { onSocket, onLost, maxConnections } = this.#options;
    const server = createServer({ noDelay: true, pauseOnConnect: false }, onSocket);
    server.maxConnections = maxConnections;
    const failure = await new Promise<ConfigError | undefined>((resolve) => {
      server.once('error', (cause) => resolve(listenError(endpoint, cause)));
      server.listen({ host: endpoint.address, port: endpoint.port, ipv6Only: false }, () => resolve(undefined));
    });
    if (failure !== undefined) return failure;
    server.removeAllListeners('error');
    // Accept errors leave the listener alive; the connection is lost, nothing else.
    server.on('error', onLost);
    const { address, port } = server.address() as AddressInfo;
    return { server, bound: { address, port } };
  }
}

/** `127.0.0.1:8443`, `[::1]:8443`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  // The pattern of `isIPv6` takes 4 ms of a start to compile.
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
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
  readonly unopened: Map<string, Unopened>;
  readonly mayWait: ReadonlySet<string>;
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
