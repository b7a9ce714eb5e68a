/** Whether the certificates of a path are revoked, by lists at hand (RFC 5280 6.3). */

import { type Certificate, fingerprint } from './certificate.js';
import { type DistributionPoint, fullNames, readDistributionPoints } from './distribution-points.js';
import { X509Error } from './errors.js';
import { titled } from './findings.js';
import { namesIssuer, SignatureChecks } from './issuers.js';
import { extensionOids } from './oids.js';
import { isListIssuer, type Revocation, type RevocationList, revocationKey } from './revocation-list.js';

export interface RevocationFinding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: 'revoked' | 'revocation-unknown' | 'revocation-list-expired' | 'revocation-list-unusable';
  readonly text: string;
  readonly position?: number;
}

export interface RevocationCheck {
  /** End-entity certificate first, each one's issuer the next; the last one's own state is not looked for. */
  readonly path: readonly Certificate[];
  readonly lists: readonly RevocationList[];
  /** Certificates among which signers of lists are looked for where the issuer itself did not sign. */
  readonly others?: readonly Certificate[];
  readonly now: Date;
  readonly clockTrusted: boolean;
  /** True makes an error of a certificate for which there is no current list (level high), else a piece of information. */
  readonly required: boolean;
  /** What is known of signatures from earlier checks. */
  readonly signatures?: SignatureChecks;
  readonly listSignatures?: ListSignatures;
}

/** Signatures of lists that were checked: a list can be large, and serves many connections. */
export class ListSignatures {
  readonly #known = new WeakMap<RevocationList, Map<string, boolean>>();

  isIssuer(issuer: Certificate, list: RevocationList): boolean {
    const known = this.#known.get(list) ?? new Map<string, boolean>();
    // By certificate and not by key: what it may be used for counts as well.
    const id = fingerprint(issuer);
    const verdict = known.get(id) ?? isListIssuer(issuer, list);
    this.#known.set(list, known.set(id, verdict));
    return verdict;
  }
}

/** Checks every certificate of a path whose issuer is in it, root excluded. */
export function checkRevocation(check: RevocationCheck): readonly RevocationFinding[] {
  const { path } = check;
  const whole: WholeCheck = {
    ...check,
    others: check.others ?? [],
    signatures: check.signatures ?? new SignatureChecks(),
    listSignatures: check.listSignatures ?? new ListSignatures(),
  };
  return path
    .slice(0, -1)
    .flatMap((certificate, position) => revocationOf(certificate, path[position + 1]!, position, whole, 0));
}

/** A list is current where its next one is not due yet (RFC 5280 5.1.2.5). */
export function isCurrentList({ thisUpdate, nextUpdate }: RevocationList, now: Date): boolean {
  return thisUpdate <= now && nextUpdate !== undefined && now <= nextUpdate;
}

type WholeCheck = Required<RevocationCheck>;

function revocationOf(
  certificate: Certificate,
  issuer: Certificate,
  position: number,
  check: WholeCheck,
  depth: number,
): readonly RevocationFinding[] {
  const title = titled(certificate, position);
  const finding = (
    severity: RevocationFinding['severity'],
    code: RevocationFinding['code'],
    text: string,
  ): readonly RevocationFinding[] => [{ severity, code, text, position }];
  const gap = check.required ? 'error' : 'info';
  const inScope = check.lists.flatMap((list) => {
    const reasons = coveredReasons(certificate, list);
    return reasons !== undefined && isTrusted(list, issuer, check, depth) ? [{ list, reasons }] : [];
  });
  const usable = inScope.filter(({ list }) => list.unknownCritical.length === 0);
  const state = stateOf(certificate, usable, check);
  if (state.revocation !== undefined) {
    const { date, reason } = state.revocation;
    return finding('error', 'revoked', `${title} was revoked on ${date.toISOString()} (${reason})`);
  }
  if (allReasons.every((reason) => state.covered.has(reason))) return [];
  const unusable = usable.length === 0 ? unusableList(certificate, issuer, inScope, check) : undefined;
  if (unusable !== undefined) {
    return finding(gap, 'revocation-list-unusable', `the revocation list for ${title} ${unusable}`);
  }
  if (state.outdated) {
    const text = `the revocation list for ${title} is not current`;
    return finding(check.required ? 'error' : 'warning', 'revocation-list-expired', text);
  }
  const text =
    state.covered.size > 0
      ? `the revocation lists for ${title} do not cover every reason`
      : `there is no revocation list of the issuer of ${title}`;
  return finding(gap, 'revocation-unknown', text);
}

