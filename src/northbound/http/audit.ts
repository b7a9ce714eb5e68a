/** What is written down of logins: bounded, so that nobody fills a disk by failing to log in. */

export interface AuditEvent {
  readonly kind: 'accepted' | 'refused' | 'busy';
  readonly user: string;
  readonly address: string;
  readonly method: 'password' | 'certificate';
  /** Why a client's certificate was refused. */
  readonly reason?: string;
  /** How many alike were not reported since the last one that was. */
  readonly suppressed?: number;
}

/**
 * Passes the first event of its kind, user and address on at once and counts those that follow within the interval; the
 * count goes with the next one, or alone when the interval ends.
 */
export class AuditThrottle {
  readonly #report: (event: AuditEvent) => void;
  readonly #interval: number;
  readonly #capacity: number;
  readonly #recent = new Map<
    string,
    { readonly event: AuditEvent; readonly timer: NodeJS.Timeout; suppressed: number }
  >();
  #overflow = 0;

  constructor(
    report: (event: AuditEvent) => void,
    options: { readonly interval?: number; readonly capacity?: number } = {},
  ) {
    this.#report = report;
    this.#interval = options.interval ?? 10_000;
    this.#capacity = options.capacity ?? 256;
  }

  report(event: AuditEvent): void {
    const key = JSON.stringify([event.kind, event.user, event.address]);
    const recent = this.#recent.get(key);
    if (recent !== undefined) {
      recent.suppressed += 1;
      return;
    }
    if (this.#recent.size >= this.#capacity) {
      this.#overflow += 1;
      return;
    }
    const timer = setTimeout(() => this.#expire(key), this.#interval);
    timer.unref();
    this.#recent.set(key, { event, timer, suppressed: 0 });
    this.#report(this.#overflow > 0 ? { ...event, suppressed: this.#overflow } : event);
    this.#overflow = 0;
  }

  close(): void {
    for (const key of [...this.#recent.keys()]) this.#expire(key);
  }

  #expire(key: string): void {
    const recent = this.#recent.get(key);
    if (recent === undefined) return;
    clearTimeout(recent.timer);
    this.#recent.delete(key);
    if (recent.suppressed > 0) this.#report({ ...recent.event, suppressed: recent.suppressed });
  }
}
