/** An agent on the real datastore with the module signet-lab and ours, users and a community, for the tests of this folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccounts } from '../../../../src/accounts.js';
import {
  type Datastore,
  type Log,
  type ModuleRegistration,
  type ModuleServices,
  type Origin,
  openDatastore,
} from '../../../../src/datastore/index.js';
import { ConfigError } from '../../../../src/error.js';
import { type SnmpFacts, type SnmpModule, snmpMibs, snmpModule } from '../../../../src/modules/index.js';
import {
  type AuthProtocol,
  type EngineState,
  localizeKey,
  localizePrivacyKey,
  type NotificationTarget,
  type PrivProtocol,
  type RunningSnmp,
  startSnmp,
  type UsmUser,
} from '../../../../src/northbound/snmp/index.js';
import { type JsonObject, type JsonValue, loadSchema, parsePath, type Schema } from '../../../../src/yang/index.js';
import { repositoryRoot } from '../../../support/places.js';
import { type RunResult, run } from '../../../support/run.js';

export const labOid = '1.3.6.1.4.1.32473.1.99';
export const engineId = Buffer.from('80007ed9050102030405060708', 'hex');
export const passPhrase = 'authPrivPhrase1';
export const community = 'look';

export interface Lab {
  readonly schema: Schema;
  readonly datastore: Datastore;
  readonly snmp: RunningSnmp;
  readonly module: SnmpModule;
  readonly port: number;
  /** What state leafs read as; tests change it. */
  readonly state: { bigCounter: string; smallCounter: number };
  /** What every commit waits for while it is set. */
  readonly gate: { wait: (() => Promise<void>) | undefined };
  /** The engine's clock: seconds that are added to real time. */
  readonly clock: { ahead: number };
  /** Answers to everything that is committed from outside SNMP. */
  write(path: string, value: JsonValue): Promise<void>;
  remove(path: string): Promise<void>;
  read(path: string): unknown;
  /** As a module does. */
  notify(path: string, content: JsonObject): void;
  close(): Promise<void>;
}

const schemas = new Map<string, Schema>();

export function labSchema(): Schema {
  return schemaWith();
}

/** With the module signet-odd as well: forms that signet-lab does not have. */
export function oddSchema(): Schema {
  return schemaWith('odd');
}

/** With the module signet-conditional as well. */
export function conditionalSchema(): Schema {
  return schemaWith('conditional');
}

function schemaWith(...folders: readonly string[]): Schema {
  const name = ['lab', ...folders].join(' ');
  let schema = schemas.get(name);
  if (schema !== undefined) return schema;
  const support = join(repositoryRoot, 'test', 'northbound', 'snmp', 'support');
  const own = [support, ...folders.map((folder) => join(support, folder))];
  const loaded = loadSchema({ directories: [join(repositoryRoot, 'schema'), ...own] });
  if (loaded.errors.length > 0)
    throw new Error(loaded.errors.map((error) => `${error.file}: ${error.message}`).join('\n'));
  schema = loaded.schema;
  schemas.set(name, schema);
  return schema;
}