/** What is wrong with a list that the issuer is named in, where none can be used. */
function unusableList(
  certificate: Certificate,
  issuer: Certificate,
  inScope: readonly ScopedList[],
  { lists }: WholeCheck,
): string | undefined {
  const bad = inScope.find(({ list }) => list.unknownCritical.length > 0);
  if (bad !== undefined) return `has extensions that are not known: ${bad.list.unknownCritical.join(', ')}`;
  const isForged = (list: RevocationList): boolean =>
    issuer.comparableSubject === list.comparableIssuer &&
    namesIssuer(list, issuer) &&
    coveredReasons(certificate, list) !== undefined;
  return inScope.length === 0 && lists.some(isForged) ? 'was not signed by its issuer' : undefined;
}

interface ScopedList {
  readonly list: RevocationList;
  readonly reasons: ReadonlySet<number>;
}

interface State {
  readonly revocation: Revocation | undefined;
  /** Reasons that current lists cover. */
  readonly covered: ReadonlySet<number>;
  readonly outdated: boolean;
}

/** What the newest list of each scope says, with the delta that amends it (RFC 5280 6.3.3 (i) to (l)). */
function stateOf(certificate: Certificate, usable: readonly ScopedList[], check: WholeCheck): State {
  const covered = new Set<number>();
  let outdated = false;
  let revocation: Revocation | undefined;
  for (const { list, reasons } of newestOfEachScope(usable.filter((each) => each.list.base === undefined))) {
    const delta = deltaFor(list, usable);
    const current =
      !check.clockTrusted ||
      [list, ...(delta === undefined ? [] : [delta])].every((each) => isCurrentList(each, check.now));
    if (current) for (const reason of reasons) covered.add(reason);
    else outdated = true;
    // Whatever the age of the list: what was revoked once stays so, but for holds, which a newer list would lift.
    const amended = delta?.revoked.get(revocationKey(certificate, delta));
    const found = amended ?? list.revoked.get(revocationKey(certificate, list));
    if (found !== undefined && found.reason !== 'removeFromCRL') revocation ??= found;
  }
  return { revocation, covered, outdated };
}

function newestOfEachScope(lists: readonly ScopedList[]): readonly ScopedList[] {
  const newest = new Map<string, ScopedList>();
  for (const each of lists) {
    const key = scopeKey(each.list);
    const other = newest.get(key)?.list;
    if (other === undefined || isNewer(each.list, other)) newest.set(key, each);
  }
  return [...newest.values()];
}

/** RFC 5280 5.2.4: a delta of the same issuer and scope whose base is not beyond the list, and which itself is. */
function deltaFor(list: RevocationList, usable: readonly ScopedList[]): RevocationList | undefined {
  const { number } = list;
  if (number === undefined) return undefined;
  const key = scopeKey(list);
  const deltas = usable
    .map((each) => each.list)
    .filter(
      (delta) =>
        delta.base !== undefined &&
        delta.number !== undefined &&
        delta.base <= number &&
        delta.number > number &&
        scopeKey(delta) === key,
    );
  return deltas.sort((a, b) => (isNewer(a, b) ? -1 : 1))[0];
}

function isNewer(one: RevocationList, other: RevocationList): boolean {
  const [a, b] = [one.thisUpdate.getTime(), other.thisUpdate.getTime()];
  return a > b || (a === b && (one.number ?? 0n) > (other.number ?? 0n));
}

