/** What the SNMP engine is and counts, and its configuration, as the MIB modules of the IETF have them: state and nothing else. */
import type { ModuleRegistration } from '../datastore/index.js';
import type { SnmpFacts } from './snmp/facts.js';
import { frameworkMib } from './snmp/framework-mib.js';
import { notificationMib } from './snmp/notification-mib.js';
import { snmpv2Mib } from './snmp/snmpv2-mib.js';
import { statistics } from './snmp/statistics.js';
import { targetMib } from './snmp/target-mib.js';

export type { SnmpCounter, SnmpFacts } from './snmp/facts.js';

export function snmpMibs(facts: SnmpFacts): ModuleRegistration {
  return {
    name: 'snmp-mibs',
    state: [
      ...snmpv2Mib(facts),
      ...frameworkMib(facts),
      ...statistics(facts),
      ...targetMib(facts),
      ...notificationMib(),
    ],
  };
}
