/**
 * Reads of `operational` (RFC 8342 5.3): running with the system's own state, state that is computed when asked, and
 * defaults in use. What is asked for is built, nothing around it.
 */
import {
  atOnce,
  Branch,
  type BranchSchema,
  type CaseSchema,
  type Content,
  type DataSchema,
  InstanceIdentifier,
  type JsonObject,
  type JsonValue,
  type LeafSchema,
  ListData,
  type SchemaNode,
  type Steps,
  type UnwrittenNodes,
  type Value,
} from '../yang/index.js';
import { prefix } from './change.js';
import { contentFromJson, memberName, valueFromJson } from './content.js';
import type { Root } from './contract.js';
import type { EntryPath } from './entry-path.js';
import type { Log } from './log.js';
import type { ProviderEntry, Registry } from './registry.js';
import { chainOf, isConcealedLeaf } from './schema-index.js';

type LeafReader = (root: Root, path: InstanceIdentifier) => Value | undefined;

export class Operational {
  readonly #registry: Registry;
  readonly #log: Log;
  readonly #unwritten: UnwrittenNodes;
  readonly #readers = new Map<LeafSchema, LeafReader>();
  /** Whether a leaf is what is stored in the configuration, and nothing else. */
  readonly #stored = new Map<LeafSchema, boolean>();
  /** Nodes at or below which something is computed. */
  readonly #computed = new Set<SchemaNode>();
  /** Configuration that the system provides, and what is around it. */
  readonly #system = new Set<SchemaNode>();
  #lastRead:
    | {
        readonly entry: ProviderEntry;
        readonly root: Root;
        readonly at: string;
        readonly content: Content | undefined;
      }
    | undefined;

  constructor(registry: Registry, unwritten: UnwrittenNodes, log: Log) {
    this.#registry = registry;
    this.#unwritten = unwritten;
    this.#log = log;
    for (const [schema, { provider }] of registry.providers) {
      for (const node of chainOf(schema)) {
        this.#computed.add(node);
        if (provider.origin === 'system') this.#system.add(node);
      }
    }
  }

  /** Whether the system provides what there is at `schema`, configuration that it is (RFC 8342 5.3.4). */
  isOfSystem(schema: DataSchema): boolean {
    const { providers } = this.#registry;
    return (
      this.#system.has(schema) || chainOf(schema).some((node) => providers.get(node)?.provider.origin === 'system')
    );
  }

  /** A leaf, straight from where it lives: a slot, or its provider. Defaults are filled in. */
  leaf(root: Root, path: InstanceIdentifier): Value | undefined {
    const schema = path.last?.schema;
    if (schema?.kind !== 'leaf') return undefined;
    let reader = this.#readers.get(schema);
    if (reader === undefined) {
      reader = this.#makeReader(schema);
      this.#readers.set(schema, reader);
    }
    return reader(root, path);
  }

  /** A leaf right in an entry, as {@link leaf} has it. */
  leafOf(root: Root, entry: EntryPath, schema: LeafSchema): Value | undefined {
    const isStored = this.#stored.get(schema) ?? this.#isStored(schema);
    if (!isStored) return this.leaf(root, entry.child(schema));
    const { config } = root;
    if (entry.serial !== config.serial) {
      entry.found = config.branch(entry);
      entry.serial = config.serial;
    }
    const value = entry.found?.leaf(schema);
    if (value !== undefined || schema.default === undefined) return value;
    return this.leaf(root, entry.child(schema));
  }

  #isStored(schema: LeafSchema): boolean {
    const isComputed = chainOf(schema).some((node) => this.#registry.providers.has(node));
    const isStored = schema.config && !isConcealedLeaf(schema) && !isComputed;
    this.#stored.set(schema, isStored);
    return isStored;
  }

  /** What is at `path`; undefined where nothing is. */
  get(root: Root, path: InstanceIdentifier): Content | undefined {
    return atOnce(this.reading(root, path));
  }

