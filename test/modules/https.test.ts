/** The https handler, phase by phase, over a real datastore and a listener that pretends. */
import assert from 'node:assert/strict';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Change, Root } from '../../src/datastore/index.js';
import { ConfigError } from '../../src/error.js';
import { judgeChange } from '../../src/modules/https/judge.js';
import { generalNameTypes } from '../../src/x509/index.js';
import { applyEdits, DataTree, diffTrees, parsePath } from '../../src/yang/index.js';
import {
  device,
  entry,
  everything,
  FakeListener,
  openDevice,
  refusalOf,
  schema,
  serverCertificate,
} from './support.js';

describe('issuing', () => {
  test('a commit issues the certificate, presents it and tells of it', async (context) => {
    const { it, listener } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web', subject: { 'common-name': 'web.example.net' } }],
      ['merge', serverCertificate, 'web'],
    ]);
    const state = it.get(`${entry('web')}/state`) as Record<string, unknown>;
    assert.equal(state['subject'], 'CN=web.example.net');
    assert.equal(state['fingerprint-sha256'], listener.fingerprint());
    assert.equal(state['days-remaining'], 820);
    assert.equal(state['validity'], 'valid');
    assert.deepEqual(it.get('/signet-https:https/state'), {
      certificate: 'web',
      'fingerprint-sha256': listener.fingerprint(),
      'security-level': 'standard',
    });
    assert.deepEqual(it.notifications(), ['certificate-installed', 'certificate-activated']);
    assert.equal((await it.keyFiles()).length, 1);
  });

  test('commits on different entries at the same moment all go through, each with one key', async (context) => {
    const { it } = await device(context);
    const names = Array.from({ length: 12 }, (_, index) => `c${String(index)}`);
    await it.apply(names.map((name) => ['create', entry(name), { name }]));
    const before = (await it.keyFiles()).length;
    await Promise.all(
      names.map((name) => it.apply([['merge', `${entry(name)}/key-algorithm`, 'ec-p384']], { comment: name })),
    );
    assert.equal((await it.keyFiles()).length, before + names.length);
    for (const name of names) {
      assert.equal((it.get(`${entry(name)}/state`) as Record<string, unknown>)['key-algorithm'], 'ec-p384');
    }
  });

  test('commits on one entry at the same moment are made one on the other', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const organizations = Array.from({ length: 12 }, (_, index) => `Organization ${String(index)}`);
    await Promise.all(organizations.map((name) => it.apply([['merge', `${entry('web')}/subject/organization`, name]])));
    const last = it.get(`${entry('web')}/subject/organization`);
    assert.equal((it.get(`${entry('web')}/state`) as Record<string, unknown>)['subject'], `O=${String(last)}`);
  });

  test('without certificate the factory stands in, and state tells its fingerprint', async (context) => {
    const { it, listener } = await device(context);
    assert.notEqual(listener.fingerprint(), '');
    assert.deepEqual(it.get('/signet-https:https/state'), {
      certificate: '',
      'fingerprint-sha256': listener.fingerprint(),
      'security-level': 'standard',
    });
    const factory = listener.fingerprint();
    await it.apply([['merge', '/signet-https:https/hello-params/tls-versions/min', 'tls13']]);
    assert.equal(listener.fingerprint(), factory);
  });

  test('names change the certificate and keep the key; another key algorithm changes both', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const first = it.get(`${entry('web')}/installed`) as Record<string, unknown>;
    await it.apply([['merge', `${entry('web')}/subject/locality`, 'Springfield']]);
    const second = it.get(`${entry('web')}/installed`) as Record<string, unknown>;
    assert.equal(second['key-id'], first['key-id']);
    assert.notDeepEqual(second['chain'], first['chain']);
    await it.apply([['merge', `${entry('web')}/key-algorithm`, 'ec-p384']]);
    const third = it.get(`${entry('web')}/installed`) as Record<string, unknown>;
    assert.notEqual(third['key-id'], first['key-id']);
    assert.equal((it.get(`${entry('web')}/state`) as Record<string, unknown>)['key-algorithm'], 'ec-p384');
  });

  test('what has no bearing on the certificate leaves it alone', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const first = it.get(`${entry('web')}/installed`);
    await it.apply([['merge', `${entry('web')}/auto-renew`, false]]);
    assert.deepEqual(it.get(`${entry('web')}/installed`), first);
  });

  test('deleted and created anew in two commits it has another key; in one it is what it was', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const first = it.get(`${entry('web')}/installed`) as Record<string, unknown>;
    await it.apply([
      ['delete', entry('web')],
      ['create', entry('web'), { name: 'web' }],
    ]);
    assert.deepEqual(it.get(`${entry('web')}/installed`), first);
    await it.apply([['delete', entry('web')]]);
    assert.equal(it.get(`${entry('web')}/installed`), undefined);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    assert.notEqual((it.get(`${entry('web')}/installed`) as Record<string, unknown>)['key-id'], first['key-id']);
  });

  test('an entry whose key file is lost gets a new key with the next change; until then its state says so', async (context) => {
    const { it } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const first = it.get(`${entry('web')}/installed`) as Record<string, string>;
    await unlink(join(it.state, 'keys', first['key-id'] ?? ''));
    await it.keys.isSound(first['key-id'] ?? '');
    const { finding } = it.get(`${entry('web')}/state`) as { finding: readonly { text: string }[] };
    assert.match(finding[0]?.text ?? '', /^the private key is lost/);
    await it.apply([['merge', `${entry('web')}/auto-renew`, false]]);
    const second = it.get(`${entry('web')}/installed`) as Record<string, string>;
    assert.notEqual(second['key-id'], first['key-id']);
    assert.deepEqual(await it.keyFiles(), [second['key-id']]);
  });

  test('going back to where a purged certificate was presented is refused at its entry, and nothing changes', async (context) => {
    const { it, listener } = await device(context);
    const { transaction } = await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ]);
    await it.invoke(`${entry('web')}/delete`, { purge: true });
    const before = await everything(it, listener);
    const refused = await refusalOf(() => it.session.rollback(transaction));
    assert.match(refused, /certificate\[name='web'\]: .*key/);
    assert.deepEqual(await everything(it, listener), before);
  });

  test('what is installed tells the transaction that installed it, also after a rollback', async (context) => {
    const { it } = await device(context);
    const by = () => (it.get(`${entry('web')}/installed`) as Record<string, unknown>)['transaction'];
    const first = await it.apply([['create', entry('web'), { name: 'web' }]]);
    assert.equal(by(), first.transaction);
    await it.apply([['create', entry('other'), { name: 'other' }]]);
    assert.equal(by(), first.transaction, 'the commit of another entry');
    const second = await it.apply([['merge', `${entry('web')}/subject`, { 'common-name': 'b.example.net' }]]);
    assert.equal(by(), second.transaction);
    await it.session.rollback(first.transaction);
    assert.equal(by(), first.transaction);
  });

  test('rollback restores exactly the former pair and presents it', async (context) => {
    const { it, listener } = await device(context);
    const { transaction } = await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ]);
    const installed = it.get(`${entry('web')}/installed`);
    const fingerprint = listener.fingerprint();
    await it.apply([['merge', `${entry('web')}/key-algorithm`, 'ec-p384']]);
    assert.notEqual(listener.fingerprint(), fingerprint);
    await it.session.rollback(transaction);
    assert.deepEqual(it.get(`${entry('web')}/installed`), installed);
    assert.equal(listener.fingerprint(), fingerprint);
    assert.equal(it.notifications().at(-1), 'certificate-rolled-back');
  });

  test('a confirmed commit that is cancelled gives the former pair back', async (context) => {
    const { it, listener } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ]);
    const fingerprint = listener.fingerprint();
    const { persistId } = await it.apply([['merge', `${entry('web')}/key-algorithm`, 'ec-p384']], {
      confirmTimeout: 60,
    });
    assert.notEqual(listener.fingerprint(), fingerprint);
    await it.session.cancel(persistId);
    assert.equal(listener.fingerprint(), fingerprint);
  });

  test('restore-default while a confirmed commit is open ends it', async (context) => {
    const { it, listener } = await device(context);
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    await it.apply([['merge', serverCertificate, 'web']], { confirmTimeout: 60 });
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(it.get(serverCertificate), 'default');
    const state = it.get(`${entry('default')}/state`) as Record<string, unknown>;
    assert.equal(listener.fingerprint(), state['fingerprint-sha256']);
  });

  test('restore-default works where cipher suites are left that no EC certificate can be presented with', async (context) => {
    const { it, listener } = await device(context);
    await it.apply([
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
      ['merge', '/signet-https:https/hello-params', { groups: ['secp384r1'] }],
    ]);
    listener.refuse = new ConfigError({ tag: 'invalid-value', message: 'the TLS handshake fails' });
    const once = listener.prepare.bind(listener);
    listener.prepare = (service) => {
      if ((service.parameters.groups ?? []).length === 0) listener.refuse = undefined;
      return once(service);
    };
    await it.invoke('/signet-https:https/restore-default');
    assert.equal(it.get(serverCertificate), 'default');
    assert.equal(it.get('/signet-https:https/hello-params'), undefined);
  });
});

