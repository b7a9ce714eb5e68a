/** The history as part of the tree: how long it is, what it shows, and which private keys go with the points that leave it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../../src/yang/index.js';
import { FakeListener, openDevice } from './support.js';

const points = '/signet-history:history/point';
const keep = '/signet-history:history/keep-points';
const web = "/signet-https:https/certificate[name='web']";

describe('the history in the tree', () => {
  test('shows each transaction with number, time, user, protocol, address, kind and comment', async (context) => {
    const it = await openDevice(context, { listener: new FakeListener() });
    await it.apply([['merge', '/ietf-netconf-acm:nacm/write-default', 'permit']]);
    const session = it.datastore.session({ user: 'ann', protocol: 'xmlrpc', address: '192.0.2.7:4711' });
    const comment = 'ü'.repeat(300);
    await session.apply([it.edit('merge', '/signet-system:system/location', 'rack 7')], { comment });
    const shown = it.get(points) as unknown as readonly JsonObject[];
    assert.deepEqual(
      shown.map(({ transaction }) => transaction),
      [...it.datastore.history()].reverse().map(({ transaction }) => Number(transaction)),
    );
    const { time, ...last } = shown.at(-1)!;
    assert.equal(time, new Date(it.datastore.history()[0]!.time).toISOString());
    assert.deepEqual(last, {
      transaction: Number(it.datastore.transaction()),
      user: 'ann',
      protocol: 'xmlrpc',
      address: '192.0.2.7:4711',
      kind: 'commit',
      comment: 'ü'.repeat(255),
    });
  });

  test('is as long as keep-points says, from that commit on and over a restart', async (context) => {
    const it = await openDevice(context, { listener: new FakeListener() });
    for (let round = 0; round < 6; round++) await it.apply([['merge', '/signet-system:system/location', `r${round}`]]);
    assert.equal(it.datastore.history().length, 7);
    await it.apply([['merge', keep, 3]]);
    const ids = it.datastore.history().map(({ transaction }) => transaction);
    assert.deepEqual(ids, ['7', '6', '5']);
    await it.close();
    const again = await openDevice(context, { listener: new FakeListener(), state: it.state });
    assert.deepEqual(
      again.datastore.history().map(({ transaction }) => transaction),
      ids,
    );
    await again.session.rollback('5');
    assert.equal(again.get('/signet-system:system/location'), 'r4');
  });

  test('takes a private key with it when the last point that names it goes, and no other', async (context) => {
    const it = await openDevice(context, { listener: new FakeListener() });
    await it.apply([
      ['merge', keep, 4],
      ['merge', web, { name: 'web', subject: { 'common-name': 'web.example.net' } }],
    ]);
    const [first] = await it.keyFiles();
    await it.invoke(`${web}/generate-request`, { 'reuse-key': false });
    const [pending] = (await it.keyFiles()).filter((file) => file !== first);
    await it.apply([['merge', `${web}/key-algorithm`, 'ec-p384']]);
    const [second] = (await it.keyFiles()).filter((file) => file !== first && file !== pending);
    assert.ok(first !== undefined && pending !== undefined && second !== undefined);
    for (let round = 0; round < 2; round++) await it.apply([['merge', '/signet-system:system/location', `r${round}`]]);
    await it.https.idle();
    assert.ok((await it.keyFiles()).includes(first), 'the point before the change is still kept');
    for (let round = 0; round < 3; round++) await it.apply([['merge', '/signet-system:system/contact', `c${round}`]]);
    await it.https.idle();
    assert.deepEqual([...(await it.keyFiles())].sort(), [pending, second].sort());
  });
});
