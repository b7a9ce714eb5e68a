/** What the SNMP engine is and counts, and its configuration, as the MIB modules of the IETF have them. */
import type { ModuleRegistration } from '../../datastore/index.js';
import { communityMib } from './community-mib.js';
import type { SnmpFacts } from './facts.js';
import { frameworkMib } from './framework-mib.js';
import { notificationLogMib, notificationLogPath } from './notification-log-mib.js';
import { notificationMib } from './notification-mib.js';
import { snmpv2Mib } from './snmpv2-mib.js';
import { statistics } from './statistics.js';
import { targetMib } from './target-mib.js';
import { usmMib } from './usm-mib.js';
import { vacmMib } from './vacm-mib.js';

export type { SnmpCounter, SnmpFacts } from './facts.js';

export function snmpMibs(facts: SnmpFacts): ModuleRegistration {
  return {
    name: 'snmp-mibs',
    handlers: [{ name: 'notification-log', path: notificationLogPath }],
    state: [
      ...snmpv2Mib(facts),
      ...frameworkMib(facts),
      ...statistics(facts),
      ...targetMib(facts),
      ...notificationMib(),
      ...usmMib(facts),
      ...vacmMib(),
      ...communityMib(facts),
      ...notificationLogMib(facts),
    ],
  };
}
