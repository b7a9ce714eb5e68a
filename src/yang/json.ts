/** RFC 7951 JSON to instance data. */
import { type Annotation, type AnnotationSink, annotationsOfJson } from './annotations.js';
import { codecLimits } from './codec-limits.js';
import { type JsonObject, type JsonValue, jsonPieces, parseJsonTextInSlices } from './json-text.js';
import type { InstanceIdentifier } from './path.js';
import { Problems, type Spot } from './problems.js';
import type {
  AnySchema,
  BranchSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  Module,
  Schema,
  Value,
} from './schema.js';
import { type IsDue, inSlices, neverDue } from './slices.js';
import { openTarget, type Target } from './target.js';
import type { Content } from './tree.js';
import type { BranchBuilder } from './tree-builder.js';
import { jsonContext, jsonKind, readJson, type ValueContext } from './values.js';
import { Fault } from './values-fault.js';

export interface JsonDecodeOptions {
  /** For a path that ends in an operation: which of its parameters `json` holds; `input` by default. */
  readonly parameters?: 'input' | 'output';
  /** Take numbers and strings for each other, as XML-RPC needs it. */
  readonly relaxed?: boolean;
  /** Refuse nodes that are state (`config false`), as a client may not write them. */
  readonly configOnly?: boolean;
  /** Told of annotations (RFC 7952), their values read. */
  readonly annotations?: AnnotationSink;
}

/**
 * Reads the value that stands at `path`: the members of a container, of an operation's parameters, of a notification or of
 * the root; one list entry (its keys may be left out) or an array of them; a leaf's value; a leaf-list's array. Names are
 * qualified where the module changes. Throws one ConfigError with all faults, each with its path: `unknown-element`,
 * `unknown-namespace`, `invalid-value`, `bad-element` (given twice), `missing-element` (keys).
 */
export function decodeJson(
  schema: Schema,
  path: InstanceIdentifier,
  json: JsonValue,
  options: JsonDecodeOptions = {},
): Content {
  const decoder = new JsonDecoder(schema, path, json, options);
  decoder.advance(neverDue);
  return decoder.finish();
}

/** Text straight to content, letting others run in between. Throws as `parseJsonText` and {@link decodeJson} do. */
export async function decodeJsonText(
  schema: Schema,
  path: InstanceIdentifier,
  text: string | Uint8Array,
  options: JsonDecodeOptions = {},
): Promise<Content> {
  return decodeJsonInSlices(schema, path, await parseJsonTextInSlices(text), options);
}

/** As {@link decodeJson}, letting others run in between. */
export async function decodeJsonInSlices(
  schema: Schema,
  path: InstanceIdentifier,
  json: JsonValue,
  options: JsonDecodeOptions = {},
): Promise<Content> {
  const decoder = new JsonDecoder(schema, path, json, options);
  await inSlices((isDue) => decoder.advance(isDue), 16);
  await inSlices((isDue) => decoder.settle(isDue), 1);
  return decoder.finish();
}

/** The members of an object, or the entries of a list, that are still to be read. */
type Frame =
  | {
      readonly kind: 'members';
      readonly builder: BranchBuilder;
      readonly names: readonly string[];
      readonly object: JsonObject;
      next: number;
    }
  | {
      readonly kind: 'entries';
      readonly builder: BranchBuilder;
      readonly list: ListSchema;
      readonly entries: readonly JsonValue[];
      next: number;
    }
  | {
      readonly kind: 'values';
      readonly builder: BranchBuilder;
      readonly child: LeafListSchema;
      readonly values: readonly JsonValue[];
      next: number;
    }
  | {
      readonly kind: 'any';
      readonly builder: BranchBuilder;
      readonly child: AnySchema;
      readonly text: Iterator<string, void>;
      /** Pieces of some kilobytes. */
      readonly written: string[];
    };

class JsonDecoder {
  readonly #schema: Schema;
  readonly #options: JsonDecodeOptions;
  readonly #target: Target;
  readonly #problems = new Problems(codecLimits.errors);
  readonly #stack: Frame[] = [];
  readonly #contexts = new Map<Module, ValueContext>();

  constructor(schema: Schema, path: InstanceIdentifier, json: JsonValue, options: JsonDecodeOptions) {
    this.#schema = schema;
    this.#options = options;
    this.#target = openTarget(schema, path, options.parameters ?? 'input');
    const { builder, child, keys } = this.#target;
    if (child === undefined) this.#open(builder, json);
    else if (keys === undefined) this.#child(builder, child, json);
    else if (child.kind === 'list') this.#keyedEntry(builder, child, keys, json);
    else this.#child(builder, child, child.kind === 'leaf-list' ? [json] : json);
  }

  /** Reads on; true when all is read, or too many faults were found. */
  advance(isDue: IsDue): boolean {
    while (this.#stack.length > 0 && !this.#problems.isFull) {
      if (isDue()) return false;
      const frame = this.#stack.at(-1)!;
      switch (frame.kind) {
        case 'members':
          this.#nextMember(frame);
          break;
        case 'entries':
          this.#nextEntry(frame);
          break;
        case 'values':
          this.#nextValue(frame);
          break;
        case 'any':
          this.#nextPiece(frame);
      }
    }
    return true;
  }

