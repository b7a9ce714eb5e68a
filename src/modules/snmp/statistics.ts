/** The statistics of SNMP-MPD-MIB (RFC 3412) and SNMP-USER-BASED-SM-MIB (RFC 3414). */
import type { StateProvider } from '../../datastore/index.js';
import { counterStates, mpdCounters, type SnmpFacts, usmCounters } from './facts.js';

export function statistics(facts: SnmpFacts): readonly StateProvider[] {
  return [
    ...counterStates('/signet-snmp-mpd-mib:SNMP-MPD-MIB', mpdCounters, facts),
    ...counterStates('/signet-snmp-usm-stats:usmStats', usmCounters, facts),
  ];
}
