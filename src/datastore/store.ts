/** The journal as roots and history: what a start reads, what a commit writes, when the file is made shorter. */
import { ConfigError } from '../error.js';
import { DataTree, diffTrees, type JsonValue, type Schema } from '../yang/index.js';
import type { Difference, Origin, Root } from './contract.js';
import { factoryResetKind } from './factory.js';
import type { FileSystem } from './files.js';
import { History, type Point, type RetentionOf } from './history.js';
import { Journal, type ReadRecord, type RecordLines, storageError } from './journal.js';
import { headerLength } from './journal-reader.js';
import type { Clock, Log } from './log.js';
import { placedPatchOf } from './patch.js';
import {
  applyLines,
  decodeHead,
  encodeHead,
  isFact,
  type RecordHead,
  type StartupState,
  snapshotRecords,
} from './record.js';
import { LineReader, patchLines } from './record-lines.js';
import type { HistoryEntry } from './session.js';
import type { Troubles } from './trouble.js';
import { WriteTrouble } from './write-trouble.js';

export interface StoreOptions {
  readonly stateDirectory: string;
  readonly schema: Schema;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly log: Log;
  readonly retention: RetentionOf;
  /** Milliseconds since the epoch: a clock that shows less is wrong for certain. */
  readonly built: number;
  readonly troubles: Troubles;
  /** Octets that the journal may have beyond twice its snapshot before it is made shorter; 4 MB where absent. */
  readonly compactAfter?: number | undefined;
}

/** What a commit's record holds beside its history entry. */
export interface CommitRecord {
  readonly entry: HistoryEntry;
  readonly before: Root;
  readonly after: Root;
  /** Where they are known already. */
  readonly differences?: { readonly config: readonly Difference[]; readonly system: readonly Difference[] };
  /** The transaction that the confirmed commit falls back to which is open from here on. */
  readonly fallback?: string;
  /** From here on no confirmed commit is open. */
  readonly closes?: boolean;
}

/** The startup datastore, where there is one. */
export interface Startup {
  /** Undefined where it was deleted, or does not fit the schema. */
  readonly root: Root | undefined;
  /** Why there is no root though one was saved. */
  readonly fault?: ConfigError;
  readonly time: number;
  readonly origin: Origin;
}

/** With the offset behind its record. */
type StoredStartup = Startup & { readonly end: number };

export class Store {
  readonly #options: StoreOptions;
  readonly #journal: Journal;
  readonly #facts: Map<string, JsonValue>;
  readonly history: History;
  #startup: StoredStartup | undefined;
  /** Octets from which on the journal is worth making shorter. */
  #threshold: number;
  #compaction: Promise<void> | undefined;
  #lastTime: number;
  readonly #trouble: WriteTrouble;
  /** The journal holds what has been erased from the history. */
  mustErase: boolean;

  private constructor(options: StoreOptions, journal: Journal, loaded: Loader) {
    this.#options = options;
    this.#journal = journal;
    this.#trouble = new WriteTrouble(options);
    this.#facts = loaded.facts;
    this.#lastTime = loaded.lastTime;
    this.history = loaded.history!;
    this.mustErase = eraseBeforeReset(this.history);
    // What came before a reset is erased with all the rest.
    const isErased = this.mustErase && (loaded.startup?.end ?? 0) < this.history.oldest.end;
    this.#keepStartup(isErased ? undefined : loaded.startup);
    this.#threshold = loaded.snapshotEnd * 2 + this.#slack;
  }

  /** `fallback`: the point that a confirmed commit, open when the agent stopped, has to go back to. */
  static async open(options: StoreOptions): Promise<{ readonly store: Store; readonly fallback: Point | undefined }> {
    const loader = new Loader(options);
    const journal = await Journal.open(
      {
        ...options,
        torn({ octets }) {
          const text = `the last write before the stop was torn: ${octets} octets that never were acknowledged are cut off`;
          options.troubles.stands({ kind: 'journal-torn', place: '', text });
        },
      },
      (record) => loader.take(record),
    );
    const store = new Store(options, journal, loader.finish());
    return { store, fallback: loader.fallback };
  }

