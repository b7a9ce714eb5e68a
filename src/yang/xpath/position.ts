/** Whether an expression asks for the place of the context node among the others (XPath 1.0 section 4.1). */
import type { Expression } from './expression.js';
import { kindOf } from './parser.js';

/** True where the result depends on the place of the node among the others. */
export function isPositional(predicate: Expression): boolean {
  return kindOf(predicate) === 'number' || uses(predicate, positional);
}

/** True where the number of nodes that are filtered has to be known. */
export function usesSize(predicate: Expression): boolean {
  return uses(predicate, last);
}

/** True where one of the functions is called for the predicate's own context, not for one further in. */
function uses(expression: Expression, names: ReadonlySet<string>): boolean {
  switch (expression.kind) {
    case 'or':
    case 'and':
    case 'union':
      return expression.operands.some((operand) => uses(operand, names));
    case 'comparison':
    case 'arithmetic':
      return uses(expression.left, names) || uses(expression.right, names);
    case 'negative':
      return uses(expression.operand, names);
    case 'call':
      return names.has(expression.name) || expression.operands.some((operand) => uses(operand, names));
    case 'filter':
      return uses(expression.primary, names);
    case 'path':
      return typeof expression.start !== 'string' && uses(expression.start, names);
    default:
      return false;
  }
}

const positional: ReadonlySet<string> = new Set(['position', 'last']);
const last: ReadonlySet<string> = new Set(['last']);
