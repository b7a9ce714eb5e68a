/** What expressions are worth as booleans, numbers and strings (XPath 1.0 section 4), and the string-value of nodes (section 5). */
import type { Instance, NodeSchema } from '../instance.js';
import type { Type } from '../types.js';
import { finalType, readLexical, type ValueContext } from '../values.js';
import { Fault } from '../values-fault.js';
import type { Binder } from './binder.js';
import { type Bound, type Evaluate, firstNode, memoised, type NodeSet, type Run, type Walk } from './bound.js';
import { numberText, textNumber, valueNumber, valueText } from './conversions.js';

export function booleanOf(bound: Bound): Evaluate<boolean> {
  switch (bound.kind) {
    case 'boolean':
      return bound.evaluate;
    case 'number': {
      const { evaluate } = bound;
      return (at, run) => {
        const value = evaluate(at, run);
        return value !== 0 && !Number.isNaN(value);
      };
    }
    case 'string': {
      const { evaluate } = bound;
      return (at, run) => evaluate(at, run) !== '';
    }
    case 'nodes':
      return exists(bound);
  }
}

export function numberOf(bound: Bound, binder: Binder): Evaluate<number> {
  switch (bound.kind) {
    case 'boolean': {
      const { evaluate } = bound;
      return (at, run) => (evaluate(at, run) ? 1 : 0);
    }
    case 'number':
      return bound.evaluate;
    case 'string': {
      const { evaluate } = bound;
      return (at, run) => textNumber(evaluate(at, run));
    }
    case 'nodes': {
      if (bound.value !== undefined) {
        const { value } = bound;
        return (at, run) => {
          const leaf = value(at, run);
          return leaf === undefined ? Number.NaN : valueNumber(leaf);
        };
      }
      const text = stringOf(bound, binder);
      return (at, run) => textNumber(text(at, run));
    }
  }
}

export function stringOf(bound: Bound, binder: Binder): Evaluate<string> {
  switch (bound.kind) {
    case 'boolean': {
      const { evaluate } = bound;
      return (at, run) => String(evaluate(at, run));
    }
    case 'number': {
      const { evaluate } = bound;
      return (at, run) => numberText(evaluate(at, run));
    }
    case 'string':
      return bound.evaluate;
    case 'nodes': {
      if (bound.value !== undefined) {
        const { value } = bound;
        return (at, run) => {
          const leaf = value(at, run);
          return leaf === undefined ? '' : valueText(leaf);
        };
      }
      const first = firstNode(bound);
      const text = textOf(bound, binder);
      return (at, run) => {
        const node = first(at, run);
        return node === undefined ? '' : text(node, run);
      };
    }
  }
}

export function exists(set: NodeSet): Evaluate<boolean> {
  const { one, walk, value } = set;
  if (value !== undefined) return (at, run) => value(at, run) !== undefined;
  if (one !== undefined) return (at, run) => one(at, run) !== undefined;
  return memoised(set, (at, run) => walk(at, run, enough));
}

/** The string-value of nodes of a set, whose content then counts as read. */
export function textOf(set: NodeSet, binder: Binder): Evaluate<string> {
  binder.readContent(set.types);
  return stringValue(binder);
}

/** Of a leaf its canonical value; of what holds children the texts in it one after the other (section 5.2). */
export function stringValue(binder: Binder): Evaluate<string> {
  const walks = new Map<NodeSchema, readonly Walk[]>();
  const walksOf = (schema: NodeSchema): readonly Walk[] => {
    let known = walks.get(schema);
    if (known === undefined) {
      known = binder.tree.children(schema).map((child) => binder.access(schema, child).walk);
      walks.set(schema, known);
    }
    return known;
  };
  const text = (node: Instance, run: Run): string => {
    const { schema } = node;
    switch (schema.kind) {
      case 'leaf':
      case 'leaf-list':
      case 'text':
        return node.value === undefined ? '' : valueText(node.scalar);
      case 'anydata':
      case 'anyxml':
        return '';
      default: {
        let all = '';
        for (const walk of walksOf(schema)) {
          walk(node, run, (inner) => {
            const part = text(inner, run);
            run.charge(part.length >> 4);
            all += part;
            return false;
          });
        }
        return all;
      }
    }
  };
  return text;
}

/**
 * The texts of a leaf that a literal stands for: itself, but for identities and instance-identifiers their canonical form
 * by the prefixes of the expression (RFC 7950 9.10, 9.13). In a union it may be either.
 */
export function literalForms(type: Type, literal: string, binder: Binder): readonly string[] {
  const final = finalType(type);
  switch (final.base) {
    case 'identityref':
    case 'instance-identifier':
      return [canonical(final, literal, binder) ?? literal];
    case 'union': {
      const forms = final.members.flatMap((member) => literalForms(member, literal, binder));
      return [...new Set(forms)];
    }
    default:
      return [literal];
  }
}

/** What {@link literalForms} is for the leafs of a set; undefined where each literal stands for itself alone. */
export function literalMatcher(
  set: NodeSet,
  literal: string,
  binder: Binder,
): ((node: Instance, text: string) => boolean) | undefined {
  const forms = new Map<unknown, readonly string[]>();
  let plain = true;
  for (const schema of set.types.keys()) {
    const leaf = schema.kind === 'text' ? schema.leaf : schema;
    if (leaf.kind !== 'leaf' && leaf.kind !== 'leaf-list') continue;
    const own = literalForms(leaf.type, literal, binder);
    if (own.length === 1 && own[0] === literal) continue;
    plain = false;
    forms.set(schema, own);
  }
  if (plain) return undefined;
  return ({ schema }, text) => forms.get(schema)?.includes(text) ?? text === literal;
}

/** `module:name` for an identity that the expression names; undefined where its prefix is unknown. */
export function identityName(text: string, binder: Binder): string | undefined {
  const colon = text.indexOf(':');
  const { unprefixed } = binder.names;
  const module =
    colon >= 0 ? binder.names.prefix(text.slice(0, colon)) : typeof unprefixed === 'string' ? undefined : unprefixed;
  return module === undefined ? undefined : `${module.name}:${text.slice(colon + 1)}`;
}

function canonical(type: Type, literal: string, binder: Binder): string | undefined {
  if (type.base === 'identityref') return identityName(literal, binder);
  const { schema } = binder.guards;
  const context: ValueContext = {
    schema,
    form: 'xml',
    resolvePrefix: (prefix) => {
      const module = prefix === '' ? undefined : binder.names.prefix(prefix);
      return module === undefined ? undefined : schema.modules.get(module.name);
    },
  };
  const value = readLexical(type, literal, context);
  return value instanceof Fault || typeof value !== 'string' ? undefined : value;
}

function enough(): boolean {
  return true;
}
