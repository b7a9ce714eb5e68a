/** The https module over a real datastore, with a clock that the test moves and a listener that is real or pretends. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type CommitOptions,
  type CommitResult,
  type Datastore,
  type DatastoreEvent,
  type Edit,
  hashPassword,
  MasterKey,
  nodeFileSystem,
  openDatastore,
  parseHash,
  prepareStateDirectory,
  type Session,
  verifyPassword,
} from '../../src/datastore/index.js';
import { ConfigError } from '../../src/error.js';
import { accessModule } from '../../src/modules/access.js';
import { type AlarmsModule, alarmsModule } from '../../src/modules/alarms.js';
import { historyModule, retentionOf } from '../../src/modules/history.js';
import { KeyRing } from '../../src/modules/https/keys.js';
import type { HttpsListener } from '../../src/modules/https/service.js';
import { type HttpsModule, httpsModule } from '../../src/modules/https.js';
import { snmpMibs } from '../../src/modules/snmp/mibs.js';
import { snmpModule } from '../../src/modules/snmp.js';
import { systemModule } from '../../src/modules/system.js';
import { supportedFeatures } from '../../src/served-schema.js';
import {
  checkCredentials,
  type KeyStore,
  openKeyStore,
  type Sealing,
  type TlsService,
  type Unopened,
  unusedChoices,
} from '../../src/southbound/index.js';
import { createKeyGenerator, makeSelfSigned } from '../../src/x509/index.js';
import {
  Branch,
  type DataSchema,
  decodeJson,
  encodeJson,
  type JsonObject,
  type JsonValue,
  loadSchema,
  parsePath,
  type Schema,
} from '../../src/yang/index.js';
import { repositoryRoot, type Scope, temporaryDirectory } from '../support/places.js';

type OutputSchema = Parameters<typeof encodeJson>[1];

export const schema: Schema = loadOurs();

/** 2026-11-24T12:00:00Z. */
export const noon = Date.UTC(2026, 10, 24, 12);

export const day = 86_400_000;

/** Time that stands still until the test moves it; timers ring on the way. */
export class FakeClock {
  time = noon;
  isTrusted = true;
  readonly #timers = new Set<{ at: number; readonly ring: () => void }>();

  now(): number {
    return this.time;
  }

  trusted(): boolean {
    return this.isTrusted;
  }

  after(milliseconds: number, ring: () => void): () => void {
    const timer = { at: this.time + milliseconds, ring };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** When each timer rings. */
  pending(): readonly number[] {
    return [...this.#timers].map(({ at }) => at);
  }

  /** Somebody sets the clock: the time is another, and timers ring as many milliseconds from now as before. */
  jump(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of this.#timers) timer.at += milliseconds;
  }

  /** Moves to `time`; every timer on the way rings at its own time and is given the chance to finish what it began. */
  async moveTo(time: number, settle: () => Promise<void>): Promise<void> {
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= time).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.ring();
      await settle();
    }
    this.time = time;
  }
}

/** Pretends to listen: remembers what it was told to present, and refuses what the next test says. */
export class FakeListener implements HttpsListener {
  presented: TlsService | undefined;
  prepared = 0;
  applied = 0;
  aborted = 0;
  refuse: ConfigError | undefined;
  unopened: readonly Unopened[] = [];
  readonly addresses = [];

  retry(): Promise<void> {
    return Promise.resolve();
  }

  prepare(service: TlsService): ReturnType<HttpsListener['prepare']> {
    if (this.refuse !== undefined) return Promise.reject(this.refuse);
    try {
      checkCredentials(service.credentials, service.parameters.level);
    } catch (error) {
      return Promise.reject(ConfigError.from(error));
    }
    this.prepared += 1;
    return Promise.resolve({
      browserRefusal: undefined,
      apply: () => {
        this.applied += 1;
        this.presented = service;
        return Promise.resolve();
      },
      abort: () => {
        this.aborted += 1;
        return Promise.resolve();
      },
    });
  }

  /** The SHA-256 fingerprint of what is presented, as the tree writes it. */
  fingerprint(): string {
    const [leaf] = this.presented?.credentials.chain ?? [];
    if (leaf === undefined) return '';
    return new X509Certificate(leaf).fingerprint256.replaceAll(':', '').toLowerCase();
  }
}

