/** The public face of the datastore: one door to the tree, and what a module registers. */

export { addressPrefix } from './address-prefix.js';
export { AuditFile, type AuditRecord } from './audit.js';
export type { BackupOptions, BackupReport } from './backup.js';
export { sharedCandidate } from './candidate.js';
export type * from './contract.js';
export { firstOfMost } from './crowd.js';
export { type DefaultOperation, editsOfConfig, type NodeOperation } from './edit-config.js';
export { EntryPath } from './entry-path.js';
export type { FactoryDefault, FirstAccess } from './factory.js';
export { type FileSystem, nodeFileSystem, restoredName } from './files.js';
export type { Retention } from './history.js';
export { type Clock, type Log, type LogLevel, systemClock } from './log.js';
export * from './login.js';
export { MasterKey, masterKeyFact, sealedPrefix } from './master-key.js';
export { type Datastore, type DatastoreOptions, type Fact, openDatastore } from './open.js';
export { hashPassword, parseHash, verifyPassword } from './password.js';
export type { RekeyOptions, RekeyReport } from './rekey.js';
export type { RepairReport } from './repair.js';
export type * from './session.js';
export { localSocketName, prepareStateDirectory } from './state-directory.js';
export type { Trouble, TroubleKind, TroubleListener } from './trouble.js';
