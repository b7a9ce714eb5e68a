/**
 * schema/signet-alarms.yang: the alarm list, after RFC 8632. It outlasts restarts; a change is on disk before it is told,
 * so that a restart tells nothing twice.
 */
import type { ActionHandler, ModuleRegistration, ModuleServices, StateProvider } from '../datastore/index.js';
import { type JsonObject, type JsonValue, parsePath } from '../yang/index.js';
import type { Alarm, AlarmKey, Alarms, AlarmType, Severity } from './alarm.js';
import { DurableMap } from './durable-map.js';

export interface AlarmParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of each change, and of what could not be kept. */
  readonly log: (
    level: 'info' | 'warning' | 'error',
    message: string,
    fields: Readonly<Record<string, string>>,
  ) => void;
  /** Calls back once; gives what cancels it. */
  readonly after?: (milliseconds: number, callback: () => void) => () => void;
}

export interface AlarmsModule extends Alarms {
  readonly registration: ModuleRegistration;
  /** Whether the alarm is in the list and not cleared; known when the datastore is open. */
  stands(key: AlarmKey): boolean;
  /** Resolves when all changes are on disk, or could not be written, and have been told. */
  idle(): Promise<void>;
}

export function alarmsModule(parts: AlarmParts): AlarmsModule {
  const list = new AlarmList(parts);
  return {
    registration: {
      name: 'alarms',
      state: states(list),
      actions: [purge(list, parts)],
      start: (services) => list.start(services),
      stop: () => list.stop(),
    },
    raise: (alarm) => list.raise(alarm),
    clear: (key) => list.clear(key),
    stands: (key) => list.stands(key),
    keepOnly: (type, isThere) => list.keepOnly(type, isThere),
    idle: () => list.idle(),
  };
}

/** Milliseconds since the epoch, all times. */
interface Entry {
  readonly resource: string;
  readonly type: AlarmType;
  readonly qualifier: string;
  readonly created: number;
  readonly raised: number;
  readonly changed: number;
  readonly isCleared: boolean;
  readonly severity: Severity;
  readonly text: string;
}

class AlarmList {
  readonly #parts: AlarmParts;
  /** By key, the entry that changed last at the end. */
  readonly #entries = new Map<string, Entry>();
  #services: ModuleServices | undefined;
  #kept: DurableMap | undefined;
  #changed: number | undefined;
  /** Changes that are not told yet. */
  #untold: Entry[] = [];
  #work: Promise<void> = Promise.resolve();
  #isScheduled = false;
  #cancelRetry: (() => void) | undefined;

  constructor(parts: AlarmParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#entries.size;
  }

