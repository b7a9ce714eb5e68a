/** Partial locks of running (RFC 5717): which nodes are protected for which session. */
import { ConfigError } from '../error.js';
import { InstanceIdentifier, type Value } from '../yang/index.js';
import { around } from './change.js';
import type { Difference } from './contract.js';

export interface PartialLock {
  readonly id: number;
  readonly session: number;
  /** What was selected when the lock was taken; each protects what is at and below it. */
  readonly nodes: readonly InstanceIdentifier[];
}

export class PartialLocks {
  readonly #locks = new Map<number, PartialLock>();
  /** The sessions that hold a node, by its path. */
  readonly #exact = new Map<string, Map<number, number>>();
  /** As `#exact`, for every node above: how many locked nodes of a session are below. */
  readonly #above = new Map<string, Map<number, number>>();
  #lastId = 0;

  get isEmpty(): boolean {
    return this.#locks.size === 0;
  }

  /**
   * RFC 5717 2.4.1. ConfigError `operation-failed` (no-matches) where nothing was selected, `lock-denied` with the session-id
   * where another session holds a part of it, `resource-denied` where there are too many.
   */
  lock(session: number, nodes: readonly InstanceIdentifier[]): PartialLock {
    if (nodes.length === 0) {
      throw new ConfigError({
        type: 'protocol',
        tag: 'operation-failed',
        appTag: 'no-matches',
        message: 'nothing is selected, so nothing is locked',
      });
    }
    this.#checkRoom(session, nodes.length);
    for (const node of nodes) {
      const holder = this.#holderAround(node, session);
      if (holder !== undefined) throw denied(node, holder);
    }
    this.#lastId = (this.#lastId % maxLockId) + 1;
    while (this.#locks.has(this.#lastId)) this.#lastId += 1;
    const lock = { id: this.#lastId, session, nodes };
    this.#locks.set(lock.id, lock);
    this.#count(lock, 1);
    return lock;
  }

  /** `invalid-value` where the session holds no lock of this id (RFC 5717 2.4.2). */
  unlock(session: number, id: number): void {
    const lock = this.#locks.get(id);
    if (lock === undefined || lock.session !== session) {
      throw new ConfigError({
        type: 'protocol',
        tag: 'invalid-value',
        message: `this session holds no partial lock ${id}`,
      });
    }
    this.#locks.delete(id);
    this.#count(lock, -1);
  }

  /** Frees what a session that ended held. */
  release(session: number): void {
    for (const lock of [...this.#locks.values()]) if (lock.session === session) this.unlock(session, lock.id);
  }

  /** Any session that holds one. */
  anyHolder(): number | undefined {
    for (const { session } of this.#locks.values()) return session;
    return undefined;
  }

  of(session: number): readonly PartialLock[] {
    return [...this.#locks.values()].filter((lock) => lock.session === session);
  }

  /** `in-use` (RFC 5717 2.6) where one of the differences lies in what another session locked, or takes it away. */
  check(session: number, differences: readonly Difference[]): void {
    if (this.isEmpty) return;
    for (const path of differences.flatMap(touched)) {
      const holder = this.#holderAround(path, session);
      if (holder === undefined) continue;
      throw new ConfigError({
        type: 'protocol',
        tag: 'in-use',
        appTag: 'locked',
        path: path.toString(),
        message: `it is locked by session ${holder}`,
        info: { 'session-id': String(holder) },
      });
    }
  }

  /** Another session that holds `path`, something above or something below it. */
  #holderAround(path: InstanceIdentifier, session: number): number | undefined {
    const below = other(this.#above.get(path.toString()), session);
    if (below !== undefined) return below;
    for (const at of [path, ...around(path)]) {
      const holder = other(this.#exact.get(at.toString()), session);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  #checkRoom(session: number, nodes: number): void {
    const own = this.of(session);
    const held = own.reduce((sum, lock) => sum + lock.nodes.length, nodes);
    if (own.length < maxLocksOfOne && held <= maxNodesOfOne) return;
    const message = `a session holds at most ${maxLocksOfOne} partial locks with ${maxNodesOfOne} nodes; select fewer or release one`;
    throw new ConfigError({ type: 'protocol', tag: 'resource-denied', message });
  }

  #count({ session, nodes }: PartialLock, by: 1 | -1): void {
    for (const node of nodes) {
      add(this.#exact, node.toString(), session, by);
      for (const at of around(node)) add(this.#above, at.toString(), session, by);
    }
  }
}

/** Of a leaf-list, which differs as a whole, the values that came or went; all of it where only their order did. */
function touched({ path, before, after }: Difference): readonly InstanceIdentifier[] {
  const { schema, keys } = path.last ?? {};
  if (schema?.kind !== 'leaf-list' || keys !== undefined) return [path];
  const parent = path.parent ?? InstanceIdentifier.root;
  const [old, now] = [before, after].map((content) => new Set((content ?? []) as readonly Value[])) as [
    Set<Value>,
    Set<Value>,
  ];
  const values = [...now].filter((value) => !old.has(value)).concat([...old].filter((value) => !now.has(value)));
  return values.length === 0 ? [path] : values.map((value) => parent.child(schema, [value]));
}

function add(counts: Map<string, Map<number, number>>, path: string, session: number, by: 1 | -1): void {
  const own = counts.get(path) ?? new Map<number, number>();
  const next = (own.get(session) ?? 0) + by;
  if (next > 0) own.set(session, next);
  else own.delete(session);
  if (own.size > 0) counts.set(path, own);
  else counts.delete(path);
}

function other(holders: ReadonlyMap<number, number> | undefined, session: number): number | undefined {
  if (holders === undefined) return undefined;
  for (const holder of holders.keys()) if (holder !== session) return holder;
  return undefined;
}

function denied(node: InstanceIdentifier, holder: number): ConfigError {
  return new ConfigError({
    type: 'protocol',
    tag: 'lock-denied',
    path: node.toString(),
    message: `a part of it is locked by session ${holder}`,
    info: { 'session-id': String(holder) },
  });
}

const maxLocksOfOne = 64;
const maxNodesOfOne = 10_000;
/** RFC 5717's lock-id is an unsigned 32-bit number. */
const maxLockId = 2 ** 32 - 1;
