import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { suite, type TestContext, test } from 'node:test';
import { Listeners } from '../../../src/northbound/snmp/listeners.js';
import { run } from '../../support/run.js';
import { requireTool } from '../../support/tools.js';
import { waitFor } from '../../support/wait.js';
import { type Lab, startLab, v2c as v2cOptions } from './support/lab.js';
import { parse, pdu, type as pduType, v2c, varbind } from './support/raw.js';

const name = '1.3.6.1.2.1.1.5.0';

/** Asks from a socket that hears nobody but the address that it asks: true where it is answered, false where the port is closed. */
async function answers(address: string, port: number): Promise<boolean> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    socket.connect(port, address);
    await once(socket, 'connect');
    const signal = AbortSignal.timeout(5000);
    const answer = once(socket, 'message', { signal }) as Promise<[Buffer]>;
    socket.send(v2c(pdu(pduType.get, 77, [varbind(name)])));
    return parse((await answer)[0]).requestId === 77;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.close();
  }
}

/** A port of UDP that is free on loopback, and one that is held until `free` is called. */
async function held(address = '127.0.0.1'): Promise<{ readonly port: number; free(): Promise<void> }> {
  const socket = createSocket('udp4').bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  return { port, free: () => new Promise((resolve) => socket.close(() => resolve())) };
}

async function freePort(): Promise<number> {
  const { port, free } = await held();
  await free();
  return port;
}

const listenOf = (...endpoints: readonly (readonly [string, number])[]) =>
  endpoints.map(([ip, port], index) => ({ name: `l${index}`, udp: { ip, port } }));

async function labFor(context: TestContext, options: Parameters<typeof startLab>[0] = {}): Promise<Lab> {
  const lab = await startLab(options);
  context.after(() => lab.close());
  return lab;
}

