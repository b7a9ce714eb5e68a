/** Asks expressions of one small document, for the XPath tests. */
import assert from 'node:assert/strict';
import {
  compileQuery,
  DataTree,
  decodeJson,
  InstanceIdentifier,
  type JsonValue,
  loadSchema,
  parsePath,
  type QueryOptions,
  type Schema,
} from '../../src/yang/index.js';

export type Answer = string | number | boolean | readonly string[];

export interface Document {
  readonly schema: Schema;
  readonly tree: DataTree;
  /** What an expression gives: of a node-set the paths, without the first step and its module. */
  ask(expression: string, from?: string, options?: Partial<QueryOptions>): Answer;
}

/** A document of the modules in `texts`; names without a prefix are in the first, prefixes are its own or module names. */
export function makeDocument(texts: readonly string[], content: JsonValue): Document {
  const files = texts.map((text, index) => ({ name: `${String(index)}.yang`, text }));
  const { schema, errors } = loadSchema({ files });
  assert.deepEqual(errors, []);
  const own = schema.modules.get(/module\s+([\w-]+)/u.exec(texts[0]!)![1]!)!;
  const tree = new DataTree(schema, decodeJson(schema, InstanceIdentifier.root, content) as DataTree['root']);
  const names = { prefix: (name: string) => own.prefixes.get(name) ?? schema.modules.get(name), unprefixed: own };
  return {
    schema,
    tree,
    ask(expression, from, options) {
      const context = from === undefined ? {} : { from: parsePath(schema, from) };
      const query = compileQuery(schema, expression, { names, ...context, ...options });
      if (query.kind !== 'nodes') return query[query.kind](tree);
      return query.nodes(tree).map((path) => path.toString());
    },
  };
}
