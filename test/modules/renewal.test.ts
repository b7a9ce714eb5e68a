/** Self-signed certificates renew themselves: before they end, with the names of the device, and again where that failed. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { ConfigError } from '../../src/error.js';
import type { JsonObject } from '../../src/yang/index.js';
import { runOk } from '../support/run.js';
import { requireTool } from '../support/tools.js';
import { type Device, type DeviceOptions, day, FakeListener, noon, openDevice } from './support.js';

const entry = (name: string) => `/signet-https:https/certificate[name='${name}']`;
const served = '/signet-https:https/server-certificate';

interface Renewing {
  readonly it: Device;
  readonly listener: FakeListener;
  /** The clock is set so much further, and noticed. */
  later(milliseconds: number): Promise<void>;
}

async function device(context: TestContext, options: Partial<DeviceOptions> = {}): Promise<Renewing> {
  const listener = new FakeListener();
  const it = await openDevice(context, { listener, ...options });
  await it.https.idle();
  return {
    it,
    listener,
    async later(milliseconds) {
      it.clock.jump(milliseconds);
      await it.clock.moveTo(it.clock.time + 300_000, () => it.https.idle());
    },
  };
}

function stateOf(it: Device, name: string): JsonObject {
  return it.get(`${entry(name)}/state`) as JsonObject;
}

function presented(listener: FakeListener): X509Certificate {
  return new X509Certificate(listener.presented?.credentials.chain[0] ?? Buffer.alloc(0));
}

function raised(it: Device): readonly string[] {
  const alarms = (it.get('/signet-alarms:alarms/alarm-list/alarm') ?? []) as readonly unknown[];
  return (alarms as readonly JsonObject[])
    .filter((alarm) => alarm['is-cleared'] === false)
    .map((alarm) => `${String(alarm['alarm-type-id'])}: ${String(alarm['alarm-text'])}`);
}

describe('before it ends', () => {
  test('a self-signed certificate is renewed on its key and presented; nobody is told of an end', async (context) => {
    const { it, listener, later } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', served, 'web'],
    ]);
    const first = it.get(`${entry('web')}/installed`) as JsonObject;
    await later(729 * day);
    assert.deepEqual(it.get(`${entry('web')}/installed`), first);
    await later(2 * day);
    const second = it.get(`${entry('web')}/installed`) as JsonObject;
    assert.equal(second['key-id'], first['key-id']);
    assert.notDeepEqual(second['chain'], first['chain']);
    assert.equal(stateOf(it, 'web')['days-remaining'], 820);
    assert.equal(listener.fingerprint(), stateOf(it, 'web')['fingerprint-sha256']);
    assert.equal(it.datastore.history()[0]?.comment, 'renew web');
    assert.deepEqual(
      it.notifications().filter((name) => name !== 'alarm-notification'),
      ['certificate-installed', 'certificate-activated', 'certificate-installed', 'certificate-activated'],
    );
  });

  test(
    'what openssl sees of the renewed one: valid now, the names, serverAuth',
    requireTool('openssl'),
    async (context) => {
      const { it, listener, later } = await device(context);
      await it.apply([
        ['create', entry('web'), { name: 'web', 'validity-days': 30 }],
        ['merge', served, 'web'],
      ]);
      await later(25 * day);
      const file = join(it.state, 'renewed.pem');
      await writeFile(file, presented(listener).toString());
      const at = String(Math.floor(it.clock.time / 1000));
      const verified = await runOk('openssl', [
        ...['verify', '-x509_strict', '-attime', at, '-purpose', 'sslserver', '-verify_hostname', 'device.example.net'],
        ...['-CAfile', file, file],
      ]);
      assert.match(verified, /: OK$/m);
      const shown = await runOk('openssl', ['x509', '-in', file, '-noout', '-ext', 'subjectAltName,extendedKeyUsage']);
      assert.match(shown, /TLS Web Server Authentication/);
      assert.match(shown, /DNS:device\.example\.net, IP Address:127\.0\.0\.1/);
    },
  );

  test('not without auto-renew, and not one that a certification authority issues', async (context) => {
    const { it, later } = await device(context);
    await it.apply([['create', entry('own'), { name: 'own', 'auto-renew': false, 'validity-days': 30 }]]);
    const first = it.get(`${entry('own')}/installed`);
    await later(40 * day);
    assert.deepEqual(it.get(`${entry('own')}/installed`), first);
    assert.equal(stateOf(it, 'own')['validity'], 'expired');
    await it.apply([['merge', `${entry('own')}/auto-renew`, true]]);
    await it.https.idle();
    assert.equal(stateOf(it, 'own')['validity'], 'valid');
  });

  test('one that is made while the clock goes on is not judged by the time before', async (context) => {
    const slow = { by: 0 };
    const { it } = await device(context, {
      keyStore: (store) => ({
        ...store,
        get: (keyId) => {
          it.clock.time += slow.by;
          return store.get(keyId);
        },
      }),
    });
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    slow.by = 1500;
    it.clock.jump(731 * day);
    await it.clock.moveTo(it.clock.time + 400_000, () => it.https.idle());
    assert.equal(it.datastore.history()[0]?.comment, 'renew web');
    assert.equal(stateOf(it, 'web')['validity'], 'valid');
    assert.deepEqual(
      it.logged.filter((line) => line.includes('not valid before')),
      [],
    );
  });

  test('one that was made by a clock that was wrong, as soon as the clock is right', async (context) => {
    const { it, later } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    it.clock.isTrusted = false;
    await later(-10_000 * day);
    const { findings } = await it.apply([['create', entry('early'), { name: 'early' }]]);
    const told = (found: unknown, severity: string, then: string) => {
      const text = `the clock is not trusted yet, and the dates of the certificate are taken from it; ${then}`;
      assert.ok(JSON.stringify(found).includes(`"severity":"${severity}"`), JSON.stringify(found));
      assert.ok(JSON.stringify(found).includes(text), JSON.stringify(found));
    };
    told(findings, 'info', 'it is renewed when the clock is right');
    assert.equal(stateOf(it, 'early')['validity'], 'clock-untrusted');
    await it.apply([['create', entry('fixed'), { name: 'fixed', 'auto-renew': false }]]);
    const { finding } = await it.invoke(`${entry('fixed')}/self-sign`);
    told(finding, 'warning', 'set the clock and make it anew');
    await it.invoke(`${entry('fixed')}/delete`);
    it.clock.isTrusted = true;
    await later(10_000 * day);
    assert.equal(stateOf(it, 'early')['validity'], 'valid');
    assert.deepEqual(raised(it), []);
  });
});

