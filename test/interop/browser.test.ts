/** What we say of browsers, judged by one: Chromium's own ClientHello, and whether it comes to a page (SIGNET_LONG=1: a minute). */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserOffer } from '../../src/southbound/client-offer.js';
import { TlsListener, type TlsParameters } from '../../src/southbound/index.js';
import { browserReasons, createKeyGenerator, keyAlgorithms, makeSelfSigned } from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';

const isLong = process.env['SIGNET_LONG'] === '1';
const skip = isLong ? requireTool('chromium').skip : 'a minute: with SIGNET_LONG=1';

describe('Chromium', { skip }, () => {
  let directory: string;
  const generator = createKeyGenerator();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'signet-chromium-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** The page that it comes to, and what it says on the way. */
  async function visit(port: number): Promise<string> {
    const data = await mkdtemp(join(directory, 'data-'));
    const flags = [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...['--ignore-certificate-errors', '--enable-logging=stderr', `--user-data-dir=${data}`, '--dump-dom'],
    ];
    return new Promise((resolve, reject) => {
      execFile('chromium', [...flags, `https://127.0.0.1:${port}/`], { timeout: 60_000 }, (error, stdout, stderr) => {
        if (error !== null && stdout === '' && stderr === '') reject(error);
        else resolve(stdout + stderr);
      });
    });
  }

  test('offers all that the trial handshake offers, and the signatures are no more than that', async () => {
    let hello: Buffer = Buffer.alloc(0);
    const server = createServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.on('data', (octets: Buffer) => {
        if (hello.length < 5 || hello.length < 5 + hello.readUInt16BE(3)) hello = Buffer.concat([hello, octets]);
        else return;
        if (hello.length >= 5 + hello.readUInt16BE(3)) socket.destroy();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    await visit(address.port);
    server.close();
    const offered = readHello(hello);
    const names = (list: string | undefined) => (list ?? '').split(':');
    const { ciphers, ecdhCurve, sigalgs } = browserOffer.options;
    for (const cipher of names(ciphers)) assert.ok(offered.suites.includes(suiteNumbers[cipher] ?? -1), cipher);
    for (const group of names(ecdhCurve)) assert.ok(offered.groups.includes(groupNumbers[group] ?? -1), group);
    assert.deepEqual(
      offered.signatures.filter((each) => Object.values(signatureNumbers).includes(each)).sort(),
      names(sigalgs)
        .map((name) => signatureNumbers[name] ?? -1)
        .sort(),
    );
    assert.ok(!offered.groups.includes(0x0019), 'secp521r1');
  });

  const cases: readonly (readonly [name: string, algorithm: (typeof keyAlgorithms)[number], Partial<TlsParameters>])[] =
    [
      ...keyAlgorithms.map((algorithm) => [algorithm, algorithm, {}] as const),
      ['ec-p256 by TLS 1.2', 'ec-p256', { maxVersion: 'tls12' }],
      ['ec-p256 at level high', 'ec-p256', { level: 'high' }],
      ['ec-p256 with nothing but group secp521r1', 'ec-p256', { groups: ['secp521r1'] }],
    ];
  for (const [name, algorithm, parameters] of cases) {
    test(`comes to a page with ${name} where rule and trial handshake say so, and nowhere else`, async () => {
      const { privateKey } = await generator.generate(algorithm);
      const { der } = await makeSelfSigned({
        privateKey,
        subject: { commonName: '127.0.0.1' },
        subjectAltNames: [{ type: 'ip', value: '127.0.0.1' }],
        signatureHash: 'sha256',
        validityDays: 30,
        now: new Date(),
      });
      const listener = new TlsListener({
        onConnection: (socket) => {
          socket.on('error', () => {});
          socket.once('data', () => socket.end(page));
        },
      });
      try {
        const prepared = await listener.prepare({
          credentials: { key: privateKey, chain: [der] },
          parameters: { level: 'standard', ...parameters },
          listen: [{ address: '127.0.0.1', port: 0 }],
        });
        await prepared.apply();
        const seen = await visit(listener.addresses[0]?.port ?? 0);
        // ERR_SSL_VERSION_OR_CIPHER_MISMATCH
        assert.match(
          seen,
          prepared.browserRefusal === undefined ? /it is reached/ : /handshake failed; .*net_error -113/,
        );
        const rule = browserReasons({ keyAlgorithm: algorithm, validityDays: 30 });
        if (Object.keys(parameters).length === 0) {
          assert.equal(rule.length === 0, prepared.browserRefusal === undefined);
        }
      } finally {
        await listener.close();
      }
    });
  }
});

const page =
  'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 24\r\n\r\n<p id="a">it is reached.';

interface Hello {
  readonly suites: readonly number[];
  readonly groups: readonly number[];
  readonly signatures: readonly number[];
}

/** RFC 8446 4.1.2, of one record. */
function readHello(record: Buffer): Hello {
  const numbers = (octets: Buffer) =>
    Array.from({ length: octets.length / 2 }, (_, index) => octets.readUInt16BE(index * 2));
  let offset = 5 + 4 + 2 + 32;
  offset += 1 + record.readUInt8(offset);
  const suitesLength = record.readUInt16BE(offset);
  const suites = numbers(record.subarray(offset + 2, offset + 2 + suitesLength));
  offset += 2 + suitesLength;
  offset += 1 + record.readUInt8(offset);
  const end = offset + 2 + record.readUInt16BE(offset);
  const found = new Map<number, Buffer>();
  for (offset += 2; offset < end; ) {
    const length = record.readUInt16BE(offset + 2);
    found.set(record.readUInt16BE(offset), record.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  const list = (type: number) => numbers((found.get(type) ?? Buffer.alloc(2)).subarray(2));
  return { suites, groups: list(10), signatures: list(13) };
}

/** IANA's numbers. */
const suiteNumbers: Readonly<Record<string, number>> = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  'ECDHE-ECDSA-AES128-GCM-SHA256': 0xc02b,
  'ECDHE-RSA-AES128-GCM-SHA256': 0xc02f,
  'ECDHE-ECDSA-AES256-GCM-SHA384': 0xc02c,
  'ECDHE-RSA-AES256-GCM-SHA384': 0xc030,
  'ECDHE-ECDSA-CHACHA20-POLY1305': 0xcca9,
  'ECDHE-RSA-CHACHA20-POLY1305': 0xcca8,
};

const groupNumbers: Readonly<Record<string, number>> = { X25519: 29, 'P-256': 23, 'P-384': 24 };

/** All that a key of ours could sign with. */
const signatureNumbers: Readonly<Record<string, number>> = {
  ecdsa_secp256r1_sha256: 0x0403,
  ecdsa_secp384r1_sha384: 0x0503,
  ecdsa_secp521r1_sha512: 0x0603,
  ed25519: 0x0807,
  rsa_pss_rsae_sha256: 0x0804,
  rsa_pss_rsae_sha384: 0x0805,
  rsa_pss_rsae_sha512: 0x0806,
  rsa_pkcs1_sha256: 0x0401,
  rsa_pkcs1_sha384: 0x0501,
  rsa_pkcs1_sha512: 0x0601,
};
