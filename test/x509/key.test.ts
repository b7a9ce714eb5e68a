import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createKeyGenerator, keyAlgorithmOf, keyAlgorithms, keyIdOf, X509Error } from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { openssl, save, temporaryDirectory, testKey } from './support.js';

const directory = temporaryDirectory();

for (const algorithm of keyAlgorithms) {
  test(`openssl reads a private key of ${algorithm} and finds it sound`, requireTool('openssl'), async () => {
    const { privateKey } = await testKey(algorithm);
    const file = save(directory, `${algorithm}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const judged = openssl(directory, 'pkey', '-in', file, '-noout', '-check');
    assert.match(judged.text, /Key is valid/);
    assert.equal(keyAlgorithmOf(privateKey), algorithm);
  });
}

test('the key-id is the SHA-256 of the SubjectPublicKeyInfo, of either half', requireTool('openssl'), async () => {
  const { privateKey, publicKey, keyId } = await testKey('ec-p384');
  const file = save(directory, 'id.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const { octets } = openssl(directory, 'pkey', '-in', file, '-pubout', '-outform', 'DER');
  assert.equal(keyId, createHash('sha256').update(octets).digest('hex'));
  assert.equal(keyIdOf(privateKey), keyId);
  assert.equal(keyIdOf(publicKey), keyId);
});

test('an aborted generation rejects with the code aborted', async () => {
  const generator = createKeyGenerator();
  const controller = new AbortController();
  const made = generator.generate('rsa-4096', controller.signal);
  controller.abort();
  await assert.rejects(made, (error) => error instanceof X509Error && error.code === 'aborted');
  await assert.rejects(generator.generate('ed25519', controller.signal), { code: 'aborted' });
});

test('RSA generations of one generator finish in the order asked for, and EC does not wait for them', async () => {
  const generator = createKeyGenerator();
  const order: string[] = [];
  const note = (name: string) => () => order.push(name);
  const controller = new AbortController();
  const first = generator.generate('rsa-3072').then(note('first'));
  const dropped = generator.generate('rsa-4096', controller.signal).catch(note('dropped'));
  const second = generator.generate('rsa-2048').then(note('second'));
  await generator.generate('ec-p256').then(note('ec'));
  controller.abort();
  await Promise.all([first, dropped, second]);
  assert.deepEqual(order, ['ec', 'dropped', 'first', 'second']);
});
