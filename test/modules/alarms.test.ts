/** The alarm list by itself over a real datastore, and the alarms that certificates, the clock and the listener raise. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ConfigError } from '../../src/error.js';
import type { Alarm } from '../../src/modules/alarm.js';
import type { JsonObject, JsonValue } from '../../src/yang/index.js';
import { encodeJson } from '../../src/yang/index.js';
import { makeRevocationList } from '../x509/lists.js';
import { caExtensions, issue, testKey } from '../x509/support.js';
import { type Device, day, FakeListener, noon, openDevice, refusalOf, schema } from './support.js';

const list = '/signet-alarms:alarms/alarm-list';
const entry = (name: string) => `/signet-https:https/certificate[name='${name}']`;
const lost: Alarm = { resource: '/signet-system:system', type: 'master-key-lost', severity: 'major', text: 'lost' };

function alarmsOf(it: Device): readonly JsonObject[] {
  return (it.get(`${list}/alarm`) ?? []) as unknown as readonly JsonObject[];
}

/** Kind, resource, severity of those that stand. */
function standing(it: Device): readonly string[] {
  return alarmsOf(it)
    .filter((alarm) => alarm['is-cleared'] === false)
    .map((alarm) => [alarm['alarm-type-id'], alarm['resource'], alarm['perceived-severity']].join(' '));
}

/** Severity and text of each alarm-notification. */
function told(it: Device): readonly string[] {
  return it.events.flatMap((event) => {
    if (event.kind !== 'notification' || event.path.last?.schema.name !== 'alarm-notification') return [];
    const { content } = event;
    const json = encodeJson(schema, content.schema as Parameters<typeof encodeJson>[1], content) as JsonObject;
    return [`${String(json['perceived-severity'])}: ${String(json['alarm-text'])}`];
  });
}

async function device(context: TestContext, state?: string): Promise<Device> {
  const it = await openDevice(context, { listener: new FakeListener(), ...(state === undefined ? {} : { state }) });
  await it.https.idle();
  return it;
}

