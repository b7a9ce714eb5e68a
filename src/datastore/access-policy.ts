/**
 * What the members of some groups may do (RFC 8341 3.4.4 to 3.4.6). Rules are matched against a schema node once; an
 * instance is looked at only where a rule with keys concerns it, so that what no rule concerns costs nothing.
 */
import type {
  BranchSchema,
  DataSchema,
  InstanceIdentifier,
  NotificationSchema,
  OperationSchema,
  PathStep,
  SchemaNode,
} from '../yang/index.js';
import type { RulePath } from './access-path.js';
import type { AccessConfiguration, AccessRule, Verb } from './access-rules.js';
import { prefix } from './change.js';
import { hasChildren, isData } from './schema-index.js';

/** What holds for the instances of a schema node: the first rule with keys that covers one decides, else `otherwise`. */
interface Verdict {
  readonly keyed: readonly { readonly path: RulePath; readonly permit: boolean }[];
  readonly otherwise: boolean;
}

/** Whether a node and all below it are permitted, whatever the instance; `none`: no instance of the node itself is. */
export type Extent = 'all' | 'some' | 'none';

export class AccessPolicy {
  readonly #rules: readonly AccessRule[];
  readonly #defaults: Readonly<Record<Verb, boolean>>;
  readonly #verdicts = new Map<Verb, Map<SchemaNode, Verdict>>();
  readonly #extents = new Map<Verb, Map<SchemaNode | BranchSchema, Extent>>();
  /** Nodes that can be read wherever they are; undefined where it depends on the instance. */
  readonly #readable = new Map<SchemaNode, boolean | undefined>();

