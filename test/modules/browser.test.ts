/** What a trial handshake as browsers make it holds up: over a real listener. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ConfigError } from '../../src/error.js';
import { TlsListener } from '../../src/southbound/index.js';
import { type Device, entry, openDevice, serverCertificate, type TestEdit } from './support.js';

describe('what only a browser would not get through to', () => {
  let listener: TlsListener;
  beforeEach(() => {
    listener = new TlsListener({ onConnection: (socket) => socket.destroy() });
  });
  afterEach(() => listener.close());

  const groups = '/signet-https:https/hello-params/groups';
  const only521: readonly TestEdit[] = [['merge', groups, ['secp521r1']]];

  async function errorOf(work: Promise<unknown>): Promise<ConfigError> {
    try {
      await work;
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error('it was not refused');
  }

  const presentWeb = async (it: Device) => {
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ]);
  };

  test('is refused as browser-unsupported at the certificate where nobody has to confirm, and nothing changes', async (context) => {
    const it = await openDevice(context, { listener });
    await presentWeb(it);
    const [transaction, epoch, addresses] = [it.datastore.transaction(), listener.epoch, listener.addresses];
    const refused = await errorOf(it.apply(only521));
    assert.equal(refused.appTag, 'browser-unsupported');
    assert.equal(refused.path, entry('web'));
    assert.match(
      refused.message,
      /by what browsers offer fails: .*; give a confirm timeout, so that the change goes back/,
    );
    assert.equal(it.datastore.transaction(), transaction);
    assert.equal(listener.epoch, epoch);
    assert.deepEqual(listener.addresses, addresses);
  });

  test('can be tried, confirmed, changed further and left again', async (context) => {
    const it = await openDevice(context, { listener });
    await presentWeb(it);
    const { persistId } = await it.apply(only521, { confirmTimeout: 60 });
    await it.session.confirm(persistId);
    await it.invoke(`${entry('web')}/self-sign`);
    await it.apply([['merge', `${entry('web')}/subject`, { 'common-name': 'b.example.net' }]]);
    await it.apply([['merge', groups, ['x25519']]]);
    assert.equal((await errorOf(it.apply([['delete', `${groups}[.='x25519']`]]))).appTag, 'browser-unsupported');
  });

  test('is nothing to a service that is switched off, and does not keep restore-default from working', async (context) => {
    const it = await openDevice(context, { listener });
    await presentWeb(it);
    await it.apply([...only521, ['merge', '/signet-https:https/enabled', false]]);
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(it.https.served()?.certificate, 'default');
    assert.equal(it.https.served()?.suitsBrowsers, true);
    assert.equal(it.get(groups), undefined);
  });

  test('comes back with a rollback', async (context) => {
    const it = await openDevice(context, { listener });
    await presentWeb(it);
    const { persistId, transaction } = await it.apply(only521, { confirmTimeout: 60 });
    await it.session.confirm(persistId);
    await it.apply([['remove', '/signet-https:https/hello-params']]);
    assert.equal(it.https.served()?.suitsBrowsers, true);
    await it.session.rollback(transaction);
    assert.equal(it.https.served()?.suitsBrowsers, false);
  });
});
