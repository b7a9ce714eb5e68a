/** Predicates (XPath 1.0 section 2.4): filters that may count, and keys of lists, which are looked up instead. */
import type { Instance } from '../instance.js';
import type { Binder, Scope } from './binder.js';
import type { Evaluate, NodeSet, Run, Walk } from './bound.js';
import type { Expression, Step } from './expression.js';
import { bindKeys } from './keyed.js';
import { usesSize } from './position.js';
import { booleanOf } from './values.js';

/** The nodes of one step that all of its predicates let through. */
export function bindPredicates(reached: NodeSet, step: Step, scope: Scope, binder: Binder): NodeSet {
  if (step.predicates.length === 0) return reached;
  const keyed = step.axis === 'child' ? bindKeys(reached, step.predicates, scope, binder) : undefined;
  let set = keyed?.set ?? reached;
  for (const predicate of keyed?.others ?? step.predicates) set = bindPredicate(set, predicate, scope, binder);
  return set;
}

function bindPredicate(set: NodeSet, predicate: Expression, scope: Scope, binder: Binder): NodeSet {
  const inner: Scope = { types: set.types, current: scope.current, isCurrent: false };
  const bound = binder.bind(predicate, inner);
  const cost = sizeOf(predicate);
  let test: Evaluate<boolean>;
  if (bound.kind === 'number') {
    const { evaluate } = bound;
    test = (node, run) => evaluate(node, run) === run.position;
  } else {
    test = booleanOf(bound);
  }
  const { walk, one } = set;
  const needsSize = usesSize(predicate);
  const filtered = needsSize ? sizedFilter(walk, test, cost) : filter(walk, test, cost);
  const filteredOne: NodeSet['one'] =
    one &&
    ((from, run) => {
      const node = one(from, run);
      return node !== undefined && check(test, node, 1, 1, run) ? node : undefined;
    });
  const value: NodeSet['value'] = filteredOne && set.value && leafValue(filteredOne);
  return { ...set, walk: filtered, one: filteredOne, value, isPlain: false };
}

function leafValue(one: Evaluate<Instance | undefined>): NonNullable<NodeSet['value']> {
  return (from, run) => {
    const node = one(from, run);
    return node === undefined ? undefined : (node.scalar ?? '');
  };
}

function filter(walk: Walk, test: Evaluate<boolean>, cost: number): Walk {
  return (from, run, sink) => {
    let position = 0;
    return walk(from, run, (node) => {
      run.charge(cost);
      position++;
      return check(test, node, position, run.size, run) && sink(node);
    });
  };
}

function sizedFilter(walk: Walk, test: Evaluate<boolean>, cost: number): Walk {
  return (from, run, sink) => {
    const nodes: Instance[] = [];
    walk(from, run, (node) => {
      nodes.push(node);
      return false;
    });
    run.charge(cost * nodes.length);
    return nodes.some((node, index) => check(test, node, index + 1, nodes.length, run) && sink(node));
  };
}

/** Evaluates a predicate with its own position and size, and puts those of the expression around it back. */
function check(test: Evaluate<boolean>, node: Instance, position: number, size: number, run: Run): boolean {
  const { position: outerPosition, size: outerSize } = run;
  run.position = position;
  run.size = size;
  const result = test(node, run);
  run.position = outerPosition;
  run.size = outerSize;
  return result;
}

/** How many parts an expression has: what evaluating it may cost where it reads no list. */
function sizeOf(expression: Expression): number {
  switch (expression.kind) {
    case 'or':
    case 'and':
    case 'union':
    case 'call':
      return sum(expression.operands);
    case 'comparison':
    case 'arithmetic':
      return 1 + sizeOf(expression.left) + sizeOf(expression.right);
    case 'negative':
      return 1 + sizeOf(expression.operand);
    case 'filter':
      return sizeOf(expression.primary) + sum(expression.predicates);
    case 'path': {
      const start = typeof expression.start === 'string' ? 0 : sizeOf(expression.start);
      return expression.steps.reduce((size, step) => size + sum(step.predicates), start + expression.steps.length);
    }
    default:
      return 1;
  }
}

function sum(expressions: readonly Expression[]): number {
  return expressions.reduce((size, each) => size + sizeOf(each), 1);
}
