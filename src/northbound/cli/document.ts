/** Configuration as documents: RFC 7951 JSON, and XML. */
import {
  type Branch,
  type Content,
  type DataSchema,
  DataTree,
  decodeContentText,
  decodeJson,
  decodeXmlText,
  encodeJson,
  encodeXml,
  InstanceIdentifier,
  type JsonValue,
  parsePath,
  type RootSchema,
  type Schema,
  type XmlWrapper,
} from '../../yang/index.js';
import type { RpcValue } from './client.js';
import { readFile } from './files.js';
import type { Call } from './index.js';
import { isStruct } from './text.js';

export interface DocumentOptions {
  /** Refuse state, as the agent does. */
  readonly configOnly: boolean;
}

/** A whole document from a file; which of the two forms it has is told by how it begins. Throws ConfigError. */
export async function readDocument(schema: Schema, file: string, options: DocumentOptions): Promise<DataTree> {
  const octets = readFile(file);
  const start = octets
    .toString('latin1', 0, 100)
    .replace(/^\u00ef\u00bb\u00bf/u, '')
    .trimStart();
  // Top-level nodes may stand side by side, as other tools write them; a declaration is for one element alone.
  const root = start.startsWith('<')
    ? await decodeXmlText(schema, InstanceIdentifier.root, octets, { ...options, fragment: !start.startsWith('<?xml') })
    : await decodeContentText(schema, InstanceIdentifier.root, octets, options);
  return new DataTree(schema, root as Branch);
}

export type DocumentForm = 'json' | 'xml';

/** What the agent answered for a path, as a document with a line for each node. */
export function formatDocument(schema: Schema, path: string, value: RpcValue, form: DocumentForm): string {
  const at = parsePath(schema, path);
  // The agent has refused an operation.
  const node = (at.last?.schema ?? schema.root) as DataSchema | RootSchema;
  const content: Content = decodeJson(schema, at, toJson(value), { relaxed: true });
  if (form === 'json') return `${JSON.stringify(encodeJson(schema, node, content), null, 2)}\n`;
  return encodeXml(schema, node, content, { indent: '  ', ...(node.kind === 'root' ? { wrapper: config } : {}) });
}

/** As `edit-config` and the `default-operation` of other tools take it (RFC 6241 7.2). */
const config: XmlWrapper = { name: 'config', namespace: 'urn:ietf:params:xml:ns:netconf:base:1.0' };

/** The modules of the agent: our own, which are on this disk, and those that it was given. */
export async function agentSchema({ client, parts }: Call): Promise<Schema> {
  const own = parts.loadSchema([]).schema;
  const listed = await client.call('schema.list');
  const modules = (Array.isArray(listed) ? (listed as readonly RpcValue[]) : []).filter(isStruct);
  const missing = modules.filter(({ name }) => !own.modules.has(String(name)));
  const names = missing.flatMap(({ name, submodules }) => [name, ...(Array.isArray(submodules) ? submodules : [])]);
  if (names.length === 0) return own;
  const files: { name: string; text: string }[] = [];
  for (const name of names.map(String)) {
    files.push({ name: `${name}.yang`, text: String(await client.call('schema.get', name)) });
  }
  return parts.loadSchema([], files).schema;
}

function toJson(value: RpcValue): JsonValue {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return (value as readonly RpcValue[]).map(toJson);
  if (!isStruct(value)) return value as string | number | boolean;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each)]));
}