describe('the alarm list (RFC 8632 4.4)', () => {
  test('an alarm is raised once however often it is said, changed, cleared and raised again as the same entry', async (context) => {
    const it = await device(context);
    it.alarms.raise(lost);
    it.alarms.raise(lost);
    await it.alarms.idle();
    it.clock.time += 60_000;
    it.alarms.raise({ ...lost, severity: 'critical' });
    await it.alarms.idle();
    it.clock.time += 60_000;
    it.alarms.clear(lost);
    it.alarms.clear(lost);
    await it.alarms.idle();
    assert.deepEqual(alarmsOf(it), [
      {
        resource: '/signet-system:system',
        'alarm-type-id': 'signet-alarms:master-key-lost',
        'alarm-type-qualifier': '',
        'time-created': '2026-11-24T12:00:00Z',
        'is-cleared': true,
        'last-raised': '2026-11-24T12:00:00Z',
        'last-changed': '2026-11-24T12:02:00Z',
        'perceived-severity': 'critical',
        'alarm-text': 'lost',
      },
    ]);
    it.clock.time += 60_000;
    it.alarms.raise(lost);
    await it.alarms.idle();
    assert.deepEqual(told(it), ['major: lost', 'critical: lost', 'cleared: lost', 'major: lost']);
    assert.equal(alarmsOf(it)[0]?.['time-created'], '2026-11-24T12:00:00Z');
    assert.equal(alarmsOf(it)[0]?.['last-raised'], '2026-11-24T12:03:00Z');
    assert.equal(it.get(`${list}/number-of-alarms`), 1);
    assert.equal(it.get(`${list}/last-changed`), '2026-11-24T12:03:00Z');
  });

  test('counts by severity', async (context) => {
    const it = await device(context);
    it.alarms.raise(lost);
    it.alarms.raise({ ...lost, qualifier: 'a', severity: 'minor' });
    it.alarms.raise({ ...lost, qualifier: 'b', severity: 'minor' });
    it.alarms.clear({ ...lost, qualifier: 'b' });
    assert.deepEqual(it.get('/signet-alarms:alarms/summary/alarm-summary') as JsonValue, [
      { severity: 'critical', total: 0, 'not-cleared': 0, cleared: 0 },
      { severity: 'indeterminate', total: 0, 'not-cleared': 0, cleared: 0 },
      { severity: 'major', total: 1, 'not-cleared': 1, cleared: 0 },
      { severity: 'minor', total: 2, 'not-cleared': 1, cleared: 1 },
      { severity: 'warning', total: 0, 'not-cleared': 0, cleared: 0 },
    ]);
  });

  test('outlasts a restart and is not told again; what does not hold any more is cleared by its owner', async (context) => {
    const first = await device(context);
    first.alarms.raise(lost);
    first.alarms.raise({ resource: entry('gone'), type: 'certificate-expiry', severity: 'major', text: 'gone' });
    await first.alarms.idle();
    const about = (it: Device) => alarmsOf(it).find((alarm) => alarm['resource'] === lost.resource);
    const before = about(first);
    await first.close();
    const second = await device(context, first.state);
    second.alarms.raise(lost);
    await second.alarms.idle();
    assert.deepEqual(about(second), before);
    assert.deepEqual(told(second), ['cleared: gone']);
    assert.deepEqual(standing(second), ['signet-alarms:master-key-lost /signet-system:system major']);
  });

  test('is bounded: what is over goes first, then what is least serious', async (context) => {
    const it = await device(context);
    const some = (count: number, more: Partial<Alarm>) => {
      for (let index = 0; index < count; index++) {
        it.alarms.raise({ ...lost, qualifier: `${more.severity ?? ''}${String(index)}`, ...more });
      }
    };
    some(990, { severity: 'minor' });
    some(20, { severity: 'major' });
    assert.equal(it.get(`${list}/number-of-alarms`), 1000);
    assert.equal(standing(it).filter((line) => line.endsWith('major')).length, 20);
    it.alarms.clear({ ...lost, qualifier: 'major3' });
    some(1, { severity: 'critical' });
    assert.equal(
      alarmsOf(it).some((alarm) => alarm['alarm-type-qualifier'] === 'major3'),
      false,
    );
    await it.alarms.idle();
  });

  test('more changes at once than the queue of a listener holds reach it all', async (context) => {
    const it = await device(context);
    for (let index = 0; index < 1000; index++) it.alarms.raise({ ...lost, qualifier: String(index) });
    for (let index = 0; index < 300; index++) it.alarms.clear({ ...lost, qualifier: String(index) });
    await it.alarms.idle();
    assert.equal(it.events.filter((event) => event.kind === 'missed').length, 0);
    assert.equal(told(it).length, 1300);
  });

  test('purge-alarms takes out what is over, or old', async (context) => {
    const it = await device(context);
    it.alarms.raise(lost);
    it.alarms.raise({ ...lost, qualifier: 'a' });
    it.alarms.clear({ ...lost, qualifier: 'a' });
    const purge = (input: JsonObject) => it.invoke(`${list}/purge-alarms`, input);
    const old = { 'alarm-clearance-status': 'any', 'older-than': { days: 2 } };
    assert.deepEqual(await purge(old), { 'purged-alarms': 0 });
    assert.deepEqual(await purge({ 'alarm-clearance-status': 'cleared' }), { 'purged-alarms': 1 });
    it.clock.time += 3 * day;
    assert.deepEqual(await purge(old), { 'purged-alarms': 1 });
    assert.equal(it.get(`${list}/alarm`), undefined);
    const missing = await refusalOf(() => purge({}));
    assert.match(missing, /^missing-element .*alarm-clearance-status/);
  });

  test('text that SNMP cannot hold is made fit', async (context) => {
    const it = await device(context);
    it.alarms.raise({ ...lost, text: `Zürich ${'x'.repeat(300)}` });
    await it.alarms.idle();
    assert.equal(alarmsOf(it)[0]?.['alarm-text'], `Z?rich ${'x'.repeat(248)}`);
  });
});

