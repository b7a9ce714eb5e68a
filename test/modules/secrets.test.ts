/** What the https module says of its own accord, notifications and log lines, holds no secret (issue 5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeJson } from '../../src/yang/index.js';
import { leaksIn, mark } from '../support/leaks.js';
import { makeAuthority, newKey, pem } from './authority.js';
import { day, FakeListener, openDevice, refusalOf, schema } from './support.js';

const entry = (name: string) => `/signet-https:https/certificate[name='${name}']`;

test('notifications, alarms and the log of a life with secrets hold none', async (context) => {
  const listener = new FakeListener();
  const it = await openDevice(context, { listener });
  const phrase = mark('phrase');
  const challenge = mark('challenge');
  const password = mark('password');
  const authority = await makeAuthority();
  const { privateKey } = await newKey('secrets');
  const number = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const leaf = await authority.issue(privateKey);
  await it.apply([
    ['create', entry('web'), { name: 'web' }],
    ['merge', '/signet-https:https/server-certificate', 'web'],
  ]);
  const secrets = { 'pass-phrase': phrase.text, 'challenge-password': challenge.text };
  await it.invoke(`${entry('web')}/generate-request`, secrets);
  const encrypted = privateKey.export({
    format: 'pem',
    type: 'pkcs8',
    cipher: 'aes-256-cbc',
    passphrase: password.text,
  });
  const given = { data: pem(leaf, authority.intermediate), 'private-key': String(encrypted) };
  await refusalOf(() => it.invoke(`${entry('web')}/install`, { ...given, password: phrase.text }));
  await it.invoke(`${entry('web')}/install`, { ...given, password: password.text, activate: true });
  await it.invoke(`${entry('web')}/export`, { format: 'pkcs12', 'pass-phrase': phrase.text });
  it.clock.jump(400 * day);
  await it.clock.moveTo(it.clock.time + 300_000, () => it.https.idle());
  await it.alarms.idle();
  const told = it.events.flatMap((event) => {
    if (event.kind !== 'notification') return [];
    return [encodeJson(schema, event.content.schema as Parameters<typeof encodeJson>[1], event.content)];
  });
  assert.ok(it.notifications().includes('certificate-expired') && it.notifications().includes('alarm-notification'));
  const text = JSON.stringify([told, it.logged]);
  assert.deepEqual(leaksIn('', text, [phrase, challenge, password, { name: 'key', octets: number }]), []);
});
