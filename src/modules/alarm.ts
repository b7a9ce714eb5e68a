/** What a module says that is wrong; the list that it comes into is the module alarms. */

/** The identities of schema/signet-alarms.yang. */
export type AlarmType =
  | 'apply-failed'
  | 'certificate-expiry'
  | 'certificate-not-yet-valid'
  | 'certificate-name-mismatch'
  | 'certificate-renewal-failed'
  | 'clock-untrusted'
  | 'journal-compaction-failed'
  | 'journal-torn'
  | 'journal-write-failed'
  | 'listener-failed'
  | 'master-key-lost'
  | 'revocation-list-expiry'
  | 'startup-not-loaded';

export type Severity = 'indeterminate' | 'minor' | 'warning' | 'major' | 'critical';

export interface AlarmKey {
  /** The instance that it is about, as an instance-identifier. */
  readonly resource: string;
  readonly type: AlarmType;
  /** '' where absent. */
  readonly qualifier?: string;
}

export interface Alarm extends AlarmKey {
  readonly severity: Severity;
  /** What is wrong and what to do: lower case, no full stop, never a secret. */
  readonly text: string;
}

/** Every condition is raised and cleared by the same owner; both may be said again without effect. */
export interface Alarms {
  raise(alarm: Alarm): void;
  clear(key: AlarmKey): void;
  /** Clears the alarms of a type but for those on the resources that `isThere` tells of: what a restart forgot is over. */
  keepOnly(type: AlarmType, isThere: (resource: string) => boolean): void;
}
