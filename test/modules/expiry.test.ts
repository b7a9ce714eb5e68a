/** The lives of certificates: the cadence by itself, and what a device tells while time passes, jumps and stands still. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { DueQueue } from '../../src/modules/https/due-queue.js';
import { nextMoment, stepAt, warnsBefore } from '../../src/modules/https/expiry.js';
import type { JsonObject } from '../../src/yang/index.js';
import { encodeJson } from '../../src/yang/index.js';
import { type Device, type DeviceOptions, day, FakeClock, FakeListener, noon, openDevice, schema } from './support.js';

const entry = (name: string) => `/signet-https:https/certificate[name='${name}']`;

/** Days before the end at which something is told, from the first on. */
function stepsOf(lifetimeDays: number, warnDays: number): readonly number[] {
  const lifetime = { notBefore: new Date(noon), notAfter: new Date(noon + lifetimeDays * day) };
  const steps: number[] = [];
  let now: number | undefined = noon;
  let told: number | undefined;
  while (now !== undefined) {
    const step = stepAt(lifetime, warnDays, now);
    if (step !== told && now <= lifetime.notAfter.getTime()) steps.push((lifetime.notAfter.getTime() - now) / day);
    told = step;
    now = nextMoment(lifetime, warnDays, now);
  }
  return steps;
}

describe('the cadence of RFC 9640: monthly for three months, weekly for four weeks, then daily', () => {
  test('for 90 days: 90, 60, 30, 23, 16, 9, 2 days and 1 day before the end', () => {
    assert.deepEqual(stepsOf(820, 90), [90, 60, 30, 23, 16, 9, 2, 1]);
  });

  test('longer warning: from the first step on', () => {
    const steps = stepsOf(3650, 120);
    assert.deepEqual(steps.slice(0, 10), [120, 90, 60, 53, 46, 39, 32, 31, 30, 29]);
    assert.deepEqual(steps.slice(-2), [2, 1]);
  });

  test('a lifetime below 270 days: a third of it, and from there as the long one ends', () => {
    assert.deepEqual(stepsOf(30, 90), [10, 9, 2, 1]);
    assert.deepEqual(stepsOf(3, 90), [1]);
    assert.equal(warnsBefore({ notBefore: new Date(noon), notAfter: new Date(noon + 90 * day) }, 90), 30 * day);
  });

  test('any lifetime: each next moment is later, and is where the step changes', () => {
    const spans = fc.record({
      seconds: fc.integer({ min: 1, max: 4_000 * 86_400 }),
      days: fc.integer({ min: 1, max: 3650 }),
      at: fc.double({ min: 0, max: 1.2, noNaN: true }),
    });
    fc.assert(
      fc.property(spans, ({ seconds, days, at }) => {
        const lifetime = { notBefore: new Date(noon), notAfter: new Date(noon + seconds * 1000) };
        const now = noon + Math.floor(seconds * 1000 * at);
        const next = nextMoment(lifetime, days, now);
        if (next === undefined) return now > lifetime.notAfter.getTime();
        const step = stepAt(lifetime, days, now);
        assert.ok(next > now && (step === undefined || step <= now));
        if (next <= lifetime.notAfter.getTime()) assert.notEqual(stepAt(lifetime, days, next), step);
        assert.equal(stepAt(lifetime, days, Math.max(now, Math.ceil(next) - 1)), step);
        return true;
      }),
      { seed: 20261127, numRuns: 500 },
    );
  });
});

test('the queue gives what is due in the order of time, as a sorted list does', () => {
  const steps = fc.array(
    fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), at: fc.option(fc.nat(50), { nil: undefined }) }),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(steps, fc.nat(60), (changes, until) => {
      const queue = new DueQueue();
      const plain = new Map<string, number>();
      for (const { name, at } of changes) {
        queue.set(name, at);
        if (at === undefined) plain.delete(name);
        else plain.set(name, at);
      }
      assert.equal(queue.size, plain.size);
      const due = [...plain].filter(([, at]) => at <= until);
      const taken: [string, number][] = [];
      for (let name = queue.take(until); name !== undefined; name = queue.take(until)) {
        taken.push([name, plain.get(name) ?? Number.NaN]);
      }
      assert.deepEqual([...taken].sort(), due.sort());
      assert.deepEqual(
        taken.map(([, at]) => at),
        due.map(([, at]) => at).sort((a, b) => a - b),
      );
      assert.equal(
        queue.next(),
        Math.min(...[...plain.values()].filter((at) => at > until), Infinity) === Infinity
          ? undefined
          : Math.min(...[...plain.values()].filter((at) => at > until)),
      );
    }),
    { seed: 20261127, numRuns: 300 },
  );
});

