/** The content of anydata and anyxml, which comes in one encoding and may have to leave in the other (RFC 7951 5.5, 5.6). */
import type { JsonValue } from './json-text.js';
import type { Schema } from './schema.js';
import type { AnyContent } from './tree.js';

export function anyToJson(_schema: Schema, content: AnyContent): JsonValue {
  return content.format === 'json' ? (JSON.parse(content.text) as JsonValue) : content.text;
}
