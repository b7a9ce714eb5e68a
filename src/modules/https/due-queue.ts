/** What is due when, by name: a binary heap, so that a change costs the logarithm of what waits. */
export class DueQueue {
  readonly #due = new Map<string, number>();
  /** Holds outdated items too: those whose moment is not the one in the map. */
  #heap: Item[] = [];

  get size(): number {
    return this.#due.size;
  }

  /** The moment of what is due first; undefined where nothing waits. */
  next(): number | undefined {
    this.#skipOutdated();
    return this.#heap[0]?.at;
  }

  /** Replaces the moment that the name waited for; undefined: it waits for nothing. */
  set(name: string, at: number | undefined): void {
    if (this.#due.get(name) === at) return;
    if (at === undefined) {
      this.#due.delete(name);
      return;
    }
    this.#due.set(name, at);
    this.#push({ name, at });
    if (this.#heap.length > 2 * this.#due.size + 64) this.#rebuild();
  }

  /** Removes and gives one name whose moment is not after `now`. */
  take(now: number): string | undefined {
    const next = this.next();
    if (next === undefined || next > now) return undefined;
    const { name } = this.#pop();
    this.#due.delete(name);
    return name;
  }

  #skipOutdated(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#due.get(top.name) !== top.at; top = this.#heap[0]) {
      this.#pop();
    }
  }

  #rebuild(): void {
    // A sorted array is a heap.
    this.#heap = Array.from(this.#due, ([name, at]) => ({ name, at })).sort((a, b) => a.at - b.at);
  }

  #push(item: Item): void {
    const heap = this.#heap;
    let index = heap.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.at <= item.at) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  /** Of a heap that is not empty. */
  #pop(): Item {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child += 1;
      if (heap[child]!.at >= last.at) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

interface Item {
  readonly name: string;
  readonly at: number;
}
