/** Users and their roles: what the rules of a new agent let each do (RFC 8341 over schema/signet-access.yang). */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Session } from '../../src/datastore/index.js';
import type { ConfigError } from '../../src/error.js';
import { factoryAccess } from '../../src/modules/access/roles.js';
import type { JsonObject } from '../../src/yang/index.js';
import { parsePath } from '../../src/yang/index.js';
import { type Device, FakeListener, openDevice, schema } from './support.js';

async function open(context: TestContext): Promise<Device & { as(user: string): Session }> {
  const device = await openDevice(context, { listener: new FakeListener() });
  await device.apply([
    ['merge', '/ietf-netconf-acm:nacm', factoryAccess()],
    [
      'merge',
      '/signet-access:users',
      {
        user: [
          { name: 'ada', role: 'administrator' },
          { name: 'olga', role: 'operator' },
          { name: 'vic', role: 'viewer' },
          { name: 'new' },
        ],
      },
    ],
    ['merge', '/signet-https:https/certificate[name="web"]', { name: 'web', subject: { 'common-name': 'web' } }],
  ]);
  const as = (user: string) => device.datastore.session({ user, protocol: 'xmlrpc', address: '' });
  return { ...device, as };
}

describe('roles of users', () => {
  test('each reads, writes and calls what its rules say, and no more', async (context) => {
    const device = await open(context);
    const at = (path: string) => parsePath(schema, path);
    const invoke = (user: string, path: string) => device.as(user).invoke(at(path), undefined);
    const outcome = async (work: Promise<unknown>) =>
      await work.then(
        () => 'done',
        (error: ConfigError) => error.tag,
      );
    const location: [string, string] = ['/signet-system:system/location', 'rack'];
    const certificate = "/signet-https:https/certificate[name='web']";
    const days: [string, number] = [`${certificate}/validity-days`, 90];
    const role: [string, string] = ["/signet-access:users/user[name='vic']/role", 'operator'];
    const rule: [string, boolean] = ['/ietf-netconf-acm:nacm/enable-nacm', false];
    const table: Record<string, readonly string[]> = {};
    for (const user of ['vic', 'new', 'nobody', 'olga', 'ada']) {
      const session = device.as(user);
      const writes = [];
      for (const [path, value] of [location, days, role, rule]) {
        const edit = device.edit('merge', path, value);
        writes.push(await outcome(session.apply([edit], { testOnly: true })));
      }
      table[user] = [
        ...writes,
        await outcome(invoke(user, `${certificate}/self-sign`)),
        session.get(at(certificate)) === undefined ? 'hidden' : 'seen',
        session.get(at('/signet-access:users')) === undefined ? 'hidden' : 'seen',
        session.get(at('/ietf-netconf-acm:nacm')) === undefined ? 'hidden' : 'seen',
      ];
    }
    const [no, yes] = ['access-denied', 'done'];
    const viewer = [no, no, no, no, no, 'seen', 'hidden', 'hidden'];
    assert.deepEqual(table, {
      vic: viewer,
      new: viewer,
      nobody: viewer,
      olga: [yes, no, no, no, no, 'seen', 'hidden', 'hidden'],
      ada: [yes, yes, yes, yes, yes, 'seen', 'seen', 'seen'],
    });
  });

  test('a change of role counts at once', async (context) => {
    const device = await open(context);
    const vic = device.as('vic');
    const edit = device.edit('merge', '/signet-system:system/location', 'here');
    await assert.rejects(vic.apply([edit]), { tag: 'access-denied', path: '/signet-system:system/location' });
    await device.apply([['merge', "/signet-access:users/user[name='vic']/role", 'operator']]);
    await vic.apply([edit]);
  });

  test('a viewer cannot bring an old certificate back, though no configuration differs', async (context) => {
    const device = await open(context);
    const before = device.datastore.transaction();
    await device.invoke("/signet-https:https/certificate[name='web']/self-sign", { 'reuse-key': false });
    await assert.rejects(device.as('vic').rollback(before), { tag: 'access-denied' });
    await device.as('ada').rollback(before);
  });

  test('the last administrator stays one', async (context) => {
    const device = await open(context);
    const error = {
      tag: 'invalid-value',
      path: '/signet-access:users',
      message: 'the last administrator cannot be deleted',
    };
    const ada = "/signet-access:users/user[name='ada']";
    await assert.rejects(device.apply([['delete', ada]]), error);
    await assert.rejects(device.apply([['merge', `${ada}/role`, 'viewer']]), error);
    await assert.rejects(device.apply([['remove', '/signet-access:users']]), {
      message: 'the last user cannot be deleted',
    });
  });

  test('every action and rpc of our own modules is default-deny-all', () => {
    const open: string[] = [];
    const look = (node: (typeof schema.root.dataChildren)[number]): void => {
      if (node.kind !== 'container' && node.kind !== 'list') return;
      for (const action of node.actions) if (!action.extensions.some(isDeny)) open.push(action.path);
      node.dataChildren.forEach(look);
    };
    const isDeny = ({ module, name }: { module: string; name: string }) =>
      module === 'ietf-netconf-acm' && name === 'default-deny-all';
    const ours = ({ module }: { module: { name: string } }) => module.name.startsWith('signet-');
    schema.root.dataChildren.filter(ours).forEach(look);
    for (const rpc of [...schema.rpcs.values()].filter(ours)) if (!rpc.extensions.some(isDeny)) open.push(rpc.path);
    assert.deepEqual(open, []);
  });
});

test('the rules of a new agent are valid, and name nodes that there are', async (context) => {
  const device = await openDevice(context, { listener: new FakeListener() });
  await device.apply([['merge', '/ietf-netconf-acm:nacm', factoryAccess() satisfies JsonObject]]);
  assert.notEqual(device.get('/ietf-netconf-acm:nacm/rule-list[name="operator"]'), undefined);
});
