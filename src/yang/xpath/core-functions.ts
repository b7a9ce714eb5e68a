/** The core function library of XPath 1.0 (section 4). */
import { nameOf } from '../accessible.js';
import type { Instance } from '../instance.js';
import type { Binder, Scope } from './binder.js';
import {
  type Bound,
  type Evaluate,
  emptySet,
  firstNode,
  logical,
  memoised,
  type NodeSet,
  numeric,
  type Run,
} from './bound.js';
import { normalizeSpace, stringLength, substring, textNumber, translate, valueNumber } from './conversions.js';
import type { FunctionCall } from './expression.js';
import { booleanOf, numberOf, stringOf, textOf } from './values.js';
import { bindYangFunction } from './yang-functions.js';

export function bindCall(call: FunctionCall, scope: Scope, binder: Binder): Bound {
  const { operands } = call;
  const bound = (index: number): Bound => binder.bind(operands[index]!, scope);
  const nodes = (): NodeSet => binder.nodes(operands[0]!, scope);
  /** Without an argument these functions are about the context node. */
  const own = (): Bound => (operands.length === 0 ? binder.context(scope) : bound(0));
  switch (call.name) {
    case 'last':
      return numeric((_at, run) => run.size);
    case 'position':
      return numeric((_at, run) => run.position);
    case 'count':
      return numeric(count(nodes()));
    case 'sum':
      return numeric(sum(nodes(), binder));
    case 'id':
      // No YANG node has an ID in the sense of XML.
      bound(0);
      return emptySet;
    case 'lang':
      bound(0);
      return logical(() => false);
    case 'local-name':
    case 'name':
    case 'namespace-uri':
      return textual(naming(call.name, own() as NodeSet, binder));
    case 'string':
      return textual(stringOf(own(), binder));
    case 'number':
      return numeric(numberOf(own(), binder));
    case 'boolean':
      return logical(booleanOf(bound(0)));
    case 'not':
      return logical(negated(bound(0)));
    case 'true':
      return logical(() => true);
    case 'false':
      return logical(() => false);
    case 'floor':
      return numeric(mapped(numberOf(bound(0), binder), Math.floor));
    case 'ceiling':
      return numeric(mapped(numberOf(bound(0), binder), Math.ceil));
    case 'round':
      // Halves go towards positive infinity, as section 4.4 has it.
      return numeric(mapped(numberOf(bound(0), binder), Math.round));
    case 'string-length':
      return numeric(charged(stringOf(own(), binder), stringLength));
    case 'normalize-space':
      return textual(charged(stringOf(own(), binder), normalizeSpace));
    default:
      return bindTextFunction(call, scope, binder);
  }
}

/** The functions of which every argument is a string, or a number behind one (section 4.2). */
function bindTextFunction({ name, operands }: FunctionCall, scope: Scope, binder: Binder): Bound {
  const text = (index: number): Evaluate<string> => stringOf(binder.bind(operands[index]!, scope), binder);
  const number = (index: number): Evaluate<number> => numberOf(binder.bind(operands[index]!, scope), binder);
  switch (name) {
    case 'concat':
      return textual(concat(operands.map((_, index) => text(index))));
    case 'starts-with':
      return logical(pair(text(0), text(1), (a, b) => a.startsWith(b)));
    case 'contains':
      return logical(pair(text(0), text(1), (a, b) => a.includes(b)));
    case 'substring-before':
      return textual(pair(text(0), text(1), (a, b) => a.slice(0, Math.max(0, a.indexOf(b)))));
    case 'substring-after':
      return textual(pair(text(0), text(1), (a, b) => (a.includes(b) ? a.slice(a.indexOf(b) + b.length) : '')));
    case 'substring':
      return textual(part(text(0), number(1), operands.length > 2 ? number(2) : undefined));
    case 'translate':
      return textual(translation(text(0), text(1), text(2)));
    default:
      return bindYangFunction(name, operands, scope, binder);
  }
}

export function textual(evaluate: Evaluate<string>): Bound {
  return { kind: 'string', evaluate };
}

function negated(bound: Bound): Evaluate<boolean> {
  const holds = booleanOf(bound);
  return (at, run) => !holds(at, run);
}

function count(set: NodeSet): Evaluate<number> {
  const { walk } = set;
  return memoised(set, (at, run) => {
    let nodes = 0;
    walk(at, run, () => {
      nodes++;
      return false;
    });
    return nodes;
  });
}

function sum(set: NodeSet, binder: Binder): Evaluate<number> {
  const { walk } = set;
  const text = textOf(set, binder);
  return memoised(set, (at, run) => {
    let total = 0;
    walk(at, run, (node) => {
      total +=
        node.branch === undefined && node.value !== undefined ? valueNumber(node.scalar) : textNumber(text(node, run));
      return false;
    });
    return total;
  });
}

/** The prefix in a name is the one that the node's module gives itself. */
function naming(what: 'local-name' | 'name' | 'namespace-uri', set: NodeSet, binder: Binder): Evaluate<string> {
  const first = firstNode(set);
  const { modules } = binder.guards.schema;
  const describe = ({ schema }: Instance): string => {
    if (schema.kind === 'root' || schema.kind === 'text') return '';
    const { module, name } = nameOf(schema);
    if (what === 'local-name') return name;
    const { prefix, namespace } = modules.get(module) ?? schema.module;
    return what === 'name' ? `${prefix}:${name}` : namespace;
  };
  return (at, run) => {
    const node = first(at, run);
    return node === undefined ? '' : describe(node);
  };
}

function mapped(evaluate: Evaluate<number>, change: (value: number) => number): Evaluate<number> {
  return (at, run) => change(evaluate(at, run));
}

function charged<T>(evaluate: Evaluate<string>, work: (text: string) => T): Evaluate<T> {
  return (at, run) => {
    const text = evaluate(at, run);
    run.charge(text.length >> 4);
    return work(text);
  };
}

function pair<T>(a: Evaluate<string>, b: Evaluate<string>, work: (a: string, b: string) => T): Evaluate<T> {
  return (at, run) => {
    const [x, y] = [a(at, run), b(at, run)];
    run.charge((x.length + y.length) >> 6);
    return work(x, y);
  };
}

function concat(parts: readonly Evaluate<string>[]): Evaluate<string> {
  return (at: Instance, run: Run) => {
    let text = '';
    for (const part of parts) text += part(at, run);
    run.charge(text.length >> 4);
    return text;
  };
}

function part(
  source: Evaluate<string>,
  start: Evaluate<number>,
  length: Evaluate<number> | undefined,
): Evaluate<string> {
  return (at, run) => {
    const text = source(at, run);
    run.charge(text.length >> 4);
    return substring(text, start(at, run), length?.(at, run));
  };
}

function translation(source: Evaluate<string>, from: Evaluate<string>, to: Evaluate<string>): Evaluate<string> {
  return (at, run) => {
    const text = source(at, run);
    run.charge(text.length >> 4);
    return translate(text, from(at, run), to(at, run));
  };
}
