/** The watch over certificates on random lives: time passes, jumps, is not trusted; the agent stops; certificates change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DatastoreEvent } from '../../src/datastore/index.js';
import { encodeJson, type JsonObject } from '../../src/yang/index.js';
import { type Scope, temporaryDirectory } from '../support/places.js';
import { type Device, day, FakeClock, FakeListener, noon, openDevice, schema } from './support.js';

const names = ['a', 'b', 'c'] as const;
const entry = (name: string) => `/signet-https:https/certificate[name='${name}']`;

type Step =
  | { readonly kind: 'pass' | 'jump'; readonly days: number }
  | { readonly kind: 'trust'; readonly trusted: boolean }
  | { readonly kind: 'issue' | 'delete'; readonly name: string; readonly days: number }
  | { readonly kind: 'warn'; readonly days: number }
  | { readonly kind: 'restart' };

const name = fc.constantFrom(...names);
/** A third of a lifetime is whole days, so that steps are days apart. */
const days = fc.integer({ min: 1, max: 150 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), days: fc.integer({ min: 1, max: 120 }) }) },
  fc.record({ kind: fc.constant('jump' as const), days: fc.integer({ min: -200, max: 200 }) }),
  fc.record({ kind: fc.constant('trust' as const), trusted: fc.boolean() }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('issue' as const), name, days }) },
  fc.record({ kind: fc.constant('delete' as const), name, days }),
  fc.record({ kind: fc.constant('warn' as const), days }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

/** What was told of one certificate since it was cleared. */
interface Heard {
  readonly fingerprint: string;
  /** By the clock of the device. */
  readonly time: number;
  readonly expired: boolean;
}

class Life {
  readonly clock = new FakeClock();
  readonly #scope: Scope;
  readonly #state: string;
  readonly #heard = new Map<string, Heard>();
  #device: Device | undefined;
  /** The clock was set back, or warn-days changed: steps may come again in another place. */
  #isLoose = false;
  #fault: unknown;

  constructor(scope: Scope, state: string) {
    this.#scope = scope;
    this.#state = state;
  }

  async device(): Promise<Device> {
    if (this.#device !== undefined) return this.#device;
    const { clock } = this;
    const device = await openDevice(this.#scope, { listener: new FakeListener(), state: this.#state, clock });
    this.#device = device;
    for (const event of device.events) this.#hear(event);
    device.datastore.subscribe((event) => this.#hear(event));
    await device.https.idle();
    return device;
  }

  async close(): Promise<void> {
    await this.#device?.close();
    this.#device = undefined;
  }

  async take(step: Step): Promise<void> {
    const it = await this.device();
    switch (step.kind) {
      case 'pass': {
        // Days pass one by one; the nights are short.
        for (let count = 0; count < step.days; count++) {
          this.clock.jump(day - 600_000);
          await this.clock.moveTo(this.clock.time + 600_000, () => it.https.idle());
        }
        return;
      }
      case 'jump':
        if (step.days < 0) this.#isLoose = true;
        this.clock.jump(step.days * day);
        return;
      case 'trust':
        this.clock.isTrusted = step.trusted;
        return;
      case 'issue':
        await it.apply([
          ['merge', entry(step.name), { name: step.name, 'auto-renew': false, 'validity-days': 3 * step.days }],
        ]);
        return;
      case 'delete':
        await it.apply([['remove', entry(step.name)]]);
        return;
      case 'warn':
        this.#isLoose = true;
        await it.apply([['merge', '/signet-https:https/expiry/warn-days', step.days]]);
        return;
      case 'restart':
        await it.https.idle();
        await this.close();
    }
  }

  /** Every notification comes in its turn: nothing twice, nothing cleared that was not told. */
  #hear(event: DatastoreEvent): void {
    try {
      this.#check(event);
    } catch (error) {
      this.#fault ??= error;
    }
  }

  #check(event: DatastoreEvent): void {
    if (event.kind !== 'notification') return;
    const told = event.path.last?.schema;
    const telling = told?.name ?? '';
    if (told?.module.name !== 'signet-https' || !telling.startsWith('certificate-expir')) return;
    const { content } = event;
    const json = encodeJson(schema, content.schema as Parameters<typeof encodeJson>[1], content) as JsonObject;
    const about = String(json['certificate']);
    const fingerprint = String(json['fingerprint-sha256']);
    const before = this.#heard.get(about);
    if (telling === 'certificate-expiry-cleared') {
      assert.notEqual(before, undefined, `${about} is cleared and was not told`);
      this.#heard.delete(about);
      return;
    }
    const { time } = this.clock;
    const expired = telling === 'certificate-expired';
    if (before !== undefined) {
      assert.equal(fingerprint, before.fingerprint, `${about} is another and was not cleared`);
      if (!this.#isLoose) {
        assert.equal(before.expired, false, `${about} is told again after its end`);
        assert.ok(time - before.time > day - 3_600_000, `${about} is told twice on one day`);
      }
    }
    this.#heard.set(about, { fingerprint, time, expired });
  }

  /** With a clock that is trusted, what was told and raised is what state says. */
  async judge(): Promise<void> {
    this.clock.isTrusted = true;
    const it = await this.device();
    await this.clock.moveTo(this.clock.time + 600_000, () => it.https.idle());
    await it.alarms.idle();
    if (this.#fault !== undefined) throw this.#fault;
    assert.equal(this.clock.pending().length, 1, 'one timer');
    const alarms = (it.get('/signet-alarms:alarms/alarm-list/alarm') ?? []) as unknown as readonly JsonObject[];
    for (const each of names) {
      const state = it.get(`${entry(each)}/state`) as JsonObject | undefined;
      const heard = this.#heard.get(each);
      const isNear = state?.['validity'] === 'expiring' || state?.['validity'] === 'expired';
      assert.equal(heard !== undefined, isNear, `${each} is ${String(state?.['validity'])}`);
      if (heard !== undefined) assert.equal(heard.fingerprint, state?.['fingerprint-sha256']);
      const isRaised = alarms.some(
        (alarm) =>
          alarm['resource'] === entry(each) &&
          alarm['alarm-type-id'] === 'signet-alarms:certificate-expiry' &&
          alarm['is-cleared'] === false,
      );
      assert.equal(isRaised, isNear, `the alarm of ${each}`);
    }
  }
}

test('nothing is told twice, and what was told and raised is what holds, whatever happens to clock and agent', async (context) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const ends: (() => Promise<void>)[] = [];
      const scope: Scope = { after: (work) => void ends.push(work) };
      const life = new Life(scope, `${await temporaryDirectory(context)}/state`);
      assert.equal(life.clock.time, noon);
      try {
        for (const each of steps) await life.take(each);
        await life.judge();
      } finally {
        await life.close();
        for (const end of ends) await end();
      }
    }),
    { seed: 20261127, numRuns: process.env['SIGNET_LONG'] === '1' ? 300 : 8 },
  );
});