describe('refusals leave nothing behind', () => {
  test('the listener refuses what is to be presented: no key file, no transaction', async (context) => {
    const { it, listener } = await device(context);
    const before = await everything(it, listener);
    listener.refuse = new ConfigError({ tag: 'invalid-value', message: 'the TLS handshake fails' });
    const edits = [
      ['create', entry('web'), { name: 'web' }],
      ['merge', serverCertificate, 'web'],
    ] as const;
    const path = "invalid-value /signet-https:https/certificate[name='web']: the TLS handshake fails";
    assert.equal(await refusalOf(() => it.apply(edits)), path);
    listener.refuse = undefined;
    assert.deepEqual(await everything(it, listener), before);
  });

  test('test-only makes no key file', async (context) => {
    const { it, listener } = await device(context);
    const before = await everything(it, listener);
    await it.apply([['create', entry('web'), { name: 'web' }]], { testOnly: true });
    assert.deepEqual(await everything(it, listener), before);
  });

  test('the key folder cannot be written', async (context) => {
    const listener = new FakeListener();
    const full = new ConfigError({ tag: 'resource-denied', message: 'the key file cannot be written: ENOSPC' });
    const it = await openDevice(context, {
      listener,
      keyStore: (store) => ({ ...store, put: () => Promise.reject(full) }),
    });
    const before = await everything(it, listener);
    const refused = await refusalOf(() => it.apply([['create', entry('web'), { name: 'web' }]]));
    assert.equal(refused, 'resource-denied /signet-https:https: the key file cannot be written: ENOSPC');
    assert.deepEqual(await everything(it, listener), before);
  });

  test('apply of the listener fails: what was presented is presented again and the key file goes', async (context) => {
    const { it, listener } = await device(context);
    const files = await it.keyFiles();
    const fingerprint = listener.fingerprint();
    const prepare = listener.prepare.bind(listener);
    listener.prepare = async (service) => {
      const prepared = await prepare(service);
      listener.prepare = prepare;
      return {
        ...prepared,
        apply: () => Promise.reject(new ConfigError({ tag: 'in-use', message: 'the port is gone' })),
      };
    };
    const refused = await refusalOf(() =>
      it.apply([
        ['create', entry('web'), { name: 'web' }],
        ['merge', serverCertificate, 'web'],
      ]),
    );
    assert.match(refused, /the port is gone/);
    assert.equal(listener.fingerprint(), fingerprint);
    assert.equal(it.get(serverCertificate), undefined);
    await it.keys.sweep(new Set());
    assert.deepEqual(await it.keyFiles(), files);
  });

  const bad: readonly (readonly [type: string, value: string])[] = [
    ['dns', 'not a name'],
    ['ip', '300.1.1.1'],
    ['email', 'nobody'],
    ['uri', '/relative'],
    ['directory-name', 'nonsense'],
    ['registered-id', '9.9'],
    ['other-name', 'UTF8:x'],
  ];
  test('every kind of alternative name is judged by validate, test-only and commit alike, at its own entry', async (context) => {
    const { it, listener } = await device(context);
    assert.deepEqual(bad.map(([type]) => type).sort(), [...generalNameTypes].sort());
    const before = await everything(it, listener);
    for (const [type, value] of bad) {
      const edits = [['create', entry('web'), { name: 'web', 'subject-alternative-name': [{ type, value }] }]] as const;
      const refused = await refusalOf(() => it.apply(edits));
      assert.ok(
        refused.startsWith(
          `invalid-value ${entry('web')}/subject-alternative-name[type='${type}'][value='${value}']: `,
        ),
        refused,
      );
      assert.equal(await refusalOf(() => it.apply(edits, { testOnly: true })), refused);
      it.session.edit(edits.map(([operation, path, json]) => it.edit(operation, path, json)));
      assert.equal(await refusalOf(() => it.session.validate()), refused);
      it.session.discard();
    }
    assert.deepEqual(await everything(it, listener), before);
  });

  test('an address as DNS name is refused where it is new: give it as type ip (RFC 5280 4.2.1.6, RFC 9525 6.5)', async (context) => {
    const { it } = await device(context);
    const named = (...values: readonly string[]) => ({
      name: 'web',
      'subject-alternative-name': values.map((value) => ({ type: 'dns', value })),
    });
    for (const value of ['127.0.0.1', '::1']) {
      const path = `${entry('web')}/subject-alternative-name[type='dns'][value='${value}']`;
      const text = 'an IP address is not a DNS name: give it as type ip';
      const create = () => it.apply([['create', entry('web'), named(value)]]);
      assert.equal(await refusalOf(create), `invalid-value ${path}: ${text}`);
    }
    await it.apply([['create', entry('web'), named('1.2.3', '4.in-addr.arpa', '1.2.3.4.example')]]);

    const root = (...values: readonly string[]): Root => ({
      config: applyEdits(DataTree.empty(schema), [it.edit('merge', entry('web'), named(...values))]),
      system: DataTree.empty(schema),
    });
    const judged = (before: Root, after: Root, cause: Change['cause']) =>
      judgeChange(
        {
          before,
          after,
          cause,
          origin: { user: 'admin', protocol: 'local', address: '' },
          instance: parsePath(schema, '/signet-https:https'),
          differences: diffTrees(before.config, after.config),
          touches: () => false,
        },
        {
          clock: it.clock,
          hasKey: () => true,
          checkParameters: () => ({ cipherSuites: [], groups: [] }),
          hosts: () => [],
          listenOverride: undefined,
          listenDefault: [],
        },
      ).filter(({ severity }) => severity === 'error');
    const [former, other] = [root('192.0.2.1'), root('192.0.2.1', 'more.example')];
    assert.equal(judged(root('more.example'), other, 'commit').length, 1);
    assert.deepEqual(judged(former, other, 'commit'), [], 'an entry that has one from before can be changed');
    assert.deepEqual(judged(root('more.example'), former, 'rollback'), [], 'and gone back to');
  });

  test('a subject field that no certificate can hold is refused at its leaf', async (context) => {
    const { it } = await device(context);
    const edits = [['create', entry('web'), { name: 'web', subject: { locality: 'a\tb' } }]] as const;
    assert.equal(
      await refusalOf(() => it.apply(edits, { testOnly: true })),
      `invalid-value ${entry('web')}/subject/locality: has a control character`,
    );
  });

  for (const [hash, reason] of [
    ['md4', /md4 is refused: collisions/],
    ['md5', /md5 is refused: colliding certificates/],
    ['sha1', /sha1 is refused: collisions have been made/],
  ] as const) {
    test(`signature-hash ${hash} is refused with the reason`, async (context) => {
      const { it } = await device(context);
      const refused = await refusalOf(() =>
        it.apply([['create', entry('web'), { name: 'web', 'signature-hash': hash }]]),
      );
      assert.match(refused, reason);
      assert.ok(refused.startsWith(`invalid-value ${entry('web')}/signature-hash: `), refused);
    });
  }
});

test('a restart presents the same certificate', async (context) => {
  const { it, listener } = await device(context);
  await it.apply([
    ['create', entry('web'), { name: 'web' }],
    ['merge', serverCertificate, 'web'],
  ]);
  const files = await readdir(join(it.state, 'keys'));
  const fingerprint = listener.fingerprint();
  await it.close();
  const again = new FakeListener();
  const restarted = await openDevice(context, { listener: again, state: it.state });
  assert.equal(again.fingerprint(), fingerprint);
  assert.deepEqual(await restarted.keyFiles(), files);
});
