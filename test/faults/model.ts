/** What the fault tests write: pairs of leaves that change together, one pair for each writer. */
import { join } from 'node:path';
import {
  type Datastore,
  type DatastoreOptions,
  type Edit,
  type Origin,
  openDatastore,
} from '../../src/datastore/index.js';
import { loadSchema, parsePath, type Schema } from '../../src/yang/index.js';
import { repositoryRoot } from '../support/places.js';

export const origin: Origin = { user: 'writer', protocol: 'local', address: '' };

/** Points of the history. */
export const kept = 3;

let loaded: Schema | undefined;

function schema(): Schema {
  loaded ??= loadSchema({
    files: [
      {
        name: 'faults.yang',
        text: `module faults { yang-version 1.1; namespace "urn:faults"; prefix f;
          container top { list pair { key w; leaf w { type uint8; } leaf a { type uint32; } leaf b { type uint32; }
            leaf ballast { type string; } } } }`,
      },
    ],
  }).schema;
  return loaded;
}

let sealed: Schema | undefined;

/** What the tests of the master key write: one secret. */
export function sealedSchema(): Schema {
  sealed ??= loadSchema({
    directories: [join(repositoryRoot, 'schema')],
    implement: ['sealed'],
    files: [
      {
        name: 'sealed.yang',
        text: `module sealed { yang-version 1.1; namespace "urn:sealed"; prefix s; import signet-extensions { prefix sx; }
          container top { leaf secret { type string; sx:sealed; } } }`,
      },
    ],
  }).schema;
  return sealed;
}

/** The journal is made shorter after every few commits, to three points. */
export function openModel(stateDirectory: string, options: Partial<DatastoreOptions> = {}): Promise<Datastore> {
  const retention = { count: kept };
  return openDatastore({ stateDirectory, schema: schema(), modules: [], retention, compactAfter: 700, ...options });
}

/** Both leaves of a pair, in one transaction. */
export async function write(store: Datastore, writer: number, value: number): Promise<void> {
  const at = (leaf: string) => parsePath(store.schema, `/faults:top/pair[w='${writer}']/${leaf}`);
  const edits: Edit[] = [
    { operation: 'merge', path: at('a'), content: value },
    { operation: 'merge', path: at('ballast'), content: String(value % 10).repeat(60) },
    { operation: 'merge', path: at('b'), content: value },
  ];
  const session = store.session(origin);
  try {
    await session.apply(edits, { comment: `${writer} ${value}` });
  } finally {
    session.close();
  }
}

/** The value of a writer's pair, 0 where there is none; throws where its halves differ. */
export function pairValue(store: Datastore, writer: number): number {
  const { config } = store.running();
  const read = (leaf: string) => config.get(parsePath(store.schema, `/faults:top/pair[w='${writer}']/${leaf}`)) ?? 0;
  const [a, b] = [read('a'), read('b')];
  if (a !== b) throw new Error(`writer ${writer}: a is ${String(a)}, b is ${String(b)}`);
  return Number(a);
}
