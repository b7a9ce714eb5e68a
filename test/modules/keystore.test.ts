/** The keys and trust anchors of https where RFC 9642 and RFC 9641 have them, judged by yanglint and openssl. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { supportedFeatures } from '../../src/served-schema.js';
import { type DataSchema, encodeJson, type JsonObject, parsePath } from '../../src/yang/index.js';
import { publishedModules } from '../support/published-modules.js';
import { runOk } from '../support/run.js';
import { requireTool } from '../support/tools.js';
import { base64, keyOfRequest, makeAuthority } from './authority.js';
import { type Device, device, entry, refusalOf, schema, serverCertificate } from './support.js';

const published = publishedModules();
const openssl = requireTool('openssl');
const yanglint = requireTool('yanglint');

const keystore = '/ietf-keystore:keystore';
const keyAt = (name: string) => `${keystore}/asymmetric-keys/asymmetric-key[name='${name}']`;
const truststore = '/ietf-truststore:truststore';
const bagAt = (name: string) => `${truststore}/certificate-bags/certificate-bag[name='${name}']`;

/** A chain that an authority issued is presented, and `spare` waits for its answer on a key of its own. */
async function furnished(it: Device) {
  const authority = await makeAuthority();
  await it.apply([
    ['create', entry('web'), { name: 'web', source: 'ca-signed' }],
    ['create', entry('spare'), { name: 'spare', 'key-algorithm': 'ed25519' }],
    [
      'create',
      "/signet-https:https/trust-anchor[name='company']",
      { name: 'company', certificate: base64(authority.root, authority.intermediate) },
    ],
  ]);
  const { pem } = await it.invoke(`${entry('web')}/generate-request`);
  const leaf = await authority.issue(keyOfRequest(String(pem)));
  await it.apply([
    ['merge', `${entry('web')}/chain`, base64(leaf, authority.intermediate)],
    ['merge', serverCertificate, 'web'],
  ]);
  const { pem: spare } = await it.invoke(`${entry('spare')}/generate-request`, { 'reuse-key': false });
  return { authority, leaf, spare: String(spare) };
}

