/** The root that comes along with a chain, where no trust anchor is configured. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { type Asn1, context, contextPrimitive, sequence } from '../../src/x509/asn1.js';
import { basicConstraints, extendedKeyUsage, extension, keyUsage } from '../../src/x509/extensions.js';
import { certificatePem } from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import {
  caExtensions,
  deepChain,
  type Issue,
  issue,
  openssl,
  save,
  serverExtensions,
  temporaryDirectory,
  testKey,
} from '../x509/support.js';
import { base64, newKey, pem } from './authority.js';
import { day, device, entry, noon, refusalOf } from './support.js';

const host = 'device.example.net';
const rootSubject = { commonName: 'Own Root' };
const middleSubject = { commonName: 'Middle' };
const dates = { notBefore: new Date(noon - 30 * day), notAfter: new Date(noon + 300 * day) };

interface Fault {
  readonly expected: RegExp;
  readonly key?: KeyObject;
  readonly extensions?: (usual: readonly Asn1[]) => readonly Asn1[];
  readonly dates?: Pick<Issue, 'notBefore' | 'notAfter'>;
}

const excludesHost = extension(
  '2.5.29.30',
  true,
  sequence(context(1, sequence(contextPrimitive(2, Buffer.from(host))))),
);

const faults: Readonly<Record<string, Fault>> = {
  'an unknown critical extension': {
    expected: /CN=Own Root has the critical extension 1\.2\.3\.4, which is not known/,
    extensions: (usual) => [...usual, extension('1.2.3.4', true, sequence())],
  },
  'constraints that exclude the name': {
    expected: /CN=Own Root excludes the name device\.example\.net/,
    extensions: (usual) => [...usual, excludesHost],
  },
  'path length 0 above an intermediate': {
    expected: /CN=Own Root allows 0 certification authorities below it, and there are 1/,
    extensions: ([, ...usual]) => [basicConstraints(true, 0), ...usual],
  },
  'no basicConstraints': {
    expected: /CN=Own Root issued another and is not a certification authority/,
    extensions: ([, ...usual]) => usual,
  },
  'no keyUsage': {
    expected: /CN=Own Root is a certification authority without keyUsage/,
    extensions: ([constraints, , ...usual]) => [constraints!, ...usual],
  },
  'a keyUsage without keyCertSign': {
    expected: /CN=Own Root is not allowed to sign certificates/,
    extensions: ([constraints, , ...usual]) => [constraints!, keyUsage(['cRLSign']), ...usual],
  },
  'clientAuth alone': {
    expected: /CN=Own Root does not allow certificates of TLS servers below it/,
    extensions: (usual) => [...usual, extendedKeyUsage(['1.3.6.1.5.5.7.3.2'])],
  },
  'its end behind it': {
    expected: /CN=Own Root expired on 2026-11-23/,
    dates: { notBefore: new Date(noon - 30 * day), notAfter: new Date(noon - day) },
  },
  'an RSA key of 1024 bits': {
    expected: /CN=Own Root has an RSA key of 1024 bits; level standard wants 2048/,
    key: generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
  },
};

test(
  "a root that came along is judged as OpenSSL's strict mode judges it as an anchor (RFC 5280 section 6)",
  requireTool('openssl'),
  async (scope) => {
    const directory = temporaryDirectory();
    const { it } = await device(scope);
    const { privateKey } = await newKey('own root leaf');
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await it.apply([['create', entry('web'), { name: 'web' }]]);
    const good: Fault = { expected: /^/ };
    for (const [what, fault] of Object.entries({ ...faults, none: good })) {
      const { root, middle, leaf } = await chainBelow(fault, privateKey);
      const install = () => it.invoke(`${entry('web')}/install`, { data: pem(leaf, middle, root), 'private-key': key });
      const files = Object.entries({ root, middle, leaf });
      for (const [name, certificate] of files) save(directory, name, certificatePem(certificate));
      const rules = ['-x509_strict', '-purpose', 'sslserver', '-auth_level', '2', '-attime', String(noon / 1000)];
      const judged = openssl(directory, 'verify', ...rules, '-CAfile', 'root', '-untrusted', 'middle', 'leaf');
      assert.equal(judged.status === 0, fault === good, `${what}: ${judged.text}`);
      if (fault === good) {
        const { finding } = await install();
        assert.match(
          JSON.stringify(finding),
          /the root certificate CN=Own Root is not sent by a server and was left out/,
        );
        continue;
      }
      const refused = await refusalOf(install);
      assert.match(refused, fault.expected, what);
      const lines = refused.split('\n');
      assert.equal(new Set(lines).size, lines.length, `${what}: each finding once: ${refused}`);
      const edits = [
        ['merge', `${entry('web')}/source`, 'ca-signed'],
        ['replace', `${entry('web')}/chain`, base64(leaf, middle, root)],
      ] as const;
      assert.match(await refusalOf(() => it.apply(edits)), fault.expected, what);
    }
  },
);

test('of a root that was renewed on its key the valid one counts, in whatever order they came', async (scope) => {
  const { it } = await device(scope);
  const { privateKey } = await newKey('own root leaf');
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  await it.apply([['create', entry('web'), { name: 'web' }]]);
  const { root: former } = await chainBelow(faults['its end behind it']!, privateKey);
  const { root, middle, leaf } = await chainBelow({ expected: /^/ }, privateKey);
  for (const roots of [
    [former, root],
    [root, former],
  ]) {
    const { finding } = await it.invoke(`${entry('web')}/install`, {
      data: pem(leaf, middle, ...roots),
      'private-key': key,
    });
    assert.doesNotMatch(JSON.stringify(finding), /expired/);
  }
});

test('a chain that is too long is refused as such, and not cut off', async (scope) => {
  const { it } = await device(scope);
  const { privateKey } = await testKey('ec-p256', 'deep leaf');
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  await it.apply([['create', entry('web'), { name: 'web' }]]);
  const path = `${entry('web')}/install/data`;
  for (const [length, sent, told] of [
    [20, 20, 19],
    [17, 17, 17],
    [17, 16, undefined],
    [16, 16, undefined],
  ] as const) {
    const data = pem(...(await deepChain(length)).slice(0, sent));
    const install = () => it.invoke(`${entry('web')}/install`, { data, 'private-key': key });
    if (told === undefined) await install();
    else {
      const text = `the chain has ${told} certificates; 16 are the most`;
      assert.equal(await refusalOf(install), `invalid-value ${path}: ${text}`);
    }
  }
});

/** A root with a fault, an intermediate and a server certificate without one. */
async function chainBelow(fault: Fault, key: KeyObject) {
  const rootKey = fault.key ?? (await newKey('own root')).privateKey;
  const middleKey = (await newKey('own root middle')).privateKey;
  const usual = caExtensions(rootKey, rootKey);
  return {
    root: await issue({
      subject: rootSubject,
      key: rootKey,
      extensions: fault.extensions?.(usual) ?? usual,
      ...dates,
      ...fault.dates,
    }),
    middle: await issue({
      subject: middleSubject,
      key: middleKey,
      issuer: { subject: rootSubject, key: rootKey },
      extensions: caExtensions(middleKey, rootKey),
      ...dates,
    }),
    leaf: await issue({
      subject: { commonName: host },
      key,
      issuer: { subject: middleSubject, key: middleKey },
      extensions: serverExtensions(key, middleKey, ['digitalSignature'], host),
      ...dates,
    }),
  };
}
