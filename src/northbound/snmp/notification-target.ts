/** Where notifications go, and in which form (RFC 3413 section 5). */
import type { MibObject } from './model.js';
import type { SecurityLevel } from './usm.js';

interface Receiver {
  /** As the tree calls it. */
  readonly name?: string;
  readonly address: string;
  readonly port: number;
  /** Which notifications it gets: all where absent. */
  accepts?(oid: readonly number[], objects: readonly MibObject[]): boolean;
}

/** How often an inform is sent again, and after how many milliseconds. */
interface Retrying {
  readonly timeout: number;
  readonly retries: number;
}

interface Version3 {
  readonly version: 'v3';
  /** Of this engine for a trap, of the receiver's for an inform. */
  readonly user: string;
  readonly level: SecurityLevel;
}

/** It gets informs where `inform` says how; SNMPv1 has none. */
export type NotificationTarget = Receiver & { readonly inform?: Retrying } & (
    | { readonly version: 'v1' | 'v2c'; readonly community: string | Buffer }
    | Version3
  );

export type InformTarget = Receiver & { readonly inform: Retrying } & (
    | { readonly version: 'v2c'; readonly community: string | Buffer }
    | Version3
  );

export interface NotificationTargets {
  /** Asked for each notification. */
  targets(): readonly NotificationTarget[];
}

/** The target as one that gets informs; undefined where it gets traps. */
export function informTarget(target: NotificationTarget): InformTarget | undefined {
  const { inform } = target;
  if (inform === undefined || target.version === 'v1') return undefined;
  return target.version === 'v3' ? { ...target, inform } : { ...target, version: 'v2c', inform };
}
