/**
 * Lists and leaf-lists among the inputs of an operation: all entries are one value, an array of RFC 7951 JSON, which is written in segments
 * like any long text.
 */
import { ConfigError } from '../../error.js';
import {
  Branch,
  type Content,
  decodeJson,
  InstanceIdentifier,
  type JsonValue,
  type LeafListSchema,
  type ListSchema,
  type PathStep,
  parseJsonText,
  type Schema,
  type SchemaNode,
} from '../../yang/index.js';
import type { MibObject } from './model.js';

export type EntriesSchema = ListSchema | LeafListSchema;

/** Undefined for an object that is no such input. */
export function entriesOf({ parameter, schema }: Pick<MibObject, 'parameter' | 'schema'>): EntriesSchema | undefined {
  return parameter === 'input' && (schema.kind === 'list' || schema.kind === 'leaf-list') ? schema : undefined;
}

/** Throws ConfigError where the text is no array of entries. */
export function decodeEntries(schema: Schema, node: EntriesSchema, text: string): Content {
  const array = parseJsonText(text);
  if (!Array.isArray(array)) throw new ConfigError({ tag: 'invalid-value', path: node.path, message: 'no JSON array' });
  const chain = chainOf(node);
  const operation = chain.findIndex(({ kind }) => kind === 'rpc' || kind === 'action');
  const inner = chain.slice(operation + 1).filter(({ kind }) => kind !== 'input');
  const json = inner.reduceRight<JsonValue>(
    (value, { module, name }) => ({ [`${module.name}:${name}`]: value }),
    array as JsonValue,
  );
  const path = new InstanceIdentifier(
    chain.slice(0, operation + 1).map((step) => ({ schema: step as PathStep['schema'], keys: undefined })),
  );
  let content: Content | undefined = decodeJson(schema, path, json, { parameters: 'input' });
  for (const step of inner) content = content instanceof Branch ? content.get(step as EntriesSchema) : undefined;
  // an empty array is no content: there are no entries
  return content ?? [];
}

/** From the top-level node down, without choices and cases. */
function chainOf(node: SchemaNode): readonly SchemaNode[] {
  const chain: SchemaNode[] = [];
  let at: SchemaNode | SchemaNode['parent'] = node;
  for (; at !== undefined && at.kind !== 'root'; at = at.parent)
    if (at.kind !== 'choice' && at.kind !== 'case') chain.unshift(at);
  return chain;
}
