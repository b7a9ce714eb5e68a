import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describe,
  type GeneralName,
  keyAlgorithms,
  makeRequest,
  makeSelfSigned,
  matchesHost,
  readCertificate,
  type SignatureHash,
  type SubjectFields,
  signatureHashes,
  signatureHashFault,
  type UsageParameters,
  validateServerChain,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { openssl, run, save, temporaryDirectory, testKey } from './support.js';

const directory = temporaryDirectory();
const now = new Date('2026-11-24T12:00:00.900Z');

const subject: SubjectFields = {
  country: 'DE',
  state: 'Baden-Württemberg',
  locality: 'Ulm',
  organization: 'Example, "Ltd"',
  organizationalUnit: 'Time + Frequency',
  commonName: 'clock.example',
  email: 'admin@clock.example',
};

const names: readonly GeneralName[] = [
  { type: 'dns', value: 'clock.example' },
  { type: 'dns', value: '*.clock.example' },
  { type: 'ip', value: '192.0.2.7' },
  { type: 'ip', value: '2001:db8::7' },
  { type: 'email', value: 'admin@clock.example' },
  { type: 'uri', value: 'https://clock.example/status?a=b' },
  { type: 'directory-name', value: 'CN=clock\\, two,O=Ärger & Co,C=DE' },
  { type: 'registered-id', value: '1.2.840.113549.1.9.1' },
  { type: 'other-name', value: '1.3.6.1.4.1.32473.9;UTF8:größe' },
];

for (const algorithm of keyAlgorithms) {
  for (const signatureHash of algorithm === 'ed25519' ? (['sha256'] as const) : signatureHashes) {
    test(`a request of ${algorithm} with ${signatureHash} satisfies openssl and certtool`, tools(), async () => {
      const { privateKey } = await testKey(algorithm);
      const parameters = { privateKey, subject, subjectAltNames: names, signatureHash };
      const { pem } = await makeRequest({ ...parameters, challengePassword: 'pass wörd', unstructuredName: 'Büro' });
      const file = save(directory, `${algorithm}.csr`, pem);
      const judged = openssl(
        directory,
        'req',
        '-verify',
        '-noout',
        '-text',
        '-nameopt',
        'utf8,sep_comma_plus',
        '-in',
        file,
      );
      assert.equal(judged.status, 0, judged.text);
      assert.match(judged.text, /self-signature verify OK/);
      assert.match(judged.text, /challengePassword\s*:pass wörd/);
      assert.match(judged.text, /unstructuredName\s*:Büro/);
      assert.match(judged.text, /X509v3 Extended Key Usage:\s*\n\s*TLS Web Server Authentication/);
      const gnutls = run(directory, 'certtool', ['--crq-info', '--infile', file]);
      assert.equal(gnutls.status, 0, gnutls.text);
      assert.match(gnutls.text, /Self signature: verified/);
    });

    test(
      `a self-signed certificate of ${algorithm} with ${signatureHash} satisfies openssl and certtool`,
      tools(),
      async () => {
        const { privateKey } = await testKey(algorithm);
        const parameters = { privateKey, subject, subjectAltNames: names, signatureHash, validityDays: 820 };
        const { der, pem } = await makeSelfSigned({ ...parameters, now: new Date() });
        const file = save(directory, `${algorithm}.crt`, pem);
        const judged = openssl(directory, 'verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', file, file);
        assert.equal(judged.status, 0, judged.text);
        const gnutls = run(directory, 'certtool', ['-i', '--infile', file]);
        assert.equal(gnutls.status, 0, gnutls.text);
        assert.doesNotMatch(gnutls.text, /error|warning/i);
        assert.deepEqual(describe(der).subjectAltNames, names);
        const made = readCertificate(der);
        const findings = validateServerChain({ chain: [made], key: privateKey, now: new Date(), clockTrusted: true });
        for (const host of ['clock.example', 'a.clock.example', '192.0.2.7']) assert.ok(matchesHost(made, host), host);
        const refusedByBrowsers = algorithm === 'ec-p521' || algorithm === 'ed25519';
        assert.deepEqual(
          findings.map(({ severity, code }) => `${severity} ${code}`),
          refusedByBrowsers ? ['warning browser-unsupported'] : [],
        );
      },
    );
  }
}

