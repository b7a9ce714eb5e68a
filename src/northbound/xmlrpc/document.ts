/** What is at a path as a document: RFC 7951 JSON or XML, which say of each node what a value of XML-RPC cannot (RFC 7952). */
import type { ReadOptions, Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import {
  type DataSchema,
  encodeJson,
  type InstanceIdentifier,
  type RootSchema,
  type Steps,
  xmlTextChunks,
} from '../../yang/index.js';
import { absent, type CallContext, datastoreName, defaultsMode } from './context.js';
import { Members } from './parameters.js';
import type { RpcStruct } from './values.js';

/** Options: `format` json (default) or xml, `datastore`, `with_defaults`, `with_origin`. */
export async function documentAt(context: CallContext, text: string, struct: RpcStruct): Promise<string> {
  const members = new Members(struct, 'options');
  const format = members.string('format') ?? 'json';
  const datastore = members.string('datastore');
  const defaults = members.string('with_defaults');
  const withOrigin = members.boolean('with_origin');
  members.finish();
  if (format !== 'json' && format !== 'xml') {
    throw new ConfigError({
      tag: 'invalid-value',
      message: `${format.slice(0, 64)} is no format; there are json, xml`,
    });
  }
  const { session, candidate } = context;
  const at = context.paths.parse(text);
  const options: ReadOptions = {
    candidate,
    ...(datastore === undefined ? {} : { datastore: datastoreName(datastore) }),
    ...(defaults === undefined ? {} : { withDefaults: defaultsMode(defaults) }),
    ...(withOrigin === undefined ? {} : { withOrigin }),
  };
  return await context.make(documentOf(session, at, options, format));
}

function* documentOf(
  session: Session,
  at: InstanceIdentifier,
  options: ReadOptions,
  format: 'json' | 'xml',
): Steps<string> {
  const reading = yield* session.reading(at, options);
  if (reading === undefined) throw absent(at.toString());
  const { content, annotations } = reading;
  // An operation is refused where it is read.
  const node = (at.last?.schema ?? session.schema.root) as DataSchema | RootSchema;
  const how = { at, ...(annotations === undefined ? {} : { annotations }) };
  if (format === 'json')
    return JSON.stringify(encodeJson(session.schema, node, content, { ...how, wrap: true }), null, 2);
  const wrapper = { name: 'data', namespace: 'urn:ietf:params:xml:ns:netconf:base:1.0' };
  const layout = { ...how, indent: '  ', ...(node.kind === 'root' ? { wrapper } : {}) };
  const pieces: string[] = [];
  for (const piece of xmlTextChunks(session.schema, node, content, layout)) {
    pieces.push(piece);
    yield;
  }
  return pieces.join('');
}
