/** Where a certificate stands in its life, and when its coming end is told: the cadence that RFC 9640 recommends. */
import type { Root } from '../../datastore/index.js';
import type { Clock } from '../../southbound/index.js';
import { container, leaf } from '../read.js';
import { httpsContainer } from './entry.js';
import { day } from './facts.js';

export type Validity = 'valid' | 'expiring' | 'expired' | 'not-yet-valid' | 'clock-untrusted';

export interface Lifetime {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The leaf `warn-days` of the container `expiry`. */
export function warnDays(root: Root): number {
  const expiry = container(httpsContainer(root.config), 'expiry');
  return expiry === undefined ? 90 : Number(leaf(expiry, 'warn-days'));
}

/** Milliseconds before its end from which a certificate counts as near it: `days`, or a third of its lifetime if that is less. */
export function warnsBefore({ notBefore, notAfter }: Lifetime, days: number): number {
  return Math.min(days * day, (notAfter.getTime() - notBefore.getTime()) / 3);
}

export function validityOf(lifetime: Lifetime, days: number, clock: Clock): Validity {
  if (!clock.trusted()) return 'clock-untrusted';
  const now = clock.now();
  if (now < lifetime.notBefore.getTime()) return 'not-yet-valid';
  const left = lifetime.notAfter.getTime() - now;
  if (left < 0) return 'expired';
  return left <= warnsBefore(lifetime, days) ? 'expiring' : 'valid';
}

/**
 * The moment of the step of the cadence that `now` is in; undefined before the first. Three steps of 30 days, four of a
 * week, then one each day. Where less than the 90 days that they take is left from the first, the cadence is joined where
 * it stands so long before the end.
 */
export function stepAt(lifetime: Lifetime, days: number, now: number): number | undefined {
  const { first, skipped } = cadence(lifetime, days);
  if (now < first) return undefined;
  // None at the very end: that it is over is told then.
  const position = Math.min(now, lifetime.notAfter.getTime() - 1) - first + skipped;
  const mark = marks.findLast((each) => each <= position) ?? 0;
  const reached = position < daily ? mark : position - ((position - daily) % day);
  return Math.max(first, first - skipped + reached);
}

/** When the next thing happens to the certificate after `now`: it begins, a step of the cadence, its end; undefined after that. */
export function nextMoment(lifetime: Lifetime, days: number, now: number): number | undefined {
  const begin = lifetime.notBefore.getTime();
  // The last millisecond of its life is notAfter itself (RFC 5280 4.1.2.5).
  const end = lifetime.notAfter.getTime() + 1;
  if (now < begin) return begin;
  if (now >= end) return undefined;
  const { first, skipped } = cadence(lifetime, days);
  if (now < first) return Math.min(first, end);
  const position = now - first + skipped;
  const mark = marks.find((each) => each > position) ?? position - ((position - daily) % day) + day;
  const step = first - skipped + mark;
  return step < end - 1 ? step : end;
}

function cadence(lifetime: Lifetime, days: number): { readonly first: number; readonly skipped: number } {
  const window = warnsBefore(lifetime, days);
  return { first: lifetime.notAfter.getTime() - window, skipped: Math.max(0, 90 * day - window) };
}

/** Milliseconds from the first step; from the last of them on, one each day. */
const marks = [0, 30, 60, 67, 74, 81, 88].map((each) => each * day);
const daily = 88 * day;
