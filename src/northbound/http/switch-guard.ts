/**
 * Who may confirm over HTTPS: where the commit that is to be confirmed changed what the listener serves, only a client on a
 * connection made after that change, and where it changed certificates only one that was presented such a certificate. Any
 * other proves nothing about whether the service can still be reached.
 */
import type { DatastoreEvent, Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { ConnectionInfo } from './request.js';

/** Fingerprints by server name, '' for all others. */
type Presented = ReadonlyMap<string, string>;

export interface SwitchGuardOptions {
  /** The listener's: it grows with every switch. */
  readonly epoch: () => number;
  /** The certificates that the listener presents. */
  readonly presented: () => Presented;
  /** Of the datastore: commits are told after they were applied. */
  readonly subscribe: (listener: (event: DatastoreEvent) => void) => () => void;
}

/** A commit that switched, the epoch that began with it, and what was presented before. */
interface Switch {
  readonly transaction: string;
  readonly epoch: number;
  readonly before: Presented;
}

export class SwitchGuard {
  readonly #options: SwitchGuardOptions;
  readonly #unsubscribe: () => void;
  /** The oldest first: those of the confirmed commit that is open, if it switched, and some from before. */
  #switches: readonly Switch[] = [];
  #epoch: number;
  #presented: Presented;
  /** The commit that was told of last. */
  #told = '';

  constructor(options: SwitchGuardOptions) {
    this.#options = options;
    this.#epoch = options.epoch();
    this.#presented = options.presented();
    this.#unsubscribe = options.subscribe((event) => {
      if (event.kind === 'commit') this.#note(event.transaction);
      else if (event.kind === 'notification' && beginsConfirmed(event)) this.#forgetOlder();
    });
  }

  /** The service is open: what commits change is counted from here on. */
  begin(): void {
    this.#epoch = this.#options.epoch();
    this.#presented = this.#options.presented();
  }

  /** Throws ConfigError where a confirmation may not come over this connection. */
  check(connection: ConnectionInfo, session: Pick<Session, 'transaction' | 'history'>): void {
    if (connection.epoch === Number.POSITIVE_INFINITY) return;
    const open = this.#switches.filter((each) => isUnconfirmed(each, session));
    const [first, last] = [open[0], open.at(-1)];
    if (first === undefined || last === undefined) return;
    if (connection.epoch < last.epoch) {
      throw refusal(
        'this connection was made before the commit changed the HTTPS service; confirm over a new connection, which shows that the service can be reached',
      );
    }
    const changed = [...this.#presented].flatMap(([name, now]) =>
      shownBefore(first.before, name) === now ? [] : [name],
    );
    if (changed.length === 0 || changed.includes(connection.presentedFor)) return;
    const names = changed.map((name) => (name === '' ? 'none of https/sni' : name)).join(' or ');
    throw refusal(
      `this connection was not presented a certificate that the commit changed; confirm over one that names ${names}, which shows that the certificate is accepted`,
    );
  }

  close(): void {
    this.#unsubscribe();
  }

  #note(transaction: string): void {
    this.#told = transaction;
    const epoch = this.#options.epoch();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#switches = [...this.#switches, { transaction, epoch, before: this.#presented }].slice(-mostSwitches);
    this.#presented = this.#options.presented();
  }

  /** A confirmed commit begins with the commit that was told of last: what switched before it is confirmed, or undone. */
  #forgetOlder(): void {
    this.#switches = this.#switches.filter(({ transaction }) => transaction === this.#told);
  }
}

/**
 * True where the switch came with a confirmed commit that is running itself, or that running only extends. An
 * older confirmed commit that was confirmed in the meantime counts as well; then all that is asked for is to reconnect.
 */
function isUnconfirmed({ transaction }: Switch, session: Pick<Session, 'transaction' | 'history'>): boolean {
  const running = session.transaction();
  const history = session.history();
  const at = history.findIndex((entry) => entry.transaction === transaction);
  const head = history.findIndex((entry) => entry.transaction === running);
  if (at < 0 || head < 0) return false;
  const since = at < head ? history.slice(at, head + 1) : history.slice(head, at + 1);
  return since.every(({ kind }) => kind === 'confirmed-commit');
}

/** RFC 6470 2.6. */
function beginsConfirmed({ path, content }: Extract<DatastoreEvent, { kind: 'notification' }>): boolean {
  const schema = path.last?.schema;
  if (schema?.name !== 'netconf-confirmed-commit') return false;
  const event = content.schema.byName.get('confirm-event')?.[0];
  return event?.kind === 'leaf' && content.leaf(event) === 'start';
}

/** What a client that asks for the name was presented: by the exact name, by `*` for its first label, else the certificate of all. */
function shownBefore(before: Presented, name: string): string | undefined {
  return before.get(name) ?? before.get(name.replace(/^[^.]*/, '*')) ?? before.get('');
}

function refusal(message: string): ConfigError {
  return new ConfigError({ type: 'protocol', tag: 'operation-failed', message });
}

/** An extension that switches is rare; what is older than these has been confirmed or undone. */
const mostSwitches = 16;