test('openssl reads every kind of alternative name as it was given', requireTool('openssl'), async () => {
  const { privateKey } = await testKey('ec-p256');
  const parameters = { privateKey, subject, subjectAltNames: names, signatureHash: 'sha256' } as const;
  const { pem } = await makeSelfSigned({ ...parameters, validityDays: 1, now });
  const file = save(directory, 'names.crt', pem);
  const { stdout } = openssl(directory, 'x509', '-noout', '-ext', 'subjectAltName', '-in', file);
  const expected = [
    'DNS:clock.example',
    'DNS:*.clock.example',
    'IP Address:192.0.2.7',
    'IP Address:2001:DB8:0:0:0:0:0:7',
    'email:admin@clock.example',
    'URI:https://clock.example/status?a=b',
    'DirName:/C=DE/O=\\xC3\\x84rger & Co/CN=clock, two',
    'Registered ID:emailAddress',
    'othername: 1.3.6.1.4.1.32473.9::gr\\xC3\\xB6\\xC3\\x9Fe',
  ];
  for (const text of expected.slice(0, 8)) assert.ok(stdout.includes(text), `${text} in ${stdout}`);
  assert.match(stdout, /othername/);
});

test('a description gives the names as RFC 4514 writes them, and the dates to the second', async () => {
  const { privateKey, keyId } = await testKey('ec-p256');
  const parameters = { privateKey, subject, subjectAltNames: [], signatureHash: 'sha384' } as const;
  const { der } = await makeSelfSigned({ ...parameters, validityDays: 820, now });
  const description = describe(der);
  assert.equal(
    description.subject,
    'emailAddress=admin@clock.example,CN=clock.example,OU=Time \\+ Frequency,O=Example\\, \\"Ltd\\",L=Ulm,ST=Baden-Württemberg,C=DE',
  );
  assert.equal(description.issuer, description.subject);
  assert.equal(description.notBefore.toISOString(), '2026-11-24T12:00:00.000Z');
  assert.equal(description.notAfter.toISOString(), '2029-02-21T12:00:00.000Z');
  assert.equal(description.keyAlgorithm, 'ec-p256');
  assert.equal(description.keyId, keyId);
  assert.equal(description.signatureAlgorithm, 'ecdsa-with-SHA384');
  assert.equal(description.selfSigned, true);
  assert.equal(description.certificateAuthority, false);
  assert.match(description.serialNumber, /^[4-7][0-9a-f]{31}$/);
  assert.match(description.fingerprintSha256, /^[0-9a-f]{64}$/);
});

test('without alternative names the common name becomes one, else the subject does', async () => {
  const { privateKey } = await testKey('ec-p256');
  const make = async (commonName: string): Promise<readonly GeneralName[]> => {
    const parameters = { privateKey, subject: { commonName }, subjectAltNames: [], signatureHash: 'sha256' } as const;
    return describe((await makeSelfSigned({ ...parameters, validityDays: 1, now })).der).subjectAltNames;
  };
  assert.deepEqual(await make('clock'), [{ type: 'dns', value: 'clock' }]);
  assert.deepEqual(await make('2001:DB8:0::1'), [{ type: 'ip', value: '2001:db8::1' }]);
  assert.deepEqual(await make('Clock in room 5'), [{ type: 'directory-name', value: 'CN=Clock in room 5' }]);
});

test('dates from 2050 on are GeneralizedTime (RFC 5280 4.1.2.5)', requireTool('openssl'), async () => {
  const { privateKey } = await testKey('ec-p256');
  const parameters = { privateKey, subject, subjectAltNames: names, signatureHash: 'sha256' } as const;
  const { der } = await makeSelfSigned({ ...parameters, validityDays: 65_535, now: new Date('2049-12-31T23:59:59Z') });
  const file = save(directory, 'late.der', der);
  const { stdout } = openssl(directory, 'asn1parse', '-inform', 'DER', '-in', file);
  assert.match(stdout, /UTCTIME\s+:491231235959Z\s+[^\n]*GENERALIZEDTIME\s+:22290606235959Z/s);
  assert.equal(describe(der).notAfter.getUTCFullYear(), 2229);
});

test('the signature of equal input and randomness of the serial number is all that differs', async () => {
  const { privateKey } = await testKey('ed25519');
  const parameters = { privateKey, subject, subjectAltNames: names, signatureHash: 'sha256' } as const;
  const options = { ...parameters, validityDays: 1, now, random: (size: number) => Buffer.alloc(size, 0xff) };
  assert.deepEqual(await makeSelfSigned(options), await makeSelfSigned(options));
});

