/** What an administrator asks for and what a certification authority returns, through the actions, with foreign tools at either end. */
import assert from 'node:assert/strict';
import { type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Certificate, certificatePem } from '../../src/x509/index.js';
import type { JsonObject } from '../../src/yang/index.js';
import { repositoryRoot, type Scope, temporaryDirectory } from '../support/places.js';
import { runOk } from '../support/run.js';
import { requireTool } from '../support/tools.js';
import { makeAuthority, newKey } from './authority.js';
import { type Device, device, entry, refusalOf, serverCertificate } from './support.js';

const openssl = requireTool('openssl');
const certtool = requireTool('certtool');
const keytool = requireTool('keytool');
const password = 'pass wörd';

const web = entry('web');

describe('the request form', () => {
  /** All fields that the form of an appliance has, and what it has not: alternative names of all kinds, usages, purposes. */
  const form = {
    name: 'web',
    'signature-hash': 'sha384',
    'key-algorithm': 'rsa-3072',
    subject: {
      country: 'DE',
      state: 'Hessen',
      locality: 'Darmstadt',
      organization: 'Example GmbH',
      'organizational-unit': 'Time',
      'common-name': 'clock.example.net',
      email: 'ops@example.net',
    },
    'subject-alternative-name': [
      { type: 'dns', value: 'clock.example.net' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'ip', value: '2001:db8::1' },
      { type: 'email', value: 'ops@example.net' },
      { type: 'uri', value: 'https://clock.example.net/' },
      { type: 'directory-name', value: 'CN=clock,O=Example' },
      { type: 'registered-id', value: '1.3.6.1.4.1.32473.1' },
      { type: 'other-name', value: '1.3.6.1.4.1.311.20.2.3;UTF8:clock@example.net' },
    ],
    'key-usage': ['digitalSignature', 'nonRepudiation', 'keyEncipherment'],
    'extended-key-usage': ['serverAuth', 'clientAuth', '1.3.6.1.4.1.32473.7'],
    'validity-days': 365,
  };
  const extra = {
    'pass-phrase': 'open sesame',
    'challenge-password': 'challenge me',
    'unstructured-name': 'Example optional',
  };

  test('one submit makes key, self-signed certificate and request with all that was asked for; openssl and certtool read it', {
    skip: openssl.skip || certtool.skip,
  }, async (context) => {
    const { it } = await device(context);
    await it.apply([['create', web, { ...form, source: 'ca-signed' }]]);
    const { pem } = await it.invoke(`${web}/generate-request`, extra);
    const request = await runOk('openssl', ['req', '-verify', '-noout', '-text'], { input: String(pem) });
    const [own] = (it.get(`${web}/installed`) as { readonly chain: readonly string[] }).chain;
    const file = join(await temporaryDirectory(context), 'own.pem');
    await writeFile(file, new X509Certificate(Buffer.from(own ?? '', 'base64')).toString());
    const judged = ['verify', '-x509_strict', '-no_check_time', '-purpose', 'sslserver', '-CAfile', file, file];
    await runOk('openssl', judged);
    const certificate = await runOk('openssl', ['x509', '-noout', '-text', '-in', file]);
    for (const text of [request, certificate]) {
      assert.match(text, /C ?= ?DE.*Hessen.*Darmstadt.*Example GmbH.*Time.*clock\.example\.net.*ops@example\.net/);
      assert.match(text, /Public-Key: \(3072 bit\)/);
      assert.match(text, /sha384WithRSAEncryption/);
      assert.match(text, /Key Usage: critical\s+Digital Signature, Non Repudiation, Key Encipherment\n/);
      assert.match(text, /TLS Web Server Authentication/);
      assert.match(text, /TLS Web Client Authentication/);
      assert.match(text, /1\.3\.6\.1\.4\.1\.32473\.7/);
      const names = ['DNS:clock.example.net', 'IP Address:192.0.2.1', 'IP Address:2001:DB8:0:0:0:0:0:1'];
      names.push('email:ops@example.net', 'URI:https://clock.example.net/', 'DirName:', 'Registered ID:', 'othername:');
      for (const name of names) assert.ok(text.includes(name), `${name} in ${text}`);
    }
    assert.match(request, /challengePassword\s*:challenge me/);
    assert.match(request, /unstructuredName\s*:Example optional/);
    assert.doesNotMatch(certificate, /challenge me|open sesame/);
    const days = new X509Certificate(await readFile(file));
    assert.equal(Math.round((Date.parse(days.validTo) - Date.parse(days.validFrom)) / 86_400_000), 365);
    const gnutls = await runOk('certtool', ['--crq-info'], { input: String(pem) });
    assert.match(gnutls, /Self signature: verified/);
  });

  test('usages and purposes change the certificate on its key; what no server can use is refused at its leaf', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', web, { name: 'web' }]]);
    const first = it.get(`${web}/installed`) as JsonObject;
    await it.apply([['merge', `${web}/extended-key-usage`, ['clientAuth', 'serverAuth']]]);
    const second = it.get(`${web}/installed`) as JsonObject;
    assert.equal(second['key-id'], first['key-id']);
    assert.notDeepEqual(second['chain'], first['chain']);
    const before_ = it.datastore.transaction();
    const cases = [
      ['key-usage', ['keyAgreement'], /digitalSignature is missing/],
      ['key-usage', ['digitalSignature', 'keyEncipherment'], /keyEncipherment is not for a key of this kind/],
      ['extended-key-usage', ['clientAuth'], /serverAuth is missing/],
      ['extended-key-usage', ['nonsense'], /a purpose is serverAuth/],
    ] as const;
    for (const [leaf, values, reason] of cases) {
      const refused = await refusalOf(() => it.apply([['replace', `${web}/${leaf}`, [...values]]]));
      assert.match(refused, reason);
      assert.ok(refused.startsWith(`invalid-value ${web}/${leaf}`), refused);
    }
    assert.equal(it.datastore.transaction(), before_);
  });

  test('country, days and pass phrase keep their rules', async (context) => {
    const { it } = await device(context);
    for (const [change, reason] of [
      [{ subject: { country: 'Germany' } }, /country/],
      [{ subject: { country: 'de' } }, /two capital letters/],
      [{ 'validity-days': 0 }, /validity-days/],
    ] as const) {
      assert.match(await refusalOf(() => it.apply([['create', web, { name: 'web', ...change }]])), reason);
    }
    await it.apply([['create', web, { name: 'web' }]]);
    for (const action of ['self-sign', 'generate-request', 'export']) {
      const refused = await refusalOf(() => it.invoke(`${web}/${action}`, { 'pass-phrase': 'abc' }));
      assert.match(refused, /pass-phrase/, action);
    }
  });
});

