/** The XML-RPC endpoint behind HTTP and TLS, over a session that keeps its tree in memory and checks nothing. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommitOptions, CommitResult, Edit, Origin, Session } from '../../../src/datastore/index.js';
import { ConfigError } from '../../../src/error.js';
import { type XmlRpcOptions, xmlRpcRoute } from '../../../src/northbound/xmlrpc/index.js';
import { type Branch, DataTree, decodeJson, loadSchema, type Schema } from '../../../src/yang/index.js';
import { type Harness, start } from '../http/support.js';

/** Our own modules, and one with a leaf of each type. */
export function testSchema(): Schema {
  const root = repository();
  const directories = [join(root, 'schema'), join(root, 'test/fixtures/xmlrpc')];
  const { schema, errors } = loadSchema({ directories });
  const [error] = errors;
  if (error !== undefined) throw new Error(`${error.file}:${error.line}: ${error.message}`);
  return schema;
}

/** What sessions share: running, the candidates by name, and what they were asked to do. */
export class FakeStore {
  readonly schema: Schema;
  running: DataTree;
  readonly candidates = new Map<string, DataTree>();
  readonly calls: { readonly name: string; readonly arguments: readonly unknown[] }[] = [];
  transaction = 1;
  /** Thrown by the next apply or commit. */
  refusal: unknown;

  constructor(schema: Schema) {
    this.schema = schema;
    this.running = DataTree.empty(schema);
  }

  session(origin: Origin): Session {
    const edited = (tree: DataTree, edits: readonly Edit[]): DataTree => {
      const editor = tree.edit();
      for (const { operation, path, content } of edits) {
        if (operation === 'delete' || operation === 'remove') {
          if (!editor.remove(path) && operation === 'delete') {
            throw new ConfigError({ tag: 'data-missing', path: path.toString(), message: 'there is no such data' });
          }
        } else if (content !== undefined) editor.set(path, content);
      }
      return editor.finish();
    };
    const candidate = (name: string | undefined): DataTree => this.candidates.get(name ?? '') ?? this.running;
    const commit = (tree: DataTree, options: CommitOptions | undefined): Promise<CommitResult> => {
      if (this.refusal !== undefined) return Promise.reject(this.refusal as Error);
      if (options?.testOnly !== true) {
        this.running = tree;
        this.transaction += 1;
      }
      const persistId = options?.confirmTimeout === undefined ? undefined : 'persist-me';
      return Promise.resolve({
        transaction: String(this.transaction),
        findings: [{ severity: 'warning', path: '/x', text: 'look' }],
        ...(persistId === undefined ? {} : { persistId }),
      });
    };
    const note = (name: string, ...parameters: unknown[]): void =>
      void this.calls.push({ name, arguments: parameters });
    const running = () => this.running;
    function* reading(...[path, { datastore, candidate: name } = {}]: Parameters<Session['reading']>) {
      yield;
      const content = (datastore === 'candidate' ? candidate(name) : running()).get(path);
      return content === undefined ? undefined : { content, annotations: undefined };
    }
    const session: Partial<Session> = {
      origin,
      schema: this.schema,
      reading: (path, options) => reading(path, options),
      leaf: (path) => this.running.get(path) as ReturnType<Session['leaf']>,
      transaction: () => String(this.transaction),
      apply: (edits, options) => {
        note('apply', edits, options);
        return commit(edited(this.running, edits), options);
      },
      edit: (edits, name) => void this.candidates.set(name ?? '', edited(candidate(name), edits)),
      validate: (name) => {
        note('validate', name);
        return this.refusal === undefined ? Promise.resolve([]) : Promise.reject(this.refusal as Error);
      },
      commit: (options, name) => commit(candidate(name), options),
      discard: (name) => void this.candidates.delete(name ?? ''),
      diff: (_between, name) => {
        note('diff', name);
        return [];
      },
      confirm: (id) => Promise.resolve(note('confirm', id)),
      cancel: (id) => Promise.resolve(note('cancel', id)),
      history: () => [{ transaction: '1', time: 0, origin, comment: 'ü', kind: 'commit' }],
      rollback: (transaction, options) => {
        note('rollback', transaction, options);
        return commit(this.running, options);
      },
      invoke: (path, input) => {
        note('invoke', path.toString(), input);
        return Promise.resolve(decodeJson(this.schema, path, { pem: 'PEM' }, { parameters: 'output' }) as Branch);
      },
      close: () => {},
    };
    return session as Session;
  }
}

export interface Endpoint extends Harness {
  readonly store: FakeStore;
}

export async function startEndpoint(schema: Schema, options: Partial<XmlRpcOptions> = {}): Promise<Endpoint> {
  const store = new FakeStore(schema);
  const logged: unknown[] = [];
  const route = xmlRpcRoute({ schema, log: (...entry) => void logged.push(entry), ...options });
  const harness = await start({ routes: [route], openSession: (origin) => store.session(origin) });
  return { ...harness, store, logged };
}

function repository(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