  /** As {@link get}; pauses between the entries of lists. */
  *reading(root: Root, path: InstanceIdentifier): Steps<Content | undefined> {
    const { last } = path;
    if (last === undefined)
      return yield* this.#branch(root, path, root.config.schema.root, root.config.root, root.system.root);
    const { schema, keys } = last;
    if (schema.kind === 'leaf') return this.leaf(root, path);
    const computed = this.#computedAbove(root, path);
    if (computed !== undefined) return computed.content;
    const config = root.config.get(path);
    const system = root.system.get(path);
    switch (schema.kind) {
      case 'list':
        if (keys === undefined && last.position === undefined)
          return yield* this.#list(root, path, schema, config, system);
        if (config === undefined && system === undefined) return undefined;
        return yield* this.#branch(root, path, schema, config as Branch | undefined, system as Branch | undefined);
      case 'container': {
        if (path.parent !== undefined && !this.#isThere(root, path.parent)) return undefined;
        if (this.#isOut(root, path)) return undefined;
        return yield* this.#container(root, path, schema, config as Branch | undefined, system as Branch | undefined);
      }
      default:
        return config ?? system;
    }
  }

  /** Whether all there is at `schema` comes from a provider at or above it. */
  isProvided(schema: DataSchema): boolean {
    return chainOf(schema).some((node) => this.#registry.providers.has(node));
  }

  /** The provider at or above `path`, asked, and walked down from; undefined where there is none. */
  #computedAbove(
    root: Root,
    path: InstanceIdentifier,
    isMember = false,
  ): { readonly content: Content | undefined } | undefined {
    for (let length = path.steps.length; length > 0; length--) {
      const { schema } = path.steps[length - 1]!;
      const entry = this.#registry.providers.get(schema as DataSchema);
      if (entry === undefined) continue;
      const at = path.steps[length - 1]!;
      const isOne = at.keys !== undefined && entry.provider.readEntry !== undefined;
      const place = at.keys === undefined || isOne ? prefix(path, length) : prefix(path, length - 1).child(schema);
      let content = isMember && !isOne ? this.#readOnce(entry, root, place) : this.#read(entry, root, place);
      const rest = at.keys === undefined ? path.steps.slice(length) : path.steps.slice(length - 1);
      for (const [index, step] of rest.entries()) {
        if (content instanceof ListData && step.keys !== undefined) content = content.get(step.keys);
        else if (content instanceof Branch) {
          content = content.get(step.schema as DataSchema);
          if (content instanceof ListData && step.keys !== undefined) content = content.get(step.keys);
        } else if (!(index === 0 && step.keys !== undefined)) content = undefined;
      }
      return { content };
    }
    return undefined;
  }

  /** Asks once for all leafs of a list that are read at a stretch: a walk over n rows would make n lists of n rows. */
  #readOnce(entry: ProviderEntry, root: Root, place: InstanceIdentifier): Content | undefined {
    const last = this.#lastRead;
    const at = place.toString();
    if (last?.entry === entry && last.root === root && last.at === at) return last.content;
    const content = this.#read(entry, root, place);
    this.#lastRead = { entry, root, at, content };
    queueMicrotask(() => {
      this.#lastRead = undefined;
    });
    return content;
  }

  #read(entry: ProviderEntry, root: Root, place: InstanceIdentifier): Content | undefined {
    try {
      const { provider } = entry;
      const one = place.last?.keys === undefined ? undefined : provider.readEntry?.(root, place);
      const json = place.last?.keys === undefined ? provider.read(root, place) : one && [one];
      if (json === undefined) return undefined;
      if (entry.schema.kind === 'leaf') return valueFromJson(json, entry.schema.type, 'rfc7951');
      return contentFromJson(entry.schema, json as JsonValue, 'rfc7951');
    } catch (error) {
      this.#log('error', `state at ${place.toString()} could not be read`, { cause: String(error) });
      return undefined;
    }
  }

