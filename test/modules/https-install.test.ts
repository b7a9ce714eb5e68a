/** Chains of an authority, installed by action and by plain edits; requests and their keys. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { caExtensions, issue, serverExtensions } from '../x509/support.js';
import { constraints, dns } from '../x509/variants.js';
import { base64, keyOfRequest, makeAuthority, newKey, pem } from './authority.js';
import { day, device, entry, everything, noon, refusalOf, serverCertificate } from './support.js';

describe('chains of an authority', () => {
  test('request, signature, chain by plain config.apply: presented, the request is over', async (context) => {
    const { it, listener } = await device(context);
    const authority = await makeAuthority();
    await it.apply([['create', entry('web'), { name: 'web', source: 'ca-signed' }]]);
    const { pem: request } = await it.invoke(`${entry('web')}/generate-request`);
    const state = it.get(`${entry('web')}/state`) as Record<string, unknown>;
    assert.equal(state['self-signed'], true, 'one submit makes key, self-signed certificate and request');
    const leaf = await authority.issue(keyOfRequest(String(request)));
    await it.apply([
      ['merge', `${entry('web')}/chain`, base64(leaf, authority.intermediate)],
      ['merge', serverCertificate, 'web'],
    ]);
    assert.equal(listener.fingerprint(), leaf.x509.fingerprint256.replaceAll(':', '').toLowerCase());
    assert.equal(it.get(`${entry('web')}/request`), undefined);
    assert.equal((await it.keyFiles()).length, 1);
  });

  test('installed with its key, it is presented in one transaction; going back to self-signed takes the chain away', async (context) => {
    const { it, listener } = await device(context);
    const authority = await makeAuthority();
    const { privateKey } = await newKey('brought along');
    const leaf = await authority.issue(privateKey);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const data = `${pem(authority.intermediate)}text between\r\n${pem(leaf, authority.root)}`;
    await it.invoke(`${entry('web')}/install`, { data, 'private-key': key, activate: true });
    assert.equal(listener.fingerprint(), leaf.x509.fingerprint256.replaceAll(':', '').toLowerCase());
    assert.deepEqual(it.get(`${entry('web')}/chain`), base64(leaf, authority.intermediate));
    const withRoot = it.get(`${entry('web')}/state`) as Record<string, unknown>;
    assert.equal(withRoot['chain-complete'], true, 'the root came along and was left out');

    const refused = await refusalOf(() => it.apply([['merge', `${entry('web')}/source`, 'self-signed']]));
    assert.match(refused, /^invalid-value .*\/chain: a chain goes with source ca-signed/);
    await it.apply([
      ['merge', `${entry('web')}/source`, 'self-signed'],
      ['delete', `${entry('web')}/chain`],
    ]);
    const state = it.get(`${entry('web')}/state`) as Record<string, unknown>;
    assert.equal(state['self-signed'], true);
    assert.equal(listener.fingerprint(), state['fingerprint-sha256']);
  });

  test('a new pair is installed over the former one, whose newer certificate stands in the same file', async (context) => {
    const { it, listener } = await device(context);
    const authority = await makeAuthority();
    const [former, next] = [(await newKey('former')).privateKey, (await newKey('next')).privateKey];
    const [newer, older] = [await authority.issue(former), await authority.issue(next, { from: -9 })];
    const install = (key: typeof former) =>
      it.invoke(`${entry('web')}/install`, {
        data: pem(newer, older, authority.intermediate),
        'private-key': key.export({ format: 'pem', type: 'pkcs8' }).toString(),
        activate: true,
      });
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    for (const [key, leaf] of [
      [former, newer],
      [next, older],
      [former, newer],
    ] as const) {
      await install(key);
      assert.equal(listener.fingerprint(), leaf.x509.fingerprint256.replaceAll(':', '').toLowerCase());
    }
  });

  test('bad input of every kind is refused at the input leaf, and nothing has changed', async (context) => {
    const { it, listener } = await device(context);
    const authority = await makeAuthority();
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const { pem: request } = await it.invoke(`${entry('web')}/generate-request`);
    const key = keyOfRequest(String(request));
    const { privateKey: other } = await newKey('other');
    const [good, late, early, ca, foreign] = [
      await authority.issue(key),
      await authority.issue(key, { from: -20, to: -10 }),
      await authority.issue(key, { from: 10, to: 20 }),
      await authority.issue(key, { asAuthority: true }),
      await authority.issue(other),
    ];
    const otherPem = other.export({ format: 'pem', type: 'pkcs8' }).toString();
    const before = await everything(it, listener);
    const cases: readonly (readonly [what: string, input: Record<string, string>, expected: RegExp])[] = [
      ['key mismatch', { data: pem(foreign) }, /private key does not belong to the certificate/],
      ['a key of another pair', { data: pem(good), 'private-key': otherPem }, /private key does not belong/],
      ['expired', { data: pem(late, authority.intermediate) }, /the certificate expired on/],
      ['not yet valid', { data: pem(early, authority.intermediate) }, /the certificate is not valid before/],
      ['truncated PEM', { data: pem(good).slice(0, 300) }, /cut off|END/],
      ['a CA certificate as leaf', { data: pem(ca, authority.intermediate) }, /is a certification authority/],
      ['empty', { data: 'no certificate here' }, /neither PEM nor base64 nor DER/],
      ['only a key', { data: otherPem }, /no certificate/],
    ];
    for (const [what, input, expected] of cases) {
      const refused = await refusalOf(() => it.invoke(`${entry('web')}/install`, { ...input, activate: true }));
      assert.match(refused, expected, what);
      assert.ok(refused.startsWith(`invalid-value ${entry('web')}/install/data: `), `${what}: ${refused}`);
      assert.deepEqual(await everything(it, listener), before, what);
    }
  });

  test('the same by plain edits, and an empty chain', async (context) => {
    const { it, listener } = await device(context);
    const authority = await makeAuthority();
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const { pem: request } = await it.invoke(`${entry('web')}/generate-request`);
    const key = keyOfRequest(String(request));
    const { privateKey: other } = await newKey('other');
    const late = await authority.issue(key, { from: -20, to: -10 });
    const before = await everything(it, listener);
    const cases: readonly (readonly [chain: readonly string[], expected: RegExp])[] = [
      [base64(late, authority.intermediate), /the certificate expired on/],
      [base64(await authority.issue(other)), /private key does not belong/],
      [[base64(late)[0]!.slice(0, 400)], /./],
      [[Buffer.from('hello').toString('base64')], /./],
    ];
    for (const [chain, expected] of cases) {
      const edits = [
        ['merge', `${entry('web')}/source`, 'ca-signed'],
        ['replace', `${entry('web')}/chain`, chain],
      ] as const;
      const refused = await refusalOf(() => it.apply(edits));
      assert.match(refused, expected);
      assert.ok(refused.startsWith(`invalid-value ${entry('web')}/chain: `), refused);
      assert.equal(await refusalOf(() => it.apply(edits, { testOnly: true })), refused);
      assert.deepEqual(await everything(it, listener), before);
    }
  });

  test('with an untrusted clock dates are held back', async (context) => {
    const { it } = await device(context);
    const authority = await makeAuthority();
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const { pem: request } = await it.invoke(`${entry('web')}/generate-request`);
    const early = await authority.issue(keyOfRequest(String(request)), { from: 10, to: 20 });
    it.clock.isTrusted = false;
    const { finding } = await it.invoke(`${entry('web')}/install`, { data: pem(early, authority.intermediate) });
    assert.match(JSON.stringify(finding), /the clock is not trusted yet/);
    assert.equal((it.get(`${entry('web')}/state`) as Record<string, unknown>)['validity'], 'clock-untrusted');
    it.clock.isTrusted = true;
    assert.equal((it.get(`${entry('web')}/state`) as Record<string, unknown>)['validity'], 'not-yet-valid');
  });

  test('a chain has to lead to a configured trust anchor, unless all anchors are for clients (RFC 5280 section 6)', async (context) => {
    const { it } = await device(context);
    const [authority, stranger] = [await makeAuthority(), await makeAuthority('Stranger')];
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['create', "/signet-https:https/trust-anchor[name='a']", { name: 'a', certificate: base64(authority.root) }],
    ]);
    const { privateKey } = await newKey('anchored');
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const foreign = await stranger.issue(privateKey);
    const install = (data: string) => it.invoke(`${entry('web')}/install`, { data, 'private-key': key });
    const refused = await refusalOf(() => install(pem(foreign, stranger.intermediate)));
    assert.match(refused, /the chain does not lead to a configured trust anchor/);
    await install(pem(await authority.issue(privateKey), authority.intermediate));
    await it.apply([['merge', '/signet-https:https/client-authentication/ca-certs', ['a']]]);
    await install(pem(foreign, stranger.intermediate));
  });

  test('a root that came along is judged where no anchor is configured (RFC 5280 section 6)', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const own = (await newKey('judged')).privateKey;
    const key = own.export({ format: 'pem', type: 'pkcs8' }).toString();
    const strong = (await newKey('root')).privateKey;
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const subject = { organization: 'Judged', commonName: 'Root' };
    const dates = { notBefore: new Date(noon - day), notAfter: new Date(noon + 90 * day) };
    for (const [rootKey, extensions, rootDates, text] of [
      [strong, caExtensions(strong, strong), {}, undefined],
      [weak, caExtensions(weak, weak), {}, /1024/],
      [strong, [...caExtensions(strong, strong), constraints([], [dns('example.net')])], {}, /excludes the name/],
      [strong, caExtensions(strong, strong), { notAfter: new Date(noon - 1) }, /expired/],
    ] as const) {
      const root = await issue({ ...dates, ...rootDates, subject, key: rootKey, extensions });
      const leaf = await issue({
        ...dates,
        subject: { commonName: 'device.example.net' },
        key: own,
        issuer: { subject, key: rootKey },
        extensions: serverExtensions(own, rootKey, ['digitalSignature'], 'device.example.net'),
      });
      const install = () => it.invoke(`${entry('web')}/install`, { data: pem(leaf, root), 'private-key': key });
      if (text === undefined) await install();
      else assert.match(await refusalOf(install), text);
      const set = () =>
        it.apply([
          ['merge', `${entry('web')}/source`, 'ca-signed'],
          ['replace', `${entry('web')}/chain`, base64(leaf, root)],
        ]);
      if (text !== undefined) assert.match(await refusalOf(set), text);
    }
  });

  test('anchors and revocation lists that cannot be read are refused where they are written', async (context) => {
    const { it } = await device(context);
    const junk = Buffer.from('junk').toString('base64');
    const anchor = await refusalOf(() =>
      it.apply([['create', "/signet-https:https/trust-anchor[name='a']", { name: 'a', certificate: [junk] }]]),
    );
    assert.match(anchor, /^invalid-value \/signet-https:https\/trust-anchor\[name='a'\]\/certificate: certificate 1: /);
    const list = await refusalOf(() => it.apply([['merge', '/signet-https:https/client-authentication/crl', [junk]]]));
    assert.match(list, /^invalid-value \/signet-https:https\/client-authentication\/crl: revocation list 1: /);
  });

  test('level high wants client anchors and strong keys, before anything is presented', async (context) => {
    const { it } = await device(context);
    const authority = await makeAuthority();
    const level = '/signet-https:https/security-level';
    assert.match(
      await refusalOf(() => it.apply([['merge', level, 'high']], { testOnly: true })),
      /name a trust anchor/,
    );
    await it.apply([
      ['create', "/signet-https:https/trust-anchor[name='a']", { name: 'a', certificate: base64(authority.root) }],
      ['merge', '/signet-https:https/client-authentication/ca-certs', ['a']],
      ['merge', level, 'high'],
    ]);
    const weak = await refusalOf(() =>
      it.apply(
        [
          ['create', entry('web'), { name: 'web', 'key-algorithm': 'rsa-2048' }],
          ['merge', serverCertificate, 'web'],
        ],
        { testOnly: true },
      ),
    );
    assert.match(weak, /certificate\[name='web'\]\/key-algorithm: an RSA key of 2048 bits is too short/);
    const suite = ['merge', '/signet-https:https/hello-params/tls-versions/max', 'tls12'] as const;
    assert.match(await refusalOf(() => it.apply([suite], { testOnly: true })), /tls-versions: no TLS version is left/);
  });
});

describe('requests and their keys', () => {
  test('a request keeps what is installed in force; aborted, its key is no longer named', async (context) => {
    const { it, listener } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ]);
    const fingerprint = listener.fingerprint();
    await it.invoke(`${entry('web')}/generate-request`, { 'reuse-key': false });
    assert.equal(listener.fingerprint(), fingerprint);
    assert.equal((await it.keyFiles()).length, 2);
    await it.invoke(`${entry('web')}/abort-request`);
    assert.equal(it.get(`${entry('web')}/request`), undefined);
  });

  test('a request on a key of another algorithm than the entry asks for gets a new key', async (context) => {
    const { it } = await device(context);
    const authority = await makeAuthority();
    const { privateKey } = await newKey('p384', 'ec-p384');
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const data = pem(await authority.issue(privateKey), authority.intermediate);
    await it.invoke(`${entry('web')}/install`, { data, 'private-key': key });
    const { pem: request } = await it.invoke(`${entry('web')}/generate-request`);
    assert.equal(keyOfRequest(String(request)).asymmetricKeyDetails?.namedCurve, 'prime256v1');
  });

  test('a pass phrase has at least four characters and guards the export, also after another request on its key', async (context) => {
    const { it } = await device(context);
    const authority = await makeAuthority();
    await it.apply([['create', entry('web'), { name: 'web', source: 'ca-signed' }]]);
    const short = await refusalOf(() => it.invoke(`${entry('web')}/generate-request`, { 'pass-phrase': 'abc' }));
    assert.match(short, /pass-phrase/);
    await it.invoke(`${entry('web')}/generate-request`, { 'pass-phrase': 'open sesame' });
    const { pem: request } = await it.invoke(`${entry('web')}/generate-request`);
    const leaf = await authority.issue(keyOfRequest(String(request)));
    await it.invoke(`${entry('web')}/install`, { data: pem(leaf, authority.intermediate) });
    const path = `${entry('web')}/export`;
    const refused = await refusalOf(() => it.invoke(path, { format: 'pkcs8', 'pass-phrase': 'another' }));
    assert.match(refused, /export\/pass-phrase: not the pass phrase that the key was made with/);
    const { data } = await it.invoke(path, { format: 'pkcs8', 'pass-phrase': 'open sesame' });
    assert.match(Buffer.from(String(data), 'base64').toString(), /BEGIN ENCRYPTED PRIVATE KEY/);
    assert.equal((it.get(`${entry('web')}/installed`) as Record<string, unknown>)['pass-phrase-set'], true);
  });

  test('a pass phrase goes with its key, wherever that is used', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    await it.invoke(`${entry('web')}/self-sign`, { 'pass-phrase': 'open sesame' });
    await it.invoke(`${entry('web')}/self-sign`);
    const refused = await refusalOf(() =>
      it.invoke(`${entry('web')}/export`, { format: 'pkcs12', 'pass-phrase': 'another' }),
    );
    assert.match(refused, /not the pass phrase that the key was made with/);
    const first = (it.get(`${entry('web')}/installed`) as Record<string, unknown>)['key-id'];
    await it.invoke(`${entry('web')}/self-sign`, { 'reuse-key': false });
    const second = it.get(`${entry('web')}/installed`) as Record<string, unknown>;
    assert.notEqual(second['key-id'], first);
    assert.equal(second['pass-phrase-set'], false);
  });

  test('a request reads as it was made and is sealed where it is kept', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const made = await it.invoke(`${entry('web')}/generate-request`, { 'challenge-password': 'in the clear' });
    const request = it.get(`${entry('web')}/request`) as Record<string, unknown>;
    assert.equal(request['pem'], made['pem']);
    assert.equal(request['sealed-pem'], undefined);
    const journal = await it.journal();
    assert.ok(journal.includes('sealed-pem'));
    assert.ok(!journal.includes('CERTIFICATE REQUEST'));
  });

  for (const [change, reason] of [
    [{ 'key-algorithm': 'ed25519' }, /browsers do not offer signatures by a key ed25519/],
    [{ 'validity-days': 900 }, /valid for 900 days; browsers refuse more than 825/],
  ] as const) {
    test(`what browsers refuse (${Object.keys(change).join()}) is presented for a trial only`, async (context) => {
      const { it } = await device(context);
      const { findings } = await it.apply([['create', entry('web'), { name: 'web', ...change }]]);
      assert.match(findings.map(({ text, appTag }) => `${appTag ?? ''} ${text}`).join(), reason);
      const refused = await refusalOf(() => it.invoke(`${entry('web')}/activate`));
      assert.match(refused, reason);
      assert.match(refused, /give a confirm timeout/);
      assert.equal(it.get(serverCertificate), undefined);
      const activated = await it.invoke(`${entry('web')}/activate`, { 'confirm-timeout': 60 });
      assert.match(JSON.stringify(activated['finding']), reason);
      await it.session.confirm(String(activated['persist-id']));
      await it.invoke(`${entry('web')}/self-sign`);
      assert.equal(it.get(serverCertificate), 'web');
    });
  }

  test('restore-default leaves an entry `default` of the administrator alone', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('default'), { name: 'default', subject: { 'common-name': 'mine.example' } }]]);
    const fingerprint = (it.get(`${entry('default')}/state`) as Record<string, unknown>)['fingerprint-sha256'];
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(it.get(serverCertificate), 'default-2');
    const state = it.get(`${entry('default')}/state`) as Record<string, unknown>;
    assert.equal(state['fingerprint-sha256'], fingerprint);
  });

  test('a request of `default` that waits for its answer outlives restore-default and the deletion of what is presented', async (context) => {
    const { it } = await device(context);
    await it.apply([
      ['create', entry('default'), { name: 'default' }],
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ]);
    const { pem: request } = await it.invoke(`${entry('default')}/generate-request`);
    await it.invoke(`${entry('web')}/delete`);
    assert.equal(it.get(serverCertificate), 'default-2');
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(it.get(serverCertificate), 'default-2', 'its own entry serves again');
    const leaf = await (await makeAuthority()).issue(keyOfRequest(String(request)));
    await it.invoke(`${entry('default')}/install`, { data: pem(leaf) });
    assert.equal(it.get(`${entry('default')}/source`), 'ca-signed');
  });

  test('deleting what is presented makes and presents a factory certificate in the same transaction', async (context) => {
    const { it, listener } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ]);
    const before = Number(it.datastore.transaction());
    await it.invoke(`${entry('web')}/delete`);
    assert.equal(Number(it.datastore.transaction()), before + 1);
    assert.equal(it.get(entry('web')), undefined);
    assert.equal(it.get(serverCertificate), 'default');
    const state = it.get(`${entry('default')}/state`) as Record<string, unknown>;
    assert.equal(listener.fingerprint(), state['fingerprint-sha256']);
  });

  test('purge removes the keys of all versions, so that a rollback cannot present it; delete alone keeps them', async (context) => {
    const { it } = await device(context);
    const { transaction } = await it.apply([['create', entry('web'), { name: 'web' }]]);
    await it.apply([['merge', `${entry('web')}/key-algorithm`, 'ec-p384']]);
    await it.invoke(`${entry('web')}/delete`);
    assert.equal((await it.keyFiles()).length, 2);
    await it.session.rollback(transaction);
    await it.invoke(`${entry('web')}/delete`, { purge: true });
    assert.deepEqual(await it.keyFiles(), []);
    await it.session.rollback(transaction);
    const { finding } = it.get(`${entry('web')}/state`) as { finding: readonly { text: string }[] };
    assert.match(finding[0]?.text ?? '', /^the private key is lost/);
  });
});
