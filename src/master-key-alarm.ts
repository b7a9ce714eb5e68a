/**
 * The alarm of a master key that is not the one that secrets were sealed under. Part of the composition root: it looks at
 * the tree, the key files and the key.
 */
import { type Datastore, masterKeyFact, sealedPrefix } from './datastore/index.js';
import type { AlarmsModule } from './modules/index.js';
import type { KeyStore } from './southbound/index.js';
import { Branch, type Content, InstanceIdentifier, ListData } from './yang/index.js';

export interface MasterKeyParts {
  readonly datastore: Datastore;
  readonly keys: Pick<KeyStore, 'get'>;
  readonly alarms: Pick<AlarmsModule, 'raise' | 'clear' | 'stands'>;
}

/**
 * Looks once, and after each commit for as long as the alarm stands: it is over when every secret in running and every
 * private key that running names opens. Cost follows the tree only while the key is another. Gives what ends it.
 */
export async function watchMasterKey(parts: MasterKeyParts): Promise<() => void> {
  const { datastore } = parts;
  if (isKnownKey(datastore) && !parts.alarms.stands(alarm)) return () => undefined;
  let close: () => void = () => undefined;
  let isLooking = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      let transaction: string;
      do {
        transaction = datastore.transaction();
        if (await showLost(parts)) continue;
        close();
        await remember(datastore);
        return;
      } while (transaction !== datastore.transaction());
    } finally {
      isLooking = false;
    }
  };
  close = datastore.subscribe((event) => {
    // A fact that the disk does not take is written by the next commit.
    if (event.kind === 'commit') look().catch(() => undefined);
  });
  await look().catch(() => undefined);
  return () => close();
}

/** True where something does not open; the alarm says how much. */
async function showLost({ datastore, keys, alarms }: MasterKeyParts): Promise<boolean> {
  const { config, system } = datastore.running();
  const secrets = [...textLeafs(InstanceIdentifier.root, config.root)].filter(
    ([path, value]) => value.startsWith(sealedPrefix) && !opens(datastore, path, value),
  );
  const lostKeys: string[] = [];
  for (const [path, keyId] of textLeafs(InstanceIdentifier.root, system.root)) {
    if (path.last?.schema.name !== 'key-id') continue;
    await keys.get(keyId).catch(() => lostKeys.push(keyId));
  }
  if (secrets.length === 0 && lostKeys.length === 0) {
    alarms.clear(alarm);
    return false;
  }
  const what = `${String(secrets.length)} secrets and ${String(lostKeys.length)} private keys`;
  const text = `${what} do not open under this master key; put the former one back and restart, or set them anew`;
  alarms.raise({ ...alarm, severity: 'critical', text });
  return true;
}

function opens(datastore: Datastore, path: InstanceIdentifier, value: string): boolean {
  try {
    datastore.masterKey.openText(value, path.toString());
    return true;
  } catch {
    return false;
  }
}

/** Leafs whose values are strings in memory. */
function* textLeafs(path: InstanceIdentifier, content: Content): Iterable<readonly [InstanceIdentifier, string]> {
  if (typeof content === 'string') yield [path, content];
  else if (content instanceof ListData) {
    const parent = path.parent ?? InstanceIdentifier.root;
    for (const entry of content) {
      const isKeyed = content.schema.keys.length > 0;
      if (isKeyed) yield* textLeafs(parent.child(content.schema, entry.keys()), entry);
    }
  } else if (content instanceof Branch) {
    for (const [child, inner] of content.present()) yield* textLeafs(path.child(child), inner);
  }
}

/** The key opens what it sealed when it was remembered. */
function isKnownKey(datastore: Datastore): boolean {
  const known = datastore.meta(masterKeyFact).get();
  if (typeof known !== 'string') return false;
  try {
    datastore.masterKey.open(Buffer.from(known, 'base64'), masterKeyFact);
    return true;
  } catch {
    return false;
  }
}

async function remember(datastore: Datastore): Promise<void> {
  const sealed = datastore.masterKey.seal(Buffer.alloc(0), masterKeyFact);
  await datastore.meta(masterKeyFact).set(sealed.toString('base64'));
}

const alarm = { resource: '/signet-agent:agent', type: 'master-key-lost' } as const;
