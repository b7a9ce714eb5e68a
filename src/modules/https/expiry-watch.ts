/**
 * Watches the lives of the installed certificates, and whether they hold for the device: renews those that the device
 * signs itself, tells of the others by notifications and alarms. One timer serves all certificates.
 */
import type { Change, ModuleServices, Root } from '../../datastore/index.js';
import { certificateTerm } from '../../x509/index.js';
import type { JsonObject } from '../../yang/index.js';
import { list } from '../read.js';
import { hostFindings } from './chain.js';
import { DueQueue } from './due-queue.js';
import { httpsContainer, type Installed, installedChanged, readInstalled, touchedEntries } from './entry.js';
import { nextMoment, validityOf, warnDays } from './expiry.js';
import { presentedNames } from './judge.js';
import { reachedBy } from './names.js';
import { Renewal, type RenewalParts } from './renewal.js';
import { RevocationWatch } from './revocation-watch.js';
import { clearStanding, forgetStandings, showStanding } from './standing.js';
import { storedCertificate } from './stored.js';
import { type Telling, ToldBook, type Watched } from './told.js';

export interface WatchParts extends RenewalParts {
  /** Calls back once after so many milliseconds; gives what cancels it. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  readonly notify: (notification: Telling, content: JsonObject) => void;
  readonly log: (error: unknown) => void;
}

export class ExpiryWatch {
  readonly #parts: WatchParts;
  readonly #services: ModuleServices;
  readonly #watched = new Map<string, Watched>();
  readonly #queue = new DueQueue();
  /** Entries whose certificate is another one, to be read when they are looked at: not while a commit waits. */
  readonly #unread = new Set<string>();
  readonly #told: ToldBook;
  readonly #renewal: Renewal;
  readonly #revocation: RevocationWatch;
  /** When something happens to a revocation list next. */
  #nextList: number | undefined;
  /** Running, as of the last pass. */
  #root: Root;
  /** The root of a change that is being applied and not running yet. */
  #coming: Root | undefined;
  #hosts: readonly string[] = [];
  /** The clock when it was looked at last; undefined where it was not trusted. */
  #seen: number | undefined;
  #cancel: (() => void) | undefined;
  #work: Promise<void>;
  #isStopped = false;

