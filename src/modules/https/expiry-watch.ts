/**
 * Watches the lives of the installed certificates and tells of them: certificate-expiring once for each step of the
 * cadence, certificate-expired and certificate-expiry-cleared once. What was told is remembered on disk before it is told,
 * so that a restart repeats nothing. One timer serves all certificates.
 */
import type { Change, ModuleServices } from '../../datastore/index.js';
import type { Clock } from '../../southbound/index.js';
import { readCertificate } from '../../x509/index.js';
import type { JsonObject, JsonValue } from '../../yang/index.js';
import { list } from '../read.js';
import { DueQueue } from './due-queue.js';
import { httpsContainer, type Installed, readInstalled, touchedEntries } from './entry.js';
import { type Lifetime, nextMoment, stepAt, validityOf, warnDays } from './expiry.js';
import { expiryFacts } from './facts.js';

export interface WatchParts {
  readonly clock: Clock;
  /** Calls back once after so many milliseconds; gives what cancels it. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  readonly notify: (notification: Telling, content: JsonObject) => void;
  /** Told where what was told could not be remembered. */
  readonly failed: (error: unknown) => void;
}

export type Telling = 'certificate-expiring' | 'certificate-expired' | 'certificate-expiry-cleared';

interface Watched extends Lifetime {
  readonly fingerprint: string;
}

/** What was told of a certificate last; kept on disk. */
interface Told {
  readonly fingerprint: string;
  /** Seconds since 1970: the end, and the moment of the step that was told. */
  readonly end: number;
  readonly step: number;
  readonly expired: boolean;
}