interface Watch {
  readonly it: Device;
  readonly clock: FakeClock;
  /** Notifications of expiry since the last call: what, of which entry, with how many days. */
  told(): readonly string[];
  moveTo(time: number): Promise<void>;
}

async function device(context: TestContext, options: Partial<DeviceOptions> = {}): Promise<Watch> {
  const clock = options.clock ?? new FakeClock();
  const it = await openDevice(context, { listener: new FakeListener(), ...options, clock });
  await it.https.idle();
  let seen = 0;
  return {
    it,
    clock,
    told() {
      const fresh = it.events.slice(seen);
      seen = it.events.length;
      return fresh.flatMap((event) => {
        const name = event.kind === 'notification' ? (event.path.last?.schema.name ?? '') : '';
        if (event.kind !== 'notification' || !name.startsWith('certificate-expir')) return [];
        if (event.path.last?.schema.module.name !== 'signet-https') return [];
        const content = encodeJson(
          schema,
          event.content.schema as Parameters<typeof encodeJson>[1],
          event.content,
        ) as JsonObject;
        return [
          `${name.replace('certificate-', '')} ${String(content['certificate'])} ${String(content['days-remaining'])}`,
        ];
      });
    },
    async moveTo(time) {
      const settle = () => it.https.idle();
      // What happens, happens at noon: the nights are short.
      while (time - clock.time > 3_600_000) {
        const next = Math.min(time, noon + (Math.floor((clock.time - noon) / day) + 1) * day);
        if (next - clock.time > 600_000) clock.jump(next - clock.time - 600_000);
        await clock.moveTo(next, settle);
      }
      await clock.moveTo(time, settle);
    },
  };
}

const own = (days: number) => ({ 'validity-days': days, 'auto-renew': false });

