/** The functions that YANG adds (RFC 7950 section 10). */
import type { Instance } from '../instance.js';
import { compilePattern, type Pattern } from '../pattern.js';
import type { Identity, LeafListSchema, LeafSchema } from '../schema.js';
import type { Type } from '../types.js';
import { finalType, memberOf } from '../values.js';
import type { Binder, Scope } from './binder.js';
import { type Bound, type Evaluate, firstNode, logical, type NodeSet, numeric, type Run } from './bound.js';
import { valueText } from './conversions.js';
import { bindDeref } from './deref.js';
import type { Expression } from './expression.js';
import type { FunctionName } from './functions.js';
import { identityName, stringOf, textOf } from './values.js';

export function bindYangFunction(
  name: FunctionName,
  operands: readonly Expression[],
  scope: Scope,
  binder: Binder,
): Bound {
  const nodes = (): NodeSet => binder.nodes(operands[0]!, scope);
  switch (name) {
    case 'current':
      return binder.current(scope);
    case 're-match':
      return logical(reMatch(operands, scope, binder));
    case 'deref':
      return bindDeref(nodes(), binder);
    case 'derived-from':
    case 'derived-from-or-self':
      return logical(derivedFrom(nodes(), operands[1]!, name === 'derived-from-or-self', scope, binder));
    case 'enum-value':
      return numeric(enumValue(nodes(), binder));
    case 'bit-is-set':
      return logical(bitIsSet(nodes(), stringOf(binder.bind(operands[1]!, scope), binder), binder));
    default:
      throw new RangeError(`no function ${name}`);
  }
}

/** RFC 7950 10.2.1: the pattern is matched whole, as that of a type is, in time linear in the subject. */
function reMatch([subject, pattern]: readonly Expression[], scope: Scope, binder: Binder): Evaluate<boolean> {
  const text = stringOf(binder.bind(subject!, scope), binder);
  if (pattern!.kind === 'literal') {
    const compiled = compilePattern(pattern!.value);
    return (at, run) => match(compiled, text(at, run), run);
  }
  const source = stringOf(binder.bind(pattern!, scope), binder);
  const patterns = new Map<string, Pattern>();
  return (at, run) => {
    const wanted = source(at, run);
    let compiled = patterns.get(wanted);
    if (compiled === undefined) {
      run.charge(wanted.length);
      try {
        compiled = compilePattern(wanted);
      } catch (thrown) {
        if (!(thrown instanceof SyntaxError)) throw thrown;
        // What is no regular expression matches nothing.
        compiled = { matches: () => false };
      }
      if (patterns.size >= maxPatterns) patterns.clear();
      patterns.set(wanted, compiled);
    }
    return match(compiled, text(at, run), run);
  };
}

function match(pattern: Pattern, text: string, run: Run): boolean {
  run.charge(text.length >> 2);
  return pattern.matches(text);
}

/** RFC 7950 10.4: true where any node is an identityref whose identity is derived from the named one. */
function derivedFrom(
  set: NodeSet,
  identity: Expression,
  orSelf: boolean,
  scope: Scope,
  binder: Binder,
): Evaluate<boolean> {
  const { identities } = binder.guards.schema;
  const admitted = (text: string): ReadonlySet<string> => {
    const base = identities.get(identityName(text, binder) ?? '');
    return base === undefined ? new Set() : namesFrom(base, orSelf);
  };
  const text = textOf(set, binder);
  const { walk, value } = set;
  if (identity.kind === 'literal') {
    const names = admitted(identity.value);
    if (value !== undefined) {
      return (at, run) => {
        const leaf = value(at, run);
        return typeof leaf === 'string' && names.has(leaf);
      };
    }
    return (at, run) => walk(at, run, (node) => names.has(text(node, run)));
  }
  const name = stringOf(binder.bind(identity, scope), binder);
  return (at, run) => {
    const names = admitted(name(at, run));
    return walk(at, run, (node) => names.has(text(node, run)));
  };
}

function namesFrom(base: Identity, orSelf: boolean): ReadonlySet<string> {
  const identities = orSelf ? [base, ...base.derived] : [...base.derived];
  return new Set(identities.map((identity) => `${identity.module.name}:${identity.name}`));
}

/** RFC 7950 10.5.1: the number of an enum; NaN for what is none. */
function enumValue(set: NodeSet, binder: Binder): Evaluate<number> {
  const first = firstNode(set);
  return (at, run) => {
    const node = first(at, run);
    const type = node === undefined ? undefined : typeOf(node, binder);
    if (type?.base !== 'enumeration') return Number.NaN;
    return type.enums.find((each) => each.name === node!.scalar)?.value ?? Number.NaN;
  };
}

/** RFC 7950 10.6.1. */
function bitIsSet(set: NodeSet, bit: Evaluate<string>, binder: Binder): Evaluate<boolean> {
  const first = firstNode(set);
  return (at, run) => {
    const node = first(at, run);
    if (node === undefined || typeOf(node, binder)?.base !== 'bits') return false;
    return valueText(node.scalar).split(' ').includes(bit(at, run));
  };
}

/** The type that the value of a leaf belongs to: of a union the member. */
function typeOf({ schema, value, scalar }: Instance, binder: Binder): Type | undefined {
  if ((schema.kind !== 'leaf' && schema.kind !== 'leaf-list') || value === undefined) return undefined;
  const type = finalType((schema as LeafSchema | LeafListSchema).type);
  if (type.base !== 'union') return type;
  const member = memberOf(type, scalar, { schema: binder.guards.schema });
  return member === undefined ? undefined : finalType(member);
}

const maxPatterns = 64;