describe('where it fails', () => {
  test('an alarm is raised, it is tried again after growing pauses, and cleared', async (context) => {
    const { it, listener, later } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', served, 'web'],
    ]);
    const { fingerprint } = { fingerprint: listener.fingerprint() };
    const attempts: number[] = [];
    const prepare = listener.prepare.bind(listener);
    listener.refuse = new ConfigError({ tag: 'operation-failed', message: 'the handshake fails' });
    listener.prepare = (service) => {
      attempts.push(it.clock.time);
      return prepare(service);
    };
    it.clock.jump(731 * day);
    await it.clock.moveTo(it.clock.time + 3_600_000, () => it.https.idle());
    const pauses = attempts.slice(1).map((time, index) => (time - (attempts[index] ?? 0)) / 60_000);
    assert.deepEqual(pauses, [1, 2, 4, 8, 16]);
    assert.equal(listener.fingerprint(), fingerprint);
    assert.deepEqual(raised(it).toSorted(), [
      'signet-alarms:certificate-expiry: certificate web expires on 2029-02-21T12:00:00Z; issue or install a new one',
      'signet-alarms:certificate-renewal-failed: certificate web could not be renewed, which is tried again: the handshake fails',
    ]);
    assert.equal(it.notifications().filter((name) => name === 'certificate-expiring').length, 1);
    listener.refuse = undefined;
    await later(6 * 3_600_000);
    assert.deepEqual(raised(it), []);
    assert.equal(stateOf(it, 'web')['validity'], 'valid');
    assert.equal(it.notifications().filter((name) => name === 'certificate-expiry-cleared').length, 1);
  });

  test('a confirmed commit that is open goes before, which is no alarm', async (context) => {
    const { it, later } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const { persistId } = await it.apply([['merge', '/signet-system:system/location', 'x']], { confirmTimeout: 600 });
    await later(731 * day);
    assert.equal(stateOf(it, 'web')['validity'], 'expiring');
    assert.ok(raised(it).every((alarm) => !alarm.includes('renewal-failed')));
    await it.session.confirm(persistId);
    await later(0);
    assert.equal(stateOf(it, 'web')['validity'], 'valid');
  });
});

