import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Asn1 } from '../../src/x509/asn1.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectKeyIdentifier,
} from '../../src/x509/extensions.js';
import {
  type Certificate,
  type ClientTrust,
  certificatePem,
  createClientValidator,
  type KeyPair,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { makeRevocationList } from './lists.js';
import { caExtensions, issue, save, temporaryDirectory, testKey } from './support.js';

const now = new Date('2027-01-01T00:00:00Z');
const circumstances = { now, clockTrusted: true };

interface World {
  readonly anchorA: Certificate;
  readonly anchorB: Certificate;
  readonly clientA: Certificate;
  readonly clientB: Certificate;
  readonly keyA: KeyPair;
  readonly keyB: KeyPair;
}

const clientExtensions = (key: KeyPair, issuer: KeyPair): readonly Asn1[] => [
  keyUsage(['digitalSignature']),
  extendedKeyUsage(['1.3.6.1.5.5.7.3.2']),
  subjectKeyIdentifier(key.privateKey),
  authorityKeyIdentifier(issuer.privateKey),
];

async function makeWorld(): Promise<World> {
  const [keyA, keyB, own] = await Promise.all(['A', 'B', 'own'].map((name) => testKey('ec-p256', name)));
  const anchor = (name: string, { privateKey: key }: KeyPair): Promise<Certificate> =>
    issue({ subject: { commonName: name }, key, extensions: caExtensions(key, key), notAfter: new Date('2036-01-01') });
  const client = (name: string, issuer: KeyPair): Promise<Certificate> =>
    issue({
      subject: { commonName: `client of ${name}` },
      key: own!.privateKey,
      issuer: { subject: { commonName: name }, key: issuer.privateKey },
      extensions: clientExtensions(own!, issuer),
    });
  return {
    anchorA: await anchor('A', keyA!),
    anchorB: await anchor('B', keyB!),
    clientA: await client('A', keyA!),
    clientB: await client('B', keyB!),
    keyA: keyA!,
    keyB: keyB!,
  };
}

function validator({ anchorA, anchorB }: World, trust: Partial<ClientTrust> = {}) {
  return createClientValidator({
    anchors: [anchorA, anchorB],
    revocationLists: [],
    revocationRequired: false,
    ...trust,
  });
}

test('a revocation list speaks of the clients of its own issuer and of no others (RFC 5280 6.3.3)', async () => {
  const world = await makeWorld();
  const { anchorA, keyA, clientA, clientB } = world;
  const list = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey, revoked: [clientA] });
  const judge = validator(world, { revocationLists: [list] });
  const revoked = judge([clientA.der], circumstances);
  assert.equal(revoked.accepted, false);
  assert.deepEqual(
    revoked.findings.filter(({ severity }) => severity === 'error').map(({ text }) => text),
    ['the certificate was revoked on 2026-06-01T00:00:00.000Z (unspecified)'],
  );
  const other = judge([clientB.der], circumstances);
  assert.equal(other.accepted, true);
  assert.deepEqual(
    other.findings.map(({ severity, code }) => `${severity} ${code}`),
    ['info revocation-unknown'],
  );
});

test('an outdated list is a warning at standard and refuses at high; so does no list at all', async () => {
  const world = await makeWorld();
  const { anchorA, keyA, clientA, clientB } = world;
  const old = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey, nextUpdate: new Date('2026-12-31') });
  const standard = validator(world, { revocationLists: [old] })([clientA.der], circumstances);
  assert.equal(standard.accepted, true);
  assert.deepEqual(
    standard.findings.map(({ severity, code }) => `${severity} ${code}`),
    ['warning revocation-list-expired'],
  );
  const high = validator(world, { revocationLists: [old], revocationRequired: true });
  assert.equal(high([clientA.der], circumstances).accepted, false);
  assert.equal(high([clientB.der], circumstances).accepted, false);
  // While the clock is not trusted nothing is held against a list for its dates.
  assert.equal(high([clientA.der], { now, clockTrusted: false }).accepted, true);
});

