/** HTTPS whose port is taken or whose address is not there: over a real listener and real ports of other processes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import { type Endpoint, TlsListener } from '../../src/southbound/index.js';
import { type Device, entry, FakeClock, openDevice, refusalOf, serverCertificate } from './support.js';

const listen = (name: string) => `/signet-https:https/listen[name='${name}']`;

describe('HTTPS at an address that is not to be had', () => {
  let listener: TlsListener;
  let others: Server[];
  let clock: FakeClock;

  beforeEach(() => {
    listener = new TlsListener({ onConnection: (socket) => socket.destroy() });
    clock = new FakeClock();
    others = [];
  });
  afterEach(async () => {
    await listener.close();
    for (const other of others) other.close();
  });

  /** Takes a port as another process would. */
  async function occupy(endpoint: Endpoint = { address: '127.0.0.1', port: 0 }): Promise<Endpoint> {
    const other = createServer().listen(endpoint.port, endpoint.address);
    others.push(other);
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    return { address: endpoint.address, port: address.port };
  }

  async function release(): Promise<void> {
    for (const other of others.splice(0)) {
      other.close();
      await once(other, 'close');
    }
  }

  const open = (context: TestContext, state?: string) =>
    openDevice(context, { listener, clock, listensByTree: true, ...(state === undefined ? {} : { state }) });

  /** The device of a former start, opened again while `taken` is taken. */
  async function restarted(context: TestContext, where: readonly (readonly [string, Endpoint])[]): Promise<Device> {
    const first = await open(context);
    await first.apply([
      ...where.map(([name, { address, port }]) => ['create', listen(name), { name, address, port }] as const),
      ['create', entry('web'), { name: 'web' }],
      ['create', entry('other'), { name: 'other' }],
      ['merge', serverCertificate, 'web'],
    ]);
    await first.close();
    await listener.close();
    listener = new TlsListener({ onConnection: (socket) => socket.destroy() });
    return first;
  }

  /** A port that was free a moment ago. */
  async function freePort(): Promise<Endpoint> {
    const endpoint = await occupy();
    const server = others.pop();
    server?.close();
    if (server !== undefined) await once(server, 'close');
    return endpoint;
  }

  const alarm = (it: Device) => {
    const { alarm: all } = it.get('/signet-alarms:alarms/alarm-list') as { alarm?: Record<string, unknown>[] };
    const found = (all ?? []).find((each) => String(each['alarm-type-id']).endsWith('listener-failed'));
    return found === undefined
      ? 'none'
      : found['is-cleared'] === true
        ? 'cleared'
        : `${String(found['perceived-severity'])}: ${String(found['alarm-text'])}`;
  };
  const served = (it: Device) => it.https.served()?.certificate;

  test('a commit that moves there is refused with the reason, and nothing changes', async (context) => {
    const it = await open(context);
    const taken = await occupy();
    const [before] = listener.addresses;
    const transaction = it.datastore.transaction();
    const refused = await refusalOf(() => it.apply([['create', listen('a'), { name: 'a', ...taken }]]));
    const reason = `cannot listen on 127.0.0.1:${taken.port}: the address is in use by another process`;
    assert.equal(refused, `in-use /signet-https:https/listen: ${reason}`);
    assert.equal(it.datastore.transaction(), transaction);
    assert.deepEqual(listener.addresses, [before]);
    assert.equal(alarm(it), 'none');
  });

  test('at start it is an alarm; it is tried again after 1 s and then up to 60 s, and opens when it can', async (context) => {
    const where = await freePort();
    const first = await restarted(context, [['a', where]]);
    await occupy(where);
    const it = await open(context, first.state);
    await it.alarms.idle();
    const reason = `cannot listen on 127.0.0.1:${where.port}: the address is in use by another process`;
    assert.equal(alarm(it), `critical: https is not open: ${reason}; it is tried again`);
    assert.equal(served(it), 'web');
    const begun = clock.now();
    const attempts: number[] = [];
    const retry = listener.retry.bind(listener);
    listener.retry = () => {
      attempts.push((clock.now() - begun) / 1000);
      return retry();
    };
    await clock.moveTo(begun + 250_000, () => it.https.idle());
    assert.deepEqual(attempts, [1, 3, 7, 15, 31, 63, 123, 183, 243]);
    await release();
    await clock.moveTo(begun + 310_000, () => it.https.idle());
    await it.alarms.idle();
    assert.deepEqual(listener.addresses, [where]);
    assert.equal(alarm(it), 'cleared');
    await clock.moveTo(begun + 600_000, () => it.https.idle());
    assert.equal(attempts.length, 10);
  });

  test('the addresses that are to be had are served, and the alarm tells of the others', async (context) => {
    const [taken, free] = [await freePort(), await freePort()];
    const missing = { address: '192.0.2.1', port: 8443 };
    const first = await open(context);
    await first.apply([
      ['create', listen('a'), { name: 'a', ...taken }],
      ['create', listen('c'), { name: 'c', ...free }],
    ]);
    const refused = await refusalOf(() => first.apply([['create', listen('b'), { name: 'b', ...missing }]]));
    assert.match(refused, /operation-failed .*this machine has no such address/);
    await first.close();
    await listener.close();
    await occupy(taken);
    const it = await open(context, first.state);
    await it.alarms.idle();
    assert.deepEqual(listener.addresses, [free]);
    assert.match(alarm(it), /^major: https is not open everywhere: cannot listen on 127\.0\.0\.1:\d+: .* in use/);
  });

  test('commits of other things go on, present what they say where they can, and try the port at once', async (context) => {
    const where = await freePort();
    const first = await restarted(context, [['a', where]]);
    await occupy(where);
    const it = await open(context, first.state);
    await it.apply([['merge', serverCertificate, 'other']]);
    assert.equal(served(it), 'other');
    await it.apply([['merge', '/signet-https:https/hello-params/tls-versions/min', 'tls13']]);
    await it.apply([['merge', `${entry('other')}/subject`, { 'common-name': 'b.example.net' }]]);
    await it.apply([['merge', `${entry('web')}/auto-renew`, false]]);
    await it.alarms.idle();
    assert.match(alarm(it), /^critical/);
    await release();
    await it.apply([['merge', serverCertificate, 'web']]);
    assert.deepEqual(listener.addresses, [where]);
    await it.alarms.idle();
    assert.equal(alarm(it), 'cleared');
    assert.deepEqual(
      clock.pending().filter((at) => at <= clock.now() + 60_000),
      [],
    );
  });

  test('restore-default works, and so does moving to an address that is free', async (context) => {
    const where = await freePort();
    const first = await restarted(context, [['a', where]]);
    await occupy(where);
    const it = await open(context, first.state);
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(served(it), 'default');
    const free = await freePort();
    await it.apply([['merge', `${listen('a')}/port`, free.port]]);
    assert.deepEqual(listener.addresses, [free]);
    await it.alarms.idle();
    assert.equal(alarm(it), 'cleared');
  });

  test('restore-default works where HTTPS is switched off and its port was taken meanwhile', async (context) => {
    const where = await freePort();
    const it = await open(context);
    await it.apply([['create', listen('a'), { name: 'a', ...where }]]);
    await it.apply([['merge', '/signet-https:https/enabled', false]]);
    await occupy(where);
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(it.get('/signet-https:https/enabled'), true);
    await it.alarms.idle();
    assert.match(alarm(it), /^critical/);
  });

  test('a change that was not confirmed goes back though its former port was taken, and waits for it', async (context) => {
    const [where, elsewhere] = [await freePort(), await freePort()];
    const it = await open(context);
    await it.apply([['create', listen('a'), { name: 'a', ...where }]]);
    const { persistId } = await it.apply([['merge', `${listen('a')}/port`, elsewhere.port]], { confirmTimeout: 600 });
    await occupy(where);
    await it.session.cancel(persistId);
    assert.equal(it.get(`${listen('a')}/port`), where.port);
    assert.deepEqual(listener.addresses, []);
    await it.alarms.idle();
    assert.match(alarm(it), /^critical: https is not open/);
    await release();
    await clock.moveTo(clock.now() + 2_000, () => it.https.idle());
    assert.deepEqual(listener.addresses, [where]);
  });
});
