/** The ends of the revocation lists that certificates of clients are checked against: without a current one they are refused. */
import type { Root } from '../../datastore/index.js';
import { readRevocationList, X509Error } from '../../x509/index.js';
import type { Branch } from '../../yang/index.js';
import type { Alarms } from '../alarm.js';
import { container, texts } from '../read.js';
import { httpsContainer } from './entry.js';
import { dateAndTime } from './facts.js';
import { levelOf } from './judge.js';

interface List {
  readonly resource: string;
  /** Milliseconds since the epoch: from when on its end is told, and its end (RFC 5280 5.1.2.5). */
  readonly warn: number;
  readonly end: number;
}

export class RevocationWatch {
  readonly #alarms: Alarms;
  /** The container that the lists were read from: another one has other lists. */
  #clients: Branch | undefined;
  #lists: readonly List[] | undefined;

  constructor(alarms: Alarms) {
    this.#alarms = alarms;
  }

  /** Raises and clears; answers when something happens next. `now` is of a clock that is trusted. */
  look(root: Root, now: number): number | undefined {
    const clients = container(httpsContainer(root.config), 'client-authentication');
    if (this.#lists === undefined || clients !== this.#clients) {
      this.#clients = clients;
      this.#lists = clients === undefined ? [] : texts(clients, 'crl').flatMap(readList);
      const resources = new Set(this.#lists.map(({ resource }) => resource));
      this.#alarms.keepOnly(type, (resource) => resources.has(resource));
    }
    for (const list of this.#lists) this.#show(list, root, now);
    const moments = this.#lists.flatMap(({ warn, end }) => [warn, end + 1]).filter((moment) => moment > now);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  #show({ resource, warn, end }: List, root: Root, now: number): void {
    const until = dateAndTime(new Date(end));
    if (now > end) {
      const severity = levelOf(root) === 'high' ? 'critical' : 'major';
      const text = `the revocation list held until ${until}; load the next one, or clients are refused`;
      this.#alarms.raise({ resource, type, severity, text });
    } else if (now >= warn) {
      const text = `the revocation list holds until ${until}; load the next one`;
      this.#alarms.raise({ resource, type, severity: 'minor', text });
    } else {
      this.#alarms.clear({ resource, type });
    }
  }
}

/** None where it cannot be read, which was refused when it was written, or does not say when the next one comes. */
function readList(encoded: string, index: number): readonly List[] {
  try {
    const { thisUpdate, nextUpdate } = readRevocationList(Buffer.from(encoded, 'base64'));
    if (nextUpdate === undefined) return [];
    const end = nextUpdate.getTime();
    const resource = `/signet-https:https/client-authentication/crl[${String(index + 1)}]`;
    return [{ resource, end, warn: end - (end - thisUpdate.getTime()) / 3 }];
  } catch (error) {
    if (error instanceof X509Error) return [];
    throw error;
  }
}

const type = 'revocation-list-expiry';
