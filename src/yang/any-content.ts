/**
 * The content of anydata and anyxml, which comes in one encoding and may have to leave in the other (RFC 7951 5.5, 5.6).
 * Without a schema for it, XML texts become strings, and JSON scalars texts.
 */
import { type JsonObject, type JsonValue, setMember } from './json-text.js';
import type { Schema } from './schema.js';
import { neverDue } from './slices.js';
import type { AnyContent } from './tree.js';
import { escapeXml, escapeXmlAttribute, type XmlElement, XmlFeed, type XmlHandler, XmlReader } from './xml-reader.js';

export function anyToJson(schema: Schema, content: AnyContent): JsonValue {
  if (content.format === 'json') return JSON.parse(content.text) as JsonValue;
  const builder = new JsonFromXml(schema);
  new XmlFeed(`<any>${content.text}</any>`, new XmlReader(builder)).advance(neverDue);
  return builder.value;
}

export function anyToXml(schema: Schema, content: AnyContent): string {
  return content.format === 'xml'
    ? content.text
    : membersToXml(schema, JSON.parse(content.text) as JsonValue, undefined);
}

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

function membersToXml(schema: Schema, json: JsonValue, above: string | undefined): string {
  if (json === null) return '';
  if (typeof json !== 'object') return escapeXml(String(json));
  if (Array.isArray(json))
    return (json as readonly JsonValue[]).map((each) => membersToXml(schema, each, above)).join('');
  let text = '';
  for (const [name, value] of Object.entries(json as JsonObject)) {
    const [, prefix, local = ''] = /^(?:([^:]*):)?([\p{L}_][\p{L}\p{N}._-]*)$/u.exec(name) ?? [];
    // A name that XML cannot have, or an annotation: there is no element for it.
    if (local === '') continue;
    const namespace = prefix === undefined ? above : schema.modules.get(prefix)?.namespace;
    const attribute = namespace === undefined || namespace === above ? '' : ` xmlns="${escapeXmlAttribute(namespace)}"`;
    const items = Array.isArray(value) && value[0] !== null ? (value as readonly JsonValue[]) : [value];
    for (const item of items) {
      const inner = membersToXml(schema, item, namespace);
      text += inner === '' ? `<${local}${attribute}/>` : `<${local}${attribute}>${inner}</${local}>`;
    }
  }
  return text;
}
