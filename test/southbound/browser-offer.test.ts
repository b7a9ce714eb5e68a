/** The trial handshake with what browsers offer (RFC 8446 4.2.3, 4.2.7): what they would meet, before anything is switched. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TlsListener, type TlsService } from '../../src/southbound/index.js';
import { credentials, service } from './tls-support.js';

/** What a service is prepared with; nothing is opened. */
async function refusalOf(each: TlsService): Promise<string> {
  const listener = new TlsListener({ onConnection: (socket) => socket.destroy() });
  const prepared = await listener.prepare({ ...each, listen: [] });
  await prepared.abort();
  await listener.close();
  return prepared.browserRefusal ?? 'none';
}

const fails = /^the TLS handshake with the certificate by what browsers offer fails: /;

describe('what browsers meet', () => {
  for (const [name, expected] of [
    ['one', /^none$/],
    ['rsa', /^none$/],
    ['ed', fails],
    ['p521', fails],
  ] as const) {
    test(`with a certificate ${name}, by TLS 1.3 and by TLS 1.2`, async () => {
      assert.match(await refusalOf(service(name)), expected);
      assert.match(await refusalOf(service(name, { maxVersion: 'tls12' })), expected);
      if (name !== 'rsa') assert.match(await refusalOf(service(name, { level: 'high' })), expected);
    });
  }

  test('a choice of groups that other clients have and browsers have not is told', async () => {
    assert.match(await refusalOf(service('one', { groups: ['secp521r1'] })), fails);
    assert.equal(await refusalOf(service('one', { groups: ['secp521r1', 'secp384r1'] })), 'none');
  });

  test('every suite that a level allows is one that browsers have', async () => {
    for (const [name, kind] of [
      ['one', 'ECDSA'],
      ['rsa', 'RSA'],
    ] as const) {
      for (const cipher of ['AES_256_GCM_SHA384', 'AES_128_GCM_SHA256', 'CHACHA20_POLY1305_SHA256']) {
        for (const suite of [`TLS_${cipher}`, `TLS_ECDHE_${kind}_WITH_${cipher}`]) {
          assert.equal(await refusalOf(service(name, { cipherSuites: [suite] })), 'none', suite);
        }
      }
    }
  });

  test('the certificate of a server name is tried as well, and named', async () => {
    const sni = new Map([['two.example', credentials('ed')]]);
    assert.match(await refusalOf({ ...service('one'), sni }), /for server name two\.example fails: /);
  });

  test('client certificates that are required are nothing that a browser does not offer', async () => {
    assert.equal(await refusalOf(service('one', { clientCertificates: 'required' })), 'none');
  });
});
