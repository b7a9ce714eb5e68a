/** Segments that managers have written and not yet committed: bounded, each user's own, forgotten after a while. */
import { createHash } from 'node:crypto';
import { maxLongValue } from './long.js';

interface Upload {
  readonly segments: Map<number, Buffer>;
  octets: number;
  expires: number;
}

/** Seconds that one stays after its last segment. */
const lifetime = 300;
const maxUploads = 32;
const maxOctets = 4 * maxLongValue;
/** Segments may be small, yet not so many that their number counts. */
const maxSegments = 16_384;

export class Uploads {
  readonly #now: () => number;
  readonly #uploads = new Map<string, Upload>();
  #octets = 0;

  /** `now` gives monotonic seconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Keeps one; an empty one ends the value before it. Gives back what undoes that; undefined where there is no room. */
  write(id: string, segment: number, octets: Buffer): (() => void) | undefined {
    this.#expire();
    const known = this.#uploads.get(id);
    if (known === undefined && this.#uploads.size >= maxUploads) return undefined;
    const upload = known ?? { segments: new Map<number, Buffer>(), octets: 0, expires: 0 };
    const before = upload.segments.get(segment);
    const growth = octets.length - (before?.length ?? 0);
    if (segment > maxSegments || upload.octets + growth > maxLongValue || this.#octets + growth > maxOctets)
      return undefined;
    this.#uploads.set(id, upload);
    upload.expires = this.#now() + lifetime;
    this.#put(upload, segment, Buffer.from(octets));
    return () => {
      this.#put(upload, segment, before);
      if (upload.segments.size === 0) this.#uploads.delete(id);
    };
  }

  #put(upload: Upload, segment: number, octets: Buffer | undefined): void {
    const growth = (octets?.length ?? 0) - (upload.segments.get(segment)?.length ?? 0);
    if (octets === undefined) upload.segments.delete(segment);
    else upload.segments.set(segment, octets);
    upload.octets += growth;
    this.#octets += growth;
  }

  /** The segments from the first on that have this digest together, SHA-256; undefined where there are none. */
  find(id: string, digest: Buffer): Buffer | undefined {
    this.#expire();
    const segments = this.#uploads.get(id)?.segments;
    const hash = createHash('sha256');
    const found: Buffer[] = [];
    for (let number = 1; ; number += 1) {
      const segment = segments?.get(number);
      if (segment === undefined) return undefined;
      found.push(segment);
      if (hash.update(segment).copy().digest().equals(digest)) return Buffer.concat(found);
      if (segment.length === 0) return undefined;
    }
  }

  forget(id: string): void {
    this.#octets -= this.#uploads.get(id)?.octets ?? 0;
    this.#uploads.delete(id);
  }

  #expire(): void {
    const now = this.#now();
    for (const [id, { expires }] of this.#uploads) if (expires <= now) this.forget(id);
  }
}
