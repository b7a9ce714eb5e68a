/** Values of type instance-identifier (RFC 7950 9.13, RFC 7951 6.11): read against the schema, and written again. */
import type { BranchSchema, DataSchema, Module, Value } from './schema.js';
import type { Type } from './types.js';
import type { ValueContext } from './values.js';
import { Fault } from './values-fault.js';

export interface InstanceStep {
  readonly schema: DataSchema;
  /** List: its keys in the order of the key statement. Leaf-list: the one value. */
  readonly keys: readonly Value[] | undefined;
  /** Entry of a keyless list, or a leaf-list of state, counted from 1. */
  readonly position: number | undefined;
}

type ReadValue = (type: Type, text: string) => Value | Fault;

/** Names every list entry on its way by keys or position; the last list or leaf-list may stand without. */
export function readInstance(
  text: string,
  context: ValueContext,
  readValue: ReadValue,
): readonly InstanceStep[] | Fault {
  if (context.schema === undefined) return new Fault('instance-identifiers cannot be read here');
  if (text.length > maxLength) return new Fault('instance-identifier is too long');
  const steps: InstanceStep[] = [];
  let parent: BranchSchema | undefined = context.schema.root;
  let module: Module | undefined;
  const scanner = new Scanner(text);
  do {
    if (!scanner.take('/')) return scanner.fault("expected '/'");
    const name = scanner.name();
    if (name === undefined) return scanner.fault('expected a node name');
    module = moduleOf(name, module, context);
    if (module === undefined)
      return new Fault(`'${name.prefix === '' ? name.local : name.prefix}' has no known module`);
    const child: DataSchema | undefined = parent?.byQualifiedName.get(`${module.name}:${name.local}`);
    if (child === undefined)
      return new Fault(`there is no node '${module.name}:${name.local}' at step ${steps.length + 1}`);
    const step = readPredicates(scanner, child, context, readValue);
    if (step instanceof Fault) return step;
    steps.push(step);
    parent = child.kind === 'container' || child.kind === 'list' ? child : undefined;
  } while (!scanner.done);
  return steps;
}

/** `prefix` gives what stands before a name, with its colon: '' where none is needed. */
export function renderInstance(
  steps: readonly InstanceStep[],
  prefix: (module: Module, parent: Module | undefined) => string,
  format: (type: Type, value: Value) => string,
): string {
  let parent: Module | undefined;
  let text = '';
  for (const { schema, keys, position } of steps) {
    text += `/${prefix(schema.module, parent)}${schema.name}`;
    parent = schema.module;
    if (position !== undefined) text += `[${String(position)}]`;
    if (keys === undefined) continue;
    if (schema.kind === 'leaf-list') text += `[.=${quoted(format(schema.type, keys[0]!))}]`;
    if (schema.kind !== 'list') continue;
    for (const [index, key] of schema.keys.entries()) {
      text += `[${prefix(key.module, schema.module)}${key.name}=${quoted(format(key.type, keys[index]!))}]`;
    }
  }
  return text;
}

interface Name {
  readonly prefix: string;
  readonly local: string;
}

/** In XML every name is qualified (RFC 7950 9.13.2); in JSON one without a module has its parent's (RFC 7951 6.11). */
function moduleOf(name: Name, parent: Module | undefined, context: ValueContext): Module | undefined {
  if (name.prefix !== '') return context.resolvePrefix(name.prefix);
  return context.form === 'json' ? parent : undefined;
}

function readPredicates(
  scanner: Scanner,
  schema: DataSchema,
  context: ValueContext,
  readValue: ReadValue,
): InstanceStep | Fault {
  const values = new Map<string, Value>();
  let position: number | undefined;
  while (scanner.take('[')) {
    scanner.space();
    const index = scanner.integer();
    if (index !== undefined) {
      if (position !== undefined || index < 1) return scanner.fault('unexpected position');
      position = index;
    } else {
      const read = readPredicate(scanner, schema, context, readValue);
      if (read instanceof Fault) return read;
      if (values.has(read[0])) return scanner.fault(`'${read[0]}' is given twice`);
      values.set(read[0], read[1]);
    }
    scanner.space();
    if (!scanner.take(']')) return scanner.fault("expected ']'");
  }
  return complete(schema, values, position, scanner);
}

function readPredicate(
  scanner: Scanner,
  schema: DataSchema,
  context: ValueContext,
  readValue: ReadValue,
): readonly [string, Value] | Fault {
  const own = scanner.take('.');
  const name = own ? undefined : scanner.name();
  if (!own && name === undefined) return scanner.fault('expected a key');
  scanner.space();
  if (!scanner.take('=')) return scanner.fault("expected '='");
  scanner.space();
  const text = scanner.quoted();
  if (text === undefined) return scanner.fault('expected a quoted value');
  const type = name === undefined ? leafListType(schema) : keyType(schema, name, context);
  if (type === undefined) return scanner.fault(`'${name?.local ?? '.'}' is no key of '${schema.name}'`);
  const value = readValue(type, text);
  return value instanceof Fault ? value : [name?.local ?? '.', value];
}

function complete(
  schema: DataSchema,
  values: ReadonlyMap<string, Value>,
  position: number | undefined,
  scanner: Scanner,
): InstanceStep | Fault {
  const isMany = schema.kind === 'list' || schema.kind === 'leaf-list';
  if (position !== undefined) {
    const allowed = isMany && values.size === 0 && !(schema.kind === 'list' && schema.keys.length > 0);
    return allowed ? { schema, keys: undefined, position } : scanner.fault('a position is not allowed here');
  }
  if (schema.kind === 'leaf-list') {
    return { schema, keys: values.size === 0 ? undefined : [values.get('.')!], position: undefined };
  }
  if (schema.kind === 'list' && values.size > 0) {
    const missing = schema.keys.find((key) => !values.has(key.name));
    if (missing !== undefined) return scanner.fault(`key '${missing.name}' is missing`);
    return { schema, keys: schema.keys.map((key) => values.get(key.name)!), position: undefined };
  }
  if (schema.kind === 'list' && !scanner.done) return scanner.fault(`entry of '${schema.name}' is not named`);
  return { schema, keys: undefined, position: undefined };
}

function leafListType(schema: DataSchema): Type | undefined {
  return schema.kind === 'leaf-list' ? schema.type : undefined;
}

function keyType(schema: DataSchema, name: Name, context: ValueContext): Type | undefined {
  if (schema.kind !== 'list') return undefined;
  const module = moduleOf(name, schema.module, context);
  return schema.keys.find((key) => key.name === name.local && key.module === module)?.type;
}

/** RFC 7950 9.13: no escapes; a value with both quotes cannot be written, and has none of them replaced. */
function quoted(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  space(): void {
    this.#match(/[ \t\r\n]*/uy);
  }

  name(): Name | undefined {
    const match = this.#match(/(?:([\p{L}_][\p{L}\p{N}_.-]*):)?([\p{L}_][\p{L}\p{N}_.-]*)/uy);
    return match === undefined ? undefined : { prefix: match[1] ?? '', local: match[2]! };
  }

  integer(): number | undefined {
    const match = this.#match(/[0-9]{1,9}(?=[ \t\r\n]*\])/uy);
    return match === undefined ? undefined : Number(match[0]);
  }

  quoted(): string | undefined {
    const match = this.#match(/'([^']*)'|"([^"]*)"/uy);
    return match === undefined ? undefined : (match[1] ?? match[2]);
  }

  fault(message: string): Fault {
    return new Fault(`${message} at character ${String(this.#at + 1)}`);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}

const maxLength = 65_536;
