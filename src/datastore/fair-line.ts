/**
 * Who is next: users take turns, and the sessions of a user do, so that one who asks for much waits behind himself. What one
 * session asks for keeps its order.
 */
export interface Asking {
  readonly user: string;
  readonly session: number;
}

/** Lanes in the order of their turns; none is empty. */
type Sessions<T> = Map<number, T[]>;

export class FairLine<T> {
  readonly #limit: number;
  readonly #users = new Map<string, Sessions<T>>();
  readonly #places = new Map<T, Asking>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#places.size;
  }

  /** The next in turn; it stays so until it is taken, whoever comes meanwhile. */
  get next(): T | undefined {
    const sessions = first(this.#users)?.[1];
    return sessions === undefined ? undefined : first(sessions)?.[1][0];
  }

  has(item: T): boolean {
    return this.#places.has(item);
  }

  /** False where the line is full and nobody has more in it than this user would. */
  hasRoom({ user }: Asking): boolean {
    return this.size < this.#limit || this.#longest(user) !== undefined;
  }

  /**
   * Puts an item in the line. Where that is full, the last one of the user who has most in it goes, and is returned: the item
   * itself where nobody has more.
   */
  push(item: T, asking: Asking): T | undefined {
    let gone: T | undefined;
    if (this.size >= this.#limit) {
      const longest = this.#longest(asking.user);
      if (longest === undefined) return item;
      gone = lastOf(longest);
      this.remove(gone);
    }
    const sessions = this.#users.get(asking.user) ?? new Map<number, T[]>();
    const lane = sessions.get(asking.session) ?? [];
    lane.push(item);
    sessions.set(asking.session, lane);
    this.#users.set(asking.user, sessions);
    this.#places.set(item, asking);
    return gone;
  }

  /** The item had its turn: its session comes last among those of its user, and he among the users. */
  take(item: T): void {
    const place = this.remove(item);
    if (place === undefined) return;
    const sessions = this.#users.get(place.user);
    if (sessions === undefined) return;
    toEnd(sessions, place.session);
    toEnd(this.#users, place.user);
  }

  /** Takes an item out of the line; no turn changes. Undefined where it is not there. */
  remove(item: T): Asking | undefined {
    const place = this.#places.get(item);
    if (place === undefined) return undefined;
    this.#places.delete(item);
    const sessions = this.#users.get(place.user)!;
    const lane = sessions.get(place.session)!;
    lane.splice(lane.indexOf(item), 1);
    if (lane.length === 0) sessions.delete(place.session);
    if (sessions.size === 0) this.#users.delete(place.user);
    return place;
  }

  /** Of the user with most items, where he would still have as many as `user` with one more. */
  #longest(user: string): Sessions<T> | undefined {
    let [longest, most]: [Sessions<T> | undefined, number] = [undefined, count(this.#users.get(user)) + 1];
    for (const sessions of this.#users.values()) {
      const own = count(sessions);
      if (own > most) [longest, most] = [sessions, own];
    }
    return longest;
  }
}

/** The last of the session with most, of the one whose turn is last where several have; never who is next of two. */
function lastOf<T>(sessions: Sessions<T>): T {
  let most: readonly T[] = [];
  for (const lane of sessions.values()) if (lane.length >= most.length) most = lane;
  return most.at(-1)!;
}

function count<T>(sessions: Sessions<T> | undefined): number {
  let sum = 0;
  for (const lane of sessions?.values() ?? []) sum += lane.length;
  return sum;
}

function first<K, V>(map: ReadonlyMap<K, V>): readonly [K, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}

function toEnd<K, V>(map: Map<K, V>, key: K): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
