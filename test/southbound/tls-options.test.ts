import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ConfigError } from '../../src/error.js';
import { resolveParameters, type TlsConnection, TlsListener, unusedChoices } from '../../src/southbound/index.js';
import { dial, pem, service } from './tls-support.js';

describe('TLS parameters', () => {
  test('standard offers TLS 1.2 and 1.3 with ephemeral keys and authenticated ciphers only', () => {
    const resolved = resolveParameters({ level: 'standard' });
    assert.equal(resolved.minVersion, 'TLSv1.2');
    assert.equal(resolved.maxVersion, 'TLSv1.3');
    assert.ok(resolved.ciphers.every((cipher) => /^TLS_|^ECDHE-(RSA|ECDSA)-.*(GCM|POLY1305)/.test(cipher)));
    assert.deepEqual(resolved.groups, ['X25519', 'P-256', 'P-384']);
  });

  test('high offers TLS 1.3 only', () => {
    assert.deepEqual(resolveParameters({ level: 'high' }), {
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
      groups: ['X25519', 'P-384', 'P-521'],
    });
  });

  test('a suite is taken by its IANA name (RFC 9645) and narrows the versions to those that it belongs to', () => {
    const resolved = resolveParameters({
      level: 'standard',
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    });
    assert.deepEqual(resolved.ciphers, ['ECDHE-RSA-AES128-GCM-SHA256']);
    assert.equal(resolved.maxVersion, 'TLSv1.2');
  });

  test('choices and level are intersected: what only one of them names is not in force, and told', () => {
    const parameters = {
      level: 'high',
      minVersion: 'tls12',
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
      groups: ['secp256r1', 'secp521r1'],
    } as const;
    assert.deepEqual(resolveParameters(parameters), {
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: ['TLS_CHACHA20_POLY1305_SHA256'],
      groups: ['P-521'],
    });
    assert.deepEqual(unusedChoices(parameters), {
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
      groups: ['secp256r1'],
    });
  });

  for (const [what, parameters, message] of [
    ['an unknown suite', { level: 'standard', cipherSuites: ['TLS_RSA_WITH_RC4_128_MD5'] }, /TLS_RSA_WITH_RC4_128_MD5/],
    [
      'only a suite beyond the level',
      { level: 'high', cipherSuites: ['TLS_AES_128_GCM_SHA256'] },
      /no cipher suite is left: security level high allows TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256$/,
    ],
    ['a version beyond the level', { level: 'high', maxVersion: 'tls12' }, /no TLS version is left/],
    [
      'only a group beyond the level',
      { level: 'high', groups: ['secp256r1'] },
      /no group is left: security level high/,
    ],
    [
      'suites of no allowed version',
      { level: 'standard', maxVersion: 'tls12', cipherSuites: ['TLS_AES_128_GCM_SHA256'] },
      /no cipher suite is left for tls12/,
    ],
  ] as const) {
    test(`${what} is refused with the reason`, () => {
      assert.throws(
        () => resolveParameters(parameters),
        (error: ConfigError) => error.tag === 'invalid-value' && message.test(error.message),
      );
    });
  }
});

describe('TLS negotiation', () => {
  let listener: TlsListener;
  let last: { socket: TLSSocket; connection: TlsConnection } | undefined;
  beforeEach(() => {
    last = undefined;
    listener = new TlsListener({
      onConnection: (socket, connection) => {
        last = { socket, connection };
        socket.on('error', () => {});
        socket.write('hello');
      },
    });
  });
  afterEach(() => listener.close());

  /** Resolves with the client once the server greeted it: only then was it accepted for good. */
  async function greeted(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = await dial(listener, options);
    await new Promise<void>((resolve, reject) => {
      socket.once('data', () => resolve());
      socket.once('close', () => reject(new Error('turned away')));
    });
    return socket;
  }

  test('TLS 1.1 is refused at standard, TLS 1.2 at high', async () => {
    await listener.open(service('rsa3072'));
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await assert.rejects(dial(listener, old));
    const modern = await dial(listener, { maxVersion: 'TLSv1.2' });
    assert.equal(modern.getProtocol(), 'TLSv1.2');
    modern.destroy();
    await listener.open(service('rsa3072', { level: 'high' }, listener.addresses));
    await assert.rejects(dial(listener, { maxVersion: 'TLSv1.2' }));
    const newest = await dial(listener);
    assert.equal(newest.getProtocol(), 'TLSv1.3');
    newest.destroy();
  });

  test('high refuses a short RSA key', async () => {
    await assert.rejects(listener.open(service('rsa', { level: 'high' })), {
      tag: 'invalid-value',
      message: 'an RSA key of 2048 bits is too short: level high needs 3072',
    });
  });

  test('a swap that names neither versions nor suites keeps the level (trap 1)', async () => {
    await listener.open(service('rsa3072', { level: 'high' }));
    await listener.open(service('one', { level: 'high' }, listener.addresses));
    await assert.rejects(dial(listener, { maxVersion: 'TLSv1.2' }));
  });

  test('client certificates: none, optional and required, switched on the running listener (trap 3)', async () => {
    const clientAnchors = [pem('ca.crt')];
    const good = { key: pem('client.key'), cert: pem('client.crt') };
    const stranger = { key: pem('two.key'), cert: pem('two.crt') };
    await listener.open(service('one', { clientCertificates: 'none', clientAnchors }));
    (await greeted(good)).destroy();
    assert.deepEqual(last?.connection.clientChain, []);

    await listener.open(service('one', { clientCertificates: 'optional', clientAnchors }, listener.addresses));
    (await greeted(good)).destroy();
    assert.ok(last?.connection.clientChain[0]);
    (await greeted()).destroy();
    assert.deepEqual(last?.connection.clientChain, []);
    (await greeted(stranger)).destroy();
    assert.deepEqual(last?.connection.clientChain, []);

    await listener.open(service('one', { clientCertificates: 'required', clientAnchors }, listener.addresses));
    (await greeted(good)).destroy();
    await assert.rejects(greeted());
    await assert.rejects(greeted(stranger));
  });

  test('the probe of a service that requires certificates needs none, with TLS 1.2 either', async () => {
    const required = { clientCertificates: 'required', clientAnchors: [pem('ca.crt')] } as const;
    await TlsListener.probe(service('one', { ...required, maxVersion: 'tls12' }));
    await TlsListener.probe(service('one', required));
  });

  test('no anchors means no client certificate is believed, not the roots of the web', async () => {
    await listener.open(service('one', { clientCertificates: 'required' }));
    await assert.rejects(greeted({ key: pem('client.key'), cert: pem('client.crt') }));
  });

  test('a session of a client without certificate cannot be resumed past the requirement', async () => {
    const clientAnchors = [pem('ca.crt')];
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const only = { maxVersion: version, minVersion: version } as const;
      const where = listener.addresses.length > 0 ? listener.addresses : undefined;
      await listener.open(service('one', { clientCertificates: 'required', clientAnchors }, where));
      const sessions: Buffer[] = [];
      const first = connect({
        ...only,
        host: '127.0.0.1',
        port: listener.addresses[0]?.port,
        rejectUnauthorized: false,
      });
      first.on('error', () => {});
      first.on('session', (session) => sessions.push(session));
      first.resume();
      await new Promise((resolve) => first.once('close', resolve));
      const session = sessions.at(-1);
      const again = greeted({ ...only, ...(session ? { session } : {}) });
      await assert.rejects(again, version);
    }
  });
});
