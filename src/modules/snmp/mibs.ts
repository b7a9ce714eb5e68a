/** What the SNMP engine is and counts, and its configuration, as the MIB modules of the IETF have them: state and nothing else. */
import type { ModuleRegistration } from '../../datastore/index.js';
import type { SnmpFacts } from './facts.js';
import { frameworkMib } from './framework-mib.js';
import { notificationMib } from './notification-mib.js';
import { snmpv2Mib } from './snmpv2-mib.js';
import { statistics } from './statistics.js';
import { targetMib } from './target-mib.js';

export type { SnmpCounter, SnmpFacts } from './facts.js';

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
