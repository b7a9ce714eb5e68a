/** Renews self-signed certificates: before they end, when they cannot hold now, when the names of the device change. */
import type { ModuleServices, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { type GeneralName, matchesHost } from '../../x509/index.js';
import { parsePath } from '../../yang/index.js';
import type { Alarms } from '../alarm.js';
import { type CertificateEntry, entryPaths, installedJson, readEntry, readInstalled } from './entry.js';
import type { Validity } from './expiry.js';
import { type IssueParts, issueSelfSigned } from './issue.js';
import { followsDevice, identityOf } from './names.js';
import { resourceOf } from './standing.js';
import { storedCertificate } from './stored.js';

export interface RenewalParts extends IssueParts {
  readonly alarms: Alarms;
}

interface Failure {
  readonly count: number;
  /** Milliseconds since the epoch: not tried again before. */
  readonly retry: number;
}

export class Renewal {
  readonly #parts: RenewalParts;
  readonly #services: ModuleServices;
  readonly #failures = new Map<string, Failure>();
  /** The names that an entry's certificate was renewed for last: where they do not fit into one, that is not tried twice. */
  readonly #names = new Map<string, string>();

  constructor(parts: RenewalParts, services: ModuleServices) {
    this.#parts = parts;
    this.#services = services;
  }

  /**
   * Renews the certificate of an entry where that is due: one transaction, which others see as any other. True where it
   * was renewed. A failure is an alarm, and asks to be called again at {@link retryAt}.
   */
  async renew(name: string, root: Root, validity: Validity, now: number): Promise<boolean> {
    const entry = readEntry(root.config, name);
    const reason = entry === undefined ? undefined : this.#reason(entry, root, validity);
    if (entry === undefined || reason === undefined) {
      this.forget(name);
      return false;
    }
    const failure = this.#failures.get(name);
    if (failure !== undefined && now < failure.retry) return false;
    try {
      await this.#issue(entry, root, reason);
      this.forget(name);
      return true;
    } catch (error) {
      this.#failed(entry, ConfigError.from(error), now);
      return false;
    }
  }

  /** Milliseconds since the epoch; undefined where nothing failed. */
  retryAt(name: string): number | undefined {
    return this.#failures.get(name)?.retry;
  }

  /** Nothing is due any more for the entry. */
  forget(name: string): void {
    this.#failures.delete(name);
    this.#parts.alarms.clear({ resource: resourceOf(name), type: 'certificate-renewal-failed' });
  }

  /** After the clock was set back: pauses that were counted by it are void. */
  tryAgain(): void {
    for (const [name, failure] of this.#failures) this.#failures.set(name, { ...failure, retry: 0 });
  }

  #reason(entry: CertificateEntry, root: Root, validity: Validity): string | undefined {
    if (entry.source !== 'self-signed' || !entry.autoRenew) return undefined;
    if (validity === 'clock-untrusted') return undefined;
    if (validity !== 'valid') return validity;
    if (!followsDevice(entry)) return undefined;
    const installed = readInstalled(root.system, entry.name);
    if (installed === undefined) return undefined;
    const leaf = storedCertificate(installed.chain[0] ?? '');
    const names = identityOf(entry, root, this.#parts.deviceName(), this.#parts).subjectAltNames;
    const isHeld = ({ type, value }: GeneralName) =>
      leaf.subjectAltNames.some((each) => each.type === type && each.value === value) || matchesHost(leaf, value);
    if (names.every(isHeld)) return undefined;
    const wanted = names.map(({ value }) => value).join(' ');
    return this.#names.get(entry.name) === wanted ? undefined : wanted;
  }

  async #issue(entry: CertificateEntry, root: Root, reason: string): Promise<void> {
    const { keys } = this.#parts;
    const installed = readInstalled(root.system, entry.name);
    const isSound = installed !== undefined && (await keys.isSound(installed.keyId));
    const signal = AbortSignal.timeout(issueTimeout);
    const issued = await issueSelfSigned(entry, root, this.#parts, { reuse: isSound ? installed : undefined, signal });
    const { installed: path } = entryPaths(parsePath(this.#services.schema, '/signet-https:https'), entry.name);
    this.#names.set(entry.name, reason);
    await this.#services.commit({
      system: [{ path, value: installedJson(issued) }],
      comment: `renew ${entry.name}`,
    });
  }

  #failed({ name }: CertificateEntry, error: ConfigError, now: number): void {
    // A confirmed commit that is open goes before; that is no failure.
    if (error.tag === 'in-use') {
      this.#failures.set(name, { count: this.#failures.get(name)?.count ?? 0, retry: now + firstPause });
      return;
    }
    this.#names.delete(name);
    const count = (this.#failures.get(name)?.count ?? 0) + 1;
    this.#failures.set(name, { count, retry: now + Math.min(firstPause * 2 ** (count - 1), longestPause) });
    const text = `certificate ${name} could not be renewed, which is tried again: ${error.message}`;
    this.#parts.alarms.raise({
      resource: resourceOf(name),
      type: 'certificate-renewal-failed',
      severity: 'major',
      text,
    });
  }
}

/** Milliseconds. */
const firstPause = 60_000;
const longestPause = 6 * 3_600_000;

/** Milliseconds; a new RSA key takes seconds, and may wait for others. */
const issueTimeout = 120_000;