  get #slack(): number {
    return this.#options.compactAfter ?? compactionSlack;
  }

  get head(): Point {
    return this.history.head;
  }

  /** The time of the last record that no impossible clock has dated, be it left out since; 0 where there is none. */
  get lastTime(): number {
    return this.#lastTime;
  }

  #passed(time: number): void {
    if (time >= this.#options.built) this.#lastTime = time;
  }

  /** Resolves with the offsets behind the records when all are on disk. */
  async write(commits: readonly CommitRecord[]): Promise<readonly number[]> {
    const ends = await this.#write(commits.map(commitLines));
    for (const { entry } of commits) this.#passed(entry.time);
    return ends;
  }

  /** The record of a confirmation: it changes no root. */
  async writeConfirm(origin: Origin): Promise<void> {
    const time = this.#options.clock.now();
    await this.#append({ record: 'confirm', time, origin });
    this.#passed(time);
  }

  advance(entry: HistoryEntry, root: Root, end: number, keep: Point | undefined): void {
    this.history.add({ entry, root, end }, this.#options.clock.now(), keep);
  }

  /** Undefined where running is what a start finds. */
  get startup(): Startup | undefined {
    return this.#startup;
  }

  /** Between two commits. Resolves when it is on disk: `saved` with the root, which costs what differs from running. */
  async setStartup(is: StartupState, origin: Origin, root?: Root): Promise<void> {
    const startup = { time: this.#options.clock.now(), origin, root };
    const [end] = await this.#write([startupLines(startup, is, this.head.root)]);
    this.#passed(startup.time);
    this.#keepStartup(is === 'none' ? undefined : { ...startup, end: end! });
  }

  /** It is not to be found in the journal when that is written anew. */
  forgetStartup(): void {
    this.#keepStartup(undefined);
  }

  #keepStartup(startup: StoredStartup | undefined): void {
    this.#startup = startup;
    this.history.hold(startup?.root);
  }

  fact(name: string): JsonValue | undefined {
    return this.#facts.get(name);
  }

  /** Resolves when the fact is on disk; readers see it from then on. */
  async setFact(name: string, value: JsonValue): Promise<void> {
    await this.#append({ record: 'meta', name, value });
    this.#facts.set(name, value);
  }

  /** Starts a compaction where the journal has grown enough; commits go on meanwhile. */
  compactIfLarge(): void {
    if (this.#journal.size < this.#threshold || this.#compaction !== undefined) return;
    this.#threshold = this.#journal.size * 2 + this.#slack;
    this.#compaction = this.compact()
      .catch((error: unknown) => {
        this.#options.log('error', 'the journal could not be made shorter', { cause: String(error) });
        const { message } = storageError('the journal could not be made shorter and grows', error);
        this.#options.troubles.stands({ kind: 'journal-compaction-failed', place: '', text: message });
      })
      .finally(() => {
        this.#compaction = undefined;
      });
  }

  /** Resolves when the journal holds nothing any more that came before the oldest point of the history. */
  async erase(): Promise<void> {
    this.mustErase = true;
    // One that is under way may have begun with an older point.
    while (this.#compaction !== undefined) await this.#compaction;
    this.#lastTime = this.head.entry.time;
    const erasure = this.compact();
    this.#compaction = erasure
      .catch((error: unknown) => {
        const { message } = storageError('the journal still holds what was erased', error);
        this.#options.troubles.stands({ kind: 'journal-compaction-failed', place: '', text: message });
      })
      .finally(() => {
        this.#compaction = undefined;
      });
    await erasure;
    this.mustErase = false;
  }

  /** Snapshot of the oldest kept point, all commits after it, those under way among them, and of each fact the last value. */
  async compact(): Promise<void> {
    const { oldest } = this.history;
    const startup = this.#startup?.fault === undefined ? this.#startup : undefined;
    const facts = new Map(this.#facts);
    await this.#journal.compact({
      // One that came later stands among the commits.
      snapshot: () => snapshot(oldest, startup !== undefined && startup.end <= oldest.end ? startup : undefined),
      keepFrom: oldest.end,
      isLeftOut: isFact,
      leftOut([line]) {
        const head = decodeHead(line);
        if (head.record === 'meta') facts.set(head.name, head.value);
      },
      rest: () =>
        Array.from(facts.set(lastTimeFact, this.#lastTime), ([name, value]) => [
          encodeHead({ record: 'meta', name, value }),
        ]),
    });
    this.#options.troubles.isOver('journal-compaction-failed');
    this.#threshold = this.#journal.size * 2 + this.#slack;
  }

  async close(): Promise<void> {
    await this.#compaction;
    await this.#trouble.close();
    await this.#journal.close();
  }

  async #append(head: RecordHead): Promise<void> {
    await this.#try([[encodeHead(head)]]);
    this.#trouble.look();
  }

  async #write(records: readonly RecordLines[]): Promise<readonly number[]> {
    const ends = await this.#try(records);
    this.#trouble.isOver();
    return ends;
  }

  async #try(records: readonly RecordLines[]): Promise<readonly number[]> {
    try {
      return await this.#journal.append(records);
    } catch (error) {
      this.#trouble.failed(error);
      throw error;
    }
  }
}