test('a lock of another session (RFC 6241 7.5) goes before as well', async (context) => {
  const { it, later } = await device(context);
  await it.apply([['create', entry('web'), { name: 'web' }]]);
  it.session.lock('running');
  await later(731 * day);
  assert.equal(stateOf(it, 'web')['validity'], 'expiring');
  assert.ok(raised(it).every((alarm) => !alarm.includes('renewal-failed')));
  it.session.unlock('running');
  await later(0);
  assert.equal(stateOf(it, 'web')['validity'], 'valid');
  assert.deepEqual(raised(it), []);
});

describe('with the names of the device', () => {
  test('another host name or address renews at once what follows the device, and nothing else', async (context) => {
    let hosts = ['device.example.net', '192.0.2.1'];
    const { it, listener, later } = await device(context, { hosts: () => hosts });
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['create', entry('fixed'), { name: 'fixed', subject: { 'common-name': 'fixed.example.net' } }],
      ['create', entry('still'), { name: 'still', 'auto-renew': false }],
      ['merge', served, 'web'],
    ]);
    const before = ['fixed', 'still'].map((name) => it.get(`${entry(name)}/installed`));
    hosts = ['device.example.net', 'new.example.net', '192.0.2.1'];
    await later(0);
    assert.equal(presented(listener).checkHost('new.example.net'), 'new.example.net');
    assert.deepEqual(
      ['fixed', 'still'].map((name) => it.get(`${entry(name)}/installed`)),
      before,
    );
    const transaction = it.datastore.transaction();
    await later(3_600_000);
    assert.equal(it.datastore.transaction(), transaction, 'once is enough');
  });

  test('another listen address in the tree is in the certificate with the commit that follows', async (context) => {
    const { it, listener } = await device(context, { listensByTree: true });
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', served, 'web'],
    ]);
    assert.equal(presented(listener).checkIP('127.0.0.9'), undefined);
    await it.apply([['create', "/signet-https:https/listen[name='a']", { name: 'a', address: '127.0.0.9', port: 0 }]]);
    await it.https.idle();
    assert.equal(presented(listener).checkIP('127.0.0.9'), '127.0.0.9');
    assert.deepEqual(raised(it), []);
  });

  test('a certificate with names of its own that no longer holds is found and raised until it does', async (context) => {
    let hosts = ['web.example.net'];
    const { it, later } = await device(context, { hosts: () => hosts });
    await it.apply([
      ['create', entry('web'), { name: 'web', subject: { 'common-name': 'web.example.net' } }],
      ['merge', served, 'web'],
    ]);
    await it.https.idle();
    assert.deepEqual(raised(it), []);
    hosts = ['other.example.net'];
    await later(0);
    const text = 'the certificate does not hold for other.example.net or 127.0.0.1, by which the device is reached';
    assert.deepEqual(raised(it), [`signet-alarms:certificate-name-mismatch: web: ${text}`]);
    const { finding } = stateOf(it, 'web') as { readonly finding?: readonly { readonly text: string }[] };
    assert.ok(finding?.some((each) => each.text === text));
    hosts = ['web.example.net'];
    await later(0);
    assert.deepEqual(raised(it), []);
  });
});

test('a start renews what ran out while the agent was off, before anybody is told of it', async (context) => {
  const first = await device(context);
  await first.it.apply([
    ['create', entry('web'), { name: 'web', 'validity-days': 10 }],
    ['merge', served, 'web'],
  ]);
  await first.it.close();
  const { clock, state } = first.it;
  clock.time = noon + 20 * day;
  const { it, listener } = await device(context, { state, clock });
  assert.equal(stateOf(it, 'web')['validity'], 'valid');
  assert.equal(listener.fingerprint(), stateOf(it, 'web')['fingerprint-sha256']);
  assert.deepEqual(it.notifications(), ['certificate-installed', 'certificate-activated']);
});

test('an unconfirmed change that a restart undoes is told as rolled back, once', async (context) => {
  const first = await device(context);
  await first.it.apply([
    ['create', entry('web'), { name: 'web' }],
    ['create', entry('other'), { name: 'other' }],
    ['merge', served, 'web'],
  ]);
  await first.it.apply([['merge', served, 'other']], { confirmTimeout: 600 });
  assert.equal(first.listener.fingerprint(), stateOf(first.it, 'other')['fingerprint-sha256']);
  await first.it.close();
  const again = { state: first.it.state, clock: first.it.clock };
  const second = await device(context, again);
  assert.equal(second.listener.fingerprint(), stateOf(second.it, 'web')['fingerprint-sha256']);
  assert.deepEqual(second.it.notifications(), ['certificate-rolled-back']);
  await second.it.close();
  assert.deepEqual((await device(context, again)).it.notifications(), []);
});
