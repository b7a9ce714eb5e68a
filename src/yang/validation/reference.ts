/** Existence of what leafrefs and instance-identifiers refer to (RFC 7950 9.9, 9.13), in unions too (9.12). */
import type { Instance, NodeSchema } from '../instance.js';
import type { DataSchema, LeafListSchema, LeafSchema, Value } from '../schema.js';
import type { InstanceIdentifierType, LeafrefType, Type } from '../types.js';
import { readLexical, type ValueContext } from '../values.js';
import { Fault } from '../values-fault.js';
import { Binder } from '../xpath/binder.js';
import type { NodeSet, Run } from '../xpath/bound.js';
import { valueText } from '../xpath/conversions.js';
import { leafrefNodes, referenceTypes, walkInstance } from '../xpath/deref.js';
import type { LocationPath } from '../xpath/expression.js';
import type { Guards } from '../xpath/guards.js';
import type { Read } from '../xpath/reads.js';
import { placeOf, ValueIndex } from './value-index.js';

type Leaf = LeafSchema | LeafListSchema;

export interface Reference {
  /** What the leaf, holding a value, refers to and does not find; undefined where all is well. */
  missing(leaf: Instance, pass: IndexedRun): string | undefined;
  readonly reads: readonly Read[];
  /** The leafs that it may refer to. */
  readonly targets: readonly DataSchema[];
  /** True where any node at all may be referred to. */
  readonly isPointer: boolean;
}

/** A run over a tree, with the indexes of that tree. */
export interface IndexedRun {
  readonly run: Run;
  index(leaf: Leaf): ValueIndex;
}

type Exists = (leaf: Instance, pass: IndexedRun) => boolean;

/** Undefined where nothing that the leaf may hold requires an instance. */
export function bindReference(leaf: Leaf, guards: Guards): Reference | undefined {
  const required = referenceTypes(leaf.type).filter((type) => type.requireInstance);
  if (required.length === 0) return undefined;
  const reads: Read[] = [];
  const checks = new Map<Type, Exists>();
  for (const type of required) {
    if (type.base === 'leafref') checks.set(type, leafrefExists(leaf, type, guards, reads));
    else checks.set(type, ({ scalar }, { run }) => walkInstance(scalar, run, guards, () => true));
  }
  const context: ValueContext = {
    schema: guards.schema,
    form: 'json',
    resolvePrefix: (prefix) => guards.schema.modules.get(prefix),
  };
  return {
    reads,
    targets: required.flatMap((type) => (type.base === 'leafref' ? [type.target] : [])),
    isPointer: required.some((type) => type.base === 'instance-identifier'),
    missing: (node, pass) => missing(leaf.type, node, pass, checks, context),
  };
}

/** A union is satisfied by any member that takes the value and finds what it refers to (RFC 7950 9.12). */
function missing(
  type: Type,
  node: Instance,
  pass: IndexedRun,
  checks: ReadonlyMap<Type, Exists>,
  context: ValueContext,
): string | undefined {
  if (type.base !== 'union') {
    const exists = checks.get(type);
    return exists === undefined || exists(node, pass) ? undefined : describe(type as LeafrefType, node.scalar);
  }
  let first: string | undefined;
  for (const member of type.members) {
    if (!admits(member, node.scalar, context)) continue;
    const lacks = missing(member, node, pass, checks, context);
    if (lacks === undefined) return undefined;
    first ??= lacks;
  }
  return first;
}

/** By the text alone: a value that came as that of one member may be one of another as well. */
function admits(type: Type, value: Value, context: ValueContext): boolean {
  const text = valueText(value);
  const read = readLexical(type, text, context);
  return !(read instanceof Fault) && valueText(read) === text;
}

function describe(type: LeafrefType | InstanceIdentifierType, value: Value): string {
  if (type.base === 'instance-identifier') return `there is no ${String(value)}`;
  return `there is no ${type.target.path} with the value ${String(value)}`;
}

function leafrefExists(leaf: Leaf, type: LeafrefType, guards: Guards, reads: Read[]): Exists {
  const binder = new Binder(type.path.names, guards);
  const set = leafrefNodes(leaf, type, { pivot: leaf, narrow: undefined }, binder);
  reads.push(...binder.reads);
  const byPath: Exists = (node, { run }) => set.walk(node, run, () => true);
  const { target } = type;
  if (!set.isCostly || !isWhole(type.path.tree as LocationPath) || !ValueIndex.suits(target)) return byPath;
  const pivot = pivotOf(set, target);
  const implied: readonly Value[] = target.kind === 'leaf-list' ? target.defaults : asArray(target.default);
  return (node, pass) => {
    const { scalar } = node;
    if (pass.index(target).has(scalar, placeOf(node.above(pivot)))) return true;
    return implied.includes(scalar) && byPath(node, pass);
  };
}

/** True where the path goes through all entries of the lists on its way. */
function isWhole({ steps }: LocationPath): boolean {
  return steps.every(({ predicates }) => predicates.length === 0);
}

function pivotOf({ types }: NodeSet, target: Leaf): NodeSchema {
  return types.get(target)!.pivot;
}

function asArray(value: Value | undefined): readonly Value[] {
  return value === undefined ? [] : [value];
}
