/** Clients that show a certificate: judged by the tree's anchors and lists (RFC 5280 section 6), named by its rules (RFC 7407). */
import { createHash } from 'node:crypto';
import type { Change, Finding, Root } from '../../datastore/index.js';
import type { ClientJudge, Clock } from '../../southbound/index.js';
import {
  type Certificate,
  type ClientValidator,
  type ClientVerdict,
  certToNameFacts,
  createClientValidator,
  hasTlsFingerprint,
  readCertificate,
  readRevocationList,
  tlsFingerprintFault,
  X509Error,
} from '../../x509/index.js';
import type { Branch, ListData } from '../../yang/index.js';
import { container, leaf, list, text, texts } from '../read.js';
import { httpsContainer } from './entry.js';

/** Remembers what it found out, so that a request costs a look-up; every change of anchors, lists and rules counts at once. */
export class ClientCertificates implements ClientJudge {
  readonly #clock: Clock;
  readonly #running: () => Root | undefined;
  #trust: Trust | undefined;
  readonly #intermediates = new Map<string, readonly Buffer[]>();

  constructor(clock: Clock, running: () => Root | undefined) {
    this.#clock = clock;
    this.#running = running;
  }

  get clockTrusted(): boolean {
    return this.#clock.trusted();
  }

  refusal(chain: readonly Buffer[]): string | undefined {
    return chain.length === 0 ? 'no certificate was sent' : this.#verdict(chain).reason;
  }

  /**
   * The name that the chain (DER, as the client sent it, its own first) stands for now; undefined where it does not hold, or no
   * longer, and where no rule names it.
   */
  name(chain: readonly Buffer[]): string | undefined {
    const { path, reason, trust } = this.#verdict(chain);
    return reason === undefined ? mappedName(path, trust.clients) : undefined;
  }

  #verdict(chain: readonly Buffer[]): Verdict {
    const trust = this.#trustOf(this.#running());
    const now = this.#clock.now();
    const known = trust.verdicts.get(chain);
    if (known !== undefined && known.until > now && now >= known.from) return known;
    const whole = chain.length === 1 ? [...chain, ...(this.#intermediates.get(keyOf(chain)) ?? [])] : chain;
    const circumstances = { now: new Date(now), clockTrusted: this.#clock.trusted(), level: trust.level };
    const given = trust.validate(whole, circumstances);
    const reason = refusal(given, trust);
    if (reason === undefined) this.#remember(chain, given.path);
    const verdict = { trust, path: given.path, reason, from: now, until: now + verdictMs };
    trust.verdicts.set(chain, verdict);
    return verdict;
  }

  /** A session that is resumed holds the client's own certificate only: what stood between it and the anchor is kept here. */
  #remember(chain: readonly Buffer[], path: readonly Certificate[]): void {
    const between = path.slice(1, -1).map(({ der }) => der);
    if (between.length === 0) return;
    const key = keyOf(chain);
    this.#intermediates.delete(key);
    this.#intermediates.set(key, between);
    for (const [oldest] of this.#intermediates) {
      if (this.#intermediates.size <= mostRemembered) break;
      this.#intermediates.delete(oldest);
    }
  }

  /** Read anew only where something that it is made of is another. */
  #trustOf(root: Root | undefined): Trust {
    const https = root === undefined ? undefined : httpsContainer(root.config);
    const anchors = list(https, 'trust-anchor');
    const clients = container(https, 'client-authentication');
    const level = https !== undefined && text(https, 'security-level') === 'high' ? 'high' : 'standard';
    const known = this.#trust;
    if (known?.anchors === anchors && known?.clients === clients && known?.level === level) return known;
    const revocationLists = (clients === undefined ? [] : texts(clients, 'crl')).flatMap((each) =>
      readable(() => readRevocationList(Buffer.from(each, 'base64'))),
    );
    const trusted = (clients === undefined ? [] : texts(clients, 'ca-certs')).flatMap((name) => {
      const anchor = anchors?.get([name]);
      return anchor === undefined ? [] : texts(anchor, 'certificate');
    });
    this.#trust = {
      anchors,
      clients,
      level,
      validate: createClientValidator({
        anchors: trusted.flatMap((each) => readable(() => readCertificate(Buffer.from(each, 'base64')))),
        revocationLists,
        revocationRequired: false,
      }),
      verdicts: new WeakMap(),
    };
    return this.#trust;
  }
}

