/** The SNMP agent as a whole: sockets, engine, objects and rows put together. */
import { randomBytes } from 'node:crypto';
import type { Log, Origin, Session } from '../../datastore/index.js';
import type { Schema } from '../../yang/index.js';
import { AccessControl } from './access-control.js';
import type { CommunitySource } from './community.js';
import { ConfigSource } from './config.js';
import { Counters } from './counters.js';
import type { RemoteUserSource } from './informs.js';
import { Listeners, type PreparedListeners, type SnmpEndpoint } from './listeners.js';
import { NotificationLog } from './notification-log.js';
import type { NotificationTargets } from './notification-target.js';
import { Notifier } from './notify.js';
import { TargetSource } from './notify-targets.js';
import { ObjectTable } from './objects.js';
import { Responder } from './responder.js';
import type { Memory } from './row-numbers.js';
import { Rows } from './rows.js';
import { mapServed } from './served-mib.js';
import { Setter } from './set.js';
import { Unfinished } from './unfinished.js';
import { type EngineState, UsmEngine, type UsmUserSource } from './usm.js';

export interface SnmpOptions {
  readonly schema: Schema;
  readonly engine: EngineState;
  openSession(origin: Origin): Session;
  readonly users: UsmUserSource;
  /** For informs by v3: the users of receivers. */
  readonly remoteUsers: RemoteUserSource;
  /** In place of the communities of the tree. */
  readonly communities?: CommunitySource;
  /** In place of the targets of the tree. */
  readonly targets?: NotificationTargets;
  /** Where row numbers outlast the process; without it they do not. */
  readonly memory?: Memory;
  readonly log: Log;
}

/** RFC 3418: whether the configuration may be another one than before the start. */
export type StartKind = 'coldStart' | 'warmStart';

export interface RunningSnmp {
  readonly counters: Counters;
  readonly notifications: NotificationLog;
  /** Binds these addresses, to be served in place of those that are. Rejects with ConfigError resource-denied. */
  prepare(listen: readonly SnmpEndpoint[]): Promise<PreparedListeners>;
  /** Tells the targets that the agent has come up. */
  started(kind: StartKind): void;
  /** See {@link Notifier.test}. */
  testNotification(name: string, target: string | undefined): number;
  close(): Promise<void>;
}

/** Listens nowhere yet. Throws ConfigError where OIDs in the schema do not fit. */
export function startSnmp(options: SnmpOptions): RunningSnmp {
  const { schema, engine, log } = options;
  const mib = mapServed(schema, log);
  const counters = new Counters();
  const system = options.openSession({ user: '', protocol: 'system', address: '' });
  const config = new ConfigSource(system);
  const seconds = () => performance.now() / 1000;
  const rows = new Rows(mib, system, seconds, options.memory, log);
  const objects = new ObjectTable(mib, rows, system, new Unfinished(options.memory, log));
  const access = new AccessControl(
    objects.readables.map(({ object }) => object),
    () => config.current(),
  );
  const usm = new UsmEngine(engine, options.users, counters, randomBytes(8));
  const notifications = new NotificationLog(system, () => Date.now());
  const notifier = new Notifier({
    mib,
    usm,
    session: system,
    targets: options.targets ?? new TargetSource(config, access, log),
    remoteUsers: options.remoteUsers,
    kept: notifications,
    counters,
    log,
  });
  const unsubscribe = system.subscribe((event) => {
    rows.update(event);
    config.update(event);
    notifier.tell(event);
    if (event.kind === 'commit') usm.forgetUsers();
  });
  const responder = new Responder({
    usm,
    objects,
    access,
    setter: new Setter(schema, objects, seconds),
    counters,
    communities: options.communities ?? config,
    authenticationFailed: () => {
      if (config.current().authenticationTraps) notifier.authenticationFailed(performance.now());
    },
    openSession: (origin) => options.openSession(origin),
    log,
    now: () => performance.now(),
  });
  const listeners = new Listeners({ responder, log });
  return {
    counters,
    notifications,
    prepare: (listen) => listeners.prepare(listen),
    started: (kind) => notifier.started(kind),
    testNotification: (name, target) => notifier.test(name, target),
    async close() {
      unsubscribe();
      await listeners.close();
      responder.close();
      notifier.close();
      system.close();
    },
  };
}
