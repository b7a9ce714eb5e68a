import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { compileQuery } from '../../../src/yang/index.js';
import { requireTool } from '../../support/tools.js';
import { labOid as base, type Lab, ok, startLab, tool, v3 } from './support/lab.js';

const skip = requireTool('snmpwalk').skip || requireTool('snmpbulkwalk').skip;

suite('a walk of all that there is', { skip }, () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab();
    await lab.write('/signet-lab:lab', {
      number: -7,
      text: 'some text',
      gauge: 4_294_967_295,
      fraction: '12.30',
      kind: 'beta-two',
      essay: 'x'.repeat(1500),
      extra: {},
      item: [3, 20, 100].map((id) => ({
        id,
        label: `item ${String(id)}`,
        size: id,
        part: ['b', 'aa', 'c'].map((name) => ({ name, weight: -id })),
        mark: ['x', 'yy'],
      })),
      step: [{ name: 'second', action: 'b' }, { name: 'first' }],
    });
  });
  after(async () => {
    await lab.close();
  });

  /** Values by OID, as `-OQ` prints them. */
  const walked = async (name: string, from: string): Promise<readonly (readonly [oid: string, value: string])[]> => {
    const text = await ok(lab, name, [...v3('admin'), '-OQ'], from);
    return [...text.matchAll(/^\.([\d.]+) = (.*)$/gmu)].map(([, oid, value]) => [oid!, value!]);
  };

  test('snmpbulkwalk gives what snmpwalk gives, in lexicographic order', async () => {
    const one = await walked('snmpwalk', base);
    assert.deepEqual(
      (await walked('snmpbulkwalk', base)).map(([oid]) => oid),
      one.map(([oid]) => oid),
    );
    const oids = one.map(([oid]) => oid.split('.').map(Number));
    for (const [at, oid] of oids.entries()) {
      const before = oids[at - 1];
      if (before === undefined) continue;
      const differs = oid.findIndex((arc, index) => arc !== before[index]);
      assert.ok(differs >= 0 && oid[differs]! > (before[differs] ?? -1), `${before.join('.')} before ${oid.join('.')}`);
    }
    assert.ok(oids.length > 80, String(oids.length));
  });

  test('it ends in endOfMibView', async () => {
    const { stdout } = await tool(lab, 'snmpgetnext', v3('admin'), '1.3.7.1');
    assert.match(stdout, /No more variables left in this MIB View/u);
  });

  test('values are those of XPath in the same tree', async () => {
    const values = new Map(await walked('snmpwalk', base));
    const tree = lab.datastore.session({ user: '', protocol: 'system', address: '' }).tree('operational');
    const names = { prefix: (prefix: string) => lab.schema.modules.get(prefix), unprefixed: 'any' } as const;
    const query = (text: string) => compileQuery(lab.schema, text, { names }).string(tree);
    const lines: (readonly [oid: string, xpath: string])[] = [
      ['3.0', '/lab/number'],
      ['4.0', '/lab/text'],
      ['8.0', '/lab/gauge'],
      ['12.0', '/lab/fraction'],
      ['2.0', '/lab/big-counter'],
    ];
    for (const id of [3, 20, 100]) {
      const item = `/lab/item[id = ${String(id)}]`;
      lines.push([`20.1.2.${String(id)}`, `${item}/label`], [`20.1.3.${String(id)}`, `${item}/size`]);
      lines.push([`20.1.4.${String(id)}`, `${item}/seen`]);
      lines.push([`21.1.2.${String(id)}.1.98`, `${item}/part[name = 'b']/weight`]);
      lines.push([`21.1.2.${String(id)}.2.97.97`, `${item}/part[name = 'aa']/weight`]);
    }
    for (const [oid, xpath] of lines) {
      const value = values.get(`${base}.${oid}`)?.replace(/^"(.*)"$/u, '$1');
      assert.equal(value, query(xpath), `${oid} ${xpath}`);
    }
    assert.equal(values.get(`${base}.7.0`), '2');
    assert.equal(query('/lab/kind'), 'beta-two');
  });
});
