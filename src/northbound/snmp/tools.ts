/** The second door of the SNMP agent: MIB and OID files, which the command line makes. An agent never loads it. */
export { formatMib, formatMibs, type MapEntry, mibMap, mibModules } from './mib.js';
export { mibModuleName } from './names.js';
export {
  assignModule,
  assignOids,
  formatOidFile,
  type OidFile,
  type OidFiles,
  oidFileName,
  readOidFiles,
} from './oid-files.js';
