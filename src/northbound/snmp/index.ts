/** The public face of the SNMP agent. */
export { type RunningSnmp, type SnmpOptions, type StartKind, startSnmp } from './agent.js';
export type { Community, CommunitySource } from './community.js';
export type { RemoteUserSource } from './informs.js';
export { type AuthProtocol, localizeKey, localizePrivacyKey, type PrivProtocol } from './keys.js';
export type { PreparedListeners, SnmpEndpoint } from './listeners.js';
export type { NotificationTarget, NotificationTargets } from './notification-target.js';
export type { EngineState, UsmUser, UsmUserSource } from './usm.js';