  /** For that user: his name stands for the variable USER of paths. */
  constructor(configuration: AccessConfiguration, user: string, groups: ReadonlySet<string>) {
    const applies = (names: ReadonlySet<string>) => names.has('*') || [...names].some((name) => groups.has(name));
    // RFC 8341 3.4.4 step 5: who is in no group has the defaults, an asterisk notwithstanding.
    const lists = groups.size === 0 ? [] : configuration.lists.filter((list) => applies(list.groups));
    this.#rules = lists.flatMap(({ rules }) => rules.map((rule) => ruleOf(user, rule)));
    const write = configuration.writeDefault;
    this.#defaults = {
      read: configuration.readDefault,
      exec: configuration.execDefault,
      create: write,
      update: write,
      delete: write,
    };
  }

  /** An rpc (RFC 8341 3.4.4). `denied`: what the schema says of it where no rule matches. */
  permitsOperation(module: string, name: string, denied: boolean): boolean {
    return this.#byName('operation', 'exec', module, name) ?? (denied ? false : this.#defaults.exec);
  }

  /** The rpc, or the action with read access to every node on the way to it. */
  permitsInvocation(path: InstanceIdentifier): boolean {
    const schema = path.last?.schema as OperationSchema;
    if (schema.kind === 'rpc') {
      return this.permitsOperation(schema.module.name, schema.name, isDenied(schema, 'exec'));
    }
    return this.permitsRead(parentOf(path)) && this.permits('exec', path);
  }

  /** A notification for sending to a subscriber (RFC 8341 3.4.6); one inside data is a data node too (3.4.5). */
  permitsNotification(path: InstanceIdentifier): boolean {
    const schema = path.last?.schema as NotificationSchema;
    if (path.steps.length > 1 && !(this.permitsRead(parentOf(path)) && this.permits('read', path))) return false;
    const named = this.#byName('notification', 'read', schema.module.name, schema.name);
    return named ?? (isDenied(schema, 'read') ? path.steps.length > 1 : this.#defaults.read);
  }

  /** True where the node at `path` and every node above it can be read. */
  permitsRead(path: InstanceIdentifier): boolean {
    const schema = path.last?.schema;
    if (schema === undefined) return true;
    const known = this.permitsReadOfAll(schema as SchemaNode);
    if (known !== undefined) return known;
    // A rule that concerns a node above names no step below it, so the whole path tells as much as a part of it.
    return path.steps.every((step) => isKey(step.schema) || this.#permitsStep('read', path, step));
  }

  /** The rule or default for the node itself (RFC 8341 3.4.5); what is above it is not looked at. */
  permits(verb: Verb, path: InstanceIdentifier): boolean {
    const step = path.last;
    return step === undefined || this.#permitsStep(verb, path, step);
  }

  /** Looks at the schema only. Keys go with their entry. */
  extent(verb: Verb, schema: DataSchema | BranchSchema): Extent {
    const known = map(this.#extents, verb).get(schema);
    if (known !== undefined) return known;
    const extent = this.#findExtent(verb, schema);
    map(this.#extents, verb).set(schema, extent);
    return extent;
  }

  #findExtent(verb: Verb, schema: DataSchema | BranchSchema): Extent {
    if (isKey(schema)) return 'all';
    const verdict = schema.kind === 'root' ? anything : this.#verdict(verb, schema);
    if (verdict.keyed.length === 0 && !verdict.otherwise) return 'none';
    if (verdict.keyed.length > 0) return 'some';
    if (schema.kind !== 'root' && !hasChildren(schema)) return 'all';
    return schema.dataChildren.every((child) => this.extent(verb, child) === 'all') ? 'all' : 'some';
  }

  /** The same for every instance of a node; undefined where it depends on the instance. */
  permitsReadOfAll(schema: SchemaNode): boolean | undefined {
    if (this.#readable.has(schema)) return this.#readable.get(schema);
    const own = isKey(schema) || !isNode(schema) ? anything : this.#verdict('read', schema);
    const above = schema.parent === undefined || schema.parent.kind === 'root' || this.permitsReadOfAll(schema.parent);
    let result: boolean | undefined;
    if (above === false || (own.keyed.length === 0 && !own.otherwise)) result = false;
    else if (above === true && own.keyed.length === 0) result = true;
    this.#readable.set(schema, result);
    return result;
  }

  #permitsStep(verb: Verb, path: InstanceIdentifier, { schema }: PathStep): boolean {
    const { keyed, otherwise } = this.#verdict(verb, schema);
    return keyed.find((rule) => rule.path.covers(path))?.permit ?? otherwise;
  }

  #verdict(verb: Verb, schema: SchemaNode): Verdict {
    const known = map(this.#verdicts, verb).get(schema);
    if (known !== undefined) return known;
    const verdict = this.#decide(verb, schema);
    map(this.#verdicts, verb).set(schema, verdict);
    return verdict;
  }

  #decide(verb: Verb, schema: SchemaNode): Verdict {
    const keyed: { path: RulePath; permit: boolean }[] = [];
    for (const { module, verbs, about, permit } of this.#rules) {
      if (!verbs.has(verb) || (module !== undefined && module !== schema.module.name)) continue;
      if (about.kind === 'any') return { keyed, otherwise: permit };
      if (about.kind !== 'data' || !isBelow(schema, about.path.target)) continue;
      if (!about.path.isKeyed) return { keyed, otherwise: permit };
      keyed.push({ path: about.path, permit });
    }
    return { keyed, otherwise: isDenied(schema, verb) ? false : this.#defaults[verb] };
  }

  #byName(kind: 'operation' | 'notification', verb: Verb, module: string, name: string): boolean | undefined {
    const rule = this.#rules.find(
      ({ module: only, verbs, about }) =>
        verbs.has(verb) &&
        (only === undefined || only === module) &&
        (about.kind === 'any' || (about.kind === kind && (about.name === undefined || about.name === name))),
    );
    return rule?.permit;
  }
}

/** nacm:default-deny-write and -all, at the node or above it. */
function isDenied(schema: SchemaNode, verb: Verb): boolean {
  for (let at: SchemaNode | BranchSchema | undefined = schema; at !== undefined && at.kind !== 'root'; at = at.parent) {
    for (const { module, name } of at.extensions) {
      if (module !== 'ietf-netconf-acm') continue;
      if (name === 'default-deny-all') return true;
      if (name === 'default-deny-write' && verb !== 'read' && verb !== 'exec') return true;
    }
  }
  return false;
}

function isBelow(schema: SchemaNode, target: SchemaNode | undefined): boolean {
  if (target === undefined) return true;
  for (let at: SchemaNode | BranchSchema | undefined = schema; at !== undefined && at.kind !== 'root'; at = at.parent) {
    if (at === target) return true;
  }
  return false;
}

/** Choice, case, input and output have no instances of their own. */
function isNode(schema: SchemaNode): boolean {
  return isData(schema) || schema.kind === 'action' || schema.kind === 'notification';
}

function isKey(schema: SchemaNode | BranchSchema): boolean {
  return schema.kind === 'leaf' && schema.isKey;
}

function parentOf(path: InstanceIdentifier): InstanceIdentifier {
  return prefix(path, path.steps.length - 1);
}

function map<K, V>(maps: Map<Verb, Map<K, V>>, verb: Verb): Map<K, V> {
  let found = maps.get(verb);
  if (found === undefined) {
    found = new Map();
    maps.set(verb, found);
  }
  return found;
}

const anything: Verdict = { keyed: [], otherwise: true };

function ruleOf(user: string, rule: AccessRule): AccessRule {
  const { about } = rule;
  return about.kind === 'data' && about.path.isOfUser
    ? { ...rule, about: { ...about, path: about.path.of(user) } }
    : rule;
}