export interface Device {
  readonly datastore: Datastore;
  readonly session: Session;
  readonly https: HttpsModule;
  readonly alarms: AlarmsModule;
  readonly keys: KeyRing;
  readonly clock: FakeClock;
  readonly events: DatastoreEvent[];
  readonly logged: string[];
  readonly state: string;
  apply(edits: readonly TestEdit[], options?: CommitOptions): Promise<CommitResult>;
  edit(...edit: TestEdit): Edit;
  invoke(path: string, input?: JsonObject): Promise<JsonObject>;
  /** From operational, as JSON; undefined where there is none. */
  get(path: string): JsonValue | undefined;
  keyFiles(): Promise<readonly string[]>;
  /** The octets of the journal as it stands on disk. */
  journal(): Promise<string>;
  /** Local names of the notifications of our own modules so far; the datastore tells of each change beside them. */
  notifications(): readonly string[];
  close(): Promise<void>;
}

export type TestEdit = readonly [
  operation: 'merge' | 'replace' | 'create' | 'delete' | 'remove',
  path: string,
  value?: JsonValue,
];

export interface DeviceOptions {
  readonly listener: HttpsListener;
  readonly state?: string;
  readonly clock?: FakeClock;
  readonly hosts?: () => readonly string[];
  readonly deviceName?: () => string;
  /** Whether https/listen of the tree says where to listen; on loopback where absent. */
  readonly listensByTree?: boolean;
  /** Wraps the key store, for faults. */
  readonly keyStore?: (store: KeyStore) => KeyStore;
}

/** A device whose https container is served by `listener`; a state directory that is given is opened as it is. */
export async function openDevice(scope: TestContext | Scope, options: DeviceOptions): Promise<Device> {
  const state = options.state ?? join(await temporaryDirectory(scope), 'state');
  const clock = options.clock ?? new FakeClock();
  await prepareStateDirectory(nodeFileSystem, state);
  const masterKey = await MasterKey.load(nodeFileSystem, state, join(state, 'master.key'));
  const store = await openKeyStore(join(state, 'keys'), masterKey as Sealing);
  const keys = new KeyRing(options.keyStore?.(store) ?? store);
  const logged: string[] = [];
  const alarms = alarmsModule({
    now: () => clock.now(),
    log: (level, message) => logged.push(`${level} ${message}`),
  });
  const opened: { datastore?: Datastore } = {};
  const https = httpsModule({
    generator: createKeyGenerator(),
    keys,
    clock,
    checkParameters: unusedChoices,
    deviceName: options.deviceName ?? (() => 'device.example.net'),
    hosts: options.hosts ?? (() => ['device.example.net', '192.0.2.1']),
    hashPassword: (phrase) => hashPassword(phrase),
    verifyPassword: async (hash, phrase) => {
      const parsed = parseHash(hash);
      return parsed !== undefined && verifyPassword(phrase, parsed);
    },
    listener: options.listener,
    makeFactory,
    listenOverride: options.listensByTree === true ? undefined : [{ address: '127.0.0.1', port: 0 }],
    listenDefault: [{ address: '127.0.0.1', port: 0 }],
    alarms,
    failedToOpen: (error) => logged.push(error.line()),
    log: (error) => logged.push(String(error)),
    wentBack: () => opened.datastore?.history()[0]?.kind === 'rollback',
    after: (milliseconds, ring) => clock.after(milliseconds, ring),
    random: () => 0,
  });
  const accounts = {
    hashPassword: (password: string) => hashPassword(password),
    localizeKey: () => Buffer.alloc(32),
    localizePrivacyKey: () => Buffer.alloc(32),
  };
  const facts = { description: 'test', objectId: '1.3.6.1.4.1.32473.1.1', upTime: () => 0 };
  const snmp = snmpModule({
    listener: { prepare: (endpoints) => Promise.resolve({ endpoints, apply: () => {}, abort: () => {} }) },
    listenOverride: undefined,
    listenDefault: [],
    alarms,
    after: () => () => {},
    failedToOpen: (error) => logged.push(error.line()),
    testNotification: () => 0,
    localizeKey: accounts.localizeKey,
    localizePrivacyKey: accounts.localizePrivacyKey,
  });
  const history = historyModule(() => opened.datastore?.history() ?? []);
  const datastore = await openDatastore({
    stateDirectory: state,
    schema,
    retention: retentionOf,
    modules: [
      systemModule(facts),
      accessModule(accounts),
      snmp.registration,
      snmpMibs({
        engineId: () => Buffer.alloc(5),
        boots: () => undefined,
        time: () => 0,
        counter: () => 0,
        notifications: () => undefined,
      }),
      history,
      https.registration,
      alarms.registration,
    ],
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
  });
  opened.datastore = datastore;
  const events: DatastoreEvent[] = [];
  datastore.subscribe((event) => events.push(event));
  await https.open();
  https.begin();
  const session = datastore.session({ user: 'admin', protocol: 'local', address: '' });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= datastore.close());
  scope.after(close);
  return {
    datastore,
    session,
    https,
    alarms,
    keys,
    clock,
    events,
    logged,
    state,
    apply: (edits, commit) => session.apply(edits.map(toEdit), commit),
    edit: (...edit) => toEdit(edit),
    async invoke(path, input = {}) {
      const at = parsePath(schema, path);
      const content = decodeJson(schema, at, input);
      const output = await session.invoke(at, content instanceof Branch ? content : undefined);
      return encodeJson(schema, output.schema as OutputSchema, output) as JsonObject;
    },
    get(path) {
      const at = parsePath(schema, path);
      const content = session.get(at, 'operational');
      if (content === undefined) return undefined;
      const node = at.last?.schema;
      return node === undefined ? undefined : encodeJson(schema, node as DataSchema, content);
    },
    keyFiles: () => readdir(join(state, 'keys')),
    journal: async () => {
      const folder = join(state, 'journal');
      const files = (await readdir(folder)).map((name) => readFile(join(folder, name), 'latin1'));
      return (await Promise.all(files)).join('');
    },
    notifications: () =>
      events.flatMap((event) => {
        const told = event.kind === 'notification' ? event.path.last?.schema : undefined;
        return told?.module.name.startsWith('signet-') === true ? [told.name] : [];
      }),
    close,
  };
}

