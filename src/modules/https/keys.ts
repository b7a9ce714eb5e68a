/** Private keys in the key store: PKCS#8 in, key objects out. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { KeyStore } from '../../southbound/index.js';
import { keyIdOf } from '../../x509/index.js';

export async function loadKey(keys: KeyStore, keyId: string): Promise<KeyObject> {
  return createPrivateKey({ key: await keys.get(keyId), format: 'der', type: 'pkcs8' });
}

/** The key is on disk when this resolves; answers its name. */
export async function storeKey(keys: KeyStore, key: KeyObject): Promise<string> {
  const keyId = keyIdOf(key);
  await keys.put(keyId, key.export({ format: 'der', type: 'pkcs8' }));
  return keyId;
}