  /** When all is read: true when `finish` has little left to do. */
  settle(isDue: IsDue): boolean {
    return this.#target.builder.settle(isDue);
  }

  finish(): Content {
    return this.#target.finish(this.#problems);
  }

  #nextMember(frame: Frame & { kind: 'members' }): void {
    const name = frame.names[frame.next++];
    const { builder } = frame;
    if (name === undefined) {
      this.#stack.pop();
      builder.close();
      return;
    }
    const value = frame.object[name]!;
    const child = memberOf(builder.schema, name);
    if (child !== undefined) this.#child(builder, child, value);
    else if (name.startsWith('@')) this.#metadata(frame, name, value);
    else this.#unknown(builder, name);
  }

  #nextEntry(frame: Frame & { kind: 'entries' }): void {
    const entry = frame.entries[frame.next++];
    if (entry === undefined) this.#stack.pop();
    else if (isObject(entry)) this.#open(frame.builder.entry(frame.list), entry);
    else this.#wrongKind(frame.builder, frame.list, `entry ${String(frame.next)}: expected an object`, entry);
  }

  #nextValue(frame: Frame & { kind: 'values' }): void {
    const item = frame.values[frame.next++];
    if (item === undefined) {
      this.#stack.pop();
      return;
    }
    const value = this.#value(frame.builder, frame.child, item);
    if (value !== undefined) frame.builder.leafListItem(frame.child, value);
  }

  #nextPiece(frame: Frame & { kind: 'any' }): void {
    const { value } = frame.text.next();
    if (value !== undefined) {
      frame.written.push(value);
      return;
    }
    this.#stack.pop();
    frame.builder.any(frame.child, { format: 'json', text: frame.written.join('') });
  }

  #open(builder: BranchBuilder, json: JsonValue): void {
    if (isObject(json)) {
      this.#stack.push({ kind: 'members', builder, names: Object.keys(json), object: json, next: 0 });
      return;
    }
    this.#problems.invalid({ builder }, `expected an object, found ${jsonKind(json)}`);
  }

  #child(builder: BranchBuilder, child: DataSchema, json: JsonValue): void {
    if (this.#options.configOnly === true && !child.config) {
      this.#problems.state(builder, child);
      return;
    }
    switch (child.kind) {
      case 'leaf': {
        const value = this.#value(builder, child, json);
        if (value !== undefined) builder.leaf(child, value);
        return;
      }
      case 'leaf-list':
        this.#leafList(builder, child, json);
        return;
      case 'container':
        if (isObject(json)) this.#open(builder.container(child), json);
        else this.#wrongKind(builder, child, 'expected an object', json);
        return;
      case 'list':
        if (!Array.isArray(json)) this.#wrongKind(builder, child, 'expected an array', json);
        else if (this.#once(builder, child)) {
          this.#stack.push({ kind: 'entries', builder, list: child, entries: json as readonly JsonValue[], next: 0 });
        }
        return;
      default:
        this.#any(builder, child, json);
    }
  }

  /** One entry whose keys the path gives: those in the value must be the same. */
  #keyedEntry(builder: BranchBuilder, list: ListSchema, keys: readonly Value[], json: JsonValue): void {
    if (!isObject(json)) {
      this.#wrongKind(builder, list, 'expected an object', json, keys);
      return;
    }
    const entry = builder.entry(list);
    for (const [index, key] of list.keys.entries()) entry.leaf(key, keys[index]!);
    const names: string[] = [];
    for (const name of Object.keys(json)) {
      const member = memberOf(list, name);
      const index = list.keys.findIndex((each) => each === member && each.isKey);
      const key = list.keys[index];
      if (key === undefined) names.push(name);
      else {
        const value = this.#value(entry, key, json[name]!);
        if (value !== undefined && value !== keys[index]) {
          this.#problems.invalid({ builder: entry, child: key }, `key '${key.name}' is not the one in the path`);
        }
      }
    }
    this.#stack.push({ kind: 'members', builder: entry, names, object: json, next: 0 });
  }

  #leafList(builder: BranchBuilder, child: LeafListSchema, json: JsonValue): void {
    if (!Array.isArray(json)) {
      this.#wrongKind(builder, child, 'expected an array', json);
      return;
    }
    if (!this.#once(builder, child)) return;
    this.#stack.push({ kind: 'values', builder, child, values: json as readonly JsonValue[], next: 0 });
  }

  #any(builder: BranchBuilder, child: AnySchema, json: JsonValue): void {
    // RFC 7951 5.5: anydata is an object; anyxml may be anything.
    if (child.kind === 'anydata' && !isObject(json)) this.#wrongKind(builder, child, 'expected an object', json);
    else if (child.kind === 'anydata' && Object.hasOwn(json as JsonObject, '@')) {
      const { '@': metadata, ...content } = json as JsonObject;
      this.#annotate({ builder, child }, '@', metadata!, () => builder.path.child(child));
      this.#keep(builder, child, content);
    } else this.#keep(builder, child, json);
  }

  #keep(builder: BranchBuilder, child: AnySchema, json: JsonValue): void {
    this.#stack.push({ kind: 'any', builder, child, text: jsonPieces(json), written: [] });
  }

  #value(builder: BranchBuilder, child: LeafSchema | LeafListSchema, json: JsonValue): Value | undefined {
    const value = readJson(child.type, json, this.#context(child.module));
    if (!(value instanceof Fault)) return value;
    this.#problems.value({ builder, child }, value);
    return undefined;
  }

  #context(module: Module): ValueContext {
    let context = this.#contexts.get(module);
    if (context === undefined) {
      context = jsonContext(this.#schema, module, this.#options.relaxed);
      this.#contexts.set(module, context);
    }
    return context;
  }

  /** A list or leaf-list that was given under both of its names would otherwise be merged. */
  #once(builder: BranchBuilder, child: ListSchema | LeafListSchema): boolean {
    if (!builder.has(child)) return true;
    this.#problems.twice(builder, child);
    return false;
  }

  #wrongKind(
    builder: BranchBuilder,
    child: DataSchema,
    expected: string,
    json: JsonValue,
    keys?: readonly Value[],
  ): void {
    this.#problems.invalid({ builder, child, keys }, `${expected}, found ${jsonKind(json)}`);
  }

  #unknown(builder: BranchBuilder, name: string): void {
    this.#problems.unknown(this.#schema, builder, name);
  }

  /** RFC 7952 5.2: `@` stands in the object that it annotates, `@name` beside the leaf, leaf-list or anyxml; beside anydata is taken too. */
  #metadata({ builder, object }: Frame & { kind: 'members' }, name: string, json: JsonValue): void {
    const { schema } = builder;
    if (name === '@') {
      if (schema.kind === 'container' || schema.kind === 'list') {
        this.#annotate({ builder }, name, json, () => builder.path);
      } else this.#noAnnotation({ builder }, name, 'stands in no instance of a data node');
      return;
    }
    const child = memberOf(schema, name.slice(1));
    if (child === undefined) this.#unknown(builder, name);
    else if (child.kind === 'container' || child.kind === 'list') {
      this.#noAnnotation({ builder, child }, name, "must be a member '@' of what it annotates");
    } else if (!Object.hasOwn(object, name.slice(1))) {
      this.#noAnnotation({ builder, child }, name, 'annotates what is not there');
    } else if (child.kind === 'leaf-list') this.#annotateEach(builder, child, object[name.slice(1)]!, name, json);
    else this.#annotate({ builder, child }, name, json, () => builder.path.child(child));
  }

  /** RFC 7952 5.2.4: in an array what annotates the value at the same place; null, or the end of it, where nothing does. */
  #annotateEach(builder: BranchBuilder, child: LeafListSchema, values: JsonValue, name: string, json: JsonValue): void {
    const count = Array.isArray(values) ? values.length : 0;
    if (!Array.isArray(json) || json.length > count) {
      this.#noAnnotation({ builder, child }, name, 'must be an array, at most as long as that of the values');
      return;
    }
    for (const [index, metadata] of (json as readonly JsonValue[]).entries()) {
      if (metadata === null) continue;
      this.#annotate({ builder, child }, name, metadata, () => {
        const value = readJson(child.type, (values as readonly JsonValue[])[index]!, this.#context(child.module));
        return builder.path.child(child, value instanceof Fault ? undefined : [value]);
      });
      if (this.#problems.isFull) return;
    }
  }

  #annotate(spot: Spot, name: string, json: JsonValue, path: () => InstanceIdentifier): void {
    if (!isObject(json)) {
      this.#noAnnotation(spot, name, `must be an object of annotations, found ${jsonKind(json)}`);
      return;
    }
    const annotations: Annotation[] = [];
    for (const read of annotationsOfJson(this.#schema, json)) {
      if ('value' in read) annotations.push(read);
      else this.#problems.annotation(spot, read);
    }
    const node = spot.child ?? (spot.builder.schema as DataSchema);
    if (annotations.length > 0) this.#options.annotations?.(annotations, node, path);
  }

  #noAnnotation(spot: Spot, name: string, reason: string): void {
    const message = `'${name.slice(0, 64)}' ${reason}`;
    this.#problems.annotation(spot, { tag: 'bad-attribute', name, message });
  }
}

/** The child that a member names: qualified, or of the module of `parent` where it has no module (RFC 7951 section 4). */
export function memberOf(parent: BranchSchema, name: string): DataSchema | undefined {
  if (name.includes(':')) return parent.byQualifiedName.get(name);
  if (parent.kind === 'root') return undefined;
  return parent.byName.get(name)?.find((child) => child.module === parent.module);
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