suite('where the engine listens (RFC 7407 snmp/engine/listen)', () => {
  test('A6: several addresses of both families, each answering from itself', async (context) => {
    const lab = await labFor(context);
    const port = await freePort();
    await lab.write('/ietf-snmp:snmp/engine/listen', listenOf(['127.0.0.2', port], ['127.0.0.3', port], ['::1', port]));
    for (const address of ['127.0.0.2', '127.0.0.3', '::1']) assert.equal(await answers(address, port), true, address);
    assert.equal(await answers('127.0.0.1', lab.port), false, 'the default is given up for the entries');
    await lab.remove('/ietf-snmp:snmp/engine/listen');
    assert.equal(await answers('127.0.0.2', port), false);
    assert.equal(await answers('127.0.0.1', lab.module.listening()[0]!.port), true);
  });

  test('A6: a port in use refuses the commit with the reason, and what was served is', async (context) => {
    const lab = await labFor(context);
    const { port, free } = await held();
    context.after(free);
    const other = await freePort();
    await assert.rejects(
      lab.write('/ietf-snmp:snmp/engine/listen', listenOf(['127.0.0.2', other], ['127.0.0.1', port])),
      {
        tag: 'resource-denied',
        path: '/ietf-snmp:snmp/engine/listen',
        message: `cannot listen for SNMP on 127.0.0.1:${port}: another process uses it`,
      },
    );
    assert.equal(lab.read('/ietf-snmp:snmp/engine/listen'), undefined);
    assert.equal(await answers('127.0.0.2', other), false, 'what was bound for the commit is closed');
    assert.equal(await answers('127.0.0.1', lab.port), true);
    await assert.rejects(lab.write('/ietf-snmp:snmp/engine/listen', listenOf(['192.0.2.77', other])), {
      message: `cannot listen for SNMP on 192.0.2.77:${other}: the device has no such address`,
    });
  });

  test('a commit that another handler refuses leaves the sockets as they are', async (context) => {
    const lab = await labFor(context);
    const port = await freePort();
    await assert.rejects(
      lab.write('/ietf-snmp:snmp', {
        engine: { listen: listenOf(['127.0.0.2', port]) },
        target: [{ name: 'u', udp: { ip: '127.0.0.1' }, 'target-params': 'none' }],
      }),
    );
    assert.equal(await answers('127.0.0.2', port), false);
    assert.equal(await answers('127.0.0.1', lab.port), true);
  });

  test('enabled false closes all', async (context) => {
    const lab = await labFor(context);
    await lab.write('/ietf-snmp:snmp/engine', { enabled: false });
    assert.deepEqual(lab.module.listening(), []);
    assert.equal(await answers('127.0.0.1', lab.port), false);
    await lab.write('/ietf-snmp:snmp/engine', { enabled: true });
    assert.equal(await answers('127.0.0.1', lab.module.listening()[0]!.port), true);
  });

  test('a port in use at the start is an alarm, and tried again at growing intervals until it is free', async (context) => {
    const { port, free } = await held();
    const alarms: string[] = [];
    const delays: number[] = [];
    let ring = () => {};
    const lab = await labFor(context, {
      port,
      alarm: (text) => alarms.push(text),
      after: (milliseconds, callback) => {
        delays.push(milliseconds);
        ring = callback;
        return () => {};
      },
    });
    const refused = `snmp is not open: cannot listen for SNMP on 127.0.0.1:${port}: another process uses it`;
    assert.deepEqual([alarms, delays], [[refused], [1000]]);
    assert.match(lab.module.listening()[0]?.error ?? '', /another process uses it/u);
    for (const next of [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      delays.length = 0;
      ring();
      await waitFor('the next try', () => delays.length === 1);
      assert.deepEqual([alarms.at(-1), delays], [refused, [next]]);
    }
    await free();
    ring();
    await waitFor('the alarm to be cleared', () => alarms.at(-1) === '');
    assert.equal(await answers('127.0.0.1', port), true);
    assert.deepEqual(lab.module.listening(), [{ address: '127.0.0.1', port, error: undefined }]);
  });
});

suite('a wildcard is a socket for each address of the device', () => {
  const responder: ConstructorParameters<typeof Listeners>[0]['responder'] = {
    handle: (message, _, reply) => reply(v2c(pdu(pduType.response, parse(message).requestId, []))),
  };

  test('addresses that come get one, those that go lose it', async (context) => {
    let addresses = ['127.0.0.2', '127.0.0.3', '::1'];
    const listeners = new Listeners({ responder, log: () => {}, addresses: () => addresses });
    context.after(() => listeners.close());
    const prepared = await listeners.prepare([{ address: '0.0.0.0', port: 0 }]);
    const { port } = prepared.endpoints[0]!;
    prepared.apply();
    assert.notEqual(port, 0);
    assert.deepEqual(await Promise.all(['127.0.0.2', '127.0.0.3'].map((each) => answers(each, port))), [true, true]);
    assert.equal(await answers('::1', port), false, '0.0.0.0 is IPv4 alone');
    addresses = ['127.0.0.3', '127.0.0.4'];
    await listeners.refresh();
    assert.deepEqual(await Promise.all(['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((each) => answers(each, port))), [
      false,
      true,
      true,
    ]);
    addresses = ['127.0.0.3', '192.0.2.77', '127.0.0.5'];
    await listeners.refresh();
    assert.equal(
      await answers('127.0.0.5', port),
      true,
      'an address that cannot be used yet does not stand in the way',
    );
  });

  test('what is served goes on without a gap where it is asked for again, by name or by the wildcard', async (context) => {
    const listeners = new Listeners({ responder, log: () => {}, addresses: () => ['127.0.0.2', '::1'] });
    context.after(() => listeners.close());
    const first = await listeners.prepare([{ address: '127.0.0.2', port: 0 }]);
    first.apply();
    const { port } = first.endpoints[0]!;
    const second = await listeners.prepare([{ address: '::', port }]);
    assert.equal(await answers('127.0.0.2', port), true);
    second.apply();
    assert.deepEqual(await Promise.all(['127.0.0.2', '::1'].map((each) => answers(each, port))), [true, true]);
    const third = await listeners.prepare([{ address: '127.0.0.9', port }]);
    third.abort();
    assert.deepEqual(await Promise.all(['127.0.0.2', '127.0.0.9'].map((each) => answers(each, port))), [true, false]);
  });

  test(
    'every address of this machine answers a manager that hears no other',
    requireTool('snmpget'),
    async (context) => {
      const lab = await labFor(context, { address: '::' });
      const own = Object.entries(networkInterfaces()).flatMap(([device, found]) =>
        (found ?? []).map(({ address, family, scopeid }) =>
          family === 'IPv6' && scopeid !== 0 ? `${address}%${device}` : address,
        ),
      );
      assert.ok(own.includes('127.0.0.1'));
      for (const address of own) {
        assert.equal(await answers(address, lab.port), true, address);
        if (address.includes('%')) continue;
        const agent = isIPv6(address) ? `udp6:[${address}]:${lab.port}` : `${address}:${lab.port}`;
        const { stdout } = await run('snmpget', [...v2cOptions, '-On', '-r', '0', agent, name], { env: { MIBS: '' } });
        assert.match(stdout, /signet/u, address);
      }
    },
  );
});
