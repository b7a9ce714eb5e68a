/** The public face of the datastore: one door to the tree, and what a module registers. */
export type * from './contract.js';
export { type Clock, type Log, type LogLevel, systemClock } from './log.js';
export * from './login.js';
export { hashPassword, parseHash, verifyPassword } from './password.js';
export type * from './session.js';