interface Trust {
  readonly anchors: ListData | undefined;
  readonly clients: Branch | undefined;
  readonly level: 'standard' | 'high';
  readonly validate: ClientValidator;
  /** By the chain of a connection. */
  readonly verdicts: WeakMap<readonly Buffer[], Verdict>;
}

interface Verdict {
  readonly trust: Trust;
  readonly path: readonly Certificate[];
  readonly reason: string | undefined;
  readonly from: number;
  readonly until: number;
}

/** At level high a list that is configured has to be current; authorities without a list are judged without. */
function refusal({ accepted, findings }: ClientVerdict, { level }: Trust): string | undefined {
  const stale = level === 'high' ? findings.find(({ code }) => outdated.has(code)) : undefined;
  const found = findings.find(({ severity }) => severity === 'error') ?? stale;
  if (found !== undefined) return found.text;
  return accepted ? undefined : 'the certificate is not acceptable';
}

/**
 * The rules by rising id: the first whose fingerprint is that of a certificate of the path and whose map type yields a name
 * decides (RFC 7407, grouping cert-to-name).
 */
function mappedName(path: readonly Certificate[], clients: Branch | undefined): string | undefined {
  const rules = [...(list(clients, 'cert-to-name') ?? [])].sort(
    (a, b) => Number(leaf(a, 'id')) - Number(leaf(b, 'id')),
  );
  const [own] = path;
  if (own === undefined) return undefined;
  for (const rule of rules) {
    const fingerprint = text(rule, 'fingerprint') ?? '';
    if (!path.some((certificate) => hasTlsFingerprint(certificate, fingerprint))) continue;
    const name = nameBy(text(rule, 'map-type') ?? '', own, rule);
    if (name !== undefined && name !== '') return name;
  }
  return undefined;
}

/** A rule that no certificate can meet locks out without a word whoever it was for. */
export function judgeRules({ before, after }: Change): readonly Finding[] {
  const rulesOf = ({ config }: Root) =>
    list(container(httpsContainer(config), 'client-authentication'), 'cert-to-name');
  const known = rulesOf(before);
  const rules = rulesOf(after);
  if (rules === undefined || rules === known) return [];
  return [...rules].flatMap((rule): readonly Finding[] => {
    const fault = known?.get(rule.keys()) === rule ? undefined : tlsFingerprintFault(text(rule, 'fingerprint') ?? '');
    if (fault === undefined) return [];
    const path = `/signet-https:https/client-authentication/cert-to-name[id='${String(leaf(rule, 'id'))}']/fingerprint`;
    return [{ severity: 'warning', path, text: `the fingerprint can be that of no certificate: it ${fault}` }];
  });
}

function nameBy(mapType: string, certificate: Certificate, rule: Branch): string | undefined {
  const facts = certToNameFacts(certificate);
  switch (mapType.slice(mapType.indexOf(':') + 1)) {
    case 'specified':
      return text(rule, 'name');
    case 'san-rfc822-name':
      return facts.rfc822Names[0];
    case 'san-dns-name':
      return facts.dnsNames[0];
    case 'san-ip-address':
      return facts.ipAddresses[0];
    case 'san-any':
      return facts.anyNames[0];
    case 'common-name':
      return facts.commonName;
    default:
      return undefined;
  }
}

/** What cannot be read counts as absent: it was refused when it was written. */
function readable<T>(read: () => T): readonly T[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof X509Error) return [];
    throw error;
  }
}

function keyOf([own]: readonly Buffer[]): string {
  return createHash('sha256')
    .update(own ?? '')
    .digest('base64');
}

const outdated: ReadonlySet<string> = new Set(['revocation-list-expired', 'revocation-list-unusable']);
/** Time passes for certificates and lists on open connections too. */
const verdictMs = 60_000;
const mostRemembered = 1_024;
