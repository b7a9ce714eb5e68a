/** Keys, requests, certificates, chains and containers: knows nothing of configuration. */

export {
  type Certificate,
  type CertificateDescription,
  certificatePem,
  certificatesOfPem,
  describe,
  fingerprint,
  isSelfSigned,
  matchesHost,
  readCertificate,
} from './certificate.js';
export { isIssuer, type OrderedChain, type OrderOptions, orderChain } from './chain.js';
export { X509Error, type X509ErrorCode, x509ErrorCodes } from './errors.js';
export { type GeneralName, type GeneralNameType, generalNameTypes } from './general-name.js';
export {
  createKeyGenerator,
  isKeyAlgorithm,
  type KeyAlgorithm,
  type KeyGenerator,
  type KeyPair,
  keyAlgorithmOf,
  keyAlgorithms,
  keyIdOf,
} from './key.js';
export type { SubjectFields } from './name.js';
export { type PemBlock, parsePem, toPem } from './pem.js';
export { type Encoded, makeRequest, type RequestParameters } from './request.js';
export { makeSelfSigned, type SelfSignedParameters } from './self-signed.js';
export { type SignatureHash, signatureHashes } from './sign.js';
export {
  type ChainFinding,
  type ChainFindingCode,
  chainFindingCodes,
  type SecurityLevel,
  type ServerChainCheck,
  validateServerChain,
} from './validate.js';