/** Equal for lists of which the newest replaces the others. */
export function scopeKey({ comparableIssuer, scope, authorityKeyIdentifier: key }: RevocationList): string {
  const reasons = scope?.reasons === undefined ? undefined : [...scope.reasons];
  return JSON.stringify([comparableIssuer, key?.keyIdentifier, { ...scope, reasons }]);
}

/**
 * The reasons for which the list speaks of the certificate (RFC 5280 6.3.3 (b) and (d)); undefined where it does not at
 * all.
 */
function coveredReasons(certificate: Certificate, list: RevocationList): ReadonlySet<number> | undefined {
  const { scope } = list;
  const isAuthority = certificate.basicConstraints?.ca === true;
  if (scope?.onlyAttributes === true) return undefined;
  if (isAuthority ? scope?.onlyUsers === true : scope?.onlyAuthorities === true) return undefined;
  const isOwn = list.comparableIssuer === certificate.comparableIssuer;
  const point = pointsOf(certificate).find((each) => matchesPoint(each, certificate, list));
  if (point === undefined && (!isOwn || scope?.names !== undefined)) return undefined;
  const limits = [scope?.reasons, point?.reasons];
  return new Set(allReasons.filter((reason) => limits.every((limit) => limit === undefined || limit.has(reason))));
}

function matchesPoint(point: DistributionPoint, certificate: Certificate, list: RevocationList): boolean {
  const { scope } = list;
  const signer = point.issuers ?? [certificate.comparableIssuer];
  if (!signer.includes(list.comparableIssuer)) return false;
  // A list of another issuer has to say that it speaks for others.
  if (
    point.issuers !== undefined &&
    list.comparableIssuer !== certificate.comparableIssuer &&
    scope?.indirect !== true
  ) {
    return false;
  }
  if (scope?.names === undefined) return true;
  const published = fullNames(scope.names, [list.issuer]) ?? [];
  const wanted =
    fullNames(point.names, point.issuers === undefined ? [certificate.issuer] : [list.issuer]) ??
    (point.issuers ?? []).map((issuer) => `4:${issuer}`);
  return published.some((name) => wanted.includes(name));
}

function pointsOf(certificate: Certificate): readonly DistributionPoint[] {
  const extension = certificate.extensions.get(extensionOids.crlDistributionPoints);
  if (extension === undefined) return [];
  try {
    return readDistributionPoints(extension.value);
  } catch (thrown) {
    // Damage is a finding of the certificate's form.
    if (thrown instanceof X509Error) return [];
    throw thrown;
  }
}

/**
 * Whether the list was signed by the issuer itself, by an authority of the path, or by one that such an authority
 * certified and did not revoke (RFC 5280 6.3.3 (f) and (g)).
 */
function isTrusted(list: RevocationList, issuer: Certificate, check: WholeCheck, depth: number): boolean {
  const { path, others, listSignatures } = check;
  const above = [issuer, ...path.slice(1)];
  const mayBe = (candidate: Certificate): boolean =>
    candidate.comparableSubject === list.comparableIssuer && namesIssuer(list, candidate);
  if (above.some((candidate) => mayBe(candidate) && listSignatures.isIssuer(candidate, list))) return true;
  return others.some(
    (candidate) => mayBe(candidate) && isCertified(candidate, check, depth) && listSignatures.isIssuer(candidate, list),
  );
}

function isCertified(signer: Certificate, check: WholeCheck, depth: number): boolean {
  const { path, signatures, now, clockTrusted } = check;
  if (depth > 1 || (clockTrusted && (now < signer.notBefore || now > signer.notAfter))) return false;
  return path
    .slice(1)
    .some(
      (authority) =>
        authority.comparableSubject === signer.comparableIssuer &&
        signatures.verifies(signer, authority) &&
        !revocationOf(signer, authority, 1, check, depth + 1).some(({ code }) => code === 'revoked'),
    );
}

/** ReasonFlags (RFC 5280 4.2.1.13) that a list may be limited to; bit 0 is not used. */
const allReasons: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8];
