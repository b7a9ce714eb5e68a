/** Addresses that the system does not give: refused where they are new, waited for where the service should have them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Endpoint, formatEndpoint, TlsListener } from '../../src/southbound/index.js';
import { dialTo, echo, fingerprint, presented, service } from './tls-support.js';

describe('an address that the system does not give', () => {
  let listener: TlsListener;
  let other: Server;
  let taken: Endpoint;

  beforeEach(async () => {
    listener = new TlsListener({
      onConnection: (socket) => {
        socket.on('error', () => {});
        socket.pipe(socket);
      },
    });
    other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    taken = { address: '127.0.0.1', port: address.port };
  });
  afterEach(async () => {
    await listener.close();
    other.close();
  });

  async function release(): Promise<void> {
    other.close();
    await once(other, 'close');
  }

  const reasons = () => listener.unopened.map(({ error }) => error.line());
  const inUse = (endpoint: Endpoint) =>
    `in-use: cannot listen on ${formatEndpoint(endpoint)}: the address is in use by another process`;

  test('is waited for where it may, and opened once it is to be had', async () => {
    await listener.open({ ...service('one', {}, [taken]), mayWait: [taken] });
    assert.deepEqual(listener.addresses, []);
    assert.deepEqual(reasons(), [inUse(taken)]);
    await listener.retry();
    assert.deepEqual(reasons(), [inUse(taken)]);
    await release();
    await listener.retry();
    assert.deepEqual(listener.unopened, []);
    assert.deepEqual(listener.addresses, [taken]);
    assert.equal(await presented(listener), fingerprint('one'));
    assert.equal(listener.epoch, 1);
  });

  test('does not keep the others closed', async () => {
    const free = { address: '127.0.0.2', port: 0 };
    const missing = { address: '192.0.2.1', port: 8443 };
    const listen = [taken, free, missing];
    await listener.open({ ...service('one', {}, listen), mayWait: listen });
    assert.deepEqual(
      listener.addresses.map(({ address }) => address),
      ['127.0.0.2'],
    );
    assert.deepEqual(reasons(), [
      inUse(taken),
      'operation-failed: cannot listen on 192.0.2.1:8443: this machine has no such address',
    ]);
    assert.equal(await presented(listener), fingerprint('one'));
  });

  test('is refused where it is new, whatever else may wait, and nothing changes', async () => {
    await listener.open(service('one'));
    const before = listener.addresses;
    const moved = { ...service('two', {}, [taken]), mayWait: before };
    await assert.rejects(listener.open(moved), { tag: 'in-use' });
    assert.deepEqual(listener.addresses, before);
    assert.deepEqual(listener.unopened, []);
    assert.equal(await presented(listener), fingerprint('one'));
  });

  test('does not keep another certificate from being switched to', async () => {
    const open = { ...service('one', {}, [taken]), mayWait: [taken] };
    await listener.open(open);
    await listener.open({ ...service('two', {}, [taken]), mayWait: [taken] });
    assert.deepEqual(reasons(), [inUse(taken)]);
    await release();
    await listener.open({ ...service('rsa', {}, [taken]), mayWait: [taken] });
    assert.deepEqual(listener.addresses, [taken]);
    assert.deepEqual(listener.unopened, []);
    assert.equal(await presented(listener), fingerprint('rsa'));
  });

  test('is not tried while a change is prepared, and an address opened meanwhile outlives the next change', async () => {
    await listener.open({ ...service('one', {}, [taken]), mayWait: [taken] });
    const prepared = await listener.prepare({ ...service('two', {}, [taken]), mayWait: [taken] });
    await release();
    await listener.retry();
    assert.deepEqual(listener.addresses, []);
    await prepared.apply();
    assert.equal(listener.unopened.length, 1);
    const [retried] = [listener.retry(), listener.retry()];
    const again = await listener.prepare({ ...service('rsa', {}, [taken]), mayWait: [taken] });
    await retried;
    assert.deepEqual(listener.addresses, [taken]);
    const client = await dialTo(taken);
    await again.apply();
    assert.equal(await echo(client, 'still'), 'still');
    client.destroy();
    assert.deepEqual(listener.addresses, [taken]);
    assert.equal(await presented(listener), fingerprint('rsa'));
  });

  test('is tried again after a change was given up', async () => {
    await listener.open({ ...service('one', {}, [taken]), mayWait: [taken] });
    await assert.rejects(listener.open(service('two', {}, [taken])), { tag: 'in-use' });
    const prepared = await listener.prepare({ ...service('two', {}, [taken]), mayWait: [taken] });
    await prepared.abort();
    await release();
    await listener.retry();
    assert.equal(await presented(listener), fingerprint('one'));
  });

  test('is given up with the service: nothing listens after it was closed', async () => {
    await listener.open({ ...service('one', {}, [taken]), mayWait: [taken] });
    await release();
    const retried = listener.retry();
    await listener.close();
    await retried;
    await assert.rejects(dialTo(taken), { code: 'ECONNREFUSED' });
    assert.deepEqual(listener.addresses, []);
  });
});
