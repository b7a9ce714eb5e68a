import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '../../src/error.js';
import { openKeyStore, type Sealing } from '../../src/southbound/keys.js';

const base = await mkdtemp(join(tmpdir(), 'signet-keys-'));
after(() => rm(base, { recursive: true, force: true }));

const idA = 'a'.repeat(64);
const idB = 'b'.repeat(64);
const secret = Buffer.from('a private key in PKCS#8');

test('a key comes back as it was put, also to a store that is opened anew', async () => {
  const directory = join(base, 'again');
  const sealing = gcm();
  const store = await openKeyStore(directory, sealing);
  await store.put(idA, secret);
  await store.put(idA, secret);
  assert.deepEqual(await store.get(idA), secret);
  const reopened = await openKeyStore(directory, sealing);
  assert.deepEqual(await reopened.get(idA), secret);
  assert.equal(await reopened.has(idA), true);
  assert.equal(await reopened.has(idB), false);
  await reopened.put(idB, secret);
  assert.deepEqual(await reopened.list(), [idA, idB]);
  await reopened.remove(idA);
  await reopened.remove(idA);
  assert.deepEqual(await reopened.list(), [idB]);
});

test('files are 0600 in a directory 0700, and hold nothing of the key in clear', async () => {
  const directory = join(base, 'modes');
  const store = await openKeyStore(directory, gcm());
  await chmod(directory, 0o755);
  await openKeyStore(directory, gcm());
  await store.put(idA, secret);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  assert.equal((await stat(join(directory, idA))).mode & 0o777, 0o600);
  assert.equal((await readFile(join(directory, idA))).includes(secret), false);
  assert.deepEqual(await readdir(directory), [idA]);
});

test('an absent key is data-missing', async () => {
  const store = await openKeyStore(join(base, 'absent'), gcm());
  await assert.rejects(store.get(idA), refusal('data-missing', `there is no private key ${idA}`));
});

test('a key file that was changed, moved to another name or sealed under another master key is not opened', async () => {
  const directory = join(base, 'damage');
  const sealing = gcm();
  const store = await openKeyStore(directory, sealing);
  await store.put(idA, secret);
  const sealed = await readFile(join(directory, idA));
  const message = (id: string) => `the key file ${id} is damaged or was sealed under another master key`;
  await writeFile(join(directory, idB), sealed);
  await assert.rejects(store.get(idB), refusal('operation-failed', message(idB)));
  await assert.rejects((await openKeyStore(directory, gcm())).get(idA), refusal('operation-failed', message(idA)));
  sealed[sealed.length - 1]! ^= 1;
  await writeFile(join(directory, idA), sealed);
  await assert.rejects(store.get(idA), refusal('operation-failed', message(idA)));
});

test('what a crash left half written goes at the next opening, and was never listed', async () => {
  const directory = join(base, 'crash');
  const store = await openKeyStore(directory, gcm());
  await writeFile(join(directory, `${idA}.1-2.part`), 'half');
  assert.deepEqual(await store.list(), []);
  assert.equal(await store.has(idA), false);
  await openKeyStore(directory, gcm());
  assert.deepEqual(await readdir(directory), []);
});

test('a name that is no key-id is refused before any file is touched', async () => {
  const store = await openKeyStore(join(base, 'names'), gcm());
  for (const id of ['', '../escape', idA.toUpperCase(), `${idA}0`, `${idA.slice(1)}/`]) {
    const expected = refusal('invalid-value', 'a key-id is 64 hexadecimal digits');
    await assert.rejects(store.put(id, secret), expected);
    await assert.rejects(store.get(id), expected);
    await assert.rejects(store.has(id), expected);
    await assert.rejects(store.remove(id), expected);
  }
});

test('a directory that cannot be made is an operation-failed that names the cause', async () => {
  const file = join(base, 'file');
  await writeFile(file, '');
  const keys = join(file, 'keys');
  const message = `the key directory ${keys} cannot be used: ENOTDIR`;
  await assert.rejects(openKeyStore(keys, gcm()), refusal('operation-failed', message));
});

function refusal(tag: string, message: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual([error.tag, error.message], [tag, message]);
    return true;
  };
}

function gcm(): Sealing {
  const key = randomBytes(32);
  return {
    seal(plain, aad) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(aad));
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, aad) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(Buffer.from(aad));
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    },
  };
}