describe('alarms of the device', () => {
  test('a certificate: near its end, in its last days, over, over while it is presented, replaced', async (context) => {
    const it = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web', 'validity-days': 820, 'auto-renew': false }],
      ['merge', '/signet-system:system/name', 'device.example.net'],
    ]);
    await it.https.idle();
    assert.deepEqual(standing(it), []);
    const end = noon + 820 * day;
    const at = async (time: number) => {
      it.clock.jump(time - it.clock.time - 1);
      await it.clock.moveTo(time, () => it.https.idle());
      await it.clock.moveTo(time + 300_000, () => it.https.idle());
      return standing(it);
    };
    const expiry = `signet-alarms:certificate-expiry ${entry('web')}`;
    assert.deepEqual(await at(end - 80 * day), [`${expiry} minor`]);
    assert.deepEqual(await at(end - 5 * day), [`${expiry} warning`]);
    assert.deepEqual(await at(end + day), [`${expiry} major`]);
    await it.apply([['merge', '/signet-https:https/server-certificate', 'web']]);
    await it.https.idle();
    assert.deepEqual(standing(it), [`${expiry} critical`]);
    await it.invoke(`${entry('web')}/self-sign`);
    await it.https.idle();
    assert.deepEqual(standing(it), []);
  });

  test('an entry that goes clears its alarms', async (context) => {
    const it = await device(context);
    await it.apply([['create', entry('web'), { name: 'web', 'validity-days': 3, 'auto-renew': false }]]);
    it.clock.jump(4 * day);
    await it.clock.moveTo(it.clock.time + 300_000, () => it.https.idle());
    assert.equal(standing(it).length, 1);
    await it.apply([['delete', entry('web')]]);
    await it.https.idle();
    assert.deepEqual(standing(it), []);
  });

  test('a clock that is not trusted, until it is', async (context) => {
    const it = await device(context);
    const later = () => it.clock.moveTo(it.clock.time + 300_000, () => it.https.idle());
    it.clock.isTrusted = false;
    await later();
    assert.deepEqual(standing(it), ['signet-alarms:clock-untrusted /signet-system:system warning']);
    it.clock.isTrusted = true;
    await later();
    assert.deepEqual(standing(it), []);
  });

  test('a certificate that is presented and holds for none of the names of the device', async (context) => {
    let hosts = ['device.example.net', '192.0.2.1'];
    const it = await openDevice(context, { listener: new FakeListener(), hosts: () => hosts });
    await it.apply([
      [
        'create',
        entry('web'),
        {
          name: 'web',
          subject: { 'common-name': 'device.example.net' },
          'subject-alternative-name': [{ type: 'dns', value: 'device.example.net' }],
        },
      ],
      ['merge', '/signet-https:https/server-certificate', 'web'],
    ]);
    await it.https.idle();
    assert.deepEqual(standing(it), []);
    hosts = ['other.example.net', '192.0.2.1'];
    await it.clock.moveTo(noon + 300_000, () => it.https.idle());
    assert.deepEqual(standing(it), [`signet-alarms:certificate-name-mismatch ${entry('web')} warning`]);
    await it.apply([
      [
        'create',
        `${entry('web')}/subject-alternative-name[type='dns'][value='other.example.net']`,
        { type: 'dns', value: 'other.example.net' },
      ],
    ]);
    await it.https.idle();
    assert.deepEqual(standing(it), []);
  });

  test('a service that does not open at start, and one that does', async (context) => {
    const listener = new FakeListener();
    listener.refuse = new ConfigError({ tag: 'resource-denied', message: 'cannot listen on 127.0.0.1:443: EACCES' });
    const it = await openDevice(context, { listener });
    await it.alarms.idle();
    assert.deepEqual(standing(it), ['signet-alarms:listener-failed /signet-https:https critical']);
    assert.equal(alarmsOf(it)[0]?.['alarm-text'], 'https is not open: cannot listen on 127.0.0.1:443: EACCES');
    listener.refuse = undefined;
    await it.apply([['merge', '/signet-https:https/hello-params/tls-versions/min', 'tls13']]);
    assert.deepEqual(standing(it), []);
  });

  test('a revocation list in the last third of its time, over, and replaced by the next', async (context) => {
    const it = await device(context);
    const key = await testKey('ec-p256', 'clients');
    const issuer = await issue({
      subject: { commonName: 'Clients' },
      key: key.privateKey,
      extensions: caExtensions(key.privateKey, key.privateKey),
    });
    const list = async (from: number, to: number) => {
      const dates = { thisUpdate: new Date(noon + from * day), nextUpdate: new Date(noon + to * day) };
      return (await makeRevocationList({ issuer, key: key.privateKey, ...dates })).der.toString('base64');
    };
    const crl = '/signet-https:https/client-authentication/crl';
    await it.apply([['replace', crl, [await list(-1, 8), await list(-1, 99)]]]);
    const later = async (days: number) => {
      it.clock.jump(days * day);
      await it.clock.moveTo(it.clock.time + 300_000, () => it.https.idle());
      return standing(it);
    };
    const first = `signet-alarms:revocation-list-expiry ${crl}[1]`;
    assert.deepEqual(await later(4), []);
    assert.deepEqual(await later(2), [`${first} minor`]);
    assert.deepEqual(await later(3), [`${first} major`]);
    await it.apply([['replace', crl, [await list(8, 30)]]]);
    await it.https.idle();
    assert.deepEqual(standing(it), []);
  });
});
