/** Every node of our modules has an object, or it is said why not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { mapSchema } from '../../../src/northbound/snmp/mapping.js';
import { type DataSchema, loadSchema, type OperationSchema, type SchemaNode } from '../../../src/yang/index.js';
import { repositoryRoot } from '../../support/places.js';

/** Schema paths of nodes without an object, and why. */
const without: Readonly<Record<string, string>> = {
  '/ietf-snmp:snmp/community/text-name': 'names of communities are secrets',
  '/ietf-snmp:snmp/community/binary-name': 'as text-name',
};

test('every node of a module with OIDs has an object, a reason in the MIB, or a place in the short list', () => {
  const { schema, errors } = loadSchema({ directories: [join(repositoryRoot, 'schema')] });
  assert.deepEqual(errors, []);
  const mib = mapSchema(schema);
  const shown = new Set<SchemaNode>([
    ...mib.objects.map((object) => object.schema),
    ...mib.tables.flatMap((table) => [table.schema, ...(table.operation === undefined ? [] : [table.operation])]),
    ...mib.notifications.map((notification) => notification.schema),
  ]);
  // several notifications may share the objects of their leafs
  for (const { schema: notification, objects } of mib.notifications) {
    const names = new Set(objects.map((object) => object.schema.name));
    for (const leaf of notification.dataChildren) if (names.has(leaf.name)) shown.add(leaf);
  }
  const skipped = new Set(mib.skipped.map(({ path }) => path));
  const unplaced = new Set(mib.unplaced);
  const missing: string[] = [];
  const look = (node: SchemaNode): void => {
    const isHidden = node.extensions.some(({ module, name }) => module === 'signet-extensions' && name === 'hidden');
    const isTold = isHidden || unplaced.has(node.module) || skipped.has(node.path);
    if (!shown.has(node) && !isTold) missing.push(node.path);
  };
  const data = (nodes: readonly DataSchema[]): void => {
    for (const node of nodes) {
      // without presence it is no more than a place
      if (node.kind !== 'container' || node.presence !== undefined) look(node);
      if (node.kind !== 'container' && node.kind !== 'list') continue;
      data(node.dataChildren);
      for (const action of node.actions) operation(action);
      for (const notification of node.notifications) {
        look(notification);
        data(notification.dataChildren);
      }
    }
  };
  const operation = (node: OperationSchema): void => {
    look(node);
    data(node.input.dataChildren);
    // lists stand in the result, as JSON
    data(node.output.dataChildren.filter(({ kind }) => kind !== 'list' && kind !== 'leaf-list'));
  };
  data(schema.root.dataChildren);
  for (const rpc of schema.rpcs.values()) operation(rpc);
  for (const notification of schema.notifications.values()) {
    look(notification);
    data(notification.dataChildren);
  }
  assert.deepEqual(missing.sort(), Object.keys(without).sort());
});
