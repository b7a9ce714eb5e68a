/** Notifications of the datastore itself (RFC 6470), subscriptions and replay (RFC 5277). */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DatastoreEvent, Session, SubscribeOptions } from '../../src/datastore/index.js';
import { encodeJson, type JsonObject } from '../../src/yang/index.js';
import { waitFor } from '../support/wait.js';
import { type Guarded, interfaces, openGuarded } from './access-fixture.js';

let acme: Guarded;
beforeEach(async () => {
  acme = await openGuarded(interfaces);
});
afterEach(() => acme.close());

interface Heard {
  readonly events: DatastoreEvent[];
  /** Notifications as `name content`. */
  told(): readonly (readonly [string, JsonObject])[];
  end(): void;
}

function hear(session: Session, options?: SubscribeOptions): Heard {
  const events: DatastoreEvent[] = [];
  const end = session.subscribe((event) => void events.push(event), options);
  const told = () =>
    events.flatMap((event) =>
      event.kind === 'notification'
        ? [
            [
              event.path.last!.schema.name,
              encodeJson(acme.schema, event.content.schema as never, event.content) as JsonObject,
            ] as const,
          ]
        : [],
    );
  return { events, told, end };
}

const ann = { username: 'ann', 'session-id': 0, 'source-host': '127.0.0.1' };

describe('RFC 6470 section 2', () => {
  test('netconf-config-change tells what differs and who made it; the system is the server', async () => {
    await acme.rules({ 'write-default': 'permit' });
    const heard = hear(acme.as('root', 'local'));
    const limit = '/acme:stats/limit';
    await acme
      .as('ann', 'xmlrpc')
      .apply([
        acme.edit('merge', limit, 6),
        acme.edit('merge', '/acme:stats/spare', 1),
        acme.edit('delete', "/acme:interfaces/interface[name='dummy']"),
      ]);
    await acme.datastore.commit({ edits: [{ operation: 'merge', path: acme.edit('remove', limit).path, value: 7 }] });
    await waitFor('the events', () => heard.told().length === 2);
    assert.deepEqual(heard.told(), [
      [
        'netconf-config-change',
        {
          'changed-by': ann,
          datastore: 'running',
          edit: [
            { target: "/acme:interfaces/interface[name='dummy']", operation: 'delete' },
            { target: limit, operation: 'replace' },
            { target: '/acme:stats/spare', operation: 'create' },
          ],
        },
      ],
      [
        'netconf-config-change',
        { 'changed-by': { server: [null] }, datastore: 'running', edit: [{ target: limit, operation: 'replace' }] },
      ],
    ]);
  });

  test('targets that the subscriber may not read are left out', async () => {
    await acme.rules({});
    const heard = hear(acme.as('nobody'));
    const root = acme.as('root', 'local');
    await root.apply([acme.edit('merge', '/acme:vault', { code: '1' }), acme.edit('merge', '/acme:stats/limit', 8)]);
    await root.apply([acme.edit('merge', '/acme:vault', { code: '2' })]);
    await root.apply([acme.edit('merge', '/acme:stats/limit', 9)]);
    await waitFor('the events', () => heard.told().length === 2);
    const edits = heard.told().map(([, content]) => content['edit']);
    assert.deepEqual(edits, [
      [{ target: '/acme:stats/limit', operation: 'replace' }],
      [{ target: '/acme:stats/limit', operation: 'replace' }],
    ]);
  });

  test('sessions of NETCONF begin and end; those of other protocols are not told', async () => {
    const heard = hear(acme.as('root', 'local'));
    acme.as('ann', 'xmlrpc').close();
    const session = acme.as('ann', 'netconf');
    session.close();
    await waitFor('the events', () => heard.told().length === 2);
    const parameters = { ...ann, 'session-id': session.id };
    assert.deepEqual(heard.told(), [
      ['netconf-session-start', parameters],
      ['netconf-session-end', { ...parameters, 'termination-reason': 'closed' }],
    ]);
  });

  test('a confirmed commit is told as it starts, is extended, completes, is cancelled and times out', async () => {
    await acme.rules({ 'write-default': 'permit' });
    const heard = hear(acme.as('root', 'local'), {
      filter: ({ path }) => path.last?.schema.name === 'netconf-confirmed-commit',
    });
    const session = acme.as('ann', 'xmlrpc');
    const commit = (value: number, confirmTimeout: number) =>
      session.apply([acme.edit('merge', '/acme:stats/limit', value)], { confirmTimeout });
    await commit(1, 60);
    await commit(2, 90);
    await session.confirm();
    await commit(3, 60);
    await session.cancel();
    await commit(4, 0.05);
    await waitFor('the events', () => heard.told().length === 7);
    assert.deepEqual(
      heard.told().map(([, content]) => content),
      [
        { ...ann, 'confirm-event': 'start', timeout: 60 },
        { ...ann, 'confirm-event': 'extend', timeout: 90 },
        { ...ann, 'confirm-event': 'complete' },
        { ...ann, 'confirm-event': 'start', timeout: 60 },
        { ...ann, 'confirm-event': 'cancel' },
        { ...ann, 'confirm-event': 'start', timeout: 1 },
        { 'confirm-event': 'timeout' },
      ],
    );
  });
});

