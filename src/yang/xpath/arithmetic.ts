/** Numeric operators (XPath 1.0 section 3.5): IEEE 754, with NaN, infinities and a remainder that truncates. */
import type { Binder } from './binder.js';
import type { Bound, Evaluate } from './bound.js';
import type { ArithmeticOperator } from './expression.js';
import { numberOf } from './values.js';

export function bindArithmetic(operator: ArithmeticOperator, left: Bound, right: Bound, binder: Binder): Bound {
  return { kind: 'number', evaluate: calculate(operator, numberOf(left, binder), numberOf(right, binder)) };
}

export function bindNegative(operand: Bound, binder: Binder): Bound {
  const number = numberOf(operand, binder);
  return { kind: 'number', evaluate: (at, run) => -number(at, run) };
}

function calculate(operator: ArithmeticOperator, left: Evaluate<number>, right: Evaluate<number>): Evaluate<number> {
  switch (operator) {
    case '+':
      return (at, run) => left(at, run) + right(at, run);
    case '-':
      return (at, run) => left(at, run) - right(at, run);
    case '*':
      return (at, run) => left(at, run) * right(at, run);
    case 'div':
      return (at, run) => left(at, run) / right(at, run);
    case 'mod':
      return (at, run) => left(at, run) % right(at, run);
  }
}
