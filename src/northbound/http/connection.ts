/** One connection: who logged in on it, the sessions that it holds, and the time by which its next step is due. */
import type { Duplex } from 'node:stream';
import type { LoginProof, Origin, Protocol, Session } from '../../datastore/index.js';
import type { ConnectionInfo } from './request.js';

export class Connection {
  readonly socket: Duplex;
  readonly info: ConnectionInfo;
  readonly local: boolean;
  /** The password that was verified last on this connection. */
  proof: LoginProof | undefined;
  authenticated = false;
  refusals = 0;
  requests = 0;
  /** Requests that are not answered yet. */
  pending = 0;
  /** When the sweep closes the connection; Infinity while the agent itself is at work. */
  deadline: number;
  readonly #open: (origin: Origin) => Session;
  readonly #sessions = new Map<string, Session>();

  constructor(
    socket: Duplex,
    info: ConnectionInfo,
    options: { readonly local: boolean; readonly deadline: number; readonly open: (origin: Origin) => Session },
  ) {
    this.socket = socket;
    this.info = info;
    this.local = options.local;
    this.deadline = options.deadline;
    this.#open = options.open;
  }

  /** Opened when it is first asked for, kept until the connection ends. */
  session(user: string, protocol: Protocol): Session {
    const key = `${protocol} ${user}`;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const { address, port } = this.info;
    const peer = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    const opened = this.#open({ user, protocol: this.local ? 'local' : protocol, address: this.local ? '' : peer });
    this.#sessions.set(key, opened);
    return opened;
  }

  end(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }
}
