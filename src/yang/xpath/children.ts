/** From an instance to its children of one schema node, those included that nobody wrote (RFC 7950 6.4.1). */
import { choicesAround, emptyBranch, isSelected, writtenContainer } from '../accessible.js';
import { Instance, type NodeSchema, type TextSchema } from '../instance.js';
import type {
  AnySchema,
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Value,
} from '../schema.js';
import type { AnyContent, Branch } from '../tree-branch.js';
import type { ListData } from '../tree-list.js';
import type { Evaluate, Walk } from './bound.js';
import { valueText } from './conversions.js';
import type { Guards } from './guards.js';

/** How the children of one schema node are reached. */
export interface ChildAccess {
  readonly walk: Walk;
  /** For all but lists and leaf-lists. */
  readonly one: Evaluate<Instance | undefined> | undefined;
  /** For leafs. */
  readonly value: Evaluate<Value | undefined> | undefined;
}

export function childAccess(schema: NodeSchema, guards: Guards): ChildAccess {
  switch (schema.kind) {
    case 'leaf':
      return leafAccess(schema, guards);
    case 'leaf-list':
      return { walk: leafListWalk(schema, guards), one: undefined, value: undefined };
    case 'list':
      return { walk: listWalk(schema), one: undefined, value: undefined };
    case 'container':
      return single(containerAccess(schema, guards));
    case 'anydata':
    case 'anyxml':
      return single(anyAccess(schema));
    case 'text':
      return single(textAccess(schema));
    case 'root':
      return single(() => undefined);
    default:
      return single((from, run) => (run.body?.schema === schema && run.body.parent!.is(from) ? run.body : undefined));
  }
}

/** What lets an unwritten node exist below `parent`, apart from its default or being a container without presence. */
export function impliedWhen(schema: DataSchema, guards: Guards): Evaluate<boolean> {
  const inChoice = choicesAround(schema).length > 0;
  const isGuarded = guards.has(schema);
  return (parent, run) =>
    (!inChoice || isSelected(schema, parent.branch!)) && (!isGuarded || guards.hold(schema, parent, run));
}

function single(one: Evaluate<Instance | undefined>): ChildAccess {
  return { walk: walkOne(one), one, value: undefined };
}

export function walkOne(one: Evaluate<Instance | undefined>): Walk {
  return (from, run, sink) => {
    run.charge(1);
    const node = one(from, run);
    return node !== undefined && sink(node);
  };
}

function leafAccess(schema: LeafSchema, guards: Guards): ChildAccess {
  const { slot, default: implied } = schema;
  const exists = impliedWhen(schema, guards);
  const value: Evaluate<Value | undefined> = (from, run) => {
    const { branch } = from;
    if (branch === undefined) return undefined;
    const written = branch.slots[slot] as Value | undefined;
    if (written !== undefined || implied === undefined) return written;
    return exists(from, run) ? implied : undefined;
  };
  const one: Evaluate<Instance | undefined> = (from, run) => {
    const content = value(from, run);
    return content === undefined ? undefined : new Instance(from, schema, undefined, content, -1);
  };
  return { walk: walkOne(one), one, value };
}

function leafListWalk(schema: LeafListSchema, guards: Guards): Walk {
  const { slot, defaults } = schema;
  const exists = impliedWhen(schema, guards);
  return (from, run, sink) => {
    const { branch } = from;
    if (branch === undefined) return false;
    let values = branch.slots[slot] as readonly Value[] | undefined;
    if (values === undefined || values.length === 0) {
      if (defaults.length === 0 || !exists(from, run)) return false;
      values = defaults;
    }
    for (let place = 0; place < values.length; place++) {
      run.charge(1);
      if (sink(new Instance(from, schema, undefined, values[place]!, place))) return true;
    }
    return false;
  };
}

function listWalk(schema: ListSchema): Walk {
  const { slot } = schema;
  return (from, run, sink) => {
    const list = from.branch?.slots[slot] as ListData | undefined;
    if (list === undefined) return false;
    let place = 0;
    for (const entry of list) {
      run.charge(1);
      if (sink(new Instance(from, schema, entry, undefined, place))) return true;
      place++;
    }
    return false;
  };
}

function containerAccess(schema: ContainerSchema, guards: Guards): Evaluate<Instance | undefined> {
  const { slot, presence } = schema;
  const inChoice = choicesAround(schema).length > 0;
  const exists = impliedWhen(schema, guards);
  return (from, run) => {
    const { branch } = from;
    if (branch === undefined) return undefined;
    let content = inChoice ? writtenContainer(schema, branch) : (branch.slots[slot] as Branch | undefined);
    if (content === undefined) {
      if (presence !== undefined || !exists(from, run)) return undefined;
      content = emptyBranch(schema);
    }
    return new Instance(from, schema, content, undefined, -1);
  };
}

function anyAccess(schema: AnySchema): Evaluate<Instance | undefined> {
  return (from) => {
    const content = from.branch?.any(schema);
    return content === undefined ? undefined : new Instance(from, schema, undefined, content as AnyContent, -1);
  };
}

/** A leaf without text has no text node. */
function textAccess(schema: TextSchema): Evaluate<Instance | undefined> {
  return (from) => {
    if (from.value === undefined) return undefined;
    const text = valueText(from.scalar);
    return text === '' ? undefined : new Instance(from, schema, undefined, text, -1);
  };
}
