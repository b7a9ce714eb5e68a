/** Access control (RFC 8341) in the session: the same for every protocol. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { ConfigError } from '../../src/error.js';
import { type JsonObject, parsePath } from '../../src/yang/index.js';
import { type Guarded, interfaces, openGuarded } from './access-fixture.js';

let acme: Guarded;
before(async () => {
  acme = await openGuarded(interfaces);
});
after(() => acme.close());

const members = (names: Record<string, readonly string[]>): JsonObject => ({
  group: Object.entries(names).map(([name, users]) => ({ name, 'user-name': [...users] })),
});

function refusal(path: string, message: string) {
  return (error: ConfigError) => {
    assert.deepEqual([error.tag, error.path, error.message], ['access-denied', path, message]);
    return true;
  };
}

describe('RFC 8341 3.4.4, 3.4.5: what holds without a rule', () => {
  beforeEach(() => acme.rules({}));

  test('reading and calling are permitted, writing is not', async () => {
    const session = acme.as('nobody');
    assert.deepEqual(acme.read(session, '/acme:stats'), { limit: 5 });
    await acme.invoke(session, '/acme:ping');
    await assert.rejects(
      session.apply([acme.edit('merge', '/acme:stats/limit', 6)]),
      refusal('/acme:stats/limit', 'no update access; ask an administrator'),
    );
    await assert.rejects(
      session.apply([acme.edit('merge', '/acme:stats/spare', 6)]),
      refusal('/acme:stats/spare', 'no create access; ask an administrator'),
    );
    await assert.rejects(
      session.apply([acme.edit('delete', '/acme:stats/limit')]),
      refusal('/acme:stats/limit', 'no delete access; ask an administrator'),
    );
  });

  test('an edit that changes nothing needs no access', async () => {
    await acme.as('nobody').apply([acme.edit('merge', '/acme:stats/limit', 5)]);
  });

  test('default-deny-all hides data and refuses operations, default-deny-write only writes (section 2)', async () => {
    await acme.rules({ 'write-default': 'permit' });
    const session = acme.as('nobody');
    assert.deepEqual(acme.read(session, "/acme:interfaces/interface[name='eth0']"), {
      name: 'eth0',
      mtu: 9000,
      'acme-more:color': 'red',
    });
    assert.equal(acme.read(session, "/acme:interfaces/interface[name='eth0']/secret"), undefined);
    assert.equal(acme.read(session, '/ietf-netconf-acm:nacm'), undefined);
    for (const datastore of ['operational', 'running', 'intended'] as const) {
      const options = { datastore, withDefaults: 'report-all' } as const;
      const seen = (path: string) => session.read(parsePath(acme.schema, path), options)?.content;
      assert.equal(seen("/acme:interfaces/interface[name='eth0']/mtu"), 9000);
      assert.equal(seen("/acme:interfaces/interface[name='eth0']/secret"), undefined);
      assert.equal(seen('/ietf-netconf-acm:nacm/enable-nacm'), undefined);
    }
    await assert.rejects(
      acme.invoke(session, '/acme:erase'),
      refusal('/acme:erase', 'no exec access to erase; ask an administrator'),
    );
    await assert.rejects(
      acme.invoke(session, "/acme:interfaces/interface[name='eth0']/look"),
      refusal("/acme:interfaces/interface[name='eth0']", 'no exec access to look; ask an administrator'),
    );
    await assert.rejects(
      session.apply([acme.edit('merge', "/acme:interfaces/interface[name='dummy']/fixed", 'f')]),
      refusal("/acme:interfaces/interface[name='dummy']/fixed", 'no create access; ask an administrator'),
    );
    // The entry holds what he may not delete, though he may delete the entry; he is told no more than he may see.
    await assert.rejects(
      session.apply([acme.edit('delete', "/acme:interfaces/interface[name='eth0']")]),
      refusal("/acme:interfaces/interface[name='eth0']", 'no delete access; ask an administrator'),
    );
  });

  test('whether hidden data exists is not told by the operation that tries it', async () => {
    const session = acme.as('nobody');
    for (const operation of ['create', 'delete', 'remove'] as const) {
      const value = operation === 'create' ? { code: '1' } : undefined;
      const verb = operation === 'create' ? 'create' : 'delete';
      await assert.rejects(
        session.apply([acme.edit(operation, '/acme:vault', value)]),
        refusal('/', `no ${verb} access; ask an administrator`),
      );
    }
  });

  test('the value of hidden data is not told by an edit that would leave it as it is', async () => {
    const session = acme.as('nobody');
    const entry = "/acme:interfaces/interface[name='eth0']";
    const hidden = refusal(entry, 'no update access; ask an administrator');
    for (const operation of ['merge', 'replace'] as const) {
      for (const secret of ['x', 'y']) {
        const edits = [
          acme.edit(operation, `${entry}/secret`, secret),
          acme.edit('merge', entry, { secret }),
          acme.edit('merge', '/acme:interfaces', { interface: [{ name: 'eth0', secret }] }),
        ];
        for (const edit of edits) {
          await assert.rejects(session.apply([edit]), hidden);
          await assert.rejects(session.apply([edit], { testOnly: true }), hidden);
          assert.throws(() => session.edit([edit]), hidden);
        }
      }
    }
    for (const name of ['eth0', 'gone']) {
      const question = acme.edit('none', '/acme:interfaces', { interface: [{ name, secret: 'x' }] });
      await assert.rejects(session.apply([question]), { tag: 'access-denied' });
    }
    await session.apply([acme.edit('none', '/acme:interfaces', { interface: [{ name: 'eth0', mtu: 9000 }] })]);
    // What he sees he may send as it is, and what he may write though he does not see it.
    await session.apply([acme.edit('merge', entry, { mtu: 9000 })]);
  });

  test('close-session is always permitted, kill-session and delete-config are not (3.4.4 steps 3 and 11)', () => {
    const session = acme.as('nobody');
    session.authorize('ietf-netconf', 'close-session');
    session.authorize('ietf-netconf', 'get-config');
    for (const name of ['kill-session', 'delete-config']) {
      assert.throws(
        () => session.authorize('ietf-netconf', name),
        refusal('', `no exec access to ${name}; ask an administrator`),
      );
    }
  });

  test('the recovery session and the system itself are not subject to it (3.4.4 step 2)', async () => {
    await acme.rules({ 'read-default': 'deny', 'exec-default': 'deny' });
    for (const protocol of ['local', 'system'] as const) {
      const session = acme.as('root', protocol);
      session.authorize('ietf-netconf', 'kill-session');
      await session.apply([acme.edit('merge', '/acme:stats/limit', protocol === 'local' ? 7 : 5)]);
      assert.notEqual(acme.read(session, '/ietf-netconf-acm:nacm'), undefined);
    }
    assert.equal(acme.read(acme.as('root'), '/acme:stats'), undefined);
  });

  test('enable-nacm false permits everything (3.4.4 step 1)', async () => {
    await acme.rules({ 'enable-nacm': false });
    const session = acme.as('nobody');
    assert.equal(acme.read(session, "/acme:interfaces/interface[name='eth0']/secret"), 'x');
    await session.apply([acme.edit('merge', '/acme:stats/spare', 1)]);
    await session.apply([acme.edit('remove', '/acme:stats/spare')]);
    await acme.invoke(session, '/acme:erase');
  });

  test('what is refused is counted (denied-operations, denied-data-writes)', async () => {
    const counters = () => {
      const { 'denied-operations': operations, 'denied-data-writes': writes } = acme.datastore.state(
        acme.edit('remove', '/ietf-netconf-acm:nacm').path,
      )!;
      return [Number(operations), Number(writes)];
    };
    const [operations = 0, writes = 0] = counters();
    const session = acme.as('nobody');
    await assert.rejects(acme.invoke(session, '/acme:erase'));
    await assert.rejects(session.apply([acme.edit('merge', '/acme:stats/limit', 9)]));
    assert.throws(() => session.edit([acme.edit('merge', '/acme:stats/limit', 9)]));
    assert.deepEqual(counters(), [operations + 1, writes + 2]);
  });
});

describe('RFC 8341 3.4.4, 3.4.5: groups and rules', () => {
  test('rule-lists and their rules are tried in order, the first that matches decides', async () => {
    await acme.rules({
      groups: members({ staff: ['ann'], guests: ['bob', 'ann'] }),
      'rule-list': [
        {
          name: 'first',
          group: ['guests'],
          rule: [
            { name: 'r1', path: '/acme:stats', 'access-operations': 'update', action: 'permit' },
            { name: 'r2', path: '/acme:stats/spare', 'access-operations': '*', action: 'permit' },
          ],
        },
        { name: 'second', group: ['staff'], rule: [{ name: 'r1', 'module-name': 'acme', action: 'deny' }] },
        { name: 'third', group: ['*'], rule: [{ name: 'r1', 'access-operations': 'create', action: 'permit' }] },
      ],
    });
    const [ann, bob, eve] = [acme.as('ann'), acme.as('bob'), acme.as('eve')];
    for (const [index, user] of [ann, bob].entries()) {
      await user.apply([acme.edit('merge', '/acme:stats/limit', 30 + index)]);
    }
    // Read of stats is permitted to bob by default and denied to ann by the second list.
    assert.deepEqual(acme.read(bob, '/acme:stats'), { limit: 31 });
    assert.equal(acme.read(ann, '/acme:stats'), undefined);
    await bob.apply([acme.edit('merge', '/acme:vault', { code: '1' })]);
    await assert.rejects(ann.apply([acme.edit('merge', '/acme:vault', { code: '2' })]), { tag: 'access-denied' });
    // Who is in no group has the defaults, an asterisk notwithstanding (step 5).
    await assert.rejects(eve.apply([acme.edit('merge', '/acme:stats/spare', 1)]), { tag: 'access-denied' });
    await acme.datastore.commit({ edits: [{ operation: 'remove', path: acme.edit('remove', '/acme:vault').path }] });
  });

  test('groups from outside count unless enable-external-groups is false (3.4.4 step 4)', async () => {
    acme.external.set('zoe', ['staff']);
    const list = [{ name: 'l', group: ['staff'], rule: [{ name: 'r', path: '/acme:stats', action: 'permit' }] }];
    await acme.rules({ 'rule-list': list });
    await acme.as('zoe').apply([acme.edit('merge', '/acme:stats/limit', 40)]);
    await acme.rules({ 'enable-external-groups': false, 'rule-list': list });
    await assert.rejects(acme.as('zoe').apply([acme.edit('merge', '/acme:stats/limit', 41)]), { tag: 'access-denied' });
  });

  test('a path with keys concerns those entries only, with a key left out all of its values', async () => {
    await acme.rules({
      'read-default': 'deny',
      groups: members({ g: ['ann'] }),
      'rule-list': [
        {
          name: 'l',
          group: ['g'],
          rule: [
            { name: '1', path: "/acme:interfaces/acme:interface[acme:name='eth0']/mtu", action: 'deny' },
            { name: '2', path: "/ac:interfaces/interface[name='dummy']/tag[.='a']", action: 'deny' },
            { name: '3', path: '/acme:interfaces', 'access-operations': 'read update', action: 'permit' },
            { name: '4', path: "/acme:pair[b='2']", action: 'permit' },
          ],
        },
      ],
    });
    const pairs = [
      { a: 'x', b: 1 },
      { a: 'x', b: 2 },
      { a: 'y', b: 2, v: 'v' },
    ];
    await acme.datastore.commit({
      edits: pairs.map((pair) => ({
        operation: 'merge',
        path: acme.edit('remove', `/acme:pair[a='${pair.a}'][b='${pair.b}']`).path,
        value: pair,
      })),
    });
    const ann = acme.as('ann');
    assert.deepEqual(acme.read(ann, '/'), {
      'acme:interfaces': {
        interface: [
          { name: 'dummy', mtu: 1400, tag: ['b'] },
          { name: 'eth0', secret: 'x', 'acme-more:color': 'red' },
        ],
      },
      'acme:pair': pairs.slice(1),
    });
    assert.equal(ann.leaf(acme.edit('remove', "/acme:interfaces/interface[name='eth0']/mtu").path), undefined);
    assert.equal(ann.leaf(acme.edit('remove', "/acme:interfaces/interface[name='dummy']/mtu").path), 1400);
    await ann.apply([acme.edit('merge', "/acme:interfaces/interface[name='dummy']/mtu", 1401)]);
    await assert.rejects(
      ann.apply([acme.edit('merge', "/acme:interfaces/interface[name='eth0']/mtu", 1401)]),
      refusal("/acme:interfaces/interface[name='eth0']", 'no update access; ask an administrator'),
    );
    await ann.apply([acme.edit('delete', "/acme:pair[a='x'][b='2']")]);
    await assert.rejects(
      ann.apply([acme.edit('delete', "/acme:pair[a='x'][b='1']")]),
      refusal('/', 'no delete access; ask an administrator'),
    );
    await acme.datastore.commit({ edits: [{ operation: 'remove', path: acme.edit('remove', '/acme:pair').path }] });
  });

  test('the variable USER of a path is the name of the user (RFC 8341 node-instance-identifier)', async () => {
    const mtu = (name: string) => acme.edit('merge', `/acme:interfaces/interface[name='${name}']/mtu`, 1402);
    const seen = (user: string) =>
      ['dummy', 'eth0'].filter((name) => acme.as(user).leaf(mtu(name).path) !== undefined).join(' ');
    const before = { name: '0', path: '/acme:interfaces/interface[name=$USER]', action: 'permit' };
    const readable = { ...before, 'access-operations': 'read update' };
    await acme.rules({
      'read-default': 'deny',
      groups: members({ g: ['eth0', 'dummy', 'ann'] }),
      'rule-list': [
        {
          name: 'l',
          group: ['g'],
          rule: [
            { name: 'n', path: '/acme:pair[b = $USER]', action: 'permit' },
            readable,
            { name: '1', path: '/acme:interfaces/interface', action: 'deny' },
            { name: '2', path: '/acme:interfaces', action: 'permit' },
          ],
        },
      ],
    });
    // All have the same groups.
    assert.deepEqual(['eth0', 'dummy', 'ann', 'eth0'].map(seen), ['eth0', 'dummy', '', 'eth0']);
    const former = acme.datastore.transaction();
    await acme.as('eth0').apply([mtu('eth0')]);
    await acme.as('root', 'local').rollback(former);
    await assert.rejects(acme.as('dummy').apply([mtu('eth0')]), { tag: 'access-denied' });
    // A key of another type: ann is no number.
    assert.equal(acme.read(acme.as('ann'), '/acme:pair'), undefined);
    await assert.rejects(
      acme.rules({ 'rule-list': [{ name: 'l', rule: [{ ...before, path: '/acme:pair[a=$OTHER]' }] }] }),
      {
        tag: 'invalid-value',
      },
    );
  });

  test('module-name is the module of the node, not of what is above it', async () => {
    await acme.rules({
      groups: members({ g: ['ann'] }),
      'rule-list': [
        {
          name: 'l',
          group: ['g'],
          rule: [{ name: '1', 'module-name': 'acme-more', 'access-operations': 'read', action: 'deny' }],
        },
      ],
    });
    assert.deepEqual(acme.read(acme.as('ann'), "/acme:interfaces/interface[name='eth0']"), { name: 'eth0', mtu: 9000 });
  });

  test('an action needs exec access to it, read access to all above it, and write access for what it writes', async () => {
    const rules = (...rule: JsonObject[]) =>
      acme.rules({ groups: members({ g: ['ann'] }), 'rule-list': [{ name: 'l', group: ['g'], rule }] });
    const reset = "/acme:interfaces/interface[name='dummy']/reset";
    const exec = {
      name: 'exec',
      path: '/acme:interfaces/interface/reset',
      'access-operations': 'exec',
      action: 'permit',
    };
    const ann = acme.as('ann');
    await rules(exec);
    await assert.rejects(
      acme.invoke(ann, reset),
      refusal("/acme:interfaces/interface[name='dummy']/mtu", 'no update access; ask an administrator'),
    );
    const write = { name: 'w', path: '/acme:interfaces', 'access-operations': 'update', action: 'permit' };
    await rules(exec, write);
    await acme.invoke(ann, reset);
    const hide = {
      name: 'h',
      path: "/acme:interfaces/interface[name='dummy']",
      'access-operations': 'read',
      action: 'deny',
    };
    await rules(exec, write, hide);
    await assert.rejects(
      acme.invoke(ann, reset),
      refusal('/acme:interfaces', 'no exec access to reset; ask an administrator'),
    );
    await rules({ ...exec, name: 'no', action: 'deny' });
    await assert.rejects(acme.invoke(ann, reset), { tag: 'access-denied' });
  });

  test('rpc rules are by module and name', async () => {
    await acme.rules({
      groups: members({ g: ['ann'] }),
      'rule-list': [
        {
          name: 'l',
          group: ['g'],
          rule: [
            { name: '1', 'module-name': 'acme', 'rpc-name': 'erase', 'access-operations': 'exec', action: 'permit' },
            { name: '2', 'module-name': 'ietf-netconf', 'rpc-name': 'kill-session', action: 'permit' },
            { name: '3', 'module-name': 'ietf-netconf', 'rpc-name': '*', 'access-operations': 'exec', action: 'deny' },
            { name: '4', 'rpc-name': 'ping', 'access-operations': 'read', action: 'deny' },
          ],
        },
      ],
    });
    const ann = acme.as('ann');
    await acme.invoke(ann, '/acme:erase');
    await acme.invoke(ann, '/acme:ping');
    ann.authorize('ietf-netconf', 'kill-session');
    assert.throws(() => ann.authorize('ietf-netconf', 'get'), { tag: 'access-denied' });
  });

  test('a rule whose path names nothing is refused, with the path of the rule', async () => {
    for (const [path, message] of [
      ['/acme:nothing', 'there is no node acme:nothing at column 13 of the path'],
      ["/acme:interfaces/interface[mtu='1']", 'list interface has no key mtu'],
      ["/acme:pair[b='x']", undefined],
      ['acme:stats', "a path is made of '/module:name' steps; look at column 1"],
      ['/none:stats', 'none is not the name of a module'],
    ] as const) {
      const rule = [{ name: 'r', path, action: 'deny' }];
      await assert.rejects(acme.rules({ 'rule-list': [{ name: 'l', rule }] }), (error: ConfigError) => {
        assert.equal(error.tag, 'invalid-value');
        assert.equal(error.path, "/ietf-netconf-acm:nacm/rule-list[name='l']/rule[name='r']/path");
        if (message !== undefined) assert.equal(error.message, message);
        return true;
      });
    }
  });
});

describe('RFC 8341 3.2: candidates, commits, rollback and differences', () => {
  const permitStats: JsonObject = {
    groups: members({ g: ['ann'] }),
    'rule-list': [{ name: 'l', group: ['g'], rule: [{ name: 'r', path: '/acme:stats', action: 'permit' }] }],
  };

  test('an edit of the candidate is judged against the candidate, a commit by what differs from running', async () => {
    await acme.rules(permitStats);
    const [root, ann] = [acme.as('root', 'local'), acme.as('ann')];
    ann.edit([acme.edit('merge', '/acme:stats/limit', 50)]);
    assert.throws(() => ann.edit([acme.edit('merge', "/acme:interfaces/interface[name='dummy']/mtu", 1)]), {
      tag: 'access-denied',
    });
    root.edit([acme.edit('merge', "/acme:interfaces/interface[name='dummy']/mtu", 2)], 'shared');
    await assert.rejects(
      ann.commit(),
      refusal("/acme:interfaces/interface[name='dummy']/mtu", 'no update access; ask an administrator'),
    );
    root.discard('shared');
    ann.edit([acme.edit('merge', '/acme:stats/limit', 51)]);
    await ann.commit();
    assert.deepEqual(acme.read(ann, '/acme:stats'), { limit: 51 });
  });

  test('a rollback needs write access to all that it brings back', async () => {
    await acme.rules(permitStats);
    const ann = acme.as('ann');
    const from = ann.transaction();
    await ann.apply([acme.edit('merge', '/acme:stats/limit', 60)]);
    await ann.rollback(from);
    await acme.as('root', 'local').apply([acme.edit('merge', "/acme:interfaces/interface[name='dummy']/mtu", 77)]);
    await assert.rejects(ann.rollback(from), { tag: 'access-denied' });
  });

  test('differences leave out what cannot be read', async () => {
    await acme.rules({});
    const before = acme.datastore.transaction();
    await acme
      .as('root', 'local')
      .apply([
        acme.edit('merge', '/acme:vault', { code: '9' }),
        acme.edit('merge', "/acme:interfaces/interface[name='new']", { name: 'new', secret: 's', mtu: 3 }),
        acme.edit('merge', "/acme:interfaces/interface[name='eth0']/secret", 'y'),
      ]);
    const seen = acme.as('nobody').diff({ from: before });
    assert.deepEqual(
      seen.map(({ path }) => path.toString()),
      ["/acme:interfaces/interface[name='new']"],
    );
    assert.doesNotMatch(JSON.stringify(seen.map(({ after: now }) => (now as { slots: unknown }).slots)), /"s"/);
    await acme.as('root', 'local').rollback(before);
  });
});

test('rules are read once for a change of them, and a node that no rule concerns is read as it is', async () => {
  await acme.rules({ groups: members({ g: ['ann'] }) });
  const ann = acme.as('ann');
  const at = acme.edit('remove', '/acme:stats').path;
  const whole = acme.datastore.running().config.get(at);
  assert.equal(ann.get(at, 'running'), whole);
  assert.equal(ann.tree('running'), ann.tree('running'));
});