const refused: readonly [string, SubjectFields, readonly GeneralName[]][] = [
  ['subject.country: must be the two letters of ISO 3166-1', { country: 'Germany' }, []],
  ['subject.common-name: longer than 64 characters', { commonName: 'x'.repeat(65) }, []],
  ['subject.organization: longer than 64 characters', { organization: 'ö'.repeat(65) }, []],
  ['subject.locality: longer than 128 characters', { locality: 'x'.repeat(129) }, []],
  ['subject.state: has a control character', { state: 'a\nb' }, []],
  ['subject.email: must be an e-mail address NAME@DOMAIN in ASCII', { email: 'nobody' }, []],
  ['subject.email: longer than 255 characters', { email: `a@${'b'.repeat(254)}` }, []],
  ['subject: a self-signed certificate needs at least one field', {}, []],
  ["subject-alternative-name: 'a b' is not a DNS name", { commonName: 'a' }, [{ type: 'dns', value: 'a b' }]],
  ["subject-alternative-name: 'a.*.b' is not a DNS name", { commonName: 'a' }, [{ type: 'dns', value: 'a.*.b' }]],
  [
    "subject-alternative-name: '192.0.2.256' is not an IP address",
    { commonName: 'a' },
    [{ type: 'ip', value: '192.0.2.256' }],
  ],
  [
    "subject-alternative-name: 'fe80::1%eth0' is not an IP address",
    { commonName: 'a' },
    [{ type: 'ip', value: 'fe80::1%eth0' }],
  ],
  [
    "subject-alternative-name: '/status' is not an absolute URI in ASCII",
    { commonName: 'a' },
    [{ type: 'uri', value: '/status' }],
  ],
  [
    "subject-alternative-name: '3.1' is not an object identifier",
    { commonName: 'a' },
    [{ type: 'registered-id', value: '3.1' }],
  ],
  [
    "subject-alternative-name: 'x' is not of the form OID;UTF8:TEXT",
    { commonName: 'a' },
    [{ type: 'other-name', value: 'x' }],
  ],
  [
    'subject-alternative-name: not a distinguished name such as CN=a,O=b (RFC 4514)',
    { commonName: 'a' },
    [{ type: 'directory-name', value: 'nonsense' }],
  ],
  [
    'subject-alternative-name: must be the two letters of ISO 3166-1',
    { commonName: 'a' },
    [{ type: 'directory-name', value: 'C=Germany' }],
  ],
];

for (const [message, fields, subjectAltNames] of refused) {
  test(`refused: ${message}`, async () => {
    const { privateKey } = await testKey('ec-p256');
    const parameters = { privateKey, subject: fields, subjectAltNames, signatureHash: 'sha256' } as const;
    const made = makeSelfSigned({ ...parameters, validityDays: 1, now });
    await assert.rejects(made, {
      name: 'X509Error',
      code: 'invalid-parameter',
      message,
      field: message.split(':')[0]!,
    });
  });
}

test('validity of no days or of more than 65535 is refused', async () => {
  const { privateKey } = await testKey('ec-p256');
  const parameters = { privateKey, subject, subjectAltNames: [], signatureHash: 'sha256', now } as const;
  for (const validityDays of [0, -1, 1.5, 65_536]) {
    await assert.rejects(makeSelfSigned({ ...parameters, validityDays }), { field: 'validity-days' });
  }
});

test(
  'a request may have an empty subject; its alternative names are critical then',
  requireTool('openssl'),
  async () => {
    const { privateKey } = await testKey('ec-p256');
    const { pem } = await makeRequest({ privateKey, subject: {}, subjectAltNames: names, signatureHash: 'sha256' });
    const file = save(directory, 'empty.csr', pem);
    const judged = openssl(directory, 'req', '-verify', '-noout', '-text', '-in', file);
    assert.match(judged.text, /X509v3 Subject Alternative Name: critical/);
  },
);