  /** Reads what was told and what is installed; others run between, however many certificates there are. */
  constructor(parts: WatchParts, services: ModuleServices) {
    this.#parts = parts;
    this.#services = services;
    this.#root = services.running();
    this.#renewal = new Renewal(parts, services);
    this.#revocation = new RevocationWatch(parts.alarms);
    this.#told = new ToldBook(services);
    for (const name of this.#told.names()) this.#queue.set(name, 0);
    this.#work = nextTurn().then(() => this.#readAll());
    this.#run();
  }

  /** After a commit: cost follows the change, but where it is warn-days that changed. */
  changed(change: Change): void {
    this.#coming = change.after;
    if (change.touches('/signet-https:https/expiry')) this.#lookAtAll();
    if (presented.some((path) => change.touches(path))) {
      for (const root of [change.before, change.after]) this.#lookAt(presentedNames(root));
    }
    const touched = touchedEntries(change);
    for (const name of touched) {
      // To read a certificate is most of the cost of looking at its entry.
      if (this.#watched.has(name) && !installedChanged(change.before, change.after, name)) continue;
      this.#unread.add(name);
      this.#queue.set(name, 0);
    }
    this.#lookAt(touched);
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

  async #readAll(): Promise<void> {
    if (this.#isStopped) return;
    const running = () => this.#services.running().system;
    let count = 0;
    for (const entry of list(httpsContainer(running()), 'certificate') ?? []) {
      const name = String(entry.keys()[0]);
      // A commit that came meanwhile knows better.
      if (!this.#watched.has(name) && !this.#unread.has(name)) {
        this.#read(name, readInstalled(running(), name));
        this.#queue.set(name, 0);
      }
      count += 1;
      if (count % slice === 0) await nextTurn();
      if (this.#isStopped) return;
    }
    forgetStandings(new Set(this.#watched.keys()), this.#parts.alarms);
  }

  #read(name: string, installed: Installed | undefined): void {
    if (installed === undefined) {
      this.#watched.delete(name);
      return;
    }
    const term = certificateTerm(Buffer.from(installed.chain[0] ?? '', 'base64'));
    if (this.#watched.get(name)?.fingerprint !== term.fingerprint) this.#watched.set(name, term);
  }

  #lookAt(names: Iterable<string>): void {
    for (const name of names) if (this.#watched.has(name)) this.#queue.set(name, 0);
  }

  #lookAtAll(): void {
    this.#lookAt(this.#watched.keys());
  }

  #run(): void {
    this.#work = this.#work.then(() => this.#pass());
  }

  async #pass(): Promise<void> {
    if (this.#isStopped) return;
    const { clock, alarms } = this.#parts;
    // The clock is read behind it: what was issued meanwhile begins now.
    await this.#settled();
    if (clock.trusted()) {
      alarms.clear(clockAlarm);
      const now = clock.now();
      // A clock that was set back, or right, may have made other states of all of them.
      if (this.#seen === undefined || now < this.#seen) {
        this.#renewal.tryAgain();
        this.#lookAtAll();
      }
      this.#seen = now;
      this.#lookAtHosts();
      await this.#tellDue(now);
      this.#nextList = this.#revocation.look(this.#root, now);
    } else {
      alarms.raise({ ...clockAlarm, severity: 'warning', text: clockText });
      this.#seen = undefined;
    }
    this.#arm();
  }

  /** A change is told of before running is the new root; names of the device are read from running. */
  async #settled(): Promise<void> {
    const coming = this.#coming;
    const isRunning = (): boolean => {
      const { config, system } = this.#services.running();
      return coming === undefined || (config === coming.config && system === coming.system);
    };
    for (let turn = 0; turn < turns && !isRunning(); turn++) await nextTurn();
    if (this.#coming === coming) this.#coming = undefined;
    this.#root = this.#services.running();
  }

  /** Another name or address of the device may concern any certificate. */
  #lookAtHosts(): void {
    const hosts = reachedBy(this.#root, this.#parts);
    if (hosts.join('\n') === this.#hosts.join('\n')) return;
    this.#hosts = hosts;
    this.#lookAtAll();
  }

  async #tellDue(begin: number): Promise<void> {
    let now = begin;
    const tellings: (readonly [Telling, JsonObject])[] = [];
    const presented = this.#queue.next() === undefined ? new Set<string>() : presentedNames(this.#root);
    const days = warnDays(this.#root);
    // The clock of this pass: one that changes while others run is looked at in the next.
    const clock = { now: () => now, trusted: () => true };
    const renewed = new Set<string>();
    let count = 0;
    for (let name = this.#queue.take(now); name !== undefined; name = this.#queue.take(now)) {
      if (this.#unread.delete(name)) this.#read(name, readInstalled(this.#root.system, name));
      const watched = this.#watched.get(name);
      const validity = watched === undefined ? 'valid' : validityOf(watched, days, clock);
      // What was renewed waits in the queue again.
      const mayRenew = watched !== undefined && !renewed.has(name);
      if (mayRenew && (await this.#renewal.renew(name, this.#root, validity, now))) {
        renewed.add(name);
        await this.#settled();
        // What was made meanwhile is not valid before it was made.
        now = Math.max(now, this.#parts.clock.now());
        continue;
      }
      const facts = this.#told.factsOf(name, watched, now);
      for (const telling of this.#told.judge(name, watched, validity, { days, now })) tellings.push([telling, facts]);
      if (watched === undefined) {
        this.#renewal.forget(name);
        clearStanding(name, this.#parts.alarms);
        continue;
      }
      const isPresented = presented.has(name);
      const mismatch = isPresented ? this.#mismatchOf(name) : undefined;
      showStanding({ ...watched, name, validity, isPresented, mismatch }, now, this.#parts.alarms);
      const moments = [nextMoment(watched, days, now), this.#renewal.retryAt(name)].filter((at) => at !== undefined);
      this.#queue.set(name, moments.length === 0 ? undefined : Math.min(...moments));
      count += 1;
      if (count % slice === 0) await nextTurn();
      // What a commit has changed meanwhile is for the pass behind it.
      if (this.#coming !== undefined) break;
    }
    try {
      await this.#told.remember();
    } catch (error) {
      // Told all the same; it is tried again soon.
      this.#parts.log(error);
    }
    for (const [index, [telling, facts]] of tellings.entries()) {
      // Who listens has a queue of its own, which is bounded.
      if (index % slice === slice - 1) await nextTurn();
      this.#parts.notify(telling, facts);
    }
  }

  #mismatchOf(name: string): string | undefined {
    const installed = readInstalled(this.#root.system, name);
    return installed === undefined
      ? undefined
      : hostFindings(storedCertificate(installed.chain[0] ?? ''), this.#hosts)[0]?.text;
  }

  /** A timer counts by another clock than the one that dates are read from, so it never sleeps long. */
  #arm(): void {
    this.#cancel?.();
    const { clock, after } = this.#parts;
    const next =
      this.#seen === undefined ? undefined : Math.min(this.#queue.next() ?? Infinity, this.#nextList ?? Infinity);
    const longest = this.#seen === undefined || this.#told.isOwed ? soon : longestSleep;
    const wait = Math.min(Math.max((next ?? Infinity) - clock.now(), 0), longest);
    this.#cancel = after(wait, () => this.#run());
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

const presented = ['/signet-https:https/server-certificate', '/signet-https:https/sni'] as const;

const clockAlarm = { resource: '/signet-system:system', type: 'clock-untrusted' } as const;

const clockText = 'the clock shows a time that has passed already; set it, dates of certificates are not looked at';

/** Certificates that are read, and notifications that are sent, at a stretch. */
const slice = 16;

/** Of the event loop, that a commit is given from being applied to being running. */
const turns = 1000;

/** Milliseconds: how long a clock that was set, or another address, can go unnoticed. */
const longestSleep = 5 * 60_000;

/** Milliseconds: where the clock is waited for, or the disk. */
const soon = 10_000;