describe('subscriptions', () => {
  test('RFC 8341 3.4.6: a notification that the user may not receive is held back and counted', async () => {
    await acme.rules({
      groups: { group: [{ name: 'g', 'user-name': ['ann'] }] },
      'rule-list': [
        {
          name: 'l',
          group: ['g'],
          rule: [
            { name: '1', 'notification-name': 'rang', 'access-operations': 'read', action: 'deny' },
            { name: '2', 'module-name': 'acme', 'notification-name': 'alarmed', action: 'permit' },
            {
              name: '3',
              path: "/acme:interfaces/interface[name='dummy']",
              'access-operations': 'read',
              action: 'deny',
            },
          ],
        },
      ],
    });
    const [bob, member] = [hear(acme.as('bob')), hear(acme.as('ann'))];
    acme.notify('/acme:rang', { text: 'r' });
    acme.notify('/acme:alarmed', { text: 'a' });
    acme.notify("/acme:interfaces/interface[name='dummy']/flap", { count: 1 });
    acme.notify("/acme:interfaces/interface[name='eth0']/flap", { count: 2 });
    const names = (heard: Heard) =>
      heard
        .told()
        .flatMap(([name, content]) => (name.startsWith('netconf') ? [] : [[name, Object.values(content)[0]]]));
    await waitFor('the events', () => names(bob).length === 3 && names(member).length === 2);
    assert.deepEqual(names(bob), [
      ['rang', 'r'],
      ['flap', 1],
      ['flap', 2],
    ]);
    assert.deepEqual(names(member), [
      ['alarmed', 'a'],
      ['flap', 2],
    ]);
    const nacm = acme.datastore.state(acme.edit('remove', '/ietf-netconf-acm:nacm').path);
    assert.equal(Number(nacm?.['denied-notifications']), 3);
  });

  test('RFC 5277 2.1.1: replay from the history, then what is new, then the end at the stop time', async () => {
    await acme.rules({ 'write-default': 'permit' });
    const session = acme.as('ann', 'xmlrpc');
    await session.apply([acme.edit('merge', '/acme:stats/limit', 11)]);
    const before = acme.datastore.history()[0]!;
    await session.apply([acme.edit('merge', '/acme:stats/limit', 12)]);
    const all = hear(acme.as('root', 'local'), { startTime: 0, stopTime: Date.now() + 400 });
    await session.apply([acme.edit('merge', '/acme:stats/limit', 13)]);
    await waitFor('the events', () => all.events.at(-1)?.kind === 'complete');
    const kinds = all.events.map(({ kind }) => kind);
    const place = kinds.indexOf('replay-complete');
    assert.equal(kinds.indexOf('commit'), place + 1);
    assert.deepEqual(kinds.slice(place + 1), ['commit', 'notification', 'complete']);
    const past = all
      .told()
      .slice(0, place)
      .map(([, content]) => content);
    assert.deepEqual(past.at(-1), {
      'changed-by': ann,
      datastore: 'running',
      edit: [{ target: '/acme:stats/limit', operation: 'replace' }],
    });
    const times = all.events.flatMap((event) => (event.kind === 'notification' ? [event.time] : []));
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    const none = hear(acme.as('root', 'local'), { startTime: before.time + 86_400_000 });
    await waitFor('the events', () => none.events.length > 0);
    assert.deepEqual(
      none.events.map(({ kind }) => kind),
      ['replay-complete'],
    );
  });

  test('RFC 5277 2.1.1: replay tells what is logged, and that is what changed: nothing of sessions or confirmations', async () => {
    await acme.rules({ 'write-default': 'permit' });
    const live = hear(acme.as('root', 'local'));
    acme.as('ann', 'netconf').close();
    const session = acme.as('ann', 'xmlrpc');
    await session.apply([acme.edit('merge', '/acme:stats/limit', 31)], { confirmTimeout: 60 });
    await session.confirm();
    const names = (heard: Heard) => heard.told().map(([name]) => name);
    await waitFor('the events', () => names(live).length === 5);
    const past = hear(acme.as('root', 'local'), { startTime: 0 });
    await waitFor('the events', () => past.events.at(-1)?.kind === 'replay-complete');
    assert.deepEqual([...new Set(names(past))], ['netconf-config-change']);
    assert.deepEqual(
      past.told().at(-1),
      live.told().find(([name]) => name === 'netconf-config-change'),
    );
  });

  test('one that is slow is told how many it missed, and stops neither commits nor the others', async () => {
    await acme.rules({ 'write-default': 'permit' });
    const events: DatastoreEvent[] = [];
    let free: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      free = resolve;
    });
    acme.as('slow', 'local').subscribe(async (event) => {
      events.push(event);
      await blocked;
    });
    const other = hear(acme.as('root', 'local'));
    for (let count = 0; count < 1500; count += 1) acme.notify('/acme:rang', { text: String(count) });
    await acme.as('ann', 'xmlrpc').apply([acme.edit('merge', '/acme:stats/limit', 20)]);
    assert.equal(events.length, 1);
    acme.notify('/acme:rang', { text: 'last' });
    await waitFor('the events', () => other.told().some(([, content]) => content['text'] === 'last'));
    free();
    await waitFor('the events', () => events.at(-1)?.kind === 'missed');
    const missed = events.at(-1);
    assert.equal(missed?.kind === 'missed' ? missed.count + events.length - 1 : 0, 1503);
  });
});
