/** `PATH=VALUE` of `signet set`: where it splits, and the value in the form that its type has. */
import { ConfigError } from '../../error.js';
import { type JsonValue, parseJsonText, parsePath, type Schema, type Type } from '../../yang/index.js';
import type { RpcValue } from './client.js';
import { UsageError } from './usage.js';

export interface Assignment {
  readonly path: string;
  readonly value: string;
}

/** Splits at the first `=` outside brackets and JSON strings. Throws UsageError where there is none. */
export function splitAssignment(text: string): Assignment {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '\\' && quoted) index += 1;
    else if (character === '"' && depth > 0) quoted = !quoted;
    else if (quoted) continue;
    else if (character === '[') depth += 1;
    else if (character === ']') depth -= 1;
    else if (character === '=' && depth === 0) return { path: text.slice(0, index), value: text.slice(index + 1) };
  }
  throw new UsageError(`${text}: not of the form PATH=VALUE`);
}

/**
 * The value as XML-RPC carries the node's type; what is not in the local schema goes as text and is typed by the agent. Throws
 * ConfigError with the path for what does not get as far as the agent.
 */
export function typedValue(schema: Schema, assignment: Assignment): RpcValue {
  try {
    return encoded(schema, assignment);
  } catch (error) {
    throw error instanceof ConfigError ? error.with({ path: canonical(schema, assignment.path) }) : error;
  }
}

function encoded(schema: Schema, { path, value }: Assignment): RpcValue {
  if (notInXml.test(value)) {
    throw new ConfigError({ tag: 'invalid-value', message: 'the value has a character that XML does not allow' });
  }
  const node = nodeOf(schema, path);
  if (node?.kind === 'leaf') return typed(node.type, value);
  if (/^\s*[[{]/.test(value)) return fromJson(parseJsonText(value));
  return node?.kind === 'leaf-list' ? value.split(',').map((each) => typed(node.type, each)) : value;
}

export function fromJson(json: JsonValue): RpcValue {
  if (json === null) return true;
  if (Array.isArray(json))
    return json.length === 1 && json[0] === null ? true : json.map((each) => fromJson(each as JsonValue));
  if (typeof json !== 'object') return json as string | number | boolean;
  return Object.fromEntries(Object.entries(json).map(([name, each]) => [name, fromJson(each as JsonValue)]));
}

/** The schema node that a path leads to; undefined where these modules do not have it. */
export function nodeOf(schema: Schema, path: string) {
  try {
    return parsePath(schema, path).last?.schema;
  } catch {
    return undefined;
  }
}

/** As the agent writes the path; as it was given where these modules do not have it. */
function canonical(schema: Schema, path: string): string {
  return nodeOf(schema, path) === undefined ? path : parsePath(schema, path).toString();
}

function typed(type: Type, text: string): RpcValue {
  const { base } = type.base === 'leafref' ? type.target.type : type;
  const small = ['int8', 'int16', 'int32', 'uint8', 'uint16'].includes(base);
  // What is longer is no int of XML-RPC (32 bits): the agent refuses it by its path.
  if (small && /^[+-]?\d{1,9}$/.test(text)) return Number(text);
  if (base === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (base === 'empty') return true;
  return text;
}

/** Of XML 1.0 (2.2): control characters, and halves of surrogate pairs. */
const notInXml = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;
