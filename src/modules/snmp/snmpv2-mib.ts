/** SNMPv2-MIB (RFC 3418) beside the system group: the engine's counters, and which MIB modules there are. */
import type { StateProvider } from '../../datastore/index.js';
import { counterStates, type SnmpFacts, snmpCounters } from './facts.js';

const path = '/signet-snmpv2-mib:SNMPv2-MIB';

export function snmpv2Mib(facts: SnmpFacts): readonly StateProvider[] {
  const rows = supported.map(([sysORID, sysORDescr], index) => {
    return { sysORIndex: index + 1, sysORID, sysORDescr, sysORUpTime: 0 };
  });
  return [
    ...counterStates(path, snmpCounters, facts),
    // support neither comes nor goes while the agent runs
    { path: `${path}/sysORLastChange`, read: () => 0 },
    { path: `${path}/sysOREntry`, read: () => rows },
  ];
}

/** New ones stand at the end: the position is sysORIndex. */
const supported: readonly (readonly [oid: string, description: string])[] = [
  ['1.3.6.1.6.3.1', 'SNMPv2-MIB, RFC 3418'],
  ['1.3.6.1.6.3.10.3.1.1', 'SNMP-FRAMEWORK-MIB, RFC 3411'],
  ['1.3.6.1.6.3.11.3.1.1', 'SNMP-MPD-MIB, RFC 3412'],
  ['1.3.6.1.6.3.15.2.1.1', 'SNMP-USER-BASED-SM-MIB, RFC 3414'],
  ['1.3.6.1.6.3.12.3.1.1', 'SNMP-TARGET-MIB, RFC 3413'],
  ['1.3.6.1.6.3.13.3.1.2', 'SNMP-NOTIFICATION-MIB, RFC 3413'],
  ['1.3.6.1.2.1.92', 'NOTIFICATION-LOG-MIB, RFC 3014'],
  ['1.3.6.1.6.3.16.2.1.1', 'SNMP-VIEW-BASED-ACM-MIB, RFC 3415'],
  ['1.3.6.1.6.3.18.2.1.1', 'SNMP-COMMUNITY-MIB, RFC 3584'],
];