export class ExpiryWatch {
  readonly #parts: WatchParts;
  readonly #watched = new Map<string, Watched>();
  readonly #told = new Map<string, Told>();
  readonly #queue = new DueQueue();
  #memory: ReturnType<NonNullable<ModuleServices['memory']>> | undefined;
  #days = 90;
  /** The clock when it was looked at last; undefined where it was not trusted. */
  #seen: number | undefined;
  #isOwed = false;
  #cancel: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Reads what was told and what is installed; others run between, however many certificates there are. */
  start(services: ModuleServices): void {
    this.#memory = services.memory?.('https-expiry');
    for (const [name, told] of readTold(this.#memory?.get())) {
      this.#told.set(name, told);
      this.#queue.set(name, 0);
    }
    this.#days = warnDays(services.running());
    this.#work = this.#readAll(services);
    this.#run();
  }

  /** After a commit: cost follows the change, but where it is warn-days that changed. */
  changed(change: Change): void {
    if (change.touches('/signet-https:https/expiry')) {
      this.#days = warnDays(change.after);
      this.#lookAtAll();
    }
    for (const name of touchedEntries(change)) this.#put(name, readInstalled(change.after.system, name));
    this.#run();
  }

  /** Resolves when all that was due has been told. */
  async idle(): Promise<void> {
    let work: Promise<void>;
    do {
      work = this.#work;
      await work;
    } while (work !== this.#work);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.idle();
  }

  async #readAll(services: ModuleServices): Promise<void> {
    let count = 0;
    for (const entry of list(httpsContainer(services.running().system), 'certificate') ?? []) {
      const name = String(entry.keys()[0]);
      // A commit that came meanwhile knows better.
      if (!this.#watched.has(name)) this.#put(name, readInstalled(services.running().system, name));
      count += 1;
      if (count % slice === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
      if (this.#isStopped) return;
    }
  }

  #put(name: string, installed: Installed | undefined): void {
    const known = this.#watched.get(name);
    if (installed === undefined) {
      if (known === undefined) return;
      this.#watched.delete(name);
    } else {
      const { notBefore, notAfter, x509 } = readCertificate(Buffer.from(installed.chain[0] ?? '', 'base64'));
      const fingerprint = x509.fingerprint256.replaceAll(':', '').toLowerCase();
      if (known?.fingerprint === fingerprint) return;
      this.#watched.set(name, { fingerprint, notBefore, notAfter });
    }
    this.#queue.set(name, 0);
  }

  #lookAtAll(): void {
    for (const name of this.#watched.keys()) this.#queue.set(name, 0);
  }

  #run(): void {
    this.#work = this.#work.then(() => this.#pass());
  }

  async #pass(): Promise<void> {
    if (this.#isStopped) return;
    const { clock } = this.#parts;
    if (clock.trusted()) {
      const now = clock.now();
      // A clock that was set back, or right, may have made other states of all of them.
      if (this.#seen === undefined || now < this.#seen) this.#lookAtAll();
      this.#seen = now;
      await this.#tellDue(now);
    } else {
      this.#seen = undefined;
    }
    this.#arm();
  }

  async #tellDue(now: number): Promise<void> {
    const tellings: (readonly [Telling, JsonObject])[] = [];
    for (let name = this.#queue.take(now); name !== undefined; name = this.#queue.take(now)) {
      const facts = this.#factsOf(name, now);
      for (const telling of this.#judge(name, now)) tellings.push([telling, facts]);
      const watched = this.#watched.get(name);
      this.#queue.set(name, watched === undefined ? undefined : nextMoment(watched, this.#days, now));
    }
    if (this.#isOwed) await this.#remember();
    for (const [telling, facts] of tellings) this.#parts.notify(telling, facts);
  }

  /** What is to be told of the certificate now; taken as told from here on. */
  #judge(name: string, now: number): readonly Telling[] {
    const watched = this.#watched.get(name);
    const told = this.#told.get(name);
    const validity = watched === undefined ? undefined : validityOf(watched, this.#days, this.#parts.clock);
    const isOver = told !== undefined && (told.fingerprint !== watched?.fingerprint || isSound(validity));
    if (isOver) this.#forget(name);
    const cleared: readonly Telling[] = isOver ? ['certificate-expiry-cleared'] : [];
    if (watched === undefined || isSound(validity)) return cleared;
    const former = isOver ? undefined : told;
    const isExpired = validity === 'expired';
    const step = Math.floor((stepAt(watched, this.#days, now) ?? 0) / 1000);
    const end = Math.floor(watched.notAfter.getTime() / 1000);
    const isNew = isExpired ? former?.expired !== true : former === undefined || step > former.step;
    if (isNew || former?.expired !== isExpired) {
      const last = Math.max(step, former?.step ?? 0);
      this.#told.set(name, { fingerprint: watched.fingerprint, end, step: last, expired: isExpired });
      this.#isOwed = true;
    }
    return isNew ? [...cleared, isExpired ? 'certificate-expired' : 'certificate-expiring'] : cleared;
  }

  #forget(name: string): void {
    this.#told.delete(name);
    this.#isOwed = true;
  }

  /** Of the certificate that is there now; where there is none, of the one that was. */
  #factsOf(name: string, now: number): JsonObject {
    const watched = this.#watched.get(name);
    if (watched !== undefined) return expiryFacts(name, watched.fingerprint, watched.notAfter, now);
    const told = this.#told.get(name);
    return expiryFacts(name, told?.fingerprint ?? '', new Date((told?.end ?? 0) * 1000), now);
  }

  async #remember(): Promise<void> {
    try {
      await this.#memory?.set(toldJson(this.#told));
      this.#isOwed = false;
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  /** A timer counts by another clock than the one that dates are read from, so it never sleeps long. */
  #arm(): void {
    this.#cancel?.();
    const { clock, after } = this.#parts;
    const next = this.#seen === undefined ? undefined : this.#queue.next();
    const longest = this.#seen === undefined || this.#isOwed ? soon : longestSleep;
    const wait = next === undefined ? longest : Math.min(Math.max(next - clock.now(), 0), longest);
    this.#cancel = after(wait, () => this.#run());
  }
}

function isSound(validity: ReturnType<typeof validityOf> | undefined): boolean {
  return validity !== 'expiring' && validity !== 'expired';
}

function toldJson(all: ReadonlyMap<string, Told>): JsonValue {
  return Array.from(all, ([name, { fingerprint, end, step, expired }]) => ({ name, fingerprint, end, step, expired }));
}

function* readTold(value: JsonValue | undefined): Iterable<readonly [string, Told]> {
  for (const each of Array.isArray(value) ? value : []) {
    const { name, fingerprint, end, step, expired } = each as JsonObject;
    if (typeof name !== 'string' || typeof fingerprint !== 'string') continue;
    yield [name, { fingerprint, end: Number(end), step: Number(step), expired: expired === true }];
  }
}

/** Certificates that are read at a stretch at start. */
const slice = 50;

/** Milliseconds: how long a clock that was set can go unnoticed. */
const longestSleep = 5 * 60_000;

/** Milliseconds: where the clock is waited for, or the disk. */
const soon = 10_000;