describe('a device', () => {
  test('tells of the end once for each step, then that it is over, and clears it with a new certificate', async (context) => {
    const { it, clock, told, moveTo } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web', ...own(820) }]]);
    const end = noon + 820 * day;
    assert.deepEqual(told(), []);
    clock.jump(729 * day);
    await moveTo(end - 90 * day - 1);
    assert.deepEqual(told(), []);
    await moveTo(end - 1);
    assert.deepEqual(
      told(),
      [90, 60, 30, 23, 16, 9, 2, 1].map((days) => `expiring web ${String(days)}`),
    );
    assert.equal((it.get(`${entry('web')}/state`) as JsonObject)['validity'], 'expiring');
    await moveTo(end + 30 * day);
    assert.deepEqual(told(), ['expired web -1']);
    assert.equal((it.get(`${entry('web')}/state`) as JsonObject)['validity'], 'expired');
    await it.invoke(`${entry('web')}/self-sign`);
    await it.https.idle();
    assert.deepEqual(told(), ['expiry-cleared web 820']);
  });

  test('RFC 9640 2.1.4.6: tells the same as certificate-expiration of the keystore, at the certificate itself', async (context) => {
    const { it, clock, told, moveTo } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web', ...own(820) }]]);
    const end = noon + 820 * day;
    clock.jump(729 * day);
    await moveTo(end + day);
    const expirations = it.events.flatMap((event) => {
      if (event.kind !== 'notification' || event.path.last?.schema.module.name !== 'ietf-keystore') return [];
      const { content } = event;
      const json = encodeJson(schema, content.schema as Parameters<typeof encodeJson>[1], content);
      return [[event.path.toString(), json]];
    });
    const certificate = "asymmetric-key[name='web']/certificates/certificate[name='web']";
    const at = `/ietf-keystore:keystore/asymmetric-keys/${certificate}/certificate-expiration`;
    const content = { 'expiration-date': new Date(end).toISOString().replace('.000Z', 'Z') };
    assert.deepEqual(
      expirations,
      told().map(() => [at, content]),
    );
    assert.equal(expirations.length, 9);
  });

  test('repeats nothing after a restart, and tells what came due meanwhile once', async (context) => {
    const first = await device(context);
    await first.it.apply([['create', entry('web'), { name: 'web', ...own(820) }]]);
    const end = noon + 820 * day;
    first.clock.jump(729 * day);
    await first.moveTo(end - 50 * day);
    assert.deepEqual(first.told(), ['expiring web 90', 'expiring web 60']);
    await first.it.close();
    const again = { state: first.it.state, clock: first.clock };
    const second = await device(context, again);
    assert.deepEqual(second.told(), []);
    await second.it.close();
    first.clock.time = end - 12 * day;
    const third = await device(context, again);
    assert.deepEqual(third.told(), ['expiring web 12']);
    await third.it.close();
    first.clock.time = end + day;
    assert.deepEqual((await device(context, again)).told(), ['expired web -1']);
  });

  test('an untrusted clock tells nothing; when it is right what is due is told', async (context) => {
    const { it, clock, told, moveTo } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web', ...own(30) }]]);
    clock.isTrusted = false;
    clock.jump(40 * day);
    await moveTo(clock.time + 3_600_000);
    assert.deepEqual(told(), []);
    assert.equal((it.get(`${entry('web')}/state`) as JsonObject)['validity'], 'clock-untrusted');
    clock.isTrusted = true;
    await moveTo(clock.time + 60_000);
    assert.deepEqual(told(), ['expired web -11']);
  });

  test('a clock that jumps forward and is set back: told within minutes, and cleared', async (context) => {
    const { it, clock, told, moveTo } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web', ...own(820) }]]);
    await it.https.idle();
    const [timer] = clock.pending();
    clock.jump(900 * day);
    assert.ok(timer !== undefined && timer - noon <= 300_000, 'no timer sleeps longer than five minutes');
    await moveTo(clock.time + 300_000);
    assert.deepEqual(told(), ['expired web -81']);
    clock.jump(-900 * day);
    await moveTo(clock.time + 300_000);
    assert.deepEqual(told(), ['expiry-cleared web 819']);
  });

  test('warn-days takes effect at once, both ways', async (context) => {
    const { it, clock, told, moveTo } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web', ...own(820) }]]);
    clock.jump(700 * day);
    await moveTo(clock.time + 3_600_000);
    assert.deepEqual(told(), []);
    await it.apply([['merge', '/signet-https:https/expiry/warn-days', 150]]);
    await it.https.idle();
    assert.deepEqual(told(), ['expiring web 119']);
    await it.apply([['merge', '/signet-https:https/expiry/warn-days', 100]]);
    await it.https.idle();
    assert.deepEqual(told(), ['expiry-cleared web 119']);
  });

  test('an entry that goes takes what was told with it', async (context) => {
    const { it, told, moveTo } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web', ...own(30) }]]);
    await moveTo(noon + 20 * day);
    assert.deepEqual(told(), ['expiring web 10']);
    await it.apply([['delete', entry('web')]]);
    await it.https.idle();
    assert.deepEqual(told(), ['expiry-cleared web 10']);
  });

  test('one timer serves all certificates, and only what is due is looked at', async (context) => {
    const { it, clock, told, moveTo } = await device(context);
    const names = Array.from({ length: 40 }, (_, index) => `c${String(index)}`);
    await it.apply(names.map((name, index) => ['create', entry(name), { name, ...own(30 + 3 * index) }]));
    await it.https.idle();
    assert.equal(clock.pending().length, 1);
    await moveTo(noon + 22 * day);
    assert.equal(clock.pending().length, 1);
    assert.deepEqual(told(), ['expiring c0 10', 'expiring c0 9', 'expiring c1 11']);
  });
});
