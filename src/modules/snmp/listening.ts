/** Where the SNMP engine listens: a change is bound before it is committed; what a start cannot bind is an alarm, and tried again. */
import type { Change, CommitHandler, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { Endpoint } from '../../southbound/index.js';
import type { Alarms } from '../alarm.js';
import { container, leaf, list, text, top } from '../read.js';

/** The part of the engine that the module drives. */
export interface SnmpListener {
  /** Binds; rejects with ConfigError where an address cannot be had, and nothing has changed then. */
  prepare(endpoints: readonly Endpoint[]): Promise<PreparedListening>;
}

export interface PreparedListening {
  /** As asked for, with the ports that were given for port 0. */
  readonly endpoints: readonly Endpoint[];
  apply(): void;
  abort(): void;
}

export interface ListeningParts {
  readonly listener: SnmpListener;
  /** Where to listen whatever the tree says; from the command line. */
  readonly listenOverride: readonly Endpoint[] | undefined;
  /** Where to listen if the tree has no entry. */
  readonly listenDefault: readonly Endpoint[];
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>;
  /** Calls back once after so many milliseconds; gives what cancels it. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  /** Told of each address that could not be opened. */
  readonly failedToOpen: (error: ConfigError) => void;
}

/** One address that was asked for, with its port as it is. */
export interface ListeningState extends Endpoint {
  /** Why it is not open; undefined where it is. */
  readonly error: string | undefined;
}

export class Listening {
  readonly #parts: ListeningParts;
  #running: (() => Root) | undefined;
  /** In the order of what running asks for. */
  #state: readonly ListeningState[] = [];
  #cancelRetry: () => void = () => undefined;
  /** Commits between prepare and apply, during which nothing is tried. */
  #pending = 0;
  #trying: Promise<void> = Promise.resolve();

  constructor(parts: ListeningParts) {
    this.#parts = parts;
  }

  get state(): readonly ListeningState[] {
    return this.#state;
  }

  /** From here on running is served, and commits are. What cannot be opened is tried again, at growing intervals. */
  async open(running: () => Root): Promise<void> {
    this.#running = running;
    await this.#try(firstDelay);
  }

  stop(): void {
    this.#cancelRetry();
    this.#running = undefined;
  }

  /** Where a root says that the engine listens. */
  endpointsOf(root: Root): readonly Endpoint[] {
    const { listenOverride, listenDefault } = this.#parts;
    const engine = container(top(root.config, 'ietf-snmp', 'snmp'), 'engine');
    if (engine !== undefined && leaf(engine, 'enabled') === false) return [];
    if (listenOverride !== undefined) return listenOverride;
    const configured = [...(list(engine, 'listen') ?? [])].flatMap((entry): Endpoint[] => {
      const udp = container(entry, 'udp');
      return udp === undefined ? [] : [{ address: text(udp, 'ip') ?? '', port: Number(leaf(udp, 'port') ?? 161) }];
    });
    return configured.length > 0 ? configured : listenDefault;
  }

  get phases(): Required<Pick<CommitHandler<PreparedListening | undefined>, 'prepare' | 'apply' | 'abort'>> {
    return {
      prepare: (change) => this.#prepare(change),
      apply: (change, prepared) => this.#apply(change, prepared),
      abort: (_, prepared) => {
        if (prepared === undefined) return;
        this.#pending -= 1;
        prepared.abort();
      },
    };
  }

  async #prepare(change: Change): Promise<PreparedListening | undefined> {
    const endpoints = this.#changed(change);
    if (endpoints === undefined) return undefined;
    this.#pending += 1;
    try {
      await this.#trying;
      return await this.#parts.listener.prepare(endpoints);
    } catch (error) {
      this.#pending -= 1;
      throw ConfigError.from(error).with({ path: '/ietf-snmp:snmp/engine/listen' });
    }
  }

  async #apply(change: Change, prepared: PreparedListening | undefined): Promise<void> {
    let ready = prepared;
    if (ready !== undefined) this.#pending -= 1;
    else {
      // a reversal comes without a prepare of its own
      const endpoints = change.cause === 'start' ? undefined : this.#changed(change);
      if (endpoints !== undefined) ready = await this.#parts.listener.prepare(endpoints);
    }
    if (ready === undefined) return;
    this.#cancelRetry();
    ready.apply();
    this.#state = ready.endpoints.map((endpoint) => ({ ...endpoint, error: undefined }));
    this.#parts.alarms.clear(alarm);
  }

  /** Where to listen from now on, where that is a change. */
  #changed(change: Change): readonly Endpoint[] | undefined {
    if (this.#running === undefined || !paths.some((path) => change.touches(path))) return undefined;
    const after = this.endpointsOf(change.after);
    return JSON.stringify(this.endpointsOf(change.before)) === JSON.stringify(after) ? undefined : after;
  }

  #try(delay: number): Promise<void> {
    this.#trying = this.#openEach(delay);
    return this.#trying;
  }

  /** What is open stays so; the others are tried one by one, so that one of them does not stand in the way of another. */
  async #openEach(delay: number): Promise<void> {
    if (this.#running === undefined) return;
    const wanted = this.endpointsOf(this.#running());
    const formerly = this.#state;
    const state = new Map<Endpoint, ListeningState>();
    const open = wanted.filter((_, index) => formerly[index] !== undefined && formerly[index].error === undefined);
    for (const [index, endpoint] of wanted.entries()) {
      const former = formerly[index];
      if (open.includes(endpoint) && former !== undefined) {
        state.set(endpoint, former);
        continue;
      }
      try {
        const ready = await this.#parts.listener.prepare([...open, endpoint]);
        ready.apply();
        open.push(endpoint);
        state.set(endpoint, { ...(ready.endpoints.at(-1) ?? endpoint), error: undefined });
      } catch (error) {
        const failed = ConfigError.from(error);
        if (former?.error !== failed.message) this.#parts.failedToOpen(failed);
        state.set(endpoint, { ...endpoint, error: failed.message });
      }
    }
    this.#state = [...state.values()];
    const failures = this.#state.flatMap(({ error }) => error ?? []);
    if (failures.length === 0) {
      this.#parts.alarms.clear(alarm);
      return;
    }
    const severity = open.length === 0 ? 'critical' : 'major';
    this.#parts.alarms.raise({ ...alarm, severity, text: `snmp is not open: ${failures.join('; ')}` });
    this.#retryAfter(delay);
  }

  #retryAfter(delay: number): void {
    this.#cancelRetry = this.#parts.after(delay, () => {
      if (this.#pending > 0) this.#retryAfter(firstDelay);
      else void this.#try(Math.min(delay * 2, lastDelay));
    });
  }
}

const alarm = { resource: '/ietf-snmp:snmp', type: 'listener-failed' } as const;
const paths = ['/ietf-snmp:snmp/engine/enabled', '/ietf-snmp:snmp/engine/listen'] as const;
/** Milliseconds. */
const firstDelay = 1000;
const lastDelay = 60_000;
