/**
 * The agent, composed: schema, key store, datastore, modules, listeners. Part of the composition root with main.ts; nobody
 * else imports all of the rooms.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname, networkInterfaces, release, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Accounts, openAccounts } from './accounts.js';
import {
  AuditFile,
  type Datastore,
  hashPassword,
  type Log,
  Login,
  openDatastore,
  parseHash,
  type Session,
  verifyPassword,
} from './datastore/index.js';
import { ConfigError } from './error.js';
import { watchMasterKey } from './master-key-alarm.js';
import {
  accessModule,
  agentModule,
  alarmsModule,
  credentials,
  factoryAccess,
  factoryName,
  type HttpsModule,
  historyModule,
  httpsModule,
  KeyRing,
  type ListenerState,
  retentionOf,
  snmpModule,
  systemModule,
} from './modules/index.js';
import { HttpService, type StatusPage, SwitchGuard } from './northbound/http/index.js';
import {
  type AuthProtocol,
  localizeKey,
  localizePrivacyKey,
  type PrivProtocol,
  type RunningSnmp,
  startSnmp,
} from './northbound/snmp/index.js';
import { xmlRpcRoute } from './northbound/xmlrpc/index.js';
import {
  type Endpoint,
  formatEndpoint,
  type KeyStore,
  openKeyStore,
  systemClock,
  type TlsCredentials,
  TlsListener,
  unusedChoices,
} from './southbound/index.js';
import { createKeyGenerator, makeSelfSigned } from './x509/index.js';
import { Branch, ListData, loadSchema, parsePath, type Schema, type Value } from './yang/index.js';

export interface AgentOptions {
  readonly state: string;
  /** Undefined where the command line names none: then the tree says where, or the default holds. */
  readonly https: Endpoint | undefined;
  readonly snmp: Endpoint;
  readonly schema: readonly string[];
  readonly adminPasswordFile: string | undefined;
  readonly snmpPasswordFile: string | undefined;
  readonly masterKeyFile: string | undefined;
  /** The folder with our own modules. */
  readonly ownSchema: string;
  readonly version: string;
  readonly log: Log;
}

export interface RunningAgent {
  /** The fields of the `ready` line. */
  readonly ready: { readonly https: string | null; readonly netconf: null; readonly snmp: string | null };
  close(): Promise<void>;
}

