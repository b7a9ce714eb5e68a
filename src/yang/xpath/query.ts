/** XPath on behalf of others: filters of NETCONF (RFC 6241 8.9), searches, comparisons in tests. Nothing is kept between calls. */
import { ConfigError } from '../../error.js';
import { AccessibleTree, type View } from '../accessible.js';
import { Instance, type NodeSchema } from '../instance.js';
import { InstanceIdentifier } from '../path.js';
import type { Schema } from '../schema.js';
import type { DataTree } from '../tree.js';
import { Binder, contextScope } from './binder.js';
import { type Bound, type Evaluate, Run, sortedNodes } from './bound.js';
import type { ValueKind, XPathNames } from './expression.js';
import { Guards } from './guards.js';
import { compileXPath } from './parser.js';
import { booleanOf, numberOf, stringOf } from './values.js';

export interface QueryOptions {
  readonly names: XPathNames;
  /** The context node, and what current() is; the root by default. Nothing is found from where no node is. */
  readonly from?: InstanceIdentifier;
  /** Whether state can be seen; `all` by default. */
  readonly view?: View;
  /** What an evaluation may cost, in nodes passed, more or less; a million by default: some tens of milliseconds. */
  readonly steps?: number;
}

/** An expression that is ready to be asked of trees of its schema. All methods throw `resource-denied` beyond the steps. */
export interface XPathQuery {
  readonly kind: ValueKind;
  /** In document order. Throws `invalid-value` where the expression gives no node-set. */
  nodes(tree: DataTree): readonly InstanceIdentifier[];
  string(tree: DataTree): string;
  number(tree: DataTree): number;
  boolean(tree: DataTree): boolean;
}

/** Throws ConfigError `invalid-value` for what is no expression, and `too-big` for one that goes through too much schema. */
export function compileQuery(schema: Schema, text: string, options: QueryOptions): XPathQuery {
  const { names, from = InstanceIdentifier.root, view = 'all' } = options;
  const context = contextSchema(schema, from);
  const config = new Guards(schema, new AccessibleTree(schema.root, 'config'));
  const guards = view === 'config' ? config : new Guards(schema, new AccessibleTree(schema.root, 'all'), config);
  const binder = new Binder(names, guards);
  const bound = binder.bind(parse(text, names).tree, contextScope(context));
  const at = contextAt(from, guards);
  const ask = <T>(tree: DataTree, evaluate: Evaluate<T>, otherwise: T): T => {
    const run = new Run(Instance.root(tree.root), options.steps ?? defaultSteps);
    const node = at(run);
    if (node === undefined) return otherwise;
    run.begin(node);
    return evaluate(node, run);
  };
  return {
    kind: bound.kind,
    nodes: (tree) => ask(tree, nodesOf(bound), []).map((node) => node.path),
    string: (tree) => ask(tree, stringOf(bound, binder), ''),
    number: (tree) => ask(tree, numberOf(bound, binder), Number.NaN),
    boolean: (tree) => ask(tree, booleanOf(bound), false),
  };
}

function parse(text: string, names: XPathNames): ReturnType<typeof compileXPath> {
  try {
    return compileXPath(text, names);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new ConfigError({ tag: 'invalid-value', message: thrown.message });
    throw thrown;
  }
}

function nodesOf(bound: Bound): Evaluate<Instance[]> {
  if (bound.kind === 'nodes') return sortedNodes(bound);
  throw new ConfigError({ tag: 'invalid-value', message: `the expression gives a ${bound.kind}, not nodes` });
}

function contextSchema(schema: Schema, from: InstanceIdentifier): NodeSchema {
  const last = from.last?.schema;
  if (last === undefined) return schema.root;
  if ('slot' in last) return last;
  throw new RangeError(`${from.toString()} is no data node`);
}

/** Finds the instance that a path names; the first of a list or leaf-list that is named as a whole. */
function contextAt(path: InstanceIdentifier, guards: Guards): (run: Run) => Instance | undefined {
  return (run) => {
    let at: Instance | undefined = run.root;
    for (const { schema, keys, position } of path.steps) {
      let found: Instance | undefined;
      guards.access(schema as NodeSchema).walk(at, run, (node) => {
        if (!isMeant(node, keys, position)) return false;
        found = node;
        return true;
      });
      at = found;
      if (at === undefined) return undefined;
    }
    return at;
  };
}

function isMeant(node: Instance, keys: readonly unknown[] | undefined, position: number | undefined): boolean {
  if (position !== undefined) return node.place === position - 1;
  if (keys === undefined) return true;
  return node.schema.kind === 'leaf-list'
    ? node.value === keys[0]
    : (node.branch?.keys().every((key, index) => key === keys[index]) ?? false);
}

const defaultSteps = 1_000_000;
