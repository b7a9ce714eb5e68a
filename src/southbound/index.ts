/** The public face of what touches the system: sockets, TLS contexts, key files, the clock. */
export { type Endpoint, formatEndpoint, type Unopened } from './addresses.js';
export * from './clock.js';
export { type KeyStore, openKeyStore, type Sealing } from './keys.js';
export { type ServiceManager, serviceManager } from './service.js';
export * from './tls.js';
export {
  checkCredentials,
  resolveParameters,
  type SecurityLevel,
  type TlsCredentials,
  type TlsGroup,
  type TlsParameters,
  type TlsVersion,
  type UnusedChoices,
  unusedChoices,
} from './tls-options.js';
