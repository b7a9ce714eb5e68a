/**
 * The agent, composed: schema, key store, datastore, modules, listeners. Part of the composition root with main.ts; nobody
 * else imports all of the rooms.
 */
import { release, type } from 'node:os';
import { join } from 'node:path';
import { openAccounts } from './accounts.js';
import type { AgentOptions } from './agent-options.js';
import {
  AuditFile,
  type Datastore,
  hashPassword,
  Login,
  localSocketName,
  openDatastore,
  parseHash,
  restoredName,
  verifyPassword,
} from './datastore/index.js';
import { leafText, makeFactory, reachableBy, statusPage, timeKnown, timeOfBuild } from './device.js';
import { ConfigError } from './error.js';
import { factoryDefault, firstStart } from './first-start.js';
import { watchMasterKey } from './master-key-alarm.js';
import {
  accessModule,
  agentModule,
  alarmsModule,
  historyModule,
  httpsModule,
  KeyRing,
  type ListenerState,
  retentionOf,
  snmpMibs,
  snmpModule,
  systemModule,
} from './modules/index.js';
import { HttpService, SwitchGuard } from './northbound/http/index.js';
import {
  type AuthProtocol,
  localizeKey,
  localizePrivacyKey,
  type PrivProtocol,
  type RunningSnmp,
} from './northbound/snmp/index.js';
import { xmlRpcRoute } from './northbound/xmlrpc/index.js';
import { readSchema } from './served-schema.js';
import { countBoot, engineIdOf, openSnmp } from './snmp-engine.js';
import {
  formatEndpoint,
  type KeyStore,
  openKeyStore,
  systemClock,
  TlsListener,
  unusedChoices,
} from './southbound/index.js';
import { storeAlarms } from './store-alarms.js';
import { createKeyGenerator } from './x509/index.js';

export interface RunningAgent {
  /** The fields of the `ready` line. */
  readonly ready: { readonly https: string | null; readonly netconf: null; readonly snmp: string | null };
  close(): Promise<void>;
}

