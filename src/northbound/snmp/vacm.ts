/** The View-based Access Control Model (RFC 3415): which entry of the access table is for a request, and so which view. */
import type { Subtrees } from './subtrees.js';
import type { Principal, SecurityLevel } from './usm.js';

/** Numbers of SnmpSecurityModel (RFC 3411); 0 stands for any. */
export const securityModels = { any: 0, v1: 1, v2c: 2, usm: 3, tsm: 4 } as const;

export type ViewType = 'read' | 'write' | 'notify';

/** An entry of vacmAccessTable. */
export interface AccessEntry {
  readonly context: string;
  readonly match: 'exact' | 'prefix';
  readonly model: number;
  readonly level: SecurityLevel;
  /** Undefined where there is no such access. */
  readonly views: Readonly<Record<ViewType, string | undefined>>;
}

export interface Vacm {
  /** By {@link memberKey}: the group (vacmSecurityToGroupTable). */
  readonly members: ReadonlyMap<string, string>;
  /** By group. Where there is no group nothing is configured. */
  readonly access: ReadonlyMap<string, readonly AccessEntry[]>;
  readonly views: ReadonlyMap<string, Subtrees>;
}

export const rank: Readonly<Record<SecurityLevel, number>> = { noAuthNoPriv: 1, authNoPriv: 2, authPriv: 3 };

export function memberKey(model: number, securityName: string): string {
  return `${String(model)} ${securityName}`;
}

/**
 * Steps 2 and 3 of isAccessAllowed (RFC 3415 section 3.2) and the order of preference that vacmAccessTable states: the model itself before
 * any model, the context itself before a prefix of it, the longer prefix, the higher level. Undefined for noGroupName and noAccessEntry.
 */
export function accessEntry(
  { members, access }: Vacm,
  model: number,
  securityName: string,
  level: SecurityLevel,
  context: string,
): AccessEntry | undefined {
  const group = members.get(memberKey(model, securityName));
  const entries = group === undefined ? undefined : access.get(group);
  const fitting = entries?.filter(
    (entry) =>
      (entry.model === model || entry.model === securityModels.any) &&
      rank[entry.level] <= rank[level] &&
      (entry.context === context || (entry.match === 'prefix' && context.startsWith(entry.context))),
  );
  const preference = (entry: AccessEntry): readonly number[] => [
    entry.model === model ? 1 : 0,
    entry.context === context ? 1 : 0,
    Buffer.byteLength(entry.context),
    rank[entry.level],
  ];
  return fitting?.reduce<AccessEntry | undefined>((best, entry) => {
    return best === undefined || isBefore(preference(entry), preference(best)) ? entry : best;
  }, undefined);
}

/** The highest level that the keys of a user provide. */
export function highestLevel(principal: Principal): SecurityLevel {
  if (principal.authKey === undefined) return 'noAuthNoPriv';
  return principal.privacy === undefined ? 'authNoPriv' : 'authPriv';
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && one[at]! > other[at]!;
}
