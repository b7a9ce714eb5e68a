/**
 * Incoming JSON: its shape is checked first, by ajv and a JSON Schema made from the YANG, then it is decoded. ajv is loaded
 * when the first value comes, and a schema is compiled for the subtrees that are written only.
 */
import { createRequire } from 'node:module';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { ConfigError } from '../error.js';
import { decodeJson, type JsonDecodeOptions, memberOf } from './json.js';
import { entryJsonSchema, nodeJsonSchema } from './json-schema.js';
import type { JsonObject, JsonValue } from './json-text.js';
import { InstanceIdentifier, type PathStep } from './path.js';
import type { BranchSchema, DataSchema, ListSchema, OperationSchema, Schema, Value } from './schema.js';
import type { Branch, Content } from './tree.js';
import { jsonContext, jsonKind, readJson } from './values.js';
import { Fault } from './values-fault.js';

/** What a client sends for `path`: shape first, then {@link decodeJson}, of configuration alone. Throws all faults at once. */
export function decodeContent(
  schema: Schema,
  path: InstanceIdentifier,
  json: JsonValue,
  options: JsonDecodeOptions = {},
): Content {
  return decodeShaped(schema, path, json, { configOnly: true, ...options });
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
 * fault only.
 */
export function checkShape(
  schema: Schema,
  path: InstanceIdentifier,
  json: JsonValue,
  options: JsonDecodeOptions = {},
): void {
  const { last } = path;
  if (last === undefined) {
    checkRoot(schema, json, options);
    return;
  }
  const node = shapeNode(last.schema, options);
  const validator = validatorOf(node, last.keys !== undefined, options.relaxed === true);
  if (validator(json)) return;
  throw explain(schema, path, node, json, validator.errors![0]!, last.keys !== undefined);
}

function decodeShaped(schema: Schema, path: InstanceIdentifier, json: JsonValue, options: JsonDecodeOptions): Content {
  let misshapen: unknown;
  try {
    checkShape(schema, path, json, options);
  } catch (thrown) {
    misshapen = thrown;
  }
  // Decoding finds the same faults, and all the others.
  const content = decodeJson(schema, path, json, options);
  if (misshapen !== undefined) throw misshapen;
  return content;
}

/** Each top-level node by a validator of its own: one for everything would be compiled in vain. */
function checkRoot(schema: Schema, json: JsonValue, options: JsonDecodeOptions): void {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ConfigError({ tag: 'invalid-value', path: '/', message: `expected an object, found ${jsonKind(json)}` });
  }
  for (const [name, value] of Object.entries(json as JsonObject)) {
    const child = memberOf(schema.root, name);
    if (child !== undefined) checkShape(schema, InstanceIdentifier.root.child(child), value, options);
    else if (!name.startsWith('@')) {
      const message = `there is no node '${name}' at the top`;
      throw new ConfigError({ tag: 'unknown-element', path: '/', message, info: { 'bad-element': name } });
    }
  }
}

type Node = BranchSchema | DataSchema;

function shapeNode(schema: PathStep['schema'], options: JsonDecodeOptions): Node {
  if ('input' in schema) return schema[options.parameters ?? 'input'];
  return schema;
}

function validatorOf(node: Node, isOne: boolean, relaxed: boolean): ValidateFunction {
  let known = validators.get(node);
  if (known === undefined) {
    known = new Map();
    validators.set(node, known);
  }
  const form = `${isOne ? 'one' : 'all'} ${relaxed ? 'relaxed' : 'strict'}`;
  let validator = known.get(form);
  if (validator === undefined) {
    const options = { shapeOnly: true, relaxed };
    const whole = nodeJsonSchema(node, options);
    const single =
      node.kind === 'list' ? entryJsonSchema(node, options) : ((whole['items'] as JsonObject | undefined) ?? whole);
    validator = compile(isOne ? single : whole);
    known.set(form, validator);
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

/** One of ajv's errors as ours: its JSON pointer is followed through schema and value. */
function explain(
  schema: Schema,
  start: InstanceIdentifier,
  startNode: Node,
  json: JsonValue,
  error: ErrorObject,
  isOne: boolean,
): ConfigError {
  let path = start;
  let node: Node = startNode;
  let value: JsonValue = json;
  let inEntry = isOne;
  for (const segment of error.instancePath.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    value = (value as JsonObject)[name] as JsonValue;
    if ((node.kind === 'list' || node.kind === 'leaf-list') && !inEntry) {
      inEntry = true;
      if (node.kind === 'list')
        path = (path.parent ?? InstanceIdentifier.root).child(node, entryKeys(schema, node, value));
      continue;
    }
    const child: DataSchema | undefined = 'dataChildren' in node ? memberOf(node, name) : undefined;
    if (child === undefined) break;
    node = child;
    inEntry = false;
    path = path.child(child);
  }
  if (error.keyword === 'additionalProperties') {
    const name = (error.params as { additionalProperty: string }).additionalProperty;
    const message = `there is no node '${name}' in '${'name' in node ? node.name : ''}'`;
    return new ConfigError({ tag: 'unknown-element', path: path.toString(), message, info: { 'bad-element': name } });
  }
  const expected = error.keyword === 'type' ? `expected ${String((error.params as { type: unknown }).type)}, ` : '';
  return new ConfigError({
    tag: 'invalid-value',
    path: path.toString(),
    message: `${expected}found ${jsonKind(value)}`,
  });
}

function entryKeys(schema: Schema, list: ListSchema, entry: JsonValue): readonly Value[] | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const keys = list.keys.map((key) => {
    const json = (entry as JsonObject)[key.name];
    return json === undefined ? new Fault('') : readJson(key.type, json, jsonContext(schema, key.module));
  });
  return keys.length > 0 && keys.every((key): key is Value => !(key instanceof Fault)) ? keys : undefined;
}

/** A memo of what is compiled, for as long as the schema lives. */
const validators = new WeakMap<Node, Map<string, ValidateFunction>>();
