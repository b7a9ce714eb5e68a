/** What is at a path as a document: RFC 7951 JSON or XML, which say of each node what a value of XML-RPC cannot (RFC 7952). */
import type { ReadOptions } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { type DataSchema, encodeJson, inSlices, type RootSchema, xmlTextChunks } from '../../yang/index.js';
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
  const reading = await session.readInSlices(at, options);
  if (reading === undefined) throw absent(at.toString());
  const { content, annotations } = reading;
  // An operation is refused where it is read.
  const node = (at.last?.schema ?? session.schema.root) as DataSchema | RootSchema;
  const how = { at, ...(annotations === undefined ? {} : { annotations }) };
  if (format === 'json')
    return JSON.stringify(encodeJson(session.schema, node, content, { ...how, wrap: true }), null, 2);
  const wrapper = { name: 'data', namespace: 'urn:ietf:params:xml:ns:netconf:base:1.0' };
  const layout = { ...how, indent: '  ', ...(node.kind === 'root' ? { wrapper } : {}) };
  const chunks = xmlTextChunks(session.schema, node, content, layout);
  const pieces: string[] = [];
  await inSlices((isDue) => {
    for (;;) {
      const chunk = chunks.next();
      if (chunk.done === true) return true;
      pieces.push(chunk.value);
      if (isDue()) return false;
    }
  }, 1);
  return pieces.join('');
}