  get lastChanged(): number | undefined {
    return this.#changed;
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** What was raised before the datastore opened stands beside what it remembers. */
  start(services: ModuleServices): void {
    const own = [...this.#entries];
    this.#entries.clear();
    this.#services = services;
    this.#kept = new DurableMap(services, 'alarms');
    const known = Array.from(this.#kept.entries(), ([, entry]) => readEntry(entry));
    for (const entry of known.sort((a, b) => a.changed - b.changed)) this.#entries.set(keyOf(entry), entry);
    for (const [key, entry] of own) {
      const before = this.#entries.get(key);
      if (before !== undefined && isSame(before, entry)) this.#untold = this.#untold.filter((each) => each !== entry);
      else this.#put({ ...entry, created: before?.created ?? entry.created });
    }
    if (this.#untold.length > 0) this.#schedule();
    this.#changed ??= [...this.#entries.values()].at(-1)?.changed;
  }

  raise(alarm: Alarm): void {
    const plain = { ...alarm, qualifier: ascii(alarm.qualifier ?? '', 64), text: ascii(alarm.text, 255) };
    const key = keyOf({ ...plain, resource: ascii(alarm.resource, 255) });
    const known = this.#entries.get(key);
    if (known !== undefined && isSame(known, { ...plain, isCleared: false })) return;
    const now = this.#parts.now();
    this.#change({
      resource: ascii(alarm.resource, 255),
      type: alarm.type,
      qualifier: plain.qualifier,
      created: known?.created ?? now,
      raised: known?.isCleared === false ? known.raised : now,
      changed: now,
      isCleared: false,
      severity: alarm.severity,
      text: plain.text,
    });
  }

  stands(key: AlarmKey): boolean {
    return this.#find(key)?.isCleared === false;
  }

  clear(key: AlarmKey): void {
    const known = this.#find(key);
    if (known === undefined || known.isCleared) return;
    this.#change({ ...known, changed: this.#parts.now(), isCleared: true });
  }

  keepOnly(type: AlarmType, isThere: (resource: string) => boolean): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.type === type && !entry.isCleared && !isThere(entry.resource)) this.clear(entry);
    }
  }

  /** Takes out what `isMeant`; answers how many. */
  purge(isMeant: (entry: Entry) => boolean): number {
    const gone = [...this.#entries.values()].filter(isMeant);
    for (const entry of gone) this.#drop(entry);
    if (gone.length > 0) {
      this.#changed = this.#parts.now();
      this.#schedule();
    }
    return gone.length;
  }

  async idle(): Promise<void> {
    let work: Promise<void>;
    do {
      work = this.#work;
      await work;
    } while (work !== this.#work);
  }

  async stop(): Promise<void> {
    this.#cancelRetry?.();
    await this.idle();
  }

  /** What the disk did not take is tried again: that it works is how the alarm of the disk itself comes to its end. */
  #retry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#parts.after?.(retryAfter, () => this.#schedule());
  }

  #find({ resource, type, qualifier = '' }: AlarmKey): Entry | undefined {
    return this.#entries.get(keyOf({ resource: ascii(resource, 255), type, qualifier: ascii(qualifier, 64) }));
  }

  #change(entry: Entry): void {
    this.#changed = entry.changed;
    this.#put(entry);
    const { resource, type, severity, text, isCleared } = entry;
    const level = isCleared ? 'info' : severity === 'major' || severity === 'critical' ? 'error' : 'warning';
    this.#parts.log(level, `alarm ${isCleared ? 'cleared' : 'raised'}: ${text}`, { type, resource, severity });
    this.#untold.push(entry);
    if (this.#untold.length > 10 * listed) this.#untold.shift();
    this.#schedule();
  }

  #put(entry: Entry): void {
    const key = keyOf(entry);
    this.#entries.delete(key);
    if (this.#entries.size >= listed) this.#makeRoom();
    this.#entries.set(key, entry);
    this.#kept?.set(key, { ...entry });
  }

  #drop(entry: Entry): void {
    this.#entries.delete(keyOf(entry));
    this.#kept?.set(keyOf(entry), undefined);
  }

  /** The one that is over longest goes; where all stand, the oldest of the least serious. */
  #makeRoom(): void {
    let least: Entry | undefined;
    for (const entry of this.#entries.values())
      if (rank(entry) < (least === undefined ? 9 : rank(least))) least = entry;
    if (least !== undefined) this.#drop(least);
  }

  /** Changes that come together are written together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#work = this.#work.then(() => this.#tell());
  }

  async #tell(): Promise<void> {
    this.#isScheduled = false;
    const services = this.#services;
    if (services === undefined) return;
    const untold = this.#untold;
    this.#untold = [];
    try {
      await this.#kept?.flush();
    } catch (error) {
      this.#parts.log('error', 'the alarm list could not be written', { cause: String(error) });
      this.#retry();
    }
    const path = parsePath(services.schema, '/signet-alarms:alarms/alarm-notification');
    for (const [index, entry] of untold.entries()) {
      // Who listens has a queue of its own, which is bounded.
      if (index % slice === slice - 1) await new Promise<void>((resolve) => void setImmediate(resolve));
      services.notify(path, notificationJson(entry));
    }
  }
}

function states(list: AlarmList): readonly StateProvider[] {
  return [
    { path: '/signet-alarms:alarms/summary/alarm-summary', read: () => summary(list.entries()) },
    { path: '/signet-alarms:alarms/alarm-list/number-of-alarms', read: () => list.size },
    {
      path: '/signet-alarms:alarms/alarm-list/last-changed',
      read: () => (list.lastChanged === undefined ? undefined : dateAndTime(list.lastChanged)),
    },
    {
      path: '/signet-alarms:alarms/alarm-list/alarm',
      read: () => (list.size === 0 ? undefined : Array.from(list.entries(), alarmJson)),
    },
  ];
}

function purge(list: AlarmList, parts: AlarmParts): ActionHandler {
  return {
    path: '/signet-alarms:alarms/alarm-list/purge-alarms',
    async invoke(_context, _instance, input) {
      const status = input['alarm-clearance-status'];
      const older = input['older-than'] as JsonObject | undefined;
      const before = typeof older?.['days'] === 'number' ? parts.now() - older['days'] * 86_400_000 : Infinity;
      const purged = list.purge(
        ({ isCleared, changed }) => (status === 'any' || isCleared === (status === 'cleared')) && changed < before,
      );
      await list.idle();
      return { 'purged-alarms': purged };
    },
  };
}

function summary(entries: Iterable<Entry>): JsonValue {
  const counts = new Map(severities.map((each) => [each, { total: 0, cleared: 0 }]));
  for (const { severity, isCleared } of entries) {
    const count = counts.get(severity);
    if (count === undefined) continue;
    count.total += 1;
    if (isCleared) count.cleared += 1;
  }
  return Array.from(counts, ([severity, { total, cleared }]) => {
    return { severity, total, 'not-cleared': total - cleared, cleared };
  });
}

function alarmJson(entry: Entry): JsonObject {
  return {
    resource: entry.resource,
    'alarm-type-id': `signet-alarms:${entry.type}`,
    'alarm-type-qualifier': entry.qualifier,
    'time-created': dateAndTime(entry.created),
    'is-cleared': entry.isCleared,
    'last-raised': dateAndTime(entry.raised),
    'last-changed': dateAndTime(entry.changed),
    'perceived-severity': entry.severity,
    'alarm-text': entry.text,
  };
}

function notificationJson(entry: Entry): JsonObject {
  return {
    resource: entry.resource,
    'alarm-type-id': `signet-alarms:${entry.type}`,
    'alarm-type-qualifier': entry.qualifier,
    time: dateAndTime(entry.changed),
    'perceived-severity': entry.isCleared ? 'cleared' : entry.severity,
    'alarm-text': entry.text,
  };
}

function keyOf({ resource, type, qualifier }: Pick<Entry, 'resource' | 'type' | 'qualifier'>): string {
  return [resource, type, qualifier].join('\n');
}

/** True where there is nothing new in `other`. */
function isSame(entry: Entry, other: Pick<Entry, 'isCleared' | 'severity' | 'text'>): boolean {
  return entry.isCleared === other.isCleared && entry.severity === other.severity && entry.text === other.text;
}

function rank({ isCleared, severity }: Entry): number {
  return isCleared ? -1 : severities.indexOf(severity);
}

function dateAndTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** What SNMP's DisplayString takes. */
function ascii(text: string, length: number): string {
  return text.replace(/[^ -~]/g, '?').slice(0, length);
}

function readEntry({
  resource,
  type,
  qualifier,
  created,
  raised,
  changed,
  isCleared,
  severity,
  text,
}: JsonObject): Entry {
  return {
    resource: String(resource),
    type: type as AlarmType,
    qualifier: String(qualifier),
    created: Number(created),
    raised: Number(raised),
    changed: Number(changed),
    isCleared: isCleared === true,
    severity: severity as Severity,
    text: String(text),
  };
}

/** From the least serious on. */
const severities: readonly Severity[] = ['indeterminate', 'minor', 'warning', 'major', 'critical'];

/** Notifications that are sent at a stretch. */
const slice = 50;

/** Milliseconds. */
const retryAfter = 30_000;

/** Entries at most. */
const listed = 1000;
