/**
 * The paths of access rules: node-instance-identifier of RFC 8341, an instance-identifier in which key predicates may be
 * missing, and the variable USER stands for the name of the user. A missing one stands for every value of that key.
 */
import { ConfigError } from '../error.js';
import {
  type BranchSchema,
  type InstanceIdentifier,
  jsonContext,
  type LeafListSchema,
  type LeafSchema,
  type Module,
  type NotificationSchema,
  type OperationSchema,
  type PathStep,
  parseValue,
  type Schema,
  type Value,
} from '../yang/index.js';

type RuleNode = Exclude<PathStep['schema'], { kind: 'input' | 'output' | 'rpc' }>;

interface RuleStep {
  readonly schema: RuleNode;
  /** In the order of the list's keys, undefined for one that is not named; a leaf-list's one value. */
  readonly keys: readonly (Value | UserVariable | undefined)[];
}

/** The variable USER, for a key of that leaf's type. No key equals it. */
interface UserVariable {
  readonly variable: LeafSchema | LeafListSchema;
}

/** Where a rule applies: at the node or nodes that the path names and at all below. `/` is everything. */
export class RulePath {
  readonly #schema: Schema;
  readonly #steps: readonly RuleStep[];
  /** True where the variable USER is in it. */
  readonly isOfUser: boolean;
  /** True where it names only some instances of its nodes. */
  readonly isKeyed: boolean;

  private constructor(schema: Schema, steps: readonly RuleStep[]) {
    this.#schema = schema;
    this.#steps = steps;
    this.isOfUser = steps.some(({ keys }) => keys.some(isVariable));
    this.isKeyed = steps.some(({ keys }) => keys.some((key) => key !== undefined));
  }

  /**
   * Reads the text of a rule's `path`. A prefix is a module's name, or its own prefix. ConfigError: `unknown-element` for
   * a node that no module declares, `invalid-value` for everything else.
   */
  static parse(schema: Schema, text: string): RulePath {
    return new RulePath(schema, text.trim() === '/' ? [] : new Reader(schema, text.trim()).steps());
  }

  /** With the user's name in the place of the variable. Where that is no value of the key's type it covers nothing. */
  of(user: string): RulePath {
    if (!this.isOfUser) return this;
    const bind = (key: Value | UserVariable | undefined) => (isVariable(key) ? this.#bind(key, user) : key);
    return new RulePath(
      this.#schema,
      this.#steps.map(({ schema, keys }) => ({ schema, keys: keys.map(bind) })),
    );
  }

  #bind(key: UserVariable, user: string): Value | UserVariable {
    try {
      return keyValue(this.#schema, key.variable, user);
    } catch (error) {
      if (error instanceof ConfigError) return key;
      throw error;
    }
  }

  /** The schema node that the path ends in; undefined for `/`. */
  get target(): RuleNode | undefined {
    return this.#steps.at(-1)?.schema;
  }

  /** True where `path` is one of the instances of {@link target} that are named, or below one. */
  covers(path: InstanceIdentifier): boolean {
    return this.#steps.every(({ schema, keys }, index) => {
      const step = path.steps[index];
      if (step?.schema !== schema) return false;
      return keys.every((key, place) => key === undefined || step.keys?.[place] === key);
    });
  }
}

class Reader {
  readonly #schema: Schema;
  readonly #text: string;
  #offset = 0;

  constructor(schema: Schema, text: string) {
    this.#schema = schema;
    this.#text = text;
  }

  steps(): readonly RuleStep[] {
    const steps: RuleStep[] = [];
    let module: Module | undefined;
    while (this.#offset < this.#text.length || steps.length === 0) {
      const [, prefix, name = ''] = this.#take(namePattern, "a path is made of '/module:name' steps");
      const parent = steps.at(-1)?.schema;
      module = prefix === undefined ? module : this.#module(prefix, module);
      const schema = findChild(parent ?? this.#schema.root, name, module);
      if (schema === undefined) {
        const known = prefix === undefined ? name : `${prefix}:${name}`;
        throw refusal('unknown-element', `there is no node ${known} at column ${String(this.#offset)} of the path`);
      }
      steps.push({ schema, keys: this.#predicates(schema) });
    }
    return steps;
  }

  /** What a prefix stands for: a module by name, or the only one that has it as its own prefix. */
  #module(prefix: string, current: Module | undefined): Module {
    const named = this.#schema.modules.get(prefix) ?? current?.prefixes.get(prefix);
    if (named !== undefined) return named;
    const found = [...this.#schema.modules.values()].filter((module) => module.implemented && module.prefix === prefix);
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    throw refusal('invalid-value', `${prefix} is not the name of a module`);
  }

  #predicates(schema: RuleNode): RuleStep['keys'] {
    const given = new Map<string, string | typeof userVariable>();
    while (this.#text[this.#offset] === '[') {
      const expected = "a predicate is [key='value'] or [key=$USER]";
      const [, name = '', single, double] = this.#take(predicatePattern, expected);
      if (given.has(name)) throw refusal('invalid-value', `the key ${name} is named twice`);
      given.set(name, single ?? double ?? userVariable);
    }
    if (given.size === 0) return [];
    const keys = new Map<string, LeafSchema | LeafListSchema>();
    if (schema.kind === 'list') for (const key of schema.keys) keys.set(key.name, key);
    else if (schema.kind === 'leaf-list') keys.set('.', schema);
    for (const name of given.keys()) {
      if (!keys.has(name)) throw refusal('invalid-value', `${schema.kind} ${schema.name} has no key ${name}`);
    }
    return Array.from(keys, ([name, leaf]) => {
      const text = given.get(name);
      if (text === undefined) return undefined;
      return text === userVariable ? { variable: leaf } : keyValue(this.#schema, leaf, text);
    });
  }

  #take(pattern: RegExp, expected: string): RegExpExecArray {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    if (match === null) throw refusal('invalid-value', `${expected}; look at column ${String(this.#offset + 1)}`);
    this.#offset = pattern.lastIndex;
    return match;
  }
}

/** A child of that name; without a module (a name without prefix at the top) the only one there is. */
function findChild(parent: RuleNode | BranchSchema, name: string, module: Module | undefined): RuleNode | undefined {
  if (!('dataChildren' in parent)) return undefined;
  const children: readonly (RuleNode | OperationSchema | NotificationSchema)[] = [
    ...parent.dataChildren,
    ...parent.actions,
    ...parent.notifications,
  ];
  const named = children.filter((child): child is RuleNode => child.name === name && child.kind !== 'rpc');
  if (module !== undefined) return named.find((child) => child.module.name === module.name);
  return named.length === 1 ? named[0] : undefined;
}

function keyValue(schema: Schema, leaf: LeafSchema | LeafListSchema, text: string): Value {
  return parseValue(leaf.type, text, jsonContext(schema, leaf.module));
}

function isVariable(key: Value | UserVariable | undefined): key is UserVariable {
  return typeof key === 'object' && key !== null && 'variable' in key;
}

function refusal(tag: 'invalid-value' | 'unknown-element', message: string): ConfigError {
  return new ConfigError({ tag, message });
}

const namePattern = /\/(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)/y;
const predicatePattern = /\[\s*(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*|\.)\s*=\s*(?:'([^']*)'|"([^"]*)"|\$USER)\s*\]/y;
const userVariable = Symbol('USER');