test('a certificate of a server, of a stranger, expired, or none at all', async () => {
  const world = await makeWorld();
  const { clientA, keyA } = world;
  const judge = validator(world);
  const codes = (chain: readonly Buffer[], when = now): readonly string[] =>
    judge(chain, { now: when, clockTrusted: true })
      .findings.filter(({ severity }) => severity === 'error')
      .map(({ code }) => code);
  const issuer = { subject: { commonName: 'A' }, key: keyA.privateKey };
  const { privateKey: key } = await testKey('ec-p256', 'own');
  const server = await issue({
    subject: { commonName: 'x' },
    key,
    issuer,
    extensions: [
      keyUsage(['digitalSignature']),
      extendedKeyUsage(['1.3.6.1.5.5.7.3.1']),
      authorityKeyIdentifier(issuer.key),
    ],
  });
  const stranger = await issue({ subject: { commonName: 'x' }, key });
  assert.deepEqual(codes([clientA.der]), []);
  assert.deepEqual(codes([server.der]), ['extended-key-usage']);
  assert.deepEqual(codes([stranger.der]), ['incomplete-chain']);
  assert.deepEqual(codes([clientA.der], new Date('2029-01-01')), ['expired']);
  assert.deepEqual(codes([]), ['empty-chain']);
  assert.deepEqual(codes([Buffer.from('junk')]), ['malformed-certificate']);
});

test("what only strict clients ask of a server's issuers is a warning of a client's chain (RFC 5280 6.1)", async () => {
  const { keyA, keyB } = await makeWorld();
  const { privateKey: key } = await testKey('ec-p256', 'own');
  const anchor = await issue({ subject: { commonName: 'old' }, key: keyA.privateKey, version: 1 });
  const middle = await issue({
    subject: { commonName: 'middle' },
    key: keyB.privateKey,
    issuer: { subject: { commonName: 'old' }, key: keyA.privateKey },
    extensions: [basicConstraints(true)],
  });
  const client = await issue({
    subject: { commonName: 'client' },
    key,
    issuer: { subject: { commonName: 'middle' }, key: keyB.privateKey },
  });
  const judge = createClientValidator({ anchors: [anchor], revocationLists: [], revocationRequired: false });
  const { accepted, path, findings } = judge([client.der, middle.der], circumstances);
  assert.deepEqual([accepted, path.length], [true, 3], JSON.stringify(findings));
  assert.ok(findings.every(({ severity }) => severity === 'warning'));
});

test(
  'openssl comes to the same verdict on clients with lists (verify -crl_check)',
  requireTool('openssl'),
  async () => {
    const directory = temporaryDirectory();
    const world = await makeWorld();
    const { anchorA, anchorB, clientA, clientB, keyA, keyB } = world;
    save(directory, 'anchors.pem', [anchorA, anchorB].map(certificatePem).join(''));
    const clean = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey });
    const revoking = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey, revoked: [clientA] });
    const forged = await makeRevocationList({ issuer: anchorA, key: keyB.privateKey });
    const old = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey, nextUpdate: new Date('2026-12-31') });
    const users = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey, scope: 'users' });
    const authorities = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey, scope: 'authorities' });
    const delta = await makeRevocationList({ issuer: anchorA, key: keyA.privateKey, base: 1, number: 2 });
    for (const [name, list] of Object.entries({ clean, revoking, forged, old, users, authorities, delta })) {
      const judge = validator(world, { revocationLists: [list], revocationRequired: true });
      save(directory, 'list.crl', list.der);
      for (const client of [clientA, clientB]) {
        save(directory, 'client.pem', certificatePem(client));
        const options = [
          '-purpose',
          'sslclient',
          '-attime',
          String(now.getTime() / 1000),
          '-crl_check',
          '-CRLfile',
          'list.crl',
        ];
        const args = ['verify', ...options, '-CAfile', 'anchors.pem', 'client.pem'];
        const judged = spawnSync('openssl', args, { cwd: join(directory), encoding: 'utf8' });
        assert.equal(judge([client.der], circumstances).accepted, judged.status === 0, `${name}: ${judged.stderr}`);
      }
    }
  },
);
