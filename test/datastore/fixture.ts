/** A small schema and a datastore on a directory of its own, for the tests of this folder. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Edit, JsonEdit, Origin } from '../../src/datastore/index.js';
import {
  type Datastore,
  type DatastoreOptions,
  type ModuleRegistration,
  openDatastore,
} from '../../src/datastore/index.js';
import { decodeJson, type JsonValue, loadSchema, parsePath, type Schema } from '../../src/yang/index.js';

export const admin: Origin = { user: 'admin', protocol: 'xmlrpc', address: '127.0.0.1:1' };

export interface Place {
  readonly directory: string;
  readonly state: string;
  readonly schema: Schema;
  remove(): Promise<void>;
}

let compiled: Schema | undefined;

export async function makePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-datastore-'));
  compiled ??= await compile(directory);
  return {
    directory,
    state: join(directory, 'state'),
    schema: compiled,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Owns everything that the schema of this fixture has of ours. */
export const plainOwner: ModuleRegistration = {
  name: 'test',
  handlers: [{ name: 'box', path: '/signet-test:box' }],
};

export function open(place: Place, options: Partial<DatastoreOptions> = {}): Promise<Datastore> {
  const { state, schema } = place;
  return openDatastore({ stateDirectory: state, schema, modules: [plainOwner], ...options });
}

export function edit(schema: Schema, operation: JsonEdit['operation'], path: string, value?: JsonValue): Edit {
  const at = parsePath(schema, path);
  return value === undefined
    ? { operation, path: at }
    : { operation, path: at, content: decodeJson(schema, at, value) };
}

async function compile(directory: string): Promise<Schema> {
  const folder = join(directory, 'schema');
  await mkdir(folder);
  await writeFile(join(folder, 'signet-test.yang'), module);
  const { schema, errors } = loadSchema({
    directories: [join(root(), 'schema'), folder],
    implement: ['signet-test', 'ietf-factory-default', 'ietf-origin', 'ietf-netconf', 'ietf-netconf-with-defaults'],
  });
  const own = errors.filter(({ file }) => file.startsWith(folder));
  if (own.length > 0) throw new Error(own.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return schema;
}

function root(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json'))) at = dirname(at);
  return at;
}

const module = `
module signet-test {
  yang-version 1.1;
  namespace "urn:signet:yang:signet-test";
  prefix t;
  import signet-extensions { prefix sx; }
  container box {
    leaf title { type string { length "0..20"; } }
    leaf size { type uint32; default "7"; }
    leaf count { type uint64; }
    leaf both { type string; must "../title"; }
    leaf preferred { type leafref { path "../item/name"; } }
    leaf secret { type string { length "1..16"; } sx:sealed; }
    leaf-list word { type string; ordered-by user; }
    leaf flag { type empty; }
    container empty-able { leaf a { type string; } leaf b { type string; } }
    container there { presence "counts"; leaf on { type boolean; default "true"; } }
    choice kind {
      default low;
      case low { leaf low-mark { type int8; default "1"; } }
      case deep { container deep { leaf mark { type int8; default "2"; } } }
      case high { leaf high-mark { type int8; default "9"; } }
    }
    list item {
      key name;
      leaf name { type string; }
      leaf value { type uint32; }
      leaf hint { type string; default "none"; }
      leaf pin { type binary { length "1..8"; } sx:sealed; }
      container made { config false;
        leaf serial { type uint32; }
        leaf note { type string; }
      }
      container now { config false; leaf length { type uint32; } leaf big { type uint64; } }
      action grow {
        input { leaf by { type uint32; default "2"; } leaf reason { type string; mandatory true; } }
        output { leaf value { type uint32; } }
      }
    }
    list step { key n; ordered-by user; leaf n { type uint8; } leaf text { type string; } }
    leaf total { config false; type uint32; }
    notification grown { leaf name { type string; } }
  }
  rpc shout { input { leaf text { type string; } } output { leaf text { type string; } } }
}
`;
