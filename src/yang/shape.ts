/**
 * Incoming JSON: its shape is judged by ajv and JSON Schemas made from the YANG, then it is decoded. Each object is judged by
 * itself, by a schema of its own members alone, so that what is compiled and what is judged follow what was sent; ajv is
 * loaded when the first value comes.
 */
import { createRequire } from 'node:module';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { ConfigError } from '../error.js';
import { codecLimits } from './codec-limits.js';
import { decodeJson, decodeJsonInSlices, type JsonDecodeOptions, memberOf } from './json.js';
import { contentShape, membersShape } from './json-schema-shape.js';
import { type JsonObject, type JsonValue, parseJsonTextInSlices } from './json-text.js';
import { InstanceIdentifier } from './path.js';
import type { BranchSchema, DataSchema, ListSchema, OperationSchema, Schema, Value } from './schema.js';
import { type IsDue, inSlices, neverDue } from './slices.js';
import type { Branch, Content } from './tree.js';
import { jsonContext, jsonKind, readJson } from './values.js';
import { Fault } from './values-fault.js';

/**
 * What a client sends for `path`: shape and values, of configuration alone where `options` do not say otherwise. Throws all
 * faults at once, as `decodeJson` does.
 */
export function decodeContent(
  schema: Schema,
  path: InstanceIdentifier,
  json: JsonValue,
  options: JsonDecodeOptions = {},
): Content {
  return decodeShaped(schema, path, json, { configOnly: true, ...options });
}

/** As {@link decodeContent} from text, letting others run in between. Throws as `parseJsonText` does as well. */
export async function decodeContentText(
  schema: Schema,
  path: InstanceIdentifier,
  text: string | Uint8Array,
  options: JsonDecodeOptions = {},
): Promise<Content> {
  const wanted = { configOnly: true, ...options };
  const json = await parseJsonTextInSlices(text);
  const judge = new ShapeJudge(schema, path, json, wanted);
  await inSlices((isDue) => judge.advance(isDue));
  const content = await decodeJsonInSlices(schema, path, json, wanted);
  judge.finish();
  return content;
}

/** The input of an rpc or action, `path` being its instance for the paths of errors. */
export function decodeInput(
  schema: Schema,
  operation: OperationSchema,
  json: JsonValue,
  path: InstanceIdentifier = InstanceIdentifier.root.child(operation),
  options: JsonDecodeOptions = {},
): Branch {
  return decodeShaped(schema, path, json, options) as Branch;
}

/**
 * Throws ConfigError where `json` has not the shape of what stands at `path`: `unknown-element`, `invalid-value`; the first
 * fault of each object.
 */
export function checkShape(
  schema: Schema,
  path: InstanceIdentifier,
  json: JsonValue,
  options: JsonDecodeOptions = {},
): void {
  const judge = new ShapeJudge(schema, path, json, options);
  judge.advance(neverDue);
  judge.finish();
}

function decodeShaped(schema: Schema, path: InstanceIdentifier, json: JsonValue, options: JsonDecodeOptions): Content {
  const judge = new ShapeJudge(schema, path, json, options);
  judge.advance(neverDue);
  // Decoding finds the same faults, and all the others.
  const content = decodeJson(schema, path, json, options);
  judge.finish();
  return content;
}

/** What is still to be judged: the members of an object, the entries of a list, or a value that holds no members. */
type Frame =
  | { readonly kind: 'members'; readonly at: Place; readonly schema: BranchSchema; readonly json: JsonValue }
  | { readonly kind: 'entries'; readonly at: Place; readonly list: ListSchema; readonly json: readonly JsonValue[]; next: number } // biome-ignore format: one line
  | { readonly kind: 'content'; readonly at: Place; readonly child: DataSchema; readonly json: JsonValue };

/** Made when there is something to tell. */
type Place = () => InstanceIdentifier;

/** Judges object after object; nothing of it is recursive. */
class ShapeJudge {
  readonly #schema: Schema;
  readonly #relaxed: boolean;
  readonly #errors: ConfigError[] = [];
  readonly #stack: Frame[] = [];

  constructor(schema: Schema, path: InstanceIdentifier, json: JsonValue, options: JsonDecodeOptions) {
    this.#schema = schema;
    this.#relaxed = options.relaxed === true;
    const at = (): InstanceIdentifier => path;
    const { last } = path;
    if (last === undefined) this.#stack.push({ kind: 'members', at, schema: schema.root, json });
    else if ('input' in last.schema) {
      this.#stack.push({ kind: 'members', at, schema: last.schema[options.parameters ?? 'input'], json });
    } else this.#begin(at, last.schema, last.keys !== undefined, json);
  }

  advance(isDue: IsDue): boolean {
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (isDue()) return false;
      if (this.#errors.length >= codecLimits.errors) return true;
      if (frame.kind === 'entries' && frame.next < frame.json.length) this.#entry(frame, frame.json[frame.next++]!);
      else {
        this.#stack.pop();
        if (frame.kind === 'members') this.#members(frame.at, frame.schema, frame.json);
        else if (frame.kind === 'content') this.#content(frame.at, frame.child, frame.json);
      }
    }
    return true;
  }

