import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { type AuthProtocol, localizeKey, localizePrivacyKey } from '../../../src/northbound/snmp/index.js';

const engine = Buffer.from('000000000000000000000002', 'hex');

/** The manager side of the npm package: an independent implementation of key localisation. */
interface Oracle {
  readonly AuthProtocols: Readonly<Record<string, number>>;
  readonly PrivProtocols: Readonly<Record<string, number>>;
}
interface OracleInternals {
  readonly Authentication: { passwordToKey(protocol: number, phrase: string, engineId: Buffer): Buffer };
}
const oracle = createRequire(import.meta.url)('net-snmp') as Oracle & Partial<OracleInternals>;

test('RFC 3414 A.3.2: maplesyrup with SHA-1', () => {
  assert.equal(localizeKey('sha1', 'maplesyrup', engine).toString('hex'), '6695febc9288e36282235fc7151f128497b38f3f');
});

test('RFC 7860 A and others: the key is as long as the hash', () => {
  const lengths = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;
  for (const [protocol, length] of Object.entries(lengths)) {
    assert.equal(localizeKey(protocol as AuthProtocol, 'maplesyrup', engine).length, length);
  }
});

test('keys of all hashes equal those of the net-snmp package', {
  skip: oracle.Authentication === undefined ? 'not exported' : false,
}, () => {
  for (const [name, protocol] of Object.entries({
    sha: 'sha1',
    sha224: 'sha224',
    sha256: 'sha256',
    sha384: 'sha384',
    sha512: 'sha512',
  })) {
    for (const phrase of ['maplesyrup', 'a pass phrase of some length, äöü']) {
      const expected = oracle.Authentication!.passwordToKey(oracle.AuthProtocols[name]!, phrase, engine);
      assert.deepEqual(
        localizeKey(protocol as AuthProtocol, phrase, engine),
        Buffer.from(expected),
        `${name} ${phrase}`,
      );
    }
  }
});

test('a privacy key is cut, or extended in one of two ways', () => {
  const base = localizeKey('sha1', 'maplesyrup', engine);
  const key = (protocol: Parameters<typeof localizePrivacyKey>[1]) =>
    localizePrivacyKey('sha1', protocol, 'maplesyrup', engine);
  assert.deepEqual(key('aes128'), base.subarray(0, 16));
  for (const extended of [key('aes256'), key('aes256c')]) {
    assert.equal(extended.length, 32);
    assert.deepEqual(extended.subarray(0, 20), base);
  }
  assert.notDeepEqual(key('aes256'), key('aes256c'));
  assert.deepEqual(key('aes192'), key('aes256').subarray(0, 24));
});

test('a pass phrase of fewer than 8 octets is refused (RFC 3414 section 11.2)', () => {
  assert.throws(() => localizeKey('sha256', 'seven77', engine), { tag: 'invalid-value' });
});
