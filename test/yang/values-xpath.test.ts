/** Prefixes inside XPath values: names of modules in memory and JSON, of namespaces in XML. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigError } from '../../src/error.js';
import {
  decodeXml,
  encodeJson,
  encodeXml,
  InstanceIdentifier,
  type JsonObject,
  loadSchema,
} from '../../src/yang/index.js';
import { repositoryRoot } from '../support/places.js';

const { schema } = loadSchema({ directories: [join(repositoryRoot, 'schema')] });

const rule = (path: string, namespaces: string) =>
  `<nacm xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-acm"><rule-list><name>l</name><group>g</group><rule>
     <name>r</name><path ${namespaces}>${path}</path><action>permit</action></rule></rule-list></nacm>`;

function pathOf(xml: string): { readonly json: string; readonly xml: string } {
  const content = decodeXml(schema, InstanceIdentifier.root, xml);
  const json = encodeJson(schema, schema.root, content) as JsonObject;
  const text = JSON.stringify(json);
  return { json: /"path":"((?:[^"\\]|\\.)*)"/u.exec(text)?.[1] ?? '', xml: encodeXml(schema, schema.root, content) };
}

describe('XPath values (RFC 9911 xpath1.0, RFC 8341 node-instance-identifier)', () => {
  it('get the names of modules for the prefixes of the document', () => {
    const { json } = pathOf(rule("/h:https/h:certificate[h:name='h:x']", 'xmlns:h="urn:signet:yang:signet-https"'));
    assert.equal(json, "/signet-https:https/signet-https:certificate[signet-https:name='h:x']");
  });

  it('are written with prefixes that are bound where they stand, and read again as what they were', () => {
    const first = pathOf(rule('/h:https', 'xmlns:h="urn:signet:yang:signet-https"'));
    const prefix = /<path[^>]*>\/([^:<]+):https<\/path>/u.exec(first.xml)?.[1];
    assert.ok(prefix !== undefined, first.xml);
    assert.ok(first.xml.includes(`xmlns:${prefix}="urn:signet:yang:signet-https"`), first.xml);
    assert.equal(pathOf(first.xml).json, '/signet-https:https');
  });

  it('are refused where a prefix is not bound', () => {
    assert.throws(
      () => pathOf(rule('/h:https', '')),
      (error) => error instanceof ConfigError && /'h' is no known prefix/u.test(error.line()),
    );
  });
});
