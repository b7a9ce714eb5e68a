/** The alarms that a certificate gives cause for: one condition each, raised and cleared by what is seen of it now. */
import type { Alarms } from '../alarm.js';
import type { Lifetime, Validity } from './expiry.js';
import { dateAndTime, day } from './facts.js';

/** What is known of a certificate when it is looked at. */
export interface Standing extends Lifetime {
  readonly name: string;
  readonly validity: Validity;
  /** Whether the service presents it. */
  readonly isPresented: boolean;
  /** What is to be said of its names, where the service presents it. */
  readonly mismatch: string | undefined;
}

export function resourceOf(name: string): string {
  return `/signet-https:https/certificate[name='${name}']`;
}

/** `now` is of a clock that is trusted. */
export function showStanding(standing: Standing, now: number, alarms: Alarms): void {
  const { name, validity, isPresented, notBefore, notAfter, mismatch } = standing;
  const resource = resourceOf(name);
  const end = dateAndTime(notAfter);
  if (validity === 'expired') {
    const text = `certificate ${name} expired on ${end}; issue or install a new one`;
    alarms.raise({ resource, type: 'certificate-expiry', severity: isPresented ? 'critical' : 'major', text });
  } else if (validity === 'expiring') {
    const severity = notAfter.getTime() - now <= 9 * day ? 'warning' : 'minor';
    const text = `certificate ${name} expires on ${end}; issue or install a new one`;
    alarms.raise({ resource, type: 'certificate-expiry', severity, text });
  } else {
    alarms.clear({ resource, type: 'certificate-expiry' });
  }
  if (validity === 'not-yet-valid') {
    const text = `certificate ${name} is not valid before ${dateAndTime(notBefore)}; look at the clock`;
    alarms.raise({ resource, type: 'certificate-not-yet-valid', severity: isPresented ? 'critical' : 'warning', text });
  } else {
    alarms.clear({ resource, type: 'certificate-not-yet-valid' });
  }
  if (mismatch === undefined) alarms.clear({ resource, type: 'certificate-name-mismatch' });
  else alarms.raise({ resource, type: 'certificate-name-mismatch', severity: 'warning', text: `${name}: ${mismatch}` });
}

/** Of an entry that is gone. */
export function clearStanding(name: string, alarms: Alarms): void {
  for (const type of types) alarms.clear({ resource: resourceOf(name), type });
}

/** Alarms of a former run on entries that are not there any more. */
export function forgetStandings(names: ReadonlySet<string>, alarms: Alarms): void {
  const resources = new Set(Array.from(names, resourceOf));
  for (const type of [...types, 'certificate-renewal-failed'] as const)
    alarms.keepOnly(type, (resource) => resources.has(resource));
}

const types = ['certificate-expiry', 'certificate-not-yet-valid', 'certificate-name-mismatch'] as const;
