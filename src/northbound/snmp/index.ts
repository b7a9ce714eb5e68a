/** The public face of the SNMP agent. */
export { type RunningSnmp, type SnmpOptions, type StartKind, startSnmp } from './agent.js';
export type { Community, CommunitySource } from './community.js';
export type { RemoteUserSource } from './informs.js';
export { type AuthProtocol, localizeKey, localizePrivacyKey, type PrivProtocol } from './keys.js';
export type { PreparedListeners, SnmpEndpoint } from './listeners.js';
export { formatMib, formatMibs, type MapEntry, mibMap, mibModules } from './mib.js';
export { mibModuleName } from './names.js';
export type { NotificationTarget, NotificationTargets } from './notification-target.js';
export {
  assignModule,
  assignOids,
  formatOidFile,
  type OidFile,
  type OidFiles,
  oidFileName,
  readOidFiles,
} from './oid-files.js';
export type { EngineState, UsmUser, UsmUserSource } from './usm.js';
