/** What the SNMP engine tells of itself, as the state of its MIB modules needs it. */
import type { StateProvider } from '../../datastore/index.js';
import type { JsonObject, JsonValue } from '../../yang/index.js';

export interface SnmpFacts {
  engineId(): Buffer;
  /** snmpEngineBoots of this start; undefined until it is counted. */
  boots(): number | undefined;
  /** Seconds since this start. */
  time(): number;
  counter(name: SnmpCounter): number;
  /** What it has told; undefined until it runs. */
  notifications(): NotificationRecords | undefined;
}

export interface NotificationRecords {
  readonly logged: number;
  readonly bumped: number;
  entries(): readonly LoggedNotification[];
  entry(index: number): LoggedNotification | undefined;
}

export interface LoggedNotification {
  readonly index: number;
  readonly upTime: number;
  readonly at: Date;
  readonly notification: string;
  readonly variables: readonly LoggedVariable[];
}

/** The type as nlmLogVariableValueType calls it; octets in base64, 64 bits as text. */
export interface LoggedVariable {
  readonly oid: string;
  readonly type:
    | 'counter32'
    | 'unsigned32'
    | 'timeTicks'
    | 'integer32'
    | 'ipAddress'
    | 'octetString'
    | 'objectId'
    | 'counter64'
    | 'opaque';
  readonly value: number | string;
}

/** As SNMPv2-MIB, SNMP-MPD-MIB, SNMP-TARGET-MIB and SNMP-USER-BASED-SM-MIB call them. */
export type SnmpCounter =
  | (typeof snmpCounters)[number]
  | (typeof mpdCounters)[number]
  | (typeof targetCounters)[number]
  | (typeof usmCounters)[number];

export const snmpCounters = [
  'snmpInPkts',
  'snmpInBadVersions',
  'snmpInBadCommunityNames',
  'snmpInBadCommunityUses',
  'snmpInASNParseErrs',
  'snmpSilentDrops',
  'snmpProxyDrops',
] as const;
export const mpdCounters = ['snmpUnknownSecurityModels', 'snmpInvalidMsgs', 'snmpUnknownPDUHandlers'] as const;
export const targetCounters = ['snmpUnavailableContexts', 'snmpUnknownContexts'] as const;
export const usmCounters = [
  'usmStatsUnsupportedSecLevels',
  'usmStatsNotInTimeWindows',
  'usmStatsUnknownUserNames',
  'usmStatsUnknownEngineIDs',
  'usmStatsWrongDigests',
  'usmStatsDecryptionErrors',
] as const;

export function counterStates(path: string, names: readonly SnmpCounter[], facts: SnmpFacts): StateProvider[] {
  return names.map((name) => ({ path: `${path}/${name}`, read: () => facts.counter(name) }));
}

/** A row of a table that shows configuration: stored, and active. */
export function rowOf(cells: JsonObject, storageType: string, status: string): JsonValue {
  return { ...cells, [storageType]: 'nonVolatile', [status]: 'active' };
}
