import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Asked, LargeAnswers } from '../../../src/northbound/xmlrpc/large-answers.js';
import { rpcLimits } from '../../../src/northbound/xmlrpc/limits.js';

/** Work of so many milliseconds, in steps of one; tells when it begins and ends. */
function* work(name: string, milliseconds: number, told: string[]): Generator<void, string, void> {
  told.push(`${name} begins`);
  for (let step = 0; step < milliseconds; step++) {
    for (const end = performance.now() + 1; performance.now() < end; );
    yield;
  }
  told.push(`${name} ends`);
  return name;
}

const asked = (user: string, more: Partial<Asked> = {}): Asked => ({
  user,
  untaken: 0,
  signal: new AbortController().signal,
  ...more,
});

describe('large answers', () => {
  test('of one user are made one after another, those of another and short ones meanwhile', async () => {
    const answers = new LargeAnswers();
    const told: string[] = [];
    const [first, second, other, short] = [asked('a'), asked('a'), asked('b'), asked('a')].map((each) =>
      answers.for(each),
    );
    const ended = (answer: typeof first, name: string, milliseconds: number) =>
      answer!.make(work(name, milliseconds, told)).finally(() => answer!.end());
    const all = [ended(first, 'first', 60), ended(second, 'second', 30), ended(other, 'other', 40)];
    assert.equal(await short!.make(work('short', 1, told)), 'short');
    assert.deepEqual(await Promise.all(all), ['first', 'second', 'other']);
    const ends = told.filter((each) => each.endsWith('ends'));
    assert.deepEqual(ends, ['short ends', 'other ends', 'first ends', 'second ends']);
  });

  test('one request keeps its turn until its answer is on its way', async () => {
    const answers = new LargeAnswers();
    const told: string[] = [];
    const [first, second] = [answers.for(asked('a')), answers.for(asked('a'))];
    await first.make(work('value', 20, told));
    const waiting = second.make(work('second', 20, told)).finally(() => second.end());
    await delay(50);
    await first.make(work('text', 20, told));
    first.end();
    await waiting;
    assert.deepEqual(
      told.filter((each) => each.endsWith('ends')),
      ['value ends', 'text ends', 'second ends'],
    );
  });

  test('are not begun while clients of the user have too much to take; short ones are', async () => {
    const answers = new LargeAnswers();
    const slow = answers.for(asked('a', { untaken: rpcLimits.untaken + 1 }));
    await assert.rejects(slow.make(work('large', 50, [])), { tag: 'resource-denied' });
    slow.end();
    assert.equal(await slow.make(work('short', 1, [])), 'short');
    const next = answers.for(asked('a'));
    assert.equal(await next.make(work('large', 20, [])), 'large');
    next.end();
  });

  test('nobody waits for are given up, and make room', async () => {
    const answers = new LargeAnswers();
    const gone = new AbortController();
    const told: string[] = [];
    const first = answers.for(asked('a', { signal: gone.signal }));
    const making = first.make(work('first', 10_000, told)).finally(() => first.end());
    const second = answers.for(asked('a'));
    const waiting = second.make(work('second', 20, told));
    await delay(20);
    gone.abort();
    await assert.rejects(making, { tag: 'operation-failed' });
    assert.equal(await waiting, 'second');
    assert.ok(!told.includes('first ends'));
  });
});
