/** RFC 7952 annotations: metadata that any instance of a data node may carry, with values of types that modules declare. */
import { type JsonObject, type JsonValue, setMember } from './json-text.js';
import type { InstanceIdentifier } from './path.js';
import type { AnnotationSchema, DataSchema, Schema, Value } from './schema.js';
import type { AnyContent, Branch } from './tree.js';
import { jsonContext, readJson, readLexical, type ValueContext, valueToJson } from './values.js';
import { Fault } from './values-fault.js';
import type { XmlAttribute } from './xml-reader.js';

export interface Annotation {
  readonly schema: AnnotationSchema;
  readonly value: Value;
}

/**
 * Told by a decoder of the annotations of one instance: a container, a list entry, a leaf, one value of a leaf-list, anydata
 * or anyxml. `path()` is right once the whole document is read.
 */
export type AnnotationSink = (
  annotations: readonly Annotation[],
  node: DataSchema,
  path: () => InstanceIdentifier,
) => void;

/** Asked by an encoder for the annotations of one instance, as {@link AnnotationSink} is told of them. */
export type AnnotationSource = (
  node: DataSchema,
  content: Branch | Value | AnyContent,
  path: () => InstanceIdentifier,
) => readonly Annotation[];

/** A fault of an annotation: there is none of that name, or its value is wrong (RFC 6241 appendix A). */
export interface AnnotationFault {
  readonly tag: 'unknown-attribute' | 'bad-attribute';
  readonly name: string;
  readonly message: string;
}

/** An attribute that is an annotation (RFC 7952 5.1). `context` is that of the element. */
export function annotationOfAttribute(
  schema: Schema,
  { uri, local, value }: XmlAttribute,
  context: ValueContext,
): Annotation | AnnotationFault {
  for (const known of schema.annotations.values()) {
    if (known.name !== local || known.namespace !== uri) continue;
    return judged(known, local, readLexical(known.type, value, context));
  }
  return { tag: 'unknown-attribute', name: local, message: `there is no attribute '${local.slice(0, 64)}'` };
}

/** A metadata object (RFC 7952 5.2.1): names are always qualified. */
export function annotationsOfJson(schema: Schema, json: JsonObject): (Annotation | AnnotationFault)[] {
  return Object.entries(json).map(([name, value]) => {
    const known = schema.annotations.get(name);
    if (known === undefined) {
      return { tag: 'unknown-attribute', name, message: `there is no annotation '${name.slice(0, 64)}'` };
    }
    return judged(known, name, readJson(known.type, value, jsonContext(schema, known.module)));
  });
}

export function annotationsToJson(annotations: readonly Annotation[]): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const { schema, value } of annotations) {
    setMember(object, `${schema.module.name}:${schema.name}`, valueToJson(schema.type, value));
  }
  return object;
}

function judged(schema: AnnotationSchema, name: string, value: Value | Fault): Annotation | AnnotationFault {
  if (!(value instanceof Fault)) return { schema, value };
  return { tag: 'bad-attribute', name, message: `annotation '${schema.name}': ${value.message}` };
}