/** Starts everything; rejects with ConfigError where the agent cannot run at all. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { log, state } = options;
  const schema = readSchema(options);
  const opened: { keys?: KeyStore } = {};
  const keys = whenOpen(() => opened.keys);
  const engine: { id: Buffer } = { id: Buffer.alloc(0) };
  const begun = process.hrtime.bigint();
  const elapsed = () => Number((process.hrtime.bigint() - begun) / 1_000_000n);
  const current: { datastore?: Datastore; http?: HttpService; snmp?: RunningSnmp } = {};
  /** Why a listener did not come up at start. */
  const failures: { https?: ConfigError; snmp?: ConfigError } = {};
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
  const alarms = alarmsModule({ now: () => Date.now(), log });
  const https = httpsModule({
    generator: createKeyGenerator(),
    keys: new KeyRing(keys),
    clock: systemClock(timeKnown(() => current.datastore)),
    checkParameters: unusedChoices,
    deviceName,
    hosts: () => reachableBy(deviceName()),
    hashPassword: access.hashPassword,
    verifyPassword: async (hash, phrase) => {
      const parsed = parseHash(hash);
      return parsed !== undefined && verifyPassword(phrase, parsed);
    },
    listener,
    makeFactory: () => makeFactory(deviceName()),
    listenOverride: options.https === undefined ? undefined : [options.https],
    listenDefault: [{ address: '127.0.0.1', port: 8443 }],
    after: (milliseconds, callback) => {
      const timer = setTimeout(callback, milliseconds).unref();
      return () => clearTimeout(timer);
    },
    alarms,
    failedToOpen: (error) => {
      failures.https = error;
      log('error', error.line(), { cause: String(error.cause ?? '') });
    },
    wentBack: () => current.datastore?.history()[0]?.kind === 'rollback',
    log: (error) => log('error', 'the watch over certificates', { cause: String(error) }),
  });
  const listeners = (): readonly ListenerState[] => {
    const isServed = https.served() !== undefined;
    const secure = isServed ? listener.addresses : https.endpoints();
    const error = isServed ? undefined : (failures.https?.message ?? 'not open yet');
    const udp = current.snmp?.endpoint ?? options.snmp;
    return [
      ...secure.map((endpoint): ListenerState => ({ service: 'https', ...endpoint, error })),
      {
        service: 'snmp',
        ...udp,
        error: current.snmp === undefined ? (failures.snmp?.message ?? 'not open yet') : undefined,
      },
    ];
  };
  const facts = {
    description: `Signet ${options.version}, ${type()} ${release()}`,
    objectId: '1.3.6.1.4.1.32473.1.1',
    upTime: () => Math.floor(elapsed() / 10) % 2 ** 32,
  };
  const audit = new AuditFile({ directory: join(state, 'audit'), log });
  const datastore = await openDatastore({
    stateDirectory: state,
    schema,
    masterKeyFile: options.masterKeyFile,
    retention: retentionOf,
    refused: (refusal) => audit.record(refusal),
    modules: [
      systemModule(facts),
      agentModule({ version: options.version, started: new Date(), listeners }),
      accessModule(access),
      snmpModule(),
      historyModule(() => current.datastore?.history() ?? []),
      https.registration,
      alarms.registration,
    ],
    log,
  });
  current.datastore = datastore;
  datastore.subscribe((event) => audit.observe(event));
  try {
    // Not before the state directory is locked: opening the store clears what a crash left half written.
    opened.keys = await openKeyStore(join(state, 'keys'), datastore.masterKey);
    engine.id = engineIdOf(datastore);
    await firstStart(datastore, schema, access, options);
    const viewer = datastore.session({ user: '', protocol: 'system', address: '' });
    const accounts = openAccounts(datastore, schema);
    const login = new Login({ lookup: (user) => accounts.password(user) });
    const guard = new SwitchGuard({
      epoch: () => listener.epoch,
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
    await http.listenLocal(join(state, 'agent.sock'));
    await https.open();
    const closeMasterKey = await watchMasterKey({ datastore, keys: opened.keys, alarms });
    try {
      const boots = await countBoot(datastore, engine.id);
      const snmpEngine = { engineId: engine.id, boots, now: () => Math.floor(elapsed() / 1000) };
      current.snmp = await openSnmp(datastore, accounts, schema, options, snmpEngine);
      alarms.clear(snmpAlarm);
    } catch (error) {
      // As with HTTPS: the other ways in stay open.
      failures.snmp = ConfigError.from(error);
      log('error', failures.snmp.line(), { cause: String(error) });
      alarms.raise({ ...snmpAlarm, severity: 'critical', text: `snmp is not open: ${failures.snmp.message}` });
    }
    const { snmp } = current;
    const [bound] = listener.addresses;
    return {
      ready: {
        https: bound === undefined ? null : formatEndpoint(bound),
        netconf: null,
        snmp: snmp === undefined ? null : formatEndpoint(snmp.endpoint),
      },
      async close() {
        await snmp?.close();
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

/** Modules of schema/ that no interface serves yet: they are there to be imported. */
const notServed = [
  'iana-crypt-hash',
  'ietf-datastores',
  'ietf-netconf',
  'ietf-netconf-monitoring',
  'ietf-netconf-with-defaults',
  'ietf-origin',
  'ietf-yang-library',
  'ietf-yang-metadata',
] as const;

/** Our own modules must compile; an operator's that does not is told and left out. */
function readSchema(options: AgentOptions): Schema {
  for (const directory of options.schema) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) continue;
    throw new ConfigError({ tag: 'invalid-value', message: `--schema ${directory}: there is no such directory` });
  }
  const { schema, errors } = loadSchema({
    directories: [options.ownSchema, ...options.schema],
    importOnly: notServed,
  });
  for (const { file, line, column, message } of errors) {
    const text = `${file}:${line}:${column}: ${message}`;
    if (file.startsWith(options.ownSchema)) throw new ConfigError({ tag: 'operation-failed', message: text });
    options.log('error', text);
  }
  return schema;
}

function openSnmp(
  datastore: Datastore,
  accounts: Accounts,
  schema: Schema,
  options: AgentOptions,
  engine: { readonly engineId: Buffer; readonly boots: number; now(): number },
): Promise<RunningSnmp> {
  return startSnmp({
    listen: options.snmp,
    schema,
    engine,
    openSession: (origin) => datastore.session(origin),
    users: { user: (name) => accounts.snmpUser(name) },
    memory: (name) => datastore.meta(name),
    log: options.log,
  });
}

/** RFC 3411 SnmpEngineID: enterprise 32473, format 5 (octets), here random ones; it stays when addresses change. */
function engineIdOf(datastore: Datastore): Buffer {
  const known = datastore.meta(engineFact).get() as EngineFact | undefined;
  return known === undefined
    ? Buffer.concat([Buffer.from('80007ed905', 'hex'), randomBytes(8)])
    : Buffer.from(known.engineId, 'hex');
}

/** Counted and on disk before any socket opens (RFC 3414 2.2); where the disk does not take it none opens. */
async function countBoot(datastore: Datastore, engineId: Buffer): Promise<number> {
  const meta = datastore.meta(engineFact);
  const known = meta.get() as EngineFact | undefined;
  const boots = Math.min((known?.boots ?? 0) + 1, 2 ** 31 - 1);
  await meta.set({ engineId: engineId.toString('hex'), boots });
  return boots;
}

interface EngineFact {
  readonly engineId: string;
  readonly boots: number;
}

const engineFact = 'snmp-engine';

/** An agent without users is new: it gets an administrator and a certificate. */
async function firstStart(
  datastore: Datastore,
  schema: Schema,
  access: Parameters<typeof credentials>[0],
  options: AgentOptions,
): Promise<void> {
  const users = parsePath(schema, '/signet-access:users');
  if (datastore.running().config.get(users) !== undefined) {
    await grantRoles(datastore, schema, options.log);
    return;
  }
  const password = options.adminPasswordFile === undefined ? undefined : readSecret(options.adminPasswordFile);
  const initial = password ?? randomBytes(12).toString('base64url');
  const snmpPassPhrase = options.snmpPasswordFile === undefined ? undefined : readSecret(options.snmpPasswordFile);
  const admin = await credentials(access, { password: initial, snmpPassPhrase });
  const at = (path: string) => parsePath(schema, path);
  await datastore.commit({
    edits: [
      {
        operation: 'merge',
        path: at("/signet-access:users/user[name='admin']"),
        value: { name: 'admin', role: 'administrator', ...admin },
      },
      { operation: 'merge', path: at('/ietf-netconf-acm:nacm'), value: factoryAccess() },
      {
        operation: 'merge',
        path: at('/signet-https:https'),
        value: { 'server-certificate': factoryName, certificate: [{ name: factoryName }] },
      },
    ],
    comment: 'first start',
  });
  await datastore.meta(rolesFact).set(true);
  if (password !== undefined) return;
  const file = join(options.state, 'initial-password');
  writeFileSync(file, `${initial}\n`, { mode: 0o600 });
  process.stdout.write(`the password of user admin is in ${file}\n`);
}

/** Once, for a state directory from before there were roles: whoever had an account could do everything, and still can. */
async function grantRoles(datastore: Datastore, schema: Schema, log: Log): Promise<void> {
  const fact = datastore.meta(rolesFact);
  const nacm = parsePath(schema, '/ietf-netconf-acm:nacm');
  const { config } = datastore.running();
  if (fact.get() !== undefined || config.get(nacm) !== undefined) return;
  const users = config.get(parsePath(schema, '/signet-access:users/user'));
  const names = users instanceof ListData ? Array.from(users, (user) => String(user.keys()[0])) : [];
  const grants = names.map((name) => {
    const path = parsePath(schema, `/signet-access:users/user[name='${name}']/role`);
    return { operation: 'merge', path, value: 'administrator' } as const;
  });
  try {
    const edits = [...grants, { operation: 'merge', path: nacm, value: factoryAccess() } as const];
    await datastore.commit({ edits, comment: 'roles of users' });
    await fact.set(true);
  } catch (error) {
    // The local socket needs no role, and the next start tries again.
    log('error', 'alarm: users could not be given their roles', { message: ConfigError.from(error).line() });
  }
}

const rolesFact = 'access-roles';

function readSecret(file: string): string {
  const text = readNamedFile(file).replace(/\r?\n$/, '');
  if (text.length < 8) {
    throw new ConfigError({ tag: 'invalid-value', message: `${file}: a password has at least 8 characters` });
  }
  return text;
}

function readNamedFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'cannot be read' } = cause as NodeJS.ErrnoException;
    throw new ConfigError({ tag: 'invalid-value', message: `${file}: ${code}` }, { cause });
  }
}