/** The origin of what the agent does of its own accord. */
export const systemOrigin: Origin = { user: 'system', protocol: 'system', address: '' };

/** Made line by line while it is written. */
function* commitLines(commit: CommitRecord): Iterable<string> {
  const { entry, before, after, fallback, closes } = commit;
  const { config, system } = commit.differences ?? {
    config: diffTrees(before.config, after.config),
    system: diffTrees(before.system, after.system),
  };
  yield encodeHead({
    record: 'commit',
    entry,
    ...(fallback === undefined ? {} : { fallback }),
    ...(closes === undefined ? {} : { closes }),
  });
  yield* patchLines('c', placedPatchOf(config, after.config));
  yield* patchLines('s', placedPatchOf(system, after.system));
}

/** Lets others run between parts, so that reads do not wait for a large snapshot. */
async function* snapshot(point: Point, startup: Startup | undefined): AsyncIterable<RecordLines> {
  for (const lines of snapshotRecords(point.root, point.entry)) {
    yield lines;
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  if (startup !== undefined) yield startupLines(startup, startup.root === undefined ? 'deleted' : 'saved', point.root);
}

function* startupLines({ root, time, origin }: Startup, is: StartupState, head: Root): Iterable<string> {
  yield encodeHead({ record: 'startup', time, origin, is });
  if (root === undefined) return;
  yield* patchLines('c', placedPatchOf(diffTrees(head.config, root.config), root.config));
  yield* patchLines('s', placedPatchOf(diffTrees(head.system, root.system), root.system));
}

class Loader {
  readonly #options: StoreOptions;
  readonly facts = new Map<string, JsonValue>();
  startup: StoredStartup | undefined;
  history: History | undefined;
  snapshotEnd = 0;
  lastTime = 0;
  #reader: { readonly entry: HistoryEntry; readonly lines: LineReader } | undefined;
  #fallback: Point | undefined;
  /** The fallback of the confirmed commit that was closed last: a reversal opens it again. */
  #closed: Point | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get fallback(): Point | undefined {
    return this.#fallback;
  }

  take({ lines, end }: ReadRecord): void {
    const head = decodeHead(lines[0]);
    switch (head.record) {
      case 'snapshot':
        this.#passed(head.entry.time);
        this.#reader = { entry: head.entry, lines: new LineReader(emptyPoint(this.#options).root) };
        return;
      case 'part':
        for (const line of lines.slice(1)) this.#reader?.lines.apply(line);
        return;
      case 'end':
        this.#begin(end);
        return;
      case 'meta':
        if (head.name === lastTimeFact) this.lastTime = Number(head.value);
        else this.facts.set(head.name, head.value);
        return;
      case 'confirm':
        this.#passed(head.time);
        this.#close();
        return;
      case 'commit':
        this.#passed(head.entry.time);
        this.#commit(head, lines, end);
        return;
      case 'startup':
        this.#passed(head.time);
        this.#startup(head, lines, end);
        return;
      default: {
        const message = `the journal holds a record ${JSON.stringify((head as RecordHead).record)}, which is of a newer version`;
        throw new ConfigError({ tag: 'operation-failed', message });
      }
    }
  }

  /** `time`: that of the first record that has one, so that transaction 0 has the same after every start. */
  finish(time?: number): this {
    this.history ??= new History(this.#options.retention, emptyPoint(this.#options, time));
    return this;
  }

  #passed(time: number): void {
    if (time >= this.#options.built) this.lastTime = time;
  }

  #close(): void {
    this.#closed = this.#fallback ?? this.#closed;
    this.#fallback = undefined;
  }

  #begin(end: number): void {
    if (this.#reader === undefined)
      throw new ConfigError({ tag: 'operation-failed', message: 'a snapshot without its beginning' });
    const { entry, lines } = this.#reader;
    this.history = new History(this.#options.retention, { entry, root: lines.finish(), end });
    this.snapshotEnd = end;
    this.#reader = undefined;
  }

  #commit(head: Extract<RecordHead, { record: 'commit' }>, lines: readonly string[], end: number): void {
    const { history } = this.finish(head.entry.time);
    const before = history!.head;
    if (head.closes === true) this.#close();
    if (head.fallback !== undefined) this.#fallback ??= this.#reopened(head.fallback) ?? before;
    const root = rootBehind(before.root, lines, `transaction ${head.entry.transaction}`);
    history!.add({ entry: head.entry, root, end }, this.#options.clock.now(), this.#fallback);
  }

  #startup(head: Extract<RecordHead, { record: 'startup' }>, lines: readonly string[], end: number): void {
    const { time, origin, is } = head;
    const { history } = this.finish(time);
    this.startup = is === 'none' ? undefined : { root: undefined, time, origin, end };
    if (is !== 'saved' || this.startup === undefined) return;
    try {
      const root = rootBehind(history!.head.root, lines, 'what was saved');
      this.startup = { ...this.startup, root };
    } catch (error) {
      // No reason not to start: running is there.
      this.startup = { ...this.startup, fault: ConfigError.from(error) };
    }
  }

  #reopened(transaction: string): Point | undefined {
    return this.#closed?.entry.transaction === transaction ? this.#closed : undefined;
  }
}

function rootBehind(root: Root, lines: readonly string[], what: string): Root {
  try {
    return applyLines(root, lines);
  } catch (error) {
    const { message, path } = ConfigError.from(error);
    const reason = `${what} in the journal does not fit the schema: ${message}`;
    throw new ConfigError({ tag: 'operation-failed', path, message: reason }, { cause: error });
  }
}

/** What a stop has kept from being erased (RFC 8808 section 2): what came before a reset that was not taken back. */
function eraseBeforeReset(history: History): boolean {
  const { points } = history;
  const last = points.findLastIndex(
    ({ entry }, index) => entry.kind === factoryResetKind && points[index + 1]?.entry.kind !== 'reversal',
  );
  if (last <= 0) return false;
  history.forget(points[last]!.entry.transaction);
  return true;
}

function emptyPoint({ schema, clock }: StoreOptions, time = clock.now()): Point {
  const root = { config: DataTree.empty(schema), system: DataTree.empty(schema) };
  const entry = { transaction: '0', time, origin: systemOrigin, comment: '', kind: 'initial' };
  return { entry, root, end: headerLength };
}

const compactionSlack = 4 * 1024 * 1024;
/** The fact that carries that time on where its record is left out. */
const lastTimeFact = 'last-time';
