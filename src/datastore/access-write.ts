/** Whether a user may make a change: create, update and delete access to every node that differs (RFC 8341 3.2.8, 3.4.5). */
import {
  Branch,
  type Content,
  type DataSchema,
  type DataTree,
  diffTrees,
  type InstanceIdentifier,
  ListData,
  type TreeDifference,
  type Value,
} from '../yang/index.js';
import type { AccessPolicy } from './access-policy.js';
import type { Verb } from './access-rules.js';
import { prefix } from './change.js';
import type { Edit } from './session.js';

export interface Denial {
  readonly verb: Verb;
  readonly path: InstanceIdentifier;
}

/** The first node that the policy lets nobody change so; undefined where all is permitted. Cost follows the change. */
export function findDenial(policy: AccessPolicy, before: DataTree, after: DataTree): Denial | undefined {
  if (before === after || policyPermitsAll(policy, after)) return undefined;
  for (const difference of diffTrees(before, after)) {
    const denial = judge(policy, difference);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

/**
 * What an edit would tell by whether it is refused, judged before it is tried. One that says itself what it does to its target:
 * whether the target exists is not told to one who may not do it. One that merges, replaces or asks: what he may neither read nor
 * write differs for him, whatever it is, or values could be guessed. A container without presence is only its contents.
 */
export function findDenialOfEdit(policy: AccessPolicy, { operation, path, content }: Edit): Denial | undefined {
  const { last } = path;
  if (operation === 'merge' || operation === 'replace' || operation === 'none') {
    return content === undefined ? undefined : judgeHidden(policy, path, content, operation === 'none');
  }
  if (last === undefined) return undefined;
  const { schema, keys } = last;
  const isContents =
    (schema.kind === 'container' && schema.presence === undefined) ||
    ((schema.kind === 'list' || schema.kind === 'leaf-list') && keys === undefined);
  const verb = operation === 'create' ? 'create' : operation === 'move' ? 'update' : 'delete';
  return isContents || policy.permits(verb, path) ? undefined : { verb, path };
}

function policyPermitsAll(policy: AccessPolicy, { schema }: DataTree): boolean {
  return (['create', 'update', 'delete'] as const).every((verb) => policy.extent(verb, schema.root) === 'all');
}

function judge(policy: AccessPolicy, { path, kind, before, after }: TreeDifference): Denial | undefined {
  switch (kind) {
    case 'created':
      return judgeWhole(policy, 'create', path, after!);
    case 'deleted':
      return judgeWhole(policy, 'delete', path, before!);
    case 'moved':
      return judgeNode(policy, 'update', path);
    case 'modified':
      return path.last?.schema.kind === 'leaf-list' && Array.isArray(before)
        ? judgeValues(policy, path, before as readonly Value[], after as readonly Value[])
        : judgeNode(policy, 'update', path);
  }
}

/** Every node of what comes or goes. */
function judgeWhole(policy: AccessPolicy, verb: Verb, path: InstanceIdentifier, content: Content): Denial | undefined {
  return eachNode(path, content, {
    isDone: (schema) => policy.extent(verb, schema) === 'all',
    judge: (at) => judgeNode(policy, verb, at),
  });
}

/** Every node of what is to be there that the user can neither see nor write; `none` writes nothing, and asks what is there. */
function judgeHidden(
  policy: AccessPolicy,
  path: InstanceIdentifier,
  content: Content,
  isQuestion: boolean,
): Denial | undefined {
  return eachNode(path, content, {
    isDone: (schema) => policy.permitsReadOfAll(schema) === true && policy.extent('read', schema) === 'all',
    judge: (at) => {
      if (policy.permitsRead(at)) return undefined;
      if (isQuestion) return { verb: 'update', path: at };
      return policy.permits('create', at) ? undefined : judgeNode(policy, 'update', at);
    },
  });
}

interface NodeJudge {
  /** Whether nothing at or below the node is to be looked at. */
  isDone(schema: DataSchema): boolean;
  judge(path: InstanceIdentifier): Denial | undefined;
}

/** The first denial of what is at `path`: an entry before what it holds, a container without presence only what it holds. */
function eachNode(path: InstanceIdentifier, content: Content, by: NodeJudge): Denial | undefined {
  const { last } = path;
  if (last === undefined) {
    return first((content as Branch).present(), ([child, inner]) => eachNode(path.child(child), inner, by));
  }
  const { schema, keys } = last;
  if (!('slot' in schema) || by.isDone(schema)) return undefined;
  const parent = prefix(path, path.steps.length - 1);
  if (content instanceof ListData) {
    const isKeyless = content.schema.keys.length === 0;
    return first(content, (entry) =>
      eachNode(isKeyless ? path : parent.child(content.schema, entry.keys()), entry, by),
    );
  }
  if (schema.kind === 'leaf-list' && keys === undefined) {
    return first(content as readonly Value[], (value) => by.judge(parent.child(schema, [value])));
  }
  if (!(content instanceof Branch)) return by.judge(path);
  const isContents = schema.kind === 'container' && schema.presence === undefined;
  const own = isContents ? undefined : by.judge(path);
  return own ?? first(content.present(), ([child, inner]) => eachNode(path.child(child), inner, by));
}

function judgeValues(
  policy: AccessPolicy,
  path: InstanceIdentifier,
  before: readonly Value[],
  after: readonly Value[],
): Denial | undefined {
  const { schema } = path.last!;
  const parent = prefix(path, path.steps.length - 1);
  const [old, now] = [new Set(before), new Set(after)];
  const denial =
    first(now, (value) => (old.has(value) ? undefined : judgeNode(policy, 'create', parent.child(schema, [value])))) ??
    first(old, (value) => (now.has(value) ? undefined : judgeNode(policy, 'delete', parent.child(schema, [value]))));
  if (denial !== undefined || old.size !== now.size || after.some((value) => !old.has(value))) return denial;
  return judgeNode(policy, 'update', path);
}

function judgeNode(policy: AccessPolicy, verb: Verb, path: InstanceIdentifier): Denial | undefined {
  const schema = path.last?.schema;
  if (schema?.kind === 'leaf' && schema.isKey) return undefined;
  return policy.permits(verb, path) ? undefined : { verb, path };
}

function first<T>(items: Iterable<T>, test: (item: T) => Denial | undefined): Denial | undefined {
  for (const item of items) {
    const denial = test(item);
    if (denial !== undefined) return denial;
  }
  return undefined;
}
