/** XPath 1.0 expressions as they are after reading: names resolved, functions known. They are bound to a schema in binder.ts. */
import type { Value } from '../schema.js';
import type { FunctionName } from './functions.js';

/** One expression of a module, or of a client. Immutable. */
export interface XPathExpression {
  readonly text: string;
  readonly tree: Expression;
  readonly names: XPathNames;
}

/** What names in an expression mean (RFC 7950 6.4.1). */
export interface XPathNames {
  /** The module that a prefix stands for. */
  prefix(prefix: string): { readonly name: string } | undefined;
  /** The module of names without a prefix; `any` lets them match in all modules, `none` in no module. */
  readonly unprefixed: { readonly name: string } | 'any' | 'none';
  /** Where only the form is judged: variables are taken, each for a string. */
  readonly variables?: 'any';
}

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | 'div' | 'mod';

export type Expression =
  | { readonly kind: 'or' | 'and' | 'union'; readonly operands: readonly Expression[] }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'negative'; readonly operand: Expression }
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | FunctionCall
  | { readonly kind: 'filter'; readonly primary: Expression; readonly predicates: readonly Expression[] }
  | LocationPath
  /** A value that was computed before: what a path is compared with, while it is followed by key. */
  | { readonly kind: 'register'; readonly register: Register };

/** Set while one expression is evaluated, by its own parts. */
export interface Register {
  value: Value | undefined;
}

export interface FunctionCall {
  readonly kind: 'call';
  readonly name: FunctionName;
  readonly operands: readonly Expression[];
}

export interface LocationPath {
  readonly kind: 'path';
  readonly start: 'root' | 'context' | Expression;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly axis: Axis;
  readonly test: NodeTest;
  readonly predicates: readonly Expression[];
}

export type NodeTest =
  | {
      readonly kind: 'name';
      /** Name of the module; undefined for any. */
      readonly module: string | undefined;
      /** Undefined for `*`. */
      readonly name: string | undefined;
    }
  | { readonly kind: 'node' | 'text' | 'comment' | 'processing-instruction' | 'nothing' };

export const axes = [
  'ancestor',
  'ancestor-or-self',
  'attribute',
  'child',
  'descendant',
  'descendant-or-self',
  'following',
  'following-sibling',
  'namespace',
  'parent',
  'preceding',
  'preceding-sibling',
  'self',
] as const;

export type Axis = (typeof axes)[number];

export type ValueKind = 'boolean' | 'number' | 'string' | 'nodes';

/** Limits of expressions, wherever they come from. */
export const expressionLimits = {
  /** In characters. */
  length: 65_536,
  /** Parentheses, arguments, steps and predicates, each inside or behind the other: what evaluation has on its stack. */
  depth: 256,
  /** Comparisons and arithmetic operators in all. */
  operators: 1024,
} as const;
