/** What the datastore says is wrong with it, as alarms. Part of the composition root. */
import type { Trouble, TroubleKind, TroubleListener } from './datastore/index.js';
import type { Alarms, Severity } from './modules/index.js';

export interface StoreAlarms {
  readonly listener: TroubleListener;
  /** When the datastore is open: what a former run raised and this one did not find is over. */
  opened(): void;
}

export function storeAlarms(alarms: Alarms): StoreAlarms {
  const standing = new Set<string>();
  return {
    listener(trouble, isOver) {
      const { kind: type, text } = trouble;
      const resource = resourceOf(trouble);
      if (isOver) {
        standing.delete(keyOf(type, resource));
        alarms.clear({ resource, type });
      } else {
        standing.add(keyOf(type, resource));
        alarms.raise({ resource, type, severity: severities[type], text });
      }
    },
    opened() {
      for (const kind of Object.keys(severities) as TroubleKind[]) {
        alarms.keepOnly(kind, (resource) => standing.has(keyOf(kind, resource)));
      }
    },
  };
}

function resourceOf({ place }: Trouble): string {
  // As the alarm list keeps it.
  return place === '' ? '/signet-history:history' : place.slice(0, 255);
}

function keyOf(kind: TroubleKind, resource: string): string {
  return `${kind} ${resource}`;
}

const severities: Readonly<Record<TroubleKind, Severity>> = {
  'journal-write-failed': 'critical',
  'journal-torn': 'minor',
  'journal-compaction-failed': 'major',
  'startup-not-loaded': 'major',
  'apply-failed': 'critical',
};
