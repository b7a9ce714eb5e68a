/** A JSON document with origins (RFC 8342 5.3.4, RFC 7952 5.2) for people: beside each value where it comes from. */
import type { JsonObject, JsonValue } from '../../yang/index.js';
import type { RpcValue } from './client.js';

/** What a document for `path` holds, to be formatted as a value; an object says in `@origin` where it comes from itself. */
export function annotatedValue(document: JsonObject, path: string): RpcValue {
  const members = readable(document) as Readonly<Record<string, RpcValue>>;
  const [only, ...others] = Object.values(members);
  // The path has named the node already.
  if (only === undefined || others.length > 0) return members;
  return Array.isArray(only) && path.endsWith(']') ? ((only as readonly RpcValue[])[0] ?? '') : only;
}

function readable(json: JsonValue): RpcValue {
  if (Array.isArray(json)) return (json as readonly JsonValue[]).map(readable);
  if (json === null) return '';
  if (typeof json !== 'object') return json;
  const object = json as JsonObject;
  const own = noteOf(object['@']);
  const members = Object.entries(object).filter(([name]) => !name.startsWith('@'));
  return Object.fromEntries([
    ...(own === '' ? [] : [['@origin', own]]),
    ...members.map(([name, value]) => [name, withNote(value, object[`@${name}`])]),
  ]) as RpcValue;
}

function withNote(value: JsonValue, metadata: JsonValue | undefined): RpcValue {
  if (Array.isArray(value)) {
    const notes = Array.isArray(metadata) ? (metadata as readonly JsonValue[]) : [];
    return (value as readonly JsonValue[]).map((each, index) => withNote(each, notes[index]));
  }
  const note = noteOf(metadata);
  const plain = readable(value);
  return note === '' ? plain : `${String(plain)}  (${note})`;
}

function noteOf(metadata: JsonValue | undefined): string {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return '';
  const origin = (metadata as JsonObject)['ietf-origin:origin'];
  return typeof origin === 'string' ? origin.replace(/^.*:/u, '') : '';
}
