/**
 * The notification bus: each subscriber has a bounded queue of its own and is called outside the commit, so that a slow
 * or failing one stops nobody. One that fell behind is told how much it missed.
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
    const subscriber: Subscriber<Event> = { listener, queue: [], dropped: 0, busy: false };
    this.#subscribers.add(subscriber);
    return {
      offer: (event) => this.#offer(subscriber, event),
      finish: (event) => {
        // Behind all that waits, and whatever its length: it is the last.
        if (!this.#subscribers.delete(subscriber)) return;
        subscriber.queue.push(event);
        this.#wake(subscriber);
      },
      end: () => {
        this.#subscribers.delete(subscriber);
        subscriber.queue.length = 0;
      },
    };
  }

  #offer(subscriber: Subscriber<Event>, event: Event): void {
    if (subscriber.queue.length >= this.#limit) subscriber.dropped += 1;
    else subscriber.queue.push(event);
    this.#wake(subscriber);
  }

  #wake(subscriber: Subscriber<Event>): void {
    if (subscriber.busy) return;
    subscriber.busy = true;
    queueMicrotask(() => void this.#deliver(subscriber));
  }

  async #deliver(subscriber: Subscriber<Event>): Promise<void> {
    for (;;) {
      let event = subscriber.queue.shift();
      if (event === undefined && subscriber.dropped > 0) {
        event = this.#missed(subscriber.dropped);
        subscriber.dropped = 0;
      }
      if (event === undefined) break;
      try {
        const done = subscriber.listener(event);
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
  readonly queue: Event[];
  dropped: number;
  busy: boolean;
}