describe('RFC 9642: the keystore shows the keys of the certificate list', () => {
  test('in operational only: not in running, not in what is saved, not in the journal', async (context) => {
    const { it } = await device(context);
    await furnished(it);
    assert.notEqual(it.get(keystore), undefined);
    for (const datastore of ['running', 'factory-default', 'candidate', 'intended'] as const) {
      const names = Array.from(it.session.tree(datastore).root.present(), ([child]) => child.module.name);
      assert.ok(!names.includes('ietf-keystore') && !names.includes('ietf-truststore'), datastore);
    }
    assert.doesNotMatch(await it.journal(), /ietf-(?:key|trust)store/);
  });

  test('RFC 8342 5.3.4: is of origin system, in which it is no default', async (context) => {
    const { it } = await device(context);
    await furnished(it);
    for (const [path, name] of [
      [keystore, 'ietf-keystore:keystore'],
      [truststore, 'ietf-truststore:truststore'],
    ] as const) {
      const at = parsePath(schema, path);
      for (const withDefaults of ['report-all', 'report-all-tagged'] as const) {
        const reading = it.session.read(at, { withOrigin: true, withDefaults });
        assert.ok(reading?.annotations !== undefined);
        const options = { annotations: reading.annotations, at, wrap: true };
        const json = encodeJson(schema, at.last?.schema as DataSchema, reading.content, options) as JsonObject;
        const text = JSON.stringify(json);
        assert.deepEqual((json[name] as JsonObject)['@'], { 'ietf-origin:origin': 'ietf-origin:system' });
        assert.deepEqual(text.match(/ietf-origin:(?!origin")[a-z]+/g), ['ietf-origin:system'], 'and all that is below');
        assert.doesNotMatch(text, /with-defaults:default/);
      }
    }
  });

  test('a key has its public half, says that it is hidden, and has its certificate beside it', async (context) => {
    const { it } = await device(context);
    const { leaf, spare } = await furnished(it);
    const web = it.get(keyAt('web')) as JsonObject;
    const publicKey = leaf.x509.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    assert.equal(web['public-key-format'], 'ietf-crypto-types:subject-public-key-info-format');
    assert.equal(web['public-key'], publicKey);
    assert.deepEqual(web['hidden-private-key'], [null]);
    assert.equal(it.get(`${keyAt('web')}/public-key`), publicKey);
    const names = (it.get(`${keystore}/asymmetric-keys`) as Record<string, JsonObject[]>)['asymmetric-key']?.map(
      ({ name }) => name,
    );
    assert.deepEqual(new Set(names), new Set(['web', 'spare', 'spare:request']), 'a key of a request stands beside');
    const requested = it.get(keyAt('spare:request')) as JsonObject;
    const pending = keyOfRequest(spare).export({ type: 'spki', format: 'der' }).toString('base64');
    assert.equal(requested['public-key'], pending);
    assert.equal(requested['certificates'], undefined);
    assert.equal(it.get(keyAt('web:request')), undefined, 'the request is answered');
    assert.equal(it.get(keyAt('nobody')), undefined);
    await it.invoke(`${entry('spare')}/abort-request`);
    assert.equal(it.get(keyAt('spare:request')), undefined);
  });

  test('a key whose file is lost is not shown', async (context) => {
    const { it } = await device(context);
    await furnished(it);
    context.mock.method(it.keys, 'has', () => false);
    assert.equal(it.get(keyAt('web')), undefined);
    assert.equal(it.get(keystore), undefined);
  });

  test('reading one key looks at one key, among any number', async (context) => {
    const { it } = await device(context);
    const names = Array.from({ length: 40 }, (_, index) => `c${String(index)}`);
    await it.apply(names.map((name) => ['create', entry(name), { name }]));
    const asked = context.mock.method(it.keys, 'has');
    assert.notEqual(it.get(keyAt('c17')), undefined);
    assert.notEqual(it.get(`${keyAt('c17')}/certificates/certificate[name='c17']/cert-data`), undefined);
    assert.equal(asked.mock.callCount(), 2);
    assert.equal((it.get(`${keystore}/asymmetric-keys`) as Record<string, unknown[]>)['asymmetric-key']?.length, 40);
  });

  test('nothing can be written there, and the refusal says where instead', async (context) => {
    const { it } = await device(context);
    const before = it.datastore.transaction();
    const key = { name: 'mine', 'hidden-private-key': [null] };
    assert.match(
      await refusalOf(() => it.apply([['create', keyAt('mine'), key]])),
      /^operation-not-supported \/ietf-keystore:keystore: .*https\.certificate/,
    );
    assert.match(
      await refusalOf(() => it.apply([['create', bagAt('mine'), { name: 'mine' }]])),
      /^operation-not-supported \/ietf-truststore:truststore: .*https\.trust-anchor/,
    );
    assert.equal(it.datastore.transaction(), before);
  });

  test('RFC 8341: cert-data is read by those alone to whom a rule permits it', async (context) => {
    const { it } = await device(context);
    await furnished(it);
    await it.apply([
      [
        'merge',
        '/ietf-netconf-acm:nacm',
        {
          groups: { group: [{ name: 'chiefs', 'user-name': ['chief'] }] },
          'rule-list': [
            {
              name: 'chiefs',
              group: ['chiefs'],
              rule: [{ name: 'all', 'access-operations': '*', action: 'permit' }],
            },
          ],
        },
      ],
    ]);
    const at = parsePath(schema, keystore);
    const seenBy = (user: string) => {
      const session = it.datastore.session({ user, protocol: 'netconf', address: '192.0.2.7:4711' });
      const content = session.get(at, 'operational');
      assert.ok(content !== undefined);
      return JSON.stringify(encodeJson(schema, at.last?.schema as DataSchema, content));
    };
    assert.match(seenBy('chief'), /"cert-data"/);
    assert.match(seenBy('guest'), /"public-key"/);
    assert.doesNotMatch(seenBy('guest'), /"cert-data"/);
  });

  test('yanglint takes what is shown for data of the published modules', {
    skip: published.skip || yanglint.skip,
  }, async (context) => {
    const { it } = await device(context);
    await furnished(it);
    const folder = await mkdtemp(join(tmpdir(), 'signet-keystore-'));
    context.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'data.json');
    const data = { 'ietf-keystore:keystore': it.get(keystore), 'ietf-truststore:truststore': it.get(truststore) };
    const judge = (directory: string, revision: string) => {
      const modules = Object.keys(supportedFeatures).map((name) => join(directory, `${name}${revision}.yang`));
      const features = Object.entries(supportedFeatures).flatMap(([name, on]) => ['-F', `${name}:${on.join(',')}`]);
      return runOk('yanglint', ['-t', 'data', ...features, '-p', directory, ...modules, file]);
    };
    await writeFile(file, JSON.stringify(data));
    await judge(published.directory, '@2024-10-10');
    await writeFile(file, JSON.stringify(data).replace('"hidden-private-key":[null],', ''));
    await assert.rejects(judge(published.directory, '@2024-10-10'), /private-key-type/, 'the judge judges');
  });

  test('RFC 5652: openssl reads public keys and certificates out of it', { skip: openssl.skip }, async (context) => {
    const { it } = await device(context);
    const { leaf, authority } = await furnished(it);
    for (const name of ['web', 'spare', 'spare:request']) {
      const input = Buffer.from(String(it.get(`${keyAt(name)}/public-key`)), 'base64');
      const text = await runOk('openssl', ['pkey', '-pubin', '-inform', 'DER', '-noout', '-text'], { input });
      assert.match(text, name === 'web' || name === 'spare' ? /Public-Key|ED25519/ : /ED25519/, name);
    }
    const certData = `${keyAt('web')}/certificates/certificate[name='web']/cert-data`;
    const expected = [leaf, authority.intermediate].map(({ x509 }) => x509.fingerprint256);
    assert.deepEqual((await certificatesIn(String(it.get(certData)))).sort(), expected.sort());
  });
});

describe('RFC 9641: the truststore shows the trust anchors', () => {
  test('a bag for each, and each certificate with what leads up to its root', {
    skip: openssl.skip,
  }, async (context) => {
    const { it } = await device(context);
    const { authority } = await furnished(it);
    const bag = it.get(bagAt('company')) as {
      readonly certificate: readonly JsonObject[];
      readonly description: string;
    };
    assert.match(bag.description, /installed here/);
    const prints = [authority.root, authority.intermediate].map(({ x509 }) => x509.fingerprint256);
    assert.deepEqual(
      bag.certificate.map(({ name }) => name).sort(),
      prints.map((each) => each.replaceAll(':', '').toLowerCase()).sort(),
    );
    const counts = await Promise.all(bag.certificate.map((each) => certificatesIn(String(each['cert-data']))));
    assert.deepEqual(counts.map(({ length }) => length).sort(), [1, 2]);
    assert.equal(it.get(bagAt('nobody')), undefined);
    await it.apply([['merge', '/signet-https:https/client-authentication/ca-certs', ['company']]]);
    assert.match((it.get(bagAt('company')) as { readonly description: string }).description, /clients/);
  });
});

describe('RFC 9640 2.1.4.10: generate-csr', () => {
  test('signs what the client made; openssl takes it, and what the authority answers is installed', {
    skip: openssl.skip,
  }, async (context) => {
    const { it } = await device(context);
    const authority = await makeAuthority();
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    // The client takes the structure that it wants from a request of the same key, and another name for it.
    const { pem: template } = await it.invoke(`${entry('web')}/generate-request`);
    await it.invoke(`${entry('web')}/abort-request`);
    const info = infoOf(String(template));
    const { 'p10-csr': csr } = await it.invoke(`${keyAt('web')}/generate-csr`, {
      'csr-format': 'ietf-crypto-types:p10-csr-format',
      'csr-info': info.toString('base64'),
    });
    const input = Buffer.from(String(csr), 'base64');
    const verified = await runOk('openssl', ['req', '-inform', 'DER', '-verify', '-noout', '-text'], { input });
    assert.match(verified, /device\.example\.net/);
    assert.ok(input.includes(info), 'signed as it came');
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${String(csr)}\n-----END CERTIFICATE REQUEST-----\n`;
    const leaf = await authority.issue(keyOfRequest(pem));
    await it.apply([
      ['merge', entry('web'), { source: 'ca-signed', chain: [...base64(leaf, authority.intermediate)] }],
    ]);
    assert.equal((it.get(keyAt('web')) as JsonObject)['public-key'], it.get(`${keyAt('web')}/public-key`));
  });

  test('refuses what it should not sign: another key, another structure, nothing', async (context) => {
    const { it } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['create', entry('other'), { name: 'other' }],
    ]);
    const { pem } = await it.invoke(`${entry('other')}/generate-request`);
    const foreign = infoOf(String(pem));
    const certificate = Buffer.from(
      String((it.get(`${entry('web')}/installed`) as { readonly chain: readonly string[] }).chain[0]),
      'base64',
    );
    const cases: readonly (readonly [what: string, info: Buffer, expected: RegExp])[] = [
      ['of another key', foreign, /public key in it is not that of this key/],
      ['a certificate', certificate, /not a CertificationRequestInfo|of the ASN\.1|request/],
      ['cut off', foreign.subarray(0, 40), /invalid-value/],
      ['octets behind', Buffer.concat([foreign, Buffer.from([5, 0])]), /octets after the end/],
    ];
    for (const [what, info, expected] of cases) {
      const input = { 'csr-format': 'ietf-crypto-types:p10-csr-format', 'csr-info': info.toString('base64') };
      const refused = await refusalOf(() => it.invoke(`${keyAt('web')}/generate-csr`, input));
      assert.match(refused, expected, what);
      assert.match(refused, /^invalid-value .*generate-csr: csr-info: /, what);
    }
    const info = foreign.toString('base64');
    const input = { 'csr-format': 'ietf-crypto-types:p10-csr-format', 'csr-info': info };
    assert.match(await refusalOf(() => it.invoke(`${keyAt('no')}/generate-csr`, input)), /^data-missing /);
  });
});

/** The CertificationRequestInfo in a PEM request: the first element of the outer sequence, whose header has four octets here. */
function infoOf(pem: string): Buffer {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  const begin = der[1] === 0x82 ? 4 : der[1] === 0x81 ? 3 : 2;
  const long = der[begin + 1] ?? 0;
  const length = long === 0x82 ? 4 + der.readUInt16BE(begin + 2) : long === 0x81 ? 3 + (der[begin + 2] ?? 0) : 2 + long;
  return der.subarray(begin, begin + length);
}

/** SHA-256 fingerprints of what openssl finds in a CMS structure. */
async function certificatesIn(data: string): Promise<string[]> {
  const input = Buffer.from(data, 'base64');
  const printed = await runOk('openssl', ['pkcs7', '-inform', 'DER', '-print_certs'], { input });
  const cms = await runOk('openssl', ['cms', '-cmsout', '-inform', 'DER', '-noout', '-print'], { input });
  assert.match(cms, /pkcs7-signedData/);
  const blocks = printed.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return await Promise.all(
    blocks.map(async (block) => {
      const text = await runOk('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], { input: `${block}\n` });
      return text.trim().replace(/^.*=/, '');
    }),
  );
}
