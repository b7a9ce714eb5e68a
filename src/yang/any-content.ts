/**
 * The content of anydata and anyxml, which comes in one encoding and may have to leave in the other (RFC 7951 5.5, 5.6).
 * Without a schema for it, XML texts become strings, and JSON scalars texts.
 */
import { type JsonObject, JsonReader, type JsonValue, jsonPieces, setMember } from './json-text.js';
import type { Schema } from './schema.js';
import { type IsDue, neverDue } from './slices.js';
import type { AnyContent } from './tree.js';
import { escapeXml, escapeXmlAttribute, type XmlElement, XmlFeed, type XmlHandler, XmlReader } from './xml-reader.js';

export function anyToJson(schema: Schema, content: AnyContent): JsonValue {
  if (content.format === 'json') return JSON.parse(content.text) as JsonValue;
  const builder = new JsonFromXml(schema);
  new XmlFeed(`<any>${content.text}</any>`, new XmlReader(builder)).advance(neverDue);
  return builder.value;
}

/** The text of {@link anyToJson}, in pieces, of which some may be empty. */
export function* anyJsonPieces(schema: Schema, content: AnyContent): Generator<string, void, void> {
  if (content.format === 'json') {
    yield content.text;
    return;
  }
  const builder = new JsonFromXml(schema);
  const feed = new XmlFeed(`<any>${content.text}</any>`, new XmlReader(builder));
  while (!feed.advance(dueAfter(1))) yield '';
  yield* jsonPieces(builder.value);
}

/** The elements in it, in pieces, of which some may be empty. */
export function* anyXmlPieces(schema: Schema, content: AnyContent): Generator<string, void, void> {
  if (content.format === 'xml') {
    yield content.text;
    return;
  }
  const reader = new JsonReader(content.text);
  while (!reader.advance(dueAfter(questions))) yield '';
  const buffer = { text: '' };
  yield* membersToXml(schema, reader.value, undefined, buffer);
  yield buffer.text;
}

function dueAfter(count: number): IsDue {
  let asked = 0;
  return () => asked++ >= count;
}

/** Of the JSON reader, for one piece. */
const questions = 500;
const pieceLength = 8192;

interface OpenElement {
  readonly name: string;
  readonly uri: string;
  readonly object: Record<string, JsonValue>;
  text: string;
}

class JsonFromXml implements XmlHandler {
  value: JsonValue = {};
  readonly #schema: Schema;
  readonly #open: OpenElement[] = [];

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  open({ uri, local }: XmlElement): void {
    const parent = this.#open.at(-1);
    const module = uri === parent?.uri && this.#open.length > 1 ? undefined : this.#schema.namespaces.get(uri);
    this.#open.push({ name: module === undefined ? local : `${module.name}:${local}`, uri, object: {}, text: '' });
  }

  text(text: string): void {
    this.#open.at(-1)!.text += text;
  }

  close(): void {
    const { name, object, text } = this.#open.pop()!;
    const hasChildren = Object.keys(object).length > 0;
    const isTop = this.#open.length === 0;
    const value: JsonValue = hasChildren || (isTop && !/[^ \t\r\n]/u.test(text)) ? object : text;
    const parent = this.#open.at(-1);
    if (parent === undefined) {
      this.value = value;
      return;
    }
    const before = Object.hasOwn(parent.object, name) ? parent.object[name] : undefined;
    const several = Array.isArray(before) ? [...(before as readonly JsonValue[]), value] : [before!, value];
    setMember(parent.object, name, before === undefined ? value : several);
  }
}

function* membersToXml(
  schema: Schema,
  json: JsonValue,
  above: string | undefined,
  buffer: { text: string },
): Generator<string, void, void> {
  if (json === null) return;
  if (typeof json !== 'object') {
    buffer.text += escapeXml(String(json));
    return;
  }
  if (Array.isArray(json)) {
    for (const each of json as readonly JsonValue[]) yield* membersToXml(schema, each, above, buffer);
    return;
  }
  for (const [name, value] of Object.entries(json as JsonObject)) {
    const parts = nameParts(name);
    if (parts === undefined) continue;
    const { prefix, local } = parts;
    const namespace = prefix === undefined ? above : schema.modules.get(prefix)?.namespace;
    const attribute = namespace === undefined || namespace === above ? '' : ` xmlns="${escapeXmlAttribute(namespace)}"`;
    const items = Array.isArray(value) && value[0] !== null ? (value as readonly JsonValue[]) : [value];
    for (const item of items) {
      if (isBlank(item)) buffer.text += `<${local}${attribute}/>`;
      else {
        buffer.text += `<${local}${attribute}>`;
        yield* membersToXml(schema, item, namespace, buffer);
        buffer.text += `</${local}>`;
      }
      if (buffer.text.length < pieceLength) continue;
      yield buffer.text;
      buffer.text = '';
    }
  }
}

/** Undefined for a name that XML cannot have, and for an annotation: there is no element for it. */
function nameParts(name: string): { readonly prefix: string | undefined; readonly local: string } | undefined {
  const match = /^(?:([^:]*):)?([\p{L}_][\p{L}\p{N}._-]*)$/u.exec(name);
  return match === null ? undefined : { prefix: match[1], local: match[2]! };
}

/** What has no text and no elements. */
function isBlank(json: JsonValue): boolean {
  if (json === null || json === '') return true;
  if (typeof json !== 'object') return false;
  if (Array.isArray(json)) return (json as readonly JsonValue[]).every(isBlank);
  return !Object.entries(json).some(([name, value]) => nameParts(name) !== undefined && !isEmptyArray(value));
}

/** No element at all, where an empty value is one. */
function isEmptyArray(json: JsonValue): boolean {
  return Array.isArray(json) && json.length === 0;
}