export async function startLab(
  options: {
    readonly boots?: number;
    /** Communities are those of the tree, not the one that is called {@link community}. */
    readonly fromTree?: boolean;
    readonly address?: string;
    readonly port?: number;
    readonly targets?: readonly NotificationTarget[];
    /** In place of {@link labSchema}. */
    readonly schema?: Schema;
    /** In place of {@link labUsers}. */
    readonly users?: Readonly<Record<string, Protocols>>;
    /** Told of alarms: their text, '' where they are cleared. */
    readonly alarm?: (text: string) => void;
    /** Calls back when the module asks for a time; never where absent. */
    readonly after?: (milliseconds: number, callback: () => void) => () => void;
    readonly log?: Log;
  } = {},
): Promise<Lab> {
  const schema = options.schema ?? labSchema();
  const directory = await mkdtemp(join(tmpdir(), 'signet-snmp-'));
  const state = { bigCounter: '18446744073709551615', smallCounter: 4_294_967_295 };
  const gate: Lab['gate'] = { wait: undefined };
  let services: ModuleServices | undefined;
  const teller: ModuleRegistration = {
    name: 'teller',
    start: (given) => {
      services = given;
    },
  };
  const running: { snmp?: RunningSnmp } = {};
  const endpoint = { address: options.address ?? '127.0.0.1', port: options.port ?? 0 };
  const module = snmpModule({
    listener: { prepare: async (endpoints) => await running.snmp!.prepare(endpoints) },
    listenOverride: undefined,
    listenDefault: [endpoint],
    alarms: {
      raise: ({ text }) => options.alarm?.(text),
      clear: () => options.alarm?.(''),
    },
    after: options.after ?? (() => () => {}),
    failedToOpen: () => {},
    testNotification: (name, target) => running.snmp!.testNotification(name, target),
    localizeKey: (protocol, phrase, engine) => localizeKey(protocol as AuthProtocol, phrase, engine),
    localizePrivacyKey: (protocol, cipher, phrase, engine) =>
      localizePrivacyKey(protocol as AuthProtocol, cipher as PrivProtocol, phrase, engine),
  });
  const clock = { ahead: 0 };
  const begun = performance.now();
  const engine: EngineState = {
    engineId,
    boots: options.boots ?? 7,
    now: () => 100 + (performance.now() - begun) / 1000 + clock.ahead,
  };
  const facts: SnmpFacts = {
    engineId: () => engineId,
    boots: () => engine.boots,
    time: () => Math.floor(engine.now()),
    counter: (name) => running.snmp?.counters[name] ?? 0,
    notifications: () => running.snmp?.notifications,
  };
  const datastore = await openDatastore({
    stateDirectory: join(directory, 'state'),
    schema,
    modules: [...modules(schema, state, gate), module.registration, snmpMibs(facts), teller],
  });
  // Users of this lab are in no group; access control has tests of its own.
  const enabled = parsePath(schema, '/ietf-netconf-acm:nacm/enable-nacm');
  await datastore.commit({ edits: [{ operation: 'merge', path: enabled, value: false }] });
  const accounts = openAccounts(datastore, schema);
  const users = new Map(
    Object.entries(options.users ?? labUsers).map(([name, protocols]) => [name, keysOf(protocols)]),
  );
  const close = async () => {
    await datastore.close();
    await rm(directory, { recursive: true, force: true });
  };
  const snmp = startSnmp({
    schema,
    engine,
    openSession: (origin) => datastore.session(origin),
    users: { user: (name) => users.get(name) },
    remoteUsers: { user: (engine, name) => accounts.remoteUser(engine, name) },
    ...(options.fromTree === true ? {} : { communities: lookOnly }),
    ...(options.targets === undefined ? {} : { targets: { targets: () => options.targets ?? [] } }),
    memory: (name) => datastore.meta(name),
    log:
      options.log ??
      ((level, message, fields) => {
        if (level === 'error') console.error(message, fields);
      }),
  });
  running.snmp = snmp;
  await module.open();
  snmp.started('coldStart');
  return {
    schema,
    datastore,
    snmp,
    module,
    port: module.listening()[0]?.port ?? 0,
    state,
    gate,
    clock,
    async write(path, value) {
      await datastore.commit({ edits: [{ operation: 'merge', path: parsePath(schema, path), value }] });
    },
    async remove(path) {
      await datastore.commit({ edits: [{ operation: 'remove', path: parsePath(schema, path) }] });
    },
    read: (path) => datastore.running().config.get(parsePath(schema, path)),
    notify: (path, content) => services!.notify(parsePath(schema, path), content),
    async close() {
      await snmp.close();
      await close();
    },
  };
}

const lookOnly = {
  community: (name: Buffer) => (name.toString() === community ? { securityName: 'admin', context: '' } : undefined),
};

export const origin: Origin = { user: 'admin', protocol: 'snmp', address: '127.0.0.1' };

export interface Protocols {
  readonly auth?: AuthProtocol;
  readonly priv?: PrivProtocol;
}

/** Users by what their keys allow. */
export const labUsers: Readonly<Record<string, Protocols>> = {
  none: {},
  authonly: { auth: 'sha256' },
  admin: { auth: 'sha256', priv: 'aes128' },
  sha1: { auth: 'sha1', priv: 'aes128' },
  sha224: { auth: 'sha224', priv: 'aes128' },
  sha384: { auth: 'sha384', priv: 'aes192' },
  sha512: { auth: 'sha512', priv: 'aes256' },
  blumenthal: { auth: 'sha1', priv: 'aes256' },
  reeder: { auth: 'sha1', priv: 'aes256c' },
  old: { auth: 'md5', priv: 'des' },
  older: { auth: 'sha1', priv: 'des' },
};