  finish(): void {
    if (this.#errors.length > 0) throw ConfigError.join(this.#errors);
  }

  #begin(at: Place, node: BranchSchema | DataSchema, isOne: boolean, json: JsonValue): void {
    if (node.kind === 'list' && isOne) this.#stack.push({ kind: 'members', at, schema: node, json });
    else if (node.kind === 'leaf-list' && isOne) {
      this.#stack.push({ kind: 'content', at, child: node, json: [json] });
    } else if ('dataChildren' in node && node.kind !== 'list') {
      this.#stack.push({ kind: 'members', at, schema: node, json });
    } else this.#stack.push({ kind: 'content', at, child: node as DataSchema, json });
  }

  /** A value of its own: a leaf, a leaf-list, or all of a list. */
  #content(at: Place, child: DataSchema, json: JsonValue): void {
    const form = this.#relaxed ? relaxedContents : contents;
    const validator = compiled(form, child, () => contentShape(child, this.#relaxed));
    if (!validator(json)) this.#explain(validator.errors![0]!, at, json);
    if (child.kind === 'list' && Array.isArray(json)) this.#entries(at, child, json as readonly JsonValue[]);
  }

  #entries(at: Place, list: ListSchema, json: readonly JsonValue[]): void {
    this.#stack.push({ kind: 'entries', at, list, json, next: 0 });
  }

  #entry({ at, list, next }: Frame & { kind: 'entries' }, json: JsonValue): void {
    const entryAt = (): InstanceIdentifier => {
      const parent = at().parent ?? InstanceIdentifier.root;
      if (list.keys.length === 0) return parent.place(list, next);
      return parent.child(list, entryKeys(this.#schema, list, json));
    };
    this.#members(entryAt, list, json);
  }

  #members(at: Place, parent: BranchSchema, json: JsonValue): void {
    const form = this.#relaxed ? relaxedMembers : members;
    const validator = compiled(form, parent, () => membersShape(parent, this.#relaxed));
    if (!validator(json)) this.#explain(validator.errors![0]!, at, json, parent);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return;
    for (const [name, value] of Object.entries(json as JsonObject)) {
      if (typeof value !== 'object' || value === null) continue;
      const child = memberOf(parent, name);
      if (child?.kind === 'list' && Array.isArray(value)) {
        this.#entries(() => at().child(child), child, value as readonly JsonValue[]);
      } else if (child?.kind === 'container' && !Array.isArray(value)) {
        this.#stack.push({ kind: 'members', at: () => at().child(child), schema: child, json: value });
      }
    }
  }

  /** One of ajv's errors as ours. */
  #explain(error: ErrorObject, at: Place, json: JsonValue, parent?: BranchSchema): void {
    if (error.keyword === 'additionalProperties') {
      const name = (error.params as { additionalProperty: string }).additionalProperty;
      const where = parent !== undefined && 'name' in parent ? `in '${parent.name}'` : 'at the top';
      const message = `there is no node '${name.slice(0, 64)}' ${where}`;
      const info = { 'bad-element': name.slice(0, 64) };
      this.#errors.push(new ConfigError({ tag: 'unknown-element', path: at().toString(), message, info }));
      return;
    }
    const [first, ...more] = error.instancePath.split('/').slice(1).map(unescapePointer);
    let path = at();
    let value = json;
    if (first !== undefined) {
      const child = parent === undefined ? undefined : memberOf(parent, first);
      if (child !== undefined) path = path.child(child);
      for (const segment of [first, ...more]) value = (value as JsonObject)[segment] ?? null;
    }
    const type = error.keyword === 'type' ? String((error.params as { type: unknown }).type) : undefined;
    const expected = type === undefined ? '' : `expected ${/^[aeiou]/u.test(type) ? 'an' : 'a'} ${type}, `;
    const message = `${expected}found ${jsonKind(value)}`;
    this.#errors.push(new ConfigError({ tag: 'invalid-value', path: path.toString(), message }));
  }
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

function entryKeys(schema: Schema, list: ListSchema, entry: JsonValue): readonly Value[] | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const keys = list.keys.map((key) => {
    const json = (entry as JsonObject)[key.name];
    return json === undefined ? new Fault('') : readJson(key.type, json, jsonContext(schema, key.module));
  });
  return keys.every((key): key is Value => !(key instanceof Fault)) ? keys : undefined;
}

type Node = BranchSchema | DataSchema;

function compiled(known: WeakMap<Node, ValidateFunction>, node: Node, make: () => JsonObject): ValidateFunction {
  let validator = known.get(node);
  if (validator === undefined) {
    validator = compile(make());
    known.set(node, validator);
  }
  return validator;
}

function compile(shape: JsonObject): ValidateFunction {
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  // `$data` stays off, and a shape has no pattern but our own '^@': nothing of the input reaches a regular expression.
  return new Ajv2020({ strict: false, validateFormats: false, addUsedSchema: false, validateSchema: false }).compile(
    shape,
  );
}

/** Memos of what is compiled, for as long as the schema lives. */
const members = new WeakMap<Node, ValidateFunction>();
const relaxedMembers = new WeakMap<Node, ValidateFunction>();
const contents = new WeakMap<Node, ValidateFunction>();
const relaxedContents = new WeakMap<Node, ValidateFunction>();