test(
  'key usages and purposes that are asked for stand in request and certificate',
  requireTool('openssl'),
  async () => {
    const { privateKey } = await testKey('ec-p256');
    const parameters = {
      privateKey,
      subject,
      subjectAltNames: names,
      signatureHash: 'sha256',
      keyUsage: ['digitalSignature', 'keyAgreement', 'decipherOnly'],
      extendedKeyUsage: ['serverAuth', 'clientAuth', '1.3.6.1.4.1.32473.7', 'serverAuth'],
    } as const;
    const { pem } = await makeRequest(parameters);
    const request = openssl(directory, 'req', '-noout', '-text', '-in', save(directory, 'usage.csr', pem)).stdout;
    const made = await makeSelfSigned({ ...parameters, validityDays: 1, now });
    const file = save(directory, 'usage.crt', made.pem);
    const certificate = openssl(directory, 'x509', '-noout', '-text', '-in', file).stdout;
    for (const text of [request, certificate]) {
      assert.match(text, /Key Usage: critical\s+Digital Signature, Key Agreement, Decipher Only\n/);
      assert.match(
        text,
        /Extended Key Usage: \s+TLS Web Server Authentication, TLS Web Client Authentication, 1\.3\.6\.1\.4\.1\.32473\.7\n/,
      );
    }
  },
);

const refusedUsages: readonly [string, UsageParameters][] = [
  [
    'key-usage: digitalSignature is missing, without which no TLS server can use the key',
    { keyUsage: ['keyEncipherment'] },
  ],
  ['key-usage: keyCertSign is for certification authorities alone', { keyUsage: ['digitalSignature', 'keyCertSign'] }],
  [
    'key-usage: keyEncipherment is not for a key of this kind (RFC 8813 3)',
    { keyUsage: ['digitalSignature', 'keyEncipherment'] },
  ],
  [
    'key-usage: encipherOnly means nothing without keyAgreement (RFC 5280 4.2.1.3)',
    { keyUsage: ['digitalSignature', 'encipherOnly'] },
  ],
  ['extended-key-usage: serverAuth is missing', { extendedKeyUsage: ['clientAuth'] }],
  [
    "extended-key-usage: 'nonsense' is neither a purpose nor an object identifier",
    { extendedKeyUsage: ['serverAuth', 'nonsense'] },
  ],
];

for (const [message, usage] of refusedUsages) {
  test(`refused: ${message}`, async () => {
    const { privateKey } = await testKey('ec-p256');
    const parameters = { privateKey, subject, subjectAltNames: [], signatureHash: 'sha256', ...usage } as const;
    const field = message.split(':')[0]!;
    await assert.rejects(makeRequest(parameters), { code: 'invalid-parameter', message, field });
    await assert.rejects(makeSelfSigned({ ...parameters, validityDays: 1, now }), { message });
  });
}

test('md4, md5 and sha1 are refused with the reason', async () => {
  const { privateKey } = await testKey('ec-p256');
  const reasons: Readonly<Record<string, RegExp>> = {
    md4: /^md4 is refused: collisions .*; use sha256, sha384 or sha512$/,
    md5: /^md5 is refused: .*\(RFC 6151\).*; use sha256, sha384 or sha512$/,
    sha1: /^sha1 is refused: .*\(RFC 9155\).*; use sha256, sha384 or sha512$/,
    'sha3-256': /^sha3-256 is not known; use sha256, sha384 or sha512$/,
  };
  for (const [name, reason] of Object.entries(reasons)) {
    assert.match(signatureHashFault(name) ?? '', reason);
    const parameters = { privateKey, subject, subjectAltNames: [], signatureHash: name as SignatureHash };
    await assert.rejects(makeRequest(parameters), { code: 'invalid-parameter', field: 'signature-hash' });
    await assert.rejects(makeSelfSigned({ ...parameters, validityDays: 1, now }), { field: 'signature-hash' });
  }
  for (const hash of signatureHashes) assert.equal(signatureHashFault(hash), undefined);
});

test('a request without alternative names asks for the common name as one', requireTool('openssl'), async () => {
  const { privateKey } = await testKey('ec-p256');
  const text = async (commonName: string): Promise<string> => {
    const parameters = { privateKey, subject: { commonName }, subjectAltNames: [], signatureHash: 'sha256' } as const;
    const file = save(directory, 'cn.csr', (await makeRequest(parameters)).pem);
    return openssl(directory, 'req', '-noout', '-text', '-in', file).stdout;
  };
  assert.match(await text('clock.example'), /Subject Alternative Name: *\s+DNS:clock\.example\n/);
  assert.match(await text('192.0.2.1'), /Subject Alternative Name: *\s+IP Address:192\.0\.2\.1\n/);
  assert.doesNotMatch(await text('Clock in room 5'), /Subject Alternative Name/);
});

function tools(): { skip: string | false } {
  const first = requireTool('openssl');
  return first.skip === false ? requireTool('certtool') : first;
}
