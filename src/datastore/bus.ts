/**
 * The notification bus: each subscriber has a bounded queue of its own and is called outside the commit, so that a slow
 * or failing one stops nobody. One that fell behind is told how much it missed, where that is missing.
 */
import type { Log } from './log.js';

export class Bus<Event> {
  readonly #subscribers = new Set<Subscriber<Event>>();
  readonly #limit: number;
  readonly #log: Log;
  readonly #missed: (count: number) => Event;

  /** `limit`: events that wait for one subscriber; `missed` makes the event that stands for what was dropped. */
  constructor(options: { readonly limit: number; readonly log: Log; readonly missed: (count: number) => Event }) {
    this.#limit = options.limit;
    this.#log = options.log;
    this.#missed = options.missed;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  publish(event: Event): void {
    for (const subscriber of this.#subscribers) this.#offer(subscriber, event);
  }

  /** Calls `listener` for every event from now on, in order; a promise that it returns is waited for. Gives what ends it. */
  subscribe(listener: (event: Event) => void | Promise<void>): () => void {
    return this.open(listener).end;
  }

  /** As {@link subscribe}, with events for this subscriber alone. */
  open(listener: (event: Event) => void | Promise<void>): Subscription<Event> {
    const subscriber: Subscriber<Event> = { listener, queue: [], busy: false };
    this.#subscribers.add(subscriber);
    return {
      offer: (event) => this.#offer(subscriber, event),
      finish: (event) => {
        // Behind all that waits, and whatever its length: it is the last.
        if (!this.#subscribers.delete(subscriber)) return;
        subscriber.queue.push({ event });
        this.#wake(subscriber);
      },
      end: () => {
        this.#subscribers.delete(subscriber);
        subscriber.queue.length = 0;
      },
    };
  }

  #offer(subscriber: Subscriber<Event>, event: Event): void {
    const { queue } = subscriber;
    const last = queue.at(-1);
    // Not before half of it is done: one that stays behind is told of a few long gaps, not of one behind each event.
    if (last?.missed !== undefined && queue.length * 2 > this.#limit) last.missed += 1;
    else queue.push(queue.length < this.#limit ? { event } : { missed: 1 });
    this.#wake(subscriber);
  }

  #wake(subscriber: Subscriber<Event>): void {
    if (subscriber.busy) return;
    subscriber.busy = true;
    queueMicrotask(() => void this.#deliver(subscriber));
  }

  async #deliver(subscriber: Subscriber<Event>): Promise<void> {
    for (;;) {
      const item = subscriber.queue.shift();
      if (item === undefined) break;
      try {
        const done = subscriber.listener(item.missed === undefined ? item.event : this.#missed(item.missed));
        if (done instanceof Promise) await done;
      } catch (error) {
        this.#log('error', 'a subscriber of the notification bus failed', { cause: String(error) });
      }
    }
    subscriber.busy = false;
  }
}

export interface Subscription<Event> {
  offer(event: Event): void;
  /** Delivers what waits, then this event, and nothing more. */
  finish(event: Event): void;
  end(): void;
}

interface Subscriber<Event> {
  readonly listener: (event: Event) => void | Promise<void>;
  readonly queue: Item<Event>[];
  busy: boolean;
}

/** An event, or how many stood here and were dropped; those that are dropped next count there while it is the last. */
type Item<Event> = { readonly event: Event; readonly missed?: undefined } | { missed: number };
