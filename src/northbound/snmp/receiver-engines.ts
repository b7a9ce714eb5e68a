/** What is known of the engines of receivers, by their addresses (RFC 3414 section 2.3): their IDs, boots and time. */

export interface ReceiverEngine {
  readonly engineId: Buffer;
  readonly boots: number;
  readonly time: number;
  /** Octets that it takes in one message. */
  readonly maxSize: number;
}

interface Known extends ReceiverEngine {
  /** When it had that time: monotonic milliseconds. */
  readonly at: number;
  /** The latest time that was heard; undefined as long as nothing authentic was. */
  readonly latest: number | undefined;
}

/** RFC 3414 section 2.2.3. */
const timeWindow = 150;
const maxBoots = 2 ** 31 - 1;
const maxKnown = 256;

export class ReceiverEngines {
  readonly #known = new Map<string, Known>();

  /** With the time that the engine has now. */
  get(place: string, now: number): ReceiverEngine | undefined {
    const known = this.#known.get(place);
    return known === undefined ? undefined : { ...known, time: timeOf(known, now) };
  }

  /** From a Report that nobody has authenticated: what it says is held until an authentic message says otherwise. */
  learn(place: string, engine: ReceiverEngine, now: number): void {
    const known = this.#known.get(place);
    if (known?.latest !== undefined && known.engineId.equals(engine.engineId)) return;
    this.#known.delete(place);
    this.#known.set(place, { ...engine, engineId: Buffer.from(engine.engineId), at: now, latest: undefined });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= maxKnown) break;
      this.#known.delete(oldest);
    }
  }

  /** RFC 3414 section 3.2 step 7b, of an authentic message: sets the clock forward; false where the message is outside the time window. */
  hear(place: string, { boots, time }: { readonly boots: number; readonly time: number }, now: number): boolean {
    const known = this.#known.get(place);
    if (known === undefined) return false;
    const { latest } = known;
    if (latest === undefined || boots > known.boots || (boots === known.boots && time > latest)) {
      this.#known.set(place, { ...known, boots, time, at: now, latest: time });
      return boots !== maxBoots;
    }
    return boots === known.boots && boots !== maxBoots && time >= timeOf(known, now) - timeWindow;
  }
}

function timeOf({ time, at }: Known, now: number): number {
  return Math.min(time + Math.floor((now - at) / 1000), maxBoots);
}