function keysOf({ auth, priv }: Protocols): UsmUser {
  return {
    authProtocol: auth ?? 'sha256',
    authKey: auth === undefined ? undefined : localizeKey(auth, passPhrase, engineId),
    privProtocol: priv ?? 'aes128',
    privKey:
      auth === undefined || priv === undefined ? undefined : localizePrivacyKey(auth, priv, passPhrase, engineId),
  };
}

/** Options of the Net-SNMP tools for a user at the level that his keys provide. */
export function v3(user: string, { auth, priv }: Protocols = labUsers[user] ?? {}): string[] {
  if (auth === undefined) return ['-v3', '-l', 'noAuthNoPriv', '-u', user];
  const name = auth === 'md5' ? 'MD5' : auth === 'sha1' ? 'SHA' : `SHA-${auth.slice(3)}`;
  const authentication = ['-v3', '-u', user, '-a', name, '-A', passPhrase];
  if (priv === undefined) return [...authentication, '-l', 'authNoPriv'];
  const cipher = {
    des: 'DES',
    aes128: 'AES',
    aes192: 'AES-192',
    aes256: 'AES-256',
    aes192c: 'AES-192-C',
    aes256c: 'AES-256-C',
  }[priv];
  return [...authentication, '-l', 'authPriv', '-x', cipher, '-X', passPhrase];
}

export const v2c = ['-v2c', '-c', community];

/** Runs a Net-SNMP tool without MIB files, numeric output, short waits. */
export async function tool(
  lab: Lab,
  name: string,
  options: readonly string[],
  ...operands: readonly string[]
): Promise<RunResult> {
  const args = [...options, '-On', '-r', '0', '-t', '3', `127.0.0.1:${String(lab.port)}`, ...operands];
  return run(name, args, { env: { MIBS: '', MIBDIRS: '' } });
}

/** The same for what must succeed; the output without the last line end. */
export async function ok(
  lab: Lab,
  name: string,
  options: readonly string[],
  ...operands: readonly string[]
): Promise<string> {
  const { status, stdout, stderr } = await tool(lab, name, options, ...operands);
  if (status !== 0) throw new Error(`${name} ${operands.join(' ')}: status ${String(status)}\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

function modules(schema: Schema, state: Lab['state'], gate: Lab['gate']): ModuleRegistration[] {
  const amend = async () => gate.wait?.();
  // The datastore owns access control itself.
  const owned = ['ietf-netconf-acm', 'ietf-snmp', 'signet-notification-log-mib'];
  const nodes = schema.root.dataChildren.filter(({ module }) => !owned.includes(module.name));
  const handlers = nodes.map((node) => ({ name: node.name, path: node.path, amend }));
  const path = '/signet-lab:lab';
  return [
    {
      name: 'lab',
      handlers,
      actions: [
        {
          path: `${path}/item/weigh`,
          invoke: (_, instance, input) => weigh(String(instance.last?.keys?.[0]), input),
        },
        {
          path: `${path}/wait`,
          invoke: ({ signal }) =>
            new Promise((resolve) => signal.addEventListener('abort', () => resolve({}), { once: true })),
        },
      ],
      state: [
        { path: `${path}/small-counter`, read: () => state.smallCounter },
        { path: `${path}/big-counter`, read: () => BigInt(state.bigCounter) },
        { path: `${path}/item/seen`, read: () => 5n },
        { path: '/signet-system:system/description', read: () => 'a lab' },
        { path: '/signet-system:system/object-id', read: () => '1.3.6.1.4.1.32473.1.1' },
        { path: '/signet-system:system/up-time', read: () => Math.floor(performance.now() / 10) },
        { path: '/signet-system:system/services', read: () => 72 },
      ],
    },
  ];
}

/** Things above number 100 are too heavy. */
function weigh(id: string, input: JsonObject): Promise<JsonObject> {
  if (Number(id) > 100)
    return Promise.reject(new ConfigError({ tag: 'resource-denied', message: 'too heavy for the scale' }));
  const weight = Number(id) * (input.unit === 'gram' ? 1000 : 35);
  const told = input.witness === undefined ? '' : JSON.stringify(input);
  const report = `${String(input.remark ?? told)}${'.'.repeat(1200)}`;
  return Promise.resolve({ weight, report, reading: [weight, weight + 1] });
}
