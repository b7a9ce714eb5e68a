import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { editsOfConfig, type NodeOperation } from '../../src/datastore/index.js';
import {
  applyEdits,
  type Branch,
  type DataSchema,
  DataTree,
  decodeJson,
  decodeXml,
  encodeJson,
  InstanceIdentifier,
  parsePath,
  type XmlAttribute,
} from '../../src/yang/index.js';
import { makePlace, type Place } from './fixture.js';

let place: Place;

before(async () => {
  place = await makePlace();
});
after(() => place.remove());

const target = {
  title: 'old',
  word: ['b', 'a'],
  item: [
    { name: 'one', value: 1, hint: 'h' },
    { name: 'two', value: 2 },
  ],
  step: [{ n: 1 }, { n: 2 }],
};

describe('the config of an edit-config (RFC 6241 7.2)', () => {
  it('merges where nothing else is said', () => {
    assert.deepEqual(edited('<title>new</title>'), { ...target, title: 'new' });
  });

  it('takes an operation for what it is in, and merges the rest', () => {
    const xml =
      '<title>new</title><item nc:operation="delete"><name>one</name></item><item><name>two</name><value>9</value></item>';
    assert.deepEqual(edited(xml), { ...target, title: 'new', item: [{ name: 'two', value: 9 }] });
  });

  it('replaces one entry and leaves the others (RFC 6241 7.2, example of mtu)', () => {
    const xml = '<item nc:operation="replace"><name>one</name><value>5</value></item>';
    assert.deepEqual(edited(xml), { ...target, item: [{ name: 'one', value: 5 }, target.item[1]] });
  });

  it('deletes a leaf that is given without a value', () => {
    assert.deepEqual(edited('<item><name>one</name><hint nc:operation="delete"/></item>').item[0], {
      name: 'one',
      value: 1,
    });
  });

  it('gives an inner operation its way inside of an outer one', () => {
    const xml = '<item nc:operation="replace"><name>one</name><hint nc:operation="create">x</hint></item>';
    assert.deepEqual(edited(xml).item[0], { name: 'one', hint: 'x' });
  });

  it('refuses what would be made inside of what is deleted', () => {
    const xml = '<item nc:operation="delete"><name>one</name><hint nc:operation="create">x</hint></item>';
    assert.throws(() => edited(xml), { tag: 'bad-attribute', path: "/signet-test:box/item[name='one']/hint" });
  });

  it('none touches only what has an operation, and asks that the way there exists (default-operation)', () => {
    const xml = '<item><name>two</name><hint nc:operation="create">x</hint></item>';
    assert.deepEqual(edited(xml, 'none').item[1], { name: 'two', value: 2, hint: 'x' });
    assert.throws(() => edited('<item><name>three</name><hint nc:operation="create">x</hint></item>', 'none'), {
      tag: 'data-missing',
      path: "/signet-test:box/item[name='three']",
    });
  });

  it('replace puts the document in the place of everything (default-operation)', () => {
    assert.deepEqual(edited('<title>new</title>', 'replace'), { title: 'new' });
  });

  it('merge of an entry that is only to be removed makes nothing of what is around it', () => {
    assert.deepEqual(edited('<empty-able><a nc:operation="remove"/></empty-able>'), target);
  });

  it('places entries where insert says (RFC 7950 7.8.6)', () => {
    const xml = `<step yang:insert="first"><n>3</n></step><step nc:operation="create" yang:insert="after" yang:key="1"><n>4</n></step>`;
    assert.deepEqual(edited(xml).step, [{ n: 3 }, { n: 1 }, { n: 4 }, { n: 2 }]);
  });
});

interface Box {
  readonly item: readonly object[];
  readonly step: readonly object[];
}

/** The box after an edit-config, read as a server does: attributes by the decoder's hook. */
function edited(xml: string, defaultOperation: 'merge' | 'replace' | 'none' = 'merge'): Box {
  const found: { operation: string | undefined; insert: NodeOperation['insert']; path: () => InstanceIdentifier }[] =
    [];
  const document = `<config xmlns="${netconf}" xmlns:nc="${netconf}" xmlns:yang="urn:ietf:params:xml:ns:yang:1"><box xmlns="urn:signet:yang:signet-test">${xml}</box></config>`;
  const config = decodeXml(place.schema, InstanceIdentifier.root, document, {
    attributes(attributes: readonly XmlAttribute[], _node: DataSchema, path) {
      if (attributes.length === 0) return { unknown: [], valueless: false };
      const value = (local: string) => attributes.find((each) => each.local === local)?.value;
      const [operation, where, key] = [value('operation'), value('insert'), value('key')];
      const insert =
        where === undefined
          ? undefined
          : where === 'first' || where === 'last'
            ? ({ where } as const)
            : ({ where: where as 'before' | 'after', anchor: [Number(key)] } as const);
      found.push({ operation, insert, path });
      return { unknown: [], valueless: operation === 'delete' || operation === 'remove' };
    },
  });
  const operations = found.map(({ operation, insert, path }) => ({
    path: path(),
    ...(operation === undefined ? {} : { operation: operation as NonNullable<NodeOperation['operation']> }),
    ...(insert === undefined ? {} : { insert }),
  }));
  const box = parsePath(place.schema, 'box');
  const editor = DataTree.empty(place.schema).edit();
  editor.set(box, decodeJson(place.schema, box, target));
  const edits = editsOfConfig(new DataTree(place.schema, config as Branch), operations, defaultOperation);
  const after = applyEdits(editor.finish(), edits);
  const whole = encodeJson(place.schema, place.schema.root, after.root) as { readonly 'signet-test:box': unknown };
  return whole['signet-test:box'] as Box;
}

const netconf = 'urn:ietf:params:xml:ns:netconf:base:1.0';
