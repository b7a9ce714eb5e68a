/** A datastore with access control, over a module with a node of every kind that rules can speak of. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Datastore,
  type DatastoreOptions,
  type Edit,
  type ModuleRegistration,
  openDatastore,
  type Protocol,
  type Session,
} from '../../src/datastore/index.js';
import {
  Branch,
  decodeJson,
  encodeJson,
  type JsonObject,
  type JsonValue,
  loadSchema,
  parsePath,
  type Schema,
} from '../../src/yang/index.js';
import { repositoryRoot } from '../support/places.js';

export interface Guarded {
  readonly schema: Schema;
  readonly datastore: Datastore;
  /** Groups that come from outside the tree. */
  readonly external: Map<string, readonly string[]>;
  as(user: string, protocol?: Protocol): Session;
  edit(operation: Edit['operation'], path: string, value?: JsonValue): Edit;
  /** Puts this in the place of the whole `nacm` container. */
  rules(nacm: JsonObject): Promise<void>;
  /** What the session reads, as JSON; undefined where nothing. */
  read(session: Session, path: string): JsonValue | undefined;
  invoke(session: Session, path: string, input?: JsonObject): Promise<JsonValue>;
  notify(path: string, content: JsonObject): void;
  close(): Promise<void>;
}

export async function openGuarded(
  data: JsonObject = {},
  options: Pick<DatastoreOptions, 'refused' | 'startup'> = {},
): Promise<Guarded> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-access-'));
  const folder = join(directory, 'schema');
  await mkdir(folder);
  await writeFile(join(folder, 'acme.yang'), acme);
  await writeFile(join(folder, 'acme-more.yang'), more);
  const { schema, errors } = loadSchema({
    directories: [join(repositoryRoot, 'schema'), folder],
    implement: ['acme', 'acme-more', 'ietf-netconf-acm', 'ietf-netconf-notifications'],
  });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${error.file}:${error.line}: ${error.message}`);
  const external = new Map<string, readonly string[]>();
  let notify: Guarded['notify'] = () => undefined;
  const module: ModuleRegistration = {
    name: 'acme',
    groups: (_root, user) => external.get(user) ?? [],
    actions: [
      {
        path: '/acme:interfaces/interface/reset',
        invoke: async (context, instance) => {
          const path = parsePath(schema, `${instance.toString()}/mtu`);
          await context.commit({ edits: [{ operation: 'merge', path, value: 1500 }] });
          return {};
        },
      },
      { path: '/acme:interfaces/interface/look', invoke: () => Promise.resolve({}) },
      { path: '/acme:erase', invoke: () => Promise.resolve({}) },
      { path: '/acme:ping', invoke: () => Promise.resolve({}) },
    ],
    start: (services) => {
      notify = (path, content) => services.notify(parsePath(schema, path), content);
    },
  };
  const datastore = await openDatastore({
    stateDirectory: join(directory, 'state'),
    schema,
    modules: [module],
    ...options,
  });
  const at = (path: string) => parsePath(schema, path);
  for (const [path, value] of Object.entries(data)) {
    await datastore.commit({ edits: [{ operation: 'merge', path: at(path), value: value! }] });
  }
  return {
    schema,
    datastore,
    external,
    as: (user, protocol = 'netconf') => datastore.session({ user, protocol, address: '127.0.0.1:1' }),
    edit: (operation, path, value) =>
      value === undefined
        ? { operation, path: at(path) }
        : { operation, path: at(path), content: decodeJson(schema, at(path), value) },
    async rules(nacm) {
      await datastore.commit({ edits: [{ operation: 'replace', path: at('/ietf-netconf-acm:nacm'), value: nacm }] });
    },
    read(session, path) {
      const content = session.get(at(path));
      if (content === undefined) return undefined;
      const { last } = at(path);
      return encodeJson(schema, last === undefined ? schema.root : (last.schema as never), content);
    },
    async invoke(session, path, input = {}) {
      const decoded = decodeJson(schema, at(path), input);
      const output = await session.invoke(at(path), decoded instanceof Branch ? decoded : undefined);
      return encodeJson(schema, output.schema as never, output);
    },
    notify: (path, content) => notify(path, content),
    async close() {
      await datastore.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export const interfaces: JsonObject = {
  '/acme:interfaces': {
    interface: [
      { name: 'dummy', mtu: 1400, tag: ['a', 'b'] },
      { name: 'eth0', mtu: 9000, secret: 'x', 'acme-more:color': 'red' },
    ],
  },
  '/acme:stats': { limit: 5 },
};

const acme = `
module acme {
  yang-version 1.1;
  namespace "urn:acme"; prefix ac;
  import ietf-netconf-acm { prefix nacm; }
  container interfaces {
    list interface {
      key name;
      leaf name { type string; }
      leaf mtu { type uint16; }
      leaf secret { type string; nacm:default-deny-all; }
      leaf fixed { type string; nacm:default-deny-write; }
      leaf-list tag { type string; }
      container inner { leaf deep { type string; } }
      action reset;
      action look { nacm:default-deny-all; }
      notification flap { leaf count { type uint8; } }
    }
  }
  container stats { leaf limit { type uint8; } leaf spare { type uint8; } }
  container vault { presence "there"; nacm:default-deny-all; leaf code { type string; } }
  list pair { key "a b"; leaf a { type string; } leaf b { type uint8; } leaf v { type string; } }
  rpc ping;
  rpc erase { nacm:default-deny-all; }
  notification rang { leaf text { type string; } }
  notification alarmed { nacm:default-deny-all; leaf text { type string; } }
}
`;

const more = `
module acme-more {
  yang-version 1.1;
  namespace "urn:acme-more"; prefix am;
  import acme { prefix ac; }
  augment "/ac:interfaces/ac:interface" { leaf color { type string; } }
}
`;
