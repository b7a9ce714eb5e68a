import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { requireTool } from '../../support/tools.js';
import { labOid as base, type Lab, ok, startLab, v2c, v3 } from './support/lab.js';

const skip = requireTool('snmpwalk').skip || requireTool('snmpget').skip;

suite('access control of the tree (RFC 8341) over SNMP', { skip }, () => {
  let lab: Lab;
  before(async () => {
    lab = await startLab();
    await lab.write('/signet-lab:lab', {
      item: [1, 2, 3].map((id) => ({ id, label: `item ${String(id)}` })),
      step: [{ name: 'first' }],
      book: ['a', 'b', 'c'].map((title) => ({ title, cover: 'Y292ZXI=', page: ['b25l', 'dHdv'] })),
      text: 'hidden',
    });
    const deny = (name: string, path: string) => ({
      name,
      path,
      'access-operations': 'read',
      action: 'deny',
    });
    await lab.write('/ietf-netconf-acm:nacm', {
      'enable-nacm': true,
      groups: { group: [{ name: 'staff', 'user-name': ['admin'] }] },
      'rule-list': [
        {
          name: 'staff',
          group: ['staff'],
          rule: [
            deny('entry', "/signet-lab:lab/item[id='2']"),
            deny('list', '/signet-lab:lab/step'),
            deny('book', "/signet-lab:lab/book[title='b']"),
            deny('page', "/signet-lab:lab/book[title='c']/page[.='dHdv']"),
            deny('leaf', '/signet-lab:lab/text'),
          ],
        },
      ],
    });
  });
  after(() => lab.close());

  for (const [name, options] of [
    ['a user', v3('admin')],
    ['a community', v2c],
  ] as const) {
    test(`${name} sees no column of an entry that is hidden, its keys and RowStatus included`, async () => {
      const walk = await ok(lab, 'snmpwalk', options, `${base}.20`);
      const rows = new Set([...walk.matchAll(/^\.[\d.]+\.(\d+) = /gmu)].map(([, id]) => id));
      assert.deepEqual([...rows], ['1', '3']);
      for (const column of [2, 200, 201, 224])
        assert.match(await ok(lab, 'snmpget', options, `${base}.20.1.${String(column)}.2`), /No Such Instance/u);
    });

    test(`${name} sees no segment of what is hidden: an entry, what is in it, one value`, async () => {
      const walk = await ok(lab, 'snmpwalk', options, `${base}.400`);
      const segments = [...walk.matchAll(/\.400\.(2[56]\.\d)\.1\.2\.([\d.]+) = /gmu)].map(
        ([, table, row]) => `${table!} ${row!}`,
      );
      // book `a` whole, of `c` the first page, nothing of `b`
      assert.deepEqual(segments, ['25.2 1.97.1', '25.2 1.99.1', '26.1 1.97.1.1', '26.1 1.97.2.1', '26.1 1.99.1.1']);
      for (const row of ['25.2.1.2.1.98.1', '26.1.1.2.1.98.1.1', '26.1.1.2.1.99.2.1'])
        assert.match(await ok(lab, 'snmpget', options, `${base}.400.${row}`), /No Such Instance/u);
    });

    test(`${name} sees nothing of a list or a leaf that is hidden: there is no such object (P5)`, async () => {
      assert.match(await ok(lab, 'snmpget', options, `${base}.23.1.200.1`), /No Such Object/u);
      assert.match(await ok(lab, 'snmpget', options, `${base}.4.0`), /No Such Object/u);
      assert.match(await ok(lab, 'snmpwalk', options, `${base}.23`), /No Such Object/u);
    });
  }

  test('the rules count from the commit on', async () => {
    await lab.remove("/ietf-netconf-acm:nacm/rule-list[name='staff']/rule[name='leaf']");
    assert.match(await ok(lab, 'snmpget', v3('admin'), `${base}.4.0`), /"hidden"/u);
  });
});
