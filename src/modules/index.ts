/** The features: one line each. What main passes in and what it registers with the datastore. */
export { factoryAccess } from './access/roles.js';
export { type AccessServices, accessModule, credentials } from './access.js';
export { type AgentFacts, agentModule, type ListenerState } from './agent.js';
export type { Alarms, Severity } from './alarm.js';
export { type AlarmsModule, alarmsModule } from './alarms.js';
export { historyModule, retentionOf } from './history.js';
export { KeyRing } from './https/keys.js';
export { deviceSubject } from './https/names.js';
export { factoryName } from './https/recovery.js';
export { type HttpsModule, type HttpsParts, httpsModule } from './https.js';
export type { ListeningParts, SnmpListener } from './snmp/listening.js';
export { type SnmpCounter, type SnmpFacts, snmpMibs } from './snmp/mibs.js';
export { type SnmpModule, type SnmpParts, snmpModule } from './snmp.js';
export { type SystemFacts, systemModule } from './system.js';
