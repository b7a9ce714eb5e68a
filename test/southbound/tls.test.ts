import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { ConfigError } from '../../src/error.js';
import { formatEndpoint, type TlsConnection, TlsListener } from '../../src/southbound/index.js';
import { requireTool } from '../support/tools.js';
import { credentials, dial, dialTo, echo, fingerprint, loopback, pem, presented, service } from './tls-support.js';

const run = promisify(execFile);

describe('TLS listener', () => {
  let connections: { readonly socket: TLSSocket; readonly connection: TlsConnection }[];
  let listener: TlsListener;

  const make = (limits = {}): TlsListener =>
    new TlsListener({
      limits,
      onConnection: (socket, connection) => {
        connections.push({ socket, connection });
        socket.on('error', () => {});
        socket.pipe(socket);
      },
    });

  beforeEach(() => {
    connections = [];
    listener = make();
  });
  afterEach(() => listener.close());

  test('presents its certificate and says where it listens', async () => {
    await listener.open(service('one'));
    assert.equal(await presented(listener), fingerprint('one'));
    const [endpoint] = listener.addresses;
    assert.ok(endpoint !== undefined && endpoint.port > 0);
  });

  test('a swap serves new connections the new certificate and leaves the old ones alive', async () => {
    await listener.open(service('one'));
    const old = await dial(listener);
    assert.equal(await echo(old, 'a'), 'a');
    await listener.open(service('rsa', {}, listener.addresses));
    assert.equal(await presented(listener), fingerprint('rsa'));
    assert.equal(await echo(old, 'b'), 'b');
    old.destroy();
  });

  test('connections know under which settings they were made', async () => {
    await listener.open(service('one'));
    await echo(await dial(listener), 'x');
    await listener.open(service('two', {}, listener.addresses));
    await echo(await dial(listener), 'x');
    assert.deepEqual(
      connections.map(({ connection }) => connection.epoch),
      [1, 2],
    );
    assert.equal(listener.epoch, 2);
  });

  test('twenty swaps fail no handshake and no request', async () => {
    await listener.open(service('one'));
    const steady = await dial(listener);
    let swapping = true;
    let dialled = 0;
    const clients = Promise.all(
      [1, 2].map(async () => {
        while (swapping) {
          const socket = await dial(listener);
          assert.equal(await echo(socket, 'new'), 'new');
          socket.destroy();
          dialled += 1;
        }
      }),
    );
    for (let count = 0; count < 20; count += 1) {
      await listener.open(service(count % 2 === 0 ? 'rsa' : 'one', {}, listener.addresses));
      assert.equal(await echo(steady, 'old'), 'old');
    }
    swapping = false;
    await clients;
    assert.ok(dialled > 0);
    assert.equal(listener.epoch, 21);
    steady.destroy();
  });

  test('the same address stays open, whether it is asked for by port 0 or by the port that it got', async () => {
    await listener.open(service('one'));
    const before = listener.addresses;
    await listener.open(service('two'));
    assert.deepEqual(listener.addresses, before);
    await listener.open(service('two', {}, before));
    assert.deepEqual(listener.addresses, before);
    await listener.open(service('two', {}, [...before, { address: '127.0.0.2', port: 0 }]));
    assert.deepEqual(listener.addresses[0], before[0]);
    assert.equal(listener.addresses.length, 2);
  });

  test('an address that is lost while it is moved to leaves all as it was', async () => {
    await listener.open(service('one'));
    const port = listener.addresses[0]?.port ?? 0;
    const prepared = await listener.prepare(service('two', {}, [{ address: '0.0.0.0', port }]));
    // Somebody else on another address of this machine is enough for the wildcard to be refused.
    const other = createServer().listen(port, '127.0.0.2');
    await once(other, 'listening');
    await assert.rejects(prepared.apply(), { tag: 'in-use' });
    assert.deepEqual(listener.addresses, [{ address: '127.0.0.1', port }]);
    assert.equal(await presented(listener), fingerprint('one'));
    assert.equal(listener.epoch, 1);
    other.close();
  });

  test('sends the intermediates of the chain, as openssl sees them', requireTool('openssl'), async () => {
    const chain = [pem('client.crt'), pem('ca.crt')];
    await listener.open({ ...service('one'), credentials: { key: pem('client.key'), chain } });
    const where = `127.0.0.1:${listener.addresses[0]?.port}`;
    const client = run('openssl', ['s_client', '-connect', where, '-showcerts']);
    client.child.stdin?.end();
    const { stdout } = await client;
    assert.equal(stdout.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.match(stdout, /TLSv1\.3/);
  });

  test('a prepared service changes nothing until it is applied, and nothing when it is given up', async () => {
    await listener.open(service('one'));
    const before = listener.addresses;
    const prepared = await listener.prepare(service('two', {}, [...before, { address: '127.0.0.2', port: 0 }]));
    assert.equal(await presented(listener), fingerprint('one'));
    await prepared.abort();
    assert.deepEqual(listener.addresses, before);
    assert.equal(listener.epoch, 1);
  });

  test('moves to another address: the new one is open before the old one is closed, connections go on', async () => {
    await listener.open(service('one'));
    const [from] = listener.addresses;
    assert.ok(from);
    const old = await dial(listener);
    await listener.open(service('one', {}, [{ address: '127.0.0.2', port: 0 }]));
    assert.equal(listener.addresses[0]?.address, '127.0.0.2');
    assert.equal(await presented(listener), fingerprint('one'));
    await assert.rejects(dialTo(from), { code: 'ECONNREFUSED' });
    assert.equal(await echo(old, 'still'), 'still');
    old.destroy();
  });

  test('moves between an address and the wildcard on the same port', async () => {
    await listener.open(service('one'));
    const port = listener.addresses[0]?.port ?? 0;
    await listener.open(service('one', {}, [{ address: '0.0.0.0', port }]));
    assert.deepEqual(listener.addresses, [{ address: '0.0.0.0', port }]);
    assert.equal(await presented(listener), fingerprint('one'));
    await listener.open(service('two', {}, [{ address: '127.0.0.1', port }]));
    assert.deepEqual(listener.addresses, [{ address: '127.0.0.1', port }]);
    assert.equal(await presented(listener), fingerprint('two'));
  });

  test('a port in use is refused with in-use and the address, and the service stays', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    await listener.open(service('one'));
    const taken = { address: '127.0.0.1', port: address.port };
    await assert.rejects(listener.open(service('two', {}, [taken])), (error: ConfigError) => {
      assert.equal(error.tag, 'in-use');
      assert.equal(
        error.message,
        `cannot listen on ${formatEndpoint(taken)}: the address is in use by another process`,
      );
      return true;
    });
    assert.equal(await presented(listener), fingerprint('one'));
    other.close();
  });

  test('an address that the machine does not have is refused by name', async () => {
    await assert.rejects(listener.open(service('one', {}, [{ address: '192.0.2.1', port: 0 }])), {
      name: 'ConfigError',
      tag: 'operation-failed',
      message: 'cannot listen on 192.0.2.1:0: this machine has no such address',
    });
  });

  test('an RSA key beside an EC certificate is refused and the old certificate goes on (platform facts 7, trap 2)', async () => {
    await listener.open(service('one'));
    const mixed = { ...service('one'), credentials: { key: pem('rsa.key'), chain: [pem('one.crt')] } };
    await assert.rejects(listener.open(mixed), {
      tag: 'invalid-value',
      message: 'private key does not belong to the certificate',
    });
    assert.equal(await presented(listener), fingerprint('one'));
  });

  test('junk for key or certificate is refused and the old certificate goes on (trap 4)', async () => {
    await listener.open(service('one'));
    const parts = service('two');
    for (const bad of [
      { key: 'junk', chain: [pem('two.crt')] },
      { key: pem('two.key'), chain: ['junk'] },
      { key: pem('two.key'), chain: [] },
    ]) {
      await assert.rejects(listener.open({ ...parts, credentials: bad }), ConfigError);
    }
    assert.equal(await presented(listener), fingerprint('one'));
  });

  test('a handshake that no client could complete is found by the probe', async () => {
    const only = { maxVersion: 'tls12', cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] } as const;
    await assert.rejects(TlsListener.probe(service('rsa', only)), (error: ConfigError) => {
      assert.equal(error.tag, 'invalid-value');
      assert.match(error.message, /^the TLS handshake with the certificate by TLSv1\.2 fails: /);
      return true;
    });
    await TlsListener.probe(service('one', only));
    // TLS 1.3 suites go with every key, so only a client of TLS 1.2 would meet the fault.
    const both = { cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] };
    await assert.rejects(TlsListener.probe(service('rsa', both)), /by TLSv1\.2 fails/);
  });

  test('every kind of key that we make is served', async () => {
    for (const name of ['one', 'rsa', 'rsa3072', 'ed', 'p521'] as const) {
      await listener.open(service(name, {}, listener.addresses.length > 0 ? listener.addresses : [loopback]));
      assert.equal(await presented(listener), fingerprint(name), name);
    }
  });

  test('presents the certificate of the server name, exact before wildcard (RFC 6066 section 3)', async () => {
    const sni = new Map([
      ['two.example', credentials('two')],
      ['*.example', credentials('rsa')],
    ]);
    await listener.open({ ...service('one'), sni });
    assert.equal(await presented(listener), fingerprint('one'));
    assert.equal(await presented(listener, { servername: 'TWO.example' }), fingerprint('two'));
    assert.equal(await presented(listener, { servername: 'any.example' }), fingerprint('rsa'));
    assert.equal(await presented(listener, { servername: 'a.b.example' }), fingerprint('one'));
    // A connection says for which of the names it was presented its certificate.
    connections = [];
    const names = ['', 'two.example', '*.example'];
    for (const servername of ['a.b.example', 'two.example', 'any.example']) {
      await echo(await dial(listener, { servername }), 'x');
    }
    assert.deepEqual(
      connections.map(({ connection }) => connection.presentedFor),
      names,
    );
    assert.deepEqual([...listener.presented.keys()].sort(), [...names].sort());
    assert.notEqual(listener.presented.get('two.example'), listener.presented.get(''));
  });

  test('more connections than the limits are turned away, and places become free again', async () => {
    await listener.close();
    listener = make({ connectionsPerAddress: 2 });
    await listener.open(service('one'));
    const first = await dial(listener);
    const second = await dial(listener);
    await assert.rejects(dial(listener));
    assert.equal(listener.statistics.refused, 1);
    const server = connections[0]?.socket;
    assert.ok(server);
    first.destroy();
    await once(server, 'close');
    const third = await dial(listener);
    assert.equal(await echo(third, 'x'), 'x');
    second.destroy();
    third.destroy();
  });

  test('a client that never finishes its handshake is cut off', async () => {
    await listener.close();
    listener = make({ handshakeTimeout: 60 });
    await listener.open(service('one'));
    const { connect } = await import('node:net');
    const socket = connect(listener.addresses[0]?.port ?? 0, '127.0.0.1');
    await once(socket, 'close');
    assert.equal(listener.statistics.handshakeFailures, 1);
  });

  test('noise instead of a handshake disturbs nobody', async () => {
    await listener.open(service('one'));
    const steady = await dial(listener);
    const { connect } = await import('node:net');
    for (const noise of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff', '\0'.repeat(2000)]) {
      const socket = connect(listener.addresses[0]?.port ?? 0, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      socket.end(noise, 'latin1');
      await once(socket, 'close');
    }
    assert.equal(await echo(steady, 'calm'), 'calm');
    steady.destroy();
  });

  test('probes are not counted as failures and reach nobody', async () => {
    await listener.open(service('one'));
    assert.equal(connections.length, 0);
    assert.equal(listener.statistics.handshakeFailures, 0);
    assert.equal(listener.statistics.open, 0);
  });
});
