/**
 * The private keys of the device: files in the key store, and keys that a transaction has made and not yet committed.
 * The latter are in memory only, so that a refused commit leaves no file behind; `prepare` writes them. With a key goes the
 * hash of the pass phrase that it was made with, so that no other way to the key leads around it.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../../error.js';
import type { KeyStore } from '../../southbound/index.js';
import { keyIdOf } from '../../x509/index.js';

interface Held {
  readonly key: KeyObject;
  /** Scrypt hash of the pass phrase that it was made with; undefined where there was none. */
  readonly passPhraseHash: string | undefined;
}

export class KeyRing {
  readonly #store: KeyStore;
  readonly #now: () => number;
  #stored: Set<string> = new Set();
  #listed: Promise<void> | undefined;
  readonly #staged = new Map<string, Held & { readonly since: number }>();
  /** Keys that transactions under way need, counted: no sweep takes them. */
  readonly #held = new Map<string, number>();

  /** `now` counts milliseconds and never goes back. The store is not asked before the first method that is asynchronous. */
  constructor(store: KeyStore, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
  }

  /** Learns which files there are; what is asynchronous does so by itself, {@link has} needs it done. */
  open(): Promise<void> {
    this.#listed ??= this.#list();
    return this.#listed;
  }

  /** Whether the key is at hand; what happens to the files behind our back is seen by {@link isSound} only. */
  has(keyId: string): boolean {
    return this.#staged.has(keyId) || this.#stored.has(keyId);
  }

  /** The same, asking the file system. */
  async isSound(keyId: string): Promise<boolean> {
    await this.open();
    if (this.#staged.has(keyId)) return true;
    const isThere = await this.#store.has(keyId);
    if (isThere) this.#stored.add(keyId);
    else this.#stored.delete(keyId);
    return isThere;
  }

  /** The private key of that name; ConfigError where it is lost or its file damaged. */
  async load(keyId: string): Promise<KeyObject> {
    const { key } = await this.#find(keyId);
    return key;
  }

  /** The scrypt hash of the pass phrase without which the key must not be given out; undefined where it was made without one. */
  async passPhraseHash(keyId: string): Promise<string | undefined> {
    const { passPhraseHash } = await this.#find(keyId);
    return passPhraseHash;
  }

  /**
   * Keeps a new key in memory until a transaction that names it is prepared; answers its name. A key that is stored already
   * keeps its pass phrase. ConfigError for too many.
   */
  stage(key: KeyObject, passPhraseHash?: string): string {
    const keyId = keyIdOf(key);
    const now = this.#now();
    // A transaction that was given up tells nobody; what it made is forgotten after a while. The oldest come first.
    for (const [id, { since }] of this.#staged) {
      if (now - since <= stagedFor) break;
      this.#staged.delete(id);
    }
    if (this.#staged.size >= stagedAtMost) {
      const message = `${String(stagedAtMost)} new keys wait for their transactions; try again later`;
      throw new ConfigError({ tag: 'resource-denied', message });
    }
    if (!this.#stored.has(keyId)) this.#staged.set(keyId, { key, passPhraseHash, since: now });
    return keyId;
  }

  /**
   * Writes those keys that are staged, and holds all of them until {@link drop} or until {@link sweep} finds them in use.
   * Answers the names of the files that it made. Throws where a key is neither staged nor stored.
   */
  async save(keyIds: readonly string[]): Promise<readonly string[]> {
    await this.open();
    const written: string[] = [];
    for (const keyId of keyIds) this.#held.set(keyId, (this.#held.get(keyId) ?? 0) + 1);
    try {
      for (const keyId of keyIds) {
        const staged = this.#staged.get(keyId);
        if (staged !== undefined && !this.#stored.has(keyId)) {
          await this.#store.put(keyId, encode(staged));
          this.#stored.add(keyId);
          written.push(keyId);
        } else if (!this.#stored.has(keyId)) {
          throw new ConfigError({ tag: 'operation-failed', message: `private key ${keyId} is lost; make a new one` });
        }
      }
    } catch (error) {
      await this.drop(keyIds, written);
      throw error;
    }
    return written;
  }

  /** Undoes a {@link save}: lets go, and removes what it wrote and nobody else holds. */
  async drop(held: readonly string[], written: readonly string[]): Promise<void> {
    this.letGo(held);
    for (const keyId of written) {
      if (this.#held.has(keyId)) continue;
      this.#stored.delete(keyId);
      await this.#store.remove(keyId);
    }
  }

  /** The transaction that named them went through: they are kept as long as a root names them. */
  settle(keyIds: readonly string[]): void {
    for (const keyId of keyIds) if (this.#stored.has(keyId)) this.#staged.delete(keyId);
  }

  /** No transaction is under way: what is still held is named by a root, or by nothing any more. */
  letAllGo(): void {
    this.#held.clear();
  }

  /** Removes every file that is neither held nor in `referenced`; answers how many. */
  async sweep(referenced: ReadonlySet<string>): Promise<number> {
    await this.open();
    for (const keyId of this.#held.keys()) if (referenced.has(keyId)) this.#held.delete(keyId);
    let removed = 0;
    for (const keyId of await this.#store.list()) {
      if (referenced.has(keyId) || this.#held.has(keyId)) continue;
      this.#stored.delete(keyId);
      await this.#store.remove(keyId);
      removed += 1;
    }
    return removed;
  }

  /** Removes keys whatever names them: what `purge` asks for. */
  async remove(keyIds: readonly string[]): Promise<void> {
    for (const keyId of keyIds) {
      this.#stored.delete(keyId);
      this.#staged.delete(keyId);
      this.#held.delete(keyId);
      await this.#store.remove(keyId);
    }
  }

  async #find(keyId: string): Promise<Held> {
    return this.#staged.get(keyId) ?? decode(await this.#store.get(keyId));
  }

  async #list(): Promise<void> {
    this.#stored = new Set([...(await this.#store.list()), ...this.#stored]);
  }

  /** Transactions that were taken back no longer need them. */
  letGo(keyIds: readonly string[]): void {
    for (const keyId of keyIds) {
      const count = (this.#held.get(keyId) ?? 1) - 1;
      if (count > 0) this.#held.set(keyId, count);
      else this.#held.delete(keyId);
    }
  }
}

/** What is sealed into a key file: JSON of the PKCS#8 in base64 and the hash. */
function encode({ key, passPhraseHash }: Held): Buffer {
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  return Buffer.from(JSON.stringify({ pkcs8, passPhraseHash }));
}

function decode(octets: Buffer): Held {
  const { pkcs8, passPhraseHash } = JSON.parse(octets.toString('utf8')) as KeyRecord;
  const key = createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' });
  return { key, passPhraseHash };
}

interface KeyRecord {
  readonly pkcs8: string;
  readonly passPhraseHash?: string;
}

/** Milliseconds. */
const stagedFor = 15 * 60_000;

/** About a kilobyte each; more than any one transaction makes in its time. */
const stagedAtMost = 16_384;
