/** What was told of the ends of certificates: remembered on disk before it is told, so that a restart repeats nothing. */
import type { ModuleServices } from '../../datastore/index.js';
import type { JsonObject } from '../../yang/index.js';
import { DurableMap } from '../durable-map.js';
import { type Lifetime, stepAt, type Validity } from './expiry.js';
import { expiryFacts } from './facts.js';

export type Telling = 'certificate-expiring' | 'certificate-expired' | 'certificate-expiry-cleared';

/** A certificate that is installed, as the watch knows it. */
export interface Watched extends Lifetime {
  readonly fingerprint: string;
}

interface Told {
  readonly fingerprint: string;
  /** Seconds since 1970: the end, and the moment of the step that was told. */
  readonly end: number;
  readonly step: number;
  readonly expired: boolean;
}

export class ToldBook {
  readonly #told: Map<string, Told>;
  readonly #kept: DurableMap;

  constructor(services: Pick<ModuleServices, 'memory'>) {
    this.#kept = new DurableMap(services, 'https-expiry');
    this.#told = new Map(Array.from(this.#kept.entries(), ([name, told]) => [name, readTold(told)]));
  }

  /** True while the disk has not taken what was judged. */
  get isOwed(): boolean {
    return this.#kept.isDirty;
  }

  names(): Iterable<string> {
    return this.#told.keys();
  }

  /** What is to be told of a certificate now; taken as told from here on. Undefined for one that is gone. */
  judge(
    name: string,
    watched: Watched | undefined,
    validity: Validity,
    { days, now }: { readonly days: number; readonly now: number },
  ): readonly Telling[] {
    const told = this.#told.get(name);
    const isOver = told !== undefined && (told.fingerprint !== watched?.fingerprint || isSound(validity));
    const cleared: readonly Telling[] = isOver ? ['certificate-expiry-cleared'] : [];
    if (isOver) {
      this.#told.delete(name);
      this.#kept.set(name, undefined);
    }
    if (watched === undefined || isSound(validity)) return cleared;
    const former = isOver ? undefined : told;
    const isExpired = validity === 'expired';
    const step = Math.floor((stepAt(watched, days, now) ?? 0) / 1000);
    const isNew = isExpired ? former?.expired !== true : former === undefined || step > former.step;
    if (isNew || former?.expired !== isExpired) {
      const last = Math.max(step, former?.step ?? 0);
      const end = Math.floor(watched.notAfter.getTime() / 1000);
      const value = { fingerprint: watched.fingerprint, end, step: last, expired: isExpired };
      this.#told.set(name, value);
      this.#kept.set(name, value);
    }
    return isNew ? [...cleared, isExpired ? 'certificate-expired' : 'certificate-expiring'] : cleared;
  }

  /** What a notification holds: of the certificate that is there now; where there is none, of the one that was. */
  factsOf(name: string, watched: Watched | undefined, now: number): JsonObject {
    if (watched !== undefined) return expiryFacts(name, watched.fingerprint, watched.notAfter, now);
    const told = this.#told.get(name);
    return expiryFacts(name, told?.fingerprint ?? '', new Date((told?.end ?? 0) * 1000), now);
  }

  /** Resolves when it is on disk, rejects where the disk does not take it. */
  async remember(): Promise<void> {
    await this.#kept.flush();
  }
}

function isSound(validity: Validity): boolean {
  return validity !== 'expiring' && validity !== 'expired';
}

function readTold({ fingerprint, end, step, expired }: JsonObject): Told {
  return { fingerprint: String(fingerprint), end: Number(end), step: Number(step), expired: expired === true };
}