function toEdit([operation, path, value]: TestEdit): Edit {
  const at = parsePath(schema, path);
  return value === undefined
    ? { operation, path: at }
    : { operation, path: at, content: decodeJson(schema, at, value, { configOnly: true }) };
}

/** What `work` is refused with: `TAG PATH: message`, a line for each error. */
export async function refusalOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error
      .all()
      .map((each) => each.line())
      .join('\n');
  }
  throw new Error('it was not refused');
}

async function makeFactory(): Promise<{ readonly key: KeyObject; readonly chain: readonly Buffer[] }> {
  const { privateKey } = await createKeyGenerator().generate('ec-p256');
  const { der } = await makeSelfSigned({
    privateKey,
    subject: { commonName: 'factory' },
    subjectAltNames: [],
    signatureHash: 'sha256',
    validityDays: 820,
    now: new Date(noon - day),
  });
  return { key: privateKey, chain: [der] };
}

function loadOurs(): Schema {
  const { schema: loaded, errors } = loadSchema({
    directories: [join(repositoryRoot, 'schema')],
    features: supportedFeatures,
  });
  if (errors.length > 0)
    throw new Error(errors.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'));
  return loaded;
}

/** The path of an entry of the certificate list. */
export const entry = (name: string) => `/signet-https:https/certificate[name='${name}']`;

export const serverCertificate = '/signet-https:https/server-certificate';

/** A device whose listener pretends. */
export async function device(context: TestContext): Promise<{ readonly listener: FakeListener; readonly it: Device }> {
  const listener = new FakeListener();
  return { listener, it: await openDevice(context, { listener }) };
}

/** Everything that a refusal must leave as it was. */
export async function everything(it: Device, listener: FakeListener): Promise<unknown> {
  return [
    it.datastore.transaction(),
    it.datastore.running(),
    await it.keyFiles(),
    listener.fingerprint(),
    it.get('/signet-https:https/state'),
    it.notifications(),
  ];
}
