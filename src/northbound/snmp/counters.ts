/** What the engine counts: the snmp group (RFC 3418), MPD and target statistics (RFC 3412, 3413) and USM's (RFC 3414 section 5). */

export class Counters {
  snmpInPkts = 0;
  snmpInBadVersions = 0;
  snmpInBadCommunityNames = 0;
  snmpInBadCommunityUses = 0;
  snmpInASNParseErrs = 0;
  snmpSilentDrops = 0;
  snmpProxyDrops = 0;
  snmpUnknownSecurityModels = 0;
  snmpInvalidMsgs = 0;
  snmpUnknownPDUHandlers = 0;
  snmpUnavailableContexts = 0;
  snmpUnknownContexts = 0;
  usmStatsUnsupportedSecLevels = 0;
  usmStatsNotInTimeWindows = 0;
  usmStatsUnknownUserNames = 0;
  usmStatsUnknownEngineIDs = 0;
  usmStatsWrongDigests = 0;
  usmStatsDecryptionErrors = 0;
  /** Not in any MIB: informs that were answered, and those that were not, or not sent. */
  informsAcknowledged = 0;
  informsUnacknowledged = 0;
  /** Not in any MIB: datagrams that ended in an exception of ours. */
  internalErrors = 0;

  /** Counts one more and returns the new figure; a Counter32 wraps. */
  count(name: CounterName): number {
    this[name] = (this[name] + 1) >>> 0;
    return this[name];
  }
}

export type CounterName = Exclude<keyof Counters, 'count'>;

/** Instances of the counters that Reports carry. */
export const reportOids = {
  snmpUnknownSecurityModels: [1, 3, 6, 1, 6, 3, 11, 2, 1, 1, 0],
  snmpInvalidMsgs: [1, 3, 6, 1, 6, 3, 11, 2, 1, 2, 0],
  snmpUnknownPDUHandlers: [1, 3, 6, 1, 6, 3, 11, 2, 1, 3, 0],
  snmpUnavailableContexts: [1, 3, 6, 1, 6, 3, 12, 1, 4, 0],
  snmpUnknownContexts: [1, 3, 6, 1, 6, 3, 12, 1, 5, 0],
  usmStatsUnsupportedSecLevels: [1, 3, 6, 1, 6, 3, 15, 1, 1, 1, 0],
  usmStatsNotInTimeWindows: [1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0],
  usmStatsUnknownUserNames: [1, 3, 6, 1, 6, 3, 15, 1, 1, 3, 0],
  usmStatsUnknownEngineIDs: [1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0],
  usmStatsWrongDigests: [1, 3, 6, 1, 6, 3, 15, 1, 1, 5, 0],
  usmStatsDecryptionErrors: [1, 3, 6, 1, 6, 3, 15, 1, 1, 6, 0],
} as const satisfies Partial<Record<CounterName, readonly number[]>>;

export type ReportName = keyof typeof reportOids;
