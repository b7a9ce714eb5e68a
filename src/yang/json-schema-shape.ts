/** The shape of one level of JSON (RFC 7951): names, and the JSON types of what they hold; what is deeper is judged by itself. */
import { typeShape } from './json-schema-types.js';
import { type JsonObject, type JsonValue, setMember } from './json-text.js';
import type { BranchSchema, DataSchema } from './schema.js';

/**
 * An object with members of `parent`. Members are qualified where the module changes, and may be where it does not.
 * `relaxed`: numbers, strings and booleans may stand for each other (XML-RPC).
 */
export function membersShape(parent: BranchSchema, relaxed: boolean): JsonObject {
  const properties: Record<string, JsonValue> = {};
  for (const child of parent.dataChildren) {
    const shape = contentShape(child, relaxed);
    setMember(properties, `${child.module.name}:${child.name}`, shape);
    if (parent.kind !== 'root' && child.module === parent.module) setMember(properties, child.name, shape);
  }
  return { type: 'object', properties, patternProperties: { '^@': true }, additionalProperties: false };
}

/** What a member holds. */
export function contentShape(child: DataSchema, relaxed: boolean): JsonObject {
  switch (child.kind) {
    case 'container':
    case 'anydata':
      return { type: 'object' };
    case 'list':
      return { type: 'array' };
    case 'leaf-list':
      return { type: 'array', items: typeShape(child.type, relaxed) };
    case 'leaf':
      return typeShape(child.type, relaxed);
    case 'anyxml':
      return {};
  }
}