/** Starts everything; rejects with ConfigError where the agent cannot run at all. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { log, state } = options;
  const schema = readSchema(options);
  const built = timeOfBuild();
  const opened: { keys?: KeyStore } = {};
  const keys = whenOpen(() => opened.keys);
  const engine: { id: Buffer; boots?: number } = { id: Buffer.alloc(0) };
  const begun = process.hrtime.bigint();
  const elapsed = () => Number((process.hrtime.bigint() - begun) / 1_000_000n);
  const current: { datastore?: Datastore; http?: HttpService; snmp?: RunningSnmp } = {};
  /** Why a listener did not come up at start. */
  const failures: { https?: ConfigError; snmp?: ConfigError } = {};
  const startedAt = Date.now();
  const listener = new TlsListener({
    onConnection: (socket, connection) => {
      if (current.http === undefined) socket.destroy();
      else current.http.accept(socket, connection);
    },
    onClientRefused: (address, reason) => current.http?.refusedCertificate(address, reason),
  });
  const deviceName = () => leafText(current.datastore, schema, '/signet-system:system/name') ?? 'signet';
  const access = {
    hashPassword: (password: string) => hashPassword(password),
    localizeKey: (protocol: string, phrase: string) => localizeKey(protocol as AuthProtocol, phrase, engine.id),
    localizePrivacyKey: (protocol: string, cipher: string, phrase: string) =>
      localizePrivacyKey(protocol as AuthProtocol, cipher as PrivProtocol, phrase, engine.id),
  };
  const after = (milliseconds: number, callback: () => void) => {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  };
  const alarms = alarmsModule({ now: () => Date.now(), log, after });
  const ofStore = storeAlarms(alarms);
  const https = httpsModule({
    generator: createKeyGenerator(),
    keys: new KeyRing(keys),
    clock: systemClock(timeKnown(built, () => current.datastore)),
    checkParameters: unusedChoices,
    deviceName,
    hosts: () => reachableBy(deviceName()),
    hashPassword: access.hashPassword,
    verifyPassword: async (hash, phrase) => {
      const parsed = parseHash(hash);
      return parsed !== undefined && verifyPassword(phrase, parsed);
    },
    listener,
    random: Math.random,
    makeFactory: () => makeFactory(deviceName()),
    listenOverride: options.https === undefined ? undefined : [options.https],
    listenDefault: [{ address: '127.0.0.1', port: 8443 }],
    after,
    alarms,
    failedToOpen: (error) => {
      failures.https = error;
      log('error', error.line(), { cause: String(error.cause ?? '') });
    },
    wentBack: () => current.datastore?.history()[0]?.kind === 'rollback',
    log: (error) => log('error', 'the watch over certificates', { cause: String(error) }),
  });
  const snmp = snmpModule({
    listener: {
      prepare: async (endpoints) => {
        if (current.snmp === undefined) throw new RangeError('the SNMP engine has not started');
        return await current.snmp.prepare(endpoints);
      },
    },
    listenOverride: options.snmp === undefined ? undefined : [options.snmp],
    listenDefault: [snmpDefault],
    alarms,
    after,
    failedToOpen: (error) => log('error', error.line(), { cause: String(error.cause ?? '') }),
    testNotification: (name, target) => {
      if (current.snmp !== undefined) return current.snmp.testNotification(name, target);
      throw new ConfigError({ tag: 'operation-failed', message: 'the SNMP engine has not started' });
    },
    localizeKey: (protocol, phrase, engineId) => localizeKey(protocol as AuthProtocol, phrase, engineId),
    localizePrivacyKey: (protocol, cipher, phrase, engineId) =>
      localizePrivacyKey(protocol as AuthProtocol, cipher as PrivProtocol, phrase, engineId),
  });
  const listeners = (): readonly ListenerState[] => {
    const closed = failures.https?.message ?? 'not open yet';
    const secure =
      https.served() === undefined
        ? https.endpoints().map((endpoint) => ({ ...endpoint, error: closed }))
        : [
            ...listener.addresses.map((endpoint) => ({ ...endpoint, error: undefined })),
            ...listener.unopened.map(({ endpoint, error }) => ({ ...endpoint, error: error.message })),
          ];
    const notStarted = { ...(options.snmp ?? snmpDefault), error: failures.snmp?.message ?? 'not open yet' };
    const datagrams = current.snmp === undefined ? [notStarted] : snmp.listening();
    return [
      ...secure.map((each): ListenerState => ({ service: 'https', ...each })),
      ...datagrams.map((each): ListenerState => ({ service: 'snmp', ...each })),
    ];
  };
  const facts = {
    description: `Signet ${options.version}, ${type()} ${release()}`,
    objectId: '1.3.6.1.4.1.32473.1.1',
    upTime: () => Math.floor(elapsed() / 10) % 2 ** 32,
  };
  const factory = factoryDefault(schema, access, options);
  const audit = new AuditFile({ directory: join(state, 'audit'), log });
  const datastore = await openDatastore({
    stateDirectory: state,
    schema,
    masterKeyFile: options.masterKeyFile,
    startup: options.startup,
    built,
    retention: retentionOf,
    factory,
    refused: (refusal) => audit.record(refusal),
    trouble: ofStore.listener,
    modules: [
      systemModule(facts),
      agentModule({ version: options.version, started: new Date(), listeners }),
      accessModule(access),
      snmp.registration,
      snmpMibs({
        engineId: () => engine.id,
        boots: () => engine.boots,
        time: () => Math.floor(elapsed() / 1000),
        counter: (name) => current.snmp?.counters[name] ?? 0,
        notifications: () => current.snmp?.notifications,
      }),
      historyModule(() => current.datastore?.history() ?? []),
      https.registration,
      alarms.registration,
    ],
    log,
  });
  current.datastore = datastore;
  datastore.subscribe((event) => audit.observe(event), await audit.lastCommit());
  try {
    // Not before the state directory is locked: opening the store clears what a crash left half written.
    opened.keys = await openKeyStore(join(state, 'keys'), datastore.masterKey);
    engine.id = engineIdOf(datastore);
    await firstStart(datastore, schema, factory, options);
    await datastore.startUp();
    ofStore.opened();
    const viewer = datastore.session({ user: '', protocol: 'system', address: '' });
    const accounts = openAccounts(datastore, schema);
    const login = new Login({ lookup: (user) => accounts.password(user) });
    const guard = new SwitchGuard({
      epoch: () => listener.epoch,
      presented: () => listener.presented,
      subscribe: (each) => datastore.subscribe(each),
    });
    const http = new HttpService({
      login,
      openSession: (origin) => datastore.session(origin),
      routes: [xmlRpcRoute({ schema, log, guard })],
      certificateUser: (chain) => {
        const name = https.clientName(chain);
        return name !== undefined && accounts.has(name) ? name : undefined;
      },
      status: () => statusPage(viewer, schema, https, deviceName()),
      log,
      audit: (event) => {
        log('info', 'audit', { ...event });
        const { kind, ...facts } = event;
        audit.record({ event: 'login', result: kind, ...facts });
      },
    });
    current.http = http;
    await http.listenLocal(join(state, localSocketName));
    await https.open();
    guard.begin();
    const closeMasterKey = await watchMasterKey({ datastore, keys: opened.keys, alarms });
    try {
      const { boots, kind } = await countBoot(datastore, engine.id, startedAt, join(state, restoredName));
      engine.boots = boots;
      const snmpEngine = { engineId: engine.id, boots, now: () => Math.floor(elapsed() / 1000) };
      current.snmp = openSnmp(datastore, accounts, schema, options, snmpEngine);
      await snmp.open();
      current.snmp.started(kind);
    } catch (error) {
      // As with HTTPS: the other ways in stay open.
      failures.snmp = ConfigError.from(error);
      log('error', failures.snmp.line(), { cause: String(error) });
      alarms.raise({ ...snmpAlarm, severity: 'critical', text: `snmp is not open: ${failures.snmp.message}` });
    }
    https.begin();
    const datagrams = snmp.listening().find(({ error }) => error === undefined);
    const [bound] = listener.addresses;
    return {
      ready: {
        https: bound === undefined ? null : formatEndpoint(bound),
        netconf: null,
        snmp: datagrams === undefined ? null : formatEndpoint(datagrams),
      },
      async close() {
        await current.snmp?.close();
        // Answers under way go out before the connections do.
        await http.close();
        await listener.close();
        guard.close();
        closeMasterKey();
        await datastore.close();
        await audit.close();
      },
    };
  } catch (error) {
    await listener.close();
    await current.http?.close();
    await datastore.close();
    throw error;
  }
}

/** Where SNMP listens while neither the tree nor the command line says. */
const snmpDefault = { address: '127.0.0.1', port: 1161 } as const;
const snmpAlarm = { resource: '/ietf-snmp:snmp', type: 'listener-failed' } as const;

/** The key store as the modules are given it, which are registered before it can be opened. */
function whenOpen(store: () => KeyStore | undefined): KeyStore {
  const open = () => {
    const opened = store();
    if (opened === undefined) throw new RangeError('the key store is not open yet');
    return opened;
  };
  return {
    put: (keyId, key) => open().put(keyId, key),
    get: (keyId) => open().get(keyId),
    has: (keyId) => open().has(keyId),
    remove: (keyId) => open().remove(keyId),
    list: () => open().list(),
  };
}
