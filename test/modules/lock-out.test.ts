/** What would leave the administrator without HTTPS, and does not: over a real listener. */
import assert from 'node:assert/strict';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { TlsListener } from '../../src/southbound/index.js';
import { presented } from '../southbound/tls-support.js';
import { base64, makeAuthority } from './authority.js';
import { type Device, day, entry, FakeClock, openDevice, serverCertificate } from './support.js';

describe('HTTPS is not lost', () => {
  let listener: TlsListener;
  beforeEach(() => {
    listener = new TlsListener({ onConnection: (socket) => socket.destroy() });
  });
  afterEach(() => listener.close());

  async function alarm(it: Device): Promise<string> {
    await it.alarms.idle();
    const { alarm: all } = it.get('/signet-alarms:alarms/alarm-list') as { alarm?: Record<string, unknown>[] };
    const found = (all ?? []).find((each) => String(each['alarm-type-id']).endsWith('listener-failed'));
    return found === undefined || found['is-cleared'] === true ? 'none' : String(found['alarm-text']);
  }

  const subject = (it: Device, name: string) => (it.get(`${entry(name)}/state`) as Record<string, unknown>)['subject'];

  for (const [what, name, expected] of [
    [
      'longer than a common name',
      `clock ${'of the observatory '.repeat(6)}`,
      `clock ${'of the observatory '.repeat(6)}`.slice(0, 64).trim(),
    ],
    ['of characters beyond ASCII', `${'é𝄞'.repeat(40)}`, 'é𝄞'.repeat(32)],
  ] as const) {
    test(`restore-default and names that follow the device work where its name is ${what} (RFC 5280 A.1)`, async (context) => {
      const it = await openDevice(context, { listener, deviceName: () => name, hosts: () => [name] });
      await it.invoke('/signet-https:https/restore-default');
      assert.equal(subject(it, 'default'), `CN=${expected}`);
      await it.apply([['create', entry('web'), { name: 'web' }]]);
      await it.invoke(`${entry('web')}/generate-request`);
    });
  }

  test('a lost key and suites for RSA keys only: the factory certificate is presented by the suites of the level', async (context) => {
    const first = await openDevice(context, { listener });
    await first.apply([
      ['create', entry('web'), { name: 'web', 'key-algorithm': 'rsa-2048' }],
      ['merge', serverCertificate, 'web'],
    ]);
    await first.apply([
      [
        'merge',
        '/signet-https:https/hello-params',
        {
          'tls-versions': { max: 'tls12' },
          'cipher-suites': { 'cipher-suite': ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] },
        },
      ],
    ]);
    const { 'key-id': keyId } = first.get(`${entry('web')}/installed`) as Record<string, string>;
    await first.close();
    await listener.close();
    await unlink(join(first.state, 'keys', keyId ?? ''));
    listener = new TlsListener({ onConnection: (socket) => socket.destroy() });
    const it = await openDevice(context, { listener, state: first.state });
    assert.equal(it.https.served()?.certificate, '');
    assert.notEqual(await presented(listener), undefined);
    assert.match(await alarm(it), /^the factory certificate stands in: there is no private key/);
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(it.https.served()?.certificate, 'default');
    assert.equal(await alarm(it), 'none');
  });

  test('a change goes back to a pair whose key is gone: what is presented stays, and the alarm says so', async (context) => {
    const it = await openDevice(context, { listener });
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['create', entry('other'), { name: 'other' }],
      ['merge', serverCertificate, 'web'],
    ]);
    const { persistId } = await it.apply([['merge', serverCertificate, 'other']], { confirmTimeout: 600 });
    const shown = await presented(listener);
    const { 'key-id': keyId } = it.get(`${entry('web')}/installed`) as Record<string, string>;
    await unlink(join(it.state, 'keys', keyId ?? ''));
    await it.session.cancel(persistId);
    assert.equal(it.get(serverCertificate), 'web');
    assert.equal(await presented(listener), shown);
    assert.match(await alarm(it), /^https presents what was there before the tree went back: there is no private key/);
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(await alarm(it), 'none');
  });

  const texts = (findings: readonly { readonly severity: string; readonly path: string; readonly text: string }[]) =>
    findings.map(({ severity, path, text }) => `${severity} ${path}: ${text}`);

  test('a commit after which only this device reaches HTTPS, or nobody, says so', async (context) => {
    const it = await openDevice(context, { listener, listensByTree: true });
    const at = (name: string, address: string) =>
      ['create', `/signet-https:https/listen[name='${name}']`, { name, address, port: 0 }] as const;
    assert.deepEqual(texts((await it.apply([at('any', '0.0.0.0'), at('own', '127.0.0.1')])).findings), []);
    const tried = await it.apply([['delete', "/signet-https:https/listen[name='any']"]], { confirmTimeout: 60 });
    const alone = 'warning /signet-https:https/listen: from now on HTTPS is for clients on this device alone';
    assert.deepEqual(texts(tried.findings), [alone]);
    await it.session.cancel(tried.persistId);
    const hint = '; a confirm timeout makes a change go back by itself';
    const moved = await it.apply([['delete', "/signet-https:https/listen[name='any']"]]);
    assert.deepEqual(texts(moved.findings), [`${alone}${hint}`]);
    await it.apply([at('any', '0.0.0.0')]);
    const closed = await it.apply([['merge', '/signet-https:https/enabled', false]]);
    const none = 'from now on there is no HTTPS; the local socket and the other services stay';
    assert.deepEqual(texts(closed.findings), [`warning /signet-https:https/enabled: ${none}${hint}`]);
    assert.deepEqual(texts((await it.apply([['merge', '/signet-https:https/enabled', true]])).findings), []);
  });

  test('a commit from which on clients need a certificate says so, once', async (context) => {
    const it = await openDevice(context, { listener });
    const { root } = await makeAuthority();
    const clients = '/signet-https:https/client-authentication';
    await it.apply([
      [
        'create',
        "/signet-https:https/trust-anchor[name='clients']",
        { name: 'clients', certificate: [...base64(root)] },
      ],
      ['merge', `${clients}/ca-certs`, ['clients']],
    ]);
    const { findings } = await it.apply([['merge', `${clients}/required`, true]]);
    const text = 'from now on HTTPS is for clients with a certificate of an authority in ca-certs alone';
    const hint = '; a confirm timeout makes a change go back by itself';
    assert.deepEqual(texts(findings), [`warning ${clients}: ${text}${hint}`]);
    const high = await it.apply([['merge', '/signet-https:https/security-level', 'high']]);
    assert.ok(!texts(high.findings).some((each) => each.includes(text)));
  });

  test('a commit after which an unknown factory certificate stands in says so, once', async (context) => {
    const it = await openDevice(context, { listener });
    const hint = '; a confirm timeout makes a change go back by itself';
    const standIn = 'a factory certificate is presented in its place, whose fingerprint stands in https.state';
    const empty = `no certificate is installed for cs yet: ${standIn}`;
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['create', entry('cs'), { name: 'cs', source: 'ca-signed' }],
      ['merge', serverCertificate, 'web'],
    ]);
    const tried = await it.apply([['merge', serverCertificate, 'cs']], { confirmTimeout: 60 });
    assert.deepEqual(texts(tried.findings), [`warning ${entry('cs')}: ${empty}`]);
    assert.equal(it.https.served()?.certificate, '');
    await it.session.cancel(tried.persistId);
    const set = await it.apply([['merge', serverCertificate, 'cs']]);
    assert.deepEqual(texts(set.findings), [`warning ${entry('cs')}: ${empty}${hint}`]);
    const again = await it.apply([['merge', `${entry('cs')}/subject`, { organization: 'x' }]]);
    assert.deepEqual(texts(again.findings), []);
    await it.apply([['merge', serverCertificate, 'web']]);
    const gone = await it.apply([['delete', serverCertificate]]);
    const unnamed = `no certificate is named any more: ${standIn}${hint}`;
    assert.deepEqual(texts(gone.findings), [`warning ${serverCertificate}: ${unnamed}`]);
    await it.apply([['merge', serverCertificate, 'web']]);
    const sni = { 'server-name': 'a.example.net', certificate: 'cs' };
    const named = await it.apply([['create', "/signet-https:https/sni[server-name='a.example.net']", sni]]);
    const own = `no certificate is installed for cs yet: the service's own is presented in its place${hint}`;
    assert.deepEqual(texts(named.findings), [`warning ${entry('cs')}: ${own}`]);
  });

  test('a certificate that is issued for names by which nobody reaches the device says so, where it is presented', async (context) => {
    const it = await openDevice(context, { listener, hosts: () => ['device.example.net'] });
    const named = (value: string) => ({ 'subject-alternative-name': [{ type: 'dns', value }] });
    const text = 'the certificate does not hold for device.example.net or 127.0.0.1, by which the device is reached';
    const said = [`warning ${entry('web')}: ${text}`];
    const made = await it.apply([['create', entry('web'), { name: 'web', ...named('other.example.net') }]]);
    assert.deepEqual(texts(made.findings), []);
    const create = [
      'create',
      entry('more'),
      { name: 'more', subject: { 'common-name': 'other.example.net' } },
    ] as const;
    const both = await it.apply([create, ['merge', serverCertificate, 'more']]);
    assert.deepEqual(texts(both.findings), [`warning ${entry('more')}: ${text}`]);
    assert.deepEqual(texts((await it.apply([['merge', serverCertificate, 'web']])).findings), said);
    const again = await it.apply([['merge', entry('web'), { name: 'web', 'validity-days': 90 }]]);
    assert.deepEqual(texts(again.findings), said);
    const judged = await it.apply([['merge', `${entry('web')}/subject`, { organization: 'x' }]], { testOnly: true });
    assert.deepEqual(texts(judged.findings), said);
    const right = await it.apply([['merge', entry('web'), { name: 'web', ...named('*.example.net') }]]);
    assert.deepEqual(texts(right.findings), []);
  });

  test('a certificate that has expired or holds for other names meanwhile is presented with a warning', async (context) => {
    const clock = new FakeClock();
    const hosts = { names: ['device.example.net'] };
    const it = await openDevice(context, { listener, clock, hosts: () => hosts.names });
    const made = { 'subject-alternative-name': [{ type: 'dns', value: 'device.example.net' }] };
    await it.apply([
      ['create', entry('web'), { name: 'web', 'auto-renew': false, ...made }],
      ['create', entry('other'), { name: 'other' }],
      ['merge', serverCertificate, 'other'],
    ]);
    const activated = await it.invoke(`${entry('web')}/activate`);
    assert.deepEqual(activated['finding'] ?? [], []);
    await it.invoke(`${entry('other')}/activate`);
    clock.time += 900 * day;
    hosts.names = ['elsewhere.example.net'];
    const late = await it.invoke(`${entry('web')}/activate`);
    const said = JSON.stringify(late['finding']);
    assert.match(said, /"warning","text":"the certificate expired on /);
    assert.match(said, /elsewhere\.example\.net/);
    assert.equal(it.get(serverCertificate), 'web');
  });
});