describe('what a certification authority returns', { skip: openssl.skip }, () => {
  let directory: string;
  let leaf: Certificate;
  let other: Certificate;
  let intermediate: Certificate;
  let key: KeyObject;
  const releases: (() => Promise<void>)[] = [];
  const scope: Scope = { after: (release) => void releases.push(release) };
  const at = (name: string) => join(directory, name);
  const tool = (...args: string[]) => runOk('openssl', args);
  const octets = async (name: string) => (await readFile(at(name))).toString('base64');

  before(async () => {
    directory = await temporaryDirectory(scope);
    const authority = await makeAuthority();
    ({ intermediate } = authority);
    key = (await newKey('formats')).privateKey;
    leaf = await authority.issue(key);
    const second = (await newKey('formats, another')).privateKey;
    other = await authority.issue(second);
    await writeFile(at('leaf.pem'), certificatePem(leaf));
    await writeFile(at('other.pem'), certificatePem(other));
    await writeFile(at('intermediate.pem'), certificatePem(intermediate));
    await writeFile(at('chain.pem'), certificatePem(intermediate) + certificatePem(authority.root));
    await writeFile(at('key.pem'), key.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(at('second.pem'), second.export({ type: 'pkcs8', format: 'pem' }));
  });
  after(async () => {
    for (const release of releases) await release();
  });

  const container = (name: string, ...args: readonly string[]) =>
    tool(
      ...['pkcs12', '-export', '-in', at('leaf.pem'), '-inkey', at('key.pem'), '-certfile', at('chain.pem')],
      ...['-name', 'mine', '-passout', `pass:${password}`, '-out', at(name), ...args],
    );

  const bag = (name: string, form: 'PEM' | 'DER') =>
    tool(
      ...['crl2pkcs7', '-nocrl', '-certfile', at('chain.pem'), '-certfile', at('leaf.pem')],
      ...['-outform', form, '-out', at(name)],
    );

  /** What is given to `install`; the key comes along, or beside where `keyBeside`. */
  const cases: readonly (readonly [name: string, make: () => Promise<JsonObject>, keyBeside?: true])[] = [
    [
      'PEM out of order, CRLF, text and a byte order mark around, the key and EC PARAMETERS among it',
      async () => {
        const legacy = key.export({ type: 'sec1', format: 'pem' }).toString();
        await tool('ecparam', '-name', 'prime256v1', '-out', at('parameters.pem'));
        const parts = await Promise.all(
          ['chain.pem', 'parameters.pem', 'leaf.pem'].map((each) => readFile(at(each), 'utf8')),
        );
        return { data: `\uFEFFDear customer,\n${[...parts, legacy].join('see below:\n')}`.replaceAll('\n', '\r\n') };
      },
    ],
    [
      'PEM with an encrypted PKCS#8 key',
      async () => {
        await tool('pkcs8', '-topk8', '-in', at('key.pem'), '-passout', `pass:${password}`, '-out', at('locked.pem'));
        const parts = await Promise.all(
          ['leaf.pem', 'chain.pem', 'locked.pem'].map((each) => readFile(at(each), 'utf8')),
        );
        return { data: parts.join(''), password };
      },
    ],
    ['DER', async () => ({ data: leaf.der.toString('base64') }), true],
    ['bare base64 in lines', async () => ({ data: leaf.der.toString('base64').replace(/.{60}/g, '$&\r\n') }), true],
    [
      'PKCS#7 in PEM',
      async () => {
        await bag('bag.p7b', 'PEM');
        return { data: await readFile(at('bag.p7b'), 'utf8') };
      },
      true,
    ],
    [
      'PKCS#7 in DER',
      async () => {
        await bag('bag.p7c', 'DER');
        return { data: await octets('bag.p7c') };
      },
      true,
    ],
    ...(
      [
        ['PBES2, AES-256 and HMAC-SHA-256', []],
        ['SHA-512 as MAC', ['-macalg', 'sha512']],
        ['3DES', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
        ['RC2-40', ['-legacy']],
      ] as const
    ).map(([name, args]): (typeof cases)[number] => [
      `PKCS#12 with ${name}`,
      async () => {
        await container('box.p12', ...args);
        return { data: await octets('box.p12'), password };
      },
    ]),
  ];

  for (const [name, make, keyBeside] of cases) {
    test(`${name}: installed and presented`, async (context) => {
      const { it, listener } = await ready(context);
      const beside = keyBeside === true ? { 'private-key': await readFile(at('key.pem'), 'utf8') } : {};
      await it.invoke(`${web}/install`, { ...(await make()), ...beside, activate: true });
      assert.equal(listener.fingerprint(), fingerprintOf(leaf));
      const kept = (it.get(`${web}/installed`) as { readonly chain: readonly string[] }).chain;
      const expected = name === 'DER' || name.startsWith('bare') ? [leaf] : [leaf, intermediate];
      assert.deepEqual(
        kept,
        expected.map(({ der }) => der.toString('base64')),
        'in order, without the root',
      );
    });
  }

  test('a wrong password is told from a broken file, and both from a missing password', async (context) => {
    const { it } = await ready(context);
    await container('told.p12');
    const data = await readFile(at('told.p12'));
    const broken = Buffer.from(data);
    broken[data.lastIndexOf(Buffer.from('0420', 'hex')) + 2]! ^= 1;
    const refusal = (file: Buffer, more: JsonObject) =>
      refusalOf(() => it.invoke(`${web}/install`, { data: file.toString('base64'), ...more }));
    assert.match(await refusal(data, { password: 'wrong' }), /install\/data: the password is wrong/);
    assert.match(await refusal(data, {}), /install\/data: .*password/);
    assert.match(await refusal(broken, { password }), /install\/data: .*(damaged|changed|broken)/);
    assert.match(await refusal(data.subarray(0, -1), { password }), /install\/data: /);
    const told = new Set([
      await refusal(data, { password: 'wrong' }),
      await refusal(data, {}),
      await refusal(broken, { password }),
      await refusal(data.subarray(0, -1), { password }),
    ]);
    assert.equal(told.size, 4, 'each in words of its own');
  });

  test('of several keys in a container of Java the one that key-name names', {
    skip: keytool.skip,
  }, async (context) => {
    const { it, listener } = await ready(context);
    const store = ['-keystore', at('java.p12'), '-storetype', 'PKCS12', '-storepass', 'changeit', '-noprompt'];
    for (const [name, own] of [
      ['first', 'leaf.pem'],
      ['second', 'other.pem'],
    ] as const) {
      const keyFile = name === 'first' ? 'key.pem' : 'second.pem';
      const source = ['-in', at(own), '-inkey', at(keyFile), '-certfile', at('intermediate.pem'), '-name', name];
      await tool('pkcs12', '-export', ...source, '-passout', 'pass:changeit', '-out', at(`${name}.p12`));
      const from = ['-srckeystore', at(`${name}.p12`), '-srcstoretype', 'PKCS12', '-srcstorepass', 'changeit'];
      await runOk('keytool', ['-importkeystore', ...from, '-deststorepass', 'changeit', ...destination(store)]);
    }
    const input = { data: await octets('java.p12'), password: 'changeit', activate: true };
    const unclear = await refusalOf(() => it.invoke(`${web}/install`, input));
    assert.match(unclear, /several private keys; choose one by name: (first, second|second, first)/);
    const unknown = await refusalOf(() => it.invoke(`${web}/install`, { ...input, 'key-name': 'third' }));
    assert.match(unknown, /no private key is named third/);
    for (const [name, expected] of [
      ['second', other],
      ['first', leaf],
      ['second', other],
    ] as const) {
      await it.invoke(`${web}/install`, { ...input, 'key-name': name });
      assert.equal(listener.fingerprint(), fingerprintOf(expected), name);
    }
  });

  test('PBMAC1 of RFC 9579: opened, a wrong password told; what the sample holds is no certificate of a server', async (context) => {
    const { it } = await ready(context);
    const data = await readFile(join(repositoryRoot, 'test/fixtures/x509/rfc9579-a1.pem'), 'utf8');
    const wrong = await refusalOf(() => it.invoke(`${web}/install`, { data, password: '12345' }));
    assert.match(wrong, /the password is wrong/);
    const opened = await refusalOf(() => it.invoke(`${web}/install`, { data, password: '1234' }));
    assert.doesNotMatch(opened, /password/);
    assert.match(opened, /certificate/);
  });

  test('exports of every format are read by openssl; a key leaves encrypted only', async (context) => {
    const { it } = await ready(context);
    await container('again.p12');
    await it.invoke(`${web}/install`, { data: await octets('again.p12'), password });
    const exported = async (format: string, phrase?: string) => {
      const input = { format, ...(phrase === undefined ? {} : { 'pass-phrase': phrase }) };
      const { data } = await it.invoke(`${web}/export`, input);
      await writeFile(at(`out.${format}`), Buffer.from(String(data), 'base64'));
      return at(`out.${format}`);
    };
    const prints = async (args: readonly string[]) => {
      const text = await runOk('openssl', args);
      const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
      return blocks.map((block) => new X509Certificate(block).fingerprint256);
    };
    const chain = [leaf, intermediate].map(({ x509 }) => x509.fingerprint256);
    assert.deepEqual(await prints(['x509', '-in', await exported('pem')]), chain.slice(0, 1));
    assert.deepEqual(await prints(['x509', '-inform', 'DER', '-in', await exported('der')]), chain.slice(0, 1));
    const bagged = await prints(['pkcs7', '-inform', 'DER', '-print_certs', '-in', await exported('pkcs7')]);
    assert.deepEqual([...bagged].sort(), [...chain].sort());
    const phrase = `pass:${password}`;
    const box = await exported('pkcs12', password);
    assert.deepEqual(await prints(['pkcs12', '-in', box, '-nokeys', '-passin', phrase]), chain);
    const bare = await runOk('openssl', ['pkey', '-in', await exported('pkcs8', password), '-passin', phrase]);
    assert.equal(bare.trim(), (await runOk('openssl', ['pkey', '-in', at('key.pem')])).trim());
    for (const format of ['pkcs8', 'pkcs12']) {
      assert.match(await refusalOf(() => exported(format)), /^missing-element .*exported only encrypted/);
    }
  });
});

async function ready(
  context: Parameters<typeof device>[0],
): Promise<{ readonly it: Device; readonly listener: { fingerprint(): string } }> {
  const made = await device(context);
  await made.it.apply([
    ['create', web, { name: 'web' }],
    ['merge', serverCertificate, 'web'],
  ]);
  return made;
}

function fingerprintOf(certificate: Certificate): string {
  return certificate.x509.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** keytool's names for the store that is written to. */
function destination(store: readonly string[]): readonly string[] {
  return store
    .filter((each, index) => store[index - 1] !== '-storepass' && each !== '-storepass')
    .map((each) => (each === '-keystore' ? '-destkeystore' : each === '-storetype' ? '-deststoretype' : each));
}