function leafText(datastore: Datastore | undefined, schema: Schema, path: string): string | undefined {
  if (datastore === undefined) return undefined;
  const value = datastore.running().config.get(parsePath(schema, path)) as Value | undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A certificate that lives as long as the process: what is presented while the tree has none. */
async function makeFactory(name: string): Promise<TlsCredentials> {
  const { privateKey } = await createKeyGenerator().generate('ec-p256');
  const { der } = await makeSelfSigned({
    privateKey,
    subject: { commonName: name },
    subjectAltNames: [],
    signatureHash: 'sha256',
    validityDays: 820,
    now: new Date(),
  });
  return { key: privateKey, chain: [der] };
}

function reachableBy(deviceName: string): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address.replace(/%.*$/, ''));
  return [...new Set([deviceName, hostname(), ...addresses])];
}

/**
 * The latest time that is known to have passed: of the build, and of the last journal record less a minute, so that a clock
 * that is set back a little stays trusted.
 */
function timeKnown(datastore: () => Datastore | undefined): () => number {
  const built = statSync(fileURLToPath(import.meta.url)).mtimeMs;
  let known = { transaction: '', time: built };
  return () => {
    const open = datastore();
    const transaction = open?.transaction() ?? '';
    if (open !== undefined && transaction !== known.transaction) {
      const recorded = open.history()[0]?.time ?? 0;
      known = { transaction, time: Math.max(built, recorded - 60_000) };
    }
    return known.time;
  };
}

function statusPage(viewer: Session, schema: Schema, https: HttpsModule, device: string): StatusPage {
  const links = [{ href: '/RPC2', text: 'XML-RPC endpoint' }];
  const name = https.served()?.certificate;
  const found =
    name === undefined || name === ''
      ? undefined
      : viewer.get(parsePath(schema, `/signet-https:https/certificate[name='${name}']/state`), 'operational');
  if (!(found instanceof Branch)) return { device, links };
  const fact = (leaf: string) => {
    const node = found.schema.byName.get(leaf)?.[0];
    return node?.kind === 'leaf' ? String(found.leaf(node) ?? '') : '';
  };
  return {
    device,
    links,
    certificate: {
      subject: fact('subject'),
      notAfter: fact('not-after'),
      fingerprint: fact('fingerprint-sha256'),
    },
  };
}
