import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FairLine } from '../../src/datastore/fair-line.js';
import { type Clock, type CommitHandler, type Datastore, type Origin, systemClock } from '../../src/datastore/index.js';
import { edit, makePlace, open, type Place } from './fixture.js';

const user = (name: string): Origin => ({ user: name, protocol: 'xmlrpc', address: '' });

describe('the line before the commit queue', () => {
  it('gives users turns, then the sessions of a user, and keeps the order of one session', () => {
    const line = new FairLine<string>(100);
    for (const item of ['a1', 'a2', 'a3']) line.push(item, { user: 'a', session: 1 });
    for (const item of ['A1', 'A2']) line.push(item, { user: 'a', session: 2 });
    for (const item of ['b1', 'b2', 'b3']) line.push(item, { user: 'b', session: 3 });
    assert.deepEqual(drain(line), ['a1', 'b1', 'A1', 'b2', 'a2', 'b3', 'A2', 'a3']);
    assert.equal(line.size, 0);
  });

  it('lets a newcomer wait for one of each at most, however much is asked for', () => {
    const line = new FairLine<string>(10_000);
    for (let index = 0; index < 3000; index++) line.push(`a${index}`, { user: 'a', session: index % 50 });
    line.push('b', { user: 'b', session: 60 });
    line.push('c', { user: 'c', session: 61 });
    assert.deepEqual(drain(line).slice(0, 4), ['a0', 'b', 'c', 'a1']);
  });

  it('that is full makes room at the cost of who has most in it, never of who is next', () => {
    const line = new FairLine<string>(4);
    for (const item of ['a1', 'a2', 'a3', 'a4']) assert.equal(line.push(item, { user: 'a', session: 1 }), undefined);
    assert.equal(line.hasRoom({ user: 'a', session: 2 }), false);
    assert.equal(line.push('a5', { user: 'a', session: 2 }), 'a5');
    assert.equal(line.push('b1', { user: 'b', session: 3 }), 'a4');
    assert.equal(line.push('b2', { user: 'b', session: 3 }), 'a3');
    assert.equal(line.push('b3', { user: 'b', session: 3 }), 'b3', 'as many as the other');
    assert.equal(line.push('c1', { user: 'c', session: 4 }), 'a2');
    assert.equal(line.push('d1', { user: 'd', session: 5 }), 'b2');
    assert.equal(line.push('e1', { user: 'e', session: 6 }), 'e1', 'each has one');
    assert.deepEqual(drain(line), ['a1', 'b1', 'c1', 'd1']);
  });

  it('never drops who is next where each session of a user has one', () => {
    const line = new FairLine<string>(3);
    for (const session of [1, 2, 3]) line.push(`a${session}`, { user: 'a', session });
    assert.equal(line.push('b', { user: 'b', session: 4 }), 'a3');
    assert.equal(line.next, 'a1');
  });

  it('forgets who gives up, and changes no turn', () => {
    const line = new FairLine<string>(10);
    line.push('a1', { user: 'a', session: 1 });
    line.push('b1', { user: 'b', session: 2 });
    line.push('b2', { user: 'b', session: 2 });
    assert.deepEqual(line.remove('b1'), { user: 'b', session: 2 });
    assert.equal(line.remove('b1'), undefined);
    line.take('b1');
    assert.deepEqual(drain(line), ['a1', 'b2']);
  });
});

describe('the commit queue', () => {
  let place: Place;
  let store: Datastore;
  let release: () => void = () => undefined;
  let entered: () => void = () => undefined;
  let isHeld = false;
  const patience = 29_500;
  let waiting = 0;
  let arrived: () => void = () => undefined;

  before(async () => {
    place = await makePlace();
    const handler: CommitHandler = {
      name: 'box',
      path: '/signet-test:box',
      async prepare() {
        if (!isHeld) return undefined;
        isHeld = false;
        entered();
        await new Promise<void>((resolve) => (release = resolve));
        return undefined;
      },
    };
    const clock: Clock = {
      ...systemClock,
      after(milliseconds, callback, background) {
        // Who comes into the line sets the timer of his patience.
        if (milliseconds === patience) {
          waiting += 1;
          arrived();
        }
        return systemClock.after(milliseconds, callback, background);
      },
    };
    const modules = [{ name: 'test', handlers: [handler] }];
    store = await open(place, { modules, clock, deadlines: { queue: patience } });
  });
  after(async () => {
    await store.close();
    await place.remove();
  });

  /** The commits that were asked for while one was under way, in the order in which they happened. */
  async function orderOf(asked: readonly (readonly [user: string, session: string])[]): Promise<readonly string[]> {
    isHeld = true;
    const isEntered = new Promise<void>((resolve) => (entered = resolve));
    const first = store.session(user('first')).apply([item(`first-${Math.random()}`)]);
    await isEntered;
    waiting = 0;
    const isFull = new Promise<void>((resolve) => {
      arrived = () => (waiting === asked.length ? resolve() : undefined);
    });
    const sessions = new Map(asked.map(([name, session]) => [session, store.session(user(name))]));
    const commits = asked.map(async ([, session], index) => {
      const { transaction } = await sessions.get(session)!.apply([item(`${session}-${index}-${Math.random()}`)]);
      return [Number(transaction), session] as const;
    });
    await isFull;
    release();
    await first;
    const done = await Promise.all(commits);
    for (const session of sessions.values()) session.close();
    return done.sort(([a], [b]) => a - b).map(([, session]) => session);
  }

  function item(name: string): ReturnType<typeof edit> {
    return edit(place.schema, 'merge', `box.item[${JSON.stringify(name)}]`, { name, value: 1 });
  }

  it('serves one commit of another before the second of who asked for fifty', async () => {
    const flood = Array.from({ length: 50 }, () => ['flood', 'f'] as const);
    const order = await orderOf([...flood, ['other', 'o'], ['third', 't']]);
    assert.equal(order.length, 52);
    assert.ok(order.indexOf('o') <= 2 && order.indexOf('t') <= 2, order.slice(0, 8).join(' '));
  });

  it('serves a user the same whether another asks in one session or in ten', async () => {
    const flood = Array.from({ length: 40 }, (_, index) => ['flood', `f${index % 10}`] as const);
    const other = Array.from({ length: 4 }, () => ['other', 'o'] as const);
    const order = await orderOf([...flood, ...other]);
    const places = order.flatMap((session, index) => (session === 'o' ? [index] : []));
    assert.deepEqual(
      places.map((at, index) => at <= 2 * index + 1),
      [true, true, true, true],
      order.join(' '),
    );
  });
});

function drain(line: FairLine<string>): string[] {
  const order: string[] = [];
  for (let item = line.next; item !== undefined; item = line.next) {
    order.push(item);
    line.take(item);
  }
  return order;
}