  *#container(
    root: Root,
    path: InstanceIdentifier,
    schema: Extract<DataSchema, { kind: 'container' }>,
    config: Branch | undefined,
    system: Branch | undefined,
  ): Steps<Content | undefined> {
    const entry = this.#registry.providers.get(schema);
    if (entry !== undefined) return this.#read(entry, root, path);
    if (config === undefined && system === undefined) {
      if (schema.presence !== undefined) return undefined;
      if (!schema.config && !this.#computed.has(schema)) return undefined;
    }
    const branch = yield* this.#branch(root, path, schema, config, system);
    const stays = schema.presence !== undefined && (config !== undefined || system !== undefined);
    return branch.isEmpty() && !stays ? undefined : branch;
  }

  *#list(
    root: Root,
    path: InstanceIdentifier,
    schema: Extract<DataSchema, { kind: 'list' }>,
    config: Content | undefined,
    system: Content | undefined,
  ): Steps<Content | undefined> {
    const entry = this.#registry.providers.get(schema);
    if (entry !== undefined) return this.#read(entry, root, path);
    const own = config instanceof ListData ? config : undefined;
    const state = system instanceof ListData ? system : undefined;
    const source = schema.config ? own : state;
    if (source === undefined || source.size === 0) return undefined;
    if (schema.keys.length === 0) return source;
    const parent = path.parent ?? InstanceIdentifier.root;
    const entries: Branch[] = [];
    for (const item of source) {
      const keys = item.keys();
      const other = schema.config ? state?.get(keys) : undefined;
      entries.push(yield* this.#branch(root, parent.child(schema, keys), schema, item, other));
      yield;
    }
    return ListData.of(schema, entries);
  }

  *#branch(
    root: Root,
    path: InstanceIdentifier,
    schema: BranchSchema,
    config: Branch | undefined,
    system: Branch | undefined,
  ): Steps<Branch> {
    const slots: (Content | undefined)[] = [];
    for (const child of schema.dataChildren) {
      const own = config?.get(child);
      const state = system?.get(child);
      switch (child.kind) {
        case 'container': {
          const isUnwritten = own === undefined && state === undefined && child.config;
          const isNothing = isUnwritten && !this.#isInUse(root, path, child, config);
          const [one, other] = [own as Branch | undefined, state as Branch | undefined];
          slots.push(isNothing ? undefined : yield* this.#container(root, path.child(child), child, one, other));
          break;
        }
        case 'list':
          slots.push(yield* this.#list(root, path.child(child), child, own, state));
          break;
        case 'leaf':
        case 'leaf-list':
          slots.push(this.#values(root, path, child, config, own, state));
          break;
        default:
          slots.push(own ?? state);
      }
    }
    return new Branch(schema, slots);
  }

  /** A leaf or leaf-list in the branch at `path`. */
  #values(
    root: Root,
    path: InstanceIdentifier,
    schema: Extract<DataSchema, { kind: 'leaf' | 'leaf-list' }>,
    config: Branch | undefined,
    own: Content | undefined,
    state: Content | undefined,
  ): Content | undefined {
    if (schema.kind === 'leaf' && isConcealedLeaf(schema)) return undefined;
    const entry = this.#registry.providers.get(schema);
    if (entry !== undefined) return this.#read(entry, root, path.child(schema));
    // null is the value of an empty leaf.
    const value = own === undefined ? state : own;
    if (value !== undefined) return value;
    const isDefault = schema.kind === 'leaf' ? schema.default !== undefined : schema.defaults.length > 0;
    if (!isDefault || !this.#isInUse(root, path, schema, config)) return undefined;
    return schema.kind === 'leaf' ? schema.default : schema.defaults;
  }

  /** Every list entry and presence container on the way exists. */
  #isThere(root: Root, path: InstanceIdentifier): boolean {
    for (let at: InstanceIdentifier | undefined = path; at?.last !== undefined; at = at.parent) {
      const { schema } = at.last;
      if (this.#isOut(root, at)) return false;
      const mustExist = schema.kind === 'list' || (schema.kind === 'container' && schema.presence !== undefined);
      if (!mustExist) continue;
      return root.config.get(at) !== undefined || root.system.get(at) !== undefined;
    }
    return true;
  }

  /** Whether a container that nobody set is in a case that is not there, or its `when` is false: nothing in it is in use. */
  #isOut(root: Root, path: InstanceIdentifier): boolean {
    const schema = path.last?.schema;
    if (schema?.kind !== 'container' || !schema.config || root.config.get(path) !== undefined) return false;
    const parent = path.parent ?? InstanceIdentifier.root;
    return !this.#isInUse(root, parent, schema, root.config.branch(parent));
  }

  /** Whether what nobody set is in use in `branch`, which is what there is of the configuration at `path`. */
  #isInUse({ config }: Root, path: InstanceIdentifier, schema: DataSchema, branch: Branch | undefined): boolean {
    return isDefaultInUse(schema, branch) && this.#unwritten.admits(schema, path, config);
  }

  #makeReader(schema: LeafSchema): LeafReader {
    if (isConcealedLeaf(schema)) return () => undefined;
    const own = this.#registry.providers.get(schema);
    if (own !== undefined) {
      return (root, path) => {
        if (path.parent !== undefined && !this.#isThere(root, path.parent)) return undefined;
        return this.#read(own, root, path) as Value | undefined;
      };
    }
    for (const node of chainOf(schema).slice(0, -1)) {
      const entry = this.#registry.providers.get(node);
      if (entry !== undefined) return this.#memberReader(entry, schema);
    }
    if (!schema.config) return (root, path) => root.system.get(path) as Value | undefined;
    return (root, path) => {
      const { parent } = path;
      const branch = parent === undefined ? root.config.root : root.config.branch(parent);
      const value = branch?.leaf(schema);
      if (value !== undefined) return value;
      if (schema.default === undefined) return undefined;
      if (branch === undefined && parent !== undefined && !this.#isThere(root, parent)) return undefined;
      const isInUse = this.#isInUse(root, parent ?? InstanceIdentifier.root, schema, branch);
      return isInUse ? schema.default : undefined;
    };
  }

  /** A leaf inside what a provider gives as an object: the members are walked without building content. */
  #memberReader(entry: ProviderEntry, schema: LeafSchema): LeafReader {
    const chain = chainOf(schema);
    const depth = chain.indexOf(entry.schema);
    const between = chain.slice(depth + 1);
    if (entry.schema.kind !== 'container' || between.some((node) => node.kind === 'list')) {
      return (root, path) => this.#computedAbove(root, path, true)?.content as Value | undefined;
    }
    const names = between.map((node, index) => {
      const parent = (index === 0 ? entry.schema : between[index - 1]) as BranchSchema;
      return [memberName(parent, node), `${node.module.name}:${node.name}`] as const;
    });
    return (root, path) => {
      const place = prefix(path, depth + 1);
      if (place.parent !== undefined && !this.#isThere(root, place.parent)) return undefined;
      let json: JsonValue | undefined;
      try {
        json = entry.provider.read(root, place) as JsonValue | undefined;
      } catch (error) {
        this.#log('error', `state at ${place.toString()} could not be read`, { cause: String(error) });
      }
      for (const [name, qualified] of names) {
        if (json === undefined || json === null || typeof json !== 'object') return undefined;
        const object = json as JsonObject;
        json = object[name] ?? object[qualified];
      }
      return json === undefined ? undefined : valueFromJson(json, schema.type, 'rfc7951');
    };
  }
}

/** RFC 7950 7.6.1: not in a case that is not there, unless it is the default case and no other is there. What a `when` says is {@link UnwrittenNodes}'. */
export function isDefaultInUse(node: DataSchema, parent: Branch | undefined, isInput = false): boolean {
  if (!node.config && !isInput) return false;
  let at: SchemaNode | BranchSchema | undefined = node.parent;
  let inner: SchemaNode = node;
  while (at !== undefined && (at.kind === 'case' || at.kind === 'choice')) {
    const owner: CaseSchema | undefined = at.kind === 'case' ? at : undefined;
    const choice: SchemaNode | BranchSchema | undefined = owner?.parent ?? at;
    if (choice?.kind !== 'choice') return true;
    const present = choice.cases.find((one) => parent !== undefined && holdsAny(one, parent));
    const active = present ?? choice.default;
    if (active === undefined || !(active === owner || active.children.includes(inner))) return false;
    inner = choice;
    at = choice.parent;
  }
  return true;
}

function holdsAny(node: SchemaNode, parent: Branch): boolean {
  if (node.kind === 'case') return node.children.some((child) => holdsAny(child, parent));
  if (node.kind === 'choice') return node.cases.some((one) => holdsAny(one, parent));
  return 'slot' in node && parent.get(node) !== undefined;
}
